"""Generator functions that a loop or a call goes through: they become functions that return lists.

def states(x):                              def states(x):
    for i in range(3):                          values = []
        x = np.sin(x)                 ->        for i in range(3):
        yield x                                     x = np.sin(x)
                                                    values.append(x)
                                                return values

A list is the same where all of it is gone through, and nothing changes on the way. A loop that may end early, or where the loop
or the generator writes into what the other one reads (`turns`), has the generator's own loop written around its body instead.
"""

import functools
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
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
    definitions,
    own_nodes,
    rewritten,
)
from knetsrc.transform.source import Source
from knetsrc.transform.turns import Turns, leaves, refused

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
    """Write out the loops over generators that may end early or run in turns with them, and let generators inside return lists.

    Parameters
    ----------
    function
        A function as parsed. It is not modified.
    source
        Where it was read.

    Raises
    ------
    UnsupportedSyntaxError
        For a generator that cannot be written out where it must be.
    """
    function = tree.clone(function)
    loops = _Loops(function, source, Names.of(function))
    has_calls = any(loops.made(n) is not None for n in tree.walk(function.body))
    if has_calls:
        function.body[:] = rewritten(function.body, loops.statement, all_blocks)
    function = without_unread(function)
    if has_calls:
        _Loops(function, source, loops.names).turns.refuse()
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

    @functools.cached_property
    def turns(self) -> Turns:
        return Turns(self.function, self.source, self.made)

    def statement(self, node: Any) -> list[tree.Node]:
        if isinstance(node, gast.Expr) and self.made(node.value) is not None:
            return self.unused(node)
        if not isinstance(node, gast.For):
            return [node]
        numbered = self.numbered(node)
        call: Any = node.iter.args[0] if numbered else node.iter
        generator = self.generator(call)
        if generator is None:
            return [node]  # one of another module is refused, if need be
        is_in_turns = self.turns.differs(call, node.body)
        is_cut = self.is_cut(node, call, generator, numbered)
        if not is_in_turns and not is_cut:
            return [node]
        before, bound = self.counted(node) if numbered else ([], [])
        written = taken_over(generator, call, self.function, self.names, node.body)
        new = None if written is None else _around(written.body, node, bound)
        if (written is None or new is None) and is_in_turns:
            raise refused(call)
        if written is None or new is None:
            raise _refused(
                f"a loop over `{tree.show(node.iter)}` that may end early",
                node.iter,
                "how far the generator has come is not known to the backward sweep",
            )
        return [*before, *written.before, *new]

    def unused(self, node: gast.Expr) -> list[tree.Node]:
        """A generator that nothing goes through does nothing."""
        call = node.value
        for argument in [*call.args, *(k.value for k in call.keywords)]:
            if not isinstance(argument, gast.Name | gast.Constant):
                what = f"the generator `{tree.show(call)}` that nothing goes through"
                raise _refused(what, node, "its arguments are computed, and nothing else is done")
        return [tree.at(tree.pass_(), node)]

    def numbered(self, node: gast.For) -> bool:
        """Whether a loop goes through `enumerate(...)`, and binds the number and the value."""
        is_pair = isinstance(node.target, gast.Tuple) and len(node.target.elts) == 2
        is_known = self.turns.is_any(node.iter, (enumerate,)) and len(node.iter.args) > 0
        return is_pair and is_known and not isinstance(node.iter.args[0], gast.Starred)

    def counted(self, node: gast.For) -> tuple[list[tree.Node], list[tree.Node]]:
        """A counter for the loop over `enumerate(...)`, which is left with the value alone: its start, and what binds the number."""
        text = self.names.fresh("count")
        given = [*node.iter.args[1:], *(k.value for k in node.iter.keywords)]
        start = given[0] if given else tree.constant(0)
        is_literal = isinstance(start, gast.Constant)
        before = (
            tree.constant(start.value - 1)
            if is_literal
            else tree.binary(start, "-", tree.constant(1))
        )
        target, node.target = node.target.elts
        counter = tree.assign(text, tree.binary(tree.name(text), "+", tree.constant(1)))
        bound = [counter, tree.assign(target, tree.name(text))]
        return [tree.at(tree.assign(text, before), node)], tree.at(bound, node)

    def generator(self, call: Any) -> gast.FunctionDef | None:
        """The definition of the generator that a call makes, if it can be written out."""
        made = self.made(call)
        return made if isinstance(made, gast.FunctionDef) else definition_of(made, self.source)

    def made(self, call: Any) -> Any:
        """The generator that a call makes: its definition inside, or a function from outside; None for other expressions."""
        if not isinstance(call, gast.Call):
            return None
        if isinstance(call.func, gast.Name):
            own = [n for n in definitions(self.function.body) if n.name == call.func.id]
            if own:
                return own[0] if len(own) == 1 and is_generator(own[0]) else None
        value = self.source.value_of(call.func)
        return value if inspect.isgeneratorfunction(value) else None

    def is_cut(
        self, node: gast.For, call: Any, generator: gast.FunctionDef, numbered: bool
    ) -> bool:
        """Whether a loop may leave a generator that has more to do."""
        is_left = bool(leaves(node)) and (not numbered or self.turns.may_write(call))
        return is_left or _is_endless(generator)


def _around(body: list[Any], node: Any, first: Sequence[tree.Node] = ()) -> list[tree.Node] | None:
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
    loop.body[place : place + 1] = [*first, bound, *node.body]
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
