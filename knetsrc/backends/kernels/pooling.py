"""Pooling on the CPU: maxima with their places, means, and what adjoints of both become.

The arrays that come in are checked already (`knetsrc.backends.pooling`), the results are new. The
loops are in `pool_loops`, those for windows of 2 x 2 in `pool_2x2`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels import launch, pool_2x2, pool_loops

Array = NDArray[Any]
LEAST = 1 << 15  # elements of the images that are worth another thread


def max_pool(x: Array, windows: Any) -> tuple[Array, Array]:
    """The maximum of each window, and the place of the winner in it.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.

    Returns
    -------
    y, winners
        Shape ``(N, C, ...)``; the places are unsigned integers, in row-major order.
    """
    y = np.empty((*x.shape[:2], *windows.output), x.dtype)
    winners = np.empty(y.shape, windows.index_type)
    arrays = flat(x), winners.reshape(-1), y.reshape(-1)
    loops, sizes = loops_for(windows)
    run(loops.maxima, loops.maxima_at_once, True, x, arrays, sizes)
    return y, winners


def max_pool_adjoint(d_y: Array, winners: Array, windows: Any) -> Array:
    """What the images of `max_pool` get: the adjoint of each window, where its winner is.

    Parameters
    ----------
    d_y, winners
        Shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.

    Returns
    -------
    d_x
        Shape ``(N, C, ...)``.
    """
    d_x = image_of(d_y, windows)
    arrays = d_x.reshape(-1), flat(winners), flat(d_y)
    loops, sizes = loops_for(windows)
    run(loops.winners_back, loops.maxima_at_once, False, d_x, arrays, sizes)
    return d_x


def take_winners(x: Array, winners: Array, windows: Any) -> Array:
    """The elements of `x` that `winners` points to in their windows.

    Parameters
    ----------
    x, winners
        Shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.

    Returns
    -------
    y
        The shape of `winners`.
    """
    y = np.empty(winners.shape, x.dtype)
    planes = math.prod(x.shape[:2])
    arrays = flat(x), flat(winners), y.reshape(-1)
    pool_loops.elements(*arrays, 0, planes, *volumes(windows))
    return y


def average_pool(x: Array, windows: Any, counts_padding: bool) -> Array:
    """The mean of each window.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.
    counts_padding
        Whether padding counts as zeros, or not at all.

    Returns
    -------
    y
        Shape ``(N, C, ...)``.
    """
    y = np.empty((*x.shape[:2], *windows.output), x.dtype)
    means(True, flat(x), y.reshape(-1), x, windows, counts_padding)
    return y


def average_pool_adjoint(d_y: Array, windows: Any, counts_padding: bool) -> Array:
    """What the images of `average_pool` get: an equal part of the adjoint of each window.

    Parameters
    ----------
    d_y
        Shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.
    counts_padding
        As in `average_pool`.

    Returns
    -------
    d_x
        Shape ``(N, C, ...)``.
    """
    d_x = image_of(d_y, windows)
    means(False, d_x.reshape(-1), flat(d_y), d_x, windows, counts_padding)
    return d_x


def flat(x: Array) -> Array:
    """The elements in row-major order."""
    return np.ascontiguousarray(x).reshape(-1)


def is_2x2(windows: Any) -> bool:
    """Whether windows are 2 x 2, touch, and lie in the image."""
    whole = all(2 * n <= size for n, size in zip(windows.output, windows.image, strict=True))
    return whole and windows.window == windows.stride == (2, 2) and windows.before == (0, 0)


def image_of(y: Array, windows: Any) -> Array:
    """Where the adjoint of the images goes: zeros, unless each element is written for sure."""
    shape = (*y.shape[:2], *windows.image)
    written = is_2x2(windows) and not any(size % 2 for size in windows.image)
    return np.empty(shape, y.dtype) if written else np.zeros(shape, y.dtype)


def extent(windows: Any, counts_padding: bool) -> tuple[int, ...]:
    """How far in front of and behind the image elements of a window count."""
    none = (0,) * len(windows.image)
    before, after = (windows.before, windows.after) if counts_padding else (none, none)
    return volume(before, 0) + volume(after, 0)


def volume(sizes: tuple[int, ...], leading: int = 1) -> tuple[int, ...]:
    """Sizes along three axes."""
    return (leading,) * (3 - len(sizes)) + sizes


def volumes(windows: Any) -> tuple[tuple[int, ...], ...]:
    """Image, window, padding, stride and output along three axes."""
    return (
        volume(windows.image),
        volume(windows.window),
        volume(windows.before, 0),
        volume(windows.stride),
        volume(windows.output),
    )


def loops_for(windows: Any) -> tuple[Any, tuple[Any, ...]]:
    """The module with the loops for windows, and the sizes that they take."""
    return (pool_2x2, windows.image) if is_2x2(windows) else (pool_loops, volumes(windows))


def means(
    is_forward: bool, x: Array, y: Array, images: Array, windows: Any, counts_padding: bool
) -> None:
    """Fill `y` with means of `x`, or `x` with what comes back; `images` has its shape."""
    loops, sizes = loops_for(windows)
    one = loops.means if is_forward else loops.means_back
    counted = () if is_2x2(windows) else (extent(windows, counts_padding),)
    run(one, loops.means_at_once, is_forward, images, (x, *counted, y), sizes)


def run(
    one: Any, at_once: Any, is_forward: bool, images: Array, arrays: Any, sizes: tuple[Any, ...]
) -> None:
    """Have all planes of `images` worked on, by several threads where there is enough to do."""
    planes = math.prod(images.shape[:2])
    workers = min(launch.workers(), planes, 1 + images.size // LEAST)
    if launch.is_alone(workers):
        one(*arrays, 0, planes, *sizes)
    else:
        launch.enter(at_once, is_forward, *arrays, planes, *sizes, workers)
