"""Tells indices that give a view of an array from those that pick elements into a new one.

a[1:, 0]                          a view, or an element
a[:, [0, 2]]   a[:, (0, 2)]       picked
a[True]        a[b > 0]           picked: a bool is an index with no axes, which NumPy copies by
a[rows]                           nobody knows, unless `rows` is known to be an integer or a bool
"""

from collections.abc import Collection

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.integers import is_integer
from knetsrc.transform.analysis.stores import path_of
from knetsrc.transform.normalize.scopes import parameters

_BOOLEAN_CALLS = frozenset({"bool", "isinstance", "callable", "hasattr"})


def is_basic_index(index: tree.Node, integers: Collection[str]) -> bool:
    """Whether an index consists of integers, slices, None, Ellipsis, or is a text, the key of a dict."""
    return all(_is_basic(part, integers) for part in parts_of(index))


def _is_basic(part: tree.Node, integers: Collection[str]) -> bool:
    if isinstance(part, gast.Slice) or tree.is_name(part, "Ellipsis"):
        return True
    if isinstance(part, gast.Constant):
        return part.value is None or part.value is Ellipsis or type(part.value) in (int, str)
    return tree.is_name(part, "newaxis") or _is_newaxis(part) or is_integer(part, integers)


def is_new_axes(index: tree.Node) -> bool:
    """Whether an index takes all there is, with more axes: `None`, `..., None`, `()`."""
    return all(tree.is_constant(p, None, Ellipsis) or _is_newaxis(p) for p in parts_of(index))


def is_whole_with_axes(index: tree.Node) -> bool:
    """Whether an index takes all there is, one slice for each axis, with more axes between them: `:, None`."""
    parts = parts_of(index)
    slices = [p for p in parts if isinstance(p, gast.Slice)]
    is_whole = all(s.lower is None and s.upper is None and s.step is None for s in slices)
    new = sum(tree.is_constant(p, None) or _is_newaxis(p) for p in parts)
    return is_whole and bool(slices) and bool(new) and new + len(slices) == len(parts)


def is_of_array(index: tree.Node) -> bool:
    """Whether only an array can be indexed so: `a[1:, 0]`, `a[...]`."""
    if isinstance(index, gast.Tuple):
        return any(isinstance(n, gast.Slice) or is_of_array(n) for n in index.elts)
    return tree.is_constant(index, Ellipsis)


def _is_newaxis(index: tree.Node) -> bool:
    return isinstance(index, gast.Attribute) and index.attr == "newaxis"


def is_key(index: tree.Node) -> bool:
    """Whether an index is written out, and could be a key of a dict: `True`, `("a", (0, 1))`."""
    return isinstance(index, gast.Constant | gast.Tuple) and all(
        isinstance(n, gast.Constant | gast.Tuple | gast.expr_context) for n in tree.walk(index)
    )


def parts_of(index: tree.Node) -> list[tree.Node]:
    """What an index says of one axis after the other: `i` and `1:` for `i, 1:`."""
    return list(index.elts) if isinstance(index, gast.Tuple) else [index]


def index_names(value: tree.Node) -> list[str]:
    """Names that are an index on the way to a part, or one of several: `i` and `rows` for `a[i][rows, 0]`."""
    return [part.id for part in _parts_on_path(value) if isinstance(part, gast.Name)]


def _parts_on_path(value: tree.Node) -> list[tree.Node]:
    slices = [p.slice for p in path_of(value) if isinstance(p, gast.Subscript)]
    return [part for index in slices for part in parts_of(index)]


def picks(value: tree.Node, arrays: Collection[str], picking: Collection[str]) -> bool:
    """Whether an expression is a part of an array, and a copy, as one of these names is in its index: `a[rows][1:]`."""
    return base_of(value) in arrays and any(text in picking for text in index_names(value))


def surely_picks(value: tree.Node, arrays: Collection[str], booleans: Collection[str]) -> bool:
    """Whether an expression is a part of an array, and a copy by its form: `a[:, (0, 2)]`, `a[True][0]`."""
    return base_of(value) in arrays and any(_picks(p, booleans) for p in _parts_on_path(value))


def _picks(part: tree.Node, booleans: Collection[str]) -> bool:
    return isinstance(part, gast.Tuple | gast.List | gast.ListComp) or is_boolean(part, booleans)


def boolean_names(function: gast.FunctionDef) -> frozenset[str]:
    """Names that are bound to bools only, or to arrays of these.

    >>> (f,) = tree.parse("def f(a, b):\\n c = a > 0\\n d = not c\\n e = c & d\\n b = True\\n g = c or a\\n return b")
    >>> sorted(boolean_names(f))
    ['c', 'd', 'e']
    """
    bound = bound_values(function)
    found = set(bound) - set(parameters(function))
    while True:
        kept = {text for text in found if all(is_boolean(v, found) for v in bound[text])}
        if kept == found:
            return frozenset(found)
        found = kept


def is_boolean(value: tree.Node | None, booleans: Collection[str]) -> bool:
    """Whether an expression is a bool, or an array of bools: a comparison, `not a`, a name among these."""
    if isinstance(value, gast.Name):
        return value.id in booleans
    if isinstance(value, gast.Constant):
        return isinstance(value.value, bool)
    if isinstance(value, gast.UnaryOp):
        return isinstance(value.op, gast.Not)
    if isinstance(value, gast.BoolOp):
        return all(is_boolean(v, booleans) for v in value.values)
    if isinstance(value, gast.BinOp) and isinstance(
        value.op, gast.BitAnd | gast.BitOr | gast.BitXor
    ):
        return is_boolean(value.left, booleans) and is_boolean(value.right, booleans)
    return isinstance(value, gast.Compare) or tree.called_name(value) in _BOOLEAN_CALLS


def mask_names(function: gast.FunctionDef) -> frozenset[str]:
    """Names that are bound to comparisons only: an index made of one picks no element twice."""
    found = {
        text for text, values in bound_values(function).items() if all(map(_is_comparison, values))
    }
    return frozenset(found - set(parameters(function)))


def _is_comparison(value: tree.Node | None) -> bool:
    is_spread = isinstance(value, gast.Call) and tree.is_path(value.func, "np.broadcast_to")
    return isinstance(value.args[0] if is_spread else value, gast.Compare)  # type: ignore[union-attr]
