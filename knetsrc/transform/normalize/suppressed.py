"""`with suppress(...)`: a `try` in other words."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import path_of
from knetsrc.transform.normalize.scopes import rewritten
from knetsrc.transform.tree import Node


def write_out_suppress(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Write `with contextlib.suppress(...)` as the `try` that it stands for.

    >>> from knetsrc.transform.language import show
    >>> show(write_out_suppress, "with suppress(ValueError): y = f(x)")
    try:
        y = f(x)
    except ValueError:
        pass
    """
    function = tree.clone(function)
    function.body = rewritten(function.body, _written_out)
    return function


def _written_out(node: Any) -> Node:
    if not isinstance(node, gast.With):
        return node
    for number, item in enumerate(node.items):
        kinds = suppressed_by(item)
        if kinds is None:
            continue
        later = tree.clone(node)
        later.items = node.items[number + 1 :]
        new: Any = tree.without_place(tree.parse("try: pass\nexcept E: pass")[0])
        new.body = [_written_out(later)] if later.items else node.body
        new.handlers[0].type = kinds[0] if len(kinds) == 1 else tree.tuple_of(kinds)
        if number == 0:
            return tree.at(new, node)
        node.items, node.body = node.items[:number], [tree.at(new, node)]
        return node
    return node


def suppressed_by(item: Any) -> list[Node] | None:
    """What `contextlib.suppress(...)` suppresses; None for other contexts."""
    call = item.context_expr
    if item.optional_vars is not None or not isinstance(call, gast.Call) or not call.args:
        return None
    return list(call.args) if path_of(call.func)[-1:] == ["suppress"] else None
