"""Sees to it that the program checks, when it runs, that no container holds an array or a list twice.

d = [row, row]
check_distinct(d, "d = [row, row]")     a write into d[0] would change d[1]
"""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
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

    def checked(node: tree.Node) -> list[tree.Node] | tree.Node:
        text, value = _put(node)
        if text not in names or not _may_repeat(value, numbers):
            return node
        arguments = [tree.name(text), tree.constant(tree.show(node))]
        return [node, tree.expression(tree.call(spell("check_distinct", None), *arguments))]

    return tree.rewrite(function, {gast.Assign: checked, gast.Expr: checked}) if names else function


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


def _may_repeat(value: tree.Node, numbers: frozenset[str]) -> bool:
    """Whether a container may hold an array or a list at two places."""
    if isinstance(value, _DISPLAYS):
        parts = tree.children(value)
        holding = sum(bool(carriers(p) - numbers) for p in parts)
        return holding > 1 or any(_may_repeat(p, numbers) for p in parts)
    if isinstance(value, gast.BinOp):
        lists = [n for n in (value.left, value.right) if isinstance(n, _DISPLAYS)]
        parts = [p for n in lists for p in tree.children(n)]
        parts = [p for p in parts if not (isinstance(p, gast.Name) and p.id in numbers)]
        return any(not isinstance(p, gast.Constant | gast.UnaryOp) for p in parts)
    return False
