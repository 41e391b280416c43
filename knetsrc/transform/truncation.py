"""Sees to it that the program checks, when it runs, that no differentiated value is written into an array of integers.

b = np.zeros(3, dtype)
check_floats(b, "b[0] = x * x")     of integers it would keep the whole part, which has no derivative
"""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import differentiable_names, stored_to
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.stores import is_by_call, target_of
from knetsrc.transform.callee import Calls

_OF_FLOATS = frozenset({"zeros", "ones", "empty", "eye", "identity", "linspace", "tri"})
_LIKE = frozenset(
    {"zeros_like", "ones_like", "empty_like", "full_like", "copy", "array", "asarray"}
)
_LONGEST = 60  # columns of a statement that is shown whole
_CONTAINERS = (gast.List, gast.Tuple, gast.Dict)
_MAKES_CONTAINER = ("list", "dict", "sorted")


def check_truncation(
    function: gast.FunctionDef,
    calls: Calls,
    active: frozenset[str],
    wrt: set[str],
    spell: Callable[[str, Any], tree.Node],
) -> gast.FunctionDef:
    """The function with a check after each binding of an array that may be one of integers, if an active value is written into it."""
    sure = _sure_names(function, calls, active, wrt)
    writes = {
        text: node
        for node in tree.walk(function.body)
        if (text := stored_to(node)) in active - sure
        and differentiable_names(node.value, calls) & active
        and not is_by_call(target_of(node))  # NumPy itself refuses to cast there
    }
    if not writes:
        return function

    def checks(names: set[str]) -> list[tree.Node]:
        return [
            tree.at(tree.expression(tree.call(spell("check_floats", None), *_arguments(n, writes[n]))), writes[n])
            for n in sorted(names & writes.keys())
        ]  # fmt: skip

    def checked(node: Any) -> list[tree.Node] | tree.Node:
        return [node, *checks(tree.names_written(node.targets))]

    def in_loop(node: gast.For) -> tree.Node:
        node.body = [*checks(tree.names_written(node.target)), *node.body]
        return node

    result = tree.rewrite(function, {gast.Assign: checked, gast.For: in_loop})
    given = {n.id for n in tree.walk(function.args) if isinstance(n, gast.Name)}
    result.body = [*checks(given), *result.body]
    return result  # type: ignore[no-any-return]


def _arguments(text: str, write: tree.Node) -> list[tree.Node]:
    shown = tree.show(write)
    if len(shown) > _LONGEST:
        shown = f"{tree.show(target_of(write))} = ..."
    return [tree.name(text), tree.constant(shown)]


def _sure_names(
    function: gast.FunctionDef, calls: Calls, active: frozenset[str], wrt: set[str]
) -> set[str]:
    """Names that hold no array of integers, whatever the arguments are."""
    bound = bound_values(function)
    parameters = {n.id for n in tree.walk(function.args) if isinstance(n, gast.Name)}
    sure = (set(bound) - parameters) | wrt

    def is_sure(value: Any) -> bool:
        if isinstance(value, gast.Name):
            return value.id in sure
        if _is_no_array(value):
            return True
        if isinstance(value, gast.Call):
            options = {k.arg for k in value.keywords}
            method = getattr(value.func, "attr", "")
            if "dtype" in options or method in ("astype", "view"):
                return False
            if tree.show(value.func).startswith("np.") and method in _OF_FLOATS:
                return len(value.args) == 1
            if tree.is_path(value.func, "np.full") and not options:
                return len(value.args) == 2 and _is_float(value.args[1])
            if method in _LIKE:
                whole = value.args[0] if value.args else value.func.value
                if len(value.args) > 1:
                    return False
                return _has_float(whole) if _is_no_array(whole) else is_sure(whole)
        return value is not None and bool(differentiable_names(value, calls) & active)

    while True:
        kept = {n for n in sure if all(map(is_sure, bound.get(n, ())))}
        if kept == sure:
            return sure
        sure = kept


def _is_float(value: tree.Node) -> bool:
    """Whether an expression is a float by its form: `1e10`, `-np.inf`."""
    if isinstance(value, gast.UnaryOp) and isinstance(value.op, gast.USub):
        return _is_float(value.operand)
    is_literal = isinstance(value, gast.Constant) and type(value.value) is float
    return is_literal or any(tree.is_path(value, f"np.{text}") for text in ("inf", "nan"))


def _is_no_array(value: Any) -> bool:
    if isinstance(value, gast.BinOp):
        return isinstance(value.left, _CONTAINERS) or isinstance(value.right, _CONTAINERS)
    is_made = tree.called_name(value) in _MAKES_CONTAINER if value is not None else False
    return is_made or isinstance(value, (gast.Constant, *_CONTAINERS))


def _has_float(value: tree.Node) -> bool:
    literals = [n.value for n in tree.walk(value) if isinstance(n, gast.Constant)]
    return any(isinstance(v, float) for v in literals)
