"""Ranks of arrays that a function makes itself or that a call has told, so that `y[i]` is known to be a single number."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.integers import INTEGER_OPERATORS, integer_names

_OF_SHAPE = frozenset({"zeros", "ones", "empty", "full"})
_AS_FIRST = frozenset({"zeros_like", "ones_like", "empty_like", "full_like", "copy"})
_MATRICES = frozenset({"eye", "identity", "tri"})


@dataclass(frozen=True)
class Told:
    """What a call has told of parameters that are numbers or arrays.

    Attributes
    ----------
    axes
        Parameters with their numbers of axes, 0 for a single number.
    integers
        Single integers.
    floats
        Floating-point numbers, and arrays of them.
    """

    axes: frozenset[tuple[str, int]] = frozenset()
    integers: frozenset[str] = frozenset()
    floats: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.axes)

    @functools.cached_property
    def ranks(self) -> dict[str, int]:
        """Numbers of axes by parameter, in the order of the names."""
        return dict(sorted(self.axes))


NOTHING = Told()
_OPEN = -1  # a name of which no value has been looked at


class Ranks:
    """Ranks of names, where every value that a name is bound to has the same.

    Parameters
    ----------
    function
        A function in the core language.
    told
        What is known of parameters.
    calls
        Tells calls apart.
    around
        The functions that are being looked at.
    """

    def __init__(
        self,
        function: gast.FunctionDef,
        told: Told = NOTHING,
        calls: Any = None,
        around: tuple[gast.FunctionDef, ...] = (),
    ) -> None:
        self.told, self.calls, self.around = told, calls, (*around, function)
        own = {id(n) for n in tree.walk(function.args) if getattr(n, "id", None) in told.ranks}
        self.integers = integer_names(function, told.integers) | _range_arguments(function)
        self.bound: dict[str, list[tree.Node | None]] = {}
        for node in tree.walk(function):
            if isinstance(node, gast.Assign) and tree.is_name(node.targets[0]):
                self.bound.setdefault(node.targets[0].id, []).append(node.value)
            elif isinstance(node, gast.Name) and isinstance(node.ctx, gast.Param):
                self.bound.setdefault(node.id, []).append(node if id(node) in own else None)
            elif isinstance(node, gast.Assign | gast.For | gast.With):
                for text in _targets(node):
                    self.bound.setdefault(text, []).append(None)
        self._known: dict[str, int | None] = dict.fromkeys(self.bound, _OPEN)
        while self._known != (found := {text: self._joined(text) for text in self.bound}):
            self._known = found
        self._known = {text: None if r == _OPEN else r for text, r in found.items()}

    def of(self, node: Any) -> int | None:
        """The rank of an expression, None if it is not known."""
        if isinstance(node, gast.Name):
            is_parameter = isinstance(node.ctx, gast.Param)
            return self.told.ranks[node.id] if is_parameter else self._known.get(node.id)
        if isinstance(node, gast.Constant):
            return 0 if isinstance(node.value, int | float) else None
        if isinstance(node, gast.Subscript):
            return self._of_part(node)
        if isinstance(node, gast.Attribute) and node.attr == "T":
            return self.of(node.value)
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.MatMult):
            return self._of_product(self.of(node.left), self.of(node.right))
        if self.calls is not None and (operands := self.calls.operands(node)):
            return self._of_operands(operands)
        if self.calls is not None and (called := self.calls.body_of(node)):
            return self._of_result(*called)
        if isinstance(node, gast.Call) and tree.is_path(node.func, "np.array"):
            return self._of_display(node.args[0]) if len(node.args) == 1 else None
        if tree.called_name(node) in ("min", "max") and len(node.args) > 1:
            rank = self._of_operands(node.args)
            return rank if rank in (0, _OPEN) else None
        if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            return self._of_call(node, node.func)
        return None

    def _of_result(self, core: gast.FunctionDef, bound: dict[str, tree.Node]) -> int | None:
        """The rank of what a helper returns for these arguments; None for one that calls itself."""
        if any(core is other for other in self.around):
            return None
        if _OPEN in map(self.of, bound.values()):
            return _OPEN
        inner = Ranks(core, self.of_arguments(bound), self.calls, self.around)
        return inner.of(core.body[-1].value)

    def _of_display(self, node: tree.Node) -> int | None:
        """The rank of `np.array([a, b])`: one more than that of its elements."""
        if not isinstance(node, gast.List) or not node.elts:
            return None
        rank = self._of_operands(node.elts)
        return None if rank is None else rank if rank == _OPEN else rank + 1

    def _of_operands(self, operands: list[tree.Node]) -> int | None:
        ranks = [self.of(operand) for operand in operands]
        known = [rank for rank in ranks if rank is not None]
        if len(known) < len(ranks):
            return None
        return _OPEN if _OPEN in known else max(known)

    def _of_product(self, a: int | None, b: int | None) -> int | None:
        if not a or not b:
            return None
        if _OPEN in (a, b):
            return _OPEN
        return max(a, b) - 1 if a == 1 or b == 1 else max(a, b)

    def _of_part(self, node: gast.Subscript) -> int | None:
        """The rank of a part, if its index is made of integers, slices and new axes."""
        rank = self.of(node.value)
        parts = node.slice.elts if isinstance(node.slice, gast.Tuple) else [node.slice]
        new = sum(tree.is_constant(p, None) for p in parts)
        whole = sum(isinstance(p, gast.Slice) or tree.is_constant(p, Ellipsis) for p in parts)
        integers = sum(map(self._is_integer, parts))
        if rank == _OPEN:
            return _OPEN
        if rank is None or new + whole + integers < len(parts) or integers > rank:
            return None
        return rank - integers + new

    def of_arguments(self, bound: Mapping[str, tree.Node]) -> Told:
        """What is known of the arguments of a call."""
        integers = frozenset(p for p, node in bound.items() if self._is_integer(node))
        known = {p: 0 if p in integers else self.of(node) for p, node in bound.items()}
        return Told(frozenset((p, rank) for p, rank in known.items() if rank is not None), integers)

    def numbers(self) -> set[str]:
        """Names that are only bound to single elements: they share no memory with the array."""
        return {
            text
            for text, values in self.bound.items()
            if all(value is not None and self.is_number(value) for value in values)
        }

    def is_number(self, node: tree.Node) -> bool:
        """Whether `y[i]` is a single number: as many integers as `y` has axes."""
        if not isinstance(node, gast.Subscript):
            return False
        number = len(node.slice.elts) if isinstance(node.slice, gast.Tuple) else 1
        return self.of(node.value) == number and self.is_of_integers(node.slice)

    def is_of_integers(self, index: tree.Node) -> bool:
        """Whether an index is an integer, or several."""
        parts = index.elts if isinstance(index, gast.Tuple) else [index]
        return all(map(self._is_integer, parts))

    def _joined(self, text: str) -> int | None:
        """The rank that all values of a name have, as far as the ranks of names are known."""
        found = {self.of(value) for value in self.bound[text]} - {_OPEN}
        return found.pop() if len(found) == 1 else None if found else _OPEN

    def _of_call(self, node: gast.Call, function: gast.Attribute) -> int | None:
        if not tree.is_name(function.value, "np"):
            is_copy = function.attr == "copy" and not node.args
            return self.of(function.value) if is_copy else None
        if function.attr in _MATRICES:
            return 2
        if not node.args or function.attr not in _OF_SHAPE | _AS_FIRST:
            return None
        first = node.args[0]
        if function.attr in _AS_FIRST:
            return None if any(k.arg == "shape" for k in node.keywords) else self.of(first)
        if isinstance(first, gast.Tuple):
            starred = any(isinstance(e, gast.Starred) for e in first.elts)
            return None if starred else len(first.elts)
        return 1 if self._is_integer(first) else None

    def _is_integer(self, node: tree.Node) -> bool:
        if isinstance(node, gast.Name):
            return node.id in self.integers
        if isinstance(node, gast.Constant):
            return type(node.value) is int
        if isinstance(node, gast.UnaryOp):
            return self._is_integer(node.operand)
        if isinstance(node, gast.BinOp):
            is_whole = isinstance(node.op, INTEGER_OPERATORS)
            return is_whole and self._is_integer(node.left) and self._is_integer(node.right)
        if isinstance(node, gast.Subscript):
            is_shape = isinstance(node.value, gast.Attribute) and node.value.attr == "shape"
            return is_shape and isinstance(node.slice, gast.Constant)
        return tree.called_name(node) == "len" or (
            isinstance(node, gast.Attribute) and node.attr in ("size", "ndim")
        )


def _targets(node: tree.Node) -> set[str]:
    if isinstance(node, gast.For):
        counts = tree.called_name(node.iter) in ("range", "reversed")
        return set() if counts else tree.names_written(node.target)
    return tree.names_written(node.targets if isinstance(node, gast.Assign) else list(node.items))


def _range_arguments(function: gast.FunctionDef) -> set[str]:
    """Parameters that are handed to `range`, which takes integers only, or that the bound of a slice is computed from."""
    assigned = tree.names_written(function.body)
    calls = [n for n in tree.walk(function) if tree.called_name(n) == "range"]
    found = {a.id for n in calls for a in n.args if isinstance(a, gast.Name)}
    for node in function.body:
        sure = node.iter if isinstance(node, gast.For) else node
        if not isinstance(node, gast.If | gast.While | gast.With | gast.Try):
            found |= {text for n in tree.walk(sure) for text in _in_bounds(n)}
    return found - assigned


def _in_bounds(node: tree.Node) -> set[str]:
    """Names from which `range(n - 1)` or `x[n // 2 :]` computes an integer."""
    parts = node.args if tree.called_name(node) == "range" else []
    if isinstance(node, gast.Slice):
        parts = [node.lower, node.upper]
    computed = [n for n in parts if isinstance(n, gast.BinOp)]
    is_plain = [all(isinstance(n, _ARITHMETIC) for n in tree.walk(part)) for part in computed]
    return {
        text
        for part, plain in zip(computed, is_plain, strict=True)
        if plain
        for text in tree.names_read(part)
    }


_ARITHMETIC = (
    gast.BinOp, gast.Name, gast.Constant, gast.Add, gast.Sub, gast.FloorDiv, gast.expr_context,
)  # fmt: skip
