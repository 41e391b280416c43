"""Calls with star arguments, written out by what is called.

affine(*p, x)          affine(p[0], p[1], x)                    for `def affine(w, b, x)`
scaled(x, **options)   scaled(x, scale=options["scale"])        for `def scaled(x, scale)`
"""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.static import MISSING

Steady = Callable[[tree.Node, str], tree.Node]
_READING = frozenset({"get", "items", "keys", "values"})


def with_plain_arguments(node: gast.Call, callee: Any, steady: Steady) -> tree.Node | None:
    """The call without star arguments, or a choice of such calls by the length of a sequence.

    Parameters
    ----------
    node
        A call of a helper.
    callee
        The helper, a `Function`.
    steady
        Gives a value a name.

    Returns
    -------
    Node or None
        None if there is nothing to write out, or if it cannot be known what goes where.
    """
    if not any(isinstance(a, gast.Starred) for a in node.args) and not _has_double_star(node):
        return None
    node = _with_literals_spread(node)
    if _has_double_star(node) and not callee.star.kwarg:
        return _with_named(node, callee, steady)
    if _has_double_star(node):
        node = _with_one_dict(node, callee)
    if callee.star.vararg:
        node = _with_one_star(node, callee, steady)
    stars = [i for i, a in enumerate(node.args) if isinstance(a, gast.Starred)]
    if not stars:
        return node
    found = _with_positional(node, stars[0], callee, steady) if len(stars) == 1 else None
    return found or node


def _has_double_star(node: gast.Call) -> bool:
    return any(k.arg is None for k in node.keywords)


def _with_literals_spread(node: gast.Call) -> gast.Call:
    args: list[tree.Node] = []
    for a in node.args:
        is_literal = isinstance(a, gast.Starred) and isinstance(a.value, gast.Tuple | gast.List)
        args += a.value.elts if is_literal else [a]
    keywords = []
    for k in node.keywords:
        if k.arg is None and _has_plain_keys(k.value):
            named = {key.value: v for key, v in zip(k.value.keys, k.value.values, strict=True)}
            keywords += tree.call("f", **named).keywords
        else:
            keywords.append(k)
    new = tree.call(node.func, *args)
    new.keywords = keywords
    return new


def _with_one_star(node: gast.Call, callee: Any, steady: Steady) -> gast.Call:
    """The call with a single sequence, at its end, for what goes into a star parameter."""
    arguments = callee.core.args
    count = len([*arguments.posonlyargs, *arguments.args])
    place = next((i for i, a in enumerate(node.args) if isinstance(a, gast.Starred)), count)
    place = min(place, count)
    rest = node.args[place:]
    if not any(isinstance(a, gast.Starred) for a in rest) or len(rest) == 1:
        return node
    found = tree.tuple_of([])
    for part in rest:
        is_star = isinstance(part, gast.Starred)
        one = tree.call("tuple", part.value) if is_star else tree.tuple_of([part])
        is_first = isinstance(found, gast.Tuple) and not found.elts
        found = one if is_first else tree.binary(found, "+", one)
    new = tree.call(node.func, *node.args[:place], _starred(steady(found, "arguments")))
    new.keywords = node.keywords
    return new


def _with_one_dict(node: gast.Call, callee: Any) -> gast.Call:
    """The call with a single dictionary for what goes into a double star parameter; it may hold what other parameters get."""
    known = set(callee.parameters) - {callee.star.vararg, callee.star.kwarg}
    named = [k for k in node.keywords if k.arg in known]
    extra = {k.arg: k.value for k in node.keywords if k.arg and k.arg not in known}
    parts: list[tree.Node] = [k.value for k in node.keywords if k.arg is None]
    if extra:
        parts.insert(0, tree.dict_of(map(tree.constant, extra), extra.values()))
    value = parts[0]
    for part in parts[1:]:
        value = tree.binary(value, "|", part)
    if isinstance(value, gast.Name) and not only_reads(callee.core, callee.star.kwarg):
        value = tree.call("dict", value)
    new = tree.call(node.func, *node.args)
    (double,) = tree.parse_expression("f(**d)").keywords
    double.value = value
    new.keywords = [*named, double]
    return new


def only_reads(core: gast.FunctionDef, text: str) -> bool:
    """Whether a dictionary stays as it is, and in the function: its entries are read, or handed on by `**`."""
    fine: set[int] = set()
    for node in tree.walk(core.body):
        if isinstance(node, gast.Subscript) and isinstance(node.ctx, gast.Load):
            fine.add(id(node.value))
        elif isinstance(node, gast.Compare):
            fine |= {id(n) for n in node.comparators}
        elif isinstance(node, gast.Call):
            fine |= {id(k.value) for k in node.keywords if k.arg is None}
            if isinstance(node.func, gast.Attribute) and node.func.attr in _READING:
                fine.add(id(node.func.value))
    return all(id(n) in fine for n in tree.walk(core.body) if tree.is_name(n, text))


def _has_plain_keys(node: tree.Node) -> bool:
    return isinstance(node, gast.Dict) and all(
        isinstance(k, gast.Constant) and isinstance(k.value, str) for k in node.keys
    )


def _with_positional(node: gast.Call, place: int, callee: Any, steady: Steady) -> tree.Node | None:
    """The call with one sequence taken apart."""
    arguments = callee.core.args
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    named = {k.arg for k in node.keywords}
    open_ = [p for p in positional[place:] if p not in named]
    defaults = set(positional[len(positional) - len(arguments.defaults) :])
    after = node.args[place + 1 :]
    most = len(open_) - (0 if callee.star.vararg else len(after))
    least = sum(p not in defaults for p in open_) - (0 if callee.star.vararg else len(after))
    if callee.star.vararg and (most <= 0 or least != most):
        return None
    value = node.args[place].value
    value = value if isinstance(value, gast.Name) else steady(value, "arguments")

    def taken(count: int) -> gast.Call:
        entries = [tree.subscript(tree.clone(value), tree.constant(i)) for i in range(count)]
        rest: list[tree.Node] = []
        if callee.star.vararg:
            tail = tree.slice_of(tree.constant(count), None, None)
            rest = [_starred(tree.subscript(tree.clone(value), tail))]
        new = tree.call(node.func, *node.args[:place], *entries, *rest, *after)
        new.keywords = node.keywords
        return tree.clone(new)

    if most < 0:
        return None
    if least == most:
        return taken(most)
    length = tree.call("len", tree.clone(value))
    text = tree.constant(f"{callee.name} takes {max(least, 0)} to {most} of these arguments")
    found: tree.Node = tree.call(MISSING, tree.call("TypeError", text))
    for count in range(most, max(least, 0) - 1, -1):
        found = tree.choice(
            tree.compare(tree.clone(length), "==", tree.constant(count)), taken(count), found
        )
    return found


def _starred(value: tree.Node) -> tree.Node:
    starred = tree.parse_expression("f(*x)").args[0]
    starred.value = value
    return starred


def _with_named(node: gast.Call, callee: Any, steady: Steady) -> tree.Node | None:
    """The call with one dictionary taken apart."""
    doubles = [k.value for k in node.keywords if k.arg is None]
    if len(doubles) > 1 or any(isinstance(a, gast.Starred) for a in node.args):
        return None
    arguments = callee.core.args
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    defaults = dict(
        zip(
            positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True
        )
    )
    for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if d is not None:
            defaults[a.id] = d
    stars = {callee.star.vararg, callee.star.kwarg}
    named = {k.arg for k in node.keywords}
    every = [*positional, *(a.id for a in arguments.kwonlyargs)]
    given = {*positional[: len(node.args)], *named, *stars}
    open_ = [p for p in every if p not in given]
    if callee.star.kwarg or {a.id for a in arguments.posonlyargs} & set(open_):
        return None
    value = doubles[0] if isinstance(doubles[0], gast.Name) else steady(doubles[0], "options")
    new = tree.call(node.func, *node.args)
    new.keywords = [k for k in node.keywords if k.arg is not None]
    for p in open_:
        entry: tree.Node = tree.subscript(tree.clone(value), tree.constant(p))
        if p in defaults:
            is_there = tree.compare(tree.constant(p), "in", tree.clone(value))
            entry = steady(tree.choice(is_there, entry, tree.clone(defaults[p])), p)
        new.keywords += tree.call("f", **{p: entry}).keywords
    return new


def reads_entries_only(core: gast.FunctionDef, text: str) -> bool:
    """Whether of a dictionary only single entries are read, or all of them handed on by `**`."""
    fine: set[int] = set()
    for node in tree.walk(core):
        if isinstance(node, gast.Subscript) and tree.is_constant(node.slice):
            fine.add(id(node.value))
        elif isinstance(node, gast.Compare) and tree.is_constant(node.left):
            fine |= {id(n) for n in node.comparators}
        elif isinstance(node, gast.Call):
            fine |= {id(k.value) for k in node.keywords if k.arg is None}
            is_read = isinstance(node.func, gast.Attribute) and node.func.attr == "get"
            if is_read and tree.is_constant(node.args[0]):
                fine.add(id(node.func.value))
    reads = [n for n in tree.walk(core.body) if tree.is_name(n, text)]
    return all(id(n) in fine for n in reads)
