"""What has the same value in each turn of a loop is not kept for the backward part.

for i in range(n):
    b = np.sqrt(dt)
    b_saved.append(b)               ->    for i in range(n):
    x = x + b * x                             b = np.sqrt(dt)
...                                           x = x + b * x
    b = b_saved.pop()                     ...
    d_x = d_x + b * d_x                       d_x = d_x + b * d_x

The last turn has left it. Where no other value of a turn is kept, the list stays: a loop that is done again keeps something.
"""

from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    map_blocks,
    map_body,
    occurrences,
    parameters,
    statements,
)
from knetsrc.transform.simplify.effects import MODULES, Effects
from knetsrc.transform.simplify.gather import Kept, lists_of_one_name
from knetsrc.transform.simplify.sharing import sharing_of
from knetsrc.transform.tree import Node


def drop_unchanging(
    function: gast.FunctionDef, effects: Effects, is_split: bool
) -> gast.FunctionDef:
    """Drop lists whose elements are all the same.

    Parameters
    ----------
    function
        Generated code, forward and backward part together.
    effects
        What is known of calls.
    is_split
        The two parts become functions of their own: a value of a loop without turns is handed on as None.
    """
    lists = lists_of_one_name(function)
    if not lists:
        return function
    turns = _Turns.of(function, effects, {id(k.popped.statement) for k in lists})
    found = [k for k in lists if turns.is_same(k.value)]
    found = [k for k in found if any(_is_beside(k, other) for other in lists if other not in found)]
    gone = {id(p.statement) for k in found for p in (k.pushed, k.popped)}
    starts = {id(k.bound.statement): k.value for k in found}

    def in_block(block: Block) -> Block:
        kept: Block = []
        for node in block:
            if id(node) in starts:
                none = tree.assign(starts[id(node)], tree.constant(None))
                kept += [tree.at(none, node)] if is_split else []
            elif id(node) not in gone:
                kept.append(map_blocks(node, in_block))
        return kept

    return map_body(function, in_block) if found else function


def _is_beside(kept: Kept, other: Kept) -> bool:
    return kept.popped.block is other.popped.block and kept.pushed.block is other.pushed.block


@dataclass
class _Turns:
    """What the loops of a function leave as it is.

    Attributes
    ----------
    writes
        How often each name is bound, but for what it gets back.
    assignments
        Assignments in loops, by the name that they bind, each with the outermost loop.
    changing
        Names of what is changed in place, and of what may share memory with it.
    known
        What has been asked before.
    """

    effects: Effects
    writes: dict[str, int] = field(default_factory=dict)
    assignments: dict[str, tuple[gast.Assign, Node]] = field(default_factory=dict)
    changing: frozenset[str] = frozenset()
    known: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, function: gast.FunctionDef, effects: Effects, pops: set[int]) -> "_Turns":
        turns = cls(effects, dict.fromkeys(parameters(function), 1))
        hidden = set[str]()
        for outermost in function.body:
            for node in statements([outermost]):
                effect = effects.own(node)
                hidden |= effect.hidden
                for text in effect.writes if id(node) not in pops else ():
                    turns.writes[text] = turns.writes.get(text, 0) + 1
                is_plain = isinstance(node, gast.Assign) and tree.is_name(node.targets[0])
                if is_plain and isinstance(outermost, gast.For | gast.While):
                    turns.assignments.setdefault(node.targets[0].id, (node, outermost))
        sharing = sharing_of(function, effects)
        mutated = sharing.classes(sharing.mutated)
        names = set(occurrences(function.body)) | hidden
        changing = {n for n in names if sharing.class_of(n) in mutated}
        turns.changing = frozenset((changing | hidden) - MODULES)
        return turns

    def is_same(self, text: str) -> bool:
        """Whether the one assignment to a name gives the same value in each turn."""
        if text not in self.known:
            self.known[text] = False  # as long as it is asked: the value depends on itself
            self.known[text] = self._is_bound_to_the_same(text)
        return self.known[text]

    def _is_bound_to_the_same(self, text: str) -> bool:
        if self.writes.get(text) != 1 or text not in self.assignments or text in self.changing:
            return False
        node, loop = self.assignments[text]
        effect = self.effects.own(node)
        if effect.impure or effect.pushes or effect.mutates or self.changing & effect.reads.keys():
            return False
        inside = self.effects.whole(loop).writes
        return all(n not in inside or self.is_same(n) for n in effect.reads)
