"""Take an expression out of a statement: what it needs runs before, the value stays.

    y = g(x) * [f(v) for v in x]       replaced: `values`, after the loop that fills it
    ->  g_x = g(x)                     what was evaluated earlier and might notice goes first
        values = []
        for v in x: ...
        y = g_x * values

What Python evaluates only sometimes (the right side of `and`, the arm of a ternary, the test of a
`while`) is still evaluated only then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import (
    Changes,
    calls_in,
    changed_arrays,
    changes_nothing,
    effects,
    is_impure_call,
    name_for,
    read_contents,
    reads_content,
)
from knetsrc.transform.normalize.scopes import (
    COMPREHENSIONS,
    blocks,
    bound_names,
    captured_names,
)
from knetsrc.transform.tree import Node


@dataclass(frozen=True)
class Place:
    """Where an expression stands.

    Attributes
    ----------
    target
        The name that it is assigned to, if it is the whole right side.
    wanted
        What to call it otherwise.
    is_test
        Only its truth value is used.
    is_alone
        It is the whole right side of an assignment, or a statement.
    is_guarded
        It stands where a value seen half-way would be noticed: in a `try`, or assigned to a name
        that a function inside reads.
    """

    target: str | None = None
    wanted: str = "value"
    is_test: bool = False
    is_alone: bool = False
    is_guarded: bool = False


Replacement = tuple[list[Node], Node]
Replace = Callable[[Any, Place], Replacement | None]


def hoist(
    function: gast.FunctionDef,
    names: Names,
    replace: Replace,
    kinds: tuple[type, ...],
    changes: Changes = changes_nothing,
) -> gast.FunctionDef:
    """A copy of `function` without the expressions of `kinds` that `replace` takes out.

    `replace` is asked about each expression of the function's own scope, outer ones first. It
    returns None, or statements to run before and an expression to stay in its place; both are
    searched again. `changes` says whether a call may change what arrays, containers or objects hold.
    """
    function = tree.clone(function)
    if not any(isinstance(node, kinds) for node in tree.walk(function.body)):
        return function
    captured = frozenset(captured_names(function.body))
    function.body = _Hoister(names, replace, captured, changes).block(function.body)
    return function


@dataclass
class _Hoister:
    names: Names
    replace: Replace
    captured: frozenset[str]
    changes: Changes
    tries: int = field(default=0)

    # --- statements ---
    def block(self, statements: list[Node]) -> list[Node]:
        found: list[Node] = []
        for statement in statements:
            found += tree.at(self.statement(statement), statement)
        return found

    def statement(self, node: Any) -> list[Node]:
        rewriters: dict[type, Callable[[Any], list[Node]]] = {
            gast.Assign: self.assignment,
            gast.AugAssign: self.augmented,
            gast.While: self.while_,
            gast.With: self.with_,
            gast.Assert: self.assertion,
            gast.Try: self.try_,
            gast.FunctionDef: self.function,
        }
        if type(node) in rewriters:
            return rewriters[type(node)](node)
        places = {
            "test": Place(is_test=True),
            "value": Place(wanted="result", is_alone=isinstance(node, gast.Expr)),
        }
        prelude: list[Node] = []
        for name in ("test", "iter", "value", "exc", "cause"):
            value = getattr(node, name, None)
            if isinstance(value, Node):
                before, value = self.expression(value, places.get(name, Place()))
                setattr(node, name, value)
                prelude += before
        for block in blocks(node):
            block[:] = self.block(block)
        return [*prelude, node]

    def assignment(self, node: gast.Assign) -> list[Node]:
        target = node.targets[0].id if isinstance(node.targets[0], gast.Name) else None
        is_element = isinstance(node.targets[0], gast.Subscript)
        is_guarded = self.tries > 0 or target in self.captured
        place = Place(target, is_alone=not is_element, is_guarded=is_guarded)
        prelude, node.value = self.expression(node.value, place)
        written = target is not None and tree.is_name(node.value, target) and bool(prelude)
        return prelude if written else [*prelude, node]

    def augmented(self, node: gast.AugAssign) -> list[Node]:
        """What it adds to is read before what is added is computed."""
        prelude, node.value = self.expression(node.value, Place(wanted="result"))
        target = node.target
        if not isinstance(target, gast.Subscript) or not self._conflict(_read(target), prelude):
            return [*prelude, node]
        slots = operands(target)
        before = self._in_order(slots, [[] for _ in slots], prelude)
        bound, read = self._settled(_read(target), prelude)
        value = tree.in_place(read, node.op, node.value)
        return [*before, *bound, *prelude, tree.at(tree.assign(node.target, value), node)]

    def while_(self, node: gast.While) -> list[Node]:
        prelude, test = self.expression(node.test, Place(wanted="condition", is_test=True))
        body = self.block(node.body)
        if not prelude:
            node.test, node.body = test, body
            return [node]
        leave = tree.if_(tree.negation(test), [tree.break_()], body)
        return [
            tree.at(tree.while_(tree.constant(True), tree.at([*prelude, leave], node.test)), node)
        ]

    def with_(self, node: gast.With) -> list[Node]:
        lowered = [self.expression(item.context_expr, Place()) for item in node.items]
        node.body = self.block(node.body)
        for item, (_, value) in zip(node.items, lowered, strict=True):
            item.context_expr = value
        for i in range(len(node.items) - 1, 0, -1):
            if lowered[i][0]:
                inner = tree.clone(node)
                inner.items, inner.body = node.items[i:], node.body
                node.items, node.body = node.items[:i], [*lowered[i][0], inner]
        return [*lowered[0][0], node]

    def assertion(self, node: gast.Assert) -> list[Node]:
        prelude, node.test = self.expression(node.test, Place(wanted="condition", is_test=True))
        if node.msg is None:
            return [*prelude, node]
        before, node.msg = self.expression(node.msg, Place(wanted="message"))
        if not before:
            return [*prelude, node]
        test, node.test = node.test, tree.at(tree.constant(False), node.test)
        return [*prelude, tree.at(tree.if_(tree.negation(test), [*before, node]), node)]

    def try_(self, node: gast.Try) -> list[Node]:
        self.tries += 1
        for block in blocks(node):
            block[:] = self.block(block)
        self.tries -= 1
        return [node]

    def function(self, node: gast.FunctionDef) -> list[Node]:
        prelude = self._slots(_default_slots(node))
        return [*prelude, node]

    # --- expressions ---
    def expression(self, node: Any, place: Place) -> Replacement:
        replaced = self.replace(node, place)
        if replaced is not None:
            statements, value = replaced
            prelude = self.block(tree.at(statements, node))
            more, value = self.expression(
                tree.at(value, node), Place(wanted=place.wanted, is_test=place.is_test)
            )
            return prelude + more, value
        if isinstance(node, gast.BoolOp):
            return self.boolean(node, place)
        if isinstance(node, gast.IfExp):
            return self.choice(node, place)
        if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.Not):
            prelude, node.operand = self.expression(
                node.operand, Place(wanted=place.wanted, is_test=True)
            )
            return prelude, node
        return self._slots(operands(node)), node

    def boolean(self, node: gast.BoolOp, place: Place) -> Replacement:
        inside = Place(wanted="condition" if place.is_test else place.wanted, is_test=place.is_test)
        parts = [self.expression(value, inside) for value in node.values]
        late = next((k for k, (prelude, _) in enumerate(parts) if prelude and k > 0), None)
        if late is None:
            node.values = [value for _, value in parts]
            return parts[0][0], node
        name = self._name(node.values[1:], place, inside.wanted)
        return self._lazily(node, parts, name), tree.at(tree.name(name), node)

    def _lazily(self, node: gast.BoolOp, parts: list[Replacement], name: str) -> list[Node]:
        """Statements that assign `a and b` to a name, what runs before `b` only if `b` does."""
        late = next((k for k, (prelude, _) in enumerate(parts) if prelude and k > 0), len(parts))
        values = [value for _, value in parts[:late]]
        is_and = isinstance(node.op, gast.And)
        head = values[0] if late == 1 else tree.boolean("and" if is_and else "or", values)
        before, head = self.expression(tree.at(head, node), Place(name))  # a test is a value now
        statements: list[Node] = [*parts[0][0], *before]
        statements += [] if tree.is_name(head, name) else [tree.assign(name, head)]
        if late < len(parts):
            test = tree.name(name) if is_and else tree.negation(tree.name(name))
            statements.append(tree.if_(test, self._lazily(node, parts[late:], name)))
        tree.at(statements, node)
        return statements

    def choice(self, node: gast.IfExp, place: Place) -> Replacement:
        prelude, node.test = self.expression(node.test, Place(wanted="condition", is_test=True))
        before_body, node.body = self.expression(node.body, Place(wanted=place.wanted))
        before_orelse, node.orelse = self.expression(node.orelse, Place(wanted=place.wanted))
        if not before_body and not before_orelse:
            return prelude, node
        name = place.target or self.names.fresh(place.wanted)
        body = [*before_body, tree.assign(name, node.body)]
        orelse = [*before_orelse, tree.assign(name, node.orelse)]
        return tree.at([*prelude, tree.if_(node.test, body, orelse)], node), tree.at(
            tree.name(name), node
        )

    def _name(self, later: list[Node], place: Place, wanted: str) -> str:
        """The target itself, unless what is evaluated after its first assignment might notice."""
        if place.target is None or place.is_guarded or place.target in effects(later).reads:
            return self.names.fresh(wanted)
        return place.target

    def _slots(self, slots: "list[Slot]") -> list[Node]:
        """Take out of operands that are evaluated in this order."""
        preludes: list[list[Node]] = []
        for slot in slots:
            prelude, value = self.expression(slot.get(), Place(wanted=slot.wanted))
            slot.set(value)
            preludes.append(prelude)
        return self._in_order(slots, preludes, [])

    def _in_order(
        self, slots: "list[Slot]", preludes: list[list[Node]], later: list[Node]
    ) -> list[Node]:
        """What runs before the operands, given what runs after them but before their statement."""
        added: list[Node] = []
        for slot, prelude in zip(slots[::-1], preludes[::-1], strict=True):
            bound, value = self._settled(slot.get(), [*added, *later])
            slot.set(value)
            added = [*prelude, *bound, *added]
        return added

    def _settled(self, value: Any, later: list[Node]) -> Replacement:
        """Give a name to as much of a value as might be different after `later` has run."""
        if not self._conflict(value, later):
            return [], value
        before: list[Node] = []
        if not isinstance(value, _WHOLE) and not is_impure_call(value):
            slots = operands(value)
            before = self._in_order(slots, [[] for _ in slots], later)
            if not self._conflict(value, later):
                return before, value
        name = self.names.fresh(name_for(value))
        bound = tree.at(tree.assign(name, value), value)
        return [*before, bound], tree.at(tree.name(name), value)

    def _conflict(self, value: Node, later: list[Node]) -> bool:
        if isinstance(value, gast.Name):  # what an array or list holds is read by what it goes into
            return value.id in bound_names(later)
        if not later:
            return False
        if reads_content(value) and self._changes(later):
            return True
        if read_contents(later) and self._changes([value]):
            return True
        return effects(value, self.captured).conflict(effects(later, self.captured))

    def _changes(self, nodes: list[Node]) -> bool:
        """Whether statements or expressions may change what has more names than one."""
        return any(map(self.changes, calls_in(nodes))) or not changed_arrays(nodes) <= bound_names(
            nodes
        )


def _read(target: gast.Subscript) -> Node:
    """The element that is written, as it is read."""
    return tree.at(tree.subscript(tree.clone(target.value), tree.clone(target.slice)), target)


@dataclass(frozen=True)
class Slot:
    """A place in the tree that holds one expression."""

    holder: Any
    field: str
    index: int | None = None
    wanted: str = "value"

    def get(self) -> Node:
        value = getattr(self.holder, self.field)
        return value if self.index is None else value[self.index]

    def set(self, value: Node) -> None:
        if self.index is None:
            setattr(self.holder, self.field, value)
        else:
            getattr(self.holder, self.field)[self.index] = value


_WHOLE = (gast.BoolOp, gast.IfExp, gast.NamedExpr, gast.Lambda, gast.Name, *COMPREHENSIONS)
_STRUCTURE = (gast.Slice, gast.Starred, gast.keyword, gast.FormattedValue, gast.JoinedStr)


def operands(node: Any) -> list[Slot]:
    """The expressions that are always evaluated for `node`, in that order."""
    if isinstance(node, COMPREHENSIONS):
        return [Slot(node.generators[0], "iter")]
    if isinstance(node, gast.Lambda):
        return _default_slots(node)
    if isinstance(node, gast.NamedExpr):
        return [Slot(node, "value")]
    if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
        return [
            *_looked_through(Slot(node.func, "value")),
            *_field_slots(node, ("args", "keywords")),
        ]
    if isinstance(node, gast.Dict):
        pairs = range(len(node.keys))
        slots = [Slot(node, part, i) for i in pairs for part in ("keys", "values")]
        return [slot for slot in slots if slot.get() is not None]
    if isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Tuple):
        return [Slot(node, "value"), *_field_slots(node.slice, ("elts",))]
    return _field_slots(node, node._fields)


def _field_slots(node: Any, fields: tuple[str, ...]) -> list[Slot]:
    found: list[Slot] = []
    for name in fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [
                s
                for i, item in enumerate(value)
                for s in _looked_through(Slot(node, name, i))
                if item
            ]
        elif value is not None:
            found += _looked_through(Slot(node, name))
    return found


def _looked_through(slot: Slot) -> list[Slot]:
    node = slot.get()
    if isinstance(node, _STRUCTURE):
        return _field_slots(node, node._fields)
    return [slot] if isinstance(node, gast.expr) else []


def _default_slots(function: Any) -> list[Slot]:
    slots = [
        Slot(function.args, part, i)
        for part in ("defaults", "kw_defaults")
        for i, _ in enumerate(getattr(function.args, part))
    ]
    return [slot for slot in slots if slot.get() is not None]
