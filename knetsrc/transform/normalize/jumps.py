"""`return`, `break` and `continue` in the middle of a block.

    for x in xs:                      for x in xs:
        if x < 0:                         if not x < 0:
            continue                          if x > 9:
        if x > 9:              ->                 result = x
            return x                              returned = True
        y = y + x                                 break
    return y                                  else:
                                                  y = y + x
                                      if not returned:
                                          result = y
                                      return result

What follows a branch that jumps moves into the branch that does not; then every jump is the last
thing that its block does. Only where several branches go on to the same statements does a flag say
which way was taken.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.conditions import negated
from knetsrc.transform.normalize.effects import path_of
from knetsrc.transform.normalize.loop_else import has_break, loop_nodes
from knetsrc.transform.normalize.scopes import blocks
from knetsrc.transform.tree import Node

_JUMPS = (gast.Return, gast.Break, gast.Continue)
_FLAGS = {gast.Break: "stopped", gast.Continue: "skipped"}
_SMALL = 6  # nodes of a jump that may be written twice


def structure_jumps(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Leave one `return`, at the end, no `continue`, and `break` only where a block ends.

    >>> from knetsrc.transform.language import show
    >>> show(structure_jumps, '''
    ... if n == 0:
    ...     return 1
    ... half = f(n)
    ... return half * half
    ... ''')
    if n == 0:
        result = 1
    else:
        half = f(n)
        result = half * half
    return result
    """
    function = tree.clone(function)
    for node in tree.walk(function):
        if isinstance(node, gast.Return) and node.value is None:
            node.value = tree.at(tree.constant(None), node)
    writer = _Jumps(names)
    body = writer.block(function.body)
    body = writer.tails([*body, *tree.at([tree.return_(tree.constant(None))], function)])
    function.body = writer.finish(body, function)
    return function


@dataclass
class _Jumps:
    names: Names

    @cached_property
    def result(self) -> str:
        """The name of what is returned."""
        return self.names.fresh("result")

    @cached_property
    def returned(self) -> str:
        """The flag that is set when a `return` has been met inside a loop or a `with`."""
        return self.names.fresh("returned")

    # --- loops and `with`, inner ones first ---
    def block(self, body: list[Node]) -> list[Node]:
        """Let no `return` leave a loop, and no jump a `with`."""
        found: list[Node] = []
        for i, node in enumerate(body):
            for inner in blocks(node):
                inner[:] = self.block(inner)
            if isinstance(node, gast.For | gast.While):
                found += self.loop(node)
            elif isinstance(node, gast.With) and jumps_in([node]):
                found += self.with_(node, is_last=i == len(body) - 1)
            elif isinstance(node, gast.Try) and jumps_in([node]):
                found += self.try_(node)
            else:
                found.append(node)
        return found

    def loop(self, node: Any) -> list[Node]:
        body = self.tails(node.body)
        returns = any(isinstance(jump, gast.Return) for jump in jumps_in(body))
        only_returns = (
            isinstance(node, gast.While)
            and tree.is_constant(node.test, True)
            and not has_break(body)
        )
        node.body = self.replaced(body, gast.Continue, lambda jump: [])
        if not returns:
            return [node]
        flag = [] if only_returns else [tree.assign(self.returned, tree.constant(True))]
        node.body = self.replaced(
            node.body, gast.Return, lambda jump: [*self.stored(jump), *flag, tree.break_()]
        )
        leave = [tree.return_(tree.name(self.result))]
        after = leave if only_returns else [tree.if_(tree.name(self.returned), leave)]
        return [node, *tree.at(after, node)]

    def with_(self, node: gast.With, is_last: bool) -> list[Node]:
        goes_on = open_ends(body := self.tails(node.body)) > 0
        kinds = {type(jump): jump for jump in jumps_in(body)}
        suppresses = any(
            "suppress" in path_of(getattr(i.context_expr, "func", i.context_expr))
            for i in node.items
        )
        if len(kinds) == 1 and not goes_on and is_last and not suppresses:
            ((kind, example),) = kinds.items()
            node.body = self.replaced(body, kind, self.stored) or tree.at([tree.pass_()], node)
            return [node, *tree.at([self.onward(example)], node)]
        node.body = body
        return self.flagged(node)

    def try_(self, node: gast.Try) -> list[Node]:
        """Let jumps of a `try` and of its handlers leave it by flags; its `else` runs where it did not jump."""
        for block in blocks(node):
            block[:] = self.tails(block)
        may_skip_else = bool(node.orelse) and bool(jumps_in(node.body))
        found = self.flagged(node)
        test: Any = found[-1]
        while may_skip_else and isinstance(test, gast.If):
            node.orelse = tree.at([tree.if_(tree.negation(test.test), node.orelse)], node)
            test = test.orelse[0] if test.orelse else None
        return found

    # --- blocks ---
    def tails(self, body: list[Node]) -> list[Node]:
        """Let every jump end its block; what comes after an `if` that jumps moves into it."""
        for i, node in enumerate(body):
            if isinstance(node, _JUMPS):
                return body[: i + 1]
            if isinstance(node, gast.If) and jumps_in([node]):
                node.body, node.orelse = self.tails(node.body), self.tails(node.orelse)
                rest = self.tails(body[i + 1 :])
                return [*body[:i], *self.joined(node, rest)]
        return body

    def joined(self, node: gast.If, rest: list[Node]) -> list[Node]:
        ends = open_ends([node])
        if ends <= 1 or not rest or (len(rest) == 1 and _is_small(rest[0])):
            return [attached(node, rest)]
        *before, leave = self.flagged(node)
        return [*before, attached(leave, rest)]

    def flagged(self, node: Any) -> list[Node]:
        """Turn the jumps inside into flags, and jump behind the statement."""
        kinds = {type(jump): jump for jump in jumps_in([node])}
        found: list[Node] = []
        leave: list[Node] = []
        for kind, example in kinds.items():
            flag = self.returned if kind is gast.Return else self.names.fresh(_FLAGS[kind])
            up = tree.assign(flag, tree.constant(True))
            if kind is not gast.Return:
                found += tree.at([tree.assign(flag, tree.constant(False))], node)
            for block in blocks(node):
                block[:] = self.replaced(block, kind, lambda jump, up=up: [*self.stored(jump), up])
            jump = self.onward(example)
            leave = tree.at([tree.if_(tree.name(flag), [jump], leave)], node)
        return [*found, node, *leave]

    def onward(self, jump: Node) -> Node:
        """The jump that goes on from outside of a statement where the result has been stored."""
        return (
            tree.return_(tree.name(self.result))
            if isinstance(jump, gast.Return)
            else tree.clone(jump)
        )

    def stored(self, jump: Any) -> list[Node]:
        if not isinstance(jump, gast.Return) or tree.is_name(jump.value, self.result):
            return []  # a `return result` is one that has stored it further inside
        return [tree.assign(self.result, jump.value)]

    def replaced(self, body: list[Node], kind: type, write: Any) -> list[Node]:
        """Write something else for jumps of one kind; an `if` keeps no empty branch."""
        found: list[Node] = []
        for node in body:
            if isinstance(node, kind):
                found += tree.at(tree.clone(write(node)), node)
            elif isinstance(node, gast.If) and jumps_in([node]):
                node.body = self.replaced(
                    node.body, kind, self._known(write) if self._is_flag(node.test) else write
                )
                node.orelse = self.replaced(node.orelse, kind, write)
                found += without_empty(node)
            else:
                found.append(node)
        return found

    def _is_flag(self, test: Node) -> bool:
        return "returned" in self.__dict__ and tree.is_name(test, self.returned)

    def _known(self, write: Any) -> Any:
        """Leave out to set the flag `returned` where it is known to be set."""

        def without(jump: Node) -> list[Node]:
            return [
                n
                for n in write(jump)
                if not (isinstance(n, gast.Assign) and tree.is_name(n.targets[0], self.returned))
            ]

        return without

    # --- the end of the function ---
    def finish(self, body: list[Node], function: gast.FunctionDef) -> list[Node]:
        returns = [n for n in jumps_in(body) if isinstance(n, gast.Return)]
        if len(returns) > 1 or returns[0] is not body[-1]:
            body = self.replaced(body, gast.Return, self.stored)
            body += tree.at([tree.return_(tree.name(self.result))], returns[-1])
        used = [
            i
            for i, n in enumerate(body)
            if "returned" in self.__dict__ and self.returned in tree.names_written(n)
        ]
        if used:
            first = used[0]
            body.insert(
                first, tree.at(tree.assign(self.returned, tree.constant(False)), body[first])
            )
        return body


def jumps_in(body: list[Node]) -> list[Node]:
    """Jumps that leave these statements."""
    return [n for statement in body for n in loop_nodes(statement) if isinstance(n, _JUMPS)]


def open_ends(body: list[Any]) -> int:
    """In how many branches control reaches the end of a block."""
    for node in body:
        if isinstance(node, (*_JUMPS, gast.Raise)):
            return 0
    last = body[-1] if body else None
    if isinstance(last, gast.If):
        ends = open_ends(last.body) + open_ends(last.orelse)
        return ends if jumps_in([last]) else min(ends, 1)
    return 1


def attached(node: Any, rest: list[Node]) -> Node:
    """Write `rest` at the end of each branch that reaches its end."""
    for field in ("body", "orelse"):
        block = getattr(node, field)
        if open_ends(block) == 0:
            continue
        if block and isinstance(block[-1], gast.If) and jumps_in([block[-1]]):
            block[-1] = attached(block[-1], rest)
        else:
            setattr(node, field, [*block, *tree.clone(rest)])
    return node


def without_empty(node: gast.If) -> list[Node]:
    """An `if` without empty branches."""
    if node.body:
        return [node]
    if node.orelse:
        return [tree.at(tree.if_(negated(node.test), node.orelse), node)]
    if isinstance(node.test, gast.Name):
        return []
    node.body = tree.at([tree.pass_()], node)
    return [node]


def _is_small(node: Node) -> bool:
    return isinstance(node, _JUMPS) and len(list(tree.walk(node))) <= _SMALL
