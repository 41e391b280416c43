"""Helpers that are handed lists of objects: what they do with these, and the calls of those that change the objects.

def move(ps, dt):
    for p in ps:                move(ps, dt)     ->     move_Particle(ps, dt)
        p.x += dt * p.v

In the function `move_Particle` an object is taken out of `ps`, changes and is put back, see `object_lists`. Such a function is only
called with a list of which, and of whose objects, the caller has no other names.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Literal, NamedTuple

import gast

from knetsrc.checkpoints import is_checkpoint
from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.classes import is_library
from knetsrc.transform.normalize.scopes import captured_names, parameters
from knetsrc.transform.object_entries import Container
from knetsrc.transform.object_refusals import rule_of
from knetsrc.transform.source import Source, read_source
from knetsrc.transform.yields import is_generator

Way = Literal["read", "written"]


class ListGiven(NamedTuple):
    """A parameter for a list or dict of objects."""

    parameter: str
    kind: type
    is_dict: bool


Lists = tuple[ListGiven, ...]


@dataclass
class ListHelpers:
    """The functions of one module that change objects in lists that they are handed.

    Attributes
    ----------
    fresh
        Gives a new name.
    way_in
        What a function does with a list in it; None where something else may come to stand for the list, or for an object in it.
    """

    fresh: Callable[[str], str]
    way_in: Callable[[gast.FunctionDef, Container, "ListHelpers"], Way | None]
    names: dict[tuple[FunctionType, Lists], str] = field(default_factory=dict)
    _ways: dict[tuple[FunctionType, ListGiven], Way | None] = field(default_factory=dict)

    def way(self, call: Any, node: Any, of: Container) -> Way | None:
        """What a call does with a list that is an argument of it; None where that is not known."""
        found = self._given(call, node, of)
        if found is None:
            return None
        function, given = found
        if (function, given) not in self._ways:
            self._ways[function, given] = "read"  # a recursive call adds nothing
            self._ways[function, given] = self._way_of(function, given)
        return self._ways[function, given]

    def _way_of(self, function: FunctionType, given: ListGiven) -> Way | None:
        try:
            source = read_source(function)
        except KnetsrcError:
            return None
        of = container_given(source.tree, source, given)
        return self.way_in(source.tree, of, self) if of is not None else None

    def marked(self, function: gast.FunctionDef, of: Container) -> gast.FunctionDef | None:
        """The function in which calls that change the objects of a list are those of functions for that; None without such calls."""
        found = False

        def replace(call: gast.Call) -> gast.Call:
            nonlocal found
            for value in [*call.args, *(k.value for k in call.keywords)]:
                if tree.is_name(value, of.text) and self.way(call, value, of) == "written":
                    found = True
                    call = self._marked(call, value, of)
            return call

        made = tree.rewrite(function, {gast.Call: replace})
        return made if found else None

    def _marked(self, call: gast.Call, value: Any, of: Container) -> gast.Call:
        function, given = self._given(call, value, of)  # type: ignore[misc]
        path = tree.show(call.func)
        lists = next((k[1] for k, text in self.names.items() if text == path), ())
        key = function, tuple(sorted({*lists, given}, key=lambda one: one.parameter))
        if key not in self.names:
            self.names[key] = self.fresh(f"{function.__name__}_{of.kind.__name__}")
        of.source.made[self.names[key]] = function
        new: gast.Call = tree.clone(call)
        new.func = tree.at(tree.name(self.names[key]), call.func)
        return new

    def called_in(self, function: gast.FunctionDef) -> Iterator[tuple[str, FunctionType, Lists]]:
        """The functions for lists that a function calls."""
        read = tree.names_read(function.body)
        yield from ((text, *key) for key, text in [*self.names.items()] if text in read)

    def _given(self, call: Any, node: Any, of: Container) -> tuple[FunctionType, ListGiven] | None:
        """The function that a call calls, and the parameter that a list goes to."""
        function = of.source.value_of(call.func) if _is_outside(call.func, of.source) else None
        if not isinstance(function, FunctionType) or is_library(function):
            return None
        if rule_of(function) is not None or is_checkpoint(function):
            return None
        every = inspect.signature(function, follow_wrapped=False).parameters.values()
        if any(isinstance(a, gast.Starred) for a in call.args) or any(
            k.arg is None for k in call.keywords
        ):
            return None
        places = [p.name for p in every if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        given = dict(zip(places, call.args, strict=False))
        given |= {k.arg: k.value for k in call.keywords}
        found = [text for text, value in given.items() if tree.is_name(value, of.text)]
        is_once = len(found) == 1 and given[found[0]] is node
        return (function, ListGiven(found[0], of.kind, of.is_dict)) if is_once else None


def container_given(
    function: gast.FunctionDef, source: Source, given: ListGiven
) -> Container | None:
    """The list that a parameter stands for; None where it does not always."""
    hidden = captured_names(function.body) | tree.names_written(function.body)
    is_plain = given.parameter in parameters(function) and given.parameter not in hidden
    if not is_plain or is_generator(function):
        return None
    return Container(given.parameter, given.kind, given.is_dict, source, is_given=True)


def _is_outside(function: Any, source: Source) -> bool:
    """Whether the name in front of what is called is none that the function binds."""
    while isinstance(function, gast.Attribute):
        function = function.value
    local = tree.names_written(source.tree.body) | set(parameters(source.tree))
    return isinstance(function, gast.Name) and function.id not in local


def is_alone(call: Any, text: str, around: Callable[[Any], Any]) -> bool:
    """Whether a call stands in a simple statement that reads and writes nothing else of what a name stands for.

    Parameters
    ----------
    call
        The call.
    text
        The name, which is an argument of the call.
    around
        Gives what a node is a part of.
    """
    node = around(call)
    while isinstance(node, gast.BinOp | gast.UnaryOp | gast.Tuple | gast.keyword) or (
        isinstance(node, gast.Call) and not tree.is_name(node.func, text)
    ):
        node = around(node)
    is_simple = isinstance(node, gast.Assign | gast.AugAssign | gast.Expr | gast.Return)
    inside = {id(n) for n in tree.walk(call)}
    return is_simple and not any(
        tree.is_name(n, text) and id(n) not in inside for n in tree.walk(node)
    )
