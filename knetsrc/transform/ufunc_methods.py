"""Methods of NumPy's elementwise functions that are a spelling of other calls.

np.add.reduce(x)          np.sum(x, axis=0)
np.multiply.accumulate(x)   np.cumprod(x, axis=0)
np.subtract.outer(a, b)   np.reshape(a, np.shape(a) + (1,) * np.ndim(b)) - b
"""

from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree

_REDUCED: dict[Any, str] = {
    np.add: "np.sum", np.multiply: "np.prod", np.maximum: "np.max", np.minimum: "np.min",
    np.logical_and: "np.all", np.logical_or: "np.any",
}  # fmt: skip
_ACCUMULATED: dict[Any, str] = {np.add: "np.cumsum", np.multiply: "np.cumprod"}
_WITH_AXIS = {"reduce": _REDUCED, "accumulate": _ACCUMULATED}
_BINARY: dict[Any, str] = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.power: "**",
}  # fmt: skip


Steady = Callable[[tree.Node, str], tree.Node]


def as_function(
    node: gast.Call, resolve: Callable[[tree.Node], Any], steady: Steady
) -> tree.Node | None:
    """What a call of a method of an elementwise function stands for; None for other calls."""
    method: Any = node.func
    if not isinstance(method, gast.Attribute) or any(
        isinstance(a, gast.Starred) for a in node.args
    ):
        return None
    function = resolve(method.value)
    if not isinstance(function, np.ufunc):
        return None
    known = _WITH_AXIS.get(method.attr, {})
    if function in known and 1 <= len(node.args) <= 2:  # more would be `out`
        return _along_axis(known[function], node)
    if method.attr == "outer" and len(node.args) == 2 and not node.keywords:
        left, right = (v if isinstance(v, gast.Name) else steady(v, "operand") for v in node.args)
        return _outer(function, method.value, left, right)
    return None


def _along_axis(path: str, node: Any) -> tree.Node:
    """These go along the first axis if they are not told otherwise."""
    has_axis = len(node.args) > 1 or any(k.arg == "axis" for k in node.keywords)
    call = tree.call(path, *node.args, **({} if has_axis else {"axis": tree.constant(0)}))
    call.keywords += node.keywords
    return call


def _outer(function: np.ufunc, path: tree.Node, left: tree.Node, right: tree.Node) -> tree.Node:
    new_axes = tree.binary(tree.tuple_of([tree.constant(1)]), "*", tree.call("np.ndim", right))
    shape = tree.binary(tree.call("np.shape", left), "+", new_axes)
    column, row = tree.call("np.reshape", tree.clone(left), shape), tree.clone(right)
    if function in _BINARY:
        return tree.binary(column, _BINARY[function], row)
    return tree.call(path, column, row)
