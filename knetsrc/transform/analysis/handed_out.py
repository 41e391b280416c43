"""Whether what a function returns may be, or hold, something that lives on outside: a global, a captured array.

def get(): return a                   yes, `a` is of the function around it
def get(): return a.copy()            no
def get(): u = TABLE[0]; return u     yes
def get(u): return u                  no: the argument is the caller's business
"""

import functools
import random
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.classes import is_library
from knetsrc.transform.normalize.conditions import is_literal
from knetsrc.transform.normalize.effects import path_of
from knetsrc.transform.normalize.scopes import bound_names, own_nodes, parameters
from knetsrc.transform.normalize.sharing import bindings, number_names, passed_on

Asked = Callable[[tree.Node], bool]
OfCall = Callable[[gast.Call], Sequence[tree.Node] | Literal[True] | None]

_PLAIN = (
    int,
    float,
    complex,
    str,
    bytes,
    types.NoneType,
    types.ModuleType,
    type,
    np.generic,
    np.dtype,
    range,
    slice,
)
_ROUTINES = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    np.ufunc,
    functools.partial,
)
_MAKING_NEW = (np.random.Generator, np.random.RandomState, random.Random)


def may_hold_arrays(value: Any) -> bool:
    """Whether something that a name outside is bound to may be an array that is written into, or hold one."""
    if isinstance(value, (*_PLAIN, *_ROUTINES, *_MAKING_NEW)) or value is Ellipsis:
        return False
    if isinstance(value, tuple | frozenset):
        return any(map(may_hold_arrays, value))
    kind = type(value)
    is_container = hasattr(kind, "__getitem__") or hasattr(kind, "__iter__")
    return is_container or isinstance(value, types.SimpleNamespace) or not is_library(kind)


@dataclass
class HandedOut:
    """The names of a function that may stand for something from outside, or for what holds such a thing.

    Attributes
    ----------
    function
        A function, as the user wrote it or in the core language.
    is_outside
        Whether a name that the function does not bind, or an attribute of one, may stand for an array or hold one.
    of_call
        What a call hands on of its arguments; True where it may be something from outside, None where nothing is known.
    names
        The names, wherever they are bound.

    >>> (f,) = tree.parse("def f(i):\\n u = table[i]\\n n = len(table)\\n return u, n, i")
    >>> found = HandedOut(f, lambda node: True, lambda call: None)
    >>> found.names, found.is_returned()
    ({'u'}, True)
    """

    function: gast.FunctionDef
    is_outside: Asked
    of_call: OfCall
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.own = bound_names(self.function.body) | set(parameters(self.function))
        numbers, pairs = number_names(self.function), _bindings(self.function)
        self.names |= {p for p, value in _defaults(self.function.args) if self._lives_on(value)}
        while True:
            held = [targets for targets, values in pairs if any(map(self.of, values))]
            more = {_base(e) for targets in held for t in targets for e in _elements(t)}
            if more <= self.names | numbers:
                return
            self.names |= more - numbers

    def is_returned(self) -> bool:
        """Whether the function may return something from outside, or what holds such a thing."""
        given = [
            n.value
            for n in own_nodes(self.function.body)
            if isinstance(n, gast.Return | gast.Yield | gast.YieldFrom)
        ]
        return any(self.of(value) for value in given if value is not None)

    def of(self, node: Any) -> bool:
        """Whether the value of an expression may be something from outside."""
        path = path_of(node) if passed_on(node) or isinstance(node, gast.Name) else []
        if path and path[0] not in self.own:
            return self.is_outside(node)
        if isinstance(node, gast.Name):
            return node.id in self.names
        known = self.of_call(node) if isinstance(node, gast.Call) else None
        if known is True:
            return True
        return any(map(self.of, passed_on(node) if known is None else known))

    def _lives_on(self, default: Any) -> bool:
        """Whether a default is an array or holds one: it is the same at each call."""
        if is_literal(default):
            return False
        return not path_of(default) or self.is_outside(default)


def _bindings(function: gast.FunctionDef) -> list[tuple[list[tree.Node], list[tree.Node]]]:
    """What is bound to what, and what methods are handed for their objects."""
    found = bindings(function)
    for node in own_nodes(function.body):
        call = node.value if isinstance(node, gast.Expr) else None
        if isinstance(call, gast.Call) and isinstance(call.func, gast.Attribute):
            found.append(([call.func.value], [*call.args, *(k.value for k in call.keywords)]))
    return found


def _defaults(arguments: gast.arguments) -> Iterator[tuple[str, tree.Node]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    late = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(late, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return ((p.id, value) for p, value in pairs if value is not None)


def _elements(target: Any) -> list[tree.Node]:
    if isinstance(target, gast.Tuple | gast.List):
        return [e for part in target.elts for e in _elements(part)]
    return [target.value] if isinstance(target, gast.Starred) else [target]


def _base(target: Any) -> str:
    """The name in what is bound or written into: `d` for `d[k]` and `d.k`."""
    while isinstance(target, gast.Subscript | gast.Attribute | gast.Starred):
        target = target.value
    return target.id if isinstance(target, gast.Name) else ""
