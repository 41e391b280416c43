"""Local names for what an attribute holds, where elements of that are written: the attribute itself is written into.

u = self.u
u[1:-1] += e           ->     self.u[1:-1] += e

s = self.state
s.x = e                ->     self.state.x = e

The attribute must hold the same thing as long as the name is read: nothing that runs there assigns it.
"""

import inspect
import types
from collections.abc import Iterator
from typing import Any

import gast

from knetsrc.objects import may_assign
from knetsrc.transform import tree
from knetsrc.transform.classes import is_library, method_object, owner_of
from knetsrc.transform.normalize.effects import CHANGING_METHODS, is_append, is_of_module
from knetsrc.transform.normalize.scopes import captured_names, own_nodes, parameters
from knetsrc.transform.object_lists import is_writing
from knetsrc.transform.part_classes import part_class
from knetsrc.transform.source import Source


def through_attributes(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """The function of the user without such names."""
    bound = {t.id: v for n in own_nodes(function.body) for t, v in _pairs(n)}
    written = {base for n in own_nodes(function.body) for base in _written_at(n)}
    written |= {
        text
        for n in own_nodes(function.body)
        if (text := _object_at(n)) in bound and _is_written(n, bound[text], function, source)
    }
    found = {
        target.id: value
        for node in own_nodes(function.body)
        for target, value in _pairs(node)
        if target.id in written
    }
    kept = {
        text: value for text, value in found.items() if _is_alias(text, value, function, source)
    }
    if not kept:
        return function

    def replaced(node: gast.Name) -> tree.Node:
        is_read = isinstance(node.ctx, gast.Load) and node.id in kept
        return tree.at(tree.clone(kept[node.id]), node) if is_read else node

    def without(node: gast.Assign) -> tree.Node | list[tree.Node]:
        rest = [(t, v) for t, v in _parts(node) if getattr(t, "id", None) not in kept]
        if len(rest) == len(_parts(node)):
            return node
        return [tree.at(tree.assign_to([t], v), node) for t, v in rest]

    new = tree.rewrite(function, {gast.Assign: without})
    return tree.rewrite(new, {gast.Name: replaced})  # type: ignore[no-any-return]


def _written_at(node: Any) -> Iterator[str]:
    """Names of which a node writes elements."""
    places: list[Any] = []
    if isinstance(node, gast.Subscript) and not isinstance(node.ctx, gast.Load):
        places = [node.value]
    elif isinstance(node, gast.Call):
        places = [k.value for k in node.keywords if k.arg == "out"]
        method = node.func.attr if isinstance(node.func, gast.Attribute) else ""
        if is_append(node) or method in CHANGING_METHODS:
            places += node.args[:1] if is_of_module(node.func) else [node.func.value]
    for place in places:
        while isinstance(place, gast.Subscript):
            place = place.value
        if isinstance(place, gast.Name):
            yield place.id


def _object_at(node: Any) -> str:
    """The name of the object of which a node writes an attribute, or calls a method."""
    place = node.func if isinstance(node, gast.Call) else node
    if tree.is_name(place) and isinstance(node, gast.Call):
        return str(place.id)
    is_attribute = isinstance(place, gast.Attribute) and isinstance(place.value, gast.Name)
    return str(place.value.id) if is_attribute else ""


def _is_written(node: Any, value: Any, function: gast.FunctionDef, source: Source) -> bool:
    """Whether a node writes to the object that an attribute holds, a name for which is in it."""
    if isinstance(node, gast.Attribute):
        return not isinstance(node.ctx, gast.Load)
    stored = [n.id for n in own_nodes(function.body) if _is_stored(n)]
    owner = _class_of(value.value.id, function, source, stored)
    kind = part_class(owner, value.attr, {}) if owner is not None else None
    name = node.func.attr if isinstance(node.func, gast.Attribute) else "__call__"
    return kind is not None and is_writing(kind, name)


def _parts(node: gast.Assign) -> list[tuple[Any, Any]]:
    """Targets and values: two of each for `u, k = self.u, self.k`."""
    if len(node.targets) != 1:
        return []
    target, value = node.targets[0], node.value
    if isinstance(target, gast.Tuple) and isinstance(value, gast.Tuple):
        is_even = len(target.elts) == len(value.elts)
        every = [*target.elts, *value.elts]
        is_plain = is_even and not any(isinstance(e, gast.Starred) for e in every)
        are_apart = not tree.names_written(target) & tree.names_read(value)
        if is_plain and are_apart and all(map(_is_path, value.elts)):
            return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _pairs(node: Any) -> Iterator[tuple[gast.Name, gast.Attribute]]:
    """Names that a statement binds to attributes of what has a name."""
    for target, value in _parts(node) if isinstance(node, gast.Assign) else ():
        is_attribute = isinstance(value, gast.Attribute) and isinstance(value.value, gast.Name)
        if isinstance(target, gast.Name) and is_attribute:
            yield target, value


def _is_path(node: Any) -> bool:
    while isinstance(node, gast.Attribute):
        node = node.value
    return isinstance(node, gast.Name | gast.Constant)


def _is_alias(text: str, value: Any, function: gast.FunctionDef, source: Source) -> bool:
    """Whether a name stands for this attribute wherever it is read."""
    stored = [n.id for n in own_nodes(function.body) if _is_stored(n)]
    inside = captured_names(function.body) | {
        name for n in tree.walk(function.body) if isinstance(n, gast.Nonlocal | gast.Global)
        for name in n.names
    }  # fmt: skip
    root = value.value.id
    if stored.count(text) != 1 or {text, root} & inside or text in parameters(function):
        return False
    kind = _class_of(root, function, source, stored)
    if kind is None or _is_handed_on(root, function):
        return False
    assigned = {n.attr for n in own_nodes(function.body) if _is_assigned(n)}
    if value.attr in assigned or any(computes(k, value.attr) for k in with_derived(kind)):
        return False
    read = {n.attr for n in own_nodes(function.body) if _is_of(n, root)}
    every = ((k, name) for k in with_derived(kind) for name in read)
    return not any(may_assign(k, name, value.attr) for k, name in every)


def _is_of(node: Any, root: str) -> bool:
    return isinstance(node, gast.Attribute) and tree.is_name(node.value, root)


def _is_stored(node: Any) -> bool:
    return isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load)


def _is_assigned(node: Any) -> bool:
    return isinstance(node, gast.Attribute) and not isinstance(node.ctx, gast.Load)


def _class_of(
    root: str, function: gast.FunctionDef, source: Source, stored: list[str]
) -> type | None:
    """The class of an object that a method is called on, or that is made once, at the top."""
    if root in method_object(source.function) and root not in stored:
        return owner_of(source.function)
    bound = [n for n in function.body if isinstance(n, gast.Assign) and len(n.targets) == 1]
    made = [n.value for n in bound if tree.is_name(n.targets[0], root)]
    if stored.count(root) != 1 or len(made) != 1 or not isinstance(made[0], gast.Call):
        return None
    kind = source.value_of(made[0].func)
    return kind if isinstance(kind, type) and not is_library(kind) else None


def _is_handed_on(root: str, function: gast.FunctionDef) -> bool:
    """Whether the object itself goes somewhere, where its attributes may be assigned."""
    plain = {id(n.value) for n in own_nodes(function.body) if isinstance(n, gast.Attribute)}
    returned = {id(n.value) for n in own_nodes(function.body) if isinstance(n, gast.Return)}
    names = [n for n in own_nodes(function.body) if tree.is_name(n, root)]
    return any(
        isinstance(n.ctx, gast.Load) and id(n) not in plain and id(n) not in returned for n in names
    )


def with_derived(kind: type) -> Iterator[type]:
    yield kind
    below: list[type] = type.__subclasses__(kind)
    for derived in below:
        yield from with_derived(derived)


def computes(kind: type, name: str) -> bool:
    """Whether an attribute of this name may be computed when it is read: a property, `__getattr__`."""
    for magic in ("__getattr__", "__getattribute__"):
        if isinstance(inspect.getattr_static(kind, magic, None), types.FunctionType):
            return True
    member = inspect.getattr_static(kind, name, None)
    is_slot = isinstance(member, types.MemberDescriptorType)
    is_member = member is not None and (callable(member) or hasattr(type(member), "__get__"))
    return is_member and not is_slot
