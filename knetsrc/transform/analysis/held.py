"""Which names hold arrays or containers, and which single elements, as far as the text tells."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import is_view
from knetsrc.transform.analysis.stores import stored_names


def sliced_names(function: gast.FunctionDef) -> set[str]:
    """Names that are arrays or containers, as they have parts, and names that are bound to slices."""
    found = held_names(function)
    for node in tree.walk(function.body):
        is_single = isinstance(node, gast.Assign) and tree.is_name(node.targets[0])
        if is_single and (is_part(node.value) or is_view(node.value)):
            found.add(node.targets[0].id)
    while True:
        pairs = [(n.targets[0], n.value) for n in tree.walk(function.body) if is_copy(n)]
        same = [(a.id, b.id) for a, b in pairs] + [(b.id, a.id) for a, b in pairs]
        more = {a for a, b in same if b in found} - found
        if not more:
            return found
        found |= more


def loops_that_write(function: gast.FunctionDef) -> set[str]:
    """Names in the iterables of loops that write into what they take out: `b` for `for row in b: row[0] = e`."""
    loops = [n for n in tree.walk(function.body) if isinstance(n, gast.For)]
    writing = [n for n in loops if tree.names_written(n.target) & stored_names(n.body)]
    return set().union(*(tree.names_read(n.iter) for n in writing))


def is_copy(node: tree.Node) -> bool:
    return (
        isinstance(node, gast.Assign)
        and tree.is_name(node.targets[0])
        and isinstance(node.value, gast.Name)
    )


def held_names(function: gast.FunctionDef) -> set[str]:
    """Names of which parts are read or written, so that they are no numbers."""
    found: set[str] = set()
    for node in tree.walk(function.body):
        if isinstance(node, gast.Subscript) and tree.is_name(node.value):
            found.add(node.value.id)
        elif tree.called_name(node) == "len" and tree.is_name(node.args[0]):
            found.add(node.args[0].id)
        elif isinstance(node, gast.For) and tree.is_name(node.iter):
            found.add(node.iter.id)
    return found


def is_part(value: tree.Node) -> bool:
    """Whether an expression is a slice."""
    is_read = isinstance(value, gast.Subscript)
    return is_read and any(_keeps_axes(n) for n in tree.walk(value.slice))


def _keeps_axes(node: tree.Node) -> bool:
    return isinstance(node, gast.Slice) or tree.is_constant(node, Ellipsis, None)


def element_names(function: gast.FunctionDef) -> set[str]:
    """Names that are bound to single elements, by their index."""
    bound = [n for n in tree.walk(function.body) if isinstance(n, gast.Assign)]
    other = {t for n in bound if not is_element(n.value) for t in tree.names_written(n.targets)}
    return {t for n in bound for t in tree.names_written(n.targets)} - other


def is_element(value: tree.Node) -> bool:
    return isinstance(value, gast.Subscript) and not is_part(value)
