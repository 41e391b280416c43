"""Lists and tuples that a function of NumPy takes as arrays become arrays before: its rule computes with its operands.

np.square(xs)     ->     np.square(np.array(xs))        where `xs` is a list: `2 * xs` repeats one
"""

import functools

import gast
import numpy as np

from knetsrc.adjoints.table import Rule, list_operands, options_of
from knetsrc.transform import tree
from knetsrc.transform.analysis.containers import SEQUENCES
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.analysis.told import root_of
from knetsrc.transform.callee import Calls, Primitive

_LIBRARIES = ("numpy", "scipy", "knetsrc.ops")
_OF_ARRAYS = (gast.Sub, gast.Div, gast.MatMult, gast.Pow)  # lists have no such operations
_OF_LISTS = (np.sum, np.mean)  # their rules give a list for a list


def lists_as_arrays(
    core: gast.FunctionDef, calls: Calls, module: str, told: frozenset[str] = frozenset()
) -> gast.FunctionDef:
    """Make arrays of operands that are lists or tuples for sure.

    `module` is the name of NumPy, `told` are entries of parameters of which a call has told so: `w["bias"]`.
    """
    written = tree.names_written(core.body) | changed_names(core)
    told = frozenset(path for path in told if root_of(path) not in written)

    def made(node: tree.Node) -> tree.Node:
        operands = array_operands(node, calls)
        listed = {id(n) for n in operands if _is_listed(n, calls) or tree.show(n) in told}
        if not listed:
            return node

        def array(operand: tree.Node) -> tree.Node:
            if id(operand) not in listed:
                return operand
            return tree.at(tree.call(tree.attribute(tree.name(module), "array"), operand), operand)

        if isinstance(node, gast.BinOp):
            node.left, node.right = array(node.left), array(node.right)
            return node
        node.args = [array(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = array(keyword.value)
        return node

    return tree.rewrite(core, {gast.Call: made, gast.BinOp: made})


def _is_listed(node: tree.Node, calls: Calls) -> bool:
    is_global = isinstance(calls.outside.resolve(node), list | tuple)
    return is_global or calls.kind_of(node) in SEQUENCES


def array_operands(node: tree.Node, calls: Calls) -> list[tree.Node]:
    """Operands of which NumPy makes arrays and the rule expects that they are: of a call, of `-`, `/`, `@` and `**`."""
    is_operation = isinstance(node, gast.BinOp) and isinstance(node.op, _OF_ARRAYS)
    if not is_operation and not isinstance(node, gast.Call):
        return []
    callee = calls.of(node)
    if not isinstance(callee, Primitive) or isinstance(callee.function, str):
        return []
    bound = callee.bound()
    operands = [bound[n] for n in _operands_of_arrays(callee.rule) if n in bound]
    return [n for n in operands if isinstance(n, gast.expr)]


@functools.cache
def _operands_of_arrays(rule: Rule) -> tuple[str, ...]:
    """Operands of a rule of a library that none of its cases gives as a list."""
    if rule.primitives[0] in _OF_LISTS or not any(map(_is_of_library, rule.primitives)):
        return ()
    names = {p.name for p in options_of(rule.function) if p.kind is p.POSITIONAL_OR_KEYWORD}
    return tuple(n for n in rule.operands if n in names - list_operands(rule))


def _is_of_library(function: object) -> bool:
    module = getattr(function, "__module__", None) or ""
    of_ufunc = getattr(function, "__self__", function)  # np.maximum of np.maximum.accumulate
    return isinstance(of_ufunc, np.ufunc) or module.startswith(_LIBRARIES)
