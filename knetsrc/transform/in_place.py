"""Writes `z += e` as a write into an array, where other names may see `z` and it is sure to be an array."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.held import sliced_names
from knetsrc.transform.normalize.scopes import blocks
from knetsrc.transform.resolve import CHECK


def updates_in_place(function: gast.FunctionDef, arrays: frozenset[str]) -> gast.FunctionDef:
    """`z[...] = z + e` for `z += e` where other names may see `z`, if it is sure to be an array.

    >>> (f,) = tree.parse("def f(y):\\n z = y[1:]\\n check_not_array(z, 'z += 1')\\n z = z + 1\\n return y")
    >>> print(tree.show(updates_in_place(f, frozenset("yz"))))
    def f(y):
        z = y[1:]
        z[...] += 1
        return y
    """
    sure = sliced_names(function) & arrays

    def visit(body: list[Any]) -> list[tree.Node]:
        found: list[tree.Node] = []
        for node in body:
            for block in blocks(node):
                block[:] = visit(block)
            checked = _checked_name(found[-1]) if found else None
            if checked in sure and _is_update(node, checked):
                found[-1:] = tree.at(_written(node, checked), node)
            else:
                found.append(node)
        return found

    function = tree.clone(function)
    function.body = visit(function.body)
    return function


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
