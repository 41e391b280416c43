"""Which calls may change what arrays, containers or objects hold, by the text of what they call.

b[0] * scaled(b, x)     `b[0]` is read first, if `scaled` writes `b[0] = ...`

This is asked before anything else is known of the functions: where it cannot be told, a call may write.
"""

import types
from collections.abc import Iterator
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.classes import is_library
from knetsrc.transform.normalize.effects import (
    CHANGING_METHODS,
    is_append,
    is_impure_call,
    is_of_module,
    path_of,
)
from knetsrc.transform.normalize.scopes import bound_names, parameters
from knetsrc.transform.normalize.sharing import names_given, shared_names
from knetsrc.transform.outlets import CallOutlets
from knetsrc.transform.records import GENERATED
from knetsrc.transform.source import Source, read_source


class CallWriting:
    """The calls of one function of the user.

    Parameters
    ----------
    source
        The function.
    known
        What is known of the functions that it calls, by identity; it is added to.
    """

    def __init__(self, source: Source, known: dict[int, bool] | None = None) -> None:
        self.source, self.known = source, {} if known is None else known
        self.local = bound_names(source.tree.body) | set(parameters(source.tree))

    def may_write(self, call: gast.Call) -> bool:
        """Whether a call may change more than the names that are written in it: `xs` in `xs.pop()`."""
        if not is_impure_call(call) or is_of_module(call.func) or _method(call) in CHANGING_METHODS:
            return False
        path = path_of(call.func)
        if not path:
            return True
        if path[0] in self.local:
            return len(path) > 1 or self._local_writes(path[0])
        try:
            called = self.source.resolve(path[0])
        except NameError:  # a helper of the generated module
            return not path[0].startswith(("check_", "<"))
        for part in path[1:]:
            called = getattr(called, part, None)
        return self.writes(getattr(called, "__func__", called))

    def _local_writes(self, text: str) -> bool:
        """Whether a function that is defined inside writes."""
        found = [
            n
            for n in tree.walk(self.source.tree.body)
            if isinstance(n, gast.FunctionDef) and n.name == text
        ]
        key = id(found[0]) if len(found) == 1 else 0
        if key == 0:
            return True
        if key not in self.known:
            self.known[key] = False  # a recursive call adds nothing
            self.known[key] = self._writes(found[0])
        return self.known[key]

    def writes(self, called: Any) -> bool:
        """Whether a function from outside, or making an object of a class, writes."""
        if is_library(called):
            return False
        if isinstance(called, type):
            return any(map(self.writes, _makers(called)))
        if not isinstance(called, types.FunctionType):
            return True
        if id(called) not in self.known:
            self.known[id(called)] = False
            try:
                source = read_source(called, may_yield=True)
            except KnetsrcError:
                self.known[id(called)] = True
            else:
                made = called.__name__ in _MAKERS
                self.known[id(called)] = CallWriting(source, self.known)._writes(source.tree, made)
        return self.known[id(called)]

    def _writes(self, function: gast.FunctionDef, is_maker: bool = False) -> bool:
        own = bound_names(function.body) - shared_names(function) - set(parameters(function))
        own -= names_given(function, written_in(function) & own, CallOutlets(self.source).gives_old)
        calls = [n for n in tree.walk(function.body) if isinstance(n, gast.Call)]
        made = parameters(function)[0] if is_maker else None
        written = [n for n in written_by(function) if made is None or not tree.is_name(n, made)]
        return any(base_name(n) not in own for n in written) or any(map(self.may_write, calls))


_MAKERS = ("__new__", "__init__", "__post_init__")


def _makers(kind: type) -> list[types.FunctionType]:
    """The functions of the user that make an object of a class."""
    found = [getattr(kind, name, None) for name in _MAKERS]
    return [
        f
        for f in found
        if isinstance(f, types.FunctionType) and f.__code__.co_filename != GENERATED
    ]


def written_in(function: gast.FunctionDef) -> set[str]:
    """Names of what the text of a function writes into."""
    return {base_name(n) for n in written_by(function)}


def written_by(function: gast.FunctionDef) -> Iterator[Any]:
    """What the text of a function writes into."""
    for node in tree.walk(function.body):
        if isinstance(node, gast.Subscript | gast.Attribute) and not isinstance(
            node.ctx, gast.Load
        ):
            yield node.value
        elif isinstance(node, gast.AugAssign):
            yield node.target
        elif isinstance(node, gast.Global | gast.Nonlocal):
            yield node
        elif isinstance(node, gast.Call):
            yield from (k.value for k in node.keywords if k.arg == "out")
            if is_append(node) or _method(node) in CHANGING_METHODS:
                yield node.func.value
                yield from node.args[:1] if is_of_module(node.func) else ()


def _method(call: gast.Call) -> str:
    return call.func.attr if isinstance(call.func, gast.Attribute) else ""


def base_name(node: Any) -> str:
    """The name at the bottom of `net.layers[0].w`; nothing where there is none."""
    while isinstance(node, gast.Subscript | gast.Attribute):
        node = node.value
    return node.id if isinstance(node, gast.Name) else ""
