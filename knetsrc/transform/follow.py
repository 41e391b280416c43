"""Follows functions that are values through a function, until every call names what it calls.

    act = np.tanh if deep else relu         if deep:
    y = act(x)                         ->       y = np.tanh(x)
                                            else:
                                                y = relu(x)

    for layer in (f, g):               ->   x = f(x)
        x = layer(x)                        x = g(x)

    scale = scaled_by(k)               ->   y = times(x, k=k)
    y = scale(x)

What comes in is a function in the core language without nested functions, what goes out is one in which no name stands for a
function. A function that returns a function is written out where it is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.errors import NonScalarOutputError
from knetsrc.transform import tree
from knetsrc.transform.evaluate import AMBIGUOUS, Evaluating, refused
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.ternaries import unfold_ternaries
from knetsrc.transform.static import choice, chosen_by_count, is_missing, is_runtime
from knetsrc.transform.unroll import appended, collected, has_break, leaves, zipped

_MOST_UNROLLED = 40


@dataclass
class Following(Evaluating):
    """One function while its statements are followed."""

    spelled: str = ""

    def run(self, core: gast.FunctionDef) -> gast.FunctionDef:
        """The function with all such names followed."""
        self.spelled = "<lambda>" if core.name == "lambda_" else core.name
        return tree.with_body(core, self.block(core.body))

    # --- statements -------------------------------------------------------------------------------------------------------
    def block(self, body: list[tree.Node]) -> list[tree.Node]:
        found: list[tree.Node] = []
        for number, node in enumerate(body):
            is_left_behind = isinstance(node, gast.If | gast.With)
            self.ahead.append((body, number + is_left_behind))
            statements = self.statement(tree.clone(node))
            self.ahead.pop()
            found += [*tree.at(self.before, node), *tree.at(statements, node)]
            self.before = []
            if isinstance(node, gast.For) and not any(isinstance(n, gast.For) for n in statements):
                found = collected(found)
        return found

    def statement(self, node: Any) -> list[tree.Node]:
        followers: dict[type, Callable[[Any], list[tree.Node]]] = {
            gast.Assign: self.assignment,
            gast.AugAssign: self.augmented,
            gast.Expr: self.expression_statement,
            gast.If: self.branch,
            gast.For: self.for_,
            gast.While: self.while_,
            gast.With: self.with_,
            gast.Try: self.try_,
            gast.Return: self.return_,
        }
        if type(node) in followers:
            return followers[type(node)](node)
        return [self.inside(node)]

    def assignment(self, node: gast.Assign) -> list[tree.Node]:
        if isinstance(node.targets[0], gast.Subscript):
            return self.written(node, node.targets[0])
        return self.assigned(node.targets[0], self.expression(node.value), node)

    def augmented(self, node: gast.AugAssign) -> list[tree.Node]:
        return self.written(node, node.target)

    def written(self, node: Any, target: gast.Subscript) -> list[tree.Node]:
        """A write of an element; into a container of functions, it would have to be followed in all that it is part of."""
        if any(self.statics.is_static(self.expression(n)) for n in (target.value, node.value)):
            raise refused(node, "a container of functions changes")
        return [self.inside(node)]

    def assigned(self, target: Any, value: tree.Node, node: tree.Node) -> list[tree.Node]:
        """Statements that bind a value that has been followed."""
        if isinstance(target, gast.Tuple) and isinstance(value, gast.Tuple | gast.List):
            if len(target.elts) == len(value.elts):
                pairs = zip(target.elts, value.elts, strict=True)
                return [s for t, v in pairs for s in self.assigned(t, v, node)]
        if isinstance(target, gast.Tuple) and isinstance(value, gast.IfExp):
            then, orelse = (self.assigned(target, v, node) for v in (value.body, value.orelse))
            return [tree.at(tree.if_(value.test, then, orelse), node)]
        for text in tree.names_written(target):
            self.known.pop(text, None)
        if isinstance(target, gast.Name) and self.statics.is_static(value):
            self.known[target.id] = self.fixed(value, target.id)
            self.bound.add(target.id)
            return []
        if isinstance(target, gast.Name) and self.statics.is_array_module(value):
            alias = self.statics.outside.array_module(target.id)
            self.known[target.id] = tree.name(alias)
            self.bound.add(target.id)
            return [tree.at(tree.assign(alias, value), node)]
        if isinstance(target, gast.Name) and is_runtime(value):
            self.known[target.id] = value
        return [tree.at(tree.assign(target, value), node)]

    def expression_statement(self, node: gast.Expr) -> list[tree.Node]:
        call = node.value
        if isinstance(call, gast.Call) and isinstance(call.func, gast.Attribute):
            owner = call.func.value
            held = self.known.get(owner.id) if isinstance(owner, gast.Name) else None
            if isinstance(held, gast.List) and call.func.attr == "append":
                return self.appended(owner.id, held, node)
        return [self.inside(node)]

    def appended(self, text: str, held: gast.List, node: gast.Expr) -> list[tree.Node]:
        """A list of functions that grows: under every other name that it may have, it is not known from then on."""
        node.value.args[0] = self.expression(node.value.args[0])
        new = tree.list_of([*held.elts, node.value.args[0]])
        if self.known.pop(text, None) is None:  # what is appended reads the list
            return [node]
        if not self.statics.is_static(new):
            return [node]
        for other, value in self.known.items():
            if held.elts and any(_is_same(part, held) for part in tree.walk(value)):
                self.known[other] = AMBIGUOUS
        self.known[text] = self.fixed(new, text)
        self.bound.add(text)
        return []

    def branch(self, node: gast.If) -> list[tree.Node]:
        test = self.expression(node.test)
        if isinstance(test, gast.Constant):
            return self.block(node.body if test.value else node.orelse)
        before, self.before = self.before, []
        start = dict(self.known)
        body = self.block(node.body)
        then, self.known = self.known, start.copy()
        orelse = self.block(node.orelse)
        self.before = before
        if leaves(body) or leaves(orelse):
            self.known = self.known if leaves(body) else then
        else:
            test = self.joined(then, self.known, test)
        return [tree.if_(test, body or [tree.pass_()], orelse)]

    def joined(
        self, then: dict[str, tree.Node], orelse: dict[str, tree.Node], test: tree.Node
    ) -> tree.Node:
        """Enter what names stand for after a branch; the test, under a name where it must be read again."""
        differing = [n for n in {**then, **orelse} if not _is_same(then.get(n), orelse.get(n))]
        self.known = {n: v for n, v in then.items() if n not in differing}
        for text in differing:
            pair = (then.get(text), orelse.get(text))
            if not any(v is not None and self.statics.is_static(v) for v in pair):
                if any(v is AMBIGUOUS for v in pair):
                    self.known[text] = AMBIGUOUS
                continue
            if None in pair or any(v is AMBIGUOUS for v in pair):
                self.known[text] = AMBIGUOUS
                continue
            if not self.is_stable(test):
                flag = self.names.fresh("taken")
                self.stable.add(flag)
                self.before.append(tree.at(tree.assign(flag, test), test))
                test = tree.name(flag)
            self.known[text] = choice(test, pair[0], pair[1])
        return test

    # --- loops ------------------------------------------------------------------------------------------------------------
    def for_(self, node: gast.For) -> list[tree.Node]:
        node.iter = self.expression(node.iter)
        items = zipped(node.iter, self.statics)
        if items is not None:
            size = sum(1 for n in tree.walk(node.body) if isinstance(n, gast.stmt))
            if not has_break(node.body) and len(items) * size <= _MOST_UNROLLED:
                return self.unrolled(node, items)
            return self.counted(node, items)
        entries = self.zip_with_functions(node)
        return self.loop(node, entries)

    def unrolled(self, node: gast.For, items: list[tree.Node]) -> list[tree.Node]:
        items = [self.fixed(item, "item") for item in items]
        before, self.before = self.before, []
        outer, self.repeated = self.repeated, self.repeated | tree.names_written(node)
        found: list[tree.Node] = []
        for item in items:
            first = self.assigned(node.target, tree.clone(item), node)
            found += [*self.before, *first]
            self.before = []
            found += self.block(node.body)
        self.before, self.repeated = before, outer
        return [n for n in found if not isinstance(n, gast.Pass)]

    def counted(self, node: gast.For, items: list[tree.Node]) -> list[tree.Node]:
        """A loop over the numbers of the elements."""
        items = [self.fixed(item, "item") for item in items]
        index = self.names.fresh("index")
        self.stable.add(index)
        target, node.target = node.target, tree.store(index)
        node.iter = tree.call("range", tree.constant(len(items)))
        if isinstance(target, gast.Tuple) and all(isinstance(i, gast.Tuple) for i in items):
            columns = zip(*(i.elts for i in items), strict=True)
            entries = [
                (t, chosen_by_count(list(c), index))
                for t, c in zip(target.elts, columns, strict=True)
            ]
        else:
            entries = [(target, chosen_by_count(items, index))]
        return self.loop(node, entries)

    def zip_with_functions(self, node: gast.For) -> list[tuple[Any, tree.Node]]:
        """Let functions in a `zip` with other things be known by their numbers."""
        if tree.called_name(node.iter) not in ("zip", "enumerate") or not isinstance(
            node.target, gast.Tuple
        ):
            return []
        if tree.called_name(node.iter) == "enumerate":
            inner = tree.for_(node.target.elts[-1], node.iter.args[0], [])
            entries = self.zip_with_functions(inner)
            if entries:
                node.iter.args[0] = inner.iter
                node.target.elts[-1] = inner.target
            return entries
        entries = []
        for number, argument in enumerate(node.iter.args):
            values = zipped(argument, self.statics)
            if values is not None and number < len(node.target.elts):
                index = self.names.fresh("index")
                self.stable.add(index)
                values = [self.fixed(v, "item") for v in values]
                entries.append((node.target.elts[number], chosen_by_count(values, index)))
                node.iter.args[number] = tree.call("range", tree.constant(len(values)))
                node.target.elts[number] = tree.store(index)
        return entries

    def loop(self, node: Any, entries: list[tuple[Any, tree.Node]]) -> list[tree.Node]:
        """A loop that stays one: a name bound to functions inside stands for none of them before and after."""
        written = tree.names_written(node) | appended(node)
        outer, self.bound, before = self.bound, set(), self.before
        changing = {n for n in written & self.known.keys() if not is_runtime(self.known[n])}
        while True:
            start, taken = dict(self.known), set(self.names.taken)
            for text in written:
                self.known.pop(text, None)
            self.known |= dict.fromkeys(changing, AMBIGUOUS)
            new = self.loop_body(tree.clone(node), entries)
            if self.bound & written <= changing:
                break
            changing |= self.bound & written
            self.known, self.names.taken = start, taken
        self.known = {n: v for n, v in start.items() if n not in written}
        self.known |= dict.fromkeys(changing, AMBIGUOUS)
        self.bound, self.before = outer | self.bound, before
        return [new]

    def loop_body(self, node: Any, entries: list[tuple[Any, tree.Node]]) -> tree.Node:
        self.before = []
        if isinstance(node, gast.While):
            node.test = self.expression(node.test)
            if self.before:
                raise refused(node, "the test of a loop makes a function")
        first = [s for t, v in entries for s in self.assigned(t, tree.clone(v), node)]
        first = [*self.before, *first]
        self.before = []
        node.body = [*first, *self.block(node.body)] or [tree.pass_()]
        return node

    def while_(self, node: gast.While) -> list[tree.Node]:
        return self.loop(node, [])

    def with_(self, node: gast.With) -> list[tree.Node]:
        for item in node.items:
            item.context_expr = self.expression(item.context_expr)
        before, self.before = self.before, []
        node.body = self.block(node.body)
        self.before = before
        return [node]

    def try_(self, node: gast.Try) -> list[tree.Node]:
        before, start = self.before, dict(self.known)
        for part in (node.body, *(h.body for h in node.handlers), node.orelse, node.finalbody):
            part[:] = self.block(part)
        changed = [n for n in self.known if not _is_same(self.known[n], start.get(n))]
        self.known = start | dict.fromkeys(changed, AMBIGUOUS)
        self.before = before
        return [node]

    def return_(self, node: gast.Return) -> list[tree.Node]:
        node.value = self.expression(node.value)
        if self.statics.is_static(node.value):
            raise NonScalarOutputError(
                f"`{self.spelled}` returns a function",
                at=node,
                why="a gradient is that of a number, and no number has been computed",
                instead="differentiate a function that calls it and returns the value",
            )
        return [node]


def _is_same(a: tree.Node | None, b: tree.Node | None) -> bool:
    return tree.is_same(a, b)


def without_choices(core: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Choices as `if` statements; where no function has been chosen, the error that Python raises for that."""
    if not any(isinstance(n, gast.IfExp) for n in tree.walk(core.body)):
        return core

    def raised(node: tree.Node) -> tree.Node:
        if not is_missing(node.value):
            return node
        (new,) = tree.parse("raise error")
        new.exc = node.value.args[0]
        return new

    return tree.rewrite(unfold_ternaries(core, names), {gast.Assign: raised, gast.Expr: raised})
