"""What is known of the memory that names of a function may share: of its writes, of helpers that it calls, at a place in the text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree

Place = tuple[str, Any]
Places = frozenset[Place]


Renewed = tuple[tree.Node, frozenset[str]]


class HelperCall(NamedTuple):
    """What a call of a helper does with its arguments.

    Attributes
    ----------
    returned
        Arguments that it may hand back, or put into what it hands back.
    written
        Arguments into which it writes.
    augmented
        Arguments into which it writes if they are arrays, and the statement that does: `x *= 2`.
    is_checkpoint
        The forward part calls the function itself, not the forward function of its pair.
    put
        Pairs of arguments: a container, and what is put into it.
    copied
        Arguments of which it may hand back a shallow copy.
    is_record
        It makes a record or an object of them, and is no helper.
    is_old
        It may hand back something that lives on outside: a global, what a cache holds.
    renewed
        Arguments of which something changes that is an attribute of an object, see `normalize.attribute_elements`, and the
        attributes; none where the argument itself may change.
    parts
        For a helper that returns a tuple: the arguments that each part of it may be or hold.
    outside
        What it hands back that is not of the function, such as `model.TABLE`.
    own
        Names of lists of objects that are changed and put back: neither the list nor an object in it has another name.
    """

    returned: list[tree.Node]
    written: list[tree.Node]
    augmented: list[tuple[tree.Node, tree.Node]]
    is_checkpoint: bool = False
    put: Sequence[tuple[tree.Node, tree.Node]] = ()
    copied: Sequence[tree.Node] = ()
    is_record: bool = False
    is_old: bool = False
    renewed: Sequence[Renewed] = ()
    parts: Sequence[Sequence[tree.Node]] = ()
    outside: Sequence[tree.Node] = ()
    own: Sequence[tree.Node] = ()


Outer = Callable[[tree.Node], bool | None]
OUTSIDE = ("outside", "elsewhere")
HelperOf = Callable[[gast.Call], HelperCall | None]


class State(NamedTuple):
    """Where the values of names come from, which names may share memory, and which pairs are of a container and its element."""

    places: dict[str, Places]
    pairs: frozenset[frozenset[str]]
    elements: frozenset[tuple[str, str]]

    def partners(self, name: str) -> frozenset[str]:
        """Names that may share memory with `name`."""
        return frozenset(other for pair in self.pairs if name in pair for other in pair - {name})

    def elements_of(self, name: str) -> frozenset[str]:
        """Of these, the ones that stand for an element of the container, not for the container."""
        return frozenset(other for container, other in self.elements if container == name)


@dataclass
class Aliases:
    """What is known of the writes of a function.

    Attributes
    ----------
    places
        By statement that writes (`id` of its node): where the array that it writes into may come from.
    names
        By statement that writes: names that may share memory with it, its own among them.
    live
        By statement that writes: names that are read after it.
    written
        Every place into which something is written.
    written_within
        Those of them into which more is written than objects that are put back.
    calls
        Statements of which a helper does the writing.
    handed
        By such a statement: the arguments into which it writes.
    elements
        By such a statement: other arguments `a[i]`, which must turn out to be numbers, as they are read from the same array.
    returning
        Of these statements, those of which the target may get what is written into.
    containers
        Names that only ever stand for lists and dictionaries made in the function.
    arrays
        Names that hold arrays of numbers for sure.
    numbers
        Names that hold single numbers for sure.
    clashing
        Those of which another argument of the helper may share memory with what it writes into.
    holders
        By place: all names that ever stand for something of it.
    passed_on
        By value that is bound (`id` of its node): names of which the new value may share memory with the old one.
    copied
        By statement that binds or grows a container: names of containers that hold the same as what it copies, `p` in
        `q = p.copy()`. Only where copies are looked at.
    renewed
        By statement at which what an attribute holds is changed: the objects, the attributes, and names that may share memory
        with the object.
    handed_with
        By such a statement: other arguments of the call that may share memory with the object.
    renewed_places
        Every place of which an attribute may hold something that is changed.
    outside
        Expressions for what is not of the function and may be shared, by their text. Only where something is renewed.
    """

    places: dict[int, Places] = field(default_factory=dict)
    names: dict[int, frozenset[str]] = field(default_factory=dict)
    live: dict[int, frozenset[str]] = field(default_factory=dict)
    written: set[Place] = field(default_factory=set)
    written_within: set[Place] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    handed: dict[int, list[tree.Node]] = field(default_factory=dict)
    returning: set[int] = field(default_factory=set)
    elements: dict[int, list[tree.Node]] = field(default_factory=dict)
    containers: set[str] = field(default_factory=set)
    arrays: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    clashing: set[int] = field(default_factory=set)
    holders: dict[Place, set[str]] = field(default_factory=dict)
    passed_on: dict[int, set[str]] = field(default_factory=dict)
    copied: dict[int, frozenset[str]] = field(default_factory=dict)
    renewed: dict[int, dict[int, tuple[Renewed, frozenset[str]]]] = field(default_factory=dict)
    handed_with: dict[int, list[tuple[tree.Node, Renewed]]] = field(default_factory=dict)
    renewed_places: set[Place] = field(default_factory=set)
    outside: dict[str, tree.Node] = field(default_factory=dict)

    @cached_property
    def changing(self) -> frozenset[str]:
        """Names of which the content may change while they are bound."""
        return frozenset[str]().union(*(self.holders.get(p, ()) for p in self.written))

    @cached_property
    def shared(self) -> frozenset[str]:
        """Names of which the content may change through another name."""
        groups = [self.holders.get(p, set()) for p in self.written]
        return frozenset[str]().union(*(g for g in groups if len(g) > 1))

    def sharing(self, names: Iterable[str]) -> frozenset[str]:
        """Names through which the content of these may change, at any time."""
        wanted = set(names)
        groups = [self.holders.get(p, set()) for p in self.written]
        return frozenset[str]().union(*(g for g in groups if g & wanted))

    def is_kept_elsewhere(self, node: tree.Node) -> bool:
        """Whether the backward part of a helper may read what a statement writes into."""
        return any(kind == "handed out" for kind, _ in self.places[id(node)])

    def parameters_at(self, node: tree.Node) -> set[str]:
        """Parameters into which a statement may write."""
        return {what for kind, what in self.places[id(node)] if kind == "parameter"}

    def written_parameters(self) -> list[str]:
        """Parameters into which the function writes."""
        return sorted(what for kind, what in self.written if kind == "parameter")

    def renewed_parameters(self) -> list[str]:
        """Parameters that are, or hold, what is changed as an attribute."""
        return sorted(what for kind, what in self.renewed_places if kind == "parameter")


def joined(one: State, other: State) -> State:
    none: Places = frozenset()
    names = one.places.keys() | other.places.keys()
    places = {n: one.places.get(n, none) | other.places.get(n, none) for n in names}
    return State(places, one.pairs | other.pairs, _elements(one, other))


def _elements(one: State, other: State) -> frozenset[tuple[str, str]]:
    """Elements on both ways; on a way on which the two share nothing, they may as well be that."""
    return frozenset(
        e
        for e in one.elements | other.elements
        if all(e in way.elements or frozenset(e) not in way.pairs for way in (one, other))
    )


def once(helper_call: HelperOf) -> HelperOf:
    """The same for one look at a function, in which each call is asked about many times."""
    known: dict[int, tuple[gast.Call, HelperCall | None]] = {}

    def found(call: gast.Call) -> HelperCall | None:
        if id(call) not in known:
            known[id(call)] = (
                call,
                helper_call(call),
            )  # as long as a call is kept, its `id` is its own
        return known[id(call)][1]

    return found
