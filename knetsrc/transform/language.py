"""The core language: what `normalize` promises to later stages, and the checker of that promise.

name = EXPR            (a, b) = CALL          EXPR                 pass, assert, raise
name[INDEX] = EXPR     name[INDEX] += EXPR, or -=
if/else                for TARGET in EXPR     while EXPR           with, try, def
break                  where the body of a loop ends
return EXPR            once, at the end
"""

from collections.abc import Callable, Iterator
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.conditions import is_condition, is_literal
from knetsrc.transform.normalize.scopes import bound_names
from knetsrc.transform.tree import Node

_STATEMENTS = (
    gast.Assign, gast.Expr, gast.If, gast.For, gast.While, gast.Break, gast.With, gast.Try,
    gast.Pass, gast.Assert, gast.Raise, gast.FunctionDef, gast.AugAssign,
)  # fmt: skip
_NOT_IN_EXPRESSIONS = (
    gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp, gast.NamedExpr, gast.Lambda,
    gast.Await, gast.Yield, gast.YieldFrom,
)  # fmt: skip


class NotCoreLanguageError(AssertionError):
    """A stage left a tree that is not in the core language: a defect of this package."""


def check(function: gast.FunctionDef) -> None:
    """Check that a function is in the core language.

    Raises
    ------
    NotCoreLanguageError
        Names the first node that is not.

    Examples
    --------
    >>> (function,) = tree.parse("def f(x): return x if x else y")
    >>> check(function)
    Traceback (most recent call last):
    knetsrc.transform.language.NotCoreLanguageError: a ternary: `x if x else y`
    """
    *body, last = function.body
    _require(
        isinstance(last, gast.Return) and last.value is not None,
        last,
        "no `return` at the end of the function",
    )
    _block(body, in_tail=False)
    _expression(last.value, is_test=False)


def _require(holds: bool, node: Node, what: str) -> None:
    if not holds:
        raise NotCoreLanguageError(f"{what}: `{tree.show(node)}`")


def _block(body: list[Any], in_tail: bool) -> None:
    """`in_tail`: the end of this block is the end of the body of a loop."""
    for i, node in enumerate(body):
        _statement(node, in_tail and i == len(body) - 1)


def _statement(node: Any, in_tail: bool) -> None:
    _require(isinstance(node, _STATEMENTS), node, f"a statement of kind {type(node).__name__}")
    if isinstance(node, gast.FunctionDef):
        check(node)
    elif isinstance(node, gast.Break):
        _require(in_tail, node, "a `break` that is not where the body of a loop ends")
    elif isinstance(node, gast.AugAssign):
        is_element = isinstance(node.target, gast.Subscript)
        _require(is_element, node, "an augmented assignment to a name")
    elif isinstance(node, gast.Assign):
        _assignment(node)
    elif isinstance(node, gast.If):
        _block(node.body, in_tail)
        _block(node.orelse, in_tail)
    elif isinstance(node, gast.For | gast.While):
        _loop(node)
    elif isinstance(node, gast.With):
        _block(node.body, False)
    elif isinstance(node, gast.Try):
        for block in (node.body, node.orelse, node.finalbody, *(h.body for h in node.handlers)):
            _block(block, False)
    for value, is_test in _expressions(node):
        _expression(value, is_test)


def _assignment(node: gast.Assign) -> None:
    _require(len(node.targets) == 1, node, "several targets")
    if isinstance(node.targets[0], gast.Subscript):
        return
    is_unpacked = _is_tuple_of_names(node.targets[0]) and isinstance(node.value, gast.Call)
    _require(
        isinstance(node.targets[0], gast.Name) or is_unpacked, node, "a target that is no name"
    )


def _loop(node: Any) -> None:
    _require(not node.orelse, node, "a loop with `else`")
    _block(node.body, True)
    if isinstance(node, gast.For):
        names = {n.id for n in tree.walk(node.target) if isinstance(n, gast.Name)}
        _require(
            isinstance(node.target, gast.Name) or _is_tuple_of_names(node.target),
            node,
            "a target that is no name",
        )
        _require(
            not names & bound_names(node.body), node, "a loop that assigns to its own variable"
        )


def _is_tuple_of_names(target: Any) -> bool:
    if not isinstance(target, gast.Tuple):
        return False
    return all(isinstance(t, gast.Name) or _is_tuple_of_names(t) for t in target.elts)


def _expressions(node: Any) -> Iterator[tuple[Node, bool]]:
    """The expressions of a statement, and whether each is a test."""
    for name in ("test", "value", "iter", "exc", "cause", "msg"):
        value = getattr(node, name, None)
        if isinstance(value, Node):
            yield value, name == "test"
    for item in getattr(node, "items", []):
        yield item.context_expr, False


def _expression(node: Any, is_test: bool) -> None:
    _require(
        not isinstance(node, _NOT_IN_EXPRESSIONS),
        node,
        f"an expression of kind {type(node).__name__}",
    )
    if isinstance(node, gast.Compare):
        _require(len(node.ops) == 1, node, "a chained comparison")
    if isinstance(node, gast.IfExp):
        _require(is_literal(node.body) and is_literal(node.orelse), node, "a ternary")
    if isinstance(node, gast.BoolOp):
        _require(is_test or is_condition(node), node, "`and` or `or` used for a value")
    for name, value in gast.iter_fields(node):
        inside = (is_test and isinstance(node, gast.BoolOp)) or (
            isinstance(node, gast.IfExp) and name == "test"
        )
        inside = inside or (isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.Not))
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, Node):
                _expression(child, inside)


def show(rewriting: Callable[[gast.FunctionDef, Names], gast.FunctionDef], text: str) -> None:
    """Print what a rewriting makes of the statements in `text`, for docstrings and tests.

    Raises
    ------
    AssertionError
        If the rewriting modified its input.
    """
    function = tree.function_def("f", [], tree.parse(text))
    before = tree.signature(function)
    result = rewriting(function, Names.of(function))
    assert tree.signature(function) == before, "the input was modified"
    print(tree.show(result.body))
