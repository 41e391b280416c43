"""Which names are integers, so that an index made of them reads no element twice."""

import functools
from collections.abc import Collection

import gast

from knetsrc.transform import tree

_SCALAR_CALLS = frozenset({"len", "float", "int", "bool", "round", "ord"})
_COUNTING = frozenset({"np.size", "np.ndim", "math.floor", "math.ceil", "math.isqrt"})
_SCALAR_ATTRIBUTES = frozenset({"ndim", "size", "itemsize", "nbytes"})
_CONSTANTS = frozenset({"pi", "e", "euler_gamma", "inf", "nan", "tau"})
INTEGER_OPERATORS = (gast.Add, gast.Sub, gast.Mult, gast.FloorDiv, gast.Mod)


def integer_names(
    function: gast.FunctionDef, given: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Names that are bound to integers only: loop counters, lengths, parameters of `given`, and what is computed from them."""
    own = {id(n) for n in tree.walk(function.args) if getattr(n, "id", None) in given}
    bound: dict[str, list[tree.Node | None]] = {}
    for node in tree.walk(function):
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            bound.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, gast.For):
            written = [n.id for n in tree.walk(node.target) if isinstance(n, gast.Name)]
            counted = _counters(node.target, node.iter)
            for name in written:
                once = written.count(name) == 1
                bound.setdefault(name, []).append(counted.get(name) if once else None)
        elif isinstance(node, gast.Name) and isinstance(node.ctx, gast.Param):
            bound.setdefault(node.id, []).extend([] if id(node) in own else [None])
        elif isinstance(node, gast.Assign):
            for name in tree.names_written(node.targets):
                bound.setdefault(name, []).append(None)
    integers = set(bound)
    while True:
        kept = {n for n in integers if all(is_integer(v, integers) for v in bound[n])}
        if kept == integers:
            return frozenset(integers)
        integers = kept


def _is_range(iterable: tree.Node) -> bool:
    if tree.called_name(iterable) == "reversed" and iterable.args:
        return _is_range(iterable.args[0])
    return tree.called_name(iterable) == "range"


def _counters(target: tree.Node, iterable: tree.Node) -> dict[str, tree.Node]:
    """Names that a loop binds to integers, each with an expression that is one if they are: `i` in `for i, v in enumerate(x, k)`."""
    if isinstance(iterable, gast.List | gast.Tuple):
        return _of_display(target, iterable.elts)
    if isinstance(target, gast.Name):
        return {target.id: tree.constant(0)} if _is_range(iterable) else {}
    if not isinstance(target, gast.Tuple) or not isinstance(iterable, gast.Call):
        return {}
    called, parts = tree.show(iterable.func), iterable.args
    if any(isinstance(part, gast.Starred) for part in parts):
        return {}
    if called == "enumerate" and parts and len(target.elts) == 2:
        start = [*parts[1:], *(k.value for k in iterable.keywords), tree.constant(0)][0]
        counter = _of_display(target.elts[0], [start])
        return counter | _counters(target.elts[1], parts[0])
    if called == "np.ndindex":
        return {name: tree.constant(0) for name in tree.names_written(target)}
    if called == "np.ndenumerate" and isinstance(target.elts[0], gast.Tuple):
        return {name: tree.constant(0) for name in tree.names_written(target.elts[0])}
    if called not in ("zip", "itertools.product") or len(parts) != len(target.elts):
        return {}
    return _of_each(target.elts, parts)


def _of_each(targets: list[tree.Node], iterables: list[tree.Node]) -> dict[str, tree.Node]:
    found: dict[str, tree.Node] = {}
    for target, iterable in zip(targets, iterables, strict=True):
        found |= _counters(target, iterable)
    return found


def _of_display(target: tree.Node, elements: list[tree.Node]) -> dict[str, tree.Node]:
    """The same for a loop over elements that are written out: `for i, j in [(0, 1), (1, 0)]`."""
    if isinstance(target, gast.Name) and elements:
        return {target.id: functools.reduce(lambda a, b: tree.binary(a, "+", b), elements)}
    rows = [e.elts for e in elements if isinstance(e, gast.Tuple | gast.List)]
    if not isinstance(target, gast.Tuple) or len(rows) < len(elements):
        return {}
    if any(len(row) != len(target.elts) for row in rows):
        return {}
    return _of_each(target.elts, [tree.list_of(column) for column in zip(*rows, strict=True)])


def of_vector(name: str) -> str:
    """What stands among names of integers for the elements of a vector of integers."""
    return f"{name}[]"


def is_integer(node: tree.Node | None, integers: Collection[str]) -> bool:
    """Whether an expression is a single integer, and no bool, by its form and the names that are integers, see `of_vector`."""
    if node is None:
        return False
    if isinstance(node, gast.Constant):
        return type(node.value) is int
    if isinstance(node, gast.Name):
        return node.id in integers
    if isinstance(node, gast.Subscript) and isinstance(node.value, gast.Name):
        is_element = of_vector(node.value.id) in integers and is_integer(node.slice, integers)
        return is_element or is_number_expression(node)
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
        return is_integer(node.operand, integers)
    if isinstance(node, gast.BinOp) and isinstance(node.op, INTEGER_OPERATORS):
        return is_integer(node.left, integers) and is_integer(node.right, integers)
    if isinstance(node, gast.BinOp) or _is_constant(node):
        return False
    if isinstance(node, gast.Call) and _counts(node, integers):
        return True
    return is_number_expression(node) and tree.called_name(node) not in ("float", "round", "bool")


def _counts(node: gast.Call, integers: Collection[str]) -> bool:
    """Whether a call gives an integer: `np.size(x)`, `np.prod(x.shape)`, `np.argmax(x)`, `min(len(x), 3)`."""
    text = tree.show(node.func)
    if text in _COUNTING:
        return True
    if text in ("min", "max"):
        return len(node.args) > 1 and all(is_integer(n, integers) for n in node.args)
    is_single = len(node.args) == 1 and not node.keywords
    is_product = text in ("np.prod", "math.prod") and is_single and _is_of_shape(node.args[0])
    return is_product or (text in ("np.argmax", "np.argmin") and is_single)


def _is_of_shape(node: tree.Node) -> bool:
    """Whether an expression is `x.shape`, or a slice of it."""
    is_part = isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Slice)
    whole = node.value if is_part else node
    return isinstance(whole, gast.Attribute) and whole.attr == "shape"


def is_number_expression(node: tree.Node) -> bool:
    """Whether an expression is a single number by its form: `len(x)`, `x.shape[0]`, `x.size`, `x.shape[0] // 2`, `np.pi`."""
    if isinstance(node, gast.Subscript):
        is_shape = isinstance(node.value, gast.Attribute) and node.value.attr == "shape"
        return is_shape and not isinstance(node.slice, gast.Slice | gast.Tuple)
    if isinstance(node, gast.Attribute):
        return node.attr in _SCALAR_ATTRIBUTES or _is_constant(node)
    if isinstance(node, gast.BinOp):
        return all(
            isinstance(n, gast.Constant) or is_number_expression(n) for n in (node.left, node.right)
        )
    return tree.called_name(node) in _SCALAR_CALLS


def _is_constant(node: tree.Node) -> bool:
    """Whether an expression is `np.pi` or the like."""
    is_of_module = isinstance(node, gast.Attribute) and tree.is_name(node.value)
    return is_of_module and node.value.id in ("np", "math") and node.attr in _CONSTANTS
