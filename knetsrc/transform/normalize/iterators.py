"""Loops over iterators of `itertools` and of NumPy, as loops that count or choose indices.

for a, b in combinations(xs, 2):       for i, j in combinations(range(len(xs)), 2):   a = xs[i]; b = xs[j]
for a, b in pairwise(xs):              for i in range(len(xs) - 1):                   a = xs[i]; b = xs[i + 1]
for (i, j), a in np.ndenumerate(x):    for i, j in np.ndindex(np.shape(x)):           a = x[i, j]
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.tree import Node

_CHOOSING = frozenset({"combinations", "permutations", "combinations_with_replacement"})
_MOST = 4  # elements that are chosen at once and written out


@dataclass(frozen=True)
class Sequence:
    """One sequence, or several that are gone through together, and the element at an index.

    Attributes
    ----------
    lengths
        The loop ends after the shortest; without any it does not end.
    """

    lengths: tuple[Node, ...]
    element: Callable[[Node], Node]


@dataclass(frozen=True)
class Choosing:
    """A loop over indices that something else than a range gives."""

    iterable: Node
    target: Node
    element: Node


def iterator_of(node: Any) -> str | None:
    """`itertools.product` for a call of it, `np.ndindex` for one of that; None for other calls."""
    function: Any = node.func if isinstance(node, gast.Call) else None
    is_member = isinstance(function, gast.Attribute) and isinstance(function.value, gast.Name)
    if not is_member or function.value.id not in ("itertools", "np"):
        return None
    return f"{function.value.id}.{function.attr}"


def is_unzipping(node: Any) -> bool:
    """Whether a call of `zip` is `zip(*rows)`."""
    return len(node.args) == 1 and isinstance(node.args[0], gast.Starred) and not node.keywords


def counted(
    node: Any, inner: Callable[[Node], Sequence], bound: Callable[[Node, str], Node]
) -> Sequence | None:
    """An iterator whose elements are found by their number; None for others."""
    kind, args = iterator_of(node), getattr(node, "args", [])
    if kind is None or node.keywords or any(isinstance(a, gast.Starred) for a in args):
        return None
    one = tree.constant(1)
    if kind == "itertools.pairwise":
        pairs = inner(args[0])
        lengths = tuple(tree.binary(length, "-", one) for length in pairs.lengths)
        return Sequence(
            lengths,
            lambda i: tree.tuple_of([pairs.element(i), pairs.element(tree.binary(i, "+", one))]),
        )
    if kind == "itertools.repeat":
        value = bound(args[0], "repeated")
        return Sequence(tuple(args[1:]), lambda i: tree.clone(value))
    if kind == "itertools.count":
        start, step = [*args, *[tree.constant(0), one][len(args) :]]
        start, step = bound(start, "start"), bound(step, "step")
        return Sequence((), lambda i: _line(start, step, i))
    if kind == "itertools.islice" and 2 <= len(args) <= 3 and not _may_be_none(args[1:]):
        items = inner(args[0])
        if len(args) == 2:
            return Sequence((*items.lengths, args[1]), items.element)
        first, end = bound(args[1], "start"), args[2]
        lengths = tuple(tree.binary(n, "-", first) for n in (*items.lengths, end))
        return Sequence(lengths, lambda i: items.element(_line(first, one, i)))
    return None


def _may_be_none(bounds: list[Node]) -> bool:
    return any(tree.is_constant(b, None) for b in bounds)


def _line(start: Node, step: Node, i: Node) -> Node:
    """`start + step * i`."""
    steps = i if tree.is_number(step, 1) else tree.binary(tree.clone(step), "*", i)
    return steps if tree.is_number(start, 0) else tree.binary(tree.clone(start), "+", steps)


def choosing(
    node: Any, target: Any, bound: Callable[[Node, str], Node], names: Names, spell: Any
) -> Choosing | None:
    """A loop over pairs, triples or indices of an array; None for others."""
    kind = iterator_of(node)
    if kind is None or any(isinstance(a, gast.Starred) for a in node.args):
        return None
    if kind in ("np.ndenumerate", "np.nditer") and len(node.args) == 1:
        return _over_elements(kind, node, target, bound, names, spell)
    number = _chosen(kind.removeprefix("itertools."), node)
    if number is None:
        return None
    pools = [a if _is_range(a) else bound(a, "items") for a in _pools_of(node)]
    pools = [p for _ in range(number) for p in pools]
    wanted = _elements(target, len(pools))
    indices = [_index(p, t, names) for p, t in zip(pools, wanted, strict=True)]
    pairs = list(zip(pools, indices, strict=True))
    read = [tree.name(i) if _is_range(p) else tree.subscript(p, tree.name(i)) for p, i in pairs]
    ranges = [p if _is_range(p) else tree.call("range", tree.call("len", p)) for p in pools]
    rest = [] if kind == "itertools.product" else node.args[1:]
    iterable = tree.call(node.func, *(ranges if not rest else [ranges[0], *rest]))
    chosen = Choosing(iterable, tree.tuple_of(map(tree.store, indices)), tree.tuple_of(read))
    return Choosing(*(tree.clone(part) for part in vars(chosen).values()))


def _is_range(pool: Node) -> bool:
    return tree.called_name(pool) == "range"


def _index(pool: Node, target: Any, names: Names) -> str:
    """The name of an index; that of the element itself, if it is one of a range."""
    if not isinstance(target, gast.Name) or target.id == "_":
        return names.fresh("index")
    return str(target.id) if _is_range(pool) else names.fresh(f"{target.id}_index")


def _pools_of(node: Any) -> list[Node]:
    """Where elements are taken from."""
    return list(node.args if node.func.attr == "product" else node.args[:1])


def _chosen(kind: str, node: Any) -> int | None:
    """How many elements are taken from each pool; None where that is not known, or too many."""
    options = {k.arg: k.value for k in node.keywords}
    if kind == "product":
        size, pools = options.pop("repeat", tree.constant(1)), len(node.args)
    elif kind in _CHOOSING and len(node.args) == 2:
        size, pools = node.args[1], 1
    else:
        return None
    if options or not isinstance(size, gast.Constant) or not isinstance(size.value, int):
        return None
    return size.value if 1 <= size.value * pools <= _MOST else None


def _over_elements(
    kind: str, node: Any, target: Any, bound: Any, names: Names, spell: Any
) -> Choosing | None:
    """The elements of an array: in the order of their indices, or for `nditer` as they lie in memory."""
    if node.keywords or isinstance(node.args[0], gast.List | gast.Tuple):
        return None
    array = bound(node.args[0], "entries")
    index = _elements(target, 2)[0] if kind == "np.ndenumerate" else None
    is_named = index is not None and not tree.is_name(index, "_") and _is_of_names(index)
    place = tree.clone(index) if is_named else tree.store(names.fresh("index"))
    read = tree.rewrite(place, {gast.Name: lambda n: tree.name(n.id)})
    if isinstance(read, gast.Tuple):
        read = tree.tuple_of(read.elts)
    value = tree.subscript(array, read)
    if kind == "np.nditer":
        return Choosing(tree.call(spell("memory_order"), tree.clone(array)), place, value)
    indices = tree.call("np.ndindex", tree.call("np.shape", tree.clone(array)))
    return Choosing(indices, place, tree.clone(tree.tuple_of([read, value])))


def _is_of_names(target: Any) -> bool:
    parts = target.elts if isinstance(target, gast.Tuple) else [target]
    return all(isinstance(part, gast.Name) for part in parts)


def _elements(target: Any, count: int) -> list[Any]:
    is_split = isinstance(target, gast.Tuple) and len(target.elts) == count
    return list(target.elts) if is_split else [None] * count


__all__ = ["Choosing", "Sequence", "choosing", "counted", "iterator_of"]
