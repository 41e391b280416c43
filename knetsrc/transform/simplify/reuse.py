"""What has a name already is not computed again."""

from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    COMPOUND,
    Block,
    assigned_name,
    is_boundary,
    map_blocks,
    map_body,
    map_children,
    map_header,
)
from knetsrc.transform.simplify.effects import Effect, Effects
from knetsrc.transform.simplify.sharing import Sharing, sharing_of
from knetsrc.transform.tree import Node

Named = dict[Any, tuple[str, frozenset[str]]]  # by expression: its name, and the names it reads
_COMPUTED = (gast.BinOp, gast.UnaryOp, gast.Call)


def reuse_named(
    function: gast.FunctionDef, candidates: frozenset[str], effects: Effects
) -> gast.FunctionDef:
    """In the forward part, read a name that the transform has given to an expression where it stands again.

        x_minus_mu = x - mu                    x_minus_mu = x - mu
        var = np.mean(x_minus_mu**2)    ->     var = np.mean(x_minus_mu**2)
        z = (x - mu) / np.sqrt(var)            z = x_minus_mu / np.sqrt(var)

    Names of the user are not made to share memory: `u = x - mu` stays, and so does what may be changed in place later, as in
    `v = (x - mu).reshape(-1)` before `v[0] = 1.0`.
    """
    sharing = sharing_of(function, effects)
    changed = sharing.classes(sharing.mutated)

    def is_kept(name: str) -> bool:
        return name in candidates and sharing.class_of(name) not in changed

    def in_block(block: Block, named: Named) -> Block:
        found: Block = []
        for statement in block:
            if is_boundary(statement):
                return found + block[len(found) :]
            new = _in_statement(statement, named, candidates, effects, sharing)
            if isinstance(statement, COMPOUND):
                inner = {} if isinstance(statement, gast.For | gast.While) else dict(named)
                new = map_blocks(new, lambda nested, inner=inner: in_block(nested, dict(inner)))
            effect = effects.whole(statement)
            _forget(named, effect)
            name = assigned_name(statement)
            if name is not None and is_kept(name) and _is_worth_it(statement.value, effects):
                named.setdefault(tree.signature(statement.value), (name, frozenset(effect.reads)))
            found.append(new)
        return found

    return map_body(function, lambda body: in_block(body, {}))


def _is_worth_it(value: Node, effects: Effects) -> bool:
    effect = effects.own(value)
    return isinstance(value, _COMPUTED) and not (effect.impure or effect.mutates or effect.pushes)


def _forget(named: Named, effect: Effect) -> None:
    """Drop what may have another value after a statement with this effect."""
    if effect.impure or effect.mutates:
        named.clear()
    for key, (name, reads) in list(named.items()):
        if effect.writes & (reads | {name}) or effect.pushes & reads:
            del named[key]


def _in_statement(
    statement: Node, named: Named, candidates: frozenset[str], effects: Effects, sharing: Sharing
) -> Node:
    if not named or isinstance(statement, gast.For | gast.While | gast.FunctionDef):
        return statement
    replacing = _Replacing(named, effects)
    effect = effects.own(statement)
    reached = effect.writes | effect.mutates | effect.pushes
    is_changed = bool(sharing.classes(reached) & sharing.classes(sharing.mutated))
    replace = replacing.shared if is_changed else replacing.read
    if isinstance(statement, gast.Assign) and assigned_name(statement) not in candidates:
        return map_header(statement, lambda part: map_children(part, replace))
    return map_header(statement, replace)


@dataclass(frozen=True)
class _Replacing:
    """Puts names where their expressions stand again."""

    named: Named
    effects: Effects

    def read(self, node: Node) -> Node:
        """For a value of which no part is changed later."""
        if isinstance(node, gast.Lambda):
            return node
        if isinstance(node, _COMPUTED):
            found = self.named.get(tree.signature(node))
            if found is not None:
                return tree.at(tree.name(found[0]), node)
        is_open = isinstance(node, gast.Call) and self.effects.own(node).impure
        return map_children(node, self.shared if is_open else self.read)

    def shared(self, node: Node) -> Node:
        """For a value that may be changed in place later: only what it is computed from is read."""
        if isinstance(node, gast.Lambda):
            return node
        return map_children(node, self.read if self.effects.is_fresh(node) else self.shared)
