"""Which names may share memory where a statement writes into an array or a container.

Each value comes from places: a parameter, an expression that makes something new, something outside of the function. A view, an
element and a second name come from the places of what they were taken of, and form a pair with it that lasts until one of the
two is bound again: after `a, b = b, a` the two are as far apart as before.

    b = a.copy()        made here
    row = a[i]          from where a is from
    h = helper(a)       made there, or a itself
"""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.alias_facts import (
    OUTSIDE,
    Aliases,
    HelperOf,
    Outer,
    Places,
    State,
)
from knetsrc.transform.analysis.alias_statements import (
    made_containers,
    renewed_at,
    written_by_calls,
)
from knetsrc.transform.analysis.alias_walk import AliasWalk
from knetsrc.transform.analysis.elements import Elements
from knetsrc.transform.analysis.fixed import fixed_outside
from knetsrc.transform.analysis.indices import boolean_names
from knetsrc.transform.analysis.live import live_after
from knetsrc.transform.analysis.ranks import Ranks
from knetsrc.transform.analysis.stores import stored_names
from knetsrc.transform.analysis.summed import summed_names
from knetsrc.transform.analysis.taken import paths_to, put_back, taken_from
from knetsrc.transform.analysis.told import NOTHING, Told
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.normalize.sharing import (
    number_names,
)


def aliases(
    function: gast.FunctionDef,
    arrays: frozenset[str] = frozenset(),
    helper_call: HelperOf = lambda call: None,
    at_end: frozenset[str] = frozenset(),
    copies_share: bool = False,
    told: Told = NOTHING,
    calls: Any = None,
    picking: frozenset[str] = frozenset(),
    outside: Outer | None = None,
    objects: frozenset[str] = frozenset(),
) -> Aliases:
    """What a function in the core language may share at each of its writes.

    Parameters
    ----------
    function
        The function.
    arrays
        Names that hold arrays of numbers for sure: what is written into these is copied.
    helper_call
        What a call does with its arguments, if it is one of a helper.
    at_end
        Names that the caller reads after the call.
    copies_share
        Whether a copy `p.copy()` or `p + q` is taken to be one of a container, which holds the same as `p`.
    told
        What a call has told of parameters.
    calls
        Tells calls apart, for the ranks of what they give, and what outside names stand for.
    picking
        Names of indices that a call has shown to be arrays, lists, tuples or bools.
    outside
        Whether an expression stands for something outside of the function that may change; None if it is of the function.
    objects
        Parameters for objects, which may hold what other parameters are.

    >>> (function,) = tree.parse("def f(a):\\n b = a[1:]\\n c = a + 1\\n a[0] = 2.0\\n return b")
    >>> found = aliases(function)
    >>> sorted(found.changing), found.written_parameters()
    (['a', 'b'], ['a'])
    """
    found = Aliases()
    if not writes(function, helper_call) and not renews(function, helper_call):
        return found
    found.containers, found.arrays = made_containers(function), arrays
    elements = Elements(function, Ranks(function, told, calls), found.containers, has_copies=True)
    found.numbers = frozenset(elements.names)
    local = _local_names(function)
    walk = AliasWalk(
        found,
        elements.names,
        arrays,
        found.containers,
        helper_call,
        local,
        copies_share,
        elements,
        fixed_outside(function, calls),
        picking,
        boolean_names(function),
        outside=outside,
        put_back=put_back(function),
        summed=summed_names(function),
    )
    places = {p: frozenset([("parameter", p)]) for p in parameters(function)}
    found.holders |= {place: {p} for p in places for place in places[p]}
    pairs = frozenset(frozenset([p, other]) for p in objects for other in places if p != other)
    walk.block(function.body, State(places, pairs, frozenset()))
    found.live = live_after(function, found.places.keys() | found.renewed.keys(), at_end)
    return found


def writes(function: gast.FunctionDef, helper_call: HelperOf) -> bool:
    """Whether a function changes an array or a container, by itself or by a call."""
    return bool(stored_names(function.body)) or any(written_by_calls(function.body, helper_call))


def renews(function: gast.FunctionDef, helper_call: HelperOf) -> bool:
    """Whether what an attribute holds changes in a function, or in what it calls."""
    return any(renewed_at(n, helper_call) for n in tree.walk(function.body))


def handed_back(
    function: gast.FunctionDef,
    arrays: frozenset[str],
    helper_call: HelperOf,
    copies_share: bool = False,
) -> frozenset[str]:
    """Parameters that the result of a function may be, be a part of, or hold."""
    walk, state = _walked(function, arrays, helper_call, copies_share)
    return _parameters_of(walk.of(function.body[-1].value, state))


def outside_handed_back(
    function: gast.FunctionDef, arrays: frozenset[str], helper_call: HelperOf, outside: Outer
) -> dict[str, tree.Node]:
    """What the result of a function may hold that is not of the function: expressions by their text."""
    walk, state = _walked(function, arrays, helper_call, outside=outside)
    places = walk.of(function.body[-1].value, state)
    return walk.found.outside if any(kind in OUTSIDE for kind, _ in places) else {}


def renewed_attributes(function: gast.FunctionDef, helper_call: HelperOf) -> frozenset[str]:
    """Attributes that change of the object of a method; none where other objects change, which may hold what that holds."""
    first, taken = next(iter(parameters(function)), ""), taken_from(function)
    found = set[str]()
    for node in tree.walk(function.body):
        for argument, names in renewed_at(node, helper_call):
            text = getattr(argument, "id", "")
            path = "" if text == first else paths_to(text, taken).get(first)
            if path is None or not names:
                return frozenset()
            found |= {f"{path}.{name}" if path else name for name in names}
    return frozenset(found)


def parts_handed_back(
    function: gast.FunctionDef, arrays: frozenset[str], helper_call: HelperOf
) -> tuple[frozenset[str], ...]:
    """The same for each part of a tuple that a function returns; none where two parts may share what is made in the function."""
    value = function.body[-1].value
    if not isinstance(value, gast.Tuple):
        return ()
    walk, state = _walked(function, arrays, helper_call)
    found = [
        walk.of(part, state) if walk._held(part, state) else frozenset() for part in value.elts
    ]
    own = [{place for place in places if place[0] != "parameter"} for places in found]
    is_shared = any(a & b for i, a in enumerate(own) for b in own[:i])
    return () if is_shared else tuple(map(_parameters_of, found))


def put_into(
    function: gast.FunctionDef,
    arrays: frozenset[str],
    helper_call: HelperOf,
) -> frozenset[tuple[str, str]]:
    """Pairs of parameters: a container, and what a function puts into it."""
    _, state = _walked(function, arrays, helper_call)
    named = set(parameters(function))
    return frozenset((p, other) for p in named for other in _parameters_of(state.places[p]) - {p})


def _walked(
    function: gast.FunctionDef,
    arrays: frozenset[str],
    helper_call: HelperOf,
    copies_share: bool = False,
    outside: Outer | None = None,
) -> tuple["AliasWalk", State]:
    containers, numbers = made_containers(function), number_names(function)
    local = _local_names(function)
    walk = AliasWalk(
        Aliases(),
        numbers,
        arrays,
        containers,
        helper_call,
        local,
        copies_share,
        booleans=boolean_names(function),
        outside=outside,
        put_back=put_back(function),
        summed=summed_names(function),
    )
    places = {p: frozenset([("parameter", p)]) for p in parameters(function)}
    return walk, walk.block(function.body[:-1], State(places, frozenset(), frozenset()))


def _local_names(function: gast.FunctionDef) -> frozenset[str]:
    """Parameters, and names that a function binds: a call of one, where it is no helper, is one of nobody knows what."""
    return frozenset({*parameters(function), *tree.names_written(function.body)})


def _parameters_of(places: Places) -> frozenset[str]:
    return frozenset(what for kind, what in places if kind == "parameter")
