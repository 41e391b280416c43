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

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.Lambda):
            return None
        name = place.target or names.fresh("function")
        body = tree.at([tree.return_(node.body)], node.body)
        return [tree.function_def(name, node.args, body)], tree.name(name)

    return hoist(function, names, replace, (gast.Lambda,), changes)
