"""What is known about shapes without any argument: which expressions have the same shape, and which are single numbers.

Numbers are known from two sides. Forward: literals, `len(x)`, `np.sum(x)`. Backward, see `shape_flow`: where the result of the function
must be a single number, so must everything that is broadcast into it: `s` and `x[i]` in `s = s + np.exp(x[i])`.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.analysis.atoms import (
    BOOLEAN,
    SCALAR,
    Shape,
    broadcast,
    combined,
    dims_of,
    of_dims,
)
from knetsrc.transform.analysis.dim_rules import CallShapes
from knetsrc.transform.analysis.dims import (
    Dim,
    Dims,
    Equal,
    cut,
    is_open,
    note_equal,
    open_dim,
    with_equal,
    without_names,
)
from knetsrc.transform.analysis.integers import INTEGER_OPERATORS, is_number_expression
from knetsrc.transform.analysis.lengths import (
    SHAPE_KEEPERS,
    cut_of_slice,
    cut_off,
    is_cast,
    is_made,
    keeps_shape,
    measured,
)
from knetsrc.transform.analysis.ranks import Ranks
from knetsrc.transform.analysis.told import Told, is_of_many
from knetsrc.transform.callee import Calls, Constant, Helper, Primitive

_REDUCTIONS = frozenset(
    {"sum", "mean", "max", "min", "amax", "amin", "prod", "var", "std", "logsumexp", "norm"}
)
_OF_ELEMENTS = (sum, max, min)  # of Python: the elements of a list may be arrays
_INTEGERS = (int, np.int32, np.int64)
_NUMBERS = (*_INTEGERS, float, np.float32, np.float64)


@dataclass(frozen=True)
class Value:
    """A name's value at one place: its shape, a number that changes whenever the name is bound, and what length it says, if any."""

    shape: Shape
    version: int
    size: Dim | None = None
    equal: tuple[Equal, ...] = ()


# In place of a name: the value that says which lengths are equal where a statement stands.
RULES = "="


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
    equal
        Takes lengths that must be equal where a statement runs; None for questions that come later.
    demanded
        What the function demands to be equal wherever it runs.
    unsure
        Names of known shape that are bound in loops alone, which may have no turn.
    helper
        The lengths of the axes of what a function returns, by what is told of its parameters, and what it demands to be equal.
    """

    calls: Calls
    ranks: Ranks
    numeric: frozenset[str] = frozenset()
    before: dict[int, dict[str, Value]] = field(default_factory=dict)
    numbers_before: dict[int, frozenset[str]] = field(default_factory=dict)
    numbers_after: dict[int, frozenset[str]] = field(default_factory=dict)
    equal: Equal | None = None
    helper: Callable[[gast.FunctionDef, Told], tuple[list[Dims | None], Equal]] | None = None
    demanded: Equal = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    versions: int = 0

    def of(self, node: tree.Node, statement: tree.Node) -> Shape:
        """Shape of an expression of `statement`, from the values before it."""
        numbers = self.numbers_before.get(id(statement), frozenset())
        return self._of(node, self.before.get(id(statement), {}), numbers)

    def of_expression(
        self, node: tree.Node, statement: tree.Node, shapes: Mapping[str, Shape]
    ) -> Shape:
        """Shape of an expression that reads names of which the shapes are given, beside those of `statement`."""
        given = {text: Value(shape, -1) for text, shape in shapes.items()}
        numbers = self.numbers_before.get(id(statement), frozenset()) - given.keys()
        return self._of(node, self.before.get(id(statement), {}) | given, numbers)

    def size(self, node: tree.Node, statement: tree.Node) -> Dim | None:
        """The length of an axis that an expression of `statement` is, None for all else."""
        if measured(node) is None:
            return None
        return self._size(node, self.before.get(id(statement), {}), frozenset())

    def of_arguments(self, bound: Mapping[str, tree.Node], statement: tree.Node) -> Told:
        """What is known of the arguments of a call in `statement`."""
        numbers = self.numbers_before.get(id(statement), frozenset())
        told = self._told(bound, self.before.get(id(statement), {}), numbers)
        return replace(told, dims=frozenset(without_names(told.shapes.items())))

    def _told(
        self, bound: Mapping[str, tree.Node], env: dict[str, Value], numbers: frozenset[str]
    ) -> Told:
        told = self.ranks.of_arguments(bound)
        known = {p: dims_of(self._of(node, env, numbers)) for p, node in bound.items()}
        shapes = told.shapes | {p: dims for p, dims in known.items() if dims is not None}
        return replace(told, dims=frozenset(shapes.items()))

    def of_results(self, call: tree.Node, statement: tree.Node) -> list[Shape]:
        """Shapes of the parts of the tuple that a helper returns, of what it returns if that is none; empty if they are not known."""
        numbers = self.numbers_before.get(id(statement), frozenset())
        return self._of_results(call, self.before.get(id(statement), {}), numbers)

    def _of_results(
        self, call: tree.Node, env: dict[str, Value], numbers: frozenset[str]
    ) -> list[Shape]:
        called = self.calls.body_of(call) if self.helper and self.ranks.told else None
        if called is None or self.helper is None:
            return []
        told = self._told(called[1], env, numbers)
        given = {dim for dims in told.shapes.values() for dim in dims}
        found, equal = self.helper(called[0], told)
        for one, other in equal.items():
            if {one, other} <= given:
                note_equal(one, other, self.equal)
        kind, form, versions = self._atom(call, env)
        shapes: list[Shape] = []
        for i, dims in enumerate(found):
            own = (kind, (form, i), versions)  # each part has a shape of its own
            known = (
                d if d in given or isinstance(d, int) else open_dim(own, axis)
                for axis, d in enumerate(dims or ())
            )
            shapes.append(frozenset([own]) if dims is None else of_dims(tuple(known)))
        return shapes

    def rank(self, node: tree.Node, statement: tree.Node) -> int | None:
        """Number of axes of an expression of `statement`, None if it is not known."""
        dims = dims_of(self.of(node, statement))
        return self.ranks.of(node) if dims is None else len(dims)

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
            sides = (self._of(n, env, numbers) for n in [node.left, *node.comparators])
            compared = broadcast(sides, self.equal)
            return compared | {BOOLEAN} if compared else compared
        if isinstance(node, gast.Subscript):
            return self._of_part(node, env, numbers)
        if isinstance(node, gast.List | gast.Dict):  # one that grows later is as long as no other
            return frozenset([("container", id(node))])
        if isinstance(node, gast.Attribute) and node.attr == "T":
            dims = dims_of(self._of(node.value, env, numbers))
            return frozenset([self._atom(node, env)]) if dims is None else of_dims(dims[::-1])
        if self._is_cast_to(node, _NUMBERS):
            whole = self._of(node.func.value, env, numbers) - {BOOLEAN}
            if dims_of(whole):
                return whole
        callee = self.calls.of(node)
        if isinstance(callee, Primitive) and callee.rule.elementwise:
            shape = self._of_primitive(node, callee, env, numbers)
            whole = self._of(node.left, env, numbers) if tree.is_in_place(node) else frozenset()
            return (
                whole if dims_of(whole) else shape
            )  # after `x += e` an array is as large as before
        if isinstance(callee, Primitive):
            # one that gives a number may demand equal lengths as well
            shape = self._of_primitive(node, callee, env, numbers)
            return SCALAR if self.is_number(node) else shape
        if self.is_number(node):
            return SCALAR
        if is_number_expression(node) or (
            isinstance(callee, Constant) and isinstance(node, gast.UnaryOp)
        ):
            return SCALAR
        function = self._ufunc(node) if isinstance(callee, Constant) else None
        if function is not None:
            found = broadcast([self._of(n, env, numbers) for n in node.args], self.equal)
            is_boolean = any(types.endswith("?") for types in function.types)
            return found | {BOOLEAN} if found and is_boolean else found
        if isinstance(callee, Helper):
            parts = self._of_results(node, env, numbers)
            return parts[0] if len(parts) == 1 else frozenset([self._atom(node, env)])
        if isinstance(node, gast.Call) and is_made(node):
            size = node.args[0]
            parts = [size, size] if tree.is_path(node.func, "np.eye") else size
            made = self._call_shapes(env, numbers).made(parts)
            return frozenset([self._atom(node, env)]) if made is None else of_dims(made)
        if isinstance(node, gast.Call) and keeps_shape(node):
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
        path = self.ranks.path_of(node) if self.ranks.told else None
        if path is not None and path in env:
            return self._of_entry(path, node, env)
        whole = self._of(node.value, env, numbers)
        dims = dims_of(whole) and self._part_dims(node, env, numbers)
        if dims is not None and whole:
            return of_dims(dims)
        missing = cut_off(node.slice)
        if not tree.names_read(node.value) <= self.numeric or whole == SCALAR:
            return frozenset([self._atom(node, env)])
        if missing is not None:
            return frozenset([("cut", whole, missing)]) if missing else whole
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
            return combined([self._of(n, env, numbers) for n in nodes], self.equal)
        first = callee.args[0] if callee.args else None
        if primitive in SHAPE_KEEPERS and first is not None:
            return self._of(first, env, numbers)
        if (
            primitive in _REDUCTIONS
            and callee.rule.primitives[0] not in _OF_ELEMENTS
            and first is not None
            and "b" not in bound  # factors of `logsumexp`: they may be more than what they multiply
            and not isinstance(first, gast.List | gast.Tuple)
        ):
            return self._of_reduction(node, bound, self._of(first, env, numbers), env, numbers)
        dims = self._call_shapes(env, numbers).of(primitive, bound)
        return frozenset([self._atom(node, env)]) if dims is None else of_dims(dims)

    def _of_reduction(
        self,
        node: tree.Node,
        bound: dict[str, Any],
        whole: Shape,
        env: dict[str, Value],
        numbers: frozenset[str],
    ) -> Shape:
        dims = dims_of(whole)
        found = None if dims is None else self._call_shapes(env, numbers).of_reduction(dims, bound)
        if found is not None:
            return of_dims(found)
        keepdims, axis = bound.get("keepdims"), bound.get("axis")
        drops = keepdims is None or tree.is_constant(keepdims, False)
        if drops and (axis is None or tree.is_constant(axis, None)):
            return SCALAR
        if tree.is_constant(keepdims, True) or (drops and tree.is_constant(axis, 0)):
            along = tree.signature(axis) if axis is not None else None
            return frozenset([("part", whole, along, drops)])
        return frozenset([self._atom(node, env)])

    def _ufunc(self, node: tree.Node) -> np.ufunc | None:
        """What a call applies to its arguments element by element, if it gives one array."""
        function = self.calls.outside.resolve(node.func) if isinstance(node, gast.Call) else None
        if not isinstance(function, np.ufunc) or function.nout != 1 or node.keywords:
            return None
        return function if len(node.args) == function.nin else None

    def _call_shapes(self, env: dict[str, Value], numbers: frozenset[str]) -> CallShapes:
        return CallShapes(
            lambda node: dims_of(self._of(node, env, numbers)),
            lambda node: self._size(node, env, numbers),
            self.ranks.is_integer,
            lambda node: node.id in self.ranks.lists,
            self.equal,
        )

    def _size(self, node: tree.Node, env: dict[str, Value], numbers: frozenset[str]) -> Dim:
        """The length that an integer says."""
        known = tree.integer_of(node)
        if known is not None:
            return known
        if isinstance(node, gast.Name) and node.id in env:
            size = env[node.id].size
            return open_dim(self._atom(node, env)) if size is None else size
        axis_of = measured(node)
        if axis_of is not None:
            dims = dims_of(self._of(axis_of[0], env, numbers)) or ()
            if -len(dims) <= axis_of[1] < len(dims):
                return dims[axis_of[1]]
        return open_dim(self._atom(node, env))

    def _of_entry(self, path: str, node: tree.Node, env: dict[str, Value]) -> Shape:
        """The shape of an entry of which a call has told; other elements of the same list have lengths of their own."""
        shape, dims = env[path].shape, dims_of(env[path].shape)
        if dims is None or not is_of_many(path):
            return shape
        atom = self._atom(node, env)
        found = of_dims(tuple(d if isinstance(d, int) else (*d, atom) for d in dims))
        return functools.reduce(with_equal, env[RULES].equal, found)

    def _part_dims(
        self, node: gast.Subscript, env: dict[str, Value], numbers: frozenset[str]
    ) -> Dims | None:
        """Lengths of the axes of a part, by an index of integers, slices, new axes, and arrays of integers side by side."""
        rest = list(dims_of(self._of(node.value, env, numbers)) or ())
        parts = list(node.slice.elts) if isinstance(node.slice, gast.Tuple) else [node.slice]
        arrays = {i: d for i, p in enumerate(parts) if (d := self._index_dims(p, env, numbers))}
        places = sorted(arrays)
        if places and (
            places[-1] - places[0] >= len(places) or any(map(self.ranks.is_integer, parts))
        ):
            return None
        joined = dims_of(broadcast(map(of_dims, arrays.values()), self.equal))
        taken = sum(not (tree.is_constant(p, None) or tree.is_constant(p, Ellipsis)) for p in parts)
        if taken > len(rest) or joined is None:
            return None
        found: list[Dim] = []
        for i, part in enumerate(parts):
            if tree.is_constant(part, None):
                found.append(1)
            elif tree.is_constant(part, Ellipsis):
                skipped = len(rest) - sum(not tree.is_constant(p, None) for p in parts[i + 1 :])
                found, rest = [*found, *rest[:skipped]], rest[skipped:]
            elif isinstance(part, gast.Slice):
                less, whole = cut_of_slice(part), rest.pop(0)
                is_known = less is not None
                found.append(
                    cut(whole, less or 0) if is_known else open_dim(whole, self._atom(part, env))
                )
            elif i in arrays:
                rest.pop(0)
                found += joined if i == places[0] else ()
            elif self.ranks.is_integer(part):
                rest.pop(0)
            else:
                return None
        is_array = any(tree.is_constant(p, Ellipsis) for p in parts)
        dims = (*found, *rest)
        return None if is_array and not dims else dims  # a view without axes is no number

    def _index_dims(
        self, part: tree.Node, env: dict[str, Value], numbers: frozenset[str]
    ) -> Dims | None:
        """The shape of an index, if it is an array of integers for sure."""
        if isinstance(part, gast.Call) and tree.is_path(part.func, "np.arange"):
            is_count = (
                len(part.args) == 1 and not part.keywords and self.ranks.is_integer(part.args[0])
            )
            return (self._size(part.args[0], env, numbers),) if is_count else None
        if isinstance(part, gast.BinOp) and isinstance(part.op, INTEGER_OPERATORS):
            sides = [n for n in (part.left, part.right) if not self.ranks.is_integer(n)]
            found = [self._index_dims(n, env, numbers) for n in sides]
            known = [of_dims(dims) for dims in found if dims is not None]
            is_whole = bool(sides) and len(known) == len(sides)
            return dims_of(broadcast(known, self.equal)) if is_whole else None
        if not isinstance(part, gast.Name):
            return None
        is_index = part.id in self.ranks.indices or self._is_cast_to_integers(part.id)
        return dims_of(self._of(part, env, numbers)) if is_index else None

    def _is_cast_to_integers(self, text: str) -> bool:
        """Whether a name is only ever bound to `e.astype(int)`."""
        values = self.ranks.bound.get(text, [])
        return bool(values) and all(self._is_cast_to(value, _INTEGERS) for value in values)

    def _is_cast_to(self, node: tree.Node | None, kinds: tuple[type, ...]) -> TypeGuard[gast.Call]:
        """Whether an expression is `x.astype(kind)` for one of some kinds."""
        if not is_cast(node):
            return False
        found = self.calls.outside.resolve(node.args[0])
        return any(found is kind for kind in kinds)

    def picks_once(self, index: tree.Node, statement: tree.Node) -> bool:
        """Whether no element is picked twice: `np.arange(n), labels`, where `n` is not 1 or is the number of the labels."""
        env = self.before.get(id(statement), {})
        numbers = self.numbers_before.get(id(statement), frozenset())
        parts = index.elts if isinstance(index, gast.Tuple) else [index]
        found = [self._index_dims(p, env, numbers) for p in parts if not self.ranks.is_integer(p)]
        if not all(dims is not None and len(dims) == 1 for dims in found):
            return False
        counts = [self._index_dims(p, env, numbers) for p in parts if isinstance(p, gast.Call)]
        lengths = [dims[0] for dims in counts if dims]
        return any((dim != 1 and not is_open(dim)) or {(dim,)} == set(found) for dim in lengths)

    def _atom(self, node: tree.Node, env: dict[str, Value]) -> Any:
        versions = tuple(sorted((n, env[n].version) for n in tree.names_read(node) if n in env))
        return ("value", tree.signature(node), versions)

    def version(self) -> int:
        """A number that no value that is still looked at has."""
        self.versions += 1
        return self.versions

    def fresh(self, text: str) -> Value:
        """A value of which nothing is known."""
        version = self.version()
        return Value(frozenset([("name", text, version)]), version)
