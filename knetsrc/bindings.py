"""What shapes the source of a gradient, found without parsing: a function and its bindings.

The names that a function reads outside of itself are in its code. From them follow two things: a
digest under which generated text can be found again, and the bindings that must stay as they are
for that text to be right. Both take in more than the transform looks at, never less.

    loss -> np (a library: its name counts)
         -> predict -> relu, layers.dense     (the user's: their text counts, and what they read)
         -> SCALE                             (read at each call: only its type counts)
"""

import dis
import functools
import linecache
import operator
import os
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from knetsrc.cache import digest_of
from knetsrc.checkpoints import is_checkpoint
from knetsrc.objects import (
    FunctionAmong,
    classes_in,
    computed_members,
    fields_like_arrays,
    is_made_for_object,
    is_mixed,
    tells_class,
)
from knetsrc.request import Request

LIBRARIES = frozenset({"numpy", "scipy", "cupy", "cupyx", "numba", "knetsrc", "pytest", "_pytest"})
SIMPLE = (int, float, complex, str, bytes, bool, types.NoneType, types.EllipsisType)
READ_NAME = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"})
READ_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
GETTERS = (operator.itemgetter, operator.attrgetter, operator.methodcaller)
# What Python enters into a class when an object of it is copied, or its annotations are read.
ENTERED_LATE = frozenset({"__slotnames__", "__annotations__", "__annotations_cache__"})
UNBOUND = object()
# What neither is an array nor holds one: no check is written that an argument is apart from it.
_STEADY = frozenset({*SIMPLE, *np.sctypeDict.values()}) - {np.object_, np.void}


@dataclass
class Bindings:
    """The digest of a function with all that it is bound to, and those bindings.

    Attributes
    ----------
    digest
        None if something is in it that has no text.
    has_fields
        Whether objects of a class in it hold attributes that are named like those of arrays.
    members
        Names of the methods, operators and properties of classes in it.
    is_current
        Whether every name still stands for the same function, and the function is as it was, and names of numbers for numbers.
    """

    digest: str | None = None
    has_fields: bool = False
    members: frozenset[str] = frozenset()
    names: InitVar[Iterable[tuple[Mapping[str, Any], str, Any]]] = ()
    cells: InitVar[Iterable[tuple[CellType, Any]]] = ()
    functions: InitVar[Iterable[tuple[FunctionType, CodeType, Any, Any]]] = ()
    tables: InitVar[Iterable[tuple[Any, list[Any]]]] = ()
    objects: InitVar[Iterable[tuple[Callable[[], Any], dict[str, type]]]] = ()
    steady: InitVar[Iterable[tuple[Callable[[Any], Any], Any]]] = ()
    kinds: InitVar[Iterable[type]] = ()
    is_current: Callable[[], bool] = field(init=False)

    def __post_init__(
        self,
        names: Iterable[tuple[Mapping[str, Any], str, Any]],
        cells: Iterable[tuple[CellType, Any]],
        functions: Iterable[tuple[FunctionType, CodeType, Any, Any]],
        tables: Iterable[tuple[Any, list[Any]]],
        objects: Iterable[tuple[Callable[[], Any], dict[str, type]]],
        steady: Iterable[tuple[Callable[[Any], Any], Any]],
        kinds: Iterable[type],
    ) -> None:
        guard = _Guard()
        for namespace, name, value in names:
            guard.test("{}({}, {}) is {}", namespace.get, name, UNBOUND, value)
        for function, code, defaults, keywords in functions:
            guard.test("{}.__code__ is {}", function, code)
            guard.test("{}.__defaults__ is {}", function, defaults)
            same = "({0}.__kwdefaults__ is {1} or {0}.__kwdefaults__ == {1})"
            guard.test(same, function, keywords)
        for table, entries in tables:
            guard.test("{}({}, {})", _has_entries, table, entries)
        for cell, value in cells:
            guard.test("{}({}) is {}", _content, cell, value)
        for read, classes in objects:
            guard.test("{}({}()) == {}", classes_in, read, classes)
        for look_up, what in steady:
            guard.test("type({}({})) in {}", look_up, what, _STEADY)
        for kind in kinds:  # it may come to hide what it inherits
            members = vars(kind)
            same = "({}() == {} or {}({}, {}))"
            guard.test(same, members.__len__, len(members), _has_names, members, _names(members))
        self.is_current = guard.compiled()


class _Guard:
    """Tests that hold together, compiled as one expression: it is evaluated at every call of a gradient."""

    def __init__(self) -> None:
        self._tests: list[str] = []
        self._values: dict[str, Any] = {}

    def test(self, form: str, *values: Any) -> None:
        """Add a test: an expression with `{}` in the places of the values."""
        names = [f"v{len(self._values) + place}" for place in range(len(values))]
        self._values |= zip(names, values, strict=True)
        self._tests.append(form.format(*names))

    def compiled(self) -> Callable[[], bool]:
        """The function without arguments that tells whether all tests hold."""
        return eval(f"lambda: {' and '.join(self._tests) or True}", self._values)  # type: ignore[no-any-return]


def bindings_of(function: Callable[..., Any], request: Request) -> Bindings:
    """Walk from `function` to everything that may shape its gradient.

    Parameters
    ----------
    function
        A plain function or a builtin.
    request
        What is asked for; it is part of the digest.
    """
    walk = _Walk()
    walk.visit(function)
    for *_, what in request.given:
        walk.visit(what)
    names, cells = list(walk.names.values()), list(walk.cells.values())
    has_fields = any(map(fields_like_arrays, walk.classes))
    members = frozenset[str]().union(*map(computed_members, walk.classes))
    found = Bindings(
        None, has_fields, members, names, cells, walk.functions, walk.tables, walk.objects,
        walk.steady.values(), walk.classes,
    )  # fmt: skip
    if walk.is_complete:
        found.digest = digest_of(repr(request), *_versions(), *_own_rules(), *walk.parts)
    return found


class _Walk:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.names: dict[tuple[int, str], tuple[Mapping[str, Any], str, Any]] = {}
        self.cells: dict[int, tuple[CellType, Any]] = {}
        self.functions: list[tuple[FunctionType, CodeType, Any, Any]] = []
        self.tables: list[tuple[Any, list[Any]]] = []
        self.objects: list[tuple[Callable[[], Any], dict[str, type]]] = []
        self.steady: dict[Any, tuple[Callable[[Any], Any], Any]] = {}
        self.classes: list[type] = []
        self.is_complete = True
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no id is used twice

    def visit(self, value: Any) -> None:
        """Add what there is to say of `value`, and follow it."""
        if id(value) in self._seen:
            self.parts.append(f"again {self._seen[id(value)]}")
            return
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        if isinstance(value, ModuleType):
            self.parts.append(f"module {value.__name__}")
        elif isinstance(value, functools.partial):
            self.parts.append(f"partial {len(value.args)} {list(value.keywords)}")
            self.visit(value.func)
        elif _home(value) == "numpy" and hasattr(value, "pyfunc"):
            self.parts.append(f"vectorize {value.otypes} {value.signature} {value.excluded}")
            self.visit(value.pyfunc)
        elif isinstance(value, GETTERS):
            self.parts.append(repr(value))
        elif isinstance(value, type) and is_mixed(value):
            for kind in value.kinds:  # type: ignore[attr-defined]
                self.visit(kind.function if issubclass(kind, FunctionAmong) else kind)
        elif isinstance(value, type) and is_made_for_object(value):
            self._class(value)
        elif _is_library(value):
            self.parts.append(f"library {_home(value)} {_name(value)}")
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif callable(value):
            self._object(value)
        else:
            self._data(value)

    def _function(self, function: FunctionType) -> None:
        text = _text(function)
        if text is None:
            self.is_complete = False
            return
        code = function.__code__
        keywords = function.__kwdefaults__ and dict(function.__kwdefaults__)
        self.functions.append((function, code, function.__defaults__, keywords))
        self.parts += [
            f"function {function.__module__} {function.__qualname__}",
            f"{os.getcwd()} {code.co_filename}:{code.co_firstlineno}",
            text,
            f"checkpoint {is_checkpoint(function)}",
            *_code_parts(code),
        ]
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            is_written = isinstance(value, (*SIMPLE, tuple))
            self.parts.append(f"default {value!r}" if is_written else "default")
            self.visit(value)
            self._classes(functools.partial(_itself, value), value)
        for name, *attributes in _outside_names(code):
            self._name(function, name, attributes)
        self._annotations(function)

    def _annotations(self, annotated: Any) -> None:
        """Classes of the user that parameters or attributes are annotated with: their methods may be called."""
        try:
            kinds = typing.get_type_hints(annotated).values()
        except (AttributeError, NameError, SyntaxError, TypeError):
            return
        for kind in kinds:
            for part in (kind, *typing.get_args(kind)):
                if isinstance(part, type) and not _is_library(part):
                    self.visit(part)

    def _name(self, function: FunctionType, name: str, attributes: list[str]) -> None:
        freevars = function.__code__.co_freevars
        if name in freevars:
            cell = (function.__closure__ or ())[freevars.index(name)]
            value = _content(cell)
            if callable(value) or _is_table(value):
                self.cells[id(cell)] = (cell, value)
            elif type(value) in _STEADY:
                self.steady[id(cell)] = (_content, cell)
            self._classes(functools.partial(_content, cell), value)
        elif name in function.__globals__:
            value = self._bound(function.__globals__, name)
        else:
            self._bound(function.__globals__, name)  # it may come to hide the builtin
            value = function.__builtins__.get(name, UNBOUND)  # type: ignore[attr-defined]
        self.parts.append(f"name {name}")
        self.visit(value)
        for attribute in attributes:
            if not isinstance(value, ModuleType) or not hasattr(value, attribute):
                break
            is_library = _root(value.__name__) in LIBRARIES
            value = getattr(value, attribute) if is_library else self._bound(vars(value), attribute)
            self.parts.append(f"attribute {attribute}")
            self.visit(value)

    def _bound(self, namespace: Mapping[str, Any], name: str) -> Any:
        value = namespace.get(name, UNBOUND)
        if callable(value) or value is UNBOUND or _is_table(value):
            self.names[id(namespace), name] = (namespace, name, value)
        elif type(value) in _STEADY:
            self.steady[id(namespace), name] = (namespace.get, name)
        self._classes(functools.partial(namespace.get, name), value)
        return value

    def _classes(self, read: Callable[[], Any], value: Any) -> None:
        """Objects of the user: another one in the place may be of another class, or have other functions."""
        if (
            found := {}
            if isinstance(value, FunctionType | ModuleType | type)
            else classes_in(value)
        ):
            self.objects.append((read, found))
            for path, kind in found.items():
                self.parts.append(f"at {path}")
                self.visit(kind)

    def _class(self, kind: type) -> None:
        self.classes.append(kind)
        self.parts.append(f"class {kind.__module__} {kind.__qualname__} {tells_class(kind)}")
        for base in kind.__bases__:
            self.visit(base)
        self._annotations(kind)
        members = vars(kind)
        for name, member in members.items():
            if not name.startswith("__") or isinstance(member, FunctionType):
                self.names[id(kind), name] = (members, name, member)
                self.parts.append(f"member {name}")
                self.visit(getattr(member, "__func__", getattr(member, "fget", member)))

    def _object(self, value: Any) -> None:
        own = getattr(value, "__dict__", {})  # another attribute may be computed, and ever new
        self.parts.append(f"object {own.get('_options', '')!r}")
        self.visit(type(value))
        is_method = isinstance(value, types.MethodType | staticmethod | classmethod)
        for inner in (own.get("__wrapped__"), value.__func__ if is_method else None):
            if inner is not None:
                self.visit(inner)

    def _data(self, value: Any) -> None:
        self.parts.append(f"data {type(value).__module__} {type(value).__qualname__}")
        if isinstance(value, dict | list | tuple):
            items = list(value.values()) if isinstance(value, dict) else list(value)
            if _is_table(value):  # may be replaced without a name being bound anew
                self.is_complete = False
                self.tables.append((value, _entries(value)))
                for item in filter(callable, items):
                    self.visit(item)
            for part in classes_in(value).values():
                self.visit(part)
        elif isinstance(getattr(value, "__dict__", None), dict):
            self._instance(value)

    def _instance(self, value: Any) -> None:
        """An object of a class of the user: its methods, and functions that are its attributes."""
        self.visit(type(value))
        for name, member in vars(value).items():
            if callable(member):
                self.parts.append(f"attribute {name}")
                self.visit(self._bound(vars(value), name))
            for part in classes_in(member).values():
                self.visit(part)


def _itself(value: Any) -> Any:
    return value


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return UNBOUND


def _is_table(value: Any) -> bool:
    """Whether a value is a container with functions in it."""
    if not isinstance(value, dict | list | tuple):
        return False
    return any(map(callable, value.values() if isinstance(value, dict) else value))


def _entries(table: Any) -> list[Any]:
    """What a table of functions holds, keys and values."""
    return [*table, *table.values()] if isinstance(table, dict) else list(table)


def _has_entries(table: Any, entries: list[Any]) -> bool:
    """Whether a table of functions holds the very same things as before."""
    now = _entries(table)
    return len(now) == len(entries) and all(map(operator.is_, now, entries))


def _names(members: Mapping[str, Any]) -> frozenset[str]:
    """Names of what the user has defined in a class."""
    return frozenset(members.keys() - ENTERED_LATE)


def _has_names(members: Mapping[str, Any], names: frozenset[str]) -> bool:
    return _names(members) == names


def _outside_names(code: CodeType) -> list[tuple[str, ...]]:
    """Names that the code reads from outside, each with the attributes that follow it at once."""
    found: list[tuple[str, ...]] = []
    is_chain = False
    for instruction in dis.get_instructions(code):
        if instruction.opname in READ_NAME:
            found.append((str(instruction.argval),))
            is_chain = True
        elif instruction.opname in READ_ATTRIBUTE and is_chain:
            found[-1] += (str(instruction.argval),)
        else:
            is_chain = False
    local = {*code.co_varnames, *code.co_cellvars}
    inner = [name for part in _inner_code(code) for name in _outside_names(part)]
    return list(dict.fromkeys(name for name in [*found, *inner] if name[0] not in local))


def _inner_code(code: CodeType) -> Iterator[CodeType]:
    return (value for value in code.co_consts if isinstance(value, CodeType))


def _code_parts(code: CodeType) -> Iterator[str]:
    """What runs, in case the file says something else by now."""
    yield code.co_code.hex()
    yield repr([value for value in code.co_consts if isinstance(value, SIMPLE)])
    yield repr((code.co_names, code.co_varnames, code.co_freevars))
    for part in _inner_code(code):
        yield from _code_parts(part)


def _text(function: FunctionType) -> str | None:
    """The lines of the file that the function is on; None if there is no file."""
    code = function.__code__
    if (
        code.co_filename == "<string>"
    ):  # made by `exec`; Python 3.13 has the text of `python -c` there
        return None
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    last = max(_line_numbers(code), default=code.co_firstlineno)
    return "".join(lines[code.co_firstlineno - 1 : last]) if lines else None


def _line_numbers(code: CodeType) -> Iterator[int]:
    for _, end, *_ in code.co_positions():
        if end is not None:
            yield end
    for part in _inner_code(code):
        yield from _line_numbers(part)


def _home(value: Any) -> str:
    return str(getattr(value, "__module__", None) or type(value).__module__)


def _name(value: Any) -> str:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return str(name or type(value).__qualname__)


def _root(module: str) -> str:
    return module.partition(".")[0]


def _is_library(value: Any) -> bool:
    """Whether `value` comes with Python or with a library: its name says what it is."""
    home = _home(value)
    if not callable(value) or (_root(home) not in LIBRARIES | sys.stdlib_module_names):
        return False
    file = getattr(sys.modules.get(home), "__file__", None) or ""
    if isinstance(value, FunctionType):
        file = value.__code__.co_filename
    return not hasattr(value, "_callee") and (not file or file.startswith(_library_folders()))


@functools.cache
def _library_folders() -> tuple[str, ...]:
    """Where libraries are: a module of the user may have the name of one."""
    return (
        os.path.dirname(os.__file__),
        str(Path(np.__file__).parents[1]),
        str(Path(__file__).parent),
    )


@functools.cache
def _versions() -> tuple[str, ...]:
    from knetsrc import __version__

    package = Path(__file__).parent
    files = sorted(package.rglob("*.py"))
    stamps = [f"{f.relative_to(package)} {f.stat().st_mtime_ns} {f.stat().st_size}" for f in files]
    return (__version__, sys.version, np.__version__, *stamps)


def _own_rules() -> list[str]:
    """The text of every rule that a user has entered."""
    table = sys.modules.get("knetsrc.adjoints.table")
    rules = table.TABLE.rules if table else []
    own = [rule for rule in rules if _root(rule.function.__module__) != "knetsrc"]
    return [
        repr(
            (
                _text(r.function),
                _home(r.function),
                _name(r.function),
                [_name(p) for p in r.primitives],
            )
        )
        + repr((r.methods, r.attributes))
        for r in own
    ]
