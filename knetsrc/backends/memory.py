"""Values in memory of their own, and arrays with their elements in a given order, which decides what is a view."""

import copy
from collections.abc import MutableMapping
from typing import Any

import numpy as np

from knetsrc.errors import UnsupportedAliasError
from knetsrc.objects import is_object


def laid_out(d_a: Any, a: Any) -> Any:
    """The adjoint `d_a` with its elements in the order in memory that `a` has them.

    Parameters
    ----------
    d_a
        An array of the shape of `a`, or a number where this has no axes.
    a
        An array of which a view is written into, as in `a.reshape(-1)[0] = e`.

    Returns
    -------
    array
        `d_a` itself, or a copy. What is a view of `a` is now a view of it as well.

    Examples
    --------
    >>> laid_out(np.zeros((2, 3)).T, np.zeros((3, 2))).flags.c_contiguous
    True
    """
    kind = getattr(d_a, "dtype", a.dtype)  # the adjoint of what has no axes may be a number
    like = np.empty_like(a, dtype=kind)
    if isinstance(d_a, type(like)) and d_a.strides == like.strides:
        return d_a
    like[...] = d_a
    return like


def with_buffer(d: Any, *path: Any) -> Any:
    """The adjoint `d`, in which an array stands at `path`: that of an array without axes may have become a number by sums.

    Parameters
    ----------
    d
        The adjoint of an array, or of a container or object that holds one.
    *path
        Indices and names of attributes, one after the other; none for `d` itself.

    Returns
    -------
    same structure
        `d` itself, or an array for a number. What is added to the array in its own memory is seen in `d`.

    Examples
    --------
    >>> with_buffer(2.0)
    array(2.)
    >>> with_buffer([2.0, 3.0], 1)
    [2.0, array(3.)]
    """
    if path and not isinstance(d, np.ndarray):  # views of an array are arrays
        d[path[0]] = with_buffer(d[path[0]], *path[1:])
        return d
    return np.array(d) if isinstance(d, float | np.floating) else d


def with_own_lists(value: Any) -> Any:
    """A value in lists, tuples and dicts of its own: the backward part takes elements off those of the forward part.

    Examples
    --------
    >>> xs = [1.0]
    >>> pair = with_own_lists((xs, 2))
    >>> xs.append(3.0)
    >>> pair
    ([1.0], 2)
    """
    if type(value) in (list, tuple):
        return type(value)(with_own_lists(part) for part in value)
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(with_own_lists(part) for part in value)
    if type(value) is dict:
        return {k: with_own_lists(v) for k, v in value.items()}
    return value


def deep_copy(value: Any) -> Any:
    """A copy of a primal value that later writes into it leave as it is: arrays and containers are copied, all else is shared.

    Parameters
    ----------
    value
        Anything.

    Returns
    -------
    same type
        The same, in memory of its own.

    Examples
    --------
    >>> pair = ([1.0], 2.0)
    >>> kept = deep_copy(pair)
    >>> pair[0].append(3.0)
    >>> kept
    ([1.0], 2.0)
    """
    kind = type(value)
    if isinstance(value, np.ndarray) or hasattr(value, "__array_function__"):
        return value.copy()
    if isinstance(value, tuple):
        return tuple.__new__(kind, map(deep_copy, value))
    if isinstance(value, MutableMapping | list):
        made = copy.copy(value)
        for key in list(made) if isinstance(made, MutableMapping) else range(len(made)):
            made[key] = deep_copy(made[key])
        return made
    if is_object(value) and hasattr(value, "__dict__"):
        made = object.__new__(kind)
        vars(made).update((name, deep_copy(entry)) for name, entry in vars(value).items())
        return made
    return value


def copied(a: Any, text: str) -> Any:
    """A copy of an argument that gives views where the argument does.

    Parameters
    ----------
    a
        An array, or anything else.
    text
        Its name.

    Raises
    ------
    UnsupportedAliasError
        If it has gaps in memory.

    Examples
    --------
    >>> copied(np.zeros((2, 3)).T, "a").flags.f_contiguous
    True
    """
    if not isinstance(a, np.ndarray) or a.flags.c_contiguous:
        return deep_copy(a)
    if not a.flags.f_contiguous:
        raise UnsupportedAliasError(
            f"`{text}` is a part of an array, and a view of it is written into",
            why="what is a view of it, and what is a copy, depends on how it lies in memory",
            instead=f"hand over a copy: {text}.copy()",
        )
    return a.copy(order="F")
