"""What is known about shapes without any argument: which expressions have the same shape, and which are single numbers.

A shape is a set of atoms, each the shape of some value; broadcasting is their union, a single number the empty set. That two sets
are equal proves equal shapes; that they differ proves nothing.

Numbers are known from two sides. Forward: literals, `len(x)`, `np.sum(x)`. Backward: where the result of the function must be a single
number, so must everything that is broadcast into it: `s` and `x[i]` in `s = s + np.exp(x[i])`.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.integers import is_number_expression
from knetsrc.transform.analysis.ranks import NOTHING, Ranks, Told
from knetsrc.transform.analysis.stores import as_read, stored_names
from knetsrc.transform.callee import Calls, Constant, Helper, Primitive
from knetsrc.transform.functions import Function, bind_call

Shape = frozenset[Any]
SCALAR: Shape = frozenset()

_REDUCTIONS = frozenset(
    {"sum", "mean", "max", "min", "amax", "amin", "prod", "var", "std", "logsumexp", "norm"}
)
_OF_ELEMENTS = (sum, max, min)  # of Python: the elements of a list may be arrays
_SHAPE_KEEPERS = frozenset(
    {"zeros_like", "ones_like", "empty_like", "copy", "softmax", "log_softmax", "logsoftmax"}
)
_RESIZING = frozenset({"append", "extend", "insert", "pop", "remove", "clear", "resize"})


def broadcast(shapes: Iterable[Shape]) -> Shape:
    """The shape of an element-by-element operation: the union, without what is known to fit inside the rest."""
    union = frozenset().union(*shapes)
    plain = frozenset(a for a in union if not _is_part(a))
    return frozenset(a for a in union if not (_is_part(a) and a[1] <= plain))


BOOLEAN = (
    "boolean",
)  # an atom of what a comparison gives: its dtype is not that of the arrays compared


def combined(shapes: Iterable[Shape]) -> Shape:
    """As `broadcast`, for the result of arithmetic: it has the dtype of its arrays of floats, if there is one."""
    known = list(shapes)
    union = broadcast(known)
    has_floats = any(s and BOOLEAN not in s for s in known)
    return union - {BOOLEAN} if has_floats else union


def _is_part(atom: Any) -> bool:
    return isinstance(atom, tuple) and atom[0] == "part"


@dataclass(frozen=True)
class Value:
    """A name's value at one place: its shape, and a number that changes whenever the name is bound."""

    shape: Shape
    version: int


@dataclass
class Shapes:
    """Shapes of expressions by the statement in which they stand.

    Attributes
    ----------
    before
        Values of names at the start of a statement (`id` of its node).
    numbers_before, numbers_after
        Names that are single numbers there because the result is one.
    numeric
        Names of arrays and numbers, whose slices are not those of lists.
    """

    calls: Calls
    ranks: Ranks
    numeric: frozenset[str] = frozenset()
    before: dict[int, dict[str, Value]] = field(default_factory=dict)
    numbers_before: dict[int, frozenset[str]] = field(default_factory=dict)
    numbers_after: dict[int, frozenset[str]] = field(default_factory=dict)
    _versions: Any = field(default_factory=itertools.count)

    def of(self, node: tree.Node, statement: tree.Node) -> Shape:
        """Shape of an expression of `statement`, from the values before it."""
        numbers = self.numbers_before.get(id(statement), frozenset())
        return self._of(node, self.before.get(id(statement), {}), numbers)

    def of_target(self, text: str, statement: tree.Node, value: tree.Node) -> Shape:
        """Shape of the name that `statement` binds to `value`."""
        if text in self.numbers_after.get(id(statement), frozenset()):
            return SCALAR
        return self.of(value, statement)

    def _of(self, node: tree.Node, env: dict[str, Value], numbers: frozenset[str]) -> Shape:
        if isinstance(node, gast.Name):
            if node.id in numbers:
                return SCALAR
            shape = env[node.id].shape if node.id in env else frozenset([("name", node.id)])
            return SCALAR if self.is_number(node) else shape
        if isinstance(node, gast.Constant) and isinstance(node.value, int | float):
            return SCALAR
        if isinstance(node, gast.Compare):
            compared = broadcast(self._of(n, env, numbers) for n in [node.left, *node.comparators])
            return compared | {BOOLEAN} if compared else compared
        if isinstance(node, gast.Subscript):
            return self._of_part(node, env, numbers)
        callee = self.calls.of(node)
        if isinstance(callee, Primitive) and callee.rule.elementwise:
            return self._of_primitive(node, callee, env, numbers)
        if self.is_number(node):
            return SCALAR
        if isinstance(callee, Primitive):
            return self._of_primitive(node, callee, env, numbers)
        if is_number_expression(node) or (
            isinstance(callee, Constant) and isinstance(node, gast.UnaryOp)
        ):
            return SCALAR
        if isinstance(node, gast.Call) and _last_name(node.func) in _SHAPE_KEEPERS and node.args:
            return self._of(node.args[0], env, numbers)
        return frozenset([self._atom(node, env)])

    def is_number(self, node: tree.Node) -> bool:
        """Whether what a call has told of its arguments makes an expression a number."""
        return bool(self.ranks.told) and self.ranks.of(node) == 0

    def _of_part(
        self, node: gast.Subscript, env: dict[str, Value], numbers: frozenset[str]
    ) -> Shape:
        if self.ranks.is_number(node) or is_number_expression(node):
            return SCALAR
        whole = self._of(node.value, env, numbers)
        cut = cut_off(node.slice)
        if not tree.names_read(node.value) <= self.numeric or whole == SCALAR:
            return frozenset([self._atom(node, env)])
        if cut is not None:
            return frozenset([("cut", whole, cut)]) if cut else whole
        if self.ranks.is_of_integers(node.slice):
            number = len(node.slice.elts) if isinstance(node.slice, gast.Tuple) else 1
            return frozenset([("entry", whole, number)])
        return frozenset([self._atom(node, env)])

    def _of_primitive(
        self, node: tree.Node, callee: Primitive, env: dict[str, Value], numbers: frozenset[str]
    ) -> Shape:
        bound = callee.bound()
        primitive = getattr(callee.rule.primitives[0], "__name__", "")
        if callee.rule.elementwise or (primitive == "where" and len(bound) == 3):
            nodes = [n for v in bound.values() for n in (v if isinstance(v, list) else [v])]
            return combined(self._of(n, env, numbers) for n in nodes)
        first = callee.args[0] if callee.args else None
        if primitive in _SHAPE_KEEPERS and first is not None:
            return self._of(first, env, numbers)
        if (
            primitive in _REDUCTIONS
            and callee.rule.primitives[0] not in _OF_ELEMENTS
            and first is not None
            and callee.rule.primitives[0] is not sum  # of a list of arrays, that is an array
            and not isinstance(first, gast.List | gast.Tuple)
        ):
            return self._of_reduction(node, bound, self._of(first, env, numbers), env)
        return frozenset([self._atom(node, env)])

    def _of_reduction(
        self, node: tree.Node, bound: dict[str, Any], whole: Shape, env: dict[str, Value]
    ) -> Shape:
        keepdims, axis = bound.get("keepdims"), bound.get("axis")
        drops = keepdims is None or tree.is_constant(keepdims, False)
        if drops and (axis is None or tree.is_constant(axis, None)):
            return SCALAR
        if tree.is_constant(keepdims, True) or (drops and tree.is_constant(axis, 0)):
            return frozenset([("part", whole, tree.signature(axis) if axis is not None else None)])
        return frozenset([self._atom(node, env)])

    def _atom(self, node: tree.Node, env: dict[str, Value]) -> Any:
        versions = tuple(sorted((n, env[n].version) for n in tree.names_read(node) if n in env))
        return ("value", tree.signature(node), versions)

    def fresh(self, text: str) -> Value:
        """A value of which nothing is known."""
        version = next(self._versions)
        return Value(frozenset([("name", text, version)]), version)


def cut_off(index: tree.Node) -> tuple[int, ...] | None:
    """How much a slice leaves out along each axis, None if that is not known: `u[1:-1]` and `u[:-2]` have equal shapes.

    >>> [cut_off(tree.parse_expression(text).slice) for text in ("u[1:-1]", "u[:, 2:]", "u[:]", "u[i:]")]
    [(2,), (0, 2), (), None]
    """
    parts = index.elts if isinstance(index, gast.Tuple) else [index]
    found = [_cut_of_slice(part) for part in parts]
    if tree.is_constant(index, Ellipsis):
        return ()
    if None in found:
        return None
    while found and found[-1] == 0:
        found.pop()
    return tuple(n for n in found if n is not None)


def _cut_of_slice(part: tree.Node) -> int | None:
    if not isinstance(part, gast.Slice) or part.step is not None:
        return None
    lower = 0 if part.lower is None else tree.integer_of(part.lower)
    upper = 0 if part.upper is None else tree.integer_of(part.upper)
    if lower is None or upper is None or lower < 0:
        return None
    return lower - upper if upper < 0 or part.upper is None else None


def _last_name(function: tree.Node) -> str:
    return function.attr if isinstance(function, gast.Attribute) else getattr(function, "id", "")


def shapes(
    function: gast.FunctionDef,
    calls: Calls,
    scalar_result: bool,
    scalar_parameters: frozenset[str],
    numeric: frozenset[str] = frozenset(),
    results: frozenset[str] = frozenset(),
    told: Told = NOTHING,
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
    """
    found = Shapes(calls, Ranks(function, told, calls), numeric)
    parameters = tree.names_written(function.args) | _parameters(function)
    env = {n: found.fresh(n) for n in sorted(parameters)}
    for text in scalar_parameters & env.keys():
        env[text] = Value(SCALAR, next(found._versions))
    if scalar_result or results:
        paths = _Numbers(found, calls, results).block(function.body, frozenset(), frozenset())
        env |= {n: Value(SCALAR, v.version) for n, v in env.items() if n in _on_all(paths)}
    _Forward(found).block(function.body, env)
    return found


def _parameters(function: gast.FunctionDef) -> set[str]:
    return {
        n.id
        for n in tree.walk(function.args)
        if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)
    }


@dataclass
class _Forward:
    """Values of names along the text; at joins and in loops, a name bound on the way is a fresh value."""

    found: Shapes

    def block(self, body: list[tree.Node], env: dict[str, Value]) -> dict[str, Value]:
        for node in body:
            env = self.statement(node, env)
        return env

    def statement(self, node: tree.Node, env: dict[str, Value]) -> dict[str, Value]:
        if isinstance(node, gast.For | gast.While):
            env = env | self._fresh(_changed(node, self.found.numeric))
        self.found.before[id(node)] = env
        if isinstance(node, gast.Expr | gast.AugAssign):
            return env | self._fresh(_changed(node, self.found.numeric))
        if isinstance(node, gast.Assign):
            return env | self._fresh(_changed(node, self.found.numeric)) | self._assigned(node)
        if isinstance(node, gast.If):
            one, other = self.block(node.body, env), self.block(node.orelse, env)
            return one | {
                n: self._join(n, one.get(n), other.get(n))
                for n in sorted(one.keys() | other.keys())
            }
        if isinstance(node, gast.For | gast.While):
            inner = env
            if (
                isinstance(node, gast.For)
                and isinstance(node.target, gast.Name)
                and _counts(node.iter)
            ):
                inner = env | {node.target.id: Value(SCALAR, next(self.found._versions))}
            self.block(node.body, inner)
            return env | self._fresh(_changed(node, self.found.numeric))
        if isinstance(node, gast.With):
            return self.block(node.body, env)
        if isinstance(node, gast.Try):
            env = env | self._fresh(_changed(node, self.found.numeric))
            for body in (node.body, node.orelse, *(h.body for h in node.handlers), node.finalbody):
                self.block(body, env)
            return env | self._fresh(_changed(node, self.found.numeric))
        return env

    def _assigned(self, node: gast.Assign) -> dict[str, Value]:
        target = node.targets[0]
        if not isinstance(target, gast.Name):
            return self._fresh(tree.names_written(target))
        shape = self.found.of_target(target.id, node, node.value)
        return {target.id: Value(shape, next(self.found._versions))}

    def _fresh(self, names: set[str]) -> dict[str, Value]:
        return {n: self.found.fresh(n) for n in sorted(names)}

    def _join(self, text: str, one: Value | None, other: Value | None) -> Value:
        if one == other and one is not None:
            return one
        if one and other and one.shape == other.shape:
            return Value(one.shape, next(self.found._versions))
        return self.found.fresh(text)


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
