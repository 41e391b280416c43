"""Find the definition that a code object was compiled from, and prove it by compiling it again.

In come a code object and the tree of its file, out comes the `def` or `lambda`. Several lambdas on
one line are told apart by what they compile to; a file that was edited after the import gives no
definition at all.

>>> tree = ast.parse("f, g = lambda x: x + 1, lambda x: x * 2")
>>> code = compile(tree, "model.py", "exec").co_consts[1]
>>> ast.unparse(find_definition(code, tree).node)
'lambda x: x * 2'
"""

import __future__

import ast
import copy
import dis
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ANNOTATIONS_AS_TEXT = __future__.annotations.compiler_flag
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_IDLE = {"NOP", "PUSH_NULL", "EXTENDED_ARG"}
_JUMPS = {*dis.hasjrel, *dis.hasjabs}


@dataclass(frozen=True)
class Definition:
    """A function in the tree of its file, and the class that it stands in, if any."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    class_name: str | None


def find_definition(code: types.CodeType, module: ast.Module) -> Definition | None:
    """The definition in `module` that compiles to `code`, None if there is none.

    Parameters
    ----------
    code
        Code of a function.
    module
        Tree of the file, as it is now.
    """
    candidates = [
        d for d in _definitions(module, None, code.co_firstlineno) if _name(d.node) == code.co_name
    ]
    same = [d for d in candidates if _is_compiled_from(code, d)]
    at_place = [d for d in same if _contains(d.node, code)]
    return next(iter(at_place or same), None)


def _definitions(node: ast.AST, class_name: str | None, line: int) -> Iterator[Definition]:
    """The functions below `node` that start on a line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS) and _first_line(child) == line:
            yield Definition(child, class_name)
        if _first_line(child) <= line <= getattr(child, "end_lineno", line):
            yield from _definitions(
                child, child.name if isinstance(child, ast.ClassDef) else class_name, line
            )


def _first_line(node: ast.AST) -> int:
    lines = [getattr(n, "lineno", 0) for n in (node, *getattr(node, "decorator_list", []))]
    return min(lines)


def _name(node: ast.AST) -> str:
    return getattr(node, "name", "<lambda>")


def _contains(node: Any, code: types.CodeType) -> bool:
    """Whether the places that `code` remembers lie in `node`; `-X no_debug_ranges` leaves none."""
    start = (node.lineno, node.col_offset)
    end = (node.end_lineno, node.end_col_offset)
    places = [p for p in code.co_positions() if None not in p]
    inner = [
        (line, column) for line, _, column, _ in places if (line, column) > (code.co_firstlineno, 0)
    ]
    return bool(inner) and all(start <= place <= end for place in inner)


# --- compiling again ------------------------------------------------------------------------------
def _is_compiled_from(code: types.CodeType, definition: Definition) -> bool:
    again = _compiled(code, definition)
    if _content(again) == _content(code):
        return True
    by_pytest = any(name.startswith("@py") for name in code.co_varnames)  # it rewrites `assert`
    return by_pytest and _words(again) <= _words(code)


def _compiled(code: types.CodeType, definition: Definition) -> types.CodeType:
    """What the definition compiles to where the names that `code` takes from outside are local."""
    node: Any = copy.copy(definition.node)
    node.args = _without_annotations(node.args)
    if not isinstance(node, ast.Lambda):
        node.decorator_list, node.returns, node.type_params = [], None, []
    inner: list[ast.stmt] = [ast.Expr(node) if isinstance(node, ast.Lambda) else node]
    own_name = definition.class_name or _name(node)
    if definition.class_name is not None:
        inner = _with_body(f"class {own_name}: pass", inner).body
    elsewhere = [] if own_name in (*code.co_freevars, "<lambda>") else [ast.Global([own_name])]
    bound = [
        ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)) for name in code.co_freevars
    ]
    outer = _with_body("def outer(): pass", [*elsewhere, *bound, *inner])
    flags = code.co_flags & _ANNOTATIONS_AS_TEXT
    ast.fix_missing_locations(outer)
    found = _first_code(compile(outer, "<again>", "exec", flags, dont_inherit=True))
    if definition.class_name is not None:
        found = _first_code(found)
    return _first_code(found)


def _first_code(code: types.CodeType) -> types.CodeType:
    return next(c for c in code.co_consts if isinstance(c, types.CodeType))


def _with_body(text: str, body: list[ast.stmt]) -> ast.Module:
    """The module `text`, a compound statement, with another body."""
    module = ast.parse(text)
    module.body[0].body = body  # type: ignore[attr-defined]
    return module


def _without_annotations(args: ast.arguments) -> ast.arguments:
    """The same parameters without defaults and annotations, which are evaluated outside."""
    plain = copy.copy(args)
    for field in ("posonlyargs", "args", "kwonlyargs"):
        setattr(plain, field, [ast.arg(a.arg) for a in getattr(args, field)])
    for field in ("vararg", "kwarg"):
        parameter = getattr(args, field)
        setattr(plain, field, parameter and ast.arg(parameter.arg))
    plain.defaults, plain.kw_defaults = [], [None] * len(args.kwonlyargs)
    return plain


def _content(code: types.CodeType) -> tuple[Any, ...]:
    """What a code object computes, without the place where it stands.

    Python calls a method of a module in two ways, which depend on where the module is imported.
    """
    instructions = [
        (
            "LOAD_ATTR" if step.opname == "LOAD_METHOD" else step.opname,
            None if step.opcode in _JUMPS else _constant(step.argval),
        )
        for step in dis.get_instructions(code)
        if step.opname not in _IDLE
    ]
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    rest = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    return counts, rest, code.co_varnames, code.co_freevars, tuple(instructions)


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _content(value)
    if isinstance(value, tuple | frozenset):
        return type(value), type(value)(map(_constant, value))
    return type(value), repr(value)


def _words(code: types.CodeType) -> set[Any]:
    """Names and constants in a code object."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    constants = {_constant(c) for c in code.co_consts if not isinstance(c, types.CodeType)}
    return constants.union(
        code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, *map(_words, inner)
    )
