"""Write the arithmetic of the backward part as a person would.

    1.0 / n * 2 * diff      2.0 / n * diff          d_y * -b        -d_y * b
    1.0 * (2 * x)           2 * x                   d_a + -d_b      d_a - d_b

Only literals and signs move: a product of arrays keeps its order. The forward part, what stands
before the boundary, stays as the user wrote it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    children,
    is_boundary,
    map_blocks,
    map_body,
    map_children,
    same_items,
    with_fields,
)
from knetsrc.transform.simplify.effects import ADDS_INTO_FIRST, DISPLAYS, Effects, call_text
from knetsrc.transform.simplify.product import (
    is_product,
    is_python_int,
    product,
    strip_sign,
    without_signs,
)
from knetsrc.transform.simplify.sharing import Sharing, sharing_of
from knetsrc.transform.tree import Node

_RETURNED = "return"  # no name: stands for the caller who is handed the result
_ANYONE = frozenset(["anyone"])  # a call that may keep or change what it is handed
_REWRITTEN = (gast.Assign, gast.AugAssign, gast.Expr, gast.Return)
_FLOATS = frozenset(
    {"np.cos", "np.cosh", "np.exp", "np.log", "np.sin", "np.sinh", "np.sqrt", "np.tanh"}
)
Holders = frozenset[str] | None  # names that hold a value; None for an operand, which nobody holds
_SKIPPED = (gast.Subscript, gast.FunctionDef, gast.Lambda, gast.Constant, gast.Name)


def simplify_algebra(
    function: gast.FunctionDef, is_float: Callable[[Node], bool], effects: Effects
) -> gast.FunctionDef:
    """Fold literals, drop factors of one, and collect literals and signs in front of products.

    Parameters
    ----------
    function
        Generated code; statements after its boundary are rewritten, all where there is none.
    is_float
        Whether an expression is surely a float or an array of floats: `1.0 * n` is `n` only then.
    effects
        What is known of calls.

    Returns
    -------
    FunctionDef
        The same values, up to rounding where literals are multiplied with one another first. An
        operation that makes a new array is not dropped where its result would then share memory
        with something that is changed in place.
    """
    sharing = sharing_of(function, effects)
    context = Context(is_float, effects, sharing)

    def in_block(block: Block) -> Block:
        return [_in_statement(map_blocks(statement, in_block), context) for statement in block]

    def in_body(body: Block) -> Block:
        start = next((i + 1 for i, statement in enumerate(body) if is_boundary(statement)), 0)
        return body[:start] + in_block(body[start:])

    return map_body(function, in_body)


def _in_statement(statement: Node, context: "Context") -> Node:
    if not isinstance(statement, _REWRITTEN) or statement.value is None:
        return statement
    if _changes_something(statement.value, context.effects):
        return statement
    new = _in_expression(statement.value, _holders(statement, context.effects), context)
    if isinstance(statement, gast.AugAssign) and strip_sign(new) is not None:
        return _with_other_sign(statement, strip_sign(new))
    return statement if new is statement.value else with_fields(statement, value=new)


def _with_other_sign(statement: gast.AugAssign, value: Node) -> Node:
    """`d_x[i] -= e` for `d_x[i] += -e`."""
    opposite = {"+": "-", "-": "+"}.get(tree.symbol_of(statement.op))
    if opposite is None:
        return statement
    return tree.at(tree.augment(statement.target, opposite, value), statement)


def _changes_something(value: Node, effects: Effects) -> bool:
    """Whether a part may see another part change something: `2 * d_x + scale_in_place(d_x)`."""
    parts = children(value) if isinstance(value, gast.Call) else [value]
    found = [effects.own(part) for part in parts]
    return any(effect.impure or effect.mutates for effect in found)


def _holders(statement: Node, effects: Effects) -> Holders:
    """Who holds the value of a statement afterwards."""
    if isinstance(statement, gast.Return):
        return frozenset([_RETURNED])
    if isinstance(statement, gast.AugAssign) and isinstance(statement.value, DISPLAYS):
        return effects.shared_with(statement.target)
    if isinstance(statement, gast.Assign):
        return frozenset[str]().union(*map(effects.shared_with, statement.targets))
    return None


def _holders_within(node: Node, holders: Holders, effects: Effects) -> Holders:
    """Who holds the values of the parts of `node`, where `holders` hold its own."""
    if isinstance(node, gast.BinOp) and isinstance(node.left, DISPLAYS) | isinstance(
        node.right, DISPLAYS
    ):
        return holders
    if isinstance(node, gast.BinOp | gast.UnaryOp | gast.Compare):
        return None
    if not isinstance(node, gast.Call):
        return holders
    effect = effects.own(node)
    if effect.impure:
        return _ANYONE
    if effect.pushes:
        return effect.pushes | (holders or frozenset())
    return None if effects.is_fresh_call(node) else holders


@dataclass(frozen=True)
class Context:
    """What a rewriting may ask."""

    is_float: Callable[[Node], bool]
    effects: Effects
    sharing: Sharing

    def is_surely_float(self, node: Node) -> bool:
        """Whether the value is a float or an array of floats, given its parts."""
        if tree.is_number(node):
            return isinstance(node.value, float)
        if is_python_int(node) or isinstance(node, gast.Compare | gast.BoolOp):
            return False
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
        return self.is_float(node) or call_text(getattr(node, "func", None)) in _FLOATS

    def may_share(self, value: Node, targets: Holders) -> bool:
        """Whether `value` may stand where now a new object is made from it, held by `targets`."""
        if targets is None:
            return True
        names = self.effects.shared_with(value)
        if not names or targets is _ANYONE:
            return not names
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


_COMPUTED = (gast.BinOp, gast.UnaryOp, gast.Call)


def _in_expression(node: Node, holders: Holders, context: Context) -> Node:
    """`node` rewritten, where `holders` hold its value."""
    if isinstance(node, gast.Subscript) and isinstance(node.value, _COMPUTED):
        value = _in_expression(node.value, holders, context)
        is_same = value is node.value or not isinstance(value, _COMPUTED)
        return node if is_same else with_fields(node, value=value)
    if isinstance(node, _SKIPPED):
        return node
    if isinstance(node, gast.Call) and call_text(node.func) in ADDS_INTO_FIRST:
        first, *others = node.args
        new = [_in_expression(argument, None, context) for argument in others]
        return node if same_items(others, new) else with_fields(node, args=[first, *new])
    inner = _holders_within(node, holders, context.effects)
    node = map_children(node, lambda part: _in_expression(part, inner, context))
    new = _rewritten(node, context)
    if new is node:
        return node
    shared = context.effects.shared_with
    is_view = shared(new) <= shared(node)  # as it was before
    if not _makes_value(new) and not is_view and not context.may_share(new, holders):
        if not is_product(node) or not (is_product(node.left) or is_product(node.right)):
            return node
        new = tree.binary(tree.constant(1.0), "*", new)  # one new array, where there were several
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
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.MatMult):
        return without_signs(node)
    return _transposed(node)


def _transposed(node: Node) -> Node:
    """`k` for `k.T.T`, `np.outer(u, d)` for `np.outer(d, u).T`, and `d.T @ q` for `(q.T @ d).T` with an adjoint `d` of two axes."""
    inner = _before_transposing(node)
    if inner is None:
        return node
    if _before_transposing(inner) is not None:
        return _before_transposing(inner)
    if isinstance(inner, gast.UnaryOp) and isinstance(inner.op, gast.USub):
        return tree.negative(_transposed(tree.at(tree.attribute(inner.operand, "T"), node)))
    is_outer = isinstance(inner, gast.Call) and tree.is_path(inner.func, "np.outer")
    if is_outer and len(inner.args) == 2 and not inner.keywords:
        return tree.at(tree.call("np.outer", *reversed(inner.args)), node)
    if not isinstance(inner, gast.BinOp) or not isinstance(inner.op, gast.MatMult):
        return node
    sides = [inner.left, inner.right]
    is_adjoint = any(tree.is_name(n) and n.id.startswith("d_") for n in sides)
    if not is_adjoint or all(_before_transposing(n) is None for n in sides):
        return node
    left, right = (_before_transposing(n) or tree.attribute(n, "T") for n in sides)
    return tree.binary(right, "@", left)


def _before_transposing(node: Node) -> Node | None:
    """`k` for `k.T`."""
    is_transposed = isinstance(node, gast.Attribute) and node.attr == "T"
    return node.value if is_transposed else None


def _multiple_of_one(node: gast.BinOp, context: Context) -> Node | None:
    """`2 * w` for `0.5 * w + 1.5 * w`, and for `w + 1.0 * w`; None where the two are not the same but for a literal."""
    (one, rest), (other, same) = map(_scaled, (node.left, node.right))
    if (one is None and other is None) or not tree.is_same(rest, same):
        return None
    first, second = (1 if scale is None else scale for scale in (one, other))
    total = first + second if isinstance(node.op, gast.Add) else first - second
    effect = context.effects.own(rest)
    if effect.impure or effect.mutates or effect.pushes or not total or len(repr(total)) > 8:
        return None
    return tree.at(tree.binary(tree.constant(total), "*", rest), node)


def _scaled(node: Node) -> tuple[float | None, Node]:
    """`0.5` and `w` for `0.5 * w`; None and itself for all else."""
    is_scaled = is_product(node) and isinstance(node.op, gast.Mult) and tree.is_number(node.left)
    return (node.left.value, node.right) if is_scaled else (None, node)


def _is_once(node: Node) -> bool:
    """Whether it is `1.0 * y`: that makes a float of an integer, as a sum with another float does."""
    return is_product(node) and isinstance(node.op, gast.Mult) and tree.is_number(node.left, 1)


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
    if (total := _multiple_of_one(node, context)) is not None:
        return total
    if tree.is_number(right, 0) and context.is_surely_float(left):
        return left
    if tree.is_number(left, 0) and context.is_surely_float(right):
        return (
            right
            if adds
            else product(tree.negative(right), context.is_surely_float, context.effects)
        )
    positive = strip_sign(right)
    if positive is not None:
        return tree.binary(left, "-" if adds else "+", positive)
    if _is_once(right) and context.is_surely_float(left):
        return tree.binary(left, tree.symbol_of(node.op), right.right)
    if _is_once(left) and context.is_surely_float(right):
        return tree.binary(left.right, tree.symbol_of(node.op), right)
    positive = strip_sign(left) if adds else None
    if positive is not None and context.effects.may_swap(left, right):
        return tree.binary(right, "-", positive)
    return node
