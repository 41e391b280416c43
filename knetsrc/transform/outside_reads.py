"""Which things from outside functions read: an argument that is written into must be none of them.

def loss(a):
    a[0] = 2.0
    return np.sum(a * G + net.w)      {"model.G": Read(...), "model.net": Read(..., {"w"})}
"""

import types
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.analysis.handed_out import may_hold_arrays
from knetsrc.transform.analysis.told import Told
from knetsrc.transform.callee import Calls, Constant, Helper, Primitive
from knetsrc.transform.resolve import Captured, Globals, Outside, local_names

_OF_FORM = frozenset({"shape", "ndim", "size", "dtype", "itemsize", "nbytes"})
_NAMESPACES = (types.ModuleType, Globals, Captured)


class Read(NamedTuple):
    """Something that is read.

    Attributes
    ----------
    node
        How the generated module spells it.
    text
        Its name.
    paths
        The attributes of it that are read, such as "w" and "rod.u"; an empty one where all of it may be.
    """

    node: tree.Node
    text: str
    paths: frozenset[str]

    def arguments(self) -> list[tree.Node]:
        """What a check is handed: the thing, its name, and the attributes if it is not all of it."""
        paths = () if "" in self.paths else sorted(self.paths)
        return [tree.clone(self.node), *map(tree.constant, (self.text, *paths))]

    def may_be_object(self, told: Told) -> bool:
        """Whether it may be or hold an object: attributes of it are read, or it is no list of arrays that a call has told of."""
        return self.paths != {""} or not told.is_list_of_arrays(self.text)


def outside_reads(functions: Iterable[gast.FunctionDef], outside: Outside) -> list[Read]:
    """What functions read that is not of any of them, and that may be or hold an array, a container or an object.

    Parameters
    ----------
    functions
        Functions with outside names as the generated module spells them.
    outside
        Tells what these stand for.
    """
    found: dict[str, Read] = {}
    for function in functions:
        local = local_names(function)
        for name, attributes in _paths(
            [*function.args.defaults, *function.args.kw_defaults, *function.body]
        ):
            if name.id in local or not (name.id in outside.roots or name.id in outside.captured):
                continue
            node, rest = _thing(name, attributes, outside)
            value = outside.resolve(node)
            is_form = isinstance(value, np.ndarray) and rest[:1] and rest[0] in _OF_FORM
            if isinstance(value, _NAMESPACES) or is_form or not may_hold_arrays(value):
                continue
            _note(found, node, rest)
    return sorted(found.values(), key=lambda read: tree.show(read.node))


def parameter_reads(
    function: gast.FunctionDef, names: Iterable[str], known: Iterable[str], calls: Calls
) -> list[Read]:
    """What a function reads of these parameters, where they may be objects: `known` ones, and those not just computed with."""
    found: dict[str, Read] = {}
    computed = {id(part) for node in tree.walk(function.body) for part in _operands(node, calls)}
    for name, attributes in _paths(function.body):
        if name.id in names and (attributes or name.id in known or id(name) not in computed):
            _note(found, tree.name(name.id), attributes)
    return [found[text] for text in names if text in found]


def array_reads(function: gast.FunctionDef, names: Collection[str]) -> list[Read]:
    """What a function reads of these parameters, which are arrays: an object beside them may hold them."""
    found = tree.names_read(function.body).intersection(names)
    return [Read(tree.name(text), text, frozenset({""})) for text in sorted(found)]


def _operands(node: tree.Node, calls: Calls) -> list[tree.Node]:
    """What an operator, an index or a function of a library computes with."""
    if isinstance(node, gast.BinOp | gast.UnaryOp | gast.Compare):
        return tree.children(node)
    if isinstance(node, gast.Subscript):
        return [node.slice]
    callee = calls.of(node) if isinstance(node, gast.Call) else None
    if isinstance(callee, Helper) and getattr(callee.function, "is_loop", False):
        return node.args[:2]  # where it starts and stops
    is_computed = tree.called_name(node) == "range" or isinstance(callee, Constant | Primitive)
    return [*node.args, *(k.value for k in node.keywords)] if is_computed else []


def changed_attributes(found: Aliases, names: Iterable[str]) -> list[str]:
    """What changes in place of objects that are parameters: "o.u", "o.rows[]" if elements of it do, "o" where it may be anything."""
    every = [renewed for at_one in found.renewed.values() for renewed, _ in at_one.values()]
    direct = [(getattr(node, "id", ""), attributes) for node, attributes in every]
    direct = [
        (text, a) for text, a in direct if text in names and text in found.renewed_parameters()
    ]
    whole = {text for text, attributes in direct if not attributes}
    parts = {f"{text}.{a}" for text, attributes in direct if text not in whole for a in attributes}
    return sorted(whole | parts)


def checks_of(
    written: Iterable[str], reads: Iterable[Read], check: Callable[[], tree.Node]
) -> list[tree.Node]:
    """Statements that check that no argument of these is, or holds, what is read."""
    return [
        tree.expression(
            tree.call(
                check(), tree.name(text.split(".")[0]), tree.constant(text), *read.arguments()
            )
        )
        for text in written
        for read in reads
        if not tree.is_name(read.node, text.split(".")[0])
    ]


def _note(found: dict[str, Read], node: tree.Node, attributes: list[str]) -> None:
    key = tree.show(node)
    before = found[key].paths if key in found else frozenset()
    text = node.attr if isinstance(node, gast.Attribute) else node.id
    found[key] = Read(node, text, before | {".".join(attributes)})


def _thing(name: gast.Name, attributes: list[str], outside: Outside) -> tuple[Any, list[str]]:
    """The first on a path that is no module, and what is left of the path."""
    node: Any = tree.name(name.id)
    rest = list(attributes)
    while rest and isinstance(outside.resolve(node), _NAMESPACES):
        node = tree.attribute(node, rest.pop(0))
    return node, rest


def _paths(nodes: Iterable[Any]) -> Iterator[tuple[gast.Name, list[str]]]:
    """Each name that is read, with the attributes that are read of it: `model.net.w` gives `model`, ["net", "w"]."""
    stack = [n for n in nodes if n is not None]
    while stack:
        node = stack.pop()
        attributes: list[str] = []
        inner = node
        while isinstance(inner, gast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, gast.Name):
            if isinstance(inner.ctx, gast.Load):
                yield inner, attributes
        else:
            stack += tree.children(inner)
