"""Which calls give lists, tuples or dicts, or entries of these, by the text of what they call.

hist + entries(u)     a list that holds `u`, if `entries` returns `[u]`; a new array, if it returns one
first(p + q)          an array that `p` or `q` holds, if `first` returns `xs[0]`

This is asked before anything else is known of the functions: where it cannot be told, a call gives an array or a number.
"""

import types
from collections.abc import Callable
from functools import cached_property
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.classes import is_library
from knetsrc.transform.normalize.effects import is_of_module, path_of
from knetsrc.transform.normalize.joined import Gives, is_container, is_entry
from knetsrc.transform.normalize.scopes import bound_names, own_nodes, parameters
from knetsrc.transform.normalize.sharing import bindings
from knetsrc.transform.source import Source, read_source


def calls_giving(source: Source) -> Gives:
    """What the calls of a function of the user give."""
    return Gives(CallGiving(source, is_container).gives, CallGiving(source, is_entry).gives)


class CallGiving:
    """The calls of one function of the user.

    Parameters
    ----------
    source
        The function.
    form
        What an expression must be: a container, or an entry of one.
    known
        What is known of the functions that it calls, by identity; it is added to.
    """

    def __init__(
        self, source: Source, form: Callable[[Any], bool], known: dict[int, bool] | None = None
    ) -> None:
        self.source, self.form, self.known = source, form, {} if known is None else known
        self.local = bound_names(source.tree.body) | set(parameters(source.tree))
        self.inner: dict[str, bool] = {}

    def gives(self, call: gast.Call) -> bool:
        """Whether a call gives what is asked for on some way through what it calls."""
        path = path_of(call.func)
        if is_of_module(call.func):
            return False
        if not path:  # functions[0](u)
            return self._is_of_giving(call.func)
        if path[0] in self.local:
            is_method = len(path) > 1
            return self._of_method(path[0], path[-1]) if is_method else self._of_inner(path[0])
        called = self.source.value_of(call.func)
        if not isinstance(
            called, type | types.FunctionType
        ):  # a method, or an object that is called
            called = getattr(called, "__func__", vars(type(called)).get("__call__"))
        return self._of_function(called)

    def _of_inner(self, text: str) -> bool:
        """The same of what a name of the function stands for."""
        if text not in self.inner:
            self.inner[text] = False  # a recursive call adds nothing
            nodes = list(tree.walk(self.source.tree.body))
            found = [n for n in nodes if isinstance(n, gast.FunctionDef) and n.name == text]
            values = self._bound_to(text)
            lambdas = [v.body for v in values if isinstance(v, gast.Lambda)]
            self.inner[text] = (
                any(map(self._returns, found))
                or any(map(self._is_given, lambdas))
                or any(map(self._is_of_giving, values))
            )
        return self.inner[text]

    @cached_property
    def _bindings(self) -> list[tuple[list[Any], list[Any]]]:
        return bindings(self.source.tree)

    def _bound_to(self, text: str) -> list[Any]:
        """What a name of the function is bound to."""
        return [
            value
            for targets, values in self._bindings
            if any(text in tree.names_written(t) for t in targets)
            for value in values
        ]

    def _of_method(self, text: str, method: str) -> bool:
        """The same of a method of an object, of whatever class of those that the function can name."""
        made = [self.source.value_of(n) for v in self._bound_to(text) for n in _paths(v)]
        classes = [
            v for v in (*made, *self.source.function.__globals__.values()) if isinstance(v, type)
        ]
        found = (getattr(c, method, None) for c in classes)
        return any(self._of_function(getattr(f, "__func__", f)) for f in found)

    def _is_of_giving(self, value: tree.Node) -> bool:
        """Whether something stands in an expression that gives such values when it is called: `partial(entries)`, `Net(w)`."""
        if isinstance(value, gast.Lambda):
            return False
        parts = _paths(value)
        known = [v for n in parts for v in _parts_of(self.source.value_of(n))]
        called = [vars(v).get("__call__") if isinstance(v, type) else v for v in known]
        return any(map(self._of_function, called)) or any(
            self.gives(tree.call(tree.clone(n))) for n in parts
        )

    def _of_function(self, called: Any) -> bool:
        if not isinstance(called, types.FunctionType) or is_library(called):
            return False
        if id(called) not in self.known:
            self.known[id(called)] = False
            try:
                source = read_source(called, may_yield=True)
            except KnetsrcError:
                return False
            self.known[id(called)] = CallGiving(source, self.form, self.known)._returns(source.tree)
        return self.known[id(called)]

    def _returns(self, function: gast.FunctionDef) -> bool:
        nodes = list(own_nodes(function.body))
        is_generator = any(isinstance(n, gast.Yield | gast.YieldFrom) for n in nodes)
        if is_generator and self.form is is_container:
            return True
        returned = [n.value for n in nodes if isinstance(n, gast.Return)]
        names = {v.id for v in returned if isinstance(v, gast.Name)}
        bound: list[Any] = []
        before: set[str] = set()
        while names != before:
            before = set(names)
            bound = [v for n in nodes for v in _bound(n, names)]
            names |= {v.id for v in bound if isinstance(v, gast.Name)}
        return any(map(self._is_given, [*returned, *bound]))

    def _is_given(self, value: Any) -> bool:
        called = isinstance(value, gast.Call) and self.gives(value)
        return called or self.form(value)


def _paths(value: tree.Node) -> list[Any]:
    """Names, and attributes of what has a name, in an expression."""
    return [n for n in tree.walk(value) if path_of(n)]


def _parts_of(value: Any) -> list[Any]:
    """What a container holds; anything else, itself."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]


def _bound(node: Any, names: set[str]) -> list[Any]:
    """What a statement binds to one of these names."""
    if isinstance(node, gast.Assign | gast.AnnAssign) and tree.names_written(node) & names:
        return [node.value]
    is_loop = isinstance(node, gast.For) and tree.names_written(node.target) & names
    return [tree.subscript(node.iter, tree.constant(0))] if is_loop else []
