"""Attributes of adjoints as entries, in the source of a gradient that is differentiated once more.

d_m = zeros_like(m)            d_m = zeros_like(m)
d_m.w += d_w                   d_m['w'] += d_w

The adjoint of an object has both. Of entries it is known what else sees a write.
"""

from collections.abc import Iterator
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.scopes import own_nodes
from knetsrc.transform.source import Source
from knetsrc.transform.tree import Node

# Of arrays: `d_x.T[0] = 0` writes into `d_x`.
_VIEWS = frozenset({"T", "mT", "flat", "imag", "real"})


def fields_as_entries(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """The function with entries for attributes that are written, if it was generated: then these are adjoints."""
    return with_entries(function) if source.is_generated else function


def with_entries(function: gast.FunctionDef) -> gast.FunctionDef:
    """The function with entries for attributes of the names of which it writes some.

    >>> body = tree.parse("d_m = zeros_like(m); d_l = d_m.layer; d_l.w += d_w.T; d_m.b += d_l.w.T")
    >>> print(tree.show(with_entries(tree.function_def("f", ["m"], body))))
    def f(m):
        d_m = zeros_like(m)
        d_l = d_m['layer']
        d_l['w'] += d_w.T
        d_m['b'] += d_l['w'].T
    """
    targets = [
        n
        for n in own_nodes(function.body)
        if isinstance(n, gast.Attribute | gast.Subscript) and isinstance(n.ctx, gast.Store)
    ]
    written = [
        part
        for n in targets
        for part in _path(n)
        if isinstance(part, gast.Attribute) and (part is n or part.attr not in _VIEWS)
    ]
    if not written:
        return function
    adjoints = _with_parts(function, {_root(part) for part in written})
    fields = {part.attr for part in written} | _fields_between(function, adjoints)

    def entry(node: gast.Attribute) -> Node:
        if node.attr not in fields or _root(node) not in adjoints:
            return node
        new = tree.subscript(node.value, tree.constant(node.attr))
        new.ctx = node.ctx
        return new

    return tree.rewrite(function, {gast.Attribute: entry})  # type: ignore[no-any-return]


def _with_parts(function: gast.FunctionDef, names: set[str]) -> set[str]:
    """These names, those that parts of them are bound to, and those of which they are parts."""
    pairs = list(_bound_to_parts(function))
    while more := {n for pair in pairs if names & set(pair) for n in pair} - names:
        names = names | more
    return names


def _fields_between(function: gast.FunctionDef, adjoints: set[str]) -> set[str]:
    """Attributes on the way to parts that have a name: `layer` for `d_l = d_m.layer`."""
    values = [n.value for n in own_nodes(function.body) if isinstance(n, gast.Assign)]
    paths = [part for v in values if _root(v) in adjoints for part in _path(v)]
    return {part.attr for part in paths if isinstance(part, gast.Attribute)} - _VIEWS


def _bound_to_parts(function: gast.FunctionDef) -> Iterator[tuple[str, str]]:
    for node in own_nodes(function.body):
        if isinstance(node, gast.Assign) and tree.is_name(node.targets[0]):
            root = _root(node.value)
            if root:
                yield node.targets[0].id, root


def _path(node: Any) -> Iterator[Node]:
    """`m.w[0].b`, `m.w[0]`, `m.w` and `m`."""
    while isinstance(node, gast.Attribute | gast.Subscript):
        yield node
        node = node.value
    yield node


def _root(node: Any) -> str:
    *_, last = _path(node)
    return last.id if isinstance(last, gast.Name) else ""
