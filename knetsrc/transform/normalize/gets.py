"""`d.get(key, default)` reads an entry where there is one, else the default."""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.booleans import unfold_booleans
from knetsrc.transform.normalize.effects import is_cheap
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.tree import Node


def unfold_gets(
    function: gast.FunctionDef, is_get: Callable[[gast.Call], bool]
) -> gast.FunctionDef:
    """Write out what `d.get(key, default)` does, where a derivative flows through it.

    Parameters
    ----------
    function
        A function in the core language.
    is_get
        Whether a call is one of a dict's `get` that has to be written out.

    Returns
    -------
    gast.FunctionDef
        A new tree in the core language.

    Examples
    --------
    >>> (function,) = tree.parse("def f(d): return 2 * d.get('b', 1.0)")
    >>> print(tree.show(unfold_gets(function, lambda call: tree.show(call.func) == 'd.get')))
    def f(d):
        if 'b' in d:
            b = d['b']
        else:
            b = 1.0
        return 2 * b
    """
    names = Names.of(function)

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.Call) or not is_get(node) or node.keywords:
            return None
        before: list[Node] = []
        entries = _bound(node.func.value, "entries", names, before)
        key = _bound(node.args[0], "key", names, before)
        default = node.args[1] if len(node.args) > 1 else tree.constant(None)
        if not isinstance(default, gast.Constant):  # it is evaluated in any case
            default = _bound(default, "default", names, before)
        name = _target(node, place) or names.fresh(_wanted(key))
        found = tree.assign(name, tree.subscript(entries, key))
        missing = tree.assign(name, tree.clone(default))
        test = tree.compare(tree.clone(key), "in", tree.clone(entries))
        return [*before, tree.if_(test, [found], [missing])], tree.name(name)

    return unfold_booleans(hoist(function, names, replace, (gast.Call,)), names)


def _bound(node: Node, wanted: str, names: Names, before: list[Node]) -> Node:
    """`node`, or a name for it where it may not be written twice."""
    if is_cheap(node):
        return node
    name = names.fresh(wanted)
    before.append(tree.assign(name, node))
    return tree.name(name)


def _target(node: Node, place: Place) -> str | None:
    is_free = not place.is_guarded and place.target not in tree.names_read(node)
    return place.target if is_free else None


def _wanted(key: Any) -> str:
    """`b` for params.get("b")."""
    is_word = isinstance(key, gast.Constant) and str(key.value).isidentifier()
    return str(key.value) if is_word else "entry"
