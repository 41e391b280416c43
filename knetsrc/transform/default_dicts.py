"""Dicts of `collections` with values for missing keys become plain ones, to which the value is added before an entry is read.

d = defaultdict(list)              d = {}
d[k].append(x)            ->       if k not in d:
                                       d[k] = []
                                   d[k].append(x)

A `Counter` gives 0 for a missing key and does not keep it: `d[k] if k in d else 0`. This is the same where the function makes the
dict, has one name for it, and only reads its entries or goes through them.
"""

import collections
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_cheap, is_impure_call
from knetsrc.transform.normalize.loop_keys import gone_through, method
from knetsrc.transform.normalize.owned_containers import pairs
from knetsrc.transform.normalize.scopes import (
    COMPREHENSIONS,
    captured_names,
    own_nodes,
    parameters,
    rewritten,
)
from knetsrc.transform.source import Source

_DEFAULTS: dict[Any, str] = {float: "0.0", int: "0", list: "[]", dict: "{}", str: "''"}
_READING = ("len", "list", "sorted", "tuple", "set", "dict", "enumerate", "bool")
_METHODS = ("items", "values", "keys", "get", "pop", "setdefault")


def plain_dicts(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """The function with plain dicts for those that a function makes as `defaultdict(list)` or `Counter()`.

    Parameters
    ----------
    function
        A function as parsed. It is not modified.
    source
        Where it was read.
    """
    function = apart(function, source, (collections.defaultdict, collections.Counter))
    found = _made(function, source)
    while found:
        rewriter = _Rewriter(found, Names.of(function))
        new = tree.clone(function)
        try:
            new.body[:] = rewriter.block(new.body, frozenset())
        except _Open as open_dict:  # it stays as it is, and is refused where it is written
            del found[str(open_dict)]
        else:
            return new
    return function


def apart(function: gast.FunctionDef, source: Source, kinds: tuple[type, ...]) -> gast.FunctionDef:
    """The function with `d = dict(); s = 0` for `d, s = dict(), 0`, where one of the values is of these kinds."""

    def is_made(value: Any) -> bool:
        made = source.value_of(value.func) if isinstance(value, gast.Call) else None
        return any(made is kind for kind in kinds)

    def split(node: Any) -> list[tree.Node]:
        if isinstance(node, gast.AnnAssign) and is_made(node.value):
            return [tree.assign(node.target, node.value)] if tree.is_name(node.target) else [node]
        if not isinstance(node, gast.Assign) or len(node.targets) > 1:
            return [node]
        parts = pairs(node.targets[0], node.value)
        targets = [target for target, _ in parts]
        is_plain = len(parts) > 1 and all(map(tree.is_name, targets))
        values = [value for _, value in parts]
        if not is_plain or not any(map(is_made, values)):
            return [node]
        if tree.names_read(values) & {target.id for target in targets}:
            return [node]
        return [tree.assign(target.id, value) for target, value in parts]

    calls = [n for n in own_nodes(function.body) if is_made(n)]
    if not calls:
        return function
    function = tree.clone(function)
    function.body[:] = rewritten(function.body, split)
    return function


class _Open(Exception):  # noqa: N818
    """A dict of which it cannot be told beforehand whether an entry is read."""


@dataclass
class _Dict:
    """One of them: what a missing key gives, whether that is kept, and whether anything but entries is read."""

    default: tree.Node
    is_kept: bool
    is_seen: bool = False


def _made(function: gast.FunctionDef, source: Source) -> dict[str, _Dict]:
    """Names that stand for such dicts only, and are only read by entries and gone through."""
    found: dict[str, _Dict] = {}
    other = set(parameters(function)) | captured_names(function.body)
    hidden = tree.names_written(function) | set(parameters(function))
    made: set[int] = set()
    for node in own_nodes(function.body):
        made_dict = _made_by(node, source, hidden)
        if made_dict is None:
            continue
        target = node.targets[0]
        known = found.setdefault(target.id, made_dict)
        made.add(id(target))
        if not tree.is_same(known.default, made_dict.default):
            other.add(target.id)
    plain = made | _plain_uses(function, found)
    used = [n for n in own_nodes(function.body) if isinstance(n, gast.Name)]
    other |= {n.id for n in used if id(n) not in plain}
    if any(isinstance(n, gast.Nonlocal | gast.NamedExpr) for n in tree.walk(function.body)):
        return {}
    return {text: d for text, d in found.items() if text not in other}


def _made_by(node: Any, source: Source, hidden: set[str]) -> _Dict | None:
    """What `d = defaultdict(list)` or `d = Counter()` makes."""
    is_plain = isinstance(node, gast.Assign) and len(node.targets) == 1
    call = node.value if is_plain and tree.is_name(node.targets[0]) else None
    if not isinstance(call, gast.Call):
        return None
    if tree.names_read(call.func) & hidden or call.keywords:
        return None
    kind = source.value_of(call.func)
    if kind is collections.Counter:
        return None if call.args else _Dict(tree.constant(0), is_kept=False)
    if kind is not collections.defaultdict or not 0 < len(call.args) < 3:
        return None
    if len(call.args) == 2 and not isinstance(call.args[1], gast.Dict):
        return None
    default = _default(call.args[0], source, hidden)
    return None if default is None else _Dict(default, is_kept=True)


def _default(factory: Any, source: Source, hidden: set[str]) -> tree.Node | None:
    if isinstance(factory, gast.Lambda):
        return None if parameters(factory) else factory.body
    if tree.names_read(factory) & hidden:
        return None
    kind = source.value_of(factory)
    is_known = isinstance(kind, type) and kind in _DEFAULTS
    return tree.parse_expression(_DEFAULTS[kind]) if is_known else None


def _plain_uses(function: gast.FunctionDef, found: dict[str, _Dict]) -> set[int]:
    """The nodes of names where the dict itself goes nowhere (`id`); what is more than an entry is noted."""
    plain: set[int] = set()

    def use(node: Any, is_entry: bool = False) -> None:
        if isinstance(node, gast.Name) and node.id in found:
            plain.add(id(node))
            found[node.id].is_seen |= not is_entry

    for node in own_nodes(function.body):
        if isinstance(node, gast.Subscript):
            use(node.value, is_entry=not isinstance(node.slice, gast.Slice))
        elif isinstance(node, gast.Compare) and isinstance(node.ops[0], gast.In | gast.NotIn):
            use(node.comparators[0])
        elif isinstance(node, gast.For | gast.comprehension):
            use(node.iter)
        elif tree.called_name(node) in _READING and len(node.args) == 1:
            use(node.args[0])
        elif isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            if node.func.attr in _METHODS:
                use(node.func.value)
    return plain


_Known = frozenset[tuple[str, str]]


class _Rewriter:
    """Adds entries before the statements that read them."""

    def __init__(self, dicts: dict[str, _Dict], names: Names) -> None:
        self.dicts, self.names = dicts, names
        self.before: list[tree.Node] = []
        self.has_effects = False

    def block(self, body: list[Any], known: _Known) -> list[tree.Node]:
        """Statements with those that add entries; `known` has keys that are there, as a loop has taken them out."""
        return [n for node in body for n in self.statement(node, known)]

    def statement(self, node: Any, known: _Known) -> list[tree.Node]:
        if isinstance(node, gast.FunctionDef):
            return [node]
        if self._makes(node):
            return [self._plain(node)]
        self.before = []
        self.has_effects = any(
            is_impure_call(n) for n in own_nodes(_heads(node)) if isinstance(n, gast.Call)
        )
        self._head(node, known)
        before = tree.at(self.before, node)
        inner = known | self._taken(node) if isinstance(node, gast.For) else known
        for part in ("body", "orelse", "finalbody"):
            if isinstance(getattr(node, part, None), list):
                setattr(node, part, self.block(getattr(node, part), inner))
        for handler in getattr(node, "handlers", []):
            handler.body = self.block(handler.body, known)
        return [*before, node]

    def _taken(self, node: gast.For) -> _Known:
        """Keys that a loop takes out of a dict, if they stay there and keep their names."""
        is_changed = any(
            isinstance(n, gast.Delete) or getattr(n, "attr", "") == "pop"
            for n in tree.walk(node.body)
        )
        bound = tree.names_written(node.body)
        found = _keys_of(node.target, node.iter)
        return frozenset() if is_changed else frozenset(k for k in found if k[1] not in bound)

    def _makes(self, node: Any) -> bool:
        is_binding = isinstance(node, gast.Assign) and tree.is_name(node.targets[0])
        return is_binding and node.targets[0].id in self.dicts

    def _plain(self, node: Any) -> tree.Node:
        given = node.value.args[1:]
        value = given[0] if given else tree.dict_of([], [])
        return tree.at(tree.assign(node.targets[0].id, value), node)

    def _head(self, node: Any, known: _Known) -> None:
        """Rewrite what a statement evaluates apart from the statements within it."""
        if isinstance(node, gast.While):
            node.test = self.read(node.test, known, False)
        elif isinstance(node, gast.If | gast.For):
            part = "test" if isinstance(node, gast.If) else "iter"
            setattr(node, part, self.read(getattr(node, part), known, True))
        elif isinstance(node, gast.AugAssign):
            if (text := self._entry_of(node.target)) is not None:
                self._add(text, node.target, known)
            else:
                node.target = self.read(node.target, known, True)
            node.value = self.read(node.value, known, True)
        elif isinstance(node, gast.Assign):
            node.value = self.read(node.value, known, True)
            node.targets = [self.read(t, known, True) for t in node.targets]
        elif isinstance(node, gast.With):
            node.items = [self.read(item, known, True) for item in node.items]
        elif not isinstance(node, gast.Try):
            self._children(node, known, True)

    def read(self, node: Any, known: _Known, is_sure: bool) -> Any:
        """An expression; `is_sure` says that it is evaluated once, whatever stands around it."""
        if isinstance(node, gast.Subscript) and (text := self._entry_of(node)) is not None:
            node.slice = self.read(node.slice, known, is_sure)
            is_store = not isinstance(node.ctx, gast.Load)
            return node if is_store else self._entry(text, node, known, is_sure)
        if isinstance(node, gast.IfExp):
            node.test = self.read(node.test, known, is_sure)
            node.body, node.orelse = (self.read(n, known, False) for n in (node.body, node.orelse))
        elif isinstance(node, gast.BoolOp):
            first, *rest = node.values
            node.values = [
                self.read(first, known, is_sure),
                *(self.read(n, known, False) for n in rest),
            ]
        elif isinstance(node, COMPREHENSIONS):
            for generator in node.generators:
                is_first = generator is node.generators[0]
                generator.iter = self.read(generator.iter, known, is_sure and is_first)
                known = known | _keys_of(generator.target, generator.iter)
                generator.ifs = [self.read(n, known, False) for n in generator.ifs]
            for part in ("elt", "key", "value"):
                if hasattr(node, part):
                    setattr(node, part, self.read(getattr(node, part), known, False))
        elif isinstance(node, gast.Compare) and len(node.comparators) > 1:
            self._children(node, known, False)
        else:
            self._children(node, known, is_sure and not isinstance(node, gast.Lambda))
        return node

    def _children(self, node: Any, known: _Known, is_sure: bool) -> None:
        for part, value in vars(node).items():
            if isinstance(value, list):
                value[:] = [
                    self.read(v, known, is_sure) if isinstance(v, tree.Node) else v for v in value
                ]
            elif isinstance(value, tree.Node):
                setattr(node, part, self.read(value, known, is_sure))

    def _entry_of(self, node: Any) -> str | None:
        is_entry = isinstance(node, gast.Subscript) and tree.is_name(node.value)
        return node.value.id if is_entry and node.value.id in self.dicts else None

    def _entry(self, text: str, node: Any, known: _Known, is_sure: bool) -> tree.Node:
        if (text, tree.show(node.slice)) in known:
            return node
        found = self.dicts[text]
        if is_sure and found.is_kept:
            self._add(text, node, known)
            return node
        if (found.is_kept and found.is_seen) or not _is_plain_key(node.slice):
            raise _Open(text)
        if not isinstance(found.default, gast.Constant):
            raise _Open(text)
        is_there = tree.compare(tree.clone(node.slice), "in", tree.name(text))
        return tree.at(tree.choice(is_there, node, tree.clone(found.default)), node)

    def _add(self, text: str, node: Any, known: _Known) -> None:
        """Add an entry before the statement, if it is missing."""
        key = node.slice
        if (text, tree.show(key)) in known:
            return
        calls = [n for n in own_nodes([key]) if isinstance(n, gast.Call)]
        is_name = all(isinstance(n, _NAMES) for n in tree.walk(key))
        if any(map(is_impure_call, calls)) or (self.has_effects and not is_name):
            raise _Open(text)
        if not _is_plain_key(key):
            name = self.names.fresh("key")
            self.before.append(tree.assign(name, key))
            node.slice = key = tree.name(name)
        entry = tree.subscript(tree.name(text), tree.clone(key))
        missing = tree.compare(tree.clone(key), "not in", tree.name(text))
        added = tree.assign(entry, tree.clone(self.dicts[text].default))
        if not any(tree.is_same(n, tree.if_(missing, [added])) for n in self.before):
            self.before.append(tree.if_(missing, [added]))


_NAMES = (gast.Name, gast.Constant, gast.Tuple, gast.expr_context)


def _is_plain_key(key: Any) -> bool:
    parts = key.elts if isinstance(key, gast.Tuple) else [key]
    return all(map(is_cheap, parts))


def _keys_of(target: Any, iterable: Any) -> _Known:
    """Keys that a loop takes out of a dict: `k` of `for k in d`, `for k in sorted(d)` and `for k, v in d.items()`."""
    inner = gone_through(iterable)
    if method(inner) == "items" and isinstance(target, gast.Tuple):
        target, inner = target.elts[0], inner.func.value
    elif method(inner) == "keys":
        inner = inner.func.value
    is_known = isinstance(target, gast.Name) and isinstance(inner, gast.Name)
    return frozenset([(inner.id, target.id)]) if is_known else frozenset()


def _heads(node: Any) -> Iterable[tree.Node]:
    """What a statement evaluates apart from the statements within it."""
    if isinstance(node, gast.If | gast.While):
        return [node.test]
    if isinstance(node, gast.For):
        return [node.iter]
    if isinstance(node, gast.With):
        return list(node.items)
    return [] if isinstance(node, gast.Try) else [node]
