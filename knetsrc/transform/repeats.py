"""Sees to it that the program checks, when it runs, that no container holds an array or a list twice.

d = [row, row]
check_distinct(d, "d = [row, row]")     a write into d[0] would change d[1]
"""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.normalize.scopes import all_blocks
from knetsrc.transform.normalize.sharing import carriers

_DISPLAYS = (gast.List, gast.Tuple, gast.Dict)


def check_repeats(
    function: gast.FunctionDef,
    names: set[str],
    numbers: frozenset[str],
    spell: Callable[[str, Any], tree.Node],
) -> gast.FunctionDef:
    """The function with a check after each statement that may put into one of these containers what it holds already.

    `numbers` are names that hold single numbers.
    """
    if not names:
        return function
    new = _put_once(function)

    def checked(node: tree.Node) -> list[tree.Node] | tree.Node:
        text, value = _put(node)
        if text not in names or not (_may_repeat(value, numbers, new) or _is_made_by_call(value)):
            return node
        arguments = [tree.name(text), tree.constant(tree.show(node))]
        return [node, tree.expression(tree.call(spell("check_distinct", None), *arguments))]

    return tree.rewrite(function, {gast.Assign: checked, gast.Expr: checked})


def _put_once(function: gast.FunctionDef) -> frozenset[str]:
    """Names of what is computed just before it is put at one place: `quotient` in `quotient = a / b`, `d[i] = quotient`."""
    bound = bound_values(function)
    carried = Counter(n for node in tree.walk(function.body) for n in _carried(node))
    found: set[str] = set()
    every = [n for n in tree.walk(function) if not isinstance(n, gast.expr)]
    for block in [b for node in every for b in all_blocks(node)]:
        for before, node in pairwise(block):
            if not isinstance(before, gast.Assign) or not tree.is_name(before.targets[0]):
                continue
            text = before.targets[0].id
            is_put = text in _carried(node) and carried[text] == 1
            is_once = sum(tree.is_name(n, text) for n in tree.walk(node)) == len(bound[text]) == 1
            if is_put and is_once and not carriers(before.value):
                found.add(text)
    return frozenset(found)


def _carried(node: tree.Node) -> set[str]:
    """Names of which a statement may hand the memory on."""
    if isinstance(node, gast.Assign | gast.Return) and node.value is not None:
        return carriers(node.value)
    return tree.names_read(node) if isinstance(node, gast.Expr) else set()


def _put(node: tree.Node) -> tuple[str, tree.Node]:
    """The name of a container, and what a statement puts into it; a name alone is put there as an entry is."""
    text = appended_to(node)
    if text is not None:
        return text, tree.list_of([node.value.args[0], tree.name(text)])
    text = stored_to(node)
    if text is not None:
        return text, tree.list_of([node.value, tree.name(text)])
    is_single = isinstance(node, gast.Assign) and tree.is_name(node.targets[0])
    return (node.targets[0].id, node.value) if is_single else ("", tree.constant(None))


def _may_repeat(value: tree.Node, numbers: frozenset[str], new: frozenset[str]) -> bool:
    """Whether a container may hold an array or a list at two places; what is `new` is put there once, if not repeated."""
    if isinstance(value, _DISPLAYS):
        parts = tree.children(value)
        holding = sum(bool(carriers(p) - numbers - new) for p in parts)
        return holding > 1 or any(_may_repeat(p, numbers, new) for p in parts)
    if isinstance(value, gast.BinOp):
        lists = [n for n in (value.left, value.right) if isinstance(n, _DISPLAYS)]
        parts = [p for n in lists for p in tree.children(n)]
        parts = [p for p in parts if not (isinstance(p, gast.Name) and p.id in numbers)]
        return any(not isinstance(p, gast.Constant | gast.UnaryOp) for p in parts)
    return False


def _is_made_by_call(value: tree.Node) -> bool:
    """Whether a container comes out of a call; of a copy what it is a copy of is looked at."""
    if not isinstance(value, gast.Call):
        return False
    is_copy = tree.called_name(value) in ("list", "tuple", "dict") and len(value.args) == 1
    if is_copy:
        return not tree.is_name(value.args[0])
    return not (isinstance(value.func, gast.Attribute) and value.func.attr == "copy")
