"""What generated source calls to fit adjoints to the shapes of the values they belong to."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np

from knetsrc.errors import KnetsrcError, complex_refused
from knetsrc.modules import array_module, on_device

_FLOAT64 = np.float64  # what an element of an array is, most of the time


def outline(x: Any) -> Any:
    """An array with the shape and dtype of the array `x` that takes no memory, whatever its size.

    Examples
    --------
    >>> outline(np.ones((200, 300))).strides
    (0, 0)
    """
    return _outline(x.shape, x.dtype) if type(x) is np.ndarray else x


@lru_cache(maxsize=256)
def _outline(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    return np.broadcast_to(np.zeros((), dtype), shape)


def unbroadcast(d: Any, x: Any) -> Any:
    """The adjoint `d` of a broadcast operand `x`, in the shape and dtype of `x`.

    Sums over the axes along which `x` was repeated, and repeats along those along which `d` is one
    number for many.

    Parameters
    ----------
    d
        Adjoint of the result of a broadcasting operation, an array or a number.
    x
        The operand, an array or a number.

    Returns
    -------
    array or number
        `d` itself where nothing has to be done; a float for a Python float, but an array without
        axes where `d` is on a device: reading it would wait for the device.

    Raises
    ------
    KnetsrcError
        If both are lists, tuples or dicts: those are joined or repeated by `+` and `*`.

    Examples
    --------
    >>> unbroadcast(np.ones((2, 3)), np.zeros(3))
    array([2., 2., 2.])
    >>> unbroadcast(np.ones((2, 3)), 0.5)
    6.0
    """
    kind = type(x)
    if kind is _FLOAT64 is type(d):
        return d
    if kind is float:
        if isinstance(d, float):
            return d
        if type(d) is np.ndarray:
            return float(d.sum())
        return _number(d.sum() if getattr(d, "ndim", 0) else d)
    try:
        if d.shape == x.shape:
            return d if d.dtype is x.dtype else _converted(d, x)
        if d.ndim:
            return _reshaped(d, x, x.shape)
    except AttributeError:  # a Python number
        pass
    return _fitted(d, x)


def _fitted(d: Any, x: Any) -> Any:
    """The adjoint of `x` where `d` is a single number, or `x` is none with a dtype."""
    if isinstance(x, np.floating):
        return _converted(d, x) if on_device(d) else type(x)(d)
    if hasattr(d, "_kind"):  # `Fields`: an object is not broadcast
        return d
    if isinstance(x, list | tuple) and hasattr(d, "shape"):  # NumPy has taken it as an array
        return _entries(unbroadcast(d, as_array(x)), x)
    if isinstance(x, list | tuple | dict | str):
        raise KnetsrcError(
            f"`+` or `*` on a {type(x).__name__} in a differentiated value",
            why="it joins or repeats the container, which has no derivative rule",
            instead="build the list with append or a comprehension, or use arrays",
        )
    if np.ndim(x):
        return _repeated(d, x)
    return _converted(np.sum(d) if np.ndim(d) else d, x)


def _reshaped(d: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """The array `d` summed over what was repeated, repeated where it is one number for many."""
    leading, repeated = _summed_axes(d.shape, shape)
    if leading:
        d = d.sum(axis=leading)
    if repeated:
        d = d.sum(axis=repeated, keepdims=True)
    if d.shape != shape:
        return _repeated(d, x)
    return d if d.dtype is x.dtype else _converted(d, x)


@lru_cache(maxsize=4096)
def _summed_axes(
    shape: tuple[int, ...], of_operand: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Axes that broadcasting has put before those of the operand, and those of what is left along which it has repeated it."""
    extra = max(len(shape) - len(of_operand), 0)
    pairs = zip(shape[extra:], of_operand[len(of_operand) + extra - len(shape) :], strict=True)
    return tuple(range(extra)), tuple(i for i, (n, own) in enumerate(pairs) if n != 1 == own)


def _repeated(d: Any, x: Any) -> Any:
    """`d` in new memory of the shape and float dtype of `x`."""
    dtype = None if x.dtype.kind in "fc" else getattr(d, "dtype", float)
    new = np.empty_like(x, dtype)
    new[...] = d.item() if isinstance(d, np.ndarray) and d.size == 1 else d
    return new


def _converted(d: Any, x: Any) -> Any:
    """`d` in the dtype of a float operand; a number where the operand is one."""
    dtype = getattr(x, "dtype", None)
    if getattr(getattr(d, "dtype", None), "kind", "") == "c" and getattr(dtype, "kind", "f") == "f":
        raise complex_refused()
    if dtype is None:
        return _number(d) if getattr(d, "dtype", None) is not None and d.dtype.kind != "c" else d
    if on_device(x) and not on_device(d):
        return _repeated(d, x)
    if dtype.kind not in "fc" or getattr(d, "dtype", None) == dtype:
        return d
    return d.astype(dtype) if hasattr(d, "astype") else dtype.type(d)


def _number(d: Any) -> Any:
    """`d` as a float, unless that would wait for a device."""
    return d if on_device(d) else float(d)


class Entries(list[Any]):
    """The adjoint of a list, which NumPy may have taken as an array: a sum is that of the entries."""

    def __add__(self, other: Any) -> Self:
        return type(self)([v + w for v, w in self._paired(other)])

    def __sub__(self, other: Any) -> Self:
        return type(self)([v - w for v, w in self._paired(other)])

    def __rsub__(self, other: Any) -> Self:
        return type(self)([w - v for v, w in self._paired(other)])

    def __neg__(self) -> Self:
        return type(self)([-v for v in self])

    def __mul__(self, other: Any) -> Self:
        raise TypeError(f"can't multiply sequence of adjoints by {other!r}: no entry is repeated")

    def _paired(self, other: Any) -> Iterable[tuple[Any, Any]]:
        """The entries with those of another adjoint; a number goes to each."""
        return zip(self, parts_for(other, self), strict=True)

    __radd__ = __iadd__ = __add__  # type: ignore[assignment]
    __isub__ = __sub__
    __rmul__ = __imul__ = __mul__  # type: ignore[assignment]


def parts_for(d: Any, entries: Sequence[Any]) -> Any:
    """The parts of `d` that are added to the entries of a list, each of which broadcasts to its entry.

    Parameters
    ----------
    d
        A list; or an array or number that broadcasts to the array that NumPy makes of the list, as a reduction of it gives.
    entries
        The entries of the list, or their adjoints.

    Examples
    --------
    >>> parts_for(np.array([1.0, 2.0]), [np.zeros(2), np.zeros(2), np.zeros(2)])
    [array([1., 2.]), array([1., 2.]), array([1., 2.])]
    """
    if not hasattr(d, "ndim") and not isinstance(d, int | float | complex):
        return d
    if not getattr(d, "ndim", 0) or d.ndim < _rank(entries):
        return [d] * len(entries)
    return [d[0]] * len(entries) if len(d) == 1 else d


def _rank(x: Any) -> int:
    """Number of axes, also of nested lists; not all entries of an adjoint need to have a form."""
    if isinstance(x, list | tuple):
        return 1 + max(map(_rank, x), default=0)
    return getattr(x, "ndim", 0)


def like(d: Any, x: Any) -> Any:
    """The adjoint `d`, repeated to the shape of `x`: what a reduction hands back to each element.

    Parameters
    ----------
    d
        A number, or an array that broadcasts to the shape of `x`.
    x
        What was reduced: an array, a number, or a list or tuple that NumPy took as an array.

    Returns
    -------
    array, number or list
        Of the shape and dtype of `x`; `d` itself where it has these, else in memory of its own. A
        list for a list or tuple.

    Examples
    --------
    >>> like(2.0, np.zeros(3))
    array([2., 2., 2.])
    """
    if type(x) is np.ndarray:
        if getattr(d, "shape", None) == x.shape and d.dtype == x.dtype and d is not x:
            return d
        return _repeated(d, x)
    if type(x) is float:
        return d if isinstance(d, float) else _number(d)
    if isinstance(x, list | tuple):
        return _entries(np.broadcast_to(beside(d, x), as_array(x).shape), x)
    if x is None:
        raise _no_array()
    return _repeated(d, x) if np.ndim(x) else _converted(d, x)


def as_array(x: Any) -> Any:
    """`x` as an array; a list or a number becomes one of the module of what is in it.

    Parameters
    ----------
    x
        An array, a number, or a list or tuple of these.

    Returns
    -------
    array
        `x` itself if it is one.
    """
    if x is None:
        raise _no_array()
    return x if hasattr(x, "ndim") else array_module(x).asarray(x)


def _no_array() -> TypeError:
    """The error for a value that a function without `return` has given: NumPy's reductions hand it on."""
    return TypeError("None is no array or number")


def beside(d: Any, *values: Any) -> Any:
    """A number `d` as an array without axes, if `values` are on a device; else `d` itself.

    NumPy's functions make arrays of the host of numbers, which do not go together with others.

    Parameters
    ----------
    d
        An adjoint.
    *values
        What it will be combined with.

    Returns
    -------
    array or number
        `d`, on the device if one of `values` is there.
    """
    if not on_device(*values) or on_device(d):
        return d
    return array_module(*values).full(np.shape(d), np.asarray(d).item())


def _entries(d: Any, x: Any) -> Any:
    """The array `d` as nested lists in the structure of `x`."""
    if isinstance(x, list | tuple):
        return Entries([_entries(part, entry) for part, entry in zip(d, x, strict=True)])
    return like(d, x)
