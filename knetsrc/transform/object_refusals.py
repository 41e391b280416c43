"""Refusals of what objects of the user's classes do when Python or NumPy asks them: iterate, convert, write an entry."""

import math
from collections.abc import Mapping
from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.table import TABLE
from knetsrc.errors import UnsupportedAliasError, UnsupportedSyntaxError
from knetsrc.modules import host_twin
from knetsrc.transform import tree
from knetsrc.transform.classes import ClassFacts, defined_in, is_library

_GOING_THROUGH = (list, tuple, max, min, sorted, zip, enumerate, map, filter, np.array, np.asarray)
# What NumPy and `abs`, `float` and their kin call.
_CONVERSIONS = frozenset(
    {"__array__", "__array_function__", "__array_interface__", "__array_ufunc__",
     "__abs__", "__complex__", "__float__", "__int__", "__round__"}
)  # fmt: skip
_OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "floor_divide": "floordiv", "remainder": "mod",
    "power": "pow", "matmul": "matmul", "negative": "neg", "positive": "pos", "invert": "invert", "absolute": "abs",
}  # fmt: skip


_CONVERTING: dict[Any, str] = {
    abs: "__abs__", float: "__float__", round: "__round__", complex: "__complex__",
    math.ceil: "__ceil__", math.floor: "__floor__", math.trunc: "__trunc__",
}  # fmt: skip


def refuse_write_by_method(node: gast.Subscript, known: ClassFacts) -> None:
    """`cell[i] = e` calls a method of the object, which may write to anything that it holds."""
    for owner in known.local_kinds(node.value):
        if not defined_in(owner, "__setitem__"):
            continue
        text = tree.show(tree.clone(node))
        raise UnsupportedAliasError(
            f"a write into `{text}`, by `__setitem__` of the class {owner.__name__}",
            at=node,
            why="it writes to what the object holds, and other names may stand for that",
            instead="write a method that returns a new object",
        )


def refuse_conversion(node: gast.Call, known: ClassFacts) -> None:
    """`np.sum(cell)` and `abs(cell)` call methods of the object."""
    value = host_twin(known.outside.resolve(node.func))
    is_ours = str(getattr(value, "__module__", "")).startswith("knetsrc")
    if rule_of(value) is None or not is_library(value) or is_ours:
        return
    for argument in node.args:
        asked = _CONVERSIONS | asked_by_ufunc(value)
        for owner in known.local_kinds(argument):
            if any(defined_in(owner, name) for name in asked):
                raise UnsupportedSyntaxError(
                    f"`{tree.show(node.func)}` of an object of the class {owner.__name__}",
                    at=node,
                    why="it calls a method of the object, which has no derivative there",
                    instead="hand over what is in it: an attribute, or what a method returns",
                )


def refuse_parts(node: tree.Node, known: ClassFacts) -> None:
    """`a, b = pair` goes through `__iter__` of the object."""
    for owner in known.local_kinds(node):
        is_container = issubclass(owner, list | tuple | Mapping)
        if not is_container and defined_in(owner, "__iter__"):
            raise UnsupportedSyntaxError(
                f"values that `__iter__` of the class {owner.__name__} gives",
                at=node,
                why="what it goes through is not known while transforming",
                instead="read the attributes: a, b = pair.a, pair.b",
            )


def refuse_iteration(node: gast.Call, known: ClassFacts) -> None:
    """`list(pair)` and `f(*pair)` go through `__iter__` of the object, `sum` calls `__add__` of objects."""
    value = known.outside.resolve(node.func)
    if value is sum and any(map(known.holds_objects, _given(node))):
        raise UnsupportedSyntaxError(
            "a sum of objects",
            at=node,
            why="it calls `__add__` of their class, which is not followed there",
            instead="add them up in a loop: total = total + item",
        )
    goes_through = any(value is f for f in _GOING_THROUGH)
    for argument in node.args:
        if isinstance(argument, gast.Starred):
            refuse_parts(argument.value, known)
        elif goes_through:
            refuse_parts(argument, known)


def refuse_super(core: gast.FunctionDef) -> None:
    """What `super()` gives is known of methods and properties, which have become functions."""
    for node in tree.walk(core.body):
        if isinstance(node, gast.Attribute) and tree.called_name(node.value) == "super":
            raise UnsupportedSyntaxError(
                f"`{tree.show(node)}`, which is no method or property of a class of the user",
                at=node,
                why="`super()` has no object outside of the class",
                instead=f"name the class: Base.{node.attr}",
            )


def asked_by_ufunc(function: Any) -> frozenset[str]:
    """Methods that an elementwise function of NumPy calls where an entry is an object."""
    if not isinstance(function, np.ufunc):
        return frozenset()
    text = _OPERATORS.get(function.__name__, "")
    return frozenset({function.__name__, *([f"__{text}__", f"__r{text}__"] if text else [])})


def rule_of(value: Any) -> Any:
    """The rule of a function; None for what has none."""
    try:
        return TABLE.by_function.get(host_twin(value))
    except TypeError:
        return None


def _given(node: gast.Call) -> list[tree.Node]:
    return [*node.args, *(k.value for k in node.keywords)]


def asked_by(value: Any) -> frozenset[str]:
    """Which methods of an object a function calls that takes it for a number or an array."""
    named = next((name for known, name in _CONVERTING.items() if value is known), None)
    if named is None and getattr(value, "__module__", "") == "math":
        named = "__float__"
    return asked_by_ufunc(value) | ({named} if named else set())
