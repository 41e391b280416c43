"""Whether a loop goes through keys or indices, which have no derivative."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.normalize.effects import is_cheap
from knetsrc.transform.tree import Node

_TEXT_METHODS = frozenset(dir(str)) - frozenset(dir(np.ndarray)) - frozenset(dir(list))


def stays(node: gast.For) -> bool:
    """Whether a loop counts or goes through keys already."""
    inner = gone_through(node.iter)
    return (
        tree.called_name(inner) == "range"
        or method(inner) == "keys"
        or reads_entries(inner, node.target, node.body)
        or (inner is node.iter and is_key(node.target, node.body))
    )


def gone_through(iterable: Any) -> Any:
    """`d` for `sorted(d)`."""
    while tree.called_name(iterable) in ("list", "tuple", "sorted", "reversed") and iterable.args:
        iterable = iterable.args[0]
    return iterable


def through_keys(function: gast.FunctionDef, is_dict: Callable[[Node], bool]) -> gast.FunctionDef:
    """`for k in d.keys()` for `for k in d`, where the name `d` is a dictionary and the body does not tell."""

    def keyed(node: gast.For) -> gast.For:
        inner = gone_through(node.iter)
        if not is_dict(inner) or stays(node):
            return node
        keys = tree.at(tree.call(tree.attribute(inner, "keys")), inner)
        node.iter = tree.substitute(node.iter, {inner.id: keys})
        return node

    return tree.rewrite(function, {gast.For: keyed})  # type: ignore[no-any-return]


def is_key(target: Any, body: list[Node]) -> bool:
    """Whether the body takes what the loop binds for a key, an index or a text, and for nothing else: it has no derivative then."""
    if not isinstance(target, gast.Name):
        return False
    keys = [k for n in tree.walk(body) for k in _keys_in(n)]
    if not any(tree.is_name(k, target.id) for k in keys):
        return False
    compared = [n for n in tree.walk(body) if isinstance(n, gast.Compare | gast.JoinedStr)]
    known = {id(n) for n in tree.walk([*keys, *compared])}
    return all(id(n) in known for n in tree.walk(body) if tree.is_name(n, target.id))


def _keys_in(node: Any) -> list[Node]:
    """What a node takes for keys or texts: `a[k]`, `k + "_b"`, `k == "b"`, `k.startswith("b")`."""
    if isinstance(node, gast.Subscript):
        return [node.slice]
    if isinstance(node, gast.BinOp | gast.Compare):
        sides = tree.children(node)
        return sides if any(isinstance(getattr(n, "value", None), str) for n in sides) else []
    is_of_text = isinstance(node, gast.Attribute) and node.attr in _TEXT_METHODS
    return [node.value] if is_of_text else []


def reads_entries(base: Node, key: Any, body: list[Node]) -> bool:
    """Whether the body reads `base[key]`: then `base` is a dictionary, and `key` a key."""
    if not isinstance(key, gast.Name) or not is_cheap(base):
        return False
    keys = {key.id} | _second_names(key.id, body)
    reads = [n for n in tree.walk(body) if isinstance(n, gast.Subscript)]
    return any(getattr(n.slice, "id", "") in keys and tree.is_same(n.value, base) for n in reads)


def _second_names(text: str, body: list[Node]) -> set[str]:
    """Names that stand for what a loop binds, and for nothing else: `k` after `k = k_item`."""
    every = [n for n in tree.walk(body) if isinstance(n, gast.Name)]
    bound = Counter(n.id for n in every if isinstance(n.ctx, gast.Store))
    same = [
        n for n in tree.walk(body) if isinstance(n, gast.Assign) and tree.is_name(n.value, text)
    ]
    names = {t.id for n in same for t in n.targets if isinstance(t, gast.Name)}
    return {n for n in names if bound[n] == 1 and not bound[text]}


def method(node: Any) -> str | None:
    """`items` for `d.items()`."""
    if not isinstance(node, gast.Call) or node.args or node.keywords:
        return None
    return str(node.func.attr) if isinstance(node.func, gast.Attribute) else None
