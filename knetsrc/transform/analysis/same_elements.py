"""Slices of lists that have the same elements for as long as only these change within.

ys = xs[1:]
ys[0]["w"] *= 2.0      seen in `xs` as well, as in an array
ys[0] = e              not seen, if `xs` is a list
"""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import stored_to
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.stores import path_of, target_of
from knetsrc.transform.normalize.scopes import parameters


def written_shallow(function: gast.FunctionDef, found: Aliases) -> frozenset[str]:
    """Names of what may change otherwise than within an element of what they stand for."""
    levels, shallow = _same_level(function), set[str]()
    for node in tree.walk(function.body):
        if (text := stored_to(node)) is not None:
            names = found.names.get(id(node)) or found.sharing({text})  # what is rewritten is new
            is_inner = _is_within_element(target_of(node))
            shallow |= {
                n for n in names if not is_inner or levels.get(n, n) != levels.get(text, text)
            }
        if id(node) in found.calls:
            shallow |= found.names[id(node)]
    return frozenset(shallow)


def _same_level(function: gast.FunctionDef) -> dict[str, str]:
    """Names that only ever stand for another name or a slice of it, with that: they have the same elements."""
    levels: dict[str, str] = {}
    given = parameters(function)
    for text, values in bound_values(function).items():
        bases = {sliced_name(v) for v in values}
        if len(bases) == 1 and None not in bases and text not in given:
            levels[text] = bases.pop() or ""
    for text in levels:
        seen = {text}
        while (base := levels.get(levels[text])) is not None and base not in seen:
            seen.add(base)
            levels[text] = base
    return levels


def sliced_name(value: tree.Node | None) -> str | None:
    """`xs` for `xs` and for `xs[1:]`."""
    if isinstance(value, gast.Subscript) and isinstance(value.slice, gast.Slice):
        value = value.value
    return value.id if isinstance(value, gast.Name) else None


def _is_within_element(target: tree.Node) -> bool:
    """Whether a target is `xs[i][k]`, or `xs[1:][i][k]`."""
    path = path_of(target)
    elements = [p for p in path if not isinstance(getattr(p, "slice", None), gast.Slice)]
    return len(elements) > 1 and all(isinstance(p, gast.Subscript) for p in path)
