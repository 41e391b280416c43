"""Objects of classes of the user: which there are in a value, and whether they do anything."""

import dataclasses
import dis
import enum
import functools
import inspect
import math
import numbers
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

_LEAVES = frozenset({float, int, bool, str, type(None)})
_MADE_BY_DATACLASS = frozenset(
    {"__init__", "__repr__", "__eq__", "__hash__", "__new__", "__setattr__", "__delattr__", "__replace__",
     "__getnewargs__", "_make", "_replace", "_asdict"}
)  # fmt: skip
_OF_EVERY_OBJECT = frozenset(
    {"__init_subclass__", "__class_getitem__", "__dict__", "__weakref__", "__hash__"}
)
_LIBRARIES = frozenset({"builtins", "numpy", "scipy", "collections", "cupy"})


LIKE_ARRAYS = frozenset(
    {"shape", "ndim", "dtype", "size", "nbytes", "itemsize", "strides", "flags", "T", "mT", "real", "imag"}
)  # fmt: skip
_MAY_BE_BASE = 1 << 10  # of the flags of a class
_OWN = "__own__"
LEAST_DEPTH = 4
_MOST_DEPTH = 8
_MOST_STEPS = 500


class Mixed:
    """Stands for the class of objects that are of several classes, or of a class and no objects beside them.

    Attributes
    ----------
    kinds
        The classes.
    """

    kinds: tuple[type, ...] = ()


class FunctionAmong:
    """Stands for the class of a function that stands among objects: each has one of its own.

    Attributes
    ----------
    function
        The function.
    """

    function: Any = None


@functools.lru_cache(maxsize=1024)
def _kind_of(function: Any) -> type:
    names = {"__module__": "builtins", "__qualname__": f"{function.__module__}.{function.__name__}"}
    return type(function.__name__, (FunctionAmong,), {"function": function, **names})


def is_mixed(kind: type | None) -> bool:
    """Whether objects may be of several classes."""
    return kind is not None and issubclass(kind, Mixed)


def _mixed(kinds: Iterable[type]) -> type:
    every = {part for kind in kinds for part in (kind.kinds if issubclass(kind, Mixed) else [kind])}
    by_class: dict[type, set[type]] = {}
    for kind in every:
        by_class.setdefault(without_own(kind), set()).add(kind)
    alike = (_same(iter(group)) for group in by_class.values())
    return _mixed_of(tuple(sorted(alike, key=lambda k: (k.__module__, k.__qualname__))))


@functools.lru_cache(maxsize=1024)
def _mixed_of(kinds: tuple[type, ...]) -> type:
    return type("Mixed", (Mixed,), {"kinds": kinds, "__module__": Mixed.__module__})


class Table(NamedTuple):
    """A list, tuple or dict of functions, as it was."""

    kind: type
    keys: tuple[Any, ...]
    values: tuple[Any, ...]

    def made(self) -> Any:
        """The container again."""
        pairs = zip(self.keys, self.values, strict=True)
        return dict(pairs) if self.kind is dict else self.kind(self.values)


class Held:
    """Stands in a class for an attribute of an object that is no member of the class: the function that it holds, None for others."""

    def __init__(self, what: Any) -> None:
        self.__func__ = what


class _Plain:
    """The first base of classes that are made for an object: making one is no event for the class of the user."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        pass


def classes_in(value: Any) -> dict[str, type]:
    """Classes of the user of which an object is, and what its attributes and elements hold, by path.

    An object with functions, or with attributes that hide members of its class, has a class of its own; see `class_of`. Paths are
    as long as `LEAST_DEPTH` at least, and longer where there are few objects: nets in nets.

    Examples
    --------
    >>> from dataclasses import make_dataclass
    >>> layer = make_dataclass("Layer", ["w"])
    >>> found = classes_in([layer(0.5), layer(1.5)])
    >>> {path: kind.__name__ for path, kind in found.items()}
    {'[]': 'Layer'}
    """
    kind = type(value)
    if kind in _LEAVES or kind.__module__ == "numpy":
        return {}
    try:
        return _classes_in(value, _MOST_DEPTH, _Steps(_MOST_STEPS))
    except _TooManyError:
        return _classes_in(value, LEAST_DEPTH, _Steps(math.inf))


class _TooManyError(Exception):
    """There is more in a value than is looked at."""


class _Steps:
    """Counts what is looked at."""

    __slots__ = ("left",)

    def __init__(self, left: float) -> None:
        self.left = left


def _classes_in(value: Any, depth: int, steps: _Steps) -> dict[str, type]:
    if type(value) in _LEAVES or type(value).__module__ == "numpy":
        return {}
    steps.left -= 1
    if steps.left < 0:
        raise _TooManyError
    if isinstance(value, list | tuple | dict) and not hasattr(value, "_fields"):
        elements = list(value.values()) if isinstance(value, dict) else value
        if not depth or set(map(type, elements)) <= _LEAVES:
            return {}
        every = {frozenset(_classes_in(v, depth - 1, steps).items()) for v in elements}
        if len(every) == 1:
            return {f"[]{path}": kind for path, kind in next(iter(every))}
        inside = [dict(facts) for facts in every]
        if any("" in facts for facts in inside) and {} in inside:
            inside += _functions_among(elements)
        paths = dict.fromkeys(path for found in inside for path in found)
        having = {p: [f for f in inside if may_have(f, p)] for p in paths}
        return {f"[]{p}": _same(found.get(p) for found in having[p]) for p in paths}
    if not is_object(value):
        return {}
    found = {"": class_of(value)}
    attributes = value._asdict() if hasattr(value, "_asdict") else getattr(value, "__dict__", {})
    for name, part in attributes.items() if depth else ():
        found |= {
            f".{name}{rest}": kind for rest, kind in _classes_in(part, depth - 1, steps).items()
        }
    return found


def _same(kinds: Iterator[type | None]) -> type:
    """One class for objects of these classes: what they do not have in common is no function that is known."""
    every = set(kinds)
    if len(every) == 1 and None not in every:
        return next(filter(None, every))
    of_users = {k and without_own(k) for k in every}
    if len(of_users) > 1 or None in of_users:
        return _mixed(filter(None, every))
    owns = [dict(_own_of(k)) for k in every if k]
    names = {n for own in owns for n in own}
    alike = {n: owns[0].get(n) for n in names if len({own.get(n) for own in owns}) == 1}
    return _made_for(*filter(None, of_users), _sorted(dict.fromkeys(names) | alike))


def _functions_among(elements: Iterable[Any]) -> list[dict[str, type]]:
    """What is known of functions that stand among objects, if nothing else does."""
    found = [function_among(v) for v in elements if not is_object(v)]
    return found if all(found) else []


def function_among(value: Any) -> dict[str, type]:
    """What stands for the class of a function that has a name in a module; nothing for others."""
    return {"": _kind_of(value)} if _is_function(value) and _is_named(value) else {}


def _is_named(function: Any) -> bool:
    home = sys.modules.get(getattr(function, "__module__", None) or "")
    name = getattr(function, "__name__", "")
    if isinstance(function, np.ufunc):
        home = np
    return home is not None and getattr(home, name, None) is function


def may_have(known: Mapping[str, type], path: str) -> bool:
    """Whether something of which classes are known by path has what another path names: `.inner.w`, where `.inner` may have a `w`."""
    begins = [i for i, sign in enumerate(path) if sign == "." and path[:i] in known]
    return path in known or not any(_lacks(known[path[:i]], path[i + 1 :]) for i in begins)


def _lacks(kind: type, path: str) -> bool:
    """Whether objects of a class have no such attribute: `w` in `w[].b`."""
    if is_mixed(kind) or sets_any_attribute(kind):
        return False
    name = path.replace("[", ".").partition(".")[0]
    is_field = name in getattr(kind, "_fields", ()) or hasattr(kind, name)
    return not is_field and name not in own_attributes(kind)


def joined(kinds: Iterable[type]) -> type | None:
    """One class for objects of these classes, None where not all are objects or methods may assign functions."""
    every = set(kinds)
    if len(every) > 1 and any(may_be_hidden(without_own(k)) for k in every):
        return None
    found = _same(iter(every))
    is_open = issubclass(found, Mixed) and Plain in found.kinds
    return None if is_open else found


def joined_elements(kinds: Iterable[type | None]) -> type | None:
    """The same where some may be no objects (None, `Plain`): then whoever asks them for a method has to see which they are."""
    every = set(kinds)
    users = every - {None, Plain}
    if users == every or not users:
        return None if None in every else joined(filter(None, every))
    is_hidden = any(may_be_hidden(without_own(k)) for k in users if k is not None)
    return None if is_hidden else _mixed(filter(None, users))


def with_functions(kind: type, functions: Mapping[str, Any]) -> type:
    """The class of an object that has been made with these functions as attributes, and keeps them."""
    held = {n: f for n, f in functions.items() if _is_function(f) and not _is_computed(kind, n)}
    is_known = not sets_any_attribute(kind) and _hiding(kind) <= held.keys()
    if not held or not is_known or not kind.__flags__ & _MAY_BE_BASE:
        return kind
    return _made_for(kind, _sorted(held))


def _is_computed(kind: type, name: str) -> bool:
    """Whether an attribute belongs to a property or another descriptor: no slot, and no field of a namedtuple."""
    found = inspect.getattr_static(kind, name, None)
    is_kept = isinstance(found, types.MemberDescriptorType) or name in getattr(kind, "_fields", ())
    return hasattr(type(found), "__set__") and not is_kept


# --- attributes that hide members of the class --------------------------------------------------------------------------------
def class_of(value: Any) -> type:
    """The class of an object of the user.

    Where attributes of the object hide members of the class, or hold functions, or methods may do such things, it is a class
    made for it, with these in the place of members: what it has as methods the object has for sure.
    """
    kind: type = type(value)
    own = getattr(value, "__dict__", None)
    if own is None and isinstance(value, tuple) and hasattr(value, "_fields"):
        own = dict(zip(value._fields, value, strict=True))
    if own is None or isinstance(value, enum.Enum | type) or not kind.__flags__ & _MAY_BE_BASE:
        return kind
    hidden = {name for c in kind.__mro__ for name in own.keys() & vars(c).keys()}
    found = tuple((n, _held(v, value)) for n, v in own.items() if _is_function(v) or _is_table(v))
    others = tuple((n, None) for n in own if n in hidden and _is_hiding(kind, n))
    others += tuple((n, None) for n in own.keys() & LIKE_ARRAYS - own_attributes(kind))
    known = dict(others) | dict(found)
    return _made_for(kind, _sorted(known)) if known or may_be_hidden(kind) else kind


def is_made_for_object(kind: type) -> bool:
    """Whether a class tells all attributes of its object that hide members of the class."""
    return kind.__bases__[:1] == (_Plain,)


def without_own(kind: type) -> type:
    """The class of the user, for that of one of its objects."""
    return kind.__bases__[1] if is_made_for_object(kind) else kind


def tells_class(kind: type) -> bool:
    """Whether an annotation with a class says of which class an object is: nobody has derived one from it so far."""
    if inspect.isabstract(kind) or getattr(kind, "_is_protocol", False):
        return False
    return all(map(is_made_for_object, type.__subclasses__(kind)))


@functools.lru_cache(maxsize=1024)
def _made_for(kind: type, own: tuple[tuple[str, Any], ...]) -> type:
    members = {n: w.function if isinstance(w, _Method) else Held(w) for n, w in own}
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__slots__": ()}
    made = {**members, **names, _OWN: own}
    return type.__new__(type(kind), kind.__name__, (_Plain, kind), made)


def _own_of(kind: type) -> tuple[tuple[str, Any], ...]:
    return getattr(kind, _OWN) if is_made_for_object(kind) else ()


def _sorted(own: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(own.items(), key=lambda item: item[0]))


class _Method(NamedTuple):
    """A method that an object has, and its class has not."""

    function: Any


def _held(value: Any, owner: Any) -> Any:
    """What an attribute holds that is a function or a table of functions, as something that can be compared."""
    if isinstance(value, types.MethodType) and value.__self__ is owner:
        return _Method(value.__func__)
    if _is_table(value):
        is_dict = isinstance(value, dict)
        return Table(type(value), tuple(value), tuple(value.values() if is_dict else value))
    return value


def _is_function(value: Any) -> bool:
    is_value = not callable(value) or isinstance(value, type) or type(value).__hash__ is None
    return not is_value and not is_object(value)


def _is_table(value: Any) -> bool:
    if type(value) not in (list, tuple, dict) or not value:
        return False
    return all(map(_is_function, value.values() if isinstance(value, dict) else value))


def _is_hiding(kind: type, name: str) -> bool:
    """Whether an object's attribute stands for something else than the member of its class: no field with a default."""
    member = next(vars(c)[name] for c in kind.__mro__ if name in vars(c))
    if hasattr(type(member), "__set__") or isinstance(member, functools.cached_property):
        return False
    return callable(member) or hasattr(member, "__get__") or name not in own_attributes(kind)


@functools.cache
def may_be_hidden(kind: type) -> bool:
    """Whether methods assign attributes that are methods of the class, or attributes of any name."""
    return sets_any_attribute(kind) or bool(_hiding(kind))


def _hiding(kind: type) -> set[str]:
    """Attributes of objects that may hide functions and methods of the class."""
    own, users = own_attributes(kind), [c for c in kind.__mro__ if not _is_library(c)]
    return {n for c in users for n in own & vars(c).keys() if callable(vars(c)[n])}


@functools.cache
def own_attributes(owner: type) -> frozenset[str]:
    """Names that objects of a class are annotated with, or that its methods assign."""
    found = _assigned(owner)
    for kind in owner.__mro__:
        annotated = vars(kind).get("__annotations__")
        found |= set(annotated) - class_variables(kind) if isinstance(annotated, dict) else set()
    return found


def assigned_later(owner: type, name: str) -> bool:
    """Whether an attribute may be assigned after its object has been made."""
    return sets_any_attribute(owner) or name in _assigned(owner, ("__init__", "__post_init__"))


@functools.cache
def _assigned(owner: type, but_in: tuple[str, ...] = ()) -> frozenset[str]:
    """Names of attributes that methods of a class assign."""
    found: set[str] = set()
    for kind in owner.__mro__:
        for step, *after in _steps(kind, but_in):
            if step.opname == "STORE_ATTR":
                found.add(str(step.argval))
            elif step.argval in _SETTERS and (text := _literal_name(after)):
                found.add(text)
    return frozenset(found)


@functools.cache
def may_assign(owner: type, method: str, name: str) -> bool:
    """Whether a method of a class, or one that it may call, assigns an attribute of this name."""
    members: dict[str, list[Any]] = {}
    for kind in owner.__mro__:
        for text, member in () if _is_library(kind) else vars(kind).items():
            members.setdefault(text, []).append(member)
    waiting, seen = [method], set[str]()
    while waiting:
        steps = [s for m in members.get(waiting.pop(), ()) for s, *_ in _steps_of_member(m)]
        if any(s.opname == "STORE_ATTR" and s.argval == name for s in steps):
            return True
        called = {s.argval for s in steps if isinstance(s.argval, str)} & members.keys() - seen
        seen |= called
        waiting += called
    return sets_any_attribute(owner)


@functools.cache
def sets_any_attribute(owner: type) -> bool:
    """Whether methods assign attributes by names that are computed: `setattr(self, k, v)`, `self.__dict__.update(...)`."""
    for kind in owner.__mro__:
        read, is_written = set[str](), False
        for step, *after in _steps(kind):
            if step.argval in _SETTERS and not _literal_name(after):
                return True
            is_written |= step.opname == "STORE_SUBSCR" or step.argval in ("update", "setdefault")
            read |= {str(step.argval)} & {"__dict__", "vars"}
        if read and is_written:
            return True
    return False


_SETTERS = ("setattr", "__setattr__")


def _steps(kind: type, but_in: tuple[str, ...] = ()) -> Iterator[tuple[dis.Instruction, ...]]:
    """The instructions of the methods of a class, each with the two after it."""
    if _is_library(kind):
        return
    for member in (m for n, m in vars(kind).items() if n not in but_in):
        yield from _steps_of_member(member)


def _steps_of_member(member: Any) -> Iterator[tuple[dis.Instruction, ...]]:
    for name in ("__func__", "fget", "fset", "func", "__wrapped__", "__self__"):
        yield from _steps_of(getattr(getattr(member, name, None), "__code__", None))
    yield from _steps_of(getattr(member, "__code__", None))


def _steps_of(code: Any) -> Iterator[tuple[dis.Instruction, ...]]:
    if not isinstance(code, types.CodeType) or code.co_filename == "<string>":  # by `dataclass`
        return
    steps = list(dis.get_instructions(code))
    yield from (tuple(steps[i : i + 3]) for i in range(len(steps)))
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _steps_of(inner)


def _literal_name(after: list[dis.Instruction]) -> str:
    """The name that `setattr(self, "name", ...)` gives, by the instructions after `setattr`; empty if it is computed."""
    is_literal = len(after) == 2 and isinstance(after[0].argval, str)
    is_literal = is_literal and after[1].opname == "LOAD_CONST"
    return after[1].argval if is_literal and isinstance(after[1].argval, str) else ""


def class_variables(kind: type) -> frozenset[str]:
    """Names that a dataclass annotates as those of the class."""
    every = vars(kind).get("__dataclass_fields__", {})
    fields = {f.name for f in dataclasses.fields(kind)} if every else set()
    return frozenset(set(every) - fields)


def has_behaviour(kind: type) -> bool:
    """Whether a class of the user has methods, properties or operators of its own, or attributes named like those of arrays."""
    if is_mixed(kind) or is_made_for_object(kind) or fields_like_arrays(kind):
        return True
    return bool(computed_members(kind))


@functools.cache
def computed_members(kind: type) -> frozenset[str]:
    """Names of what classes of the user say themselves: methods, operators and properties."""
    members = [m for c in kind.__mro__ if not _is_library(c) for m in vars(c).items()]
    return frozenset(
        name
        for name, member in members
        if name not in _MADE_BY_DATACLASS | _OF_EVERY_OBJECT
        and (callable(member) or hasattr(member, "__get__"))
        and not _is_slot(member)
    )


class Plain:
    """Stands for the class of numbers and arrays, and of what else is no object of the user for sure."""


@functools.cache
def fields_like_arrays(kind: type) -> frozenset[str]:
    """Names of attributes that objects of a class hold themselves, and that arrays have as well: `shape` of a Gamma."""
    named = {*getattr(kind, "_fields", ()), *own_attributes(kind), *dict(_own_of(kind))}
    return frozenset(n for n in named & LIKE_ARRAYS if may_hold(kind, n))


def may_hold(kind: type, name: str) -> bool:
    """Whether an object of a class may hold an attribute itself: no property, and nothing that it has from a library."""
    owner = next((c for c in kind.__mro__ if name in vars(c)), None)
    if owner is None:
        return True
    member = vars(owner)[name]
    is_computed = hasattr(member, "__get__") and not _is_slot(member)
    return not (is_computed or _is_library(owner))


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
