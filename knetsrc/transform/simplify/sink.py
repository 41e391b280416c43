"""What only hands on an adjoint that a branch has left zero runs in the other branch.

if taken:                               if taken:
    d_r2 = d_s / r2                         d_r2 = d_s / r2
else:                           ->          d_x[i] += 2 * d_r2 * r
    d_r2 = 0.0
d_x[i] += 2 * d_r2 * r
"""

from collections import Counter
from collections.abc import Collection

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import exposed_names
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    is_filler,
    map_blocks,
    map_body,
    occurrences,
    with_fields,
)
from knetsrc.transform.tree import Node

_OF_ANY = frozenset({"np.outer", "np.dot"})
_OF_FIRST = frozenset({"np.sum", "like", "unbroadcast"})


def sink(function: gast.FunctionDef, adjoints: Collection[str]) -> gast.FunctionDef:
    """Move the end of a turn of a loop into a branch, if it does nothing where the branch is not taken.

    Parameters
    ----------
    function
        Generated code.
    adjoints
        Names of adjoints: an infinite factor makes no number of a zero adjoint, but of what the user computes.
    """
    everywhere = occurrences(function.body)

    def in_block(block: Block) -> Block:
        return [_in_loop(map_blocks(node, in_block)) for node in block]

    def _in_loop(node: Node) -> Node:
        body = (
            _sunk(node.body, everywhere, adjoints)
            if isinstance(node, gast.For | gast.While)
            else None
        )
        return node if body is None else with_fields(node, body=body)

    return map_body(function, in_block)


def _sunk(body: Block, everywhere: Counter[str], adjoints: Collection[str]) -> Block | None:
    """The statements of a loop with those behind its last branch in that branch."""
    place = max((k for k, n in enumerate(body) if isinstance(n, gast.If)), default=None)
    if place is None or place == len(body) - 1:
        return None
    branch, rest = body[place], body[place + 1 :]
    zeros = _zeros_of(branch.orelse)
    if not zeros or not zeros <= tree.names_written(branch.body) & set(adjoints):
        return None
    found = set(zeros)
    if not all(_does_nothing(node, found) for node in rest):
        return None
    inside = occurrences([branch, *rest])
    taken = [*branch.body, *rest]
    if any(everywhere[n] != inside[n] for n in found) or found & exposed_names(taken):
        return None  # read elsewhere, or in the next turn
    return [*body[:place], with_fields(branch, body=taken, orelse=[])]


def _zeros_of(block: Block) -> set[str]:
    """The names that a branch binds to zero, none if it does anything else."""
    nodes = [n for n in block if not is_filler(n)]
    names = {assigned_name(n) for n in nodes if tree.is_number(getattr(n, "value", None), 0)}
    return {n for n in names if n} if None not in names and len(names) == len(nodes) else set()


def _does_nothing(node: Node, zeros: set[str]) -> bool:
    """Whether a statement only adds zeros, or binds a name to zeros, which is entered."""
    if is_filler(node):
        return True
    if isinstance(node, gast.AugAssign):
        is_sum = isinstance(node.op, gast.Add | gast.Sub) and _vanishes(node.value, zeros)
        return is_sum and not tree.names_written(node.target) & zeros
    if isinstance(node, gast.Expr):
        is_sum = tree.called_name(node.value) in ("add_at", "add_into")
        return is_sum and _vanishes(node.value.args[-1], zeros)
    name = assigned_name(node)
    if name is None:
        return False
    value = node.value
    is_own_sum = isinstance(value, gast.BinOp) and isinstance(value.op, gast.Add | gast.Sub)
    if is_own_sum and tree.is_name(value.left, name) and name not in zeros:
        return _vanishes(value.right, zeros)
    if not _vanishes(value, zeros):
        return False
    zeros.add(name)
    return True


def _vanishes(node: Node, zeros: set[str]) -> bool:
    """Whether an expression is zero where these names are."""
    if isinstance(node, gast.Name):
        return node.id in zeros
    if isinstance(node, gast.UnaryOp):
        return isinstance(node.op, gast.USub) and _vanishes(node.operand, zeros)
    if isinstance(node, gast.BinOp):
        sides = _vanishes(node.left, zeros), _vanishes(node.right, zeros)
        if isinstance(node.op, gast.Mult | gast.MatMult):
            return any(sides)
        return sides[0] and (isinstance(node.op, gast.Div) or (sides[1] and _is_sum(node)))
    if not isinstance(node, gast.Call) or node.keywords or not node.args:
        return False
    text = tree.show(node.func)
    parts = node.args if text in _OF_ANY else node.args[:1] if text in _OF_FIRST else []
    return any(_vanishes(part, zeros) for part in parts)


def _is_sum(node: gast.BinOp) -> bool:
    return isinstance(node.op, gast.Add | gast.Sub)
