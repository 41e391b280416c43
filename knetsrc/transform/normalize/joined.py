"""Containers made of others, which hold the very values that stood there.

xs + [s]            the entries of xs, and s
[s] * 2             s, twice
d | {"k": s}        the entries of d, and s
xs.copy()           the entries of xs
"""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.effects import is_of_module, path_of
from knetsrc.transform.normalize.scopes import COMPREHENSIONS
from knetsrc.transform.tree import Node

DISPLAYS = (gast.List, gast.Tuple, gast.Set, gast.Dict)
JOINING = (gast.Add, gast.Mult, gast.BitOr)
_CONTAINER, _NUMBER, _COUNT = "container", "number", "count"
_MADE_BY = frozenset({"list", "tuple", "dict", "set", "frozenset", "sorted"})
# functions that give the entries of a container anew
REGROUPING = frozenset({"enumerate", "filter", "iter", "map", "reversed", "zip"}) | _MADE_BY
PICKING = frozenset({"max", "min", "next"})
_JOINED_BY = {"add": gast.Add, "concat": gast.Add, "mul": gast.Mult, "or_": gast.BitOr}
_AGAIN = frozenset({
    "accumulate", "combinations", "combinations_with_replacement", "cycle", "pairwise", "permutations", "product", "repeat",
})  # fmt: skip


class Gives(NamedTuple):
    """Whether a call gives a container, or an entry of a container that it is handed."""

    container: Callable[[gast.Call], bool]
    entry: Callable[[gast.Call], bool]


# what is taken of each call where it is not known what it gives
GIVES_NUMBERS = Gives(lambda call: False, lambda call: False)


def with_lists(
    function: gast.FunctionDef, gives: Gives, lists: Collection[str]
) -> gast.FunctionDef:
    """The function with `list(...)` around calls that give containers, where these are joined or copied.

    `lists` are names of lists: what is joined to one is a list as well. `max(...)` stands for a call that gives an entry.
    """

    def listed(node: Node, is_list: bool = False) -> Node:
        is_call = isinstance(node, gast.Call) and (is_list or gives.container(node))
        return tree.call("list", node) if is_call else node

    def joined(node: gast.BinOp) -> gast.BinOp:
        sides = [node.left, node.right]
        if isinstance(node.op, JOINING):
            names = {s.id for s in sides if isinstance(s, gast.Name)}
            is_list = isinstance(node.op, gast.Add) and bool(names & set(lists))
            node.left, node.right = (listed(s, is_list) for s in sides)
        return node

    def copied(node: gast.Call) -> gast.Call:
        if _is_copy(node):
            node.func.value = listed(node.func.value)
        elif any(map(sources, node.args)) and gives.entry(node):
            node.args = [tree.call("max", a) for a in node.args]
        return node

    return tree.rewrite(function, {gast.BinOp: joined, gast.Call: copied})  # type: ignore[no-any-return]


def is_container(node: Any) -> bool:
    """Whether an expression is a list, tuple, set or dict by its form."""
    return _form(node) == _CONTAINER


def is_entry(node: Any) -> bool:
    """Whether an expression takes something out of a container by its form."""
    is_read = isinstance(node, gast.Subscript) and not isinstance(node.slice, gast.Slice)
    return is_read or tree.called_name(node) in PICKING


def sources(node: Any) -> list[Node]:
    """What an expression joins, repeats, merges or copies, if that may be containers: `p` and `q` for `p + q`; nothing for others."""
    if _is_copy(node):
        return [*node.args] or [node.func.value]
    _, sides = _operation(node)
    return sides if sides and _form(node) != _NUMBER else []


def joined_parts(node: Any) -> list[Node]:
    """Those of the sources that no name stands for, if these are containers for sure: `[s]` for `xs + [s]`."""
    parts = sources(node)
    if not any(map(is_container, parts)):
        return []
    if _operation(node)[0] is gast.Mult:
        parts = [p for p in parts if is_container(p)]
    return [p for p in parts if not _is_place(p)]


def _form(node: Any) -> str:
    """What an expression is by its form: a container, a number or an array, or nothing that is known."""
    if isinstance(node, gast.NamedExpr | gast.Starred):
        return _form(node.value)
    if isinstance(node, gast.IfExp):
        return _CONTAINER if _CONTAINER in (_form(node.body), _form(node.orelse)) else ""
    if isinstance(node, gast.Subscript):
        is_slice = isinstance(node.slice, gast.Slice)
        return _CONTAINER if is_slice and is_container(node.value) else ""
    if tree.called_name(node) in _MADE_BY or isinstance(node, (*DISPLAYS, *COMPREHENSIONS)):
        return _CONTAINER
    if _is_copy(node):
        return _CONTAINER if any(map(is_container, sources(node))) else ""
    operation, sides = _operation(node)
    if sides:
        return _joined_form(operation, [*map(_form, sides)])
    is_number = isinstance(node, gast.BinOp | gast.UnaryOp | gast.Compare) or _makes_array(node)
    if isinstance(node, gast.Constant):
        return _COUNT if type(node.value) is int else _NUMBER
    return _NUMBER if is_number else ""


def _joined_form(operation: Any, sides: list[str]) -> str:
    if _CONTAINER in sides:
        return _CONTAINER
    is_count = _COUNT in sides and operation is not gast.Mult
    return _NUMBER if _NUMBER in sides or is_count else ""


def gives_again(iterable: Node) -> bool:
    """Whether a loop may meet one new value several times: `[np.zeros(3)] * n`, `repeat(np.zeros(3))`."""
    return any(not _is_plain(part) for n in tree.walk(iterable) for part in _repeated(n))


def _repeated(node: Any) -> list[Node]:
    if isinstance(node, gast.Call):
        path = path_of(node.func)
        is_again = path[-1:] and path[-1] in _AGAIN
        is_other = is_of_module(node.func) and path[0] != "itertools"  # np.repeat
        return [*node.args] if is_again and not is_other else []
    operation, sides = _operation(node)
    return [s for s in sides if is_container(s)] if operation is gast.Mult else []


def _is_plain(node: Any) -> bool:
    """Whether nothing in what is repeated is new and may change."""
    if isinstance(node, gast.List | gast.Tuple | gast.Set):
        return all(map(_is_plain, node.elts)) and not _has_lists(node)
    return isinstance(node, gast.Constant | gast.Name) or tree.called_name(node) == "range"


def _has_lists(node: Any) -> bool:
    return any(isinstance(e, gast.List | gast.Set) for e in node.elts)


def _is_copy(node: Any) -> bool:
    is_method = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    return is_method and node.func.attr == "copy" and not is_of_module(node.func)


def _operation(node: Any) -> tuple[Any, list[Node]]:
    """`Add` and the two sides for `a + b` and `operator.add(a, b)`; no sides for others."""
    if isinstance(node, gast.BinOp):
        return type(node.op), [node.left, node.right] if isinstance(node.op, JOINING) else []
    path = path_of(node.func) if isinstance(node, gast.Call) else []
    is_operator = len(path) == 2 and path[0] == "operator" and path[1] in _JOINED_BY
    return (_JOINED_BY[path[1]], [*node.args]) if is_operator else (None, [])


def _makes_array(node: Any) -> bool:
    """Whether it is a call of a function that makes arrays."""
    path = path_of(node.func) if isinstance(node, gast.Call) else []
    return len(path) > 1 and is_of_module(node.func) and path[0] not in ("itertools", "operator")


def _is_place(node: Any) -> bool:
    """Whether an expression is a name, or a part of what a name stands for."""
    while isinstance(node, gast.Attribute | gast.Subscript):
        node = node.value
    return isinstance(node, gast.Name)
