"""Chained comparisons become `and`."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_cheap, name_for
from knetsrc.transform.tree import Node


def split_comparisons(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Give every comparison two operands; one in the middle is evaluated once.

    >>> from knetsrc.transform.language import show
    >>> show(split_comparisons, "y = 0 < x < f(x) <= 1")
    y = 0 < x and x < (f_x := f(x)) and (f_x <= 1)
    """

    def split(node: gast.Compare) -> Node:
        parts: list[Node] = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            again = right
            if right is not node.comparators[-1] and not is_cheap(right):
                name = names.fresh(name_for(right))
                right, again = named(name, right), tree.name(name)
            parts.append(tree.compare(left, tree.symbol_of(operator), right))
            left = tree.clone(again)
        return parts[0] if len(parts) == 1 else tree.boolean("and", parts)

    return tree.rewrite(function, {gast.Compare: split})


def named(name: str, value: Node) -> gast.NamedExpr:
    """The expression `(name := value)`."""
    node: Any = tree.parse_expression(f"({name} := 0)")
    for made in (node, node.target):
        made.lineno = None
    node.value = value
    return node
