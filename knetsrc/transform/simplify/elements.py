"""The adjoint of an element is the element of the adjoint, not a new one that is added there.

d_layer = zeros_like(layer)                     d_layer = d_layers[i]
d_layer["w"] += x.T @ d_y               ->      d_layer["w"] += x.T @ d_y
add_at(d_layers, i, d_layer)
"""

from collections.abc import Collection, Iterator
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    is_filler,
    map_blocks,
    map_body,
    statements,
)
from knetsrc.transform.tree import Node

_ADDING = frozenset({"add_at", "add_within"})


def add_into_elements(function: gast.FunctionDef, integers: Collection[str]) -> gast.FunctionDef:
    """Name an element of an adjoint, in place of a new structure that is added to it at last.

    Parameters
    ----------
    function
        Generated code.
    integers
        Names of integers, which select one element.
    """
    wholes = {n for n in _zeros(function) if _is_only_added_to(function, n)}
    if not wholes:
        return function

    def in_block(block: Block) -> Block:
        block = [map_blocks(statement, in_block) for statement in block]
        for end in [n for n in block if _target(n, integers) is not None]:
            block = _through_element(function, block, end, wholes, integers)
        return block

    return map_body(function, in_block)


def _through_element(
    function: gast.FunctionDef, block: Block, end: Node, wholes: set[str], integers: Collection[str]
) -> Block:
    whole, index, part = _target(end, integers) or ("", tree.constant(None), "")
    last = next(k for k, n in enumerate(block) if n is end)
    starts = [k for k in range(last) if assigned_name(block[k]) == part]
    if whole not in wholes or len(starts) != 1 or not _is_zeros(block[starts[0]]):
        return block
    between, after = block[starts[0] + 1 : last], block[last + 1 :]
    depths = list(_added_into(between, part))
    is_apart = len(depths) == _count(between, part) == _count(function.body, part) - 2
    is_reached = min(depths, default=0) > isinstance(index, gast.Slice)
    is_same = not tree.names_read(index) & tree.names_written(between)
    if not (is_apart and is_reached and is_same) or _count(between, whole):
        return block
    if not _is_of_read(between):
        return block
    is_idle = all(is_filler(n) or isinstance(n, gast.Return) for n in after[:1])
    if is_filler(between[-1]) and is_idle:
        between.pop()
    element = tree.assign(part, tree.subscript(tree.name(whole), tree.clone(index)))
    return [*block[: starts[0]], tree.at(element, block[starts[0]]), *between, *after]


def _is_of_read(between: Block) -> bool:
    """Whether what follows reverses the reading of an element, as its comment says: the adjoint of `np.sum(x[0])` has another shape."""
    comments = [text for n in between if (text := tree.comment_text(n)) is not None]
    if not comments:
        return False
    try:
        primal = tree.parse(comments[-1])[0]
    except SyntaxError:
        return False
    read: Any = getattr(primal, "value", None)
    is_element = isinstance(read, gast.Subscript)
    while isinstance(read, gast.Subscript | gast.Attribute):
        read = read.value
    return is_element and tree.is_name(read)


def _target(node: Node, integers: Collection[str]) -> tuple[str, Node, str] | None:
    """`d_xs`, `i` and `d_x` for `d_xs[i] += d_x` and `add_at(d_xs, i, d_x)`, with an index of one element or a slice."""
    if isinstance(node, gast.AugAssign) and isinstance(node.op, gast.Add):
        whole, index = getattr(node.target, "value", None), getattr(node.target, "slice", None)
        part = node.value
    elif isinstance(node, gast.Expr) and tree.called_name(node.value) == "add_at":
        whole, index, part = node.value.args
    else:
        return None
    index = _index(index, integers)
    if index is None or not isinstance(whole, gast.Name) or not isinstance(part, gast.Name):
        return None
    return whole.id, index, part.id


def _index(node: Node | None, integers: Collection[str]) -> Node | None:
    """An index of one element, or a slice between numbers that are written out."""
    if isinstance(node, gast.Call) and tree.called_name(node) == "slice":
        bounds = [None if tree.is_constant(n, None) else n for n in node.args]
        is_known = all(n is None or tree.integer_of(n) is not None for n in bounds)
        return tree.slice_of(*[*bounds, None, None][:3]) if is_known and len(bounds) > 1 else None
    is_one = (isinstance(node, gast.Name) and node.id in integers) or (
        isinstance(node, gast.Constant) and isinstance(node.value, int | str)
    )
    return node if is_one else None


def _is_zeros(node: Node) -> bool:
    return tree.called_name(node.value) == "zeros_like"


def _zeros(function: gast.FunctionDef) -> Iterator[str]:
    """Names that are bound once, to zeros with the structure of something."""
    bound = [n for n in statements(function.body) if assigned_name(n)]
    written = [n for s in bound for n in tree.names_written(s)]
    for node in bound:
        name = assigned_name(node) or ""
        if written.count(name) == 1 and _is_zeros(node):
            yield name


def _is_only_added_to(function: gast.FunctionDef, name: str) -> bool:
    """Whether a name is otherwise only added into, and read at the end."""
    read = _count([n for n in function.body if isinstance(n, gast.Return)], name)
    uses = list(_added_into(function.body, name))
    return 1 + len(uses) + read == _count(function.body, name)


def _added_into(nodes: Block, name: str) -> Iterator[int]:
    """How deep it goes, for each place that is added into: 1 for `d["w"] += e` and `add_at(d, i, e)`, 2 for `d["w"][0] += e`."""
    for node in tree.walk(nodes):
        target: Node | None = None
        if isinstance(node, gast.AugAssign) and isinstance(node.op, gast.Add | gast.Sub):
            target, depth = node.target, 0
        elif isinstance(node, gast.Expr) and tree.called_name(node.value) in _ADDING:
            target, depth = node.value.args[0], 1
        while isinstance(target, gast.Subscript | gast.Attribute):
            target, depth = target.value, depth + 1
        if target is not None and depth and tree.is_name(target, name):
            yield depth


def _count(nodes: Block, name: str) -> int:
    return sum(tree.is_name(n, name) for n in tree.walk(nodes))
