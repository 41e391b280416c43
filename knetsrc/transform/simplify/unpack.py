"""Take a list apart where it is made, or where it is read."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    map_blocks,
    map_body,
    same_items,
)
from knetsrc.transform.tree import Node

_AS_LONG_AS_ARGUMENT = frozenset({"split_like"})


def unpack_parts(function: gast.FunctionDef, candidates: frozenset[str]) -> gast.FunctionDef:
    """Bind the entries of a list that has no other use by one assignment.

        d_parts = split_like(d_gates, [input, hidden])
        d_input = d_parts[0]                               ->    d_input, d_hidden = split_like(...)
        d_hidden = d_parts[1]

    Parameters
    ----------
    function
        Generated code.
    candidates
        Names that the transform has made up.
    """
    reads: dict[str, int] = {}
    for node in tree.walk(function.body):
        if isinstance(node, gast.Name):
            reads[node.id] = reads.get(node.id, 0) + 1

    def in_block(block: Block) -> Block:
        found: Block = []
        rest = [map_blocks(node, in_block) for node in block]
        while rest:
            node = rest.pop(0)
            name = assigned_name(node)
            length = _length(node.value) if name in candidates else 0
            taken = _entries(rest, name, length)
            if name is not None and len(taken) > 1 and reads[name] == len(taken) + 1:
                names = [taken.get(i, "_") for i in range(length)]
                node = tree.at(tree.assign(tree.tuple_of(map(tree.name, names)), node.value), node)
                rest = rest[len(taken) :]
            found.append(node)
        return block if same_items(block, found) else found

    return map_body(function, in_block)


def _length(value: Node) -> int:
    """How many entries a call gives, 0 where this is not known."""
    if tree.called_name(value) in _AS_LONG_AS_ARGUMENT and isinstance(value.args[1], gast.List):
        return len(value.args[1].elts)
    return 0


def _entries(rest: Block, name: str | None, length: int) -> dict[int, str]:
    """The names that the statements at the start of `rest` give to entries of the list `name`."""
    found: dict[int, str] = {}
    for node in rest:
        target = assigned_name(node)
        index = _entry_of(node.value, name) if target is not None else None
        if target is None or index is None or not 0 <= index < length or index in found:
            break
        found[index] = target
    return found if len(set(found.values())) == len(found) else {}


def _entry_of(value: Node, name: str | None) -> int | None:
    """`0` for `parts[0]`, where `name` is `parts`."""
    if not (isinstance(value, gast.Subscript) and tree.is_name(value.value, name)):
        return None
    index = value.slice.value if isinstance(value.slice, gast.Constant) else None
    return index if type(index) is int else None


def unpack_entries(function: gast.FunctionDef) -> gast.FunctionDef:
    """Bind what the user took apart by one assignment by one assignment.

        w = params[0]
        b = params[1]       ->      w, b = params

    Entries that nobody reads become `_`, where there are fewer of these than of others.
    """
    read = tree.names_read(function.body)

    def in_block(block: Block) -> Block:
        found: Block = []
        rest = [map_blocks(node, in_block) for node in block]
        while rest:
            taken = _side_by_side(rest)
            count = tree.targets_beside(rest[0].value) if taken else 0
            is_whole = len(taken) == count or ("_" not in read and 2 * len(taken) > count)
            if len(taken) > 1 and is_whole:
                targets = [taken.get(i, "_") for i in range(count)]
                node = tree.assign(tree.tuple_of(map(tree.store, targets)), rest[0].value.value)
                found.append(tree.at(node, rest[0]))
                rest = rest[len(taken) :]
            else:
                found.append(rest.pop(0))
        return block if same_items(block, found) else found

    return map_body(function, in_block)


def _side_by_side(rest: Block) -> dict[int, str]:
    """The names that the statements at the start of `rest` give to entries of one value that was taken apart, by place."""
    found: dict[int, str] = {}
    whole = _taken_apart(rest[0])
    if whole is None or not _is_place(whole):
        return {}
    read = tree.names_read(whole)
    for node in rest:
        text, other = assigned_name(node), _taken_apart(node)
        if text is None or other is None or not tree.is_same(whole, other):
            break
        place = tree.integer_of(node.value.slice)
        is_other = tree.targets_beside(node.value) != tree.targets_beside(rest[0].value)
        if is_other or place is None or place in found or text in read | set(found.values()):
            break
        found[place] = text
    return found


def _taken_apart(node: Node) -> Node | None:
    """`params` for a statement `w = params[0]` that the user wrote as `w, b = params`."""
    value = node.value if isinstance(node, gast.Assign) else None
    is_entry = value is not None and tree.targets_beside(value)
    return value.value if is_entry and isinstance(value, gast.Subscript) else None


def _is_place(node: Node) -> bool:
    """Whether an expression is a name, or an attribute or entry of one: it may be read once in place of several times."""
    while isinstance(node, gast.Attribute | gast.Subscript):
        if isinstance(node, gast.Subscript) and not isinstance(
            node.slice, gast.Name | gast.Constant
        ):
            return False
        node = node.value
    return isinstance(node, gast.Name)
