"""One list of tuples in place of several lists that are filled and emptied together.

x_saved.append(x)                              steps_saved.append((x, y))
y_saved.append(y)                       ->
...
y = y_saved.pop()                              x, y = steps_saved.pop()
x = x_saved.pop()
"""

from collections.abc import Callable
from dataclasses import dataclass

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    COMPOUND,
    Block,
    assigned_name,
    blocks,
    map_blocks,
    map_body,
    with_fields,
)
from knetsrc.transform.simplify.effects import Effects, list_method
from knetsrc.transform.tree import Node


@dataclass(frozen=True)
class Place:
    """A statement in its block."""

    block: Block
    position: int

    @property
    def statement(self) -> Node:
        return self.block[self.position]


@dataclass
class Kept:
    """A list that gets one value in a block of the forward part and gives it back in one of the backward part.

    `is_tested` says whether a loop goes on for as long as it has elements.
    """

    list: str
    bound: Place
    pushed: Place
    popped: Place
    is_tested: bool = False

    @property
    def value(self) -> str:
        """The name whose value is kept."""
        return self.pushed.statement.value.args[0].id

    @property
    def target(self) -> str:
        """The name that gets the value back."""
        return self.popped.statement.targets[0].id


def gather_saved(
    function: gast.FunctionDef, fresh: Callable[[str], str], effects: Effects
) -> gast.FunctionDef:
    """Keep the values of one iteration in one tuple.

    Parameters
    ----------
    function
        Generated code, forward and backward part together.
    fresh
        Gives a free name.
    effects
        What is known of calls.

    Returns
    -------
    FunctionDef
        A value is kept earlier or later in its block, where its name still stands for it, and taken back
        earlier, where nothing has read or bound the name.
    """
    groups: dict[tuple[int, ...], list[Kept]] = {}
    for kept in kept_lists(function):
        place = tuple(id(p.block) for p in (kept.bound, kept.pushed, kept.popped))
        groups.setdefault(place, []).append(kept)
    for group in groups.values():
        together, position = _together(group, effects)
        if len(together) > 1:
            function = _gathered(function, together, position, fresh("steps_saved"), effects)
    return function


def kept_lists(function: gast.FunctionDef) -> list[Kept]:
    """Lists that are bound once, get a name's value at one place, and give it to a name at another."""
    bound: dict[str, list[Place]] = {}
    pushed: dict[str, list[Place]] = {}
    popped: dict[str, list[Place]] = {}
    reads: dict[str, int] = {}
    tested: set[str] = set()

    def visit(block: Block) -> None:
        for position, node in enumerate(block):
            place = Place(block, position)
            name = assigned_name(node)
            if name is not None and isinstance(node.value, gast.List) and not node.value.elts:
                bound.setdefault(name, []).append(place)
            method = list_method(node.value) if isinstance(node, gast.Expr | gast.Assign) else None
            if method and method[1] == "append" and tree.is_name(node.value.args[0]):
                pushed.setdefault(method[0], []).append(place)
            elif method and method[1] == "pop" and name is not None:
                popped.setdefault(method[0], []).append(place)
            if isinstance(node, COMPOUND):
                for inner in blocks(node):
                    visit(inner)

    visit(function.body)
    for node in tree.walk(function.body):
        if isinstance(node, gast.Name):
            reads[node.id] = reads.get(node.id, 0) + 1
        if isinstance(node, gast.While) and tree.is_name(node.test):
            reads[node.test.id] = reads.get(node.test.id, 0) - 1
            tested.add(node.test.id)
    return [
        Kept(text, places[0], pushed[text][0], popped[text][0], text in tested)
        for text, places in bound.items()
        if len(places) == len(pushed.get(text, ())) == len(popped.get(text, ())) == 1
        and reads[text] == 3
    ]


def lists_of_one_name(function: gast.FunctionDef) -> list[Kept]:
    """Such lists that give a name its own value back, and that no loop goes by."""
    return [k for k in kept_lists(function) if k.value == k.target and not k.is_tested]


def _together(group: list[Kept], effects: Effects) -> tuple[list[Kept], int]:
    """Those of `group` that can be kept at one place and taken back at that of the first, and that place."""
    found = sorted(group, key=lambda kept: kept.popped.position)
    found = [k for k in found if _can_be_popped(k, found[0].popped, effects)]
    places = sorted({kept.pushed.position for kept in found}, reverse=True)
    choices = [
        ([k for k in found if _can_be_pushed(k, position, effects)], position)
        for position in places
    ]
    most, position = max(choices, key=lambda choice: len(choice[0]))
    return sorted(most, key=lambda kept: kept.pushed.position), position


def _can_be_popped(kept: Kept, first: Place, effects: Effects) -> bool:
    copies = _copies(kept, first, effects)
    between = [effects.whole(node) for node in _between(first, kept.popped) if node not in copies]
    return not any(
        kept.target in e.reads or kept.target in e.writes or kept.target in e.hidden or e.leaves
        for e in between
    )


def _copies(kept: Kept, first: Place, effects: Effects) -> list[Node]:
    """Second names for what the target holds before it gets the kept value: these can be given earlier.

    y_1 = x
    x = x_saved.pop()
    """
    found, seen = [], set[str]()
    for node in _between(first, kept.popped):
        name = assigned_name(node)
        if name is not None and name not in seen and tree.is_name(node.value, kept.target):
            found.append(node)
        effect = effects.whole(node)
        seen |= effect.reads.keys() | effect.writes
    return found


def _between(first: Place, last: Place) -> list[Node]:
    nodes = first.block[first.position : last.position]
    return [node for node in nodes if tree.comment_text(node) is None]


def _can_be_pushed(kept: Kept, position: int, effects: Effects) -> bool:
    first, last = sorted((kept.pushed.position, position))
    between = [effects.whole(node) for node in kept.pushed.block[first:last]]
    return not any(kept.value in e.writes or e.leaves for e in between)


def _gathered(
    function: gast.FunctionDef,
    together: list[Kept],
    position: int,
    text: str,
    effects: Effects,
) -> gast.FunctionDef:
    lists = {kept.list for kept in together}
    values, targets = [tree.tuple_of(map(tree.name, names)) for names in _names(together)]
    pushed = together[0].pushed.block[position]
    place = min((kept.popped for kept in together), key=lambda popped: popped.position)
    copies = [node for kept in together for node in _copies(kept, place, effects)]
    start = min(together, key=lambda kept: kept.bound.position).bound.statement
    append, pop = (tree.attribute(tree.name(text), method) for method in ("append", "pop"))
    new = {
        pushed: [tree.expression(tree.call(append, values))],
        place.statement: [*copies, tree.assign(targets, tree.call(pop))],
        start: [tree.assign(text, tree.list_of([]))],
    }
    gone = {p.statement for k in together for p in (k.bound, k.pushed, k.popped)} | set(copies)

    def in_block(block: Block) -> Block:
        found = []
        for node in block:
            if node in new:
                found += [tree.at(n, node) for n in new[node]]
            elif node not in gone:
                node = map_blocks(node, in_block)
                if isinstance(node, gast.While) and getattr(node.test, "id", None) in lists:
                    node = with_fields(node, test=tree.name(text))
                found.append(node)
        return found

    return map_body(function, in_block)


def _names(together: list[Kept]) -> tuple[list[str], list[str]]:
    return [kept.value for kept in together], [kept.target for kept in together]
