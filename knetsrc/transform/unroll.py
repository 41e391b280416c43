"""Loops over containers of functions, whose elements are known while transforming."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to
from knetsrc.transform.static import Statics, elements


def zipped(node: tree.Node, statics: Statics) -> list[tree.Node] | None:
    """What a loop over `node` goes through, if it goes through functions and all of it is known."""
    text = tree.called_name(node)
    if text in ("zip", "enumerate", "reversed", "list", "tuple") and not node.keywords:
        return _through_call(node, text, statics)
    method = _dict_method(node)
    if method is not None and isinstance(node.func.value, gast.Name | gast.Attribute | gast.Dict):
        return _through_dict(node.func.value, method, statics)
    if not statics.is_static(node):
        return None
    container = statics.container(node)
    if container is None:
        return None
    return list(container.keys if isinstance(container, gast.Dict) else container.elts)


def _through_call(node: gast.Call, text: str, statics: Statics) -> list[tree.Node] | None:
    if text == "zip":
        columns = [zipped(a, statics) for a in node.args]
        if None in columns and any(c is not None for c in columns):
            columns = [
                _literal(a) if c is None else c for a, c in zip(node.args, columns, strict=True)
            ]
        known = [c for c in columns if c is not None]
        if not known or len(known) < len(columns):
            return None
        return [tree.tuple_of(map(tree.clone, row)) for row in zip(*known, strict=False)]
    inner = zipped(node.args[0], statics) if len(node.args) == 1 else None
    if inner is None or text in ("list", "tuple"):
        return inner
    if text == "reversed":
        return inner[::-1]
    return [tree.tuple_of([tree.constant(i), item]) for i, item in enumerate(inner)]


def _literal(node: tree.Node) -> list[tree.Node] | None:
    """The elements of a list of names or constants that is written out."""
    if not isinstance(node, gast.Tuple | gast.List):
        return None
    return node.elts if all(isinstance(e, gast.Name | gast.Constant) for e in node.elts) else None


def _dict_method(node: tree.Node) -> str | None:
    is_method = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    if not is_method or node.args or node.keywords:
        return None
    return node.func.attr if node.func.attr in ("items", "values", "keys") else None


def _through_dict(owner: tree.Node, method: str, statics: Statics) -> list[tree.Node] | None:
    found = statics.container(owner) if statics.is_static(owner) else None
    if not isinstance(found, gast.Dict):
        return None
    pairs = zip(found.keys, found.values, strict=True)
    if method == "items":
        return [tree.tuple_of(pair) for pair in pairs]
    return list(found.keys) if method == "keys" else elements(found)


def has_break(body: list[tree.Node]) -> bool:
    """Whether a `break` leaves the loop with this body."""
    for node in body:
        inner = [*getattr(node, "body", []), *getattr(node, "orelse", [])]
        if isinstance(node, gast.Break):
            return True
        if not isinstance(node, gast.For | gast.While | gast.IfExp) and has_break(inner):
            return True
    return False


def leaves(body: list[tree.Node]) -> bool:
    """Whether what follows a block does not run after it."""
    last = body[-1] if body else None
    if isinstance(last, gast.If):
        return leaves(last.body) and leaves(last.orelse)
    return isinstance(last, gast.Break | gast.Raise)


def appended(node: tree.Node) -> set[str]:
    """Lists that grow in a statement."""
    return {text for n in tree.walk(node) if (text := appended_to(n)) is not None}


def collected(body: list[tree.Node]) -> list[tree.Node]:
    """Statements with `xs = [a, b]` for an empty list and what is appended to it at once, and sums without their zero.

    >>> print(tree.show(collected(tree.parse("xs = []; xs.append(a); xs.append(b); s = 0; s = s + b"))))
    xs = [a, b]
    s = b
    """
    found: list[tree.Node] = []
    for node in body:
        merged = _merged(found[-1], node) if found else None
        if merged is not None:
            found[-1] = tree.at(merged, node)
        else:
            found.append(node)
    return found


def _merged(start: tree.Node, node: tree.Node) -> tree.Node | None:
    """One assignment for that of a list or of zero, and for what adds to it at once."""
    if not isinstance(start, gast.Assign) or not isinstance(start.targets[0], gast.Name):
        return None
    text = start.targets[0].id
    if appended_to(node) == text and isinstance(start.value, gast.List):
        added = node.value.args[0]
        held = [*start.value.elts, added]
        return None if text in tree.names_read(added) else tree.assign(text, tree.list_of(held))
    is_sum = isinstance(node, gast.Assign) and isinstance(node.value, gast.BinOp)
    if not is_sum or not tree.is_number(start.value, 0) or not tree.is_name(node.targets[0], text):
        return None
    left, right = node.value.left, node.value.right
    is_plain = isinstance(node.value.op, gast.Add) and tree.is_name(left, text)
    return tree.assign(text, right) if is_plain and text not in tree.names_read(right) else None
