"""What is known of the helpers that a function calls, by what is in them."""

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.analysis.alias_facts import Aliases, HelperCall, once
from knetsrc.transform.analysis.aliases import aliases, renews, writes
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.containers import Kinds, asked_names, container_kinds
from knetsrc.transform.analysis.handed_out import may_hold_arrays
from knetsrc.transform.analysis.holders import Part, holders, parts_given_back
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.analysis.told import NOTHING, Told
from knetsrc.transform.callee import Helper, Record
from knetsrc.transform.classes import is_library, owner_of
from knetsrc.transform.functions import Function, bind_call
from knetsrc.transform.listed import array_operands
from knetsrc.transform.making import Making
from knetsrc.transform.resolve import CHECK

if TYPE_CHECKING:
    from knetsrc.transform.units import Units


@dataclass
class HelperFacts:
    """What is asked of the helpers of one module; each answer is found once."""

    units: "Units"
    _numeric: dict[int, tuple[list[str], frozenset[str]] | None] = field(default_factory=dict)
    _returned: dict[int, str | None] = field(default_factory=dict)
    _given: dict[int, list[tuple[str, bool, bool]]] = field(default_factory=dict)
    _asked: dict[int, set[str]] = field(default_factory=dict)

    def containers(self, core: gast.FunctionDef, given: Mapping[str, str]) -> Kinds:
        """Which names hold lists, tuples or dicts for sure."""
        return container_kinds(core, self.units.outside.resolve, given, self._returned_kind)

    def _returned_kind(self, call: gast.Call) -> str | None:
        """Whether a helper returns a list, tuple or dict, whatever it is called with."""
        callee = self.units.calls.of(call)
        if not isinstance(callee, Helper):
            return None
        key = id(callee.function)
        if key not in self._returned:
            self._returned[key] = None  # what a recursive call returns is not known
            function = self.units.load_if_possible(callee)  # an error is that of its reversal
            if function is not None:
                core = function.core
                self._returned[key] = self.containers(core, {}).of(core.body[-1].value)
        return self._returned[key]

    def asked(self, function: Function) -> set[str]:
        """Parameters of which the reversal would like to know whether they are lists, tuples or dicts."""
        key = id(function.core)
        if key not in self._asked:
            self._asked[key] = set()  # a recursive call asks for nothing more
            names = asked_names(function.core, self._asked_of_call)
            self._asked[key] = names & set(function.parameters)
        return self._asked[key]

    def _asked_of_call(self, call: gast.Call) -> list[tree.Node]:
        callee = self.units.calls.of(call)
        if not isinstance(callee, Helper):
            return array_operands(call, self.units.calls)
        function = self.units.load_if_possible(callee)
        bound = bind_call(function, call) if function is not None else None
        if function is None or bound is None:
            return []
        return [bound[p] for p in self.asked(function) if p in bound]

    def kinds(self, callee: Helper) -> tuple[list[str], frozenset[str]] | None:
        """Parameters of a helper, and those that hold arrays or numbers for sure."""
        key = id(callee.function)
        if key not in self._numeric:
            self._numeric[key] = None
            function = self.units.load_if_possible(callee)
            if function is not None:
                numeric = numeric_names(
                    function.core, self.units.calls, self.kinds, function.numeric
                )
                self._numeric[key] = (function.parameters, numeric)
        return self._numeric[key]

    def aliases(
        self,
        core: gast.FunctionDef,
        at_end: frozenset[str] = frozenset(),
        known: frozenset[str] = frozenset(),
        given: Mapping[str, str] = MappingProxyType({}),
        copies_share: bool = False,
        told: Told = NOTHING,
        objects: frozenset[str] = frozenset(),
    ) -> Aliases:
        """What a function may share at its writes; `known` arrays and numbers, `given` lists, tuples and dicts, `told` of a call."""
        of_call = once(self.of_call)
        is_renewing = renews(core, of_call)
        if not is_renewing and not writes(core, of_call):
            return Aliases()
        calls = self.units.calls.within(self.containers(core, given))
        arrays = numeric_names(core, calls, self.kinds, known)
        picking = self.units.picking
        outside = self.units.calls.is_changing if is_renewing else None
        return aliases(
            core, arrays, of_call, at_end, copies_share, told, calls, picking, outside, objects
        )

    def given_back(self, call: gast.Call) -> tree.Node | None:
        """What of its arguments a helper gives back, where that is a view of one of them for sure."""
        callee = self.units.calls.of(call)
        function = self.units.load_if_possible(callee) if isinstance(callee, Helper) else None
        bound = bind_call(function, call) if function is not None else None
        if function is None or bound is None:
            return None
        value, read = function.core.body[-1].value, tree.names_read(function.core.body[-1])
        is_given = base_of(value) in bound and read <= bound.keys()
        if not is_given or read & tree.names_written(function.core.body):
            return None
        return tree.substitute(value, bound)

    def lists_given_back(self, call: gast.Call) -> list[Part]:
        """What a call gives back of the containers that it is handed: a helper what its text says, an object what it was made of."""
        callee = self.units.calls.of(call)
        if not isinstance(callee, Helper):
            made = self.units.outside.resolve(call.func)
            every = [*call.args, *(k.value for k in call.keywords)]
            is_object = isinstance(made, type) and not is_library(made)
            return [Part(a, False, True) for a in every] if is_object else []
        function = self.units.load_if_possible(callee)
        bound = bind_call(function, call) if function is not None else None
        if function is None or bound is None:
            return []
        key = id(callee.function)
        if key not in self._given:
            self._given[key], before = [], None
            while self._given[key] != before:  # what a recursive call gives back is found by and by
                before = self._given[key]
                self._given[key] = parts_given_back(function.core, self.lists_given_back)
        return [Part(bound[p], *how) for p, *how in self._given[key] if p in bound]

    def held_where_grown(self, core: gast.FunctionDef) -> dict[int, frozenset[str]]:
        """By statement that appends: names of what has the list inside, or is it."""
        return holders(core, self.lists_given_back)

    def written_by(self, call: gast.Call, callee: Helper) -> frozenset[str]:
        """Parameters of a helper into which it writes."""
        function = self.units.load_at(call, callee)
        return self.units.helper_effects.of(function, id(callee.function)).written

    def _is_all_given(self, call: gast.Call, record: Record) -> bool:
        """Whether no part of a record is a default that is or holds an array or a container, which lives on outside."""
        kind = self.units.outside.resolve(call.func)
        given = inspect.signature(kind).parameters.values()
        defaults = [p.default for p in given if p.default is not p.empty]
        return len(given) == len(record.fields) or not any(map(may_hold_arrays, defaults))

    def is_kept(self, called: Any, function: Function) -> bool:
        """Whether what a call gives is kept for the next one, by `functools.cache` or a cached property."""
        marks = [getattr(d, "func", d) for d in function.core.decorator_list]
        kept = (functools.cache, functools.lru_cache)
        if hasattr(called, "cache_info") or any(
            self.units.outside.resolve(mark) in kept for mark in marks
        ):
            return True
        if function.source is None or function.is_loop:
            return False
        plain = function.source.function
        place = owner_of(plain) or inspect.getmodule(plain)
        member = vars(place).get(plain.__name__) if place is not None else None
        return isinstance(member, functools.cached_property) or hasattr(member, "cache_info")

    def of_call(self, call: gast.Call) -> HelperCall | None:
        callee = self.units.calls.of(call)
        if isinstance(callee, Record) and self._is_all_given(call, callee):
            return HelperCall(list(callee.fields.values()), [], [], is_record=True)
        if not isinstance(callee, Helper):
            return None
        try:
            function = self.units.load(callee.function)
        except KnetsrcError:  # it says so where it is differentiated
            return None
        bound = bind_call(function, call)
        checks = [n for n in tree.walk(function.core.body) if tree.called_name(n) == CHECK]
        checked = [(n.args[0].id, n.args[1]) for n in checks]
        effects = self.units.helper_effects.of(function, id(callee.function))
        is_method = "__self__" in function.classes and not isinstance(callee.function, Making)
        receiver = next(iter(function.parameters), "") if is_method else ""
        is_kept = self.is_kept(callee.function, function)
        if bound is None:
            every = [*call.args, *(k.value for k in call.keywords)]
            written = every if effects.written else []
            renewed = [(a, frozenset[str]()) for a in every] if effects.renewed else []
            is_old = effects.is_old or is_kept
            return HelperCall(every, written, [], is_old=is_old, renewed=renewed)
        return HelperCall(
            [a for p, a in bound.items() if p in effects.returned],
            [a for p, a in bound.items() if p in effects.written],
            [(bound[p], text) for p, text in checked if p in bound],
            function.is_checkpoint,
            [(bound[p], bound[q]) for p, q in sorted(effects.put) if p in bound and q in bound],
            [a for p, a in bound.items() if p in effects.copied],
            is_old=effects.is_old or is_kept,
            renewed=[
                (a, effects.attributes if p == receiver else frozenset())
                for p, a in bound.items()
                if p in effects.renewed
            ],
            parts=[[a for p, a in bound.items() if p in part] for part in effects.parts],
            outside=[tree.parse_expression(text) for text in effects.outside],
            own=[
                a
                for p, a in bound.items()
                if p in function.own_lists - effects.within and tree.is_name(a)
            ],
        )
