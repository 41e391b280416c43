"""`del` of names."""

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.live import live_after
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import blocks, captured_names, own_nodes
from knetsrc.transform.tree import Node


def drop_deletions(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Leave out `del y`: a function that runs to its end does not read `y` before it is bound again.

    >>> from knetsrc.transform.language import show
    >>> show(drop_deletions, "y = x * x; z = y + 1; del y; y = 2 * z")
    y = x * x
    z = y + 1
    y = 2 * z
    """
    deletions = [n for n in own_nodes(function.body) if isinstance(n, gast.Delete)]
    if not deletions:
        return function
    live = live_after(function, [id(n) for n in deletions])
    captured = captured_names(function.body)
    for node in deletions:
        for text in _deleted_names(node):
            if text in live[id(node)] or text in captured:
                raise UnsupportedSyntaxError(
                    f"`{text}` may be read after `del {text}`",
                    at=node,
                    why="whether it still has a value there is not known before the function runs",
                    instead=f"leave out the `del`, or bind `{text}` again before it is read",
                )
    function = tree.clone(function)
    _drop(function.body)
    return function


def _drop(body: list[Node]) -> None:
    for node in body:
        for block in blocks(node):
            _drop(block)
    left = [n for n in body if not isinstance(n, gast.Delete)]
    body[:] = left or tree.at([tree.pass_()], body[0]) if body else []


def _deleted_names(node: gast.Delete) -> list[str]:
    return [n.id for t in node.targets for n in tree.walk(t) if isinstance(n, gast.Name)]


def is_of_names(node: Node) -> bool:
    """Whether a statement is a `del` of names only."""
    if not isinstance(node, gast.Delete):
        return False
    kinds = (gast.Name, gast.Tuple, gast.List, gast.expr_context)
    return all(isinstance(n, kinds) for target in node.targets for n in tree.walk(target))
