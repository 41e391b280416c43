"""Generated code made readable: each pass one rewriting, run until none finds anything to do.

    reuse          what has a name already is not computed again
    propagate      a name for a literal or for another name is replaced by it
    algebra        literals and signs in front of products, useless ones and zeros gone
    dead_code      what nobody reads is gone
    uncopied       what stays as it is is read without a copy
    inline         a value read once stands where it is read
    tidy           no idle branches, comments or empty lines
    accumulate     d_x = d_x + e is d_x += e where d_x holds memory of its own
    last_turn      a loop computes nothing for a turn that does not come

The generated code computes the same values before and after, up to the rounding of literals
multiplied with one another.
"""

from collections.abc import Callable, Iterable

import gast

from knetsrc.transform.simplify.accumulate import accumulate_in_place
from knetsrc.transform.simplify.algebra import simplify_algebra
from knetsrc.transform.simplify.dead_code import remove_dead_code
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.simplify.inline import inline_single_use
from knetsrc.transform.simplify.last_turn import spare_last_turn
from knetsrc.transform.simplify.propagate import propagate
from knetsrc.transform.simplify.reuse import reuse_named
from knetsrc.transform.simplify.tidy import tidy
from knetsrc.transform.simplify.uncopied import drop_copies
from knetsrc.transform.tree import Node

__all__ = [
    "Effects",
    "accumulate_in_place",
    "drop_copies",
    "inline_single_use",
    "propagate",
    "remove_dead_code",
    "reuse_named",
    "simplify",
    "simplify_algebra",
    "spare_last_turn",
    "tidy",
]

_MOST_ROUNDS = 12


def simplify(
    function: gast.FunctionDef,
    *,
    is_float: Callable[[Node], bool],
    is_pure: Callable[[gast.Call], bool],
    candidates: Iterable[str],
    adjoints: Iterable[str] = (),
    fresh_calls: Iterable[str] = (),
    owned: Iterable[str] = (),
    keeps_forward: bool = False,
) -> gast.FunctionDef:
    """The same function, as a person would write it.

    Parameters
    ----------
    function
        Generated code: a forward part, a boundary, a backward part, one `return` at the end. It is
        not changed; the result shares with it the statements that stay as they are.
    is_float
        Whether an expression is surely a float or an array of floats.
    is_pure
        Whether a call does nothing but return a value.
    candidates
        Names that the transform made up; others keep their assignments, unless these are dead.
    adjoints
        Names that hold adjoints of the user's names: they keep their assignments, but copies and
        literals are propagated, and they are added into in place.
    fresh_calls
        Functions as they are written in the code (`"np.exp"`), and methods with a dot in front
        (`".copy"`), whose result shares memory with nothing.
    owned
        Parameters that hold memory of their own.
    keeps_forward
        The forward part keeps what nobody reads: whether it fails matters.

    Returns
    -------
    FunctionDef
    """
    effects, names = Effects(is_pure, fresh_calls), frozenset(candidates)
    made_up = names | frozenset(adjoints)
    passes: list[Callable[[gast.FunctionDef], gast.FunctionDef]] = [
        lambda code: reuse_named(code, names, effects),
        lambda code: propagate(code, made_up, effects),
        lambda code: simplify_algebra(code, is_float, effects),
        lambda code: remove_dead_code(code, effects, keeps_forward),
        lambda code: drop_copies(code, made_up, effects),
        lambda code: inline_single_use(code, names, effects, made_up - names),
        tidy,
    ]
    for _ in range(_MOST_ROUNDS):
        before = function
        for rewriting in passes:
            function = rewriting(function)
        if function is before:
            break
    return spare_last_turn(
        accumulate_in_place(function, made_up, effects, frozenset(owned)), effects
    )
