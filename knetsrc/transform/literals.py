"""Helpers that are handed an axis become helpers for that axis, of which ranks and shapes are known.

logsumexp(scores, 0)    ->  logsumexp(scores), with `np.max(a, axis=0)` in it for `np.max(a, axis=axis)`
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.callee import Helper, Primitive
from knetsrc.transform.functions import Function, bind_call, made_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from knetsrc.transform.units import Units

_OPTIONS = frozenset({"axis", "axes", "keepdims", "axis1", "axis2"})


@dataclass
class Literals:
    """Rewrites calls of helpers in one module."""

    units: "Units"
    _known: dict[int, list[str]] = field(default_factory=dict)

    def written_out(
        self, core: gast.FunctionDef, depends: "Callable[[tree.Node], bool]"
    ) -> gast.FunctionDef:
        """The function with copies of the helpers that are handed an axis, where a call `depends` on what is differentiated."""

        def rewrite(node: gast.Call) -> gast.Call:
            callee = self.units.calls.of(node)
            if not isinstance(callee, Helper) or not depends(node):
                return node
            function = self.units.load_if_possible(callee)
            bound = bind_call(function, node) if function is not None else None
            if function is None or bound is None or not self._may_be_copied(function):
                return node
            if self.units.facts.is_kept(callee.function, function):  # what a cache keeps
                return node
            given = {p: a for p, a in bound.items() if _is_literal(a)}
            given = {p: given[p] for p in self._options(function) if p in given} if given else {}
            if not given:
                return node
            rest = [bound[p] for p in function.parameters if p not in given]
            return tree.at(tree.call(self._made_for(function, given), *rest), node)

        return tree.rewrite(core, {gast.Call: rewrite})

    def _may_be_copied(self, function: Function) -> bool:
        return function.is_plain and not function.core.args.kwonlyargs

    def _options(self, function: Function) -> list[str]:
        """Parameters that are only read, and handed on as an axis."""
        key = id(function.core)
        if key not in self._known:
            self._known[key] = []  # a recursive call hands nothing else on
            self._known[key] = self._found_options(function)
        return self._known[key]

    def _found_options(self, function: Function) -> list[str]:
        found: set[str] = set()
        for node in tree.walk(function.core.body):
            callee = self.units.calls.of(node) if isinstance(node, gast.Call) else None
            if isinstance(callee, Primitive):
                found |= _names({k: v for k, v in callee.bound().items() if k in _OPTIONS})
            elif isinstance(callee, Helper):
                inner = self.units.load_if_possible(callee)
                bound = bind_call(inner, node) if inner is not None else None
                if inner is not None and bound is not None:
                    found |= _names({p: bound[p] for p in self._options(inner)})
        found -= tree.names_written(function.core.body)
        return [p for p in function.parameters if p in found]

    def _made_for(self, function: Function, given: dict[str, tree.Node]) -> str:
        """The name of a copy of a helper with literals in the place of some parameters."""
        origin = "literals", function.identity, tuple((p, tree.show(a)) for p, a in given.items())
        local = self.units.calls.local
        if (known_as := made_of(local, origin)) is not None:
            return known_as
        name = self.units.names.fresh(function.name)
        core = tree.clone(function.core)
        core.body = tree.substitute(core.body, given)
        core.args.args = [a for a in core.args.args if a.id not in given]
        core.args.posonlyargs = [a for a in core.args.posonlyargs if a.id not in given]
        core.args.defaults = []
        local[name] = replace(function, name=name, core=core, origin=origin)
        return name


def _is_literal(node: tree.Node) -> bool:
    is_flag = tree.is_constant(node, None, True, False)
    parts = node.elts if isinstance(node, gast.Tuple) else [node]
    return is_flag or (bool(parts) and all(tree.integer_of(n) is not None for n in parts))


def _names(arguments: dict[str, Any]) -> set[str]:
    return {node.id for node in arguments.values() if isinstance(node, gast.Name)}
