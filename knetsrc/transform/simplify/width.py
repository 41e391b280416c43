"""How wide the line of a statement is, without printing it where a bound from above will do."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import COMPOUND, children, with_fields
from knetsrc.transform.tree import Node

LIMIT = 100


def fits(statement: Node, indent: int) -> bool:
    """Whether the (first) line of `statement`, indented, stays under 100 columns.

    >>> fits(tree.parse("y = " + "x + " * 25 + "x")[0], 0)
    False
    """
    if indent + _bound(statement) < LIMIT:
        return True
    return indent + len(first_line(statement)) < LIMIT


def first_line(statement: Node) -> str:
    """The line of a simple statement, the header of a compound one."""
    if isinstance(statement, COMPOUND):
        statement = with_fields(statement, body=[tree.pass_()])
        if not isinstance(statement, gast.With):
            statement.orelse = []
    return tree.show(statement).split("\n", 1)[0]


def _bound(statement: Node) -> int:
    """No less than the width of the first line."""
    parts = children(statement)
    if isinstance(statement, COMPOUND):
        parts = [part for part in parts if not isinstance(part, gast.stmt)]
    return 10 + sum(_most(part) + 3 for part in parts)


def _most(node: Node) -> int:
    """No less than the width of an expression with its parentheses."""
    if isinstance(node, gast.Constant):
        return len(repr(node.value)) + 2
    own = 8 + len(
        getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None) or ""
    )
    if isinstance(node, gast.Name):
        return own - 6
    if isinstance(
        node,
        gast.JoinedStr
        | gast.Lambda
        | gast.IfExp
        | gast.Compare
        | gast.BoolOp
        | gast.DictComp
        | gast.ListComp,
    ):
        own += 8 + 8 * len(children(node))
    return own + sum(_most(child) + 2 for child in children(node))
