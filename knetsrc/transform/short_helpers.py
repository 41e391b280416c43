"""Short helpers are written out where they are called, statement by statement.

p = softmax(q @ k.T)        s = q @ k.T
                     ->     e = np.exp(s - np.max(s, axis=-1, keepdims=True))
                            p = e / np.sum(e, axis=-1, keepdims=True)

A pair of functions for such a helper would be longer than the helper, and what it keeps would be packed and unpacked.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.indices import is_of_array
from knetsrc.transform.callee import Helper, Primitive
from knetsrc.transform.functions import Function, bind_call
from knetsrc.transform.inlining import Inlining
from knetsrc.transform.names import Names
from knetsrc.transform.normalize import split_calls

if TYPE_CHECKING:
    from knetsrc.transform.units import Units

_MOST_STATEMENTS = 4  # of one helper, as often as it is called
_MOST_NODES = 120
_MOST_LEVELS = 3
_WITHOUT_ENTRIES = (gast.Tuple, gast.List, gast.Dict, gast.Constant)
_SCOPES = (gast.Lambda, gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)


@dataclass
class ShortHelpers:
    """Rewrites the calls of one function.

    Attributes
    ----------
    inlining
        Tells what is pure.
    depends_in
        Tells for a function whether a part of it depends on what is differentiated.
    filename
        The file of the function: what comes from another one stands where the call stands.
    names
        Names taken; those of helpers are made different from them.
    has_written
        Whether a call of a helper changes its arguments: what stands before it is read before.
    numeric_in
        Names of a function that hold arrays or numbers for sure.
    """

    units: "Units"
    inlining: Inlining
    depends_in: Callable[[gast.FunctionDef], Callable[[tree.Node], bool]]
    filename: str
    names: Names
    has_written: Callable[[gast.Call], bool]
    numeric_in: Callable[[gast.FunctionDef], frozenset[str]]

    def written_out(self, core: gast.FunctionDef) -> gast.FunctionDef:
        """The function without calls of short helpers that depend on what is differentiated."""
        for _ in range(_MOST_LEVELS):
            found = self._short(core)
            if not found:
                break
            core = split_calls(
                core,
                lambda call, found=found: tree.show(call) in found,
                changes=self.has_written,
            )
            self.names.taken |= Names.of(core).taken
            core = tree.rewrite(
                core, {gast.Assign: lambda node, found=found: self._written(node, found)}
            )
        return core

    def _short(self, core: gast.FunctionDef) -> dict[str, Function]:
        """Short helpers of which no more is called than is written out, by the texts of their calls."""
        depends, numeric = self.depends_in(core), functools.cache(lambda: self.numeric_in(core))
        found: dict[str, Function] = {}
        sites: dict[int, int] = {}
        for call in [n for n in tree.walk(core.body) if isinstance(n, gast.Call)]:
            callee = self.units.calls.of(call)
            function = self.units.load_if_possible(callee) if isinstance(callee, Helper) else None
            if not isinstance(callee, Helper) or function is None:
                continue
            sites[id(function.core)] = sites.get(id(function.core), 0) + 1
            bound = bind_call(function, call) if depends(call) else None
            if bound is None or not self._is_short(call, callee, function):
                continue
            if not self._may_take_list(bound, function, numeric):
                found[tree.show(call)] = function
        return {
            text: function
            for text, function in found.items()
            if sites[id(function.core)] * len(function.core.body) <= _MOST_STATEMENTS
        }

    def _is_short(self, call: gast.Call, callee: Helper, function: Function) -> bool:
        body = function.core.body
        if not function.is_plain or function.numeric or len(body) > _MOST_STATEMENTS:
            return False
        if self.units.facts.is_kept(callee.function, function):
            return False
        if not _is_straight(body) or isinstance(body[-1].value, _WITHOUT_ENTRIES):
            return False
        if tree.names_written(body) & set(function.parameters):
            return False
        nodes = list(tree.walk(body))
        is_small = len(nodes) <= _MOST_NODES and not any(isinstance(n, _SCOPES) for n in nodes)
        calls = [n for n in [*tree.walk(call), *nodes] if isinstance(n, gast.Call)]
        return is_small and not any(map(self._has_effect, calls))

    def _may_take_list(
        self, bound: dict[str, tree.Node], function: Function, numeric: Callable[[], frozenset[str]]
    ) -> bool:
        """Whether a pair for the kinds of the arguments would know more: NumPy makes an array of what may be a list."""
        asked = self.units.facts.asked(function) & bound.keys()
        return any(self._may_be_list(bound[p], numeric()) for p in asked)

    def _may_be_list(self, node: tree.Node, numeric: frozenset[str]) -> bool:
        if isinstance(node, gast.Name):
            return node.id not in numeric
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Add | gast.Mult):
            return self._may_be_list(node.left, numeric) and self._may_be_list(node.right, numeric)
        if isinstance(node, gast.BinOp | gast.UnaryOp | gast.Constant):
            return False
        if isinstance(node, gast.Subscript):
            return not is_of_array(node.slice) and self._may_be_list(node.value, numeric)
        return not isinstance(self.units.calls.of(node), Primitive)

    def _has_effect(self, call: gast.Call) -> bool:
        """Whether it matters when, and how often, a call is made."""
        found = self.units.facts.of_call(call)
        is_writing = found is not None and bool(found.written or found.renewed)
        return is_writing or self.inlining.is_impure(call)

    def _written(
        self, node: gast.Assign, found: dict[str, Function]
    ) -> tree.Node | list[tree.Node]:
        is_call = _is_named(node) and isinstance(node.value, gast.Call)
        function = found.get(tree.show(node.value)) if is_call else None
        return node if function is None else self._statements(node, function)

    def _statements(self, node: gast.Assign, function: Function) -> list[tree.Node]:
        """What a call computes, the last of it under the name that the result gets."""
        inner = self.inlining.inlined(self.units.specialized(function), function.place[0])
        bound = bind_call(function, node.value) or {}
        if not _is_straight(inner.body):  # its functions are chosen by `if` statements
            return [node]
        body = inner.body if function.place[0] == self.filename else _without_places(inner.body)
        given, before = self._arguments(body, bound)
        own = tree.names_written(body) - bound.keys()
        body = tree.rename(body, self.names.renaming(own, body))
        *first, last = tree.substitute(body, given)
        return [*before, *first, tree.at(tree.assign(node.targets[0], last.value), node)]

    def _arguments(
        self, body: list[tree.Node], bound: dict[str, tree.Node]
    ) -> tuple[dict[str, tree.Node], list[tree.Node]]:
        """What stands for each parameter, and statements that bind what is computed once for several uses."""
        given: dict[str, tree.Node] = {}
        before: list[tree.Node] = []
        for text, argument in bound.items():
            uses = sum(tree.is_name(n, text) for n in tree.walk(body))
            if uses > 1 and not isinstance(argument, gast.Name | gast.Constant):
                name = self.names.fresh(text)
                before.append(tree.at(tree.assign(name, argument), argument))
                argument = tree.name(name)
            given[text] = argument
        return given, before


def _is_straight(body: list[tree.Node]) -> bool:
    """Whether statements bind names, and the last one returns."""
    *first, last = body
    is_straight = all(isinstance(n, gast.Assign) and _is_named(n) for n in first)
    return is_straight and isinstance(last, gast.Return)


def _is_named(node: gast.Assign) -> bool:
    return len(node.targets) == 1 and isinstance(node.targets[0], gast.Name)


def _without_places(body: list[tree.Node]) -> list[tree.Node]:
    return [tree.without_place(node) for node in body]
