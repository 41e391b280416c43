"""What was kept in lists is read at an index, in the source of a gradient that is differentiated once more.

x = x_saved.pop()          left = left - 1
                           x = x_saved[left]
while steps_saved:         while left > 0:

What generated source empties it reads in no other way afterwards, and neither does its caller: that the list stays as long as it
was makes no difference. A list of which the function itself does not show this is left as it is.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import blocks, own_nodes, rewritten
from knetsrc.transform.source import Source
from knetsrc.transform.tree import Node


def count_pops(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """The function with indices for `pop`, if it is one that was generated."""
    return with_counts(function) if source.is_generated else function


def with_counts(function: gast.FunctionDef) -> gast.FunctionDef:
    """The function with indices for `pop`.

    >>> (function,) = tree.parse("def g(kept, d):\\n xs = kept[0]\\n while xs:\\n  x = xs.pop()\\n  d = d * x\\n return d")
    >>> print(tree.show(with_counts(function)))
    def g(kept, d):
        xs = kept[0]
        left = len(xs)
        while left > 0:
            left = left - 1
            x = xs[left]
            d = d * x
        return d
    """
    function, names = tree.clone(function), Names.of(function)
    for text in sorted({t for n in own_nodes(function.body) if (t := _popped(n)) is not None}):
        bound = list(_bound_in(function.body, text))
        if _is_emptied_only(function, text, bound):
            starts = {id(b.taking[0]) for b in bound if b.taking}
            function = _counted(function, text, starts, names.fresh("left"))
    return function


class _Bound(NamedTuple):
    """A statement that binds a name, and what follows in its block: until something is taken out of the list, and from there on."""

    binding: Node
    before: list[Node]
    taking: list[Node]


def _bound_in(body: list[Node], text: str) -> Iterator[_Bound]:
    """All such parts of a block, or of the blocks within it where no statement of its own binds the name."""
    starts = [i for i, node in enumerate(body) if _binds(node, text)]
    if not starts:
        for block in [b for node in body for b in blocks(node)]:
            yield from _bound_in(block, text)
        return
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        part = body[start + 1 : end]
        taking = (i for i, node in enumerate(part) if any(_takes(n, text) for n in tree.walk(node)))
        first = next(taking, len(part))
        yield _Bound(body[start], part[:first], part[first:])


def _is_emptied_only(function: gast.FunctionDef, text: str, bound: list[_Bound]) -> bool:
    """Whether a list is only read between the statement that binds it and the first that takes something out of it."""
    taking = [n for each in bound for s in each.taking for n in tree.walk(s)]
    taken = sum(_takes(n, text) for n in taking)
    every = list(tree.walk(function.body))
    if not taken == sum(_takes(n, text) for n in every) == _count(taking, text):
        return False
    fresh = [n for each in bound for s in (each.binding, *each.before) for n in tree.walk(s)]
    return _count(every, text) == taken + _count(fresh, text)


def _count(nodes: list[Node], text: str) -> int:
    return sum(tree.is_name(n, text) for n in nodes)


def _popped(node: Any) -> str | None:
    """`xs` for `xs.pop()`."""
    is_pop = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    if not is_pop or node.func.attr != "pop" or node.args or node.keywords:
        return None
    return node.func.value.id if tree.is_name(node.func.value) else None


def _takes(node: Any, text: str) -> bool:
    """Whether a statement takes one element out of a list, or a loop asks whether there is one."""
    if isinstance(node, gast.While):
        return tree.is_name(node.test, text)
    is_simple = isinstance(node, gast.Assign | gast.AugAssign | gast.Expr)
    return is_simple and sum(_popped(n) == text for n in tree.walk(node)) == 1


def _binds(node: Any, text: str) -> bool:
    """Whether a statement binds a name, each branch of an `if`, before it reads what the name stood for."""
    if isinstance(node, gast.If):
        return all(_begins(block, text) for block in (node.body, node.orelse))
    is_bound = isinstance(node, gast.Assign) and text in tree.names_written(node.targets)
    return is_bound and text not in tree.names_read(node.value)


def _begins(block: list[Node], text: str) -> bool:
    """Whether the first of these statements that has a name in it binds it, and nothing is taken out of the list."""
    having = [n for n in block if any(tree.is_name(part, text) for part in tree.walk(n))]
    is_whole = not any(_takes(n, text) for n in tree.walk(having))
    return bool(having) and is_whole and _binds(having[0], text)


def _counted(
    function: gast.FunctionDef, text: str, starts: set[int], left: str
) -> gast.FunctionDef:
    """The function with an index `left` for one list; it is counted where `starts` stand."""

    def last(call: gast.Call) -> Node:
        is_pop = _popped(call) == text
        return tree.subscript(tree.name(text), tree.name(left)) if is_pop else call

    def counted(node: Any) -> list[Node]:
        found = [node]
        if _takes(node, text) and isinstance(node, gast.While):
            test = tree.compare(tree.name(left), ">", tree.constant(0))
            found = [tree.while_(test, node.body)]
        elif _takes(node, text):
            shorter = tree.binary(tree.name(left), "-", tree.constant(1))
            found = [tree.assign(left, shorter), tree.rewrite(node, {gast.Call: last})]
        if id(node) in starts:
            found = [tree.assign(left, tree.call("len", tree.name(text))), *found]
        return found

    return tree.with_body(function, rewritten(function.body, counted))
