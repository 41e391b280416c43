"""Loops over arrays that are written out, `for z in (u, v):`, of which the body writes into what it is given.

Each iteration is written out, with an assignment in place of the loop: then `z` is a second name of `u`, and of `v` after it.
"""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.effects import changed_arrays, is_append, is_of_module
from knetsrc.transform.normalize.jumps import jumps_in
from knetsrc.transform.normalize.scopes import bound_names, inner_functions, own_nodes, rewritten
from knetsrc.transform.tree import Node

_MOST = 16
_READING = ("print", "len", "range")


def unroll_displays(function: gast.FunctionDef) -> gast.FunctionDef:
    """Write out such loops.

    >>> from knetsrc.transform.language import show
    >>> show(lambda function, names: unroll_displays(function), "for z in (u, v): z[0] = z[-2]")
    z = u
    z[0] = z[-2]
    z = v
    z[0] = z[-2]
    """

    def unrolled(node: Any) -> Node | list[Node]:
        rows = _rows(node.iter) if isinstance(node, gast.For) and not node.orelse else None
        if rows is None or not _is_plain(node, rows) or not _writes_into_target(node):
            return node
        found: list[Node] = []
        for row in rows:
            target = tree.clone(node.target)
            found += [_assigned(target, row), *tree.clone(node.body)]
        return found

    function = tree.clone(function)
    function.body = rewritten(function.body, unrolled)
    return function


def _assigned(target: Any, row: Any) -> Node:
    return tree.at(tree.assign(target, tree.clone(row)), target)


def _rows(iterable: Any) -> list[Any] | None:
    """What a loop goes through, if all of it is written out: also `zip((u, v), (a, b))` and `enumerate((u, v))`."""
    if isinstance(iterable, gast.Tuple | gast.List):
        is_whole = not any(isinstance(e, gast.Starred) for e in iterable.elts)
        return iterable.elts if is_whole and 0 < len(iterable.elts) <= _MOST else None
    called = tree.called_name(iterable)
    if called not in ("zip", "enumerate") or not iterable.args or not _is_lenient(iterable):
        return None
    columns = [_rows(argument) for argument in iterable.args]
    known = [column for column in columns if column is not None]
    if len(known) < len(columns) or (called == "enumerate" and len(known) > 1):
        return None
    if called == "enumerate":
        return [tree.tuple_of([tree.constant(i), e]) for i, e in enumerate(known[0])]
    return [tree.tuple_of(row) for row in zip(*known, strict=False)]


def _is_lenient(call: gast.Call) -> bool:
    return all(k.arg == "strict" and tree.is_constant(k.value, False) for k in call.keywords)


def _is_plain(node: gast.For, rows: list[Any]) -> bool:
    """Whether each iteration may compute its own element: nothing that it reads has changed before."""
    body = node.body
    if jumps_in(body) or any(inner_functions(body)):
        return False
    nodes = [n for row in rows for n in tree.walk(row)]
    is_cheap = all(isinstance(n, _CHEAP) for n in nodes)
    read, targets = tree.names_read(rows), bound_names([node.target])
    if not is_cheap or read & (bound_names(body) | targets):
        return False
    is_named = not any(isinstance(n, gast.Attribute | gast.Subscript) for n in nodes)
    return is_named or not (read & changed_arrays(body) or _may_change_more(body))


_CHEAP = (
    gast.Name, gast.Constant, gast.Tuple, gast.List, gast.Attribute, gast.Subscript, gast.Slice, gast.UnaryOp,
    gast.expr_context, gast.unaryop,
)  # fmt: skip


def _may_change_more(body: list[Node]) -> bool:
    """Whether a call, or a write to an attribute, may change what containers and objects hold."""
    nodes = list(own_nodes(body))
    calls = [n for n in nodes if isinstance(n, gast.Call) and not is_of_module(n.func)]
    written = [n for n in nodes if isinstance(getattr(n, "ctx", None), gast.Store)]
    return bool(calls) or any(isinstance(n, gast.Attribute) for n in written)


def _writes_into_target(node: gast.For) -> bool:
    """Whether the body writes into what the loop binds, or hands it to a function that does nothing else of use."""
    targets = bound_names([node.target])
    named = {
        n.target.id
        for n in own_nodes(node.body)
        if isinstance(n, gast.AugAssign) and isinstance(n.target, gast.Name)
    }
    return bool(targets & (named | changed_arrays(node.body) | _handed(node.body)))


def _handed(body: list[Node]) -> set[str]:
    """Names that a call is handed which is a statement."""
    found: set[str] = set()
    for node in own_nodes(body):
        call = node.value if isinstance(node, gast.Expr) else None
        if not isinstance(call, gast.Call) or is_append(call) or is_of_module(call.func):
            continue
        if tree.called_name(call) not in _READING:
            found |= {a.id for a in call.args if isinstance(a, gast.Name)}
    return found
