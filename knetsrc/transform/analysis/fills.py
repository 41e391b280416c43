"""Which writes in loops overwrite nothing that was read before: these save nothing.

for i in range(n):
    y[i + 1] = np.sin(y[i])     each element is written once, and read after that

The question is one of times: a read of `y[i + k]` sees what a write of `y[i + c]` left if that ran in an earlier iteration, and one
of `y[:i]` what all those before have left. Indices of several loops are compared one after the other, from the outermost loop
in. Negative indices count from the end: where one may occur, nothing is known.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import stored_to
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.stores import index_of, path_of, target_of
from knetsrc.transform.normalize.scopes import blocks, parameters

_SHAPES = frozenset({"shape", "ndim", "size", "dtype"})


class Counter(NamedTuple):
    """A loop over a range: its variable, the least value of it, and whether it counts up (1) or down (-1)."""

    text: str
    least: int
    direction: int


@dataclass(frozen=True)
class _Access:
    """A read or a write: where it stands, in which loops, and its indices next to the name."""

    order: int
    loops: tuple[tree.Node, ...]
    index: tuple[tree.Node, ...]
    statement: tree.Node


def filling_writes(function: gast.FunctionDef, names: Iterable[str]) -> frozenset[int]:
    """Ids of the statements that write elements of which the earlier value is read nowhere.

    Parameters
    ----------
    function
        A function in the core language.
    names
        Names of arrays that share memory with nothing else.

    >>> code = "def f(x, n):\\n y = np.zeros(n)\\n for i in range(1, n):\\n  y[i] = y[i - 1] * x\\n return y"
    >>> (function,) = tree.parse(code)
    >>> len(filling_writes(function, ["y"]))
    1
    """
    bound = bound_values(function)
    found: set[int] = set()
    for text in names:
        times = len(bound.get(text, ())) + (text in parameters(function))
        if times == 1:
            found |= _Fills(function, text).found()
    return frozenset(found)


class _Fills:
    """The accesses to one array."""

    def __init__(self, function: gast.FunctionDef, text: str) -> None:
        self.text = text
        self.reads: list[_Access] = []
        self.writes: list[_Access] = []
        self.bound_in: tuple[tree.Node, ...] = ()
        self.order = 0
        self.block(function.body, ())

    def found(self) -> set[int]:
        return {id(w.statement) for w in self.writes if self._fills(w)}

    # --- accesses in the order of the text -----------------------------------------------------------------------------------
    def block(self, body: list[Any], loops: tuple[tree.Node, ...]) -> None:
        for node in body:
            self.order += 1
            if isinstance(node, gast.For | gast.While):
                head = node.iter if isinstance(node, gast.For) else node.test
                inside = (*loops, node)
                self._read([head], loops if isinstance(node, gast.For) else inside, node)
                self.block(node.body, inside)
            elif any(inner := blocks(node)):
                self._read(_heads(node), loops, node)
                for block in inner:
                    self.block(block, loops)
            else:
                self._statement(node, loops)

    def _statement(self, node: Any, loops: tuple[tree.Node, ...]) -> None:
        if stored_to(node) == self.text:
            target = target_of(node)
            self._read([node.value, *_indices(path_of(target))], loops, node)
            if len(path_of(target)) == 1:
                self.writes.append(_Access(self.order, loops, _parts(index_of(target)), node))
            return
        if self.text in tree.names_written(node):
            self.bound_in = loops
        self._read([node], loops, node)

    def _read(self, nodes: list[Any], loops: tuple[tree.Node, ...], statement: Any) -> None:
        for index in _reads(nodes, self.text):
            self.reads.append(_Access(self.order, loops, index, statement))

    # --- one write ------------------------------------------------------------------------------------------------------------
    def _fills(self, write: _Access) -> bool:
        loops = write.loops[len(self.bound_in) :]
        counters = [c for node in loops if (c := counter_of(node)) is not None]
        texts = [c.text for c in counters]
        if not loops or len(set(texts)) < len(loops):
            return False
        places = [_place(write.index, c, texts) for c in counters]
        if None in places:
            return False
        known = [(c, *place) for c, place in zip(counters, places, strict=True) if place]
        if any(c.least + shift < 0 for c, _, shift in known):
            return False
        return all(self._is_later(read, write, loops, known) for read in self.reads)

    def _is_later(
        self,
        read: _Access,
        write: _Access,
        loops: tuple[tree.Node, ...],
        known: list[tuple[Counter, int, int]],
    ) -> bool:
        """Whether a read sees what the write has left, or an element that it never writes."""
        inner = read.loops[len(self.bound_in) :]
        common = 0
        while common < min(len(inner), len(loops)) and inner[common] is loops[common]:
            common += 1
        if not common:
            return read.order > write.order
        texts = [c.text for c, _, _ in known]
        for counter, place, shift in known[:common]:
            last = _last_read(read.index, place, counter, texts)
            if last is None:
                return False
            other, least = last
            ahead = (other - shift) * counter.direction
            if ahead or least < 0:
                return ahead < 0 <= least
        return read.order > write.order


def counter_of(node: tree.Node) -> Counter | None:
    """What a loop counts, if the least value of it is known."""
    if not isinstance(node, gast.For) or not isinstance(node.target, gast.Name):
        return None
    ranged, direction = node.iter, 1
    if tree.called_name(ranged) == "reversed" and len(ranged.args) == 1:
        ranged, direction = ranged.args[0], -1
    if tree.called_name(ranged) != "range" or ranged.keywords:
        return None
    bounds = [tree.integer_of(a) for a in ranged.args]
    if len(bounds) < 3:
        least = 0 if len(bounds) == 1 else bounds[0]
        return None if least is None else Counter(node.target.id, least, direction)
    if len(bounds) > 3 or not bounds[2]:
        return None
    if bounds[2] > 0:
        return None if bounds[0] is None else Counter(node.target.id, bounds[0], direction)
    return None if bounds[1] is None else Counter(node.target.id, bounds[1] + 1, -direction)


def _place(
    index: tuple[tree.Node, ...], counter: Counter, texts: list[str]
) -> tuple[int, int] | None:
    """The place of an index that is a counter and a constant, and that constant."""
    for place in range(len(index)):
        shift = _shift(index, place, counter, texts)
        if shift is not None:
            return place, shift
    return None


def _last_read(
    index: tuple[tree.Node, ...], place: int, counter: Counter, texts: list[str]
) -> tuple[int, int] | None:
    """Which of the elements that are read is written last, next to the counter, and the least value of that index.

    Those of `x[i + 1:]` have been written before `x[i + 1]` where `i` counts down, those of `x[:i]` before `x[i - 1]` where it
    counts up.
    """
    part = index[place] if len(index) > place else None
    if not isinstance(part, gast.Slice):
        shift = _shift(index, place, counter, texts)
        return None if shift is None else (shift, counter.least + shift)
    is_known = part.step is None and all(_is_dimension(p, texts) for p in index[:place])
    bound = _shift_of(part.upper if counter.direction > 0 else part.lower, counter.text)
    if not is_known or bound is None:
        return None
    return bound - (counter.direction > 0), counter.least + bound


def _shift(
    index: tuple[tree.Node, ...], place: int, counter: Counter, texts: list[str]
) -> int | None:
    """`-1` for the index `i - 1`; None for what is no such sum, or stands behind what may be no single dimension."""
    if len(index) <= place or not all(_is_dimension(part, texts) for part in index[:place]):
        return None
    return _shift_of(index[place], counter.text)


def _is_dimension(part: tree.Node, texts: list[str]) -> bool:
    is_counted = any(_shift_of(part, text) is not None for text in texts)
    return isinstance(part, gast.Slice) or tree.integer_of(part) is not None or is_counted


def _shift_of(part: Any, text: str) -> int | None:
    if tree.is_name(part, text):
        return 0
    if not isinstance(part, gast.BinOp):
        return None
    left, right = part.left, part.right
    if isinstance(part.op, gast.Add):
        value = right if tree.is_name(left, text) else left if tree.is_name(right, text) else None
        return tree.integer_of(value)
    if isinstance(part.op, gast.Sub) and tree.is_name(left, text):
        shift = tree.integer_of(right)
        return None if shift is None else -shift
    return None


def _parts(index: tree.Node) -> tuple[tree.Node, ...]:
    return tuple(index.elts) if isinstance(index, gast.Tuple) else (index,)


def _reads(nodes: Iterable[Any], text: str) -> Iterator[tuple[tree.Node, ...]]:
    """The index of each read of an element of an array; no index for the whole of it."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, gast.Attribute) and node.attr in _SHAPES and tree.is_name(node.value):
            continue
        if tree.called_name(node) == "len" and tree.is_name(node.args[0]):
            continue
        if isinstance(node, gast.Subscript):
            first, *rest = path_of(node)
            if isinstance(first, gast.Subscript) and tree.is_name(first.value, text):
                yield _parts(first.slice)
                stack += _indices([first, *rest])
                continue
        if isinstance(node, gast.Name) and node.id == text and isinstance(node.ctx, gast.Load):
            yield ()
        stack += tree.children(node)


def _indices(path: Iterable[Any]) -> list[Any]:
    """What the parts of a target are computed from: indices, and arguments as of `reshape`."""
    found: list[Any] = []
    for part in path:
        found += [part.slice] if isinstance(part, gast.Subscript) else getattr(part, "args", [])
    return found


def _heads(node: Any) -> list[Any]:
    head = getattr(node, "test", None)
    return [head] if head is not None else [i.context_expr for i in getattr(node, "items", [])]
