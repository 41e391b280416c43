"""New trees that share with the old one whatever did not change.

A pass hands back the very node that it was given where it has nothing to do, so that facts about a
statement are computed once, and that a fixpoint is seen by `is`. Nodes are never changed after they
are made.
"""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.tree import Node

COMPOUND = (gast.If, gast.For, gast.While, gast.With, gast.Try)
_BLOCKS = ("body", "orelse", "finalbody")
_NOT_CHILDREN = {"ctx", "op", "ops", "type_comment", "kind", "annotation", "returns", "type_params"}
_fields: dict[type, tuple[str, ...]] = {}

Block = list[Any]


def child_fields(node: Node) -> tuple[str, ...]:
    """The fields of `node` in which there may be trees, operators and contexts left out."""
    kind = type(node)
    if kind not in _fields:
        wanted = () if kind is gast.Constant else node._fields
        _fields[kind] = tuple(field for field in wanted if field not in _NOT_CHILDREN)
    return _fields[kind]


def children(node: Node) -> list[Any]:
    """The trees directly below `node`, in the order of the fields."""
    found: list[Any] = []
    for field in child_fields(node):
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, Node)]
        elif isinstance(value, Node):
            found.append(value)
    return found


def with_fields(node: Any, **fields: Any) -> Any:
    """A copy of `node` alone, some fields replaced; it stands where `node` stands."""
    new = copy.copy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def map_children(node: Any, change: Callable[[Any], Any], without: tuple[str, ...] = ()) -> Any:
    """`node` with each tree directly below it changed; `node` itself where none is."""
    changed = {}
    for field in child_fields(node):
        if field in without:
            continue
        old = getattr(node, field, None)
        if isinstance(old, list):
            new: Any = [change(item) if isinstance(item, Node) else item for item in old]
            if any(a is not b for a, b in zip(old, new, strict=True)):
                changed[field] = new
        elif isinstance(old, Node):
            new = change(old)
            if new is not old:
                changed[field] = new
    return with_fields(node, **changed) if changed else node


def map_header(statement: Any, change: Callable[[Any], Any]) -> Any:
    """`statement` with its own expressions changed, those of nested statements left."""
    return map_children(statement, change, without=(*_BLOCKS, "handlers"))


def map_blocks(statement: Any, change: Callable[[Block], Block]) -> Any:
    """`statement` with each block directly in it changed; `statement` itself where none is."""
    changed: dict[str, Any] = {}
    for field in _BLOCKS:
        old = getattr(statement, field, None)
        if isinstance(old, list) and old:
            new = change(old)
            if not same_items(old, new):
                changed[field] = new
    handlers = getattr(statement, "handlers", None)
    if handlers:
        new = [map_blocks(handler, change) for handler in handlers]
        if not same_items(handlers, new):
            changed["handlers"] = new
    return with_fields(statement, **changed) if changed else statement


def map_body(function: gast.FunctionDef, change: Callable[[Block], Block]) -> gast.FunctionDef:
    """`function` with its body changed; a body of which nothing is left becomes `pass`."""
    body = change(function.body)
    if same_items(function.body, body):
        return function
    return with_fields(function, body=body or [tree.at(tree.pass_(), function)])


def same_items(old: Block, new: Block) -> bool:
    """Whether two lists hold the very same nodes."""
    return len(old) == len(new) and all(a is b for a, b in zip(old, new, strict=True))


def blocks(statement: Node) -> Iterator[Block]:
    """The lists of statements directly in a compound statement."""
    for field in _BLOCKS:
        value = getattr(statement, field, None)
        if isinstance(value, list) and value:
            yield value
    for handler in getattr(statement, "handlers", None) or []:
        yield handler.body


def statements(block: Block) -> Iterator[Any]:
    """All statements of a block, nested ones too, but not those of nested functions."""
    for statement in block:
        yield statement
        if isinstance(statement, COMPOUND):
            for nested in blocks(statement):
                yield from statements(nested)


def occurrences(nodes: Block) -> Counter[str]:
    """How often each name stands in statements, read or written."""
    return Counter(n.id for n in tree.walk(nodes) if isinstance(n, gast.Name))


def is_filler(statement: Node) -> bool:
    """Whether a statement does nothing: `pass` or a comment."""
    return isinstance(statement, gast.Pass) or tree.comment_text(statement) is not None


def is_boundary(statement: Node) -> bool:
    """Whether a statement stands between the forward and the backward part."""
    return tree.comment_text(statement) in ("", tree.BOUNDARY)


def is_range(iterable: Node) -> bool:
    """Whether a loop goes over `range(n)`, or over that reversed."""
    if tree.called_name(iterable) == "reversed" and len(iterable.args) == 1:
        return is_range(iterable.args[0])
    return tree.called_name(iterable) == "range" and not iterable.keywords


def assigned_name(statement: Node) -> str | None:
    """`x` for a statement `x = ...`, else None."""
    if isinstance(statement, gast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return target.id if isinstance(target, gast.Name) else None
    return None


def parameters(function: gast.FunctionDef) -> set[str]:
    """The names of all parameters."""
    names = [node for node in tree.walk(function.args) if isinstance(node, gast.Name)]
    return {node.id for node in names if isinstance(node.ctx, gast.Param)}
