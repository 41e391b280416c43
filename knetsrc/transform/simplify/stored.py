"""What a loop writes into an array that nothing changes afterwards is read there, and not kept beside it.

q_saved = []
for i in range(n):                              for i in range(n):
    q = (b[i] - a[i, :i] @ x[:i]) / a[i, i]         x[i] = (b[i] - a[i, :i] @ x[:i]) / a[i, i]
    x[i] = q                            ->
    q_saved.append(q)
for i in reversed(range(n)):                    for i in reversed(range(n)):
    q = q_saved.pop()                               d_a[i, i] -= d_q * x[i] / a[i, i]
    d_a[i, i] -= d_q * q / a[i, i]
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    is_boundary,
    is_range,
    map_blocks,
    map_body,
    occurrences,
    parameters,
    statements,
)
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.simplify.gather import Kept, lists_of_one_name
from knetsrc.transform.simplify.inline import inline_single_use
from knetsrc.transform.simplify.sharing import Sharing, sharing_of
from knetsrc.transform.tree import Node


def read_stored(
    function: gast.FunctionDef, effects: Effects, is_number: Callable[[Node], bool]
) -> gast.FunctionDef:
    """Read kept numbers where a loop has written them, if each turn writes to a place of its own.

    Parameters
    ----------
    function
        Generated code, forward and backward part together.
    effects
        What is known of calls.
    is_number
        Whether a part of an array is a single number: what is written to a row may be another shape than the row.
    """
    lists = lists_of_one_name(function)
    if not lists:
        return function
    stored = _Stored(function, effects, is_number)
    found = [(k, store) for k in lists if (store := stored.store_of(k)) is not None]
    for kept, store in found:
        function = _without_list(function, kept, store)
    return inline_single_use(function, frozenset(k.value for k, _ in found), effects)


@dataclass
class _Stored:
    """Writes in loops of the function itself."""

    function: gast.FunctionDef
    effects: Effects
    is_number: Callable[[Node], bool]
    sharing: Sharing = field(init=False)
    writes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sharing = sharing_of(self.function, self.effects)
        self.writes = dict.fromkeys(parameters(self.function), 1)
        for node in statements(self.function.body):
            effect = self.effects.own(node)
            for text in [*effect.writes, *effect.hidden, *effect.hidden]:
                self.writes[text] = self.writes.get(text, 0) + 1

    def store_of(self, kept: Kept) -> gast.Assign | None:
        """The write of a value that a list keeps, None where the array may not hold it any more when it is taken back."""
        path = list(_loops_to(self.function.body, kept.pushed.block))
        counters = self._counters(path)
        back = self._counters(list(_loops_to(self.function.body, kept.popped.block)))
        if len(counters) < len(path) or not counters <= back or self.writes[kept.value] != 2:
            return None
        stores = [n for n in kept.pushed.block if _is_store_of(n, kept.value)]
        if len(stores) != 1 or not path or not _has_places(stores[0].targets[0], counters):
            return None
        place = tree.subscript(stores[0].targets[0].value, stores[0].targets[0].slice)
        array = place.value.id
        is_once = self.writes.get(array) == 1 and self.is_number(place)
        return stores[0] if is_once and self._is_left(array, stores[0], path[0]) else None

    def _counters(self, path: list[Node]) -> set[str]:
        """The counters of nested loops over ranges that nothing else in these binds."""
        inside = [t for n in statements(path[:1]) for t in self.effects.own(n).writes]
        counted = [_counter(loop) for loop in path]
        return {text for text in counted if text is not None and inside.count(text) == 1}

    def _is_left(self, array: str, store: Node, loop: Node) -> bool:
        """Whether nothing but the write changes the array from the start of the loop on."""
        after = self.function.body[next(k for k, n in enumerate(self.function.body) if n is loop) :]
        own = self.sharing.class_of(array)
        effects = ((n, self.effects.own(n)) for n in statements(after))
        changed = [n for n, e in effects if own in self.sharing.classes(self.sharing.changed_by(e))]
        return all(n is store for n in changed)


def _loops_to(body: Block, block: Block) -> Iterator[Node]:
    """The loops around a block, from the outside; nothing where something else is around it as well."""
    for node in body:
        if isinstance(node, gast.For | gast.While) and not node.orelse:
            if node.body is block:
                yield node
            elif inner := list(_loops_to(node.body, block)):
                yield from [node, *inner]


def _counter(loop: Node) -> str | None:
    """`i` for a loop over `range(n)`, or over that reversed."""
    is_counting = isinstance(loop, gast.For) and is_range(loop.iter)
    return loop.target.id if is_counting and isinstance(loop.target, gast.Name) else None


def _is_store_of(node: Node, text: str) -> bool:
    """Whether a statement is `x[i] = q`."""
    target = node.targets[0] if isinstance(node, gast.Assign) else None
    is_part = isinstance(target, gast.Subscript) and tree.is_name(target.value)
    return is_part and tree.is_name(node.value, text)


def _has_places(target: gast.Subscript, counters: set[str]) -> bool:
    """Whether the index of a write is made of numbers and of all the counters: no two turns write to the same place."""
    parts = target.slice.elts if isinstance(target.slice, gast.Tuple) else [target.slice]
    plain = [tree.is_name(p) or tree.integer_of(p) is not None for p in parts]
    return all(plain) and tree.names_read(parts) == counters


def _without_list(function: gast.FunctionDef, kept: Kept, store: gast.Assign) -> gast.FunctionDef:
    place = store.targets[0]
    gone = {id(kept.bound.statement), id(kept.pushed.statement)}
    end = next((k for k, n in enumerate(function.body) if is_boundary(n)), 0)
    is_only_kept = occurrences(function.body[:end])[kept.value] == 3  # bound, written and kept

    def in_block(block: Block) -> Block:
        found: Block = []
        for node in block:
            if node is kept.popped.statement:
                read = tree.subscript(place.value, place.slice)
                node = tree.at(tree.assign(kept.value, read), node)
            elif node is store and is_only_kept and found:
                if assigned_name(found[-1]) == kept.value:
                    node = tree.at(tree.assign(place, found.pop().value), node)
            if id(node) not in gone:
                found.append(map_blocks(node, in_block))
        return found

    return map_body(function, in_block)
