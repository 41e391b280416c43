"""Which names hold a list that grows: stand for it, or for something that has it inside.

ys = xs if c else []     ys may stand for xs
pair = (xs, 1.0)         pair has xs inside
first = pair[0]          first may stand for xs
n = total(xs)            nothing, if `total` hands nothing of its argument back
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to
from knetsrc.transform.functions import parameter_names

Names = frozenset[str]  # of lists: each goes by the name that it has
NONE: Names = frozenset()


class Held(NamedTuple):
    """The lists that a value may be, and those that it may have inside, at any depth."""

    same: Names = NONE
    inside: Names = NONE

    def __or__(self, other: "Held") -> "Held":  # type: ignore[override]
        return Held(self.same | other.same, self.inside | other.inside)


class Part(NamedTuple):
    """What a call gives back of an argument: the argument or an element of it, as it is or inside of something."""

    argument: tree.Node
    is_element: bool
    is_inside: bool


HandedBack = Callable[[gast.Call], list[Part]]
State = dict[str, Held]
_COPIES = frozenset(
    {"list", "tuple", "sorted", "set", "dict", "zip", "enumerate", "reversed", "iter"}
)
_PICKS = frozenset({"max", "min", "next"})
_OF_ENTRIES = frozenset({"get", "pop", "setdefault"})
_OF_ALL = frozenset({"copy", "values", "items"})


def holders(function: gast.FunctionDef, handed_back: HandedBack) -> dict[int, Names]:
    """By statement that appends (`id` of its node): names other than the list's own that hold it.

    Parameters
    ----------
    function
        A function in the core language.
    handed_back
        What a call may give back of its arguments.
    """
    walk = _Holders(handed_back)
    walk.block(function.body, {})
    return walk.found


def parts_given_back(
    function: gast.FunctionDef, handed_back: HandedBack
) -> list[tuple[str, bool, bool]]:
    """What a function may give back of its parameters, as in `Part`."""
    names = parameter_names(function.args)
    elements = {n: f"{n}[...]" for n in names}
    walk = _Holders(handed_back)
    start = {n: Held(NONE, frozenset({elements[n]})) for n in names}
    held = walk.value(function.body[-1].value, walk.block(function.body[:-1], start))
    return [
        (n, token != n, is_inside)
        for tokens, is_inside in ((held.same, False), (held.inside, True))
        for n in names
        for token in (n, elements[n])
        if token in tokens
    ]


@dataclass
class _Holders:
    """The statements of a function in their order; loops until nothing is added."""

    handed_back: HandedBack
    found: dict[int, Names] = field(default_factory=dict)

    # --- statements ---
    def block(self, body: Iterable[Any], state: State) -> State:
        for node in body:
            state = self.statement(node, state)
        return state

    def statement(self, node: Any, state: State) -> State:
        if isinstance(node, gast.If):
            return _joined([self.block(node.body, state), self.block(node.orelse, state)])
        if isinstance(node, gast.For | gast.While):
            return self._loop(node, state)
        if isinstance(node, gast.With):
            return self.block(node.body, state)
        if isinstance(node, gast.Try):
            ran = _joined([state, self.block(node.body, state)])
            ends = [self.block(h.body, ran) for h in node.handlers]
            ends.append(self.block(node.orelse, ran))
            return self.block(node.finalbody, _joined(ends))
        if isinstance(node, gast.Assign):
            return self._assigned(node.targets[0], node.value, state)
        if (text := appended_to(node)) is not None:
            self.found[id(node)] = self.found.get(id(node), NONE) | _holding(text, state)
            return self._put(text, self.value(node.value.args[0], state), state)
        return state

    def _loop(self, node: Any, state: State) -> State:
        while True:
            start = state
            if isinstance(node, gast.For):
                inside = self.value(node.iter, state).inside
                start = _bound(node.target, Held(inside, inside), state)
            after = _joined([state, self.block(node.body, start)])
            if after == state:
                return after
            state = after

    def _assigned(self, target: Any, value: Any, state: State) -> State:
        held = self.value(value, state)
        if isinstance(target, gast.Subscript | gast.Attribute):
            while isinstance(target, gast.Subscript | gast.Attribute):
                target = target.value
            return self._put(target.id, held, state) if isinstance(target, gast.Name) else state
        if isinstance(target, gast.Name):
            return _bound(target, held, state)
        if isinstance(value, gast.Tuple) and len(value.elts) == len(target.elts):
            values = [self.value(v, state) for v in value.elts]
            for part, each in zip(target.elts, values, strict=True):
                state = _bound(part, each, state)
            return state
        return _bound(target, Held(held.inside, held.inside), state)

    def _put(self, text: str, held: Held, state: State) -> State:
        """What a container has inside, under each name that it may have."""
        if not held.same and not held.inside:
            return state
        names = {text} | state.get(text, Held()).same
        added = Held(NONE, held.same | held.inside)
        return state | {n: state.get(n, Held()) | added for n in names}

    # --- expressions ---
    def value(self, node: Any, state: State) -> Held:
        if isinstance(node, gast.Name):
            held = state.get(node.id, Held())
            return Held(held.same | {node.id}, held.inside)
        if isinstance(node, gast.Call):
            return self._called(node, state)
        parts = [self.value(n, state) for n in _parts(node)]
        together = Held(
            NONE.union(*(p.same for p in parts)), NONE.union(*(p.inside for p in parts))
        )
        if isinstance(node, gast.IfExp | gast.BoolOp | gast.NamedExpr):
            return together
        if isinstance(node, gast.Subscript) and not isinstance(node.slice, gast.Slice):
            return Held(together.inside, together.inside)
        if isinstance(node, gast.Attribute):
            return Held(together.inside, together.inside)
        if isinstance(node, gast.Tuple | gast.List | gast.Dict | gast.Set):
            return Held(NONE, together.same | together.inside)
        return Held(NONE, together.inside)

    def _called(self, node: gast.Call, state: State) -> Held:
        values = [self.value(a, state) for a in node.args]
        named = [self.value(k.value, state) for k in node.keywords]
        text, method = tree.called_name(node), getattr(node.func, "attr", "")
        if text in _COPIES:
            given = [*(h.inside for h in values), *(h.same | h.inside for h in named)]
            return Held(NONE, NONE.union(*given))
        if text in _PICKS:
            inside = NONE.union(*(h.inside for h in values))
            return Held(inside.union(*(h.same for h in values if len(values) > 1)), inside)
        if isinstance(node.func, gast.Attribute) and method in _OF_ENTRIES | _OF_ALL:
            held = self.value(node.func.value, state)
            inside = held.inside.union(*(h.same | h.inside for h in values))
            return Held(inside if method in _OF_ENTRIES else NONE, inside)
        found = Held()
        for argument, is_element, is_inside in self.handed_back(node):
            held = self.value(argument, state)
            held = Held(held.inside, held.inside) if is_element else held
            found |= Held(NONE, held.same | held.inside) if is_inside else held
        return found


def _parts(node: Any) -> list[Any]:
    """The parts of an expression of which its value may hold something."""
    if isinstance(node, gast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, gast.BoolOp):
        return list(node.values)
    if isinstance(node, gast.Tuple | gast.List | gast.Set):
        return list(node.elts)
    if isinstance(node, gast.Dict):
        return list(node.values)
    if isinstance(node, gast.BinOp):
        return [node.left, node.right]
    is_part = isinstance(node, gast.Subscript | gast.Attribute | gast.Starred | gast.NamedExpr)
    return [node.value] if is_part else []


def _holding(text: str, state: State) -> Names:
    """Names that hold the list of a name, or a list that it may be."""
    lists = {text} | state.get(text, Held()).same
    found = {n for n, held in state.items() if lists & (held.same | held.inside)}
    return frozenset((found | lists) - {text})


def _bound(target: Any, held: Held, state: State) -> State:
    """The state after names are bound; what their lists were goes on under the other names that it has."""
    names = tree.names_written(target)
    others = {t: {n for n, h in state.items() if t in h.same} - names for t in names}

    def renamed(tokens: Names, text: str) -> Names:
        return (tokens - names).union(*(others[t] - {text} for t in tokens & names))

    new = dict.fromkeys(names, Held(renamed(held.same, ""), renamed(held.inside, "")))
    kept = {n: Held(renamed(h.same, n), renamed(h.inside, n)) for n, h in state.items()}
    return kept | new


def _joined(states: list[State]) -> State:
    names = set().union(*states)
    together: State = {}
    for n in names:
        held = Held()
        for state in states:
            held |= state.get(n, Held())
        together[n] = held
    return together
