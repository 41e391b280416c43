"""Lists that go on growing, and objects and containers that change, after they were put into another container."""

from collections.abc import Callable, Iterable
from typing import Any

import gast

from knetsrc.errors import UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.normalize.attribute_elements import OWN
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
    if tree.called_name(node.value) == "with_attributes":
        held |= {name for k in node.value.keywords for name in _held(k.value, True)} & lists
    rebound = {t.id for t in getattr(node, "targets", []) if isinstance(t, gast.Name)}
    return (kept - rebound) | held


def _held(value: Node, is_element: bool) -> set[str]:
    """Names that stand in a display, or are themselves put into a container."""
    if isinstance(value, gast.Name):
        return {value.id} if is_element else set()
    if isinstance(value, gast.Tuple | gast.List | gast.Dict | gast.Set):
        return {name for child in gast.iter_child_nodes(value) for name in _held(child, True)}
    return set()


# What these are handed is not held by anything afterwards.
_READING = OWN | frozenset(
    {"float", "isinstance", "len", "print", "str", "super", "type", "with_attributes"}
)
_GIVING = frozenset({"dict", "max", "min"})  # they give what they are handed, or what holds it


def refuse_late_changes(
    body: list[Any],
    changed: Callable[[Any], Iterable[str]],
    kept: frozenset[str] = frozenset(),
    may_keep: Callable[[gast.Call], bool] = lambda call: False,
) -> frozenset[str]:
    """Raise an error for a change of what something else may hold; return what is held at the end.

    Parameters
    ----------
    body
        Statements, in the order in which they run.
    changed
        Names of which a statement, or the head of a compound one, writes a changed value in the place of the old one.
    kept
        Those that something else holds before.
    may_keep
        Calls that may go on holding what they are handed, even where their value is used: methods that write to their object.

    Raises
    ------
    UnsupportedAliasError
        For the first such change.
    """
    for node in body:
        inner = [block for block in blocks(node) if block]
        heads = [getattr(node, part, None) for part in ("test", "iter")] if inner else [node]
        changing = {text for head in heads if head is not None for text in changed(head)}
        is_loop = isinstance(node, gast.For | gast.While)
        for _ in range(2 if is_loop else 0):
            kept |= refuse_late_changes([*node.body, *node.orelse], changed, kept, may_keep)
        for text in sorted(changing & kept):
            raise _late_change(text, node)
        if is_loop:
            continue
        if inner:
            kept = kept.union(
                *(refuse_late_changes(block, changed, kept, may_keep) for block in inner)
            )
        elif not isinstance(node, gast.FunctionDef):
            bound = {t.id for t in getattr(node, "targets", []) if isinstance(t, gast.Name)}
            kept = (kept - bound) | _handed(node, may_keep)
    return kept


def _handed(statement: Any, may_keep: Callable[[gast.Call], bool]) -> set[str]:
    """Names that a statement hands to what may go on holding them."""
    found: set[str] = set()
    for node in tree.walk(statement):
        text = tree.called_name(node)
        if not isinstance(node, gast.Call) or text in _READING:
            continue
        if isinstance(statement, gast.Expr) or text in _GIVING or may_keep(node):
            values = [*node.args, *(k.value for k in node.keywords)]
            found |= {v.id for v in values if isinstance(v, gast.Name)}
    return found


def _late_change(text: str, node: Node) -> UnsupportedAliasError:
    return UnsupportedAliasError(
        f"a change of `{text}`, which something else may hold",
        at=node,
        why=f"`{text}` was handed on before, and what it was put into would see the change",
        instead="change it first, and hand it on when it is complete",
    )
