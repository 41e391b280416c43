"""Helpers that were made for several ranks, and came out alike, are in the module once."""

import re
from collections.abc import Collection
from typing import Any

import gast

from knetsrc.transform import tree


def without_doubles(
    functions: list[gast.FunctionDef], keep: Collection[str]
) -> list[gast.FunctionDef]:
    """The functions of a module, those that do the same once; the ones in `keep` stay as they are.

    Two functions do the same if their text is the same, but for the names of functions that do the same.

    >>> functions = tree.parse("def f(x):\\n return x\\ndef f_1(x):\\n return x\\ndef g(x):\\n return f_1(x)")
    >>> print(*map(tree.show, without_doubles(functions, ["g"])), sep="\\n")
    def f(x):
        return x
    def g(x):
        return f(x)
    """
    others = [f for f in functions if f.name not in keep]
    if len({_without_number(f.name) for f in others}) == len(others):
        return functions
    kinds = _kinds(others)
    first: dict[Any, str] = {}
    for name, kind in sorted(kinds.items(), key=lambda item: (len(item[0]), item[0])):
        first.setdefault(kind, name)
    chosen = {name: first[kind] for name, kind in kinds.items() if first[kind] != name}
    if not chosen:
        return functions
    return [tree.rename(f, chosen) for f in functions if f.name not in chosen]


def _kinds(functions: list[gast.FunctionDef]) -> dict[str, int]:
    """A number for each function, equal for those that do the same."""
    names = {f.name for f in functions}
    read = {f.name: [n for n in _names(f) if n in names] for f in functions}
    found = _numbered({f.name: (_without_number(f.name), _text(f, names)) for f in functions})
    while True:
        finer = _numbered({n: (k, *(found[r] for r in read[n])) for n, k in found.items()})
        if len(set(finer.values())) == len(set(found.values())):
            return found
        found = finer


def _numbered(values: dict[str, Any]) -> dict[str, int]:
    numbers: dict[Any, int] = {}
    return {name: numbers.setdefault(value, len(numbers)) for name, value in values.items()}


def _text(function: gast.FunctionDef, names: Collection[str]) -> Any:
    every = dict.fromkeys(names, "")
    renamed = tree.rename(function, every)
    return tree.signature(renamed.args), tree.signature(renamed.body)


def _names(function: gast.FunctionDef) -> list[str]:
    return [n.id for n in tree.walk(function) if isinstance(n, gast.Name)]


def _without_number(name: str) -> str:
    return re.sub(r"_\d+$", "", name)
