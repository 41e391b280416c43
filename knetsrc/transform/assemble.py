"""Writes steps out as statements: the forward part with what it saves, the backward part with what it restores."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import changed_by_call, stored_to
from knetsrc.transform.analysis.needed import is_count, is_counting, trips_of
from knetsrc.transform.analysis.stores import index_of, target_of
from knetsrc.transform.names import Names, saved_name
from knetsrc.transform.steps import Block, Step
from knetsrc.transform.tries import by_path

PART = "[]"  # marks what keeps overwritten parts of a name


@dataclass
class Assembler:
    """Statements of the forward and of the backward part of one function.

    Attributes
    ----------
    popped
        Ids of the statements `xs.append(e)` that the backward part undoes.
    kept_value
        What is kept of a value at a statement: the value itself, or a copy where its content may change.
    put_back
        How an assignment that restores what a statement has overwritten is written.
    lists
        Lists that keep values, by the name of the variable, to be bound before the outermost loop.
    """

    names: Names
    popped: set[int]
    as_written: Callable[[tree.Node], str]
    kept_value: Callable[[tree.Node, tree.Node | None], tree.Node]
    put_back: Callable[[gast.Assign, tree.Node], tree.Node]
    lists: dict[str, str] = field(default_factory=dict)
    slots: dict[tuple[int, str], str] = field(default_factory=dict)
    depth: int = 0
    nesting: int = 0
    pushes: Counter[str] = field(default_factory=Counter)

    # --- forward ---------------------------------------------------------------------------------------------------------
    def forward(self, block: Block) -> list[tree.Node]:
        """The forward statements of a whole function; lists are bound right before the loop that needs them."""
        body: list[tree.Node] = []
        for step in block.steps:
            known = set(self.lists)
            statements = self._forward_step(step)
            new = [self.lists[n] for n in self.lists if n not in known]
            body += [tree.assign(text, tree.list_of([])) for text in new] + statements
        return body

    def _forward_block(self, block: Block) -> list[tree.Node]:
        body: list[tree.Node] = self._keep(block, -1)
        for number, step in enumerate(block.steps):
            statements, kept = self._forward_step(step), self._keep(block, number)
            is_counted = not any(is_count(s.node) for s in block.steps[number:])
            body += _before_breaks(statements, kept) if kept and is_counted else statements
            body += kept
        return body

    def _keep(self, block: Block, number: int) -> list[tree.Node]:
        return [
            self._push(n, self._kept(block, n))
            for n, after in block.kept.items()
            if after == number
        ]

    def _kept(self, owner: Step | Block, text: str, node: tree.Node | None = None) -> tree.Node:
        value = tree.name(text)
        is_as_it_is = text in owner.held if isinstance(owner, Step) else text not in owner.copied
        return value if is_as_it_is or text in owner.forms else self.kept_value(value, node)

    def _push(self, text: str, value: tree.Node) -> tree.Node:
        self.pushes[text] += 1
        append = tree.attribute(tree.name(self._list(text)), "append")
        return tree.expression(tree.call(append, value))

    def _list(self, text: str) -> str:
        if text not in self.lists:
            base = text.removesuffix(PART).removesuffix("_kept")
            self.lists[text] = self.names.fresh(saved_name(base))
        return self.lists[text]

    def _forward_step(self, step: Step) -> list[tree.Node]:
        body = [] if step.hoist_backward else self._hoists(step)
        body += [self._save(step, text, self._saved(step, text)) for text in step.saved]
        if step.saves_part:
            part = self.kept_value(self._part(step), step.node)
            body.append(self._save(step, f"{stored_to(step.node)}{PART}", part))
        body += step.checks
        node = step.node
        if changed_by_call(node):
            return []
        if isinstance(node, gast.If):
            branches = step.blocks or [
                Block([Step(n) for n in b]) for b in (node.body, node.orelse)
            ]
            return [*body, *self._forward_if(node, [self._forward_block(b) for b in branches])]
        if isinstance(node, gast.Try) and step.blocks:
            return [*body, _without_marks(self._forward_try(step, node))]
        if isinstance(node, gast.For | gast.While | gast.With):
            return [*body, self._forward_compound(step, node)]
        return [*body, _without_marks(self._resolved(step, node))]

    def _forward_if(self, node: gast.If, branches: list[list[tree.Node]]) -> list[tree.Node]:
        """An `if`; what follows a `break` needs no `else`."""
        then, orelse = branches
        if then and isinstance(then[-1], gast.Break) and orelse:
            return [tree.at(tree.if_(node.test, then), node), *orelse]
        return [tree.at(tree.if_(node.test, then or [tree.pass_()], orelse), node)]

    def _forward_try(self, step: Step, node: gast.Try) -> tree.Node:
        """A `try`: what its body keeps in lists is put there behind it, as it may fail."""
        new = tree.clone(node)
        if not node.handlers:
            new.body, new.finalbody = map(self._forward_block, step.blocks)
            return new
        success, *failures = step.blocks
        count = len(node.body)
        tried, before = Block(success.steps[:count]), self.pushes.total()
        new.body = self._forward_block(tried)
        if self.pushes.total() > before:
            raise UnsupportedSyntaxError(
                "a `try` in a loop that overwrites what the backward part needs",
                at=node,
                why="what is kept of the old value would have to be taken back where it fails",
                instead="compute the new value in the `try`, and assign it behind it",
            )
        kept = {n: max(after - count, -1) for n, after in success.kept.items()}
        new.orelse = self._forward_block(Block(success.steps[count:], kept=kept))
        for handler, block in zip(new.handlers, failures, strict=True):
            handler.body = self._forward_block(block)
        return new

    def _forward_compound(self, step: Step, node: tree.Node) -> tree.Node:
        is_loop = not isinstance(node, gast.With)
        self.depth += is_loop
        inner = step.blocks[0] if step.blocks else Block([Step(n) for n in node.body])
        body = self._forward_block(inner) or [tree.pass_()]
        self.depth -= is_loop
        return tree.at(_with_body(node, body), node)

    def _saved(self, step: Step, text: str) -> tree.Node:
        if text in step.copied:
            return tree.call("list", tree.name(text))
        return self._kept(step, text, step.node)

    def _save(self, step: Step, text: str, value: tree.Node) -> tree.Node:
        if self.depth:
            return self._push(text, value)
        slot = self.names.fresh(f"{text.removesuffix(PART)}_before")
        self.slots[id(step), text] = slot
        return tree.assign(slot, value)

    def _part(self, step: Step) -> tree.Node:
        """What a write overwrites."""
        target = target_of(step.node)
        return _named_parts(tree.subscript(target.value, index_of(target)), step, own=None)

    def _hoists(self, step: Step) -> list[tree.Node]:
        """Assignments that name subexpressions, inner ones first."""
        order = {id(n): i for i, n in enumerate(_postorder(step.node))}
        hoists = sorted(step.hoists, key=lambda h: order.get(id(h[1]), -1))
        return [
            tree.at(tree.assign(name, _named_parts(value, step, own=value)), step.node)
            for name, value in hoists
        ]

    def _resolved(self, step: Step, node: tree.Node) -> tree.Node:
        return (
            node if step.hoist_backward or not step.hoists else _named_parts(node, step, own=None)
        )

    # --- backward --------------------------------------------------------------------------------------------------------
    def backward(self, block: Block) -> list[tree.Node]:
        """The backward statements of a block, from its end to its start."""
        kept = sorted(block.kept, key=lambda n: -block.kept[n])
        body = [tree.assign(n, self._popped(n)) for n in kept]
        body += [tree.clone(node) for node in block.again.values()]
        for step in reversed(block.steps):
            body += self._backward_step(step)
        return body + block.final

    def _restore(self, step: Step, text: str, target: tree.Node | str) -> tree.Node:
        if (id(step), text) in self.slots:
            return tree.assign(target, tree.name(self.slots[id(step), text]))
        return tree.assign(target, self._popped(text))

    def _restored_part(self, step: Step, node: tree.Node) -> tree.Node:
        text, part = f"{stored_to(node)}{PART}", self._part(step)
        restored = self._restore(step, text, tree.target_of(part))
        return self.put_back(restored, node)

    def _popped(self, text: str) -> tree.Node:
        return tree.call(tree.attribute(tree.name(self._list(text)), "pop"))

    def _backward_step(self, step: Step) -> list[tree.Node]:
        node = step.node
        restored = [
            self._restore(step, text, _whole(text) if text in step.restored_in_place else text)
            for text in reversed(step.saved)
        ]
        if step.saves_part:  # after the names in the index
            restored.append(self._restored_part(step, node))
        if id(node) in self.popped:
            restored.append(
                tree.expression(tree.call(tree.attribute(tree.clone(node.value.func.value), "pop")))
            )
        is_try = isinstance(node, gast.Try) and bool(step.blocks)
        if is_try or isinstance(node, gast.If | gast.For | gast.While | gast.With):
            return [*step.back, *self._backward_compound(step, node), *restored]
        if not step.back:
            return restored
        if step.hoist_backward:
            restored += self._hoists(step)
        result = self._result(step)
        said = [tree.at(tree.comment(step.shown or self.as_written(node)), node)]
        return [*said, *result, *restored, *[tree.at(n, node) for n in step.back]]

    def _result(self, step: Step) -> list[tree.Node]:
        """Names for what the step has bound, taken before the old values are restored."""
        results = dict(step.results)
        if step.result is not None:
            results[step.result] = step.node.targets[0].id
        kept = {name: text for name, text in results.items() if text in step.saved}
        rest = {name: text for name, text in results.items() if text not in kept.values()}
        step.back = [tree.rename(n, rest) for n in step.back] if rest else step.back
        return [tree.assign(name, tree.name(text)) for name, text in kept.items()]

    def _backward_compound(self, step: Step, node: tree.Node) -> list[tree.Node]:
        if isinstance(node, gast.Try):
            bodies = [self.backward(b) for b in step.blocks]
            if not node.handlers:
                return [s for body in reversed(bodies) for s in body]
            return tree.at(by_path(node, bodies) if any(bodies) else [], node)
        is_loop = isinstance(node, gast.For | gast.While)
        self.nesting += is_loop
        bodies = [self.backward(b) for b in step.blocks]
        self.nesting -= is_loop
        if not any(bodies):
            return []
        if isinstance(node, gast.If):
            return [
                tree.at(
                    tree.if_(tree.clone(node.test), bodies[0] or [tree.pass_()], bodies[1]), node
                )
            ]
        if isinstance(node, gast.With):
            return [tree.at(_with_body(node, bodies[0]), node)]
        return [tree.at(self._backward_loop(node, step.blocks[0], bodies[0]), node)]

    def _backward_loop(self, node: tree.Node, block: Block, body: list[tree.Node]) -> tree.Node:
        trips = trips_of(node)
        if isinstance(node, gast.For) and is_counting(node.iter):
            if node.target.id in tree.names_read(body):
                steps = tree.clone(node.iter)
                if trips:
                    steps = tree.subscript(steps, tree.slice_of(None, tree.name(trips), None))
                return tree.for_(node.target, _reversed(steps), body)
            if not trips:
                return tree.for_("_", tree.clone(node.iter), body)
        filled = self._filled_each_time(block) if self.nesting == 0 else None
        if filled:
            return tree.while_(tree.name(filled), body)
        assert trips is not None, "`prepare.count_trips` counts every loop that is no counting one"
        return tree.for_("_", tree.call("range", tree.name(trips)), body)

    def _filled_each_time(self, block: Block) -> str | None:
        """A list that gets one value in each full iteration, so that it is empty when all are reversed."""
        always = [*block.kept, *(n for step in block.steps for n in step.saved)]
        always += [f"{stored_to(s.node)}{PART}" for s in block.steps if s.saves_part]
        once = [n for n in always if self.pushes[n] == 1]
        return self.lists[once[0]] if once else None


def _without_marks(node: tree.Node) -> tree.Node:
    """A statement as it runs, without marks before the calls in it: see `changes`."""
    if not isinstance(node, gast.Try):
        return node
    return tree.at(tree.rewrite(node, {gast.Expr: lambda n: [] if changed_by_call(n) else n}), node)


def _whole(text: str) -> tree.Node:
    """`x[...]` as a target."""
    return tree.target_of(tree.subscript(tree.name(text), tree.constant(Ellipsis)))


def _before_breaks(body: list[tree.Node], kept: list[tree.Node]) -> list[tree.Node]:
    """Statements of a loop's body with `kept` before each `break` out of it."""
    found: list[tree.Node] = []
    for node in body:
        if isinstance(node, gast.Break):
            found += tree.clone(kept)
        if isinstance(node, gast.If):
            then, orelse = _before_breaks(node.body, kept), _before_breaks(node.orelse, kept)
            node = tree.at(tree.if_(node.test, then, orelse), node)
        found.append(node)
    return found


def _reversed(steps: tree.Node) -> tree.Node:
    """`range(n)` for `reversed(range(n))`, and the other way round."""
    if tree.called_name(steps) == "reversed":
        return steps.args[0]
    return tree.call("reversed", steps)


def _with_body(node: tree.Node, body: list[tree.Node]) -> tree.Node:
    parts = {f: getattr(node, f, None) for f in node._fields}
    return type(node)(**{**parts, "body": body})


def _postorder(node: tree.Node) -> list[tree.Node]:
    found: list[tree.Node] = []
    for child in gast.iter_child_nodes(node):
        found += _postorder(child)
    return [*found, node]


def _named_parts(node: tree.Node, step: Step, own: tree.Node | None) -> tree.Node:
    """A copy of `node` in which the named subexpressions of its step are read by name; `own` itself is spelt out."""
    names = {id(value): name for name, value in step.hoists if value is not own}

    def visit(part: tree.Node) -> tree.Node:
        if id(part) in names:
            return tree.at(tree.name(names[id(part)]), part)
        if not isinstance(part, tree.Node):
            return part
        return tree.with_parts(part, lambda value: _visited(value, visit))

    return visit(node)


def _visited(value: Any, visit: Callable[[Any], Any]) -> Any:
    return [visit(v) for v in value] if isinstance(value, list) else visit(value)
