"""Where only the shape of a value is read, read that of one which the backward part needs anyway."""

from collections.abc import Mapping
from typing import Any

import gast

from knetsrc.transform import tree

_TEMPLATE_LAST = frozenset({"unbroadcast", "like", "zeros_like"})


def share_templates(body: list[tree.Node], shapes: Mapping[str, Any]) -> list[tree.Node]:
    """Backward statements that keep fewer values alive.

        d_h = unbroadcast(d_y * o, h)           d_h = unbroadcast(d_y * o, tanh_h)
        d_c = d_h * (1 - tanh_h**2)      ->     d_c = d_h * (1 - tanh_h**2)

    Parameters
    ----------
    body
        Statements of a backward part.
    shapes
        Shapes of names that are bound once, in straight-line code; equal ones are known to be equal.
    """
    templates = [n.args[-1] for n in tree.walk(body) if _is_template_call(n)]
    as_template = {id(n) for n in templates}
    data = {n.id for n in tree.walk(body) if isinstance(n, gast.Name) and id(n) not in as_template}
    chosen = {}
    for text in sorted({n.id for n in templates if n.id in shapes} - data):
        same = sorted(t for t in data if shapes.get(t) == shapes[text])
        if same:
            chosen[text] = same[0]
    if not chosen:
        return body

    def replace(node: gast.Call) -> tree.Node:
        if _is_template_call(node) and node.args[-1].id in chosen:
            node.args[-1] = tree.at(tree.name(chosen[node.args[-1].id]), node.args[-1])
        return node

    return tree.rewrite(body, {gast.Call: replace})


def _is_template_call(node: tree.Node) -> bool:
    return (
        tree.called_name(node) in _TEMPLATE_LAST
        and bool(node.args)
        and isinstance(node.args[-1], gast.Name)
    )
