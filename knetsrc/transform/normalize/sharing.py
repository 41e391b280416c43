"""Which names may stand for the same array or list as another name.

The question does not follow the order of statements: `t = s` anywhere makes both shared everywhere.
A name that can only hold a number is never shared.

    row = a[i]           row and a       an element or a view
    t = s.T              t and s
    xs.append(s)         xs and s        put into a container
    ys = xs + [s]        ys and s        in a container that is made of others
    h = layer(w, x)      h, w and x      a function may hand its argument back
    h = np.exp(x)        none            one of NumPy's makes a new array
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.normalize.call_writes import out_position
from knetsrc.transform.normalize.effects import is_append, is_of_module, path_of
from knetsrc.transform.normalize.joined import (
    PICKING,
    REGROUPING,
    gives_again,
    is_container,
    joined_parts,
    sources,
)
from knetsrc.transform.normalize.scopes import (
    COMPREHENSIONS,
    bound_names,
    captured_names,
    own_nodes,
    parameters,
)
from knetsrc.transform.tree import Node

# Types of NumPy: of an array that has the type they give it back, or a view of it.
_TYPES = frozenset(
    t for t, kind in vars(np).items() if isinstance(kind, type) and issubclass(kind, np.generic)
)
# Functions of NumPy whose result may be a view of an argument, or the argument itself.
_VIEWS = _TYPES | frozenset({
    "asarray", "asanyarray", "ascontiguousarray", "asfortranarray",
    "asarray_chkfinite", "atleast_1d", "atleast_2d", "atleast_3d", "array_split",
    "broadcast_arrays", "broadcast_to", "diag", "diagonal", "dsplit", "expand_dims", "flip",
    "fliplr", "flipud", "hsplit", "imag", "matrix_transpose", "meshgrid", "moveaxis",
    "nan_to_num", "permute_dims", "ravel", "real", "real_if_close", "require", "reshape",
    "rollaxis", "rot90", "split", "squeeze", "swapaxes", "transpose", "unstack", "vsplit",
    "as_strided", "sliding_window_view", "nditer", "itemgetter",
    "getitem", "iadd", "imul", "isub", "itruediv", "asnumpy", "asmatrix", "from_dlpack",
    "frombuffer", "ix_", "trim_zeros",
})  # fmt: skip
_NEW = frozenset({
    "abs", "all", "any", "bool", "complex", "divmod", "float", "int", "isinstance", "len",
    "pow", "range", "repr", "round", "str", "type", "hash", "new_object",
})  # fmt: skip
_NEW_METHODS = frozenset({
    "all", "any", "argmax", "argmin", "argsort", "copy", "cumprod", "cumsum", "dot",
    "flatten", "format", "item", "join", "max", "mean", "min", "nonzero", "prod", "repeat",
    "round", "std", "sum", "take", "tolist", "trace", "var",
})  # fmt: skip
_NEW_ADJOINTS = frozenset({
    "zeros_like", "zeros_of_entry", "owned", "deep_copy", "matmul_adjoint_a", "matmul_adjoint_b",
    "dot_adjoint_a", "dot_adjoint_b", "norm_adjoint_x", "cut_out", "last_written", "entry_of",
})  # fmt: skip
_OF_FIRST = frozenset({"unbroadcast", "like", "finished", "reshape_like", "unstack_like"})
_SIZES = frozenset({"shape", "ndim", "size", "dtype", "itemsize", "nbytes"})
_ENTRIES = frozenset({"get", "items", "pop", "popitem", "setdefault", "values"})
_LOOPS = (gast.For, gast.comprehension)
_NUMBERS = frozenset({"len", "int", "float", "bool", "round", "ord"})


def shared_names(function: gast.FunctionDef) -> set[str]:
    """Names of the function whose value another name may see.

    >>> body = tree.parse("s = 0.0; row = a[0]; t = np.exp(a); n = len(a); m = n")
    >>> sorted(shared_names(tree.function_def("f", ["a"], body)))
    ['a', 'row']
    """
    numbers = number_names(function)
    shared = captured_names(function.body) | {
        n for d in _inner_defaults(function) for n in carriers(d)
    }
    loops = {id(n.iter) for n in own_nodes(function.body) if isinstance(n, _LOOPS)}
    for targets, values in bindings(function):
        is_loop = any(id(v) in loops for v in values)
        are_parts = is_loop or any(isinstance(t, gast.Tuple | gast.List) for t in targets)
        held = map(carriers_of_entries if are_parts else carriers, values)
        group = {n.id for t in targets for n in tree.walk(t) if isinstance(n, gast.Name)}
        group = group.union(*held)
        if len(group - numbers) > 1 or (is_loop and any(map(gives_again, values))):
            shared |= group
    return shared - numbers


def names_given(
    function: gast.FunctionDef, wanted: set[str], gives_old: Callable[[Node], bool]
) -> set[str]:
    """Names of these that are bound to what a call, or an operation, gives that may give something of another place.

    >>> (f,) = tree.parse("def f(): y = get()[0]; z = np.exp(y); return z")
    >>> names_given(f, {"y", "z"}, lambda node: tree.called_name(node) == "get")
    {'y'}
    """
    found: set[str] = set()
    for targets, values in bindings(function) if wanted else ():
        written = {n.id for t in targets for n in tree.walk(t) if isinstance(n, gast.Name)}
        if written & wanted - found and any(gives_old(c) for v in values for c in _handing_on(v)):
            found |= written & wanted
    return found


def gives_new(node: Node) -> bool:
    """What is taken of each call where it is not known what it gives: that it is no thing of another place."""
    return False


def _handing_on(node: Any) -> Iterator[Node]:
    """Calls and operations of which the value of an expression may be, or hold, the result."""
    if isinstance(node, gast.Call | gast.BinOp | gast.UnaryOp):
        yield node
    for part in passed_on(node):
        yield from _handing_on(part)


def _inner_defaults(function: gast.FunctionDef) -> list[Node]:
    inner = [n for n in own_nodes(function.body) if isinstance(n, gast.FunctionDef | gast.Lambda)]
    return [d for n in inner for d in (*n.args.defaults, *n.args.kw_defaults) if d is not None]


def bindings(function: gast.FunctionDef) -> list[tuple[list[Node], list[Node]]]:
    """What is bound to what: targets that get the same value, and where it comes from."""
    found: list[tuple[list[Node], list[Node]]] = []
    for node in own_nodes(function.body):
        if isinstance(node, gast.Assign):
            found += _pairs(node.targets, node.value)
        elif isinstance(node, gast.AnnAssign | gast.NamedExpr) and node.value is not None:
            found.append(([node.target], [node.value]))
        elif isinstance(node, gast.For | gast.comprehension):
            found.append(([node.target], [node.iter]))
        elif isinstance(node, gast.withitem) and node.optional_vars is not None:
            found.append(([node.optional_vars], [node.context_expr]))
        elif is_append(node) and isinstance(node.func.value, gast.Name):
            found.append(([node.func.value], node.args))
        elif isinstance(node, gast.AugAssign) and is_container(node.value):
            found.append(([node.target], [node.value]))
    return found


def _pairs(targets: list[Any], value: Any) -> list[tuple[list[Node], list[Node]]]:
    if (
        len(targets) == 1
        and isinstance(targets[0], gast.Tuple | gast.List)
        and isinstance(value, gast.Tuple | gast.List)
    ):
        elements = targets[0].elts
        if len(elements) == len(value.elts) and not any(
            isinstance(e, gast.Starred) for e in (*elements, *value.elts)
        ):
            return [
                pair for t, v in zip(elements, value.elts, strict=True) for pair in _pairs([t], v)
            ]
    if _is_new(value) and len(targets) == 1:
        return [([t], [value]) for t in _elements(targets[0])]
    return [(targets, [value])]


def _elements(target: Any) -> list[Node]:
    return target.elts if isinstance(target, gast.Tuple | gast.List) else [target]


def _is_new(value: Node) -> bool:
    """Whether the parts of a value are new and not the same as each other."""
    return (
        isinstance(value, gast.Call) and not carriers(value) and is_of_module(value.func)
    ) or isinstance(value, gast.Attribute)


def _is_open(node: Any) -> bool:
    return False


def carriers(
    node: Any, arrays: Collection[str] = (), is_apart: Callable[[Any], bool] = _is_open
) -> set[str]:
    """Names with which the value of an expression may share memory.

    `arrays` are names that hold arrays for sure, and what `is_apart` shares memory with nothing.
    """
    if is_apart(node):
        return set()
    if isinstance(node, gast.Name):
        return {node.id}
    found_in = carriers_of_entries if _takes_out(node) else carriers
    return set().union(*(found_in(n, arrays, is_apart) for n in passed_on(node)))


def carriers_of_entries(
    node: Any, arrays: Collection[str] = (), is_apart: Callable[[Any], bool] = _is_open
) -> set[str]:
    """Names with which the entries of a container may share memory: `p` and `q` for `p + q`, which is a container of its own."""
    if is_apart(node):
        return set()
    parts = sources(node)
    if any(isinstance(n, gast.Name) and n.id in arrays for n in parts):
        parts = []
    is_passing = isinstance(node, gast.IfExp | gast.NamedExpr) or _is_regrouping(node)
    if not parts and not is_passing:
        return carriers(node, arrays, is_apart)
    parts = parts or passed_on(node)
    return set().union(*(carriers_of_entries(n, arrays, is_apart) for n in parts))


def _takes_out(node: Any) -> bool:
    """Whether the value of an expression is an entry of what is passed on, or has its entries."""
    if isinstance(node, gast.Subscript):
        return not isinstance(node.slice, gast.Slice)
    return isinstance(node, gast.Starred) or _is_regrouping(node)


def _is_regrouping(node: Any) -> bool:
    """Whether a call gives what is in its arguments: `zip(p, q)`, `max(p)`, `d.values()`, `d.get(k)`."""
    if not isinstance(node, gast.Call):
        return False
    if isinstance(node.func, gast.Attribute):
        is_iterator = path_of(node.func)[:1] == ["itertools"]
        return is_iterator or node.func.attr in _ENTRIES
    function = tree.called_name(node)
    return function in REGROUPING or (function in PICKING and len(node.args) == 1)


def passed_on(node: Any) -> list[Node]:
    """Direct parts of an expression with which its value may share memory; none where it is new, and of a name."""
    if isinstance(node, gast.Attribute):
        return [] if node.attr in _SIZES else [node.value]
    if isinstance(node, gast.Subscript | gast.Starred | gast.NamedExpr):
        return [node.value]
    if isinstance(node, gast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, gast.BoolOp | gast.Dict):  # a key is no array
        return list(node.values)
    if isinstance(node, gast.Tuple | gast.List | gast.Set):
        return list(node.elts)
    if isinstance(node, gast.Call):
        return _passed_on_by_call(node)
    if isinstance(node, COMPREHENSIONS):
        elements = [getattr(node, field) for field in ("elt", "value") if hasattr(node, field)]
        return [*elements, *(g.iter for g in node.generators)]
    return joined_parts(node)


def _passed_on_by_call(node: Any) -> list[Node]:
    is_choice = isinstance(node.func, gast.Name) and node.func.id in ("max", "min", "sorted")
    given = [k.value for k in node.keywords if not (is_choice and k.arg == "key")]
    arguments = [*node.args, *given]
    arguments = [a.body if isinstance(a, gast.Lambda) else a for a in arguments]
    path, out = path_of(node.func), out_position(node, is_array=True)
    if out is not None and out < len(node.args) and not isinstance(node.args[out], gast.Constant):
        return arguments
    if parts := joined_parts(node):
        return parts
    if path[:1] == ["itertools"]:
        return arguments
    if is_of_module(node.func):
        copies = any(
            k.arg in ("copy", "out") and not tree.is_constant(k.value, True) for k in node.keywords
        )
        is_same = path[-1] in _VIEWS or copies or _may_be_first(node)
        return arguments if is_same else _edges(node)
    if path and path[0] == "backends":  # in generated code, which is differentiated once more
        if path[-1] in _OF_FIRST:
            return arguments[:1]
        return [] if path[-1] in _NEW_ADJOINTS else arguments
    if isinstance(node.func, gast.Name):
        if node.func.id == "dict" and len(arguments) == 1 and _pairs_two(arguments[0]):
            return [arguments[0].args[1]]
        is_sum = node.func.id == "sum" and len(arguments) == 1  # of 0 and the first
        return [] if node.func.id in _NEW or is_sum else arguments
    if isinstance(node.func, gast.Attribute):
        is_cast = node.func.attr == "astype" and not node.keywords and len(node.args) < 5
        copies = node.func.attr in _NEW_METHODS or is_cast
        return [] if copies else [*arguments, node.func.value]
    return [*arguments, node.func.body if isinstance(node.func, gast.Lambda) else node.func]


def _edges(node: gast.Call) -> list[Node]:
    """The edges that a histogram is handed: it gives them back."""
    if not path_of(node.func)[-1].startswith("histogram"):
        return []
    given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "bins")]
    return [e for e in given if not isinstance(e, gast.Constant)]


def _pairs_two(node: Any) -> bool:
    """Whether it is `zip(keys, values)`."""
    return tree.called_name(node) == "zip" and len(node.args) == 2


def _may_be_first(node: gast.Call) -> bool:
    """Whether a function that makes a new array for most arguments may hand the first one back, or a view of it."""
    path = path_of(node.func)
    if path[-1] == "einsum":
        return len(node.args) == 2
    last_same = {"diff": 0, "matrix_power": 1, "polyder": 0, "polyint": 0}.get(path[-1])
    count = next((k.value for k in node.keywords if k.arg in ("n", "m")), None)
    count = node.args[1] if len(node.args) > 1 else count
    if last_same is None or count is None:
        return False
    return not (isinstance(count, gast.Constant) and count.value > last_same)


def linked_names(function: gast.FunctionDef, names: set[str]) -> set[str]:
    """These names, and those that may stand for the same array or list, or have it inside."""
    groups = [
        {n for t in targets for n in tree.names_written(t)}.union(*map(carriers, values))
        for targets, values in bindings(function)
    ]
    local = bound_names(function.body) | set(parameters(function))
    found = names & local
    while more := {n for g in groups if g & found for n in g & local} - found:
        found |= more
    return found


def number_names(function: gast.FunctionDef) -> set[str]:
    """Names that can only hold Python numbers: counters, sizes, and what is computed from them."""
    values: dict[str, list[Node]] = {}
    for name, value in _number_bindings(function):
        values.setdefault(name, []).append(value)
    stores = Counter(
        n.id
        for n in own_nodes(function.body)
        if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)
    )
    numbers = {n for n, v in values.items() if len(v) == stores[n]} - set(parameters(function))
    while True:
        kept = {n for n in numbers if all(_is_number(v, numbers) for v in values[n])}
        if kept == numbers:
            return numbers
        numbers = kept


def _number_bindings(function: gast.FunctionDef) -> list[tuple[str, Node]]:
    """Each place that binds one plain name to the value of an expression."""
    found: list[tuple[str, Node]] = []
    for node in own_nodes(function.body):
        if isinstance(node, gast.Assign):
            for targets, values in [pair for t in node.targets for pair in _pairs([t], node.value)]:
                found += [(targets[0].id, values[0])] if isinstance(targets[0], gast.Name) else []
        elif isinstance(node, gast.AugAssign | gast.AnnAssign | gast.NamedExpr) and isinstance(
            node.target, gast.Name
        ):
            found += [(node.target.id, node.value)] if node.value is not None else []
        elif isinstance(node, gast.For | gast.comprehension):
            found += _counted(node)
    return found


def _counted(node: Any) -> list[tuple[str, Node]]:
    """The counter of a loop over `range` or `enumerate`."""
    function = tree.called_name(node.iter)
    if function == "range" and isinstance(node.target, gast.Name):
        return [(node.target.id, tree.constant(0))]
    if (
        function == "enumerate"
        and isinstance(node.target, gast.Tuple)
        and isinstance(node.target.elts[0], gast.Name)
    ):
        return [(node.target.elts[0].id, tree.constant(0))]
    return []


def _is_number(node: Any, numbers: set[str]) -> bool:
    if isinstance(node, gast.Constant):
        return isinstance(node.value, int | float | complex)
    if isinstance(node, gast.Name):
        return node.id in numbers
    if isinstance(node, gast.BinOp):
        return _is_number(node.left, numbers) and _is_number(node.right, numbers)
    if isinstance(node, gast.UnaryOp):
        return _is_number(node.operand, numbers)
    if isinstance(node, gast.IfExp):
        return _is_number(node.body, numbers) and _is_number(node.orelse, numbers)
    if isinstance(node, gast.Attribute):
        return node.attr in ("ndim", "size")
    if isinstance(node, gast.Subscript):
        return (
            isinstance(node.value, gast.Attribute)
            and node.value.attr == "shape"
            and isinstance(node.slice, gast.Constant)
        )
    return tree.called_name(node) in _NUMBERS
