"""Tests: what counts as one, and its opposite."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.tree import Node

_PREDICATES = ("isinstance", "callable", "bool", "hasattr", "<is_sequence>", "<is_mapping>")
_OPPOSITE = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}


def is_condition(node: Node) -> bool:
    """Whether a value can only be a truth value, or a literal."""
    if isinstance(node, gast.BoolOp):
        return all(map(is_condition, node.values))
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.Not):
        return True
    return (
        isinstance(node, gast.Compare) or is_literal(node) or tree.called_name(node) in _PREDICATES
    )


def is_literal(node: Node) -> bool:
    """Whether a node is a constant or a negative number."""
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub | gast.UAdd):
        return is_literal(node.operand)
    return isinstance(node, gast.Constant)


def negated(test: Node) -> Node:
    """The test that is true where `test` is false; `<` keeps its `not`, because of NaN.

    >>> print(tree.show(negated(tree.parse_expression("x == 0"))))
    x != 0
    >>> print(tree.show(negated(tree.parse_expression("x < 0"))))
    not x < 0
    """
    if isinstance(test, gast.UnaryOp) and isinstance(test.op, gast.Not):
        return test.operand
    if isinstance(test, gast.Compare) and len(test.ops) == 1:
        symbol = tree.symbol_of(test.ops[0])
        if symbol in _OPPOSITE:
            return tree.at(tree.compare(test.left, _OPPOSITE[symbol], test.comparators[0]), test)
    return tree.at(tree.negation(test), test)
