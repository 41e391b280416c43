"""`and` and `or` used for the value of an operand."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.conditions import is_condition
from knetsrc.transform.normalize.effects import Changes, changes_nothing, effects
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.tree import Node


def unfold_booleans(
    function: gast.FunctionDef, names: Names, changes: Changes = changes_nothing
) -> gast.FunctionDef:
    """Write statements for `a or b`, unless it is a test or made of tests.

    >>> from knetsrc.transform.language import show
    >>> show(unfold_booleans, "y = a or b; z = a > 0 and not b")
    y = a
    if not y:
        y = b
    z = a > 0 and (not b)
    """

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.BoolOp) or place.is_test or is_condition(node):
            return None
        seen = (
            place.target is None
            or place.is_guarded
            or place.target in effects(node.values[1:]).reads
        )
        name = names.fresh(place.wanted) if seen or place.target is None else place.target
        statements: list[Node] = []
        for value in node.values[::-1]:
            test = (
                tree.name(name) if isinstance(node.op, gast.And) else tree.negation(tree.name(name))
            )
            follow = [tree.if_(test, statements)] if statements else []
            statements = [tree.assign(name, value), *follow]
        return statements, tree.name(name)

    return hoist(function, names, replace, (gast.BoolOp,), changes)
