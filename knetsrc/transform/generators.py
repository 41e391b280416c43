"""Generator functions: those of context managers are written out around the block of their `with`.

@contextmanager                     with scaled(x) as y:             factor = x * 2
def scaled(x):                          z = y * x             ->     try:
    factor = x * 2                                                       y = factor
    try:                                                                 z = y * x
        yield factor                                                 finally:
    finally:                                                             print("done")
        print("done")
"""

import contextlib
import inspect
import types
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.conditions import is_literal
from knetsrc.transform.normalize.jumps import jumps_in
from knetsrc.transform.normalize.scopes import (
    all_blocks,
    bound_names,
    definitions,
    own_nodes,
    parameters,
    rewritten,
)
from knetsrc.transform.source import Source, read_source

YIELDS = (gast.Yield, gast.YieldFrom)


@dataclass(frozen=True)
class Written:
    """A generator function as the text of its caller can take it over: its body, with names of its own."""

    before: list[tree.Node]
    body: list[tree.Node]


def unfold_contexts(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """Write out context managers that are generators, and `nullcontext`.

    Parameters
    ----------
    function
        A function as parsed. It is not modified.
    source
        Where it was read.
    """
    if not any(isinstance(n, gast.With) for n in tree.walk(function)):
        return function
    function = tree.clone(function)
    contexts = _Contexts(function, source, Names.of(function))
    function.body[:] = rewritten(function.body, contexts.statement, all_blocks)
    return without_unread(function)


def without_unread(function: gast.FunctionDef) -> gast.FunctionDef:
    """Leave out generators inside that are no longer called, in a tree that is changed."""
    read = tree.names_read(function.body)

    def dropped(node: gast.FunctionDef) -> Any:
        is_generator = node is not function and bool(yields_in(node.body))
        return tree.pass_() if is_generator and node.name not in read else node

    body = tree.rewrite(function.body, {gast.FunctionDef: dropped})
    function.body = body
    return function


@dataclass
class _Contexts:
    function: gast.FunctionDef
    source: Source
    names: Names

    def statement(self, node: Any) -> list[tree.Node]:
        """The statements for a `with`; itself where one of its contexts cannot be written out."""
        if not isinstance(node, gast.With):
            return [node]
        body = node.body
        for number, item in reversed(list(enumerate(node.items))):
            new = self.item(item, body)
            if new is None:
                left = tree.clone(node)
                left.items, left.body = node.items[: number + 1], body
                return [left]
            body = new
        return list(body)

    def item(self, item: Any, body: list[tree.Node]) -> list[tree.Node] | None:
        call = item.context_expr
        manager = _manager(call, self.function, self.source)
        if manager is contextlib.nullcontext and len(call.args) == 1 and item.optional_vars:
            return [tree.assign(item.optional_vars, call.args[0]), *body]
        if not isinstance(manager, gast.FunctionDef):
            return None
        written = taken_over(manager, call, self.function, self.names, body)
        if written is None:
            return None
        target = item.optional_vars

        def at_yield(value: tree.Node) -> list[tree.Node]:
            if target is not None:
                return [tree.assign(target, value), *body]
            return list(body) if is_literal(value) else [tree.expression(value), *body]

        found = _around(written.body, at_yield, bool(jumps_in(body)) or bool(_returns(body)))
        return None if found is None else [*written.before, *found]


def _manager(call: Any, function: gast.FunctionDef, source: Source) -> Any:
    """`nullcontext`, the generator function of a context manager, or None for other contexts."""
    if not isinstance(call, gast.Call):
        return None
    if isinstance(call.func, gast.Name):
        own = [n for n in definitions(function.body) if n.name == call.func.id]
        if own:
            marks = [tree.show(d).rpartition(".")[2] for d in own[0].decorator_list]
            return own[0] if len(own) == 1 and marks == ["contextmanager"] else None
    value = source.value_of(call.func)
    if value is contextlib.nullcontext:
        return value
    return definition_of(value.__wrapped__, source) if is_manager(value) else None


def is_manager(value: Any) -> bool:
    """Whether a function makes context managers of a generator."""
    return hasattr(value, "__wrapped__") and getattr(value, "__code__", None) in _MANAGER_CODES


@contextlib.contextmanager
def _example() -> Any:
    yield


_MANAGER_CODES = (_example.__code__,)


def definition_of(generator: Any, source: Source) -> gast.FunctionDef | None:
    """The definition of a generator function, if its names mean the same where `source` is defined."""
    if not isinstance(generator, types.FunctionType) or not inspect.isgeneratorfunction(generator):
        return None
    is_near = generator.__globals__ is source.function.__globals__
    if not is_near or generator.__code__.co_freevars:
        return None
    try:
        return read_source(generator, may_yield=True).tree
    except KnetsrcError:
        return None


def taken_over(
    generator: gast.FunctionDef,
    call: gast.Call,
    function: gast.FunctionDef,
    names: Names,
    around: list[tree.Node],
) -> Written | None:
    """The body of a generator function for the arguments of a call; None where it cannot stand in `function`."""
    arguments = generator.args
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    known = [*positional, *(a.id for a in arguments.kwonlyargs)]
    if arguments.vararg or arguments.kwarg or len(call.args) > len(positional):
        return None
    if any(isinstance(a, gast.Starred) for a in call.args) or any(
        k.arg not in known for k in call.keywords
    ):
        return None
    late = positional[len(positional) - len(arguments.defaults) :]
    bound = dict(zip(late, arguments.defaults, strict=True))
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    bound |= {a.id: d for a, d in pairs if d is not None}
    if not all(map(is_literal, bound.values())):
        return None
    bound |= dict(zip(positional, call.args, strict=False))
    bound |= {str(k.arg): k.value for k in call.keywords}
    local = {*parameters(generator), *bound_names(generator.body)}
    hidden = bound_names(function.body) | set(parameters(function))
    is_inside = any(n is generator for n in tree.walk(function))
    outer = tree.names_read(generator.body) - local
    if set(bound) != set(known) or (not is_inside and outer & hidden):
        return None
    fixed = {t: a for t, a in bound.items() if t not in bound_names(generator.body)}
    direct = {t: a for t, a in fixed.items() if _is_steady(a, bound_names(around))}
    renamed = names.renaming(local - direct.keys(), generator.body)
    body = tree.substitute(tree.rename(tree.clone(generator.body), renamed), direct)
    first = body[0] if body else None
    if isinstance(first, gast.Expr) and isinstance(first.value, gast.Constant):
        body = body[1:]
    order = [*call.args, *(k.value for k in call.keywords)]
    given = sorted(bound.items(), key=lambda i: order.index(i[1]) if i[1] in order else -1)
    first = [tree.assign(renamed[p], tree.clone(a)) for p, a in given if p in renamed]
    return Written(first, body)


def _is_steady(argument: tree.Node, changing: set[str]) -> bool:
    is_same = isinstance(argument, gast.Name) and argument.id not in changing
    return is_same or is_literal(argument)


def yields_in(nodes: list[Any]) -> list[Any]:
    """Each `yield` of this scope."""
    return [n for n in own_nodes(nodes) if isinstance(n, YIELDS)]


def _around(body: list[Any], at_yield: Any, has_jumps: bool) -> list[tree.Node] | None:
    """A body with the statements that stand for its only `yield`, in a `try` or `with` of it at most."""
    if len(yields_in(body)) != 1 or any(isinstance(n, gast.Return) for n in own_nodes(body)):
        return None
    place = next(i for i, n in enumerate(body) if yields_in([n]))
    node, rest = body[place], body[place + 1 :]
    if has_jumps and rest:  # they would be left out
        return None
    if isinstance(node, gast.Expr) and isinstance(node.value, gast.Yield):
        value = node.value.value if node.value.value is not None else tree.constant(None)
        return [*body[:place], *at_yield(value), *rest]
    if not isinstance(node, gast.Try | gast.With) or (has_jumps and getattr(node, "orelse", [])):
        return None
    inner = _around(node.body, at_yield, has_jumps) if yields_in(node.body) else None
    if inner is None:
        return None
    node.body = inner
    return [*body[:place], node, *rest]


def _returns(body: list[Any]) -> list[tree.Node]:
    every = [n for s in body for n in (s, *own_nodes([s]))]
    return [n for n in every if isinstance(n, gast.Return)]
