"""Which names only gather a sum in a loop: each starts at a number, and nothing else looks at it before the sum is complete.

    total = 0.0
    for x in xs:
        total = total + f(x)
    return total / n

The adjoint of such a sum goes back through the loop as it is, also where an early partial sum is a number and a later one an
array: whatever was added takes its share of it, and the number at the start takes none.
"""

from typing import Any

import gast

from knetsrc.transform import tree

_BLOCKS = ("body", "orelse")


def running_sums(function: gast.FunctionDef) -> frozenset[str]:
    """Names of the function that only gather sums in loops.

    >>> (f,) = tree.parse("def f(a):\\n s = 0.0\\n t = 0.0\\n for x in a:\\n  s = s + x\\n  t = t + s\\n return t")
    >>> sorted(running_sums(f))
    ['t']
    """
    return frozenset(
        node.targets[0].id
        for block in _blocks(function.body)
        for number, node in enumerate(block)
        if _is_start(node) and _is_gathered(block[number + 1 :], node.targets[0].id, function)
    )


def is_addition_to(node: tree.Node, text: str) -> bool:
    """Whether a statement is `s = s + e` or `s = s - e`, where `e` does not read `s`."""
    if not isinstance(node, gast.Assign) or not tree.is_name(node.targets[0], text):
        return False
    value = node.value
    is_sum = isinstance(value, gast.BinOp) and isinstance(value.op, gast.Add | gast.Sub)
    return is_sum and tree.is_name(value.left, text) and _count(value.right, text) == 0


def is_only_added_to(block: list[Any], text: str) -> bool:
    """Whether statements do nothing with a name but to add to it."""
    additions = sum(is_addition_to(n, text) for n in tree.walk(block))
    return sum(_count(n, text) for n in block) == 2 * additions


def _is_start(node: tree.Node) -> bool:
    return (
        isinstance(node, gast.Assign)
        and isinstance(node.targets[0], gast.Name)
        and tree.is_number(node.value)
    )


def _is_gathered(after: list[Any], text: str, function: gast.FunctionDef) -> bool:
    """Whether loops add to a name in the statements after its start, and only then others read it."""
    loops = [n for n in after if isinstance(n, gast.For | gast.While) and _writes(n, text)]
    others = [n for n in after if n not in loops]
    if not loops or any(_writes(n, text) for n in others):
        return False
    last = max(after.index(n) for n in loops)
    early = sum(_count(n, text) for n in others if after.index(n) < last)
    in_loops = sum(_count(n, text) for n in loops)
    additions = sum(is_addition_to(n, text) for n in tree.walk(loops))
    is_all = _count(function, text) == 1 + in_loops + sum(_count(n, text) for n in others)
    return is_all and not early and in_loops == 2 * additions


def _writes(node: tree.Node, text: str) -> bool:
    return text in tree.names_written(node)


def _count(node: Any, text: str) -> int:
    return sum(tree.is_name(n, text) for n in tree.walk(node))


def _blocks(body: list[Any]) -> list[list[Any]]:
    inner = [getattr(node, field, []) for node in body for field in _BLOCKS]
    return [body, *(b for block in inner if isinstance(block, list) for b in _blocks(block))]
