"""Brings a function into the form that is reversed: one rewriting after the other, with what is known in between."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import gast
import numpy as np

from knetsrc.transform import prepare, rebound, tree
from knetsrc.transform.again import drawn_together
from knetsrc.transform.analysis.activity import active_names, differentiable_names, varied_names
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.analysis.held import loops_that_write
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.analysis.shifts import idle_shifts
from knetsrc.transform.analysis.stores import stored_names
from knetsrc.transform.attributes import (
    changed_objects,
    guard_attributes,
    guard_objects,
)
from knetsrc.transform.callee import Calls, Helper, Primitive, Unknown
from knetsrc.transform.changes import marks_beside_calls, name_arguments
from knetsrc.transform.complex_numbers import refuse_complex
from knetsrc.transform.context_writes import refuse_changing
from knetsrc.transform.contexts import guard_contexts
from knetsrc.transform.copies import check_copies
from knetsrc.transform.exchange import pool_first
from knetsrc.transform.field_checks import without_idle_checks
from knetsrc.transform.functions import Function, bind_call
from knetsrc.transform.helper_facts import HelperFacts
from knetsrc.transform.index_sums import unfold_index_sums
from knetsrc.transform.inlining import Inlining
from knetsrc.transform.iterators import lists_of_iterators, lists_of_views, place_iterators
from knetsrc.transform.listed import lists_as_arrays
from knetsrc.transform.literals import Literals
from knetsrc.transform.lost_writes import LostWrites
from knetsrc.transform.member_checks import has_member_checks, without_idle_member_checks
from knetsrc.transform.method_options import options_of_functions
from knetsrc.transform.names import Names
from knetsrc.transform.normalize import index_loops, split_calls, unfold_gets
from knetsrc.transform.normalize.loop_keys import through_keys
from knetsrc.transform.outside_reads import outside_reads
from knetsrc.transform.results import bind_result, split_aux
from knetsrc.transform.short_helpers import ShortHelpers
from knetsrc.transform.stateful import refuse_unknown_methods
from knetsrc.transform.tries import structure_tries
from knetsrc.transform.truncation import check_truncation
from knetsrc.transform.unnamed import name_what_changes
from knetsrc.transform.views import through_views
from knetsrc.transform.writes import guard_writes, refuse_seen_appends

if TYPE_CHECKING:
    from knetsrc.transform.units import Units

_TUPLE_VALUED = frozenset(
    {
        "svd",
        "eigh",
        "qr",
        "slogdet",
        "lstsq",
        "modf",
        "frexp",
        "divmod",
        "pool_with_winners",
    }
)


@dataclass
class Preparing:
    """The rewritings of one function, given the others of its module."""

    units: "Units"

    @property
    def facts(self) -> HelperFacts:
        return self.units.facts

    def prepared(
        self,
        function: Function,
        wrt: set[str],
        has_aux: bool = False,
        at_end: frozenset[str] = frozenset(),
    ) -> tuple[gast.FunctionDef, Calls, frozenset[str], Names]:
        """The function ready for reversal, its calls, its active names, and the names that it uses.

        What `at_end` names is read by the caller after the call.
        """
        names = Names(self.units.names.taken)
        names.taken |= Names.of(function.core).taken
        placed = replace(function, core=place_iterators(function.core, self.units.outside))
        core = self.units.specialized(placed)
        changed = changed_objects(core, self._is_method) if self._is_main(function) else []
        inlining, file = Inlining(self.units, self._writes), function.place[0]
        core = inlining.inlined(core, file)
        names.taken |= Names.of(core).taken
        short = ShortHelpers(
            self.units, inlining, lambda f: self._depends(f, wrt), file, names, self._has_written,
            lambda f: self._numeric(f, self._calls_in(f, function), function),
        )  # fmt: skip
        core = short.written_out(core)
        depends = self._depends(core, wrt)
        core = Literals(self.units).written_out(core, depends)
        core = unfold_index_sums(core, self.units.outside, depends, self.units.spell, names.fresh)
        core = self._with_lists_of_views(core, wrt, function)
        core = pool_first(core, self.units.calls)
        core = unfold_gets(core, lambda call: self._is_active_get(call, core, wrt))
        core = rebound.rename_rebound(core, names)
        core = rebound.rename_in_loops(core, names)
        core = rebound.rename_in_blocks(core, names)
        kinds = self.facts.containers(core, function.kinds)
        calls, module = self.units.calls.within(kinds), self.units.outside.module(np)
        outside = self.units.outside
        if outside.checks_fields or (outside.members and has_member_checks(core, calls)):
            numeric = self._numeric(core, calls, function)
            core = without_idle_checks(core, calls, numeric)
            core = without_idle_member_checks(core, calls, numeric)
        core = lists_as_arrays(core, calls, module, function.told.lists)
        active = active_names(core, self.units.calls, wrt, at_end)
        core = options_of_functions(core, calls, active, function.numeric_in(core))
        core = through_keys(core, lambda node: tree.is_name(node) and kinds.of(node) == "dict")
        core = self._with_named_indices(core)
        core = self._through_views(core, names, at_end, function)
        depends, written = self._depends(core, wrt), loops_that_write(core)
        core = index_loops(
            core,
            lambda node: depends(node) or bool(tree.names_read(node) & written),
            self.units.helper_name,
            self._writes,
        )
        core = lists_of_iterators(core, self.units.calls, self._depends(core, wrt))
        core = self._through_views(core, names, at_end, function)
        core = self._with_flags(core, function, names, wrt)
        depends = self._depends(core, wrt)
        drawn = drawn_together(core, self.units)
        core = split_calls(
            core,
            lambda call: tree.show(call) in drawn or self._stands_alone(call, depends),
            changes=self._has_written,
        )
        core = name_arguments(core, self._has_written, self._arguments_of, names)
        core = name_what_changes(
            core, self._aliases(core, at_end, function), self.units.calls, names
        )
        core = tree.clone(self._through_views(core, names, at_end, function))
        refuse_seen_appends(core, self.facts.held_where_grown(core))
        core = self._with_checked_copies(core, at_end, function)
        core = guard_writes(
            core,
            self._aliases(core, at_end, function),
            self.units.spell,
            self.facts.given_back,
            self.units.picking,
        )
        found, is_main = self._aliases_of_objects(core, function), self._is_main(function)
        own_lists = list(self.units.own_lists) if is_main else []
        renewed = found.renewed_parameters() if is_main else []
        others = self._read_outside(function, [*changed, *own_lists, *renewed])
        core = guard_attributes(core, found, self.units.spell, others if renewed else [])
        core = guard_objects(core, changed, own_lists, self.units.spell, others)
        core = split_aux(core, names, self.units.spell) if has_aux else core
        core = bind_result(core, names)
        core = self._unpacked(core, names)
        active = active_names(core, self.units.calls, wrt, at_end)
        core = self.units.with_checked_calls(core, active)
        refuse_unknown_methods(core, self.units.calls, active, self._depends(core, wrt))
        refuse_complex(core, self.units.calls, active)
        LostWrites(
            self.units.calls,
            lambda f, of: varied_names(f, self.units.calls, of, self.units._flows_of_calls(f)),
            self.units.load_if_possible,
        ).refuse(core, wrt)
        core = check_truncation(core, self.units.calls, active, wrt, self.units.spell)
        core = marks_beside_calls(core, self._is_check)
        core = prepare.bind_loop_targets(core, names, active)
        core = prepare.keep_headers(core, names, active)
        core = prepare.flatten_breaks(core, names, active)
        core = prepare.count_trips(core, names, active)
        core = prepare.keep_tests(core, names, active)
        refuse_changing(core, self.units.changing_contexts(placed), active)
        core = guard_contexts(core, self.units.outside.resolve, self.units.spell)
        names.taken |= Names.of(core).taken
        calls = self._calls_in(core, function)
        numeric = self._numeric(core, calls, function)
        calls.shifts = idle_shifts(core, calls, numeric, function.told)
        return core, calls, active_names(core, calls, wrt, at_end), names

    def _calls_in(self, core: gast.FunctionDef, function: Function) -> Calls:
        """What tells the calls in a form of a function apart."""
        return self.units.calls.within(self.facts.containers(core, function.kinds))

    def _numeric(self, core: gast.FunctionDef, calls: Calls, function: Function) -> frozenset[str]:
        """Names that hold arrays or numbers for sure, in a form of a function."""
        return numeric_names(core, calls, self.facts.kinds, function.numeric_in(core))

    def _read_outside(self, function: Function, changed: list[str]) -> list[tree.Node]:
        """What a function and those that it calls read from outside, if something changes that this may be or hold."""
        reached = self.units.hidden_updates.reached(function) if changed else ()
        return [r.node for r in outside_reads((f.core for f in reached), self.units.outside)]

    def _is_main(self, function: Function) -> bool:
        """Whether a function is the one that the user handed in."""
        is_read = function.source is not None and function.source is self.units.outside.main
        return is_read and function.name not in self.units.calls.local

    def _is_check(self, node: tree.Node) -> bool:
        """Whether a statement is a check of the generated module."""
        text = tree.called_name(node.value) if isinstance(node, gast.Expr) else None
        return text is not None and text.startswith("check_") and text not in self.units.calls.local

    def _is_method(self, call: gast.Call) -> bool:
        callee = self.units.calls.of(call)
        found = self.units.load_if_possible(callee) if isinstance(callee, Helper) else None
        return found is not None and "__self__" in found.classes

    def _with_lists_of_views(
        self, core: gast.FunctionDef, wrt: set[str], function: Function
    ) -> gast.FunctionDef:
        def others() -> set[str]:
            kinds = self.facts.containers(core, function.kinds)
            calls = self.units.calls.within(kinds)
            numeric = self._numeric(core, calls, function)
            names = tree.names_written(core.body) | set(function.parameters)
            lists = {n for n in names if kinds.of(tree.name(n)) in ("list", "tuple")}
            return set(numeric) | lists

        depends = self._depends(core, wrt)
        return lists_of_views(core, self.units.calls, depends, self._has_written, others)

    def _with_flags(
        self, core: gast.FunctionDef, function: Function, names: Names, wrt: set[str]
    ) -> gast.FunctionDef:
        """The function with a flag for each `try`, see `tries`."""

        def outline(body: list[tree.Node], parameters: list[str], results: list[str]) -> str:
            text = self.units.names.fresh(f"{function.name}_attempt")
            values = [tree.name(n) for n in results] or [tree.constant(None)]
            value = tree.tuple_of(values) if len(values) > 1 else values[0]
            made = tree.function_def(text, parameters, [*body, tree.return_(value)])
            self.units.calls.local[text] = Function(text, tree.at(made, body[0]), function.source)
            return text

        return structure_tries(core, names, self._depends(core, wrt), outline, self._has_written)

    def _has_written(self, call: gast.Call) -> bool:
        """Whether a call of a helper changes its arguments."""
        found = self.facts.of_call(call)
        return found is not None and bool(found.written)

    def _with_named_indices(self, core: gast.FunctionDef) -> gast.FunctionDef:
        """The function without calls in indices that write: what is read at such an index is read, and written to, more often."""
        indices = [n.slice for n in tree.walk(core) if isinstance(n, gast.Subscript)]
        calls = [n for n in tree.walk(indices) if isinstance(n, gast.Call)]
        if not any(map(self._has_written, calls)):
            return core
        return split_calls(core, self._has_written, changes=self._has_written)

    def _writes(self, body: list[tree.Node]) -> bool:
        """Whether statements change arrays or containers, lists that grow left out."""
        calls = [n for n in tree.walk(body) if isinstance(n, gast.Call)]
        return bool(stored_names(body)) or any(map(self._has_written, calls))

    def _unpacked(self, core: gast.FunctionDef, names: Names) -> gast.FunctionDef:
        """Calls that give an array or a list where it is taken apart: by entries, not as a tuple."""

        def split(node: gast.Assign) -> list[tree.Node] | tree.Node:
            target = node.targets[0]
            if not isinstance(target, gast.Tuple) or self._gives_tuple(
                node.value, len(target.elts)
            ):
                return node
            parts = names.fresh("parts")
            entries = [
                tree.subscript(tree.name(parts), tree.constant(i)) for i in range(len(target.elts))
            ]
            values = [tree.assign(t, e) for t, e in zip(target.elts, entries, strict=True)]
            return [tree.assign(parts, node.value), *values]

        return tree.rewrite(core, {gast.Assign: split})

    def _gives_tuple(self, call: tree.Node, length: int) -> bool:
        callee = self.units.calls.of(call)
        if isinstance(callee, Helper):
            function = self.units.load_if_possible(callee)
            if function is None:
                return True
            value = function.core.body[-1].value
            return isinstance(value, gast.Tuple) and len(value.elts) == length
        if isinstance(callee, Primitive):
            return getattr(callee.rule.primitives[0], "__name__", "") in _TUPLE_VALUED
        return True

    def _depends(self, core: gast.FunctionDef, wrt: set[str]) -> Callable[[tree.Node], bool]:
        """Whether a part of a function depends on the parameters `wrt`."""
        varied = functools.cache(
            lambda: varied_names(core, self.units.calls, wrt, self.units._flows_of_calls(core))
        )
        return lambda node: bool(differentiable_names(node, self.units.calls) & varied())

    def _is_active_get(self, call: gast.Call, core: gast.FunctionDef, wrt: set[str]) -> bool:
        is_get = (
            isinstance(call.func, gast.Attribute) and call.func.attr == "get" and bool(call.args)
        )
        is_method = is_get and isinstance(self.units.calls.of(call), Unknown)
        return is_method and bool(
            differentiable_names(call, self.units.calls) & varied_names(core, self.units.calls, wrt)
        )

    def _stands_alone(self, call: tree.Node, depends: Callable[[tree.Node], bool]) -> bool:
        """Whether a call is to be a statement of its own: the backward part needs more than its value."""
        callee = self.units.calls.of(call)
        if isinstance(callee, Primitive) and callee.rule.keeping is not None:
            return depends(call)
        if not isinstance(callee, Helper) or not (depends(call) or self._has_written(call)):
            return False
        self.units.load_at(call, callee)
        return True

    def _arguments_of(self, call: gast.Call) -> dict[str, tree.Node]:
        callee = self.units.calls.of(call)
        function = self.units.load_if_possible(callee) if isinstance(callee, Helper) else None
        return (bind_call(function, call) or {}) if function is not None else {}

    def _with_checked_copies(
        self, core: gast.FunctionDef, at_end: frozenset[str], function: Function
    ) -> gast.FunctionDef:
        known, kinds = function.numeric_in(core), function.kinds
        found = self.facts.aliases(core, at_end, known, kinds, copies_share=True)
        return check_copies(core, found, self.units.spell) if found.copied else core

    def _through_views(
        self, core: gast.FunctionDef, names: Names, at_end: frozenset[str], function: Function
    ) -> gast.FunctionDef:
        found = self._aliases(core, at_end, function)
        spell, given_back = self.units.spell, self.facts.given_back
        return through_views(core, found, names, spell, given_back, self.units.picking)

    def _aliases_of_objects(self, core: gast.FunctionDef, function: Function) -> Aliases:
        """The same for what attributes hold; objects that the user hands over may hold what other arguments are."""
        is_main = function.source is self.units.outside.main
        objects = frozenset(function.classes) & set(function.parameters) if is_main else frozenset()
        known, kinds = function.numeric_in(core), function.kinds
        return self.facts.aliases(
            core, frozenset(), known, kinds, told=function.told, objects=objects
        )

    def _aliases(
        self, core: gast.FunctionDef, at_end: frozenset[str], function: Function
    ) -> Aliases:
        known, kinds = function.numeric_in(core), function.kinds
        return self.facts.aliases(core, at_end, known, kinds, told=function.told)
