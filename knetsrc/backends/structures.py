"""Adjoints of containers: buffers of zeros with the structure of a value, sums, and gradients put together from their entries.

A leaf without derivative (an int, a string, None, an array of ints) has the adjoint None.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np


def zeros_like(x: Any) -> Any:
    """Zeros with the structure, shapes and dtypes of `x`: a buffer that adjoints are added into.

    Parameters
    ----------
    x
        A number, an array, or a list, tuple, dict, namedtuple or dataclass of such, nested to any depth.

    Returns
    -------
    same structure
        Tuples become lists of a kind that `finished` turns back into tuples; leaves without derivative become `NOTHING`.
    """
    kind = type(x)
    if kind is float:
        return 0.0
    dtype = getattr(x, "dtype", None)
    if dtype is not None:
        if dtype.kind not in "fc":
            return NOTHING
        return np.zeros_like(x) if getattr(x, "shape", ()) else dtype.type(0)
    if kind is list:
        return [zeros_like(v) for v in x]
    if kind is complex:
        return 0j
    if isinstance(x, Mapping):
        return {k: zeros_like(v) for k, v in x.items()}
    if isinstance(x, tuple):
        if hasattr(x, "_fields"):
            return Fields({n: zeros_like(v) for n, v in zip(x._fields, x, strict=True)}, kind)
        return Parts(zeros_like(v) for v in x)
    if isinstance(x, list):
        return [zeros_like(v) for v in x]
    if isinstance(x, Parts | Fields | _Nothing):
        return x.zeros()
    names = fields_of(x)
    return NOTHING if names is None else Fields({n: zeros_like(getattr(x, n)) for n in names}, kind)


def fields_of(x: Any) -> list[str] | None:
    """Names of the attributes of a dataclass or of a plain object; None for anything else."""
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return [f.name for f in dataclasses.fields(x)]
    if type(x).__module__ in ("builtins", "numpy") or isinstance(x, type) or callable(getattr(type(x), "__len__", None)):
        return None
    return list(vars(x)) if hasattr(x, "__dict__") else None


class Parts(list[Any]):
    """The adjoint of a tuple, with entries that can be written."""

    def zeros(self) -> "Parts":
        """Zeros of the same form."""
        return Parts(zeros_like(v) for v in self)


class Fields:
    """The adjoint of a namedtuple, a dataclass or a plain object: one attribute for each of its own."""

    def __init__(self, values: dict[str, Any], kind: type) -> None:
        self.__dict__.update(values)
        self.__dict__["_kind"] = kind

    def __getitem__(self, index: int | slice) -> Any:
        return self.values()[index]

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self.names()[index], value)

    def names(self) -> list[str]:
        """Names of the attributes, in their order."""
        return [n for n in self.__dict__ if n != "_kind"]

    def values(self) -> list[Any]:
        """Adjoints of the attributes, in their order."""
        return [self.__dict__[n] for n in self.names()]

    def zeros(self) -> "Fields":
        """Zeros of the same form."""
        return Fields({n: zeros_like(self.__dict__[n]) for n in self.names()}, self.__dict__["_kind"])


class _Nothing:
    """The adjoint of what has no derivative; whatever is added to it is lost."""

    def __add__(self, other: Any) -> "_Nothing":
        return self

    __radd__ = __iadd__ = __add__

    def __getitem__(self, index: Any) -> "_Nothing":
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def zeros(self) -> "_Nothing":
        """Itself."""
        return self

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()


def add(a: Any, b: Any) -> Any:
    """The sum of two adjoints of one structure, as a new one.

    Raises
    ------
    TypeError
        If one of them is None or a string.
    """
    if isinstance(a, _Nothing) or isinstance(b, _Nothing) or a is None or b is None:
        return NOTHING
    if isinstance(a, Mapping):
        return {k: add(v, b[k]) for k, v in a.items()}
    if isinstance(a, Fields):
        return Fields({n: add(v, _entry(b, n)) for n, v in zip(a.names(), a.values(), strict=True)}, a.__dict__["_kind"])
    if isinstance(a, list | tuple):
        parts = [add(v, w) for v, w in zip(a, b, strict=True)]
        return type(a)(parts) if isinstance(a, Parts) else parts
    return a + b


def _entry(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, Mapping) else getattr(value, name)


def owned(d: Any) -> Any:
    """A copy of the adjoint `d` that nothing else shares, for adding into it."""
    if isinstance(d, np.ndarray) or hasattr(d, "__array_function__"):
        return d.copy()
    if isinstance(d, Mapping):
        return {k: owned(v) for k, v in d.items()}
    if isinstance(d, Fields):
        return Fields({n: owned(v) for n, v in zip(d.names(), d.values(), strict=True)}, d.__dict__["_kind"])
    if isinstance(d, Parts):
        return Parts(owned(v) for v in d)
    return [owned(v) for v in d] if isinstance(d, list | tuple) else d


def gradient_like(x: Any, entries: Mapping[Any, Any]) -> Any:
    """The gradient with respect to a container or an array `x`, of which only some entries have one.

    Parameters
    ----------
    x
        A list, tuple, dict, namedtuple, dataclass or array.
    entries
        Adjoints by index, key or attribute name.

    Returns
    -------
    same structure as `x`
        Zeros where `entries` has nothing.
    """
    if type(x) is list:
        return [
            _fitting(entries[i], v) if i in entries else finished(zeros_like(v), v)
            for i, v in enumerate(x)
        ]
    buffer = zeros_like(x)
    for key, value in entries.items():
        if isinstance(buffer, Fields) and isinstance(key, str):
            setattr(buffer, key, value)
        else:
            buffer[key] = value
    return finished(buffer, x)


def _fitting(d: Any, x: Any) -> Any:
    """The adjoint `d`, None for a leaf without derivative."""
    kind = type(x)
    if kind is np.ndarray:
        return d if x.dtype.kind in "fc" else None
    return finished(d, x)


def finished(d: Any, x: Any) -> Any:
    """The adjoint `d` of `x` as a user gets it: in the very structure of `x`, None for what has no derivative.

    Parameters
    ----------
    d
        An adjoint with the structure that `zeros_like(x)` has.
    x
        The value.

    Returns
    -------
    same structure as `x`
        Lists, tuples, dicts, namedtuples and dataclasses as in `x`; a plain object gives a dict of its attributes.
    """
    kind = type(x)
    if kind is np.ndarray:
        return None if d is NOTHING else d
    if kind is float:
        return float(d)
    if kind is list:
        return [finished(v, w) for v, w in zip(d, x, strict=True)]
    if isinstance(d, _Nothing) or d is None:
        return None if fields_of(x) is None and not isinstance(x, list | tuple | Mapping) else _nothing_of(x)
    if isinstance(x, Mapping):
        return {k: finished(d[k], v) for k, v in x.items()}
    if isinstance(x, tuple):
        parts = [finished(v, w) for v, w in zip(d, x, strict=True)]
        return kind(*parts) if hasattr(x, "_fields") else tuple(parts)
    if isinstance(d, Fields):
        values = {n: finished(v, getattr(x, n)) for n, v in zip(d.names(), d.values(), strict=True)}
        return _rebuilt(x, values)
    return d


def _nothing_of(x: Any) -> Any:
    return finished(zeros_like(x), x) if not isinstance(zeros_like(x), _Nothing) else None


def _rebuilt(x: Any, values: dict[str, Any]) -> Any:
    if not dataclasses.is_dataclass(x):
        return values
    made = object.__new__(type(x))
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made
