"""Lists and dicts that are filled as attributes of an object: they have a name of their own until they are complete.

self.links = []                             links = []
for q in qs:                        ->      for q in qs:
    self.links.append(Link(q))                  links.append(Link(q))
                                            self.links = links

This is the same where the object has no other name, and nothing reads the attribute in between.
"""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_append
from knetsrc.transform.normalize.scopes import captured_names, own_nodes
from knetsrc.transform.tree import Node

_FRESH = (gast.List, gast.Dict, gast.ListComp, gast.DictComp)


def fill_by_name(
    function: gast.FunctionDef, objects: frozenset[str], names: Names
) -> gast.FunctionDef:
    """The function with names for containers that are made and filled as attributes of `objects`.

    Examples
    --------
    >>> (f,) = tree.parse("def f(self, x):\\n self.d = {}\\n self.d['a'] = x\\n self.n = len(self.d)")
    >>> print(tree.show(fill_by_name(f, frozenset({"self"}), Names.of(f))))
    def f(self, x):
        d = {}
        d['a'] = x
        self.d = d
        self.n = len(self.d)
    """
    objects = objects - captured_names(function.body)
    body = list(function.body)
    for start in range(len(body)):
        node: Any = body[start]
        target = _made(node, objects)
        if target is None:
            continue
        changed = [i for i, n in enumerate(body) if i > start and _changes(n, target)]
        if not changed or not _is_only_filled(function, body[start : changed[-1] + 1], target):
            continue
        name = names.fresh(target.attr)
        filled = [_renamed(n, target, name) for n in body[start + 1 : changed[-1] + 1]]
        first = tree.at(tree.assign(name, node.value), node)
        last = tree.at(tree.assign_to([tree.clone(target)], tree.name(name)), node)
        body[start : changed[-1] + 1] = [first, *filled, last]
    return tree.with_body(function, body) if len(body) > len(function.body) else function


def _made(node: Any, objects: frozenset[str]) -> Any:
    """The attribute that a statement assigns a new container to."""
    if not isinstance(node, gast.Assign | gast.AnnAssign) or not isinstance(node.value, _FRESH):
        return None
    targets = node.targets if isinstance(node, gast.Assign) else [node.target]
    target = targets[0] if len(targets) == 1 else None
    is_own = isinstance(target, gast.Attribute) and getattr(target.value, "id", "") in objects
    return target if is_own else None


def _is_attribute(node: Any, target: Any) -> bool:
    is_same = isinstance(node, gast.Attribute) and node.attr == target.attr
    return is_same and tree.is_name(node.value, target.value.id)


def _changes(statement: Node, target: Any) -> bool:
    """Whether something in a statement changes what an attribute holds."""
    for node in own_nodes([statement]):
        changed = None
        if isinstance(node, gast.Subscript) and not isinstance(node.ctx, gast.Load):
            changed = node.value
        elif is_append(node):
            changed = node.func.value
        while isinstance(changed, gast.Subscript):
            changed = changed.value
        if changed is not None and _is_attribute(changed, target):
            return True
    return False


def _is_only_filled(function: gast.FunctionDef, body: list[Node], target: Any) -> bool:
    """Whether in these statements nothing else is done with the object than to assign and read other attributes.

    Those that are read are assigned in the function: a property could read the attribute that is not there yet.
    """
    text = target.value.id
    stored = [
        n.attr
        for n in own_nodes(function.body)
        if isinstance(n, gast.Attribute)
        and isinstance(n.ctx, gast.Store)
        and tree.is_name(n.value, text)
    ]
    if stored.count(target.attr) != 1:
        return False
    nodes = list(own_nodes(body))
    parents = {id(child): n for n in nodes for child in tree.children(n)}
    if any(isinstance(n, gast.Return | gast.Yield | gast.Delete) for n in nodes):
        return False
    for node in nodes:
        if tree.called_name(node) == "super" or (
            isinstance(node, gast.Name) and node.id == text and not isinstance(node.ctx, gast.Load)
        ):
            return False
        if not tree.is_name(node, text):
            continue
        read = parents.get(id(node))
        if not isinstance(read, gast.Attribute) or read.attr not in stored:
            return False
        around = parents.get(id(read))
        if isinstance(around, gast.Call) and around.func is read:
            return False
        if _is_attribute(read, target) and read is not target and not _is_part(read, parents):
            return False
    return True


def _is_part(read: Any, parents: dict[int, Any]) -> bool:
    """Whether an attribute is read for an element or its length, written into or grows."""
    around = parents.get(id(read))
    if isinstance(around, gast.Subscript):
        is_element = around.value is read and not isinstance(around.slice, gast.Slice)
        return is_element and not isinstance(parents.get(id(around)), gast.Attribute)
    if tree.called_name(around) == "len":
        return True
    call: Any = parents.get(id(around))
    return is_append(call) and call.func is around and isinstance(parents.get(id(call)), gast.Expr)


def _renamed(statement: Node, target: Any, name: str) -> Node:
    def replace(node: gast.Attribute) -> Node:
        is_read = _is_attribute(node, target) and isinstance(node.ctx, gast.Load)
        return tree.at(tree.name(name), node) if is_read else node

    return tree.rewrite(statement, {gast.Attribute: replace})  # type: ignore[no-any-return]
