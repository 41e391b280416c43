"""`map`, `reduce`, `itertools` and their kin as plain loops: generated code calls these, or has their gradient by their source."""

import itertools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Function = Callable[..., Any]


def mapped(function: Function, items: Iterable[Any]) -> list[Any]:
    """`map(function, items)` as a list."""
    return [function(item) for item in items]


def mapped_pairs(function: Function, first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    """`map(function, first, second)` as a list."""
    return [function(a, b) for a, b in zip(first, second, strict=False)]


def filtered(function: Function, items: Iterable[Any]) -> list[Any]:
    """`filter(function, items)` as a list."""
    return [item for item in items if function(item)]


def reduced(function: Function, items: Sequence[Any]) -> Any:
    """`functools.reduce(function, items)`."""
    value = items[0]
    for i in range(1, len(items)):
        value = function(value, items[i])
    return value


def reduced_from(function: Function, items: Iterable[Any], value: Any) -> Any:
    """`functools.reduce(function, items, value)`."""
    for item in items:
        value = function(value, item)
    return value


def accumulated(items: Sequence[Any], function: Function = operator.add) -> list[Any]:
    """`itertools.accumulate(items, function)` as a list."""
    value = items[0]
    values = [value]
    for i in range(1, len(items)):
        value = function(value, items[i])
        values.append(value)
    return values


def sorted_by(items: Sequence[Any], key: Function) -> list[Any]:
    """`sorted(items, key=key)`."""
    keys = [key(item) for item in items]
    return [items[i] for i in order_of(keys)]


def largest_by(items: Sequence[Any], key: Function) -> Any:
    """`max(items, key=key)`: the first of the largest."""
    keys = [key(item) for item in items]
    return items[order_of(keys, largest=True)[0]]


def smallest_by(items: Sequence[Any], key: Function) -> Any:
    """`min(items, key=key)`: the first of the smallest."""
    keys = [key(item) for item in items]
    return items[order_of(keys)[0]]


def order_of(keys: Sequence[Any], largest: bool = False) -> list[int]:
    """Where the elements of a sequence stand in the order of their keys; equal keys keep their order."""
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=largest)


def memory_order(x: Any) -> list[tuple[int, ...]]:
    """Indices of the elements of an array, in the order in which `np.nditer(x)` goes through them."""
    walk = np.nditer(x, flags=["multi_index"])
    return [walk.multi_index for _ in walk]


def is_sequence(value: Any) -> bool:
    """Whether a pattern `[a, b]` of a `match` may match a value: a sequence, but no text and no array."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def is_mapping(value: Any) -> bool:
    """Whether a pattern `{"a": a}` of a `match` may match a value."""
    return isinstance(value, Mapping)


# --- iterators of itertools, as lists -------------------------------------------------------------
def accumulated_from(items: Iterable[Any], function: Function, *, initial: Any) -> list[Any]:
    """`itertools.accumulate(items, function, initial=initial)` as a list."""
    value = initial
    values = [value]
    for item in items:
        value = function(value, item)
        values.append(value)
    return values


def starmapped(function: Function, rows: Iterable[Any]) -> list[Any]:
    """`itertools.starmap(function, rows)` as a list."""
    return [function(*row) for row in rows]


def taken_while(function: Function, items: Iterable[Any]) -> list[Any]:
    """`itertools.takewhile(function, items)` as a list."""
    values = []
    for item in items:
        if not function(item):
            break
        values.append(item)
    return values


def dropped_while(function: Function, items: Iterable[Any]) -> list[Any]:
    """`itertools.dropwhile(function, items)` as a list."""
    values = []
    is_kept = False
    for item in items:
        if not is_kept:
            is_kept = not function(item)
        if is_kept:
            values.append(item)
    return values


def left_out(function: Function, items: Iterable[Any]) -> list[Any]:
    """`itertools.filterfalse(function, items)` as a list."""
    return [item for item in items if not function(item)]


def chained(*parts: Iterable[Any]) -> list[Any]:
    """`itertools.chain(*parts)` as a list."""
    return [item for part in parts for item in part]


def chained_from(parts: Iterable[Iterable[Any]]) -> list[Any]:
    """`itertools.chain.from_iterable(parts)` as a list."""
    return [item for part in parts for item in part]


def products(*pools: Sequence[Any], repeat: int = 1) -> list[Any]:
    """`itertools.product(*pools, repeat=repeat)` as a list."""
    rows = itertools.product(*[range(len(pool)) for pool in pools], repeat=repeat)
    return [tuple([pools[k % len(pools)][row[k]] for k in range(len(row))]) for row in rows]


def combined(items: Sequence[Any], size: int) -> list[Any]:
    """`itertools.combinations(items, size)` as a list."""
    rows = itertools.combinations(range(len(items)), size)
    return [tuple([items[i] for i in row]) for row in rows]


def recombined(items: Sequence[Any], size: int) -> list[Any]:
    """`itertools.combinations_with_replacement(items, size)` as a list."""
    rows = itertools.combinations_with_replacement(range(len(items)), size)
    return [tuple([items[i] for i in row]) for row in rows]


def permuted(items: Sequence[Any], size: int | None = None) -> list[Any]:
    """`itertools.permutations(items, size)` as a list."""
    rows = itertools.permutations(range(len(items)), size)
    return [tuple([items[i] for i in row]) for row in rows]


def paired(items: Sequence[Any]) -> list[Any]:
    """`itertools.pairwise(items)` as a list."""
    return [(items[i], items[i + 1]) for i in range(len(items) - 1)]


def sliced(items: Sequence[Any], *bounds: int | None) -> list[Any]:
    """`itertools.islice(items, *bounds)` as a list."""
    rows = itertools.islice(range(len(items)), *bounds)
    return [items[i] for i in rows]


def zipped_longest(*lists: Sequence[Any], fillvalue: Any = None) -> list[Any]:
    """`itertools.zip_longest(*lists, fillvalue=fillvalue)` as a list."""
    rounds = max([len(items) for items in lists])
    return [
        tuple([items[i] if i < len(items) else fillvalue for items in lists]) for i in range(rounds)
    ]


def compressed(items: Iterable[Any], selectors: Iterable[Any]) -> list[Any]:
    """`itertools.compress(items, selectors)` as a list."""
    return [item for item, is_chosen in zip(items, selectors, strict=False) if is_chosen]
