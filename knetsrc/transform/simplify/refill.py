"""What is set to zero and then added to is set to what is added.

d_u[i] = 0                          d_new = d_u[i]
d_u[i] += d_new * omega      ->     d_u[i] = d_new * omega

d_new = d_u[i]
d_u[i] = d_new               ->     d_new = d_u[i]
"""

from collections.abc import Collection

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    blocks,
    is_boundary,
    is_filler,
    map_blocks,
    map_body,
    parameters,
    statements,
)
from knetsrc.transform.simplify.product import negated
from knetsrc.transform.tree import Node

_ADDING = frozenset({"add_at", "add_into", "add_within"})
_NEW = frozenset({"zeros_like", "owned", "np.zeros_like", "np.zeros"})


def refill(function: gast.FunctionDef, arrays: Collection[str]) -> gast.FunctionDef:
    """Write the first sum that goes to a place of an adjoint where there are zeros.

    Parameters
    ----------
    function
        Generated code.
    arrays
        Names of adjoints of arrays and numbers. Of these only such are changed as hold memory of their own.
    """
    zeroed = {_zeros(node, arrays)[0] for node in statements(function.body)}
    own = {n for n in zeroed if n and n not in parameters(function) and _is_alone(function, n)}

    def in_block(block: Block) -> Block:
        new = [map_blocks(statement, in_block) for statement in block]
        position = 0
        while position < len(new):
            new = _written(new, position, own)
            position += 1
        new = [
            n
            for n, before in zip(new, [None, *new], strict=False)
            if not _stands(before, n, arrays)
        ]
        return new

    return map_body(function, lambda body: _without_idle_zeros(in_block(body), own))


def _written(block: Block, position: int, own: set[str]) -> Block:
    """The block where the zeros of the statement at `position` are written over at once, if the next use of the adjoint is a sum."""
    start = block[position]
    name, index = _zeros(start, own)
    if name is None:
        return block
    for later in range(position + 1, len(block)):
        node = block[later]
        if isinstance(node, gast.AugAssign) and _is_part_of(node.target, name):
            is_same = index is None or tree.is_same(node.target.slice, index)
            if not is_same or not _may_write(node, name):
                return block
            between = block[position + 1 : later]
            if _changes(between, tree.names_read(node.target.slice)):
                return block
            value = negated(node.value) if isinstance(node.op, gast.Sub) else node.value
            new = tree.at(tree.assign(tree.target_of(node.target), value), node)
            before = block[:position] if index is not None else block[: position + 1]
            return [*before, *between, new, *block[later + 1 :]]
        if _mentions(node, name):
            return block
    return block


def _stands(before: Node | None, node: Node, arrays: Collection[str]) -> bool:
    """Whether a statement writes what the one before has read there: `d_new = d_u[i]`, or a copy of it, and `d_u[i] = d_new`."""
    target = node.targets[0] if isinstance(node, gast.Assign) else None
    is_read = before is not None and tree.is_name(
        getattr(node, "value", None), assigned_name(before) or ""
    )
    if not is_read or not isinstance(target, gast.Subscript) or not tree.is_name(target.value):
        return False
    read: Node = before.value if before is not None else target
    if isinstance(read, gast.Call) and isinstance(read.func, gast.Attribute):
        read = read.func.value if read.func.attr == "copy" else read
    return target.value.id in arrays and tree.is_same(read, target)


def _changes(statements: Block, names: set[str]) -> bool:
    """Whether statements may bind some names anew, or change what they hold."""
    if names & tree.names_written(statements):
        return True
    for node in tree.walk(statements):
        if isinstance(node, gast.Subscript | gast.Attribute) and isinstance(node.ctx, gast.Store):
            if names & tree.names_read(node.value):
                return True
        if isinstance(node, gast.Expr) and not is_filler(node) and names & tree.names_read(node):
            return True
    return False


def _zeros(node: Node, own: Collection[str]) -> tuple[str | None, Node | None]:
    """`d_u` and `i` for `d_u[i] = 0`; `d_u` and None for `d_u = zeros_like(u)`."""
    name = assigned_name(node)
    if name in own and isinstance(node.value, gast.Call):
        is_zeros = tree.show(node.value.func) in ("zeros_like", "np.zeros_like")
        return (name, None) if is_zeros else (None, None)
    is_zero = isinstance(node, gast.Assign) and tree.is_number(node.value, 0)
    target = node.targets[0] if is_zero else None
    if isinstance(target, gast.Subscript) and tree.is_name(target.value) and target.value.id in own:
        return target.value.id, target.slice
    return None, None


def _may_write(node: gast.AugAssign, name: str) -> bool:
    return isinstance(node.op, gast.Add | gast.Sub) and not _mentions(node.value, name)


def _is_alone(function: gast.FunctionDef, name: str) -> bool:
    """Whether a name is bound to new arrays only, and its parts are read as numbers or copies: nobody else sees what is written."""
    for node in statements(function.body):
        if name in tree.names_written(node) and not list(blocks(node)):
            value = node.value if assigned_name(node) == name else None
            is_new = isinstance(value, gast.BinOp) or (
                isinstance(value, gast.Call) and tree.show(value.func) in _NEW
            )
            if not is_new:
                return False
    is_bound = any(assigned_name(node) == name for node in statements(function.body))
    return is_bound and not any(
        _hands_on(function, node, name) for node in statements(function.body)
    )


def _hands_on(function: gast.FunctionDef, node: Node, name: str) -> bool:
    """Whether a statement binds another name to the array or to a view of it, or hands it to a call that may keep it."""
    if isinstance(node, gast.For):
        return _mentions(node.iter, name)
    if isinstance(node, gast.Expr):
        is_sum = tree.called_name(node.value) in _ADDING and tree.is_name(node.value.args[0], name)
        return not is_sum and _mentions(node, name)
    if not isinstance(node, gast.Assign) or not _mentions(node.value, name):
        return False
    value = node.value
    if isinstance(value, gast.BinOp | gast.UnaryOp) or tree.called_name(value) == "owned":
        return False
    is_method = isinstance(value, gast.Call) and isinstance(value.func, gast.Attribute)
    if is_method and value.func.attr in ("copy", "sum"):
        return False
    return not (_is_part_of(value, name) and _is_zeroed_next(function.body, node, value))


def _is_zeroed_next(block: Block, node: Node, part: Node) -> bool:
    """Whether a part is set to zero right after it was read: then what was read is no view of it."""
    for position, statement in enumerate(block):
        if statement is node:
            after = [n for n in block[position + 1 :] if not is_filler(n)][:1]
            zeros = [n for n in after if isinstance(n, gast.Assign) and tree.is_number(n.value, 0)]
            return any(tree.is_same(n.targets[0], part) for n in zeros)
        if any(_is_zeroed_next(inner, node, part) for inner in blocks(statement)):
            return True
    return False


def _without_idle_zeros(body: Block, own: set[str]) -> Block:
    """The body without zeros that are written at its end into what nobody reads any more."""
    kept: Block = []
    for position, node in enumerate(body):
        name, index = _zeros(node, own)
        is_idle = name is not None and index is not None
        if is_idle and not any(_mentions(n, name or "") for n in body[position + 1 :]):
            after = body[position + 1]
            is_last = is_filler(after) or isinstance(after, gast.Return)
            if is_last and kept and is_filler(kept[-1]) and not is_boundary(kept[-1]):
                kept.pop()
            continue
        kept.append(node)
    return kept


def _is_part_of(node: Node, name: str) -> bool:
    return isinstance(node, gast.Subscript) and tree.is_name(node.value, name)


def _mentions(node: Node, name: str) -> bool:
    return any(tree.is_name(n, name) for n in tree.walk(node))
