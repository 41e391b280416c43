"""A zero that something is added to next need not have its shape."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import with_fields
from knetsrc.transform.tree import Node


def plain_zeros(function: gast.FunctionDef, candidates: frozenset[str]) -> gast.FunctionDef:
    """Write `0.0` for the zeros that a branch ends with, where the statement after it adds to them.

        if n % 2:                           if n % 2:
            d_x = d_y * half                    d_x = d_y * half
        else:                               else:
            d_x = zeros_like(x)     ->          d_x = 0.0
        d_x += e                            d_x += e

    Parameters
    ----------
    function
        Generated code.
    candidates
        Names of adjoints of arrays and numbers.
    """
    return with_fields(function, body=_block(function.body, candidates))


def _block(body: list[Node], candidates: frozenset[str]) -> list[Node]:
    found = []
    for number, node in enumerate(body):
        following = body[number + 1] if number + 1 < len(body) else None
        inner = {
            part: _block(getattr(node, part), candidates)
            for part in ("body", "orelse")
            if isinstance(getattr(node, part, None), list)
        }
        node = with_fields(node, **inner) if inner else node
        name = _added_to(_after_comments(body, following))
        if isinstance(node, gast.If) and name in candidates:
            node = _without_zeros(node, name)
        found.append(node)
    return found


def _after_comments(body: list[Node], following: Node | None) -> Node | None:
    """The first statement from `following` on that is no comment."""
    if following is None:
        return None
    rest = body[next(i for i, n in enumerate(body) if n is following) :]
    return next((n for n in rest if tree.comment_text(n) is None), None)


def _added_to(node: Node | None) -> str | None:
    """`x` for `x = x + e` or `x += e`, where `e` does not read `x`."""
    if isinstance(node, gast.AugAssign) and tree.is_name(node.target):
        name, value = node.target.id, node.value
    elif (
        isinstance(node, gast.Assign)
        and isinstance(node.value, gast.BinOp)
        and tree.is_name(node.targets[0])
    ):
        name, value = node.targets[0].id, node.value.right
        if not tree.is_name(node.value.left, name):
            return None
    else:
        return None
    return None if name in tree.names_read(value) else name


def _without_zeros(node: gast.If, name: str) -> gast.If:
    parts = {}
    for part in ("body", "orelse"):
        body = getattr(node, part)
        last = body[-1] if body else None
        if isinstance(last, gast.If):
            parts[part] = [*body[:-1], _without_zeros(last, name)]
        elif (
            isinstance(last, gast.Assign)
            and tree.is_name(last.targets[0], name)
            and tree.called_name(last.value) == "zeros_like"
        ):
            zero = tree.at(tree.constant(0.0), last.value)
            parts[part] = [*body[:-1], with_fields(last, value=zero)]
    return with_fields(node, **parts) if parts else node
