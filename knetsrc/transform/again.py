"""Calls of checkpointed functions: the forward part calls the function itself, the backward part its pair.

y = layer(x, w)          y = layer(x, w)
                   ->    ...
                         layer_kept = layer_forward(x, w)[1]
                         d_x, d_w = layer_backward(layer_kept, d_y)
"""

import functools
import random
from typing import TYPE_CHECKING, Any

import gast
import numpy as np

from knetsrc import ops
from knetsrc.checkpoints import checkpoint
from knetsrc.errors import UnsupportedAliasError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.callee import Helper
from knetsrc.transform.functions import Function, call_with, located
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.outline import is_loop
from knetsrc.transform.pairs import Pair
from knetsrc.transform.resolve import UNKNOWN, Outside
from knetsrc.transform.values import StepValues

if TYPE_CHECKING:
    from knetsrc.transform.units import Units

_DRAWING = frozenset(n for n in dir(np.random.Generator) if not n.startswith("_")) | {
    "rand", "randint", "randn", "random_sample", "gauss", "randrange", "sample",
}  # fmt: skip
_CONSUMING = (next, input, ops.dropout, ops.dropout_mask)
_TRANSPARENT = (functools.cache, functools.lru_cache)


def has_checkpoint(function: gast.FunctionDef, outside: Outside) -> bool:
    """Whether a function defined inside another is decorated as a checkpoint.

    Raises
    ------
    UnsupportedSyntaxError
        For a decorator that may make another function of it.
    """
    found = [outside.resolve(getattr(d, "func", d)) for d in function.decorator_list]
    for value, decorator in zip(found, function.decorator_list, strict=True):
        if is_loop(function):
            continue
        if value is not checkpoint and value not in _TRANSPARENT:
            raise UnsupportedSyntaxError(
                "a decorator of a function defined inside a differentiated function",
                at=decorator,
                why="it may put another function in the place of this one",
                instead="define the decorated function outside, and pass it what it reads",
            )
    return checkpoint in found


def call_again(
    units: "Units", values: StepValues, function: Function, pair: Pair, bound: dict[str, tree.Node]
) -> gast.Call:
    """The call of the forward function in the backward part, with the arguments of the call that `values` is about."""
    call = values.step.node.value
    check_repeatable(units, function)
    written = units.helper_effects.of(function, id(function)).written
    if written:
        raise UnsupportedAliasError(
            f"a checkpointed function that writes into its argument `{min(written)}`",
            at=call,
            why="the backward part calls it again, and it would find what it has written",
            instead=f"let it copy the argument first: {min(written)} = {min(written)}.copy()",
        )
    read = {p: values.value(a) for p, a in bound.items()}
    again = tree.clone(call)
    again.args = [_read_again(a, values) for a in call.args]
    for new, old in zip(again.keywords, call.keywords, strict=True):
        new.value = _read_again(old.value, values)
    return call_with(pair.forward, function, again, read)


def _read_again(argument: tree.Node, values: StepValues) -> tree.Node:
    if not isinstance(argument, gast.Starred):
        return values.value(argument)
    new = tree.clone(argument)
    new.value = values.value(argument.value)
    return new


def check_repeatable(units: "Units", function: Function) -> None:
    """Refuse what gives something else when it is run again.

    Raises
    ------
    UnsupportedSyntaxError
        For random numbers, and for what is taken from an iterator.
    """
    seen = set[Any]()
    waiting = [function]
    while waiting:
        current = waiting.pop()
        seen.add(current.identity)
        core = units.specialized(current)
        seeded = _seeded(core, units.outside)
        for node in tree.walk(core.body):
            if not isinstance(node, gast.Call):
                continue
            callee = units.calls.of(node)
            if isinstance(callee, Helper):
                inner = units.load_if_possible(callee)
                if inner is not None and inner.identity not in seen:
                    waiting.append(inner)
            elif _gives_something_else(node, units.outside, seeded):
                error = UnsupportedSyntaxError(
                    f"`{tree.show(node.func)}` in a function that is computed again",
                    at=node,
                    why="the second time it gives something else, and the gradient would be that of another function",
                    instead="draw the numbers outside, and pass them as an argument",
                )
                raise located(error, current.source) if current.source else error


def drawn_together(core: gast.FunctionDef, units: "Units") -> set[str]:
    """Calls, as texts, of which a statement makes several that each draw: leaving one out would change what the others give."""
    found: set[str] = set()
    known: dict[int, bool] = {}
    for node in tree.walk(core.body):
        if isinstance(node, gast.Assign | gast.AugAssign | gast.Expr | gast.Return):
            calls = [n for n in tree.walk(node) if isinstance(n, gast.Call)]
            drawn = [n for n in calls if len(calls) > 1 and _draws(n, units, known)]
            found |= {tree.show(n) for n in drawn} if len(drawn) > 1 else set()
    return found


def _draws(call: gast.Call, units: "Units", known: dict[int, bool]) -> bool:
    """Whether a call gives something else the next time, or the function of the user that it calls makes such a call."""
    callee = units.calls.of(call)
    function = units.load_if_possible(callee) if isinstance(callee, Helper) else None
    if function is None:
        return _gives_something_else(call, units.outside, set())
    key = id(function.core)
    if key not in known:
        known[key] = _reaches_a_draw(function, units)
    return known[key]


def _reaches_a_draw(function: Function, units: "Units") -> bool:
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        current = waiting.pop()
        if id(current.core) in seen:
            continue
        seen.add(id(current.core))
        for call in [n for n in tree.walk(current.core.body) if isinstance(n, gast.Call)]:
            callee = units.calls.of(call)
            inner = units.load_if_possible(callee) if isinstance(callee, Helper) else None
            if inner is not None:
                waiting.append(inner)
            elif _gives_something_else(call, units.outside, set()):
                return True
    return False


def _gives_something_else(call: gast.Call, outside: Outside, seeded: set[str]) -> bool:
    value = outside.resolve(call.func)
    if value is UNKNOWN:
        method = call.func
        is_drawn = isinstance(method, gast.Attribute) and method.attr in _DRAWING
        return is_drawn and getattr(method.value, "id", None) not in seeded
    if value is np.random.default_rng:
        return not call.args and not call.keywords
    is_consuming = any(value is f for f in _CONSUMING)
    return is_consuming or _owner(value) in (np.random, random)


def _owner(value: Any) -> Any:
    """The module of random numbers that a function is of."""
    for module in (np.random, random):
        if getattr(module, getattr(value, "__name__", ""), None) is value:
            return module
    return None


def _seeded(core: gast.FunctionDef, outside: Outside) -> set[str]:
    """Names of generators that a function makes from a seed: they draw the same numbers again."""
    bound = bound_values(core)
    return {
        text
        for text, values in bound.items()
        if text not in parameters(core) and all(_is_generator(v, outside) for v in values)
    }


def _is_generator(value: tree.Node | None, outside: Outside) -> bool:
    made = outside.resolve(value.func) if isinstance(value, gast.Call) else None
    return made is np.random.default_rng
