"""Remove what nobody reads: values, buffers, lists, and the loops and branches left empty."""

from typing import NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    is_filler,
    map_blocks,
    map_body,
    parameters,
    same_items,
    statements,
    with_fields,
)
from knetsrc.transform.simplify.effects import Effect, Effects, popped_list
from knetsrc.transform.simplify.sharing import Sharing, sharing_of
from knetsrc.transform.tree import Node

Live = frozenset[str]
_KEPT_WHOLE = (
    gast.Try,
    gast.Delete,
    gast.Global,
    gast.Nonlocal,
    gast.Import,
    gast.ImportFrom,
    gast.ClassDef,
)


def remove_dead_code(
    function: gast.FunctionDef, effects: Effects, keeps_forward: bool = False
) -> gast.FunctionDef:
    """Remove statements that do not bear on what is returned, and have no effect beyond.

    A read counts only in a statement that is itself needed, so that counters, buffers and values
    that only feed themselves go. Appends to and pops from one list stay or go together.

        x_saved = []
        for i in range(n):
            x_saved.append(x)              for i in range(n):
            x = x * w              ->          x = x * w
            trips = trips + 1              return x
        return x
    """
    forward = _forward_part(function) if keeps_forward else []
    search = _Search(function, effects, forward)
    return map_body(function, lambda body: _kept(body, search))


def _forward_part(function: gast.FunctionDef) -> Block:
    """What comes before the boundary, names and literals that are bound to another name left out."""
    body = function.body
    end = next((i for i, n in enumerate(body) if tree.comment_text(n) == tree.BOUNDARY), 0)
    return [n for n in body[:end] if not _is_plain(n)]


def _is_plain(statement: Node) -> bool:
    """Whether a statement does no more than give a name or a literal another name."""
    if not isinstance(statement, gast.Assign) or not isinstance(statement.targets[0], gast.Name):
        return False
    return isinstance(statement.value, gast.Name | gast.Constant)


class _Exits(NamedTuple):
    """Where `break` and `continue` go."""

    after: Live
    head: Live
    loop: Node | None


class _Search:
    """The statements that are needed, found from the return backwards until nothing is added."""

    def __init__(self, function: gast.FunctionDef, effects: Effects, kept_whole: Block) -> None:
        self.effects = effects
        self.kept_whole = frozenset(kept_whole)
        self.read = tree.names_read(function)
        self.needed: set[Node] = set()
        self.read_later: set[Node] = (
            set()
        )  # of those, the ones of which a name bound is live afterwards
        self.lists_used: set[str] = set()
        self._heads: dict[Node, Live] = {}
        self._sharing: Sharing = sharing_of(function, effects)
        self._members: dict[str, set[str]] = {}
        every = list(statements(function.body))
        self._always = frozenset[str]().union(
            *(effects.own(statement).hidden for statement in every)
        )
        names = set().union(
            *({*e.reads, *e.writes} for e in map(effects.own, every)), parameters(function)
        )
        for name in names:
            self._members.setdefault(self._sharing.class_of(name), set()).add(name)
        before = None
        while before != (before := (len(self.needed), len(self.lists_used))):
            self._block(function.body, frozenset(), _Exits(frozenset(), frozenset(), None))

    def _block(self, block: Block, live: Live, exits: _Exits) -> Live:
        for statement in reversed(block):
            live = self._statement(statement, live, exits)
        return live

    def _statement(self, statement: Node, live: Live, exits: _Exits) -> Live:
        if is_filler(statement):
            return live
        if statement in self.kept_whole:
            return self._whole(statement, live)
        if isinstance(statement, gast.Assign | gast.AugAssign | gast.Expr | gast.FunctionDef):
            return self._simple(statement, live)
        if isinstance(statement, gast.If):
            return self._if(statement, live, exits)
        if isinstance(statement, gast.For | gast.While) and not statement.orelse:
            return self._loop(statement, live)
        if isinstance(statement, gast.Break | gast.Continue):
            if exits.loop in self.needed:
                self.needed.add(statement)
            return exits.after if isinstance(statement, gast.Break) else exits.head
        if isinstance(statement, gast.With):
            inside = self._block(statement.body, live, exits)
            return self._if_needed(statement, [statement.body], inside)
        return self._whole(statement, live)

    def _whole(self, statement: Node, live: Live) -> Live:
        self.needed.update(statements([statement]))
        reads = self._reads(self.effects.whole(statement).reads)
        return reads if isinstance(statement, gast.Return) else live | reads

    def _reads(self, reads: dict[str, int]) -> Live:
        self.lists_used |= reads.keys() & self._sharing.private_lists
        return frozenset(reads)

    def _simple(self, statement: Node, live: Live) -> Live:
        effect = self.effects.own(statement)
        bound = not effect.writes.isdisjoint(live | self._always)
        if bound:
            self.read_later.add(statement)
        if not (bound or effect.impure or self._changes(effect, live)):
            return live
        self.needed.add(statement)
        kills = effect.writes - self._always if isinstance(statement, gast.Assign) else frozenset()
        return (live - kills) | self._reads(effect.reads)

    def _changes(self, effect: Effect, live: Live) -> bool:
        """Whether something is changed in place that is reached afterwards."""
        private = self._sharing.private_lists
        if not (effect.pushes & private).isdisjoint(live | self.lists_used):
            return True
        changed = effect.mutates | (effect.pushes - private)
        if changed and (self._sharing.is_external(changed) or not changed.isdisjoint(self._always)):
            return True
        return any(
            not self._members.get(c, set()).isdisjoint(live) for c in self._sharing.classes(changed)
        )

    def _if_needed(self, statement: Node, blocks: list[Block], live: Live) -> Live:
        effect = self.effects.own(statement)
        if effect.impure or effect.pushes or self._any_needed(blocks):
            self.needed.add(statement)
            return live | self._reads(effect.reads)
        return live

    def _any_needed(self, blocks: list[Block]) -> bool:
        return any(statement in self.needed for block in blocks for statement in block)

    def _if(self, statement: gast.If, live: Live, exits: _Exits) -> Live:
        inside = self._block(statement.body, live, exits) | self._block(
            statement.orelse, live, exits
        )
        return self._if_needed(statement, [statement.body, statement.orelse], inside)

    def _loop(self, statement: Node, live: Live) -> Live:
        targets = frozenset[str]()
        if isinstance(statement, gast.For):
            targets = self.effects.own(statement).writes
            if not targets.isdisjoint(live | self._always):
                self.needed.add(statement)
        head = self._heads.get(statement, frozenset()) | live
        while True:
            inside = self._block(statement.body, head, _Exits(live, head, statement))
            if isinstance(statement, gast.For):
                inside -= targets - self._always
            known = statement in self.needed
            new = head | self._if_needed(statement, [statement.body], inside | live)
            if statement in self.needed:
                new |= self._reads(self.effects.own(statement).reads)
            if new == head and known == (statement in self.needed):
                break
            head = new
        self._heads[statement] = head
        return head


def _kept(block: Block, search: _Search) -> Block:
    """The needed statements of a block."""
    found = []
    for statement in block:
        if is_filler(statement):
            found.append(statement)
        elif statement in search.needed:
            found.append(_trimmed(statement, search))
    return found


def _trimmed(statement: Node, search: _Search) -> Node:
    """A needed statement without the parts that are not."""
    if (
        isinstance(statement, gast.Assign)
        and popped_list(statement)
        and not isinstance(statement.targets[0], gast.Subscript)
        and statement not in search.read_later
    ):
        return tree.at(tree.expression(statement.value), statement)
    if isinstance(statement, gast.Try):
        return map_blocks(statement, lambda block: _without_unread(block, search.read))
    if isinstance(statement, _KEPT_WHOLE) or not isinstance(
        statement, gast.If | gast.For | gast.While | gast.With
    ):
        return statement
    if isinstance(statement, gast.For | gast.While) and statement.orelse:
        return statement
    changed = {}
    body = _kept(statement.body, search)
    if all(map(is_filler, body)):
        body = (
            statement.body if _is_only_pass(statement.body) else [tree.at(tree.pass_(), statement)]
        )
    if not same_items(body, statement.body):
        changed["body"] = body
    if isinstance(statement, gast.If):
        orelse = _kept(statement.orelse, search)
        orelse = [] if all(map(is_filler, orelse)) else orelse
        if not same_items(orelse, statement.orelse):
            changed["orelse"] = orelse
    return with_fields(statement, **changed) if changed else statement


def _without_unread(block: Block, read: set[str]) -> Block:
    """A block without names for other names and literals that are read nowhere."""
    kept = [n for n in block if not _is_plain(n) or n.targets[0].id in read]
    return kept or [tree.at(tree.pass_(), block[0])]


def _is_only_pass(block: Block) -> bool:
    return len(block) == 1 and isinstance(block[0], gast.Pass)
