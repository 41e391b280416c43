"""Which calls may give an array that lives elsewhere than in their arguments, by the text of what they call.

y = get(); y += 1     changes `a`, if `get` is a function that returns the captured `a`

This is asked before anything else is known of the functions: what cannot be told may be anything.
"""

import dataclasses
import functools
import types
from typing import Any, Literal

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.analysis.handed_out import HandedOut, may_hold_arrays
from knetsrc.transform.classes import is_library, operators
from knetsrc.transform.normalize.effects import path_of
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.normalize.sharing import number_names
from knetsrc.transform.source import Source, read_source

_MISSING = object()


class CallOutlets:
    """The calls of one function of the user.

    Parameters
    ----------
    source
        The function.
    known
        What is known of the functions that it calls, by identity; it is added to.
    """

    def __init__(self, source: Source, known: dict[tuple[int, str], bool] | None = None) -> None:
        self.source, self.known = source, {} if known is None else known
        self._local_known: dict[str, bool] = {}

    @functools.cached_property
    def functions(self) -> dict[str, list[gast.FunctionDef]]:
        """The functions inside, by name."""
        return _definitions(self.source.tree)

    @functools.cached_property
    def bound(self) -> set[str]:
        """Names that the function, or one inside, binds to something else."""
        return _bound_otherwise(self.source.tree)

    def gives_old(self, node: tree.Node) -> bool:
        """Whether a call may give something that was there before, and that is none of its arguments or its object.

        Of an operation: whether it may give what an object of the user holds.
        """
        if not isinstance(node, gast.Call):
            return any(self._operator_gives_old(*found) for found in operators(node))
        return not isinstance(node.func, gast.Attribute) and self._gives_old(node) is True

    def _operator_gives_old(self, operand: tree.Node, method: str) -> bool:
        made = [operand]
        if isinstance(operand, gast.Name):
            assigned = [n for n in tree.walk(self.source.tree) if isinstance(n, gast.Assign)]
            made = [
                n.value for n in assigned if any(tree.is_name(t, operand.id) for t in n.targets)
            ]
        kinds = [self._value(n.func) for n in made if isinstance(n, gast.Call) and path_of(n.func)]
        methods = [getattr(kind, method, None) for kind in kinds if isinstance(kind, type)]
        found = [m for m in methods if isinstance(m, types.FunctionType) and not is_library(m)]
        return any(self._of_text(m, "self") for m in found)

    def _gives_old(self, call: gast.Call) -> Literal[True] | None:
        """The same of calls by a path too; None where only what the call is handed counts."""
        path = path_of(call.func)
        if not path:
            return None if isinstance(call.func, gast.Attribute) else True
        if path[0] in self.bound or path[0] in self.functions:
            is_old = len(path) == 1 and self._local(path[0])
        else:
            called = self._value(call.func)
            is_old = called is not _MISSING and self._outside(called)
        return True if is_old else None

    def _local(self, text: str) -> bool:
        """Whether a function that is defined inside hands out what it captures."""
        found = self.functions.get(text, [])
        if text in self.bound or len(found) != 1 or found[0].decorator_list:
            return True
        if text not in self._local_known:
            self._local_known[text] = False  # a recursive call adds nothing
            inner = HandedOut(found[0], self._is_outside, self._gives_old)
            self._local_known[text] = inner.is_returned()
        return self._local_known[text]

    def _outside(self, called: Any) -> bool:
        """Whether a function or class of another place gives something from outside."""
        if hasattr(called, "cache_info"):  # the result lives on
            return True
        called = getattr(called, "py_func", called)
        if isinstance(called, functools.partial):
            given = (*called.args, *called.keywords.values())
            return any(map(may_hold_arrays, given)) or self._outside(called.func)
        if may_hold_arrays(getattr(called, "__self__", None)):
            return True
        called = getattr(called, "__func__", called)
        if isinstance(called, type):
            return not is_library(called) and self._made_with_old(called)
        if not isinstance(called, types.FunctionType):
            return not is_library(called if hasattr(called, "__name__") else type(called))
        return not is_library(called) and self._of_text(called)

    def _made_with_old(self, kind: type) -> bool:
        """Whether objects of a class hold what is not handed to the class."""
        held = [value for text, value in vars(kind).items() if not text.startswith("_")]
        if any(map(may_hold_arrays, [*held, *getattr(kind, "_field_defaults", {}).values()])):
            return True
        made = kind.__init__
        if not isinstance(made, types.FunctionType) or dataclasses.is_dataclass(kind):
            return False
        return self._of_text(made, "made")

    def _of_text(self, called: types.FunctionType, way: str = "") -> bool:
        """Whether a function hands out what is from outside.

        The `way` may be "self": what it is handed counts as that, or "made": it puts such things into its object.
        """
        key = (id(called), way)
        if key not in self.known:
            self.known[key] = False
            try:
                source = read_source(called, may_yield=True)
            except KnetsrcError:
                self.known[key] = True
            else:
                inner, given = CallOutlets(source, self.known), parameters(source.tree)
                names = set(given) if way == "self" else set()
                found = HandedOut(source.tree, inner._is_outside, inner._gives_old, names)
                is_put = bool(found.names & set(given[:1]))
                self.known[key] = is_put if way == "made" else found.is_returned()
        return self.known[key]

    def _is_outside(self, node: tree.Node) -> bool:
        """Whether what a function inside, or the function itself, reads from outside may be an array or hold one."""
        text = path_of(node)[0]
        if text in self.bound:
            return text not in number_names(self.source.tree)
        if text in self.functions:
            return False
        value = self._value(node)
        return value is _MISSING or may_hold_arrays(value)

    def _value(self, node: Any) -> Any:
        if isinstance(node, gast.Attribute):
            base = self._value(node.value)
            return _MISSING if base is _MISSING else getattr(base, node.attr, _MISSING)
        try:
            return self.source.resolve(node.id)
        except NameError:
            return _MISSING


def _definitions(function: gast.FunctionDef) -> dict[str, list[gast.FunctionDef]]:
    """The functions that are defined inside a function, and lambdas that are given a name."""
    found: dict[str, list[gast.FunctionDef]] = {}
    for node in tree.walk(function.body):
        if isinstance(node, gast.FunctionDef):
            found.setdefault(node.name, []).append(node)
        elif _is_named_lambda(node):
            text, body = node.targets[0].id, [tree.return_(node.value.body)]
            found.setdefault(text, []).append(tree.function_def(text, node.value.args, body))
    return found


def _bound_otherwise(function: gast.FunctionDef) -> set[str]:
    """Names that a function, or one inside, binds to something else."""
    nodes = list(tree.walk(function.body))
    lambdas = {id(n.targets[0]) for n in nodes if _is_named_lambda(n)}
    found = set(parameters(function))
    for node in nodes:
        if isinstance(node, gast.FunctionDef | gast.Lambda):
            found |= set(parameters(node))
        is_stored = isinstance(node, gast.Name) and isinstance(node.ctx, gast.Store)
        if is_stored and id(node) not in lambdas:
            found.add(node.id)
    return found


def _is_named_lambda(node: Any) -> bool:
    is_single = isinstance(node, gast.Assign) and len(node.targets) == 1
    return is_single and tree.is_name(node.targets[0]) and isinstance(node.value, gast.Lambda)
