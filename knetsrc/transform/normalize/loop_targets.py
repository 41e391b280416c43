"""Loop variables."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import bound_names
from knetsrc.transform.normalize.targets import split_targets
from knetsrc.transform.tree import Node


def keep_loop_targets(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Let nothing but the loop itself assign to the names that it runs over.

    >>> from knetsrc.transform.language import show
    >>> show(keep_loop_targets, '''
    ... for x in xs:
    ...     x = x * 2
    ... ''')
    for x_item in xs:
        x = x_item
        x = x * 2
    """

    def keep(node: gast.For) -> Node:
        changed = bound_names(node.body)
        found = [n for n in tree.walk(node.target) if isinstance(n, gast.Name)]
        if any(isinstance(n, gast.Starred) for n in tree.walk(node.target)):
            return _bind(node, names.fresh("item"), node.target)
        repeated = len(found) > len({n.id for n in found})
        if isinstance(node.target, gast.Name) and node.target.id in changed:
            return _bind(node, names.fresh(f"{node.target.id}_item"), node.target)
        if repeated:
            return _bind(node, names.fresh("item"), node.target)
        for target in found:
            if target.id in changed:
                node = _bind(node, names.fresh(f"{target.id}_item"), target)
        if not isinstance(node.target, gast.Name):
            node.target = _as_tuple(node.target)
        return node

    return split_targets(tree.rewrite(function, {gast.For: keep}), names)


def _bind(node: gast.For, fresh: str, target: gast.Name | gast.Tuple) -> gast.For:
    """Run over a fresh name where `target` stood, and assign it first thing in the body."""
    first = tree.at(tree.assign(target, tree.name(fresh)), target)
    replaced = tree.at(tree.store(fresh), target)
    if node.target is target:
        node.target = replaced
    for n in tree.walk(node.target):
        if isinstance(n, gast.Tuple | gast.List):
            n.elts = [replaced if e is target else e for e in n.elts]
    node.body = [first, *node.body]
    return node


def _as_tuple(target: Node) -> Node:
    if isinstance(target, gast.Tuple | gast.List):
        return tree.at(tree.target_of(tree.tuple_of(map(_as_tuple, target.elts))), target)
    return target
