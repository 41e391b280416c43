"""Sums at an index, in generated source that is differentiated once more: writes into an array, where that is checked.

add_at(d_x, slice(2, None), d)      check_adjoint_of_array(d_x)
                                    d_x[2:] += d
add_at(d_x, index, d)               check_adjoint_of_array(d_x)
                                    d_x[index, Ellipsis] += d

The second is how `np.add.at(d_x, index, d)` is written in the core language. Of a list the call adds item by item; it stays as it
is where nothing differentiated goes into it. What is taken out of `d_x` itself is taken before the sum reads it:

add_at(d_x, m, cut_out(d_x, m))     d = cut_out(d_x, m)
                                    d_x[m, Ellipsis] += d
"""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.resolve import Outside

_BOUNDS = 3


def unfold_index_sums(
    core: gast.FunctionDef,
    outside: Outside,
    depends: Callable[[tree.Node], bool],
    spell: Callable[[str, Any], tree.Node],
    fresh: Callable[[str], str],
) -> gast.FunctionDef:
    """The function with such sums as statements; `depends` tells where differentiated values go in."""

    def is_cutting(node: tree.Node) -> bool:
        return isinstance(node, gast.Call) and _is_of_backends(
            outside.resolve(node.func), "cut_out"
        )

    def unfolded(node: gast.Expr) -> list[tree.Node] | tree.Node:
        call = node.value
        if not isinstance(call, gast.Call):
            return node
        if not _is_of_backends(outside.resolve(call.func), "add_at"):
            return node
        buffer, index, value = call.args
        if not tree.is_name(buffer) or _is_fixed(index):  # of a container it is one part of it
            return node
        if not (depends(buffer) or depends(value)):
            return node
        check = tree.call(spell("check_adjoint_of_array", None), tree.clone(buffer))
        made = [tree.expression(check)]
        if any(map(is_cutting, tree.walk(value))):
            taken = fresh("d")
            made.append(tree.assign(taken, value))
            value = tree.name(taken)
        made.append(tree.augment(tree.subscript(buffer, _written(index)), "+", value))
        return [tree.at(n, node) for n in made]

    return tree.rewrite(core, {gast.Expr: unfolded})


def _is_of_backends(value: Any, name: str) -> bool:
    home = str(getattr(value, "__module__", ""))
    return home.startswith("knetsrc.backends") and getattr(value, "__name__", "") == name


def _written(index: tree.Node) -> tree.Node:
    """An argument as the index of what is written: it ends in `Ellipsis` where it may read an element twice."""
    parts = index.elts if isinstance(index, gast.Tuple) else [index]
    is_read_once = all(_is_slice(p) or _is_fixed(p) for p in parts)
    found = [_slice_of(p) if _is_slice(p) else p for p in parts]
    if is_read_once:
        return tree.tuple_of(found) if isinstance(index, gast.Tuple) else found[0]
    return tree.tuple_of([*found, tree.name("Ellipsis")])


def _slice_of(call: gast.Call) -> gast.Slice:
    bounds = [None if tree.is_constant(a, None) else a for a in call.args]
    bounds = [None, *bounds] if len(bounds) == 1 else bounds
    return tree.slice_of(*bounds, *[None] * (_BOUNDS - len(bounds)))


def _is_slice(node: tree.Node) -> bool:
    return tree.called_name(node) == "slice"


def _is_fixed(node: tree.Node) -> bool:
    """Whether an index is a number, None or an ellipsis that is written out."""
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
        return _is_fixed(node.operand)
    return isinstance(node, gast.Constant) or tree.is_name(node, "Ellipsis")
