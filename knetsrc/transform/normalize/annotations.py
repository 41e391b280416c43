"""What Python itself does not look at when it runs a function."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.tree import Node


def drop_annotations(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Leave out docstrings, annotations, statements that are a literal and a `finally` that does nothing.

    >>> from knetsrc.transform.language import show
    >>> show(drop_annotations, "'Text.'; n: int; x: float = 1.0; ...; y = x")
    x = 1.0
    y = x
    """

    def assignment(node: gast.AnnAssign) -> Node | list[Node]:
        return [] if node.value is None else tree.assign(node.target, node.value)

    def statement(node: gast.Expr) -> Node | list[Node]:
        return [] if isinstance(node.value, gast.Constant) else node

    def bare(node: gast.Name) -> Node:
        node.annotation = node.type_comment = None
        return node

    def idle(node: gast.Try) -> Node | list[Node]:
        return node if node.handlers or node.finalbody else node.body

    def signature(node: gast.FunctionDef) -> Node:
        node.returns = node.type_comment = None
        return node

    handlers = {
        gast.AnnAssign: assignment,
        gast.Expr: statement,
        gast.Pass: lambda node: [],
        gast.Name: bare,
        gast.Try: idle,
        gast.FunctionDef: signature,
    }
    return fill_blocks(tree.rewrite(function, handlers))


def fill_blocks(function: gast.FunctionDef) -> gast.FunctionDef:
    """Write `pass` where a body has no statements left; changes the tree in place."""
    for node in tree.walk(function):
        if isinstance(node, gast.stmt | gast.ExceptHandler) and getattr(node, "body", None) == []:
            node.body = [tree.at(tree.pass_(), node)]
    return function
