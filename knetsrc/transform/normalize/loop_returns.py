"""`return` in a loop that is followed by a `return` of the same."""

from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.loop_else import has_break
from knetsrc.transform.normalize.scopes import blocks
from knetsrc.transform.tree import Node

_CALLED_LATER = (gast.FunctionDef, gast.Lambda, gast.GeneratorExp, gast.Yield, gast.YieldFrom)


def leave_loops(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Let a loop, none of which has an `else` by now, go on to the `return` behind it where that gives what the one inside would.

    A name may be given another value for that, as nothing reads it but the `return`.

    >>> from knetsrc.transform.language import show
    >>> show(leave_loops, '''
    ... for _ in range(n):
    ...     y = g(x)
    ...     if abs(y - x) < 1e-9:
    ...         return y
    ...     x = y
    ... return x
    ... ''')
    for _ in range(n):
        y = g(x)
        done = abs(y - x) < 1e-09
        x = y
        if done:
            break
    return x
    """
    if not any(isinstance(node, gast.For | gast.While) for node in tree.walk(function.body)):
        return function
    function = tree.clone(function)
    writer = _Leaving(names, _plain_names(function))
    function.body = writer.block(function.body)
    return function


@dataclass(frozen=True)
class _Leaving:
    """The rewriting of one function, of which some names are `plain`: they may be given another value."""

    names: Names
    plain: frozenset[str]

    def block(self, body: list[Node]) -> list[Node]:
        for node in body:
            for inner in blocks(node):
                inner[:] = self.block(inner)
        found: list[Node] = []
        for i, node in enumerate(body):
            following = body[i + 1] if i + 1 < len(body) else None
            if isinstance(node, gast.While) and (last := _only_return(node)) is not None:
                node.body = self.left(node.body, last)
                return [*found, node, last]
            if isinstance(node, gast.For | gast.While) and isinstance(following, gast.Return):
                node.body = self.left(node.body, following)
            found.append(node)
        return found

    def left(self, body: list[Any], following: gast.Return) -> list[Node]:
        """Statements of the loop, down to its branches; a `with` or `try` may do something on the way out."""
        found: list[Node] = []
        for i, node in enumerate(body):
            if isinstance(node, gast.If):
                node.body = self.left(node.body, following)
                node.orelse = self.left(node.orelse, following)
                if shared := _shared(node, body[i + 1 :]):
                    done = self.names.fresh("done")
                    test = tree.at(tree.assign(done, node.test), node)
                    leave = tree.at(tree.if_(tree.name(done), [node.body[-1]]), node)
                    rest = self.left(body[i + 1 + len(shared) :], following)
                    return [*found, test, *shared, leave, *rest]
            others = _renamed(node, following) if isinstance(node, gast.Return) else None
            if others is not None and {*others, *others.values()} <= self.plain:
                assigned = [tree.assign(text, tree.name(other)) for text, other in others.items()]
                found += tree.at([*assigned, tree.break_()], node)
            else:
                found.append(node)
        return found


def _only_return(loop: gast.While) -> gast.Return | None:
    """The `return` that is the only way out of an endless loop."""
    if not tree.is_constant(loop.test, True) or has_break(loop.body):
        return None
    returns = [node for node in tree.walk(loop.body) if isinstance(node, gast.Return)]
    return tree.clone(returns[0]) if len(returns) == 1 and _reaches(loop.body) else None


def _reaches(body: list[Node]) -> bool:
    """Whether a `return` is in these statements or in their branches, and in no loop, function, `with` or `try` of them."""
    inside = [b for node in body if isinstance(node, gast.If) for b in (node.body, node.orelse)]
    return any(isinstance(node, gast.Return) for node in body) or any(map(_reaches, inside))


def _shared(branch: gast.If, rest: list[Node]) -> list[Node]:
    """The assignments before the `break` that is all else of a branch, where the same ones follow it."""
    *assigned, last = branch.body
    is_left = isinstance(last, gast.Break) and not branch.orelse
    return (
        rest[: len(assigned)] if is_left and tree.is_same(assigned, rest[: len(assigned)]) else []
    )


def _renamed(node: gast.Return, following: gast.Return) -> dict[str, str] | None:
    """What names of `following` are called in `node`; None where the two differ by more."""
    pairs = zip(_names(following), _names(node), strict=False)
    others = {text: other for text, other in pairs if text != other}
    given = {text: tree.name(other) for text, other in others.items()}
    is_renamed = tree.is_same(tree.substitute(following, given), node)
    return others if is_renamed and others.keys().isdisjoint(others.values()) else None


def _names(node: Node) -> list[str]:
    return [n.id for n in tree.walk(node) if isinstance(n, gast.Name)]


def _plain_names(function: gast.FunctionDef) -> frozenset[str]:
    """Names that no function inside may read and that nothing is written into: these may stand for one value."""
    nodes = list(tree.walk(function.body))
    if any(isinstance(node, (*_CALLED_LATER, gast.Global, gast.Nonlocal)) for node in nodes):
        return frozenset()
    written = set[str]()
    for node in nodes:
        if isinstance(node, gast.AugAssign):
            written |= tree.names_written(node.target) | tree.names_read(node.target)
        elif isinstance(node, gast.Subscript | gast.Attribute) and isinstance(node.ctx, gast.Store):
            written |= tree.names_read(node.value)
        elif isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            written |= tree.names_read(node.func.value)
    return frozenset(tree.names_written(function.body) - written)
