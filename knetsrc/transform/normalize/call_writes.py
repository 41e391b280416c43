"""Calls that write into an array, as the writes of elements that they stand for.

np.add(a, b, out=c)          c[Ellipsis] = np.add(a, b)
np.copyto(c, a)              c[Ellipsis] = a
np.add.at(a, i, v)           a[i, Ellipsis] += v
np.fill_diagonal(a, v)       a[np.diag_indices(min(a.shape), a.ndim)] = v

An index that ends in the name `Ellipsis`, where a person writes `...`, says that the array is written by a call: its elements are cast
as NumPy casts them there, and an element that is listed twice is added to twice. `simplify.by_calls` writes the call again.
"""

from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import Changes, changes_nothing, is_of_module, path_of
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.normalize.scopes import own_nodes
from knetsrc.transform.tree import Node

ARRAY_MODULES = frozenset({"np", "numpy", "cp", "cupy", "xp"})
# Functions with an `out` that may be given by position, and that position: `np.sum(a, axis, dtype, out)`.
_OUT_AT = {
    "all": 2, "amax": 2, "amin": 2, "any": 2, "argmax": 2, "argmin": 2, "around": 2, "choose": 2, "clip": 3, "compress": 3,
    "concat": 2, "concatenate": 2, "cumprod": 3, "cumsum": 3, "dot": 2, "max": 2, "mean": 3, "median": 2, "min": 2, "nanmax": 2,
    "nanmean": 3, "nanmin": 2, "nanprod": 3, "nanstd": 3, "nansum": 3, "nanvar": 3, "outer": 2, "percentile": 3, "prod": 3,
    "ptp": 2, "quantile": 3, "round": 2, "stack": 2, "std": 3, "sum": 3, "take": 3, "trace": 5, "var": 3,
}  # fmt: skip
# Methods of arrays with an `out`.
_METHODS = frozenset({
    "all", "any", "argmax", "argmin", "clip", "cumprod", "cumsum", "dot", "max", "mean", "min", "prod", "round", "std", "sum",
    "take", "trace", "var",
})  # fmt: skip
_PLACES = (gast.Name, gast.Subscript, gast.Attribute)
_ADDING = {"add": "+", "subtract": "-"}
_OF_NUMBERS = (gast.Sub, gast.Div, gast.MatMult, gast.Pow)  # no operations of lists
_ARRAY_ATTRIBUTES = frozenset({"shape", "ndim", "T", "size", "dtype"})


def write_out_calls(
    function: gast.FunctionDef, names: Names, changes: Changes = changes_nothing
) -> gast.FunctionDef:
    """Write elements by assignments.

    >>> from knetsrc.transform.language import show
    >>> show(write_out_calls, "np.exp(x, out=y); z = np.add(a, b, c); np.copyto(y, a, where=m); y.fill(0)")
    y[Ellipsis] = np.exp(x)
    c[Ellipsis] = np.add(a, b)
    z = c
    y[Ellipsis] = np.where(m, a, y)
    y[...] = 0
    """
    calls = CallWrites(function)

    def replace(node: Any, place: Place) -> Replacement | None:
        if not isinstance(node, gast.Call):
            return None
        write = calls.of(node)
        return None if write is None else write(names, place)

    function = hoist(function, names, replace, (gast.Call,), changes)
    return tree.rewrite(function, {gast.Expr: _if_it_does_anything})  # type: ignore[no-any-return]


def _if_it_does_anything(node: gast.Expr) -> Node | list[Node]:
    idle = (gast.Name, gast.Constant)
    return [] if isinstance(node.value, idle) else node


Write = Callable[[Names, Place], Replacement]


class CallWrites:
    """Finds out how the calls of a function are written as writes of elements."""

    def __init__(self, function: gast.FunctionDef) -> None:
        self.arrays = _array_names(function)
        self.masks = _mask_names(function)

    def of(self, node: Any) -> Write | None:
        """What makes statements of a call, None if it writes nothing or is refused."""
        if (call := self._with_out(node)) is not None:
            return lambda names, place: self._by_out(*call, names, place)
        path, method = path_of(node.func), getattr(node.func, "attr", "")
        if len(path) == 3 and path[0] in ARRAY_MODULES and method == "at" and path[1] in _ADDING:
            return self._plain(node, ["a", "indices", "b"], self._added_at)
        if len(path) == 2 and path[0] in ARRAY_MODULES:
            known: dict[str, tuple[list[str], Callable[..., list[Node]]]] = {
                "copyto": (["dst", "src", "casting", "where"], self._copied),
                "put": (["a", "ind", "v"], self._put),
                "place": (["arr", "mask", "vals"], self._placed),
                "putmask": (["a", "mask", "values"], self._put_at_mask),
                "fill_diagonal": (["a", "val"], self._on_diagonal),
            }
            return self._plain(node, *known[method]) if method in known else None
        if method == "fill" and not is_of_module(node.func) and (node.args or node.keywords):
            return self._plain(node, ["value"], self._filled)
        if method == "put" and getattr(node.func.value, "id", None) in self.arrays:
            return self._plain(node, ["ind", "v"], self._put)
        if method == "sort" and getattr(node.func.value, "id", None) in self.arrays:
            return self._plain(node, ["axis", "kind"], self._sorted)
        return None

    def unnamed(self, node: Any) -> Node | None:
        """What such a call writes into, if it is no part or view of an array that has a name, or gets one."""
        call = self._with_out(node)
        if call is not None:
            place = call[1] if isinstance(call[1], _PLACES) else None
        elif not is_of_module(node.func):
            place = node.func.value
        else:
            named = [k.value for k in node.keywords if k.arg in ("a", "arr", "dst")]
            place = [*node.args, *named][0]
        return place if place is not None and base_of(place) is None else None

    # --- out= ------------------------------------------------------------------------------------------------------------
    def _with_out(self, node: Any) -> tuple[gast.Call, Node, Node | None] | None:
        """A call without its `out` and `where`, and these."""
        path = path_of(node.func)
        ufunc = getattr(np, path[1], None) if len(path) == 2 and path[0] in ARRAY_MODULES else None
        is_ufunc = isinstance(ufunc, np.ufunc) and ufunc.nout == 1
        args, options = list(node.args), {k.arg: k.value for k in node.keywords}
        if self._out_position(node) == len(args) - 1 and "out" not in options:
            options["out"] = args.pop()
        out = options.pop("out", tree.constant(None))
        if isinstance(out, gast.Tuple) and len(out.elts) == 1:
            out = out.elts[0]
        is_method = isinstance(node.func, gast.Attribute) and node.func.attr in _METHODS
        is_known = (is_of_module(node.func) or is_method) and not isinstance(out, gast.Tuple)
        if tree.is_constant(out, None) or not is_known or "casting" in options:
            return None
        where = options.pop("where", None) if is_ufunc else None
        if where is not None and tree.is_constant(where, True):
            where = None
        keywords = [k for k in node.keywords if k.arg in options]
        call = tree.at(tree.call(tree.clone(node.func), *args), node)
        call.keywords = keywords
        return call, out, where

    def has_late_out(self, node: Any) -> bool:
        """Whether an `out` is given by position, and other options after it."""
        position = self._out_position(node)
        is_late = position is not None and position < len(node.args) - 1
        return is_late and not tree.is_constant(node.args[position], None)

    def _out_position(self, node: Any) -> int | None:
        base = getattr(getattr(node.func, "value", None), "id", None)
        return out_position(node, base in self.arrays)

    def _by_out(
        self, call: gast.Call, out: Any, where: Node | None, names: Names, place: Place
    ) -> Replacement:
        before: list[Node] = []
        if not isinstance(out, _PLACES) or (where is not None and not isinstance(out, gast.Name)):
            out = _bound(out, _free_target(call, place) or names.fresh("out"), before)
        if where is None:
            return [*before, tree.assign(_whole(out), call)], out
        shape = tree.attribute(tree.clone(out), "shape")
        mask = names.fresh("mask")
        before.append(tree.assign(mask, tree.call("np.broadcast_to", where, shape)))
        call.args = [_picked(a, shape, mask) for a in call.args]
        part = tree.subscript(tree.clone(out), tree.name(mask))
        return [*before, tree.assign(part, call)], out

    # --- functions that write into an argument ---------------------------------------------------------------------------
    def _plain(
        self, node: Any, parameters: list[str], write: Callable[..., list[Node]]
    ) -> Write | None:
        """The write of a call that returns nothing, if it stands alone and has these arguments."""
        arguments = dict(zip(parameters, node.args, strict=False))
        arguments |= {k.arg: k.value for k in node.keywords}
        is_plain = arguments.keys() <= set(parameters) and len(node.args) <= len(parameters)
        if not is_plain or any(isinstance(a, gast.Starred) for a in node.args):
            return None

        def written(names: Names, place: Place) -> Replacement:
            statements = write(node, names, **arguments)
            return statements, tree.constant(None)

        return written

    def _copied(
        self, node: Any, names: Names, dst: Any, src: Node, where: Node | None = None
    ) -> list[Node]:
        before: list[Node] = []
        if where is not None:
            dst = _named(dst, "copied", names, before)
            src = tree.call("np.where", where, src, tree.clone(dst))
        return [*before, tree.assign(_whole(dst), src)]

    def _filled(self, node: Any, names: Names, value: Node) -> list[Node]:
        return [tree.assign(_whole(node.func.value, tree.constant(Ellipsis)), value)]

    def _sorted(
        self, node: Any, names: Names, axis: Node | None = None, kind: Node | None = None
    ) -> list[Node]:
        array = node.func.value
        options = {} if axis is None else {"axis": axis}
        value = tree.call("np.sort", tree.clone(array), **options)
        return [tree.assign(tree.subscript(array, tree.constant(Ellipsis)), value)]

    def _put(
        self, node: Any, names: Names, ind: Node, v: Node, a: Node | None = None
    ) -> list[Node]:
        before: list[Node] = []
        a = _named(a or node.func.value, "array", names, before)
        every = tree.call("np.arange", tree.attribute(tree.clone(a), "size"))
        picked, shape = tree.subscript(every, ind), tree.attribute(tree.clone(a), "shape")
        index = names.fresh("index")
        before.append(tree.assign(index, tree.call("np.unravel_index", picked, shape)))
        count = tree.call("np.shape", tree.subscript(tree.name(index), tree.constant(0)))
        value = _repeated(v, count)
        return [*before, tree.assign(tree.subscript(a, tree.name(index)), value)]

    def _placed(self, node: Any, names: Names, arr: Node, mask: Node, vals: Node) -> list[Node]:
        before: list[Node] = []
        arr = _named(arr, "array", names, before)
        mask = self._mask(mask, names, before)
        value = _repeated(vals, tree.call("np.count_nonzero", tree.clone(mask)))
        return [*before, tree.assign(tree.subscript(arr, mask), value)]

    def _put_at_mask(
        self, node: Any, names: Names, a: Node, mask: Node, values: Node
    ) -> list[Node]:
        before: list[Node] = []
        a = _named(a, "array", names, before)
        mask = self._mask(mask, names, before)
        if not isinstance(values, gast.Constant):
            values = _repeated(values, tree.attribute(tree.clone(a), "shape"))
            values = tree.subscript(values, tree.clone(mask))
        return [*before, tree.assign(tree.subscript(a, mask), values)]

    def _mask(self, mask: Node, names: Names, before: list[Node]) -> Node:
        """A boolean array under a name."""
        if isinstance(mask, gast.Name) and mask.id in self.masks:
            return mask
        if not isinstance(mask, gast.Compare):
            mask = tree.call("np.asarray", mask, dtype=tree.name("bool"))
        text = names.fresh("mask")
        before.append(tree.assign(text, mask))
        return tree.name(text)

    def _on_diagonal(self, node: Any, names: Names, a: Node, val: Node) -> list[Node]:
        before: list[Node] = []
        a = _named(a, "array", names, before)
        size = tree.call("min", tree.attribute(tree.clone(a), "shape"))
        index = names.fresh("diagonal")
        indices = tree.call("np.diag_indices", size, tree.attribute(tree.clone(a), "ndim"))
        before.append(tree.assign(index, indices))
        return [*before, tree.assign(tree.subscript(a, tree.name(index)), val)]

    def _added_at(self, node: Any, names: Names, a: Any, indices: Node, b: Node) -> list[Node]:
        before: list[Node] = []
        a = _named(a, "array", names, before)
        parts = indices.elts if isinstance(indices, gast.Tuple) else [indices]
        parts = [
            p
            if isinstance(p, gast.Name | gast.Constant | gast.Slice)
            else _bound(p, names.fresh("index"), before)
            for p in parts
        ]
        index = tree.tuple_of([*parts, tree.name("Ellipsis")])
        symbol = _ADDING[node.func.value.attr]
        return [*before, tree.augment(tree.subscript(a, index), symbol, b)]


def out_position(node: Any, is_array: bool) -> int | None:
    """Where the `out` of a function stands that may be given by position, counted in the arguments of the call.

    `is_array` says whether what has a method is an array.
    """
    path = path_of(node.func)
    if len(path) == 2 and path[0] in ARRAY_MODULES:
        ufunc = getattr(np, path[1], None)
        if isinstance(ufunc, np.ufunc):
            return ufunc.nin if ufunc.nout == 1 else None
        return _OUT_AT.get(path[1])
    is_method = isinstance(node.func, gast.Attribute) and node.func.attr in _METHODS
    return _OUT_AT[node.func.attr] - 1 if is_method and is_array else None


def _named(node: Any, wanted: str, names: Names, before: list[Node]) -> Any:
    """A name for an array, or the name that it is."""
    return node if isinstance(node, gast.Name) else _bound(node, names.fresh(wanted), before)


def _bound(node: Node, text: str, before: list[Node]) -> Node:
    before.append(tree.assign(text, node))
    return tree.name(text)


def _free_target(call: gast.Call, place: Place) -> str | None:
    """The target of the assignment, if it may be bound before the call is made."""
    is_free = place.target is not None and not place.is_guarded
    if is_free and place.target not in tree.names_read(call):
        return place.target
    return None


def _whole(out: Any, last: Node | None = None) -> Node:
    """All elements of an array as a target: `c[...]`, of a slice `c[1:, ...]`, of another part `c[i][...]`.

    `last` stands in place of the mark of a call.
    """
    parts = getattr(out, "slice", None)
    parts = parts.elts if isinstance(parts, gast.Tuple) else [parts]
    is_open = not any(tree.is_constant(p, Ellipsis) for p in parts)
    if is_open and any(isinstance(p, gast.Slice) for p in parts):
        if last is not None:
            return tree.clone(out)  # type: ignore[no-any-return]
        index = tree.tuple_of([*parts, tree.name("Ellipsis")])
        return tree.subscript(tree.clone(out.value), index)
    return tree.subscript(tree.clone(out), last or tree.name("Ellipsis"))


def _picked(operand: Node, shape: Node, mask: str) -> Node:
    if isinstance(operand, gast.Constant):
        return operand
    whole = tree.call("np.broadcast_to", operand, tree.clone(shape))
    return tree.subscript(whole, tree.name(mask))


def _repeated(value: Node, shape: Node) -> Node:
    """As many values as there are places, from the first one again where there are too few."""
    if isinstance(value, gast.Constant):
        return value
    value = tree.call("np.array", value) if isinstance(value, gast.List | gast.Tuple) else value
    return tree.call("np.resize", value, shape)


def _array_names(function: gast.FunctionDef) -> set[str]:
    """Names that hold arrays, as what is asked of them, what is done with them or what makes them tells."""
    found: set[str] = set()
    copies: list[tuple[str, str]] = []
    for node in own_nodes(function.body):
        if isinstance(node, gast.Attribute) and node.attr in _ARRAY_ATTRIBUTES:
            found |= _name(node.value)
        elif isinstance(node, gast.BinOp) and isinstance(node.op, _OF_NUMBERS):
            found |= _name(node.left) | _name(node.right)
        elif isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Tuple):
            is_array = any(isinstance(part, gast.Slice) for part in node.slice.elts)
            found |= _name(node.value) if is_array else set()
        elif isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            text, value = node.targets[0].id, node.value
            is_made = isinstance(value, gast.Call) and is_of_module(value.func)
            found |= {text} if is_made or _is_arithmetic(value) else set()
            copies += [(text, source) for source in _name(_copied(value))]
    while more := {text for text, source in copies if source in found} - found:
        found |= more
    return found


def _name(node: Any) -> set[str]:
    return {node.id} if isinstance(node, gast.Name) else set()


def _copied(value: Any) -> Any:
    """`a` for `a.copy()` and `a[1:]`."""
    is_method = isinstance(value, gast.Call) and isinstance(value.func, gast.Attribute)
    if is_method and value.func.attr == "copy":
        return value.func.value
    is_slice = isinstance(value, gast.Subscript) and isinstance(value.slice, gast.Slice)
    return value.value if is_slice else value


def _is_arithmetic(node: Node) -> bool:
    """Whether an operation is one of numbers: `x * 2.0`, but not `[x] * 2`."""
    if not isinstance(node, gast.BinOp):
        return False
    if isinstance(node.op, gast.Add | gast.Mult) and not tree.is_same(node.left, node.right):
        return any(
            _is_arithmetic(n) or (isinstance(n, gast.Constant) and isinstance(n.value, float))
            for n in (node.left, node.right)
        )
    return not isinstance(node.op, gast.Mod)


def _mask_names(function: gast.FunctionDef) -> set[str]:
    """Names that are bound to comparisons only."""
    bound: dict[str, bool] = {}
    for node in own_nodes(function):
        if isinstance(node, gast.Assign):
            for text in tree.names_written(node.targets):
                is_mask = isinstance(node.value, gast.Compare) and tree.is_name(node.targets[0])
                bound[text] = bound.get(text, True) and is_mask
    counted = [n.id for n in own_nodes(function) if isinstance(n, gast.Name)]
    stores = [n for n in tree.walk(function) if isinstance(n, gast.Name)]
    other = {n.id for n in stores if not isinstance(n.ctx, gast.Load)} - bound.keys()
    return {n for n in counted if bound.get(n, False) and n not in other}
