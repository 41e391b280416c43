"""Functions of Python that call functions, and the plain loops that stand for them in a differentiated function.

reduce(f, xs)   ->   sequences.reduced(f, xs)
"""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from knetsrc.backends import cut_out, put_back, sequences, undoing, with_buffer
from knetsrc.backends.checks import array_with_method, without_field, without_member

_BY_COUNT: dict[Any, dict[int, Callable[..., Any]]] = {
    map: {2: sequences.mapped, 3: sequences.mapped_pairs},
    filter: {2: sequences.filtered},
    functools.reduce: {2: sequences.reduced, 3: sequences.reduced_from},
    itertools.accumulate: {1: sequences.accumulated, 2: sequences.accumulated},
    itertools.starmap: {2: sequences.starmapped},
    itertools.takewhile: {2: sequences.taken_while},
    itertools.dropwhile: {2: sequences.dropped_while},
    itertools.filterfalse: {2: sequences.left_out},
    np.apply_along_axis: {3: sequences.applied_along},
}
_BY_KEY: dict[Any, Callable[..., Any]] = {
    sorted: sequences.sorted_by,
    max: sequences.largest_by,
    min: sequences.smallest_by,
}
# what `np.vectorize(f)` computes, by the number of its arguments
VECTORIZED: tuple[Callable[..., Any], ...] = (sequences.vectorized, sequences.vectorized_pairs)
_ENDLESS = (itertools.count, itertools.cycle, itertools.repeat)
# lists of what iterators give, by the function that makes the iterator
LISTS: dict[Any, Callable[..., Any]] = {
    itertools.chain: sequences.chained,
    itertools.chain.from_iterable: sequences.chained_from,
    itertools.combinations: sequences.combined,
    itertools.combinations_with_replacement: sequences.recombined,
    itertools.compress: sequences.compressed,
    itertools.islice: sequences.sliced,
    itertools.pairwise: sequences.paired,
    itertools.permutations: sequences.permuted,
    itertools.product: sequences.products,
    itertools.zip_longest: sequences.zipped_longest,
}
# other functions that give lists, by what they go through
IN_ORDER: dict[Any, Callable[..., Any]] = {sorted: sequences.in_order}
# what makes an object that can be gone through once
ONCE = (
    *LISTS, map, filter, zip, enumerate, reversed, itertools.accumulate, itertools.starmap,
    itertools.takewhile, itertools.dropwhile, itertools.filterfalse, *_ENDLESS, np.ndenumerate,
    np.nditer, np.ndindex,
)  # fmt: skip
UNZIPPED = sequences.unzipped  # `zip(*rows)`
# `map(kind, xs)`, by the type
CONVERTED: dict[Any, Callable[..., Any]] = {
    float: sequences.floats, list: sequences.lists, tuple: sequences.tuples,
}  # fmt: skip
COLUMNS = sequences.columns  # `np.c_[a, b]`
ARRAY_WITH_METHOD = array_with_method  # `x.reshape(n, p[0])` of what may be a module
WITHOUT_MEMBER = (
    without_member  # an operation of what may be an object that says itself what it does
)
WITHOUT_FIELD = without_field  # `p.shape` of what may be an object that holds a `shape`
EQUIVALENTS: frozenset[Callable[..., Any]] = frozenset({
    *(f for known in _BY_COUNT.values() for f in known.values()),
    *_BY_KEY.values(),
    sequences.accumulated_from,
    sequences.columns,
    *VECTORIZED,
})  # fmt: skip

# helpers of generated source, by what is differentiated in their place for second derivatives
DIFFERENTIATED_AS: dict[Callable[..., Any], Callable[..., Any]] = {
    put_back: undoing.put_back_entry,
    cut_out: undoing.cut_out_entry,
    with_buffer: undoing.same_buffer,
}


def equivalent(function: Any, node: gast.Call) -> Callable[..., Any] | None:
    """The plain function for a call of `function`; None if there is none."""
    if any(isinstance(a, gast.Starred) for a in node.args):
        return None
    options = [k.arg for k in node.keywords]
    if function is itertools.accumulate and options == ["initial"] and len(node.args) == 2:
        return sequences.accumulated_from
    for known, counts in _BY_COUNT.items():
        if function is known and not options:
            return counts.get(len(node.args))
    for known, plain in _BY_KEY.items():
        allowed = ("key", "reverse") if known is sorted else ("key",)
        if function is known and "key" in options and len(node.args) == 1:
            return plain if set(options) <= set(allowed) else None
    return None


def is_endless(function: Any) -> bool:
    """Whether a function makes an iterator that does not come to an end, or may not."""
    return any(function is known for known in _ENDLESS)
