"""Expressions that say a length, or give an array of a known one, by their form."""

from typing import TypeGuard

import gast

from knetsrc.transform import tree

SHAPE_KEEPERS = frozenset(
    {"zeros_like", "ones_like", "empty_like", "copy", "softmax", "log_softmax", "logsoftmax"}
)


def is_made(node: gast.Call) -> bool:
    """Whether a call is `np.zeros(shape)` or the like, or `np.eye(n)`."""
    paths = ("np.zeros", "np.ones", "np.empty", "np.full")
    is_eye = tree.is_path(node.func, "np.eye") and len(node.args) == 1 and not node.keywords
    return is_eye or (bool(node.args) and any(tree.is_path(node.func, path) for path in paths))


def is_cast(node: tree.Node | None) -> TypeGuard[gast.Call]:
    """Whether an expression is `x.astype(int)`."""
    if not isinstance(node, gast.Call) or not isinstance(node.func, gast.Attribute):
        return False
    return node.func.attr == "astype" and len(node.args) == 1


def measured(node: tree.Node) -> tuple[tree.Node, int] | None:
    """`(x, 0)` for `len(x)` and `x.shape[0]`."""
    if tree.called_name(node) == "len":
        return node.args[0], 0
    is_shape = isinstance(node, gast.Subscript) and isinstance(node.value, gast.Attribute)
    axis = tree.integer_of(node.slice) if is_shape and node.value.attr == "shape" else None
    return None if axis is None else (node.value.value, axis)


def cut_off(index: tree.Node) -> tuple[int, ...] | None:
    """How much a slice leaves out along each axis, None if that is not known: `u[1:-1]` and `u[:-2]` have equal shapes.

    >>> [cut_off(tree.parse_expression(text).slice) for text in ("u[1:-1]", "u[:, 2:]", "u[:]", "u[i:]")]
    [(2,), (0, 2), (), None]
    """
    parts = index.elts if isinstance(index, gast.Tuple) else [index]
    found = [cut_of_slice(part) for part in parts]
    if tree.is_constant(index, Ellipsis):
        return ()
    if None in found:
        return None
    while found and found[-1] == 0:
        found.pop()
    return tuple(n for n in found if n is not None)


def cut_of_slice(part: tree.Node) -> int | None:
    """How many elements `1:-1` leaves out, None if that depends on how many there are."""
    if not isinstance(part, gast.Slice) or part.step is not None:
        return None
    lower = 0 if part.lower is None else tree.integer_of(part.lower)
    upper = 0 if part.upper is None else tree.integer_of(part.upper)
    if lower is None or upper is None or lower < 0:
        return None
    return lower - upper if upper < 0 or part.upper is None else None


def keeps_shape(node: gast.Call) -> bool:
    """Whether a call gives an array of the shape of its first argument: `np.zeros_like(x)`."""
    is_other = any(k.arg == "shape" for k in node.keywords)
    return bool(node.args) and _last_name(node.func) in SHAPE_KEEPERS and not is_other


def _last_name(function: tree.Node) -> str:
    return function.attr if isinstance(function, gast.Attribute) else getattr(function, "id", "")
