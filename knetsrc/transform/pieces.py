"""Parts of the work of `evaluate` that look at one expression only: calls put together, and containers that are written out."""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.loop_keys import method
from knetsrc.transform.static import Statics, elements


def moved(node: tree.Node, place: tree.Node) -> Any:
    """A copy of a tree that stands at another place."""
    new = tree.clone(node)
    for part in tree.walk(new):
        if getattr(part, "lineno", None) is not None:
            part.lineno = None
    return tree.at(new, place)


def is_plain_literal(node: tree.Node) -> bool:
    """Whether a container is written out and holds names and literals only."""
    if not isinstance(node, gast.Tuple | gast.List | gast.Dict):
        return False
    keys = node.keys if isinstance(node, gast.Dict) else []
    return all(map(is_atom, elements(node))) and all(isinstance(k, gast.Constant) for k in keys)


def are_known(*nodes: tree.Node) -> bool:
    return all(
        isinstance(n, gast.Constant) and isinstance(n.value, str | int | bool) for n in nodes
    )


def arguments_of(node: gast.Call) -> list[tree.Node]:
    """Positional arguments, then those by keyword."""
    return [*node.args, *(k.value for k in node.keywords)]


def called(function: tree.Node, node: gast.Call) -> gast.Call:
    new = tree.clone(node)
    new.func = function
    return new


def with_argument(node: gast.Call, old: tree.Node, new: tree.Node) -> gast.Call:
    """The call with one argument replaced."""
    copy = tree.call(node.func, *(new if a is old else a for a in node.args))
    pairs = ((k.arg, new if k.value is old else k.value) for k in node.keywords)
    copy.keywords = [keyword_of(text, value) for text, value in pairs]
    return tree.clone(copy)


def with_partial(partial: gast.Call, node: gast.Call) -> gast.Call:
    """The call of the function in a partial one; keywords of the call come first."""
    new = tree.call(partial.args[0], *partial.args[1:], *node.args)
    later = {k.arg for k in node.keywords}
    new.keywords = [*(k for k in partial.keywords if k.arg not in later), *node.keywords]
    return tree.clone(new)


def with_lists(node: gast.Call, statics: Statics) -> gast.Call:
    """The call with lists for iterators and for views of dicts, as what is called may read an element at an index."""
    once = (zip, enumerate, reversed, map, filter)
    for i, argument in enumerate(node.args):
        if isinstance(argument, gast.Call) and (
            statics.outside.resolve(argument.func) in once
            or method(argument) in ("values", "items", "keys")
        ):
            node.args[i] = tree.at(tree.call("list", argument), argument)
    return node


def keyword_of(text: str | None, value: tree.Node) -> gast.keyword:
    keyword = tree.call("f", value=value).keywords[0]
    keyword.arg = text
    return keyword


def entry_at(container: tree.Node, key: Any) -> tree.Node | None:
    if isinstance(container, gast.Dict):
        found = [
            v
            for k, v in zip(container.keys, container.values, strict=True)
            if tree.is_constant(k, key)
        ]
        return found[-1] if found else None
    is_there = isinstance(key, int) and -len(container.elts) <= key < len(container.elts)
    return container.elts[key] if is_there else None


def is_atom(node: tree.Node) -> bool:
    return isinstance(node, gast.Name | gast.Constant)
