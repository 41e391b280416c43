"""Checks, when the program runs, that an operand is no object whose class says itself what an operation does.

a + b     ->     without_member(a, "__add__") + b     where `a` may be an object of a class of the user that has `__add__`
"""

from typing import Any

import gast

from knetsrc.adjoints.equivalents import WITHOUT_MEMBER
from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.objects import LIKE_ARRAYS, computed_members, is_mixed
from knetsrc.transform import tree
from knetsrc.transform.analysis.containers import SEQUENCES, container_kinds
from knetsrc.transform.analysis.kinds import gives_numbers
from knetsrc.transform.callee import Calls, has_method
from knetsrc.transform.classes import ClassFacts, operators
from knetsrc.transform.dispatch import asked_of_several
from knetsrc.transform.normalize.effects import is_append
from knetsrc.transform.object_refusals import asked_by
from knetsrc.transform.own_methods import plain
from knetsrc.transform.resolve import Outside


def checked_operation(node: Any, known: ClassFacts) -> tree.Node:
    """The operation with checks of its operands, as far as it is not known what they are."""
    members = known.outside.members
    if isinstance(node, gast.BinOp):
        _check_sides(node, known)
    elif isinstance(node, gast.UnaryOp):
        for _, name in operators(node):
            node.operand = _checked(node.operand, name, known) if name in members else node.operand
    elif isinstance(node, gast.Subscript) and "__getitem__" in members:
        node.value = _checked(node.value, "__getitem__", known)
    elif isinstance(node, gast.Attribute) and node.attr in LIKE_ARRAYS & members:
        node.value = _checked(node.value, node.attr, known)
    elif isinstance(node, gast.Call):
        _check_call(node, known)
    return node  # type: ignore[no-any-return]


def checked_method(node: gast.Call, known: ClassFacts) -> gast.Call:
    """The call of a method of nobody knows which class with a check of the object: it may write into what it is handed, or keep it."""
    function = node.func
    if not isinstance(function, gast.Attribute) or function.attr not in known.outside.members:
        return node
    is_checked = isinstance(function.value, gast.Call) and _is_member_check(function.value, known)
    given = [*node.args, *(k.value for k in node.keywords)]
    if not is_checked and any(tree.names_read(a) for a in given):
        function.value = _checked(function.value, function.attr, known)
    return node


def _is_member_check(node: gast.Call, known: ClassFacts) -> bool:
    return known.outside.resolve(node.func) is WITHOUT_MEMBER


def refuse_in_place(node: gast.BinOp, known: ClassFacts) -> None:
    """Refuse `a *= e` for an object whose class has `__imul__`: `a = a * e` calls another method."""
    owner, name = known.local_class(node.left), _in_place_name(node)
    if owner is not None and _says(node.left, name, known):
        raise UnsupportedSyntaxError(
            f"`{name}` of an object of the class `{owner.__name__}`",
            at=node,
            why="it may change the object, which other names may stand for, or give another one",
            instead=f"write a method that returns a new object, and call it: {tree.show(node.left)} = ...",
        )


def checked_update(node: Any, known: ClassFacts) -> tree.Node | list[tree.Node]:
    """`xs[i] += e` written out where either is an object whose class says what it does, checked where one may be."""
    read = tree.subscript(tree.clone(node.target.value), tree.clone(node.target.slice))
    operation = tree.at(tree.in_place(read, node.op, node.value), node)
    (_, own), (_, reflected) = operators(operation)
    names = {own, reflected, _in_place_name(operation)} & known.outside.members
    if any(_says(side, name, known) for side in (read, node.value) for name in names):
        return tree.at(tree.assign(node.target, operation), node)  # type: ignore[no-any-return]
    checks = [_checked(tree.clone(read), n, known) for n in sorted(names - {reflected})]
    if reflected in names:
        node.value = _checked(node.value, reflected, known)
    return [
        *(tree.at(tree.expression(c), node) for c in checks if isinstance(c, gast.Call)),
        node,
    ]


def _says(node: tree.Node, name: str, known: ClassFacts) -> bool:
    owner = known.local_class(node)
    return owner is not None and not is_mixed(owner) and name in computed_members(owner)


def _in_place_name(node: gast.BinOp) -> str:
    (_, own), _ = operators(node)
    return own.replace("__", "__i", 1)


def _check_sides(node: gast.BinOp, known: ClassFacts) -> None:
    """Both sides are checked or none, as an operand without a check is taken for a number."""
    if tree.is_in_place(node) and _in_place_name(node) in known.outside.members:
        refuse_in_place(node, known)
        node.left = _checked(node.left, _in_place_name(node), known)
    (_, own), (_, reflected) = operators(node)
    if not {own, reflected} & known.outside.members:
        return
    owner = known.local_class(node.left)
    node.left = _checked(node.left, own, known)
    if owner is None or not hasattr(owner, own):
        node.right = _checked(node.right, reflected, known)


def _check_call(node: gast.Call, known: ClassFacts) -> None:
    """The object of a method, and what a function asks to compute it: `np.exp(a)` calls `a.exp()`, `abs(a)` calls `a.__abs__()`."""
    asked = asked_by(known.outside.resolve(node.func)) & known.outside.members
    if asked:
        for name in sorted(asked):
            node.args = [_checked(a, name, known) for a in node.args]
    elif asked_of_several(node, known) is not None:
        return  # the function that asks for the class checks it
    elif isinstance(node.func, gast.Attribute) and plain(node.func.attr) in known.outside.members:
        if has_method(plain(node.func.attr)):
            node.func.value = _checked(node.func.value, plain(node.func.attr), known)


def _checked(node: tree.Node, name: str, known: ClassFacts) -> tree.Node:
    is_of_class = tree.called_name(node) in ("super", "type")
    if is_of_class or isinstance(node, gast.Starred) or known.is_outside(node):
        return node
    found = known.of(node)  # of the elements alone where it is a container
    if found and not is_mixed(found.get("")):
        return node
    check = known.outside.spelled(WITHOUT_MEMBER)
    return tree.at(tree.call(check, node, tree.constant(name)), node)


def without_idle_member_checks(
    core: gast.FunctionDef, calls: Calls, numeric: frozenset[str]
) -> gast.FunctionDef:
    """`a + b` for `without_member(a, "__add__") + b`, where `a` is an array or a number for sure, or an entry of an array."""
    bound = [n for n in tree.walk(core) if isinstance(n, gast.Assign)]
    numeric -= {
        text
        for n in bound
        if not gives_numbers(n.value, calls) and _array_of(n.value) not in numeric
        for text in tree.names_written(n)
    }

    def unchecked(node: gast.Call) -> tree.Node:
        is_idle = _is_check(calls, node) and _array_of(node.args[0]) in numeric
        return node.args[0] if is_idle else node

    return tree.rewrite(core, {gast.Call: unchecked})  # type: ignore[no-any-return]


def without_checks_of_containers(core: gast.FunctionDef, outside: Outside) -> gast.FunctionDef:
    """`xs.append(e)` for `without_member(xs, "append").append(e)`, and the same of all that is a list, tuple or dict for sure.

    Passes that look for what changes a list must find it.
    """
    kinds = container_kinds(core, outside.resolve, {}, lambda call: None)
    is_merged = any(isinstance(getattr(n, "op", None), gast.BitOr) for n in tree.walk(core.body))
    sure = SEQUENCES if is_merged else (*SEQUENCES, "dict")

    def unchecked(node: gast.Call) -> tree.Node:
        is_check = outside.resolve(node.func) is WITHOUT_MEMBER
        return node.args[0] if is_check and kinds.of(node.args[0]) in sure else node

    def unchecked_append(node: gast.Call) -> tree.Node:
        if is_append(node) and isinstance(node.func.value, gast.Call):
            check = node.func.value
            is_check = outside.resolve(check.func) is WITHOUT_MEMBER
            node.func.value = check.args[0] if is_check else check
        return unchecked(node)

    return tree.rewrite(core, {gast.Call: unchecked_append})  # type: ignore[no-any-return]


def has_member_checks(core: gast.FunctionDef, calls: Calls) -> bool:
    """Whether there is such a check in a function."""
    return any(_is_check(calls, node) for node in tree.walk(core))


def _is_check(calls: Calls, node: Any) -> bool:
    return isinstance(node, gast.Call) and calls.outside.resolve(node.func) is WITHOUT_MEMBER


def _array_of(node: Any) -> str | None:
    """The name of an array, for an entry of it."""
    while isinstance(node, gast.Subscript):
        node = node.value
    return getattr(node, "id", None)
