"""Arrays without axes, `np.array(0.0)`, of which the content is changed other than by `s += e`.

`s = s + e` makes a number of such an array: nothing can be written into that, and a function that adds to it adds to a copy.
"""

from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.normalize.call_writes import CallWrites
from knetsrc.transform.normalize.effects import (
    PURE_BUILTINS,
    Changes,
    changes_nothing,
    is_of_module,
)
from knetsrc.transform.normalize.scopes import own_nodes, parameters
from knetsrc.transform.normalize.sharing import bindings

_OF_SHAPE = ("zeros", "ones", "empty", "full")
_OF_VALUE = ("array", "asarray", "asanyarray")
_PURE = PURE_BUILTINS | {"print"}


def changed_scalar_arrays(
    function: gast.FunctionDef, may_write: Changes = changes_nothing
) -> set[str]:
    """Names that may stand for an array without axes that is changed as an array; `may_write` tells which calls may do that.

    >>> body = tree.parse("s = np.array(0.0); s += a; add(s, b); a += 1; a[()] = b; b = np.zeros(3); add(b, 1)")
    >>> sorted(changed_scalar_arrays(tree.function_def("f", ["a"], body)))
    ['a', 's']
    """
    made = _bound_to(function, _makes_scalar_array)
    arrays = _bound_to(function, _may_be_array)
    written = _written_by_calls(function) | _written_by_functions(function, may_write)
    return _stored(function, made, arrays) | arrays & written | _handed(function, made)


def _bound_to(function: gast.FunctionDef, is_such: Callable[[Any], bool]) -> set[str]:
    return {
        target.id
        for targets, values in bindings(function)
        for target in targets
        if isinstance(target, gast.Name) and any(map(is_such, values))
    }


def _makes_scalar_array(node: Any) -> bool:
    """Whether an expression is `np.array(0.0)` or `np.zeros(())`."""
    if not isinstance(node, gast.Call) or not is_of_module(node.func) or not node.args:
        return False
    first = node.args[0]
    if node.func.attr in _OF_SHAPE:
        return _is_empty(first)
    return node.func.attr in _OF_VALUE and _is_number(first)


def _may_be_array(node: Any) -> bool:
    """Whether an expression may be an array without axes: operations and functions of numbers make NumPy scalars of these."""
    if isinstance(node, gast.IfExp):
        return _may_be_array(node.body) or _may_be_array(node.orelse)
    if isinstance(node, gast.Call) and is_of_module(node.func):
        return not isinstance(getattr(np, node.func.attr, None), np.ufunc)
    is_computed = isinstance(node, gast.BinOp | gast.UnaryOp | gast.Compare | gast.Constant)
    return not is_computed and not _is_number(node)


def _is_number(node: Any) -> bool:
    if isinstance(node, gast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, gast.Constant) or tree.called_name(node) in ("float", "int")


def _stored(function: gast.FunctionDef, made: set[str], arrays: set[str]) -> set[str]:
    """Names of which elements are written; of what is not known to have no axes, an empty index says it."""
    nodes = [n for n in own_nodes(function.body) if isinstance(n, gast.Subscript)]
    writes = [n for n in nodes if isinstance(n.ctx, gast.Store) and tree.is_name(n.value)]
    whole = {n.value.id for n in writes if tree.is_constant(n.slice, Ellipsis)}
    empty = {n.value.id for n in writes if _is_empty(n.slice)}
    return {n.value.id for n in writes} & made | whole & arrays | empty


def _is_empty(node: Any) -> bool:
    return isinstance(node, gast.Tuple) and not node.elts


def _written_by_calls(function: gast.FunctionDef) -> set[str]:
    """Names in calls that write into an array: `np.exp(x, out=y)`."""
    calls, nodes = CallWrites(function), own_nodes(function.body)
    writing = [n for n in nodes if isinstance(n, gast.Call) and calls.of(n) is not None]
    return tree.names_read(writing)


def _written_by_functions(function: gast.FunctionDef, may_write: Changes) -> set[str]:
    """Names in calls of functions that may write."""
    calls = [n for n in own_nodes(function.body) if isinstance(n, gast.Call) and may_write(n)]
    return tree.names_read([a for n in calls for a in (*n.args, *n.keywords)])


def _handed(function: gast.FunctionDef, made: set[str]) -> set[str]:
    """Names that functions are handed; parameters where the call is a statement, and so is made for what it changes."""
    stated = {id(n.value) for n in own_nodes(function.body) if isinstance(n, gast.Expr)}
    found: set[str] = set()
    for node in own_nodes(function.body):
        if not isinstance(node, gast.Call) or is_of_module(node.func):
            continue
        if tree.called_name(node) not in _PURE:
            values = [*node.args, *(k.value for k in node.keywords)]
            names = {v.id for v in values if isinstance(v, gast.Name)}
            found |= names & (made | set(parameters(function)) if id(node) in stated else made)
    return found
