"""`s += e` on a name.

`s = s + e` is the same where nothing else sees the old value of `s`. Where another name might, the
program checks when it runs that `s` is a number: an array or list would have changed for the other
name as well. So it does where `s` may be an array without axes that is written into otherwise.
"""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import Changes, changes_nothing, effects
from knetsrc.transform.normalize.inplace import made_lists
from knetsrc.transform.normalize.joined import GIVES_NUMBERS, Gives, with_lists
from knetsrc.transform.normalize.scalar_arrays import changed_scalar_arrays
from knetsrc.transform.normalize.scopes import own_nodes, parameters, rewritten
from knetsrc.transform.normalize.sharing import carriers, gives_new, names_given, shared_names
from knetsrc.transform.tree import Node


def write_out_augmented(
    function: gast.FunctionDef,
    names: Names,
    owns_parameters: bool = True,
    gives_old: Callable[[Node], bool] = gives_new,
    gives: Gives = GIVES_NUMBERS,
    may_write: Changes = changes_nothing,
) -> gast.FunctionDef:
    """Write `s = s + e` for `s += e`.

    Parameters
    ----------
    function
        The function as the user wrote it, so that copies and views can be seen.
    names
        Names taken.
    owns_parameters
        Whether no caller looks at the arguments afterwards.
    gives_old
        Whether a call may give what was there before: something that a function captures.
    gives
        Whether a call gives a list, tuple or dict, or an entry of one.
    may_write
        Whether a call may change its arguments.

    Examples
    --------
    >>> from knetsrc.transform.language import show
    >>> show(write_out_augmented, "s = 0.0; s += a; xs = []; xs += [a]; row = a[0]; row *= 2")
    s = 0.0
    s = s + a
    xs = []
    xs.append(a)
    row = a[0]
    check_not_array(row, 'row *= 2')
    row = row * 2
    """
    function = tree.clone(function)
    lists = made_lists(function, is_sure=True)
    shared = shared_names(with_lists(function, gives, lists))
    shared |= changed_scalar_arrays(function, may_write)
    shared |= names_given(function, _augmented(function), gives_old)
    given = set() if owns_parameters else set(parameters(function))
    copies = made_lists(function) - lists

    def write_out(node: Any) -> Node | list[Node]:
        if not isinstance(node, gast.AugAssign) or not isinstance(node.target, gast.Name):
            return node
        name = node.target.id
        if name in lists:
            return _extended(node, names)
        other = node.value
        if name in copies and isinstance(other, gast.Tuple):  # a list is longer by it, too
            other = tree.list_of(other.elts)
        value = tree.assign(name, tree.in_place(tree.name(name), node.op, other))
        if name not in shared | given:
            return [value]
        text = tree.constant(tree.show([node]))
        return [tree.expression(tree.call("check_not_array", tree.name(name), text)), value]

    written: list[Node] = []
    for node in function.body:
        written += rewritten([node], write_out)
        given -= _own_from_here(node)
    function.body = written
    return function


def _augmented(function: gast.FunctionDef) -> set[str]:
    nodes = [n for n in own_nodes(function.body) if isinstance(n, gast.AugAssign)]
    return {n.target.id for n in nodes if isinstance(n.target, gast.Name)}


def append_elements(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Write appends for `xs += [a, b]`: the list is the same one for whoever has another name for it.

    >>> from knetsrc.transform.language import show
    >>> show(append_elements, "xs = []; ys = xs; ys += [a, b]")
    xs = []
    ys = xs
    ys.append(a)
    ys.append(b)
    """
    lists = made_lists(function, is_sure=True)

    def appended(node: Any) -> list[Node] | Node:
        if isinstance(node, gast.FunctionDef):
            return append_elements(node, names)
        is_sum = isinstance(node, gast.AugAssign) and isinstance(node.op, gast.Add)
        is_longer = is_sum and isinstance(node.target, gast.Name) and node.target.id in lists
        return _extended(node, names) if is_longer and _is_written_out(node.value) else node

    function = tree.clone(function)
    function.body = rewritten(function.body, appended)
    return function


def _is_written_out(value: Any) -> bool:
    """Whether a value is a list or tuple of which each element is written."""
    is_literal = isinstance(value, gast.List | gast.Tuple)
    return is_literal and not any(isinstance(e, gast.Starred) for e in value.elts)


def _own_from_here(node: Any) -> set[str]:
    """What a statement binds to a value that is new: no caller sees it, whoever bound the name before."""
    if not isinstance(node, gast.Assign) or carriers(node.value):
        return set()
    return {target.id for target in node.targets if isinstance(target, gast.Name)}


def _extended(node: Any, names: Names) -> list[Node]:
    """Appends for `xs += [a, b]`."""
    if not _is_written_out(node.value) or not isinstance(node.op, gast.Add):
        raise UnsupportedSyntaxError(
            f"`{tree.show([node])}` on a list",
            at=node,
            why="the list is changed in place, by elements that are not written out here",
            instead=f"append them one by one: for x in ...: {node.target.id}.append(x)",
        )
    elements = node.value.elts
    later = effects(elements[1:])
    if later.impure or node.target.id in later.reads:
        return _collected(node, elements, names)
    return [_append(node.target.id, e) for e in elements]


def _collected(node: Any, elements: list[Node], names: Names) -> list[Node]:
    """Compute all elements first, because a later one may look at the list."""
    fresh = [names.fresh("element") for _ in elements]
    computed: list[Node] = [tree.assign(name, e) for name, e in zip(fresh, elements, strict=True)]
    return computed + [_append(node.target.id, tree.name(name)) for name in fresh]


def _append(name: str, value: Node) -> Node:
    return tree.expression(tree.call(f"{name}.append", value))
