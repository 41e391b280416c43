"""Functions of Python that call functions, and the plain loops that stand for them in a differentiated function.

reduce(f, xs)   ->   sequences.reduced(f, xs)
"""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import gast

from knetsrc.backends import sequences

_BY_COUNT: dict[Any, dict[int, Callable[..., Any]]] = {
    map: {2: sequences.mapped, 3: sequences.mapped_pairs},
    filter: {2: sequences.filtered},
    functools.reduce: {2: sequences.reduced, 3: sequences.reduced_from},
    itertools.accumulate: {1: sequences.accumulated, 2: sequences.accumulated},
}
_BY_KEY: dict[Any, Callable[..., Any]] = {
    sorted: sequences.sorted_by,
    max: sequences.largest_by,
    min: sequences.smallest_by,
}
EQUIVALENTS = frozenset(
    {*(f for known in _BY_COUNT.values() for f in known.values()), *_BY_KEY.values()}
)


def equivalent(function: Any, node: gast.Call) -> Callable[..., Any] | None:
    """The plain function for a call of `function`; None if there is none."""
    if any(isinstance(a, gast.Starred) for a in node.args):
        return None
    options = [k.arg for k in node.keywords]
    for known, counts in _BY_COUNT.items():
        if function is known and not options:
            return counts.get(len(node.args))
    for known, plain in _BY_KEY.items():
        if function is known and options == ["key"] and len(node.args) == 1:
            return plain
    return None
