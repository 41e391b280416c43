"""Generators that run in turns with what goes through them: where either changes what the other reads, no list of values is the same.

for k in halved(c):       `halved` writes into `c` before each value, and the loop reads what is there then
    s += c[0]
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.normalize.effects import appended_names, calls_in, changed_arrays
from knetsrc.transform.normalize.gone_through import gone_through
from knetsrc.transform.normalize.jumps import jumps_in
from knetsrc.transform.normalize.scopes import (
    COMPREHENSIONS,
    bound_names,
    own_nodes,
    parameters,
)
from knetsrc.transform.normalize.sharing import bindings, carriers, number_names
from knetsrc.transform.source import Source
from knetsrc.transform.writing import CallWriting

WHOLE = (enumerate, reversed, iter, itertools.chain)
EARLY = (zip, map, filter, any, all, next)


@dataclass
class Turns:
    """The generators of one function of the user, and what runs between their values.

    Attributes
    ----------
    find
        Gives what tells the generator that a call makes; None for other expressions.
    """

    function: gast.FunctionDef
    source: Source
    find: Callable[[Any], Any]

    def __post_init__(self) -> None:
        self.may_write = CallWriting(self.source).may_write
        self.inner = {n.name: n for n in tree.walk(self.function.body) if _is_function(n)}
        scopes = [self.function, *self.inner.values()]
        bound = [{*bound_names(s.body), *parameters(s)} for s in scopes]
        numbers = [number_names(s) for s in scopes]
        self.local = set().union(*bound)
        self.numbers = (
            set().union(*numbers).difference(*(b - n for b, n in zip(bound, numbers, strict=True)))
        )
        self.kept: dict[str, list[Any]] = {}
        self._found: dict[int, tuple[Any, Any]] = {}  # with the node, which keeps its `id`
        self.groups = [
            (_is_element(values), g - self.numbers)
            for scope in scopes
            for targets, values in bindings(scope)
            if not any(True for v in values for _ in self.late(v))
            for g in [
                {n for t in targets for n in tree.names_written(t)}.union(*map(carriers, values))
            ]
        ]

    def generator(self, call: Any) -> Any:
        """What tells the generator that a call makes; None for other expressions."""
        if id(call) not in self._found:
            self._found[id(call)] = call, self.find(call)
        return self._found[id(call)][1]

    def differs(self, call: Any, between: list[tree.Node]) -> bool:
        """Whether a list of all values of a generator is not what `between`, which runs after each of them, would see."""
        seen = self.reached([call])
        if self.may_write(call) and self.shares(seen, self.reached(between)):
            return True
        captured = self.captured(tree.names_read(call))
        changed, rebound = self.changed(between)
        return (
            self.shares(seen, changed)
            or self.shares(seen, rebound, with_elements=False)
            or bool(captured & bound_names(between))
        )

    def refuse(self) -> None:
        """Refuse generators that run in turns with something: see `differs`.

        Raises
        ------
        UnsupportedSyntaxError
            For the first of them.
        """
        every = list(tree.walk(self.function.body))
        for node in every:
            if _is_named(node):
                made = list(self.late(node.value))
                self.kept.setdefault(node.targets[0].id, []).extend(made)
        for node in every:
            if isinstance(node, gast.For):
                self._refuse_in([node.iter], [node.iter, *node.body], bool(leaves(node)))
            elif isinstance(node, COMPREHENSIONS):
                self._refuse_in([g.iter for g in node.generators], [node], False)
            elif isinstance(node, gast.Call) and self.is_passing(node):
                self._refuse_in([node], [node], not self.is_any(node, WHOLE))
            elif isinstance(node, gast.Compare):
                self._refuse_in(node.comparators, [], True)
            elif isinstance(node, gast.Return | gast.Lambda):
                self._refuse_in([_given_back(node)], [], True)
        self._refuse_elsewhere(every)

    def _refuse_elsewhere(self, every: list[Any]) -> None:
        """Refuse generators that are not gone through where they stand, if it matters when they run."""
        places = [p for n in every for p in gone_through(n, self.called)]
        places += [_given_back(n) for n in every if isinstance(n, gast.Return | gast.Lambda)]
        places += [n.value for n in every if _is_named(n)]
        seen = {id(n) for p in places for n in self._passed(p)}
        for node in every:
            is_read = isinstance(node, gast.Name) and isinstance(node.ctx, gast.Load)
            late = self.kept.get(node.id, ()) if is_read else [node]
            for call in late if id(node) not in seen else ():
                if self.generator(call) is None:
                    continue
                rest = without(self.function.body, call)
                if self.may_write(call) or self.differs(call, rest):
                    raise not_gone_through(call)

    def _passed(self, node: Any) -> Iterator[Any]:
        """An iterable, and what it asks for its values."""
        yield node
        if isinstance(node, gast.Starred):
            yield from self._passed(node.value)
        elif isinstance(node, gast.GeneratorExp):
            for clause in node.generators:
                yield from self._passed(clause.iter)
        elif self.is_passing(node):
            for argument in node.args:
                yield from self._passed(argument)

    def _refuse_in(self, iterables: list[Any], between: list[tree.Node], ends_early: bool) -> None:
        for call in [c for i in iterables for c in self.late(i)]:
            is_cut = ends_early and self.may_write(call)
            if is_cut or self.differs(call, without(between, call)):
                raise refused(call)

    def late(self, node: Any) -> Iterator[Any]:
        """The generators in an iterable that give a value when it is asked for."""
        if isinstance(node, gast.GeneratorExp):
            for clause in node.generators:
                yield from self.late(clause.iter)
        elif isinstance(node, gast.Call) and self.generator(node) is not None:
            yield node
        elif isinstance(node, gast.Name):
            yield from self.kept.get(node.id, ())
        elif self.is_passing(node):
            for argument in node.args:
                yield from self.late(getattr(argument, "value", argument))

    def is_passing(self, node: Any) -> bool:
        """Whether a node calls a function that asks its arguments for one value after the other."""
        value = self.called(node)
        return self.is_any(node, (*WHOLE, *EARLY)) or (
            getattr(value, "__module__", None) == "itertools"
        )

    def is_any(self, node: Any, known: tuple[Any, ...]) -> bool:
        """Whether a node calls one of these functions."""
        value = self.called(node)
        return value is not None and any(value is each for each in known)

    def called(self, node: Any) -> Any:
        """What a node calls, if it is from outside."""
        if not isinstance(node, gast.Call) or tree.names_read(node.func) & self.local:
            return None
        return self.source.value_of(node.func)

    # --- names ------------------------------------------------------------------------------------------------------------
    def reached(self, nodes: list[Any]) -> set[str]:
        """Names of this function that are read, by functions inside that are called as well."""
        read = tree.names_read(nodes)
        return ((read | self.captured(read)) & self.local) - self.inner.keys() - self.numbers

    def captured(self, read: set[str]) -> set[str]:
        """Names that these functions inside take from around them."""
        found: set[str] = set()
        waiting = read & self.inner.keys()
        while waiting:
            inside = [self.inner[t] for t in waiting]
            own = [{*parameters(f), *bound_names(f.body)} for f in inside]
            more = [tree.names_read(f.body) - o for f, o in zip(inside, own, strict=True)]
            waiting = set().union(*more) & self.inner.keys() - found
            found |= set().union(*more)
        return found & self.local

    def changed(self, nodes: list[Any]) -> tuple[set[str], set[str]]:
        """Names of what is written into, by calls as well; and names that grow or are added to, if they are no numbers."""
        found, rebound = changed_arrays(nodes), appended_names(nodes)
        for node in tree.walk(nodes):
            is_part = isinstance(node, gast.Subscript | gast.Attribute)
            if is_part and not isinstance(node.ctx, gast.Load):
                found |= carriers(node.value)
            elif isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name):
                rebound.add(node.target.id)
        for call in calls_in(nodes):
            if self.may_write(call):
                found |= self.reached([call])
        return found & self.local, rebound & self.local

    def shares(self, some: set[str], others: set[str], with_elements: bool = True) -> bool:
        """Whether one of the names may share memory with one of the others."""
        groups = [g for is_element, g in self.groups if with_elements or not is_element]
        found = set(some)
        while more := {n for g in groups if g & found for n in g} - found:
            found |= more
        return bool(found & others)


def _is_function(node: Any) -> bool:
    return isinstance(node, gast.FunctionDef)


def _is_named(node: Any) -> bool:
    return isinstance(node, gast.Assign) and tree.is_name(node.targets[0])


def _given_back(node: Any) -> Any:
    """What a function gives back."""
    return node.value if isinstance(node, gast.Return) else node.body


def _is_element(values: list[Any]) -> bool:
    """Whether a value is read by an index: a number, most of the time."""
    return all(
        isinstance(v, gast.Subscript)
        and not any(isinstance(n, gast.Slice) for n in tree.walk(v.slice))
        for v in values
    )


def refused(call: tree.Node) -> UnsupportedSyntaxError:
    """A generator that must be gone through in turns."""
    return UnsupportedSyntaxError(
        f"the generator `{tree.show(call)}` that runs in turns with what goes through it",
        at=call,
        why="one of the two changes what the other reads, and a list is made of all values before",
        instead="write its statements into the loop; or go through `list(...)` of it, if it may run first",
    )


def not_gone_through(call: tree.Node) -> UnsupportedSyntaxError:
    """A generator that does not run where it is made."""
    return UnsupportedSyntaxError(
        f"the generator `{tree.show(call)}` that nothing goes through where it is made",
        at=call,
        why="a list is made of its values there, and what it reads or writes is something else by then, or never",
        instead="go through it where it is made, with a loop or with `list(...)`; or leave it out",
    )


def without(nodes: list[tree.Node], call: tree.Node) -> list[tree.Node]:
    """What stands beside a call: the largest parts that it is not in."""
    found: list[tree.Node] = []
    for node in nodes:
        if all(n is not call for n in tree.walk(node)):
            found.append(node)
        elif node is not call:
            found += without(tree.children(node), call)
    return found


def leaves(loop: gast.For) -> list[tree.Node]:
    """What ends a loop before its generator has ended."""
    jumps = [n for n in jumps_in(loop.body) if not isinstance(n, gast.Continue)]
    return [*jumps, *(n for n in own_nodes(loop.body) if isinstance(n, gast.Return))]
