"""Lambdas become functions with a name."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import Changes, changes_nothing
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist


def name_lambdas(
    function: gast.FunctionDef, names: Names, changes: Changes = changes_nothing
) -> gast.FunctionDef:
    """Define a function where a lambda was.

    >>> from knetsrc.transform.language import show
    >>> show(name_lambdas, "half = lambda x: x / 2; y = apply(lambda x, k=n: x * k, 3)")
    def half(x):
        return x / 2
    <BLANKLINE>
    def function(x, k=n):
        return x * k
    y = apply(function, 3)
    """

    def with_getter(node: gast.keyword) -> gast.keyword:
        if node.arg == "key" and isinstance(node.value, gast.Attribute):
            node.value = _getter(node.value, names) or node.value
        return node

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.Lambda):
            return None
        name = place.target or names.fresh("function")
        body = tree.at([tree.return_(node.body)], node.body)
        return [tree.function_def(name, node.args, body)], tree.name(name)

    function = tree.rewrite(function, {gast.keyword: with_getter})
    return hoist(function, names, replace, (gast.Lambda,), changes)


def _getter(method: gast.Attribute, names: Names) -> tree.Node | None:
    """`lambda item: x[item]` for `x.__getitem__`, `lambda item: x.get(item)` for `x.get`; None for other functions."""
    if method.attr not in ("__getitem__", "get"):
        return None
    text = names.fresh("item")
    found: Any = tree.parse_expression(f"lambda {text}: {text}")
    is_item = method.attr == "__getitem__"
    entry = tree.subscript(method.value, found.body) if is_item else tree.call(method, found.body)
    found.body = entry
    return tree.at(tree.without_place(found), method)
