"""Calls of the user's own functions."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.booleans import unfold_booleans
from knetsrc.transform.normalize.effects import Changes, changes_nothing, last_name, name_for
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.normalize.scopes import blocks


def split_calls(
    function: gast.FunctionDef,
    is_helper: Callable[[gast.Call], bool],
    names: Names | None = None,
    changes: Changes = changes_nothing,
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
    changes
        Whether a call may change what arrays, containers or objects hold.

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

    What only one call of several arguments gives is named after the function alone.

    >>> (function,) = tree.parse("def loss(w, x): return predict(w, x) ** 2")
    >>> print(tree.show(split_calls(function, lambda call: True)))
    def loss(w, x):
        predict_value = predict(w, x)
        return predict_value ** 2
    """
    names = names or Names.of(function)
    calls = Counter(tree.show(n.func) for n in tree.walk(function) if isinstance(n, gast.Call))

    def name_of(call: gast.Call) -> str:
        is_told_apart = len(call.args) + len(call.keywords) < 2 or calls[tree.show(call.func)] > 1
        return name_for(call) if is_told_apart else f"{last_name(call.func) or 'result'}_value"

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.Call) or place.is_alone or not is_helper(node):
            return None
        name = names.fresh("result" if place.wanted == "result" else name_of(node))
        return [tree.assign(name, node)], tree.name(name)

    function = unfold_booleans(
        hoist(function, names, replace, (gast.Call,), changes), names, changes
    )
    _inside(function.body, lambda inner: split_calls(inner, is_helper, names, changes))
    return function


def _inside(body: list[Any], rewriting: Callable[[gast.FunctionDef], gast.FunctionDef]) -> None:
    """Rewrite the functions defined in these statements, in place."""
    for i, node in enumerate(body):
        if isinstance(node, gast.FunctionDef):
            body[i] = rewriting(node)
        for block in blocks(node):
            _inside(block, rewriting)
