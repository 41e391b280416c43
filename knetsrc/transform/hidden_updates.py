"""Helpers that are called as they are, in which `s += e` may change an array of the caller: copies that check this are called.

def shifted(y, b):        def shifted(y, b):
    z = y                     z = y
    z += b        ->          check_not_array(z, "z += b")
                              z = z + b

Where `s` is a parameter, the caller checks its argument, see `check_calls`. The check says what the transform could not know, and
the source is generated again.
"""

import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.callee import Calls, Helper
from knetsrc.transform.functions import Function, bind_call, made_of
from knetsrc.transform.resolve import CHECK


@dataclass
class HiddenUpdates:
    """Looks for such helpers, for the functions of one generated module.

    Attributes
    ----------
    load
        The function of a helper, None if it cannot be read.
    core_of
        A function with plain calls.
    specialized
        The same; an error where its calls cannot be told.
    fresh
        Gives a name of the module that is free.
    """

    calls: Calls
    load: Callable[[Helper], Function | None]
    core_of: Callable[[Function], gast.FunctionDef]
    specialized: Callable[[Function], gast.FunctionDef]
    fresh: Callable[[str], str]
    _hides: dict[Any, bool] = field(default_factory=dict)

    def copied(self, node: gast.Call, is_checked: bool) -> tree.Node:
        """The call of a copy, if a helper may change an array; updates of its parameters left out where these are checked."""
        callee = self.calls.of(node)
        if not isinstance(callee, Helper) or not isinstance(callee.function, types.FunctionType):
            return node
        function = self.load(callee)
        if function is None or not self._needs_copy(function, node, is_checked):
            return node
        try:
            self.specialized(function)
        except KnetsrcError:  # nothing of it is differentiated, and it may contain anything
            return node
        new = tree.clone(node)
        new.func = tree.at(tree.name(self._copy(function)), node.func)
        if inspect.isgeneratorfunction(callee.function):  # the copy returns a list
            return tree.at(tree.call("iter", new), node)
        return new

    def _copy(self, function: Function) -> str:
        origin = ("copy", function.identity)
        name = made_of(self.calls.local, origin) or self.fresh(function.name)
        self.calls.local.setdefault(name, replace(function, name=name, origin=origin))
        return name

    def _needs_copy(self, function: Function, node: gast.Call, is_checked: bool) -> bool:
        if is_checked and bind_call(function, node) is not None:
            return self._hides_updates(function)
        return any(map(_updated, self.reached(function)))

    def _hides_updates(self, function: Function) -> bool:
        """Whether it updates what is no parameter of its own, or calls what updates anything."""
        key = function.identity
        if key not in self._hides:
            others = (f for f in self.reached(function) if f.identity != key)
            is_own = bool(_updated(function) - set(function.parameters))
            self._hides[key] = is_own or any(map(_updated, others))
        return self._hides[key]

    def reached(self, function: Function) -> Iterator[Function]:
        """The function, and those that it calls, and that these call."""
        seen, waiting = {function.identity}, [function]
        while waiting:
            one = waiting.pop()
            yield one
            for call in [n for n in tree.walk(self.core_of(one).body) if isinstance(n, gast.Call)]:
                callee = self.calls.of(call)
                inner = self.load(callee) if isinstance(callee, Helper) else None
                if inner is not None and inner.identity not in seen:
                    seen.add(inner.identity)
                    waiting.append(inner)


def _updated(function: Function) -> set[str]:
    """Names that a function updates by `s += e` where another name may see it."""
    checks = [n for n in tree.walk(function.core.body) if tree.called_name(n) == CHECK]
    return {name for n in checks for name in tree.names_read(n.args[0])}
