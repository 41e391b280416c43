"""Refuses writes into arrays and containers that another name sees, or sees to it that the program checks when it runs."""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.errors import MissingAdjointError, UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import stored_to
from knetsrc.transform.analysis.alias_facts import Aliases, HelperOf
from knetsrc.transform.analysis.alias_statements import COMPOUND, at_once, updates_element
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.held import is_element
from knetsrc.transform.analysis.indices import is_basic_index, is_key
from knetsrc.transform.analysis.integers import is_number_expression
from knetsrc.transform.analysis.stores import as_read, path_of, target_of
from knetsrc.transform.changes import bases_of, given_element, mark_changes, seen_after
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.normalize.sharing import carriers
from knetsrc.transform.repeats import check_repeats
from knetsrc.transform.resolve import CHECK
from knetsrc.transform.views import Viewing, viewing_of


def guard_writes(
    function: gast.FunctionDef,
    found: Aliases,
    spell: Callable[[str, Any], tree.Node],
    given_back: Callable[[gast.Call], tree.Node | None] = lambda call: None,
    picking: frozenset[str] = frozenset(),
) -> gast.FunctionDef:
    """The function with a check after each `t = a[i]` that may be a view of an array that is written into later.

    It is changed itself: calls that write into what is read later are marked, see `changes`.

    Raises
    ------
    UnsupportedAliasError
        For a write that another name is sure to see, or that may change what the caller holds.
    """
    watched: set[str] = set()
    is_unsure = False
    viewing = viewing_of(function, found, spell, given_back, picking)
    for node in tree.walk(function.body):
        if id(node) in found.places:
            watched |= _guarded(node, found, function, viewing)
            is_unsure |= stored_to(node) is not None and bool(
                _picked_parts(node, found, viewing.integers)
            )
    within = _written_within(function, found)
    function = mark_changes(function, found, viewing)
    if watched or is_unsure or picking:
        function = _checked(function, found, viewing, watched)
    function = _with_lists_checked(function, found, spell)
    return check_repeats(function, within, found.numbers, spell)


def refuse_seen_appends(function: gast.FunctionDef, held: dict[int, frozenset[str]]) -> None:
    """Raise an error for an `append` to a list that something else holds: that grows with it.

    Raises
    ------
    UnsupportedAliasError
        For the first such statement.
    """
    for node in tree.walk(function.body):
        if held.get(id(node)):
            text = tree.show(node.value.func.value)
            raise UnsupportedAliasError(
                f"`{text}.append(...)` on a list that something else may hold",
                at=node,
                why="a second name, or a container that has the list inside, would see it grow",
                instead=f"hand on a copy: list({text})",
            )


def _written_within(function: gast.FunctionDef, found: Aliases) -> set[str]:
    """Names of containers of which entries are changed in place: `d[i][j] = e`, `d[i] += e`, or by a helper."""
    nodes = [n for n in tree.walk(function.body) if stored_to(n) is not None]
    deep = [n for n in nodes if len(path_of(target_of(n))) > 1 or _is_update(n, found)]
    calls = [n for n in tree.walk(function.body) if id(n) in found.calls]
    by_helpers = (found.names[id(n)] | bases_of(n, found) for n in calls)
    by_name = (found.names.get(id(n), {stored_to(n) or ""}) for n in deep)
    return set().union(*by_name, *(names - found.arrays for names in by_helpers))


def _is_update(node: tree.Node, found: Aliases) -> bool:
    """Whether a write may be `d[i] += e`, or what is left of `d[i] *= e`, where `d` is a container."""
    return updates_element(node) and stored_to(node) not in found.arrays


def _guarded(
    node: tree.Node, found: Aliases, function: gast.FunctionDef, viewing: Viewing
) -> set[str]:
    """Names that must turn out to be no views, for one write to be right."""
    if id(node) in found.calls:
        return _guarded_call(node, found, viewing)
    text = stored_to(node)
    assert text is not None
    shown = tree.show(tree.clone(target_of(node)))
    outside = sorted(what for kind, what in found.places[id(node)] if kind == "outside")
    if outside:
        _refuse_unknown(node, outside, function)
        raise _of_outside(node, function, text, outside[0])
    _refuse_write_into_copy(node, found, viewing)
    seen = (found.names[id(node)] & found.live[id(node)]) - {text}
    for other in sorted(seen):
        if not _is_read_of_element(other, function):
            raise UnsupportedAliasError(
                f"a write into `{shown}`, which `{other}` may see",
                at=target_of(node),
                why=f"`{other}` may share memory with `{text}`, and is read after the write",
                instead=f"give `{other}` a copy where it is bound: {other} = ....copy()",
            )
    return set(seen)


def _refuse_unknown(node: tree.Node, outside: list[str], function: gast.FunctionDef) -> None:
    """A write into what an argument gives that is called: the call of the user's function may tell what it is."""
    called = [p for p in parameters(function) if f"{p}()" in outside]
    if called:
        raise MissingAdjointError(
            f"a write into `{tree.show(tree.clone(target_of(node)))}`, which `{called[0]}` has given",
            at=target_of(node),
            why="what is called is not known: it may give an array that lives on elsewhere",
            instead="hand over a function that is written in Python, or write into a copy",
        )


def _of_outside(
    node: tree.Node, function: gast.FunctionDef, text: str, root: str
) -> UnsupportedAliasError:
    """The error for a write into what a name gets from outside, `model.W`, or into what something from there has made."""
    bound = [value for value in bound_values(function).get(text, []) if value is not None]
    paths = [n for n in tree.walk(bound) if isinstance(n, gast.Name | gast.Attribute)]
    found = next((n for n in paths if _root_of(n) == root), tree.name(root))
    whole, shown = tree.show(found), tree.show(tree.clone(target_of(node)))
    what, why = "which is not of this function", "lives on after the call, and the change with it"
    instead = f"let `{text}` hold copies: ....copy()"
    if not bound or any(found is value for value in bound):
        instead = f"copy it first: {text} = {whole}.copy()"
    elif root.endswith("()"):  # what a call gives
        instead = f"copy it first: {text} = {text}.copy()"
    elif any(isinstance(n, gast.Call) and n.func is found for n in tree.walk(bound)):
        what, why = f"which `{whole}` has made", "may have made anything, also what lives on"
        instead = "write into a list, a dict or an array that the function makes"
    return UnsupportedAliasError(
        f"a write into `{shown}`, {what}",
        at=target_of(node),
        why=f"`{whole}` {why}",
        instead=instead,
    )


def _root_of(node: tree.Node) -> str | None:
    while isinstance(node, gast.Attribute):
        node = node.value
    return node.id if isinstance(node, gast.Name) else None


def _refuse_write_into_copy(node: tree.Node, found: Aliases, viewing: Viewing) -> None:
    """`y[indices][0] = e` writes into a copy, where `indices` is no key of a container."""
    for part in _picked_parts(node, found, viewing.integers):
        is_open = is_key(part.slice) and base_of(part) not in found.arrays
        is_open |= tree.is_name(part.slice) and getattr(part.value, "id", None) not in found.arrays
        if not is_open:
            shown = tree.show(tree.clone(part))
            error = UnsupportedAliasError(
                f"a write into an element of `{shown}`",
                at=target_of(node),
                why=f"`{shown}` picks elements into a new array, and the write is lost",
                instead="write all at once, by one index: a[rows, columns] = ...",
            )
            error.in_place = viewing.lesson(part)  # it is no loss where a name stands for the part
            raise error


def _picked_parts(node: tree.Node, found: Aliases, integers: frozenset[str]) -> list[tree.Node]:
    """Parts on the way to what is written of which it is not known that they are no copies: `y[k]` in `y[k][0] = e`."""
    if stored_to(node) in found.containers:
        return []
    parts = [p for p in path_of(target_of(node))[:-1] if isinstance(p, gast.Subscript)]
    return [p for p in parts if not is_basic_index(p.slice, integers)]


def _guarded_call(node: tree.Node, found: Aliases, viewing: Viewing) -> set[str]:
    """A helper may write into its argument, if only the name that stands for it there is read afterwards."""
    if isinstance(node, COMPOUND):
        raise UnsupportedAliasError(
            "a call that writes into its argument, in the head of a statement",
            at=at_once(node)[0],
            why="what the argument was before would be lost for the backward part",
            instead="call it in a statement before, and give what it returns a name",
        )
    if id(node) in found.clashing:
        raise UnsupportedAliasError(
            "a call that writes into its argument, and is handed the same array as another",
            at=at_once(node)[0],
            why="the function sees what it writes in the other argument as well",
            instead="hand a copy over: ....copy()",
        )
    kinds = {kind for kind, _ in found.places[id(node)]}
    seen = seen_after(node, found)
    if "outside" not in kinds and (not seen or _is_told(node, found, viewing)):
        return set()
    others = sorted(set(seen) - bases_of(node, found)) or seen
    what = f"`{others[0]}`" if others else "an array that is not of this function"
    raise UnsupportedAliasError(
        f"a call that writes into {what}",
        at=node,
        why="the function writes into its argument, and what it writes is read after the call",
        instead="let the function copy its argument first, and return what it has written",
    )


def _is_told(node: tree.Node, found: Aliases, viewing: Viewing) -> bool:
    """Whether what a call writes into has one name, and the target of the call is no other."""
    if not isinstance(node, gast.Assign | gast.Expr) or not isinstance(node.value, gast.Call):
        return False
    if not all(map(viewing.is_view, found.handed[id(node)])):
        return False
    is_kept = id(node) in found.returning and tree.names_written(node) & found.live[id(node)]
    if is_kept and given_element(node, viewing) is None:
        return False
    return set(seen_after(node, found)) <= bases_of(node, found)


def _is_read_of_element(text: str, function: gast.FunctionDef) -> bool:
    """Whether all that a name is ever bound to are elements `a[i]`, numbers, or chosen among these."""
    bound = [] if text in parameters(function) else bound_values(function).get(text, [])
    return bool(bound) and all(_elements_in(value, text) is not None for value in bound)


def _elements_in(value: tree.Node | None, text: str) -> list[gast.Subscript] | None:
    """The elements that a name may be bound to: `a[i]` of `max(text, a[i], 0.0)`; None where it may be something else."""
    if value is None:
        return None
    if is_element(value):
        return [value]
    if tree.is_name(value, text) or tree.is_number(value) or is_number_expression(value):
        return []
    if isinstance(value, gast.UnaryOp):
        return None if _elements_in(value.operand, text) is None else []
    is_chosen = tree.called_name(value) in ("max", "min") and not value.keywords
    parts = [_elements_in(a, text) for a in value.args] if is_chosen else []
    found = [part for part in parts if part is not None]
    is_known = len(parts) > 1 and len(found) == len(parts)
    return [element for part in found for element in part] if is_known else None


def _checked(
    function: gast.FunctionDef,
    found: Aliases,
    viewing: Viewing,
    watched: set[str],
) -> gast.FunctionDef:
    def check(node: tree.Node) -> list[tree.Node] | tree.Node:
        if stored_to(node) is not None:
            parts = _picked_parts(node, found, viewing.integers)
            return [
                *(called("check_not_copy", as_read(p), p.value, as_read(p)) for p in parts),
                node,
            ]
        if not isinstance(node, gast.Assign) or not tree.is_name(node.targets[0]):
            return node
        part = tree.name(node.targets[0].id)
        if viewing.picks(node.value):
            return [node, called("check_picked", part, tree.name(base_of(node.value) or ""), node)]
        read = _elements_in(node.value, part.id) if part.id in watched else None
        return [node, *(called("check_not_view", part, e.value, node) for e in read or ())]

    def called(helper: str, part: tree.Node, whole: tree.Node, shown: tree.Node) -> tree.Node:
        text = tree.constant(tree.show(shown))
        return tree.expression(
            tree.call(viewing.spell(helper, None), part, tree.clone(whole), text)
        )

    return tree.rewrite(function, {gast.Assign: check, gast.AugAssign: check})


def _with_lists_checked(
    function: gast.FunctionDef, found: Aliases, spell: Callable[[str, Any], tree.Node]
) -> gast.FunctionDef:
    """The function with a check before each `xs[i] += ys` with a list `ys` that `xs[i]` is none: an array is added to."""

    def checked(node: gast.AugAssign) -> list[tree.Node] | tree.Node:
        is_sum = isinstance(node.op, gast.Add) and stored_to(node) is not None
        if not is_sum or stored_to(node) in found.arrays or not _is_list(node.value, found):
            return node
        place = as_read(node.target)
        text = tree.constant(f"{tree.show(place)} += {tree.show(node.value)}")
        return [tree.expression(tree.call(spell("check_no_list", None), place, text)), node]

    return tree.rewrite(function, {gast.AugAssign: checked})


def _is_list(value: tree.Node, found: Aliases) -> bool:
    is_made = tree.called_name(value) in ("list", "tuple", "sorted")
    is_known = isinstance(value, gast.Name) and value.id in found.containers
    return is_made or is_known or isinstance(value, gast.List | gast.Tuple)


def check_calls(
    function: gast.FunctionDef,
    active: frozenset[str],
    helper_call: HelperOf,
    spell: Callable[[str, Any], tree.Node],
    copied: Callable[[gast.Call, bool], tree.Node],
) -> gast.FunctionDef:
    """The function with a check before each call of a helper that may change its argument, `x *= 2`, as the user wrote it.

    `copied` gives the call of a copy where a check before the call would not do, see `hidden_updates`.
    """

    def checked(node: tree.Node) -> list[tree.Node] | tree.Node:
        is_kept = not tree.names_written(node) & active and stored_to(node) is None
        checks, plain = [], set()
        for call in [n for n in tree.walk(node) if isinstance(n, gast.Call)]:
            found = helper_call(call)
            is_plain = is_kept or not tree.names_read(call) & active
            if found is None or not (is_plain or found.is_checkpoint):
                continue
            plain |= {tree.show(call)} if is_plain else set()
            for argument, text in found.augmented:
                if carriers(argument):
                    check = tree.call(spell(CHECK, None), tree.clone(argument), tree.clone(text))
                    checks.append(tree.expression(check))
        if plain:
            node = tree.rewrite(
                node, {gast.Call: lambda n: copied(n, True) if tree.show(n) in plain else n}
            )
        return [*checks, node] if checks else node

    def tested(node: Any) -> tree.Node:
        node.test = tree.rewrite(node.test, {gast.Call: lambda n: copied(n, False)})
        return node

    def iterated(node: gast.For) -> tree.Node:
        node.iter = tree.rewrite(node.iter, {gast.Call: lambda n: copied(n, False)})
        return node

    statements = dict.fromkeys((gast.Assign, gast.Expr), checked)
    headers = {gast.If: tested, gast.While: tested, gast.For: iterated}
    return tree.rewrite(function, {**statements, **headers})
