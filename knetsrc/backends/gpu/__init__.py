"""Convolution on a GPU: windows laid out as columns (im2col), then one matrix product for each group.

The interface is that of `knetsrc.backends.kernels`; arrays come in checked, of CuPy or of any
module that `knetsrc.modules` knows. The matrix products are cuBLAS's. A batch whose columns would
take more than `MOST_BYTES` is worked off in parts.

    x (N, C, ...)  ->  columns (N, groups, C / groups * taps, pixels)
    y = w @ columns    d_w = sum of d_y @ columns.T    d_x = columns put back of w.T @ d_y
"""

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

from knetsrc.modules import array_module

MOST_BYTES = 1 << 28


def convolve(x: Any, w: Any, geometry: Any, *, flip: bool = False) -> Any:
    """Cross-correlation of a batch of images with a filter.

    Parameters
    ----------
    x
        Shape (N, C, *image).
    w
        Shape (O, C / groups, *window), of the same dtype.
    geometry
        Sizes, padding, stride, dilation, groups: a `knetsrc.backends.kernels.Geometry`.
    flip
        Turn the window around along every axis: a convolution as mathematics defines it.

    Returns
    -------
    y
        Shape (N, O, *output).
    """
    filters = _filters(w, geometry, flip)
    y = array_module(x).empty((x.shape[0], w.shape[0], *geometry.output), x.dtype)
    for part in _parts(x, geometry):
        products = filters @ _columns(x[part], geometry)
        y[part] = products.reshape(products.shape[0], *y.shape[1:])
    return y


def convolve_adjoint_x(d_y: Any, w: Any, geometry: Any, *, flip: bool = False) -> Any:
    """Adjoint of the images of `convolve`.

    Parameters
    ----------
    d_y
        Adjoint of the output, shape (N, O, *output).
    w, geometry, flip
        As `convolve` had them.

    Returns
    -------
    d_x
        Shape (N, C, *image).
    """
    filters = _filters(w, geometry, flip).swapaxes(-1, -2)
    channels = w.shape[1] * geometry.groups
    d_x = array_module(d_y).empty((d_y.shape[0], channels, *geometry.image), d_y.dtype)
    for part in _parts(d_x, geometry):
        d_x[part] = _put_back(filters @ _grouped(d_y[part], geometry), geometry)
    return d_x


def convolve_adjoint_w(x: Any, d_y: Any, geometry: Any, *, flip: bool = False) -> Any:
    """Adjoint of the filter of `convolve`.

    Parameters
    ----------
    x
        Shape (N, C, *image).
    d_y
        Adjoint of the output, shape (N, O, *output).
    geometry, flip
        As `convolve` had them.

    Returns
    -------
    d_w
        Shape (O, C / groups, *window).
    """
    filters, channels = d_y.shape[1], x.shape[1] // geometry.groups
    d_w = array_module(x).zeros((filters, channels, *geometry.window), x.dtype)
    for part in _parts(x, geometry):
        columns = _columns(x[part], geometry).swapaxes(-1, -2)
        d_w += (_grouped(d_y[part], geometry) @ columns).sum(axis=0).reshape(d_w.shape)
    return _flipped(d_w) if flip else d_w


def _parts(x: Any, geometry: Any) -> Iterator[slice]:
    """Parts of a batch of images whose columns fit into `MOST_BYTES`, of one image at least."""
    image = x.shape[1] * geometry.taps * prod(geometry.output) * x.dtype.itemsize
    count = max(1, MOST_BYTES // max(image, 1))
    return (slice(i, i + count) for i in range(0, x.shape[0], count))


def _filters(w: Any, geometry: Any, flip: bool) -> Any:
    """The filters as a matrix for each group, shape (groups, O / groups, C / groups * taps)."""
    w = _flipped(w) if flip else w
    return w.reshape(geometry.groups, w.shape[0] // geometry.groups, w.shape[1] * geometry.taps)


def _flipped(w: Any) -> Any:
    return w[(slice(None), slice(None), *(slice(None, None, -1) for _ in w.shape[2:]))]


def _grouped(y: Any, geometry: Any) -> Any:
    """Outputs as a matrix for each image and group, shape (N, groups, O / groups, pixels)."""
    groups = geometry.groups
    return y.reshape(y.shape[0], groups, y.shape[1] // groups, prod(geometry.output))


def _columns(x: Any, geometry: Any) -> Any:
    """The window of each pixel as a column, shape (N, groups, C / groups * taps, pixels)."""
    padded = _padded(x, geometry)
    shape = (*x.shape[:2], geometry.taps, *geometry.output)
    columns = array_module(x).empty(shape, x.dtype)
    for tap, index in enumerate(_taps(geometry)):
        columns[:, :, tap] = padded[index]
    groups = geometry.groups
    rows = x.shape[1] // groups * geometry.taps
    return columns.reshape(x.shape[0], groups, rows, prod(geometry.output))


def _put_back(columns: Any, geometry: Any) -> Any:
    """The adjoint of `_columns`: each column added where its window was read."""
    count, channels = columns.shape[0], columns.shape[2] * geometry.groups // geometry.taps
    columns = columns.reshape(count, channels, geometry.taps, *geometry.output)
    padded = array_module(columns).zeros((count, channels, *geometry.padded), columns.dtype)
    for tap, index in enumerate(_taps(geometry)):
        padded[index] += columns[:, :, tap]
    return padded[_inside(geometry)]


def _padded(x: Any, geometry: Any) -> Any:
    if not any(itertools.chain(*geometry.padding)):
        return x
    padded = array_module(x).zeros((*x.shape[:2], *geometry.padded), x.dtype)
    padded[_inside(geometry)] = x
    return padded


def _inside(geometry: Any) -> tuple[slice, ...]:
    """The index of the images in their padded form."""
    axes = zip(geometry.image, geometry.padding, strict=True)
    return (slice(None), slice(None), *(slice(before, before + n) for n, (before, _) in axes))


def _taps(geometry: Any) -> Iterator[tuple[slice, ...]]:
    """For each tap of the window, the index of what it meets in the padded images."""
    for places in itertools.product(*map(range, geometry.window)):
        axes = zip(places, geometry.dilation, geometry.stride, geometry.output, strict=True)
        yield (
            slice(None),
            slice(None),
            *(
                slice(at * apart, at * apart + (n - 1) * step + 1, step)
                for at, apart, step, n in axes
            ),
        )
