"""Assignments of several values."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.comprehensions import as_list
from knetsrc.transform.normalize.effects import effects, is_cheap
from knetsrc.transform.normalize.scopes import blocks, captured_names
from knetsrc.transform.tree import Node


def split_targets(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Give every assignment one name, or a tuple of names for the results of a call.

    >>> from knetsrc.transform.language import show
    >>> show(split_targets, "a = b = 0; (q, r) = divmod(a, b); a, b = b, a; first, *rest = xs")
    a = 0
    b = a
    q, r = divmod(a, b)
    new_a = b
    b = a
    a = new_a
    first = xs[0]
    rest = list(xs[1:])
    """
    function = tree.clone(function)
    splitter = _Splitter(names, frozenset(captured_names(function.body)), tree.names_read(function))
    splitter.block(function)
    return function


class _Splitter:
    def __init__(self, names: Names, captured: frozenset[str], read: set[str]) -> None:
        self.names = names
        self.captured = captured
        self.read = read

    def block(self, node: Any) -> None:
        for block in [node.body] if isinstance(node, gast.FunctionDef) else blocks(node):
            found: list[Node] = []
            for statement in block:
                if isinstance(statement, gast.Assign):
                    found += tree.at(self.targets(statement.targets, statement.value), statement)
                else:
                    self.block(statement) if not isinstance(statement, gast.FunctionDef) else None
                    found.append(statement)
            block[:] = found

    def targets(self, targets: list[Any], value: Node) -> list[Node]:
        if len(targets) == 1:
            return self.single(targets[0], value)
        other = {
            n.id
            for t in targets
            if not isinstance(t, gast.Name)
            for n in tree.walk(t)
            if isinstance(n, gast.Name)
        }
        plain = [t for t in targets if isinstance(t, gast.Name) and t.id not in other]
        first = plain[0] if plain else tree.store(self.names.fresh("value"))
        rest = [t for t in targets if t is not first]
        shared = tree.name(first.id)
        return [
            *self.single(first, value),
            *(s for t in rest for s in self.single(t, tree.clone(shared))),
        ]

    def single(self, target: Any, value: Node) -> list[Node]:
        if isinstance(target, gast.Name | gast.Subscript):
            return [tree.assign(target, value)]
        if isinstance(value, gast.GeneratorExp):  # it is taken apart at once
            value = as_list(value)
        starred = any(isinstance(n, gast.Starred) for n in tree.walk(target))
        if isinstance(value, gast.Call) and not starred:
            return [tree.assign(_tuple(target), value)]
        if _is_display(value, len(target.elts)) and not any(
            isinstance(t, gast.Starred) for t in target.elts
        ):
            return self.pairs(target.elts, value.elts)  # type: ignore[attr-defined]
        written = {n.id for n in tree.walk(target) if isinstance(n, gast.Name)}
        if is_cheap(value) and not written & tree.names_read(value):
            return self.elements(target.elts, value)
        parts = self.names.fresh("parts")
        return [tree.assign(parts, value), *self.elements(target.elts, tree.name(parts))]

    def pairs(self, targets: list[Any], values: list[Node]) -> list[Node]:
        """Assign one by one; a target that a later value reads waits until all values are there."""
        written = [{n.id for n in tree.walk(t) if isinstance(n, gast.Name)} for t in targets]
        repeated = sum(map(len, written)) > len(set().union(*written))
        found: list[Node] = []
        waiting: list[Node] = []
        for i, (target, value) in enumerate(zip(targets, values, strict=True)):
            if repeated or written[i] & effects(values[i + 1 :], self.captured).reads:
                wanted = f"new_{target.id}" if isinstance(target, gast.Name) else "parts"
                name = self.names.fresh(wanted)
                found.append(tree.assign(name, value))
                waiting += self.single(target, tree.name(name))
            else:
                found += self.single(target, value)
        return found + waiting

    def elements(self, targets: list[Any], parts: Node) -> list[Node]:
        found: list[Node] = []
        star = next((i for i, t in enumerate(targets) if isinstance(t, gast.Starred)), len(targets))
        for i, target in enumerate(targets):
            if tree.is_name(target, "_") and "_" not in self.read:
                continue
            base = tree.clone(parts)
            if i == star:
                end = i + 1 - len(targets)
                rest = tree.slice_of(tree.constant(i), tree.constant(end) if end else None, None)
                found += self.single(target.value, tree.call("list", tree.subscript(base, rest)))
            elif star == len(targets):
                found += self.single(target, tree.entry(base, i, len(targets)))
            else:
                index = tree.constant(i if i < star else i - len(targets))
                found += self.single(target, tree.subscript(base, index))
        return found


def _is_display(value: Node, size: int) -> bool:
    if not isinstance(value, gast.Tuple | gast.List) or len(value.elts) != size:
        return False
    return not any(isinstance(e, gast.Starred) for e in value.elts)


def _tuple(target: Any) -> Any:
    """Targets in brackets as a tuple."""
    if isinstance(target, gast.Name):
        return target
    return tree.at(tree.tuple_of(map(_tuple, target.elts)), target)
