"""Fits adjoints to shapes, and only where these may differ: drops `unbroadcast` and `like` where shapes are known to be equal."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.atoms import BOOLEAN, SCALAR, Shape, broadcast, combined, dims_of
from knetsrc.transform.analysis.dims import summed_axes

if TYPE_CHECKING:
    from knetsrc.transform.values import StepValues


@dataclass
class Fitter:
    """Drops `unbroadcast` and `like` where shapes are known to be equal."""

    values: "StepValues"

    def fit(self, node: tree.Node) -> tree.Node:
        return tree.rewrite(node, {gast.Call: self._call, gast.BinOp: self._product})

    def _call(self, node: gast.Call) -> tree.Node:
        if is_call_of(node, "nested_like") and dims_of(self.values.shape_of(node.args[1])):
            spelled = self.values.pusher.spell("unbroadcast", None)  # it is an array with axes
            return self._unbroadcast(tree.call(spelled, *node.args))
        if is_call_of(node, "unbroadcast"):
            return self._unbroadcast(node)
        if is_call_of(node, "like"):
            inner = self.values.shape_of(node.args[0])
            if inner is not None and inner == self.values.shape_of(node.args[1]):
                return node.args[0]
            node.args[1] = self._representative(node.args[1])
        elif tree.is_path(node.func, "np.expand_dims") and tree.is_number(node.args[1]):
            return _with_axis(node)
        elif (extent := self._extent(node)) is not None:
            return extent
        elif is_size(node):
            node.args[0] = self._representative(node.args[0])
        elif is_call_of(node, "matmul_adjoint_a", "matmul_adjoint_b"):
            node.args[0] = loose(node.args[0])
            return self._of_stacks(node)
        elif is_call_of(node, "slogdet_adjoint_a"):
            return self._of_logarithm(node)
        return node

    def _of_logarithm(self, node: gast.Call) -> tree.Node:
        """`d * np.linalg.inv(a).T` for the adjoint of one matrix in the logarithm of its determinant."""
        parts, matrix = node.args
        d = parts.elts[1] if isinstance(parts, gast.Tuple) else tree.constant(None)
        if tree.is_constant(d, None) or len(dims_of(self.values.shape_of(matrix)) or ()) != 2:
            return node
        return tree.binary(d, "*", tree.attribute(tree.call("np.linalg.inv", matrix), "T"))

    def _extent(self, node: gast.Call) -> tree.Node | None:
        """`x.shape[0]` for the number of elements along one of several axes."""
        if not is_call_of(node, "count", "degrees_of_freedom") or len(node.args) < 2:
            return None
        whole, axis, *less = node.args
        dims = dims_of(self.values.shape_of(whole)) or ()
        place = self.values.integer_of(axis)
        is_plain = all(tree.is_number(n, 0) for n in less) and len(dims) > 1
        if place is None or not is_plain:
            return None
        return tree.subscript(tree.attribute(whole, "shape"), tree.constant(place % len(dims)))

    def _of_stacks(self, node: gast.Call) -> tree.Node:
        """`d @ b.swapaxes(-1, -2)` for the adjoint of `a` in `a @ b`, if these are stacks of as many matrices."""
        d, a, b = node.args
        shapes = [dims_of(self.values.shape_of(n)) or () for n in (d, a, b)]
        batches = {dims[:-2] for dims in shapes}
        is_stack = len(batches) == 1 and len(shapes[0]) > 2
        if not is_stack or shapes[0][-2:] != (shapes[1][-2], shapes[2][-1]):
            return node
        is_first = is_call_of(node, "matmul_adjoint_a")
        last_two = (tree.constant(-1), tree.constant(-2))
        other = tree.call(tree.attribute(b if is_first else a, "swapaxes"), *last_two)
        return tree.binary(d, "@", other) if is_first else tree.binary(other, "@", d)

    def _unbroadcast(self, node: gast.Call) -> tree.Node:
        value, reference = node.args
        if self.values.is_running_sum(reference):
            return value
        whole = self.values.shape_of(reference)
        if whole is not None and not is_call_of(value, "like"):
            value = self._without_likes(value, whole)
        if isinstance(value, gast.UnaryOp) and isinstance(value.op, gast.USub):
            node.args[0] = value.operand
            return tree.negative(self._unbroadcast(node))
        if is_call_of(value, "unbroadcast"):
            value = self._collapsed(value, whole)
        if is_call_of(value, "like") and self.values.shape_of(value) == whole is not None:
            return value
        found = self.values.shape_of(value)
        if found is not None and found == whole:
            return value
        if is_call_of(value, "like") and self.values.shape_of(value.args[0]) == SCALAR:
            if self.values.has_name(self._representative(reference)):
                return self._repeated_sum(value, reference)
        if found == SCALAR and whole is not None:  # one number for many
            return self._call(tree.call(self.values.pusher.spell("like", None), value, reference))
        if whole == SCALAR and self.values.pusher.shapes.ranks.told:
            return self._total(value)
        axes = self._summed_axes(found, whole)
        if axes is not None:
            return _summed(value, *axes)
        node.args[0], node.args[1] = value, self._representative(reference)
        return node

    def _total(self, value: tree.Node) -> tree.Node:
        """`d @ x` for the sum of `d * x`, where both are vectors of one length; else `np.sum(value)`."""
        if isinstance(value, gast.BinOp) and isinstance(value.op, gast.Mult):
            shapes = [self.values.shape_of(n) for n in (value.left, value.right)]
            if shapes[0] == shapes[1] and len(dims_of(shapes[0]) or ()) == 1:
                return tree.binary(value.left, "@", value.right)
        return tree.call("np.sum", value)

    def _summed_axes(
        self, found: Shape | None, whole: Shape | None
    ) -> tuple[tuple[int, ...], bool] | None:
        """The axes along which an adjoint is summed, if a call has told the lengths of axes."""
        dims, wanted = dims_of(found), dims_of(whole)
        axes = summed_axes(dims, wanted) if dims is not None and wanted else None
        return axes if axes and axes[0] else None

    def _repeated_sum(self, value: gast.Call, reference: tree.Node) -> tree.Node:
        """`like(c * repeats(y, x), x)` for `unbroadcast(like(c, y), x)`, the sum of one number over and over."""
        spell = self.values.pusher.spell
        number, whole = value.args
        times = tree.call(spell("repeats", None), whole, self._representative(reference))
        total = times if tree.is_number(number, 1) else tree.binary(number, "*", times)
        return self._call(tree.call(spell("like", None), total, reference))

    def _collapsed(self, value: gast.Call, whole: Shape | None) -> tree.Node:
        """`unbroadcast(unbroadcast(d, y), x)` is `unbroadcast(d, x)` where x is known to fit inside y, and y inside d."""
        middle = self.values.shape_of(value.args[1])
        if whole is not None and middle is not None and whole <= middle:
            return value.args[0] if covers(self.values, *value.args) else value
        return value

    def _product(self, node: gast.BinOp) -> tree.Node:
        chosen = self._chosen(node)
        if chosen is not None:
            return chosen
        if isinstance(node.op, gast.Mult | gast.Div):
            return self._without_likes(node, SCALAR)
        return node

    def _chosen(self, node: gast.BinOp) -> tree.Node | None:
        """`np.where(m, 2 * r, 0)` for `np.where(m, like(1.0, y), 0) * 2 * r`, where `m` and `r` have the shape of `y` together."""
        first = _first_factor(node)
        if not is_choice(first):
            return None
        mask, *sides = first.args
        place = 0 if is_call_of(sides[0], "like") else 1
        repeated = sides[place]
        if not is_call_of(repeated, "like") or not tree.is_number(sides[1 - place], 0):
            return None
        number, reference = repeated.args
        value = _replaced(node, first, number)
        shapes = [self.values.shape_of(n) for n in (mask, value, reference)]
        known = [s for s in shapes if s is not None]
        if len(known) < 3 or not known[1] or combined(known[:2]) != known[2]:
            return None
        sides[place] = value
        return tree.call("np.where", mask, *sides)

    def _without_likes(self, node: tree.Node, outer: Shape) -> tree.Node:
        """A product without `like` on a factor, where the others (and what it is fitted to) have the whole shape anyway."""
        if not (isinstance(node, gast.BinOp) and isinstance(node.op, gast.Mult | gast.Div)):
            if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
                return tree.negative(self._without_likes(node.operand, outer))
            return node
        found = _like_factor(node)
        if found is None:
            return node
        bare, whole = _replaced(node, found, found.args[0]), self.values.shape_of(found.args[1])
        others = _replaced(node, found, tree.constant(1))
        shapes = [s for s in map(self.values.shape_of, (bare, others)) if s is not None]
        if whole is None or all(broadcast([s, outer]) != whole for s in shapes):
            return node
        if not self.values.shape_of(found.args[0]) and self._has_mask(bare):
            return node
        if any(broadcast([s]) == whole for s in shapes):
            self.values.fitting[tree.signature(bare)] = whole
        return bare

    def _has_mask(self, product: tree.Node) -> bool:
        """Whether a factor is a comparison: times a mere number, it would make an array of float64."""
        parts = [n for n in tree.walk(product) if isinstance(n, gast.Name | gast.Compare)]
        return any(BOOLEAN in (self.values.shape_of(n) or ()) for n in parts)

    def _representative(self, reference: tree.Node) -> tree.Node:
        """What has the shape of `reference`: the earliest name bound, else the innermost part of its expression."""
        shape = self.values.shape_of(reference)
        if not shape:
            return reference
        shapes = self.values.pusher.shapes
        env = shapes.before.get(id(self.values.step.node), {})
        for text, value in env.items():
            if value.shape == shape and text.isidentifier() and text not in shapes.unsure:
                return tree.name(text)
        return self.values.part_with_shape(reference, shape)


def _first_factor(node: tree.Node) -> tree.Node:
    while isinstance(node, gast.BinOp) and isinstance(node.op, gast.Mult):
        node = node.left
    return node


def is_choice(node: tree.Node) -> bool:
    """Whether an expression is `np.where(mask, a, b)`."""
    return (
        isinstance(node, gast.Call) and tree.is_path(node.func, "np.where") and len(node.args) == 3
    )


def _with_axis(node: gast.Call) -> tree.Node:
    """`d[:, None]` for `np.expand_dims(d, 1)`; what has no axis in front of the new one may be a mere number."""
    value, axis = node.args
    if not isinstance(axis.value, int) or axis.value < 1:
        return node
    before = [tree.slice_of(None, None, None) for _ in range(axis.value)]
    return tree.subscript(value, tree.tuple_of([*before, tree.constant(None)]))


def _like_factor(node: tree.Node) -> gast.Call | None:
    """The `like(...)` among the factors of a product."""
    if is_call_of(node, "like"):
        return node
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
        return _like_factor(node.operand)
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Mult):
        return _like_factor(node.left) or _like_factor(node.right)
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Div):
        return _like_factor(node.left)
    return None


def _replaced(node: tree.Node, old: tree.Node, new: tree.Node) -> tree.Node:
    """A copy of a product with one factor replaced."""
    if node is old:
        return new
    if isinstance(node, gast.UnaryOp):
        return tree.negative(_replaced(node.operand, old, new))
    if isinstance(node, gast.BinOp):
        left, right = _replaced(node.left, old, new), _replaced(node.right, old, new)
        return tree.binary(left, tree.symbol_of(node.op), right)
    return node


def is_call_of(node: tree.Node, *names: str) -> bool:
    return tree.called_name(node) in names


def covers(values: "StepValues", adjoint: tree.Node, reference: tree.Node) -> bool:
    """Whether no number of `adjoint` stands for several elements of `reference`: what is summed of it is not repeated before."""
    inner, whole = values.shape_of(adjoint), values.shape_of(reference)
    if (
        inner is None
    ):  # an adjoint under a name, or a product of it, is as large as what it is the adjoint of
        return not any(_is_unrepeated(values, n) for n in tree.walk(adjoint))
    return whole is not None and values.fitted(broadcast([inner, whole])) == inner


def _is_unrepeated(values: "StepValues", node: tree.Node) -> bool:
    """Whether an expression is what `like` repeats, or a part of it: `d[:, None]` in the adjoint of a sum."""
    if isinstance(node, gast.Name):
        return node.id in values.unrepeated
    if isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Tuple):
        return any(isinstance(n, gast.Constant) and n.value is None for n in node.slice.elts)
    return is_call_of(node, "like", "keep_axes") or _is_call_of_numpy(node, "expand_dims")


def _is_call_of_numpy(node: tree.Node, name: str) -> bool:
    return isinstance(node, gast.Call) and tree.show(node.func) == f"np.{name}"


def _summed(value: tree.Node, axes: tuple[int, ...], keeps: bool) -> tree.Node:
    """`value.sum(axis=0)`."""
    numbers = [tree.constant(axis) for axis in axes]
    axis = numbers[0] if len(numbers) == 1 else tree.tuple_of(numbers)
    options = {"axis": axis} | ({"keepdims": tree.constant(True)} if keeps else {})
    return tree.call(tree.attribute(value, "sum"), **options)


def without_axes(value: tree.Node, index: tree.Node) -> tree.Node:
    """The array without the axes of length 1 that an index has put in: `d[:, 0]` for `:, None`.

    >>> d, index = (tree.parse_expression(t) for t in ("d.sum(axis=1, keepdims=True)", "x[:, None]"))
    >>> tree.show(without_axes(d, index.slice))
    'd.sum(axis=1)'
    >>> tree.show(without_axes(tree.negative(d), index.slice))
    '-d.sum(axis=1)'
    """
    parts = index.elts if isinstance(index, gast.Tuple) else [index]
    new = [i for i, part in enumerate(parts) if not isinstance(part, gast.Slice)]
    if isinstance(value, gast.UnaryOp) and isinstance(value.op, gast.USub):
        return tree.negative(without_axes(value.operand, index))
    if _is_sum_along(value, new):
        axis = value.keywords[0].value
        return tree.call(value.func, axis=axis)
    kept = [p if isinstance(p, gast.Slice) else tree.constant(0) for p in parts]
    return tree.subscript(value, tree.tuple_of(kept))


def _is_sum_along(value: tree.Node, axes: list[int]) -> bool:
    """Whether an expression is what `_summed` writes for the sum along these axes, which it keeps."""
    is_sum = isinstance(value, gast.Call) and isinstance(value.func, gast.Attribute)
    if not is_sum or value.func.attr != "sum" or value.args:
        return False
    if [k.arg for k in value.keywords] != ["axis", "keepdims"]:
        return False
    axis = value.keywords[0].value
    parts = axis.elts if isinstance(axis, gast.Tuple) else [axis]
    return [tree.integer_of(n) for n in parts] == axes


def is_size(node: tree.Node) -> bool:
    """Whether an expression is a call that tells a number of elements."""
    return isinstance(node, gast.Call) and tree.show(node.func) in ("np.size", "count", "repeats")


def is_simple(node: tree.Node) -> bool:
    """Whether an expression may be written twice."""
    if isinstance(node, gast.UnaryOp):
        return is_simple(node.operand)
    return isinstance(node, gast.Name | gast.Constant)


def split_like(adjoint: tree.Node) -> tuple[tree.Node, tree.Node | None]:
    """`d, x` for `like(d, x)`, else the adjoint itself and None."""
    return (adjoint.args[0], adjoint.args[1]) if is_call_of(adjoint, "like") else (adjoint, None)


def without_like(adjoint: tree.Node) -> tree.Node:
    return split_like(adjoint)[0]


def loose(adjoint: tree.Node) -> tree.Node:
    """The adjoint of a matrix product before it is fitted to its shape: the rule of the product does that itself.

    What is repeated and then summed stays as it is: `unbroadcast(like(d, u @ w + a), u @ w)` counts each element as often as the
    sum reads it.
    """
    if isinstance(adjoint, gast.UnaryOp) and isinstance(adjoint.op, gast.USub):
        return tree.negative(loose(adjoint.operand))
    for kind in ("unbroadcast", "like"):
        inner = adjoint
        while is_call_of(inner, kind):
            inner = inner.args[0]
        if inner is not adjoint:
            return adjoint if _like_factor(inner) or is_call_of(inner, "unbroadcast") else inner
    return adjoint


def without_repeating(values: "StepValues", total: tree.Node, value: tree.Node) -> tree.Node:
    """`d` for `like(d, x)` that is added to an array with the shape of `x`: adding repeats it anyway.

    A single number keeps its `like`, which gives it the dtype of `x`.
    """
    if not is_call_of(value, "like"):
        return value
    whole, inner = values.shape_of(value), values.shape_of(value.args[0])
    return value.args[0] if inner and whole == values.shape_of(total) else value


def times_over(values: list[tree.Node]) -> list[tree.Node]:
    """Summands, those that are there several times once with their number.

    >>> [tree.show(n) for n in times_over([tree.parse_expression(t) for t in ("d", "0.5 * x", "0.5 * x")])]
    ['d', '1.0 * x']
    """
    found: list[tuple[tree.Node, int]] = []
    for value in values:
        place = next((i for i, (n, _) in enumerate(found) if tree.is_same(n, value)), None)
        if place is None:
            found.append((value, 1))
        else:
            found[place] = (found[place][0], found[place][1] + 1)
    return [_multiple(value, count) for value, count in found]


def factored(values: list[tree.Node], floats: Collection[str]) -> list[tree.Node]:
    """Two summands that are products of one adjoint as one product: `d * (b - a)` for `d * b` and `-(d * a)`.

    One of the factors is among `floats`: differences of unsigned integers and of booleans are other ones.

    >>> values = [tree.parse_expression(t) for t in ("d_y * b", "-(d_y * a)")]
    >>> [tree.show(n) for n in factored(values, {"b"})]
    ['d_y * (b - a)']
    >>> values = [tree.parse_expression(t) for t in ("d_y * (b - c)", "-(d_y * a)")]
    >>> [tree.show(n) for n in factored(values, {"b"})]
    ['d_y * (b - c - a)']
    """
    found = [_product_of(value) for value in values]
    if len(values) != 2 or found[0] is None or found[1] is None:
        return values
    (is_less, adjoint, a), (is_also_less, other, b) = found
    if adjoint.id != other.id or not tree.names_read([a, b]) & set(floats):
        return values
    if is_less == is_also_less:
        total = tree.binary(adjoint, "*", tree.binary(a, "+", b))
        return [tree.negative(total) if is_less else total]
    first, second = (b, a) if is_less else (a, b)
    return [tree.binary(adjoint, "*", tree.binary(first, "-", second))]


def _product_of(value: Any) -> tuple[bool, gast.Name, tree.Node] | None:
    """Whether `d * a` is negative, and both factors, the second a name or a sum of names; None for all else."""
    is_less = isinstance(value, gast.UnaryOp) and isinstance(value.op, gast.USub)
    value = value.operand if is_less else value
    if not isinstance(value, gast.BinOp) or not isinstance(value.op, gast.Mult):
        return None
    left = value.left
    if isinstance(left, gast.UnaryOp) and isinstance(left.op, gast.USub):
        is_less, left = not is_less, left.operand
    is_plain = isinstance(left, gast.Name) and _is_sum_of_names(value.right)
    return (is_less, left, value.right) if is_plain else None


def _is_sum_of_names(node: tree.Node) -> bool:
    if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Add | gast.Sub):
        return _is_sum_of_names(node.left) and _is_sum_of_names(node.right)
    return isinstance(node, gast.Name)


def _multiple(value: tree.Node, count: int) -> tree.Node:
    if count == 1:
        return value
    is_scaled = isinstance(value, gast.BinOp) and isinstance(value.op, gast.Mult)
    if is_scaled and tree.is_number(value.left):
        return tree.binary(tree.constant(count * value.left.value), "*", value.right)
    return tree.binary(tree.constant(count), "*", value)
