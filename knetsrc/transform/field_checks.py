"""Checks, when the program runs, that what has an attribute of arrays is no object that holds such an attribute itself.

p.shape     ->     without_field(p, "shape").shape     where `p` may be an object of a class of the user
"""

import gast

from knetsrc.adjoints.equivalents import WITHOUT_FIELD
from knetsrc.objects import LIKE_ARRAYS
from knetsrc.transform import tree
from knetsrc.transform.analysis.kinds import gives_numbers
from knetsrc.transform.callee import Calls
from knetsrc.transform.classes import ClassFacts


def checked_read(node: tree.Node, known: ClassFacts, arrays: set[str]) -> tree.Node:
    """The attribute of a value that is checked, unless it is known what the value is; `arrays` are names of arrays."""
    if not isinstance(node, gast.Attribute) or node.attr not in LIKE_ARRAYS:
        return node
    whole = node.value
    is_known = known.is_outside(whole) or known.class_of(whole) is not None
    if is_known or getattr(whole, "id", None) in arrays or tree.called_name(whole) == "type":
        return node
    check = known.outside.spelled(WITHOUT_FIELD)
    value = tree.call(check, whole, tree.constant(node.attr))
    return tree.at(tree.attribute(value, node.attr), node)


def without_idle_checks(
    core: gast.FunctionDef, calls: Calls, numeric: frozenset[str]
) -> gast.FunctionDef:
    """`x.shape` for `without_field(x, "shape").shape`, where `x` is an array or a number for sure."""

    def plain_read(node: gast.Attribute) -> gast.Attribute:
        check = node.value if isinstance(node.value, gast.Call) else None
        if check is None or calls.outside.resolve(check.func) is not WITHOUT_FIELD:
            return node
        whole = check.args[0]
        if getattr(whole, "id", None) in numeric or gives_numbers(whole, calls):
            node.value = whole
        return node

    return tree.rewrite(core, {gast.Attribute: plain_read})  # type: ignore[no-any-return]
