"""Sees to it that the program checks, when it runs, that a copy of a container holds nothing that is written into.

q = p.copy()
check_distinct([q, p], "q = p.copy()")      a write into q[0][0] would change p[0][0], if p[0] is a list or an array
q[0][0] = 3.0

q = p.copy()
check_entry([q, p], p, "t", "q = p.copy()")     p["t"] += 0.1 would change q["t"], if it is a list or an array
p["t"] += 0.1
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.analysis.alias_statements import updates_element
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.stores import path_of, target_of
from knetsrc.transform.normalize.effects import path_of as named_path
from knetsrc.transform.normalize.joined import sources
from knetsrc.transform.normalize.scopes import blocks, parameters


def check_copies(
    function: gast.FunctionDef, found: Aliases, spell: Callable[[str, Any], tree.Node]
) -> gast.FunctionDef:
    """The function with a check after each statement that copies a container, where entries of that or of the copy are written.

    It is changed itself. `found` is what holds if copies share with what they are copies of, see `aliases`.
    """
    written = _written_within(function, found)
    second = _second_names(function)

    def visit(body: list[Any]) -> list[tree.Node]:
        checked: list[tree.Node] = []
        for node in body:
            for block in blocks(node):
                block[:] = visit(block)
            checked += [node, *tree.at(_checks(node, found, written, second, spell), node)]
        return checked

    function.body = visit(function.body)
    return function


def _second_names(function: gast.FunctionDef) -> dict[str, set[str]]:
    """Names that are only bound to what has a name, as it is, `r` in `r = q`, or to a copy `q.copy()`, with these names."""
    found: dict[str, set[str]] = {}
    for text, values in bound_values(function).items():
        names = {_original(value) for value in values}
        are_names = all(map(tree.is_name, values))
        if None not in names and (are_names or text not in parameters(function)):
            found[text] = {name for name in names if name is not None}
    return found


def _original(value: Any) -> str | None:
    """`p` for a second name of it, for `p.copy()` and for `p.held.copy()`, which of a list, dict or array give a new one."""
    if tree.is_name(value):
        return value.id
    function: Any = getattr(value, "func", None)
    is_method = isinstance(function, gast.Attribute) and function.attr == "copy"
    is_copy = is_method and not value.args and not value.keywords
    return next(iter(named_path(function.value)), None) if is_copy else None


def _with_second_names(wholes: set[str], second: dict[str, set[str]]) -> set[str]:
    """These names, and those that only stand for the same or for copies: a write of an entry of a copy is seen nowhere."""
    while more := {n for n, names in second.items() if names <= wholes} - wholes:
        wholes = wholes | more
    return wholes


class Write(NamedTuple):
    """What is written: in `d[i][j] = e` an entry of an entry of `d`, which has the depth 1.

    Of `d["t"] += e`, which changes an entry of `d` in place unless it is a number, the key is noted.
    """

    root: str
    names: frozenset[str]
    depth: float
    key: gast.Constant | None = None


def _checks(
    node: tree.Node,
    found: Aliases,
    written: list[Write],
    second: dict[str, set[str]],
    spell: Callable[[str, Any], tree.Node],
) -> list[tree.Node]:
    if id(node) not in found.copied:
        return []
    text = stored_to(node) or appended_to(node)
    own = {text} if text is not None else tree.names_written(node)
    others = found.copied[id(node)] - own
    level = 1 if text is not None else 0  # where in the container the copy is
    # in these, a write is one of an entry
    wholes = found.containers | _with_second_names(own | others, second)
    seen = [
        w
        for w in written
        if w.names & (own | others)
        and (w.root not in own or w.depth > level)
        and (w.depth > 0 or w.root not in wholes)
    ]
    is_entry = isinstance(node.value, gast.Call) and any(map(sources, node.value.args))
    if not others or not seen or (own & found.arrays and not is_entry):
        return []
    copied = _copied_attribute(node)
    copied_from = [copied] if copied is not None else [tree.name(n) for n in sorted(others)]
    shown = tree.constant(tree.show(node))
    whole = tree.list_of([*map(tree.name, sorted(own)), *copied_from])
    if all(w.key is not None and w.root in own | others for w in seen):
        check, entries = spell("check_entry", None), {(w.root, w.key.value) for w in seen if w.key}
        parts = [(tree.name(root), tree.constant(key)) for root, key in sorted(entries, key=repr)]
        calls = [tree.call(check, tree.clone(whole), *part, shown) for part in parts]
    else:
        calls = [tree.call(spell("check_distinct", None), whole, shown)]
    return [tree.expression(call) for call in calls]


def _copied_attribute(node: tree.Node) -> tree.Node | None:
    """`s.rows` for `rows = s.rows.copy()`: of an object, all else may well be shared."""
    function: Any = getattr(node.value, "func", None)
    is_copy = isinstance(function, gast.Attribute) and function.attr == "copy"
    is_attribute = is_copy and isinstance(function.value, gast.Attribute)
    return tree.clone(function.value) if is_attribute else None


def _written_within(function: gast.FunctionDef, found: Aliases) -> list[Write]:
    """Writes into arrays and containers: `d[i] = e`, `d[i][j] = e`, `d[i] += e`, and by calls."""
    writes: list[Write] = []
    for node in tree.walk(function.body):
        if id(node) not in found.places:
            continue
        text, names = stored_to(node), found.names[id(node)] - found.arrays
        depth, key = math.inf, None
        if text is not None:
            path, is_update = path_of(target_of(node)), updates_element(node)
            depth = len(path) - (not is_update)
            is_entry = is_update and len(path) == 1 and isinstance(path[0], gast.Subscript)
            key = path[0].slice if is_entry and isinstance(path[0].slice, gast.Constant) else None
        writes.append(Write(text or "", names, depth, key))
    return writes
