"""Methods of arrays whose options are parts of what is differentiated become functions of NumPy.

x.reshape(n, p["heads"], -1)     ->     np.reshape(array_with_method(x, "reshape"), (n, p["heads"], -1))

As far as is known `x` may be a module, and the options arrays that a derivative is due to: this is checked when the program
runs. A function of NumPy takes nothing but integers there.
"""

from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.equivalents import ARRAY_WITH_METHOD
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, differentiable_names
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.kinds import gives_numbers
from knetsrc.transform.callee import Calls, Primitive


def options_of_functions(
    core: gast.FunctionDef, calls: Calls, active: frozenset[str], arrays: frozenset[str]
) -> gast.FunctionDef:
    """The function with calls of functions for such methods; `arrays` are names of arrays and numbers."""
    sure = arrays | _made_here(core, calls)

    def as_function(node: gast.Call) -> tree.Node:
        callee = calls.of(node)
        if not isinstance(callee, Primitive) or not isinstance(callee.function, str):
            return node
        args = _arguments(callee)
        if args is None or not active & differentiable_names(tree.list_of(_options(callee)), calls):
            return node
        whole = args[0]
        if getattr(whole, "id", None) not in sure and not gives_numbers(whole, calls):
            check = calls.outside.spelled(ARRAY_WITH_METHOD)
            args = (tree.call(check, whole, tree.constant(callee.function)), *args[1:])
        numpy = tree.name(calls.outside.module(np))
        call = tree.call(tree.attribute(numpy, callee.function), *args)
        call.keywords = node.keywords
        return tree.at(call, node)

    def with_functions(node: Any) -> Any:
        targets = [node.target] if isinstance(node, gast.For) else getattr(node, "targets", [])
        written = {base_of(n) or "" for n in targets} | tree.names_written(targets)
        if isinstance(node, gast.Expr) and not appended_to(node):
            return node
        if targets and not written & active:
            return node
        part = "iter" if isinstance(node, gast.For) else "value"
        setattr(node, part, tree.rewrite(getattr(node, part), {gast.Call: as_function}))
        return node

    kinds = (gast.Assign, gast.AugAssign, gast.Expr, gast.For, gast.Return)
    return tree.rewrite(core, dict.fromkeys(kinds, with_functions))  # type: ignore[no-any-return]


def _arguments(callee: Primitive) -> tuple[tree.Node, ...] | None:
    """What the function of NumPy by the name of a method takes; None where there is none."""
    args = callee.args
    if callee.function != "reshape":
        is_same = getattr(np, callee.function, None) in callee.rule.primitives
        return args if is_same else None
    is_one = len(args) == 2 and not isinstance(args[1], gast.Starred)
    return args if is_one or len(args) < 2 else (args[0], tree.tuple_of(args[1:]))


def _options(callee: Primitive) -> list[tree.Node]:
    bound = callee.bound()
    values = [bound[name] for name in callee.without_derivative() if bound[name]]
    return [n for v in values for n in (v if isinstance(v, list) else [v])]


def _made_here(core: gast.FunctionDef, calls: Calls) -> set[str]:
    """Names that the function binds to nothing but results of operations."""
    found: dict[str, bool] = {}
    single = set()
    for node in tree.walk(core.body):
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            single.add(id(node.targets[0]))
            text = node.targets[0].id
            found[text] = found.get(text, True) and gives_numbers(node.value, calls)
    for node in tree.walk(core):
        is_bound = isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load)
        if is_bound and id(node) not in single:
            found[node.id] = False
    return {text for text, is_sure in found.items() if is_sure}
