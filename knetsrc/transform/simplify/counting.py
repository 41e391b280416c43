"""Ranges that count down to the start, taken from their end: they count up."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.lengths import measured
from knetsrc.transform.simplify.edit import Block, map_blocks, map_body, with_fields
from knetsrc.transform.tree import Node


def count_up(function: gast.FunctionDef) -> gast.FunctionDef:
    """Write a range of negative step that is reversed as one of positive step.

        for i in reversed(range(len(c) - 1, -1, -1)):     ->     for i in range(len(c)):

    Only ranges of lengths, and of names for these: other numbers of NumPy may be unsigned, and `n - 1` is no less than `n`.
    """
    bound = bound_values(function)

    def is_length(node: Node) -> bool:
        if isinstance(node, gast.Name):
            values = bound.get(node.id, [])
            return len(values) == 1 and values[0] is not None and measured(values[0]) is not None
        return measured(node) is not None

    def one_more(node: Node) -> Node | None:
        """`n` for `n - 1`."""
        number = tree.integer_of(node)
        if number is not None:
            return tree.constant(number + 1)
        if is_length(node):
            return tree.binary(node, "+", tree.constant(1))
        less = tree.integer_of(node.right) if isinstance(node, gast.BinOp) else None
        if not isinstance(node, gast.BinOp) or not isinstance(node.op, gast.Sub) or not less:
            return None
        if less < 0 or not is_length(node.left):
            return None
        return node.left if less == 1 else tree.binary(node.left, "-", tree.constant(less - 1))

    def counted(iterable: Node) -> Node:
        down = iterable.args[0] if tree.called_name(iterable) == "reversed" else iterable
        if down is iterable or tree.called_name(down) != "range" or len(down.args) != 3:
            return iterable
        last, before, step = down.args
        start, stop = one_more(before), one_more(last)
        if start is None or stop is None or tree.integer_of(step) != -1:
            return iterable
        ends = [stop] if tree.integer_of(start) == 0 else [start, stop]
        return tree.at(tree.call("range", *ends), iterable)

    def in_block(block: Block) -> Block:
        found = []
        for node in block:
            new = map_blocks(node, in_block)
            if isinstance(new, gast.For):
                iterable = counted(new.iter)
                new = new if iterable is new.iter else with_fields(new, iter=iterable)
            found.append(new)
        return found

    return map_body(function, in_block)
