"""Rewrite a function into the core language, one small step a file.

What comes in is the user's function as parsed, what goes out says the same in fewer kinds of
statement; `language.check` states which. The steps in order, and what holds after each of them:

    name_late               no second name for what a turn of a loop writes into after it
    unfold_nonlocals        no `nonlocal` in inner functions that are only called
    unroll_displays         no loop over arrays that are written out, `for z in (u, v):`, writes into these
    write_out_attributes    no attribute is written: the object is a new one; `filled_attributes`, `attribute_elements` before
    separate_lists          no name stands for a list that grows, and for something else
    append_elements         no `xs += [a, b]` on a list that the function makes
    write_out_inner_appends no list inside a list or dict grows
    write_out_containers    lists and dicts change by `append` and writes of entries only
    refuse_unsupported      nothing left that cannot be differentiated
    drop_annotations        no docstring, no annotation
    write_out_augmented     no `s += e`
    write_out_elements      indices of writes are names and arithmetic; `a[i] *= e` is written out
    split_targets           one target an assignment: a name, or a tuple of names for a call
    write_out_suppress      no `with suppress(...)`
    unfold_loop_else        no `else` of a loop
    leave_loops             no `return` in a loop before a `return` of the same
    structure_jumps         one `return`, at the end; `break` only where a block ends; no `continue`
    drop_deletions          no `del` of a name
    split_comparisons       two operands a comparison
    separate_scopes         comprehension variables have names of their own
    unfold_comprehensions   no comprehension, no generator expression
    keep_loop_targets       a loop variable is assigned by its loop only
    name_lambdas            no lambda
    move_walruses           no assignment inside an expression
    write_out_calls         no `out=`: what a call writes into an array is an assignment
    unfold_ternaries        no ternary, except between two literals
    unfold_booleans         `and` and `or` only in tests and between them
    normalize_inner         functions inside are in the core language as well
"""

from collections.abc import Callable

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.annotations import drop_annotations, fill_blocks
from knetsrc.transform.normalize.attribute_writes import IsClass, write_out_attributes
from knetsrc.transform.normalize.augmented import append_elements, write_out_augmented
from knetsrc.transform.normalize.booleans import unfold_booleans
from knetsrc.transform.normalize.call_writes import write_out_calls
from knetsrc.transform.normalize.calls import split_calls
from knetsrc.transform.normalize.comparisons import split_comparisons
from knetsrc.transform.normalize.comprehensions import unfold_comprehensions
from knetsrc.transform.normalize.container_writes import write_out_containers
from knetsrc.transform.normalize.deletions import drop_deletions
from knetsrc.transform.normalize.display_loops import unroll_displays
from knetsrc.transform.normalize.display_maps import write_out_displays
from knetsrc.transform.normalize.effects import Changes, changes_nothing
from knetsrc.transform.normalize.elements import write_out_elements
from knetsrc.transform.normalize.gets import unfold_gets
from knetsrc.transform.normalize.index_loops import index_loops
from knetsrc.transform.normalize.inner_lists import split_appends, write_out_inner_appends
from knetsrc.transform.normalize.joined import GIVES_NUMBERS, Gives
from knetsrc.transform.normalize.jumps import structure_jumps
from knetsrc.transform.normalize.lambdas import name_lambdas
from knetsrc.transform.normalize.late_names import name_late
from knetsrc.transform.normalize.list_names import separate_lists
from knetsrc.transform.normalize.loop_else import unfold_loop_else
from knetsrc.transform.normalize.loop_returns import leave_loops
from knetsrc.transform.normalize.loop_targets import keep_loop_targets
from knetsrc.transform.normalize.nonlocals import unfold_nonlocals
from knetsrc.transform.normalize.refuse import refuse_unsupported
from knetsrc.transform.normalize.scopes import blocks, parameters, separate_scopes
from knetsrc.transform.normalize.sharing import gives_new
from knetsrc.transform.normalize.suppressed import write_out_suppress
from knetsrc.transform.normalize.targets import split_targets
from knetsrc.transform.normalize.ternaries import unfold_ternaries
from knetsrc.transform.normalize.walruses import move_walruses
from knetsrc.transform.tree import Node

Rewriting = Callable[..., gast.FunctionDef]

__all__ = ["index_loops", "normalize", "normalize_inner", "split_calls", "unfold_gets"]

REWRITINGS: tuple[Rewriting, ...] = (
    write_out_displays,
    split_targets,
    write_out_suppress,
    unfold_loop_else,
    leave_loops,
    structure_jumps,
    drop_deletions,
    split_comparisons,
    separate_scopes,
    unfold_comprehensions,
    keep_loop_targets,
    name_lambdas,
    move_walruses,
    write_out_calls,
    unfold_ternaries,
    unfold_booleans,
)
# These take parts out of expressions, and ask what the calls in them may change.
REORDERING = frozenset({
    unfold_comprehensions, name_lambdas, move_walruses, write_out_calls, unfold_ternaries, unfold_booleans,
})  # fmt: skip


def normalize(
    function: gast.FunctionDef,
    owns_parameters: bool = True,
    is_class: IsClass = lambda node: False,
    own: frozenset[str] = frozenset(),
    changes: Changes = changes_nothing,
    gives_old: Callable[[Node], bool] = gives_new,
    gives: Gives = GIVES_NUMBERS,
    in_place: frozenset[str] = frozenset(),
) -> gast.FunctionDef:
    """The same function in the core language.

    Parameters
    ----------
    function
        A function as parsed, its decorators removed. It is not modified.
    owns_parameters
        Whether no caller looks at the arguments afterwards, so that `x += e` on a parameter needs
        no check.
    is_class
        Whether an expression is a class of the user.
    own
        The parameter for the object, in a method: what is written to it is a new value of the name.
    changes
        Whether a call may change what arrays, containers or objects hold.
    gives_old
        Whether a call may give something that was there before, and that is none of its arguments.
    gives
        Whether a call gives a list, tuple or dict, or an entry of one.
    in_place
        Statements `s.u += e` of which a call has shown that they change an array.

    Returns
    -------
    gast.FunctionDef
        A new tree; what was in the user's function keeps its position, what was made stands where
        its reason stands.

    Raises
    ------
    UnsupportedSyntaxError
        For a statement or expression that cannot be differentiated.
    UnsupportedAliasError
        For a write that another name may see.

    Examples
    --------
    >>> (function,) = tree.parse("def f(x): return x if x > 0 else -x")
    >>> print(tree.show(normalize(function)))
    def f(x):
        if x > 0:
            result = x
        else:
            result = -x
        return result
    """
    names = Names.of(function)
    function = unroll_displays(unfold_nonlocals(name_late(function, names), names))
    owned = frozenset(parameters(function)) if owns_parameters else own
    function = write_out_attributes(function, names, owned, is_class, in_place)
    function = append_elements(separate_lists(split_appends(function), names), names)
    function = write_out_inner_appends(function, names)
    function = write_out_containers(function, names, owns_parameters, changes)
    refuse_unsupported(function)
    return _normalized(function, names, owns_parameters, changes, gives_old, gives)


def _normalized(
    function: gast.FunctionDef,
    names: Names,
    owns_parameters: bool,
    changes: Changes,
    gives_old: Callable[[Node], bool],
    gives: Gives,
) -> gast.FunctionDef:
    function = drop_annotations(function, names)
    function = write_out_augmented(function, names, owns_parameters, gives_old, gives, changes)
    function = write_out_elements(function, names, changes)
    for rewriting in REWRITINGS:
        asked = (changes,) if rewriting in REORDERING else ()
        function = rewriting(function, names, *asked)
    return fill_blocks(normalize_inner(function, names, changes, gives_old, gives))


def normalize_inner(
    function: gast.FunctionDef,
    names: Names,
    changes: Changes = changes_nothing,
    gives_old: Callable[[Node], bool] = gives_new,
    gives: Gives = GIVES_NUMBERS,
) -> gast.FunctionDef:
    """Rewrite the functions that are defined inside, in a tree that is changed."""

    def visit(body: list[tree.Node]) -> None:
        for i, node in enumerate(body):
            if isinstance(node, gast.FunctionDef):
                body[i] = _normalized(node, names, False, changes, gives_old, gives)
            for block in blocks(node):
                visit(block)

    visit(function.body)
    return function
