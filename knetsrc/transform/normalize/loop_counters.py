"""Names that count the iterations of a loop already, and where they start."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.tree import Node


def counter_of(iterable: Any, target: Any) -> str | None:
    """The user's own name for the index, in `for i, x in enumerate(xs)` and `for i, x in zip(range(n), xs)`."""
    if not isinstance(target, gast.Tuple):
        return None
    first = target.elts[0]
    if tree.called_name(iterable) == "enumerate":
        is_first = _is_used(first) and tree.is_number(start_of(iterable), 0)
        return first.id if is_first else None
    if tree.called_name(iterable) != "zip":
        return None
    pairs = zip(iterable.args, target.elts, strict=False)
    counted = [t for part, t in pairs if _counts(part) and _is_used(t)]
    return counted[0].id if counted else None


def _is_used(target: Node) -> bool:
    return isinstance(target, gast.Name) and target.id != "_"


def _counts(node: Any) -> bool:
    return tree.called_name(node) == "range" and len(node.args) == 1


def start_of(iterable: gast.Call) -> Node:
    given = [*iterable.args[1:], *(k.value for k in iterable.keywords if k.arg == "start")]
    return given[0] if given else tree.constant(0)
