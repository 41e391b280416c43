"""What a reversal gives, and the two functions of a pair that are made of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import definitely_assigned, exposed_names
from knetsrc.transform.analysis.told import NOTHING, Told
from knetsrc.transform.functions import Function
from knetsrc.transform.names import first_places
from knetsrc.transform.simplify.early_return import return_early


@dataclass(frozen=True)
class Task:
    """What a function is reversed for.

    Attributes
    ----------
    wrt
        Differentiated parameters.
    is_seeded
        The adjoint of the result comes from outside, as `d_result`; else it is 1.
    want_value
        The value is returned as well.
    scalar_result
        The result is a single number.
    scalars
        Parameters that are single numbers.
    parts
        Which parts of a tuple that is returned have an adjoint.
    has_aux
        Only the first part of the returned pair has one.
    added
        Parameters whose adjoints are handed to the backward part, which adds to them.
    results
        Places of single numbers in the result.
    mutated
        Parameters that the caller reads after the call, and into which the function writes: the backward part is handed
        their adjoints, and changes these in place.
    has_seed
        The result has an adjoint.
    is_helper
        The function is called by another, which sees what it writes into its arguments.
    is_tried
        It is called inside a `try`: what may fail in it stays, even where nothing reads its value.
    """

    wrt: tuple[str, ...]
    is_seeded: bool = False
    want_value: bool = False
    scalar_result: bool = False
    scalars: frozenset[str] = frozenset()
    parts: tuple[bool, ...] | None = None
    has_aux: bool = False
    added: tuple[str, ...] = ()
    results: frozenset[int] = frozenset()
    mutated: frozenset[str] = frozenset()
    has_seed: bool = True
    is_helper: bool = False
    is_tried: bool = False


@dataclass
class Reversal:
    """One function, reversed and simplified: forward statements, the value, backward statements, the adjoints.

    Attributes
    ----------
    restores
        The backward part writes into arrays of the forward part, to restore what these have held.
    added
        Names of the adjoints that are handed to the backward part.
    mutated
        Adjoints that the backward part is handed, and changes in place.
    told
        What a call has told of arguments that the function leaves as they are.
    """

    forward: list[tree.Node]
    value: tree.Node
    backward: list[tree.Node]
    adjoints: list[tree.Node]
    numeric: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    seed: str | None = "d_result"
    mutated: list[str] = field(default_factory=list)
    is_scalar: bool = False
    restores: bool = False
    told: Told = NOTHING
    added: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pair:
    """Names of the two generated functions of a helper."""

    forward: str
    backward: str


@dataclass(frozen=True)
class PairKey:
    """What a helper is differentiated for."""

    function: int
    active: frozenset[str]
    scalars: frozenset[str]
    scalar_result: bool
    parts: tuple[bool, ...] | None
    kinds: tuple[tuple[str, str], ...] = ()
    added: tuple[str, ...] = ()
    results: frozenset[int] = frozenset()
    mutated: frozenset[str] = frozenset()
    has_seed: bool = True
    is_tried: bool = False
    told: Told = NOTHING


def split_pair(
    pair: Pair,
    function: Function,
    reversal: Reversal,
    always_tuple: bool,
    captured: Iterable[str] = (),
) -> list[tree.Node]:
    """The two functions of a pair: the forward one returns the value and what the backward one needs."""
    _inline_value(reversal)
    local = {*function.parameters, *captured} | tree.names_written(reversal.forward)
    backward = tree.function_def(
        "b", [], [*reversal.backward, tree.return_(tree.tuple_of(reversal.adjoints))]
    )
    whole = tree.function_def(
        "f", tree.clone(function.core.args), [*reversal.forward, tree.pass_()]
    )
    places = first_places(whole)
    kept = sorted(exposed_names(backward.body) & local, key=lambda n: places.get(n, len(places)))
    assigned = definitely_assigned(whole)
    unbound = [
        n
        for n in kept
        if n not in assigned.after[id(whole.body[-1])]
        and n not in function.parameters
        and n not in captured
    ]
    start = [tree.assign_all(unbound, tree.constant(None))] if unbound else []
    saved = tree.name(kept[0]) if len(kept) == 1 else tree.tuple_of(map(tree.name, kept))
    saved = saved if kept else tree.constant(None)
    parameter = kept[0] if len(kept) == 1 else "saved"
    unpack = (
        [tree.assign(tree.tuple_of(map(tree.name, kept)), tree.name("saved"))]
        if len(kept) > 1
        else []
    )
    forward = tree.function_def(
        pair.forward, tree.clone(function.core.args),
        [*start, *reversal.forward, tree.return_(tree.tuple_of([reversal.value, saved]))],
    )  # fmt: skip
    adjoints = reversal.adjoints
    result = tree.tuple_of(adjoints) if always_tuple or len(adjoints) != 1 else adjoints[0]
    returned = [tree.return_(result)] if adjoints else []
    seeds = [reversal.seed] if reversal.seed else []
    back = tree.function_def(
        pair.backward,
        [parameter, *seeds, *reversal.added, *reversal.mutated],
        [*unpack, *reversal.backward, *returned],
    )
    return [return_early(forward), return_early(back)]


def _inline_value(reversal: Reversal) -> None:
    """Return `x` rather than a second name for it: in a function of its own nothing overwrites it."""
    last = reversal.forward[-1] if reversal.forward else None
    if not isinstance(last, gast.Assign) or not isinstance(last.value, gast.Name | gast.Constant):
        return
    if tree.is_name(reversal.value) and tree.is_name(last.targets[0], reversal.value.id):
        reversal.forward = reversal.forward[:-1]
        reversal.value = last.value


def taken_apart(function: gast.FunctionDef) -> Reversal:
    """The parts of a combined function."""
    body, returned = function.body[:-1], function.body[-1]
    boundary = next(
        (i for i, n in enumerate(body) if tree.comment_text(n) == tree.BOUNDARY), len(body)
    )
    value, adjoints = returned.value.elts
    return Reversal(body[:boundary], value, body[boundary + 1 :], list(adjoints.elts))
