"""Comprehensions and generator expressions become loops."""

import builtins
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.conditions import negated
from knetsrc.transform.normalize.effects import Changes, calls_in, changes_nothing, is_of_module
from knetsrc.transform.normalize.gone_through import METHODS
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.normalize.scopes import COMPREHENSIONS, bound_names, parameters
from knetsrc.transform.normalize.sharing import carriers, linked_names
from knetsrc.transform.tree import Node

_NEEDS_ITERATOR = frozenset({"next", "iter"})


def unfold_comprehensions(
    function: gast.FunctionDef, names: Names, changes: Changes = changes_nothing
) -> gast.FunctionDef:
    """Write loops where comprehensions are, sums that accumulate, and searches that stop.

    Names of comprehension variables must differ from all others (`separate_scopes`).

    >>> from knetsrc.transform.language import show
    >>> show(unfold_comprehensions, "y = [a for a in x if a > 0]; s = 1 + sum(a * a for a in x)")
    y = []
    for a in x:
        if a > 0:
            y.append(a)
    total = 0
    for a in x:
        total = total + a * a
    s = 1 + total
    >>> show(unfold_comprehensions, "y = any(f(a) for a in x)")
    found = False
    for a in x:
        if f(a):
            found = True
            break
    y = found
    """
    unfolder = _Unfolder(function, names, changes)
    return hoist(function, names, unfolder.replace, COMPREHENSIONS, changes)


class _Unfolder:
    def __init__(self, function: gast.FunctionDef, names: Names, changes: Changes) -> None:
        self.function = function
        self.names = names
        self.changes = changes
        self.local = bound_names(function.body) | set(parameters(function))

    def replace(self, node: Any, place: Place) -> Replacement | None:
        if isinstance(node, gast.Call):
            return self.call(node, place)
        if isinstance(node, gast.ListComp):
            return self.collected(node, self.name("values", node, place))
        if isinstance(node, gast.SetComp):
            statements, values = self.collected(node, self.names.fresh("values"))
            return statements, tree.call("set", values)
        if isinstance(node, gast.DictComp):
            return self.dictionary(node)
        if isinstance(node, gast.GeneratorExp):
            raise _refused(node)
        return None

    def call(self, node: gast.Call, place: Place) -> Replacement | None:
        """Calls of which a generator is an argument."""
        generators = [a for a in node.args if isinstance(_unstarred(a), gast.GeneratorExp)]
        if not generators:
            return None
        function = tree.called_name(node)
        function = None if function in self.local else function
        if function in _NEEDS_ITERATOR:
            raise _refused(generators[0])
        if (
            function == "sum"
            and node.args[0] is generators[0]
            and len(node.args) + len(node.keywords) <= 2
        ):
            return self.sum(node, place)
        if function in ("any", "all") and not node.keywords and len(node.args) == 1:
            return self.search(node.args[0], function == "any")
        if (
            function == "list"
            and not node.keywords
            and len(node.args) == 1
            and node.args[0] is generators[0]
        ):
            return [], as_list(node.args[0])
        for generator in map(_unstarred, generators):
            self.refuse_late(node, generator, function)
        call = tree.clone(node)
        call.args = [_with_list(argument) for argument in node.args]
        return [], call

    def refuse_late(self, node: gast.Call, generator: Any, function: str | None) -> None:
        """Refuse a generator that is handed to a function, if it matters when it computes its elements."""
        is_method = getattr(node.func, "attr", None) in METHODS
        if is_method or is_of_module(node.func) or hasattr(builtins, function or ""):
            return
        others = [a for a in (*node.args, *(k.value for k in node.keywords)) if a is not generator]
        given = tree.names_read(node.func).union(*map(carriers, others))
        seen = linked_names(self.function, tree.names_read(generator) & self.local)
        is_changed = self.changes(node) and bool(seen & given)
        if is_changed or any(map(self.changes, calls_in([generator]))):
            raise _refused(generator)

    def name(self, wanted: str, node: Node, place: Place) -> str:
        """The target itself where nobody sees it half-filled."""
        if (
            place.target is None
            or place.is_guarded
            or place.target in tree.names_read(node) | bound_names(node)
        ):
            return self.names.fresh(wanted)
        return place.target

    def collected(self, node: Any, name: str) -> Replacement:
        add = tree.expression(tree.call(f"{name}.append", node.elt))
        return [tree.assign(name, tree.list_of([])), *loops(node.generators, [add])], tree.name(
            name
        )

    def dictionary(self, node: gast.DictComp) -> Replacement:
        keys, values = self.names.fresh("keys"), self.names.fresh("values")
        add = [
            tree.expression(tree.call(f"{keys}.append", node.key)),
            tree.expression(tree.call(f"{values}.append", node.value)),
        ]
        empty: list[Node] = [tree.assign(name, tree.list_of([])) for name in (keys, values)]
        made = tree.call("dict", tree.call("zip", tree.name(keys), tree.name(values)))
        return [*empty, *loops(node.generators, add)], made

    def sum(self, node: gast.Call, place: Place) -> Replacement:
        generator = node.args[0]
        name = self.name("total", node, place)
        start = [*node.args[1:], *(keyword.value for keyword in node.keywords), tree.constant(0)][0]
        add = tree.assign(name, tree.binary(tree.name(name), "+", generator.elt))
        return self.first_iterable(generator, start, [tree.assign(name, start)], [add]), tree.name(
            name
        )

    def first_iterable(
        self, generator: Any, start: Node, before: list[Node], body: list[Node]
    ) -> list[Node]:
        """The loops, with the iterable evaluated before a start value that is not trivial."""
        if isinstance(start, gast.Constant | gast.Name | gast.UnaryOp):
            return [*before, *loops(generator.generators, body)]
        name = self.names.fresh("items")
        first = tree.assign(name, generator.generators[0].iter)
        generator.generators[0].iter = tree.name(name)
        return [first, *before, *loops(generator.generators, body)]

    def search(self, generator: Any, wanted: bool) -> Replacement:
        name = self.names.fresh("found" if wanted else "holds")
        leave = tree.if_(
            tree.name(name) if wanted else tree.negation(tree.name(name)), [tree.break_()]
        )
        test = generator.elt if wanted else negated(generator.elt)
        stop = tree.if_(test, [tree.assign(name, tree.constant(wanted)), tree.break_()])
        return [
            tree.assign(name, tree.constant(not wanted)),
            *loops(generator.generators, [stop], leave),
        ], tree.name(name)


def loops(generators: list[Any], body: list[Node], leave: Node | None = None) -> list[Node]:
    """The clauses of a comprehension as statements around `body`; `leave` follows inner loops."""
    for i, generator in reversed(list(enumerate(generators))):
        for test in generator.ifs[::-1]:
            body = [tree.at(tree.if_(test, body), test)]
        body = [tree.at(tree.for_(generator.target, generator.iter, body), generator.target)]
        if leave is not None and i > 0:
            body = [*body, tree.clone(leave)]
    return body


def as_list(generator: Any) -> Node:
    """The list comprehension with the elements of a generator expression."""
    made: Any = tree.parse_expression("[0 for _ in ()]")
    made.elt, made.generators = generator.elt, generator.generators
    made.lineno = None
    return tree.at(made, generator)


def _unstarred(node: Any) -> Node:
    return node.value if isinstance(node, gast.Starred) else node


def _with_list(node: Any) -> Node:
    if isinstance(node, gast.Starred):
        node.value = _with_list(node.value)
        return node
    return as_list(node) if isinstance(node, gast.GeneratorExp) else node


def _refused(node: Node) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        "a generator expression that is kept",
        at=node,
        why="its elements are computed when asked for; the backward sweep needs all of them",
        instead="write a list comprehension: [f(x) for x in xs]",
    )


__all__ = ["COMPREHENSIONS", "as_list", "loops", "unfold_comprehensions"]
