"""Read a function: the first stage.

In comes a function object, out come its tree, with the positions of the user's file, and what its
names are bound to outside.

>>> import textwrap
>>> source = read_source(textwrap.indent)
>>> source.name, source.tree.name, source.module_name
('indent', 'indent', 'textwrap')
>>> source.resolve("len"), source.is_builtin("len")
(<built-in function len>, True)
"""

import ast
import functools
import inspect
import linecache
import os
import types
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import gast

from knetsrc.errors import SourceNotFoundError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.definition import Definition, find_definition
from knetsrc.transform.recursion import with_deep_stack

_GENERATED = "knetsrc.generated."  # what the modules of the cache folder are called
# Methods by which a list or a dict changes.
_CHANGING = frozenset({
    "append", "clear", "extend", "insert", "pop", "reverse", "setdefault", "sort", "update",
})  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Source:
    """A function as text, as tree and as object.

    Attributes
    ----------
    function
        The plain function that was found behind a method or a callable object.
    owner
        The arguments that are bound in front: the object of a method, nothing for a function.
    tree
        The definition without decorators; lines and columns (in characters) are those of the file.
        A lambda is a function `lambda_` that returns its expression.
    filename
        Name of the file as it is shown to people.
    lines
        All lines of the file.
    name
        Name of the function, `lambda_` for a lambda.
    text
        The definition without decorators, its first line not indented.
    made
        Functions by names that stand for variants of these, of the generated module.
    """

    function: types.FunctionType
    owner: tuple[Any, ...]
    tree: gast.FunctionDef
    filename: str
    lines: tuple[str, ...]
    name: str
    text: str
    made: dict[str, types.FunctionType] = field(default_factory=dict)

    @property
    def module_name(self) -> str:
        """Name of the module that the function was defined in."""
        return str(self.function.__module__ or self.function.__globals__.get("__name__", ""))

    @property
    def is_generated(self) -> bool:
        """Whether the function is of a module that was generated: a gradient, or a helper of one."""
        return self.module_name.startswith(_GENERATED)

    @property
    def _builtins(self) -> dict[str, Any]:
        return self.function.__builtins__  # type: ignore[attr-defined, no-any-return]

    @property
    def closure_names(self) -> tuple[str, ...]:
        """Names that the function takes from the functions around it."""
        return self.function.__code__.co_freevars

    @property
    def augmented(self) -> frozenset[str]:
        """Parameters of which a statement such as `x += e` or `xs.pop()` may change the argument."""
        nodes = list(gast.walk(self.tree))
        bases = [n.target for n in nodes if isinstance(n, gast.AugAssign)]
        bases += [n.value for n in nodes if isinstance(n, gast.Attribute) and n.attr in _CHANGING]
        deleted = [t for n in nodes if isinstance(n, gast.Delete) for t in n.targets]
        return self._given(bases + [getattr(t, "value", None) for t in deleted])

    @property
    def stored(self) -> frozenset[str]:
        """Parameters of which an attribute is assigned: `s.v = e`."""
        nodes = [n for n in gast.walk(self.tree) if isinstance(n, gast.Attribute)]
        return self._given(n.value for n in nodes if isinstance(n.ctx, gast.Store))

    def _given(self, bases: Iterable[Any]) -> frozenset[str]:
        names = {base.id for base in bases if isinstance(base, gast.Name)}
        given = gast.walk(self.tree.args)
        return frozenset(a.id for a in given if isinstance(a, gast.Name) and a.id in names)

    @property
    def defaults(self) -> dict[str, Any]:
        """The default of each parameter that has one."""
        code = self.function.__code__
        positional = code.co_varnames[: code.co_argcount]
        values = self.function.__defaults__ or ()
        return dict(zip(positional[len(positional) - len(values) :], values, strict=True)) | (
            self.function.__kwdefaults__ or {}
        )

    def resolve(self, name: str) -> Any:
        """What `name` is bound to now, outside of the function.

        Raises
        ------
        NameError
            If it is not bound.
        """
        if name in self.made:
            return self.made[name]
        if self.is_closure(name):
            cells = self.function.__closure__ or ()
            try:
                return cells[self.closure_names.index(name)].cell_contents
            except ValueError:
                raise NameError(
                    f"name {name!r} is not bound yet in the function around {self.name!r}"
                ) from None
        for scope in (self.function.__globals__, self._builtins):
            if name in scope:
                return scope[name]
        raise NameError(f"name {name!r} is not defined")

    def value_of(self, node: tree.Node) -> Any:
        """What a dotted name stands for outside of the function; None for other expressions, and where it is not bound."""
        if isinstance(node, gast.Attribute):
            return getattr(self.value_of(node.value), node.attr, None)
        try:
            return self.resolve(node.id) if isinstance(node, gast.Name) else None
        except NameError:
            return None

    def is_closure(self, name: str) -> bool:
        """Whether `name` belongs to a function around this one."""
        return name in self.closure_names

    def is_global(self, name: str) -> bool:
        """Whether `name` belongs to the module."""
        return not self.is_closure(name) and name in self.function.__globals__

    def is_builtin(self, name: str) -> bool:
        """Whether `name` is Python's own, and not bound in the module."""
        return not self.is_closure(name) and not self.is_global(name) and name in self._builtins


def read_source(function: Callable[..., Any], may_yield: bool = False) -> Source:
    """Read the source of a function.

    Parameters
    ----------
    function
        A function, lambda, method or an object with a method `__call__`. A function that a
        decorator put in place of another is read itself: it is what a call runs.
    may_yield
        Whether it may be a generator.

    Raises
    ------
    SourceNotFoundError
        If there is no source text, or if it has changed since it was imported.
    UnsupportedSyntaxError
        If it is a generator or a coroutine.
    """
    plain, owner = _plain_function(function)
    lines = _lines_of(plain)
    definition = with_deep_stack(_definition_of, plain, "".join(lines))
    node = with_deep_stack(_tree_of, definition, lines)
    source = Source(
        plain, owner, node, _shown(plain), lines, node.name, _text_of(definition.node, lines)
    )
    _refuse_coroutines(source, may_yield)
    return source


# --- the function ---------------------------------------------------------------------------------
def _plain_function(function: Any) -> tuple[types.FunctionType, tuple[Any, ...]]:
    """The function that a call runs, and the arguments that are put in front."""
    if isinstance(function, types.FunctionType):
        return function, ()
    if isinstance(function, types.MethodType):
        plain, owner = _plain_function(function.__func__)
        return plain, (*owner, function.__self__)
    if isinstance(function, staticmethod | classmethod) or _is_transparent(function):
        return _plain_function(function.__wrapped__)
    if isinstance(function, functools.partial):
        _refuse(
            _name_of(function.func),
            "it is a `functools.partial`: some of its arguments are already given",
            "write a lambda that calls the function: `lambda x: f(x, a)`",
        )
    if isinstance(function, type):
        _refuse(
            _name_of(function),
            "it is a class",
            "write a function that makes the object and computes with it",
        )
    if type(function).__module__ == "knetsrc.gradient":
        return _generated_function(function), ()
    call = inspect.getattr_static(type(function), "__call__", None)
    if isinstance(call, types.FunctionType):
        return call, (function,)
    _refuse(
        _name_of(function),
        "it is not written in Python",
        "call it in a function of your own: `lambda x: f(x)`",
    )


def is_written_in_python(function: Any) -> bool:
    """Whether a call of `function` runs a function of which there may be source."""
    if isinstance(function, types.FunctionType | types.MethodType | type | functools.partial):
        return True
    call = inspect.getattr_static(type(function), "__call__", None)
    return isinstance(call, types.FunctionType) or _is_transparent(function)


def _generated_function(gradient: Any) -> types.FunctionType:
    """The function that a gradient runs: it is differentiated once more."""
    primal = gradient.primal
    while type(primal).__module__ == "knetsrc.gradient":
        primal = primal.primal
    if isinstance(primal, types.FunctionType) and not primal.__closure__:
        entry: types.FunctionType = gradient.function
        return entry
    _refuse(
        gradient.__name__,
        "it is the gradient of a method, or of a function that reads variables of one around it",
        "differentiate a function of a module, and pass it all that it reads",
    )


def _is_transparent(function: Any) -> bool:
    """Whether `function` gives what the function in it gives: `functools.cache`, `numba.njit`."""
    is_known = hasattr(function, "cache_info") or hasattr(function, "py_func")
    return is_known and isinstance(getattr(function, "__wrapped__", None), types.FunctionType)


def _name_of(function: Any) -> str:
    return (
        getattr(function, "__qualname__", None)
        or getattr(function, "__name__", None)
        or type(function).__qualname__
    )


def _refuse(name: str, why: str, instead: str) -> NoReturn:
    raise SourceNotFoundError(f"no source for `{name}`", why=why, instead=instead)


# --- the text -------------------------------------------------------------------------------------
def _lines_of(function: types.FunctionType) -> tuple[str, ...]:
    """The lines of the file as they are now."""
    filename = function.__code__.co_filename
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, function.__globals__)
    if (
        lines and filename != "<string>"
    ):  # since Python 3.13 the text of `python -c`, not what `exec` was given
        return tuple(lines)
    if filename.startswith("<"):
        _refuse(
            function.__qualname__,
            "it was typed at a bare prompt or made by exec",
            "put it in a file and import it; a notebook or IPython keeps the source as well",
        )
    _refuse(
        function.__qualname__,
        f"the file {filename} is not there",
        "put the file where Python found it",
    )


def _shown(function: types.FunctionType) -> str:
    """The name of the file, from the working directory if it lies below."""
    filename = function.__code__.co_filename
    if not os.path.isabs(filename):
        return filename
    folder = os.path.join(os.getcwd(), "")
    return filename.removeprefix(folder)


def _text_of(node: Any, lines: tuple[str, ...]) -> str:
    """The text of a definition, less the indentation of its first line."""
    first = lines[node.lineno - 1]
    margin = len(first) - len(first.lstrip())
    found = [line.encode() for line in lines[node.lineno - 1 : node.end_lineno]]
    found[-1] = found[-1][: node.end_col_offset]
    found[0] = found[0][node.col_offset :]
    return "".join(
        [found[0].decode(), *(_without_margin(line.decode(), margin) for line in found[1:])]
    )


def _without_margin(line: str, margin: int) -> str:
    return line[margin:] if not line[:margin].strip() else line


# --- the tree -------------------------------------------------------------------------------------
_parse = functools.lru_cache(maxsize=8)(ast.parse)


def _definition_of(function: types.FunctionType, text: str) -> Definition:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user has seen them at import
            definition = find_definition(function.__code__, _parse(text))
    except SyntaxError:
        definition = None
    if definition is None:
        raise SourceNotFoundError(
            f"the source of `{function.__qualname__}` has changed since it was imported",
            why=f"what {_shown(function)} says now is not what runs",
            instead="import the module again, or start Python again",
        )
    return definition


def _tree_of(definition: Definition, lines: tuple[str, ...]) -> gast.FunctionDef:
    node = gast.ast_to_gast(definition.node)
    if isinstance(definition.node, ast.Lambda):
        body = tree.at(tree.return_(node.body), node.body)
        node = tree.at(tree.function_def("lambda_", node.args, [body]), node)
    node.decorator_list = []
    for part in tree.walk(node):
        _count_characters(part, lines)
        _mangle(part, definition.class_name)
    return node


def _count_characters(node: Any, lines: tuple[str, ...]) -> None:
    """Python counts columns in bytes of UTF-8; messages need characters."""
    for line, column in (("lineno", "col_offset"), ("end_lineno", "end_col_offset")):
        number = getattr(node, line, None)
        if number is not None and not lines[number - 1].isascii():
            setattr(node, column, len(lines[number - 1].encode()[: getattr(node, column)].decode()))


def _mangle(node: Any, class_name: str | None) -> None:
    """Write a private name `__x` of a class as what it is outside of the class: `_Model__x`."""
    field = "id" if isinstance(node, gast.Name) else "attr"
    name = getattr(node, field, "")
    prefix = (class_name or "").lstrip("_")
    if prefix and name.startswith("__") and not name.endswith("__"):
        setattr(node, field, f"_{prefix}{name}")


def _refuse_coroutines(source: Source, may_yield: bool) -> None:
    code = source.function.__code__
    if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise UnsupportedSyntaxError(
            "`async` in a differentiated function",
            at=source.tree,
            why="a coroutine stops between steps; the backward sweep needs the whole run",
            instead="compute in a plain function and await around it",
        ).located(source.filename, source.function.__name__, source.lines)
    if code.co_flags & inspect.CO_GENERATOR and not may_yield:
        found = next(
            n for n in tree.walk(source.tree) if isinstance(n, gast.Yield | gast.YieldFrom)
        )
        raise UnsupportedSyntaxError(
            "`yield` in a differentiated function",
            at=found,
            why="a generator stops between values; the backward sweep needs the whole run",
            instead="append the values to a list and return the list",
        ).located(source.filename, source.function.__name__, source.lines)
