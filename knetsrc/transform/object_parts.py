"""Writes to objects that attributes hold: the object is taken out, written to under a name of its own, and put back.

                                  rod = with_attributes(self.rod)
self.rod.u[0] = e                 check_own_object(rod, self, 'rod', 'self.rod.u[0] = e')
self.rod.step(dt)         ->      rod.u[0] = e
                                  rod.step(dt)
                                  self.rod = with_attributes(rod)

This is the same where nothing else stands for the object: `analysis.aliases` looks for other names, and the check for other
attributes when the program runs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.attribute_aliases import computes, with_derived
from knetsrc.transform.classes import is_users_class, method_object, owner_of
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.attribute_elements import changed_places
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.effects import is_of_module, path_of
from knetsrc.transform.normalize.scopes import blocks, captured_names, own_nodes
from knetsrc.transform.object_lists import Taken, is_writing, suppresses
from knetsrc.transform.object_writes import NotTheSameError, Writes
from knetsrc.transform.own_methods import plain
from knetsrc.transform.part_classes import part_class
from knetsrc.transform.source import Source

CHECK_PART = "check_own_object"
_OF_CONTAINERS = frozenset(n for kind in (np.ndarray, list, dict) for n in dir(kind))
_MOST_ROUNDS = 8


def take_parts(function: gast.FunctionDef, source: Source, told: Mapping[str, type]) -> Taken:
    """The function in which objects that attributes hold have names of their own while they change.

    Parameters
    ----------
    function
        A function as the user wrote it.
    source
        Where it stands: tells what names stand for.
    told
        What a call has told of its arguments, and of what these hold: classes by path.
    """
    names = Names.of(function)
    classes: dict[str, type] = {}
    known = _classes_of_names(function, source) | {
        t: k for t, k in told.items() if t.isidentifier()
    }
    inside = captured_names(function.body)
    for _ in range(_MOST_ROUNDS):  # one round for each object that is written, at any depth
        parts = _Parts(known, told)
        written = [p for p in parts.written(function) if p[0] not in inside]
        changed = None
        for text, attr in dict.fromkeys(written):
            kind = parts.class_of(text, attr)
            writes = _PartWrites(text, attr, known.get(text), kind, names)
            split = tree.with_body(function, _Nested(parts, names).block(function.body))
            changed = writes.written_out(split)
            changed = changed if writes.taken else None
            if changed is not None:
                known |= dict.fromkeys(writes.taken, kind) if kind is not None else {}
                classes |= dict.fromkeys(writes.taken, kind) if kind is not None else {}
                break
        if changed is None:
            break
        function = changed
    return Taken(function, classes)


def _classes_of_names(function: gast.FunctionDef, source: Source) -> dict[str, type]:
    """The class of the object of a method, and those of names that stand for objects made once."""
    stored = [
        n.id for n in own_nodes(function.body) if tree.is_name(n) and isinstance(n.ctx, gast.Store)
    ]
    found: dict[str, type] = {}
    for text in method_object(source.function):
        owner = owner_of(source.function)
        found |= {text: owner} if owner is not None and text not in stored else {}
    for node in own_nodes(function.body):
        if isinstance(node, gast.Assign) and tree.is_name(node.targets[0]):
            text, value = node.targets[0].id, node.value
            is_new = isinstance(value, gast.Call) and is_users_class(source, value.func)
            found |= (
                {text: source.value_of(value.func)} if is_new and stored.count(text) == 1 else {}
            )
    return found


class _Parts:
    """Attributes of which something is written."""

    def __init__(self, known: Mapping[str, type], told: Mapping[str, type]) -> None:
        self.known, self.told = known, told

    def class_of(self, text: str, attr: str) -> type | None:
        owner = self.known.get(text)
        return part_class(owner, attr, self.told) if owner is not None else None

    def written(self, nodes: Any) -> Iterator[tuple[str, str]]:
        """Names and attributes of objects that are written in nodes: `("self", "rod")`."""
        for node in own_nodes(nodes.body if isinstance(nodes, gast.FunctionDef) else nodes):
            places = [node] if isinstance(node, gast.Attribute) else []
            places = [] if isinstance(getattr(node, "ctx", None), gast.Load) else places
            for place in [*places, *changed_places([node])]:
                if (part := part_below(place)) is not None:
                    yield part.value.id, part.attr
            if isinstance(node, gast.Call) and self.is_writing_call(node):
                part = node.func if is_part(node.func) else node.func.value
                yield part.value.id, part.attr

    def is_writing_call(self, node: gast.Call) -> bool:
        """Whether a call is one of a method that writes to an object that an attribute holds."""
        is_method = isinstance(node.func, gast.Attribute) and is_part(node.func.value)
        part, name = (
            (node.func.value, plain(node.func.attr)) if is_method else (node.func, "__call__")
        )
        if not is_part(part):
            return False
        kind = self.class_of(part.value.id, part.attr)
        return kind is not None and is_writing(kind, name)


def is_part(node: Any) -> bool:
    """Whether a node is an attribute of a name."""
    return isinstance(node, gast.Attribute) and isinstance(node.value, gast.Name)


def part_below(place: Any) -> Any:
    """`self.rod` for `self.rod.u`, `self.rod.u[0]` and `self.rod.tip.x`; None for `self.u`, `self.u[0]` and `self.u.T[0]`."""
    above = None
    while isinstance(place, gast.Attribute | gast.Subscript):
        if is_part(place):
            is_object = isinstance(above, gast.Attribute) and above.attr not in _OF_CONTAINERS
            return place if is_object else None
        above, place = place, place.value
    return None


class _Nested:
    """Calls that write, inside of expressions, become statements before: `h = self.l1.forward(x)`.

    What the expression computes before such a call must not depend on the object that the call writes to.
    """

    def __init__(self, parts: _Parts, names: Names) -> None:
        self.parts, self.names = parts, names

    def block(self, body: list[Any]) -> list[Any]:
        found: list[Any] = []
        for node in body:
            new = tree.clone(node)
            for inner in blocks(new):
                inner[:] = self.block(inner)
            is_simple = isinstance(node, gast.Assign | gast.Return | gast.Expr) or (
                isinstance(node, gast.AugAssign) and tree.is_name(node.target)
            )
            if is_simple and node.value is not None:
                before: list[Any] = []
                is_alone = isinstance(node, gast.Assign | gast.Expr)
                new.value = self._split(new.value, before, [], is_alone)
                found += tree.at(before, node) if before else []
            found.append(new)
        return found

    def _split(self, value: Any, before: list[Any], earlier: list[Any], is_alone: bool) -> Any:
        """An expression in which a name stands for each such call; `earlier` is computed before it."""
        passed, earlier = earlier, list(earlier)

        def inner(node: Any) -> Any:
            node = self._split(node, before, earlier, False)
            earlier.append(node)
            return node

        if isinstance(value, gast.BinOp):
            value.left, value.right = inner(value.left), inner(value.right)
        elif isinstance(value, gast.UnaryOp):
            value.operand = inner(value.operand)
        elif isinstance(value, gast.Tuple | gast.List):
            value.elts = [inner(n) for n in value.elts]
        elif isinstance(value, gast.Call) and path_of(value.func):
            if not is_part(value.func.value if isinstance(value.func, gast.Attribute) else None):
                earlier.append(value.func)
            value.args = [inner(n) for n in value.args]
            is_split = self.parts.is_writing_call(value) and not is_alone
            if is_split and all(self._is_apart(n, value) for n in passed):
                text = self.names.fresh("value")
                before.append(tree.assign(text, value))
                return tree.name(text)
        return value

    def _is_apart(self, node: Any, call: gast.Call) -> bool:
        """Whether an expression calls nothing, and reads nothing of the object that a call writes to."""
        part: Any = call.func if is_part(call.func) else call.func.value  # type: ignore[attr-defined]
        owner = self.parts.known.get(part.value.id)
        plain_names = {
            id(n.value)
            for n in tree.walk(node)
            if is_part(n) and n.attr != part.attr and is_field(owner, n.attr)
        }
        return not any(
            isinstance(n, gast.Lambda | gast.NamedExpr | gast.Await | gast.Yield)
            or (isinstance(n, gast.Call) and not _is_plain_call(n))
            or (tree.is_name(n, part.value.id) and id(n) not in plain_names)
            for n in tree.walk(node)
        )


def _is_plain_call(node: gast.Call) -> bool:
    return is_of_module(node.func) and "random" not in path_of(node.func)


def is_field(owner: type | None, attr: str) -> bool:
    """Whether an attribute is no property and no method for sure, whatever derived class an object is of."""
    return owner is not None and not any(computes(k, plain(attr)) for k in with_derived(owner))


class _PartWrites(Writes):
    """The writes to the object that one attribute holds."""

    def __init__(
        self, text: str, attr: str, owner: type | None, kind: type | None, names: Names
    ) -> None:
        super().__init__(text, lambda name: kind is not None and is_writing(kind, name), names)
        self.attr, self.owner = attr, owner

    def _is_entry(self, node: Any) -> bool:
        return is_part(node) and node.attr == self.attr and node.value.id == self.text

    def _indices(self, entry: Any) -> set[str]:
        return {self.text}

    def _entry_below(self, place: Any) -> Any:
        if isinstance(place, gast.Attribute) and self._is_entry(place.value):
            is_method = isinstance(place.ctx, gast.Load) and self.is_writing(plain(place.attr))
            if is_method:
                return place.value
        elif self._is_entry(place):
            return place if isinstance(place.ctx, gast.Load) and self._calls_entry(place) else None
        part = part_below(place)
        return part if part is not None and self._is_entry(part) else None

    def _calls_entry(self, place: Any) -> bool:
        return self.is_writing("__call__")

    def _others(self, node: Any, entry: Any) -> bool:
        if self._is_entry(node):
            return not isinstance(node.ctx, gast.Load)
        if is_part(node) and node.value.id == self.text:
            return not self._is_plain(node)
        if tree.is_name(node, self.text):
            return True
        return any(self._others(child, entry) for child in tree.children(node))

    def _is_plain(self, node: Any) -> bool:
        """Whether an attribute is read that is no property and no method."""
        return isinstance(node.ctx, gast.Load) and is_field(self.owner, node.attr)

    def _compound(self, node: Any) -> list[Any]:
        if isinstance(node, gast.Try) or suppresses(node):
            raise NotTheSameError  # what is written before something fails must be in the object
        return super()._compound(node)

    def _single(self, node: Any, entry: Any) -> list[Any]:
        calls = [n for n in tree.walk(node) if isinstance(n, gast.Call)]
        for call in calls:
            if self._is_method(call.func) and any(
                tree.is_name(a, self.text) for g in (*call.args, *call.keywords) for a in tree.walk(g)
                if not self._is_below(a, g)
            ):  # fmt: skip
                raise NotTheSameError
        return super()._single(node, entry)

    def _is_below(self, name: Any, argument: Any) -> bool:
        """Whether a name only stands there for one of its attributes."""
        return any(isinstance(n, gast.Attribute) and n.value is name for n in tree.walk(argument))

    def _taken_out(self, entry: Any, statements: list[Any]) -> list[Any]:
        nodes = list(tree.walk(statements))
        bound = (n for n in nodes if self._is_entry(n) and not isinstance(n.ctx, gast.Load))
        if any(bound) or any(isinstance(n, gast.Delete) for n in nodes):
            raise NotTheSameError
        text = self.names.fresh(self.attr)
        self.taken.append(text)

        def named(node: gast.Attribute) -> tree.Node:
            return tree.at(tree.name(text), node) if self._is_entry(node) else node

        read = tree.attribute(tree.name(self.text), self.attr)
        shown = tree.show(tree.clone(statements[0])).splitlines()[0]
        given = [tree.name(text), tree.name(self.text), *map(tree.constant, (self.attr, shown))]
        check = tree.expression(tree.call(CHECK_PART, *given))
        before = [tree.assign(text, tree.call(WITH, read)), check]
        inside = tree.rewrite(statements, {gast.Attribute: named})
        after = tree.assign(tree.target_of(tree.clone(read)), tree.call(WITH, tree.name(text)))
        return [*tree.at(before, statements[0]), *inside, tree.at(after, statements[-1])]
