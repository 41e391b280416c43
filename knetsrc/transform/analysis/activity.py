"""Which names are active: they depend on a differentiated argument, and the result depends on them.

Names, not places: a name is active in the whole function or nowhere. `normalize` has given rebound names of straight-line code
names of their own.
"""

from collections.abc import Iterable, Iterator

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.callee import (
    Calls,
    Constant,
    Container,
    Helper,
    Joined,
    Merged,
    Primitive,
    Record,
    Repeated,
    Replaced,
    Unknown,
)


def differentiable_names(node: tree.Node | None, calls: Calls) -> set[str]:
    """Names that the value of an expression depends on differentiably: `x` in `x * y.shape[0]`, not `y`."""
    return {n.id for n in differentiable_reads(node, calls)}


def differentiable_reads(node: tree.Node | None, calls: Calls) -> Iterator[gast.Name]:
    """The nodes of these names."""
    if isinstance(node, gast.Name):
        yield node
        return
    for child in operands(node, calls):
        yield from differentiable_reads(child, calls)


def operands(node: tree.Node | None, calls: Calls) -> list[tree.Node]:
    """Subexpressions on which the value of `node` depends differentiably."""
    if isinstance(node, gast.Subscript) and isinstance(calls.of(node), Unknown):
        return [node.value, node.slice]
    if isinstance(node, gast.Subscript | gast.Starred):
        return [node.value]
    if isinstance(node, gast.Tuple | gast.List | gast.Set):
        return list(node.elts)
    if isinstance(node, gast.Dict):
        return list(node.values)
    if isinstance(node, gast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, gast.BoolOp):
        return list(node.values)
    callee = calls.of(node) if node is not None else None
    if isinstance(callee, Primitive):
        if calls.is_shift(node):
            return []
        bound = callee.bound()
        names = (*callee.rule.operands, *callee.without_derivative())
        return [n for name in names for n in _listed(bound.get(name))]
    if isinstance(callee, Container):
        return list(callee.args)
    if isinstance(callee, Joined | Merged):
        return list(callee.parts)
    if isinstance(callee, Replaced):
        return [callee.record, *callee.fields.values()]
    if isinstance(callee, Repeated):
        return [callee.sequence, callee.count]  # an array multiplies a list as one
    if isinstance(callee, Record):
        return list(callee.fields.values())
    if isinstance(callee, Helper | Unknown) and isinstance(node, gast.Call):
        is_made = not isinstance(node.func, gast.Name) or isinstance(callee, Unknown)
        receiver = [node.func] if is_made else []
        if isinstance(node.func, gast.Attribute):
            is_step = isinstance(callee, Unknown) and callee.is_step
            receiver = [] if is_step else [node.func.value]
        return [*receiver, *node.args, *(k.value for k in node.keywords)]
    if isinstance(callee, Unknown) or isinstance(node, gast.Slice):
        return tree.children(node)
    if isinstance(node, gast.Attribute) and not isinstance(callee, Constant):
        return [node.value]
    return []


def _listed(value: tree.Node | list[tree.Node] | None) -> list[tree.Node]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def flows(function: gast.FunctionDef, calls: Calls) -> Iterator[tuple[set[str], set[str]]]:
    """Pairs (names bound, names that their value depends on) of all statements."""
    for node in tree.walk(function.body):
        if isinstance(node, gast.Assign):
            yield tree.names_written(node.targets), differentiable_names(node.value, calls)
        elif isinstance(node, gast.For):
            yield tree.names_written(node.target), differentiable_names(node.iter, calls)
        elif isinstance(node, gast.With):
            for item in node.items:
                if item.optional_vars is not None:
                    read = differentiable_names(item.context_expr, calls)
                    yield tree.names_written(item.optional_vars), read
        elif (appended := appended_to(node)) is not None:
            yield {appended}, differentiable_names(node.value.args[0], calls)
        if (stored := stored_to(node)) is not None:
            yield {stored}, differentiable_names(node.value, calls)
        if places := changed_by_call(node):
            reads = [differentiable_names(n, calls) for n in (*places, *node.value.args[1].elts)]
            yield {base_of(p) or "" for p in places}, set().union(*reads)


def stored_to(node: tree.Node) -> str | None:
    """`a` for the statements `a[i] = e` and `a[i] += e`."""
    if isinstance(node, gast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    elif isinstance(node, gast.AugAssign):
        target = node.target
    else:
        return None
    return base_of(target) if isinstance(target, gast.Subscript) else None


def appended_to(node: tree.Node) -> str | None:
    """`xs` for the statement `xs.append(e)`."""
    if not (isinstance(node, gast.Expr) and isinstance(node.value, gast.Call)):
        return None
    function = node.value.func
    if (
        isinstance(function, gast.Attribute)
        and function.attr == "append"
        and isinstance(function.value, gast.Name)
    ):
        return function.value.id
    return None


CHANGES = "<changes>"


def changed_by_call(node: tree.Node) -> list[tree.Node]:
    """What the call in the next statement writes into, for a statement that says so: see `changes`."""
    is_mark = isinstance(node, gast.Expr) and tree.called_name(node.value) == CHANGES
    return node.value.args[0].elts if is_mark else []


Flow = tuple[set[str], set[str]]


def varied_names(
    function: gast.FunctionDef, calls: Calls, wrt: set[str], more: Iterable[Flow] = ()
) -> set[str]:
    """Names whose value depends on the parameters `wrt`; `more` is as what `flows` gives."""
    return _reached(set(wrt), [*flows(function, calls), *more])


def _reached(varied: set[str], pairs: list[tuple[set[str], set[str]]]) -> set[str]:
    while True:
        more = {t for targets, read in pairs if read & varied for t in targets} - varied
        if not more:
            return varied
        varied |= more


def active_names(
    function: gast.FunctionDef, calls: Calls, wrt: set[str], at_end: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Names that depend on the parameters `wrt` and that the returned value, or what `at_end` names, depends on."""
    pairs = list(flows(function, calls))
    varied = _reached(set(wrt), pairs)
    result = function.body[-1]
    useful = differentiable_names(result.value, calls) if isinstance(result, gast.Return) else set()
    useful |= at_end
    while True:
        more = {name for targets, read in pairs if targets & useful for name in read} - useful
        if not more:
            return frozenset(varied & useful)
        useful |= more
