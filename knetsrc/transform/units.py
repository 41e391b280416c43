"""The functions of one generated module: that of the user, and a pair `g_forward`, `g_backward` for each helper it calls."""

import functools
import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import gast
import numpy as np

from knetsrc.checkpoints import is_checkpoint
from knetsrc.errors import KnetsrcError, UnsupportedAliasError
from knetsrc.objects import Plain
from knetsrc.transform import tree
from knetsrc.transform.adjoint_fields import fields_as_entries
from knetsrc.transform.again import has_checkpoint
from knetsrc.transform.analysis.activity import differentiable_names
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.containers import container_kinds
from knetsrc.transform.analysis.helper_effects import HelperEffects
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.analysis.stores import stored_names
from knetsrc.transform.analysis.told import NOTHING, Told, told_by
from knetsrc.transform.attribute_aliases import through_attributes
from knetsrc.transform.attributes import guard_attributes
from knetsrc.transform.callee import Called, Calls, Helper
from knetsrc.transform.classes import is_users_class, method_object, with_plain_attributes
from knetsrc.transform.context_writes import Position, changing_contexts
from knetsrc.transform.counted_pops import count_pops
from knetsrc.transform.default_dicts import plain_dicts
from knetsrc.transform.deques import plain_queues
from knetsrc.transform.functions import (
    Function,
    bind_call,
    known_classes,
    located,
    with_defaults,
    with_kinds,
    with_stars,
    without_stars,
)
from knetsrc.transform.generators import unfold_contexts
from knetsrc.transform.giving import calls_giving
from knetsrc.transform.helper_facts import HelperFacts
from knetsrc.transform.hidden_updates import HiddenUpdates
from knetsrc.transform.in_place import updates_in_place
from knetsrc.transform.lazy_loops import unfold_lazy_loops
from knetsrc.transform.lift import lift
from knetsrc.transform.made_gradients import MadeGradients
from knetsrc.transform.making import Making, making_function, making_of
from knetsrc.transform.names import Names
from knetsrc.transform.normalize import normalize
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.matches import unfold_matches
from knetsrc.transform.object_arguments import take_arguments
from knetsrc.transform.object_helpers import ListHelpers, Lists, container_given
from knetsrc.transform.object_lists import classes_in_lists, take_objects, way_in
from knetsrc.transform.object_parts import take_parts
from knetsrc.transform.outlets import CallOutlets
from knetsrc.transform.outline import is_loop, numeric_of, outline, slots_of, without_unused
from knetsrc.transform.own_methods import mark_members
from knetsrc.transform.pairs import Pair, PairKey, Reversal, Task, split_pair
from knetsrc.transform.refusal import refused_helper
from knetsrc.transform.resolve import UNKNOWN, Outside, local_names, qualify, spelling
from knetsrc.transform.reversing import Reversing
from knetsrc.transform.simplify.by_calls import by_calls
from knetsrc.transform.source import Source, read_source
from knetsrc.transform.specialize import Specializer
from knetsrc.transform.stateful import Stateful
from knetsrc.transform.static import plain_value
from knetsrc.transform.writes import check_calls
from knetsrc.transform.writing import CallWriting
from knetsrc.transform.yields import is_generator, listed, unfold_yields

_MOST_VARIANTS = 4  # of a helper, for arrays with other numbers of axes


@dataclass
class Units:
    """Everything that goes into one generated module."""

    names: Names = field(default_factory=Names)
    helpers: dict[str, str] = field(default_factory=dict)
    user_names: set[str] = field(default_factory=set)
    functions: list[tree.Node] = field(default_factory=list)
    is_told: bool = False
    sources: list[Source] = field(default_factory=list)
    pairs: dict[PairKey, Pair] = field(default_factory=dict)
    keyed: dict[PairKey, Function] = field(default_factory=dict)
    loaded: dict[int, Function] = field(default_factory=dict)
    restores: bool = False
    pops: bool = False
    stateful: Stateful | None = None
    in_place: set[str] = field(default_factory=set)
    told_classes: dict[str, type] = field(default_factory=dict)
    own_lists: dict[str, None] = field(default_factory=dict)
    _list_helpers_read: set[str] = field(default_factory=set)
    _specialized: dict[tuple[Any, ...], gast.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outside = Outside(self.names)
        self.calls = Calls(self.outside, called=self._called, making=functools.cache(making_of))
        self.made_gradients = MadeGradients(
            self.outside,
            self.calls.local,
            self.names,
            self.load,
            self.specialized,
            _backend_functions(),
        )
        self.facts = HelperFacts(self)
        self.list_helpers = ListHelpers(self.outside.fresh, way_in)
        self.helper_effects = HelperEffects(self.calls, self.facts.of_call, self._known_calls)
        self.hidden_updates = HiddenUpdates(
            self.calls, self.load_if_possible, self._known_calls, self.specialized, self.names.fresh
        )

    @property
    def picking(self) -> frozenset[str]:
        """Names of indices that a call has shown to be arrays, lists, tuples or bools: `[rows, cols]` among what it has told."""
        told = [text.strip("[]").split(", ") for text in self.in_place if text.startswith("[")]
        return frozenset(name for names in told for name in names)

    # --- reading -----------------------------------------------------------------------------------------------------------
    def load(self, function: Any) -> Function:
        """A user's function, or one defined inside another, in the core language."""
        loaded = self.load_method(function)
        loaded.refuse_write_of_object()
        return loaded

    def load_method(self, function: Any) -> Function:
        """The same for a function that may be a method that writes to its object."""
        if isinstance(function, Function):
            return function
        if isinstance(function, Making) and id(function) not in self.loaded:
            method = self.load_method(function.method)
            self.loaded[id(function)] = making_function(
                function, method, self.outside, self.helper_name
            )
        if id(function) not in self.loaded:
            self.loaded[id(function)] = without_stars(
                self._read(read_source(function, may_yield=True))
            )
        return self.loaded[id(function)]

    def called_functions(self, functions: list[tree.Node]) -> list[tree.Node]:
        """Functions of the user that generated ones call as they are: nested ones, and methods of known objects."""
        found: dict[str, tree.Node] = {}
        waiting = list(functions)
        while waiting:
            read = tree.names_read(waiting) & self.calls.local.keys() - found.keys()
            waiting = []
            for text in sorted(read):
                core = self.specialized(self.calls.local[text])
                core = guard_attributes(core, self.facts.aliases(core), self.spell)
                core = self.with_checked_calls(core, frozenset())
                arguments = with_stars(core.args, self.calls.local[text].star)
                waiting.append(tree.function_def(text, arguments, by_calls(core.body)))
                found[text] = waiting[-1]
        every = [*functions, *found.values()]
        for text, function in found.items():
            without_unused(function, self.calls.local[text].slots, every)
        return list(found.values())

    def places(self) -> dict[str, tuple[str, str, int, int]]:
        """The user's file and function for each generated function."""
        found = {text: function.place for text, function in self.calls.local.items()}
        for key, pair in self.pairs.items():
            found |= dict.fromkeys((pair.forward, pair.backward), self.keyed[key].place)
        return found

    def load_main(self, function: Any) -> Function:
        """The function that the user handed in: what it captures becomes parameters of the generated one."""
        self.outside.main = read_source(function)
        main = self._read(self.outside.main)
        written = self.outside.main.augmented | self.outside.main.stored | self.own_lists.keys()
        if not written:  # else it must leave its arguments alone where it is called as a helper
            self.loaded[id(function)] = main
        return main

    def with_given(self, main: Function, given: tuple[tuple[str, str, Any], ...]) -> Function:
        """The user's function with what a call has told of its arguments: classes of objects, and functions."""
        if not given:
            return main
        classes, known = dict(main.classes), dict(main.known)
        functions: dict[str, tree.Node] = {}
        for text, kind, what in given:
            if kind == "function":
                alias = self.outside.fresh(f"given_{text}")
                self.outside.roots[alias] = self.outside.injected[alias] = what
                functions[text] = tree.name(alias)
            elif kind == "module":
                functions[text] = tree.name(self.outside.module(what))
            elif kind == "functions":
                alias = self.outside.fresh(f"given_{text}")
                made, keys, values = what
                table = dict(zip(keys, values, strict=True)) if made is dict else made(values)
                self.outside.roots[alias] = self.outside.injected[alias] = table
                functions[text] = tree.name(alias)
            elif kind in ("floats", "integers", "entries", "in_place"):
                continue
            elif kind in ("none", "plain"):
                known[text] = tree.constant(None) if kind == "none" else plain_value()
            else:
                classes[text] = what
        if "__self__" in classes:
            classes["__self__"] = classes[main.parameters[0]]
        if self.outside.members:
            classes = with_plain_attributes(
                classes, {text for text, kind, _ in given if kind == "class"}
            )
        core = tree.function_def(
            main.core.name, main.core.args, tree.substitute(main.core.body, functions)
        )
        core = tree.at(core, main.core) if functions else main.core
        told = told_by(given, main.parameters)
        self.is_told = bool(told)
        return replace(main, core=core, classes=classes, known=known, told=told)

    def _with_objects(
        self, function: gast.FunctionDef, source: Source, told: dict[str, type], lists: Lists
    ) -> tuple[gast.FunctionDef, dict[str, type]]:
        """The function in which objects in lists have names of their own while they change, and classes of these names."""
        given = take_arguments(function, source, self.list_helpers, told)
        self.own_lists |= dict.fromkeys(given.own_lists)
        handed = [container_given(function, source, one) for one in lists]
        known = [of for of in handed if of is not None]
        taken = take_objects(given.function, source, self.list_helpers, known)
        if lost := {one.parameter for one in lists} - {*taken.lists}:
            raise UnsupportedAliasError(
                f"a write to an object in the list `{min(lost)}`",
                at=function,
                why="other names may stand for the same object, and would see the change",
                instead="write to the objects of the list in a loop over it: for p in ps: p.x = ...",
            )
        for name, called, wanted in self.list_helpers.called_in(taken.function):
            if name not in self.calls.local and name not in self._list_helpers_read:
                self._list_helpers_read.add(name)
                made = self._read(read_source(called), wanted)
                own_lists = frozenset(one.parameter for one in wanted)
                made = replace(made, name=name, own_lists=own_lists)
                self.calls.local[name] = without_stars(made)
        return taken.function, {**given.classes, **taken.classes}

    def _read(self, source: Source, lists: Lists = ()) -> Function:
        self.sources.append(source)
        try:
            owns_parameters = source is self.outside.main
            written = listed(source.tree) if is_generator(source.tree) else source.tree
            written = fields_as_entries(count_pops(written, source), source)
            unfolded = unfold_contexts(unfold_matches(written, source.resolve), source)
            unfolded = unfold_lazy_loops(unfold_yields(unfolded, source), source)
            unfolded = plain_queues(plain_dicts(unfolded, source), source)
            unfolded = through_attributes(unfolded, source)
            known = known_classes(source.function)
            told = self.told_classes if owns_parameters else {}
            unfolded, taken = self._with_objects(unfolded, source, told, lists)
            parts = take_parts(unfolded, source, told)
            unfolded, taken = parts.function, {**taken, **parts.classes}
            taken = {**classes_in_lists(unfolded, source), **taken}
            unfolded = mark_members(unfolded, source, {**known, **told}, taken)
            local = local_names(unfolded)
            self.user_names |= local
            is_class = functools.partial(is_users_class, source)
            own = frozenset(method_object(source.function))
            core = normalize(
                unfolded,
                owns_parameters,
                is_class,
                own,
                CallWriting(source).may_write,
                CallOutlets(source).gives_old,
                calls_giving(source),
                frozenset(self.in_place),
            )
            writes = any(
                tree.called_name(n) == WITH and getattr(n.args[0], "id", "") in own
                for n in tree.walk(core)
            )
            writes = writes and not owns_parameters
            captured = source.function.__code__.co_freevars if owns_parameters else ()
            self.outside.refuse_clash({*local, *local_names(core), *captured})
            core = qualify(core, source, self.outside, self.helper_name)
            core = outline(core, self.calls, self.helper_name)
            if source is not self.outside.main:
                core = with_defaults(core, source.function, self.outside)
            classes = known_classes(source.function)
            classes |= {f"{one.parameter}[]": one.kind for one in lists}
            core, again = self.lift(core, source), is_checkpoint(source.function)
            function = Function(source.name, core, source, classes=classes, is_checkpoint=again)
            return replace(function, writes_object=writes)
        except KnetsrcError as error:
            raise located(error, source) from error.__cause__

    def _arrays_of(self, core: gast.FunctionDef) -> frozenset[str]:
        """Names that hold arrays or numbers for sure, no lists or tuples that are made in a function."""
        kinds = container_kinds(core, self.outside.resolve, {}, lambda call: None)
        return numeric_names(core, self.calls.within(kinds), known=numeric_of(core))

    def lift(self, core: gast.FunctionDef, source: Source) -> gast.FunctionDef:
        """The function without the functions inside of it, which become functions of the module."""
        core, nested = lift(core, self.outside.captured, self.names.fresh)
        told = {text: self.spell("check_array", None) for text in self.in_place}
        core, *nested = [updates_in_place(f, self._arrays_of(f), told) for f in (core, *nested)]
        for function in nested:
            again = has_checkpoint(function, self.outside)
            made = Function(function.name, function, source, is_checkpoint=again)
            self.calls.local[function.name] = replace(
                without_stars(made),
                is_loop=is_loop(function),
                slots=slots_of(function),
                numeric=numeric_of(function),
            )
        return core

    # --- one function ------------------------------------------------------------------------------------------------------
    def _flows_of_calls(self, core: gast.FunctionDef) -> Iterator[tuple[set[str], set[str]]]:
        """Names of what helpers write into, with the names that their arguments depend on."""
        for call in [n for n in tree.walk(core.body) if isinstance(n, gast.Call)]:
            found = self.facts.of_call(call)
            if found is not None and found.written:
                every = [*call.args, *(k.value for k in call.keywords)]
                reads = [differentiable_names(a, self.calls) for a in every]
                yield {base_of(a) or "" for a in found.written}, set().union(*reads)

    def load_at(self, call: tree.Node, callee: Helper) -> Function:
        """The function of a call that has a derivative."""
        try:
            return self.load(callee.function)
        except KnetsrcError as error:
            raise refused_helper(call, callee, error) from error.__cause__

    def _called(self, call: gast.Call, callee: Helper) -> Called | None:
        """The function that a call calls, and its arguments by parameter, if the call of the user's function has told something."""
        function = self.load_if_possible(callee) if self.is_told else None
        bound = bind_call(function, call) if function is not None else None
        return None if function is None or bound is None else (function.core, bound)

    def load_if_possible(self, callee: Helper) -> Function | None:
        """The function of a call that may have no derivative: then it may contain anything."""
        try:
            return self.load(callee.function)
        except KnetsrcError:
            return None

    def specialized(self, function: Function) -> gast.FunctionDef:
        """The function with methods and functions that are handed around as plain calls."""
        is_main = function.source is not None and function.source is self.outside.main
        owns_parameters = is_main and function.name not in self.calls.local
        classes = function.classes
        if self.outside.members:
            numbers = function.numeric_in(function.core)
            numbers |= function.with_number_by_default if owns_parameters else set()
            classes = {**dict.fromkeys(numbers, Plain), **classes}
        return self._specializes().run(function.core, classes, function.known, owns_parameters)

    def with_checked_calls(
        self, core: gast.FunctionDef, active: frozenset[str]
    ) -> gast.FunctionDef:
        """The function, in which nothing that is called as it is changes an array of `active` names unseen."""
        copied = self.hidden_updates.copied
        return check_calls(core, active, self.facts.of_call, self.spell, copied)

    def changing_contexts(self, function: Function) -> dict[Position, set[str]]:
        """Where contexts stand that may change what the function reads, and names of that."""
        if not any(isinstance(n, gast.With) for n in tree.walk(function.core.body)):
            return {}
        members = self._specializes()
        known = members.facts_of(function.core, function.classes)
        return changing_contexts(function.core, known, members.method_of)

    def _specializes(self) -> Specializer:
        if self.stateful is None:
            maker = self._specializer(Stateful(lambda node, known: None, self.load_method))
            self.stateful = Stateful(maker.method_of, self.load_method)
        return self._specializer(self.stateful)

    def _specializer(self, stateful: Stateful) -> Specializer:
        local, load = self.calls.local, self.load_method
        return Specializer(
            self.outside, local, self.names, load, bind_call, stateful, self.made_gradients.of,
            self.calls.making, self.helper_name,
        )  # fmt: skip

    def _known_calls(self, function: Function) -> gast.FunctionDef:
        """The same, or the function as it is where its calls cannot be told."""
        key = function.identity
        if key not in self._specialized:
            try:
                self._specialized[key] = self.specialized(function)
            except KnetsrcError:  # it says so where it is differentiated
                self._specialized[key] = function.core
        return self._specialized[key]

    def reverse(self, function: Function, task: Task) -> Reversal:
        """Forward and backward part of a function."""
        try:
            reversal = Reversing(self, function, task).run()
            self.restores |= reversal.restores
            return reversal
        except KnetsrcError as error:
            raise (
                located(error, function.source) if function.source else error
            ) from error.__cause__

    def writes_in_helpers(self) -> bool:
        """Whether a helper writes into arrays: its backward part restores these, and the caller may hold them."""
        helpers = [f for f in self.loaded.values() if f.source is not self.outside.main]
        helpers += [*self.calls.local.values(), *self.keyed.values()]
        return any(stored_names(f.core.body) for f in helpers)

    def spell(self, text: str, value: Any) -> tree.Node:
        """How the generated module calls an object of a rule's module; a helper of `knetsrc.backends` is imported by name."""
        if isinstance(value, Source):
            return self._spell_for_rule(text, value)
        if value is None or _is_backend(value):
            return tree.name(self.helper_name(text if value is None else value.__name__))
        if value is np:
            return tree.name("np")
        if isinstance(value, types.ModuleType):
            return tree.name(self.outside.module(value))
        return tree.name(text)

    def _spell_for_rule(self, text: str, rule: Source) -> tree.Node:
        """How the generated module calls what a rule of the user calls `text`."""
        try:
            value = rule.resolve(text)
        except NameError:
            value = UNKNOWN
        return (
            self.spell(text, value)
            if _is_backend(value)
            else spelling(tree.name(text), rule, self.outside)
        )

    def helper_name(self, text: str) -> str:
        """The name of a helper of `knetsrc.backends`: its own, unless a user's function calls a variable so."""
        if text not in self.user_names:
            self.helpers[text] = text
        elif self.helpers.get(text, text) == text:
            self.helpers[text] = self.names.fresh(f"{text}_adjoints")
        return self.helpers[text]

    def as_written(self, node: tree.Node) -> str:
        """The text of a statement with outside names as the user has written them."""
        text = tree.show(by_calls([node]))
        for alias in self.outside.namespaces:
            text = re.sub(rf"\b{alias}\.", "", text)
        return text

    # --- helpers ------------------------------------------------------------------------------------------------------------
    def pair_of_main(self, function: Function, wrt: tuple[str, ...]) -> Pair | None:
        """The pair of the user's own function, if it calls itself in just the way that it is called."""
        for key, pair in self.pairs.items():
            is_same = key.active == frozenset(wrt) and key.scalar_result and key.parts is None
            is_same &= key.has_seed and not key.is_tried and not key.added
            is_same &= not key.mutated and not stored_names(function.core.body)
            if self.keyed[key] == replace(function, told=NOTHING) and is_same:
                return pair
        return None

    def told_of(self, function: Function, told: Told) -> Told:
        """What a call tells a helper, if the call of the user's function has told something."""
        variants = {key.told for key, known in self.keyed.items() if known is function}
        is_known = self.is_told and len(variants | {told}) <= _MOST_VARIANTS
        return told if is_known else NOTHING

    def pair(self, callee: Helper, key: PairKey) -> Pair:
        """The pair of functions of a helper, generated when it is first asked for."""
        if key not in self.pairs:
            function = self.load(callee.function)
            forward, backward = (
                self.names.fresh(f"{callee.name}_{part}") for part in ("forward", "backward")
            )
            self.pairs[key] = Pair(forward, backward)
            self.keyed[key] = function
            wrt = tuple(p for p in function.parameters if p in key.active)
            reversal = self.reverse(
                replace(with_kinds(function, key.kinds), told=key.told),
                Task(
                    wrt,
                    True,
                    True,
                    key.scalar_result,
                    key.scalars,
                    key.parts,
                    added=key.added,
                    results=key.results,
                    mutated=key.mutated,
                    has_seed=key.has_seed,
                    is_helper=True,
                    is_tried=key.is_tried,
                ),
            )
            self.functions += split_pair(self.pairs[key], function, reversal, always_tuple=False)
        return self.pairs[key]


@functools.cache
def _backend_functions() -> dict[str, Any]:
    import knetsrc.backends

    return {n: getattr(knetsrc.backends, n) for n in knetsrc.backends.__all__}


def _is_backend(value: Any) -> bool:
    return inspect.isfunction(value) and _backend_functions().get(value.__name__) is value
