"""Assignments inside expressions."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import Changes, changes_nothing
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist


def move_walruses(
    function: gast.FunctionDef, names: Names, changes: Changes = changes_nothing
) -> gast.FunctionDef:
    """Write assignments that stand in an expression as statements before it.

    >>> from knetsrc.transform.language import show
    >>> show(move_walruses, '''
    ... while (rest := f(x)) > 1:
    ...     x = x - rest
    ... ''')
    while True:
        rest = f(x)
        if not rest > 1:
            break
        else:
            x = x - rest
    """

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.NamedExpr):
            return None
        return [tree.assign(node.target, node.value)], tree.name(node.target.id)

    return hoist(function, names, replace, (gast.NamedExpr,), changes)
