"""Adjoint of `numpy.linalg.norm` for every order that has one."""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import beside
from knetsrc.backends.reductions import Axis, divide_or_zero, keep_axes, share_among_ties


def norm_adjoint_x(d: Any, x: Any, y: Any, ord: Any = None, axis: Axis = None) -> Any:
    """Adjoint of a norm; zero where it is zero, equal shares where several elements attain it.

    Parameters
    ----------
    d, y
        Adjoint of the norm and the norm, with or without the reduced axes.
    x
        Array whose norm was taken.
    ord, axis
        As given to `numpy.linalg.norm`.

    Returns
    -------
    array
        Shape and dtype of `x`.

    Notes
    -----
    Spectral and nuclear norms by the singular value decomposition: G. A. Watson, Characterization
    of the subdifferential of some matrix norms, 1992.
    """
    axes = (
        tuple(range(np.ndim(x))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    )
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        return keep_axes(divide_or_zero(d, y), x, axis) * x
    if len(axes) == 1:
        return _vector_norm_adjoint(d, x, y, ord, axes[0])
    d, y = (
        np.reshape(
            beside(v, x), [1 if i in _positive(axes, x) else n for i, n in enumerate(np.shape(x))]
        )
        for v in (d, y)
    )
    matrices, d, y = (np.moveaxis(v, axes, (-2, -1)) for v in (x, d, y))
    return np.moveaxis(_matrix_norm_adjoint(d.astype(x.dtype), matrices, y, ord), (-2, -1), axes)


def _positive(axes: tuple[int, ...], x: Any) -> list[int]:
    return [axis % np.ndim(x) for axis in axes]


def _vector_norm_adjoint(d: Any, x: Any, y: Any, ord: float, axis: int) -> Any:
    size = np.abs(x)
    if abs(ord) == np.inf:
        return share_among_ties(d, size, y, axis) * np.sign(x)
    d, y = keep_axes(d, x, axis), keep_axes(y, x, axis)
    if ord == 0:
        return np.zeros_like(x)
    if ord == 1:
        return d * np.sign(x)
    ratio = divide_or_zero(size, y)
    slope = np.where(ratio == 0, 0, np.where(ratio == 0, 1, ratio) ** (ord - 1))
    return d * np.sign(x) * slope


def _matrix_norm_adjoint(d: Any, x: Any, y: Any, ord: Any) -> Any:
    """`x` of shape (..., m, n), `d` and `y` of shape (..., 1, 1)."""
    if ord in (1, -1, np.inf, -np.inf):
        summed = -2 if abs(ord) == 1 else -1
        sums = np.sum(np.abs(x), axis=summed, keepdims=True)
        return share_among_ties(d, sums, y, -3 - summed) * np.sign(x)
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    if ord == "nuc":
        present = s > np.finfo(s.dtype).eps * max(np.shape(x)[-2:]) * s[..., :1]
        d_s = np.where(present, d[..., 0], 0)
    else:
        extreme = s[..., :1] if ord == 2 else s[..., -1:]
        d_s = np.where(s == 0, 0, share_among_ties(d[..., 0], s, extreme, -1))
    return (u * d_s[..., None, :]) @ vh
