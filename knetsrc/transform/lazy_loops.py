"""Loops over what is computed while they run: `map`, `filter` and generator expressions become part of the loop.

for row in map(np.sin, y):           for item in y:
    y[0] = row              ->           row = np.sin(item)
                                         y[0] = row
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gast
import numpy as np

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.callee import is_report
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.comprehensions import loops
from knetsrc.transform.normalize.jumps import jumps_in
from knetsrc.transform.normalize.owned_containers import pairs
from knetsrc.transform.normalize.scopes import (
    all_blocks,
    bound_names,
    own_nodes,
    parameters,
    rewritten,
)
from knetsrc.transform.normalize.sharing import linked_names, number_names
from knetsrc.transform.source import Source

_PASSING_ON = (zip, enumerate, reversed, iter, itertools.islice)
_COMPUTING = (
    map, filter, itertools.accumulate, itertools.starmap, itertools.takewhile, itertools.dropwhile,
    itertools.filterfalse, itertools.compress, itertools.pairwise, itertools.product,
    itertools.combinations, itertools.permutations, itertools.combinations_with_replacement, np.nditer,
)  # fmt: skip
_MAKING = (
    list,
    dict,
    np.zeros,
    np.ones,
    np.empty,
    np.full,
    np.zeros_like,
    np.ones_like,
    np.empty_like,
)
_DISPLAYS = (gast.List, gast.Dict, gast.ListComp, gast.DictComp)


def unfold_lazy_loops(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """Write out in a loop how its elements are computed.

    Parameters
    ----------
    function
        A function as parsed. It is not modified.
    source
        Where it was read.

    Raises
    ------
    UnsupportedSyntaxError
        If elements that are computed while the loop runs depend on what the loop changes, and cannot be written out.
    """
    if not any(isinstance(n, gast.For) for n in tree.walk(function)):
        return function
    function = tree.clone(function)
    loops = _Loops(function, source, Names.of(function))
    function.body[:] = rewritten(function.body, loops.statement, all_blocks)
    return function


@dataclass
class _Loops:
    function: gast.FunctionDef
    source: Source
    names: Names

    def __post_init__(self) -> None:
        self.given = set(parameters(self.function))
        self.hidden = bound_names(self.function.body) | self.given

    def statement(self, node: Any) -> list[tree.Node]:
        if not isinstance(node, gast.For):
            return [node]
        written = self.written_out(node)
        if written is None:
            self.refuse_late(node)
            return [node]
        return [n for part in written for n in self.statement(part)]

    def written_out(self, node: Any) -> list[tree.Node] | None:
        """The statements for a loop, the elements of which its body computes; None where it stays as it is."""
        iterable, target = node.iter, node.target
        is_numbered = self.value_of(iterable) is enumerate and iterable.args
        if is_numbered and isinstance(target, gast.Tuple) and len(target.elts) == 2:
            iterable, target = iterable.args[0], target.elts[1]
            if self.value_of(iterable) is filter or getattr(
                next(iter(getattr(iterable, "generators", [])), None), "ifs", []
            ):
                return None
        if isinstance(iterable, gast.GeneratorExp):
            return self.of_generator(node, iterable, target, bool(is_numbered))
        kind = self.value_of(iterable)
        if not _is_any(kind, (map, filter)) or not _is_plain(iterable):
            return None
        return self.of_call(node, iterable, target, kind)

    def of_generator(
        self, node: Any, generator: Any, target: tree.Node, is_numbered: bool
    ) -> list[tree.Node] | None:
        clauses = generator.generators
        is_simple = len(clauses) == 1
        if any(isinstance(n, gast.NamedExpr) for n in tree.walk(generator)):
            return None
        if not is_simple and (is_numbered or node.orelse or _leaves(node.body)):
            return None
        bound = {n for c in clauses for n in tree.names_written(c.target)}
        clashing = [n for n in sorted(bound) if self.is_used_beside(n, generator)]
        first = clauses[0].iter
        generator = tree.rename(generator, {n: self.names.fresh("item") for n in clashing})
        clauses = generator.generators
        clauses[0].iter = first
        body = [tree.at(tree.assign(target, generator.elt), target), *node.body]
        if is_numbered:
            number = node.target.elts[0]
            node.target.elts = [number, clauses[0].target]
            node.iter.args[0] = first
            node.body = body
            return [node]
        (made,) = loops(clauses, body)
        made.orelse = node.orelse
        return [tree.at(made, node)]

    def is_used_beside(self, text: str, node: tree.Node) -> bool:
        """Whether a name stands for something else outside of an expression."""
        places = [
            [n for n in tree.walk(part) if tree.is_name(n, text)] for part in (self.function, node)
        ]
        return len(places[0]) > len(places[1]) or text in self.given

    def of_call(
        self, node: Any, iterable: Any, target: tree.Node, kind: Any
    ) -> list[tree.Node] | None:
        items = iterable.args[1:]
        before, called = self.called(iterable.args[0], node)
        if isinstance(called, gast.Lambda) and len(called.args.args) != len(items):
            return None
        fresh = [self.names.fresh("item") for _ in items]
        element = _called(called, fresh)
        if kind is map:
            node.body = [tree.at(tree.assign(target, element), target), *node.body]
        else:
            bound = tree.at(tree.assign(target, tree.name(fresh[0])), target)
            node.body = [tree.at(tree.if_(element, [bound, *node.body]), node)]
        places = [tree.store(text) for text in fresh]
        inner = items[0] if len(items) == 1 else tree.call("zip", *items)
        place = places[0] if len(places) == 1 else tree.target_of(tree.tuple_of(places))
        if iterable is node.iter:
            node.iter, node.target = tree.at(inner, iterable), tree.at(place, target)
        else:
            node.iter.args[0] = tree.at(inner, iterable)
            node.target.elts = [node.target.elts[0], place]
        return [*tree.at(before, node), node]

    def called(self, node: Any, loop: Any) -> tuple[list[tree.Node], tree.Node]:
        """What is called for each element, after the statements that it needs."""
        if isinstance(node, gast.Lambda) and not (
            node.args.defaults or node.args.vararg or node.args.kwarg or node.args.kwonlyargs
            or any(isinstance(n, gast.NamedExpr | gast.Lambda) for n in tree.walk(node.body))
        ):  # fmt: skip
            return [], node
        is_fixed = not bound_names(loop.body) & tree.names_read(node)
        if is_fixed and isinstance(node, gast.Name | gast.Attribute | gast.Constant):
            return [], node
        name = self.names.fresh("function")
        return [tree.assign(name, node)], tree.name(name)

    def refuse_late(self, loop: Any) -> None:
        """Refuse a loop that changes what its elements are computed from."""
        changed, bound = self.changed(loop.body), bound_names(loop.body)
        for node in self.late(loop.iter):
            read = (tree.names_read(node) & self.hidden) - bound_names(node)
            is_apart = changed <= self.own() - read and read <= self.own() | self.given
            is_seen = bound & self.read_late(node) or self.is_augmented(loop.body, node)
            if is_seen or (changed and not is_apart):
                raise UnsupportedSyntaxError(
                    f"a loop over `{tree.show(node)}` that changes what it may go through",
                    at=node,
                    why="what it sees depends on when each of its elements is read",
                    instead="loop over indices, and compute the elements in the loop",
                )

    def is_augmented(self, body: list[Any], node: Any) -> bool:
        """Whether `x *= 2` in the loop may change what an iterable goes through, if that is an array."""
        augmented = [n.target for n in own_nodes(body) if isinstance(n, gast.AugAssign)]
        names = {n.id for n in augmented if isinstance(n, gast.Name)}
        names -= number_names(self.function)
        return bool(linked_names(self.function, names) & tree.names_read(node))

    def changed(self, body: list[Any]) -> set[str]:
        """Names of what the statements change in place, or may change by calls without a value."""
        found = changed_names(body)
        for n in own_nodes(body):
            is_call = isinstance(n, gast.Expr) and isinstance(n.value, gast.Call)
            if is_call and not appended_to(n) and not is_report(self.value_of(n.value)):
                found |= tree.names_read(n.value) & self.hidden
        return found

    def own(self) -> set[str]:
        """Names of containers and buffers that the function makes itself, and never binds to anything else."""
        makes: dict[str, bool] = dict.fromkeys(self.given, False)
        assigned = [n for n in own_nodes(self.function.body) if isinstance(n, gast.Assign)]
        alone = [n for n in assigned if len(n.targets) == 1]
        shared = [(t, None) for n in assigned if n not in alone for t in n.targets]
        for target, value in [p for n in alone for p in pairs(n.targets[0], n.value)] + shared:
            is_new = isinstance(value, _DISPLAYS) or _is_any(self.value_of(value), _MAKING)
            for text in tree.names_written(target):
                is_alone = value is not None and tree.is_name(target, text)
                makes[text] = makes.get(text, True) and is_new and is_alone
        return {text for text, is_new in makes.items() if is_new}

    def late(self, node: Any) -> Iterator[Any]:
        """Parts of an iterable whose elements are computed when they are asked for."""
        if isinstance(node, gast.GeneratorExp):
            yield node
        elif isinstance(node, gast.Call):
            kind = self.value_of(node)
            if _is_any(kind, _COMPUTING):
                yield node
            elif _is_any(kind, _PASSING_ON):
                yield from [node] if kind is itertools.islice else []
                for argument in node.args:
                    yield from self.late(argument)

    def read_late(self, node: Any) -> set[str]:
        """Names that are read for each element."""
        if isinstance(node, gast.GeneratorExp):
            return tree.names_read(node) - tree.names_read(node.generators[0].iter)
        return {n for a in node.args if isinstance(a, gast.Lambda) for n in tree.names_read(a)}

    def value_of(self, node: Any) -> Any:
        """What the function of a call is, if it is a name from outside."""
        if not isinstance(node, gast.Call) or tree.names_read(node.func) & self.hidden:
            return None
        return self.source.value_of(node.func)


def _is_any(value: Any, known: tuple[Any, ...]) -> bool:
    return any(value is each for each in known)


def _is_plain(call: Any) -> bool:
    is_starred = any(isinstance(a, gast.Starred) for a in call.args)
    return len(call.args) >= 2 and not call.keywords and not is_starred


def _called(function: Any, arguments: list[str]) -> tree.Node:
    if tree.is_constant(function, None):
        return tree.name(arguments[0])
    if not isinstance(function, gast.Lambda):
        return tree.call(tree.clone(function), *map(tree.name, arguments))
    renamed = dict(zip(parameters(function), arguments, strict=True))
    return tree.rename(function.body, renamed)


def _leaves(body: list[Any]) -> bool:
    return any(isinstance(n, gast.Break | gast.Return) for n in jumps_in(body))
