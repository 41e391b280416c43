"""Don't compute in the last turn of a loop what only a next turn would read."""

from collections.abc import Iterator
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import Block, is_filler, same_items, statements, with_fields
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.tree import Node


def spare_last_turn(function: gast.FunctionDef, effects: Effects) -> gast.FunctionDef:
    """Put a costly statement at the end of a loop under the condition that another turn follows.

    A loop that went from the first layer to the last is reversed from the last to the first, whose input needs no adjoint.

        for i in reversed(range(0, n)):        for i in reversed(range(0, n)):
            d_w[i] += d_x @ x                      d_w[i] += d_x @ x
            d_x = w[i] @ d_x           ->          if i > 0:
        return d_w                                     d_x = w[i] @ d_x
                                               return d_w
    """
    body = []
    for position, statement in enumerate(function.body):
        if isinstance(statement, gast.For):
            later = _read_in(function.body[position + 1 :], effects)
            statement = _spared(statement, later, effects)
        body.append(statement)
    return function if same_items(body, function.body) else with_fields(function, body=body)


def _read_in(block: Block, effects: Effects) -> set[str]:
    return {name for s in block for name in (*effects.whole(s).reads, *effects.whole(s).hidden)}


def _spared(loop: gast.For, later: set[str], effects: Effects) -> gast.For:
    last = _last_of(loop.iter)
    written = {name for s in statements(loop.body) for name in effects.own(s).writes}
    if last is None or loop.orelse or not isinstance(loop.target, gast.Name):
        return loop
    if any(effects.own(s).leaves for s in statements(loop.body)):
        return loop
    if loop.target.id in written or not written.isdisjoint(tree.names_read(last)):
        return loop
    position = max(i for i, s in enumerate(loop.body) if not is_filler(s))
    statement = loop.body[position]
    if not _is_costly_value(statement, effects) or effects.own(statement).writes & later:
        return loop
    test = tree.compare(tree.name(loop.target.id), ">", last)
    under_test = tree.at(tree.if_(test, [statement]), statement)
    return with_fields(loop, body=[*loop.body[:position], under_test, *loop.body[position + 1 :]])


def _last_of(iterable: Node) -> Node | None:
    """The last number of a range that goes down to a literal or a name; None for other loops."""
    if tree.called_name(iterable) == "reversed" and len(iterable.args) == 1:
        inner: Any = iterable.args[0]
        if tree.called_name(inner) != "range" or inner.keywords:
            return None
        if len(inner.args) == 3 and not (tree.is_number(inner.args[2]) and inner.args[2].value > 0):
            return None
        start = inner.args[0] if len(inner.args) > 1 else tree.constant(0)
        return start if tree.is_number(start) or isinstance(start, gast.Name) else None
    is_range = tree.called_name(iterable) == "range" and len(iterable.args) == 3
    minus_one = tree.negative(tree.constant(1))
    if is_range and all(tree.is_same(part, minus_one) for part in iterable.args[1:]):
        return tree.constant(0)
    return None


def _is_costly_value(statement: Node, effects: Effects) -> bool:
    """Whether a statement gives a name a value for which matrices are multiplied, and no more."""
    if not isinstance(statement, gast.Assign) or len(statement.targets) != 1:
        return False
    effect = effects.own(statement)
    if effect.impure or effect.mutates or effect.pushes or effect.hidden:
        return False
    return isinstance(statement.targets[0], gast.Name) and any(_products(statement.value))


def _products(value: Node) -> Iterator[bool]:
    for node in tree.walk(value):
        if isinstance(node, gast.BinOp):
            yield isinstance(node.op, gast.MatMult)
        elif isinstance(node, gast.Call):
            yield (tree.called_name(node) or "").startswith(("matmul_adjoint", "conv_adjoint"))
