"""What an expression is, where functions are values: the function that it stands for, or the expression with plain calls in it.

act(x)                  np.tanh(x)                                      `act` is known to be `np.tanh`
TABLE[name](x)          relu(x) if name == "relu" else np.tanh(x)       becomes an `if` statement
partial(f, a)(x)        f(a, x)
scaled_by(k)            <closure>(times, k=k)                           after the statements of `scaled_by`
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.equivalents import VECTORIZED, equivalent
from knetsrc.errors import UnsupportedSyntaxError, vjp_refused
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import stored_to
from knetsrc.transform.functions import named_defaults
from knetsrc.transform.library import as_operation, got, making
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.pieces import (
    are_known,
    arguments_of,
    called,
    entry_at,
    is_atom,
    is_plain_literal,
    keyword_of,
    moved,
    with_argument,
    with_lists,
    with_partial,
)
from knetsrc.transform.star_calls import with_plain_arguments
from knetsrc.transform.static import (
    Statics,
    choice,
    chosen_by_key,
    elements,
    is_closure,
    is_missing,
    is_of_api,
    is_plain_value,
    is_runtime,
)

AMBIGUOUS = tree.constant(...)
_DEEPEST = 12
_READING = frozenset({"get", "items", "keys", "values", "index", "count", "copy"})


@dataclass
class Evaluating:
    """The expressions of one function, as its statements are gone through.

    Attributes
    ----------
    helper
        Gives the function of the user that an expression names, None for anything else.
    bind
        Gives the arguments of a call by parameter, or None.
    gives_function
        Whether a helper, with some of its parameters known to be functions, returns one.
    stable
        Names that have one value wherever they are read.
    checkpointed
        Gives the checkpointed function for one that is static.
    gradient
        Gives the function that `grad(loss)` stands for, None where that is not known.
    ahead
        Blocks, each with the number of the first statement that may run after the expression that is gone through.
    known
        What names stand for at this place: functions, containers of functions, None.
    before
        Statements to run before the one that is gone through.
    bound
        Names that have been bound to functions so far.
    repeated
        Names that are bound again for each element of a loop that is written out.
    """

    statics: Statics
    names: Names
    helper: Callable[[tree.Node], Any]
    bind: Callable[[Any, gast.Call], dict[str, tree.Node] | None]
    gives_function: Callable[[Any, dict[str, tree.Node]], bool]
    stable: set[str]
    checkpointed: Callable[[tree.Node], tree.Node]
    gradient: Callable[[gast.Call], tree.Node | None]
    known: dict[str, tree.Node] = field(default_factory=dict)
    before: list[tree.Node] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)
    ahead: list[tuple[list[tree.Node], int]] = field(default_factory=list)
    depth: int = 0

    def block(self, body: list[tree.Node]) -> list[tree.Node]:
        """The statements of a block; `Following` knows them."""
        raise NotImplementedError

    def fixed(self, value: tree.Node, wanted: str) -> tree.Node:
        """A static value whose other parts are names that keep their values."""
        if isinstance(value, gast.Tuple | gast.List | gast.Dict):
            new = tree.clone(value)
            held = new.values if isinstance(new, gast.Dict) else new.elts
            held[:] = [self.fixed(v, f"{wanted}_{i}") for i, v in enumerate(held)]
            return new
        return value if not self.statics.is_leaf(value) else self.steady(value, wanted)

    def steady(self, value: tree.Node, wanted: str) -> tree.Node:
        """The value itself if it is the same everywhere, otherwise a name for what it is now."""
        if isinstance(value, gast.Constant) or (
            isinstance(value, gast.Name) and value.id in self.stable - self.repeated
        ):
            return value
        text = self.names.fresh(wanted)
        self.stable.add(text)
        self.before.append(tree.at(tree.assign(text, value), value))
        return tree.name(text)

    def is_stable(self, test: tree.Node) -> bool:
        """Whether a test gives the same wherever it is read."""
        kinds = (gast.Name, gast.Compare, gast.BoolOp, gast.UnaryOp, gast.Constant, gast.Tuple)
        plain = all(
            isinstance(n, (*kinds, gast.cmpop, gast.boolop, gast.unaryop, gast.expr_context))
            for n in tree.walk(test)
        )
        return plain and tree.names_read(test) <= self.stable - self.repeated

    # --- parts ------------------------------------------------------------------------------------------------------------
    def inside(self, node: Any) -> Any:
        """A copy of a node whose parts have been gone through."""
        return tree.with_parts(node, self.part)

    def part(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.part(v) for v in value]
        return self.expression(value) if isinstance(value, tree.Node) else value

    def expression(self, node: Any) -> Any:
        """What an expression stands for, or the expression with plain calls in it."""
        if isinstance(node, gast.Name):
            return self.read(node)
        if is_closure(node):
            return self._with_early_defaults(node)
        node = self.inside(node)
        if isinstance(node, gast.Subscript):
            return self.item(node)
        if isinstance(node, gast.Call):
            return tree.at(self.call(node), node)
        return self.folded(node)

    def _with_early_defaults(self, node: gast.Call) -> tree.Node:
        """A nested function; defaults that are computed where it is defined, `f=f`, are those of this element of a loop."""
        function = self.statics.local[node.args[0].id]
        early = set(named_defaults(function.core.args).values()) & self.repeated
        for keyword in node.keywords:
            if keyword.arg in early:
                keyword.value = self.fixed(self.expression(keyword.value), keyword.arg)
        return node

    def read(self, node: gast.Name) -> tree.Node:
        value = self.known.get(node.id) if isinstance(node.ctx, gast.Load) else None
        if value is AMBIGUOUS:
            raise refused(node, f"`{node.id}` may stand for one function or for another here")
        if isinstance(value, gast.List) and not value.elts:
            del self.known[node.id]  # another name may stand for it from now on
        if value is None or (is_runtime(value) and not tree.is_constant(value, None)):
            return node
        return moved(value, node)

    def item(self, node: gast.Subscript) -> tree.Node:
        """An entry of a container of functions: one of them, or a choice by the index."""
        if is_plain_literal(node.value) and isinstance(node.slice, gast.Constant):
            return entry_at(node.value, node.slice.value) or node
        if not self.statics.is_static(node.value) or self.statics.is_function(node):
            return node
        container = self.statics.container(node.value)
        if container is None or isinstance(node.slice, gast.Slice):
            return node
        if isinstance(node.slice, gast.Constant):
            return entry_at(container, node.slice.value) or node
        index = node.slice
        if not self.is_stable(index):
            index = self.steady(index, "index")
        return chosen_by_key(container, index)

    def folded(self, node: tree.Node) -> tree.Node:
        """A test of which function there is, and what depends on it, where it is known."""
        if isinstance(node, gast.IfExp) and isinstance(node.test, gast.Constant):
            return node.body if node.test.value else node.orelse
        if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.Not):
            is_known = isinstance(node.operand, gast.Constant)
            return tree.constant(not node.operand.value) if is_known else node
        if isinstance(node, gast.Compare) and tree.symbol_of(node.ops[0]) in ("in", "not in"):
            keys = node.comparators[0]
            if (
                is_plain_literal(keys)
                and isinstance(keys, gast.Dict)
                and tree.is_constant(node.left)
            ):
                is_there = entry_at(keys, node.left.value) is not None
                return tree.constant(is_there == (tree.symbol_of(node.ops[0]) == "in"))
        if isinstance(node, gast.Compare) and are_known(node.left, node.comparators[0]):
            is_same = node.left.value == node.comparators[0].value
            if tree.symbol_of(node.ops[0]) in ("==", "!="):
                return tree.constant(is_same == (tree.symbol_of(node.ops[0]) == "=="))
        is_test = isinstance(node, gast.Compare) and tree.is_constant(node.comparators[0], None)
        if not is_test or tree.symbol_of(node.ops[0]) not in ("is", "is not"):
            return node
        value = self.known.get(node.left.id) if isinstance(node.left, gast.Name) else node.left
        wanted = tree.symbol_of(node.ops[0]) == "is"
        return self._is_none(value, wanted, node)

    def _is_none(self, value: tree.Node | None, wanted: bool, node: tree.Node) -> tree.Node:
        if tree.is_constant(value, None):
            return tree.constant(wanted)
        if is_plain_value(value):
            return tree.constant(not wanted)
        if isinstance(value, gast.IfExp) and self.statics.is_static(value):
            arms = (self._is_none(v, wanted, node) for v in (value.body, value.orelse))
            return tree.boolean("or", [
                tree.boolean("and", [tree.clone(value.test), next(arms)]),
                tree.boolean("and", [tree.negation(tree.clone(value.test)), next(arms)]),
            ])  # fmt: skip
        return tree.constant(not wanted) if value and self.statics.is_static(value) else node

    # --- calls ------------------------------------------------------------------------------------------------------------
    def call(self, node: gast.Call) -> tree.Node:
        """A call whose function and arguments have been gone through."""
        function = node.func
        if isinstance(function, gast.Attribute) and self.statics.is_static(function.value):
            self._refuse_change(function, node)
        if isinstance(function, gast.IfExp) and self.statics.is_static(function):
            return self.distributed(function, lambda f: self.call(called(f, node)))
        if is_missing(function):
            return function
        if tree.is_constant(function, None):
            return tree.call("<missing>", tree.call("TypeError", tree.constant("None is called")))
        if is_closure(function):
            captured = [keyword_of(k.arg, self.expression(k.value)) for k in function.keywords]
            new = called(function.args[0], node)
            new.keywords = [*new.keywords, *captured]
            return self.call(new)
        made = making(function, self.statics.outside.resolve)
        if made is not None:
            return self._of_object(*made, node)
        if self.statics.is_partial(node) and node.args and self.statics.is_static(node.args[0]):
            return self._early(node)
        several = next((a for a in arguments_of(node) if self._is_choice(a)), None)
        if several is not None:
            return self.distributed(several, lambda a: self.call(with_argument(node, several, a)))
        if self.statics.is_checkpoint(node):
            return self.checkpointed(node.args[0])
        if self.statics.makes_gradient(node):
            return self.gradient(self._with_known(node)) or node
        if is_of_api(self.statics.outside.resolve(function), "vjp") and any(
            self.statics.is_static(a) and not self.statics.is_function(a) for a in node.args
        ):
            raise vjp_refused(node)
        operation = as_operation(node, self.statics.outside.resolve, self.steady)
        return operation or self._builtin(node) or self._helper(self._with_equivalent(node))

    def _of_object(self, kind: Any, made: gast.Call, node: gast.Call) -> tree.Node:
        """A call of a partial function, or of one that gives items or attributes."""
        if kind is functools.partial:
            return self.call(with_partial(made, node))
        if kind is np.vectorize:
            return self._vectorized(made.args[0], node)
        if len(node.args) != 1 or node.keywords:
            return node
        is_once = len(made.args) == 1 or is_atom(node.args[0])
        value = node.args[0] if is_once else self.steady(node.args[0], "items")
        return got(kind, made, value)

    def _vectorized(self, function: tree.Node, node: gast.Call) -> tree.Node:
        """A call of `np.vectorize(function)`, as that of a plain loop."""
        count = len(node.args)
        if node.keywords or not 1 <= count <= len(VECTORIZED):
            return node
        plain = self.statics.outside.spelled(VECTORIZED[count - 1])
        return self.call(tree.call(plain, function, *node.args))

    def _with_equivalent(self, node: gast.Call) -> gast.Call:
        """`map(f, xs)` and its kin as calls of plain functions, where what they call is known."""
        outside = self.statics.outside
        plain = equivalent(outside.resolve(node.func), node)
        functions = [a for a in arguments_of(node) if self.statics.is_static(a)]
        if plain is None or (len(functions) != 1 and len(arguments_of(node)) > 1):
            return node
        return with_lists(called(outside.spelled(plain), node), self.statics)

    def _is_choice(self, node: tree.Node) -> bool:
        return isinstance(node, gast.IfExp) and self.statics.is_static(node)

    def distributed(self, several: gast.IfExp, made: Callable[[tree.Node], tree.Node]) -> tree.Node:
        """A choice between what is made of the two arms of another."""
        before, self.before = self.before, []
        body = made(tree.clone(several.body))
        then, self.before = self.before, []
        other = made(tree.clone(several.orelse))
        orelse, self.before = self.before, before
        if then or orelse:
            statement = tree.if_(tree.clone(several.test), then or [tree.pass_()], orelse)
            if not (self.statics.is_static(body) and self.statics.is_static(other)):
                text = self.names.fresh("value")
                statement.body = [*then, tree.assign(text, body)]
                statement.orelse = [*orelse, tree.assign(text, other)]
                self.before.append(tree.at(statement, several))
                return tree.name(text)
            self.before.append(tree.at(statement, several))
        return choice(several.test, body, other)

    def _with_known(self, node: gast.Call) -> gast.Call:
        """The call that makes a gradient, with the functions that its function captures, and what is None."""
        if not node.args or not is_closure(node.args[0]):
            return node
        new = tree.clone(node)
        later = tree.names_written([s for body, start in self.ahead for s in body[start:]])
        for keyword in new.args[0].keywords:
            text = keyword.value.id if isinstance(keyword.value, gast.Name) else ""
            value = self.known.get(text)
            if value is None or (is_runtime(value) and not tree.is_constant(value, None)):
                continue
            if value is AMBIGUOUS or (text in later and self.statics.is_static(value)):
                raise _unsettled(text, node)
            if text not in later:
                keyword.value = tree.clone(value)
        return new

    def _builtin(self, node: gast.Call) -> tree.Node | None:
        """A call that is known for functions and containers of them; None for others."""
        first = node.args[0] if node.args else None
        function = node.func
        if isinstance(function, gast.Attribute) and function.attr == "get" and first:
            return self._got(function.value, node.args)
        if isinstance(first, gast.Tuple | gast.List) and is_plain_literal(first):
            if self.statics.outside.resolve(function) is len:
                return tree.constant(len(first.elts))
        value = self.statics.outside.resolve(node.func)
        if value is dict and not node.args and all(k.arg for k in node.keywords):
            keys = (tree.constant(k.arg) for k in node.keywords)
            return tree.dict_of(keys, (k.value for k in node.keywords))
        if value is callable and isinstance(first, gast.Name):
            if is_plain_value(self.known.get(first.id)):
                return tree.constant(False)
        if first is None or not self.statics.is_static(first):
            return None
        container = self.statics.container(first)
        if value is callable and container is None:
            return tree.constant(True)
        if container is None:
            return None
        if value is len:
            return tree.constant(len(elements(container)))
        if value in (tuple, list) and not isinstance(container, gast.Dict):
            made = tree.tuple_of if value is tuple else tree.list_of
            return made(elements(container))
        return None

    def _early(self, node: gast.Call) -> tree.Node:
        """A partial call, its arguments as they are now."""
        new = tree.clone(node)
        new.args[1:] = [self.fixed(a, "argument") for a in new.args[1:]]
        for keyword in new.keywords:
            keyword.value = self.fixed(keyword.value, keyword.arg)
        return new

    def _refuse_change(self, function: gast.Attribute, node: gast.Call) -> None:
        """A container of functions that changes would have to be followed in all that it is part of."""
        is_container = self.statics.container(function.value) is not None
        if is_container and function.attr not in _READING:
            raise refused(node, f"`.{function.attr}` changes a container of functions")

    def _got(self, owner: tree.Node, args: list[tree.Node]) -> tree.Node | None:
        """`d.get(key)` and `d.get(key, default)` of a dictionary that is written out."""
        if not isinstance(owner, gast.Dict) or not tree.is_constant(args[0]):
            return None
        if not (is_plain_literal(owner) or self.statics.is_static(owner)):
            return None
        found = entry_at(owner, args[0].value)
        return found or (args[1] if len(args) > 1 else tree.constant(None))

    def _helper(self, node: gast.Call) -> tree.Node:
        callee = self.helper(node.func)
        if callee is None:
            return node
        plain = with_plain_arguments(node, callee, self.steady)
        if plain is not None and not isinstance(plain, gast.Call):
            return self._over_plain(plain)
        if plain is not None:
            node = plain
        for holder in (*node.args, *(k.value for k in node.keywords)):
            self._settle(holder)
        bound = self.bind(callee, node)
        functions = {p: a for p, a in (bound or {}).items() if self.statics.is_static(a)}
        if bound is None or not self.gives_function(callee, functions):
            return node
        return self.written_out(callee, bound, node)

    def _over_plain(self, plain: tree.Node) -> tree.Node:
        """Calls for several numbers of arguments."""
        if isinstance(plain, gast.IfExp):
            return self.distributed(plain, self._over_plain)
        return plain if is_missing(plain) else self._helper(plain)

    def _settle(self, node: tree.Node) -> None:
        """Let nested functions that are handed on capture what the variables hold now."""
        for part in tree.walk(node):
            if is_closure(part):
                for keyword in part.keywords:
                    keyword.value = self.expression(keyword.value)

    # --- functions that return functions ----------------------------------------------------------------------------------
    def written_out(self, callee: Any, bound: dict[str, tree.Node], node: gast.Call) -> tree.Node:
        """The value of a call, after the statements of what is called."""
        if self.depth >= _DEEPEST:
            raise UnsupportedSyntaxError(
                f"`{callee.name}` makes functions of functions of functions",
                at=node,
                why="how many there are is not known while transforming",
                instead="call the inner functions one after the other in a loop",
            )
        written = tree.names_written(callee.core)
        direct = {
            p: a for p, a in bound.items() if p not in written and not self.statics.is_static(a)
        }
        direct = {p: a for p, a in direct.items() if self.is_stable(a) and is_atom(a)}
        local = {*parameters(callee.core), *written} - direct.keys()
        renamed = self.names.renaming(local, callee.core.body)
        self.stable |= {renamed[n] for n in once_written(callee.core) & local}
        body = [tree.assign(renamed[p], a) for p, a in bound.items() if p not in direct]
        body += tree.substitute(tree.rename(callee.core.body, renamed), direct)
        before, self.before = self.before, []
        self.depth += 1
        statements = self.block([moved(n, node) for n in body[:-1]])
        value = self.expression(moved(body[-1].value, node))
        self.depth -= 1
        self.before = [*before, *statements, *self.before]
        return value


def once_written(core: gast.FunctionDef) -> set[str]:
    """Names with one value: parameters that are not bound again, and names that are bound in one place."""
    stores = [
        n.id for n in tree.walk(core) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)
    ]
    stores += [text for n in tree.walk(core) if (text := stored_to(n)) is not None]
    own = set(parameters(core))
    return (own - set(stores)) | {n for n in stores if stores.count(n) == 1} - own


def _unsettled(text: str, node: tree.Node) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        f"a gradient of a function that captures `{text}`, which may stand for one function or for another",
        at=node,
        why="a function reads what it captures when it is called, and which function that is then is not known",
        instead="hand the function to a helper that makes the gradient and calls it: slope(f, x)",
    )


def refused(node: tree.Node, what: str) -> UnsupportedSyntaxError:
    """The error for a call of a function that cannot be known while transforming."""
    return UnsupportedSyntaxError(
        "a function that is not known while transforming",
        at=node,
        why=what,
        instead="choose between the results with `if`, where each function is called by its name",
    )


def refuse_closures(core: gast.FunctionDef) -> None:
    """Refuse a nested function that is handed to what is no function of the user, or kept where it cannot be followed."""
    for node in tree.walk(core):
        if is_closure(node):
            raise refused(node, "it goes where the derivative cannot follow it")
