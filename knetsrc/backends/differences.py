"""Adjoints of finite differences and of integration by trapezoids."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from knetsrc.backends.arrays import beside, unbroadcast
from knetsrc.modules import array_module


def diff_adjoint_a(d: Any, a: Any, n: int = 1, axis: int = -1) -> Any:
    """Adjoint of the n-th difference: that of `d` between zeros, negated when `n` is odd."""
    if np.size(d) == 0:
        return np.zeros_like(a)
    width = [(0, 0)] * np.ndim(a)
    width[axis] = (n, n)
    d_a = np.diff(np.pad(d, width), n, axis)
    return -d_a if n % 2 else d_a


def diff_adjoint_part(d: Any, parts: Sequence[Any], place: int, n: int = 1, axis: int = -1) -> Any:
    """Adjoint of one of `prepend`, `a` and `append` of `numpy.diff`, which are joined; None where it is None.

    Parameters
    ----------
    d
        Adjoint of the differences.
    parts
        All three, None for one that is not given; a number stands for one element along `axis`.
    place
        Which of them is asked for.
    n, axis
        As in `numpy.diff`.
    """
    if parts[place] is None:
        return None
    if n == 0:  # nothing is joined then
        return unbroadcast(d if place == 1 else 0.0 * np.sum(d), parts[place])
    one = list(np.shape(parts[1]))
    one[axis] = 1
    xp = array_module(parts[1])
    whole = [p if np.ndim(p) else xp.zeros(one) for p in parts if p is not None]
    d_joined = diff_adjoint_a(d, np.concatenate(whole, axis), n, axis)
    sizes = [0 if p is None else 1 if np.ndim(p) == 0 else np.shape(p)[axis] for p in parts]
    start = sum(sizes[:place])
    piece = np.moveaxis(np.moveaxis(d_joined, axis, 0)[start : start + sizes[place]], 0, axis)
    return unbroadcast(piece, parts[place])


def trapezoid_adjoint_values(
    d: Any, values: Any, x: Any = None, dx: Any = 1.0, axis: int = -1
) -> Any:
    """Adjoint of what `numpy.trapezoid` integrates: half of the widths beside each value."""
    if not np.shape(values)[axis]:
        return np.zeros_like(values)
    widths = _widths(values, x, dx, axis)
    halves = np.expand_dims(beside(d, values), axis) * widths / 2
    half = np.moveaxis(np.broadcast_to(halves, _gaps(values, widths, axis)), axis, -1)
    d_values = array_module(half).zeros((*half.shape[:-1], half.shape[-1] + 1), half.dtype)
    d_values[..., 1:] += half
    d_values[..., :-1] += half
    return unbroadcast(np.moveaxis(d_values, -1, axis), values)


def trapezoid_adjoint_x(d: Any, values: Any, x: Any, axis: int = -1) -> Any:
    """Adjoint of the coordinates of `numpy.trapezoid`; None if it was not given any."""
    if x is None:
        return None
    if not np.shape(values)[axis]:
        return np.zeros_like(x)
    d_widths = np.expand_dims(beside(d, values), axis) * _mean_heights(values, axis)
    if np.ndim(x) == 1:
        d_widths = np.moveaxis(d_widths, axis, -1)
        d_widths = d_widths.reshape(-1, d_widths.shape[-1]).sum(axis=0)
        return unbroadcast(diff_adjoint_a(d_widths, x), x)
    shape = list(np.shape(x))
    shape[axis] -= 1
    return diff_adjoint_a(unbroadcast(d_widths, np.empty_like(x, shape=shape)), x, 1, axis)


def trapezoid_adjoint_dx(d: Any, values: Any, x: Any = None, axis: int = -1) -> Any:
    """Adjoint of the one width of all trapezoids; zero where coordinates take its place."""
    if x is not None:
        return 0.0
    return np.sum(np.expand_dims(beside(d, values), axis) * _mean_heights(values, axis))


def _widths(values: Any, x: Any, dx: Any, axis: int) -> Any:
    if x is None:
        return dx
    if np.ndim(x) != 1:
        return np.diff(x, axis=axis)
    shape = [1] * np.ndim(values)
    shape[axis] = -1
    return np.diff(x).reshape(shape)


def _gaps(values: Any, widths: Any, axis: int) -> tuple[int, ...]:
    shape = list(np.shape(values))
    shape[axis] -= 1
    return np.broadcast_shapes(tuple(shape), np.shape(widths))


def _mean_heights(values: Any, axis: int) -> Any:
    values = np.moveaxis(values, axis, -1)
    return np.moveaxis((values[..., 1:] + values[..., :-1]) / 2, -1, axis)


def gradient_adjoint_f(
    d: Any, f: Any, spacings: Sequence[Any] = (), axis: int | tuple[int, ...] | None = None
) -> Any:
    """Adjoint of `numpy.gradient`, with first-order differences at the edges."""
    if axis is None:
        axis = tuple(range(np.ndim(f)))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    if len(axes) == 1:
        d = (d,)
    if len(spacings) != len(axes):
        spacings = [spacings[0] if spacings else 1.0] * len(axes)
    return sum(
        (_gradient_adjoint_axis(d[i], f, spacings[i], axes[i]) for i in range(len(axes))),
        np.zeros_like(f),
    )


def _gradient_adjoint_axis(d: Any, f: Any, spacing: Any, axis: int) -> Any:
    """The transpose of the three-point stencil in the Notes of `numpy.gradient`."""
    n = np.shape(f)[axis]
    if np.ndim(spacing) == 0:
        h = np.full_like(f, spacing, shape=n - 1)
    else:
        h = np.diff(spacing).astype(f.dtype)
    before, after = h[:-1], h[1:]
    d = np.moveaxis(d, axis, -1)
    inner = d[..., 1:-1]
    d_f = np.zeros_like(np.moveaxis(f, axis, -1))
    d_f[..., :-2] -= inner * (after / (before * (before + after)))
    d_f[..., 1:-1] += inner * ((after - before) / (before * after))
    d_f[..., 2:] += inner * (before / (after * (before + after)))
    d_f[..., 0] -= d[..., 0] / h[0]
    d_f[..., 1] += d[..., 0] / h[0]
    d_f[..., -2] -= d[..., -1] / h[-1]
    d_f[..., -1] += d[..., -1] / h[-1]
    return np.moveaxis(d_f, -1, axis)
