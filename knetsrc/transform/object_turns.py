"""Methods that are generators, and generators that are handed around: they run before the loop that goes through them.

for k in sim.run(3):      `run` assigns `self.u` before each value: refused
    s += sim.u @ sim.u

What is known of functions by their names is looked at before, and written out: see `turns`.
"""

import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.classes import ClassFacts
from knetsrc.transform.normalize.gone_through import gone_through
from knetsrc.transform.normalize.jumps import jumps_in
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.object_uses import Used, of_method, of_nodes, path_below
from knetsrc.transform.source import read_source
from knetsrc.transform.turns import EARLY, WHOLE, not_gone_through, refused, without
from knetsrc.transform.writing import CallWriting, written_in


@dataclass
class ObjectTurns:
    """The generators of a function in the core language, by what is known of its objects.

    Attributes
    ----------
    member
        The method that a call calls: where it is defined, its name, itself, and what it is called with; None for other calls.
    """

    core: gast.FunctionDef
    known: ClassFacts
    member: Callable[[Any, ClassFacts], Any]

    def refuse(self) -> None:
        """Refuse generators that run in turns with what goes through them.

        Raises
        ------
        UnsupportedSyntaxError
            For the first of them.
        """
        for node in tree.walk(self.core.body):
            if isinstance(node, gast.For):
                leaves = [n for n in jumps_in(node.body) if not isinstance(n, gast.Continue)]
                self._refuse_in(node.iter, [node.iter, *node.body], bool(leaves))
            elif isinstance(node, gast.Call) and self._is_passing(node):
                self._refuse_in(node, [node], self._called(node) not in WHOLE)
            elif isinstance(node, gast.Return) or _is_bound(node):
                self._refuse_kept(node.value)
        self._refuse_elsewhere()

    def _refuse_elsewhere(self) -> None:
        """Refuse generators that are not gone through where they stand, if it matters when they run."""
        every = list(tree.walk(self.core.body))
        places = [p for n in every for p in gone_through(n, self._called)]
        places += [n.value for n in every if isinstance(n, gast.Return) or _is_bound(n)]
        seen = {
            id(c)
            for p in places
            for c, _ in self._late(p.value if isinstance(p, gast.Starred) else p)
        }
        for node in every:
            function = self._made(node)
            if function is not None and id(node) not in seen:
                rest = without(self.core.body, node)
                if _writes(function) or self._call_differs(node, function, rest, True):
                    raise not_gone_through(node)

    def _refuse_in(self, iterable: Any, between: list[tree.Node], ends_early: bool) -> None:
        for call, function in self._late(iterable):
            if self._call_differs(call, function, without(between, call), ends_early):
                raise refused(call)

    def _call_differs(
        self, call: Any, function: FunctionType, between: list[tree.Node], ends_early: bool
    ) -> bool:
        member = self.member(call, self.known)
        if member is None:
            return self._differs(call, function, between, ends_early)
        return self._method_differs(call, member, between, ends_early)

    def _refuse_kept(self, iterable: Any) -> None:
        """Refuse a generator that is not gone through where it is made: of an object that changes anywhere, or one that writes.

        One of a function that is called by its own name is made by `iter(...)`, see `iterators`.
        """
        for call, function in self._late(iterable):
            member = self.member(call, self.known)
            if call is iterable and member is None and _writes(function):
                raise not_gone_through(call)
            if member and self._method_differs(call, member, without(self.core.body, call), True):
                raise refused(call)

    def _late(self, node: Any) -> Iterator[tuple[Any, FunctionType]]:
        """The calls in an iterable that make generators, and the functions that they call."""
        function = self._made(node)
        if function is not None:
            yield node, function
        elif isinstance(node, gast.Call) and self._is_passing(node):
            for argument in node.args:
                yield from self._late(getattr(argument, "value", argument))

    def _made(self, node: Any) -> Any:
        """The function of a call that makes a generator; None for other nodes."""
        if not isinstance(node, gast.Call):
            return None
        member = self.member(node, self.known)
        function = member[2] if member is not None else self._called(node)
        return function if inspect.isgeneratorfunction(function) else None

    def _called(self, node: gast.Call) -> Any:
        """What a call calls, if it is from outside."""
        return self.known.outside.resolve(node.func)

    def _is_passing(self, node: gast.Call) -> bool:
        value = self._called(node)
        is_known = any(value is each for each in (*WHOLE, *EARLY))
        return is_known or getattr(value, "__module__", None) == itertools.__name__

    # --- functions --------------------------------------------------------------------------------------------------------
    def _differs(
        self, call: Any, function: FunctionType, between: list[tree.Node], ends_early: bool
    ) -> bool:
        local = tree.names_written(self.core.body) | set(parameters(self.core))
        seen = tree.names_read([*call.args, *call.keywords]) & local
        if _writes(function):
            return ends_early or bool(seen & tree.names_read(between))
        return bool(seen & changed_names(between))

    # --- methods ----------------------------------------------------------------------------------------------------------
    def _method_differs(
        self, call: Any, member: Any, between: list[tree.Node], ends_early: bool
    ) -> bool:
        function, arguments = member[2], member[3]
        if not arguments:
            return self._differs(call, function, between, ends_early)
        receiver = arguments[0]
        used = of_method(function, self.known.class_of(receiver))
        handed = tree.names_read([*arguments[1:], *call.keywords])
        if _fills_arguments(function) and (ends_early or handed & tree.names_read(between)):
            return True
        if handed & changed_names(between):
            return True
        path = path_below(receiver)
        if not path:
            return False
        if len(path) > 1:
            used = Used(frozenset(path[1:2]), frozenset(path[1:2] if used.written else ()))
        owner = self.known.class_of(tree.name(path[0]))
        is_cut = ends_early and bool(used.written)
        return is_cut or used.clashes(of_nodes(between, path[0], owner))


def _is_bound(node: Any) -> bool:
    return isinstance(node, gast.Assign) and tree.is_name(node.targets[0])


def _writes(function: FunctionType) -> bool:
    return CallWriting(read_source(function, may_yield=True)).writes(function)


def _fills_arguments(function: FunctionType) -> bool:
    """Whether the text of a method writes elements of its arguments."""
    definition = read_source(function, may_yield=True).tree
    return bool(set(parameters(definition)[1:]) & written_in(definition))
