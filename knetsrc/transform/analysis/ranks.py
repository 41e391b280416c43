"""Ranks of arrays that a function makes itself, so that `y[i]` is known to be a single number."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.integers import integer_names

_OF_SHAPE = frozenset({"zeros", "ones", "empty", "full"})
_AS_FIRST = frozenset({"zeros_like", "ones_like", "empty_like", "full_like", "copy"})
_MATRICES = frozenset({"eye", "identity", "tri"})


class Ranks:
    """Ranks of names, where every value that a name is bound to has the same."""

    def __init__(self, function: gast.FunctionDef) -> None:
        self.integers = integer_names(function) | _range_arguments(function)
        self.bound: dict[str, list[tree.Node | None]] = {}
        for node in tree.walk(function):
            if isinstance(node, gast.Assign) and tree.is_name(node.targets[0]):
                self.bound.setdefault(node.targets[0].id, []).append(node.value)
            elif isinstance(node, gast.Name) and isinstance(node.ctx, gast.Param):
                self.bound.setdefault(node.id, []).append(None)
            elif isinstance(node, gast.Assign | gast.For | gast.With):
                for text in _targets(node):
                    self.bound.setdefault(text, []).append(None)
        self._known: dict[str, int | None] = {}

    def of(self, node: tree.Node | None) -> int | None:
        """The rank of an expression, None if it is not known."""
        if isinstance(node, gast.Name):
            return self._of_name(node.id)
        if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            return self._of_call(node, node.func)
        return None

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

    def _of_name(self, text: str) -> int | None:
        if text not in self._known:
            self._known[text] = None  # while it is looked for, as it may be bound to itself
            found = {self.of(value) for value in self.bound.get(text, [None])}
            self._known[text] = found.pop() if len(found) == 1 else None
        return self._known[text]

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
            return self._is_integer(node.left) and self._is_integer(node.right)
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
