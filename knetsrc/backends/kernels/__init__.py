"""Convolution on the CPU, forward and both adjoints, in one to three dimensions.

What comes in is checked already (`knetsrc.ops`): shapes that fit each other and the geometry, float32 or float64, one dtype.
Numba is imported when the first convolution runs.

    Geometry            sizes, steps, padding: what is known before any number is
    convolve            y from x and w
    convolve_adjoint_x  d_x from d_y and w
    convolve_adjoint_w  d_w from x and d_y
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels.geometry import Geometry

__all__ = ["Geometry", "convolve", "convolve_adjoint_w", "convolve_adjoint_x"]

Array = NDArray[np.floating[Any]]


def convolve(x: Array, w: Array, geometry: Geometry, *, flip: bool = False) -> Array:
    """Cross-correlation of a batch of images with a filter.

    Parameters
    ----------
    x
        Shape (N, C, *image), float32 or float64, any strides.
    w
        Shape (O, C / groups, *window), of the same dtype.
    geometry
        Sizes, padding, stride, dilation, groups.
    flip
        Turn the window around along every axis: a convolution as mathematics defines it.

    Returns
    -------
    y
        Shape (N, O, *output).

    Examples
    --------
    >>> x = np.arange(1.0, 8.0).reshape(1, 1, 7)
    >>> w = np.array([[[1.0, 2.0, 3.0]]])
    >>> geometry = Geometry((7,), (3,), ((0, 0),), (1,), (1,), 1)
    >>> convolve(x, w, geometry, flip=True)
    array([[[10., 16., 22., 28., 34.]]])
    """
    y = np.empty((x.shape[0], w.shape[0], *geometry.output), x.dtype)
    return _run("forward", x, w, y, geometry, flip)


def convolve_adjoint_x(d_y: Array, w: Array, geometry: Geometry, *, flip: bool = False) -> Array:
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
    d_x = np.empty((d_y.shape[0], w.shape[1] * geometry.groups, *geometry.image), d_y.dtype)
    return _run("adjoint_x", d_y, w, d_x, geometry, flip)


def convolve_adjoint_w(x: Array, d_y: Array, geometry: Geometry, *, flip: bool = False) -> Array:
    """Adjoint of the filter of `convolve`.

    Parameters
    ----------
    x, geometry, flip
        As `convolve` had them.
    d_y
        Adjoint of the output, shape (N, O, *output).

    Returns
    -------
    d_w
        Shape (O, C / groups, *window).
    """
    shape = (d_y.shape[1], x.shape[1] // geometry.groups, *geometry.window)
    d_w = np.empty(shape, x.dtype)
    return _run("adjoint_w", x, d_y, d_w, geometry, flip)


def _run(
    operation: str, a: Array, b: Array, result: Array, geometry: Geometry, flip: bool
) -> Array:
    """Fill the result of an operation on two arrays."""
    if min(a.size, b.size, result.size) == 0:
        result.fill(0)
        return result
    from knetsrc.backends.kernels import paths

    paths.run(operation, np.ascontiguousarray(a), np.ascontiguousarray(b), result, geometry, flip)
    return result
