"""Tests of the class of a parameter that is known, so that what the other branch would make of it is not looked at.

def add(self, other):                               def add(self, other):
    if not isinstance(other, Dual):            ->       return Dual(self.v + other.v)
        other = Dual(other)
    return Dual(self.v + other.v)
"""

from collections.abc import Callable, Mapping
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.scopes import parameters


def decided(
    core: gast.FunctionDef, classes: Mapping[str, type], resolve: Callable[[tree.Node], Any]
) -> gast.FunctionDef:
    """The function without branches that an argument of its class does not take, as far as no statement before binds the name anew."""
    known = {p: classes[p] for p in parameters(core) if p in classes}
    if not known or not any(map(_is_test, tree.walk(core.body))):
        return core
    body: list[tree.Node] = []
    for node in core.body:
        body += _taken(node, known, resolve)
        known = {p: c for p, c in known.items() if p not in tree.names_written(node)}
    return tree.with_body(core, body)


def _taken(
    node: Any, known: Mapping[str, type], resolve: Callable[[tree.Node], Any]
) -> list[tree.Node]:
    """The statement, or those of the branch that is taken."""
    if not isinstance(node, gast.If):
        return [node]
    is_negated = isinstance(node.test, gast.UnaryOp) and isinstance(node.test.op, gast.Not)
    test = node.test.operand if is_negated else node.test
    if not _is_test(test) or not isinstance(test.args[0], gast.Name):
        return [node]
    kind, wanted = known.get(test.args[0].id), resolve(test.args[1])
    if kind is None or not isinstance(wanted, type) or not issubclass(kind, wanted):
        return [node]
    return list(node.orelse if is_negated else node.body)


def _is_test(node: Any) -> bool:
    return tree.called_name(node) == "isinstance" and len(node.args) == 2
