"""The walk that finds where the values of names come from, and what each write may change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.alias_facts import (
    Aliases,
    HelperCall,
    HelperOf,
    Outer,
    Places,
    Renewed,
    State,
    joined,
)
from knetsrc.transform.analysis.alias_statements import (
    are_apart,
    at_once,
    renewed_at,
    replaces_element,
    written_by_calls,
)
from knetsrc.transform.analysis.elements import Elements
from knetsrc.transform.analysis.fixed import IsFixed
from knetsrc.transform.analysis.held import is_element
from knetsrc.transform.analysis.indices import picks, surely_picks
from knetsrc.transform.normalize.attribute_elements import OWN
from knetsrc.transform.normalize.effects import last_name
from knetsrc.transform.normalize.joined import is_container
from knetsrc.transform.normalize.loop_keys import method
from knetsrc.transform.normalize.sharing import (
    carriers,
    carriers_of_entries,
    passed_on,
)


@dataclass
class AliasWalk:
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
    booleans: frozenset[str] = frozenset()
    copies: dict[int, tree.Node] = field(default_factory=dict)
    outside: Outer | None = None
    put_back: frozenset[int] = frozenset()
    summed: frozenset[str] = frozenset()

    def block(self, body: list[tree.Node], state: State) -> State:
        for node in body:
            state = self.statement(node, state)
        return state

    def statement(self, node: tree.Node, state: State) -> State:
        for call, argument in written_by_calls(at_once(node), self.helper_call):
            if self._is_number(argument):
                continue
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
            for renewed in renewed_at(call, self.helper_call):
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
            return joined(self.block(node.body, state), self.block(node.orelse, state))
        if isinstance(node, gast.For | gast.While):
            return self._loop(node, state)
        if isinstance(node, gast.With):
            for item in node.items:
                if item.optional_vars is not None:
                    state = self._bound(item.optional_vars, item.context_expr, state)
            return self.block(node.body, state)
        if isinstance(node, gast.Try):
            for body in (node.body, node.orelse, *(h.body for h in node.handlers), node.finalbody):
                state = joined(state, self.block(body, state))
        return state

    def _assigned(self, node: gast.Assign) -> tree.Node:
        """The value of an assignment; something new, where it picks elements of an array."""
        is_copy = tree.is_name(node.targets[0]) and picks(node.value, self.arrays, self.picking)
        return self.copies.setdefault(id(node), tree.list_of([])) if is_copy else node.value

    def _loop(self, node: tree.Node, state: State) -> State:
        while True:
            is_for = isinstance(node, gast.For)
            inner = self._bound(_bound_by_loop(node), node.iter, state, True) if is_for else state
            after = joined(state, self.block(node.body, inner))
            if after == state:
                return state
            state = after

    def _store(self, node: tree.Node, text: str, state: State) -> State:
        found, places = self.found, state.places.get(text, frozenset([("outside", text)]))
        if id(node) in self.put_back:
            places = self._of_list(text, places)
        else:
            found.written_within |= places
        found.places[id(node)] = found.places.get(id(node), frozenset()) | places
        found.written |= places
        names: set[str] | frozenset[str] = state.partners(text) | {text}
        if text in self.containers and replaces_element(node):
            names -= state.elements_of(text)
        if id(node) in self.put_back:
            names = {text}
        found.names[id(node)] = found.names.get(id(node), frozenset()) | names
        is_copied = text in self.arrays or (
            isinstance(node, gast.AugAssign) and text in self.summed
        )
        is_copied |= self.elements is not None and self.elements.is_copied(node)
        return state if is_copied else self._put_into(text, node.value, state)

    def _call_writes(
        self, node: tree.Node, call: gast.Call, argument: tree.Node, state: State
    ) -> None:
        """A call that writes into an argument writes into all that shares memory with it."""
        found, names = self.found, self._reached(argument, state)
        is_own = self._is_own(call, argument)
        names = {argument.id} if is_own else names  # type: ignore[attr-defined]
        arguments = found.handed.setdefault(id(node), [])
        if argument not in arguments:
            arguments.append(argument)
        if names & self._held(call, state):
            found.returning.add(id(node))
        places = self.of(argument, state)
        if is_own:
            places = self._of_list(argument.id, places)  # type: ignore[attr-defined]
        else:
            found.written_within |= places
        found.places[id(node)] = found.places.get(id(node), frozenset()) | places
        found.written |= places
        found.names[id(node)] = found.names.get(id(node), frozenset()) | names
        found.calls.add(id(node))

    def _is_own(self, call: gast.Call, argument: tree.Node) -> bool:
        """Whether an argument is a list of objects that are put back: what is read of the old ones does not change with them."""
        helper = self.helper_call(call)
        return helper is not None and any(argument is own for own in helper.own)

    def _of_list(self, text: str, places: Places) -> Places:
        """Where a list comes from in which objects are put back: of one that is made here, the objects may come from elsewhere."""
        made = frozenset(p for p in places if p[0] == "made")
        return made if made and text in self.containers else places

    def _renewed(self, node: tree.Node, call: gast.Call, renewed: Renewed, state: State) -> None:
        """What an attribute of an object holds changes for all that shares memory with the object."""
        argument, _ = renewed
        names = self._reached(argument, state)
        if self._is_own(call, argument):
            names -= {argument.id}  # type: ignore[attr-defined]
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
        is_changing = helper is not None and (helper.renewed or helper.written)
        if helper is not None and is_changing and isinstance(target, gast.Tuple):
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
        is_copy = self.elements is not None and self.elements.is_copy(value)
        if isinstance(value, gast.Constant) or is_copy:
            return set()
        if isinstance(value, gast.List | gast.Tuple | gast.Dict):  # of what helpers give, too
            return set().union(*map(self._carriers, passed_on(value)))
        helper = self._of_helper(value)
        nodes = [value] if helper is None else helper.returned
        lists = [m for n in nodes for m in _summands(n) if self._is_container(m)]
        found_in = carriers_of_entries if is_entry else carriers
        parts = [found_in(n, self.arrays, self._is_apart) for n in (*nodes, *lists)]
        found = set().union(*parts) - self.numbers
        return found | self._sources(value) if self.copies_share else found

    def _is_number(self, node: tree.Node) -> bool:
        return self.elements is not None and self.elements.is_number(node)

    def _is_apart(self, node: tree.Node) -> bool:
        """Whether an expression is a number or a copy for sure, or something from outside that nobody can change."""
        is_new = self._is_number(node) or surely_picks(node, self.arrays, self.booleans)
        return is_new or self.is_fixed(node) or not self._may_change(node)

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
