"""A part of an array that stays as it is for as long as it is read needs no copy.

d_new = d_k[e : e + 2].copy()       d_new = d_k[e : e + 2]
d_h += np.sum(d_new * b)       ->   d_h += np.sum(d_new * b)
"""

from collections import Counter

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    map_blocks,
    map_body,
    occurrences,
    statements,
    with_fields,
)
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.simplify.sharing import Sharing, sharing_of
from knetsrc.transform.tree import Node


def drop_copies(
    function: gast.FunctionDef, candidates: frozenset[str], effects: Effects
) -> gast.FunctionDef:
    """Read what is copied itself, where the copy has one of the names `candidates` and is only read.

    All its readers are in the block of the copy, and come before anything changes what it is a copy of. What is returned stays a copy:
    the caller of a helper goes on with the array that it is a part of.
    """
    if not any(
        _copied(s) is not None and assigned_name(s) in candidates for s in statements(function.body)
    ):
        return function
    sharing, names = sharing_of(function, effects), occurrences(function.body)
    alone = set(candidates) - {
        text
        for statement in statements(function.body)
        for shared in effects.links(statement)
        for text in shared
        if _copied(statement) is None or text != assigned_name(statement)
    }

    def in_block(block: Block) -> Block:
        return [
            with_fields(node, value=_copied(node))
            if assigned_name(node) in alone
            and _is_idle(node, block[place + 1 :], names, effects, sharing)
            else map_blocks(node, in_block)
            for place, node in enumerate(block)
        ]

    return map_body(function, in_block)


def _copied(statement: Node) -> Node | None:
    """`x[1:]` for a statement `y = x[1:].copy()`, None for all else."""
    call = statement.value if isinstance(statement, gast.Assign) else None
    if not isinstance(call, gast.Call) or call.args or call.keywords:
        return None
    is_copy = isinstance(call.func, gast.Attribute) and call.func.attr == "copy"
    whole = call.func.value if is_copy else None
    return whole if isinstance(whole, gast.Subscript) and tree.is_name(whole.value) else None


def _is_idle(
    statement: Node, later: Block, names: Counter[str], effects: Effects, sharing: Sharing
) -> bool:
    """Whether a copy is read in the statements after it alone, and what it is a copy of is not changed until then."""
    whole, name = _copied(statement), assigned_name(statement)
    if whole is None or name is None:
        return False
    changing = sharing.classes(effects.shared_with(whole))
    left = names[name] - 1
    for node in later:
        effect = effects.whole(node)
        if name in effect.writes | effect.mutates | effect.pushes | effect.hidden:
            return False
        if isinstance(node, gast.Return) and name in effect.reads:
            return False
        if sharing.classes(effect.mutates | effect.pushes) & changing:
            return False
        left -= effect.reads.get(name, 0)
        if left == 0:
            return True
    return False
