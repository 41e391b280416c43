"""Adjoints of containers that were joined, repeated, merged, or made of other containers."""

import copy
import dataclasses
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from knetsrc.backends.arrays import Entries, unbroadcast
from knetsrc.backends.structures import NOTHING, Fields, Parts, add, fields_of, zeros_like
from knetsrc.errors import KnetsrcError, UnsupportedAliasError, UnsupportedSyntaxError


def joined_adjoint(d: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Adjoints of the operands of `a + b`, which joins lists and tuples, and adds arrays.

    Parameters
    ----------
    d
        Adjoint of the sum.
    a, b
        The operands.

    Returns
    -------
    tuple
        Adjoints of `a` and `b`.

    Examples
    --------
    >>> joined_adjoint([1.0, 2.0, 3.0], [0.5, 0.5], [0.5])
    ([1.0, 2.0], [3.0])
    """
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return d[: len(a)], d[len(a) :]
    return unbroadcast(d, a), unbroadcast(d, b)


def repeated_adjoint(d: Any, x: Any, count: Any) -> Any:
    """Adjoint of `x` in `x * count`: the sum over the repetitions of a list or tuple.

    Parameters
    ----------
    d
        Adjoint of the product.
    x
        A list or tuple.
    count
        A number of repetitions; an array of numbers multiplies `x` as an array.

    Examples
    --------
    >>> repeated_adjoint([1.0, 2.0, 3.0, 4.0], [0.5, 0.5], 2)
    [4.0, 6.0]
    """
    if getattr(count, "ndim", 0):
        return unbroadcast(d * count, x)
    sums: list[Any] = [zeros_like(v) if len(d) == 0 else NOTHING for v in x]
    for i, v in enumerate(d):
        sums[i % len(x)] = add(sums[i % len(x)], v)
    return Parts(sums) if isinstance(x, tuple) else Entries(sums)


def kept_entries(d: Any, x: Any, *later: Iterable[Any]) -> Any:
    """Adjoint of the dict `x` of which the entries went into a new dict.

    Parameters
    ----------
    d
        Adjoint of the new dict.
    x
        A dict, or a list of pairs of a key and a value.
    *later
        Keys that were overwritten afterwards; their entries in `x` count for nothing.

    Examples
    --------
    >>> kept_entries({"a": 1.0, "b": 2.0}, {"a": 0.5, "b": 0.5}, ["b"])
    {'a': 1.0, 'b': 0.0}
    """
    if not isinstance(x, Mapping):
        return _kept_pairs(d, x, later)
    return {k: zeros_like(v) if any(k in o for o in later) else d[k] for k, v in x.items()}


def spread_entries(d: Any, x: Mapping[Any, Any], *later: Iterable[Any]) -> dict[Any, Any]:
    """Adjoint of the `d` of `kept_entries`, here `x`, from that of its result: zeros for what it leaves out.

    Examples
    --------
    >>> spread_entries({"a": 1.0, "b": 2.0}, {"a": 0.5, "b": 0.5, "c": 0.5}, ["b"])
    {'a': 1.0, 'b': 0.0, 'c': 0.0}
    """
    lost = [k for k in x if k not in d or any(k in o for o in later)]
    return {k: zeros_like(v) if k in lost else d[k] for k, v in x.items()}


def _kept_pairs(d: Any, x: Any, later: tuple[Iterable[Any], ...]) -> Any:
    if hasattr(x, "__next__"):
        raise UnsupportedSyntaxError(
            "a dict of the pairs of an iterator",
            why="the backward part goes through them again, and they are used up",
            instead="make a list of them first: dict(list(enumerate(xs)))",
        )
    if not isinstance(x, list | tuple):
        return zeros_like(x)
    last = {key: i for i, (key, _) in enumerate(x)}
    return [
        Parts([NOTHING, d[k] if last[k] == i and not any(k in o for o in later) else zeros_like(v)])
        for i, (k, v) in enumerate(x)
    ]


def kept_fields(d: Any, x: Any, replaced: Sequence[str]) -> Fields:
    """Adjoint of the record `x` of which a copy was made with other values for some fields.

    Parameters
    ----------
    d
        Adjoint of the copy.
    x
        A namedtuple or a dataclass instance.
    replaced
        The fields with other values.

    Raises
    ------
    KnetsrcError
        If a dataclass computes something when it is made, of which nothing is known here.
    """
    if hasattr(x, "__post_init__"):
        raise KnetsrcError(
            f"`replace` of a {type(x).__name__} in a differentiated value",
            why="its `__post_init__` runs again, which is not differentiated",
            instead=f"make a new one: {type(x).__name__}(...)",
        )
    is_tuple = isinstance(x, tuple)
    names = x._fields if is_tuple else [f.name for f in dataclasses.fields(x)]
    kept = {n: zeros_like(getattr(x, n)) if n in replaced else getattr(d, n) for n in names}
    return Fields(kept, type(x))


def new_object(kind: type) -> Any:
    """An object of the class `kind` without attributes, which `__init__` is to give it.

    Parameters
    ----------
    kind
        A class of the user.
    """
    return object.__new__(kind)


def with_attributes(x: Any, /, **values: Any) -> Any:
    """A copy of the object `x` with other values for some attributes, for `x.name = value`.

    Parameters
    ----------
    x
        An object of a class of the user.
    **values
        The attributes that are written.

    Raises
    ------
    UnsupportedAliasError
        If a write of an attribute calls a function: a property, or a `__setattr__` of the class.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> with_attributes(SimpleNamespace(a=1.0, b=2.0), b=3.0)
    namespace(a=1.0, b=3.0)
    """
    kind = type(x)
    for name in values:
        member = getattr(kind, name, None)
        is_set = hasattr(member, "__set__") and not isinstance(member, types.MemberDescriptorType)
        if is_set or (isinstance(kind.__setattr__, types.FunctionType) and not _is_frozen(kind)):
            raise UnsupportedAliasError(
                f"a write to the attribute `{name}` of a {kind.__name__}",
                why="the class has a function for that, which is not differentiated",
                instead="write to an attribute that is kept in the object",
            )
    new = copy.copy(x)
    for name, value in values.items():
        setattr(new, name, value)
    return new


def _is_frozen(kind: type) -> bool:
    """Whether a class is a frozen dataclass, which says so where an attribute is written."""
    parameters = getattr(kind, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def kept_attributes(d: Any, x: Any, written: Sequence[str]) -> Fields:
    """Adjoint of the object `x` of which some attributes are written.

    Parameters
    ----------
    d
        Adjoint of the object afterwards.
    x
        The object before.
    written
        The attributes.
    """
    names = fields_of(x) or []
    kept = {n: zeros_like(getattr(x, n)) if n in written else getattr(d, n) for n in names}
    return Fields(kept, type(x))


def collected(d: Any, x: Any) -> Any:
    """Adjoints of the elements of `x` as the adjoint of `x`: an array for an array.

    Parameters
    ----------
    d
        A list with one adjoint for each element.
    x
        What was gone through: a list, tuple or array; the keys of a dict have no adjoint.

    Examples
    --------
    >>> import numpy as np
    >>> collected([1.0, 2.0], np.zeros(2))
    array([1., 2.])
    """
    if isinstance(x, Mapping):
        return zeros_like(x)
    if not hasattr(x, "dtype"):
        return d
    whole = zeros_like(x)
    for i, v in enumerate(d):
        whole[i] += v
    return whole


def column(d: Any, number: int, x: Any = ()) -> list[Any]:
    """Adjoints of the elements of `x`, which are the parts `number` of a list of tuples.

    Parameters
    ----------
    d
        Adjoint of the list of tuples.
    number
        Which part of each tuple.
    x
        Where the parts come from; elements that are in no tuple get zeros.

    Examples
    --------
    >>> column([(1.0, 2.0), (3.0, 4.0)], 1)
    [2.0, 4.0]
    """
    left_out = list(x)[len(d) :] if hasattr(x, "__len__") else []  # `count()` has no end
    return [part[number] for part in d] + [zeros_like(v) for v in left_out]
