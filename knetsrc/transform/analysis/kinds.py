"""What kind of thing a name holds, as far as the way it is used tells: arrays or numbers, or containers that can be taken apart."""

from collections.abc import Callable, Iterable
from typing import Any

import gast

from knetsrc.adjoints.table import list_operands
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, differentiable_reads
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.callee import Calls, Helper, Joined, Merged, Primitive, Repeated
from knetsrc.transform.functions import Function, bind_call
from knetsrc.transform.normalize.effects import last_name

_TESTS = frozenset(
    {"isinstance", "hasattr", "_is_array"}
)  # what they are asked about may be no array
_ARRAY_ATTRIBUTES = frozenset({"shape", "ndim", "dtype", "size", "T"})
TAKES_LISTS = frozenset(
    {"concatenate", "stack", "hstack", "vstack", "dstack", "column_stack", "array", "asarray", "sum", "max", "min",
     "append", "block", "getitem", "add", "multi_dot", "atleast_1d", "fsum", "broadcast_arrays", "meshgrid", "prod",
     "copy", "dist", "select", "choose", "dist_adjoint", "hypot_adjoint", "product_adjoint", "each_unbroadcast",
     "each_reshaped", "join_like", "einsum_adjoint", "polyval", "cho_solve", "lu_solve"}
)  # fmt: skip
_GIVES_CONTAINERS = frozenset(
    {"split", "array_split", "hsplit", "vsplit", "dsplit", "svd", "eigh", "qr", "slogdet", "getitem", "meshgrid",
     "broadcast_arrays", "unstack", "add", "max", "min", "sum", "copy", "tolist", "lstsq", "divmod", "modf", "frexp",
     "dist_adjoint", "hypot_adjoint", "fsum_adjoint", "product_adjoint", "each_unbroadcast", "each_reshaped",
     "split_like", "vsplit_like", "hsplit_like", "dsplit_like", "columns_like", "unstack_like", "nested_like"}
)  # fmt: skip
OF_STRUCTURES = frozenset(
    {"adjoint_like", "collected", "deep_copy", "finished", "gradient_like", "joined_adjoint", "kept_entries", "owned",
     "repeated_adjoint", "without_field", "without_member", "array_with_method"}
)  # fmt: skip

_OF_A_KIND = ("backends.owned", "backends.deep_copy", "backends.zeros_like")
_CONTAINERS = ("list", "tuple", "dict")
_CREATORS = frozenset(
    {
        "zeros",
        "ones",
        "empty",
        "full",
        "zeros_like",
        "ones_like",
        "empty_like",
        "full_like",
        "eye",
        "identity",
        "arange",
        "tri",
    }
)


def numeric_names(
    function: gast.FunctionDef,
    calls: Calls,
    helper_kinds: Callable[[Helper], Any] | None = None,
    known: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """Names that hold an array or a number for sure, so that their adjoints add up with `+`.

    `helper_kinds(helper)` gives the parameters of a helper and those of them that are numeric, or None while it is not known.
    `known` are names of which this is known from elsewhere.
    """
    numeric = set(known)
    copies: list[tuple[str, str]] = []
    of_arrays = frozenset() if calls.outside.checks_fields else _ARRAY_ATTRIBUTES
    for node in tree.walk(function):
        if isinstance(node, gast.Assign):
            _of_assignment(node, calls, numeric, copies)
        elif (
            isinstance(node, gast.Attribute) and tree.is_name(node.value) and node.attr in of_arrays
        ):
            numeric.add(node.value.id)
        elif tree.called_name(node) == "check_own_array":
            numeric.add(node.args[0].id)
        elif isinstance(node, gast.Subscript) and _is_index_of_array(node.slice):
            numeric |= {node.value.id} if isinstance(node.value, gast.Name) else set()
        elif isinstance(node, gast.BinOp | gast.UnaryOp | gast.Call | gast.Compare):
            numeric |= _operand_names(node, calls, helper_kinds)
    appended = {appended_to(n) for n in tree.walk(function)}
    for node in tree.walk(function):
        if isinstance(node, gast.Call) and last_name(node.func) in _TESTS:
            appended |= tree.names_read(node.args[0])
    while True:
        more = {a for pair in copies for a, b in (pair, pair[::-1]) if b in numeric} - numeric
        if not more:
            lists = {n for n in numeric if calls.kind_of(tree.name(n)) in _CONTAINERS}
            return frozenset(numeric - appended - lists)
        numeric |= more


def _is_index_of_array(index: tree.Node) -> bool:
    """Whether only an array takes an index: `a[[2, 0]]`, `a[:, 0]`, `a[...]`."""
    if isinstance(index, gast.Tuple):
        parts = index.elts
        return any(isinstance(p, gast.Slice) or tree.is_constant(p, Ellipsis) for p in parts)
    return isinstance(index, gast.List) or tree.is_constant(index, Ellipsis)


def _of_assignment(
    node: gast.Assign, calls: Calls, numeric: set[str], copies: list[tuple[str, str]]
) -> None:
    target = node.targets[0]
    callee = calls.of(node.value)
    if isinstance(callee, Helper) and getattr(callee.function, "is_loop", False):
        copies += _through_loop(callee.function, node)
        return
    if not isinstance(target, gast.Name):
        return
    value = copied_of(node.value)
    if isinstance(value, gast.Name):
        copies.append((target.id, value.id))
    elif gives_numbers(value, calls):
        numeric.add(target.id)


def copied_of(node: tree.Node) -> tree.Node:
    """`x` for `x.copy()`, and for what generated code copies; all else as it is."""
    if isinstance(node, gast.Call) and any(tree.is_path(node.func, path) for path in _OF_A_KIND):
        return node.args[0]
    is_call = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    is_copy = is_call and node.func.attr == "copy" and not node.args and not node.keywords
    return node.func.value if is_copy else node


def _through_loop(loop: Function, node: gast.Assign) -> list[tuple[str, str]]:
    """Names before and after the call of a function made of a loop: they have been one name of the user."""
    bound = bind_call(loop, node.value) or {}
    result, target = loop.core.body[-1].value, node.targets[0]
    names, targets = (n.elts if isinstance(n, gast.Tuple) else [n] for n in (result, target))
    pairs = [(t.id, bound.get(n.id)) for t, n in zip(targets, names, strict=True)]
    return [(text, given.id) for text, given in pairs if isinstance(given, gast.Name)]


def gives_numbers(node: tree.Node, calls: Calls) -> bool:
    """Whether an expression, other than a name, is an array or a number for sure."""
    if isinstance(node, gast.BinOp | gast.UnaryOp | gast.Compare):
        return _is_arithmetic(node, calls)
    if isinstance(node, gast.Constant):
        return isinstance(node.value, int | float)
    callee = calls.of(node)
    if isinstance(callee, Primitive) and not isinstance(node, gast.Attribute):
        name = getattr(callee.rule.primitives[0], "__name__", "")
        return name not in _GIVES_CONTAINERS | OF_STRUCTURES
    return makes_array(node)


def makes_array(node: tree.Node | None) -> bool:
    """Whether a call makes an array whatever its arguments are: `np.zeros(n)`."""
    function = node.func if isinstance(node, gast.Call) else None
    return (
        isinstance(function, gast.Attribute)
        and tree.is_name(function.value, "np")
        and function.attr in _CREATORS
    )


def _is_arithmetic(node: tree.Node, calls: Calls) -> bool:
    """Whether an operation is of numbers, as far as is known.

    Others are refused when the code runs, by `unbroadcast`.
    """
    if isinstance(node, gast.BinOp):
        is_text = calls.kind_of(node) == "text"
        return not is_text and not isinstance(calls.of(node), Joined | Repeated | Merged)
    return isinstance(node, gast.UnaryOp | gast.Compare)


def _operand_names(
    node: tree.Node, calls: Calls, helper_kinds: Callable[[Helper], Any] | None
) -> set[str]:
    if isinstance(node, gast.BinOp):
        known = _keys([node.left, node.right]) if _is_arithmetic(node, calls) else set()
        return known | (_sliced([node.left, node.right]) if _is_of_numbers(node) else set())
    if isinstance(node, gast.Compare):
        return set()
    if isinstance(node, gast.UnaryOp):
        is_sign = isinstance(node.op, gast.USub | gast.UAdd) and isinstance(node.operand, gast.Name)
        return {node.operand.id} if is_sign else set()
    callee = calls.of(node)
    if isinstance(callee, Primitive):
        name = getattr(callee.rule.primitives[0], "__name__", "")
        if name in TAKES_LISTS | OF_STRUCTURES:
            return set()
        bound = callee.bound()
        starred = {id(a.value) for a in callee.args if isinstance(a, gast.Starred)}
        numbers = frozenset(callee.rule.operands) - list_operands(callee.rule)
        operands = [v for k, v in bound.items() if k in numbers]
        parts = [n for v in operands for n in (v if isinstance(v, list) else [v])]
        return _keys(n for n in parts if id(n) not in starred)
    if isinstance(callee, Helper) and helper_kinds is not None:
        return _of_helper(node, callee, calls, helper_kinds)
    return set()


def _of_helper(
    node: gast.Call, callee: Helper, calls: Calls, helper_kinds: Callable[[Helper], Any]
) -> set[str]:
    """Arguments that a helper takes for numbers, if these are not containers: it may join them, `a + b`."""
    known = helper_kinds(callee)
    if known is None:
        return set()
    parameters, numeric = known
    pairs = [*zip(parameters, node.args, strict=False), *((k.arg, k.value) for k in node.keywords)]
    return _keys(n for p, n in pairs if p in numeric and calls.kind_of(n) not in _CONTAINERS)


def _is_of_numbers(node: gast.BinOp) -> bool:
    """Whether an operation fails on lists: `a - b`, `a / b`, `0.5 * a`, but not `a + b`."""
    if isinstance(node.op, gast.Mult):
        return any(
            isinstance(n, gast.Constant) and isinstance(n.value, float)
            for n in (node.left, node.right)
        )
    return not isinstance(node.op, gast.Add)


def _sliced(nodes: Iterable[tree.Node]) -> set[str]:
    """Names of which slices are operands, also within sums and products: `x` for `x[1:] + x[:-1]`."""
    found = set()
    for node in nodes:
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Add | gast.Mult):
            found |= _sliced([node.left, node.right])
        elif isinstance(node, gast.UnaryOp):
            found |= _sliced([node.operand])
        elif isinstance(node, gast.Subscript) and tree.is_name(node.value):
            parts = node.slice.elts if isinstance(node.slice, gast.Tuple) else [node.slice]
            if any(isinstance(part, gast.Slice) for part in parts):
                found.add(node.value.id)
    return found


def _keys(nodes: Iterable[tree.Node]) -> set[str]:
    """Names and constant entries of names (`w[0]`) among expressions, as texts."""
    return {tree.show(n) for n in nodes if isinstance(n, gast.Name) or is_entry(n)}


def entries_only(
    function: gast.FunctionDef, calls: Calls, active: frozenset[str]
) -> frozenset[str]:
    """Active names bound once of which only constant entries are read: each entry can have an adjoint of its own."""
    bound: dict[str, int] = {}
    for node in tree.walk(function):
        if isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load):
            bound[node.id] = bound.get(node.id, 0) + 1
    candidates = {n for n in active if bound.get(n) == 1}
    candidates -= changed_names(function)
    for node in tree.walk(function):
        if isinstance(node, gast.Compare) and isinstance(node.ops[0], gast.In | gast.NotIn):
            candidates -= tree.names_read(node.comparators)  # which entries there are is asked
        elif isinstance(node, gast.Compare) and tree.called_name(node.left) == "len":
            candidates -= tree.names_read(node.left.args)  # how many there are is asked
    for value in _values(function):
        reads = list(differentiable_reads(value, calls))
        in_entries = {id(n.value) for n in tree.walk(value) if is_entry(n)}
        candidates -= {n.id for n in reads if id(n) not in in_entries}
    return frozenset(n for n in candidates if _is_local_or_parameter(function, n))


def _is_local_or_parameter(function: gast.FunctionDef, text: str) -> bool:
    in_loop = {n for node in tree.walk(function.body) if isinstance(node, gast.For | gast.While)
               for n in tree.names_written(node)}  # fmt: skip
    return text not in in_loop


def _values(function: gast.FunctionDef) -> list[tree.Node]:
    found = []
    for node in tree.walk(function.body):
        if isinstance(node, gast.Assign | gast.AugAssign | gast.Return) and node.value is not None:
            found.append(node.value)
        elif appended_to(node) is not None:
            found.append(node.value.args[0])
        elif isinstance(node, gast.For):
            found.append(node.iter)
    return found


def is_entry(node: tree.Node) -> bool:
    """Whether an expression is `x[0]` or `x["key"]`."""
    if not (isinstance(node, gast.Subscript) and isinstance(node.value, gast.Name)):
        return False
    index = node.slice
    return isinstance(index, gast.Constant) and type(index.value) in (int, str)


def optional_entries(body: list[tree.Node], exploded: frozenset[str]) -> frozenset[str]:
    """Entries of such names that are not read on every way through a function: there may be no such entry."""
    every = {tree.show(n) for n in tree.walk(body) if is_entry(n) and n.value.id in exploded}
    return frozenset(every - _sure_entries(body)) if every else frozenset()


def _sure_entries(nodes: tree.Node | list[tree.Node]) -> set[str]:
    """Entries that these statements or expressions read for sure; a loop counts as one that runs."""
    found: set[str] = set()
    for node in nodes if isinstance(nodes, list) else [nodes]:
        if isinstance(node, gast.If | gast.IfExp):
            found |= _sure_entries(node.test) | (
                _sure_entries(node.body) & _sure_entries(node.orelse)
            )
        elif isinstance(node, gast.BoolOp):
            found |= _sure_entries(node.values[0])
        elif isinstance(node, gast.Try):
            found |= _sure_entries(node.finalbody)
        else:
            found |= {tree.show(node)} if is_entry(node) else set()
            found |= _sure_entries(tree.children(node))
    return found


def buffer_names(
    function: gast.FunctionDef, calls: Calls, active: frozenset[str]
) -> frozenset[str]:
    """Active names of which parts are read, at places that are not taken apart by `entries_only`."""
    found = changed_names(function)
    every = list(tree.walk(function.body))
    methods = {
        id(n.func)
        for n in every
        if copied_of(n) is not n
        or (isinstance(n, gast.Call) and isinstance(calls.of(n), Primitive))
    }
    for node in every:
        base = node
        while isinstance(base, gast.Subscript) or (
            isinstance(base, gast.Attribute) and calls.of(base) is None and id(base) not in methods
        ):
            base = base.value
        if base is not node and isinstance(base, gast.Name):
            found.add(base.id)
    return frozenset(found & active)
