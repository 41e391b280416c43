"""`else` of loops."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import blocks
from knetsrc.transform.tree import Node


def unfold_loop_else(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Move the `else` of a loop behind it.

    >>> from knetsrc.transform.language import show
    >>> show(unfold_loop_else, '''
    ... for x in xs:
    ...     if x > 0:
    ...         break
    ... else:
    ...     x = 1
    ... ''')
    broke = False
    for x in xs:
        if x > 0:
            broke = True
            break
    if not broke:
        x = 1
    """
    function = tree.clone(function)
    function.body = _unfold(function.body, names)
    return function


def _unfold(body: list[Node], names: Names) -> list[Node]:
    found: list[Node] = []
    for node in body:
        for block in blocks(node):
            block[:] = _unfold(block, names)
        orelse = node.orelse if isinstance(node, gast.For | gast.While) else []
        if orelse:
            node.orelse = []
            flag = names.fresh("broke") if has_break(node.body) else None
            if flag:
                node.body = _flag_breaks(node.body, flag)
                found += tree.at([tree.assign(flag, tree.constant(False))], node)
                orelse = tree.at([tree.if_(tree.negation(tree.name(flag)), orelse)], node)
        found += [node, *orelse]
    return found


def has_break(body: list[Node]) -> bool:
    """Whether these statements leave the loop around them."""
    return any(isinstance(n, gast.Break) for statement in body for n in loop_nodes(statement))


def loop_nodes(statement: Node) -> list[Node]:
    """The statements inside, without those in a loop or a function of their own."""
    found = [statement]
    if not isinstance(statement, gast.For | gast.While):
        found += [n for block in blocks(statement) for inner in block for n in loop_nodes(inner)]
    else:
        found += [n for inner in statement.orelse for n in loop_nodes(inner)]
    return found


def _flag_breaks(body: list[Any], flag: str) -> list[Node]:
    found: list[Node] = []
    for node in body:
        if isinstance(node, gast.Break):
            found += tree.at([tree.assign(flag, tree.constant(True))], node)
        elif not isinstance(node, gast.For | gast.While):
            for block in blocks(node):
                block[:] = _flag_breaks(block, flag)
        found.append(node)
    return found
