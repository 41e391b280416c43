"""Which names stand for arrays and containers that a statement changes in place.

a[i] = e        a
a[1:][i] += e   a
xs.append(e)    xs
"""

from collections.abc import Iterable

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to


def changed_names(nodes: tree.Node | Iterable[tree.Node]) -> set[str]:
    """Names of what these statements change in place: elements written, lists that grow."""
    found = (stored_to(n) or appended_to(n) for n in tree.walk(nodes))
    return {text for text in found if text is not None}


def stored_names(nodes: tree.Node | Iterable[tree.Node]) -> set[str]:
    """Names of the arrays and containers of which these statements write elements."""
    return {text for n in tree.walk(nodes) if (text := stored_to(n)) is not None}


def target_of(node: tree.Node) -> tree.Node:
    """What a statement writes to."""
    return node.target if isinstance(node, gast.AugAssign) else node.targets[0]


def path_of(target: tree.Node) -> tuple[tree.Node, ...]:
    """The subscripts of a target, the first one next to the name."""
    path: list[tree.Node] = []
    while isinstance(target, gast.Subscript):
        path.insert(0, target)
        target = target.value
    return tuple(path)


def as_read(target: tree.Node) -> tree.Node:
    """The value at the place that a target names."""
    return tree.subscript(tree.clone(target.value), tree.clone(target.slice))
