"""Refuses calls that may write into what is differentiated without a trace of it in the tree.

heapq.heappush(heap, x[i])       a function without source, of which nobody takes the value
add = out.append; add(x[i])      a method under another name
map(out.append, x)               a method that is handed over
operator.setitem(y, 0, x[1])     a function that is known to write
y.sum(0, None, total)            `out` by position, of what need not be an array
table[float(x[0])] = 1.0         a key that is a differentiated number
Moments(0.1, x)                  running moments, which are constants of a derivative
"""

import bisect
import heapq
import operator
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast
import numpy as np

from knetsrc import ops
from knetsrc.errors import (
    KnetsrcError,
    MissingAdjointError,
    UnsupportedAliasError,
    UnsupportedSyntaxError,
)
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import differentiable_names
from knetsrc.transform.analysis.alias_statements import made_containers
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.callee import Calls, Helper, Primitive, Unknown
from knetsrc.transform.functions import Function, bind_call
from knetsrc.transform.normalize.call_writes import out_position
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.resolve import UNKNOWN

# Methods that write into their object, where they are spelt out or called as functions of the class.
_WRITING_METHODS = frozenset({
    "__delattr__", "__delitem__", "__iadd__", "__iand__", "__ifloordiv__", "__imatmul__", "__imod__", "__imul__", "__ior__",
    "__ipow__", "__isub__", "__itruediv__", "__setattr__", "__setitem__", "__setstate__", "fill", "itemset", "partition", "put",
    "resize", "setfield", "sort",
})  # fmt: skip
_WRITING = (
    *(operator.setitem, operator.delitem, operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow),
    *(operator.imatmul, operator.ifloordiv, operator.imod, operator.iconcat, operator.iand, operator.ior, operator.ixor),
    *(heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop),
    *(bisect.insort, bisect.insort_left, bisect.insort_right),
)  # fmt: skip
_GROWING = frozenset({"append", "extend", "insert", "setdefault", "update"})
_OF_CLASSES = (types.MethodDescriptorType, types.WrapperDescriptorType)
_BUILTIN = (types.BuiltinFunctionType, types.BuiltinMethodType, *_OF_CLASSES, np.ufunc)


@dataclass
class LostWrites:
    """Looks for calls that may write a differentiated value somewhere, or write into one.

    Attributes
    ----------
    calls
        Tells what the calls of a function call.
    varied_in
        Names of a function that depend on these parameters of it.
    load
        The function of a helper, if it can be read.
    """

    calls: Calls
    varied_in: Callable[[gast.FunctionDef, set[str]], set[str]]
    load: Callable[[Helper], Function | None]
    _seen: set[tuple[int, frozenset[str], bool]] = field(default_factory=set)

    def refuse(self, core: gast.FunctionDef, wrt: set[str], is_unused: bool = False) -> None:
        """Raise an error for the first one in a function, or in its helpers: their values may not be used.

        Where nothing uses what the function returns, a call that it returns is one of these.

        Raises
        ------
        UnsupportedAliasError
            For calls of what is known to write, and of what has neither rule nor source and whose value is not used.
        """
        varied = self.varied_in(core, wrt)
        local = tree.names_written(core.body) | set(parameters(core))
        dropped = {id(n.value) for n in tree.walk(core.body) if isinstance(n, gast.Expr)}
        unused = dropped | _unused_values(core, is_unused)
        for call in [n for n in tree.walk(core.body) if isinstance(n, gast.Call)]:
            if not differentiable_names(call, self.calls) & varied:
                continue
            if _makes_moments(self.calls.outside.resolve(call.func)):
                raise _moments(call)
            callee = self.calls.of(call)
            if isinstance(callee, Unknown):
                if callee.name == "vjp" and callee.error is not None:
                    raise callee.error
                if id(call) in unused and _called_root(call) in parameters(core):
                    raise _unknown_parameter(call)
                self._refuse_unknown(call, local if id(call) in dropped else None)
            elif isinstance(callee, Helper):
                self._look_into(call, callee, varied, id(call) in unused)
        _refuse_kept_methods(core, varied)
        self._refuse_keys(core, varied)

    def _refuse_keys(self, core: gast.FunctionDef, varied: set[str]) -> None:
        """Refuse dictionaries with keys that are sure to be differentiated numbers: reading a key gives no derivative."""
        made, bound = made_containers(core), bound_values(core)
        for node in tree.walk(core.body):
            keys = [k for k in node.keys if k is not None] if isinstance(node, gast.Dict) else []
            if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Subscript):
                written = node.targets[0]
                keys = [written.slice] if getattr(written.value, "id", None) in made else []
            for key in keys:
                values = bound.get(key.id, []) if isinstance(key, gast.Name) else [key]
                if any(
                    self._is_float(v) and differentiable_names(v, self.calls) & varied
                    for v in values
                ):
                    raise UnsupportedSyntaxError(
                        f"`{tree.show(key)}`, a differentiated number, as a key",
                        at=key,
                        why="a key has no adjoint, and the derivative of what reads it would be lost",
                        instead="keep the number as a value, under an integer or a text",
                    )

    def _is_float(self, node: tree.Node | None) -> bool:
        callee = self.calls.of(node) if node is not None else None
        if not isinstance(callee, Primitive):
            return False
        if not callee.rule.elementwise:
            return float in callee.rule.primitives
        return not isinstance(node, gast.BinOp) or any(map(_is_float_literal, tree.walk(node)))

    def _refuse_unknown(self, call: gast.Call, local: set[str] | None) -> None:
        """`local` are names of the function, if the value of the call is not used."""
        value = self.calls.outside.resolve(call.func)
        whole = call.func.value if isinstance(call.func, gast.Attribute) else None
        is_reduction = isinstance(self.calls.outside.resolve(whole), np.ufunc)
        is_open = local is not None and (is_reduction or _may_write(call, value, local))
        if is_open or _writes(call, value):
            raise _error(call.func)

    def _look_into(
        self, call: gast.Call, callee: Helper, varied: set[str], is_unused: bool
    ) -> None:
        function = self.load(callee)
        if function is None:
            return
        bound = bind_call(function, call)
        if bound is None:  # any of them may get it
            bound = dict.fromkeys(function.parameters, call)
        given = {p for p, a in bound.items() if differentiable_names(a, self.calls) & varied}
        key = (id(function.core), frozenset(given), is_unused)
        if key not in self._seen:
            self._seen.add(key)
            self.refuse(function.core, given, is_unused)


def _called_root(call: gast.Call) -> str | None:
    """The name by which a call gets what it calls: `f(x)`, `table["f"](x)`."""
    function = call.func
    while isinstance(function, gast.Subscript):
        function = function.value
    return function.id if isinstance(function, gast.Name) else None


def _unused_values(core: gast.FunctionDef, is_unused: bool) -> set[int]:
    """Values of names that nothing reads, and what a function returns if that `is_unused`."""
    read = tree.names_read(core.body[:-1] if is_unused else core.body)
    assigned = [n for n in tree.walk(core.body) if isinstance(n, gast.Assign)]
    values = {id(n.value) for n in assigned if not tree.names_written(n) & read}
    last = core.body[-1]
    return values | ({id(last.value)} if is_unused and isinstance(last, gast.Return) else set())


def _is_float_literal(node: tree.Node) -> bool:
    return isinstance(node, gast.Constant) and isinstance(node.value, float)


def _refuse_kept_methods(core: gast.FunctionDef, varied: set[str]) -> None:
    """Refuse `map(xs.append, values)` and the like."""
    made = made_containers(core)
    called = {id(n.func) for n in tree.walk(core.body) if isinstance(n, gast.Call)}
    for node in [n for n in tree.walk(core.body) if isinstance(n, gast.Assign | gast.Expr)]:
        for part in tree.walk(node) if tree.names_read(node) & varied else ():
            is_kept = isinstance(part, gast.Attribute) and id(part) not in called
            if is_kept and part.attr in _GROWING and getattr(part.value, "id", None) in made:
                raise _error(part)


def _writes(call: gast.Call, value: Any) -> bool:
    """Whether a call is known to write into an argument or its object."""
    method = call.func.attr if isinstance(call.func, gast.Attribute) else ""
    if value is UNKNOWN:
        position = out_position(call, is_array=True)
        is_given = position is not None and position < len(call.args)
        is_out = is_given and not isinstance(call.args[position], gast.Constant)
        return is_out or (method.startswith("__") and method in _WRITING_METHODS)
    is_method = isinstance(value, _OF_CLASSES)
    return any(value is f for f in _WRITING) or (is_method and value.__name__ in _WRITING_METHODS)


def _may_write(call: gast.Call, value: Any, local: set[str]) -> bool:
    """Whether a call of which the value is not used may write: of a builtin, or of what the function itself got hold of."""
    if value is not UNKNOWN:
        return isinstance(value, _BUILTIN)
    if isinstance(call.func, gast.Name):  # others are what the transform has put there
        return call.func.id in local
    return not isinstance(call.func, gast.Attribute)


def _makes_moments(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, ops.Moments)


def _moments(call: gast.Call) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        f"`{tree.show(call.func)}` made of a differentiated value",
        at=call,
        why="running moments are constants of a derivative, and the one with respect to that value would be lost",
        instead="pass stop_gradient(mean), stop_gradient(var) if they are meant to be constant;\n"
        "else write it out: (x - mean) / np.sqrt(var + eps)",
    )


def _unknown_parameter(call: gast.Call) -> MissingAdjointError:
    """The error for a call of a parameter, whose value says what it does."""
    return MissingAdjointError(
        f"a call of `{tree.show(call.func)}`, which may write",
        at=call.func,
        why="what is called is not known, and the derivative of what it writes would be lost",
        instead="hand over a function that is written in Python, or None",
    )


def _error(function: tree.Node) -> KnetsrcError:
    return UnsupportedAliasError(
        f"a call of `{tree.show(function)}`, which may write",
        at=function,
        why="the write does not show, and the derivative of it would be lost",
        instead="write it as a statement: y[i] = ..., xs.append(...), y += ...",
    )
