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
from knetsrc.transform.normalize.jumps import jumps_in
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.object_uses import Used, of_method, of_nodes, path_below
from knetsrc.transform.source import read_source
from knetsrc.transform.turns import EARLY, WHOLE, refused, without
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

    def _refuse_in(self, iterable: Any, between: list[tree.Node], ends_early: bool) -> None:
        for call, function in self._late(iterable):
            beside = without(between, call)
            member = self.member(call, self.known)
            if member is None:
                is_refused = self._differs(call, function, beside, ends_early)
            else:
                is_refused = self._method_differs(call, member, beside, ends_early)
            if is_refused:
                raise refused(call)

    def _refuse_kept(self, iterable: Any) -> None:
        """Refuse a generator of an object that is not gone through where it is made, if the object changes anywhere."""
        for call, _ in self._late(iterable):
            member = self.member(call, self.known)
            if member and self._method_differs(call, member, without(self.core.body, call), True):
                raise refused(call)

    def _late(self, node: Any) -> Iterator[tuple[Any, FunctionType]]:
        """The calls in an iterable that make generators, and the functions that they call."""
        if not isinstance(node, gast.Call):
            return
        member = self.member(node, self.known)
        function = member[2] if member is not None else self._called(node)
        if inspect.isgeneratorfunction(function):
            yield node, function
        elif self._is_passing(node):
            for argument in node.args:
                yield from self._late(getattr(argument, "value", argument))

    def _called(self, node: gast.Call) -> Any:
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
        if CallWriting(read_source(function, may_yield=True)).writes(function):
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


def _fills_arguments(function: FunctionType) -> bool:
    """Whether the text of a method writes elements of its arguments."""
    definition = read_source(function, may_yield=True).tree
    return bool(set(parameters(definition)[1:]) & written_in(definition))
