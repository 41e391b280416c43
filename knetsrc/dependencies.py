"""Which outside functions a function reaches, and a digest of all that shapes its gradient.

Names are followed through code objects, without reading any source: that is fast enough to be done before a look into the cache.
"""

import functools
import hashlib
import os
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_LIBRARIES = frozenset({"numpy", "scipy", "math", "builtins", "operator", "knetsrc", "cupy"})
_MISSING = object()


@dataclass(frozen=True)
class Dependency:
    """A name that was bound to a function when the gradient was generated: in a namespace, or in a captured variable."""

    place: Any
    name: str
    value: Any

    def is_current(self) -> bool:
        """Whether the name is still bound to the same function."""
        place = self.place
        if type(place) is dict:
            return place.get(self.name, _MISSING) is self.value
        try:
            return place.cell_contents is self.value
        except ValueError:
            return False


def dependencies(function: Callable[..., Any]) -> tuple[Dependency, ...]:
    """Everything callable that a function, and what it calls, finds by name outside of itself."""
    found: list[Dependency] = []
    seen: set[int] = set()
    _follow(function, found, seen)
    return tuple(found)


def _follow(function: Any, found: list[Dependency], seen: set[int]) -> None:
    plain = _plain(function)
    if plain is None or id(plain) in seen:
        return
    seen.add(id(plain))
    for dependency in _direct(plain):
        if dependency not in found:
            found.append(dependency)
        _follow(dependency.value, found, seen)


def _plain(function: Any) -> types.FunctionType | None:
    """The function with code of its own behind decorators and methods, None for what a library defines."""
    while not isinstance(function, types.FunctionType):
        function = getattr(function, "__wrapped__", getattr(function, "__func__", None))
        if function is None:
            return None
    return None if _is_library(function) else function


def _is_library(value: Any) -> bool:
    return (getattr(value, "__module__", None) or "").split(".")[0] in _LIBRARIES


def _direct(function: types.FunctionType) -> Iterator[Dependency]:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for name, cell in cells.items():
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if callable(value) and not isinstance(value, type):
            yield Dependency(cell, name, value)
    namespace = function.__globals__
    names = sorted(_names(function.__code__))
    for name in names:
        value = namespace.get(name, _MISSING)
        if isinstance(value, types.ModuleType):
            yield from _of_module(value, names)
        elif callable(value) and not isinstance(value, type):
            yield Dependency(namespace, name, value)


def _of_module(module: types.ModuleType, names: list[str]) -> Iterator[Dependency]:
    if module.__name__.split(".")[0] in _LIBRARIES:
        return
    for name in names:
        value = vars(module).get(name, _MISSING)
        if callable(value) and not isinstance(value, type):
            yield Dependency(vars(module), name, value)


def _names(code: types.CodeType) -> set[str]:
    """Names that a code object and those inside it look up outside."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def digest(function: Callable[..., Any], request: object) -> str | None:
    """A digest of everything that shapes the gradient of a function; None for a builtin.

    The function and all that it reaches: their code, places in files and defaults; the request; the rules and every other module of this
    package; versions of Python and NumPy.
    """
    plain = _plain(function)
    if plain is None:
        return None
    sha = hashlib.sha256(repr((request, sys.version, np.__version__, package_stamp(), _own_rules())).encode())
    sha.update(_of_function(plain).encode())
    for dependency in dependencies(plain):
        sha.update(f"{dependency.name}={_described(dependency.value)};".encode())
    return sha.hexdigest()


def _described(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
    return _of_function(plain)


def _of_function(function: types.FunctionType) -> str:
    return repr((function.__module__, function.__qualname__, function.__defaults__, function.__kwdefaults__,
                 _of_code(function.__code__)))  # fmt: skip


def _of_code(code: types.CodeType) -> tuple[Any, ...]:
    constants = tuple(_of_code(c) if isinstance(c, types.CodeType) else (type(c).__name__, repr(c)) for c in code.co_consts)
    return (
        code.co_filename, code.co_firstlineno, _text_stamp(code.co_filename), code.co_code, constants, code.co_names,
        code.co_varnames, code.co_freevars,
    )  # fmt: skip


def _text_stamp(filename: str) -> tuple[int, int] | None:
    """Size and time of a file: what a comment in the generated source says comes from its text."""
    try:
        status = os.stat(filename)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@functools.cache
def package_stamp() -> str:
    """A digest of the sizes and times of this package's modules: another rule is another gradient."""
    folder = Path(__file__).parent
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        status = path.stat()
        sha.update(f"{path.relative_to(folder)}:{status.st_size}:{status.st_mtime_ns};".encode())
    return sha.hexdigest()


def _own_rules() -> tuple[Any, ...]:
    """Rules that were entered by code outside of this package."""
    from knetsrc.adjoints.table import TABLE

    functions = [r.function for r in TABLE.rules if not r.function.__module__.startswith("knetsrc.")]
    return tuple((f.__module__, f.__qualname__, f.__code__.co_code, f.__code__.co_consts) for f in functions)
