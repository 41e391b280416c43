"""What has a name already is not computed again."""

from collections.abc import Callable
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
from knetsrc.transform.simplify.sharing import sharing_of
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

    Names of the user are not made to share memory: `u = x - mu` stays.
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
            new = _in_statement(statement, named, candidates)
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


def _in_statement(statement: Node, named: Named, candidates: frozenset[str]) -> Node:
    if not named or isinstance(statement, gast.For | gast.While | gast.FunctionDef):
        return statement
    replace = _replacing(named)
    if isinstance(statement, gast.Assign) and assigned_name(statement) not in candidates:
        return map_header(statement, lambda part: map_children(part, replace))
    return map_header(statement, replace)


def _replacing(named: Named) -> Callable[[Node], Node]:
    def replace(node: Node) -> Node:
        if isinstance(node, gast.Lambda):
            return node
        if isinstance(node, _COMPUTED):
            found = named.get(tree.signature(node))
            if found is not None:
                return tree.at(tree.name(found[0]), node)
        return map_children(node, replace)

    return replace
