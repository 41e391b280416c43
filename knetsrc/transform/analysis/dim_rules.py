"""The shapes of what functions of NumPy return, by the shapes of their arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.dims import (
    Dim,
    Dims,
    Equal,
    broadcast_dims,
    cut,
    inserted,
    note_equal,
    open_dim,
    permuted,
    product,
    reduced,
)

_KEEPERS = frozenset({"flip", "roll", "inv", "cholesky", "nan_to_num"})
_OF_MATRICES = frozenset({"tril", "triu"})
_TO_NUMBER = frozenset({"trace", "det", "vdot"})


@dataclass
class CallShapes:
    """Shapes of calls.

    Attributes
    ----------
    dims
        The shape of an argument, None if it is not known.
    size
        The length that an argument says, such as `len(x)`.
    is_integer
        Whether an argument is known to be a single integer.
    is_list_of_numbers
        Whether an argument is known to be a list of single numbers.
    equal
        Takes lengths that turn out to be equal, see `broadcast_dims`.
    """

    dims: Callable[[tree.Node], Dims | None]
    size: Callable[[tree.Node], Dim]
    is_integer: Callable[[tree.Node], bool]
    is_list_of_numbers: Callable[[gast.Name], bool]
    equal: Equal | None = None

    def of(self, name: str, bound: dict[str, Any]) -> Dims | None:
        """The shape of a call of the function `name`, by the arguments that its derivative rule knows."""
        rule = _RULES.get(name)
        if rule is not None:
            return rule(self, bound)
        first = next(iter(bound.values()), None)
        dims = self.dims(first) if isinstance(first, gast.AST) else None
        if dims is None:
            return None
        if name in _OF_MATRICES:
            return dims if len(dims) > 1 else None
        if name in _TO_NUMBER:
            return () if len(dims) == 2 or name == "vdot" else None
        return dims if name in _KEEPERS else None

    def of_reduction(self, whole: Dims, bound: dict[str, Any]) -> Dims | None:
        """The shape of a sum, or of what else takes all elements along some axes together."""
        keeps, axis = bound.get("keepdims"), bound.get("axis")
        if keeps is not None and not isinstance(keeps, gast.Constant):
            return None
        axes = None if axis is None or tree.is_constant(axis, None) else _integers(axis)
        if axis is not None and not tree.is_constant(axis, None) and axes is None:
            return None
        return reduced(whole, axes, keeps is not None and bool(keeps.value))

    def made(self, shape: Any) -> Dims | None:
        """The shape of `np.zeros(shape)`; None for a tuple that is not written out, nor that of another array."""
        other = _array_of_shape(shape)
        if other is not None:
            return self.dims(other)
        parts = self._sequence(shape)
        return None if parts is None else tuple(map(self.size, parts))

    def _sequence(self, node: Any) -> list[tree.Node] | None:
        """The parts of `(2, n)`, or of `2, n`; None for what is not written out."""
        if isinstance(node, list):
            return node if len(node) > 1 else self._sequence(node[0]) if node else None
        if isinstance(node, gast.Tuple | gast.List):
            starred = any(isinstance(n, gast.Starred) for n in node.elts)
            return None if starred else list(node.elts)
        return [node] if node is not None and self.is_integer(node) else None

    def _product(self, bound: dict[str, Any]) -> Dims | None:
        a, b = self.dims(bound["a"]), self.dims(bound["b"])
        return None if a is None or b is None else product(a, b, self.equal)

    def _dot(self, bound: dict[str, Any]) -> Dims | None:
        a, b = self.dims(bound["a"]), self.dims(bound["b"])
        if a is None or b is None or max(len(a), len(b)) > 2:
            return None
        return product(a, b, self.equal) if a and b else a or b

    def _outer(self, bound: dict[str, Any]) -> Dims | None:
        a, b = self.dims(bound["a"]), self.dims(bound["b"])
        return (*a, *b) if a and b and len(a) == len(b) == 1 else None

    def _reshape(self, bound: dict[str, Any]) -> Dims | None:
        whole, other = self.dims(next(iter(bound.values()))), _array_of_shape(bound.get("shape"))
        if other is not None:
            return self.dims(other)
        parts = self._sequence(bound.get("shape"))
        if whole is None or parts is None:
            return None
        sizes = [None if tree.integer_of(n) == -1 else self.size(n) for n in parts]
        rest = open_dim("rest", whole, tuple(sizes))
        return tuple(rest if size is None else size for size in sizes)

    def _transpose(self, bound: dict[str, Any]) -> Dims | None:
        whole, axes = self.dims(next(iter(bound.values()))), bound.get("axes")
        if whole is None:
            return None
        if axes is None or axes == []:
            return whole[::-1]
        chosen = [_integers(part) for part in self._sequence(axes) or [axes]]
        found = [axis for part in chosen for axis in part or ()]
        return permuted(whole, found) if None not in chosen else None

    def _swapaxes(self, bound: dict[str, Any]) -> Dims | None:
        whole = self.dims(bound["a"])
        one, other = (tree.integer_of(bound.get(k)) for k in ("axis1", "axis2"))
        if whole is None or one is None or other is None:
            return None
        order = list(range(len(whole)))
        if not (-len(whole) <= one < len(whole) and -len(whole) <= other < len(whole)):
            return None
        order[one], order[other] = order[other], order[one]
        return permuted(whole, order)

    def _expand_dims(self, bound: dict[str, Any]) -> Dims | None:
        whole, axis = self.dims(bound["a"]), tree.integer_of(bound.get("axis"))
        return None if whole is None or axis is None else inserted(whole, axis, 1)

    def _squeeze(self, bound: dict[str, Any]) -> Dims | None:
        """The shape without axes that the operation demands to have the length 1."""
        whole, axis = self.dims(bound["a"]), bound.get("axis")
        axes = None if axis is None else _integers(axis)
        return None if whole is None or axes is None else reduced(whole, axes, keeps=False)

    def _along(self, bound: dict[str, Any]) -> Dims | None:
        """Of running sums, and of sorting: without an axis only for one axis, as the default differs."""
        whole = self.dims(next(iter(bound.values())))
        return (
            whole
            if whole and (len(whole) == 1 or tree.integer_of(bound.get("axis")) is not None)
            else None
        )

    def _solve(self, bound: dict[str, Any]) -> Dims | None:
        a, b = self.dims(bound["a"]), self.dims(bound["b"])
        return b if a and b and len(a) == 2 and len(b) <= 2 else None

    def _ravel(self, bound: dict[str, Any]) -> Dims | None:
        whole = self.dims(next(iter(bound.values())))
        if whole is None or len(whole) == 1:
            return whole
        return (open_dim("size", whole),)

    def _diag(self, bound: dict[str, Any]) -> Dims | None:
        whole = self.dims(bound["v"])
        return (*whole, *whole) if whole and len(whole) == 1 and len(bound) == 1 else None

    def _stack(self, bound: dict[str, Any]) -> Dims | None:
        parts, axis = bound.get("arrays"), bound.get("axis")
        place = 0 if axis is None else tree.integer_of(axis)
        each = self._alike(parts)
        if parts is None or each is None or place is None:
            return None
        return inserted(each, place, len(parts.elts))

    def _array(self, bound: dict[str, Any]) -> Dims | None:
        whole = bound["object"]
        if isinstance(whole, gast.Name):  # an array with axes: its type makes no difference
            is_list = self.is_list_of_numbers(whole)
            return (self.size(tree.call("len", whole)),) if is_list else self.dims(whole) or None
        return self._of_display(whole) if len(bound) == 1 else None

    def _of_display(self, node: tree.Node) -> Dims | None:
        """The shape of an array of `[[a, b], [c, d]]`, or of an element."""
        if not isinstance(node, gast.List | gast.Tuple):
            return self.dims(node)
        each = self._alike(node)
        return None if each is None else (len(node.elts), *each)

    def _alike(self, parts: Any) -> Dims | None:
        """The shape of each element of a list, if they have the same."""
        if not isinstance(parts, gast.List | gast.Tuple) or not parts.elts:
            return None
        found = {self._of_display(n) for n in parts.elts}
        return found.pop() if len(found) == 1 else None

    def _concatenate(self, bound: dict[str, Any]) -> Dims | None:
        parts, axis = bound.get("arrays"), bound.get("axis")
        place = 0 if axis is None else tree.integer_of(axis)
        if not isinstance(parts, gast.List | gast.Tuple) or place is None:
            return None
        dims = [self.dims(n) for n in parts.elts]
        known = [d for d in dims if d]
        if len(known) < len(dims) or len({len(d) for d in known}) != 1:
            return None
        if not -len(known[0]) <= place < len(known[0]):
            return None
        place %= len(known[0])
        lengths = tuple(d[place] for d in known)
        plain = [n for n in lengths if isinstance(n, int)]
        total = sum(plain) if len(plain) == len(lengths) else open_dim("sum", lengths)
        for other in known[1:]:
            for i, (a, b) in enumerate(zip(known[0], other, strict=True)):
                if i != place:
                    note_equal(a, b, self.equal)
        return (*known[0][:place], total, *known[0][place + 1 :])

    def _broadcast_to(self, bound: dict[str, Any]) -> Dims | None:
        return self.made(bound.get("shape"))

    def _diff(self, bound: dict[str, Any]) -> Dims | None:
        whole, given = self.dims(bound["a"]), [bound.get(k) for k in ("prepend", "append")]
        times, axis = (
            default if bound.get(k) is None else tree.integer_of(bound[k])
            for k, default in (("n", 1), ("axis", -1))
        )
        if not whole or times is None or axis is None or given != [None, None]:
            return None
        if not -len(whole) <= axis < len(whole):
            return None
        place = axis % len(whole)
        return (*whole[:place], cut(whole[place], times), *whole[place + 1 :])

    def _full(self, bound: dict[str, Any]) -> Dims | None:
        return self.made(bound.get("shape")) or None  # an array without axes is no number

    def _einsum(self, bound: dict[str, Any]) -> Dims | None:
        subscripts, operands = bound["subscripts"], bound["operands"]
        is_text = isinstance(subscripts, gast.Constant) and "->" in str(subscripts.value)
        if not is_text or not isinstance(operands, list):
            return None
        inputs, output = str(subscripts.value).replace(" ", "").split("->")
        lengths: dict[str, Dim] = {}
        for letters, node in zip(inputs.split(","), operands, strict=False):
            dims = self.dims(node)
            if dims is None or len(dims) != len(letters):
                return None
            for letter, dim in zip(letters, dims, strict=True):
                found = broadcast_dims((lengths.get(letter, 1),), (dim,), self.equal)
                if found is None:
                    return None
                lengths[letter] = found[0]
        return (
            tuple(lengths[letter] for letter in output) if set(output) <= lengths.keys() else None
        )


_RULES: dict[str, Callable[[CallShapes, dict[str, Any]], Dims | None]] = {
    "matmul": CallShapes._product,
    "dot": CallShapes._dot,
    "outer": CallShapes._outer,
    "reshape": CallShapes._reshape,
    "transpose": CallShapes._transpose,
    "swapaxes": CallShapes._swapaxes,
    "expand_dims": CallShapes._expand_dims,
    "squeeze": CallShapes._squeeze,
    "cumsum": CallShapes._along,
    "cumprod": CallShapes._along,
    "solve": CallShapes._solve,
    "ravel": CallShapes._ravel,
    "diag": CallShapes._diag,
    "stack": CallShapes._stack,
    "array": CallShapes._array,
    "concatenate": CallShapes._concatenate,
    "broadcast_to": CallShapes._broadcast_to,
    "diff": CallShapes._diff,
    "full": CallShapes._full,
    "einsum": CallShapes._einsum,
}


def _array_of_shape(node: Any) -> tree.Node | None:
    """`x` for `x.shape`."""
    if isinstance(node, list) and len(node) == 1:
        return _array_of_shape(node[0])
    return node.value if isinstance(node, gast.Attribute) and node.attr == "shape" else None


def _integers(node: tree.Node) -> list[int] | None:
    """`[1]` for `1`, `[0, 2]` for `(0, 2)`; None for what is no literal."""
    parts = node.elts if isinstance(node, gast.Tuple) else [node]
    found = [tree.integer_of(part) for part in parts]
    return None if None in found else [n for n in found if n is not None]
