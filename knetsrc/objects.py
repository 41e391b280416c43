"""Objects of classes of the user: which there are in a value, and whether they do anything."""

import dataclasses
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

_LEAVES = frozenset({float, int, bool, str, type(None)})
_MADE_BY_DATACLASS = frozenset(
    {"__init__", "__repr__", "__eq__", "__hash__", "__new__", "__setattr__", "__delattr__", "__replace__",
     "__getnewargs__", "_make", "_replace", "_asdict"}
)  # fmt: skip
_LIBRARIES = frozenset({"builtins", "numpy", "scipy", "collections", "cupy"})


def classes_in(value: Any, depth: int = 4) -> dict[str, type]:
    """Classes of the user of which an object is, and what its attributes and elements hold, by path.

    Examples
    --------
    >>> from dataclasses import make_dataclass
    >>> layer = make_dataclass("Layer", ["w"])
    >>> found = classes_in([layer(0.5), layer(1.5)])
    >>> {path: kind.__name__ for path, kind in found.items()}
    {'[]': 'Layer'}
    """
    if isinstance(value, list | tuple | dict) and not hasattr(value, "_fields"):
        elements = list(value.values()) if isinstance(value, dict) else value
        kinds = set(map(type, elements))
        if not depth or len(kinds) != 1 or kinds <= _LEAVES:
            return {}
        inside = [classes_in(v, depth - 1) for v in elements]
        same = set(inside[0].items()).intersection(*(i.items() for i in inside[1:]))
        return {f"[]{rest}": kind for rest, kind in inside[0].items() if (rest, kind) in same}
    if not is_object(value):
        return {}
    found = {"": type(value)}
    attributes = value._asdict() if hasattr(value, "_asdict") else getattr(value, "__dict__", {})
    for name, part in attributes.items() if depth else ():
        found |= {f".{name}{rest}": kind for rest, kind in classes_in(part, depth - 1).items()}
    return found


def has_behaviour(kind: type) -> bool:
    """Whether a class of the user has methods, properties or operators of its own."""
    members = [m for c in kind.__mro__ if not _is_library(c) for m in vars(c).items()]
    return any(
        name not in _MADE_BY_DATACLASS and (callable(member) or hasattr(member, "__get__"))
        for name, member in members
        if not _is_slot(member)
    )


def _is_slot(member: Any) -> bool:
    return type(member).__name__ in (
        "getset_descriptor",
        "member_descriptor",
        "_tuplegetter",
    )


def _is_library(kind: type) -> bool:
    return kind.__module__.split(".")[0] in _LIBRARIES


def is_object(value: Any) -> bool:
    """Whether a value is an object of a class of the user."""
    kind = type(value)
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        return True
    is_library = kind.__module__.split(".")[0] in _LIBRARIES | {"knetsrc", "functools"}
    return not is_library and hasattr(value, "__dict__") and not hasattr(value, "__wrapped__")


_OPERATORS = ("__add__", "__radd__", "__mul__", "__rmul__", "__sub__", "__rsub__", "__truediv__", "__matmul__", "__pow__",
              "__neg__", "__getitem__")  # fmt: skip
_OF_PYTHON = (numbers.Number, str, bytes, list, tuple, dict, set, frozenset, range, np.generic)


def has_own_operators(value: Any) -> bool:
    """Whether a value is neither a number nor an array nor a container of Python's, and its class defines operators."""
    if isinstance(value, np.ndarray):
        return isinstance(value, np.ma.MaskedArray | np.matrix)
    is_array = hasattr(value, "__array_function__") or hasattr(value, "__cuda_array_interface__")
    if isinstance(value, (*_OF_PYTHON, Mapping)) or is_array or hasattr(value, "tocsr"):
        return False
    return any(hasattr(type(value), name) for name in _OPERATORS)
