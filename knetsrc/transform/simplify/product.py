"""Literals and signs of a product, collected in front of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.tree import Node

_LONGEST = 8  # of a folded literal: 0.1 * 3 stays, 0.30000000000000004 is no better


@dataclass
class Factors:
    """A product `sign * literal * f1 (*|/) f2 ...`; `literal` is None where there is none."""

    sign: int
    literal: float | None
    rest: list[tuple[str, Any]]


def is_product(node: Node | None) -> bool:
    """Whether `node` is `a * b` or `a / b`."""
    return isinstance(node, gast.BinOp) and isinstance(node.op, gast.Mult | gast.Div)


def is_python_int(node: Node) -> bool:
    """Whether a value is an int of Python: the length of something, an extent of an array."""
    if isinstance(node, gast.Subscript):
        return isinstance(node.value, gast.Attribute) and node.value.attr == "shape"
    if isinstance(node, gast.Attribute):
        return node.attr in ("size", "ndim")
    return tree.called_name(node) == "len"


def strip_sign(node: Node) -> Node | None:
    """`x` for `-x`, `a * b` for `-a * b`, `a @ b` for `-a @ b` and `a @ -b`; None where there is no minus."""
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
        return node.operand
    if is_product(node):
        left = strip_sign(node.left)
        return None if left is None else tree.binary(left, tree.symbol_of(node.op), node.right)
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.MatMult):
        left, right = strip_sign(node.left), strip_sign(node.right)
        if (left is None) != (right is None):
            return tree.binary(left or node.left, "@", right or node.right)
    return None


def without_signs(node: gast.BinOp) -> Node:
    """`a @ b` for `-a @ -b`; all else as it is."""
    left, right = strip_sign(node.left), strip_sign(node.right)
    return node if left is None or right is None else tree.binary(left, "@", right)


def product(node: Node, is_float: Callable[[Node], bool], effects: Effects) -> Node:
    """The product or negation `node` with its literals multiplied and its signs taken to the front.

    Gives back `node` itself where it is as it should be. Its parts are in that form already.
    """
    factors = _factors(node)
    if any(
        isinstance(factor, gast.List | gast.Tuple | gast.JoinedStr) for _, factor in factors.rest
    ):
        return node
    if factors.literal is None and not (factors.sign < 0 or _signs(node)):
        return _without_division_by_one(node, factors, is_float)
    _divide_literals(factors, is_float)
    if factors.literal == 1 and factors.rest:
        _drop_one(factors, is_float, effects)
    new = _built(factors, is_float)
    return node if tree.is_same(new, node) else new


def _signs(node: Node) -> bool:
    """Whether there is a minus anywhere among the factors."""
    while is_product(node):
        if strip_sign(node.right) is not None:
            return True
        node = node.left
    return strip_sign(node) is not None


def _without_division_by_one(
    node: Node, factors: Factors, is_float: Callable[[Node], bool]
) -> Node:
    if (
        is_product(node)
        and isinstance(node.op, gast.Div)
        and tree.is_number(node.right, 1)
        and is_float(node.left)
    ):
        return node.left
    return node


def _factors(node: Node) -> Factors:
    """The factors along the left side of a product; those in parentheses stay whole."""
    reverse: list[tuple[str, Any]] = []
    sign = 1
    while True:
        if is_product(node):
            reverse.append((tree.symbol_of(node.op), node.right))
            node = node.left
        elif isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
            sign = -sign
            node = node.operand
        else:
            break
    found = Factors(sign, None, [])
    for symbol, factor in [("*", node), *reversed(reverse)]:
        positive = strip_sign(factor)
        if positive is not None:
            found.sign, factor = -found.sign, positive
        if symbol == "*" and tree.is_number(factor) and _take(found, factor.value):
            continue
        found.rest.append((symbol, factor))
    if found.literal is not None:
        _open_parentheses(found)
    return found


def _take(factors: Factors, value: float) -> bool:
    """Multiply the literal by `value`, if what comes out is short."""
    new = value if factors.literal is None else factors.literal * value
    if factors.literal is not None and (len(repr(new)) > _LONGEST or not math.isfinite(new)):
        return False
    factors.literal = new
    return True


def _open_parentheses(factors: Factors) -> None:
    """Take the literals out of factors in parentheses: 3 * (2 * x) is 6 * x."""
    for position, (symbol, factor) in enumerate(factors.rest):
        if symbol != "*" or not is_product(factor):
            continue
        inner = _factors(factor)
        if (
            inner.literal is not None
            and inner.rest
            and inner.rest[0][0] == "*"
            and _take(factors, inner.literal)
        ):
            factors.sign *= inner.sign
            factors.rest[position] = ("*", _chain(inner.rest[0][1], inner.rest[1:]))
    first_symbol, first = factors.rest[0] if factors.rest else ("", None)
    if first_symbol == "*" and is_product(first):
        inner = _factors(first)
        if inner.literal is None:
            factors.sign *= inner.sign
            factors.rest[:1] = inner.rest


def _divide_literals(factors: Factors, is_float: Callable[[Node], bool]) -> None:
    """Divide the literal in front by those that the product is divided by, if that is even."""
    _cancel_literal(factors)
    for position, (symbol, factor) in enumerate(factors.rest):
        if (
            factors.literal is None
            or symbol != "/"
            or not tree.is_number(factor)
            or factor.value == 0
        ):
            continue
        quotient = factors.literal / factor.value
        others = [f for i, (_, f) in enumerate(factors.rest) if i != position]
        even = quotient.is_integer()
        if (position == 0 and len(repr(quotient)) <= _LONGEST) or (
            even and any(map(is_float, others))
        ):
            factors.literal = quotient
            del factors.rest[position]
            return _divide_literals(factors, is_float)
    return None


def _cancel_literal(factors: Factors) -> None:
    """`d * x / y` for `2 * d * x / (2 * y)`."""
    first_symbol, first = factors.rest[0] if factors.rest else ("", None)
    for position, (symbol, factor) in enumerate(factors.rest):
        if not factors.literal or symbol != "/" or not is_product(factor):
            continue
        inner = _factors(factor)
        if inner.literal != factors.literal or not inner.rest or inner.rest[0][0] != "*":
            continue
        factors.sign *= inner.sign
        factors.rest[position] = ("/", _chain(inner.rest[0][1], inner.rest[1:]))
        is_plain = first_symbol == "*" and not _is_boolean(first)
        factors.literal = None if is_plain else 1


def _drop_one(factors: Factors, is_float: Callable[[Node], bool], effects: Effects) -> None:
    """Drop a literal 1 where what is left is as much a float as before."""
    symbol, first = factors.rest[0]
    if symbol == "*":
        if is_float(first):
            factors.literal = None
        return
    if len(factors.rest) < 2 or factors.rest[1][0] != "*":
        return
    second = factors.rest[1][1]  # 1 / n * x is x / n
    if (is_float(second) or (is_float(first) and not _is_boolean(second))) and effects.may_swap(
        first, second
    ):
        factors.literal = None
        factors.rest[:2] = [("*", second), ("/", first)]


def _built(factors: Factors, is_float: Callable[[Node], bool]) -> Node:
    rest = factors.rest
    if factors.literal is None and factors.sign < 0 and _is_boolean(rest[0][1]):
        factors.literal = 1.0  # NumPy has no negative of a boolean
    if factors.literal is None:
        first = rest[0][1]
        return _chain(negated(first) if factors.sign < 0 else first, rest[1:])
    value = _plain(factors.literal, rest, is_float)
    literal = tree.constant(value)
    return _chain(tree.negative(literal) if factors.sign < 0 else literal, rest)


def _plain(value: float, rest: list[tuple[str, Any]], is_float: Callable[[Node], bool]) -> float:
    """`value` as an int where that makes no difference: 2 for 2.0 in `2.0 * x` with a float `x`."""
    if not rest or not isinstance(value, float) or not value.is_integer() or not 0 < value < 2**53:
        return value
    symbol, first = rest[0]
    if symbol == "/":
        return int(value) if is_float(first) or is_python_int(first) else value
    return int(value) if is_float(first) and value != 1 else value


def _is_boolean(node: Node) -> bool:
    """Whether it is a comparison, or made of comparisons."""
    if isinstance(node, gast.BinOp):
        is_logical = isinstance(node.op, gast.BitAnd | gast.BitOr | gast.BitXor)
        return is_logical and _is_boolean(node.left) and _is_boolean(node.right)
    if isinstance(node, gast.UnaryOp):
        return isinstance(node.op, gast.Invert | gast.Not)
    return isinstance(node, gast.Compare | gast.BoolOp)


def negated(node: Node) -> Node:
    """`-a * b` for `a * b`."""
    if is_product(node):
        return tree.binary(negated(node.left), tree.symbol_of(node.op), node.right)
    return tree.negative(node)


def _chain(first: Node, rest: list[tuple[str, Any]]) -> Node:
    for symbol, factor in rest:
        first = tree.binary(first, symbol, factor)
    return first
