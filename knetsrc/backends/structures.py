"""Adjoints of containers: buffers of zeros with the structure of a value, sums, and gradients.

A leaf without derivative (an int, a string, None, an array of ints) has the adjoint None.
"""

import dataclasses
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from knetsrc.backends.arrays import Entries, like, parts_for
from knetsrc.dicts import check_reads, with_entries
from knetsrc.errors import KnetsrcError
from knetsrc.modules import on_device

_ZEROS = {
    float: 0.0,
    int: 0.0,
    bool: 0.0,
    np.float64: np.float64(0.0),
    np.float32: np.float32(0.0),
}


def zeros_like(x: Any) -> Any:
    """Zeros with the structure, shapes and dtypes of `x`: a buffer that adjoints are added into.

    Parameters
    ----------
    x
        A number, an array, or a list, tuple, dict, namedtuple or dataclass of such, nested to any
        depth.

    Returns
    -------
    same structure
        Tuples become lists of a kind that `finished` turns back into tuples; a number gives 0.0, an
        int too, because the next value of the same name may be a float; other leaves without
        derivative give `NOTHING`.
    """
    kind = type(x)
    if kind is np.ndarray:
        return np.zeros(x.shape, x.dtype) if x.dtype.kind in "fc" else NOTHING
    if kind in _ZEROS:
        return _ZEROS[kind]
    if kind is list or kind is Entries:
        if _ZEROS.keys() >= set(map(type, x)):
            return Entries(map(_ZEROS.__getitem__, map(type, x)))
        return Entries([zeros_like(v) for v in x])
    if kind is tuple:
        return Parts([zeros_like(v) for v in x])
    if kind is dict:
        return {k: zeros_like(v) for k, v in x.items()}
    return _zeros_like_array(x) if _is_array(x) else _zeros_like_object(x)


def _is_array(x: Any) -> bool:
    """Whether a value is an array or a NumPy scalar, and no object with an attribute `dtype`."""
    return hasattr(x, "dtype") and (hasattr(type(x), "__array__") or on_device(x))


def _zeros_like_array(x: Any) -> Any:
    """Zeros for a NumPy scalar, or for an array of another library."""
    if x.dtype.kind in "fc":
        return x.dtype.type(0) if isinstance(x, np.generic) else np.zeros_like(x)
    return 0.0 if x.dtype.kind in "iub" and not getattr(x, "shape", ()) else NOTHING


def _zeros_like_object(x: Any) -> Any:
    if isinstance(x, complex):
        return 0j
    if isinstance(x, Fields):
        return Fields({n: zeros_like(v) for n, v in _parts(x).items()}, x.__dict__["_kind"])
    if isinstance(x, Parts | _Nothing):
        return x.zeros()
    if isinstance(x, Mapping):
        return {k: zeros_like(v) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return Fields({n: zeros_like(v) for n, v in zip(x._fields, x, strict=True)}, type(x))
    if isinstance(x, list | tuple):
        return Parts([zeros_like(v) for v in x])
    names = fields_of(x)
    if names is None:
        return NOTHING
    return Fields({n: zeros_like(getattr(x, n)) for n in names}, type(x))


def zeros_of_entry(x: Any, key: Any) -> Any:
    """Zeros for the entry `x[key]`, which is read on some ways through a function; `NOTHING` where `x` has none."""
    try:
        return zeros_like(x[key])
    except (LookupError, TypeError):
        return NOTHING


def fields_of(x: Any) -> list[str] | None:
    """Names of the attributes of a dataclass or of a plain object; None for anything else."""
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        names = [f.name for f in dataclasses.fields(x) if hasattr(x, f.name)]
        return [*names, *(n for n in getattr(x, "__dict__", ()) if n not in names)]
    is_builtin = type(x).__module__ in ("builtins", "numpy") or isinstance(x, type)
    is_array = hasattr(type(x), "__array__") and hasattr(x, "shape")
    if is_builtin or is_array or isinstance(x, str | bytes | set | frozenset):
        return None
    kind: Any = type(x)
    slots = _slots(kind)
    if not slots:
        return list(vars(x)) if hasattr(x, "__dict__") else None
    return [*(n for n in slots if hasattr(x, n)), *getattr(x, "__dict__", ())]


@functools.cache
def _slots(kind: type) -> tuple[str, ...]:
    """Attributes in `__slots__` of classes of the user."""
    own = [k for k in kind.__mro__ if k.__module__.partition(".")[0] not in sys.stdlib_module_names]
    slots = dict.fromkeys(
        n for k in own for n, m in vars(k).items() if isinstance(m, types.MemberDescriptorType)
    )
    return tuple(slots)


class MemberError(KnetsrcError, AttributeError):
    """The derivative of a property or method of an object of which nothing was known."""


class Parts(Entries):
    """The adjoint of a tuple, with entries that can be written."""

    def zeros(self) -> "Parts":
        """Zeros of the same form."""
        return Parts([zeros_like(v) for v in self])


class Fields:
    """The adjoint of a namedtuple, a dataclass or a plain object: an attribute for each of its own.

    Its entries can be read and written by position and by name as well.
    """

    def __init__(self, values: dict[str, Any], kind: type) -> None:
        self.__dict__.update(values)
        self.__dict__["_kind"] = kind

    def __getattr__(self, name: str) -> "_Nothing":
        kind: Any = self.__dict__.get("_kind")
        found = inspect.getattr_static(kind, name, NOTHING)
        if found is NOTHING or name.startswith("__"):
            raise AttributeError(f"the adjoint of a {kind} has no {name!r}")
        if callable(found) or hasattr(found, "__get__"):
            raise MemberError(
                f"the derivative of `.{name}` of an object of the class {kind.__name__}",
                why=f"`{name}` is computed by the class, which was not known while transforming",
                instead="annotate the parameter with the class, or call a function of the object",
            )
        return NOTHING  # of the class, and no part of the object

    def __getitem__(self, index: int | slice | str) -> Any:
        return (
            self.__dict__[index] if isinstance(index, str) else list(_parts(self).values())[index]
        )

    def __setitem__(self, index: int | str, value: Any) -> None:
        setattr(self, index if isinstance(index, str) else list(_parts(self))[index], value)

    def __len__(self) -> int:
        return len(self.__dict__) - 1


def _parts(d: Fields) -> dict[str, Any]:
    """Adjoints of the attributes by name, in their order; no method, as an attribute may have the name of one."""
    return {n: v for n, v in d.__dict__.items() if n != "_kind"}


class _Nothing:
    """The adjoint of what has no derivative: neutral in sums, its entries are nothing again."""

    def __add__(self, other: Any) -> Any:
        return owned(other)  # as other sums, it shares nothing with what is added

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

    Parameters
    ----------
    a, b
        Adjoints of one value; None or `NOTHING` for what has none.

    Returns
    -------
    same structure
        Containers are new; an array that is added to nothing is handed on as it is.
    """
    if type(a) is np.ndarray is type(b):
        return a + b
    if isinstance(a, _Nothing) or a is None:
        return b
    if isinstance(b, _Nothing) or b is None:
        return a
    if isinstance(a, float):
        return a + b
    if isinstance(a, Mapping):
        return {k: add(v, b[k]) for k, v in a.items()}
    if isinstance(a, Fields):
        kind, named = a.__dict__["_kind"], _parts(a)
        is_taken_as_array = issubclass(kind, tuple) and not isinstance(b, Mapping | Fields)
        others = (
            parts_for(b, list(named.values()))
            if is_taken_as_array
            else [_entry(b, n) for n in named]
        )
        pairs = zip(named.items(), others, strict=True)
        return Fields({n: add(v, w) for (n, v), w in pairs}, kind)
    if isinstance(a, list | tuple):
        parts = [add(v, w) for v, w in zip(a, parts_for(b, a), strict=True)]
        return Parts(parts) if isinstance(a, Parts) else Entries(parts)
    return a + b


def _entry(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, Mapping) else getattr(value, name)


def entries(d: Mapping[Any, Any], keys: Iterable[Any]) -> list[Any]:
    """The adjoints of a dict's entries as a list, in the order of `keys`."""
    return [d[key] for key in keys]


class Absent:
    """Stands for the entry that a dict does not have."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __copy__(self) -> "Absent":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Absent":
        return self


def owned(d: Any) -> Any:
    """A copy of the adjoint `d` that nothing else shares, for adding into it."""
    if isinstance(d, float):
        return d
    if isinstance(d, np.ndarray) or hasattr(d, "__array_function__"):
        return d.copy()
    if isinstance(d, Mapping):
        return {k: owned(v) for k, v in d.items()}
    if isinstance(d, Fields):
        return Fields({n: owned(v) for n, v in _parts(d).items()}, d.__dict__["_kind"])
    if isinstance(d, Parts):
        return Parts([owned(v) for v in d])
    return Entries([owned(v) for v in d]) if isinstance(d, list | tuple) else d


def add_into(d: Any, value: Any) -> None:
    """Add `value` to the adjoint `d` of an array or a container, in its own memory.

    Examples
    --------
    >>> d = [np.zeros(2), 1.0]
    >>> add_into(d, [np.ones(2), 2.0])
    >>> d
    [array([1., 1.]), 3.0]
    """
    if value is None:
        return
    if isinstance(d, np.ndarray) or hasattr(d, "__array_function__"):
        d += value
        return
    keys = list(d) if isinstance(d, Mapping) else range(len(d))
    for key in keys:
        d[key] = add(d[key], value[key])


ABSENT = Absent()


def entry_of(x: Any, key: Any) -> Any:
    """What stands at `x[key]`, as a copy; `ABSENT` where a dict has no such key.

    Parameters
    ----------
    x
        An array, a list or a dict.
    key
        An index or a key.
    """
    return ABSENT if isinstance(x, dict) and key not in x else owned(x[key])


def put_back(x: Any, key: Any, old: Any) -> None:
    """Undo a write to `x[key]`, where `old` is what `entry_of` gave before it.

    Parameters
    ----------
    x
        An array, a list or a dict.
    key
        An index or a key.
    old
        What stood there.
    """
    if old is ABSENT:
        del x[key]
    else:
        x[key] = old


def gradient_like(x: Any, entries: Mapping[Any, Any]) -> Any:
    """The gradient with respect to a container or an array, of which only some entries have one.

    Parameters
    ----------
    x
        A list, tuple, dict, namedtuple, dataclass or array.
    entries
        Adjoints by index, key or attribute name; two that mean the same entry (1 and -1) are added.

    Returns
    -------
    same structure as `x`
        Zeros where `entries` has nothing, None where nothing is differentiable.
    """
    entries = {key: value for key, value in entries.items() if value is not NOTHING}
    if type(x) is list and entries.keys() <= set(range(len(x))):  # no key such as -1
        return _by_position(x, entries, finished)
    if type(x) is dict and entries.keys() <= x.keys():
        return _by_key(x, entries, finished)
    return finished(adjoint_like(x, entries), x)


def adjoint_like(x: Any, entries: Mapping[Any, Any]) -> Any:
    """The same as an adjoint of generated code: zeros where nothing is differentiable, tuples that can be written.

    Examples
    --------
    >>> adjoint_like((2.0, 3), {0: 1.0})
    [1.0, 0.0]
    """
    if type(x) in (list, tuple) and entries.keys() <= set(range(len(x))):
        parts = _by_position(x, entries, _added_to_zeros)
        return Parts(parts) if type(x) is tuple else Entries(parts)
    if type(x) is dict and entries.keys() <= x.keys():
        return _by_key(x, entries, _added_to_zeros)
    buffer = zeros_like(x)
    for key, value in entries.items():
        if _is_array(buffer):
            buffer[key] += value
        else:
            buffer[key] = add(buffer[key], value)
    return buffer


def _added_to_zeros(d: Any, x: Any) -> Any:
    return add(zeros_like(x), d)


def _by_position(
    x: Sequence[Any], entries: Mapping[int, Any], completed: Callable[[Any, Any], Any]
) -> list[Any]:
    """The adjoints of the entries of a list: those of arrays as they are, all others made whole by `completed`.

    Arrays are in memory of their own each: a user may scale one of them in place.
    """
    found: list[Any] = []
    owners: set[int] = set()
    for i, v in enumerate(x):
        d = entries.get(i, NOTHING)
        if type(d) is np.ndarray is type(v) and v.dtype.kind in "fc" and d.shape == v.shape:
            owner = id(d) if d.base is None else id(d.base)
            if owner in owners and _overlaps(d, found):
                d = d.copy()
            owners.add(owner)
            found.append(d)
        elif on_device(v) and on_device(d) and v.dtype.kind in "fc" and d.shape == v.shape:
            found.append(d.copy() if _overlaps(d, found) else d)
        else:
            found.append(completed(d, v))
    return found


def _by_key(
    x: dict[Any, Any], entries: Mapping[Any, Any], completed: Callable[[Any, Any], Any]
) -> dict[Any, Any]:
    """The same for the entries of a dict."""
    places = {i: entries[key] for i, key in enumerate(x) if key in entries}
    return dict(zip(x, _by_position([*x.values()], places, completed), strict=True))


def _overlaps(d: Any, others: list[Any]) -> bool:
    return any(type(o) is type(d) and np.may_share_memory(d, o) for o in others)


def opened(cotangent: Any) -> Any:
    """A cotangent as adjoints are: what is an object or a namedtuple for the user has entries by name and by position.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> opened([SimpleNamespace(w=1.0)])[0]["w"]
    1.0
    """
    kind = type(cotangent)
    if kind is np.ndarray or kind in _ZEROS or cotangent is None or _is_array(cotangent):
        return cotangent
    if kind is list or kind is tuple:
        return kind(map(opened, cotangent))
    if kind is dict:
        return {k: opened(v) for k, v in cotangent.items()}
    named = hasattr(kind, "_fields") and isinstance(cotangent, tuple)
    names = kind._fields if named else fields_of(cotangent)
    if names is None or (isinstance(cotangent, Fields | list | tuple | Mapping) and not named):
        return cotangent
    return Fields({n: opened(getattr(cotangent, n)) for n in names}, kind)


def finished(d: Any, x: Any) -> Any:
    """The adjoint `d` of `x` as a user gets it: in the very structure of `x`.

    Parameters
    ----------
    d
        An adjoint with the structure that `zeros_like(x)` has.
    x
        The value.

    Returns
    -------
    same structure as `x`
        Lists, tuples, dicts, namedtuples and dataclasses as in `x`, None for what has no
        derivative; a plain object gives a dict of its attributes.
    """
    kind = type(x)
    if kind is np.ndarray:
        if x.dtype.kind not in "fc":
            return None
        if type(d) is np.ndarray:
            return d
        return zeros_like(x) if d is None or d is NOTHING else np.asarray(d, x.dtype)
    if d is None or d is NOTHING:
        d = zeros_like(x)
    if kind is float:
        return d if on_device(d) else float(d)
    if kind is list:
        return [finished(v, w) for v, w in zip(d, x, strict=True)]
    if isinstance(x, Mapping):
        return _finished_mapping(d, x)
    if isinstance(x, tuple | list):
        parts = [finished(v, w) for v, w in zip(d, x, strict=True)]
        return kind(*parts) if hasattr(x, "_fields") else kind(parts)
    if _is_array(x):
        if x.dtype.kind not in "fc":
            return None
        if on_device(d):
            return d
        if isinstance(x, np.generic):
            return x.dtype.type(d)
        return like(d, x) if on_device(x) else d
    if isinstance(x, Fields):  # an adjoint is differentiated
        named = {n: finished(_entry(d, n), v) for n, v in _parts(x).items()}
        return Fields(named, x.__dict__["_kind"])
    names = fields_of(x)
    if names is None:
        return d if isinstance(x, complex) else None
    return _rebuilt(x, {n: finished(_entry(d, n), getattr(x, n)) for n in names})


def _finished_mapping(d: Any, x: Mapping[Any, Any]) -> Any:
    gradients = {k: finished(d[k], v) for k, v in x.items()}
    if type(x) is dict or not isinstance(x, dict):
        return gradients
    check_reads(x)
    return with_entries(x, gradients)


def _rebuilt(x: Any, values: dict[str, Any]) -> Any:
    if not dataclasses.is_dataclass(x):
        return values
    made = object.__new__(type(x))
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made
