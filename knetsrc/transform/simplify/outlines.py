"""Of an array of which the backward part reads the shape only, a loop keeps the outline: an array that takes no memory.

x_saved.append(x)                              x_saved.append(outline(x))
...                                     ->     ...
x = x_saved.pop()                              x = x_saved.pop()
d_x = unbroadcast(d_y, x)                      d_x = unbroadcast(d_y, x)
"""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.needed import content_reads
from knetsrc.transform.analysis.stores import stored_names
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    is_boundary,
    map_blocks,
    statements,
    with_fields,
)
from knetsrc.transform.simplify.effects import list_method
from knetsrc.transform.tree import Node


def keep_outlines(
    function: gast.FunctionDef, arrays: frozenset[str], spelled: Node
) -> gast.FunctionDef:
    """Keep outlines of `arrays` where the backward part reads no more of them.

    Parameters
    ----------
    function
        Generated code, forward and backward part together.
    arrays
        Names that stand for arrays, beside those that `einsum` and `outer` give; what else costs no memory is kept as it is.
    spelled
        The function that gives the outline.
    """
    start = next((i for i, node in enumerate(function.body) if is_boundary(node)), None)
    if start is None:
        return function
    backward = function.body[start:]
    restored = _restored(backward)
    made = {assigned_name(n) for n in statements(function.body[:start]) if _makes_array(n)}
    light = {n for n in {*arrays, *made} if n and _is_light(n, backward)}
    if not light & set().union(*restored.values()):
        return function

    def in_block(block: Block) -> Block:
        return [in_statement(map_blocks(node, in_block)) for node in block]

    def in_statement(node: Node) -> Node:
        method = list_method(node.value) if isinstance(node, gast.Expr) else None
        if method is None or method[1] != "append":
            return node
        names = light & restored.get(method[0], set())
        new = _outlined(node.value.args[0], names, spelled)
        return with_fields(node, value=with_fields(node.value, args=[new])) if names else node

    return with_fields(function, body=[*in_block(function.body[:start]), *backward])


def _outlined(value: Node, names: set[str], spelled: Node) -> Node:
    """What is kept, with the outlines of some names in place of their values, or copies of them."""
    if isinstance(value, gast.Tuple):
        return with_fields(value, elts=[_outlined(e, names, spelled) for e in value.elts])
    kept = [n.id for n in tree.walk(value) if isinstance(n, gast.Name) and n.id in names]
    return tree.call(tree.clone(spelled), tree.name(kept[0])) if len(kept) == 1 else value


def _makes_array(node: Node) -> bool:
    """Whether a statement binds a name to the result of a function that gives an array with axes."""
    value = node.value if assigned_name(node) else None
    if not isinstance(value, gast.Call):
        return False
    if not tree.is_path(value.func, "np.einsum"):
        return tree.is_path(value.func, "np.outer")
    script = value.args[0].value if isinstance(value.args[0], gast.Constant) else None
    return isinstance(script, str) and bool(script.partition("->")[2].strip())


def _is_light(text: str, backward: Block) -> bool:
    """Whether no more than the shape of a name is read from where it is bound in the backward part."""
    bound = (i for i, node in enumerate(backward) if text in tree.names_written(node))
    after = backward[next(bound, len(backward)) :]
    return bool(after) and text not in content_reads(after) | stored_names(after)


def _restored(backward: Block) -> dict[str, set[str]]:
    """The names that get the values of each list; lists that are read in another way are left out."""
    found: dict[str, set[str]] = {}
    reads: dict[str, int] = {}
    for node in tree.walk(backward):
        method = list_method(node.value) if isinstance(node, gast.Assign) else None
        if method and method[1] == "pop":
            found.setdefault(method[0], set()).update(tree.names_written(node))
            reads[method[0]] = reads.get(method[0], 0) - 1
        if isinstance(node, gast.While) and isinstance(node.test, gast.Name):
            reads[node.test.id] = reads.get(node.test.id, 0) - 1
        if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Load):
            reads[node.id] = reads.get(node.id, 0) + 1
    return {text: names for text, names in found.items() if reads[text] == 0}
