"""What a loop only collects for the backward part is gone through there.

steps_saved = []
for x, y in zip(xs, ys):
    steps_saved.append((x, y))
                                        ->
while steps_saved:                              for x, y in zip(xs, ys):
    x, y = steps_saved.pop()                        d_w += 2 * (w @ x - y) * x
    d_w += 2 * (w @ x - y) * x
"""

from collections.abc import Collection

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.loop_keys import method
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    is_filler,
    occurrences,
    statements,
    with_fields,
)
from knetsrc.transform.simplify.effects import Effects, list_method, popped_list
from knetsrc.transform.simplify.sharing import sharing_of
from knetsrc.transform.tree import Node

_PASSING_ON = frozenset({"zip", "enumerate", "range", "reversed"})
_ENTRIES = frozenset({"items", "values", "keys"})
_ADDING = frozenset({"add_at", "add_into", "add_within"})


def revisit(
    function: gast.FunctionDef, effects: Effects, sequences: Collection[str] = ()
) -> gast.FunctionDef:
    """Loop over the elements themselves in the backward part, where the forward part keeps nothing else of a turn.

    Parameters
    ----------
    function
        Generated code of which forward and backward part run one right after the other.
    effects
        What is known of calls.
    sequences
        Names of arrays and containers, which can be gone through twice.

    Returns
    -------
    FunctionDef
        In the order of the elements where the sums do not depend on it, else from the last to the first.
    """
    body = function.body
    for start in [n for n in body if isinstance(n, gast.For)]:
        found = _found(function, start, effects, sequences)
        if found is None:
            continue
        kept, back = found
        iterable = start.iter
        after = body[next(k for k, n in enumerate(body) if n is back) + 1 :]
        if not _is_any_order(back.body[1:], occurrences(after)):
            iterable = tree.call("reversed", tree.call("list", iterable))
        new = tree.at(tree.for_(tree.clone(start.target), iterable, back.body[1:]), back)
        rest = [n for n in start.body if n is not kept]
        first = [with_fields(start, body=rest)] if rest else []
        body = [
            part
            for n in body
            for part in (first if n is start else [new] if n is back else [n])
            if assigned_name(part) != popped_list(back.body[0])
        ]
        function = with_fields(function, body=body)
    return function


def _found(
    function: gast.FunctionDef, start: gast.For, effects: Effects, sequences: Collection[str]
) -> tuple[Node, gast.While] | None:
    """What keeps the elements in `start`, and the loop of the backward part over them, if that is the only use of what is kept."""
    for kept in [n for n in start.body if isinstance(n, gast.Expr)]:
        saved, called = list_method(kept.value) or ("", "")
        if called != "append" or start.orelse:
            continue
        loops = [
            n for n in function.body if isinstance(n, gast.While) and tree.is_name(n.test, saved)
        ]
        back = loops[0] if len(loops) == 1 and not loops[0].orelse else None
        if back and popped_list(back.body[0]) == saved and isinstance(back.body[0], gast.Assign):
            is_found = _is_of_elements(start, kept, back, sequences)
            is_found = is_found and _is_single(function, start, back, saved)
            return (kept, back) if is_found and _stays(function, start, effects) else None
    return None


def _is_of_elements(
    start: gast.For, kept: Node, back: gast.While, sequences: Collection[str]
) -> bool:
    """Whether what is kept are elements, and can be had again."""
    taken, value = back.body[0].targets[0], kept.value.args[0]
    names, others = tree.names_written(start.target), [n for n in start.body if n is not kept]
    if not tree.is_same(_as_read(taken), value) or not tree.names_read(value) <= names:
        return False
    if any(isinstance(n, gast.Break | gast.Continue) for n in tree.walk(others)):
        return False
    gone_through = tree.names_read(start.iter) - _PASSING_ON
    is_again = not others or gone_through <= set(sequences)
    return is_again and _is_plain(start.iter) and not names & tree.names_written(others)


def _is_single(function: gast.FunctionDef, start: gast.For, back: gast.While, saved: str) -> bool:
    """Whether the elements are read in the two loops only, and what keeps them is bound once beside."""
    inside, everywhere = occurrences([start, back]), occurrences(function.body)
    is_own = all(everywhere[n] == inside[n] for n in tree.names_written(start.target))
    is_bound = any(assigned_name(n) == saved for n in function.body)
    return is_own and is_bound and everywhere[saved] - inside[saved] == 1


def _stays(function: gast.FunctionDef, start: gast.For, effects: Effects) -> bool:
    """Whether the elements are the same in the backward part: nothing that may be one of them is bound again or changes."""
    read = tree.names_read(start.iter)
    every = list(statements(function.body))
    written = {n for s in every for n in effects.own(s).writes | effects.own(s).pushes}
    if read & written or any(effects.own(s).impure for s in every):
        return False
    sharing = sharing_of(function, effects)
    return not sharing.classes(read) & sharing.classes(sharing.mutated)


def _is_plain(iterable: Node) -> bool:
    """Whether going through something later gives the same: names, and what passes on their elements."""
    if isinstance(iterable, gast.Name):
        return True
    if isinstance(iterable, gast.Call) and tree.called_name(iterable) in _PASSING_ON:
        return all(_is_plain(n) for n in iterable.args) and not iterable.keywords
    return method(iterable) in _ENTRIES and isinstance(iterable.func.value, gast.Name)


def _as_read(target: Node) -> Node:
    if isinstance(target, gast.Tuple):
        return tree.tuple_of(map(_as_read, target.elts))
    return tree.name(target.id) if isinstance(target, gast.Name) else target


def _is_any_order(turn: Block, after: Collection[str]) -> bool:
    """Whether all that a turn leaves behind for what comes `after` is added to sums that no turn reads."""
    sums: set[str] = set()
    bound: set[str] = set()
    read: set[str] = set()
    if any(method(n) == "pop" for n in tree.walk(turn)):
        return False  # what is taken from a list comes from its end
    for statement in turn:
        if is_filler(statement):
            continue
        total, rest = _added_to(statement)
        name = assigned_name(statement)
        if total is None and name is None:
            return False
        read |= (tree.names_read(rest) if total else tree.names_read(statement.value)) - bound
        if total:
            sums.add(total)
        elif name in sums or name in read:
            return False
        else:
            bound.add(name or "")
    return not sums & (read | bound) and not bound & set(after)


def _added_to(statement: Node) -> tuple[str | None, list[Node]]:
    """The name that a statement adds into, and what else it reads."""
    if isinstance(statement, gast.AugAssign) and isinstance(statement.op, gast.Add | gast.Sub):
        target, rest = statement.target, [statement.value]
        while isinstance(target, gast.Subscript):
            rest.append(target.slice)
            target = target.value
        return (target.id, rest) if isinstance(target, gast.Name) else (None, [])
    if isinstance(statement, gast.Expr) and tree.called_name(statement.value) in _ADDING:
        first, *rest = statement.value.args
        return (first.id, rest) if isinstance(first, gast.Name) else (None, [])
    return None, []
