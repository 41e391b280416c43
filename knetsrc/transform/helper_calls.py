"""Reverses calls of helper functions of the user: each becomes a call of the forward function of its pair."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import gast

from knetsrc.errors import KnetsrcError, UnsupportedAliasError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.again import call_again
from knetsrc.transform.again_loops import reverse_loop
from knetsrc.transform.analysis.atoms import SCALAR
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.stores import changed_names, may_copy, path_of
from knetsrc.transform.callee import Helper
from knetsrc.transform.functions import (
    CONTAINERS,
    Function,
    bind_call,
    call_with,
    named_defaults,
)
from knetsrc.transform.names import adjoint_name
from knetsrc.transform.pairs import PairKey
from knetsrc.transform.push import Pushed
from knetsrc.transform.refusal import refused_helper
from knetsrc.transform.reverse import Reverser
from knetsrc.transform.steps import Step
from knetsrc.transform.updates import buffered, entries_on, entry, may_be_number
from knetsrc.transform.values import StepValues

if TYPE_CHECKING:
    from knetsrc.transform.units import Units


def reverse_call(
    units: "Units",
    reverser: Reverser,
    step: Step,
    target: tree.Node,
    callee: Helper,
    changed: list[tree.Node],
) -> None:
    """Replace the call of a helper by that of its forward function, and reverse it by its backward function.

    The adjoints of what it writes into, `changed`, are handed to the backward function, which changes them in place.
    """
    node = step.node
    call = node.value
    is_statement = bool(changed) and tree.is_name(target, "_")
    step.shown = units.as_written(tree.expression(call) if is_statement else node)
    function = units.load_at(call, callee)
    bound = bind_call(function, call)
    if bound is None:
        raise UnsupportedSyntaxError(
            f"the call of `{callee.name}` with star arguments",
            at=call,
            why="which argument goes to which parameter is not known while transforming",
            instead="pass the arguments one by one",
        )
    early = named_defaults(function.core.args)
    if set(early.values()) & set(function.parameters):
        raise UnsupportedSyntaxError(
            f"a call of `{callee.name}`, with a computed default of `{next(iter(early))}`",
            at=call,
            why="it is a function made inside that is handed on, and the default is computed where it is made",
            instead="read the value in it under the name that it has outside, without a default",
        )
    if function.is_loop:
        given, backward = reverse_loop(units, reverser, step, target, function, bound)
        _reverse_arguments(reverser, step, target, bound, given, backward)
        return
    pusher = reverser.pusher
    active = frozenset(p for p, arg in bound.items() if pusher.is_active(arg))
    scalars = frozenset(p for p, arg in bound.items() if pusher.shapes.of(arg, node) == SCALAR)
    found = {p: pusher.calls.kind_of(bound[p]) for p in sorted(units.facts.asked(function))}
    kinds = tuple((p, k) for p, k in found.items() if k in CONTAINERS)
    numbers = pusher.shapes.numbers_after.get(id(node), frozenset())
    scalar_result = isinstance(target, gast.Name) and target.id in numbers
    adjoint = pusher.after(step, reverser.target_adjoint(target), target, callee.name)
    parts = None
    if isinstance(adjoint, gast.Tuple):
        parts = tuple(not tree.is_constant(e, None) for e in adjoint.elts)
    changing = units.facts.written_by(call, callee)
    written = changing & active if changed else frozenset()
    mutated = [
        p
        for p in function.parameters
        if p in written and any(tree.is_same(bound[p], place) for place in changed)
    ]
    rebound = sorted(tree.names_written(function.core.body) & set(mutated))
    if rebound:
        raise UnsupportedAliasError(
            f"a call of `{callee.name}`, which writes into `{rebound[0]}` and binds that name anew",
            at=call,
            why="which of its values the caller sees is not known while transforming",
            instead=f"give the new value in `{callee.name}` another name",
        )
    has_seed = any(map(reverser.is_live_name, sorted(tree.names_written(target))))
    handed_back = [p for p in mutated if has_seed and tree.is_name(function.core.body[-1].value, p)]
    if handed_back:
        place = tree.show(bound[handed_back[0]])
        raise UnsupportedAliasError(
            f"a call of `{callee.name}`, which writes into `{handed_back[0]}` and returns it",
            at=call,
            why=f"what it returns is a second name of `{place}`",
            instead=f"let it return nothing, and read `{place}` after the call",
        )
    kept_as_is = active - units.facts.written_by(call, callee)
    added = _added(units, reverser, step, function, {p: bound[p] for p in kept_as_is})
    key = PairKey(
        id(callee.function), active, scalars, scalar_result, parts, kinds, tuple(added),
        mutated=frozenset(mutated), has_seed=has_seed, is_tried=reverser.is_tried,
        told=units.told_of(function, pusher.shapes.of_arguments(bound, node).without_numbers(changing)),
    )  # fmt: skip
    if mutated and function.is_checkpoint:
        raise UnsupportedAliasError(
            f"a checkpoint of `{callee.name}`, which writes into `{mutated[0]}`",
            at=call,
            why="it is called again in the backward part, when the argument has changed",
            instead=f"let it copy `{mutated[0]}` first, and return what it has written",
        )
    try:
        pair = units.pair(callee, key)
    except KnetsrcError as error:
        raise refused_helper(call, callee, error) from error.__cause__
    kept = pusher.names.fresh(f"{callee.name}_kept")
    if function.is_checkpoint:
        again = call_again(units, StepValues(pusher, step), function, pair, bound)
        step.back.append(tree.assign(kept, tree.subscript(again, tree.constant(1))))
    else:
        step.extra.append(kept)
        step.gives_back = True
        node.targets = [tree.target_of(tree.tuple_of([tree.clone(target), tree.name(kept)]))]
        node.value = tree.at(call_with(pair.forward, function, call, bound), call)
    handed = [_place_of_adjoint(reverser, step, bound[p]) for p in mutated]
    seeds = [adjoint] if has_seed else []
    sums = [tree.name(text) for text in added.values()]
    backward = tree.call(pair.backward, tree.name(kept), *seeds, *sums, *handed)
    rest = [p for p in function.parameters if p in active and p not in mutated]
    _reverse_arguments(reverser, step, target, bound, rest, backward, bool(mutated), added)


def _added(
    units: "Units", reverser: Reverser, step: Step, function: Function,
    arguments: dict[str, tree.Node],
) -> dict[str, str]:  # fmt: skip
    """Parameters of which the backward function adds to the adjoint itself, with the names of these.

    Such are containers to whose adjoint the loop around only adds, and what a function that calls itself hands on as it is.
    """
    if function.is_checkpoint or reverser.is_tried:
        return {}
    keys = reverser.pusher.keys
    changed = tree.names_written(function.core.body) | changed_names(function.core.body)
    found = {p: keys.of(a) for p, a in arguments.items() if tree.is_name(a) and p not in changed}
    places = list(found.values())
    known = {p: key for p, key in found.items() if places.count(key) == 1}
    known = {p: key for p, key in known.items() if key not in reverser.handed | keys.exploded}
    on = _handed_on(units, function) if known else frozenset()
    added: dict[str, str] = {}
    for parameter in [p for p in function.parameters if p in known]:
        key = known[parameter] or ""
        is_sum = key in reverser.gathered and key in reverser.live
        is_of_many = parameter in on and (
            key in reverser.gathered or _is_of_many(reverser, step, arguments[parameter])
        )
        if is_of_many and key not in reverser.live and key in reverser.fixed:
            step.back += reverser.started_sum(key)
            is_sum = True
        if is_sum and (is_of_many or key not in reverser.numeric):
            added[parameter] = keys.adjoint(key)
    return added


def _is_of_many(reverser: Reverser, step: Step, node: tree.Node) -> bool:
    """Whether an argument is an array with axes, or a container."""
    pusher = reverser.pusher
    return bool(pusher.shapes.rank(node, step.node)) or pusher.calls.kind_of(node) in CONTAINERS


def _handed_on(units: "Units", function: Function) -> frozenset[str]:
    """Parameters of a function that calls itself which all these calls hand on as they are."""
    if function.source is not None and function.source is units.outside.main:
        return frozenset()
    found: list[frozenset[str]] = []
    for node in tree.walk(function.core.body):
        callee = units.calls.of(node) if isinstance(node, gast.Call) else None
        if isinstance(callee, Helper) and units.load_if_possible(callee) is function:
            bound = bind_call(function, node) or {}
            found.append(frozenset(p for p, a in bound.items() if tree.is_name(a, p)))
    return found[0].intersection(*found) if found else frozenset()


def _place_of_adjoint(reverser: Reverser, step: Step, place: tree.Node) -> tree.Node:
    """The adjoint of what a call writes into: a view of that of the whole array."""
    pushed = Pushed(reverser.pusher, step)
    text = base_of(place)
    assert text is not None
    adjoint: tree.Node = tree.name(reverser.pusher.keys.adjoint(text))
    path = path_of(place)
    entries = entries_on(path, text in reverser.numeric)
    has_axes = bool(reverser.pusher.shapes.rank(place, step.node))
    is_array = has_axes or (text in reverser.handed and not entries)
    if any(map(may_copy, path)):
        helper = reverser.spell("laid_out")
        step.back.append(tree.assign(adjoint.id, tree.call(helper, adjoint, tree.name(text))))
    elif text in reverser.numbers and not is_array:  # sums have made a number of it
        step.back.append(tree.assign(adjoint.id, tree.call("np.array", adjoint)))
    elif not is_array and may_be_number(path[len(entries) :]):
        step.back.append(buffered(pushed.values, text, entries))
    for part in path:
        adjoint = entry(pushed.values, adjoint, part)
    return adjoint


def _reverse_arguments(
    reverser: Reverser, step: Step, target: tree.Node, bound: dict[str, tree.Node], active: list[str],
    backward: tree.Node, changes: bool = False, added: Mapping[str, str] = MappingProxyType({}),
) -> None:  # fmt: skip
    pusher, keys = reverser.pusher, reverser.pusher.keys
    if not active:
        step.back.append(tree.expression(backward))
        reverser.live -= {k for n in tree.names_written(target) for k in reverser.keys_of(n)}
        return
    consumed = tree.names_written(target)
    live = reverser.live - {k for n in consumed for k in reverser.keys_of(n)}
    arguments = [keys.of(bound[p]) for p in active]
    targets, rest = [], []
    for parameter, key in zip(active, arguments, strict=True):
        if parameter in added:
            targets.append(added[parameter])
        elif not pusher.is_active(bound[parameter]):
            targets.append("_")
        elif (
            key is not None
            and key not in live
            and arguments.count(key) == 1
            and key not in reverser.buffers
        ):
            targets.append(keys.adjoint(key))
            live.add(key)
        else:
            name = pusher.names.fresh(adjoint_name(parameter))
            targets.append(name)
            rest.append((bound[parameter], name))
    direct = live - reverser.live | {
        k for k in arguments if k in live and keys.adjoint(k) in targets
    }
    reverser.live -= {k for n in consumed for k in reverser.keys_of(n)}
    reverser.live |= direct
    pushed = Pushed(pusher, step)
    if len(targets) == 1 and rest and not changes:  # `d_a[0] += f(d_a)` reads the place first
        shape = pusher.shapes.of(rest[0][0], step.node)
        pushed.values.fitting[tree.signature(backward)] = shape
        pushed.down(rest[0][0], backward)
        reverser.commit(step, pushed, consumed=consumed)
        return
    names = [tree.name(t) for t in targets]
    step.back.append(tree.assign(names[0] if len(names) == 1 else tree.tuple_of(names), backward))
    for node, name in rest:
        pushed.values.named_shapes[name] = pusher.shapes.of(node, step.node)
        pushed.down(node, tree.name(name))
    reverser.commit(step, pushed, consumed=consumed - direct)
