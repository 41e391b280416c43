"""A name for each value: what a name held before it is bound again then need not be saved for the backward part."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import stored_to
from knetsrc.transform.analysis.assigned import exposed_names
from knetsrc.transform.analysis.live import live_after
from knetsrc.transform.analysis.sums import is_only_added_to
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.prepare import breaks
from knetsrc.transform.simplify.edit import map_blocks

_GUARDED = (gast.Try, gast.With)  # where an exception ends them, what a name held is seen


def rename_rebound(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Give each value of a name that straight-line code binds again a name of its own.

    >>> show_pass(rename_rebound, "x = f(x)\\ny = x")
    x_1 = f(x)
    y = x_1
    """
    bound = {n.id for n in tree.walk(function.args) if isinstance(n, gast.Name)}
    current: dict[str, str] = {}
    body = []
    for node in function.body:
        fresh = {t: _free(current.get(t, t), t, bound, names) for t in _bound_by(node)}
        body.append(_renamed(node, current, fresh))
        current |= fresh
        bound |= tree.names_written(body[-1])
    return _with_body(function, body)


def rename_in_blocks(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Do the same for loops and branches: the last value of a name that a block binds keeps the name.

    A sum to which a block adds several times keeps it too: nothing reads what it was before.

    >>> show_pass(rename_in_blocks, "for w in ws:\\n    x = w @ x\\n    x = np.tanh(x)")
    for w in ws:
        x_1 = w @ x
        x = np.tanh(x_1)
    """

    def block(body: list[tree.Node]) -> list[tree.Node]:
        return _block([inside(node) for node in body], names)

    def inside(node: tree.Node) -> tree.Node:
        return node if isinstance(node, _GUARDED) else map_blocks(node, block)

    return _with_body(function, [inside(node) for node in function.body])


def rename_in_loops(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Tell what a loop binds anew in each iteration from what had the same name before, and is not read after the loop.

    >>> show_pass(rename_in_loops, "c = f(x)\\nfor i in range(3):\\n    c = g(i)\\n    x = x * c")
    c = f(x)
    for i in range(3):
        c_1 = g(i)
        x = x * c_1
    """
    loops = {id(n) for n in tree.walk(function.body) if isinstance(n, gast.For | gast.While)}
    live = live_after(function, loops)
    if not live:
        return function

    def visit(body: list[tree.Node], bound: set[str]) -> list[tree.Node]:
        found = []
        for node in body:
            apart = {}
            if id(node) in live:
                own = tree.names_written(node.body) - live[id(node)] - exposed_names([node])
                apart = {t: names.another(t) for t in sorted(own & bound)}
            inside = bound - apart.keys()
            new = node
            if not isinstance(node, _GUARDED):
                new = map_blocks(node, lambda b, inside=inside: visit(b, inside))
            found.append(tree.rename(new, apart))
            bound = bound | tree.names_written(node)
        return found

    return _with_body(function, visit(function.body, set(parameters(function))))


def _block(body: list[tree.Node], names: Names) -> list[tree.Node]:
    places: dict[str, list[int]] = {}
    for position, node in enumerate(body):
        for text in _bound_by(node):
            places.setdefault(text, []).append(position)
    fixed = tree.names_written([node for node in body if not _bound_by(node)])
    fixed |= {text for text in places if is_only_added_to(body, text)}
    current: dict[str, str] = {}
    found = []
    for position, node in enumerate(body):
        fresh = {}
        for text in _bound_by(node):
            later = [p for p in places[text] if p > position]
            is_last = text in fixed or not later or breaks(body[position : later[0]])
            fresh[text] = text if is_last else names.another(text)
        found.append(_renamed(node, current, fresh))
        current |= fresh
    return found


def _bound_by(node: tree.Node) -> list[str]:
    """Names that an assignment binds; none for other statements."""
    is_plain = isinstance(node, gast.Assign) and stored_to(node) is None
    return sorted(tree.names_written(node.targets)) if is_plain else []


def _free(current: str, text: str, bound: set[str], names: Names) -> str:
    return names.fresh(text) if current in bound else current


def _renamed(node: tree.Node, current: dict[str, str], fresh: dict[str, str]) -> tree.Node:
    """A statement with `current` names in place of those that it reads, and `fresh` ones of those that it binds."""
    if not _bound_by(node):
        return tree.rename(node, current)
    value = tree.rename(node.value, current)
    return tree.at(tree.assign(tree.rename(node.targets[0], fresh), value), node)


def _with_body(function: gast.FunctionDef, body: list[tree.Node]) -> gast.FunctionDef:
    return tree.with_body(function, body)
