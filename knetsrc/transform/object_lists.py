"""Lists and dicts of objects that a function makes, and whose objects change: an object is taken out, changes, and is put back.

for p in ps:                        for i in range(len(ps)):
    p.x += dt * p.v                     p = with_attributes(ps[i])
                              ->        p.x += dt * p.v
                                        ps[i] = with_attributes(p)

This is the same where nothing else stands for the list or for an object in it: the function makes all of them, and names for them
are only read from, compared and written to. What `with_attributes` gives is a copy, which has no other name.
"""

import functools
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.objects import Plain, is_mixed
from knetsrc.transform import tree
from knetsrc.transform.classes import defined_in, is_users_class
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_append
from knetsrc.transform.normalize.owned_containers import escaping_names
from knetsrc.transform.normalize.scopes import (
    captured_names,
    own_nodes,
    parameters,
    separate_scopes,
)
from knetsrc.transform.object_entries import (
    Container,
    element_names,
    entries_named,
    names_of_entries,
)
from knetsrc.transform.object_helpers import ListHelpers, Way, is_alone
from knetsrc.transform.object_uses import of_method
from knetsrc.transform.object_writes import Writes
from knetsrc.transform.own_methods import plain
from knetsrc.transform.records import keeps_attributes
from knetsrc.transform.source import Source, read_source


class Taken(NamedTuple):
    """A function in which objects are taken out of lists.

    Attributes
    ----------
    function
        The function.
    classes
        Classes of the names for the objects, and of the entries of lists that were copied.
    lists
        Names of the lists of which objects change.
    own_lists
        Parameters of which a copy takes the place: see `object_arguments`.
    """

    function: gast.FunctionDef
    classes: dict[str, type]
    lists: Sequence[str] = ()
    own_lists: Sequence[str] = ()


def take_objects(
    function: gast.FunctionDef,
    source: Source,
    helpers: ListHelpers,
    given: Sequence[Container] = (),
) -> Taken:
    """The function in which each object of a list that changes has a name of its own while it does.

    Parameters
    ----------
    function
        A function as the user wrote it.
    source
        Where it stands: tells what names stand for.
    helpers
        What functions that are called do with lists.
    given
        Lists that are known beside those that the function makes.
    """
    every = [*given, *lists_of_objects(function, source)]
    made = [c for c in every if _may_change(c, function)]
    if not made:
        return Taken(function, {})
    names = Names.of(function)
    found = separate_scopes(function, names)
    classes: dict[str, type] = {}
    lists = []
    for of in made:
        changed, taken = _without_changes(found, of, names, helpers)
        marked = helpers.marked(changed, of) if changed is not None else None
        if changed is not None and (taken or marked is not None):
            found = marked or changed
            classes |= dict.fromkeys(taken, of.kind)
            lists.append(of.text)
    if not lists:
        return Taken(function, {})
    kept = [of for of in given if of.text in lists]
    return Taken(found, classes_in_lists(found, source, kept) | classes, lists)


def _without_changes(
    function: gast.FunctionDef, of: Container, names: Names, helpers: ListHelpers
) -> tuple[gast.FunctionDef | None, list[str]]:
    """The function in which the objects of one list are taken out, and names for these; None where it is not known how."""
    named = entries_named(function, of, names)
    if named is None or not _Uses(named, of, helpers).are_plain():
        return None, []
    names.taken -= _names(function) - _names(named)  # names of objects that are gone
    writes = Writes(of.text, functools.partial(is_writing, of.kind), names)
    return writes.written_out(named), writes.taken


def way_in(function: gast.FunctionDef, of: Container, helpers: ListHelpers) -> Way | None:
    """What a function does with a list that it is handed; None where it may keep an object of it."""
    names = Names.of(function)
    changed, taken = _without_changes(separate_scopes(function, names), of, names, helpers)
    if changed is None:
        return None
    return "written" if taken or helpers.marked(changed, of) is not None else "read"


def classes_in_lists(
    function: gast.FunctionDef, source: Source, given: Sequence[Container] = ()
) -> dict[str, type]:
    """Classes of the entries of such lists, `ps[]`, and of names that loops and comprehensions only give to these."""
    found: dict[str, type] = {}
    named: dict[str, list[type]] = {}
    for of in [*given, *lists_of_objects(function, source)]:
        found[f"{of.text}[]"] = of.kind
        for text in names_of_entries(function, of):
            named.setdefault(text, []).append(of.kind)
    bound = [
        n.id
        for n in tree.walk(function.body)
        if tree.is_name(n) and not isinstance(n.ctx, gast.Load)
    ]
    alike = {n: kinds[0] for n, kinds in named.items() if len(kinds) == bound.count(n)}
    alike = {n: kind for n, kind in alike.items() if set(named[n]) == {kind}}
    return found | {n: k for n, k in alike.items() if n not in parameters(function)}


def lists_of_objects(function: gast.FunctionDef, source: Source) -> list[Container]:
    """Names that only ever stand for lists, or dicts, made in the function, of objects of one class made for them."""
    kinds: dict[str, set[Any]] = {}
    single = set()
    for node in own_nodes(function.body):
        if isinstance(node, gast.Assign) and len(node.targets) == 1:
            target, entries = node.targets[0], _entries_of(node.value)
            if tree.is_name(target) and entries is not None:
                single.add(id(target))
                made = {(_class_made(v, source), _is_dict(node.value)) for v in entries}
                kinds.setdefault(target.id, set()).update(made or {_is_dict(node.value)})
    for node in own_nodes(function.body):
        if isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load):
            if id(node) not in single:
                kinds.pop(node.id, None)
        for text, value, is_dict in _put(node):
            if text in kinds:
                kinds[text].add((_class_made(value, source), is_dict))
    hidden = set(parameters(function)) | captured_names(function.body)
    found = []
    for text, every in kinds.items():
        pairs = {k for k in every if isinstance(k, tuple)}
        empty = {k for k in every if not isinstance(k, tuple)}
        classes = {kind for kind, _ in pairs}
        ways = {way for _, way in pairs if way is not None} | empty
        kind = next(iter(classes), None) if len(classes) == 1 else None
        if kind is not None and len(ways) == 1 and text not in hidden:
            found.append(Container(text, kind, ways.pop(), source))
    return found


def _entries_of(value: Any) -> list[Any] | None:
    """What a new list or dict holds; None for other values."""
    if isinstance(value, gast.List):
        return list(value.elts)
    if isinstance(value, gast.Dict):
        return list(value.values)
    if isinstance(value, gast.ListComp):
        return [value.elt]
    return [value.value] if isinstance(value, gast.DictComp) else None


def _is_dict(value: Any) -> bool:
    return isinstance(value, gast.Dict | gast.DictComp)


def _put(node: Any) -> Iterator[tuple[str, Any, bool | None]]:
    """Names of containers, with what a node puts into them, and whether they are dicts."""
    if is_append(node) and tree.is_name(node.func.value):
        yield from ((node.func.value.id, value, False) for value in node.args)
    for target in node.targets if isinstance(node, gast.Assign) else ():
        if isinstance(target, gast.Subscript) and tree.is_name(target.value):
            yield target.value.id, node.value, None


def _class_made(value: Any, source: Source) -> type | None:
    """The class of which an expression makes an object, if it is one that only keeps attributes."""
    if not isinstance(value, gast.Call) or not is_users_class(source, value.func):
        return None
    kind: type = source.value_of(value.func)
    return kind if is_plain_class(kind) else None


def is_plain_class(kind: type) -> bool:
    """Whether objects of a class are new ones, and only keep attributes."""
    if is_mixed(kind) or kind is Plain:
        return False
    is_new = not any("__new__" in vars(base) for base in kind.__mro__[:-1])
    return is_new and keeps_attributes(kind) and not defined_in(kind, "__getattr__")


def _may_change(of: Container, function: gast.FunctionDef) -> bool:
    """Whether objects in a list may change in a function, by its text."""
    kind, nodes = of.kind, list(tree.walk(function.body))
    if any(
        isinstance(n, gast.Call) and any(tree.is_name(a, of.text) for a in _given(n)) for n in nodes
    ):
        return True
    read = {plain(n.attr) for n in nodes if isinstance(n, gast.Attribute)} | {"__call__"}
    is_written = any(
        isinstance(n, gast.Attribute) and not isinstance(n.ctx, gast.Load) for n in nodes
    )
    return is_written or any(is_writing(kind, name) for name in read) or any(
        isinstance(n, gast.Subscript) and not isinstance(n.ctx, gast.Load) for n in nodes
    )  # fmt: skip


def is_writing(kind: type, name: str) -> bool:
    """Whether a method writes to its object."""
    found = defined_in(kind, name)
    function = found[1] if found is not None else None
    return isinstance(function, FunctionType) and bool(of_method(function, kind).written)


def keeps_apart(kind: type, name: str) -> bool:
    """Whether a method or property of a class hands out its object nowhere."""
    found = defined_in(kind, name)
    function = getattr(found[1], "fget", found[1]) if found is not None else None
    if not isinstance(function, FunctionType):
        return True
    try:
        definition = read_source(function, may_yield=True).tree
    except KnetsrcError:
        return False
    first = next(iter(parameters(definition)), "")
    returned = [n.value for n in own_nodes(definition.body) if isinstance(n, gast.Return)]
    given = captured_names(definition.body) | escaping_names(definition)
    return first not in given and not any(_holds(value, first) for value in returned)


def _holds(value: Any, text: str) -> bool:
    if isinstance(value, gast.Attribute | gast.Subscript):
        return False
    if isinstance(value, gast.Call):
        return any(tree.is_name(a, text) for a in value.args)
    if isinstance(value, tree.Node):
        return tree.is_name(value, text) or any(_holds(n, text) for n in tree.children(value))
    return False


def _given(call: gast.Call) -> list[Any]:
    return [*call.args, *(k.value for k in call.keywords)]


class _Uses:
    """What a function does with a list of objects and with the objects."""

    def __init__(self, function: gast.FunctionDef, of: Container, helpers: ListHelpers) -> None:
        self.function, self.of, self.text, self.kind = function, of, of.text, of.kind
        self.helpers = helpers
        self.parents = {id(c): n for n in tree.walk(function.body) for c in tree.children(n)}
        self.elements = element_names(function, of)

    def are_plain(self) -> bool:
        """Whether nothing else comes to stand for the list, or for an object in it."""
        nodes = list(tree.walk(self.function.body))
        guarded = (n for n in nodes if isinstance(n, gast.Try) or suppresses(n))
        if self.elements is None or any(self.text in _names(n) for n in guarded):
            return False
        names = [n for n in nodes if tree.is_name(n) and isinstance(n.ctx, gast.Load)]
        of_list = (n for n in names if n.id == self.text)
        of_elements = (n for n in names if n.id in self.elements)
        return all(map(self._is_plain, of_list)) and all(map(self._is_read, of_elements))

    def _around(self, node: Any) -> Any:
        return self.parents.get(id(node))

    def _is_plain(self, node: Any) -> bool:
        parent = self._around(node)
        if isinstance(parent, gast.Subscript) and parent.value is node:
            if isinstance(parent.slice, gast.Slice):
                return id(node) in self.elements.walked  # type: ignore[union-attr]
            return self._is_entry(parent)
        if isinstance(parent, gast.Attribute) and parent.attr == "append":
            call = self._around(parent) if not self.of.is_given else None
            if call is None:
                return False
            is_statement = isinstance(self._around(call), gast.Expr) and len(call.args) == 1
            return is_statement and call.func is parent
        if self.of.called(parent) is len or id(node) in self.elements.walked:  # type: ignore[union-attr]
            return True
        call = self._around(parent) if isinstance(parent, gast.keyword) else parent
        if isinstance(call, gast.Call) and any(value is node for value in _given(call)):
            way = self.helpers.way(call, node, self.of)
            return way == "read" or (way == "written" and is_alone(call, self.text, self._around))
        return self._is_returned(node) and not self.of.is_given

    def _is_entry(self, entry: Any) -> bool:
        if not isinstance(entry.ctx, gast.Load):
            return isinstance(self._around(entry), gast.Assign) and not self.of.is_given
        return self._is_used(entry)

    def _is_read(self, node: Any) -> bool:
        """Whether a name that a comprehension gives an object is only read from."""
        parent = self._around(node)
        is_attribute = isinstance(parent, gast.Attribute) and parent.value is node
        name = plain(parent.attr) if is_attribute else "__call__"
        return self._is_used(node) and not is_writing(self.kind, name)

    def _is_used(self, entry: Any) -> bool:
        parent = self._around(entry)
        if isinstance(parent, gast.Attribute) and parent.value is entry:
            name, around = plain(parent.attr), self._around(parent)
            is_called = isinstance(around, gast.Call) and around.func is parent
            found = defined_in(self.kind, name)
            is_bound = found is not None and isinstance(found[1], FunctionType) and not is_called
            is_plain = not is_bound and not isinstance(parent.ctx, gast.Del)
            return is_plain and keeps_apart(self.kind, name)
        if isinstance(parent, gast.Call) and parent.func is entry:
            return keeps_apart(self.kind, "__call__")
        return isinstance(parent, gast.Compare) and all(
            isinstance(op, gast.Is | gast.IsNot) for op in parent.ops
        )

    def _is_returned(self, node: Any) -> bool:
        parent = self._around(node)
        while isinstance(parent, gast.Tuple | gast.List | gast.Dict):
            parent = self._around(parent)
        return isinstance(parent, gast.Return)


def suppresses(node: Any) -> bool:
    """Whether a `with` may swallow a failure, by its text."""
    items = node.items if isinstance(node, gast.With) else []
    return any("suppress" in tree.show(item.context_expr) for item in items)


def _names(node: tree.Node) -> set[str]:
    return {n.id for n in tree.walk(node) if isinstance(n, gast.Name)}
