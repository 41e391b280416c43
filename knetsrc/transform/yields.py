"""Generator functions that a loop or a call goes through: they become functions that return lists.

def states(x):                              def states(x):
    for i in range(3):                          values = []
        x = np.sin(x)                 ->        for i in range(3):
        yield x                                     x = np.sin(x)
                                                    values.append(x)
                                                return values

A list is the same where all of it is gone through, and nothing changes on the way. A loop that may end early, or that writes
into what the generator reads, has the generator's own loop written around its body instead.
"""

from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.generators import (
    definition_of,
    taken_over,
    without_unread,
    yields_in,
)
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.jumps import jumps_in
from knetsrc.transform.normalize.scopes import (
    all_blocks,
    blocks,
    bound_names,
    definitions,
    own_nodes,
    parameters,
    rewritten,
)
from knetsrc.transform.source import Source

_REFUSED = "append the values to a list and return the list"


def is_generator(function: gast.FunctionDef) -> bool:
    """Whether a function is a generator."""
    return bool(yields_in(function.body))


def listed(function: gast.FunctionDef) -> gast.FunctionDef:
    """A generator function as one that returns the list of its values.

    Raises
    ------
    UnsupportedSyntaxError
        For one without an end, and one that is sent values.

    >>> (function,) = tree.parse("def f(x): yield from x")
    >>> print(tree.show(listed(function)))
    def f(x):
        values = []
        for value in x:
            values.append(value)
        return values
    """
    if _is_endless(function):
        raise _refused("a generator without an end", function, "its values do not make a list")
    names = Names.of(function)
    values = names.fresh("values")

    def returned(node: gast.Return) -> gast.Return:
        if node.value is not None and not tree.is_constant(node.value, None):
            raise _refused("a generator that returns a value", node, "a loop does not see it")
        return tree.return_(tree.name(values))

    function = tree.clone(function)
    _append(function.body, values, names)
    for left in yields_in(function.body):
        raise _refused(
            "the value of a `yield`", left, "what is sent to a generator is not followed"
        )
    _replace_returns(function.body, returned)
    start = tree.assign(values, tree.list_of([]))
    end = tree.return_(tree.name(values))
    function.body = [tree.at(start, function), *function.body, tree.at(end, function)]
    return function


def unfold_yields(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """Write out the loops over generators that may end early, and let generators inside return lists.

    Parameters
    ----------
    function
        A function as parsed. It is not modified.
    source
        Where it was read.
    """
    function = tree.clone(function)
    loops = _Loops(function, source, Names.of(function))
    function.body[:] = rewritten(function.body, loops.statement, all_blocks)
    function = without_unread(function)
    inner = [n for n in tree.walk(function.body) if isinstance(n, gast.FunctionDef)]
    if not any(map(is_generator, inner)):
        return function
    generators = {n.name for n in inner if is_generator(n)}

    def kept(node: gast.Assign) -> gast.Assign:
        if tree.called_name(node.value) in generators:
            node.value = tree.at(tree.call("iter", node.value), node.value)
        return node

    def changed(node: gast.FunctionDef) -> gast.FunctionDef:
        return listed(node) if is_generator(node) else node

    handlers = {gast.FunctionDef: changed, gast.Assign: kept}
    function.body = tree.rewrite(function.body, handlers)
    return function


@dataclass
class _Loops:
    function: gast.FunctionDef
    source: Source
    names: Names

    def statement(self, node: Any) -> list[tree.Node]:
        if not isinstance(node, gast.For):
            return [node]
        generator = self.generator(node.iter)
        if generator is None or not self.is_to_be_written_out(node, generator):
            return [node]
        call: Any = node.iter
        written = taken_over(generator, call, self.function, self.names, node.body)
        new = None if written is None else _around(written.body, node)
        if written is None or new is None:
            raise _refused(
                f"a loop over `{tree.show(node.iter)}` that may end early",
                node.iter,
                "how far the generator has come is not known to the backward sweep",
            )
        return [*written.before, *new]

    def generator(self, call: Any) -> gast.FunctionDef | None:
        """The definition of the generator that a call makes; None for other expressions."""
        if not isinstance(call, gast.Call):
            return None
        if isinstance(call.func, gast.Name):
            own = [n for n in definitions(self.function.body) if n.name == call.func.id]
            if own:
                return own[0] if len(own) == 1 and is_generator(own[0]) else None
        return definition_of(self.source.value_of(call.func), self.source)

    def is_to_be_written_out(self, node: gast.For, generator: gast.FunctionDef) -> bool:
        """Whether a list of all values would not be the same."""
        leaves = [n for n in jumps_in(node.body) if not isinstance(n, gast.Continue)]
        every = [n for n in own_nodes(node.body) if isinstance(n, gast.Return)]
        local = {*parameters(generator), *bound_names(generator.body)}
        is_inside = any(n is generator for n in tree.walk(self.function))
        read = tree.names_read(node.iter)
        captured = tree.names_read(generator.body) - local if is_inside else set()
        changed = changed_names(node.body) | _called_on(node.body)
        return bool(
            leaves
            or every
            or _is_endless(generator)
            or changed & (read | captured)
            or bound_names(node.body) & captured
        )


def _called_on(body: list[tree.Node]) -> set[str]:
    """Names of which a method is called as a statement: it may change them."""
    calls = [n.value for n in own_nodes(body) if isinstance(n, gast.Expr)]
    owners = [c.func.value for c in calls if isinstance(getattr(c, "func", None), gast.Attribute)]
    return {n.id for owner in owners for n in tree.walk(owner) if isinstance(n, gast.Name)}


def _around(body: list[Any], node: Any) -> list[tree.Node] | None:
    """The body of a generator with that of a loop over it at its `yield`, which stands in the last loop."""
    loop: Any = body[-1] if body else None
    is_loop = isinstance(loop, gast.For | gast.While) and not loop.orelse
    if not is_loop or len(yields_in(body)) != 1:
        return None
    place = next((i for i, s in enumerate(loop.body) if _is_yield(s)), None)
    if place is None or any(isinstance(n, gast.Return) for n in own_nodes(body)):
        return None
    skips = any(isinstance(n, gast.Continue) for n in jumps_in(node.body))
    own_breaks = any(isinstance(n, gast.Break) for n in jumps_in(loop.body))
    if (skips and place + 1 < len(loop.body)) or (node.orelse and own_breaks):
        return None
    value = loop.body[place].value.value or tree.constant(None)
    bound = tree.at(tree.assign(node.target, value), node)
    loop.body[place : place + 1] = [bound, *node.body]
    loop.orelse = node.orelse
    return body


def _is_yield(node: Any) -> bool:
    return isinstance(node, gast.Expr) and isinstance(node.value, gast.Yield)


def _is_endless(function: gast.FunctionDef) -> bool:
    """Whether a generator has a loop that only a consumer ends."""
    for node in own_nodes(function.body):
        endless = isinstance(node, gast.While) and isinstance(node.test, gast.Constant)
        if isinstance(node, gast.For) and isinstance(node.iter, gast.Call):
            endless = tree.show(node.iter.func).rpartition(".")[2] in ("count", "cycle", "repeat")
        if endless:
            leaves = [n for n in jumps_in(node.body) if isinstance(n, gast.Break)]
            leaves += [n for n in own_nodes(node.body) if isinstance(n, gast.Return)]
            if not leaves:
                return True
    return False


def _append(body: list[Any], values: str, names: Names) -> None:
    for i, node in enumerate(body):
        for inner in blocks(node):
            _append(inner, values, names)
        given = node.value if isinstance(node, gast.Expr) else None
        if isinstance(given, gast.Yield):
            body[i] = _appended(values, given.value or tree.constant(None), node)
        elif isinstance(given, gast.YieldFrom):
            item = names.fresh("value")
            add = _appended(values, tree.name(item), node)
            body[i] = tree.at(tree.for_(item, given.value, [add]), node)


def _appended(values: str, value: tree.Node, node: tree.Node) -> tree.Node:
    return tree.at(tree.expression(tree.call(f"{values}.append", value)), node)


def _replace_returns(body: list[Any], returned: Any) -> None:
    for i, node in enumerate(body):
        for inner in blocks(node):
            _replace_returns(inner, returned)
        if isinstance(node, gast.Return):
            body[i] = tree.at(returned(node), node)


def _refused(what: str, node: tree.Node, why: str) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(what, at=node, why=why, instead=_REFUSED)
