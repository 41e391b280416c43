"""Last rewritings before the reversal, which need to know what is active: each gives the backward part something to hold on to."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to
from knetsrc.transform.analysis.needed import is_counting
from knetsrc.transform.names import Names

_CHEAP_CALLS = frozenset({"len", "abs", "isinstance", "min", "max", "int", "bool", "callable", "hasattr"})


def rename_rebound(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Give each value of a name that straight-line code binds again a name of its own.

    >>> show(rename_rebound, "x = f(x)\\ny = x")
    x_1 = f(x)
    y = x_1
    """
    bound = {n.id for n in tree.walk(function.args) if isinstance(n, gast.Name)}
    current: dict[str, str] = {}
    body = []
    for node in function.body:
        node = tree.rename(node, current) if not isinstance(node, gast.Assign) else _renamed_value(node, current)
        if isinstance(node, gast.Assign):
            node = _rename_targets(node, bound, current, names)
        bound |= tree.names_written(node)
        body.append(node)
    return _with_body(function, body)


def _renamed_value(node: gast.Assign, current: dict[str, str]) -> gast.Assign:
    return tree.at(tree.assign(node.targets[0], tree.rename(node.value, current)), node)


def _rename_targets(
    node: gast.Assign, bound: set[str], current: dict[str, str], names: Names
) -> gast.Assign:
    fresh = {}
    for text in sorted(tree.names_written(node.targets)):
        new = current.get(text, text)
        if new in bound:
            new = names.fresh(text)
        fresh[text] = current[text] = new
    return tree.at(tree.assign(tree.rename(node.targets[0], fresh), node.value), node)


def _with_body(function: gast.FunctionDef, body: list[tree.Node]) -> gast.FunctionDef:
    return tree.at(tree.function_def(function.name, function.args, body), function)


def count_trips(function: gast.FunctionDef, names: Names, active: frozenset[str]) -> gast.FunctionDef:
    """Count the iterations of loops that bind active names and whose number cannot be computed again.

    >>> show(count_trips, "while c(x):\\n    x = f(x)")
    trips = 0
    while c(x):
        trips = trips + 1
        x = f(x)
    """

    def counted(node: tree.Node) -> list[tree.Node] | tree.Node:
        if not _binds(node, active) or (is_simple_count(node) and not _breaks(node.body)):
            return node
        trips = names.fresh("trips")
        up = tree.assign(trips, tree.binary(tree.name(trips), "+", tree.constant(1)))
        node.body = [tree.at(up, node), *node.body]
        return [tree.at(tree.assign(trips, tree.constant(0)), node), node]

    return tree.rewrite(function, {gast.For: counted, gast.While: counted})


def is_simple_count(node: tree.Node) -> bool:
    return isinstance(node, gast.For) and is_counting(node.iter) and tree.is_name(node.target)


def _breaks(body: list[tree.Node]) -> bool:
    """Whether a `break` leaves the loop with this body."""
    for node in body:
        if isinstance(node, gast.Break):
            return True
        inner = [*getattr(node, "body", []), *getattr(node, "orelse", [])]
        if isinstance(node, gast.If | gast.With) and _breaks(inner):
            return True
    return False


def _binds(node: tree.Node, active: frozenset[str]) -> bool:
    appended = {appended_to(n) for n in tree.walk(node)}
    return bool((tree.names_written(node) | appended) & active)


def keep_headers(function: gast.FunctionDef, names: Names, active: frozenset[str]) -> gast.FunctionDef:
    """Bind the arguments of a range that its own loop changes to names of their own."""

    def kept(node: gast.For) -> list[tree.Node] | tree.Node:
        changed = tree.names_read(node.iter) & tree.names_written(node.body)
        if not changed or not _binds(node, active):
            return node
        fresh = {text: names.fresh(f"{text}_start") for text in sorted(changed)}
        before = [tree.at(tree.assign(new, tree.name(old)), node) for old, new in fresh.items()]
        node.iter = tree.rename(node.iter, fresh)
        return [*before, node]

    return tree.rewrite(function, {gast.For: kept})


def keep_tests(function: gast.FunctionDef, names: Names, active: frozenset[str]) -> gast.FunctionDef:
    """Bind the test of a branch over active names to a name, where it cannot be read again in the backward part.

    >>> show(keep_tests, "if x > 0:\\n    x = f(x)")
    taken = x > 0
    if taken:
        x = f(x)
    """

    def block(body: list[tree.Node], changing: set[str]) -> list[tree.Node]:
        return [s for node in body for s in statement(node, changing)]

    def statement(node: tree.Node, changing: set[str]) -> list[tree.Node]:
        if isinstance(node, gast.If):
            before = _kept_test(node, changing, names) if _needs_test(node, active) else []
            node.body, node.orelse = block(node.body, changing), block(node.orelse, changing)
            return [*before, node]
        if isinstance(node, gast.For | gast.While):
            target = tree.names_written(node.target) if is_simple_count(node) else set()
            node.body = block(node.body, (changing | tree.names_written(node)) - target)
        elif isinstance(node, gast.With):
            node.body = block(node.body, changing)
        return [node]

    copy = tree.clone(function)
    copy.body = block(copy.body, set())
    return copy


def _needs_test(node: gast.If, active: frozenset[str]) -> bool:
    return _binds(node, active) or any(isinstance(n, gast.Break) for n in tree.walk(node))


def _kept_test(node: gast.If, changing: set[str], names: Names) -> list[tree.Node]:
    read = tree.names_read(node.test)
    if not read & (changing | tree.names_written([*node.body, *node.orelse])) and _is_cheap_test(node.test):
        return []
    if isinstance(node.test, gast.Name) and node.test.id not in tree.names_written([*node.body, *node.orelse]):
        return []
    ends_loop = bool(node.body) and isinstance(node.body[-1], gast.Break)
    flag = names.fresh("done" if ends_loop else "taken")
    bound = tree.at(tree.assign(flag, node.test), node.test)
    node.test = tree.at(tree.name(flag), node.test)
    return [bound]


def _is_cheap_test(test: tree.Node) -> bool:
    calls = [n for n in tree.walk(test) if isinstance(n, gast.Call)]
    return all(tree.called_name(n) in _CHEAP_CALLS for n in calls)
