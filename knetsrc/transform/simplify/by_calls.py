"""Writes by calls, written as calls again: the last pass, as the others know assignments only.

y[Ellipsis] = np.exp(x)      np.exp(x, out=y)
y[Ellipsis] = x              np.copyto(y, x)
y[i, Ellipsis] += v          np.add.at(y, i, v)
"""

from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.analysis.stores import as_argument, as_read, index_of, is_by_call
from knetsrc.transform.tree import Node


def by_calls(code: Any) -> Any:
    """The same code with the calls by which a user writes into arrays: see `normalize.call_writes`.

    >>> code = "y[Ellipsis] = np.exp(x); y[1:, Ellipsis] = x; y[i, Ellipsis] -= v; z = y[Ellipsis]"
    >>> print(tree.show(by_calls(tree.parse(code))))
    np.exp(x, out=y)
    np.copyto(y[1:], x)
    np.subtract.at(y, i, v)
    z = y[Ellipsis]
    """
    if not any(tree.is_name(node, "Ellipsis") for node in tree.walk(code)):
        return code
    return tree.rewrite(code, {gast.Assign: _copied, gast.AugAssign: _added})


def _copied(node: gast.Assign) -> Node:
    target = node.targets[0]
    if not isinstance(target, gast.Subscript) or not is_by_call(target):
        return node
    index = index_of(target)
    is_all = tree.is_constant(index, Ellipsis)
    out = target.value if is_all else as_read(target)
    if not _has_out(node.value):
        return tree.expression(tree.call("np.copyto", out, node.value))
    options = {k.arg: k.value for k in node.value.keywords}
    return tree.expression(tree.call(node.value.func, *node.value.args, **options, out=out))


def _has_out(value: Node) -> bool:
    """Whether a call takes an `out` that may be larger than what it gives, and may overlap with what it reads."""
    if not isinstance(value, gast.Call) or not isinstance(value.func, gast.Attribute):
        return False
    if any(k.arg in ("out", None) for k in value.keywords):
        return False
    if not tree.is_name(value.func.value, "np"):
        return False
    return isinstance(getattr(np, value.func.attr, None), np.ufunc)


def _added(node: gast.AugAssign) -> Node:
    if not isinstance(node.target, gast.Subscript) or not is_by_call(node.target):
        return node
    function = "np.add.at" if isinstance(node.op, gast.Add) else "np.subtract.at"
    target = node.target
    return tree.expression(
        tree.call(function, target.value, as_argument(index_of(target)), node.value)
    )
