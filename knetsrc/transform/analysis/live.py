"""Which names are read after a statement.

a[0] = b        at this place: those that the statements below read before they bind them
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree


def live_after(
    function: gast.FunctionDef, places: Container[int], at_end: frozenset[str] = frozenset()
) -> dict[int, frozenset[str]]:
    """Names that are read after statements, for those of which the `id` is among `places`.

    What `at_end` names is read after the last statement as well.

    >>> (function,) = tree.parse("def f(a, b):\\n a[0] = b\\n b = a\\n return b")
    >>> sorted(live_after(function, [id(function.body[0])])[id(function.body[0])])
    ['a']
    """
    walk = _Live(places)
    walk.block(function.body, at_end, frozenset())
    return walk.found


@dataclass
class _Live:
    """Names that are read after a place, against the direction of the text."""

    places: Container[int]
    found: dict[int, frozenset[str]] = field(default_factory=dict)

    def block(
        self, body: Iterable[tree.Node], after: frozenset[str], at_exit: frozenset[str]
    ) -> frozenset[str]:
        for node in reversed(list(body)):
            after = self.statement(node, after, at_exit)
        return after

    def statement(
        self, node: tree.Node, after: frozenset[str], at_exit: frozenset[str]
    ) -> frozenset[str]:
        if id(node) in self.places:
            self.found[id(node)] = self.found.get(id(node), frozenset()) | after
        if isinstance(node, gast.If):
            ends = [self.block(b, after, at_exit) for b in (node.body, node.orelse)]
            return ends[0] | ends[1] | tree.names_read(node.test)
        if isinstance(node, gast.For | gast.While):
            return self._loop(node, after)
        if isinstance(node, gast.With):
            headers = [item.context_expr for item in node.items]
            return after | tree.names_read(headers) | self.block(node.body, after, at_exit)
        if isinstance(node, gast.Try):
            return self._try(node, after, at_exit)
        if isinstance(node, gast.Break):
            return at_exit
        return (after - tree.names_written(node)) | tree.names_read(node)

    def _try(
        self, node: gast.Try, after: frozenset[str], at_exit: frozenset[str]
    ) -> frozenset[str]:
        after = self.block(node.finalbody, after, at_exit)
        failed = frozenset[str]().union(
            *(self.block(h.body, after, at_exit) for h in node.handlers),
            *(tree.names_read(h.type) for h in node.handlers if h.type is not None),
        )
        after = self.block(node.orelse, after, at_exit)
        for statement in reversed(node.body):  # each of them may fail
            after = self.statement(statement, after | failed, at_exit) | failed
        return after | failed

    def _loop(self, node: tree.Node, after: frozenset[str]) -> frozenset[str]:
        head = after | tree.names_read(node.iter if isinstance(node, gast.For) else node.test)
        target = tree.names_written(node.target) if isinstance(node, gast.For) else set()
        while True:
            more = head | (self.block(node.body, head, after) - target)
            if more == head:
                return head
            head = more
