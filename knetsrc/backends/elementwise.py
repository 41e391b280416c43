"""What generated source calls for clip and for functions of any number of numbers."""

from itertools import accumulate
from operator import mul
from typing import Any

import numpy as np

from knetsrc.modules import array_module


def _of_kind(parts: list[Any], values: Any) -> Any:
    """Adjoints of the numbers in `values`: an array where `values` is one, else a list."""
    if not hasattr(values, "dtype"):
        return parts
    return array_module(values).asarray(parts, values.dtype)


def is_inside(x: Any, low: Any, high: Any) -> Any:
    """Where `np.clip(x, low, high)` hands on `x`.

    Parameters
    ----------
    x
        Array or number.
    low, high
        Bounds, arrays or numbers; None for no bound.

    Returns
    -------
    array of bool
        In the broadcast shape of all three. False at a bound, where the bound is handed on.
    """
    return ~(is_raised(x, low, high) | is_lowered(x, low, high) | np.isnan(x))


def is_raised(x: Any, low: Any, high: Any) -> Any:
    """Where `np.clip(x, low, high)` hands on `low`.

    Parameters
    ----------
    x, low, high
        As in `is_inside`.

    Returns
    -------
    array of bool
        True also where `x` equals `low`.
    """
    if low is None:
        return np.False_
    return np.less_equal(x, low) if high is None else np.less_equal(x, low) & np.less(low, high)


def is_lowered(x: Any, low: Any, high: Any) -> Any:
    """Where `np.clip(x, low, high)` hands on `high`.

    Parameters
    ----------
    x, low, high
        As in `is_inside`.

    Returns
    -------
    array of bool
        True also where `x` equals `high`, and wherever `low` is not below `high`.
    """
    if high is None:
        return np.False_
    return np.greater_equal(x if low is None else np.maximum(x, low), high)


def hypot_adjoint(d_y: float, y: float, coordinates: Any) -> Any:
    """Adjoints of the coordinates in `y = math.hypot(*coordinates)`; 0 at the origin.

    Parameters
    ----------
    d_y, y
        Adjoint of the length, and the length.
    coordinates
        Numbers, in a list or an array of one axis.

    Returns
    -------
    list or array
        `d_y * x / y` for each coordinate `x`, an array where `coordinates` is one.
    """
    return _of_kind([d_y * x / y if y else 0.0 for x in coordinates], coordinates)


def dist_adjoint(d_y: float, y: float, p: Any, q: Any) -> Any:
    """Adjoint of the point `p` in `y = math.dist(p, q)`; 0 where the points coincide.

    Parameters
    ----------
    d_y, y
        Adjoint of the distance, and the distance.
    p, q
        Points: sequences of numbers of one length. Exchange them for the adjoint of `q`.

    Returns
    -------
    list or array
        `d_y * (p - q) / y`, an array where `p` is one.
    """
    return _of_kind([d_y * (a - b) / y if y else 0.0 for a, b in zip(p, q, strict=True)], p)


def fsum_adjoint(d_y: float, values: Any) -> Any:
    """Adjoints of the numbers in `math.fsum(values)`: `d_y` for each.

    Parameters
    ----------
    d_y
        Adjoint of the sum.
    values
        Numbers, in a list or an array of one axis.

    Returns
    -------
    list or array
        An array where `values` is one.
    """
    return _of_kind([d_y] * len(values), values)


def product_adjoint(d_y: float, values: Any) -> Any:
    """Adjoints of the numbers in `math.prod(values)`: the product of the others, times `d_y`.

    The products of all numbers before and of all after are multiplied: zeros do no harm.

    Parameters
    ----------
    d_y
        Adjoint of the product.
    values
        Numbers, in a list or an array of one axis.

    Returns
    -------
    list or array
        An array where `values` is one.
    """
    if len(values) == 0:
        return _of_kind([], values)
    before = accumulate(values[:-1], mul, initial=d_y)
    after = list(accumulate(reversed(values[1:]), mul, initial=1))
    return _of_kind(
        [left * right for left, right in zip(before, reversed(after), strict=True)], values
    )


def product_curvature(d: Any, cotangent: float, values: Any) -> Any:
    """Adjoint of `values` in `product_adjoint(cotangent, values)`.

    Parameters
    ----------
    d
        Adjoint of the result, a number for each of the values.
    cotangent, values
        The arguments.

    Returns
    -------
    list or array
        For each value the sum over all others of `d` times the product of the rest.
    """
    rest = [np.delete(values, k) for k in range(len(values))]
    sums = [np.dot(np.delete(d, k), product_adjoint(cotangent, r)) for k, r in enumerate(rest)]
    return _of_kind([float(s) for s in sums], values)
