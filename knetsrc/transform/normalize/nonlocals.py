"""`nonlocal`: what an inner function binds of the function around it comes in as an argument and goes out as a result.

def add(v):                          def add(v, *, total):
    nonlocal total          ->           total = total + v
    total = total + v                    return None, total
add(x)                               _, total = add(x, total=total)
"""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import (
    bound_names,
    definitions,
    own_nodes,
    parameters,
    rewritten,
)
from knetsrc.transform.tree import Node


def unfold_nonlocals(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Hand the names that inner functions bind to these, and take them back.

    Only functions that are called by their name, in statements of their own, are rewritten; `nonlocal` stays in others.

    >>> from knetsrc.transform.language import show
    >>> show(unfold_nonlocals, "def add(v):\\n    nonlocal s\\n    s = s + v\\ns = 0.0\\ny = add(2.0)")
    def add(v, *, s):
        s = s + v
        return (None, s)
    s = 0.0
    y, s = add(2.0, s=s)
    """
    if not any(isinstance(n, gast.Nonlocal) for n in tree.walk(function.body)):
        return function
    function = tree.clone(function)
    own = bound_names(function.body) | set(parameters(function))
    inner = {n.name: n for n in definitions(function.body)}
    bound = {text: _nonlocals(n) for text, n in inner.items()}
    chosen = {
        text: given
        for text, given in bound.items()
        if given and set(given) <= own and _is_only_called(function, text, given)
    }
    function.body = rewritten(function.body, _Calls(chosen, names).statement)
    for text, given in chosen.items():
        own_calls = _Calls({text: given}, names)
        inner[text].body = rewritten(inner[text].body, own_calls.statement)
        _with_results(inner[text], given)
    return function


def _nonlocals(function: gast.FunctionDef) -> list[str]:
    """Names of the function around that a function binds."""
    return [n for s in function.body if isinstance(s, gast.Nonlocal) for n in s.names]


def _is_only_called(function: gast.FunctionDef, text: str, given: list[str]) -> bool:
    """Whether a function is only ever called, by statements of the function around it and of its own."""
    every = _statements(function.body)
    every += [s for n in definitions(function.body) if n.name == text for s in _statements(n.body)]
    called = sum(_called(s, given) == text for s in every)
    return called == sum(tree.is_name(n, text) for n in tree.walk(function.body))


def _statements(body: list[Any]) -> list[Any]:
    return [n for n in own_nodes(body) if isinstance(n, gast.stmt)]


def _called(node: Any, given: list[str]) -> str | None:
    """`add` for `y = add(x)`, `y += add(x)`, `return add(x)` and `add(x)`."""
    if isinstance(node, gast.AugAssign):
        is_plain = isinstance(node.target, gast.Name) and node.target.id not in given
        return tree.called_name(node.value) if is_plain else None
    if isinstance(node, gast.Assign):
        is_plain = len(node.targets) == 1 and not tree.names_written(node.targets) & set(given)
        return tree.called_name(node.value) if is_plain else None
    if isinstance(node, gast.Expr | gast.Return) and node.value is not None:
        return tree.called_name(node.value)
    return None


def _with_results(function: gast.FunctionDef, given: list[str]) -> None:
    """Take names as arguments and give them back."""

    def result(value: Node | None) -> Node:
        first = value if value is not None else tree.constant(None)
        return tree.tuple_of([first, *map(tree.name, given)])

    def statement(node: Any) -> Node | list[Node]:
        if isinstance(node, gast.Return):
            return tree.return_(result(node.value))
        return [] if isinstance(node, gast.Nonlocal) else node

    function.args.kwonlyargs += [tree.parameter(n) for n in given]
    function.args.kw_defaults += [None] * len(given)
    last = function.body[-1]
    function.body = rewritten(function.body, statement)
    if not isinstance(last, gast.Return):
        function.body.append(tree.at(tree.return_(result(None)), last))


class _Calls:
    """Calls that hand names over and take them back."""

    def __init__(self, chosen: dict[str, list[str]], names: Names) -> None:
        self.chosen, self.names = chosen, names

    def statement(self, node: Any) -> list[Any]:
        value = getattr(node, "value", None)
        text = tree.called_name(value) if value is not None else None
        if text not in self.chosen or _called(node, self.chosen[text]) != text:
            return [node]
        given = self.chosen[text]
        call = tree.clone(value)
        call.keywords += [gast.keyword(n, tree.name(n)) for n in given]
        if isinstance(node, gast.Expr):
            return [self._taken("_", given, call)]
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            return [self._taken(node.targets[0].id, given, call)]
        result = self.names.fresh("result")
        taken = self._taken(result, given, call)
        if isinstance(node, gast.Return):
            return [taken, tree.return_(tree.name(result))]
        if isinstance(node, gast.AugAssign):
            return [taken, tree.augment(node.target, tree.symbol_of(node.op), tree.name(result))]
        return [taken, tree.assign(node.targets[0], tree.name(result))]

    def _taken(self, result: str, given: list[str], call: Node) -> Node:
        return tree.assign(tree.tuple_of([tree.name(result), *map(tree.name, given)]), call)
