"""`a if test else b` becomes a statement."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.conditions import is_literal
from knetsrc.transform.normalize.effects import Changes, changes_nothing
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist


def unfold_ternaries(
    function: gast.FunctionDef, names: Names, changes: Changes = changes_nothing
) -> gast.FunctionDef:
    """Write an `if` statement where a ternary was, unless both of its arms are literals.

    >>> from knetsrc.transform.language import show
    >>> show(unfold_ternaries, "y = a if c else b; z = 1 if c else -1")
    if c:
        y = a
    else:
        y = b
    z = 1 if c else -1
    """

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.IfExp) or (is_literal(node.body) and is_literal(node.orelse)):
            return None
        name = place.target or names.fresh(place.wanted)
        return [
            tree.if_(node.test, [tree.assign(name, node.body)], [tree.assign(name, node.orelse)])
        ], tree.name(name)

    return hoist(function, names, replace, (gast.IfExp,), changes)
