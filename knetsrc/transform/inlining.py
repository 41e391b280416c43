"""Calls of helpers that only return an expression, replaced by it.

y = scaled(np.exp(x), k)        y = np.exp(x) * k

The arguments are computed where their parameters stood: it must make no difference when, and how often, this is done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gast

from knetsrc.transform import tree
from knetsrc.transform.callee import Helper, Primitive, Record
from knetsrc.transform.functions import Function, bind_call
from knetsrc.transform.normalize.effects import is_impure_call
from knetsrc.transform.resolve import CHECK

if TYPE_CHECKING:
    from knetsrc.transform.units import Units

_MOST_NODES = 24
_MOST_LEVELS = 8


@dataclass
class Inlining:
    """Replaces such calls.

    Attributes
    ----------
    writes
        Whether statements change arrays or containers.
    """

    units: "Units"
    writes: Callable[[list[tree.Node]], bool]

    def inlined(
        self,
        core: gast.FunctionDef,
        filename: str,
        within: frozenset[str] = frozenset(),
        is_writing: bool = False,
    ) -> gast.FunctionDef:
        """A function without such calls.

        What comes from another file than `filename` stands where the call stands: a line of that file would mislead.
        Where something is written, what a cache keeps stays the result of a call: the write is one into the cache.
        """
        is_writing = is_writing or self.writes(core.body)

        def replace(node: gast.Call) -> tree.Node:
            callee = self.units.calls.of(node)
            if not isinstance(callee, Helper) or callee.name in within:
                return node
            function = self.units.load_if_possible(callee)
            if function is None or function.is_checkpoint or len(within) > _MOST_LEVELS:
                return node
            if is_writing and self.units.facts.is_kept(callee.function, function):
                return node
            bound = bind_call(function, node)
            if bound is None or not self._may_inline(function, bound):
                return node
            file = function.place[0]
            inner = self.units.specialized(function)
            inner = self.inlined(inner, file, within | {callee.name}, is_writing)
            if len(inner.body) != 1:  # its functions are chosen by `if` statements
                return node
            value = inner.body[0].value
            return tree.substitute(value if file == filename else tree.without_place(value), bound)

        return tree.rewrite(core, {gast.Call: replace})

    def _may_inline(self, function: Function, bound: dict[str, tree.Node]) -> bool:
        body = function.core.body
        if len(body) != 1 or not isinstance(body[0], gast.Return):
            return False
        value = body[0].value
        return (
            _is_short(value)
            and not _is_repeated(value, bound)
            and not self._depends_on_order(value, bound)
        )

    def _depends_on_order(self, value: tree.Node, bound: dict[str, tree.Node]) -> bool:
        """Whether it matters that each argument is computed once, before the body of a function and in this order."""
        computed = {p: a for p, a in bound.items() if not isinstance(a, gast.Name | gast.Constant)}
        calls = _calls_in([*computed.values(), value])
        found = self.units.facts.of_call
        if any((effects := found(call)) is not None and effects.written for call in calls):
            return bool(computed)
        impure = [p for p, a in computed.items() if any(map(self.is_impure, _calls_in([a])))]
        if not impure:
            return False
        uses = sum(tree.is_name(n, impure[0]) for n in tree.walk(value))
        return uses != 1 or len(impure) > 1 or any(map(self.is_impure, _calls_in([value])))

    def is_impure(self, call: gast.Call, around: frozenset[int] = frozenset()) -> bool:
        """Whether a call draws a number, takes an element, prints, or finds out what an update in place changes."""
        if tree.called_name(call) == CHECK:
            return True
        callee = self.units.calls.of(call)
        if isinstance(callee, Helper):
            function = self.units.load_if_possible(callee)
            if function is None:
                return True
            key = id(function.core)
            inner = _calls_in(function.core.body) if key not in around else []
            return any(self.is_impure(n, around | {key}) for n in inner)
        if isinstance(callee, Primitive):
            return not callee.rule.is_pure
        return not isinstance(callee, Record) and is_impure_call(call)


def _calls_in(nodes: list[tree.Node]) -> list[gast.Call]:
    return [n for n in tree.walk(nodes) if isinstance(n, gast.Call)]


def _is_short(value: tree.Node) -> bool:
    is_display = isinstance(value, gast.Tuple | gast.List | gast.Dict)
    return not is_display and sum(1 for _ in tree.walk(value)) <= _MOST_NODES


def _is_repeated(value: tree.Node, bound: dict[str, tree.Node]) -> bool:
    """Whether an argument that is computed would be so twice."""
    for text, argument in bound.items():
        uses = sum(tree.is_name(n, text) for n in tree.walk(value))
        if uses > 1 and not isinstance(argument, gast.Name | gast.Constant):
            return True
    return False
