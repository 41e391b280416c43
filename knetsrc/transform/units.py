"""The functions of one generated module: that of the user, and a pair `g_forward`, `g_backward` for each helper it calls."""

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import gast
import numpy as np

from knetsrc.errors import KnetsrcError, UnsupportedSyntaxError
from knetsrc.transform import prepare, tree
from knetsrc.transform.analysis.activity import active_names, appended_to, differentiable_names, varied_names
from knetsrc.transform.analysis.assigned import definitely_assigned
from knetsrc.transform.analysis.integers import integer_names
from knetsrc.transform.analysis.kinds import buffer_names, entries_only, numeric_names
from knetsrc.transform.analysis.needed import Needed
from knetsrc.transform.analysis.shapes import SCALAR, Shapes, shapes
from knetsrc.transform.assemble import Assembler
from knetsrc.transform.callee import Calls, Helper
from knetsrc.transform.names import Names, adjoint_name
from knetsrc.transform.normalize import index_loops, normalize, split_calls
from knetsrc.transform.push import Keys, Pushed, Pusher, describe
from knetsrc.transform.resolve import Outside, local_names, qualify
from knetsrc.transform.reverse import Reverser
from knetsrc.transform.simplify import simplify
from knetsrc.transform.simplify.templates import share_templates
from knetsrc.transform.simplify.zeros import plain_zeros
from knetsrc.transform.source import Source, read_source
from knetsrc.transform.specialize import Specializer, classes_of, owner_of
from knetsrc.transform.steps import Block, Step

_FRESH_CALLS = frozenset({"zeros_like", "owned", "np.zeros_like"})


@dataclass(frozen=True)
class Star:
    """Names of the star parameters that a helper had, and how many positional ones stand before them."""

    positional: int = 0
    vararg: str | None = None
    kwarg: str | None = None


@dataclass(frozen=True)
class Function:
    """A function in the core language, with outside names as the generated module spells them."""

    name: str
    core: gast.FunctionDef
    source: Source | None
    star: Star = Star()
    classes: dict[str, type] = field(default_factory=dict)
    origin: Any = None

    @property
    def parameters(self) -> list[str]:
        return parameter_names(self.core.args)


def _classes(function: types.FunctionType) -> dict[str, type]:
    """What is known of the classes of a function's arguments: by annotation, and of the object of a method."""
    owner, first = owner_of(function), function.__code__.co_varnames[:1]
    own = {first[0]: owner} if owner is not None and function.__code__.co_argcount else {}
    return {**own, **classes_of(function)}


def _refuse_rebound_functions(core: gast.FunctionDef, nested: list[gast.FunctionDef]) -> None:
    """A nested function must be the only thing that its name stands for."""
    names = [n.name for n in nested]
    for function in nested:
        if names.count(function.name) > 1 or function.name in tree.names_written(core):
            raise UnsupportedSyntaxError(
                f"`{function.name}` stands for more than one thing", at=function,
                why="which function a call of it means is not known while transforming",
                instead="give each function a name of its own, and choose with `if` between the calls",
            )


def parameter_names(arguments: gast.arguments) -> list[str]:
    """Names of all parameters: positional, star, keyword-only, double star."""
    names = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    names += [arguments.vararg.id] if arguments.vararg else []
    names += [a.id for a in arguments.kwonlyargs]
    return names + ([arguments.kwarg.id] if arguments.kwarg else [])


@dataclass(frozen=True)
class PairKey:
    """What a helper is differentiated for."""

    function: int
    active: frozenset[str]
    scalars: frozenset[str]
    scalar_result: bool
    parts: tuple[bool, ...] | None


@dataclass(frozen=True)
class Pair:
    """Names of the two generated functions of a helper."""

    forward: str
    backward: str


@dataclass
class Reversal:
    """One function, reversed and simplified: forward statements, the value, backward statements, the adjoints."""

    forward: list[tree.Node]
    value: tree.Node
    backward: list[tree.Node]
    adjoints: list[tree.Node]
    numeric: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    seed: str = "d_result"
    is_scalar: bool = False


@dataclass(frozen=True)
class Task:
    """What a function is reversed for.

    Attributes
    ----------
    wrt
        Differentiated parameters.
    is_seeded
        The adjoint of the result comes from outside, as `d_result`; else it is 1.
    want_value
        The value is returned as well.
    scalar_result
        The result is a single number.
    scalars
        Parameters that are single numbers.
    parts
        Which parts of a tuple that is returned have an adjoint.
    has_aux
        Only the first part of the returned pair has one.
    """

    wrt: tuple[str, ...]
    is_seeded: bool = False
    want_value: bool = False
    scalar_result: bool = False
    scalars: frozenset[str] = frozenset()
    parts: tuple[bool, ...] | None = None
    has_aux: bool = False


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
    _numeric: dict[int, tuple[list[str], frozenset[str]] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outside = Outside(self.names)
        self.calls = Calls(self.outside)

    # --- reading -----------------------------------------------------------------------------------------------------------
    def load(self, function: Any) -> Function:
        """A user's function, or one defined inside another, in the core language."""
        if isinstance(function, Function):
            return function
        if id(function) not in self.loaded:
            self.loaded[id(function)] = without_stars(self._read(read_source(function)))
        return self.loaded[id(function)]

    def load_main(self, function: Any) -> Function:
        """The function that the user handed in: what it captures becomes parameters of the generated one."""
        self.outside.main = read_source(function)
        self.loaded[id(function)] = self._read(self.outside.main)
        return self.loaded[id(function)]

    def with_given(self, main: Function, given: tuple[tuple[str, str, Any], ...]) -> Function:
        """The user's function with what a call has told of its arguments: classes of objects, and functions."""
        if not given:
            return main
        classes = dict(main.classes)
        functions: dict[str, tree.Node] = {}
        for text, kind, what in given:
            if kind == "function":
                alias = self.names.fresh(f"given_{text}")
                self.outside.roots[alias] = self.outside.injected[alias] = what
                functions[text] = tree.name(alias)
            else:
                classes[text if kind == "class" else f"{text}[]"] = what
        core = tree.function_def(main.core.name, main.core.args, tree.substitute(main.core.body, functions))
        return replace(main, core=tree.at(core, main.core), classes=classes)

    def _read(self, source: Source) -> Function:
        self.sources.append(source)
        self.user_names |= local_names(source.tree)
        try:
            core = qualify(normalize(source.tree, owns_parameters=False), source, self.outside, self._helper)
            return Function(source.name, self.lift(core), source, classes=_classes(source.function))
        except KnetsrcError as error:
            raise located(error, source) from error.__cause__

    def lift(self, core: gast.FunctionDef) -> gast.FunctionDef:
        """Take nested functions out: what they capture becomes parameters, which their calls pass."""
        nested = [n for n in core.body if isinstance(n, gast.FunctionDef)]
        nested += [n for s in core.body for n in tree.walk(s) if isinstance(n, gast.FunctionDef) and n not in nested]
        _refuse_rebound_functions(core, nested)
        local = tree.names_written(core) | set(parameter_names(core.args)) | {n.name for n in nested}
        local |= self.outside.captured.keys()
        extra: dict[str, list[str]] = {}
        for function in nested:
            own = tree.names_written(function) | set(parameter_names(function.args))
            extra[function.name] = sorted((tree.names_read(function.body) - own) & (local - {n.name for n in nested}))
        renamed = {text: self.names.fresh(text) for text in extra}
        for function in nested:
            inner = _pass_captured(function, extra, renamed)
            arguments = tree.clone(inner.args)
            arguments.kwonlyargs += [tree.parameter(n) for n in extra[function.name]]
            arguments.kw_defaults += [None] * len(extra[function.name])
            body = [n for n in inner.body if not isinstance(n, gast.FunctionDef)]
            lifted = tree.at(tree.function_def(renamed[function.name], arguments, body), function)
            self.calls.local[renamed[function.name]] = Function(renamed[function.name], lifted, None)
        return _pass_captured(core, extra, renamed)

    # --- one function ------------------------------------------------------------------------------------------------------
    def prepared(
        self, function: Function, wrt: set[str], has_aux: bool = False
    ) -> tuple[gast.FunctionDef, frozenset[str], Names]:
        """The function ready for reversal, its active names, and the names that it uses."""
        names = Names(self.names.taken)
        names.taken |= Names.of(function.core).taken
        core = self.inlined(self.specialized(function), frozenset())
        core = prepare.rename_rebound(core, names)
        core = index_loops(core, lambda node: self._depends(node, core, wrt))
        core = split_calls(core, lambda call: self._is_active_helper(call, core, wrt))
        core = _bind_result(_split_aux(core, names) if has_aux else core, names)
        active = active_names(core, self.calls, wrt)
        core = prepare.keep_headers(core, names, active)
        core = prepare.flatten_breaks(core, names, active)
        core = prepare.count_trips(core, names, active)
        core = prepare.keep_tests(core, names, active)
        names.taken |= Names.of(core).taken
        return core, active_names(core, self.calls, wrt), names

    def _depends(self, node: tree.Node, core: gast.FunctionDef, wrt: set[str]) -> bool:
        return bool(differentiable_names(node, self.calls) & varied_names(core, self.calls, wrt))

    def _is_active_helper(self, call: tree.Node, core: gast.FunctionDef, wrt: set[str]) -> bool:
        return isinstance(self.calls.of(call), Helper) and self._depends(call, core, wrt)

    def specialized(self, function: Function) -> gast.FunctionDef:
        """The function with methods and functions that are handed around as plain calls."""
        specializer = Specializer(self.outside, self.calls.local, self.names, self.load, bind_call)
        return specializer.run(function.core, function.classes)

    def inlined(self, core: gast.FunctionDef, within: frozenset[str]) -> gast.FunctionDef:
        """Calls of helpers that only return an expression, replaced by it."""

        def replace(node: gast.Call) -> tree.Node:
            callee = self.calls.of(node)
            if not isinstance(callee, Helper) or callee.name in within or len(within) > 8:
                return node
            try:
                function = self.load(callee.function)
            except KnetsrcError:
                return node
            bound = bind_call(function, node)
            body = function.core.body
            if bound is None or len(body) != 1 or not isinstance(body[0], gast.Return):
                return node
            if not _may_inline(body[0].value, bound):
                return node
            inner = self.inlined(self.specialized(function), within | {callee.name})
            return tree.substitute(inner.body[0].value, bound)

        return tree.rewrite(core, {gast.Call: replace})

    def helper_kinds(self, callee: Helper) -> tuple[list[str], frozenset[str]] | None:
        """Parameters of a helper, and those that hold arrays or numbers for sure."""
        key = id(callee.function)
        if key not in self._numeric:
            self._numeric[key] = None
            function = self.load(callee.function)
            self._numeric[key] = function.parameters, numeric_names(function.core, self.calls, self.helper_kinds)
        return self._numeric[key]

    def reverse(self, function: Function, task: Task) -> Reversal:
        """Forward and backward part of a function."""
        try:
            return _Reversing(self, function, task).run()
        except KnetsrcError as error:
            raise (located(error, function.source) if function.source else error) from error.__cause__

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
        text = tree.show(node)
        for alias in self.outside.namespaces:
            text = re.sub(rf"\b{alias}\.", "", text)
        return text

    # --- helpers ------------------------------------------------------------------------------------------------------------
    def pair_of_main(self, function: Function, wrt: tuple[str, ...]) -> Pair | None:
        """The pair of the user's own function, if it calls itself in just the way that it is called."""
        for key, pair in self.pairs.items():
            is_same = key.active == frozenset(wrt) and key.scalar_result and key.parts is None
            if self.keyed[key] is function and is_same:
                return pair
        return None

    def pair(self, callee: Helper, key: PairKey) -> Pair:
        """The pair of functions of a helper, generated when it is first asked for."""
        if key not in self.pairs:
            function = self.load(callee.function)
            forward, backward = (self.names.fresh(f"{callee.name}_{part}") for part in ("forward", "backward"))
            self.pairs[key] = Pair(forward, backward)
            self.keyed[key] = function
            wrt = tuple(p for p in function.parameters if p in key.active)
            reversal = self.reverse(function, Task(wrt, True, True, key.scalar_result, key.scalars, key.parts))
            self.functions += split_pair(self.pairs[key], function, reversal, always_tuple=False)
        return self.pairs[key]

    def reverse_call(self, reverser: Reverser, step: Step, target: tree.Node, callee: Helper) -> None:
        """Replace the call of a helper by that of its forward function, and reverse it by its backward function."""
        node = step.node
        call = node.value
        step.shown = self.as_written(node)
        function = self.load(callee.function)
        bound = bind_call(function, call)
        if bound is None:
            raise UnsupportedSyntaxError(
                f"the call of `{callee.name}` with star arguments", at=call,
                why="which argument goes to which parameter is not known while transforming",
                instead="pass the arguments one by one",
            )
        pusher = reverser.pusher
        active = frozenset(p for p, arg in bound.items() if pusher.is_active(arg))
        scalars = frozenset(p for p, arg in bound.items() if pusher.shapes.of(arg, node) == SCALAR)
        numbers = pusher.shapes.numbers_after.get(id(node), frozenset())
        scalar_result = isinstance(target, gast.Name) and target.id in numbers
        adjoint = reverser.target_adjoint(target)
        if isinstance(target, gast.Name) and target.id in tree.names_read(adjoint):
            step.result = pusher.names.fresh(f"{callee.name}_result")
            pusher.temporaries.add(step.result)
            adjoint = tree.substitute(adjoint, {target.id: tree.name(step.result)})
        parts = None
        if isinstance(adjoint, gast.Tuple):
            parts = tuple(not tree.is_constant(e, None) for e in adjoint.elts)
        pair = self.pair(callee, PairKey(id(callee.function), active, scalars, scalar_result, parts))
        kept = pusher.names.fresh(f"{callee.name}_kept")
        step.extra.append(kept)
        node.targets = [tree.target_of(tree.tuple_of([tree.clone(target), tree.name(kept)]))]
        node.value = tree.at(_call_with(pair.forward, function, call, bound), call)
        self._reverse_arguments(reverser, step, target, bound, [p for p in function.parameters if p in active],
                                tree.call(pair.backward, tree.name(kept), adjoint))  # fmt: skip

    def _reverse_arguments(
        self, reverser: Reverser, step: Step, target: tree.Node, bound: dict[str, tree.Node], active: list[str],
        backward: tree.Node,
    ) -> None:  # fmt: skip
        pusher, keys = reverser.pusher, reverser.pusher.keys
        consumed = tree.names_written(target)
        live = reverser.live - {k for n in consumed for k in reverser._keys_of(n)}
        arguments = [keys.of(bound[p]) for p in active]
        targets, rest = [], []
        for parameter, key in zip(active, arguments, strict=True):
            if key is not None and key not in live and arguments.count(key) == 1 and key not in reverser.buffers:
                targets.append(keys.adjoint(key))
                live.add(key)
            else:
                name = pusher.names.fresh(adjoint_name(parameter))
                targets.append(name)
                rest.append((bound[parameter], name))
        direct = live - reverser.live | {k for k in arguments if k in live and keys.adjoint(k) in targets}
        reverser.live -= {k for n in consumed for k in reverser._keys_of(n)}
        reverser.live |= direct
        pushed = Pushed(pusher, step)
        if len(targets) == 1 and rest:
            pushed.down(rest[0][0], backward)
            reverser.commit(step, pushed, consumed=consumed)
            return
        names = [tree.name(t) for t in targets]
        step.back.append(tree.assign(names[0] if len(names) == 1 else tree.tuple_of(names), backward))
        for node, name in rest:
            pushed.down(node, tree.name(name))
        reverser.commit(step, pushed, consumed=consumed - {k for k in direct})


@functools.cache
def _backend_functions() -> dict[str, Any]:
    import knetsrc.backends

    return {n: getattr(knetsrc.backends, n) for n in knetsrc.backends.__all__}


def _is_backend(value: Any) -> bool:
    return inspect.isfunction(value) and _backend_functions().get(value.__name__) is value


@dataclass
class _Reversing:
    """The reversal of one function, stage by stage."""

    units: Units
    function: Function
    task: Task

    def run(self) -> Reversal:
        calls, task = self.units.calls, self.task
        core, active, names = self.units.prepared(self.function, set(task.wrt), task.has_aux)
        result = core.body[-1].value
        assigned = definitely_assigned(core)
        self.keys = keys = Keys(names, entries_only(core, calls, active))
        numeric = numeric_names(core, calls, self.units.helper_kinds)
        self.temporaries: set[str] = set()
        self.seed_name = "d_result"
        numeric_keys = _NumericKeys(numeric, core, calls)
        self.found = found = shapes(core, calls, task.scalar_result, task.scalars)
        pusher = Pusher(
            calls, found, active, keys, names, integer_names(core), self.units.spell, self.temporaries, numeric_keys
        )  # fmt: skip
        self.floats = active - pusher.integers
        reverser = Reverser(
            pusher, assigned, self.units.reverse_call, buffer_names(core, calls, active), numeric_keys,
            _number_names(core, found),
        )  # fmt: skip
        seed = self._seed(reverser, result)
        block = reverser.block(core.body[:-1])
        adjoints = [reverser.adjoint_of(w) if w in active else reverser.zeros(w) for w in task.wrt]
        self.temporaries |= {a for k, a in keys.adjoints.items() if "[" in k}
        self.numeric_adjoints = pusher.numeric_adjoints()
        self._decide_hoists(block, result)
        primal = frozenset(names.taken) - frozenset(keys.adjoints.values())
        needed = Needed(assigned, primal)
        needed.run(block, tree.names_read([*seed, *adjoints]) & primal)
        reversal = self._assembled(block, seed, result, adjoints, needed, names)
        reversal.numeric = numeric
        reversal.numbers = reverser.numbers
        reversal.seed = self.seed_name
        first = result.elts[0] if task.has_aux else result
        reversal.is_scalar = self._is_scalar(core, first)
        return reversal

    def _is_scalar(self, core: gast.FunctionDef, result: tree.Node) -> bool:
        """Whether the result is a number whatever the arguments are."""
        plain = shapes(core, self.units.calls, False, frozenset())
        return plain.of(result, core.body[-1]) == SCALAR

    def _seed(self, reverser: Reverser, result: tree.Node) -> list[tree.Node]:
        """Statements that bind the adjoints of the names in the result; `d_result` is the parameter of the backward part."""
        keys = reverser.pusher.keys
        if self.task.has_aux:
            return self._seed_name(reverser, result.elts[0])
        if not isinstance(result, gast.Tuple):
            return self._seed_name(reverser, result)
        targets = []
        for number, element in enumerate(result.elts):
            wanted = self.task.parts is None or self.task.parts[number]
            if wanted and element.id in reverser.active:
                reverser.live.add(element.id)
                keys.exploded -= {element.id}
                targets.append(tree.name(keys.adjoint(element.id)))
            else:
                targets.append(tree.name("_"))
        return [tree.assign(tree.tuple_of(targets), tree.name("d_result"))]

    def _seed_name(self, reverser: Reverser, result: tree.Node) -> list[tree.Node]:
        keys = reverser.pusher.keys
        if not isinstance(result, gast.Name) or result.id not in reverser.active:
            return []
        reverser.live.add(result.id)
        keys.exploded -= {result.id}
        self.temporaries.add(keys.adjoint(result.id))
        if self.task.is_seeded:
            self.seed_name = keys.adjoint(result.id)
            self.temporaries.discard(self.seed_name)
            return []
        return [tree.assign(keys.adjoint(result.id), tree.constant(1.0))]

    def _decide_hoists(self, block: Block, result: tree.Node) -> None:
        """In loops, subexpressions of statements that only the value needs are computed again in the backward part."""
        needed = _names_needed(block) | (tree.names_read(result) if self.task.want_value else set())
        live = _live_names(block, needed)
        for step in _loop_steps(block):
            calls = [n for _, v in step.hoists for n in tree.walk(v) if isinstance(n, gast.Call)]
            is_dead = not tree.names_written(step.node) & live
            if step.hoists and is_dead and all(map(self._is_pure, calls)):
                step.hoist_backward = True

    def _assembled(
        self, block: Block, seed: list[tree.Node], result: tree.Node, adjoints: list[tree.Node], needed: Needed, names: Names
    ) -> Reversal:
        assembler = Assembler(names, needed.popped, self.units.as_written)
        forward = assembler.forward(block)
        backward = [*seed, *assembler.backward(block)]
        backward = share_templates(backward, self._shapes_of_names(block))
        undefined = sorted(needed.undefined)
        if undefined:
            forward = [tree.assign_all(undefined, tree.constant(None)), *forward]
        value: tree.Node = tree.constant(None)
        if self.task.want_value:
            value, kept = _kept_result(result, tree.names_written(backward), names)
            forward += kept
            self.temporaries |= {n for s in kept for n in tree.names_written(s)}
        arguments = tree.clone(self.function.core.args)
        arguments.kwonlyargs.append(tree.parameter(self.seed_name))
        arguments.kw_defaults.append(None)
        combined = tree.function_def(
            self.function.name, arguments,
            [*forward, tree.comment(tree.BOUNDARY), *backward, tree.return_(tree.tuple_of([value, tree.tuple_of(adjoints)]))],
        )  # fmt: skip
        simple = simplify(
            combined, is_float=self._is_float, is_pure=self._is_pure, candidates=frozenset(self.temporaries),
            adjoints=frozenset(self.keys.adjoints.values()) - self.temporaries, fresh_calls=_FRESH_CALLS,
        )
        return _taken_apart(plain_zeros(simple, frozenset(self.numeric_adjoints)))

    def _shapes_of_names(self, block: Block) -> dict[str, Any]:
        """Shapes of what straight-line code binds once; single numbers are left out."""
        found: dict[str, Any] = {}
        for step in block.steps:
            node = step.node
            if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
                found[node.targets[0].id] = self.found.of_target(node.targets[0].id, node, node.value)
                found |= {name: self.found.of(value, node) for name, value in step.hoists}
        loops = {n for s in block.steps if s.blocks for n in tree.names_written(s.node)}
        return {name: shape for name, shape in found.items() if shape and name not in loops}

    def _is_float(self, node: tree.Node) -> bool:
        names = tree.names_read(node)
        return any(n.startswith("d_") or n in self.floats or n in self.temporaries for n in names) or any(
            isinstance(n, gast.Constant) and isinstance(n.value, float) for n in tree.walk(node)
        ) or (isinstance(node, gast.BinOp) and isinstance(node.op, gast.Div))

    def _is_pure(self, call: tree.Node) -> bool:
        text = tree.called_name(call)
        if text in self.units.helpers and text != "check_not_array":
            return True
        if text in ("print", "input", "open", "next", "check_not_array"):
            return False
        function = call.func
        spelled = tree.show(function)
        if spelled.startswith("np.") and not spelled.startswith("np.random"):
            return True
        from knetsrc.transform.callee import Constant, Container, Primitive, Record

        if text is not None and (text.endswith("_forward") or text.endswith("_backward")):
            return True
        callee = self.units.calls.of(call)
        is_random = isinstance(function, gast.Attribute) and function.attr in _RANDOM
        return isinstance(callee, Constant | Container | Primitive | Record) and not is_random


_RANDOM = frozenset({"random", "normal", "uniform", "standard_normal", "integers", "choice", "permutation", "shuffle"})


class _NumericKeys(frozenset[str]):
    """Keys of arrays and numbers: names, and entries of containers that are used like them."""

    def __new__(cls, numeric: frozenset[str], core: gast.FunctionDef, calls: Calls) -> "_NumericKeys":
        found = set(numeric)
        for node in tree.walk(core):
            if isinstance(node, gast.BinOp | gast.Call):
                parts = [node.left, node.right] if isinstance(node, gast.BinOp) else []
                found |= {tree.show(n) for n in parts if isinstance(n, gast.Subscript)}
        return super().__new__(cls, found)


def _names_needed(block: Block) -> set[str]:
    found: set[str] = set()
    for step in block.steps:
        found |= tree.names_read(step.back)
        for _, value in step.hoists:
            found |= tree.names_read(value)
        if step.result:
            found |= tree.names_written(step.node)
        if isinstance(step.node, gast.If) and step.is_reversed:
            found |= tree.names_read(step.node.test)
        for inner in step.blocks:
            found |= _names_needed(inner) | tree.names_read(inner.final)
    return found


def _live_names(block: Block, needed: set[str]) -> set[str]:
    """Names whose values the forward part must compute."""
    live = set(needed)
    pairs = []
    for step in block.steps:
        for node in tree.walk(step.node):
            if isinstance(node, gast.Assign):
                pairs.append((tree.names_written(node.targets), tree.names_read(node.value)))
            elif isinstance(node, gast.If | gast.While):
                pairs.append((tree.names_written(node), tree.names_read(node.test)))
            elif appended_to(node) is not None:
                pairs.append(({appended_to(node)}, tree.names_read(node.value.args[0])))
    while True:
        more = {n for targets, read in pairs if targets & live for n in read} - live
        if not more:
            return live
        live |= more


def _loop_steps(block: Block, inside: bool = False) -> list[Step]:
    found = []
    for step in block.steps:
        if inside and not step.blocks:
            found.append(step)
        is_loop = isinstance(step.node, gast.For | gast.While)
        for inner in step.blocks:
            found += _loop_steps(inner, inside or is_loop)
    return found


def _split_aux(core: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Make the returned pair (value, aux) a tuple of two expressions."""
    last = core.body[-1]
    if isinstance(last.value, gast.Tuple) and len(last.value.elts) == 2:
        return core
    pair = names.fresh("pair")
    parts = tree.tuple_of(tree.subscript(tree.name(pair), tree.constant(i)) for i in (0, 1))
    body = [*core.body[:-1], tree.at(tree.assign(pair, last.value), last), tree.at(tree.return_(parts), last)]
    return tree.at(tree.function_def(core.name, core.args, body), core)


def _kept_result(result: tree.Node, written: set[str], names: Names) -> tuple[tree.Node, list[tree.Node]]:
    """The result under names that the backward part leaves alone, and the statements that bind these."""
    kept: list[tree.Node] = []

    def replace(node: gast.Name) -> tree.Node:
        if node.id not in written:
            return node
        text = names.fresh("value")
        kept.append(tree.assign(text, tree.name(node.id)))
        return tree.name(text)

    return tree.rewrite(result, {gast.Name: replace}), kept


def _number_names(core: gast.FunctionDef, found: Shapes) -> frozenset[str]:
    """Names that hold single numbers wherever they are bound."""
    numbers: dict[str, bool] = {}
    first = core.body[0]
    for text in parameter_names(core.args):
        numbers[text] = found.of(tree.name(text), first) == SCALAR
    for node in tree.walk(core.body):
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            text = node.targets[0].id
            numbers[text] = numbers.get(text, True) and found.of_target(text, node, node.value) == SCALAR
        elif isinstance(node, gast.Assign | gast.For):
            numbers.update(dict.fromkeys(tree.names_written(node.targets if isinstance(node, gast.Assign) else node.target), False))
    return frozenset(n for n, is_number in numbers.items() if is_number)


def _bind_result(core: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Make what is returned a name, or a tuple of different names."""
    last = core.body[-1]
    names.taken |= Names.of(core).taken
    body = core.body[:-1]
    used: set[str] = set()

    def bound(node: tree.Node, wanted: str) -> tree.Node:
        if isinstance(node, gast.Name) and node.id not in used:
            used.add(node.id)
            return node
        text = names.fresh(wanted)
        used.add(text)
        body.append(tree.at(tree.assign(text, node), node))
        return tree.at(tree.name(text), node)

    value = last.value if last.value is not None else tree.constant(None)
    if isinstance(value, gast.Tuple) and not any(isinstance(e, gast.Starred) for e in value.elts):
        elements = [bound(e, describe(e) if not isinstance(e, gast.Name) else e.id) for e in value.elts]
        result: tree.Node = tree.tuple_of(elements)
    else:
        result = bound(value, "value")
    returned = tree.at(tree.return_(result), last)
    return tree.at(tree.function_def(core.name, core.args, [*body, returned]), core)


def _pass_captured(
    function: gast.FunctionDef, extra: dict[str, list[str]], renamed: dict[str, str]
) -> gast.FunctionDef:
    """Calls of nested functions by their new names, with what they capture."""

    def replace(node: gast.Call) -> tree.Node:
        text = tree.called_name(node)
        if text in renamed:
            node.func = tree.name(renamed[text])
            node.keywords = [*node.keywords, *tree.call("f", **{n: tree.name(n) for n in extra[text]}).keywords]
        return node

    result = tree.rewrite(function, {gast.Call: replace})
    result.body = [n for n in result.body if not isinstance(n, gast.FunctionDef)] or result.body
    return result


def without_stars(function: Function) -> Function:
    """A helper whose star parameters are plain ones, for a tuple and a dict."""
    arguments = function.core.args
    if not (arguments.vararg or arguments.kwarg):
        return function
    core = tree.clone(function.core)
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    star = Star(
        len(positional), arguments.vararg and arguments.vararg.id, arguments.kwarg and arguments.kwarg.id
    )
    for text in (star.kwarg, star.vararg):
        if text:
            core.args.kwonlyargs.insert(0, tree.parameter(text))
            core.args.kw_defaults.insert(0, None)
    core.args.vararg = core.args.kwarg = None
    return replace(function, core=core, star=star)


def bind_call(function: Function, call: gast.Call) -> dict[str, tree.Node] | None:
    """Argument nodes by parameter; None where a star argument leaves open which goes to which."""
    arguments = function.core.args
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    given = _spread(call.args, len(positional) - len(arguments.defaults), function.star)
    if given is None or any(k.arg is None for k in call.keywords):
        return None
    bound = dict(zip(positional, given, strict=False))
    keywords = {k.arg: k.value for k in call.keywords}
    star = function.star
    known = {*positional, *(a.id for a in arguments.kwonlyargs)} - {star.vararg, star.kwarg}
    if star.vararg:
        rest = given[len(positional) :]
        only = rest[0] if len(rest) == 1 else None
        bound[star.vararg] = only.value if isinstance(only, gast.Starred) else tree.at(tree.tuple_of(rest), call)
    elif len(given) > len(positional):
        return None
    if star.kwarg:
        extra = {k: v for k, v in keywords.items() if k not in known}
        bound[star.kwarg] = tree.at(tree.dict_of(map(tree.constant, extra), extra.values()), call)
    bound |= {k: v for k, v in keywords.items() if k in known or not star.kwarg}
    for text, default in zip(positional[len(positional) - len(arguments.defaults):], arguments.defaults, strict=True):
        bound.setdefault(text, default)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            bound.setdefault(argument.id, default)
    return bound if set(bound) == set(parameter_names(arguments)) else None


def _spread(args: list[tree.Node], required: int, star: Star) -> list[tree.Node] | None:
    """Arguments with a star argument at the end taken apart, as far as the parameters without default tell its length."""
    stars = [a for a in args if isinstance(a, gast.Starred)]
    if not stars:
        return list(args)
    last = args[-1]
    if len(stars) > 1 or last is not stars[0]:
        return None
    if isinstance(last.value, gast.Tuple | gast.List):
        return [*args[:-1], *last.value.elts]
    missing = required - (len(args) - 1)
    if star.vararg:
        return list(args) if missing == 0 else None
    if missing < 1 or not isinstance(last.value, gast.Name):
        return None
    return [*args[:-1], *(tree.at(tree.subscript(last.value, tree.constant(i)), last) for i in range(missing))]


def _call_with(
    name: str, function: Function, call: gast.Call, bound: dict[str, tree.Node]
) -> gast.Call:
    """The call of a pair's forward function: as the user wrote it, or with star arguments written out."""
    if function.star == Star() and not any(isinstance(a, gast.Starred) for a in call.args):
        new = tree.call(name, *call.args)
        new.keywords = call.keywords
        return new
    arguments = function.core.args
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    return tree.call(
        name, *(bound[p] for p in positional), **{a.id: bound[a.id] for a in arguments.kwonlyargs}
    )


def _may_inline(value: tree.Node, bound: dict[str, tree.Node]) -> bool:
    """Whether a returned expression is short, and no argument would be computed twice."""
    if sum(1 for _ in tree.walk(value)) > 40 or isinstance(value, gast.Tuple | gast.List | gast.Dict):
        return False
    for text, argument in bound.items():
        uses = sum(tree.is_name(n, text) for n in tree.walk(value))
        if uses > 1 and not isinstance(argument, gast.Name | gast.Constant):
            return False
    return True


def _taken_apart(function: gast.FunctionDef) -> Reversal:
    """The parts of a combined function."""
    body, returned = function.body[:-1], function.body[-1]
    boundary = next((i for i, n in enumerate(body) if tree.comment_text(n) == tree.BOUNDARY), len(body))
    value, adjoints = returned.value.elts
    return Reversal(body[:boundary], value, body[boundary + 1 :], list(adjoints.elts))


def split_pair(
    pair: Pair, function: Function, reversal: Reversal, always_tuple: bool, captured: Iterable[str] = ()
) -> list[tree.Node]:
    """The two functions of a pair: the forward one returns the value and what the backward one needs."""
    _inline_value(reversal)
    local = {*function.parameters, *captured} | tree.names_written(reversal.forward)
    backward = tree.function_def("b", [], [*reversal.backward, tree.return_(tree.tuple_of(reversal.adjoints))])
    from knetsrc.transform.analysis.assigned import exposed_names

    kept = sorted(exposed_names(backward.body) & local)
    whole = tree.function_def("f", tree.clone(function.core.args), [*reversal.forward, tree.pass_()])
    assigned = definitely_assigned(whole)
    unbound = [n for n in kept if n not in assigned.after[id(whole.body[-1])] and n not in function.parameters and n not in captured]
    start = [tree.assign_all(unbound, tree.constant(None))] if unbound else []
    saved = tree.name(kept[0]) if len(kept) == 1 else tree.tuple_of(map(tree.name, kept))
    saved = saved if kept else tree.constant(None)
    parameter = kept[0] if len(kept) == 1 else "saved"
    unpack = [tree.assign(tree.tuple_of(map(tree.name, kept)), tree.name("saved"))] if len(kept) > 1 else []
    forward = tree.function_def(
        pair.forward, tree.clone(function.core.args),
        [*start, *reversal.forward, tree.return_(tree.tuple_of([reversal.value, saved]))],
    )  # fmt: skip
    adjoints = reversal.adjoints
    result = tree.tuple_of(adjoints) if always_tuple or len(adjoints) != 1 else adjoints[0]
    back = tree.function_def(pair.backward, [parameter, reversal.seed], [*unpack, *reversal.backward, tree.return_(result)])
    return [forward, back]


def _inline_value(reversal: Reversal) -> None:
    """Return `x` rather than a second name for it: in a function of its own nothing overwrites it."""
    last = reversal.forward[-1] if reversal.forward else None
    is_copy = isinstance(last, gast.Assign) and isinstance(last.value, gast.Name)
    if is_copy and isinstance(reversal.value, gast.Name) and tree.is_name(last.targets[0], reversal.value.id):
        reversal.forward = reversal.forward[:-1]
        reversal.value = last.value


def located(error: KnetsrcError, source: Source) -> KnetsrcError:
    """The error with its place in the user's file."""
    return error.located(source.filename, source.name, source.lines)


Loader = Callable[[Any], Function]
