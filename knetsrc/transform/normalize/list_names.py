"""Names that stand for a list or dict that grows, and for something else before or after: each value gets a name of its own.

out = []                         out = []
for x in xs:                     for x in xs:
    out.append(x * w)      ->        out.append(x * w)
out = np.array(out)              out_1 = np.array(out)
"""

from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_of_module
from knetsrc.transform.normalize.inner_lists import grown_inside
from knetsrc.transform.normalize.inplace import made_lists
from knetsrc.transform.normalize.owned_containers import CHANGING, owned_containers
from knetsrc.transform.normalize.scopes import (
    COMPREHENSIONS,
    captured_names,
    definitions,
    own_nodes,
    parameters,
)
from knetsrc.transform.normalize.suppressed import suppressed_by

State = dict[str, frozenset[int]] | None  # bindings that may be in force; None where nothing runs


def separate_lists(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Give the values of names that are changed as lists or dicts, and are not always lists or dicts, names of their own.

    >>> from knetsrc.transform.language import show
    >>> show(separate_lists, "xs = []; xs.append(a); xs = np.array(xs); y = xs[0]")
    xs = []
    xs.append(a)
    xs_1 = np.array(xs)
    y = xs_1[0]
    """
    function = tree.clone(function)
    _separate(function, names)
    for inner in definitions(function.body):
        inner.body = separate_lists(inner, names).body
    return function


def _separate(function: gast.FunctionDef, names: Names) -> None:
    chosen = _candidates(function)
    if not chosen:
        return
    values = _Values(frozenset(chosen))
    start = dict.fromkeys(chosen, frozenset[int]())
    start |= {p: frozenset([values.given(p)]) for p in parameters(function) if p in chosen}
    values.block(function.body, start)
    fresh: dict[int, str] = {}
    for text in sorted(chosen):
        _first, *others = dict.fromkeys(values.root(b) for b in values.bound[text])
        fresh |= {root: names.fresh(text) for root in others}
    for node, binding in values.places:
        node.id = fresh.get(values.root(binding), node.id)


def _candidates(function: gast.FunctionDef) -> set[str]:
    """Names that are changed as lists or dicts, and bound more than once, in this scope alone."""
    nodes = list(own_nodes(function.body))
    changed = {
        n.func.value.id
        for n in nodes
        if isinstance(n, gast.Call)
        and isinstance(n.func, gast.Attribute)
        and n.func.attr in CHANGING
        and tree.is_name(n.func.value)
        and not is_of_module(n.func)
    }
    changed |= {grown[0] for n in nodes if (grown := grown_inside(n)) is not None}
    changed -= made_lists(function)
    if not changed:
        return set()
    fixed = captured_names(function.body).union(*owned_containers(function))
    for node in nodes:
        if isinstance(node, gast.Global | gast.Nonlocal):
            fixed |= set(node.names)
        elif isinstance(node, gast.FunctionDef):
            fixed.add(node.name)
        elif isinstance(node, gast.Delete):
            fixed |= {t.id for t in node.targets if isinstance(t, gast.Name)}
        elif isinstance(node, gast.NamedExpr):
            fixed.add(node.target.id)
        elif isinstance(node, COMPREHENSIONS):
            fixed |= tree.names_written([g.target for g in node.generators])
        elif isinstance(node, gast.Try):
            fixed |= tree.names_written(node.finalbody)
        elif isinstance(node, gast.ExceptHandler) and node.name is not None:
            fixed |= tree.names_written(node.name)
        elif isinstance(node, gast.Match):
            fixed |= tree.names_written(node)
    bound = [n.id for n in nodes if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)]
    bound += parameters(function)
    return {text for text in changed - fixed if bound.count(text) > 1}


@dataclass
class _Loop:
    """What is in force where a loop is left, and where its next turn begins."""

    breaks: list[State] = field(default_factory=list)
    continues: list[State] = field(default_factory=list)


@dataclass
class _Values:
    """The bindings of some names, those that the same read may see joined to one value."""

    chosen: frozenset[str]
    bound: dict[str, list[int]] = field(default_factory=dict)
    places: list[tuple[Any, int]] = field(default_factory=list)
    loops: list[_Loop] = field(default_factory=list)
    _parents: list[int] = field(default_factory=list)
    _known: dict[int, int] = field(default_factory=dict)

    def given(self, text: str) -> int:
        """A new binding."""
        self._parents.append(len(self._parents))
        self.bound.setdefault(text, []).append(self._parents[-1])
        return self._parents[-1]

    def root(self, binding: int) -> int:
        """The binding that stands for all of one value."""
        while self._parents[binding] != binding:
            binding = self._parents[binding]
        return binding

    def _join(self, bindings: frozenset[int]) -> None:
        roots = sorted(map(self.root, bindings))
        for root in roots[1:]:
            self._parents[root] = roots[0]

    # --- statements ---
    def block(self, body: list[Any], state: State) -> State:
        for node in body:
            state = self.statement(node, state)
        return state

    def statement(self, node: Any, state: State) -> State:
        if isinstance(node, gast.If):
            self._read(node.test, state)
            return _joined(self.block(node.body, state), self.block(node.orelse, state))
        if isinstance(node, gast.For | gast.While):
            return self._loop(node, state)
        if isinstance(node, gast.FunctionDef):
            return state
        if isinstance(node, gast.With):
            self._read(node.items, state)
            end = self.block(node.body, self._bind(node.items, state))
            is_swallowing = any(suppressed_by(item) is not None for item in node.items)
            return _joined(end, self._anywhere(node, state)) if is_swallowing else end
        if isinstance(node, gast.Try):
            return self._try(node, state)
        self._read(node, state)
        if isinstance(node, gast.Break | gast.Continue):
            is_break = isinstance(node, gast.Break)
            (self.loops[-1].breaks if is_break else self.loops[-1].continues).append(state)
        if isinstance(node, gast.Break | gast.Continue | gast.Return | gast.Raise):
            return None
        return self._bind(node, state)

    def _loop(self, node: Any, state: State) -> State:
        if isinstance(node, gast.For):
            self._read([node.iter, node.target], state)
        while True:
            self.loops.append(_Loop())
            turn = self._bind(node.target, state) if isinstance(node, gast.For) else state
            if isinstance(node, gast.While):
                self._read(node.test, state)
            end = self.block(node.body, turn)
            loop = self.loops.pop()
            again = _joined(state, end, *loop.continues)
            if again == state:
                return _joined(self.block(node.orelse, state), *loop.breaks)
            state = again

    def _try(self, node: Any, state: State) -> State:
        end = self.block(node.orelse, self.block(node.body, state))
        failed = self._anywhere(node, state)
        for handler in node.handlers:
            self._read([handler.type] if handler.type else [], failed)
            end = _joined(end, self.block(handler.body, failed))
        return self.block(node.finalbody, _joined(end, self._anywhere(node, state)))

    def _anywhere(self, node: Any, state: State) -> State:
        """What may be in force where an exception ends a statement."""
        if state is None:
            return None
        inside = {n.id: set[int]() for n in self._names(node, is_read=False)}
        for name in self._names(node, is_read=False):
            inside[name.id] |= {self._known[id(name)]} if id(name) in self._known else set()
        return state | {text: state[text] | bindings for text, bindings in inside.items()}

    # --- names ---
    def _names(self, node: Any, is_read: bool) -> list[Any]:
        found = [n for n in own_nodes(node) if isinstance(n, gast.Name) and n.id in self.chosen]
        return [n for n in found if isinstance(n.ctx, gast.Store) != is_read]

    def _read(self, node: Any, state: State) -> None:
        for name in self._names(node, is_read=True):
            self._use(name, state)

    def _use(self, name: Any, state: State) -> None:
        if state is not None and (bindings := state[name.id]):
            self._join(bindings)
            self.places.append((name, min(bindings)))

    def _bind(self, node: Any, state: State) -> State:
        if state is None:
            return None
        for name in self._names(node, is_read=False):
            if id(name) not in self._known:
                self._known[id(name)] = self.given(name.id)
                self.places.append((name, self._known[id(name)]))
            binding = frozenset([self._known[id(name)]])
            if isinstance(node, gast.AugAssign):  # the same list, longer
                self._join(binding | state[name.id])
            if not isinstance(node, gast.AnnAssign) or node.value is not None:
                state = {**state, name.id: binding}
        return state


def _joined(*states: State) -> State:
    alive = [state for state in states if state is not None]
    if not alive:
        return None
    return {text: frozenset().union(*(s[text] for s in alive)) for text in alive[0]}
