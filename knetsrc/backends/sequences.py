"""`map`, `reduce`, `itertools` and their kin as plain loops: generated code calls these, or has their gradient by their source."""

import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from knetsrc.errors import NotDifferentiableError

Function = Callable[..., Any]
_SEQUENCE, _MAPPING = 1 << 5, 1 << 6  # Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING


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


def sorted_by(items: Iterable[Any], key: Function, reverse: bool = False) -> list[Any]:
    """`sorted(items, key=key, reverse=reverse)`."""
    values = list(items)
    keys = [key(value) for value in values]
    return [values[i] for i in order_of(keys, reverse)]


def in_order(items: Iterable[Any], reverse: bool = False) -> list[Any]:
    """`sorted(items, reverse=reverse)`: the derivative goes to where each element came from."""
    values = list(items)
    return [values[i] for i in order_of(values, reverse)]


def largest_by(items: Iterable[Any], key: Function) -> Any:
    """`max(items, key=key)`: the first of the largest."""
    values = list(items)
    keys = [key(value) for value in values]
    return values[order_of(keys, largest=True)[0]]


def smallest_by(items: Iterable[Any], key: Function) -> Any:
    """`min(items, key=key)`: the first of the smallest."""
    values = list(items)
    keys = [key(value) for value in values]
    return values[order_of(keys)[0]]


def order_of(keys: Sequence[Any], largest: bool = False) -> list[int]:
    """Where the elements of a sequence stand in the order of their keys; equal keys keep their order."""
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=largest)


def memory_order(x: Any) -> list[tuple[int, ...]]:
    """Indices of the elements of an array, in the order in which `np.nditer(x)` goes through them."""
    walk = np.nditer(x, flags=["multi_index"])
    return [walk.multi_index for _ in walk]


def is_sequence(value: Any) -> bool:
    """Whether a pattern `[a, b]` of a `match` may match a value: by a flag of its class, as Python itself decides.

    No text has it; arrays have it from NumPy 2.5 on.
    """
    return bool(type(value).__flags__ & _SEQUENCE)


def is_mapping(value: Any) -> bool:
    """Whether a pattern `{"a": a}` of a `match` may match a value."""
    return bool(type(value).__flags__ & _MAPPING)


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


def unzipped(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """`zip(*rows)` as a list."""
    return [tuple([row[k] for row in rows]) for k in range(min(map(len, rows)))]


def floats(items: Iterable[Any]) -> list[float]:
    """`map(float, items)` as a list."""
    return [float(item) for item in items]


def lists(items: Iterable[Iterable[Any]]) -> list[list[Any]]:
    """`map(list, items)` as a list."""
    return [list(item) for item in items]


def tuples(items: Iterable[Iterable[Any]]) -> list[tuple[Any, ...]]:
    """`map(tuple, items)` as a list."""
    return [tuple(item) for item in items]


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


# --- functions of NumPy that call functions -------------------------------------------------------
def vectorized(function: Function, x: Any) -> Any:
    """`np.vectorize(function)(x)`."""
    array = np.asarray(x)
    values = [function(array[index]) for index in np.ndindex(np.shape(array))]
    if is_rounded(values):
        raise rounding_error()
    return np.reshape(np.array(values), np.shape(array))


def vectorized_pairs(function: Function, x: Any, y: Any) -> Any:
    """`np.vectorize(function)(x, y)`."""
    shape = np.broadcast_shapes(np.shape(x), np.shape(y))
    first = np.broadcast_to(x, shape)
    second = np.broadcast_to(y, shape)
    values = [function(first[index], second[index]) for index in np.ndindex(shape)]
    if is_rounded(values):
        raise rounding_error()
    return np.reshape(np.array(values), shape)


def is_rounded(values: Sequence[Any]) -> bool:
    """Whether the first of some results is an integer and another is not: `np.vectorize` rounds them then."""
    kinds = [np.asarray(value).dtype.kind for value in values]
    return bool(kinds) and kinds[0] in "iub" and any(kind in "fc" for kind in kinds)


def rounding_error() -> NotDifferentiableError:
    """The error for such results."""
    return NotDifferentiableError(
        "`np.vectorize` of a function that gives an integer first",
        why="it takes the type of all results from the first one, and rounds the others",
        instead="let the function give floats: 0.0 instead of 0",
    )


def applied_along(function: Function, axis: int, x: Any) -> Any:
    """`np.apply_along_axis(function, axis, x)`, for a function that gives a number or a vector."""
    rows = np.moveaxis(x, axis, -1)
    shape = np.shape(rows)[:-1]
    values = [function(rows[index]) for index in np.ndindex(shape)]
    if np.ndim(values[0]) == 0:
        return np.reshape(np.array(values), shape)
    if np.ndim(values[0]) > 1:
        raise matrix_error()
    return np.moveaxis(np.reshape(np.array(values), (*shape, len(values[0]))), -1, axis)


def matrix_error() -> NotDifferentiableError:
    """The error for a function in `np.apply_along_axis` whose results have more than one axis."""
    return NotDifferentiableError(
        "`np.apply_along_axis` of a function that gives a matrix",
        why="only functions that give a number or a vector are differentiated in it",
        instead="write a loop over the rows, and stack the results",
    )


def columns(parts: Sequence[Any]) -> Any:
    """`np.c_[parts]`, of arrays and numbers."""
    return np.concatenate(
        [part if np.ndim(part) > 1 else np.reshape(part, (-1, 1)) for part in parts], axis=-1
    )
