"""Which names stand for arrays and containers that a statement changes in place.

a[i] = e        a
a[1:][i] += e   a
xs.append(e)    xs
"""

from collections import Counter
from collections.abc import Iterable

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, changed_by_call, stored_to
from knetsrc.transform.analysis.bases import base_of, is_view, viewed


def changed_names(nodes: tree.Node | Iterable[tree.Node]) -> set[str]:
    """Names of what these statements change in place: elements written, lists that grow, arguments of calls."""
    found = {stored_to(n) or appended_to(n) for n in tree.walk(nodes)}
    found |= {base_of(place) for n in tree.walk(nodes) for place in changed_by_call(n)}
    return {text for text in found if text is not None}


def stored_names(nodes: tree.Node | Iterable[tree.Node]) -> set[str]:
    """Names of the arrays and containers of which these statements write elements."""
    return {text for n in tree.walk(nodes) if (text := stored_to(n)) is not None}


def target_of(node: tree.Node) -> tree.Node:
    """What a statement writes to."""
    return node.target if isinstance(node, gast.AugAssign) else node.targets[0]


def path_of(target: tree.Node) -> tuple[tree.Node, ...]:
    """The parts of a target, the first one next to the name: its subscripts, and views such as `a.T` in `a.T[0]`."""
    path: list[tree.Node] = []
    while isinstance(target, gast.Subscript) or is_view(target):
        path.insert(0, target)
        target = viewed(target) if isinstance(target, gast.Call) else target.value
    return tuple(path)


def index_of(target: tree.Node) -> tree.Node:
    """The index of what is written, without the mark of a write by a call: see `normalize.call_writes`."""
    parts = target.slice.elts if isinstance(target.slice, gast.Tuple) else [target.slice]
    if not parts or not tree.is_name(parts[-1], "Ellipsis"):
        return target.slice
    if len(parts) == 1:
        return tree.constant(Ellipsis)
    return parts[0] if len(parts) == 2 else tree.tuple_of(parts[:-1])


def is_by_call(target: tree.Node) -> bool:
    """Whether an array is written by a call: `np.exp(x, out=y)`."""
    return index_of(target) is not target.slice


def as_argument(index: tree.Node) -> tree.Node:
    """An index as an expression: `slice(1, None)` for `1:`, `order[i:]` as it is."""
    if isinstance(index, gast.Tuple):
        return tree.at(tree.tuple_of(map(as_argument, index.elts)), index)
    if not isinstance(index, gast.Slice):
        return tree.clone(index)
    none = tree.constant(None)
    bounds = [index.lower or none, index.upper or none, index.step]
    return tree.at(tree.call("slice", *(b for b in bounds if b is not None)), index)


_MAY_COPY = frozenset({"reshape", "ravel", "asarray", "asanyarray", "ascontiguousarray"})


def may_copy(part: tree.Node) -> bool:
    """Whether it depends on an array if this is a view of it: `a.reshape(2, 3)`."""
    return isinstance(part, gast.Call) and part.func.attr in _MAY_COPY


def as_read(target: tree.Node) -> tree.Node:
    """The value at the place that a target names."""
    return tree.subscript(tree.clone(target.value), tree.clone(index_of(target)))


def sliced_arrays(function: gast.FunctionDef) -> frozenset[str]:
    """Names of which slices are read, and those that are computed from such slices: if not containers, they are arrays.

    >>> (f,) = tree.parse("def f(u, k):\\n b = k * u[1:]\\n c = u[0]\\n return b * c")
    >>> sorted(sliced_arrays(f))
    ['b', 'u']
    """
    found = {
        n.value.id
        for n in tree.walk(function.body)
        if isinstance(n, gast.Subscript) and _is_slice(n) and isinstance(n.value, gast.Name)
    }
    for node in tree.walk(function.body):
        if isinstance(node, gast.Assign) and isinstance(node.value, gast.BinOp):
            if isinstance(node.targets[0], gast.Name) and any(
                map(_is_slice, tree.walk(node.value))
            ):
                found.add(node.targets[0].id)
    return frozenset(found)


def _is_slice(node: tree.Node) -> bool:
    if not isinstance(node, gast.Subscript):
        return False
    return any(isinstance(n, gast.Slice) for n in tree.walk(node.slice))


def sure_arrays(function: gast.FunctionDef) -> set[str]:
    """Names with elements that are written, which stand for an array or a container wherever they are bound.

    >>> (f,) = tree.parse("def f(a, b, c):\\n a[0] = 1\\n b = np.zeros(3)\\n b[0] = c\\n d = b\\n d[1] = 2\\n return b")
    >>> sorted(sure_arrays(f))
    ['a', 'd']
    """
    names = [n for n in tree.walk(function) if isinstance(n, gast.Name)]
    times = Counter(n.id for n in names if not isinstance(n.ctx, gast.Load))
    copies: dict[str, list[str]] = {}
    for node in tree.walk(function.body):
        if isinstance(node, gast.Assign) and isinstance(node.value, gast.Name):
            for text in tree.names_written(node):
                copies.setdefault(text, []).append(node.value.id)
    written = stored_names(function.body)
    once = {n for n in written if times[n] == 1}
    found = once | {n for n in copies if len(copies[n]) == times[n]}
    while True:
        kept = {n for n in found if n in once or found.issuperset(copies[n])}
        if kept == found:
            return found & written
        found = kept
