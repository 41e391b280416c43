"""Iterators, which can be gone through once.

pairs = zip(a, b)                            for x, y in zip(a, b): ...
for x, y in pairs: ...               ->

sum(compress(xs, chosen))            ->      sum(sequences.compressed(xs, chosen))

An iterator that is read in one place, at once, is put there; that one of `itertools` is a list is not seen where it is made for
one call. An iterator that is kept for longer is refused, if the derivative goes through it.
"""

import inspect
from collections.abc import Callable
from typing import Any

import gast

from knetsrc.adjoints.equivalents import CONVERTED, IN_ORDER, LISTS, ONCE, UNZIPPED, is_endless
from knetsrc.errors import UnsupportedAliasError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.callee import Calls, Helper
from knetsrc.transform.normalize.iterators import is_unzipping
from knetsrc.transform.normalize.loop_keys import method
from knetsrc.transform.normalize.scopes import blocks
from knetsrc.transform.resolve import UNKNOWN, Outside

_VIEWS = ("values", "items")
_KEPT = (
    "how far it has been gone through is not known where it is read",
    "make a list of it, with `list(...)`",
)


def place_iterators(core: gast.FunctionDef, outside: Outside) -> gast.FunctionDef:
    """The function with iterators where they are gone through; one that is kept for longer is made by `iter(...)`."""
    names = [n for n in tree.walk(core) if isinstance(n, gast.Name)]
    read = [n.id for n in names if isinstance(n.ctx, gast.Load)]
    bound = [n.id for n in names if not isinstance(n.ctx, gast.Load)]

    def block(body: list[Any]) -> list[tree.Node]:
        found: list[Any] = []
        waiting: dict[str, Any] = {}
        for node in body:
            for inner in blocks(node):
                inner[:] = block(inner)
            node = _placed(node, waiting)
            changed = tree.names_written(node) | changed_names([node])
            for text in [t for t, kept in waiting.items() if changed & tree.names_read(kept.value)]:
                found.append(_iterated(waiting.pop(text)))
            if not _is_kept(node, outside):
                found.append(node)
            elif read.count(node.targets[0].id) == 1 == bound.count(node.targets[0].id):
                waiting[node.targets[0].id] = node
            else:
                found.append(_iterated(node))
        return [*found[:-1], *map(_iterated, waiting.values()), *found[-1:]]

    if not any(_is_kept(n, outside) for n in tree.walk(core)):
        return core
    core = tree.clone(core)
    core.body = block(core.body)
    return core


def _is_kept(node: Any, outside: Outside) -> bool:
    """Whether a statement binds a name to an iterator."""
    is_bound = isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name)
    return is_bound and is_iterator(node.value, outside)


def is_iterator(node: Any, outside: Outside) -> bool:
    """Whether an expression makes an iterator."""
    function = outside.resolve(node.func) if isinstance(node, gast.Call) else UNKNOWN
    return inspect.isgeneratorfunction(function) or any(function == known for known in ONCE)


def _placed(node: Any, waiting: dict[str, Any]) -> Any:
    """The statement with an iterator that waits for it, where it is gone through before anything else."""
    field = "iter" if isinstance(node, gast.For) else "value"
    value = getattr(node, field, None)
    if not isinstance(node, gast.For | gast.Assign | gast.Return) or value is None:
        return node
    found = {text: waiting.pop(text).value for text in tree.names_read(value) & waiting.keys()}
    setattr(node, field, tree.substitute(value, found))
    return node


def _iterated(node: gast.Assign) -> gast.Assign:
    return tree.at(tree.assign(node.targets[0], tree.call("iter", node.value)), node)


def lists_of_iterators(
    core: gast.FunctionDef, calls: Calls, is_active: Callable[[tree.Node], bool]
) -> gast.FunctionDef:
    """The function with lists in place of active iterators of `itertools`.

    Raises
    ------
    UnsupportedSyntaxError
        For an active iterator that is kept in a name, or handed to a function of the user.
    """
    outside = calls.outside

    def kept(node: gast.Assign) -> gast.Assign:
        is_kept = isinstance(node.value, gast.Call) and outside.resolve(node.value.func) is iter
        if is_kept and is_active(node.value):
            why, instead = _KEPT
            raise UnsupportedSyntaxError(
                "an iterator that is kept", at=node, why=why, instead=instead
            )
        return node

    def listed(node: gast.Call) -> tree.Node:
        function = _plain_list(node, outside)
        if function is None or not is_active(node):
            return node
        if function is UNZIPPED:
            node.args = [node.args[0].value]
        if function in CONVERTED.values():
            node.args = node.args[1:]
        node.func = outside.spelled(function)
        return node

    core = tree.rewrite(core, {gast.Assign: kept})
    for node in tree.walk(core):
        _refuse_handed(node, calls, is_active)
    return tree.rewrite(core, {gast.Call: listed})


def lists_of_views(
    core: gast.FunctionDef,
    calls: Calls,
    is_active: Callable[[tree.Node], bool],
    has_written: Callable[[gast.Call], bool],
    others: Callable[[], set[str]],
) -> gast.FunctionDef:
    """The function with lists for active views of dicts that have a name or are handed to helpers, and for iterators after a star.

    `others()` gives names of what is no dict for sure.

    Raises
    ------
    UnsupportedAliasError
        If what a view shows may change before it is gone through.
    """

    def is_view(node: Any) -> bool:
        return method(node) in _VIEWS and is_active(node)

    def listed(node: Any) -> Any:
        return tree.at(tree.call("list", node), node)

    def bound(node: gast.Assign) -> gast.Assign:
        if not isinstance(node.targets[0], gast.Name):
            return node
        if is_view(node.value):
            every = [n for n in tree.walk(core.body) if isinstance(n, gast.Call)]
            if changed_names(core.body) - others() or any(map(has_written, every)):
                raise _changing_view(node.value)
            node.value = listed(node.value)
        elif is_iterator(node.value, calls.outside) and is_active(node.value):  # of `*reversed(p)`
            node.value = listed(node.value)
        return node

    def handed(node: gast.Call) -> gast.Call:
        if not isinstance(calls.of(node), Helper):
            return node
        for part in (*node.args, *node.keywords):
            value = getattr(part, "value", None)
            if isinstance(part, gast.Starred) and is_active(part):
                is_once = is_view(value) or is_iterator(value, calls.outside)
                part.value = listed(value) if is_once else value
        values = [*node.args, *(k.value for k in node.keywords)]
        if any(map(is_view, values)) and has_written(node):
            raise _changing_view(node)
        node.args = [listed(a) if is_view(a) else a for a in node.args]
        for keyword in node.keywords:
            keyword.value = listed(keyword.value) if is_view(keyword.value) else keyword.value
        return node

    return tree.rewrite(core, {gast.Assign: bound, gast.Call: handed})  # type: ignore[no-any-return]


def _changing_view(node: tree.Node) -> UnsupportedAliasError:
    return UnsupportedAliasError(
        f"`{tree.show(node)}` shows what is in a container, which may change before it is gone through",
        at=node,
        why="the derivative goes to what was there when it was read",
        instead="go through it where it is made, or make a list of it, with `list(...)`",
    )


def _refuse_handed(node: tree.Node, calls: Calls, is_active: Callable[[tree.Node], bool]) -> None:
    if not isinstance(node, gast.Call) or not isinstance(calls.of(node), Helper):
        return
    for argument in (*node.args, *(k.value for k in node.keywords)):
        if is_iterator(argument, calls.outside) and is_active(argument):
            why, instead = _KEPT
            raise UnsupportedSyntaxError(
                "an iterator that is handed to a function", at=argument, why=why, instead=instead
            )


def _plain_list(node: Any, outside: Outside) -> Any:
    """The function that makes a list of what an iterator gives; None for what is no such iterator."""
    function = outside.resolve(node.func)
    if function is zip and is_unzipping(node):
        return UNZIPPED
    if function is map and len(node.args) == 2:
        kind = outside.resolve(node.args[0])
        return next((plain for known, plain in CONVERTED.items() if known is kind), None)
    plain_lists = {**LISTS, **IN_ORDER}
    found = next((plain for known, plain in plain_lists.items() if function == known), None)
    inner = [outside.resolve(a.func) for a in node.args if isinstance(a, gast.Call)]
    return None if any(map(is_endless, inner)) else found
