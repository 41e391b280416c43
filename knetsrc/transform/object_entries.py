"""Names for the objects in a list, written as entries of the list.

for p in ps:                        for i in range(len(ps)):
    p.x += dt                             ps[i].x += dt

p = ps[0]                     ->    ps[0].x = e
p.x = e
"""

import itertools
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_append
from knetsrc.transform.normalize.scopes import blocks, bound_names, own_nodes, parameters
from knetsrc.transform.source import Source

_GROUPING = (
    itertools.combinations, itertools.permutations, itertools.pairwise, itertools.combinations_with_replacement,
)  # fmt: skip
_IN_STEP = (zip, itertools.product)
_VIEWS = frozenset({"values", "items", "keys"})


@dataclass
class Container:
    """A list or dict of objects that a function makes.

    Attributes
    ----------
    text
        Its name.
    kind
        The class of the objects.
    is_dict
        Whether it is a dict.
    source
        Tells what functions are called in the function.
    is_given
        Whether it comes from elsewhere: entries do not come or go, and the list goes nowhere.
    """

    text: str
    kind: type
    is_dict: bool
    source: Source
    is_given: bool = False

    def called(self, node: Any) -> Any:
        """The function of Python that a call calls; None for others."""
        if not isinstance(node, gast.Call) or any(
            k.arg not in ("strict", "start") for k in node.keywords
        ):
            return None
        function = self.source.tree
        root = node.func.value if isinstance(node.func, gast.Attribute) else node.func
        local = bound_names(function.body) | set(parameters(function))
        return None if getattr(root, "id", "") in local else self.source.value_of(node.func)

    def base(self, node: Any) -> Any:
        """The list itself, or the list that an iterable is a slice of."""
        if isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Slice):
            node = node.value if self.text not in _names(node.slice) else None
        return node if tree.is_name(node, self.text) and not self.is_dict else None

    def view(self, node: Any) -> Any:
        """The attribute of `ps.values()` and its kin."""
        function = node.func if isinstance(node, gast.Call) and not node.args else None
        is_method = isinstance(function, gast.Attribute) and function.attr in _VIEWS
        is_own = is_method and self.is_dict and tree.is_name(function.value, self.text)  # type: ignore[union-attr]
        return function if is_own else None

    def is_of_indices(self, node: Any) -> bool:
        """Whether an iterable only asks for the length of the list, or gives the keys of the dict."""
        if self.is_dict and tree.is_name(node, self.text):
            return True
        lengths = [n for n in tree.walk(node) if self.called(n) is len]
        counted = sum(tree.is_name(a, self.text) for n in lengths for a in n.args)
        return counted == sum(tree.is_name(n, self.text) for n in tree.walk(node))


@dataclass
class Elements:
    """Names that comprehensions give to objects of a list, and where the list is gone through."""

    names: set[str] = field(default_factory=set)
    walked: set[int] = field(default_factory=set)

    def __contains__(self, text: object) -> bool:
        return text in self.names


def element_names(function: gast.FunctionDef, of: Container) -> Elements | None:
    """What comprehensions name, of a list; None where it is not known what a name stands for."""
    found = Elements()
    for node in tree.walk(function.body):
        if not isinstance(node, gast.For | gast.comprehension):
            continue
        if of.is_of_indices(node.iter):
            found.walked |= {id(n) for n in tree.walk(node.iter) if tree.is_name(n, of.text)}
            continue
        named = _Named(of, found.walked)
        if isinstance(node, gast.For) or not named.match(node.target, node.iter):
            return None
        found.names |= named.objects
    return found


def names_of_entries(function: gast.FunctionDef, of: Container) -> list[str]:
    """Names that loops and comprehensions give to entries, once for each of these."""
    found: list[str] = []
    for node in tree.walk(function.body):
        if isinstance(node, gast.For | gast.comprehension) and of.text in _names(node.iter):
            named = _Named(of, set())
            found += named.objects if named.match(node.target, node.iter) else ()
    return found


class _Named:
    """Which of the names of a comprehension stand for objects."""

    def __init__(self, of: Container, walked: set[int]) -> None:
        self.of, self.walked = of, walked
        self.objects: set[str] = set()

    def match(self, target: Any, source: Any) -> bool:
        of = self.of
        parts = target.elts if isinstance(target, gast.Tuple) else ()
        if of.is_of_indices(source):
            self.walked |= {id(n) for n in tree.walk(source) if tree.is_name(n, of.text)}
            return True
        if (base := of.base(source)) is not None:
            self.walked.add(id(base))
            return self._given(target)
        if (view := of.view(source)) is not None:
            self.walked.add(id(view.value))
            is_pair = view.attr == "items" and len(parts) == 2
            return view.attr == "keys" or self._given(parts[1] if is_pair else target)
        called = of.called(source)
        if called is enumerate and len(parts) == 2:
            return self.match(parts[1], source.args[0])
        if called is reversed:
            return self.match(target, source.args[0])
        if any(called is f for f in _GROUPING) and parts:
            base = of.base(source.args[0])
            self.walked |= {id(base)}
            return base is not None and all(map(self._given, parts))
        if any(called is f for f in _IN_STEP) and len(parts) == len(source.args):
            return all(self.match(t, a) for t, a in zip(parts, source.args, strict=True))
        return False

    def _given(self, target: Any) -> bool:
        if tree.is_name(target):
            self.objects.add(target.id)
        return tree.is_name(target)


def entries_named(
    function: gast.FunctionDef, of: Container, names: Names
) -> gast.FunctionDef | None:
    """The function with entries of a list in the place of names for them; None where that is not the same."""
    found = _Entries(of, names)
    try:
        body = found.block(tree.clone(function.body))
    except _NotTheSameError:
        return None
    return None if found.gone & tree.names_read(body) else tree.with_body(function, body)


class _NotTheSameError(Exception):
    """What a name stands for is not known, or something changes while it does."""


class _Entries:
    def __init__(self, of: Container, names: Names) -> None:
        self.of, self.text, self.names = of, of.text, names
        self.gone: set[str] = set()

    def block(self, body: list[Any]) -> list[Any]:
        found: list[Any] = []
        for place, node in enumerate(body):
            rest = body[place + 1 :]
            if isinstance(node, gast.For):
                found.append(self._loop(node))
            elif (pairs := self._aliased(node)) is not None:
                before, replaced = self._alias(node, pairs, rest)
                return [*found, *before, *self.block(tree.substitute(rest, replaced))]
            else:
                for inner in blocks(node):
                    inner[:] = self.block(inner)
                found.append(node)
        return found

    # --- names -------------------------------------------------------------------------------------------------------------
    def _aliased(self, node: Any) -> list[tuple[Any, Any]] | None:
        """Names and values of `p = ps[0]` and `p, q = ps[i], ps[j]`; None for other statements."""
        if not isinstance(node, gast.Assign) or len(node.targets) != 1:
            return None
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, gast.Tuple) and isinstance(value, gast.Tuple):
            if len(target.elts) != len(value.elts):
                return None
            pairs = list(zip(target.elts, value.elts, strict=True))
        return pairs if any(self._is_entry(v) for _, v in pairs) else None

    def _is_entry(self, value: Any) -> bool:
        is_part = isinstance(value, gast.Subscript) and tree.is_name(value.value, self.text)
        return is_part and not isinstance(value.slice, gast.Slice)

    def _alias(
        self, node: Any, pairs: list[tuple[Any, Any]], rest: list[Any]
    ) -> tuple[list[Any], dict[str, tree.Node]]:
        before: list[Any] = []
        replaced: dict[str, tree.Node] = {}
        bound = {t.id for t, _ in pairs if tree.is_name(t)}
        for target, value in pairs:
            if not tree.is_name(target) or not self._is_entry(value):
                raise _NotTheSameError
            index = value.slice
            if bound & _names(index) or self.text in _names(index):
                raise _NotTheSameError
            if not isinstance(index, gast.Name | gast.Constant) and tree.integer_of(index) is None:
                text = self.names.fresh("index")
                before.append(tree.at(tree.assign(text, index), node))
                index = tree.name(text)
            replaced[target.id] = _entry(self.text, index, target.id)
            self.gone.add(target.id)
            self._hold(target.id, index, rest)
        return before, replaced

    def _hold(self, text: str, index: Any, body: list[Any]) -> None:
        """See to it that a name stands for one entry in these statements."""
        stored = _stored(body)
        if stored & ({text, self.text} | _names(index)) or self._is_longer(body):
            raise _NotTheSameError

    def _is_longer(self, body: list[Any]) -> bool:
        """Whether entries come or go in statements."""
        for node in own_nodes(body):
            if is_append(node) and tree.is_name(node.func.value, self.text):
                return True
            is_part = isinstance(node, gast.Subscript) and tree.is_name(node.value, self.text)
            if is_part and not isinstance(node.ctx, gast.Load):
                return True
        return False

    # --- loops -------------------------------------------------------------------------------------------------------------
    def _loop(self, node: Any) -> Any:
        replaced: dict[str, tree.Node] = {}
        target, node.iter = self._gone_through(node.target, node.iter, replaced, node)
        node.target = tree.target_of(target)
        if replaced and (node.orelse or self._is_longer(node.body)):
            raise _NotTheSameError
        if replaced:
            indices = set[str]().union(*(_names(v.slice) for v in replaced.values()))
            if _stored(node.body) & (replaced.keys() | {self.text} | indices):
                raise _NotTheSameError
            node.body = tree.substitute(node.body, replaced)
            self.gone |= replaced.keys()
        for inner in blocks(node):
            inner[:] = self.block(inner)
        return node

    def _gone_through(
        self, target: Any, source: Any, replaced: dict[str, tree.Node], loop: Any
    ) -> tuple[Any, Any]:
        """Target and iterable of a loop that gives the indices in the place of objects."""
        if self.of.is_of_indices(source):
            return target, source
        parts = target.elts if isinstance(target, gast.Tuple) else ()
        if self.of.base(source) is not None:
            return self._index(target, replaced), self._indices(source)
        if (view := self.of.view(source)) is not None:
            return self._key(target, parts, view, replaced), tree.name(self.text)
        called = self.of.called(source)
        if called is enumerate and len(parts) == 2:
            return self._enumerated(parts, source, replaced, loop)
        new = tree.clone(source)
        if called is reversed:
            target, new.args[0] = self._gone_through(target, source.args[0], replaced, loop)
            return target, new
        if any(called is f for f in _GROUPING) and self.of.base(source.args[0]) is not None:
            new.args[0] = self._indices(source.args[0])
            return tree.tuple_of([self._index(t, replaced) for t in parts]), new
        if any(called is f for f in _IN_STEP) and len(parts) == len(source.args):
            pairs = zip(parts, source.args, strict=True)
            found = [self._gone_through(t, a, replaced, loop) for t, a in pairs]
            new.args = [a for _, a in found]
            return tree.tuple_of([t for t, _ in found]), new
        raise _NotTheSameError

    def _key(self, target: Any, parts: Any, view: Any, replaced: dict[str, tree.Node]) -> Any:
        """What a loop over a view of the dict binds to keys."""
        if view.attr == "keys":
            return target
        if view.attr == "values":
            return self._index(target, replaced, "key")
        if len(parts) != 2 or not all(map(tree.is_name, parts)):
            raise _NotTheSameError
        replaced[parts[1].id] = _entry(self.text, tree.name(parts[0].id), parts[1].id)
        return parts[0]

    def _enumerated(
        self, parts: Any, source: Any, replaced: dict[str, tree.Node], loop: Any
    ) -> tuple[Any, Any]:
        inner = source.args[0]
        is_whole = tree.is_name(inner, self.text) and not self.of.is_dict
        is_plain = (
            is_whole
            and len(source.args) + len(source.keywords) == 1
            and all(map(tree.is_name, parts))
        )
        if is_plain and parts[0].id not in _stored(loop.body):
            replaced[parts[1].id] = _entry(self.text, tree.name(parts[0].id), parts[1].id)
            return parts[0], self._indices(inner)
        target, changed = self._gone_through(parts[1], inner, replaced, loop)
        new = tree.clone(source)
        new.args[0] = changed
        return tree.tuple_of([parts[0], target]), new

    def _index(self, target: Any, replaced: dict[str, tree.Node], wanted: str = "i") -> tree.Node:
        if not tree.is_name(target) or target.id in replaced:
            raise _NotTheSameError
        text = self.names.fresh(wanted)
        replaced[target.id] = _entry(self.text, tree.name(text), target.id)
        return tree.name(text)

    def _indices(self, source: Any) -> tree.Node:
        """`range(len(ps))` for `ps`, and the same part of it for a slice."""
        length = tree.call("len", tree.name(self.text))
        if isinstance(source, gast.Subscript):
            return tree.subscript(tree.call("range", length), tree.clone(source.slice))
        return tree.call("range", length)


def _entry(text: str, index: Any, name: str) -> tree.Node:
    entry: Any = tree.subscript(tree.name(text), tree.clone(index))
    entry.wanted = name
    return entry  # type: ignore[no-any-return]


def _stored(body: Any) -> set[str]:
    return {
        n.id
        for n in tree.walk(body)
        if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)
    }


def _names(node: Any) -> set[str]:
    return {n.id for n in tree.walk(node) if isinstance(n, gast.Name)}
