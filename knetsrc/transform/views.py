"""Lets reads and writes through a view go to what it is a view of, where one of the two is written into.

z = y[1:]; z[0] = e; y[2] = z[1]     ->     y[1:][0] = e; y[2] = y[1:][1]

A name is replaced only where it is sure to stand for that view of that array: neither of them is bound again on the way, nor is
a name in the index. What is left is for `writes` to refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import stored_to
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.bases import base_of, is_view, viewed
from knetsrc.transform.analysis.held import (
    element_names,
    held_names,
    is_element,
)
from knetsrc.transform.analysis.indices import (
    boolean_names,
    index_names,
    is_basic_index,
    picks,
    surely_picks,
)
from knetsrc.transform.analysis.integers import integer_names, is_number_expression
from knetsrc.transform.analysis.same_elements import sliced_name, written_shallow
from knetsrc.transform.analysis.stores import (
    may_copy,
    path_of,
    target_of,
)
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import blocks


class View(NamedTuple):
    """What a name is a view of, and the names in it; for an entry of a container: the container."""

    value: tree.Node
    reads: frozenset[str]
    container: str | None


State = dict[str, View]


def through_views(
    function: gast.FunctionDef,
    found: Aliases,
    names: Names,
    spell: Callable[[str, Any], tree.Node],
    given_back: Callable[[gast.Call], tree.Node | None] = lambda call: None,
    picking: frozenset[str] = frozenset(),
) -> gast.FunctionDef:
    """The function without second names of arrays at the writes that these would see.

    Parameters
    ----------
    function
        A function in the core language.
    found
        What its names may share.
    names
        Names taken.
    spell
        Gives the name of a check that is made when the program runs.
    given_back
        What of its arguments a call gives back, if it is one of a helper: `u[1:]` for `halved(u)`.
    picking
        Names of indices that a call has shown to be arrays, lists, tuples or bools.

    >>> (f,) = tree.parse("def f(y):\\n z = y[1:]\\n z[0] = y[0]\\n y[1] = z[1]\\n return y")
    >>> from knetsrc.transform.analysis.aliases import aliases
    >>> found = aliases(f, frozenset("yz"))
    >>> print(tree.show(through_views(f, found, Names.of(f), lambda text, value: tree.name(text))))
    def f(y):
        y[1:][0] = y[0]
        y[1] = y[1:][1]
        return y
    """
    handed = [a for arguments in found.handed.values() for a in arguments]
    held = held_names(function) | {a.id for a in handed if isinstance(a, gast.Name)}
    involved = _involved(function, found, held)
    if not involved:
        return function
    viewing = viewing_of(function, found, spell, given_back, picking)
    walk = _Walk(viewing, involved, held)
    walk.block(tree.clone(function.body), {})
    if walk.lost:
        function = _with_frozen_indices(function, walk.lost, names, viewing)
        viewing = viewing_of(function, found, spell, given_back, picking)
        walk = _Walk(viewing, involved, held)
    body = walk.block(tree.clone(function.body), {})
    function = tree.with_body(function, body)
    return _without_unread(function, walk.views, viewing)


def _involved(function: gast.FunctionDef, found: Aliases, held: set[str]) -> frozenset[str]:
    """Names that share memory at a write which one of them sees."""
    involved: frozenset[str] = frozenset()
    elements = element_names(function) - held
    for node in tree.walk(function.body):
        if id(node) in found.places:
            own = tree.names_written(node) if id(node) in found.calls else {stored_to(node) or ""}
            if (found.names[id(node)] & found.live[id(node)]) - own - elements:
                involved |= found.names[id(node)]
                involved |= own if id(node) in found.returning else set()
    return involved


class Viewing(NamedTuple):
    """Tells views from copies, as far as their form and the names of arrays and integers do.

    Attributes
    ----------
    arrays
        Names that hold arrays of numbers for sure.
    integers
        Names that hold integers.
    spell
        Gives the name of a check that is made when the program runs.
    given_back
        What of its arguments a call gives back, if it is one of a helper: `u[1:]` for `halved(u)`.
    picking
        Names of indices that a call has shown to be arrays, lists, tuples or bools.
    sources
        Names that are copies of others, with these: `rows` for the `rows_of_b` that is read later.
    booleans
        Names that hold bools, or arrays of these.
    shallow
        Names of what may be written into otherwise than within an element: `xs[i] = e`, not `xs[i][k] = e`.
    """

    arrays: frozenset[str]
    integers: frozenset[str]
    spell: Callable[[str, Any], tree.Node]
    given_back: Callable[[gast.Call], tree.Node | None] = lambda call: None
    picking: frozenset[str] = frozenset()
    sources: Mapping[str, str] = MappingProxyType({})
    booleans: frozenset[str] = frozenset()
    shallow: frozenset[str] = frozenset()

    def picks(self, value: tree.Node) -> bool:
        """Whether an expression is a part of an array that such an index makes a copy."""
        return picks(value, self.arrays, self.picking)

    def is_copy(self, value: tree.Node) -> bool:
        """Whether an expression is a part of an array, and a copy: for sure, or as a call has shown."""
        return self.picks(value) or surely_picks(value, self.arrays, self.booleans)

    def is_view(self, value: tree.Node) -> bool:
        """Whether an expression may be a view of what a name stands for, by its form."""
        if isinstance(value, gast.Name):
            return True
        if isinstance(value, gast.Subscript):
            is_stable = _is_stable(value.slice) and not self.is_copy(value)
            return is_stable and self.is_view(value.value)
        if not is_view(value):
            return False
        if not isinstance(value, gast.Call):
            return self.is_view(value.value)
        base = viewed(value)
        if may_copy(value) and (value.keywords or base_of(value) not in self.arrays):
            return False
        options = [a for a in (*value.args, *(k.value for k in value.keywords)) if a is not base]
        return all(map(_is_stable, options)) and self.is_view(base)

    def is_sure(self, value: tree.Node) -> bool:
        """Whether an expression is a view of an array for sure."""
        if isinstance(value, gast.Subscript):
            return is_basic_index(value.slice, self.integers) and self.is_sure(value.value)
        if isinstance(value, gast.Attribute):
            return self.is_sure(value.value)
        if isinstance(value, gast.Call):
            return not may_copy(value) and self.is_sure(viewed(value))
        return True

    def check(self, value: tree.Node, shown: str) -> list[tree.Node]:
        """The check that an expression is a view, if only the running program can tell."""
        if isinstance(value, gast.Name) or (self.is_sure(value) and base_of(value) in self.arrays):
            return []
        whole = viewed(value) if isinstance(value, gast.Call) else value.value
        arguments = [tree.clone(value), tree.clone(whole), tree.constant(shown)]
        if is_element(value) or self._has_same_elements(value):
            arguments.append(tree.constant(is_element(value)))
        if self._has_same_elements(value):
            arguments.append(tree.constant(True))
        check = tree.call(self.spell("check_view", None), *arguments, **self._picked(value))
        return [tree.expression(check)]

    def _has_same_elements(self, value: tree.Node) -> bool:
        """Whether a part `xs[1:]` shares what changes with the whole if that is a list: only the inside of elements does."""
        text = None if isinstance(value, gast.Name) else sliced_name(value)
        return text is not None and text not in self.shallow

    def _picked(self, value: tree.Node) -> dict[str, tree.Node]:
        """Names in the index of a part that may pick elements, for the check that it is a view."""
        names = sorted(set(index_names(value)) - self.integers)
        if not names or base_of(value) not in self.arrays:
            return {}
        keys = [tree.constant(self.source_of(text)) for text in names]
        return {"picked": tree.dict_of(keys, map(tree.name, names))}

    def lesson(self, value: tree.Node) -> str:
        """What the next attempt is told, if the names in this index stand for arrays."""
        return f"[{', '.join(map(self.source_of, index_names(value)))}]"

    def source_of(self, text: str) -> str:
        while text in self.sources:
            text = self.sources[text]
        return text

    def check_number(self, value: tree.Node, name: str | None = None) -> tree.Node:
        """The check that `a[i]`, or what a name holds of it, is a number or a copy."""
        shown = tree.constant(f"{name or 'part'} = {tree.show(value)}")
        check = self.spell("check_not_view", None)
        part = tree.clone(value) if name is None else tree.name(name)
        return tree.expression(tree.call(check, part, tree.clone(value.value), shown))


def viewing_of(
    function: gast.FunctionDef,
    found: Aliases,
    spell: Callable[[str, Any], tree.Node],
    given_back: Callable[[gast.Call], tree.Node | None],
    picking: frozenset[str],
) -> Viewing:
    """What tells views from copies in a function."""
    integers, sources = integer_names(function), copied_names(function)
    booleans = boolean_names(function)
    shallow = written_shallow(function, found)
    return Viewing(found.arrays, integers, spell, given_back, picking, sources, booleans, shallow)


@dataclass
class _Walk:
    """What names are views of, along the text.

    Attributes
    ----------
    involved
        Names that may be replaced.
    lost
        Names that are read where it is not known any more what they are a view of.
    views
        Names that have been replaced somewhere.
    """

    viewing: Viewing
    involved: frozenset[str]
    held: set[str]
    lost: set[str] = field(default_factory=set)
    views: set[str] = field(default_factory=set)

    def block(self, body: list[tree.Node], state: State) -> list[tree.Node]:
        """The statements of a body with views in place of names; `state` is brought to its end."""
        found: list[tree.Node] = []
        for node in body:
            found += self.statement(node, state)
        return found

    def statement(self, node: tree.Node, state: State) -> list[tree.Node]:
        if isinstance(node, gast.If):
            node.test = self.read(node.test, state)
            other = dict(state)
            node.body, node.orelse = self.block(node.body, state), self.block(node.orelse, other)
            _meet(state, other)
            return [node]
        if isinstance(node, gast.For | gast.While | gast.With | gast.Try):
            return self.compound(node, state)
        node = self.read(node, state)
        kill(state, node)
        if not isinstance(node, gast.Assign) or not tree.is_name(node.targets[0]):
            return [node]
        return [node, *self.bound(node, node.targets[0].id, state)]

    def compound(self, node: tree.Node, state: State) -> list[tree.Node]:
        if isinstance(node, gast.For):
            node.iter = self.read(node.iter, state)
        elif isinstance(node, gast.With):
            node.items = [self.read(item, state) for item in node.items]
        kill(state, node)
        if isinstance(node, gast.While):
            node.test = self.read(node.test, state)
        for body in blocks(node):
            body[:] = self.block(body, dict(state))
        return [node]

    def read(self, node: tree.Node, state: State) -> tree.Node:
        values = {t: state[t].value for t in state}
        read = tree.names_read(node) & self.involved
        self.lost |= read - values.keys()
        self.views |= read & values.keys()
        return _plain_target(tree.at(tree.substitute(node, values), node))

    def bound(self, node: gast.Assign, text: str, state: State) -> list[tree.Node]:
        """Note what a name is bound to; a check, if only the running program can tell whether it is a view."""
        value, viewing = node.value, self.viewing
        if isinstance(value, gast.Call):
            value = viewing.given_back(value) or value
        is_known = text in self.involved and viewing.is_view(value)
        if not is_known or text in tree.names_read(value):
            return []
        if is_element(value) and text not in self.held:
            return []
        base = base_of(value)
        container = base if is_element(value) and base not in viewing.arrays else None
        state[text] = View(value, frozenset(tree.names_read(value)), container)
        return viewing.check(value, tree.show(node))


def copied_names(function: gast.FunctionDef) -> dict[str, str]:
    """Names that only ever stand for what another name stands for, with that."""
    single = {t: v[0] for t, v in bound_values(function).items() if len(v) == 1}
    return {t: v.id for t, v in single.items() if isinstance(v, gast.Name) and v.id != t}


_STABLE = (gast.Name, gast.Constant, gast.Slice, gast.Tuple, gast.UnaryOp, gast.BinOp)


def _is_stable(index: tree.Node) -> bool:
    """Whether an index changes only where a name in it is bound again."""
    if is_number_expression(index) or tree.is_constant(index, None, Ellipsis):
        return True
    if isinstance(index, gast.Attribute):
        return index.attr in ("shape", "newaxis")
    return isinstance(index, _STABLE) and all(map(_is_stable, tree.children(index)))


def kill(state: State, node: tree.Node) -> None:
    """Forget the views that a statement may end: it binds a name in them, or puts another entry into a container."""
    written = tree.names_written(node)
    handed = {n for call in tree.walk(node) for n in _handed(call)}
    targets = [target_of(n) for n in tree.walk(node) if stored_to(n) is not None]
    for text in list(state):
        view = state[text]
        ends = bool(({text} | view.reads) & written) or bool(view.reads & _grown(node))
        if view.container is not None and not ends:
            ends = view.container in handed or any(_may_replace(view, t) for t in targets)
        if ends:
            del state[text]


def _grown(node: tree.Node) -> set[str]:
    """Lists of which the length may change."""
    calls = [n.value for n in tree.walk(node) if isinstance(n, gast.Expr)]
    methods = [n.func for n in calls if isinstance(n, gast.Call)]
    return {n.value.id for n in methods if isinstance(n, gast.Attribute) and tree.is_name(n.value)}


def _handed(call: tree.Node) -> set[str]:
    """Names that a function may change, or a method."""
    if not isinstance(call, gast.Call) or tree.show(call.func).startswith("np."):
        return set()
    return set() if tree.called_name(call) == "len" else tree.names_read(call)


def _may_replace(view: View, target: tree.Node) -> bool:
    """Whether a write may put something else in the place of an entry; a write into the entry does not."""
    if base_of(target) != view.container:
        return False
    path, other = path_of(view.value), path_of(target)
    for part, place in zip(path, other, strict=False):
        if not isinstance(part, gast.Subscript) or not isinstance(place, gast.Subscript):
            return True
        if not tree.is_same(part.slice, place.slice):
            constant = isinstance(part.slice, gast.Constant) and isinstance(
                place.slice, gast.Constant
            )
            return not constant
    return len(other) <= len(path)


def _meet(state: State, other: State) -> None:
    """What is known at the end of both branches."""
    for text in list(state):
        if text not in other or not tree.is_same(state[text].value, other[text].value):
            del state[text]


def _plain_target(node: tree.Node) -> tree.Node:
    """`y[1:] += e` for `y[1:][...] += e`."""
    if stored_to(node) is None:
        return node
    target = target_of(node)
    inner = target.value
    if tree.is_constant(target.slice, Ellipsis) and isinstance(inner, gast.Subscript):
        if any(isinstance(n, gast.Slice) for n in tree.walk(inner.slice)):
            place = tree.target_of(tree.subscript(inner.value, inner.slice))
            return tree.at(_with_target(node, place), node)
    return node


def _with_target(node: tree.Node, place: tree.Node) -> tree.Node:
    if isinstance(node, gast.AugAssign):
        return tree.augment(place, tree.symbol_of(node.op), node.value)
    value = node.value
    if isinstance(value, gast.BinOp) and _is_whole(value.left, place):
        value = tree.binary(
            tree.subscript(place.value, place.slice), tree.symbol_of(value.op), value.right
        )
    return tree.assign(place, value)


def _is_whole(node: tree.Node, place: tree.Node) -> bool:
    return isinstance(node, gast.Subscript) and tree.is_same(node.value, place)


def _with_frozen_indices(
    function: gast.FunctionDef, lost: set[str], names: Names, viewing: Viewing
) -> gast.FunctionDef:
    """`start = i` before `z = y[i:]`, for views that are read after the index has changed."""

    def freeze(node: gast.Assign) -> list[tree.Node] | tree.Node:
        value = node.value
        is_lost = tree.is_name(node.targets[0]) and node.targets[0].id in lost
        if not is_lost or not isinstance(value, gast.Subscript) or base_of(value) is None:
            return node
        if viewing.is_copy(value):
            return node
        fresh = {
            t: names.fresh(f"{t}_of_{node.targets[0].id}")
            for part in path_of(value)
            if isinstance(part, gast.Subscript)
            for t in sorted(tree.names_read(part.slice))
        }
        before = [tree.assign(new, tree.name(old)) for old, new in fresh.items()]
        renamed = {old: tree.name(new) for old, new in fresh.items()}
        frozen = _with_indices(value, lambda index: tree.substitute(index, renamed))
        return [*before, tree.assign(node.targets[0], frozen)]

    return tree.rewrite(function, {gast.Assign: freeze})


def _with_indices(value: tree.Node, change: Callable[[tree.Node], tree.Node]) -> tree.Node:
    if not isinstance(value, gast.Subscript):
        return tree.clone(value)
    return tree.subscript(_with_indices(value.value, change), change(value.slice))


def _without_unread(
    function: gast.FunctionDef, views: set[str], viewing: Viewing
) -> gast.FunctionDef:
    """The function without the names of views that are not read any more."""
    unread = views - tree.names_read(function.body)

    def dropped(node: gast.Assign) -> list[tree.Node] | tree.Node:
        target = node.targets[0]
        is_unread = tree.is_name(target) and target.id in unread
        return [] if is_unread and viewing.is_view(node.value) else node

    if not any(dropped(n) == [] for n in tree.walk(function.body) if isinstance(n, gast.Assign)):
        return function
    return _without_unread(tree.rewrite(function, {gast.Assign: dropped}), views, viewing)
