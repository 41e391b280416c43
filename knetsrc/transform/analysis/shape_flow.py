"""Shapes along the text of a function: forward from its parameters, and for numbers backward from its result."""

import functools
from collections import Counter
from dataclasses import dataclass, field, replace

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.atoms import SCALAR, Shape, dims_of, of_dims
from knetsrc.transform.analysis.containers import Kinds
from knetsrc.transform.analysis.dims import Dim, Dims, Equal, is_open, open_dim, with_equal
from knetsrc.transform.analysis.elements import lists_of_numbers
from knetsrc.transform.analysis.ranks import Ranks, elements_bound, entries_bound
from knetsrc.transform.analysis.shapes import RULES, Shapes, Value
from knetsrc.transform.analysis.stores import as_read, stored_names
from knetsrc.transform.analysis.told import NOTHING, Told
from knetsrc.transform.callee import Calls, Helper, Primitive
from knetsrc.transform.functions import Function, bind_call
from knetsrc.transform.normalize.sharing import linked_names

_IN_LOOP = "in a loop"  # of a length that may be another one in each iteration
_DEEPEST = 6  # calls of helpers by helpers that are followed
_RESIZING = frozenset({"append", "extend", "insert", "pop", "remove", "clear", "resize"})

_BY_ELEMENTS = frozenset(
    {"arange", "compress", "empty", "extract", "flatnonzero", "full", "linspace", "nonzero", "ones", "repeat", "unique", "zeros"}
)  # fmt: skip


def shapes(
    function: gast.FunctionDef,
    calls: Calls,
    scalar_result: bool,
    scalar_parameters: frozenset[str],
    numeric: frozenset[str] = frozenset(),
    results: frozenset[str] = frozenset(),
    told: Told = NOTHING,
    around: tuple[gast.FunctionDef, ...] = (),
) -> Shapes:
    """Shapes of all expressions of a function in the core language.

    Parameters
    ----------
    function
        The function.
    calls
        What its calls call.
    scalar_result
        The result is a single number, of a tuple the first part.
    scalar_parameters
        Parameters that are single numbers.
    numeric
        Names of arrays and numbers.
    results
        Names in the result that are single numbers.
    told
        What a call has told of parameters.
    around
        The functions that are being looked at.
    """
    found = Shapes(calls, Ranks(function, told, calls, lists_of_numbers=lists_of_numbers), numeric)
    found.helper = _Helpers(calls, (*around, function)).results
    parameters = tree.names_written(function.args) | _parameters(function)
    env = {n: found.fresh(n) for n in sorted(parameters)}
    for text, dims in found.ranks.told.shapes.items():
        env[text] = Value(of_dims(dims), found.version())
    for text in scalar_parameters & env.keys():
        env[text] = Value(SCALAR, found.version())
    if scalar_result or results:
        paths = _Numbers(found, calls, results).block(function.body, frozenset(), frozenset())
        env |= {n: Value(SCALAR, v.version) for n, v in env.items() if n in _on_all(paths)}
    forward = _Forward(found, _counting_names(function))
    forward.block(function.body, env)
    found.demanded, found.equal = forward.equal[id(function.body)], None
    return found


@dataclass
class _Helpers:
    """Shapes of what helpers return; each is asked once for the same lengths."""

    calls: Calls
    around: tuple[gast.FunctionDef, ...]
    known: dict[tuple[int, Told], tuple[list[Dims | None], Equal]] = field(default_factory=dict)

    def results(self, core: gast.FunctionDef, told: Told) -> tuple[list[Dims | None], Equal]:
        """The lengths of the axes of each part of the result, and what the function demands to be equal."""
        if any(core is other for other in self.around) or len(self.around) > _DEEPEST:
            return [], {}
        if (id(core), told) not in self.known:
            calls = self.calls.within(Kinds(self.calls.outside.resolve))
            inner = shapes(core, calls, False, frozenset(), told=told, around=self.around)
            value = core.body[-1].value
            parts = value.elts if isinstance(value, gast.Tuple) else [value]
            found = [dims_of(inner.of(part, core.body[-1])) for part in parts]
            self.known[id(core), told] = found, inner.demanded
        return self.known[id(core), told]


def _parameters(function: gast.FunctionDef) -> set[str]:
    return {
        n.id
        for n in tree.walk(function.args)
        if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)
    }


@dataclass
class _Forward:
    """Values of names along the text; at joins and in loops, a name bound on the way is a fresh value.

    Lengths that a statement demands to be equal are equal in the block that it stands in: where it does not run, its block ends.
    What is written into a name of `counting` changes shapes, but not its own.
    """

    found: Shapes
    counting: frozenset[str] = frozenset()
    equal: dict[int, Equal] = field(default_factory=dict)
    within: tuple[Equal, ...] = ()
    loops: dict[int, int] = field(default_factory=dict)

    def block(self, body: list[tree.Node], env: dict[str, Value]) -> dict[str, Value]:
        equal, around = self.equal.setdefault(id(body), {}), self.within
        self.within = (*around, equal)
        versions = self.found.versions
        while True:
            self.found.versions = versions  # values of the same number are the same in each round
            known, result = len(equal), {n: _with_equal(v, equal) for n, v in env.items()}
            rules = {RULES: Value(SCALAR, 0, equal=self.within)}
            for node in body:
                self.found.equal = equal
                result = self.statement(node, result | rules)
            if len(equal) == known:
                break
        self.within = around
        self.found.equal = around[-1] if around else None
        return result

    def _kept_in(self, loop: tree.Node, env: dict[str, Value]) -> dict[str, Value]:
        """Names that a loop binds, with the lengths of their axes that are the same after each iteration as before the loop."""
        bound = _bound_in(loop)
        plain = bound.keys() & env.keys() & self.found.numeric
        told = {n for n in plain if dims_of(env[n].shape) is not None}
        kept = {n: env[n] for n in sorted(told)}
        place = self.loops.setdefault(id(loop), len(self.loops))
        changed, known = self._changed(loop, env), set(self.equal)
        inner = env | changed | self._counted(loop, env | changed)
        while kept:
            self.block(loop.body, inner | kept)
            self.found.equal = None
            found = {n: self._common((place, n), value, bound[n]) for n, value in kept.items()}
            self.found.equal = self.within[-1]
            for block in self.equal.keys() - known:  # it may follow from more than holds
                del self.equal[block]
            if found == kept:
                break
            kept = {n: value for n, value in found.items() if value is not None}
        return {n: replace(kept[n], version=self.found.version()) for n in sorted(kept)}

    def _after(self, kept: dict[str, Value]) -> dict[str, Value]:
        """The same values after the loop: lengths that may change in it are others there."""
        values = {}
        for text, value in kept.items():
            dims = dims_of(value.shape) or ()
            others = tuple(open_dim("after", d) if _changes_in_loop(d) else d for d in dims)
            values[text] = Value(of_dims(others), self.found.version())
        return values

    def _first_bound(self, loop: tree.Node, env: dict[str, Value]) -> dict[str, Value]:
        """Names that only the loop binds, where they have axes of the same lengths in each turn."""
        bound, equal = _bound_in(loop), self.found.equal
        self.found.equal = None
        values = {}
        for text in sorted(bound.keys() & self.found.numeric - env.keys()):
            found = {dims_of(self._shapes_bound(node).get(text)) for node in bound[text]}
            dims = found.pop() if len(found) == 1 else None
            if dims is not None and not any(map(is_open, dims)):
                values[text] = Value(of_dims(dims), self.found.version())
        self.found.equal = equal
        self.found.unsure |= values.keys()
        return values

    def _common(
        self, place: tuple[int, str], value: Value, assignments: list[gast.Assign]
    ) -> Value | None:
        """The value with the lengths that its axes have after each assignment as well; None if there are more axes, or fewer."""
        dims = dims_of(value.shape) or ()
        for node in assignments:
            rules = self.found.before[id(node)][RULES].equal[len(self.within) :]
            ends = dims_of(self._shapes_bound(node).get(place[1]))
            if ends is None or len(ends) != len(dims):
                return None
            here = [functools.reduce(with_equal, rules, dim) for dim in dims]
            dims = tuple(
                dim if same == end else open_dim(_IN_LOOP, *place, axis)
                for axis, (dim, same, end) in enumerate(zip(dims, here, ends, strict=True))
            )
        return replace(value, shape=of_dims(dims))

    def statement(self, node: tree.Node, env: dict[str, Value]) -> dict[str, Value]:
        kept: dict[str, Value] = {}
        before = env
        if isinstance(node, gast.For | gast.While):
            kept = self._kept_in(node, env)
            env = env | self._changed(node, env) | kept
        self.found.before[id(node)] = env
        if isinstance(node, gast.Expr | gast.AugAssign):
            for part in _appended(node):
                self.found.of(part, node)  # it may demand that lengths are equal
            return env | self._changed(node, env)
        if isinstance(node, gast.Assign):
            return env | self._changed(node, env) | self._assigned(node)
        if isinstance(node, gast.If):
            one, other = self.block(node.body, env), self.block(node.orelse, env)
            names = sorted(one.keys() | other.keys())
            return {n: self._join(n, one.get(n), other.get(n), env.get(n)) for n in names}
        if isinstance(node, gast.For | gast.While):
            self.block(node.body, env | self._counted(node, env))
            first = self._first_bound(node, before)
            return env | self._changed(node, env) | self._after(kept) | first
        if isinstance(node, gast.Return) and node.value is not None:
            self.found.of(node.value, node)
        if isinstance(node, gast.With):
            return self.block(node.body, env)
        if isinstance(node, gast.Try):
            env = env | self._changed(node, env)
            for body in (node.body, node.orelse, *(h.body for h in node.handlers), node.finalbody):
                self.block(body, env)
            return env | self._changed(node, env)
        return env

    def _counted(self, loop: tree.Node, env: dict[str, Value]) -> dict[str, Value]:
        """What is known of the names that a loop binds."""
        if not isinstance(loop, gast.For):
            return {}
        self.found.before[id(loop)] = env
        shapes = {text: self._of_element(n, loop) for text, n in elements_bound(loop).items()}
        if isinstance(loop.target, gast.Name) and _counts(loop.iter):
            shapes[loop.target.id] = SCALAR
        known = {text: shape for text, shape in shapes.items() if shape is not None}
        return {text: Value(shape, self.found.version()) for text, shape in known.items()}

    def _of_element(self, element: tree.Node, loop: gast.For) -> Shape | None:
        """The shape of what a loop takes from an array or a list, None if it is not known."""
        dims = dims_of(self.found.of(element, loop))
        if dims is not None:
            return of_dims(dims)
        path = self.found.ranks.path_of(element)
        entry = self.found.before[id(loop)].get(path or "")
        inside = None if entry is None else dims_of(entry.shape)
        if inside is None:
            return None
        turn = ("turn", self.found.version())  # the element of another turn may be longer
        return of_dims(tuple(d if isinstance(d, int) else (*d, turn) for d in inside))

    def _assigned(self, node: gast.Assign) -> dict[str, Value]:
        target = node.targets[0]
        self.found.of(node.value, node)  # it may demand that lengths are equal
        fresh = self._fresh(tree.names_written(target))
        for text, shape in self._shapes_bound(node).items():
            is_size = tree.is_name(target) and shape == SCALAR
            size = self.found.size(node.value, node) if is_size else None
            fresh[text] = Value(shape, self.found.version(), size)
        return fresh

    def _shapes_bound(self, node: gast.Assign) -> dict[str, Shape]:
        """Shapes of the names that an assignment binds, as far as they are known."""
        target = node.targets[0]
        if isinstance(target, gast.Name):
            return {target.id: self.found.of_target(target.id, node, node.value)}
        if not isinstance(target, gast.Tuple) or not all(map(tree.is_name, target.elts)):
            return {}
        parts = entries_bound(node)
        if parts is not None:
            return {text: self.found.of(value, node) for text, value in parts.items()}
        results = self.found.of_results(node.value, node)
        if len(results) != len(target.elts):
            return {}
        return {t.id: shape for t, shape in zip(target.elts, results, strict=True)}

    def _changed(self, node: tree.Node, env: dict[str, Value]) -> dict[str, Value]:
        """Values of names that a statement changes, as far as shapes depend on them."""
        fresh = self._fresh(_changed(node, self.found.numeric))
        if not self.counting:
            return fresh
        written = stored_names(node)
        for call in [n for n in tree.walk(node) if isinstance(n, gast.Call)]:
            if isinstance(self.found.calls.of(call), Helper):
                written |= tree.names_read([*call.args, *call.keywords])
        if not written & self.counting:
            return fresh
        names = sorted(self.counting & env.keys() - fresh.keys())
        return fresh | {n: replace(env[n], version=self.found.version()) for n in names}

    def _fresh(self, names: set[str]) -> dict[str, Value]:
        return {n: self.found.fresh(n) for n in sorted(names)}

    def _join(
        self, text: str, one: Value | None, other: Value | None, before: Value | None
    ) -> Value:
        if before and one and other and before.version == one.version == other.version:
            return before
        if one == other and one is not None:
            return one
        if one and other and one.shape == other.shape:
            return Value(one.shape, self.found.version())
        return self.found.fresh(text)


def _appended(node: tree.Node) -> list[tree.Node]:
    """What a statement computes beside what it changes: `e` of `xs.append(e)` and of `x[i] += e`."""
    if isinstance(node, gast.AugAssign):
        return [node.value]
    return list(node.value.args) if isinstance(node.value, gast.Call) else []


def _bound_in(loop: tree.Node) -> dict[str, list[gast.Assign]]:
    """The assignments in a loop by the names that they bind, where nothing else binds these."""
    bound: dict[str, list[gast.Assign]] = {}
    for node in tree.walk(loop):
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name | gast.Tuple):
            for text in tree.names_written(node.targets[0]):
                bound.setdefault(text, []).append(node)
    written = Counter(
        n.id
        for n in tree.walk(loop)
        if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)
    )
    return {n: nodes for n, nodes in bound.items() if written[n] == len(nodes)}


def _counting_names(function: gast.FunctionDef) -> frozenset[str]:
    """Names of arrays of which the elements may say how long something is: `y[mask]`, `y[ends[0]:]`."""
    places: list[tree.Node] = []
    for node in tree.walk(function.body):
        if isinstance(node, gast.Subscript):
            places.append(node.slice)
        elif isinstance(node, gast.Call) and tree.show(node.func).split(".")[-1] in _BY_ELEMENTS:
            places += [*node.args, *(k.value for k in node.keywords)]
    return frozenset(linked_names(function, tree.names_read(places)))


def _changes_in_loop(dim: Dim) -> bool:
    return isinstance(dim, tuple) and dim[:2] == open_dim(_IN_LOOP)


def _with_equal(value: Value, equal: Equal) -> Value:
    return Value(with_equal(value.shape, equal), value.version, value.size) if equal else value


def _changed(node: tree.Node, numeric: frozenset[str]) -> set[str]:
    """Names that are bound in a statement, and containers whose length or elements change there."""
    methods = [n.func for n in tree.walk(node) if isinstance(n, gast.Call)]
    resized = {
        method.value.id
        for method in methods
        if isinstance(method, gast.Attribute)
        and tree.is_name(method.value)
        and method.attr in _RESIZING
    }
    return tree.names_written(node) | resized | (stored_names(node) - numeric)


def _counts(iterable: tree.Node) -> bool:
    inner = iterable.args[0] if tree.called_name(iterable) == "reversed" else iterable
    return tree.called_name(inner) == "range"


Paths = frozenset[frozenset[str]]
_MOST_PATHS = 8


def _on_all(paths: Paths) -> frozenset[str]:
    return frozenset.intersection(*paths) if paths else frozenset()


@dataclass
class _Numbers:
    """Names that must be single numbers, against the direction of the text; for each path to the end on its own."""

    found: Shapes
    calls: Calls
    results: frozenset[str] = frozenset()

    def block(self, body: list[tree.Node], after: Paths, at_exit: Paths) -> Paths:
        for node in reversed(body):
            self.found.numbers_after[id(node)] = _on_all(after)
            after = self.statement(node, after, at_exit)
            if len(after) > _MOST_PATHS:
                after = frozenset([_on_all(after)])
            self.found.numbers_before[id(node)] = _on_all(after)
        return after

    def statement(self, node: tree.Node, after: Paths, at_exit: Paths) -> Paths:
        if isinstance(node, gast.Return):
            if self.results:
                return frozenset([self.results])
            value = node.value.elts[0] if isinstance(node.value, gast.Tuple) else node.value
            return frozenset([self.broadcast_names(value)])
        if isinstance(node, gast.Assign):
            return frozenset(self._assigned(node, path) for path in after)
        if isinstance(node, gast.If):
            return self.block(node.body, after, at_exit) | self.block(node.orelse, after, at_exit)
        if isinstance(node, gast.For | gast.While):
            return frozenset([self._loop(node, _on_all(after))])
        if isinstance(node, gast.With):
            return self.block(node.body, after, at_exit)
        if isinstance(node, gast.Try):
            return frozenset(path - tree.names_written(node) for path in after | at_exit)
        return at_exit if isinstance(node, gast.Break) else after

    def _assigned(self, node: gast.Assign, after: frozenset[str]) -> frozenset[str]:
        target = node.targets[0]
        if isinstance(target, gast.Subscript):
            is_number = self.found.ranks.is_number(as_read(target))
            return after | self.broadcast_names(node.value) if is_number else after
        rest = after - tree.names_written(target)
        callee = self.calls.of(node.value)
        if isinstance(callee, Helper) and getattr(callee.function, "is_loop", False):
            return rest | self._before_loop(callee.function, node.value, target, after)
        if isinstance(target, gast.Name) and target.id in after:
            return rest | self.broadcast_names(node.value)
        return rest

    def _loop(self, node: tree.Node, after: frozenset[str]) -> frozenset[str]:
        head = after
        while True:
            new = head & _on_all(self.block(node.body, frozenset([head]), frozenset([after])))
            if new == head:
                return head
            head = new

    def _before_loop(
        self, loop: Function, call: gast.Call, target: tree.Node, after: frozenset[str]
    ) -> frozenset[str]:
        """Numbers among what is handed to a function made of a loop."""
        bound = bind_call(loop, call) or {}
        result = loop.core.body[-1].value
        names = result.elts if isinstance(result, gast.Tuple) else [result]
        targets = target.elts if isinstance(target, gast.Tuple) else [target]
        ends = frozenset(n.id for n, t in zip(names, targets, strict=True) if t.id in after)
        paths = self.block(loop.core.body[:-1], frozenset([ends]), frozenset())
        given = (bound[p] for p in _on_all(paths) & bound.keys())
        return frozenset(a.id for a in given if isinstance(a, gast.Name))

    def broadcast_names(self, node: tree.Node | None) -> frozenset[str]:
        """Names that are numbers if the expression is one."""
        if isinstance(node, gast.Name):
            return frozenset([node.id])
        callee = self.calls.of(node) if node is not None else None
        if isinstance(callee, Primitive) and callee.rule.elementwise:
            nodes = [
                n for v in callee.bound().values() for n in (v if isinstance(v, list) else [v])
            ]
            return frozenset().union(*(self.broadcast_names(n) for n in nodes))
        return frozenset()
