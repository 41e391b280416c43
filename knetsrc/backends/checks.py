"""Checks that generated source makes when it runs, where the transform cannot know."""

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from knetsrc.backends.structures import fields_of
from knetsrc.errors import (
    NonScalarOutputError,
    NotDifferentiableError,
    UnsupportedAliasError,
    UnsupportedSyntaxError,
)
from knetsrc.modules import on_device

_OF_PYTHON = frozenset({np.ndarray, float, int, bool, list, tuple, dict, str, np.float64})
_LIBRARIES = frozenset({"builtins", "numpy", "scipy", "collections", "cupy"})


def check_not_array(value: Any, statement: str) -> None:
    """Refuse an in-place operation on an array or list that another name may share.

    Parameters
    ----------
    value
        What the statement is about to change.
    statement
        The statement as the user wrote it, such as "s += e".

    Raises
    ------
    UnsupportedAliasError
        If `value` is an array, a list or anything else that can be changed in place.

    Examples
    --------
    >>> check_not_array(1.5, "s += e")
    """
    if not hasattr(value, "__iadd__") and not hasattr(value, "__ior__"):
        return
    name, symbol, operand = statement.split(" ", 2)
    operand = f"({operand})" if " " in operand else operand
    error = UnsupportedAliasError(
        f"`{statement}` changes in place a value ({type(value).__name__}) that has another name",
        why="the other name sees the change, and the derivative would be wrong without any sign",
        instead=f"{name} = {name} {symbol[:-1]} {operand}",
    )
    error.in_place = statement if isinstance(value, np.ndarray) else None
    raise error


def check_array(value: Any, statement: str) -> None:
    """Refuse a number where an earlier call had an array that the statement changes in place.

    Parameters
    ----------
    value
        What the statement is about to change.
    statement
        The statement as the user wrote it, such as "s += e".

    Raises
    ------
    UnsupportedAliasError
        If `value` is no array; the next attempt generates for numbers again.

    Examples
    --------
    >>> check_array(np.zeros(3), "s += e")
    """
    if not isinstance(value, np.ndarray):
        name = statement.split(" ", 1)[0]
        error = UnsupportedAliasError(
            f"`{statement}` gives `{name}` a new value ({type(value).__name__}) here",
            why="elsewhere it changes an array in place, and the gradient was generated for that",
            instead=f"let `{name}` be an array in every call of the function",
        )
        error.in_place = ""
        raise error


def check_adjoint_of_array(d: Any) -> None:
    """Refuse the second derivative where a list or dict is read at an index: it was generated for an array.

    Parameters
    ----------
    d
        An adjoint into which that of a part is about to be added.

    Raises
    ------
    UnsupportedSyntaxError
        If `d` is the adjoint of a container.

    Examples
    --------
    >>> check_adjoint_of_array(np.zeros(3))
    """
    if not hasattr(d, "__array_function__"):
        raise UnsupportedSyntaxError(
            "the gradient of a gradient, where a list or dict is read at an index that is computed, or by a slice",
            why="adjoints of its parts are added item by item, which has no derivative of its own",
            instead="an array in place of the list, or indices that are written out: xs[0], xs[1]",
        )


def check_floats(array: Any, statement: str) -> None:
    """Refuse to write a differentiated value into an array of integers.

    Parameters
    ----------
    array
        What is written into; a list or a dict holds anything.
    statement
        The statement as the user wrote it, such as "b[0] = x * x".

    Raises
    ------
    NotDifferentiableError
        If `array` is an array of integers or of booleans.

    Examples
    --------
    >>> check_floats(np.zeros(3), "b[0] = x * x")
    """
    if getattr(getattr(array, "dtype", None), "kind", "f") in "iub":
        name = statement.partition("[")[0]
        raise NotDifferentiableError(
            f"`{statement}` writes a differentiated value into an array of {array.dtype}",
            why="it keeps only the whole part, whose derivative is zero",
            instead=f"let `{name}` be an array of floats",
        )


def without_field(value: Any, name: str) -> Any:
    """`value` itself, of which an attribute is read as that of an array; an object that holds such an attribute is refused.

    Parameters
    ----------
    value
        An array, a number, a module or a class; an object.
    name
        The attribute, such as "shape".

    Raises
    ------
    UnsupportedSyntaxError
        If `value` is an object that has been given the attribute.

    Examples
    --------
    >>> without_field(2.5, "shape")
    2.5
    """
    held = () if isinstance(value, ModuleType) else fields_of(value) or ()
    if name in held or name in getattr(value, "_fields", ()):
        raise UnsupportedSyntaxError(
            f"the attribute `{name}` of an object of the class `{type(value).__name__}`",
            why="arrays have an attribute of this name, and it was not known that the value is an object",
            instead="give the attribute another name",
        )
    return value


def without_member(value: Any, name: str) -> Any:
    """`value` itself, with which something is done as with an array; an object whose class says what that does is refused.

    Parameters
    ----------
    value
        An array, a number, a container of Python's, a module or a class; an object.
    name
        The method, the property or the operator, such as "mean" or "__add__".

    Raises
    ------
    UnsupportedSyntaxError
        If `value` is an object of a class of the user that has such a member.

    Examples
    --------
    >>> without_member(2.5, "__add__")
    2.5
    """
    kind = type(value)
    if kind in _OF_PYTHON or on_device(value):
        return value
    owner = next((c for c in kind.__mro__ if name in vars(c)), object)
    if owner.__module__.partition(".")[0] in _LIBRARIES:
        return value
    raise UnsupportedSyntaxError(
        f"`{name}` of an object of the class `{kind.__name__}`",
        why="it was not known while transforming that the value is an object of this class",
        instead="let each name, and each list, hold objects of one class only, or call a function of the object",
    )


def array_with_method(value: Any, name: str) -> Any:
    """`value` itself, of which a method is called with differentiated values in its options; only an array is let through.

    Parameters
    ----------
    value
        An array; a module or an object of functions.
    name
        The method, such as "reshape".

    Raises
    ------
    UnsupportedSyntaxError
        If `value` is no array.

    Examples
    --------
    >>> array_with_method(np.zeros(2), "reshape")
    array([0., 0.])
    """
    if not hasattr(type(value), "__array__") and not on_device(value):
        raise UnsupportedSyntaxError(
            f"`{name}` of a {type(value).__name__}, called with a differentiated value",
            why=f"it was taken for the method `{name}` of an array, and such a value for an option",
            instead=f"call a function that is known: np.{name}(...)",
        )
    return value


def check_pair(result: Any) -> None:
    """Refuse a result that is not a pair (value, aux).

    Parameters
    ----------
    result
        What the function returns.

    Raises
    ------
    NonScalarOutputError
        If it is not a tuple or list of two.
    """
    if not isinstance(result, tuple | list) or len(result) != 2:
        kind = type(result).__name__
        length = f" of length {len(result)}" if isinstance(result, tuple | list) else ""
        raise NonScalarOutputError(
            f"with has_aux=True the result is a {kind}{length}",
            why="the function must return a tuple of two: the value to differentiate, and the rest",
            instead="return (value, aux), or leave out has_aux",
        )


def check_kind(value: Any, kind: type, name: str) -> None:
    """Refuse an argument that is changed as a list or as a dict, and is something else.

    Parameters
    ----------
    value
        The argument.
    kind
        `list` or `dict`.
    name
        Its name.

    Raises
    ------
    UnsupportedAliasError
        If it is something else, which cannot be copied in that way.

    Examples
    --------
    >>> check_kind([1.0, 2.0], list, "xs")
    """
    if type(value) is not kind:
        raise UnsupportedAliasError(
            f"`{name}` is changed as a {kind.__name__}, and is a {type(value).__name__}",
            why="it is copied first, so that the caller's is left alone, and only lists and dicts are",
            instead=f"hand over a {kind.__name__}, or change a copy",
        )


def check_class(value: Any, *kinds: Any) -> None:
    """Refuse an object of a class of which the derivative knows nothing, and a function that it does not know.

    Parameters
    ----------
    value
        The object.
    *kinds
        The classes of which it may be, and functions that may stand there.

    Raises
    ------
    UnsupportedSyntaxError
        If it is of another class, be it a derived one.

    Examples
    --------
    >>> check_class(2.5, int, float)
    """
    if type(value) not in kinds and not any(value is kind for kind in kinds):
        known = ", ".join(kind.__name__ for kind in kinds)
        raise UnsupportedSyntaxError(
            f"an object of the class `{type(value).__name__}`, where the derivative knows of {known}",
            why="which method is called depends on the class, and it was generated for objects of these",
            instead="let objects of these stand there, or functions of a module, or generate the derivative anew",
        )


def check_not_view(part: Any, whole: Any, statement: str) -> None:
    """Refuse an element that is no copy, of an array or container that is written into later.

    Parameters
    ----------
    part
        What was read.
    whole
        What it was read from.
    statement
        The statement as the user wrote it, such as "row = a[i]".

    Raises
    ------
    UnsupportedAliasError
        If a write into `whole` may be seen in `part`, or the other way round.

    Examples
    --------
    >>> check_not_view(np.arange(3.0)[1], np.arange(3.0), "t = a[1]")
    """
    if isinstance(part, np.ndarray | list | dict) and not _is_apart(part, whole):
        name, _, read = statement.partition(" = ")
        raise UnsupportedAliasError(
            f"`{statement}` gives a second name to a part of what is written into later",
            why=f"`{name}` sees the change, and the derivative would be wrong without any sign",
            instead=f"{name} = {read}.copy()",
        )


def check_not_copy(part: Any, whole: Any, text: str) -> None:
    """Refuse a write into a part of an array that is a copy.

    Parameters
    ----------
    part
        What is about to be written into.
    whole
        What it was read from.
    text
        The part as the user wrote it, such as "y[chosen]".

    Raises
    ------
    UnsupportedAliasError
        If `part` shares no memory with the array `whole`.
    """
    if isinstance(whole, np.ndarray) and not np.may_share_memory(part, whole):
        raise UnsupportedAliasError(
            f"a write into an element of `{text}`",
            why=f"`{text}` picks elements into a new array, and the write is lost",
            instead="write all at once, by one index: a[rows, columns] = ...",
        )


def check_no_list(part: Any, statement: str) -> None:
    """Refuse `xs[i] += e` where `xs[i]` is a list: it becomes longer, and no number is added.

    Parameters
    ----------
    part
        What stands at the place.
    statement
        The statement as the user wrote it.

    Raises
    ------
    UnsupportedSyntaxError
        If `part` is a list or a tuple.

    Examples
    --------
    >>> check_no_list(np.zeros(2), "xs[0] += [1.0, 2.0]")
    """
    if isinstance(part, list | tuple):
        place = statement.split(" += ", 1)[0]
        raise UnsupportedSyntaxError(
            f"`{statement}` makes a list longer that is inside of another container",
            why="a write of an entry has an adjoint of the length that the entry has now",
            instead=f"append the elements one by one: {place}.append(...)",
        )


def check_picked(part: Any, whole: Any, statement: str) -> None:
    """Refuse a view where an earlier call had a copy, as one of the two arrays is written into later.

    Parameters
    ----------
    part
        What was read.
    whole
        What it was read from.
    statement
        The statement as the user wrote it, such as "b = a[rows]".

    Raises
    ------
    UnsupportedAliasError
        If `part` shares memory with `whole`; the next attempt generates for views again.

    Examples
    --------
    >>> a = np.arange(3.0)
    >>> check_picked(a[[0, 2]], a, "b = a[rows]")
    """
    try:
        check_not_view(part, whole, statement)
    except UnsupportedAliasError as error:
        error.in_place = ""
        raise


_PICKING = (np.ndarray, list, tuple, bool, np.bool_)


def check_view(
    part: Any,
    whole: Any,
    statement: str,
    is_entry: bool = False,
    has_same_elements: bool = False,
    picked: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Refuse a copy where a view is needed, as one of the two arrays is written into later.

    Parameters
    ----------
    part
        What was read.
    whole
        What it was read from.
    statement
        The statement as the user wrote it, such as "row = a.reshape(-1)".
    is_entry
        Whether `part` is one entry, which a container holds itself.
    has_same_elements
        Whether `part` is a slice, and only what its elements hold is written into: a slice of a list has the same ones.
    picked
        Names in its index that may stand for arrays, lists, tuples or bools, which pick elements into a new array.

    Raises
    ------
    UnsupportedAliasError
        If `part` shares no memory with `whole`; where one of these has picked it, the next attempt generates for that.

    Examples
    --------
    >>> a = np.zeros((2, 3))
    >>> check_view(a.reshape(-1), a, "row = a.reshape(-1)")
    """
    if isinstance(whole, np.ndarray):
        is_view = isinstance(part, np.ndarray) and (part.size == 0 or not _is_apart(part, whole))
    else:
        is_view = is_entry or part is whole or getattr(part, "base", None) is not None
        is_view |= has_same_elements and isinstance(whole, list | tuple)
    if not is_view:
        name, _, read = statement.partition(" = ")
        error = UnsupportedAliasError(
            f"`{statement}` gives a copy here, and one of the two is written into later",
            why=f"whether `{name}` sees the write depends on the arguments; the derivative is that of a view",
            instead=f"make it a copy wherever it is called: {name} = ({read}).copy()",
        )
        picking = [text for text, index in picked.items() if isinstance(index, _PICKING)]
        error.in_place = f"[{', '.join(picking)}]" if picking else None
        raise error


def check_distinct(whole: Any, statement: str) -> None:
    """Refuse a container, or arguments, with an array or a list at two places, one of which is written into later.

    Parameters
    ----------
    whole
        A container, or anything else, which is let pass.
    statement
        The statement that has put something there, as the user wrote it, such as "d = [row, row]", or the call.

    Raises
    ------
    UnsupportedAliasError
        If a write at one place would be seen at another.

    Examples
    --------
    >>> check_distinct([np.zeros(2), np.zeros(2)], "d = [a, b]")
    """
    found: dict[int, list[Any]] = {}
    stack: list[Any] = [whole] if isinstance(whole, list | tuple | dict) else []
    while stack:
        part = stack.pop()
        owner: Any = part
        while isinstance(owner, np.ndarray) and isinstance(owner.base, np.ndarray):
            owner = owner.base
        others = found.setdefault(id(owner), [])
        if any(other is part or not _is_apart(part, other) for other in others):
            raise UnsupportedAliasError(
                f"`{statement}` has one array or list at two places",
                why="a write at one place changes the other, and the derivative would be wrong without any sign",
                instead="put a copy there: ....copy()",
            )
        others.append(part)
        parts = (
            part.values()
            if isinstance(part, dict)
            else part
            if isinstance(part, list | tuple)
            else ()
        )
        stack += [p for p in parts if may_change(p)]


def check_entry(whole: Any, container: Any, key: Any, statement: str) -> None:
    """Refuse what `check_distinct` does, where an entry of a container that is changed in place later is no number.

    Parameters
    ----------
    whole
        What is to be distinct: the container and a copy of it.
    container
        The container, or an array.
    key
        The key or index of the entry.
    statement
        The statement that makes the copy, as the user wrote it, such as "q = p.copy()".

    Raises
    ------
    UnsupportedAliasError
        If a write into the entry would be seen at another place.

    Examples
    --------
    >>> state = {"u": np.zeros(2), "t": 0.0}
    >>> check_entry([state.copy(), state], state, "t", "kept = state.copy()")
    """
    if isinstance(container, dict):
        is_number = not may_change(container.get(key))
    else:
        is_index = isinstance(container, list | tuple) and isinstance(key, int)
        is_there = is_index and -len(container) <= key < len(container)
        is_number = is_there and not may_change(container[key])
    if not is_number:
        check_distinct(whole, statement)


def may_change(part: Any) -> bool:
    """Whether a value is an array, a container or an object."""
    is_known = isinstance(part, np.ndarray | list | tuple | dict)
    return is_known or (not callable(part) and fields_of(part) is not None)


def _is_apart(part: Any, whole: Any) -> bool:
    arrays = isinstance(part, np.ndarray) and isinstance(whole, np.ndarray)
    return arrays and not np.may_share_memory(part, whole)


@contextlib.contextmanager
def check_reraises(context: Any) -> Iterator[Any]:
    """Refuse a context manager that swallows an exception: the backward part does not know how much of its block ran.

    Parameters
    ----------
    context
        The context manager of the user.

    Raises
    ------
    UnsupportedSyntaxError
        At the end of the block, if `context` swallows what was raised in it.

    Examples
    --------
    >>> with check_reraises(contextlib.nullcontext(2.0)) as value:
    ...     print(value)
    2.0
    """
    is_complete = False
    with context as value:
        yield value
        is_complete = True
    if not is_complete:
        raise UnsupportedSyntaxError(
            "`with` swallows a failure",
            why="how much of its block ran is not known to the backward part",
            instead="write `try` and `except`, or `with contextlib.suppress(...)`",
        )
