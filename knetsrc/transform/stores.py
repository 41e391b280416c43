"""Reverses writes into arrays and containers.

    a[i] = e        d_new = d_a[i]; d_a[i] = 0; then `d_new` goes into `e`
    a[i] += e       `d_a[i]` goes into `e`, and stays
    a[...] = e      `d_a` goes into `e`, and is zeros before

What stood at the place before is saved and restored where the backward part reads it: see `analysis.needed`.
"""

from typing import TYPE_CHECKING

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import stored_to
from knetsrc.transform.analysis.atoms import SCALAR, Shape, dims_of, of_dims
from knetsrc.transform.analysis.dims import is_open
from knetsrc.transform.analysis.indices import is_basic_index, is_of_array
from knetsrc.transform.analysis.stores import (
    as_argument,
    as_read,
    index_of,
    is_by_call,
    may_copy,
    path_of,
    target_of,
)
from knetsrc.transform.callee import Primitive
from knetsrc.transform.functions import CONTAINERS
from knetsrc.transform.keys import Contribution
from knetsrc.transform.push import Pushed
from knetsrc.transform.steps import Step
from knetsrc.transform.updates import buffered, entries_on, entry, may_be_number, value_of_index

if TYPE_CHECKING:
    from knetsrc.transform.reverse import Reverser

_FRESH_NODES = (gast.BinOp, gast.UnaryOp, gast.Constant)


def _adds_axis(part: tree.Node) -> bool:
    parts = part.slice.elts if isinstance(part.slice, gast.Tuple) else [part.slice]
    return any(tree.is_constant(p, None) for p in parts)


def reverse_store(reverser: "Reverser", step: Step, node: tree.Node) -> None:
    """Reverse `a[i] = e` or `a[i] += e`, if the adjoint of `a` has a value."""
    text = stored_to(node)
    if text in reverser.active and text in reverser.live:
        _Store(reverser, step, node, text).run()


class _Store:
    """One write."""

    def __init__(self, reverser: "Reverser", step: Step, node: tree.Node, text: str) -> None:
        self.reverser, self.step, self.node, self.text = reverser, step, node, text
        self.pusher = reverser.pusher
        self.pushed = Pushed(self.pusher, step)
        self.target = target_of(node)
        self.buffer = tree.name(self.pusher.keys.adjoint(text))
        self.consumes = isinstance(node, gast.Assign)
        path = path_of(self.target)[:-1]
        if any(map(may_copy, path)):
            step.back.append(self._laid_out())
        elif self.consumes:
            step.back += self._buffered()
        for part in path:
            self.buffer = entry(self.pushed.values, self.buffer, part)
        index = index_of(self.target)
        self.index = value_of_index(self.pushed.values, index)
        self.is_array = text in reverser.numeric or is_of_array(index)
        self.is_mask = tree.is_name(self.index) and self.index.id in self.pusher.masks
        is_basic = is_basic_index(self.index, self.pusher.integers)
        self.is_element = self.pusher.shapes.ranks.is_element(as_read(self.target))
        self.is_plain = self.is_element or (self.is_array and (is_basic or self.is_mask))
        self.is_whole = self.is_array and self.consumes and self._is_whole(index)

    def _laid_out(self) -> tree.Node:
        """The adjoint gets the order of axes in memory that the array has, so that what is a view of one is a view of the other."""
        helper = self.pusher.spell("laid_out", None)
        return tree.assign(self.buffer.id, tree.call(helper, self.buffer, tree.name(self.text)))

    def _buffered(self) -> list[tree.Node]:
        """The statement that makes an array of an adjoint that may be a number, if a view of it is written into."""
        path = path_of(self.target)
        entries = entries_on(path, self.text in self.reverser.numeric)
        inner = path[len(entries) :]
        is_whole = len(path) == 1 and not _adds_axis(path[0])
        if is_whole or not inner or not may_be_number(inner):
            return []
        return [buffered(self.pushed.values, self.text, entries)]

    def run(self) -> None:
        if self.is_whole:
            self._run_whole()
            return
        if self.pusher.is_active(self.node.value):
            self._push()
        elif self.consumes:
            self.step.back.append(self._zeroed())
        if self._may_grow():
            self.step.back.append(self._shrunk())

    def _push(self) -> None:
        new = self.pusher.names.fresh(f"d_new_{self.text}")
        self.pusher.temporaries.add(new)
        self._note_shape(new)
        self.pushed.down(self.node.value, self._fitted(tree.name(new)))
        own = [c for c in self.pushed.contributions if c.key == self.text]
        others = [c for c in self.pushed.contributions if c.key != self.text]
        in_prefix = new in tree.names_read(self.pushed.prefix)
        if (
            (in_prefix or not own)
            and self.is_plain
            and self._uses(new) <= 1
            and self._is_used_up(new)
        ):
            slot = {new: self._slot()}
            self.pushed.prefix = [tree.substitute(n, slot) for n in self.pushed.prefix]
            others = [Contribution(c.key, tree.substitute(c.value, slot), c.path) for c in others]
            self._commit([*others, *own], early=in_prefix)
            return
        self.step.back.append(tree.assign(new, self._taken()))
        if self.consumes and self.is_plain:
            own = self._kept_or_zeroed(own)
        self._commit([*others, *own], early=None)

    def _note_shape(self, new: str) -> None:
        """What is known of the shape of the adjoint: of the place, as part of an array; of the value, as entry of a container."""
        written = self.pusher.shapes.of(self.node.value, self.node)
        is_part = self.is_array or self.is_element or isinstance(self.index, gast.Slice)
        if is_part or not self.consumes:
            self.pushed.values.slot = self._shape(), written
            self.pushed.values.named_shapes[new] = self._shape()
        elif self.pusher.calls.kind_of(self.target.value) in CONTAINERS:
            self.pushed.values.named_shapes[new] = written

    def _may_grow(self) -> bool:
        """Whether an entry of a list or a dict may be a number before an array is added to it, and an array after."""
        is_steady = self.is_array or self.is_element or self.text in self.reverser.steady
        if self.consumes or is_steady:
            return False
        old, added = self._shape(), self.pusher.shapes.of(self.node.value, self.node)
        return not (dims_of(old) or added <= old)

    def _shrunk(self) -> tree.Node:
        """The adjoint of the entry as it was before: of a number, if that is what it was."""
        before = self.pusher.names.fresh(f"{self.text}_before")
        self.pusher.temporaries.add(before)
        self.step.hoists.append((before, as_read(self.target)))
        entry = tree.subscript(self.buffer, self.index)
        fitted = tree.call(self.pusher.spell("unbroadcast", None), entry, tree.name(before))
        return tree.assign(tree.target_of(entry), fitted)

    def _is_whole(self, index: tree.Node) -> bool:
        """Whether the adjoint of all that was written is the whole adjoint: `a[...] = e`, and `a[()] = e` for a single number."""
        is_all = tree.is_constant(index, Ellipsis) or tree.is_same(index, tree.tuple_of([]))
        is_handed = self.text in self.reverser.handed  # it is changed in place
        return is_all and len(path_of(self.target)) == 1 and not is_handed

    def _run_whole(self) -> None:
        """An array that is written as a whole takes its adjoint with it, as a name that is bound does."""
        if self.pusher.is_active(self.node.value):
            self.pushed.values.slot = (
                self._shape(),
                self.pusher.shapes.of(self.node.value, self.node),
            )
            self.pushed.values.named_shapes[self.buffer.id] = self._shape()
            self.pushed.down(self.node.value, self._fitted(self.buffer))
        self.reverser.commit(self.step, self.pushed, consumed=[self.text])
        self._keep_own()

    def _keep_own(self) -> None:
        """Without `d_a = owned(d_a)`, where nothing else was made of `d_a` that may share its memory."""
        *others, last = self.step.back or [None]
        name = tree.name(self.pusher.keys.adjoint(self.text))
        is_copy = isinstance(last, gast.Assign) and tree.called_name(last.value) == "owned"
        if (
            is_copy
            and tree.is_name(last.targets[0], name.id)
            and tree.is_same(last.value.args, [name])
        ):
            if all(isinstance(getattr(n, "value", None), gast.BinOp) for n in others):
                self.step.back.remove(last)

    def _kept_or_zeroed(self, own: list[Contribution]) -> list[Contribution]:
        """Set the adjoint at the place to what the value hands on to that very place; the other contributions."""
        here = [c for c in own if self._is_here(c)]
        if self.pushed.prefix or not here:
            self.step.back.append(self._zeroed())
            return own
        path = path_of(self.target)
        total = self.reverser.sum_of(self.text, [c.value for c in here], self.pushed, path)
        target = tree.target_of(tree.subscript(self.buffer, self.index))
        self.step.back.append(tree.assign(target, total))
        return [c for c in own if not self._is_here(c)]

    def _is_here(self, contribution: Contribution) -> bool:
        path = path_of(self.target)
        return len(path) == len(contribution.path) and all(
            isinstance(a, gast.Subscript)
            and isinstance(b, gast.Subscript)
            and tree.is_same(a.slice, b.slice)
            for a, b in zip(contribution.path, path, strict=True)
        )

    def _commit(self, contributions: list[Contribution], early: bool | None) -> None:
        """Write the contributions out; the place is set to zero before them, after them, or has been (None)."""
        zeroed = [self._zeroed()] if self.consumes else []
        self.pushed.contributions = contributions
        if early:
            self.pushed.prefix += zeroed
        self.reverser.commit(self.step, self.pushed, consumed=())
        if early is False:
            self.step.back += zeroed

    # --- the adjoint at the place ----------------------------------------------------------------------------------------
    def _zeroed(self) -> tree.Node:
        if self.is_array or self.is_element:
            zero = tree.constant(0.0 if self.is_element else 0)
            return tree.assign(tree.target_of(tree.subscript(self.buffer, self.index)), zero)
        return tree.expression(self._helper("cut_out"))

    def _slot(self) -> tree.Node:
        """The adjoint at the place; that of a whole array may be a number still, which has no `[...]`."""
        if tree.is_constant(self.index, Ellipsis):
            return self.buffer
        return tree.subscript(self.buffer, self.index)

    def _taken(self) -> tree.Node:
        """The adjoint of what was written, under a name of its own."""
        if self.is_plain:
            slot = self._slot()
            if self._shape() == SCALAR or self.is_mask:
                return slot
            if slot is self.buffer:
                return tree.call(self.pusher.spell("owned", None), slot)
            return tree.call(tree.attribute(slot, "copy"))
        if is_by_call(self.target) and not self.consumes:  # `np.add.at` adds each of the values
            return tree.call(tree.attribute(tree.subscript(self.buffer, self.index), "copy"))
        return self._helper("cut_out" if self.consumes else "last_written")

    def _helper(self, text: str) -> tree.Node:
        arguments = [self.buffer, as_argument(self.index)]
        if text == "cut_out" and not self.is_array:
            arguments.append(self._old(arguments[1]))
        return tree.call(self.pusher.spell(text, None), *arguments)

    def _old(self, index: tree.Node) -> tree.Node:
        """What stood at the place; a dict may have had no such key."""
        if self.is_array or isinstance(self.index, gast.Slice):
            return as_read(self.target)
        whole = tree.clone(self.target.value)
        return tree.call(self.pusher.spell("entry_of", None), whole, tree.clone(index))

    def _shape(self) -> Shape:
        """The shape of the place; where what is written has not the length 1, the two have the same."""
        place = self.pusher.shapes.of(as_read(self.target), self.node)
        lengths = dims_of(place)
        written = dims_of(self.pusher.shapes.of(self.node.value, self.node)) or ()
        if not lengths or len(written) > len(lengths):
            return place
        first = len(lengths) - len(written)
        ends = zip(lengths[first:], written, strict=True)
        return of_dims(lengths[:first] + tuple(a if b == 1 or is_open(b) else b for a, b in ends))

    def _fitted(self, adjoint: tree.Node) -> tree.Node:
        """The adjoint of the value, which may have been broadcast to the place."""
        sign = isinstance(self.node, gast.AugAssign) and isinstance(self.node.op, gast.Sub)
        value = self.node.value
        shape = self.pusher.shapes.of(value, self.node)
        adjoint = tree.negative(adjoint) if sign else adjoint
        callee = self.pusher.calls.of(value)
        fits_itself = (
            isinstance(callee, Primitive)
            and callee.rule.elementwise
            and len(callee.rule.operands) > 1
        )
        if fits_itself or shape == self._shape() or self._is_entry(value):
            return adjoint
        template = self.pushed.values.value(self._of_same_shape(value))
        fitted = tree.call(self.pusher.spell("unbroadcast", None), adjoint, template)
        return self.pushed.values.finished(fitted)

    def _is_entry(self, value: tree.Node) -> bool:
        """Whether a container becomes the entry of another one, where nothing is broadcast."""
        kinds = [self.pusher.calls.kind_of(n) for n in (value, self.target.value)]
        return all(kind in CONTAINERS for kind in kinds)

    def _of_same_shape(self, value: tree.Node) -> tree.Node:
        """The operand of an operation that keeps the shape, which costs nothing to read."""
        callee = self.pusher.calls.of(value)
        while isinstance(callee, Primitive) and callee.rule.elementwise and len(callee.args) == 1:
            value = callee.args[0]
            callee = self.pusher.calls.of(value)
        return value

    # --- whether it needs a name ------------------------------------------------------------------------------------------
    def _uses(self, new: str) -> int:
        nodes = [*self.pushed.prefix, *(c.value for c in self.pushed.contributions)]
        return sum(tree.is_name(n, new) for n in tree.walk(nodes))

    def _is_used_up(self, new: str) -> bool:
        """Whether what is made of it shares no memory with the place."""
        bound = [n.value for n in self.pushed.prefix if isinstance(n, gast.Assign)]
        added = [c.value for c in self.pushed.contributions if not c.path]
        if self._shape() == SCALAR:
            return True
        return all(
            isinstance(v, _FRESH_NODES) for v in [*bound, *added] if new in tree.names_read(v)
        )
