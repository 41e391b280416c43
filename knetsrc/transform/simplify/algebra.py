"""Write the arithmetic of the backward part as a person would.

    1.0 / n * 2 * diff      2.0 / n * diff          d_y * -b        -d_y * b
    1.0 * (2 * x)           2 * x                   d_a + -d_b      d_a - d_b

Only literals and signs move: a product of arrays keeps its order, and one operation on an array does not become two.
The forward part, what stands before the empty line, stays as the user wrote it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import map_blocks, map_body, map_children, with_fields
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.simplify.product import is_product, product, strip_sign
from knetsrc.transform.simplify.sharing import Sharing, sharing_of
from knetsrc.transform.tree import Node

_RETURNED = "return"  # no name: stands for the target of the return statement
_SKIPPED = (gast.Subscript, gast.FunctionDef, gast.Lambda, gast.Constant, gast.Name)


def simplify_algebra(
    function: gast.FunctionDef, is_float: Callable[[Node], bool], effects: Effects
) -> gast.FunctionDef:
    """Fold literals, drop factors of one, and collect literals and signs in front of products.

    Parameters
    ----------
    function
        Generated code; statements after its first empty line are rewritten, all of them where there is none.
    is_float
        Whether an expression is surely a float or an array of floats: `1.0 * n` is `n` only then.
    effects
        What is known of calls.

    Returns
    -------
    FunctionDef
        The same values, up to rounding where literals are multiplied with one another first. An operation that makes a
        new array is not dropped where its result would then share memory with something that is changed in place.
    """
    sharing = sharing_of(function, effects)
    context = Context(is_float, effects, sharing)

    def in_block(block: list) -> list:
        return [_in_statement(map_blocks(statement, in_block), context) for statement in block]

    def in_body(body: list) -> list:
        start = next(
            (i + 1 for i, statement in enumerate(body) if tree.comment_text(statement) == ""), 0
        )
        return body[:start] + in_block(body[start:])

    return map_body(function, in_body)


def _in_statement(statement: Node, context: "Context") -> Node:
    if (
        not isinstance(statement, gast.Assign | gast.AugAssign | gast.Return)
        or statement.value is None
    ):
        return statement
    if isinstance(statement, gast.AugAssign):
        targets = None
    elif isinstance(statement, gast.Return):
        targets = frozenset([_RETURNED])
    else:
        targets = frozenset[str]().union(*map(context.effects.shared_with, statement.targets))
    new = _in_expression(statement.value, targets, context)
    return statement if new is statement.value else with_fields(statement, value=new)


@dataclass(frozen=True)
class Context:
    """What a rewriting may ask."""

    is_float: Callable[[Node], bool]
    effects: Effects
    sharing: Sharing

    def is_surely_float(self, node: Node) -> bool:
        """Whether the value is a float, an array of floats, or becomes one by an operation within."""
        if tree.is_number(node):
            return isinstance(node.value, float)
        if isinstance(node, gast.UnaryOp):
            return isinstance(node.op, gast.USub) and self.is_surely_float(node.operand)
        if isinstance(node, gast.BinOp) and isinstance(
            node.op, gast.Add | gast.Sub | gast.Mult | gast.Div | gast.MatMult
        ):
            return (
                self.is_float(node)
                or self.is_surely_float(node.left)
                or self.is_surely_float(node.right)
            )
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Pow):
            return self.is_float(node) or self.is_surely_float(node.left)
        return self.is_float(node)

    def may_share(self, value: Node, targets: frozenset[str] | None) -> bool:
        """Whether `value` may stand where now a new object is made from it.

        `targets` are the names that are going to hold it, None where it is an operand and goes nowhere.
        """
        if targets is None:
            return True
        names = self.effects.shared_with(value)
        if not names:
            return True
        sharing = self.sharing
        changes = _RETURNED not in targets and sharing.mutated
        if not sharing.classes(changes or ()).isdisjoint(sharing.classes(names | targets)):
            return False
        if sharing.is_external(names | targets):
            kept = sharing.classes(sharing.returned | {_RETURNED})
            if not kept.isdisjoint(sharing.classes(names | targets)):
                return False
        sharing.join(names | targets)
        return True


def _in_expression(node: Node, targets: frozenset[str] | None, context: Context) -> Node:
    """`node` rewritten; `targets` as in `Context.may_share`."""
    if isinstance(node, _SKIPPED):
        return node
    operand = isinstance(node, gast.BinOp | gast.UnaryOp | gast.Compare)
    fresh = operand or (isinstance(node, gast.Call) and context.effects.is_fresh_call(node))
    inner = None if fresh else targets
    node = map_children(node, lambda part: _in_expression(part, inner, context))
    new = _rewritten(node, context)
    if new is node or (not _makes_value(new) and not context.may_share(new, targets)):
        return node
    return tree.at(new, node)


def _makes_value(node: Node) -> bool:
    return isinstance(node, gast.BinOp | gast.UnaryOp | gast.Constant)


def _rewritten(node: Node, context: Context) -> Node:
    if is_product(node) or (isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub)):
        return product(node, context.is_surely_float, context.effects)
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Add | gast.Sub):
        return _sum(node, context)
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Pow):
        return _power(node)
    return node


def _power(node: gast.BinOp) -> Node:
    if tree.is_constant(node.right, 1):
        return node.left
    if (
        tree.is_constant(node.left)
        and tree.is_constant(node.right)
        and tree.is_number(node.left)
        and tree.is_number(node.right)
    ):
        exponent = node.right.value
        if isinstance(exponent, int) and 0 <= exponent <= 8:
            return tree.constant(node.left.value**exponent)
    return node


def _sum(node: gast.BinOp, context: Context) -> Node:
    left, right, adds = node.left, node.right, isinstance(node.op, gast.Add)
    if tree.is_number(left) and tree.is_number(right):
        value = left.value + right.value if adds else left.value - right.value
        return tree.constant(value) if len(repr(value)) <= 8 else node
    if tree.is_number(right, 0) and context.is_surely_float(left):
        return left
    if tree.is_number(left, 0) and context.is_surely_float(right):
        return right if adds else tree.negative(right)
    positive = strip_sign(right)
    if positive is not None:
        return tree.binary(left, "-" if adds else "+", positive)
    positive = strip_sign(left) if adds else None
    if positive is not None and not (
        context.effects.own(left).impure and context.effects.own(right).impure
    ):
        return tree.binary(right, "-", positive)
    return node
