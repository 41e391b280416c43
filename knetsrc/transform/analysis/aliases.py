"""Which names may share memory where a statement writes into an array or a container.

Each value comes from places: a parameter, an expression that makes something new, something outside of the function. A view, an
element and a second name come from the places of what they were taken of, and form a pair with it that lasts until one of the
two is bound again: after `a, b = b, a` the two are as far apart as before.

    b = a.copy()        made here
    row = a[i]          from where a is from
    h = helper(a)       made there, or a itself
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.elements import Elements
from knetsrc.transform.analysis.fixed import IsFixed, fixed_outside
from knetsrc.transform.analysis.held import is_element
from knetsrc.transform.analysis.live import live_after
from knetsrc.transform.analysis.ranks import Ranks
from knetsrc.transform.analysis.stores import as_read, picks, stored_names
from knetsrc.transform.analysis.told import NOTHING, Told
from knetsrc.transform.normalize.attribute_elements import OWN
from knetsrc.transform.normalize.effects import last_name
from knetsrc.transform.normalize.joined import is_container
from knetsrc.transform.normalize.loop_keys import method
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.normalize.sharing import (
    carriers,
    carriers_of_entries,
    number_names,
    passed_on,
)

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


Outer = Callable[[tree.Node], bool | None]
_OUTSIDE = ("outside", "elsewhere")
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


def aliases(
    function: gast.FunctionDef,
    arrays: frozenset[str] = frozenset(),
    helper_call: HelperOf = lambda call: None,
    at_end: frozenset[str] = frozenset(),
    copies_share: bool = False,
    told: Told = NOTHING,
    calls: Any = None,
    picking: frozenset[str] = frozenset(),
    outside: Outer | None = None,
    objects: frozenset[str] = frozenset(),
) -> Aliases:
    """What a function in the core language may share at each of its writes.

    Parameters
    ----------
    function
        The function.
    arrays
        Names that hold arrays of numbers for sure: what is written into these is copied.
    helper_call
        What a call does with its arguments, if it is one of a helper.
    at_end
        Names that the caller reads after the call.
    copies_share
        Whether a copy `p.copy()` or `p + q` is taken to be one of a container, which holds the same as `p`.
    told
        What a call has told of parameters.
    calls
        Tells calls apart, for the ranks of what they give, and what outside names stand for.
    picking
        Names of indices that a call has shown to be arrays or lists.
    outside
        Whether an expression stands for something outside of the function that may change; None if it is of the function.
    objects
        Parameters for objects, which may hold what other parameters are.

    >>> (function,) = tree.parse("def f(a):\\n b = a[1:]\\n c = a + 1\\n a[0] = 2.0\\n return b")
    >>> found = aliases(function)
    >>> sorted(found.changing), found.written_parameters()
    (['a', 'b'], ['a'])
    """
    found = Aliases()
    if not writes(function, helper_call) and not renews(function, helper_call):
        return found
    found.containers, found.arrays = made_containers(function), arrays
    elements = Elements(function, Ranks(function, told, calls), found.containers)
    found.numbers = frozenset(elements.names)
    local = _local_names(function)
    walk = _Walk(
        found,
        elements.names,
        arrays,
        found.containers,
        helper_call,
        local,
        copies_share,
        elements,
        fixed_outside(function, calls),
        picking,
        outside=outside,
    )
    places = {p: frozenset([("parameter", p)]) for p in parameters(function)}
    found.holders |= {place: {p} for p in places for place in places[p]}
    pairs = frozenset(frozenset([p, other]) for p in objects for other in places if p != other)
    walk.block(function.body, State(places, pairs, frozenset()))
    found.live = live_after(function, found.places.keys() | found.renewed.keys(), at_end)
    return found


def writes(function: gast.FunctionDef, helper_call: HelperOf) -> bool:
    """Whether a function changes an array or a container, by itself or by a call."""
    return bool(stored_names(function.body)) or any(_written_by_calls(function.body, helper_call))


def renews(function: gast.FunctionDef, helper_call: HelperOf) -> bool:
    """Whether what an attribute holds changes in a function, or in what it calls."""
    return any(_renewed_at(n, helper_call) for n in tree.walk(function.body))


def _renewed_at(node: tree.Node, helper_call: HelperOf) -> Sequence[Renewed]:
    """Objects of which an attribute changes by a call, and the attributes."""
    if not isinstance(node, gast.Call):
        return ()
    if tree.called_name(node) in OWN:
        is_deep = tree.called_name(node) == "check_own_elements"
        return [(node.args[1], frozenset([node.args[2].value + "[]" * is_deep]))]
    found = helper_call(node)
    return found.renewed if found is not None else ()


def handed_back(
    function: gast.FunctionDef,
    arrays: frozenset[str],
    helper_call: HelperOf,
    copies_share: bool = False,
) -> frozenset[str]:
    """Parameters that the result of a function may be, be a part of, or hold."""
    walk, state = _walked(function, arrays, helper_call, copies_share)
    return _parameters_of(walk.of(function.body[-1].value, state))


def outside_handed_back(
    function: gast.FunctionDef, arrays: frozenset[str], helper_call: HelperOf, outside: Outer
) -> dict[str, tree.Node]:
    """What the result of a function may hold that is not of the function: expressions by their text."""
    walk, state = _walked(function, arrays, helper_call, outside=outside)
    places = walk.of(function.body[-1].value, state)
    return walk.found.outside if any(kind in _OUTSIDE for kind, _ in places) else {}


def renewed_attributes(function: gast.FunctionDef, helper_call: HelperOf) -> frozenset[str]:
    """Attributes that change in a function and in what it calls, of whatever object."""
    found = (_renewed_at(n, helper_call) for n in tree.walk(function.body))
    return frozenset[str]().union(*(names for each in found for _, names in each))


def parts_handed_back(
    function: gast.FunctionDef, arrays: frozenset[str], helper_call: HelperOf
) -> tuple[frozenset[str], ...]:
    """The same for each part of a tuple that a function returns; none where two parts may share what is made in the function."""
    value = function.body[-1].value
    if not isinstance(value, gast.Tuple):
        return ()
    walk, state = _walked(function, arrays, helper_call)
    found = [
        walk.of(part, state) if walk._held(part, state) else frozenset() for part in value.elts
    ]
    own = [{place for place in places if place[0] != "parameter"} for places in found]
    is_shared = any(a & b for i, a in enumerate(own) for b in own[:i])
    return () if is_shared else tuple(map(_parameters_of, found))


def put_into(
    function: gast.FunctionDef,
    arrays: frozenset[str],
    helper_call: HelperOf,
) -> frozenset[tuple[str, str]]:
    """Pairs of parameters: a container, and what a function puts into it."""
    _, state = _walked(function, arrays, helper_call)
    named = set(parameters(function))
    return frozenset((p, other) for p in named for other in _parameters_of(state.places[p]) - {p})


def _walked(
    function: gast.FunctionDef,
    arrays: frozenset[str],
    helper_call: HelperOf,
    copies_share: bool = False,
    outside: Outer | None = None,
) -> tuple["_Walk", State]:
    containers, numbers = made_containers(function), number_names(function)
    local = _local_names(function)
    walk = _Walk(
        Aliases(), numbers, arrays, containers, helper_call, local, copies_share, outside=outside
    )
    places = {p: frozenset([("parameter", p)]) for p in parameters(function)}
    return walk, walk.block(function.body[:-1], State(places, frozenset(), frozenset()))


def _local_names(function: gast.FunctionDef) -> frozenset[str]:
    """Parameters, and names that a function binds: a call of one, where it is no helper, is one of nobody knows what."""
    return frozenset({*parameters(function), *tree.names_written(function.body)})


def _parameters_of(places: Places) -> frozenset[str]:
    return frozenset(what for kind, what in places if kind == "parameter")


@dataclass
class _Walk:
    """Places of names along the text; a loop is walked until nothing is added."""

    found: Aliases
    numbers: set[str]
    arrays: frozenset[str]
    containers: set[str]
    helper_call: HelperOf
    local: frozenset[str]
    copies_share: bool = False
    elements: Elements | None = None
    is_fixed: IsFixed = lambda node: False
    picking: frozenset[str] = frozenset()
    copies: dict[int, tree.Node] = field(default_factory=dict)
    outside: Outer | None = None

    def block(self, body: list[tree.Node], state: State) -> State:
        for node in body:
            state = self.statement(node, state)
        return state

    def statement(self, node: tree.Node, state: State) -> State:
        for call, argument in _written_by_calls(at_once(node), self.helper_call):
            self._call_writes(node, call, argument, state)
            others = [
                a
                for a in (*call.args, *call.keywords)
                if argument not in (a, a.__dict__.get("value")) and not are_apart(argument, a)
            ]
            reached = self._reached(argument, state)
            for other in (a for a in others if reached & self._reached(a, state)):
                if is_element(other):
                    self.found.elements.setdefault(id(node), []).append(other)
                else:
                    self.found.clashing.add(id(node))
        for call in tree.walk(at_once(node)):
            for renewed in _renewed_at(call, self.helper_call):
                self._renewed(node, call, renewed, state)
        state = self._put_by_calls(node, state)
        if self.copies_share and isinstance(node, gast.Assign | gast.Expr):
            if sources := self._sources(node.value):
                self.found.copied[id(node)] = frozenset(sources)
        if (text := stored_to(node)) is not None:
            return self._store(node, text, state)
        if (text := appended_to(node)) is not None:
            return self._put_into(text, node.value.args[0], state)
        if isinstance(node, gast.Assign):
            return self._bound(node.targets[0], self._assigned(node), state)
        if isinstance(node, gast.If):
            return _joined(self.block(node.body, state), self.block(node.orelse, state))
        if isinstance(node, gast.For | gast.While):
            return self._loop(node, state)
        if isinstance(node, gast.With):
            for item in node.items:
                if item.optional_vars is not None:
                    state = self._bound(item.optional_vars, item.context_expr, state)
            return self.block(node.body, state)
        if isinstance(node, gast.Try):
            for body in (node.body, node.orelse, *(h.body for h in node.handlers), node.finalbody):
                state = _joined(state, self.block(body, state))
        return state

    def _assigned(self, node: gast.Assign) -> tree.Node:
        """The value of an assignment; something new, where it picks elements of an array."""
        is_copy = tree.is_name(node.targets[0]) and picks(node.value, self.arrays, self.picking)
        return self.copies.setdefault(id(node), tree.list_of([])) if is_copy else node.value

    def _loop(self, node: tree.Node, state: State) -> State:
        while True:
            is_for = isinstance(node, gast.For)
            inner = self._bound(_bound_by_loop(node), node.iter, state, True) if is_for else state
            after = _joined(state, self.block(node.body, inner))
            if after == state:
                return state
            state = after

    def _store(self, node: tree.Node, text: str, state: State) -> State:
        found, places = self.found, state.places.get(text, frozenset([("outside", text)]))
        found.places[id(node)] = found.places.get(id(node), frozenset()) | places
        found.written |= places
        names = state.partners(text) | {text}
        if text in self.containers and replaces_element(node):
            names -= state.elements_of(text)
        found.names[id(node)] = found.names.get(id(node), frozenset()) | names
        is_copied = text in self.arrays or (
            self.elements is not None and self.elements.is_copied(node)
        )
        return state if is_copied else self._put_into(text, node.value, state)

    def _call_writes(
        self, node: tree.Node, call: gast.Call, argument: tree.Node, state: State
    ) -> None:
        """A call that writes into an argument writes into all that shares memory with it."""
        found, names = self.found, self._reached(argument, state)
        arguments = found.handed.setdefault(id(node), [])
        if argument not in arguments:
            arguments.append(argument)
        if names & self._held(call, state):
            found.returning.add(id(node))
        places = self.of(argument, state)
        found.places[id(node)] = found.places.get(id(node), frozenset()) | places
        found.written |= places
        found.names[id(node)] = found.names.get(id(node), frozenset()) | names
        found.calls.add(id(node))

    def _renewed(self, node: tree.Node, call: gast.Call, renewed: Renewed, state: State) -> None:
        """What an attribute of an object holds changes for all that shares memory with the object."""
        argument, _ = renewed
        names = self._reached(argument, state)
        known = self.found.renewed.setdefault(id(node), {})
        before = known[id(argument)][1] if id(argument) in known else frozenset()
        known[id(argument)] = renewed, before | names
        self.found.renewed_places |= self.of(argument, state)
        arguments = [*call.args, *(k.value for k in call.keywords)]
        for other in arguments if tree.called_name(call) not in OWN else ():
            shared = self.found.handed_with.setdefault(id(node), [])
            is_known = any(other is known for known, _ in shared)
            if other is not argument and not is_known and names & self._reached(other, state):
                shared.append((other, renewed))

    def _reached(self, argument: tree.Node, state: State) -> set[str]:
        """Names that may share memory with an argument."""
        value = argument.value if isinstance(argument, gast.keyword) else argument
        return self._held(value, state) | ({value.id} if isinstance(value, gast.Name) else set())

    def _put_by_calls(self, node: tree.Node, state: State) -> State:
        """What helpers put into containers that they are handed."""
        for call in [n for n in tree.walk(at_once(node)) if isinstance(n, gast.Call)]:
            found = self.helper_call(call)
            for container, value in found.put if found is not None else ():
                for text in sorted(self._reached(container, state) - self.arrays):
                    state = self._put_into(text, value, state)
        return state

    def _put_into(self, text: str, value: tree.Node, state: State) -> State:
        """What is put into a container is reached from all names of the container."""
        held, places = self._held(value, state), self.of(value, state)
        for name in sorted(state.partners(text) | {text}):
            more = state.places.get(name, frozenset()) | places
            state = self._with(name, more, held, state)
        return self._with_elements(text, held, state)

    def _with_elements(self, container: str, held: set[str], state: State) -> State:
        """Names that a container holds as elements, unless they may be the container itself."""
        if container not in self.containers:
            return state
        elements = {(container, other) for other in held if other != container}
        return state._replace(elements=state.elements | elements)

    def _bound(
        self, target: tree.Node, value: tree.Node, state: State, is_entry: bool = False
    ) -> State:
        helper = self._of_helper(value)
        if helper is not None and helper.renewed and isinstance(target, gast.Tuple):
            if len(helper.parts) == len(target.elts):
                return self._bound_by_parts(target, value, helper, state)
        is_entry = is_entry or isinstance(target, gast.Tuple)
        held, places = self._held(value, state, is_entry), self.of(value, state, is_entry)
        names = tree.names_written(target) - self.numbers
        pairs = {p for p in state.pairs if not p & tree.names_written(target)}
        if len(names) > 1 and held:
            pairs |= {frozenset([a, b]) for a in names for b in names if a != b}
        gone = tree.names_written(target)
        elements = frozenset(e for e in state.elements if not gone & set(e))
        copied = value.id if isinstance(value, gast.Name) else None
        inside = frozenset((n, e) for c, e in state.elements if c == copied for n in names)
        state = State(state.places, frozenset(pairs), elements | inside)
        for name in sorted(names):
            if places & state.places.get(name, frozenset()):
                self.found.passed_on.setdefault(id(value), set()).add(name)
            state = self._with(name, places, held - gone, state)
            if isinstance(value, gast.BinOp) or is_container(value):
                state = self._with_elements(name, held - gone, state)
            if isinstance(value, gast.Subscript) and tree.is_name(value.value):
                state = self._with_elements(value.value.id, {name}, state)
        return state

    def _bound_by_parts(
        self, target: gast.Tuple, value: tree.Node, helper: HelperCall, state: State
    ) -> State:
        """What a helper returns as a tuple, whose parts share no more than the arguments do."""
        made = frozenset([("handed out", id(value))])
        given = [tree.tuple_of(part) for part in helper.parts]
        held = [self._held(part, state) for part in given]
        places = [made.union(*(self.of(n, state) for n in part)) for part in helper.parts]
        gone = tree.names_written(target)
        pairs = frozenset(p for p in state.pairs if not p & gone)
        elements = frozenset(e for e in state.elements if not gone & set(e))
        state = State(state.places, pairs, elements)
        for i, part in enumerate(target.elts):
            for name in sorted(tree.names_written(part) - self.numbers):
                others = (t for j, t in enumerate(target.elts[:i]) if held[i] & held[j])
                sharing = set().union(*map(tree.names_written, others)) - self.numbers
                state = self._with(name, places[i], (held[i] - gone) | sharing, state)
        return state

    def _with(self, name: str, places: Places, held: set[str], state: State) -> State:
        for place in places:
            self.found.holders.setdefault(place, set()).add(name)
        pairs = state.pairs | {frozenset([name, other]) for other in held if other != name}
        return State({**state.places, name: places}, pairs, state.elements)

    def _held(self, value: tree.Node, state: State, is_entry: bool = False) -> set[str]:
        """Names with which the value of an expression may share memory, or an entry of it."""
        names = self._carriers(value, is_entry)
        return names.union(*(state.partners(n) for n in names))

    def of(self, value: tree.Node, state: State, is_entry: bool = False) -> Places:
        """Where the value of an expression may come from, or an entry of it."""
        if isinstance(value, gast.Constant):
            return frozenset()
        names = self._carriers(value, is_entry)
        shared = [state.places.get(n, frozenset([("outside", n)])) for n in names]
        is_part = isinstance(value, gast.Name | gast.Subscript | gast.Attribute)
        is_new = not is_part or not shared  # a part of what is made here
        found = self._of_helper(value)
        arguments = found.returned if found is not None and not found.is_record else None
        kind = "made" if arguments is None else "handed out"
        own = frozenset([(kind, id(value))]) if is_new else frozenset()
        own |= {("outside", f"{last_name(call.func)}()") for call in self._old_in(value)}
        if self.outside is not None and found is not None:
            self.found.outside |= {tree.show(n): n for n in found.outside}
            own |= frozenset(("elsewhere", tree.show(n)) for n in found.outside)
        return own.union(*shared, *(self.of(n, state) for n in arguments or ()))

    def _old_in(self, value: Any) -> Iterator[gast.Call]:
        """Calls that may have given what lives on outside, of which the value of an expression may be or hold the result."""
        found = self._of_helper(value)
        is_unknown = found is None and tree.called_name(value) in self.local
        if is_unknown or (found is not None and found.is_old):
            yield value
        for part in passed_on(value) if found is None else found.returned:
            yield from self._old_in(part)

    def _carriers(self, value: tree.Node, is_entry: bool = False) -> set[str]:
        if isinstance(value, gast.Constant):
            return set()
        helper = self._of_helper(value)
        nodes = [value] if helper is None else helper.returned
        lists = [m for n in nodes for m in _summands(n) if self._is_container(m)]
        found_in = carriers_of_entries if is_entry else carriers
        parts = [found_in(n, self.arrays, self._is_apart) for n in (*nodes, *lists)]
        found = set().union(*parts) - self.numbers
        return found | self._sources(value) if self.copies_share else found

    def _is_apart(self, node: tree.Node) -> bool:
        """Whether an expression is a number for sure, or something from outside that nobody can change."""
        is_number = self.elements is not None and self.elements.is_number(node)
        return is_number or self.is_fixed(node) or not self._may_change(node)

    def _may_change(self, node: tree.Node) -> bool:
        """Whether an expression is of the function, or is outside and can change, which is noted."""
        is_changing = self.outside(node) if self.outside is not None else None
        if is_changing:
            self.found.outside[tree.show(node)] = node
        return is_changing is not False

    def _sources(self, value: Any) -> set[str]:
        """Names of what is copied: `p` in `p.copy()`, `p + q`, `p * n`, `p | q` and in what holds such a value."""
        if isinstance(value, gast.List | gast.Tuple | gast.Set | gast.Dict):
            return set().union(*map(self._sources, tree.children(value)))
        nodes: Sequence[tree.Node] = ()
        rest: Sequence[tree.Node] = ()
        if isinstance(value, gast.BinOp):
            is_joining = isinstance(value.op, gast.Add | gast.Mult | gast.BitOr)
            nodes = rest = (value.left, value.right) if is_joining else ()
        elif isinstance(value, gast.Call):
            is_copy = isinstance(value.func, gast.Attribute) and value.func.attr == "copy"
            found = self.helper_call(value)
            nodes = (value.func.value,) if is_copy else found.copied if found is not None else ()
            rest = value.args
        names = set().union(*map(carriers, nodes)) - self.numbers - self.arrays
        return names.union(*map(self._sources, rest))

    def _of_helper(self, value: tree.Node) -> HelperCall | None:
        return self.helper_call(value) if isinstance(value, gast.Call) else None

    def _is_container(self, node: tree.Node) -> bool:
        return isinstance(node, gast.List | gast.Tuple) or (
            isinstance(node, gast.Name) and node.id in self.containers
        )


def _summands(node: tree.Node) -> list[tree.Node]:
    """What `a + [b] + c` joins; nothing for other expressions."""
    if not isinstance(node, gast.BinOp):
        return []
    return [m for side in (node.left, node.right) for m in _summands(side) or [side]]


def _bound_by_loop(loop: gast.For) -> tree.Node:
    """What a loop binds to elements; the keys in `for key, value in d.items()` share no memory with anything."""
    target = loop.target
    is_pair = isinstance(target, gast.Tuple) and len(target.elts) == 2
    return target.elts[1] if method(loop.iter) == "items" and is_pair else target


COMPOUND = (gast.If, gast.For, gast.While, gast.With, gast.Try)


def at_once(node: tree.Node) -> list[tree.Node]:
    """What a statement evaluates apart from the statements within it."""
    if not isinstance(node, COMPOUND):
        return [node]
    heads = [getattr(node, part) for part in ("test", "iter") if hasattr(node, part)]
    return [*heads, *getattr(node, "items", [])]


def _written_by_calls(
    nodes: Iterable[tree.Node], helper_call: HelperOf
) -> Iterator[tuple[gast.Call, tree.Node]]:
    """Arguments into which helpers write that are called in these nodes."""
    for node in tree.walk(nodes):
        found = helper_call(node) if isinstance(node, gast.Call) else None
        yield from ((node, argument) for argument in found.written) if found else ()


def are_apart(one: tree.Node, other: tree.Node) -> bool:
    """Whether two slices of an array have nothing in common: `a[:k]` and `a[k:]`."""
    if not all(isinstance(n, gast.Subscript) and tree.is_name(n.value) for n in (one, other)):
        return False
    first, second = one.slice, other.slice
    if not isinstance(first, gast.Slice) or not isinstance(second, gast.Slice):
        return False
    return any(
        a.lower is None and a.step is None and b.upper is None and b.step is None
        and a.upper is not None and b.lower is not None and tree.is_same(a.upper, b.lower)
        for a, b in ((first, second), (second, first))
    )  # fmt: skip


def replaces_element(node: tree.Node) -> bool:
    """Whether a write puts another object into a container that has a name."""
    is_single = isinstance(node, gast.Assign) and isinstance(node.targets[0].value, gast.Name)
    return is_single and not updates_element(node)


def updates_element(node: tree.Node) -> bool:
    """Whether a write may change an element in place: `xs[i] = xs[i] * e` may be what is left of `xs[i] *= e`.

    That stands where its target stands; what the user has written out stands behind.
    """
    if isinstance(node, gast.AugAssign):
        return True
    target, value = node.targets[0], node.value
    is_update = isinstance(value, gast.BinOp) and not isinstance(value.op, gast.Add | gast.Sub)
    if not is_update or not tree.is_same(value.left, as_read(target)):
        return False
    own, place = _place_of(value), _place_of(target)
    return None in (*own, *place) or own == place


def _place_of(node: tree.Node) -> tuple[int | None, int | None]:
    return getattr(node, "lineno", None), getattr(node, "col_offset", None)


def made_containers(function: gast.FunctionDef) -> set[str]:
    """Names that only ever stand for lists and dictionaries made in the function."""
    bound = bound_values(function)
    found = set(bound) - set(parameters(function))
    while True:
        kept = {n for n in found if all(_makes_container(v, found) for v in bound[n])}
        if kept == found:
            return found
        found = kept


def _makes_container(value: tree.Node | None, found: set[str]) -> bool:
    if isinstance(value, gast.BinOp):
        return any(_makes_container(n, set()) for n in (value.left, value.right))
    if isinstance(value, gast.Name):
        return value.id in found
    if isinstance(value, gast.Call):
        return is_container(value)
    return isinstance(value, gast.List | gast.Dict)


def _joined(one: State, other: State) -> State:
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
