"""Dicts of classes of the user: which of them have a gradient, and copies of them."""

import copy
from typing import Any

from knetsrc.errors import NotDifferentiableError

_READS = ("__getitem__", "__iter__", "get", "items", "keys", "pop", "popitem", "values")


def with_entries(value: dict[Any, Any], entries: dict[Any, Any]) -> dict[Any, Any]:
    """A copy of a dict, of its class, with other values at its keys; a `Counter` would add the two."""
    made = copy.copy(value)
    dict.update(made, entries)
    return made


def check_reads(value: dict[Any, Any]) -> None:
    """Refuse a dict of a class of the user that reads entries in a way of its own, which the derivative knows nothing of.

    Raises
    ------
    NotDifferentiableError
        For a class with a `__getitem__` or an `items` that is not that of `dict`.
    """
    changed = [name for name in _READS if name in own_members(type(value))]
    if changed:
        raise NotDifferentiableError(
            f"a derivative with respect to a dict of the class {type(value).__name__}, which has a `{changed[0]}` of its own",
            why="it is taken as a dict, and entries that the class computes have no derivative",
            instead="pass a plain dict, or a dataclass",
        )


def own_members(kind: type) -> set[str]:
    """What classes of the user that come before `dict` define."""
    own = [k for k in kind.__mro__[: kind.__mro__.index(dict)] if k.__module__ != "collections"]
    return set().union(*map(vars, own))
