"""Writes of attributes, as new objects under the same name.

state.v = e         state = with_attributes(state, v=e)

This is the same where nothing else stands for the object: the function has made it, or was handed it and no caller looks at it
afterwards, and its name is only read from.
"""

import functools
from collections.abc import Callable
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.attribute_elements import (
    changed_objects,
    write_out_attribute_elements,
)
from knetsrc.transform.normalize.effects import path_of
from knetsrc.transform.normalize.escapes import refuse_late_changes
from knetsrc.transform.normalize.filled_attributes import fill_by_name
from knetsrc.transform.normalize.owned_containers import escaping_names
from knetsrc.transform.normalize.scopes import captured_names, own_nodes, parameters, rewritten
from knetsrc.transform.tree import Node

WITH = "with_attributes"
IsClass = Callable[[Node], bool]


def write_out_attributes(
    function: gast.FunctionDef,
    names: Names,
    owned: frozenset[str],
    is_class: IsClass,
    in_place: frozenset[str] = frozenset(),
) -> gast.FunctionDef:
    """Bind the names of objects anew where their attributes are written.

    Parameters
    ----------
    function
        A function as the user wrote it.
    names
        Names taken.
    owned
        Parameters whose objects nobody looks at afterwards.
    is_class
        Whether an expression is a class of the user, so that calling it makes an object.
    in_place
        Statements `s.u += e` of which a call has shown that they change an array.

    Examples
    --------
    >>> (f,) = tree.parse("def f(x):\\n s = State(x)\\n s.v = x * x\\n s.n += 1\\n return s.v")
    >>> print(tree.show(write_out_attributes(f, Names.of(f), frozenset(), lambda node: True)))
    def f(x):
        s = State(x)
        s = with_attributes(s, v=x * x)
        n = s.n
        check_not_array(n, 's.n += 1')
        s = with_attributes(s, n=n + 1)
        return s.v
    """
    objects = owned_objects(function, owned, is_class)
    refuse_late_changes(function.body, functools.partial(_written_objects, objects))
    filled = fill_by_name(function, objects, names)
    function = write_out_attribute_elements(filled, objects, names, in_place)
    if function is not filled:
        refuse_late_changes(function.body, functools.partial(_written_objects, objects))
    result = tree.clone(function)
    result.body = rewritten(result.body, _Attributes(names, objects, is_class).statement)
    return result  # type: ignore[no-any-return]


def owned_objects(
    function: gast.FunctionDef, owned: frozenset[str], is_class: IsClass
) -> frozenset[str]:
    """Names of objects that are seen through no other name."""
    written = {
        n.value.id
        for n in own_nodes(function.body)
        if isinstance(n, gast.Attribute) and isinstance(n.ctx, gast.Store) and tree.is_name(n.value)
    } | changed_objects(function.body)
    bound: dict[str, list[bool]] = {n: [n in owned] for n in parameters(function)}
    single = set()
    for node in own_nodes(function.body):
        if isinstance(node, gast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, gast.Name):
                single.add(id(target))
                is_made = isinstance(node.value, gast.Call) and (
                    is_class(node.value.func) or tree.called_name(node.value) == WITH
                )
                bound.setdefault(target.id, []).append(is_made)
    for node in own_nodes(function.body):
        is_bound = isinstance(node, gast.Name) and isinstance(node.ctx, gast.Store)
        if is_bound and id(node) not in single:
            bound.setdefault(node.id, []).append(False)
    made = {n for n in written if n in bound and all(bound[n])}
    return frozenset(made - escaping_names(function) - captured_names(function.body))


def _written_objects(objects: frozenset[str], node: Node) -> list[str]:
    """Those of the objects to which a statement writes."""
    targets = [n for n in own_nodes(node) if isinstance(n, gast.Attribute)]
    bases = [getattr(t.value, "id", "") for t in targets if isinstance(t.ctx, gast.Store)]
    return [text for text in bases if text in objects]


class _Attributes:
    def __init__(self, names: Names, objects: frozenset[str], is_class: IsClass) -> None:
        self.names, self.objects, self.is_class = names, objects, is_class

    def statement(self, node: Any) -> list[Node]:
        if isinstance(node, gast.FunctionDef):
            return [write_out_attributes(node, self.names, frozenset(), self.is_class)]
        if isinstance(node, gast.AugAssign) and self._is_owned(node.target):
            return self._augmented(node)
        if isinstance(node, gast.AnnAssign) and node.value and self._is_owned(node.target):
            return self._written(node.target, node.value)
        if not isinstance(node, gast.Assign):
            return [node]
        targets = [t for target in node.targets for t in _flat(target)]
        if not any(map(self._is_owned, targets)):
            return [node]
        if len(node.targets) == 1 and targets == node.targets:
            return self._written(targets[0], node.value)
        if len(node.targets) == 1 and self._are_named(targets, node.value):
            pairs = zip(targets, node.value.elts, strict=True)
            return [written for t, value in pairs for written in self._written(t, value)]
        after: list[Node] = []
        changed = [self._by_name(target, after) for target in node.targets]
        return [tree.assign_to(changed, node.value), *after]

    def _are_named(self, targets: list[Any], value: Any) -> bool:
        """Whether attributes are given values that have names, so that one may be written after the other."""
        return (
            isinstance(value, gast.Tuple)
            and len(value.elts) == len(targets)
            and all(map(self._is_owned, targets))
            and all(
                isinstance(v, gast.Constant) or (tree.is_name(v) and v.id not in self.objects)
                for v in value.elts
            )
        )

    def _is_owned(self, target: Any) -> bool:
        return isinstance(target, gast.Attribute) and (
            getattr(target.value, "id", None) in self.objects
        )

    def _written(self, target: Any, value: Node) -> list[Node]:
        text = target.value.id
        before: list[Node] = []
        if any(
            isinstance(n, gast.Call) and path_of(n.func)[:1] == [text] for n in tree.walk(value)
        ):
            name = self.names.fresh(f"new_{target.attr}")  # a method may change the object
            before, value = [tree.assign(name, value)], tree.name(name)
        new = tree.call(WITH, tree.name(text), **{target.attr: value})
        return [*before, tree.assign(text, new)]

    def _augmented(self, node: Any) -> list[Node]:
        name = self.names.fresh(node.target.attr)
        old = tree.attribute(tree.name(node.target.value.id), node.target.attr)
        text = tree.constant(tree.show([node]))
        check = tree.expression(tree.call("check_not_array", tree.name(name), text))
        value = tree.in_place(tree.name(name), node.op, node.value)
        return [tree.assign(name, old), check, *self._written(node.target, value)]

    def _by_name(self, target: Any, after: list[Node]) -> Node:
        """A target with names in place of attributes, which are written afterwards."""
        if isinstance(target, gast.Tuple | gast.List):
            return tree.target_of(tree.tuple_of(self._by_name(t, after) for t in target.elts))
        if not self._is_owned(target):
            return target  # type: ignore[no-any-return]
        name = self.names.fresh(f"new_{target.attr}")
        after += self._written(target, tree.name(name))
        return tree.store(name)


def _flat(target: Any) -> list[Any]:
    if isinstance(target, gast.Tuple | gast.List):
        return [t for part in target.elts for t in _flat(part)]
    return [target]
