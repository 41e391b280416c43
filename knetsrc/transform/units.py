"""The functions of one generated module: that of the user, and a pair `g_forward`, `g_backward` for each helper it calls."""

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gast
import numpy as np

from knetsrc.checkpoints import is_checkpoint
from knetsrc.errors import KnetsrcError
from knetsrc.transform import prepare, rebound, tree
from knetsrc.transform.again import has_checkpoint
from knetsrc.transform.analysis.activity import (
    active_names,
    base_of,
    differentiable_names,
    varied_names,
)
from knetsrc.transform.analysis.aliases import Aliases, HelperCall, aliases
from knetsrc.transform.analysis.containers import Kinds, asked_names, container_kinds
from knetsrc.transform.analysis.held import loops_that_write
from knetsrc.transform.analysis.helper_effects import HelperEffects
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.analysis.shifts import idle_shifts
from knetsrc.transform.analysis.stores import stored_names
from knetsrc.transform.callee import Calls, Helper, Primitive, Unknown
from knetsrc.transform.classes import is_users_class, method_object
from knetsrc.transform.exchange import pool_first
from knetsrc.transform.functions import (
    Function,
    bind_call,
    known_classes,
    located,
    may_inline,
    with_defaults,
    with_kinds,
    without_stars,
)
from knetsrc.transform.generators import unfold_contexts
from knetsrc.transform.in_place import updates_in_place
from knetsrc.transform.iterators import lists_of_iterators, place_iterators
from knetsrc.transform.lift import lift
from knetsrc.transform.names import Names
from knetsrc.transform.normalize import index_loops, normalize, split_calls, unfold_gets
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.matches import unfold_matches
from knetsrc.transform.outline import is_loop, numeric_of, outline, slots_of, without_unused
from knetsrc.transform.pairs import Pair, PairKey, Reversal, Task, split_pair
from knetsrc.transform.refusal import refused_helper
from knetsrc.transform.resolve import CHECK, Outside, local_names, qualify
from knetsrc.transform.results import bind_result, split_aux
from knetsrc.transform.reversing import Reversing
from knetsrc.transform.simplify.by_calls import by_calls
from knetsrc.transform.source import Source, read_source
from knetsrc.transform.specialize import Specializer
from knetsrc.transform.stateful import Stateful, refuse_unknown_methods
from knetsrc.transform.static import plain_value
from knetsrc.transform.tries import structure_tries
from knetsrc.transform.truncation import check_truncation
from knetsrc.transform.views import through_views
from knetsrc.transform.writes import check_calls, guard_writes
from knetsrc.transform.yields import is_generator, listed, unfold_yields

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
class Units:
    """Everything that goes into one generated module."""

    names: Names = field(default_factory=Names)
    helpers: dict[str, str] = field(default_factory=dict)
    user_names: set[str] = field(default_factory=set)
    functions: list[tree.Node] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    pairs: dict[PairKey, Pair] = field(default_factory=dict)
    keyed: dict[PairKey, Function] = field(default_factory=dict)
    loaded: dict[int, Function] = field(default_factory=dict)
    restores: bool = False
    stateful: Stateful | None = None
    in_place: set[str] = field(default_factory=set)
    _numeric: dict[int, tuple[list[str], frozenset[str]] | None] = field(default_factory=dict)
    _returned: dict[int, str | None] = field(default_factory=dict)
    _asked: dict[int, set[str]] = field(default_factory=dict)
    _specialized: dict[int, gast.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outside = Outside(self.names)
        self.calls = Calls(self.outside)
        self.helper_effects = HelperEffects(self.calls, self._helper_call, self._known_calls)

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
                waiting.append(tree.function_def(text, core.args, by_calls(core.body)))
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
        if (
            not self.outside.main.augmented
        ):  # else it must leave its arguments alone where it is called as a helper
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
                alias = self.names.fresh(f"given_{text}")
                self.outside.roots[alias] = self.outside.injected[alias] = what
                functions[text] = tree.name(alias)
            elif kind == "module":
                functions[text] = tree.name(self.outside.module(what))
            elif kind == "functions":
                alias = self.names.fresh(f"given_{text}")
                made, keys, values = what
                table = dict(zip(keys, values, strict=True)) if made is dict else made(values)
                self.outside.roots[alias] = self.outside.injected[alias] = table
                functions[text] = tree.name(alias)
            elif kind == "in_place":
                continue
            elif kind in ("none", "plain"):
                known[text] = tree.constant(None) if kind == "none" else plain_value()
            else:
                classes[text] = what
        core = tree.function_def(
            main.core.name, main.core.args, tree.substitute(main.core.body, functions)
        )
        return replace(main, core=tree.at(core, main.core), classes=classes, known=known)

    def _read(self, source: Source) -> Function:
        self.sources.append(source)
        try:
            owns_parameters = source is self.outside.main
            written = listed(source.tree) if is_generator(source.tree) else source.tree
            unfolded = unfold_contexts(unfold_matches(written, source.resolve), source)
            unfolded = unfold_yields(unfolded, source)
            self.user_names |= local_names(unfolded)
            is_class = functools.partial(is_users_class, source)
            own = frozenset(method_object(source.function))
            core = normalize(unfolded, owns_parameters, is_class, own)
            writes = any(
                tree.called_name(n) == WITH and n.args[0].id in own for n in tree.walk(core)
            )
            writes = writes and not owns_parameters
            core = qualify(core, source, self.outside, self._helper)
            core = outline(core, self.calls, self._helper)
            if source is not self.outside.main:
                core = with_defaults(core, source.function, self.outside)
            classes = known_classes(source.function)
            core, again = self.lift(core, source), is_checkpoint(source.function)
            function = Function(source.name, core, source, classes=classes, is_checkpoint=again)
            return replace(function, writes_object=writes)
        except KnetsrcError as error:
            raise located(error, source) from error.__cause__

    def lift(self, core: gast.FunctionDef, source: Source) -> gast.FunctionDef:
        """The function without the functions inside of it, which become functions of the module."""
        core, nested = lift(core, self.outside.captured, self.names.fresh)
        told = {text: self.spell("check_array", None) for text in self.in_place}
        core, *nested = [
            updates_in_place(f, numeric_names(f, self.calls, known=numeric_of(f)), told)
            for f in (core, *nested)
        ]
        for function in nested:
            again = has_checkpoint(function, self.outside)
            made = Function(function.name, function, source, is_checkpoint=again)
            self.calls.local[function.name] = replace(
                made,
                is_loop=is_loop(function),
                slots=slots_of(function),
                numeric=numeric_of(function),
            )
        return core

    # --- one function ------------------------------------------------------------------------------------------------------
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
        names = Names(self.names.taken)
        names.taken |= Names.of(function.core).taken
        placed = replace(function, core=place_iterators(function.core, self.outside))
        core = self.inlined(self.specialized(placed), frozenset(), function.place[0])
        core = pool_first(core, self.calls)
        core = unfold_gets(core, lambda call: self._is_active_get(call, core, wrt))
        core = rebound.rename_rebound(core, names)
        core = rebound.rename_in_loops(core, names)
        core = rebound.rename_in_blocks(core, names)
        core = self._through_views(core, names, at_end, function.numeric)
        depends, written = self._depends(core, wrt), loops_that_write(core)
        core = index_loops(
            core,
            lambda node: depends(node) or bool(tree.names_read(node) & written),
            self._helper,
        )
        core = lists_of_iterators(core, self.calls, self._depends(core, wrt))
        core = self._through_views(core, names, at_end, function.numeric)
        core = self._with_flags(core, function, names, wrt)
        depends = self._depends(core, wrt)
        core = split_calls(core, lambda call: self._stands_alone(call, depends))
        core = tree.clone(self._through_views(core, names, at_end, function.numeric))
        core = guard_writes(
            core, self.aliases(core, at_end, function.numeric), self.spell, self._given_back
        )
        core = bind_result(split_aux(core, names) if has_aux else core, names)
        core = self._unpacked(core, names)
        active = active_names(core, self.calls, wrt, at_end)
        core = check_calls(core, active, self._helper_call, self.spell)
        refuse_unknown_methods(core, self.calls, active)
        core = check_truncation(core, self.calls, active, wrt, self.spell)
        core = prepare.bind_loop_targets(core, names, active)
        core = prepare.keep_headers(core, names, active)
        core = prepare.flatten_breaks(core, names, active)
        core = prepare.count_trips(core, names, active)
        core = prepare.keep_tests(core, names, active)
        names.taken |= Names.of(core).taken
        calls = self.calls.within(self._kinds(core, function.kinds))
        numeric = numeric_names(core, calls, self.helper_kinds, function.numeric)
        calls.shifts = idle_shifts(core, calls, numeric)
        return core, calls, active_names(core, calls, wrt, at_end), names

    def _with_flags(
        self, core: gast.FunctionDef, function: Function, names: Names, wrt: set[str]
    ) -> gast.FunctionDef:
        """The function with a flag for each `try`, see `tries`."""

        def outline(body: list[tree.Node], parameters: list[str], results: list[str]) -> str:
            text = self.names.fresh(f"{function.name}_attempt")
            values = [tree.name(n) for n in results] or [tree.constant(None)]
            value = tree.tuple_of(values) if len(values) > 1 else values[0]
            made = tree.function_def(text, parameters, [*body, tree.return_(value)])
            self.calls.local[text] = Function(text, tree.at(made, body[0]), function.source)
            return text

        def writes(call: gast.Call) -> bool:
            found = self._helper_call(call)
            return found is not None and bool(found.written)

        return structure_tries(core, names, self._depends(core, wrt), outline, writes)

    def _kinds(self, core: gast.FunctionDef, given: Mapping[str, str]) -> Kinds:
        return container_kinds(core, self.outside.resolve, given, self._returned_kind)

    def _returned_kind(self, call: gast.Call) -> str | None:
        """Whether a helper returns a list, tuple or dict, whatever it is called with."""
        callee = self.calls.of(call)
        if not isinstance(callee, Helper):
            return None
        key = id(callee.function)
        if key not in self._returned:
            self._returned[key] = None  # what a recursive call returns is not known
            core = self.load(callee.function).core
            self._returned[key] = self._kinds(core, {}).of(core.body[-1].value)
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
        callee = self.calls.of(call)
        if not isinstance(callee, Helper):
            return []
        function = self.load(callee.function)
        bound = bind_call(function, call) or {}
        return [bound[p] for p in self.asked(function) if p in bound]

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
        callee = self.calls.of(call)
        if isinstance(callee, Helper):
            function = self.load_if_possible(callee)
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
            lambda: varied_names(core, self.calls, wrt, self._flows_of_calls(core))
        )
        return lambda node: bool(differentiable_names(node, self.calls) & varied())

    def _flows_of_calls(self, core: gast.FunctionDef) -> Iterator[tuple[set[str], set[str]]]:
        """Names of what helpers write into, with the names that their arguments depend on."""
        for call in [n for n in tree.walk(core.body) if isinstance(n, gast.Call)]:
            found = self._helper_call(call)
            if found is not None and found.written:
                every = [*call.args, *(k.value for k in call.keywords)]
                reads = [differentiable_names(a, self.calls) for a in every]
                yield {base_of(a) or "" for a in found.written}, set().union(*reads)

    def _is_active_get(self, call: gast.Call, core: gast.FunctionDef, wrt: set[str]) -> bool:
        is_get = isinstance(call.func, gast.Attribute) and call.func.attr == "get"
        is_method = is_get and isinstance(self.calls.of(call), Unknown)
        return is_method and bool(
            differentiable_names(call, self.calls) & varied_names(core, self.calls, wrt)
        )

    def _stands_alone(self, call: tree.Node, depends: Callable[[tree.Node], bool]) -> bool:
        """Whether a call is to be a statement of its own: the backward part needs more than its value."""
        callee = self.calls.of(call)
        if isinstance(callee, Primitive) and callee.rule.keeping is not None:
            return depends(call)
        if not isinstance(callee, Helper) or not depends(call):
            return False
        self.load_at(call, callee)
        return True

    def load_at(self, call: tree.Node, callee: Helper) -> Function:
        """The function of a call that has a derivative."""
        try:
            return self.load(callee.function)
        except KnetsrcError as error:
            raise refused_helper(call, callee, error) from error.__cause__

    def load_if_possible(self, callee: Helper) -> Function | None:
        """The function of a call that may have no derivative: then it may contain anything."""
        try:
            return self.load(callee.function)
        except KnetsrcError:
            return None

    def specialized(self, function: Function) -> gast.FunctionDef:
        """The function with methods and functions that are handed around as plain calls."""
        if self.stateful is None:
            maker = self._specializer(Stateful(lambda node, known: None, self.load_method))
            self.stateful = Stateful(maker.method_of, self.load_method)
        owns_parameters = function.source is not None and function.source is self.outside.main
        specializer = self._specializer(self.stateful)
        return specializer.run(function.core, function.classes, function.known, owns_parameters)

    def _specializer(self, stateful: Stateful) -> Specializer:
        local, load = self.calls.local, self.load_method
        return Specializer(self.outside, local, self.names, load, bind_call, stateful)

    def _known_calls(self, function: Function) -> gast.FunctionDef:
        """The same, or the function as it is where its calls cannot be told."""
        key = id(function.core)
        if key not in self._specialized:
            try:
                self._specialized[key] = self.specialized(function)
            except KnetsrcError:  # it says so where it is differentiated
                self._specialized[key] = function.core
        return self._specialized[key]

    def inlined(
        self, core: gast.FunctionDef, within: frozenset[str], filename: str
    ) -> gast.FunctionDef:
        """Calls of helpers that only return an expression, replaced by it.

        What comes from another file than `filename` stands where the call stands: a line of that file would mislead.
        """

        def replace(node: gast.Call) -> tree.Node:
            callee = self.calls.of(node)
            if not isinstance(callee, Helper) or callee.name in within or len(within) > 8:
                return node
            function = self.load_if_possible(callee)
            if function is None or function.is_checkpoint:
                return node
            bound = bind_call(function, node)
            body = function.core.body
            if bound is None or len(body) != 1 or not isinstance(body[0], gast.Return):
                return node
            if not may_inline(body[0].value, bound):
                return node
            file = function.place[0]
            inner = self.inlined(self.specialized(function), within | {callee.name}, file)
            if len(inner.body) != 1:  # its functions are chosen by `if` statements
                return node
            value = inner.body[0].value
            return tree.substitute(value if file == filename else tree.without_place(value), bound)

        return tree.rewrite(core, {gast.Call: replace})

    def helper_kinds(self, callee: Helper) -> tuple[list[str], frozenset[str]] | None:
        """Parameters of a helper, and those that hold arrays or numbers for sure."""
        key = id(callee.function)
        if key not in self._numeric:
            self._numeric[key] = None
            function = self.load_if_possible(callee)
            if function is not None:
                numeric = numeric_names(
                    function.core, self.calls, self.helper_kinds, function.numeric
                )
                self._numeric[key] = (function.parameters, numeric)
        return self._numeric[key]

    def aliases(
        self,
        core: gast.FunctionDef,
        at_end: frozenset[str] = frozenset(),
        known: frozenset[str] = frozenset(),
    ) -> Aliases:
        """What a function may share at its writes; `known` are names of arrays and numbers."""
        arrays = numeric_names(core, self.calls, self.helper_kinds, known)
        return aliases(core, arrays, self._helper_call, at_end)

    def _through_views(
        self, core: gast.FunctionDef, names: Names, at_end: frozenset[str], known: frozenset[str]
    ) -> gast.FunctionDef:
        found = self.aliases(core, at_end, known)
        return through_views(core, found, names, self.spell, self._given_back)

    def _given_back(self, call: gast.Call) -> tree.Node | None:
        """What of its arguments a helper gives back, where that is a view of one of them for sure."""
        callee = self.calls.of(call)
        function = self.load_if_possible(callee) if isinstance(callee, Helper) else None
        bound = bind_call(function, call) if function is not None else None
        if function is None or bound is None:
            return None
        value, read = function.core.body[-1].value, tree.names_read(function.core.body[-1])
        is_given = base_of(value) in bound and read <= bound.keys()
        if not is_given or read & tree.names_written(function.core.body):
            return None
        return tree.substitute(value, bound)

    def written_by(self, call: gast.Call, callee: Helper) -> frozenset[str]:
        """Parameters of a helper into which it writes."""
        function = self.load_at(call, callee)
        return self.helper_effects.of(function, id(callee.function))[1]

    def _helper_call(self, call: gast.Call) -> HelperCall | None:
        callee = self.calls.of(call)
        if not isinstance(callee, Helper):
            return None
        try:
            function = self.load(callee.function)
        except KnetsrcError:  # it says so where it is differentiated
            return None
        bound = bind_call(function, call)
        checks = [n for n in tree.walk(function.core.body) if tree.called_name(n) == CHECK]
        checked = [(n.args[0].id, n.args[1]) for n in checks]
        returned, written = self.helper_effects.of(function, id(callee.function))
        if bound is None:
            every = [*call.args, *(k.value for k in call.keywords)]
            return HelperCall(every, every if written else [], [])
        return HelperCall(
            [a for p, a in bound.items() if p in returned],
            [a for p, a in bound.items() if p in written],
            [(bound[p], text) for p, text in checked if p in bound],
            function.is_checkpoint,
        )

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
        if value is None or _is_backend(value):
            return tree.name(self._helper(text if value is None else value.__name__))
        if value is np:
            return tree.name("np")
        if isinstance(value, types.ModuleType):
            return tree.name(self.outside.module(value))
        return tree.name(text)

    def _helper(self, text: str) -> str:
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
            is_same &= key.has_seed and not key.mutated and not stored_names(function.core.body)
            if self.keyed[key] is function and is_same:
                return pair
        return None

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
                with_kinds(function, key.kinds),
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
