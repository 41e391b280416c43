"""Adjoints of reductions and of cumulative operations that are more than one expression.

Throughout, `d` is the adjoint of the result, with or without the reduced axes kept, and `a` the
array that was reduced.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from knetsrc.backends.arrays import Entries, as_array, unbroadcast
from knetsrc.backends.structures import zeros_like
from knetsrc.backends.tensordot import reshape_like
from knetsrc.errors import KnetsrcError
from knetsrc.modules import on_device

Axis = int | tuple[int, ...] | None


def count(a: Any, axis: Axis = None) -> int:
    """Number of elements of `a` that one element of a reduction along `axis` is made from."""
    if axis is None:
        return np.size(a)
    shape = np.shape(a)
    return math.prod(shape[i] for i in axis) if isinstance(axis, tuple) else shape[axis]


def count_where(a: Any, where: Any, axis: Axis = None) -> Any:
    """Numbers of elements of `a` where `where` holds, along `axis`, which is kept with length 1."""
    mask = np.broadcast_to(where, np.shape(a))
    return np.sum(mask, axis, np.result_type(a), keepdims=True)


def repeats(y: Any, x: Any) -> float:
    """Number of elements of `y` that each element of an operand `x` is broadcast to; 0.0 where there are none."""
    size = np.size(x)
    return np.size(y) / size if size else 0.0


def degrees_of_freedom(a: Any, axis: Axis = None, ddof: float = 0) -> float:
    """Divisor of a variance: the number of elements less `ddof`; NaN where nothing is left."""
    return max(count(a, axis) - ddof, 0) or math.nan


def keep_axes(d: Any, a: Any, axis: Axis) -> Any:
    """The reduced `d` in a shape that broadcasts against `a`, with or without the reduced axes."""
    if axis is None or np.ndim(d) in (0, np.ndim(a)):
        return d
    return np.expand_dims(d, axis)


def divide_or_zero(a: Any, b: Any) -> Any:
    """The quotient `a / b`, zero where `b` is zero: a subgradient of a norm at its minimum."""
    if np.ndim(b) == 0 and np.ndim(a) == 0 and not on_device(a, b):
        return a / b if b != 0 else 0.0 * a
    zero = b == 0
    return np.where(zero, 0, a / np.where(zero, 1, b))


def share_among_ties(d: Any, a: Any, extreme: Any, axis: Axis = None) -> Any:
    """Adjoint of a maximum or minimum: equal parts of `d` for the elements that equal it.

    Parameters
    ----------
    d
        Adjoint of the result, with or without the reduced axes.
    a
        The array that was reduced.
    extreme
        The result, with or without the reduced axes; where it is NaN, NaN elements equal it.
    axis
        Reduced axis or axes.

    Returns
    -------
    array
        Shape and dtype of `a`.
    """
    chosen, ties = _chosen(a, extreme, axis)
    share = np.divide(keep_axes(d, a, axis), ties, dtype=_float_dtype(a))
    return np.where(chosen, share, 0)[()]


def gather_from_ties(d: Any, a: Any, extreme: Any, axis: Axis = None) -> Any:
    """Tangent of a maximum or minimum: the mean of `d` over the elements that equal `extreme`."""
    chosen, ties = _chosen(a, extreme, axis)
    total = np.sum(np.multiply(chosen, d, dtype=_float_dtype(a)), axis=axis, keepdims=True)
    return np.reshape((total / ties).astype(_float_dtype(a)), np.shape(extreme))


def is_reached(a: Any, extreme: Any, axis: Axis = None, where: Any = True) -> Any:
    """Whether an element that `where` lets in equals `extreme`, in the shape of `extreme`.

    Where none does, the extreme is the initial value that it was taken with.
    """
    equal = (as_array(a) == keep_axes(extreme, a, axis)) & where
    return np.reshape(np.any(equal, axis=axis, keepdims=True), np.shape(extreme))


def running_places(y: Any, axis: int = 0) -> Any:
    """Where along `axis` each element of a running maximum or minimum `y` comes from: the first of those that are equal."""
    y = np.moveaxis(as_array(y), axis, -1)
    before, after = y[..., :-1], y[..., 1:]
    is_new = np.ones(y.shape, bool)
    is_new[..., 1:] = (after != before) & ~(np.isnan(after) & np.isnan(before))
    places = np.maximum.accumulate(np.where(is_new, np.arange(y.shape[-1]), 0), axis=-1)
    return np.moveaxis(places, -1, axis)


def _chosen(a: Any, extreme: Any, axis: Axis) -> tuple[Any, Any]:
    """Which elements equal the extreme one, and how many of them there are, never none."""
    extreme = keep_axes(extreme, a, axis)
    chosen = as_array(a) == extreme
    ties = _counted(chosen, axis)
    if on_device(ties) or not np.all(ties):  # on a device, to look would be to wait
        chosen = chosen | (np.isnan(a) & np.isnan(extreme))
        ties = np.maximum(_counted(chosen, axis), 1)
    return chosen, ties


def _counted(mask: Any, axis: Axis) -> Any:
    """How often `mask` is true along `axis`, with the axis kept."""
    return np.sum(mask, axis=axis, keepdims=True)  # faster than count_nonzero along an axis


def _float_dtype(a: Any) -> np.dtype:
    dtype = getattr(a, "dtype", np.dtype(float))
    return dtype if dtype.kind == "f" else np.dtype(float)


def median_adjoint_a(d: Any, a: Any, axis: Axis = None) -> Any:
    """Adjoint of the median: half to the value below the middle, half to that above; ties share."""
    values = np.sort(reduced_axes_last(as_array(a), axis), axis=-1)
    n = values.shape[-1]
    lower, upper = values[..., (n - 1) // 2], values[..., n // 2]
    invalid = np.isnan(values[..., -1])
    if on_device(invalid) or np.any(invalid):
        lower, upper = np.where(invalid, np.nan, lower), np.where(invalid, np.nan, upper)
    if n % 2 == 1:
        return share_among_ties(d, a, lower, axis)
    return share_among_ties(d / 2, a, lower, axis) + share_among_ties(d / 2, a, upper, axis)


def reduced_axes_last(a: Any, axis: Axis) -> Any:
    """`a` with the axes of a reduction joined into its last one."""
    axes = _normalized(axis, a.ndim)
    kept = [i for i in range(a.ndim) if i not in axes]
    return a.transpose(*kept, *axes).reshape(
        *(a.shape[i] for i in kept), math.prod(a.shape[i] for i in axes)
    )


def _normalized(axis: Axis, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, tuple) else (axis,)))


def reduced_axes_back(joined: Any, a: Any, axis: Axis) -> Any:
    """Undoes `reduced_axes_last`: an array in the shape of `a`."""
    axes = _normalized(axis, a.ndim)
    order = [*(i for i in range(a.ndim) if i not in axes), *axes]
    return joined.reshape([a.shape[i] for i in order]).transpose(_inverse(order))


def _inverse(order: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes `order`."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def product_of_others(a: Any, axis: Axis = None) -> Any:
    """For each element the product of all others along `axis`; no division, so right with zeros.

    The product of those before times the product of those after, both cumulative.
    """
    a = as_array(a)
    if a.ndim == 0:
        return np.ones_like(a)
    joined = reduced_axes_last(a, axis)
    return reduced_axes_back(_before(joined) * _after(joined), a, axis)


def _before(a: Any) -> Any:
    """Product of the elements before each one, along the last axis."""
    result = np.ones_like(a)
    result[..., 1:] = np.cumprod(a[..., :-1], axis=-1)
    return result


def _after(a: Any) -> Any:
    return _before(a[..., ::-1])[..., ::-1]


def product_of_others_adjoint_a(d: Any, a: Any, axis: Axis = None) -> Any:
    """Adjoint of `product_of_others`: what a second derivative of a product needs."""
    a, d = as_array(a), as_array(d)
    if a.ndim == 0:
        return np.zeros_like(a)
    joined, d = reduced_axes_last(a, axis), reduced_axes_last(d, axis)
    from_before = _before_adjoint(d * _after(joined), joined)
    from_after = _before_adjoint((d * _before(joined))[..., ::-1], joined[..., ::-1])[..., ::-1]
    return reduced_axes_back(from_before + from_after, a, axis)


def _before_adjoint(d: Any, a: Any) -> Any:
    result = np.zeros_like(a)
    result[..., :-1] = cumprod_adjoint_a(d[..., 1:], a[..., :-1], axis=-1)
    return result


def cumprod_adjoint_a(d: Any, a: Any, axis: int | None = None) -> Any:
    """Adjoint of a cumulative product.

    With `y` the cumulative product, d_a[j] = sum(d[i] * y[i] for i >= j) / a[j]. Where some y
    vanish, d_a[j] = y[j - 1] * s[j] with s[j] = d[j] + a[j + 1] * s[j + 1], which has no division.
    The recurrence is solved by doubling: s[j] is known up to d[j + k], then up to d[j + 2 * k].
    """
    if axis is None:
        return reshape_like(cumprod_adjoint_a(d, np.ravel(a), 0), a)
    y = np.cumprod(a, axis=axis)
    if not on_device(y) and np.all(np.abs(y) >= np.finfo(y.dtype).tiny):
        return np.flip(np.cumsum(np.flip(d * y, axis), axis=axis), axis) / a
    a, d = np.moveaxis(a, axis, -1), np.moveaxis(d, axis, -1)
    s = d.astype(y.dtype)
    factor, k = a[..., 1:], 1
    while k < a.shape[-1]:
        s[..., :-k] = s[..., :-k] + factor * s[..., k:]
        factor, k = factor[..., :-k] * factor[..., k:], 2 * k
    return np.moveaxis(_before(a) * s, -1, axis)


def nanmean_adjoint_a(d: Any, a: Any, axis: Axis = None) -> Any:
    """Adjoint of the mean of the elements that are not NaN; zero for those that are."""
    numbers = ~np.isnan(a)
    counts = np.maximum(_counted(numbers, axis), 1)
    return np.multiply(numbers, keep_axes(d, a, axis) / counts, dtype=_float_dtype(a))


def average_weights(a: Any, weights: Any, axis: Axis = None) -> Any:
    """Weights of an average, divided by their sum, in a shape that broadcasts against `a`."""
    if weights is None:
        return 1 / count(a, axis)
    weights = _aligned_weights(a, weights, axis)
    return weights / np.sum(weights, axis=axis, keepdims=True)


def average_adjoint_weights(d: Any, a: Any, weights: Any, y: Any, axis: Axis = None) -> Any:
    """Adjoint of the weights of an average: d * (a - y) / sum(weights); None if there are none."""
    if weights is None:
        return None
    aligned = _aligned_weights(a, weights, axis)
    total = np.sum(aligned, axis=axis, keepdims=True)
    d_aligned = unbroadcast(keep_axes(d, a, axis) * (a - keep_axes(y, a, axis)) / total, aligned)
    if np.shape(weights) == np.shape(a):
        return d_aligned
    axes = _normalized(axis, np.ndim(a))
    in_order = np.reshape(d_aligned, [np.shape(a)[i] for i in sorted(axes)])
    return np.transpose(in_order, _inverse(_inverse(axes)))


def _aligned_weights(a: Any, weights: Any, axis: Axis) -> Any:
    weights = as_array(weights)
    if weights.shape == np.shape(a):
        return weights
    axes = _normalized(axis, np.ndim(a))
    shape = [n if i in axes else 1 for i, n in enumerate(np.shape(a))]
    return weights.transpose(_inverse(axes)).reshape(shape)


def sum_adjoint_iterable(d: Any, iterable: Any) -> Any:
    """Adjoint of what the builtin `sum` adds up: `d` for each item, in the shape of the item."""
    if isinstance(iterable, dict):
        raise KnetsrcError(
            "a sum over the keys of a dict",
            why="keys have no derivative",
            instead="sum its values: sum(d.values())",
        )
    if not hasattr(iterable, "dtype"):
        return Entries([unbroadcast(d, item) for item in iterable])
    if len(iterable) == 0:
        return np.zeros_like(iterable)
    return np.broadcast_to(unbroadcast(d, iterable[0]), iterable.shape)


def share_among_equal(d: Any, args: Sequence[Any], extreme: Any) -> list[Any]:
    """Adjoint of the builtins `max` and `min`: equal parts to all that equal the result.

    A single argument is a sequence; its adjoint has one part for each item. Of tuples, lists and objects
    the first that equals the result takes all of it, as it does in Python.
    """
    if not isinstance(extreme, int | float | complex) and not hasattr(extreme, "dtype"):
        items = args[0] if len(args) == 1 else args
        same = [item is extreme for item in items]
        first = same.index(True) if any(same) else list(items).index(extreme)
        shares: list[Any] = Entries(
            [d if i == first else zeros_like(v) for i, v in enumerate(items)]
        )
        return [shares] if len(args) == 1 else shares
    if on_device(*args):
        return _shares_on_device(d, args, extreme)
    if len(args) == 1:
        shares = _shares(d, args[0], extreme)
        return [np.asarray(shares, args[0].dtype) if isinstance(args[0], np.ndarray) else shares]
    return _shares(d, args, extreme)


def _shares_on_device(d: Any, args: Sequence[Any], extreme: Any) -> list[Any]:
    """The same without looking at a number."""
    items = as_array(args[0] if len(args) == 1 else list(args))
    parts = share_among_ties(d, items, extreme)
    if len(args) > 1:
        return [unbroadcast(part, item) for part, item in zip(parts, args, strict=True)]
    return [parts if hasattr(args[0], "dtype") else Entries(parts)]


def _shares(d: Any, items: Sequence[Any], extreme: Any) -> list[Any]:
    chosen = [bool(item == extreme) or item is extreme for item in items]
    if not any(chosen):  # what was computed once more may differ in the last bit
        distances = [abs(item - extreme) for item in items]
        nearest = min(range(len(items)), key=distances.__getitem__)
        chosen[nearest] = distances[nearest] == distances[nearest]  # not NaN
    share = d / max(sum(chosen), 1)
    pairs = zip(chosen, items, strict=True)
    return Entries([unbroadcast(share, v) if taken else 0.0 * share for taken, v in pairs])
