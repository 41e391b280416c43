"""What cannot be differentiated is refused before anything is rewritten."""

from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.normalize.deletions import is_of_names
from knetsrc.transform.normalize.inplace import refuse_writes
from knetsrc.transform.normalize.loop_else import loop_nodes
from knetsrc.transform.normalize.scopes import COMPREHENSIONS, blocks, parameters
from knetsrc.transform.tree import Node

_GENERATOR = (
    "`yield` in a differentiated function",
    "a generator stops between values; the backward sweep needs the whole run",
    "append the values to a list and return the list",
)
_ASYNC = (
    "asynchronous code in a differentiated function",
    "it runs in pieces, between which other code may change what it has read",
    "compute with plain functions and calls; await before and after",
)
_IMPORT = (
    "an `import` inside a differentiated function",
    "the derivative of what it brings is looked up before the function runs",
    "move the import to the top of the module",
)
_REFUSED: dict[type, tuple[str, str, str]] = {
    gast.Yield: _GENERATOR,
    gast.YieldFrom: _GENERATOR,
    gast.Await: _ASYNC,
    gast.AsyncFor: _ASYNC,
    gast.AsyncWith: _ASYNC,
    gast.AsyncFunctionDef: _ASYNC,
    gast.Import: _IMPORT,
    gast.ImportFrom: _IMPORT,
    gast.Global: (
        "`global` in a differentiated function",
        "a write to a global name outlives the call, and its derivative would be lost",
        "return the value, and let the caller keep it",
    ),
    gast.Nonlocal: (
        "`nonlocal` in a differentiated function",
        "a write to a name of the function around it is not seen where that name is read",
        "return the value, and assign it in the function around",
    ),
    gast.Delete: (
        "`del` in a differentiated function",
        "the backward sweep may need the value again",
        "leave the name alone, or build a container without the element",
    ),
    gast.ClassDef: (
        "a class defined inside a differentiated function",
        "the derivative of what its methods do cannot be followed",
        "define the class outside of the function",
    ),
    gast.TryStar: (
        "`except*` in a differentiated function",
        "several of its handlers may run, one after the other",
        "write `except`",
    ),
}
_CALLS = {
    "exec": ("what it runs is not known before the function runs", "write out what is computed"),
    "eval": (
        "what it evaluates is not known before the function runs",
        "write out what is computed",
    ),
    "locals": (
        "names may be added and renamed in the derivative",
        "build a dict of what is needed: {'x': x}",
    ),
    "setattr": (
        "other names may stand for the same object, and would see the change",
        "keep the value in a name, and return it",
    ),
    "delattr": (
        "other names may stand for the same object, and would see the change",
        "leave the attribute alone, or make an object without it",
    ),
}


def refuse_unsupported(function: gast.FunctionDef) -> None:
    """Raise an error for the first statement or expression that cannot be differentiated.

    Raises
    ------
    UnsupportedSyntaxError
        For syntax that is not supported.
    UnsupportedAliasError
        For writes into arrays, containers and objects.
    """
    for node in tree.walk(function.body):
        if type(node) in _REFUSED and not is_of_names(node):
            message, why, instead = _REFUSED[type(node)]
            raise UnsupportedSyntaxError(message, at=node, why=why, instead=instead)
        if tree.called_name(node) in _CALLS:
            _refuse_call(node)
        if isinstance(node, gast.Try):
            _refuse_jumps(node)
        if isinstance(node, COMPREHENSIONS):
            _refuse_kept_lambdas(node)
    refuse_writes(function)


def _refuse_call(node: Any) -> None:
    name = node.func.id
    why, instead = _CALLS[name]
    raise UnsupportedSyntaxError(
        f"`{name}` in a differentiated function", at=node, why=why, instead=instead
    )


def _refuse_jumps(node: gast.Try) -> None:
    inside = [n for statement in node.finalbody for n in loop_nodes(statement)]
    inside += _returns(node.finalbody)
    for jump in inside:
        if isinstance(jump, gast.Return | gast.Break | gast.Continue):
            word = type(jump).__name__.lower()
            raise UnsupportedSyntaxError(
                f"`{word}` inside `finally`",
                at=jump,
                why="it would swallow an exception that is on its way",
                instead=f"`{word}` behind the `try`",
            )


def _returns(body: list[Node]) -> list[Node]:
    """Each `return` in a block, loops included."""
    found: list[Node] = []
    for statement in body:
        inner = [n for block in blocks(statement) for n in _returns(block)]
        found += [statement] if isinstance(statement, gast.Return) else inner
    return found


def _refuse_kept_lambdas(node: Any) -> None:
    """A lambda that outlives its round of a comprehension would read what the last round sets."""
    variables = {
        n.id for g in node.generators for n in tree.walk(g.target) if isinstance(n, gast.Name)
    }
    calls = [n for n in tree.walk(node) if isinstance(n, gast.Call)]
    called = {id(a) for n in calls for a in (n.func, *n.args, *(k.value for k in n.keywords))}
    for inner in tree.walk(node):
        if not isinstance(inner, gast.Lambda) or id(inner) in called:
            continue
        if variables & tree.names_read(inner.body) - set(parameters(inner)):
            raise UnsupportedSyntaxError(
                "a lambda that is kept, made in a comprehension",
                at=inner,
                why="it reads a variable of the comprehension, which goes on changing",
                instead="write a function that makes the lambda, and call it in the comprehension",
            )
