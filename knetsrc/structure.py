"""Containers of numbers: what is inside, rebuilding them, copying them.

A container is a list, tuple, namedtuple, dict or dataclass instance, nested to any depth;
everything else is a leaf.

    {"w": [a, b], "n": 3}   ->   ['w'][0]: a   ['w'][1]: b   ['n']: 3
"""

import copy
import dataclasses
import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from knetsrc.dicts import own_members, with_entries
from knetsrc.errors import KnetsrcError, NotDifferentiableError
from knetsrc.modules import array_module, on_device
from knetsrc.objects import is_object


class StructureError(KnetsrcError, ValueError):
    """A cotangent whose structure or shape is not that of the value."""


def is_container(value: Any) -> bool:
    """Whether `value` has parts: a list, tuple, dict or dataclass instance."""
    return isinstance(value, list | tuple | dict) or (
        dataclasses.is_dataclass(value) and not isinstance(value, type)
    )


def is_differentiable(value: Any) -> bool:
    """Whether a leaf can have a gradient: a real floating-point number or array."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return kind == "f" if kind is not None else isinstance(value, float)


def parts(value: Any) -> list[tuple[str, Any]]:
    """The parts of a container, each with how it is read: `[0]`, `['w']`, `.bias`."""
    if isinstance(value, dict):
        return [(f"[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [(f".{name}", part) for name, part in zip(value._fields, value, strict=True)]
    if isinstance(value, list | tuple):
        return [(f"[{i}]", part) for i, part in enumerate(value)]
    if is_container(value):
        return [(f".{f.name}", getattr(value, f.name)) for f in dataclasses.fields(value)]
    return []


def with_parts(value: Any, new: list[Any]) -> Any:
    """A container like `value` with other parts, in the order of `parts`."""
    if isinstance(value, dict):
        return with_entries(value, dict(zip(value, new, strict=True)))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)._make(new)  # type: ignore[attr-defined]
    if isinstance(value, list | tuple):
        return type(value)(new)
    made = copy.copy(value)
    for field, part in zip(dataclasses.fields(value), new, strict=True):
        object.__setattr__(made, field.name, part)
    return made


def refused_dict(error: Exception, values: Iterable[Any]) -> KnetsrcError | None:
    """What to say of an error that a dict of a class of the user among the arguments is to blame for; None for any other.

    Parameters
    ----------
    error
        An error of generated code, or of a check of the arguments.
    values
        The arguments.
    """
    if not isinstance(error, AttributeError | KeyError):
        return None
    for value in _own_dicts(values, set()):
        name = f"dict of the class {type(value).__name__}"
        if isinstance(error, AttributeError):
            if type(error.obj) is dict:  # the adjoint of `value`
                return NotDifferentiableError(
                    f"a derivative with respect to `.{error.name}` of a {name}",
                    why="only entries that are read by their keys have a derivative",
                    instead=f'write p["{error.name}"], or pass a dataclass',
                )
        elif "__missing__" in own_members(type(value)) and error.args[0] not in value:
            return NotDifferentiableError(
                f"a derivative with respect to {error.args[0]!r} of a {name}, which has no such entry",
                why="its class makes the value up, and the gradient has no entry for it",
                instead=f"add the entry before the call, or write p.get({error.args[0]!r}, default)",
            )
        elif not _tells_what_it_has(value):
            return NotDifferentiableError(
                f"a {name}, whose `__getattr__` raises KeyError for what it does not have",
                why="hasattr, copy and NumPy need an AttributeError there",
                instead='pass a plain dict, and write p["name"] for p.name',
            )
    return None


def refused_cycle(error: Exception, values: Iterable[Any]) -> KnetsrcError | None:
    """What to say of an endless recursion where an argument holds itself: its gradient would hold itself, too.

    Parameters
    ----------
    error
        An error of generated code, or of a check of the arguments.
    values
        The arguments.
    """
    if not isinstance(error, RecursionError):
        return None
    found = next((way for value in values if (way := _way_back(value))), None)
    if found is None:
        return None
    kind, path = found
    return NotDifferentiableError(
        f"an argument in which a {kind} holds itself, as its own `{path}`",
        why="its gradient would have the same structure, without an end",
        instead="differentiate with respect to what is inside, or keep a number or a key in place of that reference",
    )


def _way_back(value: Any) -> tuple[str, str] | None:
    """The kind of a container or object that is a part of itself, and how it is read there."""
    above: dict[int, int] = {}
    done = set[int]()
    way: list[str] = []
    stack: list[tuple[Any, Iterator[tuple[str, Any]]]] = [(value, iter(_held(value)))]
    above[id(value)] = 0
    while stack:
        whole, rest = stack[-1]
        text, part = next(rest, ("", None))
        if not text:
            stack.pop()
            done.add(id(whole))
            del above[id(whole)]
            way[len(stack) - 1 :] = []
        elif id(part) in above:
            return type(part).__name__, "".join([*way[above[id(part)] :], text])
        elif id(part) not in done and (inside := _held(part)):
            above[id(part)] = len(stack)
            stack.append((part, iter(inside)))
            way.append(text)
    return None


def _held(value: Any) -> list[tuple[str, Any]]:
    """The parts of a container, or what an object of a class of the user holds."""
    held = getattr(value, "__dict__", None)
    if is_container(value) or isinstance(value, type) or not isinstance(held, dict):
        return parts(value)
    return [(f".{name}", part) for name, part in held.items()]


def _own_dicts(values: Iterable[Any], seen: set[int]) -> Iterator[dict[Any, Any]]:
    """Dicts of classes of the user in these values and in their parts."""
    for value in values:
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict) and own_members(type(value)):
            yield value
        inside = [part for _, part in parts(value)]
        if not is_container(value) and type(value).__module__ != "builtins":
            inside = list(getattr(value, "__dict__", {}).values())
        yield from _own_dicts(inside, seen)


def _tells_what_it_has(value: Any) -> bool:
    try:
        hasattr(value, "__array_function__")
    except KeyError:
        return False
    return True


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with the expression that reads it."""
    if not is_container(value):
        yield path, value
        return
    for step, part in parts(value):
        yield from leaves(part, path + step)


def map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    """`value` with each leaf replaced by `function(leaf)`; the containers are new."""
    if not is_container(value):
        return function(value)
    return with_parts(value, [map_leaves(function, part) for _, part in parts(value)])


def has_differentiable_leaf(value: Any) -> bool:
    """Whether any number inside can have a gradient, also one that is an attribute of a plain object."""
    if any(is_differentiable(leaf) for _, leaf in leaves(value)):
        return True
    inside = list(_attributes(value, ()))
    is_cyclic = any(leaf is _AROUND for leaf in inside)
    return not is_cyclic and any(map(is_differentiable, inside))


_AROUND = "<an object that this one is in>"


def _attributes(value: Any, around: tuple[int, ...]) -> Iterator[Any]:
    """The leaves of the attributes of the plain objects in `value`; a gradient has no form for one that has itself inside."""
    # not at the top: it takes long, and is for objects only
    from knetsrc.backends.structures import fields_of

    for _, leaf in leaves(value):
        if id(leaf) in around:
            yield _AROUND
        elif not type(leaf).__module__.startswith("knetsrc."):  # a gradient that is an argument
            for name in fields_of(leaf) or ():
                part = getattr(leaf, name)
                yield from (inner for _, inner in leaves(part))
                yield from _attributes(part, (*around, id(leaf)))


def independent(value: Any) -> Any:
    """A deep copy as far as that is possible; what cannot be copied (a file, a lock) is shared."""
    try:
        return copy.deepcopy(value)
    except (TypeError, copy.Error):
        return map_leaves(lambda leaf: leaf.copy() if hasattr(leaf, "dtype") else leaf, value)


def independent_memory(value: Any) -> Any:
    """New containers, objects and arrays, all else as it is; arrays that share memory go on sharing it with one another.

    >>> a = np.arange(3.0)
    >>> b, view = independent_memory((a, a[1:]))
    >>> b[1] = 7.0
    >>> a, view
    (array([0., 1., 2.]), array([7., 2.]))
    """
    memory: dict[int, Any] = {}
    return _moved(value, lambda array: _in_new_memory(array, memory), {})


def _moved(value: Any, of_array: Callable[[Any], Any], known: dict[int, Any]) -> Any:
    """`value` with new containers and objects, what is at two places once, and arrays as `of_array` gives them."""
    from knetsrc.backends.structures import fields_of  # as above

    if id(value) in known:
        return known[id(value)]
    made = value
    if isinstance(value, np.ndarray):
        made = of_array(value)
    elif isinstance(value, tuple):
        made = tuple.__new__(type(value), [_moved(part, of_array, known) for part in value])
    elif isinstance(value, dict):
        made = with_entries(value, {k: _moved(v, of_array, known) for k, v in value.items()})
    elif isinstance(value, list | deque):
        known[id(value)] = made = copy.copy(value)
        for i, part in enumerate(value):
            made[i] = _moved(part, of_array, known)
    elif is_object(value) and inspect.getattr_static(value, "__new__") is object.__new__:
        known[id(value)] = made = object.__new__(type(value))
        for name in fields_of(value) or ():
            object.__setattr__(made, name, _moved(getattr(value, name), of_array, known))
    known[id(value)] = made
    return made


def _in_new_memory(array: np.ndarray[Any, Any], memory: dict[int, Any]) -> Any:
    """A copy of an array, at its place in the copy of the array that owns the memory."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    if id(owner) not in memory:
        new = owner.copy(order="K")
        memory[id(owner)] = new, new.ravel(order="K").view(np.uint8)
    new, flat = memory[id(owner)]
    if new.strides != owner.strides or not np.may_share_memory(new, flat):
        return array.copy()
    offset = array.ctypes.data - owner.ctypes.data
    return np.ndarray(array.shape, array.dtype, flat, offset, array.strides)


def fresh_lists(value: Any, known: dict[int, Any] | None = None) -> Any:
    """`value` with new lists where it has lists, one for each; arrays and all else are shared."""
    known = {} if known is None else known
    # lists of adjoints too, of `knetsrc.backends`, which is not imported for a warm start
    is_own = isinstance(value, list) and type(value).__module__.startswith("knetsrc.backends.")
    if type(value) is list or is_own:
        if id(value) not in known:
            known[id(value)] = type(value)([fresh_lists(part, known) for part in value])
        return known[id(value)]
    if type(value) is tuple:
        return tuple(fresh_lists(part, known) for part in value)
    return value


def matched(cotangent: Any, value: Any, path: str = "") -> Any:
    """`cotangent` in the structure, shapes and dtypes of `value`.

    Raises
    ------
    StructureError
        If it has other containers, other keys or another shape.
    """
    if not is_container(value):
        return _matched_leaf(cotangent, value, path) if is_differentiable(value) else cotangent
    inside, wanted = parts(cotangent), parts(value)
    if type(cotangent) is not type(value) or {step for step, _ in inside} != {
        step for step, _ in wanted
    }:
        raise _mismatch(path, _described(cotangent), _described(value))
    given = dict(inside)
    return with_parts(value, [matched(given[step], part, path + step) for step, part in wanted])


def _matched_leaf(cotangent: Any, value: Any, path: str) -> Any:
    is_number = getattr(getattr(cotangent, "dtype", None), "kind", "?") in "fiu" or isinstance(
        cotangent, float | int
    )
    if not is_number or np.shape(cotangent) != np.shape(value):
        raise _mismatch(path, _described(cotangent), _described(value))
    if on_device(value) and not on_device(cotangent):
        if isinstance(cotangent, np.ndarray):
            raise _mismatch(path, "an array of NumPy", f"an array of {type(value).__module__}")
        return array_module(value).full((), cotangent, value.dtype)
    if isinstance(value, float) and not isinstance(value, np.floating):
        return float(cotangent)
    return (
        cotangent.astype(value.dtype, copy=False)
        if hasattr(cotangent, "astype")
        else value.dtype.type(cotangent)
    )


def _mismatch(path: str, given: str, wanted: str) -> StructureError:
    place = f"`{path}` of the cotangent" if path else "the cotangent"
    return StructureError(
        f"{place} is {given}, the value there is {wanted}",
        why="a cotangent has one number for each number of the value that it belongs to",
        instead="pass the structure that the function returned, with arrays of the same shapes",
    )


def _described(value: Any) -> str:
    if hasattr(value, "shape"):
        return f"an array of shape {value.shape}"
    if is_container(value):
        return f"a {type(value).__name__} of {len(parts(value))}"
    return f"a {type(value).__name__}"
