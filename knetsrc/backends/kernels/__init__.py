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
    from knetsrc.backends.kernels import plain

    y = np.zeros((x.shape[0], w.shape[0], *geometry.output), x.dtype)
    plain.run(np.ascontiguousarray(x), _window(w, flip), y, geometry, plain.OUTPUT)
    return y


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
    from knetsrc.backends.kernels import plain

    d_x = np.zeros((d_y.shape[0], w.shape[1] * geometry.groups, *geometry.image), d_y.dtype)
    plain.run(d_x, _window(w, flip), np.ascontiguousarray(d_y), geometry, plain.IMAGE)
    return d_x


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
    from knetsrc.backends.kernels import plain

    shape = (d_y.shape[1], x.shape[1] // geometry.groups, *geometry.window)
    d_w = np.zeros(shape, x.dtype)
    plain.run(np.ascontiguousarray(x), d_w, np.ascontiguousarray(d_y), geometry, plain.FILTER)
    return _window(d_w, flip)


def _window(w: Array, flip: bool) -> Array:
    """The filter, C-contiguous, its window turned around if asked for."""
    spatial = tuple(range(2, w.ndim))
    return np.ascontiguousarray(np.flip(w, spatial) if flip else w)
