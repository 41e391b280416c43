"""Parts of an adjoint that make up the whole are written, not added to zeros."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    COMPOUND,
    Block,
    assigned_name,
    is_boundary,
    map_blocks,
    map_body,
    parameters,
    statements,
    with_fields,
)
from knetsrc.transform.tree import Node


@dataclass(frozen=True)
class Bound:
    """The end of a slice: `times * name`, or `times` where there is no name; neither is negative."""

    times: int
    name: str = ""


Part = tuple[Bound | None, Bound | None]


def fill_parts(function: gast.FunctionDef) -> gast.FunctionDef:
    """Write slices that lie end to end, from the first element of an axis to the last one.

        d_x = zeros_like(x)                d_x = np.empty_like(x)
        d_x[:, h:] += a             ->     d_x[:, h:] = a
        d_x[:, :h] += b                    d_x[:, :h] = b

    `h` is a size, bound once. Nothing else uses `d_x` between these statements. Only arrays are indexed with several slices.
    """
    sizes = frozenset(_sizes(function))

    def in_block(block: Block) -> Block:
        new = {}
        for position, node in enumerate(block):
            name = _zeros(node)
            parts = _parts(block[position + 1 :], name, sizes) if name else []
            if _is_whole([part for _, part in parts]):
                blank = tree.call("np.empty_like", *node.value.args)
                new[node] = with_fields(node, value=tree.at(blank, node))
                for statement, _ in parts:
                    written = tree.assign(statement.target, statement.value)
                    new[statement] = tree.at(written, statement)
        return [new[node] if node in new else map_blocks(node, in_block) for node in block]

    return map_body(function, in_block)


def _sizes(function: gast.FunctionDef) -> Iterator[str]:
    """Names that are bound once, to a length."""
    bound: dict[str, list[Node | None]] = {name: [None] for name in parameters(function)}
    for node in statements(function.body):
        for name in tree.names_written(node) if not isinstance(node, COMPOUND) else _targets(node):
            values = bound.setdefault(name, [])
            values.append(node.value if assigned_name(node) == name else None)
    for name, values in bound.items():
        if len(values) == 1 and _is_length(values[0]):
            yield name


def _targets(node: Node) -> set[str]:
    """Names that a compound statement binds itself, and all that it binds where that is not easily told."""
    if isinstance(node, gast.For):
        return set(tree.names_written(node.target))
    return set() if isinstance(node, gast.If | gast.While) else set(tree.names_written(node))


def _is_length(value: Node | None) -> bool:
    """Whether an expression is `len(x)` or `x.shape[i]`."""
    if isinstance(value, gast.Subscript):
        return isinstance(value.value, gast.Attribute) and value.value.attr == "shape"
    return tree.called_name(value) == "len" if isinstance(value, gast.Call) else False


def _zeros(node: Node) -> str | None:
    """`d_x` for `d_x = zeros_like(x)`."""
    name = assigned_name(node)
    return name if name and tree.called_name(node.value) == "zeros_like" else None


def _parts(block: Block, name: str, sizes: frozenset[str]) -> list[tuple[Node, Part]]:
    """The statements that add to slices of a name before anything else uses it, and the slices."""
    found: list[tuple[Node, Part]] = []
    axis = None
    for node in block:
        if tree.comment_text(node) is not None and not is_boundary(node):
            continue
        if isinstance(node, COMPOUND) or is_boundary(node) or tree.names_written(node) & sizes:
            break
        if name not in tree.names_read(node) | tree.names_written(node):
            continue
        part = _part(node, name, sizes)
        if part is None or axis not in (None, part[0]) or name in tree.names_read(node.value):
            break
        axis = part[0]
        found.append((node, part[1]))
    return found


def _part(node: Node, name: str, sizes: frozenset[str]) -> tuple[object, Part] | None:
    """The axis and the ends of the slice that a statement adds to; the axis with the number of all."""
    if not (
        isinstance(node, gast.AugAssign)
        and isinstance(node.op, gast.Add)
        and isinstance(node.target, gast.Subscript)
        and tree.is_name(node.target.value, name)
        and isinstance(node.target.slice, gast.Tuple)
    ):
        return None
    slices = node.target.slice.elts
    if not all(isinstance(s, gast.Slice) and s.step is None for s in slices):
        return None
    cut = [i for i, s in enumerate(slices) if s.lower is not None or s.upper is not None]
    if len(cut) != 1:
        return None
    ends = slices[cut[0]].lower, slices[cut[0]].upper
    bounds = [None if end is None else _bound(end, sizes) for end in ends]
    if any(end is not None and bound is None for end, bound in zip(ends, bounds, strict=True)):
        return None
    return (cut[0], len(slices)), (bounds[0], bounds[1])


def _bound(node: Node, sizes: frozenset[str]) -> Bound | None:
    """What a bound is, if it is known not to be negative."""
    if isinstance(node, gast.Constant):
        return Bound(node.value) if type(node.value) is int and node.value >= 0 else None
    if isinstance(node, gast.Name):
        return Bound(1, node.id) if node.id in sizes else None
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Mult):
        for factor, size in ((node.left, node.right), (node.right, node.left)):
            times, of = _bound(factor, frozenset()), _bound(size, sizes)
            if times is not None and of is not None and of.name:
                return Bound(times.times * of.times, of.name)
    return None


def _is_whole(parts: list[Part]) -> bool:
    """Whether slices lie end to end, and the outer ones are open."""
    if len(parts) < 2:
        return False
    ordered = sorted(parts, key=lambda part: -1 if part[0] is None else part[0].times)
    inner = [first for first, _ in ordered[1:]]
    if ordered[0][0] is not None or ordered[-1][1] is not None or None in inner:
        return False
    rises = all(a.times <= b.times for a, b in pairwise(inner) if a and b)
    is_same = len({bound.name for bound in inner if bound}) == 1
    return rises and is_same and all(a[1] == b[0] for a, b in pairwise(ordered))
