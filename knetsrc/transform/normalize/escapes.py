"""Lists that go on growing after they were put into another container."""

from typing import Any

import gast

from knetsrc.errors import UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.normalize.effects import is_append
from knetsrc.transform.normalize.scopes import blocks
from knetsrc.transform.tree import Node


def refuse_late_appends(
    body: list[Any], lists: set[str], kept: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Raise an error for `xs.append` where a container holds `xs`; return what is held at the end.

    Parameters
    ----------
    body
        Statements, in the order in which they run.
    lists
        Names of lists made in the function.
    kept
        Those that a container holds before.

    Raises
    ------
    UnsupportedAliasError
        For the first such call.
    """
    for node in body:
        if isinstance(node, gast.For | gast.While):
            kept = refuse_late_appends([*node.body, *node.orelse], lists, kept) | kept
            kept = refuse_late_appends([*node.body, *node.orelse], lists, kept) | kept
        elif inner := [block for block in blocks(node) if block]:
            kept = kept.union(*(refuse_late_appends(block, lists, kept) for block in inner))
        elif isinstance(node, gast.Assign | gast.Expr):
            kept = _after(node, lists, kept)
    return kept


def _after(node: Any, lists: set[str], kept: frozenset[str]) -> frozenset[str]:
    if (
        is_append(node.value)
        and tree.is_name(node.value.func.value)
        and node.value.func.value.id in kept
    ):
        name = node.value.func.value.id
        raise UnsupportedAliasError(
            f"`{name}.append(...)` on a list that a container holds",
            at=node.value,
            why="the element of the container is the same list, and would grow with it",
            instead=f"put the list there when it is complete, or put list({name}) there",
        )
    values = node.value.args if is_append(node.value) else [node.value]
    held = {name for value in values for name in _held(value, is_append(node.value))} & lists
    rebound = {t.id for t in getattr(node, "targets", []) if isinstance(t, gast.Name)}
    return (kept - rebound) | held


def _held(value: Node, is_element: bool) -> set[str]:
    """Names that stand in a display, or are themselves put into a container."""
    if isinstance(value, gast.Name):
        return {value.id} if is_element else set()
    if isinstance(value, gast.Tuple | gast.List | gast.Dict | gast.Set):
        return {name for child in gast.iter_child_nodes(value) for name in _held(child, True)}
    return set()
