"""Small repairs of form: branches that do nothing, comments that head nothing, empty lines."""

from functools import partial
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    is_boundary,
    is_filler,
    map_blocks,
    map_body,
    same_items,
    with_fields,
)
from knetsrc.transform.simplify.width import fits
from knetsrc.transform.tree import Node

_NAMES = (gast.Name, gast.Constant, gast.Tuple, gast.List, gast.Dict, gast.Load)
_PUT_TOGETHER = ("gradient_like", "adjoint_like")
_OPPOSITE = {
    gast.Eq: "!=",
    gast.NotEq: "==",
    gast.Is: "is not",
    gast.IsNot: "is",
    gast.In: "not in",
    gast.NotIn: "in",
}


def tidy(function: gast.FunctionDef) -> gast.FunctionDef:
    """Give statements the form in which a person would leave them.

        if done:                           if not done:
            pass                   ->          d_x = 2 * d_x
        else:
            d_x = 2 * d_x

    In the backward part, a statement that ends both branches of an `if` follows it instead. `x = x`
    goes, an `if` that only chooses between two simple values is a conditional expression, a comment
    before nothing and an empty line at an end go.
    """

    def in_block(block: Block, depth: int, backward: bool) -> Block:
        found: Block = []
        for statement in block:
            backward = backward or is_boundary(statement)
            inside = partial(in_block, depth=depth + 1, backward=backward)
            found += _in_if(map_blocks(statement, inside), depth, backward)
        found = _comments([statement for statement in found if not _is_idle(statement)])
        if not found and not (len(block) == 1 and isinstance(block[0], gast.Pass)):
            found = [tree.at(tree.pass_(), block[0])]
        return block if not found or same_items(block, found) else found

    return map_body(function, lambda body: in_block(body, 1, False))


def _is_idle(statement: Node) -> bool:
    """Whether a statement is `x = x` or a `pass`; an empty block gets its `pass` back."""
    name = assigned_name(statement)
    is_copy = name is not None and tree.is_name(statement.value, name)
    return is_copy or isinstance(statement, gast.Pass)


# --- branches -----------------------------------------------------------------------------------
def _in_if(statement: Node, depth: int, backward: bool) -> Block:
    if not isinstance(statement, gast.If):
        return [statement]
    if statement.orelse and all(map(is_filler, statement.orelse)):
        statement = with_fields(statement, orelse=[])
    statement, after = _hoisted(statement) if backward else (statement, [])
    if statement.orelse and all(map(is_filler, statement.body)):
        test = tree.at(negated(statement.test), statement.test)
        statement = with_fields(statement, test=test, body=statement.orelse, orelse=[])
    return [_as_choice(statement, depth), *after]


def negated(test: Node) -> Node:
    """The opposite of a test; an order stays under `not`, because of NaN.

    >>> print(tree.show(negated(tree.parse_expression("a is None"))))
    a is not None
    """
    if isinstance(test, gast.UnaryOp) and isinstance(test.op, gast.Not):
        return test.operand
    if isinstance(test, gast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        return tree.compare(test.left, _OPPOSITE[type(test.ops[0])], test.comparators[0])
    return tree.negation(test)


def _hoisted(statement: gast.If) -> tuple[gast.If, Block]:
    """The statement without the end that both branches have in common, and that end."""
    body, orelse = statement.body, statement.orelse
    count = 0
    while count < min(len(body), len(orelse)) and _is_alike(body[-1 - count], orelse[-1 - count]):
        count += 1
    if not count or all(map(is_filler, body[-count:])):
        return statement, []
    end = body[-count:]
    rest = body[:-count] or [tree.at(tree.pass_(), statement)]
    return with_fields(statement, body=rest, orelse=orelse[:-count]), end


def _is_alike(a: Node, b: Node) -> bool:
    return type(a) is type(b) and not isinstance(a, gast.Pass) and tree.is_same(a, b)


def _as_choice(statement: gast.If, depth: int) -> Any:
    """`x = a if c else b` for an `if` that does that in one line of the primal."""
    if len(statement.body) != 1 or len(statement.orelse) != 1:
        return statement
    (then,), (other,) = statement.body, statement.orelse
    name = assigned_name(then)
    if (
        name is None
        or assigned_name(other) != name
        or not (_is_simple(then.value) and _is_simple(other.value))
    ):
        return statement
    lines = {getattr(node, "lineno", None) for node in (statement.test, then, other)} - {None}
    if len(lines) > 1:  # an `if` of several lines is what the user wrote
        return statement
    new = tree.at(
        tree.assign(name, tree.choice(statement.test, then.value, other.value)), statement
    )
    return new if fits(new, 4 * depth) else statement


def _is_simple(value: Node) -> bool:
    if isinstance(value, gast.UnaryOp) and isinstance(value.op, gast.USub):
        value = value.operand
    while isinstance(value, gast.Attribute):
        value = value.value
    return isinstance(value, gast.Name | gast.Constant)


# --- comments -----------------------------------------------------------------------------------
def _only_hands_on(statement: Node) -> bool:
    """Whether a statement is the `return` of names, and of what is put together of names: it reverses nothing."""
    if not isinstance(statement, gast.Return) or statement.value is None:
        return False
    return all(
        isinstance(node, _NAMES) or tree.called_name(node) in _PUT_TOGETHER
        for node in tree.walk(statement.value)
    )


def _comments(block: Block) -> Block:
    """The block without comments that head nothing, empty lines at its ends, and repeated ones."""
    kept: Block = []
    for statement in reversed(block):
        text = tree.comment_text(statement)
        following = tree.comment_text(kept[-1]) if kept else ""
        if text and text != tree.BOUNDARY and kept and _only_hands_on(kept[-1]):
            continue
        if text in (None, tree.BOUNDARY) or following is None or (text == "" and following):
            kept.append(statement)
    while kept and tree.comment_text(kept[-1]) == "":
        kept.pop()
    return kept[::-1]
