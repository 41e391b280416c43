"""What a function returns, made names."""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.describe import describe
from knetsrc.transform.names import Names


def split_aux(
    core: gast.FunctionDef, names: Names, spell: Callable[[str, Any], tree.Node]
) -> gast.FunctionDef:
    """Make the returned pair (value, aux) a tuple of two expressions; that it is a pair is checked when it is made."""
    last = core.body[-1]
    if isinstance(last.value, gast.Tuple) and len(last.value.elts) == 2:
        return core
    pair = names.fresh("pair")
    parts = tree.tuple_of(tree.subscript(tree.name(pair), tree.constant(i)) for i in (0, 1))
    body = [
        *core.body[:-1],
        tree.at(tree.assign(pair, last.value), last),
        tree.at(tree.expression(tree.call(spell("check_pair", None), tree.name(pair))), last),
        tree.at(tree.return_(parts), last),
    ]
    return tree.with_body(core, body)


def bind_result(core: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Make what is returned a name, or a tuple of different names."""
    last = core.body[-1]
    names.taken |= Names.of(core).taken
    body = core.body[:-1]
    used: set[str] = set()

    def bound(node: tree.Node, wanted: str) -> tree.Node:
        if isinstance(node, gast.Name) and node.id not in used:
            used.add(node.id)
            return node
        text = names.fresh(wanted)
        used.add(text)
        body.append(tree.at(tree.assign(text, node), node))
        return tree.at(tree.name(text), node)

    value = last.value if last.value is not None else tree.constant(None)
    if isinstance(value, gast.Tuple) and not any(isinstance(e, gast.Starred) for e in value.elts):
        elements = [
            bound(e, describe(e) if not isinstance(e, gast.Name) else e.id) for e in value.elts
        ]
        result: tree.Node = tree.tuple_of(elements)
    else:
        result = bound(value, "value")
    returned = tree.at(tree.return_(result), last)
    return tree.with_body(core, [*body, returned])
