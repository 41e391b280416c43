"""Says in the text what a call writes into, so that each stage sees it.

smooth(u)     ->     <changes>([u], [u])
                     _ = smooth(u)
"""

from collections.abc import Callable, Mapping
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import CHANGES, changed_by_call
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.held import is_element
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import blocks, rewritten
from knetsrc.transform.views import Viewing


def name_arguments(
    function: gast.FunctionDef,
    is_writing: Callable[[gast.Call], bool],
    bound: Callable[[gast.Call], Mapping[str, tree.Node]],
    names: Names,
) -> gast.FunctionDef:
    """Names for what is computed to be handed to a helper that writes into another argument: it is computed before that changes.

    deriv(s + 0.5 * k[0], k[1])     ->     s_1 = s + 0.5 * k[0]
                                           deriv(s_1, k[1])

    `bound` gives the arguments of a call by parameter.
    """

    def statement(node: tree.Node) -> list[tree.Node]:
        call = node.value if isinstance(node, gast.Assign | gast.Expr) else None
        if not isinstance(call, gast.Call) or not is_writing(call):
            return [node]
        parameters = {id(a): p for p, a in bound(call).items()}
        before: list[tree.Node] = []

        def named(argument: tree.Node) -> tree.Node:
            is_computed = isinstance(argument, gast.BinOp | gast.UnaryOp | gast.Call)
            if not is_computed or id(argument) not in parameters:
                return argument
            name = names.fresh(parameters[id(argument)])
            before.append(tree.at(tree.assign(name, argument), node))
            return tree.name(name)

        call.args = [named(a) for a in call.args]
        for keyword in call.keywords:
            keyword.value = named(keyword.value)
        return [*before, node]

    function = tree.clone(function)
    function.body = rewritten(function.body, statement)
    return function


def seen_after(node: tree.Node, found: Aliases) -> list[str]:
    """Names that share memory with what a call writes into, and that are read after it."""
    return sorted(found.names[id(node)] & found.live[id(node)] - tree.names_written(node))


def bases_of(node: tree.Node, found: Aliases) -> set[str]:
    """Names of the arrays that a call is handed, whole or views of them, to write into."""
    return {base_of(a) or "" for a in found.handed[id(node)]}


def given_element(node: tree.Node, viewing: Viewing) -> tree.Node | None:
    """The element `a[i]` of an argument that a call gives back."""
    given = viewing.given_back(node.value) if isinstance(node, gast.Assign) else None
    is_single = given is not None and tree.is_name(node.targets[0])
    return given if is_single and is_element(given) else None


def mark_changes(function: gast.FunctionDef, found: Aliases, viewing: Viewing) -> gast.FunctionDef:
    """The function with a mark before each call that writes into something that is read later.

    Parameters
    ----------
    function
        A function in the core language; its statements are changed.
    found
        What its names may share.
    viewing
        Tells views from copies.
    """

    def statement(node: tree.Node) -> list[tree.Node]:
        is_seen = id(node) in found.calls and seen_after(node, found)
        checks = [viewing.check_number(e) for e in found.elements.get(id(node), ())]
        return [*checks, *(_marked(node, found, viewing) if is_seen else [node])]

    function.body = rewritten(function.body, statement)
    return function


def _marked(node: tree.Node, found: Aliases, viewing: Viewing) -> list[tree.Node]:
    original, places = node, found.handed[id(node)]
    call = node.value
    every = [*call.args, *(k.value for k in call.keywords)]
    mark = tree.call(CHANGES, tree.list_of(tree.clone(places)), tree.list_of(tree.clone(every)))
    checks = [c for p in places for c in viewing.check(p, f"part = {tree.show(p)}")]
    if isinstance(node, gast.Expr):
        node = tree.at(tree.assign("_", call), node)
    element = given_element(node, viewing) if id(original) in found.returning else None
    after = [] if element is None else [viewing.check_number(element, node.targets[0].id)]
    return [*checks, tree.expression(mark), node, *after]


def marks_beside_calls(
    function: gast.FunctionDef, is_check: Callable[[tree.Node], bool]
) -> gast.FunctionDef:
    """The function with each mark right before its call: checks that were put in between stand before the mark.

    >>> (f,) = tree.parse("def f(a):\\n mark([a], [a])\\n check_apart(a)\\n g(a)")
    >>> f.body[0].value.func.id = CHANGES
    >>> moved = marks_beside_calls(f, lambda node: "check_" in tree.show([node]))
    >>> [tree.show([node]) for node in moved.body[::2]]
    ['check_apart(a)', 'g(a)']
    """

    def block(body: list[Any]) -> list[Any]:
        found: list[Any] = []
        waiting: list[Any] = []
        for node in body:
            for inner in blocks(node):
                inner[:] = block(inner)
            if changed_by_call(node):
                waiting.append(node)
            elif is_check(node):
                found.append(node)
            else:
                found += [*waiting, node]
                waiting = []
        return [*found, *waiting]

    return tree.with_body(function, block(tree.clone(function.body)))
