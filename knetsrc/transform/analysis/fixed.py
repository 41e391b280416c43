"""Which expressions stand for something from outside that nobody can change: `math.inf`, a number or a tuple of numbers of a module."""

import builtins
from collections.abc import Callable, Collection
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.callee import Calls
from knetsrc.transform.normalize.scopes import parameters

IsFixed = Callable[[tree.Node], bool]
_FIXED = (int, float, complex, str, bytes, type(None))
_COPYING = ("list", "tuple", "dict", "sorted")


def fixed_outside(function: gast.FunctionDef, calls: Calls | None) -> IsFixed:
    """Tells these in a function, also copies of containers that hold nothing else: `list(SIZES)`; none without `calls`.

    Parameters
    ----------
    function
        A function in the core language.
    calls
        Tells what its outside names stand for; another value of a name is seen at the next call.
    """
    local = tree.names_written(function.body) | set(parameters(function))

    def value_of(node: tree.Node) -> Any:
        root = node
        while isinstance(root, gast.Attribute):
            root = root.value
        is_outside = isinstance(root, gast.Name) and root.id not in local
        return calls.outside.resolve(node) if is_outside and calls is not None else _OPEN

    def is_fixed(node: tree.Node) -> bool:
        if isinstance(node, gast.Name | gast.Attribute):
            return _is_fixed(value_of(node))
        copied = [node.value] if isinstance(node, gast.Starred) else []
        if tree.called_name(node) in _COPYING and len(node.args) == 1:
            copied = node.args
        return bool(copied) and _holds_fixed(value_of(copied[0]))

    return is_fixed


_OPEN = object()


def _is_fixed(value: Any) -> bool:
    if isinstance(value, type):
        return vars(builtins).get(value.__name__) is value
    if type(value) is tuple:
        return all(map(_is_fixed, value))
    return type(value) in (*_FIXED, bool) or isinstance(value, np.generic)


def _holds_fixed(value: Any) -> bool:
    values: Collection[Any] = value.values() if type(value) is dict else [_OPEN]
    return all(map(_is_fixed, value if type(value) in (list, tuple) else values))
