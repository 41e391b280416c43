"""Calls in the other order, where that gives the same values and derivatives for less work."""

from typing import Any

import gast

from knetsrc import ops
from knetsrc.transform import tree
from knetsrc.transform.callee import Calls, Primitive


def pool_first(core: gast.FunctionDef, calls: Calls) -> gast.FunctionDef:
    """Rectify maxima of windows, not all that they are taken of: `relu(pool(x))` for `pool(relu(x))`.

    Either is the greater of zero and the maximum, and NaN where there is one. Where the maximum is positive the same element of
    the window has the derivative, elsewhere none has.
    """

    def exchanged(node: gast.Call) -> gast.Call:
        x = _rectified_in(node, calls)
        if x is None:
            return node
        options = {keyword.arg: keyword.value for keyword in node.keywords}
        pooled = tree.call(node.func, x, *node.args[1:], **options)
        return tree.at(tree.call(node.args[0].func, tree.at(pooled, node)), node)

    return tree.rewrite(core, {gast.Call: exchanged})


def _rectified_in(node: gast.Call, calls: Calls) -> tree.Node | None:
    """`x` of `pool(relu(x))`, for a maximum; None for other calls."""
    arguments = _arguments(node, ops.pool, calls)
    if not arguments or not node.args or arguments.get("x") is not node.args[0]:
        return None
    mode = arguments.get("mode")
    if mode is not None and not (isinstance(mode, gast.Constant) and mode.value == "max"):
        return None
    found: tree.Node | None = _arguments(node.args[0], ops.relu, calls).get("x")
    return found


def _arguments(node: tree.Node, function: Any, calls: Calls) -> dict[str, Any]:
    """Arguments of a call by name; none for a call of something else than `function`."""
    callee = calls.of(node) if isinstance(node, gast.Call) else None
    if isinstance(callee, Primitive) and callee.rule.primitives[0] is function:
        return callee.bound()
    return {}
