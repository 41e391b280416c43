"""What statements do to containers and arrays, by their text: which change an element, which make containers."""

from collections.abc import Iterable, Iterator, Sequence

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.alias_facts import HelperOf, Renewed
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.stores import as_read
from knetsrc.transform.normalize.attribute_elements import OWN
from knetsrc.transform.normalize.joined import is_container
from knetsrc.transform.normalize.scopes import parameters

COMPOUND = (gast.If, gast.For, gast.While, gast.With, gast.Try)


def at_once(node: tree.Node) -> list[tree.Node]:
    """What a statement evaluates apart from the statements within it."""
    if not isinstance(node, COMPOUND):
        return [node]
    heads = [getattr(node, part) for part in ("test", "iter") if hasattr(node, part)]
    return [*heads, *getattr(node, "items", [])]


def written_by_calls(
    nodes: Iterable[tree.Node], helper_call: HelperOf
) -> Iterator[tuple[gast.Call, tree.Node]]:
    """Arguments into which helpers write that are called in these nodes."""
    for node in tree.walk(nodes):
        found = helper_call(node) if isinstance(node, gast.Call) else None
        yield from ((node, argument) for argument in found.written) if found else ()


def renewed_at(node: tree.Node, helper_call: HelperOf) -> Sequence[Renewed]:
    """Objects of which an attribute changes by a call, and the attributes."""
    if not isinstance(node, gast.Call):
        return ()
    if tree.called_name(node) in OWN:
        is_deep = tree.called_name(node) == "check_own_elements"
        return [(node.args[1], frozenset([node.args[2].value + "[]" * is_deep]))]
    found = helper_call(node)
    return found.renewed if found is not None else ()


def are_apart(one: tree.Node, other: tree.Node) -> bool:
    """Whether two slices of an array have nothing in common: `a[:k]` and `a[k:]`."""
    if not all(isinstance(n, gast.Subscript) and tree.is_name(n.value) for n in (one, other)):
        return False
    first, second = one.slice, other.slice
    if not isinstance(first, gast.Slice) or not isinstance(second, gast.Slice):
        return False
    return any(
        a.lower is None and a.step is None and b.upper is None and b.step is None
        and a.upper is not None and b.lower is not None and tree.is_same(a.upper, b.lower)
        for a, b in ((first, second), (second, first))
    )  # fmt: skip


def replaces_element(node: tree.Node) -> bool:
    """Whether a write puts another object into a container that has a name."""
    is_single = isinstance(node, gast.Assign) and isinstance(node.targets[0].value, gast.Name)
    return is_single and not updates_element(node)


def updates_element(node: tree.Node) -> bool:
    """Whether a write may change an element in place: `xs[i] = xs[i] * e` may be what is left of `xs[i] *= e`.

    That stands where its target stands; what the user has written out stands behind.
    """
    if isinstance(node, gast.AugAssign):
        return True
    target, value = node.targets[0], node.value
    is_update = isinstance(value, gast.BinOp) and not isinstance(value.op, gast.Add | gast.Sub)
    if not is_update or not tree.is_same(value.left, as_read(target)):
        return False
    own, place = _place_of(value), _place_of(target)
    return None in (*own, *place) or own == place


def _place_of(node: tree.Node) -> tuple[int | None, int | None]:
    return getattr(node, "lineno", None), getattr(node, "col_offset", None)


def made_containers(function: gast.FunctionDef) -> set[str]:
    """Names that only ever stand for lists and dictionaries made in the function."""
    bound = bound_values(function)
    found = set(bound) - set(parameters(function))
    while True:
        kept = {n for n in found if all(_makes_container(v, found) for v in bound[n])}
        if kept == found:
            return found
        found = kept


def _makes_container(value: tree.Node | None, found: set[str]) -> bool:
    if isinstance(value, gast.BinOp):
        return any(_makes_container(n, set()) for n in (value.left, value.right))
    if isinstance(value, gast.Name):
        return value.id in found
    if isinstance(value, gast.Call):
        return is_container(value)
    return isinstance(value, gast.List | gast.Dict)
