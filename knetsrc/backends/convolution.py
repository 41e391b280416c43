"""Convolution and its adjoints: operands checked, options spelt out, handed on to the kernels of their device.

    x (N, C, ...)   w (O, C / groups, ...)   ->   y (N, O, ...)

Convolution is linear in the images and in the filters, so each adjoint is a convolution as well:
that of x takes the place of y to x, that of w sums over the batch. "xcorr" slides the filter as it
is, "conv" flips it along the spatial axes first.
"""

import functools
from typing import Any

import numpy as np

from knetsrc.backends.devices import convolution_kernels
from knetsrc.backends.windows import (
    check_float,
    check_images,
    described,
    hashable,
    pairs,
    per_axis,
)
from knetsrc.errors import OperandError

Shape = tuple[int, ...]


def convolved(
    x: Any,
    w: Any,
    padding: Any = 0,
    stride: Any = 1,
    dilation: Any = 1,
    groups: int = 1,
    mode: str = "xcorr",
) -> Any:
    """Images `x` convolved with filters `w`; see `knetsrc.ops.conv`.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    w
        Filters, shape ``(O, C / groups, ...)``, of the dtype of `x`.
    padding, stride, dilation, groups, mode
        As in `knetsrc.ops.conv4`.

    Returns
    -------
    array
        Shape ``(N, O, ...)``.

    Raises
    ------
    OperandError
        If shapes, dtypes or options do not go together.
    """
    check_operands("convolution", x, w, mode)
    geometry = geometry_of(x.shape, w.shape, padding, stride, dilation, groups)
    shape = (x.shape[0], w.shape[0], *geometry.output)
    if not (x.size and w.size):
        return np.zeros_like(x, shape=shape)
    return convolution_kernels(x).convolve(x, w, geometry, flip=mode == "conv")


def with_bias(y: Any, bias: Any) -> Any:
    """Add a number to each channel of `y`, in place.

    Parameters
    ----------
    y
        Result of a convolution that nothing else holds, shape ``(N, O, ...)``.
    bias
        `O` numbers in any shape, of the dtype of `y`; or None.

    Returns
    -------
    array
        `y`.

    Raises
    ------
    OperandError
        If the number of elements or the dtype is another.
    """
    if bias is None:
        return y
    if not hasattr(bias, "dtype") or bias.dtype != y.dtype or bias.size != y.shape[1]:
        raise OperandError(
            f"convolution to {y.dtype} images of shape {y.shape} with a bias that is {described(bias)}",
            why=f"each of the {y.shape[1]} channels has one number that is added to it",
            instead=f"bias=b, where b has {y.shape[1]} elements of {y.dtype}",
        )
    y += np.reshape(bias, (1, -1) + (1,) * (y.ndim - 2))
    return y


def conv_adjoint_x(
    d: Any,
    x: Any,
    w: Any,
    padding: Any = 0,
    stride: Any = 1,
    dilation: Any = 1,
    groups: int = 1,
    mode: str = "xcorr",
) -> Any:
    """Adjoint of the images `x` of a convolution, of whose result `d` is the adjoint.

    Parameters
    ----------
    d
        Shape ``(N, O, ...)``.
    x
        Only its shape is used.
    w
        Filters, shape ``(O, C / groups, ...)``.
    padding, stride, dilation, groups, mode
        Those of the convolution.

    Returns
    -------
    array
        Shape of `x`, dtype of `w`.
    """
    geometry = geometry_of(x.shape, w.shape, padding, stride, dilation, groups)
    if not (x.size and w.size):
        return np.zeros_like(w, shape=x.shape)
    d = like_dtype(d, w)
    return convolution_kernels(d).convolve_adjoint_x(d, w, geometry, flip=mode == "conv")


def conv_adjoint_w(
    d: Any,
    x: Any,
    w: Any,
    padding: Any = 0,
    stride: Any = 1,
    dilation: Any = 1,
    groups: int = 1,
    mode: str = "xcorr",
) -> Any:
    """Adjoint of the filters `w` of a convolution, of whose result `d` is the adjoint.

    Parameters
    ----------
    d
        Shape ``(N, O, ...)``.
    x
        Images, shape ``(N, C, ...)``.
    w
        Only its shape is used.
    padding, stride, dilation, groups, mode
        Those of the convolution.

    Returns
    -------
    array
        Shape of `w`, dtype of `x`.
    """
    geometry = geometry_of(x.shape, w.shape, padding, stride, dilation, groups)
    if not (x.size and w.size):
        return np.zeros_like(x, shape=w.shape)
    d = like_dtype(d, x)
    return convolution_kernels(x).convolve_adjoint_w(x, d, geometry, flip=mode == "conv")


def deconvolved(
    x: Any,
    w: Any,
    padding: Any = 0,
    stride: Any = 1,
    dilation: Any = 1,
    groups: int = 1,
    mode: str = "xcorr",
) -> Any:
    """Transposed convolution of `x` with `w`; see `knetsrc.ops.deconv4`.

    Parameters
    ----------
    x
        Shape ``(N, O, ...)``.
    w
        Filters, shape ``(O, C / groups, ...)``.
    padding, stride, dilation, groups, mode
        Those of the convolution that this transposes.

    Returns
    -------
    array
        Shape ``(N, C, ...)``.

    Raises
    ------
    OperandError
        If shapes, dtypes or options do not go together.
    """
    check_operands("transposed convolution", x, w, mode)
    if x.shape[1] != w.shape[0]:
        raise OperandError(
            f"transposed convolution of images of shape {x.shape} with filters of shape {w.shape}",
            why=f"there are {x.shape[1]} channels and {w.shape[0]} filters",
            instead="filters of shape (channels of x, channels of the result / groups, ...)",
        )
    options = (hashable(padding), hashable(stride), hashable(dilation))
    image = _image_before(x.shape, w.shape, *options)
    whole = (x.shape[0], w.shape[1] * groups, *image)
    return conv_adjoint_x(x, _shaped(whole, x), w, *options, groups, mode)


@functools.lru_cache(maxsize=1024)
def _image_before(x: Shape, w: Shape, padding: Any, stride: Any, dilation: Any) -> Shape:
    """Spatial shape of the smallest images that a convolution makes images of shape `x` of."""
    axes = len(x) - 2
    options = zip(
        x[2:],
        w[2:],
        per_axis("stride", stride, axes),
        per_axis("dilation", dilation, axes),
        pairs(padding, axes),
        strict=True,
    )
    image = tuple((n - 1) * s + d * (k - 1) + 1 - sum(both) for n, k, s, d, both in options)
    if min(image) < 1:
        raise OperandError(
            f"transposed convolution of images of shape {x} with filters of shape {w}, "
            f"padding {padding}",
            why=f"the result would have the size {image}: padding is taken away from it",
            instead="less padding, or larger filters",
        )
    return image


def _shaped(shape: Shape, x: Any) -> Any:
    """An array of this shape, of the dtype and device of `x`, that takes no memory."""
    return np.broadcast_to(np.zeros_like(x, shape=()), shape)


def check_operands(operation: str, x: Any, w: Any, mode: str) -> None:
    """Refuse operands that no geometry fits, and unknown modes.

    Raises
    ------
    OperandError
        With the shapes or dtypes.
    """
    check_images(operation, x)
    if not hasattr(w, "dtype") or w.ndim != x.ndim:
        raise OperandError(
            f"{operation} of {described(x)} with filters that are {described(w)}",
            why=f"filters have as many axes as images, here {x.ndim}",
            instead="filters of shape (channels out, channels in / groups, ...)",
        )
    if x.dtype != w.dtype:
        raise OperandError(
            f"{operation} of {x.dtype} images {x.shape} with {w.dtype} filters {w.shape}",
            why="there is one dtype for all: a silent conversion would cost time or precision",
            instead="x.astype(w.dtype)",
        )
    check_float(operation, w)
    if mode not in ("conv", "xcorr"):
        raise OperandError(
            f"{operation} with mode = {mode!r}",
            why="the filter is flipped, or it is not",
            instead="'conv', which flips the filter, or 'xcorr', cross-correlation",
        )


@functools.lru_cache(maxsize=1024)
def _geometry(x: Shape, w: Shape, padding: Any, stride: Any, dilation: Any, groups: int) -> Any:
    from knetsrc.backends.kernels import Geometry

    axes = len(x) - 2
    what = f"images of shape {x} with filters of shape {w}"
    _check_groups(what, x, w, groups)
    padded = pairs(padding, axes)
    dilations = per_axis("dilation", dilation, axes)
    image = tuple(n + sum(both) for n, both in zip(x[2:], padded, strict=True))
    reach = tuple(d * (n - 1) + 1 for n, d in zip(w[2:], dilations, strict=True))
    if min(w[2:]) < 1 or any(k > n for k, n in zip(reach, image, strict=True)):
        raise OperandError(
            f"{what}, padding {padding} and dilation {dilation}",
            why=f"a window of {reach} does not fit into the padded input of {image}",
            instead="more padding, or smaller filters",
        )
    return Geometry(x[2:], w[2:], padded, per_axis("stride", stride, axes), dilations, groups)


def _check_groups(what: str, x: Shape, w: Shape, groups: int) -> None:
    if not isinstance(groups, int) or groups < 1 or w[0] % groups or x[1] != w[1] * groups:
        raise OperandError(
            f"{what} in {groups} group{'s' * (groups != 1)}",
            why=f"a filter sees channels of x / groups channels; x has {x[1]}, a filter {w[1]}",
            instead="filters of shape (channels out, channels in / groups, ...), "
            "with both numbers of channels divisible by groups",
        )


def geometry_of(x: Shape, w: Shape, padding: Any, stride: Any, dilation: Any, groups: int) -> Any:
    """The geometry of a convolution, made once for each set of shapes and options.

    Raises
    ------
    OperandError
        If shapes and options do not go together.
    """
    return _geometry(x, w, hashable(padding), hashable(stride), hashable(dilation), groups)


def like_dtype(d: Any, x: Any) -> Any:
    """The adjoint `d` in the dtype of `x`."""
    return d if d.dtype == x.dtype else d.astype(x.dtype)
