"""Which attributes of an object some statements read and write, and the methods that they call of it.

self.u = self.u * self.step()     writes `u`; reads `u` and what `step` reads
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.classes import defined_in
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.effects import CHANGING_METHODS, is_append
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.own_methods import plain
from knetsrc.transform.part_classes import part_class
from knetsrc.transform.source import read_source

_ANY = "*"  # in the place of the names of all attributes


@dataclass(frozen=True)
class Used:
    """Attributes of an object that some statements read, and those that they write."""

    read: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()

    def __or__(self, other: "Used") -> "Used":
        return Used(self.read | other.read, self.written | other.written)

    def reads(self, names: frozenset[str]) -> bool:
        """Whether one of these attributes is read."""
        return _meet(self.read, names)

    def clashes(self, other: "Used") -> bool:
        """Whether it matters that the two run in turns."""
        return _meet(self.written, other.read | other.written) or _meet(self.read, other.written)


def of_method(function: FunctionType, owner: Any) -> Used:
    """What a method of an object of class `owner` does with it."""
    return _of_method(function, owner, set())


def of_nodes(nodes: Iterable[tree.Node], text: str, owner: Any) -> Used:
    """What statements do with the object that a name stands for."""
    return _of_nodes(nodes, text, owner, set())


def _of_method(function: FunctionType, owner: Any, seen: set[int]) -> Used:
    """What a method does with its object, and the methods that it calls of it."""
    if id(function) in seen:
        return Used()
    seen.add(id(function))
    try:
        definition = read_source(function, may_yield=True).tree
    except KnetsrcError:
        return Used(frozenset({_ANY}), frozenset({_ANY}))
    return _of_nodes(definition.body, next(iter(parameters(definition)), ""), owner, seen)


def _of_nodes(nodes: Iterable[tree.Node], text: str, owner: Any, seen: set[int]) -> Used:
    read: set[str] = set()
    written: set[str] = set()
    inner = Used()
    beside: set[int] = set()
    for node in tree.walk(nodes):
        if tree.called_name(node) == WITH and tree.is_name(node.args[0], text):
            written |= {plain(k.arg) for k in node.keywords}
            beside.add(id(node.args[0]))
        elif isinstance(node, gast.Attribute) and tree.is_name(node.value, text):
            beside.add(id(node.value))
            found = defined_in(owner, plain(node.attr)) if owner is not None else None
            function = getattr(found[1], "fget", found[1]) if found is not None else None
            if isinstance(function, FunctionType):
                inner |= _of_method(function, owner, seen)
            else:
                read.add(plain(node.attr))
        written |= {p[1] for p in map(path_below, _changed(node)) if len(p) > 1 and p[0] == text}
        written |= _changed_parts(node, text, owner, seen)
        is_named = tree.is_name(node, text) and isinstance(node.ctx, gast.Load)
        if is_named and id(node) not in beside:
            read.add(_ANY)
        if tree.called_name(node) == "super":
            inner |= Used(frozenset({_ANY}), frozenset({_ANY}))
    return inner | Used(frozenset(read), frozenset(written))


def _changed_parts(node: Any, text: str, owner: Any, seen: set[int]) -> set[str]:
    """Attributes that hold an object of which a node calls a method that writes to it."""
    function: Any = node.func if isinstance(node, gast.Call) else None
    paths: dict[str, Any] = {"__call__": function}
    paths[getattr(function, "attr", "")] = getattr(function, "value", None)
    for name, part in paths.items():
        is_own = isinstance(part, gast.Attribute) and tree.is_name(part.value, text)
        kind = part_class(owner, plain(part.attr), {}) if is_own and owner is not None else None
        found = defined_in(kind, plain(name)) if kind is not None else None
        if found is not None and isinstance(found[1], FunctionType):
            if _of_method(found[1], kind, set(seen)).written:
                return {plain(part.attr)}
    return set()


def _changed(node: Any) -> list[Any]:
    """What a node writes into, or binds, of an object."""
    if isinstance(node, gast.Subscript | gast.Attribute) and not isinstance(node.ctx, gast.Load):
        return [node]
    is_method = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    if isinstance(node, gast.Call) and any(k.arg == "out" for k in node.keywords):
        return [k.value for k in node.keywords if k.arg == "out"]
    if is_method and (is_append(node) or node.func.attr in CHANGING_METHODS):
        return [node.func.value]
    return []


def path_below(node: Any) -> list[str]:
    """`["sim", "grid"]` for `sim.grid.cells[0]` and everything below `sim.grid`."""
    names: list[str] = []
    while isinstance(node, gast.Attribute | gast.Subscript):
        names += [plain(node.attr)] if isinstance(node, gast.Attribute) else []
        node = node.value
    return [node.id, *names[::-1]] if isinstance(node, gast.Name) else []


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    return bool(some & others or (_ANY in some and others) or (_ANY in others and some))
