"""Last rewritings before the reversal, which need to know what is active: each gives the backward part something to hold on to."""

from collections import Counter

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import exposed_names
from knetsrc.transform.analysis.needed import is_counting, trips_of
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import blocks

_CHEAP_CALLS = frozenset({
    "len", "abs", "isinstance", "min", "max", "int", "bool", "callable", "hasattr", "is_sequence",
    "is_mapping",
})  # fmt: skip


def count_trips(
    function: gast.FunctionDef, names: Names, active: frozenset[str]
) -> gast.FunctionDef:
    """Count the iterations of loops that bind active names and whose number cannot be computed again.

    >>> show_pass(count_trips, "while c(x):\\n    x = f(x)")
    trips = 0
    while c(x):
        trips = trips + 1
        x = f(x)
    """

    def counted(node: tree.Node) -> list[tree.Node] | tree.Node:
        if (
            trips_of(node)
            or not _binds(node, active)
            or (is_simple_count(node) and not breaks(node.body))
        ):
            return node
        trips = names.fresh("trips")
        up = tree.assign(trips, tree.binary(tree.name(trips), "+", tree.constant(1)))
        node.body = [tree.at(up, node), *node.body]
        return [tree.at(tree.assign(trips, tree.constant(0)), node), node]

    return tree.rewrite(function, {gast.For: counted, gast.While: counted})


def is_simple_count(node: tree.Node) -> bool:
    return isinstance(node, gast.For) and is_counting(node.iter) and tree.is_name(node.target)


def breaks(body: list[tree.Node]) -> bool:
    """Whether a `break` leaves the loop with this body."""
    for node in body:
        if isinstance(node, gast.Break):
            return True
        inner = [*getattr(node, "body", []), *getattr(node, "orelse", [])]
        if isinstance(node, gast.If | gast.With) and breaks(inner):
            return True
    return False


def _binds(node: tree.Node, active: frozenset[str]) -> bool:
    return bool((tree.names_written(node) | changed_names(node)) & active)


def bind_loop_targets(
    function: gast.FunctionDef, names: Names, active: frozenset[str]
) -> gast.FunctionDef:
    """Let a loop bind an active name by an assignment: it ends the life of the value that the name had before.

    >>> show_pass(bind_loop_targets, "for x in range(3):\\n    y = x")
    for x_item in range(3):
        x = x_item
        y = x
    """

    def bound(node: gast.For) -> gast.For:
        fresh = {
            t: names.fresh(f"{t}_item") for t in sorted(tree.names_written(node.target) & active)
        }
        if fresh:
            node.target = tree.rename(node.target, fresh)
            values = [tree.at(tree.assign(old, tree.name(new)), node) for old, new in fresh.items()]
            node.body = [*values, *node.body]
        return node

    return tree.rewrite(function, {gast.For: bound})


def flatten_breaks(
    function: gast.FunctionDef, names: Names, active: frozenset[str]
) -> gast.FunctionDef:
    """Leave the last, unfinished iteration of a loop out of the reversal, where nothing that it computes is used.

    What follows `if test: break` no longer stands in an `else`, and the iterations are counted after it.

    >>> code = "while c(x):\\n t = f(x)\\n if t < 0:\\n  break\\n else:\\n  x = t"
    >>> show_pass(flatten_breaks, code)
    trips = 0
    while c(x):
        t = f(x)
        if t < 0:
            break
        trips = trips + 1
        x = t
    """

    def flat(node: tree.Node) -> list[tree.Node] | tree.Node:
        last = node.body[-1]
        is_end = (
            isinstance(last, gast.If)
            and len(last.body) == 1
            and isinstance(last.body[0], gast.Break)
        )
        if not is_end or not _binds(node, active) or breaks(last.orelse) or breaks(node.body[:-1]):
            return node
        first = node.body[:-1]
        written = {n for s in first for n in tree.names_written(s)} | changed_names(first)
        used = written & (exposed_names(node.body) | _read_elsewhere(function, node))
        if any(not _only_decides(function, node, text) for text in used):
            return node
        trips = names.fresh("trips")
        up = tree.assign(trips, tree.binary(tree.name(trips), "+", tree.constant(1)))
        node.body = [
            *first,
            tree.at(tree.if_(last.test, last.body), last),
            tree.at(up, node),
            *last.orelse,
        ]
        return [tree.at(tree.assign(trips, tree.constant(0)), node), node]

    return tree.rewrite(function, {gast.For: flat, gast.While: flat})


def _only_decides(function: gast.FunctionDef, loop: tree.Node, text: str | None) -> bool:
    """Whether a name, as a counter, is read only where a loop goes on or ends, and to bind it anew."""
    deciding = [loop.body[-1].test, *([loop.test] if isinstance(loop, gast.While) else [])]
    own = [
        n.value
        for n in tree.walk(loop.body)
        if isinstance(n, gast.Assign) and tree.is_name(n.targets[0], text)
    ]
    return _reads(function).count(text) == sum(_reads(n).count(text) for n in [*deciding, *own])


def _read_elsewhere(function: gast.FunctionDef, loop: tree.Node) -> set[str]:
    """Names that are read outside of a loop."""
    inside, everywhere = Counter(_reads(loop)), Counter(_reads(function))
    return {n for n, count in everywhere.items() if count > inside[n]}


def _reads(node: tree.Node) -> list[str | None]:
    return [
        n.id for n in tree.walk(node) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Load)
    ]


def keep_headers(
    function: gast.FunctionDef, names: Names, active: frozenset[str]
) -> gast.FunctionDef:
    """Bind the arguments of a range to names of their own, where they cannot be computed again after the loop.

    >>> show_pass(keep_headers, "for i in range(n):\\n    n = f(n)")
    n_end = n
    for i in range(n_end):
        n = f(n)
    """

    def kept(node: gast.For) -> list[tree.Node] | tree.Node:
        written = _changed(node)
        if not is_counting(node.iter) or not _binds(node, active):
            return node
        before = []
        ranged = node.iter.args[0] if tree.called_name(node.iter) == "reversed" else node.iter
        for number, argument in enumerate(ranged.args):
            if tree.names_read(argument) & written or not _is_cheap_test(argument):
                wanted = argument.id if isinstance(argument, gast.Name) else "range"
                fresh = names.fresh(
                    f"{wanted}_start" if number == 0 and len(ranged.args) > 1 else f"{wanted}_end"
                )
                is_star = isinstance(argument, gast.Starred)
                value = tree.call("tuple", argument.value) if is_star else argument
                before.append(tree.at(tree.assign(fresh, value), node))
                kept_value = tree.starred(tree.name(fresh)) if is_star else tree.name(fresh)
                ranged.args[number] = tree.at(kept_value, argument)
        return [*before, node]

    return tree.rewrite(function, {gast.For: kept})


def keep_tests(
    function: gast.FunctionDef, names: Names, active: frozenset[str]
) -> gast.FunctionDef:
    """Bind the test of a branch over active names to a name, where it cannot be read again in the backward part.

    >>> show_pass(keep_tests, "if x > 0:\\n    x = f(x)")
    taken = x > 0
    if taken:
        x = f(x)
    """

    def block(body: list[tree.Node], changing: set[str]) -> list[tree.Node]:
        return [s for node in body for s in statement(node, changing)]

    def statement(node: tree.Node, changing: set[str]) -> list[tree.Node]:
        if isinstance(node, gast.If):
            is_undone = _binds(node, active) or _changed(node) - tree.names_written(node)
            before = _kept_test(node, changing, names) if is_undone else []
            node.body, node.orelse = block(node.body, changing), block(node.orelse, changing)
            return [*before, node]
        if isinstance(node, gast.For | gast.While):
            target = tree.names_written(node.target) if is_simple_count(node) else set()
            node.body = block(node.body, (changing | _changed(node)) - target)
        elif isinstance(node, gast.With | gast.Try):
            for inner in blocks(node):
                inner[:] = block(inner, changing)
        return [node]

    copy = tree.clone(function)
    copy.body = block(copy.body, set())
    return copy


def _kept_test(node: gast.If, changing: set[str], names: Names) -> list[tree.Node]:
    read = tree.names_read(node.test)
    written = _changed(*node.body, *node.orelse)
    if not read & (changing | written) and _is_cheap_test(node.test):
        return []
    if isinstance(node.test, gast.Name) and node.test.id not in written:
        return []
    ends_loop = bool(node.body) and isinstance(node.body[-1], gast.Break)
    flag = names.fresh("done" if ends_loop else "taken")
    bound = tree.at(tree.assign(flag, node.test), node.test)
    node.test = tree.at(tree.name(flag), node.test)
    return [bound]


def _changed(*nodes: tree.Node) -> set[str]:
    """Names that are bound, arrays and lists that change."""
    return tree.names_written(list(nodes)) | changed_names(nodes)


def _is_cheap_test(test: tree.Node) -> bool:
    calls = [n for n in tree.walk(test) if isinstance(n, gast.Call)]
    return all(tree.called_name(n) in _CHEAP_CALLS for n in calls)
