"""Loops over arrays, lists and dictionaries.

    for row in a:                       for i in range(len(a)):        row = a[i]
    for x, y in zip(a, b):              for i in range(min(len(a), len(b))):    x = a[i]; y = b[i]
    for n, x in enumerate(a):           for n in range(len(a)):        x = a[n]
    for x in reversed(a):               for i in range(len(a) - 1, -1, -1):     x = a[i]
    for key, x in d.items():            for key in d.keys():           x = d[key]

An element that is read by its index has a place to which its adjoint can be added.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import appended_names, is_cheap, is_of_module, path_of
from knetsrc.transform.normalize.iterators import (
    Sequence,
    choosing,
    counted,
    is_unzipping,
    iterator_of,
)
from knetsrc.transform.normalize.loop_counters import counter_of, start_of
from knetsrc.transform.normalize.loop_keys import is_key, method, reads_entries, stays
from knetsrc.transform.normalize.scopes import blocks, bound_names
from knetsrc.transform.normalize.targets import split_targets
from knetsrc.transform.tree import Node

_ONCE = frozenset({"map", "filter", "iter", "open", "nditer", "ndenumerate", "cycle"})
_ARRAY_METHODS = frozenset({
    "astype", "clip", "copy", "cumprod", "cumsum", "diagonal", "dot", "flatten", "ravel",
    "repeat", "reshape", "round", "squeeze", "swapaxes", "take", "tolist", "transpose",
})  # fmt: skip


def index_loops(
    function: gast.FunctionDef,
    is_active: Callable[[Node], bool],
    spell: Callable[[str], str] = str,
    is_changing: Callable[[list[Node]], bool] = lambda body: False,
) -> gast.FunctionDef:
    """Let every loop over something active count through its elements or keys.

    Parameters
    ----------
    function
        A function in the core language.
    is_active
        Whether an expression depends on what the derivative is taken for.
    spell
        Gives the name of a function of `knetsrc.backends`.
    is_changing
        Whether statements write into arrays or containers: a list is then not the same as what it was made of.

    Returns
    -------
    gast.FunctionDef
        A new tree in the core language.

    Raises
    ------
    UnsupportedSyntaxError
        For a loop over something active that can only be gone through once.

    Examples
    --------
    >>> (function,) = tree.parse('''
    ... def f(xs, w):
    ...     for n, (x, row) in enumerate(zip(xs, w[1:])):
    ...         y = g(n, x, row)
    ...     return y
    ... ''')
    >>> print(tree.show(index_loops(function, lambda node: True)))
    def f(xs, w):
        rows = w[1:]
        for n in range(min(len(xs), len(rows))):
            x = xs[n]
            row = rows[n]
            y = g(n, x, row)
        return y
    """
    function = tree.clone(function)
    names = Names.of(function)
    visitor = _Visitor(is_active, names, frozenset(names.taken), spell, is_changing)
    visitor.block(function.body, 0)
    return function


def index_loop(node: gast.For, names: Names, spell: Callable[[str], str]) -> list[Node]:
    """One loop that counts, after the statements that it needs; the node is changed."""
    return (
        [node] if stays(node) else tree.at(_Indexer(names, node, None, spell, False).loop(), node)
    )


@dataclass(frozen=True)
class _Visitor:
    is_active: Callable[[Node], bool]
    names: Names
    users: frozenset[str]
    spell: Callable[[str], str]
    is_changing: Callable[[list[Node]], bool]

    def block(self, body: list[Any], depth: int) -> None:
        found: list[Node] = []
        for node in body:
            is_indexed = (
                isinstance(node, gast.For) and self.is_active(node.iter) and not stays(node)
            )
            found += self.indexed(node, depth) if is_indexed else [node]
            for block in [node.body] if isinstance(node, gast.FunctionDef) else blocks(node):
                self.block(block, depth + is_indexed)
        body[:] = found

    def indexed(self, node: gast.For, depth: int) -> list[Node]:
        letter, is_changing = self.letter(depth), self.is_changing(node.body)
        return tree.at(_Indexer(self.names, node, letter, self.spell, is_changing).loop(), node)

    def letter(self, depth: int) -> str | None:
        """`i` for the outermost loop, `j` inside of it, as far as the user has no such name."""
        letter = "ijk"[depth] if depth < 3 else None
        return None if letter in self.users else letter


@dataclass
class _Indexer:
    names: Names
    node: gast.For
    letter: str | None
    spell: Callable[[str], str]
    is_changing: bool
    before: list[Node] = field(default_factory=list)

    def loop(self) -> list[Node]:
        node: Any = self.node
        iterable = self.unlisted(node.iter)
        self.refuse_growth(node.iter)
        is_sorted = (
            tree.called_name(iterable) == "sorted"
            and len(iterable.args) == 1
            and not iterable.keywords
        )
        entries = iterable.args[0] if is_sorted else iterable
        if method(entries) == "items" or (method(entries) == "values" and not is_sorted):
            return self.over_keys(entries, is_sorted)
        chosen = choosing(iterable, node.target, self.items, self.names, self.spell)
        if chosen is not None:
            elements = self.assigned(node.target, chosen.element)
            return self.over(chosen.iterable, chosen.target, elements)
        backwards = tree.called_name(iterable) == "reversed"
        sequence = self.sequence(
            self.unlisted(iterable.args[0]) if backwards else iterable, node.target
        )
        counter = counter_of(iterable, self.node.target)
        is_numbered = counter is not None and tree.called_name(iterable) == "enumerate"
        index = counter or self.letter or self.names.fresh(_index_of(node.target))
        element: Any = sequence.element(tree.name(index))
        elements = self.assigned(
            *((node.target.elts[1], element.elts[1]) if is_numbered else (node.target, element))
        )
        if not sequence.lengths:
            return self.over(tree.call("itertools.count"), tree.store(index), elements)
        length = _shortest(sequence.lengths)
        down = [tree.binary(length, "-", tree.constant(1)), tree.constant(-1), tree.constant(-1)]
        counting = tree.call("range", *(down if backwards else [length]))
        return self.over(counting, tree.store(index), elements)

    def over(self, iterable: Node, target: Node, elements: list[Node]) -> list[Node]:
        """The loop over indices or keys, which binds its elements first."""
        node: Any = self.node
        node.iter, node.target = tree.at(iterable, node.iter), tree.at(target, node.target)
        node.body = [*tree.at(elements, node.target), *node.body]
        return [*tree.at(self.before, node.iter), node]

    # --- iterables ---
    def sequence(self, iterable: Any, target: Any) -> Sequence:
        function = tree.called_name(iterable)
        if function == "zip":
            return self.zipped(iterable, target)
        if function == "enumerate":
            return self.enumerated(iterable, target)
        if function == "reversed":
            inner = self.sequence(self.unlisted(iterable.args[0]), target)
            last = tree.binary(_shortest(inner.lengths), "-", tree.constant(1))
            return Sequence(inner.lengths, lambda i: inner.element(tree.binary(last, "-", i)))
        if function == "range":
            return self.range(iterable)
        if method(iterable) in ("items", "values", "keys"):
            return self.entries(iterable.func.value, iterable.func.attr)
        if reads_entries(iterable, target, self.node.body):
            return self.entries(iterable, "keys")
        if is_key(target, self.node.body) and is_cheap(iterable):
            return self.plain(tree.call("list", iterable), target)
        if iterator_of(iterable) == "itertools.chain":
            return self.plain(tree.list_of(map(tree.starred, iterable.args)), target)
        found = counted(iterable, lambda part: self.sequence(self.unlisted(part), None), self.bound)
        return found or self.plain(iterable, target)

    def plain(self, iterable: Any, target: Any) -> Sequence:
        value = self.bound(self.checked(iterable), _plural(target))
        return Sequence((tree.call("len", value),), lambda i: tree.subscript(tree.clone(value), i))

    def zipped(self, iterable: Any, target: Any) -> Sequence:
        if is_unzipping(iterable):
            return self.plain(tree.call("list", iterable), target)
        if not iterable.args or any(isinstance(a, gast.Starred) for a in iterable.args):
            raise self.refused(
                iterable,
                "it cannot be seen how many sequences it goes through",
                "index the sequences",
            )
        targets = _elements(target, len(iterable.args))
        parts = [
            self.sequence(self.unlisted(a), t) for a, t in zip(iterable.args, targets, strict=True)
        ]
        lengths = tuple(length for part in parts for length in part.lengths)
        if any(
            k.arg == "strict" and not tree.is_constant(k.value, False) for k in iterable.keywords
        ):
            self.before += [_equal(lengths[0], length) for length in lengths[1:]]
            lengths = lengths[:1]
        return Sequence(
            lengths, lambda i: tree.tuple_of([part.element(tree.clone(i)) for part in parts])
        )

    def enumerated(self, iterable: Any, target: Any) -> Sequence:
        start = start_of(iterable)
        inner = self.sequence(self.unlisted(iterable.args[0]), _elements(target, 2)[1])
        start = start if isinstance(start, gast.Constant) else self.bound(start, "start")

        def element(i: Node) -> Node:
            number = i if tree.is_number(start, 0) else tree.binary(tree.clone(start), "+", i)
            return tree.tuple_of([number, inner.element(tree.clone(i))])

        return Sequence(inner.lengths, element)

    def range(self, iterable: gast.Call) -> Sequence:
        if len(iterable.args) == 1:
            end = iterable.args[0]
            is_known = isinstance(end, gast.Constant)
            return Sequence((end if is_known else tree.call("len", iterable),), lambda i: i)
        numbers = self.bound(iterable, "numbers")
        return Sequence(
            (tree.call("len", numbers),), lambda i: tree.subscript(tree.clone(numbers), i)
        )

    def entries(self, dictionary: Node, kind: str) -> Sequence:
        """The keys, values or items of a dictionary, in a list of keys."""
        base = self.bound(dictionary, "entries")
        keys = self.names.fresh("keys")
        self.before.append(
            tree.assign(
                keys, tree.call("list", tree.call(tree.attribute(tree.clone(base), "keys")))
            )
        )

        def element(i: Node) -> Node:
            key = tree.subscript(tree.name(keys), i)
            value = tree.subscript(tree.clone(base), tree.clone(key))
            return {"keys": key, "values": value, "items": tree.tuple_of([key, value])}[kind]

        return Sequence((tree.call("len", tree.name(keys)),), element)

    def over_keys(self, iterable: Any, is_sorted: bool) -> list[Node]:
        node: Any = self.node
        base = self.bound(iterable.func.value, "entries")
        key, value = (
            _elements(node.target, 2) if iterable.func.attr == "items" else (None, node.target)
        )
        index = key.id if isinstance(key, gast.Name) and key.id != "_" else self.names.fresh("key")
        read = tree.subscript(tree.clone(base), tree.name(index))
        if iterable.func.attr == "values":
            elements = self.assigned(value, read)
        else:
            pair = tree.tuple_of([tree.name(index), read])
            elements = (
                self.assigned(value, read)
                if key is not None and tree.is_name(key, index)
                else self.assigned(node.target, pair)
            )
        keys = tree.call(tree.attribute(base, "keys"))
        return self.over(
            tree.call("sorted", keys) if is_sorted else keys, tree.store(index), elements
        )

    def unlisted(self, iterable: Any) -> Any:
        """What stands inside of `list(...)` or `tuple(...)`, unless the loop may change that and not the list."""
        while (
            tree.called_name(iterable) in ("list", "tuple")
            and len(iterable.args) == 1
            and not iterable.keywords
            and not self.is_changing
        ):
            iterable = iterable.args[0]
        return iterable

    # --- names ---
    def items(self, value: Any, wanted: str) -> Node:
        """A name for what may be indexed, or the expression itself."""
        return self.bound(self.checked(self.unlisted(value)), wanted)

    def bound(self, value: Any, wanted: str) -> Node:
        """The value itself if it is cheap and the loop leaves it alone, otherwise a name for it."""
        if is_cheap(value) and not bound_names(self.node) & tree.names_read(value):
            return value
        name = self.names.fresh(wanted)
        self.before.append(tree.assign(name, value))
        return tree.name(name)

    def assigned(self, target: Any, value: Any) -> list[Node]:
        """Single assignments of an element to the names of the loop."""
        if isinstance(value, gast.Tuple):
            targets = _elements(target, len(value.elts))
            if None not in targets:
                pairs = zip(targets, value.elts, strict=True)
                return [s for pair in pairs for s in self.assigned(*pair)]
        if tree.is_name(target) and tree.is_name(value, target.id):
            return []
        if tree.is_name(target, "_") and "_" not in tree.names_read(self.node.body):
            return []
        holder = tree.function_def("element", [], [tree.assign(target, value)])
        return list(split_targets(holder, self.names).body)

    # --- refused ---
    def checked(self, iterable: Any) -> Node:
        """An iterable that may be indexed: what an unknown function gives becomes a list."""
        if not isinstance(iterable, gast.Call):
            return iterable
        path = path_of(iterable.func)
        if path and path[-1] in _ONCE:
            raise self.refused(
                iterable,
                "its elements are made while the loop runs",
                "loop over a list or over indices",
            )
        is_method = (
            isinstance(iterable.func, gast.Attribute) and iterable.func.attr in _ARRAY_METHODS
        )
        is_indexed = (
            is_method or is_of_module(iterable.func) or path in (["list"], ["tuple"], ["sorted"])
        )
        return iterable if is_indexed and path[:1] != ["itertools"] else tree.call("list", iterable)

    def refuse_growth(self, iterable: Any) -> None:
        """A loop over a list that its own body appends to."""
        if tree.is_name(iterable) and iterable.id in appended_names(self.node.body):
            raise self.refused(
                iterable,
                "the list grows while the loop goes through it",
                f"loop over list({iterable.id})",
            )
        if tree.called_name(iterable) in ("zip", "enumerate", "reversed"):
            for argument in iterable.args:
                self.refuse_growth(argument)

    def refused(self, node: Node, why: str, instead: str) -> UnsupportedSyntaxError:
        return UnsupportedSyntaxError(
            f"a loop over `{tree.show(node)}`", at=node, why=why, instead=instead
        )


def _plural(target: Any) -> str:
    return f"{target.id}s" if isinstance(target, gast.Name) and len(target.id) > 1 else "items"


def _index_of(target: Any) -> str:
    return f"{target.id}_index" if isinstance(target, gast.Name) else "index"


def _elements(target: Any, count: int) -> list[Any]:
    is_split = isinstance(target, gast.Tuple) and len(target.elts) == count
    return list(target.elts) if is_split else [None] * count


def _shortest(lengths: tuple[Node, ...]) -> Node:
    lengths = tuple(tree.clone(length) for length in lengths)
    return lengths[0] if len(lengths) == 1 else tree.call("min", *lengths)


def _equal(a: Node, b: Node) -> Node:
    """A statement that raises what a strict `zip` raises."""
    text = "if a != b: raise ValueError('zip() arguments have different lengths')"
    (statement,) = tree.substitute(tree.parse(text), {"a": a, "b": b})
    for node in tree.walk(statement):
        node.lineno = None  # type: ignore[attr-defined]
    return statement
