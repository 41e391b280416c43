"""Which parameters the helpers of a function hand back, and into which they write."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.alias_facts import HelperOf, once
from knetsrc.transform.analysis.aliases import (
    aliases,
    handed_back,
    outside_handed_back,
    parts_handed_back,
    put_into,
    renewed_attributes,
)
from knetsrc.transform.analysis.handed_out import HandedOut, may_hold_arrays
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.callee import Calls
from knetsrc.transform.functions import Function
from knetsrc.transform.normalize.scopes import bound_names, parameters
from knetsrc.transform.resolve import UNKNOWN


class Effects(NamedTuple):
    """What a helper does with its arguments.

    Attributes
    ----------
    returned
        Parameters that it may hand back, or put into what it hands back.
    written
        Parameters into which it writes.
    put
        Pairs (container, value) of parameters: the value is put into the container.
    copied
        Parameters of which it may hand back a shallow copy, if they are containers.
    is_old
        Whether it may hand back something that lives on outside.
    renewed
        Parameters with attributes that change, and what these hold.
    attributes
        The attributes of the object of a method that change; none where anything of it may.
    outside
        What it hands back that is not of the function, such as `model.TABLE`.
    parts
        For a tuple that it returns: parameters that each part may be or hold.
    within
        Parameters into which it writes more than objects that it puts back.
    """

    returned: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    put: frozenset[tuple[str, str]] = frozenset()
    copied: frozenset[str] = frozenset()
    is_old: bool = False
    renewed: frozenset[str] = frozenset()
    parts: tuple[frozenset[str], ...] = ()
    attributes: frozenset[str] = frozenset()
    outside: tuple[str, ...] = ()
    within: frozenset[str] = frozenset()


class HelperEffects:
    """What is known of the helpers of one generated module."""

    def __init__(
        self,
        calls: Calls,
        helper_call: HelperOf,
        core_of: Callable[[Function], gast.FunctionDef],
    ) -> None:
        self.calls, self.helper_call, self.core_of = calls, helper_call, core_of
        self._known: dict[int, Effects] = {}
        self._final: set[int] = set()
        self._visited: set[int] = set()  # in this round
        self._is_sure = True  # nothing was taken of what the next round may add to

    def of(self, function: Function, key: int) -> Effects:
        """What a function does with its parameters.

        Where functions call each other in a circle, each is looked at once in a round, and there are rounds until nothing is
        added to what they are known to do.
        """
        if key in self._final:
            return self._known[key]
        if key in self._visited:
            self._is_sure = False
            return self._known[key]
        if self._visited:
            self._visit(function, key)
            return self._known[key]
        before = None
        while before != self._known:
            before = dict(self._known)
            self._visited = set()
            self._visit(function, key)
        self._final |= self._visited
        self._visited = set()
        return self._known[key]

    def _visit(self, function: Function, key: int) -> None:
        self._visited.add(key)
        self._known.setdefault(key, Effects())
        was_sure, self._is_sure = self._is_sure, True
        core = self.core_of(function)
        arrays = numeric_names(core, self.calls, known=function.numeric)
        helper_call = once(self.helper_call)
        returned = handed_back(core, arrays, helper_call)
        found = aliases(core, arrays, helper_call, calls=self.calls, outside=self.calls.is_changing)
        written, renewed = found.written_parameters(), frozenset(found.renewed_parameters())
        parts = parts_handed_back(core, arrays, helper_call) if renewed or written else ()
        attributes = renewed_attributes(core, helper_call)
        outside = outside_handed_back(core, arrays, helper_call, self.calls.is_changing)
        put = put_into(core, arrays, helper_call) if written else frozenset()
        copied = handed_back(core, arrays, helper_call, copies_share=True) - returned
        self._known[key] = Effects(
            returned,
            frozenset(written),
            put,
            copied,
            self._is_old(core),
            renewed,
            parts,
            attributes,
            tuple(sorted(outside)),
            frozenset(what for kind, what in found.written_within if kind == "parameter"),
        )
        if self._is_sure:
            self._final.add(key)
        self._is_sure = self._is_sure and was_sure

    def _is_old(self, core: gast.FunctionDef) -> bool:
        """Whether a function may hand back what lives on outside; what a parameter does that is called is not known."""
        local = bound_names(core.body) | set(parameters(core))

        def of_call(call: gast.Call) -> Sequence[tree.Node] | Literal[True] | None:
            found = self.helper_call(call)
            if found is None:
                return True if tree.called_name(call) in local else None
            return True if found.is_old else found.returned

        return HandedOut(core, self._is_outside, of_call).is_returned()

    def _is_outside(self, node: tree.Node) -> bool:
        value = self.calls.outside.resolve(node)
        if value is UNKNOWN and isinstance(node, gast.Attribute):
            return self._is_outside(node.value)
        return value is UNKNOWN or may_hold_arrays(value)
