"""Return at once where one branch has nothing more to do."""

from collections import Counter

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import exposed_names
from knetsrc.transform.simplify.edit import Block, assigned_name, is_filler, with_fields
from knetsrc.transform.tree import Node

_FEW = 2


def return_early(function: gast.FunctionDef) -> gast.FunctionDef:
    """Take the rest of a function out of the `else` of a branch that only binds what is returned.

        half = kept = None                         if n == 0:
        if n == 0:                                     return 1.0, None
            result = 1.0                           half, kept = power_forward(x, n // 2)
        else:                             ->       return half * half, kept
            half, kept = power_forward(x, n // 2)
            result = half * half
        return result, kept

    Parameters
    ----------
    function
        A generated function that ends with its only `return`.
    """
    body = _flattened(function.body)
    return function if body is function.body else with_fields(function, body=body)


def _flattened(body: Block) -> Block:
    if len(body) < 2 or not (isinstance(body[-1], gast.Return) and isinstance(body[-2], gast.If)):
        return body
    *before, branch, last = body
    unbound = _unbound(before) - tree.names_read(branch.test)
    returned = _returned(branch.body, last, unbound)
    is_long = len(tree.names_read(last)) > _FEW and not unbound  # would be written twice
    if returned is None or not branch.orelse or is_long:
        return body
    then = [*(n for n in branch.body if is_filler(n)), returned]
    early = tree.at(tree.if_(branch.test, then), branch)
    rest = _flattened([*branch.orelse, last])
    return [*_without(before, unbound & _bound(branch.orelse)), early, *rest]


def _returned(branch: Block, last: gast.Return, unbound: set[str]) -> Node | None:
    """`last` with what the branch binds in place of the names, None where that would not be the same."""
    bound: dict[str, Node] = {}
    for node in branch:
        if is_filler(node):
            continue
        name = assigned_name(node)
        if name is None or name in bound or tree.names_read(node.value) & (bound.keys() | unbound):
            return None
        bound[name] = node.value
    reads = Counter(n.id for n in tree.walk(last.value) if isinstance(n, gast.Name))
    computed = {text for text, value in bound.items() if not _is_simple(value)}
    if len(computed) > 1 or any(reads[text] != 1 for text in computed):
        return None
    values = {text: tree.constant(None) for text in unbound} | bound
    return tree.at(tree.substitute(last, values), last)


def _is_simple(value: Node) -> bool:
    return isinstance(value, gast.Constant | gast.Name)


def _unbound(before: Block) -> set[str]:
    """Names that the first statement binds to None, if nothing reads them before the branch."""
    first = before[0] if before else None
    if not isinstance(first, gast.Assign) or not tree.is_constant(first.value, None):
        return set()
    names = tree.names_written(first)
    rest = before[1:]
    return names - tree.names_read(rest) - tree.names_written(rest)


def _bound(branch: Block) -> set[str]:
    """Names that a branch binds whichever way it goes, before it reads them."""
    assigned = [s for s in branch if isinstance(s, gast.Assign)]
    return tree.names_written([t for s in assigned for t in s.targets]) - exposed_names(branch)


def _without(before: Block, names: set[str]) -> Block:
    """The statements before without the `None` of some names."""
    if not names:
        return before
    first, *rest = before
    staying = [t.id for t in first.targets if t.id not in names]
    if not staying:
        return rest
    return [tree.at(tree.assign_all(staying, first.value), first), *rest]
