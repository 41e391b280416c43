"""What is added in place to an array need not be repeated to its shape first."""

from collections.abc import Callable

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import Block, map_blocks, map_body, statements, with_fields


def add_unrepeated(function: gast.FunctionDef, candidates: frozenset[str]) -> gast.FunctionDef:
    """Drop `like` from what is added in place to an adjoint: adding repeats it, and keeps the dtype.

        d_x += like(d_mean / n, x)     ->     d_x += d_mean / n

    Parameters
    ----------
    function
        Generated code.
    candidates
        Names of adjoints of arrays and numbers. One that is a literal somewhere has no shape there
        yet, and is left alone.
    """
    literal = {
        name
        for node in statements(function.body)
        if isinstance(node, gast.Assign) and isinstance(node.value, gast.Constant)
        for name in tree.names_written(node.targets)
    }
    adds = _adds_to(candidates - literal)

    def in_block(block: Block) -> Block:
        return [
            with_fields(node, value=node.value.args[0])
            if adds(node)
            else map_blocks(node, in_block)
            for node in block
        ]

    return map_body(function, in_block)


def _adds_to(names: frozenset[str]) -> Callable[[tree.Node], bool]:
    def adds(node: tree.Node) -> bool:
        return (
            isinstance(node, gast.AugAssign)
            and isinstance(node.op, gast.Add | gast.Sub)
            and tree.is_name(node.target)
            and node.target.id in names
            and tree.called_name(node.value) == "like"
        )

    return adds
