"""What a user hands to `grad`, taken apart: the plain function, what is bound, its parameters.

model.loss         ->  function Model.loss, first arguments (model,)
partial(f, n=3)    ->  function f, keywords {"n": 3}
model (callable)   ->  function Model.__call__, first arguments (model,)
"""

import ast
import functools
import inspect
import linecache
import os
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from knetsrc.errors import KnetsrcError, NotDifferentiableError

Error = TypeVar("Error", bound=KnetsrcError)
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Callee:
    """A plain function (or a builtin) and the arguments that every call of it gets."""

    function: Callable[..., Any]
    first: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)


def taken_apart(function: Any) -> Callee:
    """The plain function behind a method, a partial or a callable object.

    Raises
    ------
    NotDifferentiableError
        If it cannot be called.
    """
    if isinstance(function, functools.partial):
        inner = taken_apart(function.func)
        return Callee(
            inner.function, inner.first + function.args, {**inner.keywords, **function.keywords}
        )
    if isinstance(function, types.MethodType):
        inner = taken_apart(function.__func__)
        return Callee(inner.function, (*inner.first, function.__self__), inner.keywords)
    if isinstance(function, staticmethod | classmethod) or not callable(function):
        raise _not_a_function(function)
    call = type(function).__call__
    if isinstance(call, types.FunctionType) and not isinstance(function, type):
        return Callee(call, (function,))
    return Callee(function)


def _not_a_function(value: Any) -> NotDifferentiableError:
    kind = type(value).__name__
    if isinstance(value, staticmethod | classmethod):
        return NotDifferentiableError(
            f"a `{kind}` object cannot be differentiated",
            why="it is not the function itself, only what a class makes a method of",
            instead=f"write @{kind} above @grad",
        )
    return NotDifferentiableError(
        f"{value!r} cannot be differentiated",
        why=f"it is no function, its type is `{kind}`",
        instead="pass a function, a method or an object with __call__",
    )


def parameters_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Parameters in the order of the signature; none for a builtin that does not tell."""
    try:
        return tuple(inspect.signature(function, follow_wrapped=False).parameters.values())
    except ValueError:
        return ()


def positions(
    callee: Callee, argnums: Any, wrt: Any, *, skip: int = 0
) -> tuple[tuple[int, ...], bool]:
    """Positions of the differentiated parameters, and whether a bare gradient is asked for.

    Parameters
    ----------
    callee
        What is differentiated.
    argnums
        An int or a sequence of ints, counted from the first parameter that is not bound yet.
    wrt
        A name or a sequence of names; takes the place of `argnums`.
    skip
        Number of parameters before the first that counts (the `self` of a method).

    Raises
    ------
    NotDifferentiableError
        If there is no such parameter.
    """
    parameters = parameters_of(callee.function)
    bound = len(callee.first) + skip
    asked = argnums if wrt is None else wrt
    is_single = not isinstance(asked, Sequence) or isinstance(asked, str)
    find = _named if wrt is not None else _numbered
    found = tuple(find(callee, parameters, bound, one) for one in ([asked] if is_single else asked))
    if not found or len(set(found)) < len(found):
        raise _refused(
            callee,
            f"{asked!r} names no parameter" if not found else f"{asked!r} names a parameter twice",
            bound,
        )
    return found, is_single


def _numbered(
    callee: Callee, parameters: Sequence[inspect.Parameter], bound: int, number: Any
) -> int:
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise _refused(callee, f"argnums={number!r} is not an integer", bound)
    position: int = number.__index__() + bound
    is_known = bool(parameters) or hasattr(callee.function, "__code__")
    if position < bound or (is_known and position >= len(parameters)):
        raise _refused(
            callee, f"argnums={number} is not a parameter of `{name_of(callee.function)}`", bound
        )
    if parameters and parameters[position].kind not in POSITIONAL:
        star = parameters[position].name
        error = _refused(
            callee, f"argnums={number} is not a parameter of its own: it is part of `{star}`", bound
        )
        name = name_of(callee.function)
        error.instead = f"name it: grad(lambda x: {name}(x)); or wrt={star!r} for all of `{star}`"
        raise error
    return position


def _named(callee: Callee, parameters: Sequence[inspect.Parameter], bound: int, name: Any) -> int:
    for position, parameter in enumerate(parameters):
        if parameter.name == name and position >= bound and name not in callee.keywords:
            return position
    raise _refused(
        callee, f"wrt={name!r} is not a parameter of `{name_of(callee.function)}`", bound
    )


def _refused(callee: Callee, message: str, bound: int) -> NotDifferentiableError:
    free = [p.name for p in parameters_of(callee.function)[bound:] if p.name not in callee.keywords]
    listed = ", ".join(f"{i} is `{name}`" for i, name in enumerate(free))
    has_none = hasattr(callee.function, "__code__") and not free
    error = NotDifferentiableError(
        message,
        why=f"its parameters are: {listed}"
        if listed
        else ("it takes no arguments" if has_none else "it has no parameters that are known"),
        instead="count from 0, or give the name: wrt=" + repr(free[0])
        if free
        else "give it a parameter for what it is to be differentiated with respect to",
    )
    return placed(error, callee.function)


def name_of(function: Any) -> str:
    """The name that a function goes by in messages."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    return str(name or type(function).__name__).rpartition("<locals>.")[2]


def placed(error: Error, function: Callable[..., Any], parameter: str | None = None) -> Error:
    """Add where `function`, or its parameter of that name, is defined, if it has source."""
    function = getattr(function, "stands_for", function)
    code = getattr(function, "__code__", None)
    lines = linecache.getlines(code.co_filename) if code else []
    node = _definition(lines, code.co_firstlineno) if code else None
    if code and node:
        error.at = next(
            (a for a in ast.walk(node.args) if isinstance(a, ast.arg) and a.arg == parameter),
            _name_of(node),
        )
        error.located(shown_file(code.co_filename), function.__name__, lines)
    return error


def _definition(lines: Sequence[str], first: int) -> ast.FunctionDef | None:
    try:
        module = ast.parse("".join(lines))
    except SyntaxError:
        return None
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and first in {
            node.lineno,
            *(d.lineno for d in node.decorator_list),
        }:
            return node
    return None


def _name_of(node: ast.FunctionDef) -> ast.expr:
    start = node.col_offset + len("def ")
    place = {"lineno": node.lineno, "end_lineno": node.lineno, "col_offset": start}
    return ast.Name(node.name, ast.Load(), **place, end_col_offset=start + len(node.name))


def shown_file(filename: str) -> str:
    """The name of the file, from the working directory if it lies below."""
    return filename.removeprefix(os.path.join(os.getcwd(), ""))
