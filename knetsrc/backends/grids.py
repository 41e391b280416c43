"""Adjoints of functions on grids of numbers: interpolation, spacing, convolution, quantiles.

Throughout, `d` is the adjoint of the result.
"""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import as_array, beside, unbroadcast
from knetsrc.backends.reductions import Axis, reduced_axes_back, reduced_axes_last
from knetsrc.modules import array_module


def interp_adjoint_x(d: Any, x: Any, xp: Any, fp: Any) -> Any:
    """Adjoint of `x` in `numpy.interp`: the slope of its segment, zero outside of `xp`."""
    if len(xp) < 2:
        return unbroadcast(0.0 * d, x)
    left, _ = _segments(x, xp)
    inside = _is_inside(x, xp)
    return unbroadcast(d * np.where(inside, _slopes(xp, fp)[left], 0), x)


def interp_adjoint_fp(d: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """Adjoint of the values `fp` in `numpy.interp`: shares for the ends of each segment.

    Nothing comes from points outside of `xp` where `left` or `right` takes the place of the end.
    """
    module = array_module(x, xp)
    d = d if left is None else np.where(np.less(x, xp[0]), 0, d)
    d = d if right is None else np.where(np.greater(x, xp[-1]), 0, d)
    d_fp = module.zeros(np.shape(fp))
    first, part = _segments(x, xp)
    module.add.at(d_fp, first, d * (1 - part))
    module.add.at(d_fp, np.minimum(first + 1, len(xp) - 1), d * part)
    return unbroadcast(d_fp, fp)


def interp_adjoint_xp(d: Any, x: Any, xp: Any, fp: Any) -> Any:
    """Adjoint of the points `xp` in `numpy.interp`; a point that moves tilts its two segments."""
    module = array_module(x, xp)
    d_xp = module.zeros(np.shape(xp))
    if len(xp) > 1:
        left, part = _segments(x, xp)
        inside = _is_inside(x, xp)
        slope = np.where(inside, _slopes(xp, fp)[left], 0)
        module.add.at(d_xp, left, -d * slope * (1 - part))
        module.add.at(d_xp, left + 1, -d * slope * part)
    return unbroadcast(d_xp, xp)


def _is_inside(x: Any, xp: Any) -> Any:
    x = as_array(beside(x, xp))
    return (x >= xp[0]) & (x <= xp[-1])


def _slopes(xp: Any, fp: Any) -> Any:
    return np.diff(fp) / np.diff(xp)


def _segments(x: Any, xp: Any) -> tuple[Any, Any]:
    """The number of the segment that `x` is in, and how far along it, from 0 to 1.

    A point of `xp` belongs to the segment on its right.
    """
    x, xp = as_array(beside(x, xp)), as_array(xp)
    left = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(len(xp) - 2, 0))
    if len(xp) < 2:
        return left, np.zeros_like(left, dtype=float)
    return left, np.clip((x - xp[left]) / (xp[left + 1] - xp[left]), 0, 1)


def linspace_adjoint(
    d: Any, end: Any, num: int, endpoint: bool = True, axis: int = 0, first: bool = True
) -> Any:
    """Adjoint of one end of `numpy.linspace`: each number is a weighted mean of the ends.

    Parameters
    ----------
    d
        Adjoint of the numbers.
    end
        The end.
    num, endpoint, axis
        As in `numpy.linspace`.
    first
        Whether it is `start` rather than `stop`.

    Returns
    -------
    array or number
        In the shape and dtype of `end`.
    """
    d = beside(d, end)
    weights = array_module(d).arange(num) / max(num - 1 if endpoint else num, 1)
    if first:
        weights = 1 - weights
    return unbroadcast(np.tensordot(weights, np.moveaxis(d, axis, 0), 1), end)


def convolve_adjoint(d: Any, x: Any, other: Any, mode: str = "full") -> Any:
    """Adjoint of the operand `x` of `numpy.convolve`, which is symmetric in its operands.

    Parameters
    ----------
    d
        Adjoint of the convolution.
    x, other
        The operand asked for, and the other one.
    mode
        As in `numpy.convolve`.

    Returns
    -------
    array or number
        In the shape and dtype of `x`.
    """
    sizes = sorted((np.size(x), np.size(other)))
    whole = array_module(d).zeros(sum(sizes) - 1, np.result_type(d))
    start = {"full": 0, "same": (sizes[0] - 1) // 2, "valid": sizes[0] - 1}[mode]
    whole[start : start + np.size(d)] = d
    d_x = np.convolve(whole, np.ravel(other)[::-1], "full")[np.size(other) - 1 :][: np.size(x)]
    return unbroadcast(np.reshape(d_x, np.shape(x)), x)


def correlate_adjoint_a(d: Any, a: Any, v: Any, mode: str = "valid") -> Any:
    """Adjoint of `a` in `numpy.correlate`: the convolution with `v` reversed."""
    if np.size(v) > np.size(a):  # NumPy exchanges them, and reverses the result
        return np.flip(convolve_adjoint(np.flip(d), np.flip(a), v, mode))
    return convolve_adjoint(d, a, np.flip(v), mode)


def correlate_adjoint_v(d: Any, a: Any, v: Any, mode: str = "valid") -> Any:
    """Adjoint of `v` in `numpy.correlate`."""
    if np.size(v) > np.size(a):
        return convolve_adjoint(np.flip(d), v, np.flip(a), mode)
    return np.flip(convolve_adjoint(d, np.flip(v), a, mode))


def quantile_adjoint_a(d: Any, a: Any, q: Any, axis: Axis = None, scale: float = 1.0) -> Any:
    """Adjoint of `a` in `numpy.quantile`: shares for the two values that a quantile lies between.

    Parameters
    ----------
    d
        Adjoint of the quantiles.
    a
        The array.
    q, axis
        As in `numpy.quantile`, with linear interpolation.
    scale
        What `q` is counted in: 100 for percentiles.

    Returns
    -------
    array
        In the shape and dtype of `a`. Of equal elements the first in order gets the share.
    """
    a = as_array(a)
    values = reduced_axes_last(a, axis)
    n = values.shape[-1]
    places = np.ravel(as_array(q) / scale * (n - 1))
    lower = np.clip(np.floor(places).astype(int), 0, max(n - 1, 0))
    upper = np.minimum(lower + 1, n - 1)
    parts = places - lower
    d = np.reshape(beside(d, a), (places.size, *values.shape[:-1]))
    d_sorted = np.zeros_like(values)
    for i in range(places.size):
        d_sorted[..., lower[i]] += d[i] * (1 - parts[i])
        d_sorted[..., upper[i]] += d[i] * parts[i]
    d_values = np.zeros_like(values)
    np.put_along_axis(d_values, np.argsort(values, axis=-1, kind="stable"), d_sorted, -1)
    return reduced_axes_back(d_values, a, axis)


def polyval_adjoint_p(d: Any, p: Any, x: Any) -> Any:
    """Adjoint of the coefficients in `numpy.polyval`, which come with falling powers of `x`."""
    powers = range(len(p) - 1, -1, -1)
    parts = [unbroadcast(d * x**power, c) for c, power in zip(p, powers, strict=True)]
    if not hasattr(p, "dtype"):
        return parts
    return np.stack(parts) if parts else np.zeros_like(p)


def polyval_slope(p: Any, x: Any) -> Any:
    """Derivative of the polynomial with the coefficients `p` at `x`."""
    slope = 0.0 * x
    for place, c in enumerate(p[:-1]):
        slope = slope * x + (len(p) - 1 - place) * c
    return slope
