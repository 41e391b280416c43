"""Calls of the user's own functions."""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.booleans import unfold_booleans
from knetsrc.transform.normalize.effects import name_for
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.normalize.scopes import blocks


def split_calls(
    function: gast.FunctionDef, is_helper: Callable[[gast.Call], bool], names: Names | None = None
) -> gast.FunctionDef:
    """Let each call of a helper stand alone: `y = f(x)`, `(a, b) = f(x)`, or a statement.

    Parameters
    ----------
    function
        A function in the core language.
    is_helper
        Whether a call is one of a helper.
    names
        Names taken, those of the function by default.

    Returns
    -------
    gast.FunctionDef
        A new tree in the core language. Calls are made in the same order, and no more of them.

    Examples
    --------
    >>> (function,) = tree.parse("def loss(w, x): return sigm(w @ hidden(x)) ** 2 + sigm(x)")
    >>> print(tree.show(split_calls(function, lambda call: True)))
    def loss(w, x):
        hidden_x = hidden(x)
        sigm_value = sigm(w @ hidden_x)
        sigm_x = sigm(x)
        return sigm_value ** 2 + sigm_x
    """
    names = names or Names.of(function)

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.Call) or place.is_alone or not is_helper(node):
            return None
        name = names.fresh("result" if place.wanted == "result" else name_for(node))
        return [tree.assign(name, node)], tree.name(name)

    function = unfold_booleans(hoist(function, names, replace), names)
    _inside(function.body, lambda inner: split_calls(inner, is_helper, names))
    return function


def _inside(body: list[Any], rewriting: Callable[[gast.FunctionDef], gast.FunctionDef]) -> None:
    """Rewrite the functions defined in these statements, in place."""
    for i, node in enumerate(body):
        if isinstance(node, gast.FunctionDef):
            body[i] = rewriting(node)
        for block in blocks(node):
            _inside(block, rewriting)
