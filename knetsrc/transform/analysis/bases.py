"""What the parts of an array are parts of: `a` for `a[i][j]` and for views of it."""

import gast

from knetsrc.transform import tree

_VIEW_METHODS = frozenset({
    "reshape", "ravel", "transpose", "swapaxes", "squeeze", "moveaxis", "expand_dims", "flip", "asarray", "asanyarray",
    "ascontiguousarray", "atleast_1d", "atleast_2d",
})  # fmt: skip


def base_of(part: tree.Node) -> str | None:
    """`a` for `a[i][j]`, and for views of it: `a.T[0]`, `a.reshape(2, 3)[0]`."""
    while isinstance(part, gast.Subscript) or is_view(part):
        part = viewed(part) if isinstance(part, gast.Call) else part.value
    return part.id if isinstance(part, gast.Name) else None


def is_view(node: tree.Node) -> bool:
    """Whether an expression is an array with its axes in another order or form."""
    if isinstance(node, gast.Attribute):
        return node.attr == "T"
    is_method = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    return is_method and node.func.attr in _VIEW_METHODS


def viewed(call: gast.Call) -> tree.Node:
    """What a call gives a view of: `a` in `a.reshape(2, 3)` and in `np.reshape(a, (2, 3))`."""
    return call.args[0] if tree.is_name(call.func.value, "np") else call.func.value
