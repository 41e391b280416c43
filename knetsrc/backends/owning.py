"""Checks that nothing else in an object holds what one of its attributes holds, before that changes."""

import enum
import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from knetsrc.backends.checks import may_change
from knetsrc.backends.structures import fields_of
from knetsrc.errors import UnsupportedAliasError
from knetsrc.modules import on_device

_PLAIN = frozenset({float, int, bool, str, type(None), np.float64, np.float32, np.int64})


def check_apart(other: Any, holder: Any, shown: str, *names: str) -> None:
    """Refuse a change of what attributes hold, where something that is read later holds the same.

    Parameters
    ----------
    other
        What is read later.
    holder
        The object.
    shown
        How `other` is written.
    *names
        The attributes that change, `rows[]` if elements of it do; none if all of the object may change.

    Raises
    ------
    UnsupportedAliasError
        If `other` is what one of the attributes holds, holds it, or shares memory with it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_apart(np.zeros(2), SimpleNamespace(u=np.zeros(2)), "x", "u")
    """
    changing = [*_changing(holder, names)] if names else [*_parts_of(holder)]
    if any(_is_shared(part, value) for part in _parts_of(other) for value in changing):
        what = " or ".join(f"`{name.removesuffix('[]')}`" for name in names)
        raise UnsupportedAliasError(
            f"a change{f' of the attribute {what}' if names else ''} that `{shown}` sees",
            why=f"`{shown}` is read later, and the derivative would be wrong without any sign",
            instead=f"let the object hold a copy, or give `{shown}` one where it is bound: ....copy()",
        )


def check_apart_in(others: Any, place: Any, holder: Any, shown: str, *names: str) -> None:
    """The same for an object in a list, a dict or another object: what is beside it there must not change with it.

    Parameters
    ----------
    others
        The list, dict or object.
    place
        The index or key of the object; of one that an attribute holds the way to it, such as "rod.tip".
    holder
        The object.
    shown
        How `others` is written.
    *names
        The attributes that change.

    Raises
    ------
    UnsupportedAliasError
        If another entry is what one of the attributes holds, holds it, or shares memory with it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> ps = [SimpleNamespace(u=np.zeros(2)), SimpleNamespace(u=np.zeros(2))]
    >>> check_apart_in(ps, -1, ps[-1], "ps", "u")
    """
    if isinstance(others, dict):
        rest: list[Any] = [value for key, value in others.items() if key != place]
    elif fields_of(others) is not None:
        rest = [*_beside(others, place.split("."))]
    else:
        place = range(len(others))[place]
        rest = [*others[:place], *others[place + 1 :]]
    check_apart(rest, holder, shown, *names)


def _beside(holder: Any, path: list[str]) -> Iterator[Any]:
    """What attributes hold, but for the one at the end of a path."""
    yield from (getattr(holder, name) for name in fields_of(holder) or () if name != path[0])
    if len(path) > 1:
        yield from _beside(getattr(holder, path[0]), path[1:])


def check_sole(holder: Any, *others: Any, statement: str) -> None:
    """Refuse an object of which an attribute is assigned, where another argument, or a part of it, is the same object.

    Parameters
    ----------
    holder
        The object.
    *others
        The other arguments.
    statement
        The call, such as "loss(net, opt)".

    Raises
    ------
    UnsupportedAliasError
        If one of them is or holds the object, or if the object itself does.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_sole(SimpleNamespace(u=1.0), SimpleNamespace(u=2.0), statement="f(a, b)")
    """
    _check_alone([holder], [holder], others, statement, "hand over a copy: copy.copy(...)")


def check_sole_in(holders: Any, *others: Any, statement: str) -> None:
    """The same for the objects in a list, tuple or dict, of which attributes are assigned.

    Parameters
    ----------
    holders
        The list, tuple or dict.
    *others
        The other arguments.
    statement
        The call, such as "loss(particles, dt)".

    Raises
    ------
    UnsupportedAliasError
        If one of the objects is at two places.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_sole_in([SimpleNamespace(u=1.0), SimpleNamespace(u=2.0)], 0.1, statement="f(ps, dt)")
    """
    every = [*(holders.values() if isinstance(holders, dict) else holders)]
    instead = "hand over a list of copies: [copy.copy(p) for p in ...]"
    _check_alone(every, [*every, holders], others, statement, instead)


def _check_alone(
    every: list[Any], sole: list[Any], others: Iterable[Any], statement: str, instead: str
) -> None:
    """Refuse objects of which one is there twice, or of which what is `sole` is another argument, or in one or in an object."""
    known = {id(part) for part in sole}
    within = [getattr(part, name) for part in every for name in fields_of(part) or ()]
    is_twice = len({id(part) for part in every}) < len(every)
    if is_twice or any(id(p) in known for value in (*others, *within) for p in _parts_of(value)):
        raise UnsupportedAliasError(
            f"`{statement}` has one object at two places, and assigns an attribute of it",
            why="what is assigned at one place is seen at the other, and the derivative would be wrong without any sign",
            instead=instead,
        )


def check_unseen(value: Any, text: str, seen: Any, shown: str, *paths: str) -> None:
    """Refuse an argument that is written into, and is or holds what the function reads under another name.

    Parameters
    ----------
    value
        The argument.
    text
        Its name; "o.w" where only what an attribute holds changes, "o.rows[]" if elements of that do.
    seen
        What is read: something from outside of the function, or another argument that is an object, or beside one.
    shown
        Its name.
    *paths
        Attributes of it that are read, such as "rod.u"; none if all of it may be.

    Raises
    ------
    UnsupportedAliasError
        If the two have an array, a list, a dict or an object in common.

    Examples
    --------
    >>> check_unseen(np.zeros(2), "a", np.zeros(2), "G")
    """
    text, is_deep, _ = text.partition("[]")
    attribute = text.partition(".")[2]
    (_, changing), *_ = _held_at(value, (attribute,) if attribute else ())
    inside = [changing] if attribute and not is_deep else _parts_of(changing)
    written = [part for part in inside if may_change(part) and not isinstance(part, _STEADY)]
    if not written:
        return
    for path, held in _held_at(seen, paths):
        parts = [part for part in _parts_of(held) if not isinstance(part, _STEADY)]
        if any(_is_shared(part, other) for part in parts for other in written):
            name = f"{shown}.{path}" if path else shown
            copied = f"{text}.copy()" if _is_array(changing) else f"copy.deepcopy({text})"
            raise UnsupportedAliasError(
                f"`{text}` is written into, and `{name}` is or holds the same array, list or object",
                why=f"`{name}` sees the write, and the derivative would be wrong without any sign",
                instead=f"hand over a copy: {copied}",
            )


_STEADY = (tuple, enum.Enum)  # what is in a tuple may change


def _held_at(value: Any, paths: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """What is found at these paths, as far as they lead through attributes that objects hold."""
    for path in paths or ("",):
        held, way = value, list[str]()
        for name in path.split("."):
            if isinstance(held, np.ndarray) or name not in (fields_of(held) or ()):
                break
            held = getattr(held, name)
            way.append(name)
        yield ".".join(way), held


def _changing(holder: Any, names: tuple[str, ...]) -> Iterator[Any]:
    """What attributes hold, and for `rows[]` all that is in it."""
    for name in names:
        value = holder
        for attr in name.removesuffix("[]").split("."):
            value = getattr(value, attr, None)
        parts = _parts_of(value) if name.endswith("[]") else [value]
        yield from (part for part in parts if may_change(part))


def check_own(value: Any, holder: Any, name: str, change: str, *read: str) -> None:
    """Refuse a change of what an attribute holds, where another part of the object holds the same.

    Parameters
    ----------
    value
        A copy of what the attribute holds.
    holder
        The object.
    name
        The attribute.
    change
        What changes it, as the user wrote it, such as "self.u[0]".
    *read
        Attributes that are read while it changes.

    Raises
    ------
    UnsupportedAliasError
        If another attribute shares memory with it, if it is no array, list or dict, or if one of those that are read is computed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_own(np.zeros(2), SimpleNamespace(u=np.zeros(2), v=np.zeros(2)), "u", "s.u[0]")
    """
    held = getattr(holder, name)
    if type(held) not in (list, dict) and not _is_array(held):
        raise _other_kind(held, name, change)
    for other in fields_of(holder) or ():
        parts = _parts_of(getattr(holder, other)) if other != name else ()
        if any(_is_shared(part, held) for part in parts):
            raise UnsupportedAliasError(
                f"`{change}` changes what the attribute `{other}` holds as well",
                why="a write at one place changes the other, and the derivative would be wrong without any sign",
                instead=f"let one of `{name}` and `{other}` be a copy: ....copy()",
            )
    for other in read:
        _refuse_computed(holder, other, change)


def check_own_array(value: Any, holder: Any, name: str, change: str, *read: str) -> None:
    """The same for an array; where it is a list or a dict, the next attempt generates for anything.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_own_array(np.zeros(2), SimpleNamespace(u=np.zeros(2)), "u", "s.u[0]")
    """
    _check_kind(_is_array, holder, name, change)
    check_own(value, holder, name, change, *read)


def check_own_list(value: Any, holder: Any, name: str, change: str, *read: str) -> None:
    """The same for a list; where it is an array, the next attempt generates for that.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_own_list([1.0], SimpleNamespace(xs=[1.0]), "xs", "s.xs.append(x)")
    """
    _check_kind(lambda value: type(value) is list, holder, name, change)
    check_own(value, holder, name, change, *read)


def check_own_dict(value: Any, holder: Any, name: str, change: str, *read: str) -> None:
    """The same for a dict.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_own_dict({}, SimpleNamespace(d={}), "d", "s.d['a']")
    """
    _check_kind(lambda value: type(value) is dict, holder, name, change)
    check_own(value, holder, name, change, *read)


def check_own_object(value: Any, holder: Any, name: str, change: str) -> None:
    """The same for an object that an attribute holds, and that is written to.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rod = SimpleNamespace(u=1.0)
    >>> check_own_object(rod, SimpleNamespace(rod=rod), "rod", "s.rod.u = 2.0")
    """
    held = getattr(holder, name)
    if isinstance(held, list | tuple | dict) or _is_array(held) or fields_of(held) is None:
        raise _other_kind(held, name, change, "an object of a class")
    beside = [getattr(holder, other) for other in fields_of(holder) or () if other != name]
    within = [getattr(held, other) for other in fields_of(held) or ()]
    if any(part is held for value in (*beside, *within) for part in _parts_of(value)) or any(
        part is holder for value in within for part in _parts_of(value)
    ):
        raise UnsupportedAliasError(
            f"`{change}` writes to an object that something else holds as well",
            why="a write at one place changes the other, and the derivative would be wrong without any sign",
            instead=f"let `{name}` be an object that only this attribute holds",
        )


def check_own_elements(value: Any, holder: Any, name: str, change: str, *read: str) -> None:
    """The same for a list or a dict of which elements are added to: nothing else holds these.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_own_elements([1.0], SimpleNamespace(xs=[1.0]), "xs", "s.xs[i]")
    """
    check_own(value, holder, name, change, *read)
    others = [getattr(holder, other) for other in fields_of(holder) or () if other != name]
    seen = [part for other in others for part in _parts_of(other)]
    elements = value.values() if isinstance(value, dict) else value
    for element in () if isinstance(value, np.ndarray) else elements:
        parts = [*_parts_of(element)]
        if any(_is_shared(part, other) for part in parts for other in seen):
            raise UnsupportedAliasError(
                f"`{change}` changes an array or a list that something else holds as well",
                why="a write at one place changes the other, and the derivative would be wrong without any sign",
                instead="put a copy there: ....copy()",
            )
        if parts and not isinstance(element, np.ndarray | list):
            raise _other_kind(element, f"{name}[...]", change)
        seen += parts


def _check_kind(is_kind: Callable[[Any], bool], holder: Any, name: str, change: str) -> None:
    value = getattr(holder, name)
    if not is_kind(value):
        error = _other_kind(value, name, change)
        error.in_place = change if type(value) in (np.ndarray, list, dict) else None
        error.is_guess = True
        raise error


def _is_array(value: Any) -> bool:
    return type(value) is np.ndarray or on_device(value)


def _other_kind(
    value: Any, name: str, change: str, wanted: str = "an array, a list or a dict"
) -> UnsupportedAliasError:
    return UnsupportedAliasError(
        f"`{change}` changes the attribute `{name}`, a {type(value).__name__}",
        why="only arrays, lists and dicts are known to change in the way that is written",
        instead=f"keep {wanted} in it",
    )


def _refuse_computed(holder: Any, name: str, change: str) -> None:
    """Refuse a property that is read while another attribute changes."""
    member = inspect.getattr_static(type(holder), name, None)
    if hasattr(type(member), "__get__") and not isinstance(member, types.MemberDescriptorType):
        raise UnsupportedAliasError(
            f"`{change}` changes an attribute, and `{name}` of the class is read with it",
            why="it may read what changes, which is written into the object afterwards",
            instead=f"read it before: {name} = self.{name}",
        )


def _parts_of(value: Any) -> Iterator[Any]:
    """A value, and all arrays, containers and objects inside of it."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        part = stack.pop()
        if not may_change(part) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        inside: Iterable[Any] = ()
        if isinstance(part, dict):
            inside = part.values()
        elif isinstance(part, list | tuple):
            inside = part
        elif not isinstance(part, np.ndarray):
            inside = [getattr(part, name) for name in fields_of(part) or ()]
        stack += [p for p in inside if type(p) not in _PLAIN]


def _is_shared(part: Any, value: Any) -> bool:
    """Whether a part is a value, or a view of it."""
    arrays = isinstance(part, np.ndarray) and isinstance(value, np.ndarray)
    return part is value or (arrays and np.may_share_memory(part, value))
