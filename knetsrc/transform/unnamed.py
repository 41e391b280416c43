"""Gives names to values that are written into later, and that only a view or a container knows.

d = np.exp(x)[1:]; d[0] *= 2.0     ->     exp_x = np.exp(x); d = exp_x[1:]; d[0] *= 2.0

The derivative of `np.exp` reads its result, which has to be put back before: only what has a name is known to have changed.
"""

import inspect

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.callee import Calls, Primitive
from knetsrc.transform.describe import describe
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.sharing import passed_on


def name_what_changes(
    function: gast.FunctionDef, found: Aliases, calls: Calls, names: Names
) -> gast.FunctionDef:
    """The function with a name for each such value of which the derivative may read the result.

    Parameters
    ----------
    function
        A function in the core language.
    found
        What its names may share.
    calls
        Tells what its calls call.
    names
        Names taken.
    """
    if not found.changing:
        return function
    namer = _Namer(calls, names)

    def of_assignment(node: gast.Assign) -> list[tree.Node] | tree.Node:
        stored = stored_to(node)
        bound = tree.names_written(node.targets) if stored is None else {stored} - found.arrays
        return namer.renamed(node, "value", stored is None) if bound & found.changing else node

    def of_loop(node: gast.For) -> list[tree.Node] | tree.Node:
        is_changing = tree.names_written(node.target) & found.changing
        return namer.renamed(node, "iter") if is_changing else node

    def of_call(node: gast.Expr) -> list[tree.Node] | tree.Node:
        if appended_to(node) not in found.changing:
            return node
        before, node.value.args[0] = namer.named_in(node.value.args[0])
        return [*tree.at(before, node), node]

    handlers = {gast.Assign: of_assignment, gast.For: of_loop, gast.Expr: of_call}
    return tree.rewrite(tree.clone(function), handlers)


class _Namer:
    def __init__(self, calls: Calls, names: Names) -> None:
        self.calls = calls
        self.names = names
        self.before: list[tree.Node] = []

    def renamed(self, node: tree.Node, part: str, is_bound: bool = False) -> list[tree.Node]:
        """The statement after those that bind new names; what it binds to a name itself has one."""
        before, value = self.named_in(getattr(node, part), is_bound)
        setattr(node, part, value)
        return [*tree.at(before, node), node]

    def named_in(
        self, value: tree.Node, is_bound: bool = False
    ) -> tuple[list[tree.Node], tree.Node]:
        """What binds the new names in an expression, and the expression with these."""
        self.before = []
        new = self.named(value, is_bound)
        return self.before, new

    def named(self, node: tree.Node, is_bound: bool = False) -> tree.Node:
        """The expression with names in the places of new values that it hands on."""
        parts = _joined(node) or passed_on(node)
        if parts:
            _replace(node, {id(part): self.named(part) for part in parts})
            return node
        if is_bound or not self._reads_result(node):
            return node
        name = self.names.fresh(describe(node))
        self.before.append(tree.assign(name, node))
        return tree.at(tree.name(name), node)

    def _reads_result(self, node: tree.Node) -> bool:
        callee = self.calls.of(node)
        if not isinstance(callee, Primitive):
            return False
        return "y" in inspect.signature(callee.rule.function).parameters


def _replace(node: tree.Node, new: dict[int, tree.Node]) -> None:
    """Put new parts in the place of those that `passed_on` gives."""
    for holder in (node, getattr(node, "func", None), *getattr(node, "keywords", ())):
        for field, value in vars(holder).items() if holder is not None else ():
            if isinstance(value, list):
                value[:] = [new.get(id(v), v) for v in value]
            else:
                setattr(holder, field, new.get(id(value), value))


def _joined(node: tree.Node) -> list[tree.Node]:
    """Lists that `+` joins to others."""
    is_sum = isinstance(node, gast.BinOp) and isinstance(node.op, gast.Add)
    sides = [node.left, node.right] if is_sum else []
    return [n for n in sides if isinstance(n, gast.List) or _joined(n)]
