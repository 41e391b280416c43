"""Pushes an adjoint into a container that is put together: written out, joined, merged, repeated, copied.

zs = xs + [y]         d_xs = d_zs[:-1]; d_y = d_zs[-1]
zs = [*xs, *ys]       d_xs = d_zs[: len(xs)]; d_ys = d_zs[len(xs) :]
e = {**d, "b": y}     d_d = kept_entries(d_e, d, ["b"]); d_y = d_e["b"]
ys = list(d.values()) d_d = dict(zip(d, d_ys))
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.atoms import SCALAR, dims_of
from knetsrc.transform.analysis.containers import SEQUENCES
from knetsrc.transform.analysis.kinds import gives_numbers
from knetsrc.transform.callee import Container, Joined, Merged, Repeated, Replaced
from knetsrc.transform.fit import is_simple
from knetsrc.transform.names import adjoint_name
from knetsrc.transform.own_methods import field_of

if TYPE_CHECKING:
    from knetsrc.transform.push import Pushed

Entry = tuple[tree.Node | None, tree.Node]


def is_list(node: Any) -> bool:
    """Whether a list or tuple is written out, element by element."""
    is_literal = isinstance(node, gast.List | gast.Tuple)
    return is_literal and not any(isinstance(e, gast.Starred) for e in node.elts)


@dataclass
class Assembly:
    """Pushes an adjoint into one container, part by part."""

    pushed: "Pushed"

    def into(self, node: tree.Node, adjoint: tree.Node) -> bool:
        """Push `adjoint` into `node`; False if that is no container that is put together."""
        callee = self._callee(node)
        if isinstance(node, gast.Tuple | gast.List) or _is_sure(callee):
            self._into_elements(node, self._elements(node), adjoint)
        elif isinstance(node, gast.Dict | gast.BinOp) and (entries := self._entries(node)):
            self._into_entries(node, entries, adjoint)
        elif isinstance(callee, Joined):
            self._into_joined(node, callee, adjoint)
        elif isinstance(callee, Repeated):
            self._into_repeated(node, callee, adjoint)
        elif isinstance(callee, Replaced):
            self._into_replaced(node, callee, adjoint)
        elif isinstance(callee, Container):
            self._into_copy(node, adjoint)
        else:
            return False
        return True

    def _callee(self, node: tree.Node) -> Any:
        return self.pushed.pusher.calls.of(node)

    def _is_active(self, node: tree.Node) -> bool:
        return self.pushed.pusher.is_active(node)

    def _spelled(self, helper: str, *args: tree.Node) -> tree.Node:
        return tree.call(self.pushed.pusher.spell(helper, None), *args)

    def _is_sequence(self, node: tree.Node) -> bool:
        return self.pushed.pusher.calls.kind_of(node) in SEQUENCES

    def _shared(self, node: tree.Node, parts: list[tree.Node], adjoint: tree.Node) -> tree.Node:
        """`adjoint` under a name, where more than one part reads it."""
        if is_simple(adjoint) or sum(map(self._is_active, parts)) < 2:
            return adjoint
        if node is not self.pushed.values.root:
            return self.pushed.named(node, adjoint)
        target: Any = self.pushed.step.node
        return self.pushed.named(node, adjoint, adjoint_name(target.targets[0].id))

    # --- lists and tuples -------------------------------------------------------------------------------------------------
    def _elements(self, node: Any) -> list[Any]:
        """The elements of a list or tuple, what is joined or starred among them as a starred element."""
        if isinstance(node, gast.Tuple | gast.List):
            return [e for n in node.elts for e in self._unstarred(n)]
        callee = self._callee(node)
        if isinstance(callee, Joined) and callee.is_sure:
            return [e for part in callee.parts for e in self._elements(part)]
        return [tree.at(tree.starred(node), node)]

    def _unstarred(self, node: Any) -> list[Any]:
        is_star = isinstance(node, gast.Starred)
        return self._elements(node.value) if is_star else [node]

    def _into_elements(self, node: tree.Node, parts: list[Any], adjoint: tree.Node) -> None:
        literal = adjoint.elts if isinstance(adjoint, gast.Tuple | gast.List) else None
        if literal is None:
            adjoint = self._shared(node, parts, adjoint)
        for number, part in enumerate(parts):
            if literal is not None:
                if not tree.is_constant(literal[number], None):
                    self.pushed.down(part, literal[number])
            elif self._is_active(part):
                self._into_element(parts, number, tree.clone(adjoint))

    def _into_element(self, parts: list[Any], number: int, adjoint: tree.Node) -> None:
        part = parts[number]
        if not isinstance(part, gast.Starred):
            self.pushed.down(part, tree.subscript(adjoint, self._place(parts, number)))
            return
        lower = self._place(parts, number)
        upper = self._place(parts, number + 1) if number + 1 < len(parts) else None
        entries = tree.slice_of(None if tree.is_constant(lower, 0) else lower, upper, None)
        is_whole = len(parts) == 1
        self._into_iterable(part.value, adjoint if is_whole else tree.subscript(adjoint, entries))

    def _place(self, parts: list[Any], number: int) -> tree.Node:
        """The index of a part: from the start, from the end where only there all lengths are known, else computed."""
        before = [p for p in parts[:number] if isinstance(p, gast.Starred)]
        if not before:
            return tree.constant(number)
        if not any(isinstance(p, gast.Starred) for p in parts[number:]):
            return tree.constant(number - len(parts))
        place = tree.call("len", self.pushed.values.value(before[0].value))
        for star in before[1:]:
            place = tree.binary(place, "+", tree.call("len", self.pushed.values.value(star.value)))
        plain = number - len(before)
        return tree.binary(place, "+", tree.constant(plain)) if plain else place

    def _into_joined(self, node: tree.Node, callee: Joined, adjoint: tree.Node) -> None:
        a, b = callee.parts
        pair = self._spelled(
            "joined_adjoint", adjoint, self.pushed.values.value(a), self.pushed.values.value(b)
        )
        pair = self._shared(node, [a, b], pair)
        for number, part in enumerate((a, b)):
            if self._is_active(part):
                self.pushed.down(part, tree.subscript(tree.clone(pair), tree.constant(number)))

    def _into_repeated(self, node: tree.Node, callee: Repeated, adjoint: tree.Node) -> None:
        sequence = callee.sequence
        elements = self._elements(sequence)
        is_counted = tree.is_number(callee.count) and callee.count.value > 0
        if len(elements) == 1 and (
            (is_counted and self._is_number(elements[0]))
            or self._is_single(elements[0], callee.count)
        ):
            self.pushed.down(elements[0], tree.call("sum", adjoint))
            return
        adjoint = self._shared(node, [sequence, callee.count], adjoint)
        value, count = self.pushed.values.value(sequence), self.pushed.values.value(callee.count)
        if self._is_active(sequence):
            d_sequence = self._spelled("repeated_adjoint", tree.clone(adjoint), value, count)
            self.pushed.down(sequence, d_sequence)
        if self._is_active(callee.count):  # so it is an array, and no number of repetitions
            product = tree.binary(tree.clone(adjoint), "*", value)
            self.pushed.down(callee.count, self._spelled("unbroadcast", product, count))

    def _is_single(self, element: tree.Node, count: tree.Node) -> bool:
        """Whether a single number is repeated, as often as an integer says: the sum may be that of none."""
        shapes, statement = self.pushed.pusher.shapes, self.pushed.values.step.node
        return shapes.of(element, statement) == SCALAR and shapes.ranks.is_integer(count)

    def _is_number(self, node: tree.Node) -> bool:
        """Whether a name, or what it is an entry of, is an array or a number."""
        numeric = self.pushed.pusher.numeric
        is_entry = isinstance(node, gast.Subscript) and tree.is_name(node.value)
        return tree.show(node.value if is_entry else node) in numeric

    # --- arrays of lists --------------------------------------------------------------------------------------------------
    def into_parts(self, call: tree.Node, node: Any, adjoint: tree.Node) -> None:
        """Push the adjoint of `call`, the array that is made of a list written out, into what is in the list."""
        parts = dict(_parts_of(node))
        if not is_simple(adjoint) and sum(map(self._is_active, parts.values())) > 1:
            adjoint = self.pushed.named(call, adjoint)
        for place, part in parts.items():
            if not self._is_active(part):
                continue
            index = [tree.constant(number) for number in place]
            d_part = tree.subscript(
                tree.clone(adjoint), index[0] if len(index) == 1 else tree.tuple_of(index)
            )
            if self._is_array(part):
                self.pushed.down(part, d_part)
            else:
                whole = self.pushed.values.value(part)
                self.pushed.down(part, self._spelled("nested_like", d_part, whole))

    def _is_array(self, node: tree.Node) -> bool:
        """Whether an expression is an array or a number for sure."""
        if self._is_number(node) or gives_numbers(node, self.pushed.pusher.calls):
            return True
        pusher = self.pushed.pusher
        return dims_of(pusher.shapes.of(node, self.pushed.values.step.node)) is not None

    # --- dicts ------------------------------------------------------------------------------------------------------------
    def _entries(self, node: Any) -> list[Entry]:
        """Keys and values of a dict that is put together; the key None stands for all entries of a value."""
        if isinstance(node, gast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            return [e for k, v in pairs for e in (self._entries(v) if k is None else [(k, v)])]
        callee = self._callee(node)
        if isinstance(callee, Merged):
            return [e for part in callee.parts for e in self._entries(part)]
        if isinstance(callee, Container) and tree.called_name(node) == "dict":
            return self._entries_of_call(node)
        return [] if isinstance(node, gast.BinOp) else [(None, node)]

    def _entries_of_call(self, node: gast.Call) -> list[Entry]:
        given = [(tree.constant(k.arg) if k.arg else None, k.value) for k in node.keywords]
        inner = [e for a in node.args for e in self._entries_of_argument(a)]
        return [*inner, *given]

    def _entries_of_argument(self, node: tree.Node) -> list[Entry]:
        pairs = node.elts if isinstance(node, gast.List | gast.Tuple) else []
        if pairs and all(isinstance(p, gast.Tuple) and len(p.elts) == 2 for p in pairs):
            return [(p.elts[0], p.elts[1]) for p in pairs]
        return self._entries(node)

    def _into_entries(self, node: tree.Node, entries: list[Entry], adjoint: tree.Node) -> None:
        literal = adjoint.elts if isinstance(adjoint, gast.Tuple) else None
        if literal is None:
            adjoint = self._shared(node, [value for _, value in entries], adjoint)
        for number, (key, value) in enumerate(entries):
            later = entries[number + 1 :]
            if literal is not None:
                if not tree.is_constant(literal[number], None):
                    self.pushed.down(value, literal[number])
            elif not self._is_active(value):
                continue
            elif key is None:
                self._into_all_entries(value, later, tree.clone(adjoint))
            elif not any(k is not None and tree.is_same(k, key) for k, _ in later):
                self._into_entry(key, value, later, tree.clone(adjoint))

    def _into_entry(
        self, key: tree.Node, value: tree.Node, later: list[Entry], adjoint: tree.Node
    ) -> None:
        """The adjoint of one entry, which a later dict may have overwritten."""
        key = self.pushed.values.value(key)
        found: tree.Node = tree.subscript(adjoint, key)
        for other in [v for k, v in later if k is None]:
            is_lost = tree.compare(tree.clone(key), "in", self.pushed.values.value(other))
            zeros = self._spelled("zeros_like", self.pushed.values.value(value))
            found = tree.choice(is_lost, zeros, found)
        self.pushed.down(value, found)

    def _into_all_entries(self, value: Any, later: list[Entry], adjoint: tree.Node) -> None:
        if tree.called_name(value) == "zip" and not later:
            keys, values = value.args
            d_values = self._spelled("entries", adjoint, self.pushed.values.value(keys))
            self._into_iterable(values, d_values)
            return
        keys = [self.pushed.values.value(k) for k, _ in later if k is not None]
        others = [self.pushed.values.value(v) for k, v in later if k is None]
        overwritten = [*([tree.list_of(keys)] if keys else []), *others]
        whole = self.pushed.values.value(value)
        self.pushed.down(value, self._spelled("kept_entries", adjoint, whole, *overwritten))

    def _into_replaced(self, node: tree.Node, callee: Replaced, adjoint: tree.Node) -> None:
        adjoint = self._shared(node, [callee.record, *callee.fields.values()], adjoint)
        if self._is_active(callee.record):
            new = tree.list_of(map(tree.constant, callee.fields))
            whole = self.pushed.values.value(callee.record)
            kept = "kept_attributes" if callee.is_object else "kept_fields"
            self.pushed.down(callee.record, self._spelled(kept, tree.clone(adjoint), whole, new))
        for text, value in callee.fields.items():
            self.pushed.down(value, field_of(tree.clone(adjoint), text))

    # --- copies -----------------------------------------------------------------------------------------------------------
    def _into_copy(self, node: Any, adjoint: tree.Node) -> None:
        if tree.called_name(node) == "dict":
            self._into_entries(node, self._entries(node), adjoint)
        elif isinstance(node.func, gast.Attribute) and node.func.attr == "copy":
            self.pushed.down(node.func.value, adjoint)
        else:
            self._into_iterable(node, adjoint)

    def _into_iterable(self, node: Any, adjoint: tree.Node) -> None:
        """Push the list of the adjoints of what `node` goes through."""
        if not self._is_active(node):
            return
        if isinstance(self._callee(node), Container):
            self._into_container(node, adjoint)
        elif self._is_sequence(node):
            self.pushed.down(node, adjoint)
        else:
            whole = self.pushed.values.value(node)
            self.pushed.down(node, self._spelled("collected", adjoint, whole))

    def _into_container(self, node: Any, adjoint: tree.Node) -> None:
        text = tree.called_name(node)
        if text in ("list", "tuple"):
            self._into_iterable(node.args[0], adjoint)
        elif text == "reversed":
            backwards = tree.slice_of(None, None, tree.constant(-1))
            self._into_iterable(node.args[0], tree.subscript(adjoint, backwards))
        elif text == "enumerate":
            self._into_iterable(node.args[0], self._column(adjoint, 1))
        elif text == "zip":
            adjoint = self._shared(node, node.args, adjoint)
            for number, part in enumerate(node.args):
                if self._is_active(part):
                    whole = self.pushed.values.value(part)
                    column = self._column(tree.clone(adjoint), number, whole)
                    self._into_iterable(part, column)
        elif isinstance(node.func, gast.Attribute) and node.func.attr in ("values", "items"):
            if node.func.attr == "items":
                adjoint = self._column(adjoint, 1)
            keys = self.pushed.values.value(node.func.value)
            self.pushed.down(node.func.value, tree.call("dict", tree.call("zip", keys, adjoint)))
        else:
            self._into_copy(node, adjoint)

    def _column(self, adjoint: tree.Node, number: int, *whole: tree.Node) -> tree.Node:
        return self._spelled("column", adjoint, tree.constant(number), *whole)


def _parts_of(
    node: Any, above: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], tree.Node]]:
    """What is in a list of lists, with the indices where it is."""
    for number, part in enumerate(node.elts):
        if is_list(part):
            yield from _parts_of(part, (*above, number))
        else:
            yield (*above, number), part


def _is_sure(callee: Any) -> bool:
    return isinstance(callee, Joined) and callee.is_sure
