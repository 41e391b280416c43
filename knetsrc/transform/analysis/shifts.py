"""Which maxima only shift what they are taken of, so that no derivative goes through them: the maximum in a softmax.

    e = np.exp(x - np.max(x))     ->  e depends on the maximum c as  v * exp(-c)
    p = e / np.sum(e)             ->  in p it cancels

A value may depend on c as `v + k * c` or as `v * exp(k * c)`. If all that is read in another way has k = 0, the result does not depend
on c at all, whatever c is.
"""

import builtins
import operator
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.analysis.atoms import SCALAR, Shape
from knetsrc.transform.analysis.shape_flow import shapes
from knetsrc.transform.analysis.shapes import Shapes
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.analysis.told import NOTHING, Told
from knetsrc.transform.callee import Calls, Primitive

_OF_NUMBERS = (builtins.max, builtins.min)
_EXTREMES = (np.max, np.amax, np.min, np.amin, "max", "min", *_OF_NUMBERS)
_SUMS = {operator.add: 1, np.add: 1, operator.sub: -1, np.subtract: -1}
_PRODUCTS = {operator.mul: 1, np.multiply: 1, operator.truediv: -1, np.divide: -1}
_OPTIONS = frozenset({"axis", "keepdims"})


@dataclass(frozen=True)
class Dependence:
    """How a value depends on the maximum: `kind` is "none", "sum" (`v + k * c`), "product" (`v * exp(k * c)`) or "unknown".

    `is_reduced` tells that the value has lost the axis of the maximum. With a `scale`, numbers by their text with their powers,
    c stands for the maximum times these: `(x - c) / t`.
    """

    kind: str
    times: int = 0
    is_reduced: bool = False
    scale: tuple[tuple[str, int], ...] = ()


NONE = Dependence("none")
UNKNOWN = Dependence("unknown")


def idle_shifts(
    function: gast.FunctionDef, calls: Calls, numeric: frozenset[str], told: Told = NOTHING
) -> frozenset[str]:
    """The text of each maximum on which the result does not depend.

    Parameters
    ----------
    function
        In the core language.
    calls
        Tells calls apart.
    numeric
        Names of arrays and numbers.
    told
        What a call has told of parameters.
    """
    found: dict[str, dict[int, tuple[list[tree.Node], tree.Node, Primitive]]] = {}
    for block in _blocks(function.body):
        for statement in block:
            for node, callee in _extremes(statement, calls):
                places = found.setdefault(tree.show(node), {})
                places.setdefault(id(block), (block, statement, callee))
    if not found:
        return frozenset()
    known = shapes(function, calls, False, frozenset(), numeric, told=told)
    return frozenset(
        text
        for text, places in found.items()
        if all(_Shift(function, calls, known, text, *p).is_idle() for p in places.values())
    )


def _blocks(body: list[tree.Node]) -> Iterator[list[tree.Node]]:
    yield body
    for node in body:
        for part in ("body", "orelse", "finalbody", "handlers"):
            inner = getattr(node, part, None)
            if isinstance(inner, list) and inner:
                yield from _blocks(inner)


def _extremes(statement: tree.Node, calls: Calls) -> Iterator[tuple[gast.Call, Primitive]]:
    """Maxima and minima in a statement, without those in the statements inside of it."""
    inner = gast.stmt | gast.ExceptHandler
    own = [n for n in gast.iter_child_nodes(statement) if not isinstance(n, inner)]
    for node in tree.walk(own):
        if isinstance(node, gast.Call):
            callee = calls.of(node)
            if isinstance(callee, Primitive) and callee.function in _EXTREMES and callee.args:
                yield node, callee


@dataclass
class _Shift:
    """One maximum, with the text `text`, first read by `statement` of `block`."""

    function: gast.FunctionDef
    calls: Calls
    shapes: Shapes
    text: str
    block: list[tree.Node]
    statement: tree.Node
    callee: Primitive
    env: dict[str, Dependence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.callee.function in _OF_NUMBERS:
            self._of_numbers()
            return
        bound = self.callee.bound()
        self.operand: tree.Node = self.callee.args[0]
        self.axis: Any = bound.get("axis")
        keepdims = bound.get("keepdims")
        self.is_plain = not bound.keys() - _OPTIONS - {"a"} and _is_literal(self.axis)
        self.is_plain &= keepdims is None or tree.is_constant(keepdims, True, False)
        self.is_number = self.axis is None or tree.is_constant(self.axis, None)
        self.is_first = tree.is_constant(self.axis, 0)
        self.is_from_end = (tree.integer_of(self.axis) or 0) < 0  # more axes in front do not matter
        self.is_reduced = not (self.is_number or self.is_first or tree.is_constant(keepdims, True))
        self.whole = self.shapes.of(self.operand, self.statement)
        self.reduced: set[Shape] = set()
        self.kept: set[Shape] = set()

    def _of_numbers(self) -> None:
        """The greatest or smallest of several numbers."""
        args = self.callee.args
        self.operand, self.axis = tree.tuple_of(list(args)), None
        is_several = len(args) > 1 and not self.callee.keywords
        self.is_plain = is_several and all(self._shape(a) == SCALAR for a in args)
        self.is_number, self.is_first = True, False
        self.is_from_end = self.is_reduced = False
        self.whole, self.reduced, self.kept = SCALAR, set(), set()

    def is_idle(self) -> bool:
        """Whether nothing that is computed from the maximum in the block depends on it in the end."""
        if not self.is_plain or not self._is_fixed():
            return False
        for number, node in enumerate(self.block):
            self.statement = node
            if isinstance(node, gast.Assign) and tree.is_name(node.targets[0]):
                found = self.of(node.value)
                if found == UNKNOWN:
                    return False
                if found != NONE:
                    name = node.targets[0].id
                    if not self._is_read_below(name, number):
                        return False
                    self.env[name] = found
            elif any(self.of(n) != NONE for n in _expressions(node)):
                return False
        return True

    def _is_fixed(self) -> bool:
        """Whether the text stands for the same value all through the block, or is there only once."""
        calls = [n for n in tree.walk(self.block) if isinstance(n, gast.Call)]
        if sum(tree.show(n) == self.text for n in calls) == 1:
            return True
        later = self.block[self.block.index(self.statement) :]
        is_bound_anew = tree.names_read(self.operand) & tree.names_written(later)
        return not is_bound_anew and not changed_names(self.function)

    def _is_read_below(self, name: str, number: int) -> bool:
        """Whether a name is bound once, and read in the same block after that only."""
        bound = _count(self.function, name, gast.Store | gast.Param)
        below = sum(_count(n, name, gast.Load) for n in self.block[number + 1 :])
        return bound == 1 and below == _count(self.function, name, gast.Load)

    def of(self, node: tree.Node) -> Dependence:
        """How an expression of the current statement depends on the maximum."""
        if isinstance(node, gast.Name):
            return self.env.get(node.id, NONE)
        if isinstance(node, gast.Call) and tree.show(node) == self.text:
            (self.reduced if self.is_reduced else self.kept).add(self._shape(node))
            return Dependence("sum", 1, self.is_reduced)
        callee = self.calls.of(node) if isinstance(node, gast.expr) else None
        found = self._of_primitive(node, callee) if isinstance(callee, Primitive) else None
        if found is None and isinstance(node, gast.Subscript):
            found = self._of_part(node)
        if found is None:
            found = UNKNOWN if any(self.of(n) != NONE for n in tree.children(node)) else NONE
        return found

    def _shape(self, node: tree.Node) -> Shape:
        return self.shapes.of(node, self.statement)

    def _of_primitive(self, node: tree.Node, callee: Primitive) -> Dependence | None:
        function, args = callee.function, callee.args
        if function in (np.squeeze, "squeeze"):
            return self._of_squeezed(node, callee)
        if callee.keywords and function not in (np.sum, "sum"):
            return None
        if function in _SUMS and len(args) == 2:
            left, right = map(self.of, args)
            if left == right and left.kind == "product":  # (v + w) * exp(c)
                return left
            return self._combined("sum", left, right, _SUMS[function])
        if function in _PRODUCTS and len(args) == 2:
            times = _PRODUCTS[function]
            scaled = self._scaled(args[0], args[1], times)
            if scaled is not None:
                return scaled
            return self._combined("product", self.of(args[0]), self.of(args[1]), times)
        if function in (operator.neg, np.negative):
            inner = self.of(args[0])
            sign = -1 if inner.kind == "sum" else 1
            return replace(inner, times=sign * inner.times)
        if function is np.exp and len(args) == 1:
            return _turned(self.of(args[0]), "sum", "product")
        if function is np.log and len(args) == 1:
            return _turned(self.of(args[0]), "product", "sum")
        return self._of_sum(node, callee) if function in (np.sum, "sum") else None

    def _scaled(self, left: tree.Node, right: tree.Node, power: int) -> Dependence | None:
        """`(x - c) / t` or `t * (x - c)`, with a number `t` that is the same all through the function."""
        inner, factor = self.of(left), right
        if inner == NONE and power == 1:
            inner, factor = self.of(right), left
        if inner.kind != "sum" or self.of(factor) != NONE:
            return None
        sign = 1
        if isinstance(factor, gast.UnaryOp) and isinstance(factor.op, gast.USub):
            sign, factor = -1, factor.operand
        if not self._is_fixed_number(factor):
            return None
        powers = dict(inner.scale)
        text = tree.show(factor)
        powers[text] = powers.get(text, 0) + power
        scale = tuple(sorted((t, p) for t, p in powers.items() if p))
        return replace(inner, times=sign * inner.times, scale=scale)

    def _is_fixed_number(self, node: tree.Node) -> bool:
        """Whether an expression is a literal number, or a parameter that is one, and is not bound anew."""
        if not isinstance(node, gast.Name):
            return tree.is_number(node)
        is_own = _count(self.function, node.id, gast.Param) == 1
        is_own &= _count(self.function, node.id, gast.Store) == 0
        return is_own and self._shape(node) == SCALAR

    def _combined(self, kind: str, left: Dependence, right: Dependence, sign: int) -> Dependence:
        dependent = [d for d in (left, right) if d != NONE]
        if not dependent:
            return NONE
        first = dependent[0]
        alike = {(d.kind, d.is_reduced, d.scale) for d in dependent}
        if alike != {(kind, first.is_reduced, first.scale)}:
            return UNKNOWN
        times = left.times + sign * right.times
        return replace(first, times=times) if times else NONE

    def _of_sum(self, node: tree.Node, callee: Primitive) -> Dependence | None:
        inner = self.of(callee.args[0])
        if inner == NONE:
            return None
        bound = callee.bound()
        axis, keepdims = bound.get("axis"), bound.get("keepdims")
        if inner.kind != "product" or bound.keys() - _OPTIONS - {"a"}:
            return UNKNOWN
        if self.is_number:
            return inner
        if inner.is_reduced or axis is None or not tree.is_same(axis, self.axis):
            return UNKNOWN
        if not self.is_from_end and not self._has_whole_shape(callee.args[0]):
            return UNKNOWN
        is_kept = self.is_first or tree.is_constant(keepdims, True)
        if not is_kept and not (keepdims is None or tree.is_constant(keepdims, False)):
            return UNKNOWN
        (self.kept if is_kept else self.reduced).add(self._shape(node))
        return replace(inner, is_reduced=not is_kept)

    def _of_squeezed(self, node: tree.Node, callee: Primitive) -> Dependence | None:
        """The axis of the maximum, of length 1, taken away."""
        inner, axis = self.of(callee.args[0]), callee.bound().get("axis")
        if inner == NONE:
            return None
        is_at_axis = axis is not None and not self.is_number and tree.is_same(axis, self.axis)
        if inner.kind not in ("sum", "product") or inner.is_reduced or not is_at_axis:
            return UNKNOWN
        if self.is_first:  # what is left is broadcast along the same axes
            self.kept.add(self._shape(node))
            return inner
        if not self.is_from_end and self._shape(callee.args[0]) not in self.kept:
            return UNKNOWN
        self.reduced.add(self._shape(node))
        return replace(inner, is_reduced=True)

    def _has_whole_shape(self, node: tree.Node) -> bool:
        """Whether an expression has the shape of what the maximum is of; those of maxima and sums fit inside."""
        return self._shape(node) - frozenset().union(*self.kept) == self.whole

    def _of_part(self, node: gast.Subscript) -> Dependence | None:
        """An axis put back by None, or taken away by 0: `m[:, None]` and `m[:, 0]` where the maximum is over axis 1."""
        inner = self.of(node.value)
        if inner.kind not in ("sum", "product") or self.is_number or self.is_first:
            return None
        known = self.reduced if inner.is_reduced else self.kept
        if not self.is_from_end and self._shape(node.value) not in known:
            return None
        if not self._is_at_axis(node.slice, None if inner.is_reduced else 0):
            return None
        (self.kept if inner.is_reduced else self.reduced).add(self._shape(node))
        return replace(inner, is_reduced=not inner.is_reduced)

    def _is_at_axis(self, index: tree.Node, value: int | None) -> bool:
        axis = tree.integer_of(self.axis)
        if not isinstance(index, gast.Tuple) or not tree.is_constant(index.elts[-1], value):
            return False
        before = index.elts[:-1]
        if axis == -1:
            return len(before) == 1 and tree.is_constant(before[0], Ellipsis)
        return len(before) == axis and all(
            isinstance(n, gast.Slice) and n.lower is None is n.upper and n.step is None
            for n in before
        )


def _turned(found: Dependence, kind: str, into: str) -> Dependence:
    if found == NONE:
        return NONE
    return replace(found, kind=into) if found.kind == kind else UNKNOWN


def _is_literal(axis: tree.Node | None) -> bool:
    return axis is None or tree.is_constant(axis, None) or tree.integer_of(axis) is not None


def _expressions(node: tree.Node) -> Iterator[tree.Node]:
    """The outermost expressions of a statement and of all statements inside of it."""
    for child in gast.iter_child_nodes(node):
        if isinstance(child, gast.expr):
            yield child
        else:
            yield from _expressions(child)


def _count(node: tree.Node, name: str, context: Any) -> int:
    return sum(tree.is_name(n, name) and isinstance(n.ctx, context) for n in tree.walk(node))
