"""Writes to the objects in a list: the object is taken out, written to under a name of its own, and put back.

ps[i].x += dt     ->     p = with_attributes(ps[i])
                         p.x += dt
                         ps[i] = with_attributes(p)
"""

from collections.abc import Callable, Iterator
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.attribute_elements import changed_places
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.scopes import blocks, own_nodes
from knetsrc.transform.own_methods import plain

_JUMPS = (gast.Return, gast.Break, gast.Continue)
_PLAIN_INDEX = (gast.Name, gast.Constant, gast.BinOp, gast.UnaryOp)


class NotTheSameError(Exception):
    """A statement for which this is not known to be the same."""


class Writes:
    """The writes to the objects of one list.

    Parameters
    ----------
    text
        The name of the list, of which each object is only met as an entry.
    is_writing
        Whether a method of the objects writes to its object.
    names
        Names taken.

    Attributes
    ----------
    taken
        Names of the objects that are taken out.
    """

    def __init__(self, text: str, is_writing: Callable[[str], bool], names: Names) -> None:
        self.text, self.is_writing, self.names = text, is_writing, names
        self.taken: list[str] = []

    def written_out(self, function: gast.FunctionDef) -> gast.FunctionDef | None:
        """The function without writes to entries; None where it is not known how. None are taken where there are none."""
        try:
            return tree.with_body(function, self.block(tree.clone(function.body)))
        except NotTheSameError:
            return None

    def block(self, body: list[Any]) -> list[Any]:
        """Statements in which objects are taken out where they are written."""
        found: list[Any] = []
        i = 0
        while i < len(body):
            node = body[i]
            written = next(self._written(node), None)
            end = self._end(body, i, written) if written is not None else i
            if written is None:
                found.append(node)
            elif end > i:
                found += self._taken_out(written, body[i:end])
                i = end - 1
            elif any(blocks(node)):
                found += self._compound(node)
            else:
                found += self._single(node, written)
            i += 1
        return found

    # --- what is written -----------------------------------------------------------------------------------------------------
    def _written(self, node: Any) -> Iterator[Any]:
        """Entries to which a node writes."""
        places = list(changed_places([node]))
        for inner in own_nodes(node):
            if isinstance(inner, gast.Attribute) and not isinstance(inner.ctx, gast.Load):
                places.append(inner)
            elif isinstance(inner, gast.Call) and self._is_method(inner.func):
                places.append(inner.func)
        found = (self._entry_below(place) for place in places)
        yield from (entry for entry in found if entry is not None)

    def _is_method(self, function: Any) -> bool:
        if isinstance(function, gast.Attribute) and self._is_entry(function.value):
            return self.is_writing(plain(function.attr))
        return self._is_entry(function) and self.is_writing("__call__")

    def _entry_below(self, place: Any) -> Any:
        """The entry of which something is written: `ps[i]` for `ps[i].u[0]`; none for `ps[i]` itself."""
        if self._is_entry(place) and not isinstance(place.ctx, gast.Load):
            return None
        while isinstance(place, gast.Attribute | gast.Subscript):
            if self._is_entry(place):
                return place
            place = place.value
        return None

    def _is_entry(self, node: Any) -> bool:
        return isinstance(node, gast.Subscript) and tree.is_name(node.value, self.text)

    def _end(self, body: list[Any], start: int, entry: Any) -> int:
        """Behind the last write of a run of statements that read and write nothing else of the list."""
        index = self._indices(entry)
        end = i = start
        while i < len(body) and self._is_alone(body[i], entry):
            if tree.names_written(body[i]) & index:
                break
            i += 1
            end = i if next(self._written(body[i - 1]), None) is not None else end
        return end

    def _indices(self, entry: Any) -> set[str]:
        """Names by which it is told which entry is written."""
        return tree.names_read(entry.slice)  # type: ignore[no-any-return]

    def _is_alone(self, node: Any, entry: Any) -> bool:
        if any(isinstance(n, _JUMPS) for n in tree.walk(node)):
            return False
        return not self._others(node, entry)

    def _others(self, node: Any, entry: Any) -> bool:
        """Whether a node reads something of the list that is not this entry."""
        if self._is_entry(node) and tree.is_same(node.slice, entry.slice):
            return False
        if tree.is_name(node, self.text):
            return True
        return any(self._others(child, entry) for child in tree.children(node))

    # --- statements ------------------------------------------------------------------------------------------------------------
    def _taken_out(self, entry: Any, statements: list[Any]) -> list[Any]:
        if not all(isinstance(n, _PLAIN_INDEX) for n in _expressions(entry.slice)):
            raise NotTheSameError
        text = self.names.fresh(getattr(entry, "wanted", "item"))
        self.taken.append(text)

        def named(node: gast.Subscript) -> tree.Node:
            is_same = self._is_entry(node) and tree.is_same(node.slice, entry.slice)
            return tree.at(tree.name(text), node) if is_same else node

        read = tree.subscript(tree.name(self.text), tree.clone(entry.slice))
        before = tree.assign(text, tree.call(WITH, read))
        inside = tree.rewrite(statements, {gast.Subscript: named})
        after = tree.assign(tree.target_of(tree.clone(read)), tree.call(WITH, tree.name(text)))
        return [tree.at(before, statements[0]), *inside, tree.at(after, statements[-1])]

    def _compound(self, node: Any) -> list[Any]:
        before: list[Any] = []
        heads = [p for p in ("test", "iter") if getattr(node, p, None) is not None]
        for part in heads:
            value = getattr(node, part)
            if next(self._written(value), None) is None:
                continue
            if isinstance(node, gast.While):
                raise NotTheSameError
            text = self.names.fresh("condition" if part == "test" else "items")
            before += self.block([tree.at(tree.assign(text, value), node)])
            setattr(node, part, tree.at(tree.name(text), value))
        if any(next(self._written(i), None) is not None for i in getattr(node, "items", ())):
            raise NotTheSameError
        for inner in blocks(node):
            inner[:] = self.block(inner)
        return [*before, node]

    def _single(self, node: Any, entry: Any) -> list[Any]:
        """A statement that reads other entries beside the one that it writes: all are read before."""
        if isinstance(node, gast.Return):
            text = self.names.fresh("result")
            value = tree.at(tree.assign(text, node.value), node)
            return [*self.block([value]), tree.at(tree.return_(tree.name(text)), node)]
        if isinstance(node, gast.Assign) and (
            len(node.targets) > 1 or _is_display(node.targets[0])
        ):
            return self._by_names(node)
        value = getattr(node, "value", None)
        written = list(self._written(node))
        if len(written) != 1 or not isinstance(node, gast.Assign | gast.AugAssign | gast.Expr):
            raise NotTheSameError
        if isinstance(value, gast.Call) and next(self._written(value), None) is not None:
            if next(self._written_in([*value.args, *value.keywords]), None) is not None:
                raise NotTheSameError
        elif next(self._written_in([value]), None) is not None:
            raise NotTheSameError
        targets = node.targets if isinstance(node, gast.Assign) else [getattr(node, "target", None)]
        indices = (n for t in targets if t is not None for n in _inside(t))
        if any(self._others(n, entry) for n in indices):
            raise NotTheSameError
        return self._taken_out(entry, [node])

    def _written_in(self, nodes: list[Any]) -> Iterator[Any]:
        for node in nodes:
            yield from self._written(node)

    def _by_names(self, node: Any) -> list[Any]:
        """Names in the place of several targets, which are written one after the other."""
        after: list[Any] = []

        def named(target: Any) -> Any:
            if _is_display(target):
                return tree.target_of(tree.tuple_of([named(t) for t in target.elts]))
            if self._entry_below(target) is None:
                return target
            text = self.names.fresh(f"new_{getattr(target, 'attr', 'value')}")
            after.append(tree.at(tree.assign_to([target], tree.name(text)), node))
            return tree.target_of(tree.name(text))

        targets = [named(t) for t in node.targets]
        if not after or next(self._written_in([node.value]), None) is not None:
            raise NotTheSameError
        bound = tree.at(tree.assign_to(targets, node.value), node)
        return [bound, *self.block(after)]


def without_copies(core: gast.FunctionDef) -> gast.FunctionDef:
    """`p = ps[i]` for `p = with_attributes(ps[i])`, where all that writes to an object makes a new one."""

    def plain_value(node: gast.Call) -> tree.Node:
        is_copy = tree.called_name(node) == WITH and not node.keywords
        return node.args[0] if is_copy else node

    return tree.rewrite(core, {gast.Call: plain_value})  # type: ignore[no-any-return]


def _is_display(target: Any) -> bool:
    return isinstance(target, gast.Tuple | gast.List)


def _expressions(node: Any) -> list[Any]:
    kinds = (gast.expr,)
    return [n for n in tree.walk(node) if isinstance(n, kinds)]


def _inside(target: Any) -> list[Any]:
    """What stands in the indices of a target."""
    return [n.slice for n in tree.walk(target) if isinstance(n, gast.Subscript)]
