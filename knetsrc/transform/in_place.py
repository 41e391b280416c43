"""Writes `z += e` as a write into an array, where other names may see `z` and it is sure to be an array."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.bases import is_view, viewed
from knetsrc.transform.analysis.held import sliced_names
from knetsrc.transform.analysis.kinds import makes_array
from knetsrc.transform.normalize.scopes import blocks, parameters
from knetsrc.transform.resolve import CHECK


def updates_in_place(
    function: gast.FunctionDef,
    arrays: frozenset[str],
    told: Mapping[str, tree.Node] = MappingProxyType({}),
) -> gast.FunctionDef:
    """`z[...] = z + e` for `z += e` where other names may see `z`, if it is sure to be an array.

    `told` has the statements of which a call has shown that they change an array, each with the check that it is one again.

    >>> (f,) = tree.parse("def f(y):\\n z = y[1:]\\n check_not_array(z, 'z += 1')\\n z = z + 1\\n return y")
    >>> print(tree.show(updates_in_place(f, frozenset("yz"))))
    def f(y):
        z = y[1:]
        z[...] += 1
        return y
    """
    sliced = sliced_names(function) - _views_of_computed(function)
    sure = (sliced & arrays) | _made_arrays(function)

    def visit(body: list[Any]) -> list[tree.Node]:
        found: list[tree.Node] = []
        for node in body:
            for block in blocks(node):
                block[:] = visit(block)
            checked = _checked_name(found[-1]) if found else ""
            is_update = bool(checked) and _is_update(node, checked)
            statement = found[-1].value.args[1].value if is_update else ""
            if is_update and (checked in sure or statement in told):
                checks = [_check(told[statement], found[-1])] if checked not in sure else []
                found[-1:] = tree.at([*checks, *_written(node, checked)], node)
            else:
                found.append(node)
        return found

    function = tree.clone(function)
    function.body = visit(function.body)
    return function


def _made_arrays(function: gast.FunctionDef) -> set[str]:
    """Names that are only bound to new arrays, `np.zeros(n)`, and to what such a statement makes of them."""
    bound = bound_values(function)
    return {
        text
        for text, values in bound.items()
        if text not in parameters(function)
        and any(makes_array(v) for v in values)
        and all(makes_array(v) or _is_sum_of(v, text) for v in values)
    }


def _views_of_computed(function: gast.FunctionDef) -> set[str]:
    """Names bound to views without axes of what is computed: that may be a number of NumPy, and a view of it another one."""
    bound = bound_values(function)
    own = set(parameters(function))

    def is_computed(node: Any) -> bool:
        if isinstance(node, gast.Name):
            return node.id not in own and any(map(is_computed, bound.get(node.id, ())))
        return isinstance(node, gast.BinOp | gast.UnaryOp | gast.Call) and not makes_array(node)

    views = [(text, v) for text, values in bound.items() for v in values if _is_without_axes(v)]
    return {text for text, view in views if is_computed(viewed(view))}


def _is_without_axes(node: Any) -> bool:
    """Whether an expression is `np.squeeze(e)`, `e.squeeze()` or `e.reshape(())`."""
    if not isinstance(node, gast.Call) or not is_view(node):
        return False
    shapes = [*node.args, *(k.value for k in node.keywords)]
    is_empty = any(isinstance(s, gast.Tuple) and not s.elts for s in shapes)
    return node.func.attr == "squeeze" or (node.func.attr == "reshape" and is_empty)


def _is_sum_of(value: tree.Node | None, text: str) -> bool:
    return isinstance(value, gast.BinOp) and tree.is_name(value.left, text)


def _check(spelled: tree.Node, check: tree.Node) -> tree.Node:
    """The opposite of a check: that something is an array."""
    return tree.expression(tree.call(tree.clone(spelled), *tree.clone(check.value.args)))


def _checked_name(node: tree.Node) -> str:
    """`z` for the check before `z += e`."""
    call = node.value if isinstance(node, gast.Expr) else node
    is_check = isinstance(call, gast.Call) and tree.called_name(call) == CHECK
    return call.args[0].id if is_check and tree.is_name(call.args[0]) else ""


def _is_update(node: tree.Node, text: str) -> bool:
    is_binary = isinstance(node, gast.Assign) and isinstance(node.value, gast.BinOp)
    return is_binary and tree.is_name(node.value.left, text) and tree.is_name(node.targets[0])


def _written(node: gast.Assign, text: str) -> list[tree.Node]:
    place = tree.subscript(tree.name(text), tree.constant(Ellipsis))
    symbol, renamed = tree.symbol_of(node.value.op), node.targets[0].id
    if symbol in "+-":
        write = tree.augment(place, symbol, node.value.right)
    else:
        write = tree.assign(place, node.value)
    return [write] if renamed == text else [write, tree.assign(renamed, tree.name(text))]
