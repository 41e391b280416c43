"""Add into a buffer in place where nobody else holds it."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    COMPOUND,
    Block,
    assigned_name,
    map_blocks,
    map_body,
    parameters,
    statements,
)
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.tree import Node

Names = frozenset[str]
_NONE: Names = frozenset()


def accumulate_in_place(
    function: gast.FunctionDef, candidates: Names, effects: Effects, owned: Names = _NONE
) -> gast.FunctionDef:
    """Turn `d_x = d_x + e` into `d_x += e`, also with `-`, where nothing else refers to it.

    That is so of the result of arithmetic, of a literal, of a call known to give fresh memory, and
    of the parameters `owned`.
    From where the value is bound to another name, put in a container, or handed to a call that may
    keep or return it, it is shared until the name is bound anew.

        d_x = np.zeros_like(x)             d_x = np.zeros_like(x)
        d_x = d_x + d_y * w        ->      d_x += d_y * w
    """
    search = _Search(function, candidates, effects, owned)

    def in_block(block: Block) -> Block:
        return [in_statement(statement) for statement in block]

    def in_statement(statement: Node) -> Node:
        if isinstance(statement, gast.Try):
            return statement
        if _accumulates(statement) in search.open and statement not in search.refused:
            name, value = statement.targets[0].id, statement.value
            return tree.at(tree.augment(name, tree.symbol_of(value.op), value.right), statement)
        return map_blocks(statement, in_block)

    return map_body(function, in_block)


def _accumulates(statement: Node) -> str | None:
    """`x` for a statement `x = x + e` or `x = x - e`, else None."""
    name = assigned_name(statement)
    value = None if name is None else statement.value
    if isinstance(value, gast.BinOp) and isinstance(value.op, gast.Add | gast.Sub):
        return name if tree.is_name(value.left, name) else None
    return None


class _Search:
    """The statements `x = x + e` before which someone else may hold the object that is `x`."""

    def __init__(
        self, function: gast.FunctionDef, candidates: Names, effects: Effects, owned: Names
    ) -> None:
        self.effects = effects
        every = list(statements(function.body))
        self.always = _NONE.union(*(effects.own(statement).hidden for statement in every))
        self.open = candidates - self.always
        self.refused: set[Node] = set()
        self._block(function.body, frozenset(parameters(function)) - owned | self.always, [])

    def _block(self, block: Block, shared: Names, exits: list[Names]) -> Names:
        for statement in block:
            shared = self._statement(statement, shared, exits)
        return shared

    def _statement(self, statement: Node, shared: Names, exits: list[Names]) -> Names:
        if isinstance(statement, gast.If):
            shared |= self._given_away(statement)
            return self._block(statement.body, shared, exits) | self._block(
                statement.orelse, shared, exits
            )
        if isinstance(statement, gast.For | gast.While) and not statement.orelse:
            return self._loop(statement, shared | self._given_away(statement))
        if isinstance(statement, gast.With):
            return self._block(statement.body, shared | self._given_away(statement), exits)
        if isinstance(statement, COMPOUND):
            whole = self.effects.whole(statement)
            return shared | whole.reads.keys() | whole.writes
        if isinstance(statement, gast.Break | gast.Continue):
            exits.append(shared)
            return shared
        return self._simple(statement, shared)

    def _loop(self, statement: Node, shared: Names) -> Names:
        targets = self.effects.own(statement).writes
        while True:
            exits = [shared]
            exits.append(self._block(statement.body, shared | targets, exits))
            after = _NONE.union(*exits)
            if after == shared:
                return shared
            shared = after

    def _simple(self, statement: Node, shared: Names) -> Names:
        target = _accumulates(statement)
        shared |= self._given_away(statement)
        if target in shared:
            self.refused.add(statement)
        if isinstance(statement, gast.Assign):
            name = assigned_name(statement)
            if (
                name is not None
                and name not in self.always
                and self.effects.is_fresh(statement.value)
            ):
                return shared - {name}
            return shared | self.effects.own(statement).writes
        return shared

    def _given_away(self, statement: Node) -> Names:
        """Names whose objects someone else may hold after this statement."""
        return _NONE.union(*self.effects.links(statement))
