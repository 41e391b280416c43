"""Members of classes of the user that are named like those of arrays, lists or dicts: they get a mark.

opt.update(w, g)     opt.update<own>(w, g)     where `opt` is an object of a class of the user for sure
gamma.shape          gamma.shape<field>

What rewrites calls of `update`, `pop` or `fill` by their name leaves these alone, and `gamma.shape` is an attribute like any
other. `specialize` takes the mark off methods; that of attributes stays until the module is written.
"""

import types
from collections.abc import Mapping
from typing import Any

import gast
import numpy as np

from knetsrc.errors import MissingAdjointError
from knetsrc.objects import LIKE_ARRAYS, class_of, fields_like_arrays, is_object, may_hold
from knetsrc.transform import tree
from knetsrc.transform.classes import defined_in, is_library, is_users_class
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.resolve import UNKNOWN
from knetsrc.transform.source import Source

MARK = "<own>"
FIELD = tree.FIELD_MARK
OWN_DTYPE = f"dtype{FIELD}"  # of an object; no function takes numbers for it
_OF_BUILTINS = frozenset(
    name for kind in (np.ndarray, list, dict) for name in dir(kind) if not name.startswith("_")
)

# With more arguments than these a method is none of a list, a dict or an array, and NumPy has no function of the name.
_MOST_ARGUMENTS = {
    "update": 1,
    "pop": 2,
    "clear": 0,
    "extend": 1,
    "setdefault": 2,
    "reverse": 0,
}


def plain(text: str) -> str:
    """The name of a member without a mark."""
    return text.removesuffix(MARK).removesuffix(FIELD)


def field_of(node: tree.Node, text: str) -> gast.Attribute:
    """An attribute that an object holds itself."""
    return tree.attribute(node, f"{text}{FIELD}" if text in LIKE_ARRAYS else text)


def with_field_mark(node: gast.Attribute, owner: type) -> gast.Attribute:
    """An attribute of an object of this class, which has a mark if the object may hold it itself."""
    text = plain(node.attr)
    if text not in LIKE_ARRAYS or node.attr.endswith(MARK) or not isinstance(node.ctx, gast.Load):
        return node
    found = (
        field_of(node.value, text) if may_hold(owner, text) else tree.attribute(node.value, text)
    )
    return tree.at(found, node)


def without_field_marks(nodes: list[tree.Node]) -> list[tree.Node]:
    """The functions of a module as they are written."""

    def unmarked(node: gast.Attribute) -> gast.Attribute:
        node.attr = node.attr.removesuffix(FIELD)
        return node

    return tree.rewrite(nodes, {gast.Attribute: unmarked})  # type: ignore[no-any-return]


def mark_members(
    function: gast.FunctionDef,
    source: Source,
    classes: Mapping[str, type],
    taken: Mapping[str, type],
) -> gast.FunctionDef:
    """The function with a mark at each such member; `classes` are those of parameters, `taken` those of other names."""
    every = list(tree.walk(function.body))
    attributes = [n for n in every if isinstance(n, gast.Attribute) and n.attr in LIKE_ARRAYS]
    if not attributes and not any(_method(n) in _OF_BUILTINS for n in every):
        return function
    known = _classes_of_names(function, source, classes) | dict(taken)

    def marked(node: gast.Call) -> gast.Call:
        name = _method(node)
        receiver = node.func.value if name in _OF_BUILTINS else None
        if tree.called_name(receiver) == "super" and "__class__" in classes:
            found = next(
                (f for k in classes["__class__"].__mro__[1:] if (f := defined_in(k, name))), None
            )
        else:
            owner = _class_of(receiver, known, source, function)
            found = defined_in(owner, name) if owner is not None else None
        if found is None and _is_of_no_container(node) and source.value_of(receiver) is None:
            node.func.attr = f"{name}{MARK}"
        if found is not None and isinstance(found[1], types.FunctionType):
            node.func.attr = f"{name}{MARK}"
        return node

    def marked_field(node: gast.Attribute) -> gast.Attribute:
        owner = known.get(getattr(node.value, "id", ""))
        if owner is None or node.attr not in fields_like_arrays(owner):
            return node
        return with_field_mark(node, owner)

    rewriters = {gast.Call: marked, gast.Attribute: marked_field}
    return tree.rewrite(function, rewriters)  # type: ignore[no-any-return]


def all_replaced(core: gast.FunctionDef) -> gast.FunctionDef:
    """The function, in which each call with a mark has been replaced.

    Raises
    ------
    MissingAdjointError
        For one that has not.
    """
    for node in tree.walk(core.body):
        if isinstance(node, gast.Attribute) and node.attr.endswith(MARK):
            name = plain(node.attr)
            raise MissingAdjointError(
                f"a call of `{tree.show(node.value)}.{name}`, a method of an object",
                at=node,
                why="which class the object is of is not known here",
                instead="annotate the parameter with its class",
            )
    return core


def _is_of_no_container(node: gast.Call) -> bool:
    """Whether a method is called in a way in which no list, dict or array has it: `opt.update(w, g)`."""
    most = _MOST_ARGUMENTS.get(_method(node))
    is_open = any(isinstance(a, gast.Starred) for a in node.args)
    return most is not None and len(node.args) > most and not is_open


def _class_of(
    node: Any, known: Mapping[str, type], source: Source, function: gast.FunctionDef
) -> type | None:
    """The class of the object of a method, which may be an entry of a list that the function makes."""
    if isinstance(node, gast.Name):
        return known.get(node.id) or _outside(node, source, function)
    is_entry = isinstance(node, gast.Subscript) and not isinstance(node.slice, gast.Slice)
    return known.get(f"{node.value.id}[]") if is_entry and tree.is_name(node.value) else None


def _method(node: Any) -> str:
    function = node.func if isinstance(node, gast.Call) else None
    return function.attr if isinstance(function, gast.Attribute) else ""


def _classes_of_names(
    function: gast.FunctionDef, source: Source, classes: Mapping[str, type]
) -> dict[str, type]:
    """Parameters that are not bound anew, and names that only stand for objects that are made in the function."""
    written = tree.names_written(function.body)
    found = {p: c for p in set(parameters(function)) - written if (c := classes.get(p)) is not None}
    made: dict[str, set[type]] = {}
    single = set()
    for node in tree.walk(function.body):
        is_plain = isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name)
        if is_plain and isinstance(node.value, gast.Call) and len(node.targets) == 1:
            if is_users_class(source, node.value.func):
                made.setdefault(node.targets[0].id, set()).add(source.value_of(node.value.func))
                single.add(id(node.targets[0]))
    for node in tree.walk(function):
        is_bound = isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load)
        if is_bound and id(node) not in single:
            made.pop(node.id, None)
    return found | {n: next(iter(kinds)) for n, kinds in made.items() if len(kinds) == 1}


def _outside(node: gast.Name, source: Source, function: gast.FunctionDef) -> type | None:
    """The class of an object that the function reads from outside."""
    if node.id in tree.names_written(function.body) | set(parameters(function)):
        return None
    value = source.value_of(node)
    is_users = value is not UNKNOWN and is_object(value) and not is_library(type(value))
    return class_of(value) if is_users else None
