"""A second name for an array that is written into later in the same turn of a loop."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.loop_else import loop_nodes
from knetsrc.transform.normalize.scopes import blocks, parameters
from knetsrc.transform.tree import Node

_JUMPS = (gast.Break, gast.Continue)
_NEVER = (gast.Return, gast.Delete)
# Functions inside may read the name later, and what is raised may be caught where it is read.
_ELSEWHERE = (
    gast.FunctionDef, gast.Lambda, gast.ClassDef, gast.Global, gast.Nonlocal, gast.Try, gast.With,
)  # fmt: skip


def name_late(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Give an array its second name where a turn of a loop ends: until then, what is written is written through one name.

    >>> from knetsrc.transform.language import show
    >>> show(name_late, '''
    ... for _ in range(n):
    ...     new = step(u)
    ...     u = new
    ...     u[0] = 0.0
    ... ''')
    for _ in range(n):
        new = step(u)
        new[0] = 0.0
        u = new
    """
    if any(isinstance(node, _ELSEWHERE) for node in tree.walk(function.body)):
        return function
    function = tree.clone(function)
    _in_block(function.body, tree.names_written(function.body) | set(parameters(function)))
    return function


def _in_block(body: list[Node], own: set[str]) -> None:
    for node in body:
        for inner in blocks(node):
            _in_block(inner, own)
        if isinstance(node, gast.For | gast.While):
            node.body = _late(node.body, own)


def _late(body: list[Any], own: set[str]) -> list[Node]:
    """The body of a loop with the first such name at its end; what is not of the function keeps the name that it has there."""
    for i, node in enumerate(body):
        rest = body[i + 1 :]
        is_own = _is_second_name(node) and node.value.id in own
        if is_own and _may_wait(node.targets[0].id, node.value.id, rest):
            renamed = tree.substitute(rest, {node.targets[0].id: node.value})
            return [*body[:i], *renamed, node]
    return body


def _is_second_name(node: Node) -> bool:
    return (
        isinstance(node, gast.Assign)
        and len(node.targets) == 1
        and tree.is_name(node.targets[0])
        and tree.is_name(node.value)
    )


def _may_wait(text: str, value: str, rest: list[Node]) -> bool:
    """Whether both names stand for one thing to the end of the turn, and it is written into by an index."""
    inside = [n for statement in rest for n in loop_nodes(statement)]
    if any(isinstance(n, _JUMPS) for n in inside) or {text, value} & tree.names_written(rest):
        return False
    if any(isinstance(n, _NEVER) for n in tree.walk(rest)):
        return False
    stores = (n for n in tree.walk(rest) if isinstance(n, gast.Subscript))
    return any(
        isinstance(n.ctx, gast.Store) and tree.names_read(n.value) & {text, value} for n in stores
    )
