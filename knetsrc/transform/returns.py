"""Which functions of the user return functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.static import Statics, is_closure


@dataclass
class Returns:
    """Answers whether a call may give a function, or a container with functions in it.

    Attributes
    ----------
    helper
        Gives the function of the user that an expression names, None for anything else.
    bind
        Gives the arguments of a call by parameter, or None.
    """

    statics: Statics
    helper: Callable[[tree.Node], Any]
    bind: Callable[[Any, gast.Call], dict[str, tree.Node] | None]
    _asked: set[int] = field(default_factory=set)

    def function(self, callee: Any, known: set[str]) -> bool:
        """Whether `callee` returns a function where the parameters `known` are functions."""
        if id(callee.core) in self._asked:
            return False
        self._asked.add(id(callee.core))
        names = {*known, *callee.known}
        flows = [n for n in tree.walk(callee.core.body) if isinstance(n, gast.Assign | gast.For)]
        while True:
            more = {t for n in flows for t in self._bound(n, names)} - names
            if not more:
                break
            names |= more
        found = self._holds(callee.core.body[-1].value, names)
        self._asked.discard(id(callee.core))
        return found

    def _bound(self, node: tree.Node, names: set[str]) -> set[str]:
        value = node.iter if isinstance(node, gast.For) else node.value
        target = node.target if isinstance(node, gast.For) else node.targets
        return tree.names_written(target) if self._holds(value, names) else set()

    def _holds(self, node: tree.Node, names: set[str]) -> bool:
        """Whether an expression may stand for a function or hold one."""
        if isinstance(node, gast.Name) and node.id in names:
            return True
        if isinstance(node, gast.Call):
            return self._gives(node, names)
        if isinstance(node, gast.Tuple | gast.List):
            return any(self._holds(e, names) for e in node.elts)
        if isinstance(node, gast.Dict):
            return any(self._holds(e, names) for e in node.values)
        if isinstance(node, gast.IfExp):
            return self._holds(node.body, names) or self._holds(node.orelse, names)
        if isinstance(node, gast.Subscript) and self._holds(node.value, names):
            return True
        return self.statics.is_static(node)

    def _gives(self, node: gast.Call, names: set[str]) -> bool:
        if is_closure(node) or self.statics.is_partial(node):
            return True
        if tree.called_name(node) in ("list", "tuple", "zip", "enumerate", "reversed"):
            return any(self._holds(a, names) for a in node.args)
        callee = self.helper(node.func)
        if callee is None:
            return False
        bound = self.bind(callee, node) or {}
        return self.function(callee, {p for p, a in bound.items() if self._holds(a, names)})
