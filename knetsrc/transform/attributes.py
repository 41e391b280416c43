"""Checks, when the program runs, that nothing that is read later sees the change of what an attribute holds.

                                  check_apart(x, rod, 'x', 'u')
value, rod = Rod_step(rod)        value, rod = Rod_step(rod)        if `rod` may hold `x`, and `step` changes `rod.u`

`normalize.attribute_elements` has made a new value of what changes: who else has the old one would not see it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import gast

from knetsrc.errors import UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.analysis.alias_facts import Aliases, Renewed
from knetsrc.transform.analysis.assigned import definitely_assigned
from knetsrc.transform.analysis.taken import paths_to, taken_from
from knetsrc.transform.normalize.attribute_elements import OWN
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.effects import is_cheap
from knetsrc.transform.normalize.scopes import parameters, rewritten


def guard_attributes(
    function: gast.FunctionDef,
    found: Aliases,
    spell: Callable[[str, Any], tree.Node],
    outside: Sequence[tree.Node] = (),
) -> gast.FunctionDef:
    """The function with a check before each statement that changes what something else may hold.

    Parameters
    ----------
    function
        A function in the core language.
    found
        What its names may share.
    spell
        Gives the name of a check that is made when the program runs.
    outside
        What is read from outside, which an argument may be that an object is made of.

    Raises
    ------
    UnsupportedAliasError
        If a name may see the change that may not be bound there.
    """
    if not found.renewed:
        return function
    assigned = definitely_assigned(function)
    local = tree.names_written(function.body) | set(parameters(function))
    taken = taken_from(function)
    elsewhere = {**found.outside, **{tree.show(n): n for n in outside}}

    def statement(node: tree.Node) -> list[tree.Node]:
        checks = []
        for renewed, names in found.renewed.get(id(node), {}).values():
            seen = names & local & found.live[id(node)] - _own(node)
            for text in sorted(seen - assigned.before[id(node)]):
                raise _unsure(text, node)
            place = taken.get(getattr(renewed[0], "id", ""))
            for text, path in paths_to(getattr(renewed[0], "id", ""), taken).items():
                if text in seen:
                    checks.append(_check(tree.name(text), renewed, spell, tree.constant(path)))
                    seen -= {text}
            if isinstance(place, gast.Subscript) and place.value.id in seen:
                checks.append(_check(tree.name(place.value.id), renewed, spell, place.slice))
                seen -= {place.value.id}
            is_given = getattr(renewed[0], "id", "") in parameters(function)
            unseen = found.outside if is_given else elsewhere
            others = [*map(tree.name, sorted(seen)), *map(tree.clone, unseen.values())]
            checks += [_check(other, renewed, spell) for other in others]
        for other, renewed in found.handed_with.get(id(node), ()):
            if not is_cheap(other):
                raise _unsure(tree.show(other), node)
            checks.append(_check(tree.clone(other), renewed, spell))
        return [*checks, node]

    return tree.with_body(function, rewritten(list(function.body), statement))


def changed_objects(
    function: gast.FunctionDef, is_method: Callable[[gast.Call], bool]
) -> list[str]:
    """Parameters that a function binds to changed objects: `a = with_attributes(a, u=e)`, `value, a = Rod_step(a)`."""
    found = set()
    for node in tree.walk(function.body):
        call: Any = node.value if isinstance(node, gast.Assign) else None
        text = getattr(call.args[0], "id", "") if tree.called_name(call) and call.args else ""
        target = node.targets[0] if text else None
        is_pair = isinstance(target, gast.Tuple) and tree.is_name(target.elts[-1], text)
        if tree.called_name(call) == WITH or (is_pair and is_method(call)):
            found.add(text)
    return [p for p in parameters(function) if p in found]


def guard_objects(
    function: gast.FunctionDef,
    changed: list[str],
    own_lists: list[str],
    spell: Callable[[str, Any], tree.Node],
    outside: list[tree.Node],
) -> gast.FunctionDef:
    """The user's function with a check, for each object that changes itself or in a list, that it is at no second place.

    That is another argument, or what a name from outside stands for.
    """
    every = parameters(function)
    text = tree.constant(f"{function.name}({', '.join(every)})")
    checks = []
    checked = [*((p, "check_sole") for p in changed), *((p, "check_sole_in") for p in own_lists)]
    for holder, check in checked:
        given = map(tree.name, [holder, *(p for p in every if p != holder)])
        others = map(tree.clone, outside)
        call = tree.call(spell(check, None), *given, *others, statement=text)
        checks.append(tree.at(tree.expression(call), function.body[0]))
    return tree.with_body(function, [*checks, *function.body])


def _own(node: tree.Node) -> set[str]:
    """Names for the object itself, and for the copy that changes."""
    is_mark = isinstance(node, gast.Expr) and tree.called_name(node.value) in OWN
    return {n.id for n in node.value.args[:2]} if is_mark else tree.names_written(node)


def _check(
    other: tree.Node,
    renewed: Renewed,
    spell: Callable[[str, Any], tree.Node],
    place: tree.Node | None = None,
) -> tree.Node:
    """The check of what is read later; of a list without the object at this place, if there is one."""
    argument, attributes = renewed
    texts = map(tree.constant, [tree.show(other), *sorted(attributes)])
    name = "check_apart" if place is None else "check_apart_in"
    places = [] if place is None else [tree.clone(place)]
    return tree.expression(
        tree.call(spell(name, None), other, *places, tree.clone(argument), *texts)
    )


def _unsure(text: str, node: tree.Node) -> UnsupportedAliasError:
    return UnsupportedAliasError(
        f"a change of an attribute, which `{text}` may see",
        at=node,
        why=f"`{text}` may share memory with the object where it is bound, and is read after the change",
        instead=f"give `{text}` a copy where it is bound: {text} = ....copy()",
    )
