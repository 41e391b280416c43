"""Functions of Python's library that are a spelling of something simpler, and objects of it that are functions.

operator.add(a, b)            a + b
operator.itemgetter(1)(p)     p[1]
np.add.reduce(x)              np.sum(x, axis=0)
model.HALF(x)                 model.HALF.func(model.HALF.args[0], x)       HALF = functools.partial(scaled, 0.5)
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.distributions import of_distribution
from knetsrc.transform.normalize.conditions import is_literal
from knetsrc.transform.ufunc_methods import Steady, as_function

Resolve = Callable[[tree.Node], Any]

_BINARY: dict[Any, str] = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
    operator.floordiv: "//", operator.mod: "%", operator.pow: "**", operator.matmul: "@",
    operator.and_: "&", operator.or_: "|", operator.xor: "^", operator.lshift: "<<", operator.rshift: ">>",
}  # fmt: skip
_COMPARE: dict[Any, str] = {
    operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==",
    operator.ne: "!=", operator.is_: "is", operator.is_not: "is not",
}  # fmt: skip
_UNARY: dict[Any, Callable[[tree.Node], tree.Node]] = {
    operator.neg: tree.negative,
    operator.not_: tree.negation,
    operator.abs: lambda value: tree.call("abs", value),
}
_GETTERS = (operator.itemgetter, operator.attrgetter, operator.methodcaller)
OBJECTS = (functools.partial, np.vectorize, *_GETTERS)


def as_operation(node: gast.Call, resolve: Resolve, steady: Steady) -> tree.Node | None:
    """What a call of a function of `operator`, or of a method such as `np.add.reduce`, stands for; None for other calls.

    `steady` gives a name for a value that is read more than once.
    """
    found = _of_operator(node, resolve) or of_distribution(node, resolve)
    return found or as_function(node, resolve, steady)


def _of_operator(node: gast.Call, resolve: Resolve) -> tree.Node | None:
    function = resolve(node.func)
    if getattr(function, "__module__", None) not in ("_operator", "operator") or node.keywords:
        return None
    args: Any = node.args
    if len(args) == 1 and isinstance(args[0], gast.Starred) and function not in _UNARY:
        pair = args[0].value
        is_name = isinstance(pair, gast.Name)
        args = [tree.subscript(pair, tree.constant(i)) for i in (0, 1)] if is_name else []
    if len(args) == 1 and function in _UNARY:
        return _UNARY[function](args[0])
    if len(args) != 2 or any(isinstance(a, gast.Starred) for a in args):
        return None
    left, right = tree.clone(args)
    if function is operator.getitem:
        return tree.subscript(left, right)
    if function in _BINARY:
        return tree.binary(left, _BINARY[function], right)
    return tree.compare(left, _COMPARE[function], right) if function in _COMPARE else None


def making(node: tree.Node, resolve: Resolve) -> tuple[Any, gast.Call] | None:
    """One of OBJECTS and the call that makes such an object, for an expression that stands for one; None for others."""
    if isinstance(node, gast.Call):
        kind = resolve(node.func)
        if kind is functools.partial:
            return kind, node
        if kind is np.vectorize:
            return (kind, node) if len(node.args) == 1 and not node.keywords else None
        return (kind, node) if kind in _GETTERS and _is_plain(node) else None
    value = resolve(node)
    if isinstance(value, functools.partial):
        args = [_entry(tree.attribute(node, "args"), i) for i in range(len(value.args))]
        options = {k: _entry(tree.attribute(node, "keywords"), k) for k in value.keywords}
        function = tree.attribute(node, "func")
        return functools.partial, tree.call("functools.partial", function, *args, **options)
    if isinstance(value, np.vectorize):
        is_plain = value.otypes is None and value.signature is None and not value.excluded
        function = tree.attribute(node, "pyfunc")
        return (np.vectorize, tree.call("np.vectorize", function)) if is_plain else None
    made: Any = tree.parse_expression(repr(value)) if isinstance(value, _GETTERS) else None
    return (type(value), tree.without_place(made)) if made and _is_plain(made) else None


def got(kind: Any, getter: gast.Call, value: tree.Node) -> tree.Node:
    """What an `itemgetter`, an `attrgetter` or a `methodcaller` gives for a value."""
    args: Any = getter.args
    if kind is operator.methodcaller:
        call = tree.call(tree.attribute(value, args[0].value), *args[1:])
        call.keywords = getter.keywords
        return tree.clone(call)
    found = [_part(tree.clone(value), key, kind is operator.itemgetter) for key in args]
    return found[0] if len(found) == 1 else tree.tuple_of(found)


def _is_plain(getter: gast.Call) -> bool:
    arguments = [*getter.args, *(k.value for k in getter.keywords)]
    return bool(getter.args) and all(map(is_literal, arguments))


def _part(value: tree.Node, key: Any, is_item: bool) -> tree.Node:
    if is_item:
        return tree.subscript(value, tree.clone(key))
    for text in key.value.split("."):
        value = tree.attribute(value, text)
    return value


def _entry(node: tree.Node, key: Any) -> tree.Node:
    return tree.subscript(tree.clone(node), tree.constant(key))
