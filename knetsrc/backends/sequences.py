"""`map`, `filter`, `reduce` and their kin as plain loops: generated code calls these, or has their gradient by their source."""

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

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
