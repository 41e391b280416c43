"""Pooling and its adjoints: operands checked, windows laid out, handed on to the kernels of their device.

    x (N, C, ...)  ->  y (N, C, ...), one number for each window

Of the maximum, the place of the winner in its window is kept: a byte (two for windows of more than
256 elements). Of equal elements the first wins, in row-major order; a NaN wins over all, and the
last one over the others, as in PyTorch.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from knetsrc.backends.devices import pooling_kernels
from knetsrc.backends.windows import check_images, hashable, pairs, per_axis
from knetsrc.errors import OperandError

Shape = tuple[int, ...]
MEANS = ("avg", "avg_exclude_pad")
MODES = ("max", *MEANS)


@dataclass(frozen=True)
class Windows:
    """Where the windows of a pooling lie.

    Parameters
    ----------
    image
        Spatial shape of the input.
    window
        Spatial shape of a window.
    before
        Padding in front of each axis: the first window starts at ``-before``.
    after
        Padding behind each axis.
    stride
        Steps between windows along each axis.
    output
        Number of windows along each axis.
    """

    image: Shape
    window: Shape
    before: Shape
    after: Shape
    stride: Shape
    output: Shape

    @property
    def index_type(self) -> str:
        """The dtype of the place of an element in its window."""
        return "uint8" if math.prod(self.window) <= 256 else "uint32"


def pooled(
    x: Any,
    window: Any = 2,
    padding: Any = 0,
    stride: Any = None,
    mode: str = "max",
    ceil: bool = True,
) -> Any:
    """The maximum or mean of each window; see `knetsrc.ops.pool`.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    window, padding, stride, mode, ceil
        As in `knetsrc.ops.pool`.

    Returns
    -------
    array
        Shape ``(N, C, ...)``.

    Raises
    ------
    OperandError
        If shapes or options do not go together.
    """
    check_mode(x, mode)
    windows = windows_of(x, window, padding, stride, ceil)
    if not x.size:
        return np.zeros_like(x, shape=(*x.shape[:2], *windows.output))
    kernels = pooling_kernels(x)
    if mode == "max":
        return kernels.max_pool(x, windows)[0]
    return kernels.average_pool(x, windows, mode == "avg")


def max_pooled(
    x: Any, window: Any = 2, padding: Any = 0, stride: Any = None, ceil: bool = True
) -> tuple[Any, Any]:
    """The maximum of each window, and the place of the element in the window that it comes from.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    window, padding, stride, ceil
        As in `knetsrc.ops.pool`.

    Returns
    -------
    y, winners
        Both of shape ``(N, C, ...)``; `winners` are unsigned integers.
    """
    check_mode(x, "max")
    windows = windows_of(x, window, padding, stride, ceil)
    if not x.size:
        y = np.zeros_like(x, shape=(*x.shape[:2], *windows.output))
        return y, np.zeros_like(y, windows.index_type)
    y, winners = pooling_kernels(x).max_pool(x, windows)
    return y, winners


def max_pool_adjoint_x(
    d: Any,
    winners: Any,
    x: Any,
    window: Any = 2,
    padding: Any = 0,
    stride: Any = None,
    ceil: bool = True,
) -> Any:
    """Adjoint of the images `x` of a maximum over windows, of whose result `d` is the adjoint.

    Parameters
    ----------
    d
        Shape ``(N, C, ...)``.
    winners
        Places of the winners, as `max_pooled` gives them.
    x
        Only its shape is used.
    window, padding, stride, ceil
        Those of the pooling.

    Returns
    -------
    array
        Shape of `x`, dtype of `d`.
    """
    windows = windows_of(x, window, padding, stride, ceil)
    if not x.size:
        return np.zeros_like(d, shape=x.shape)
    return pooling_kernels(d).max_pool_adjoint(d, winners, windows)


def take_winners(
    x: Any,
    winners: Any,
    window: Any = 2,
    padding: Any = 0,
    stride: Any = None,
    ceil: bool = True,
) -> Any:
    """The element of each window of `x` that `winners` points to: the adjoint of `max_pool_adjoint_x`.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    winners
        Places of elements in their windows, as `max_pooled` gives them for images of this shape.
    window, padding, stride, ceil
        Those of the pooling.

    Returns
    -------
    array
        The shape of `winners`, the dtype of `x`.
    """
    windows = windows_of(x, window, padding, stride, ceil)
    if not x.size:
        return np.zeros_like(x, shape=winners.shape)
    return pooling_kernels(x).take_winners(x, winners, windows)


def average_pool_adjoint_x(
    d: Any,
    x: Any,
    window: Any = 2,
    padding: Any = 0,
    stride: Any = None,
    mode: str = "avg",
    ceil: bool = True,
) -> Any:
    """Adjoint of the images `x` of a mean over windows, of whose result `d` is the adjoint.

    Parameters
    ----------
    d
        Shape ``(N, C, ...)``.
    x
        Only its shape is used.
    window, padding, stride, mode, ceil
        Those of the pooling.

    Returns
    -------
    array
        Shape of `x`, dtype of `d`.
    """
    if mode not in MEANS:
        raise OperandError(
            f"adjoint of a mean over windows with mode = {mode!r}",
            why="the adjoint of a maximum needs the places of the winners",
            instead="max_pool_adjoint_x(d, winners, x)",
        )
    windows = windows_of(x, window, padding, stride, ceil)
    if not x.size:
        return np.zeros_like(d, shape=x.shape)
    return pooling_kernels(d).average_pool_adjoint(d, windows, mode == "avg")


def unpooled(x: Any, window: Any = 2, padding: Any = 0, stride: Any = None) -> Any:
    """Each number in every place of its window; see `knetsrc.ops.unpool`.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    window, padding, stride
        As in `knetsrc.ops.unpool`.

    Returns
    -------
    array
        Shape ``(N, C, ...)``.

    Raises
    ------
    OperandError
        If shapes or options do not go together.
    """
    check_images("unpool", x)
    image = _image_before(x.shape, hashable(window), hashable(padding), hashable(stride))
    whole = np.broadcast_to(np.zeros_like(x, shape=()), (*x.shape[:2], *image))
    size = math.prod(per_axis("window", window, x.ndim - 2))
    return average_pool_adjoint_x(x, whole, window, padding, stride) * x.dtype.type(size)


def unpool_adjoint_x(d: Any, window: Any = 2, padding: Any = 0, stride: Any = None) -> Any:
    """Adjoint of the images of `unpooled`, of whose result `d` is the adjoint: the sum over each window.

    Parameters
    ----------
    d
        Shape ``(N, C, ...)``.
    window, padding, stride
        Those of `unpooled`.

    Returns
    -------
    array
        Shape ``(N, C, ...)``.
    """
    size = math.prod(per_axis("window", window, d.ndim - 2))
    return pooled(d, window, padding, stride, "avg") * d.dtype.type(size)


def check_mode(x: Any, mode: str) -> None:
    """Refuse what are no images, and unknown modes.

    Raises
    ------
    OperandError
        With the shape or the mode.
    """
    check_images("pool", x)
    if mode not in MODES:
        raise OperandError(
            f"pool with mode = {mode!r}",
            why="what becomes of a window is its maximum or its mean",
            instead=f"one of {', '.join(map(repr, MODES))}",
        )


def windows_of(x: Any, window: Any, padding: Any, stride: Any, ceil: bool) -> Windows:
    """Where the windows lie, worked out once for each shape and set of options.

    Raises
    ------
    OperandError
        If shape and options do not go together.
    """
    return _windows(x.shape[2:], hashable(window), hashable(padding), hashable(stride), bool(ceil))


@functools.lru_cache(maxsize=1024)
def _windows(image: Shape, window: Any, padding: Any, stride: Any, ceil: bool) -> Windows:
    axes = len(image)
    sizes = per_axis("window", window, axes)
    steps = sizes if stride is None else per_axis("stride", stride, axes)
    padded = pairs(padding, axes)
    what = f"pool of images of {image} with windows of {sizes} and padding {padding}"
    if any(max(both) >= w for w, both in zip(sizes, padded, strict=True)):
        raise OperandError(
            what,
            why="a window would lie in the padding alone, which has no maximum and no mean",
            instead="padding that is smaller than the window",
        )
    if any(w > n + sum(both) for n, w, both in zip(image, sizes, padded, strict=True)):
        raise OperandError(
            what,
            why="a window is larger than the padded input",
            instead="a smaller window; of images of one size, window=x.shape[2:] takes all",
        )
    output = (
        _count(n, w, s, both, ceil)
        for n, w, s, both in zip(image, sizes, steps, padded, strict=True)
    )
    before, after = zip(*padded, strict=True)
    return Windows(image, sizes, before, after, steps, tuple(output))


def _count(size: int, window: int, stride: int, padding: tuple[int, int], ceil: bool) -> int:
    """Number of windows along an axis; the last one has to start before the padding behind."""
    room = size + sum(padding) - window
    steps = -(-room // stride) if ceil else room // stride
    return steps + 1 if steps * stride < size + padding[0] else steps


@functools.lru_cache(maxsize=1024)
def _image_before(x: Shape, window: Any, padding: Any, stride: Any) -> Shape:
    """Spatial shape of images that have windows of their own for each element of `x`."""
    axes = len(x) - 2
    sizes = per_axis("window", window, axes)
    steps = sizes if stride is None else per_axis("stride", stride, axes)
    padded = pairs(padding, axes)
    image = tuple(
        (n - 1) * s + w - sum(both)
        for n, w, s, both in zip(x[2:], sizes, steps, padded, strict=True)
    )
    if min(image) < 1:
        raise OperandError(
            f"unpool of images of shape {x} with windows of {sizes} and padding {padding}",
            why=f"the result would have the size {image}: padding is taken away from it",
            instead="less padding",
        )
    return image
