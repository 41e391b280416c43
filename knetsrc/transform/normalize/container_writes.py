"""Methods that change a list or a dict, and `del` of an element, written as a new value of its name.

last = xs.pop()             last = xs[-1]
                            xs = xs[:-1]
params.update(w=x)          params['w'] = x

This is the same where nothing else stands for the list: it was made in the function, or copied first, and its name is only read
from, looped over and handed to functions that do not keep it.
"""

from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import Changes, changes_nothing
from knetsrc.transform.normalize.escapes import refuse_late_changes
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.normalize.inplace import made_lists
from knetsrc.transform.normalize.owned_containers import (
    CHECK_KIND,
    copied_arguments,
    merged_names,
    owned_containers,
    unknown_copies,
)
from knetsrc.transform.normalize.scopes import own_nodes, rewritten
from knetsrc.transform.tree import Node

OF_LISTS = frozenset({"pop", "insert", "extend", "reverse", "sort", "clear"})
OF_DICTS = frozenset({"pop", "update", "setdefault", "clear"})


def write_out_containers(
    function: gast.FunctionDef,
    names: Names,
    owns_parameters: bool = True,
    changes: Changes = changes_nothing,
) -> gast.FunctionDef:
    """Bind the names of lists and dicts anew where these change.

    `owns_parameters`: no caller looks at the arguments afterwards, so that they may be copied first.

    >>> from knetsrc.transform.language import show
    >>> show(write_out_containers, "xs = [a, b]; y = xs.pop(0) * 2; xs.insert(0, y); d = {}; d.update(w=y); del d['w']")
    xs = [a, b]
    popped = xs[0]
    xs = xs[1:]
    y = popped * 2
    xs = [y] + xs
    d = {}
    d['w'] = y
    d = {key: value for key, value in d.items() if key != 'w'}
    """
    function = merged_names(function)
    if owns_parameters:
        function = copied_arguments(function, names)
    owned = _Owned(*owned_containers(function), *_grown(function))

    def changed(statement: Node) -> list[str]:
        found = (_changed_by(n, owned) for n in own_nodes(statement))
        return [text for text in (*found, *_cut(statement, owned)) if text is not None]

    def replace(node: Any, place: Place) -> Replacement | None:
        if place.is_alone or _changed_by(node, owned) is None:
            return None
        name = names.fresh("popped" if node.func.attr == "pop" else "entry")
        return [tree.assign(name, node)], tree.name(name)

    refuse_late_changes(function.body, changed)
    function = _with_checked_copies(function, owned)
    function = hoist(function, names, replace, (gast.Call,), changes)
    function.body = rewritten(function.body, _Writes(names, owned).statement)
    return function


class _Owned(NamedTuple):
    """Names of the lists and dicts that have no other name; of lists that only grow, which may have one, surely or maybe lists."""

    lists: set[str]
    dicts: set[str]
    grown: set[str]
    extended: set[str]


def _grown(function: gast.FunctionDef) -> tuple[set[str], set[str]]:
    return made_lists(function, is_sure=True), made_lists(function)


def _with_checked_copies(function: gast.FunctionDef, owned: _Owned) -> gast.FunctionDef:
    """The function with checks of copies that are changed as lists or dicts by more than appends."""
    function = tree.clone(function)
    nodes = list(own_nodes(function.body))
    targets = [t for n in nodes for t in getattr(n, "targets", [])]
    parts = [t.value for t in targets if isinstance(t, gast.Subscript)]
    changed = {_changed_by(n, owned) for n in nodes} | {getattr(p, "id", None) for p in parts}
    copies = unknown_copies(function, (owned.lists | owned.dicts) & changed)

    def checked(node: Any) -> list[Node]:
        if id(node) not in copies:
            return [node]
        text = copies[id(node)]
        kind = tree.name("list" if text in owned.lists else "dict")
        check = tree.call(CHECK_KIND, tree.name(text), kind, tree.constant(text))
        return [node, tree.expression(check)]

    function.body = rewritten(function.body, checked)
    return function


def _changed_by(node: Any, owned: _Owned) -> str | None:
    """The list or dict that a call changes; an `append` stays as it is."""
    if not isinstance(node, gast.Call) or not isinstance(node.func, gast.Attribute):
        return None
    text, method = getattr(node.func.value, "id", ""), node.func.attr
    is_change = (text in owned.lists and method in OF_LISTS) or (
        text in owned.dicts and method in OF_DICTS
    )
    return text if is_change or (text in owned.extended and method == "extend") else None


def _cut(statement: Any, owned: _Owned) -> list[str]:
    """Lists and dicts of which a statement deletes entries or assigns a part."""
    targets = statement.targets if isinstance(statement, gast.Assign | gast.Delete) else []
    parts = [t for t in targets if isinstance(t, gast.Subscript) and tree.is_name(t.value)]
    is_cut = isinstance(statement, gast.Delete)
    cut = [t.value.id for t in parts if is_cut or isinstance(t.slice, gast.Slice)]
    return [text for text in cut if text in owned.lists | owned.dicts]


class _Change(NamedTuple):
    """Statements for a call, its value, and the statements that run after that is bound."""

    before: list[Node]
    value: Node | None
    after: list[Node]


class _Writes:
    """One function."""

    def __init__(self, names: Names, owned: _Owned) -> None:
        self.names, self.owned = names, owned
        self.lists, self.dicts = owned.lists, owned.dicts

    def statement(self, node: Any) -> list[Node]:
        if isinstance(node, gast.FunctionDef):
            return [write_out_containers(node, self.names, owns_parameters=False)]
        value = getattr(node, "value", None)
        is_plain = isinstance(node, gast.Assign | gast.Expr)
        if is_plain and (text := _changed_by(value, self.owned)) is not None:
            return self._bound(getattr(node, "targets", []), self._called(text, value))
        if isinstance(node, gast.Delete):
            return [s for t in node.targets for s in self._deleted(t, node)]
        if isinstance(node, gast.Assign) and self._is_slice_of_list(node.targets[0]):
            return self._slice_written(node.targets[0], node.value)
        is_merged = isinstance(node, gast.AugAssign) and isinstance(node.op, gast.BitOr)
        if is_merged and getattr(node.target, "id", None) in self.dicts:
            return self._updated(node.target.id, [node.value], {})
        is_longer = isinstance(node, gast.AugAssign) and isinstance(node.op, gast.Add)
        is_list = is_longer and getattr(node.target, "id", None) in self.lists | self.owned.grown
        if is_list and self._is_list(node.value):
            return self._extended(node.target.id, node.value)
        return [node]

    def _is_list(self, value: Any) -> bool:
        """Whether a value is a list, not an array, which `+=` would add."""
        if isinstance(value, gast.Subscript) and isinstance(value.slice, gast.Slice):
            return self._is_list(value.value)
        made = isinstance(value, gast.ListComp) or tree.called_name(value) in ("list", "sorted")
        return made or getattr(value, "id", None) in self.lists | self.owned.grown

    def _bound(self, targets: list[Any], change: _Change) -> list[Node]:
        """The statements of a change, its value bound where the user binds it."""
        value = change.value or tree.constant(None)
        if not targets:
            return [*change.before, *change.after]
        if not tree.names_written(targets) & tree.names_read(change.after):
            return [*change.before, tree.assign_to(targets, value), *change.after]
        name = self.names.fresh("popped")
        bound = [tree.assign(name, value), *change.after, tree.assign_to(targets, tree.name(name))]
        return [*change.before, *bound]

    def _called(self, text: str, call: Any) -> _Change:
        arguments = {k.arg: k.value for k in call.keywords}
        method = call.func.attr
        if method == "pop":
            pop = self._list_pop if text in self.lists else self._dict_pop
            return pop(text, *call.args)
        if text in self.lists or method == "extend":
            return _Change([], None, self._of_list(text, method, call.args, arguments))
        if method == "setdefault":
            return self._dict_setdefault(text, *call.args)
        if method == "clear":
            return _Change([], None, [tree.assign(text, tree.dict_of([], []))])
        return _Change([], None, self._updated(text, call.args, arguments))

    # --- lists -------------------------------------------------------------------------------------------------------------------
    def _of_list(
        self, text: str, method: str, args: list[Node], options: dict[str, Node]
    ) -> list[Node]:
        if method == "insert":
            return self._inserted(text, *args)
        if method == "extend":
            return self._extended(text, *args)
        if method == "sort":
            options.setdefault("key", tree.parse_expression("lambda item: item"))
            return [tree.assign(text, tree.call("sorted", tree.name(text), **options))]
        if method == "clear":
            return [tree.assign(text, tree.list_of([]))]
        backward = tree.slice_of(None, None, tree.constant(-1))
        return [tree.assign(text, tree.subscript(tree.name(text), backward))]

    def _list_pop(self, text: str, index: Node | None = None) -> _Change:
        before: list[Node] = []
        index = self._cheap(index or tree.constant(-1), "index", before)
        element = tree.subscript(tree.name(text), tree.clone(index))
        return _Change(before, element, [self._without(text, index)])

    def _without(self, text: str, index: Node) -> Node:
        number = tree.integer_of(index)
        if number == -1:
            return tree.assign(text, _part(text, None, index))
        if number == 0:
            return tree.assign(text, _part(text, tree.constant(1), None))
        if number is not None:
            rest = _part(text, tree.constant(number + 1), None)
        else:  # the index may be negative
            one = tree.slice_of(tree.constant(1), None, None)
            rest = tree.subscript(_part(text, index, None), one)
        return tree.assign(text, tree.binary(_part(text, None, index), "+", rest))

    def _inserted(self, text: str, index: Node, value: Node) -> list[Node]:
        before: list[Node] = []
        element: Node = tree.list_of([value])
        if tree.integer_of(index) == 0:
            return [tree.assign(text, tree.binary(element, "+", tree.name(text)))]
        index = self._cheap(index, "index", before)
        start = tree.binary(_part(text, None, index), "+", element)
        return [*before, tree.assign(text, tree.binary(start, "+", _part(text, index, None)))]

    def _extended(self, text: str, values: Node) -> list[Node]:
        if isinstance(values, gast.GeneratorExp) or text in tree.names_read(values):
            values = tree.call("list", values)
        item = self.names.fresh(f"{text}_item")
        append = tree.expression(tree.call(f"{text}.append", tree.name(item)))
        return [tree.for_(item, values, [append])]

    def _slice_written(self, target: Any, value: Node) -> list[Node]:
        text, lower, upper = target.value.id, target.slice.lower, target.slice.upper
        before: list[Node] = []
        if not isinstance(value, gast.List | gast.ListComp):
            value = tree.call("list", value)
        is_point = lower is not None and upper is not None and tree.is_same(lower, upper)
        if lower is not None:
            lower = self._cheap(lower, "index", before)
            value = tree.binary(_part(text, None, lower), "+", value)
        if upper is not None:
            upper = tree.clone(lower) if is_point else self._cheap(upper, "index", before)
            value = tree.binary(value, "+", _part(text, upper, None))
        return [*before, tree.assign(text, value)]

    def _is_slice_of_list(self, target: Any) -> bool:
        is_slice = isinstance(target, gast.Subscript) and isinstance(target.slice, gast.Slice)
        return is_slice and getattr(target.value, "id", None) in self.lists and _is_in_order(target)

    # --- dicts -------------------------------------------------------------------------------------------------------------------
    def _dict_pop(self, text: str, key: Node, default: Node | None = None) -> _Change:
        before: list[Node] = []
        key = self._cheap(key, "key", before)
        entry: Node = tree.subscript(tree.name(text), tree.clone(key))
        if default is not None:
            default = self._cheap(default, "default", before)
            is_there = tree.compare(tree.clone(key), "in", tree.name(text))
            entry = tree.choice(is_there, entry, default)
        return _Change(before, entry, [_without_key(text, key)])

    def _updated(self, text: str, others: list[Any], entries: dict[str, Node]) -> list[Node]:
        found: list[Node] = []
        pairs = [(tree.constant(k), v) for k, v in entries.items()]
        for other in others:
            if isinstance(other, gast.Dict) and None not in other.keys:
                pairs = [*zip(other.keys, other.values, strict=True), *pairs]
            else:
                merged = tree.merged([tree.name(text), other])
                found.append(tree.assign(text, merged))
        before: list[Node] = []
        if len(pairs) > 1:  # all values first
            pairs = [(k, self._cheap(v, "entry", before)) for k, v in pairs]
        writes = [tree.assign(tree.subscript(tree.name(text), k), v) for k, v in pairs]
        return [*before, *found, *writes]

    def _dict_setdefault(self, text: str, key: Node, default: Node | None = None) -> _Change:
        before: list[Node] = []
        key = self._cheap(key, "key", before)
        default = self._cheap(default or tree.constant(None), "default", before)
        entry = tree.subscript(tree.name(text), tree.clone(key))
        missing = tree.compare(tree.clone(key), "not in", tree.name(text))
        added = tree.if_(missing, [tree.assign(tree.clone(entry), default)])
        return _Change([*before, added], entry, [])

    # --- del ---------------------------------------------------------------------------------------------------------------------
    def _deleted(self, target: Any, node: Node) -> list[Node]:
        text = str(getattr(getattr(target, "value", None), "id", ""))
        before: list[Node] = []
        if text in self.dicts:
            key = self._cheap(target.slice, "key", before)
            return [*before, _without_key(text, key)]
        if text in self.lists and not isinstance(target.slice, gast.Slice):
            index = self._cheap(target.slice, "index", before)
            return [*before, self._without(text, index)]
        if text in self.lists and _is_in_order(target):
            return self._slice_written(target, tree.list_of([]))
        return [tree.at(tree.deletion(target), node)]

    def _cheap(self, value: Node, wanted: str, before: list[Node]) -> Node:
        """A literal or a name for a value that is written twice."""
        if isinstance(value, gast.Constant | gast.Name) or tree.integer_of(value) is not None:
            return value
        name = self.names.fresh(wanted)
        before.append(tree.assign(name, value))
        return tree.name(name)


def _without_key(text: str, key: Node) -> Node:
    kept = tree.parse_expression("{key: value for key, value in xs.items() if key != k}")
    return tree.assign(text, tree.substitute(kept, {"xs": tree.name(text), "k": key}))


def _part(text: str, lower: Node | None, upper: Node | None) -> Node:
    """`xs[lower:upper]`, the whole list for the bound 0."""
    if upper is None and (lower is None or tree.integer_of(lower) == 0):
        return tree.name(text)
    lower, upper = (None if b is None else tree.clone(b) for b in (lower, upper))
    return tree.subscript(tree.name(text), tree.slice_of(lower, upper, None))


def _is_in_order(target: Any) -> bool:
    """Whether a slice surely ends where it starts or behind."""
    lower, upper = target.slice.lower, target.slice.upper
    if target.slice.step is not None:
        return False
    if lower is None or upper is None or tree.is_same(lower, upper):
        return True
    first, last = tree.integer_of(lower), tree.integer_of(upper)
    is_known = first is not None and last is not None and (first < 0) == (last < 0)
    return is_known and first <= last  # type: ignore[operator]
