"""Writes of elements: `a[i] = e`, `a[i] += e`."""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import (
    Changes,
    calls_in,
    changes_nothing,
    effects,
    reads_content,
)
from knetsrc.transform.normalize.hoist import Slot, operands
from knetsrc.transform.normalize.scopes import COMPREHENSIONS, rewritten
from knetsrc.transform.tree import Node

# What stands in these has names of its own, or is computed sometimes only.
_WHOLE = (gast.IfExp, gast.BoolOp, gast.Lambda, *COMPREHENSIONS)
_COMPUTED = (gast.Call, gast.NamedExpr, gast.Compare, *_WHOLE)


def write_out_elements(
    function: gast.FunctionDef, names: Names, changes: Changes = changes_nothing
) -> gast.FunctionDef:
    """Compute indices before the write, once; only `+=` and `-=` stay as they are.

    >>> from knetsrc.transform.language import show
    >>> show(write_out_elements, "a[i] *= b; a[first(b)] += 1; a[i], b[j] = b[j], 0.0")
    a[i] = a[i] * b
    index = first(b)
    a[index] += 1
    new_a = b[j]
    a[i] = new_a
    b[j] = 0.0
    """
    function = tree.clone(function)
    function.body = rewritten(function.body, _Elements(names, changes).statement)
    return function


class _Elements:
    def __init__(self, names: Names, changes: Changes) -> None:
        self.names, self.changes = names, changes

    def statement(self, node: Any) -> list[Node]:
        if isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Subscript):
            before, target = self.target(node.target)
            if isinstance(node.op, gast.Add | gast.Sub):
                return [*before, tree.augment(target, tree.symbol_of(node.op), node.value)]
            read = tree.subscript(tree.clone(target.value), tree.clone(target.slice))
            value = tree.in_place(read, node.op, node.value)
            return [*before, tree.assign(target, value)]
        if isinstance(node, gast.Assign) and any(map(_has_element, node.targets)):
            return self.assignment(node)
        if isinstance(node, gast.For) and _has_element(node.target):
            raise UnsupportedSyntaxError(
                f"a loop that binds the element `{tree.show(tree.clone(node.target))}`",
                at=node.target,
                why="the element changes at each iteration, behind the names of the loop",
                instead="bind a name by the loop, and assign the element in its body",
            )
        return [node]

    def assignment(self, node: Any) -> list[Node]:
        if len(node.targets) > 1:
            value = self.names.fresh("value")
            later = [tree.assign(t, tree.name(value)) for t in node.targets]
            return [tree.assign(value, node.value), *(s for n in later for s in self.statement(n))]
        target, value = node.targets[0], node.value
        if not isinstance(target, gast.Subscript):
            return self.several(target, value)
        before, new = self.target(target)
        is_changed = reads_content(value) and self._changes(target)
        if before and (is_changed or (effects(value).impure and effects([target]).impure)):
            text = self.names.fresh(f"new_{_base(target)}")
            before, value = [tree.assign(text, value), *before], tree.name(text)
        return [*before, tree.assign(new, value)]

    def several(self, target: Any, value: Any) -> list[Node]:
        """All values first, then the writes in their order."""
        is_written_out = (
            isinstance(value, gast.Tuple | gast.List)
            and len(value.elts) == len(target.elts)
            and not any(isinstance(e, gast.Starred) for e in (*value.elts, *target.elts))
        )
        fresh = [self.names.fresh(f"new_{_base(t)}") for t in target.elts]
        if is_written_out:
            first = [
                tree.assign(text, v)
                for text, v in zip(fresh, value.elts, strict=True)
                if not isinstance(v, gast.Constant)
            ]
            values = [
                v if isinstance(v, gast.Constant) else tree.name(text)
                for text, v in zip(fresh, value.elts, strict=True)
            ]
        else:
            starred = [isinstance(t, gast.Starred) for t in target.elts]
            parts = [
                tree.starred(tree.store(text)) if star else tree.store(text)
                for text, star in zip(fresh, starred, strict=True)
            ]
            first = [tree.assign(tree.tuple_of(parts), value)]
            values = [tree.name(text) for text in fresh]
        targets = [t.value if isinstance(t, gast.Starred) else t for t in target.elts]
        writes = [tree.assign(t, v) for t, v in zip(targets, values, strict=True)]
        return [*first, *(s for w in writes for s in self.statement(w))]

    def target(self, target: Any) -> tuple[list[Node], Any]:
        """A target of which the indices are names, literals and arithmetic of them."""
        before: list[Node] = []

        def bound(node: Node) -> Node:
            if tree.called_name(node) == "len":
                return node
            text = self.names.fresh("mask" if isinstance(node, gast.Compare) else "index")
            before.append(tree.assign(text, node))
            return tree.name(text)

        rewritten = tree.clone(target)
        if self._changes(target):  # a call may change what an earlier part of the index reads
            for slot in _index_slots(rewritten):
                if reads_content(slot.get()):
                    slot.set(bound(slot.get()))
        else:
            for slot in operands(rewritten):
                _bind_computed(slot, bound)
        if _base(target) in tree.names_read(rewritten.slice):  # the write may change it
            for slot in _outer_slots(rewritten):
                if _base(target) in tree.names_read(slot.get()):
                    slot.set(bound(slot.get()))
        return before, rewritten

    def _changes(self, target: Node) -> bool:
        """Whether the evaluation of a target may change what arrays hold."""
        return any(map(self.changes, calls_in([target])))


def _bind_computed(slot: Slot, bound: Callable[[Any], Node]) -> None:
    """Let `bound` replace what is computed in an expression, the inner parts first unless they must stay where they are."""
    node = slot.get()
    if not any(isinstance(n, _WHOLE) for n in tree.walk(node)):
        slot.set(tree.rewrite(node, dict.fromkeys(_COMPUTED, bound)))
    elif isinstance(node, _COMPUTED):
        slot.set(tree.at(bound(node), node))
    else:
        for part in operands(node):
            _bind_computed(part, bound)


def _has_element(target: Any) -> bool:
    return any(
        isinstance(n, gast.Subscript) and isinstance(n.ctx, gast.Store) for n in tree.walk(target)
    )


def _index_slots(target: Any) -> list[Slot]:
    """The parts of all indices of a target, in the order of their evaluation."""
    if not isinstance(target, gast.Subscript):
        return []
    return [*_index_slots(target.value), *operands(target)[1:]]


def _outer_slots(target: Any) -> list[Slot]:
    """The index of a target, or its parts where slices are among them."""
    is_sliced = any(isinstance(n, gast.Slice) for n in tree.walk(target.slice))
    return operands(target)[1:] if is_sliced else [Slot(target, "slice")]


def _base(target: Any) -> str:
    while isinstance(target, gast.Subscript | gast.Starred | gast.Attribute):
        target = target.value
    return target.id if isinstance(target, gast.Name) else "value"
