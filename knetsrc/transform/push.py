"""Pushes an adjoint down through an expression, by the rules of `adjoints/`, to the names that it reads.

The adjoint is an expression itself and stays one while a person would nest it; it gets a name only when it is needed twice.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import differentiable_names
from knetsrc.transform.analysis.integers import is_basic_index
from knetsrc.transform.analysis.shapes import (
    BOOLEAN,
    SCALAR,
    Shape,
    Shapes,
    broadcast,
    combined,
    is_number_expression,
)
from knetsrc.transform.callee import Calls, Container, Primitive, Record
from knetsrc.transform.describe import describe
from knetsrc.transform.fit import Fitter, is_call_of, is_simple, loose, split_like, without_like
from knetsrc.transform.names import Names, adjoint_name
from knetsrc.transform.refusal import refusal
from knetsrc.transform.resolve import UNKNOWN
from knetsrc.transform.splice import Splicer
from knetsrc.transform.steps import Step

_NUMERIC_CALLS = frozenset({"unbroadcast", "like", "matmul_adjoint_a", "matmul_adjoint_b"})


@dataclass(frozen=True)
class Contribution:
    """What one read adds to the adjoint of `key`: `value`, at `index` if there is one."""

    key: str
    value: tree.Node
    path: tuple[tree.Node, ...] = ()


@dataclass
class Keys:
    """Which adjoints have a name of their own: one for each active name, or one for each constant entry of a container."""

    names: Names
    exploded: frozenset[str] = frozenset()
    adjoints: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, tree.Node] = field(default_factory=dict)

    def of(self, node: tree.Node) -> str | None:
        """The key of a name, or of an entry `w[0]` of a container that is taken apart; None for other expressions."""
        if isinstance(node, gast.Name):
            return self._enter(node.id, node)
        is_entry = isinstance(node, gast.Subscript | gast.Attribute) and tree.is_name(node.value)
        return (
            self._enter(tree.show(node), node)
            if is_entry and node.value.id in self.exploded
            else None
        )

    def _enter(self, key: str, node: tree.Node) -> str:
        self.nodes.setdefault(key, node)
        return key

    def adjoint(self, key: str) -> str:
        """The name of the adjoint of `key`."""
        if key not in self.adjoints:
            self.adjoints[key] = self.names.fresh(
                adjoint_name(key.replace("'", "").rstrip("]").replace("[", "_"))
            )
        return self.adjoints[key]


@dataclass
class Pusher:
    """Pushes adjoints through the expressions of one function."""

    calls: Calls
    shapes: Shapes
    active: frozenset[str]
    keys: Keys
    names: Names
    integers: frozenset[str]
    spell: Callable[[str, Any], tree.Node]
    temporaries: set[str]
    numeric: frozenset[str] = frozenset()

    def numeric_adjoints(self) -> set[str]:
        """Names of the adjoints of arrays and numbers."""
        return {a for key, a in self.keys.adjoints.items() if key in self.numeric}

    def push(self, node: tree.Node, adjoint: tree.Node, step: Step) -> "Pushed":
        """What `adjoint`, the adjoint of the expression `node` in `step`, contributes to the names in it."""
        pushed = Pushed(self, step)
        pushed.down(node, adjoint)
        return pushed

    def is_active(self, node: tree.Node) -> bool:
        return bool(differentiable_names(node, self.calls) & self.active)


@dataclass
class Pushed:
    """Statements that name adjoints on the way, then the contributions."""

    pusher: Pusher
    step: Step
    prefix: list[tree.Node] = field(default_factory=list)
    contributions: list[Contribution] = field(default_factory=list)
    _values: dict[str, tree.Node] = field(default_factory=dict)
    _numbers: set[int] = field(default_factory=set)

    # --- one expression ---------------------------------------------------------------------------------------------------
    def down(self, node: tree.Node, adjoint: tree.Node) -> None:
        """Push `adjoint` into `node`."""
        if not self.pusher.is_active(node):
            return
        key = self.pusher.keys.of(node)
        if key is not None:
            self.contributions.append(Contribution(key, adjoint))
        elif isinstance(node, gast.Subscript):
            self._into_item(node, adjoint)
        elif isinstance(node, gast.Tuple | gast.List):
            self._into_elements(
                node, node.elts, [tree.constant(i) for i in range(len(node.elts))], adjoint
            )
        elif isinstance(node, gast.Dict) and None in node.keys:
            raise UnsupportedSyntaxError(
                "`**` in a dict that is written out",
                at=node,
                why="which of its entries come from where is not known while transforming",
                instead="write the entries out, or build the dict by a comprehension",
            )
        elif isinstance(node, gast.Dict):
            self._into_elements(node, node.values, [tree.clone(k) for k in node.keys], adjoint)
        else:
            self._into_call(node, adjoint)

    def _into_call(self, node: tree.Node, adjoint: tree.Node) -> None:
        callee = self.pusher.calls.of(node)
        if isinstance(callee, Primitive):
            self._into_primitive(node, callee, adjoint)
        elif isinstance(callee, Record):
            self._into_record(node, callee, adjoint)
        elif (
            tree.called_name(node) == "dict"
            and len(node.args) == 1
            and tree.called_name(node.args[0]) == "zip"
        ):
            keys, values = node.args[0].args
            self.down(
                values, tree.call(self.pusher.spell("entries", None), adjoint, self.value(keys))
            )
        elif isinstance(callee, Container) and tree.called_name(node) in ("list", "tuple"):
            self.down(callee.args[0], adjoint)
        elif callee is None and isinstance(node, gast.Attribute):
            self._into_item(node, adjoint)
        else:
            raise refusal(node, callee)

    def _into_record(self, node: tree.Node, callee: Record, adjoint: tree.Node) -> None:
        if not is_simple(adjoint):
            adjoint = self._named(node, adjoint)
        for name, value in callee.fields.items():
            self.down(value, tree.attribute(tree.clone(adjoint), name))

    def _into_elements(
        self, node: tree.Node, parts: list[tree.Node], indices: list[tree.Node], adjoint: tree.Node
    ) -> None:
        literal = adjoint.elts if isinstance(adjoint, gast.Tuple | gast.List) else None
        if (
            literal is None
            and sum(map(self.pusher.is_active, parts)) > 1
            and not is_simple(adjoint)
        ):
            adjoint = self._named(node, adjoint)
        for number, (part, index) in enumerate(zip(parts, indices, strict=True)):
            if isinstance(part, gast.Starred) and self.pusher.is_active(part):
                raise UnsupportedSyntaxError(
                    "a starred element in a list or tuple",
                    at=part,
                    why="the number of its elements is not known while transforming",
                    instead="build the list with append, or concatenate arrays",
                )
            entry = literal[number] if literal else tree.subscript(tree.clone(adjoint), index)
            if not tree.is_constant(entry, None):
                self.down(part, entry)

    def _into_item(self, node: tree.Node, adjoint: tree.Node) -> None:
        path: list[tree.Node] = []
        base = node
        while (
            isinstance(base, gast.Subscript | gast.Attribute) and self.pusher.keys.of(base) is None
        ):
            if isinstance(base, gast.Attribute) and self.pusher.calls.of(base) is not None:
                break
            path.insert(0, base)
            base = base.value
        key = self.pusher.keys.of(base)
        if key is not None:
            self.contributions.append(Contribution(key, without_like(adjoint), tuple(path)))
            return
        buffer = self.pusher.names.fresh(adjoint_name(self.describe(base)))
        self.pusher.temporaries.add(buffer)
        whole = self.value(base)
        self.prefix.append(
            tree.assign(buffer, tree.call(self.pusher.spell("zeros_like", None), whole))
        )
        self.prefix.append(self.update(tree.name(buffer), tuple(path), without_like(adjoint)))
        self.down(base, tree.name(buffer))

    def update(self, buffer: tree.Node, path: tuple[tree.Node, ...], value: tree.Node) -> tree.Node:
        """The statement that adds `value` into `buffer` at `path`."""
        for part in path[:-1]:
            buffer = self._entry(buffer, part)
        last = path[-1]
        is_attribute = isinstance(last, gast.Attribute)
        if (is_attribute or is_basic_index(last.slice, self.pusher.integers)) and self._adds_up(
            buffer, last, value
        ):
            return tree.augment(self._entry(buffer, last), "+", value)
        index = (
            tree.constant(last.attr)
            if is_attribute
            else as_argument(self.value_of_index(last.slice))
        )
        return tree.expression(tree.call(self.pusher.spell("add_at", None), buffer, index, value))

    def _adds_up(self, buffer: tree.Node, last: tree.Node, value: tree.Node) -> bool:
        """Whether `+=` adds numbers for sure, where it would make a list longer."""
        numeric = self.pusher.numeric_adjoints()
        if isinstance(buffer, gast.Name) and buffer.id in numeric:
            return True
        is_slice = not isinstance(last, gast.Attribute) and any(
            isinstance(n, gast.Slice) for n in tree.walk(last.slice)
        )
        if is_slice and not isinstance(last.slice, gast.Tuple):
            return False
        if isinstance(value, gast.Name):
            return value.id in numeric
        if isinstance(value, gast.Call):
            text = tree.called_name(value)
            return text in _NUMERIC_CALLS or (
                text is None and tree.show(value.func).startswith("np.")
            )
        return isinstance(value, gast.BinOp | gast.UnaryOp | gast.Constant)

    def _entry(self, buffer: tree.Node, part: tree.Node) -> tree.Node:
        if isinstance(part, gast.Attribute):
            return tree.attribute(buffer, part.attr)
        return tree.subscript(buffer, self.value_of_index(part.slice))

    def value_of_index(self, index: tree.Node) -> tree.Node:
        """The index as the backward part reads it; slices as an expression where they are an argument."""
        return tree.clone(index) if is_cheap_index(index) else self.value(index)

    # --- one primitive --------------------------------------------------------------------------------------------------
    def _into_primitive(self, node: tree.Node, callee: Primitive, adjoint: tree.Node) -> None:
        bound = self._bound(node, callee)
        if callee.rule.elementwise and self.shape_of(adjoint) == SCALAR:
            self._numbers |= {id(v) for v in bound.values() if not isinstance(v, list)}
        if operator.matmul in callee.rule.primitives:
            adjoint = loose(adjoint)
        elif callee.rule.elementwise and len(callee.rule.operands) > 1:
            adjoint = self._unfitted(adjoint)
        wanted = {n for n in callee.rule.operands if self._wants(bound.get(n))}
        self._refuse_active_options(node, callee, bound)
        splicer = Splicer(self.pusher.spell, self.settle)
        fixed = {name: self._placeholder(value) for name, value in bound.items()}
        fixed["y"] = self._placeholder(node, "y")
        fixed["d_y"] = tree.name("__d_y")
        spliced = splicer.splice(callee.rule, bound, wanted, fixed)
        uses = sum(
            tree.is_name(n, "__d_y")
            for n in tree.walk([*spliced.adjoints.values(), *(v for _, v in spliced.locals)])
        )
        if uses > 1 and not is_simple(without_like(adjoint)):
            adjoint = self._named(node, adjoint)
        values: dict[str, tree.Node] = {"__d_y": adjoint}
        for text, value in spliced.locals:
            values[f"__local_{text}"] = self._local(
                text, self.finished(tree.substitute(value, values))
            )
        for operand in callee.rule.operands:
            if operand in spliced.adjoints:
                found = self.finished(tree.substitute(spliced.adjoints[operand], values))
                self._into_operand(bound[operand], found)

    def _unfitted(self, adjoint: tree.Node) -> tree.Node:
        """The adjoint of an operation whose operands are fitted afterwards: it need not be fitted to the result as well."""
        if is_call_of(adjoint, "unbroadcast"):
            inner, whole = self.shape_of(adjoint.args[0]), self.shape_of(adjoint.args[1])
            if inner is not None and whole is not None and broadcast([inner, whole]) == inner:
                return adjoint.args[0]
        return adjoint

    def _bound(self, node: tree.Node, callee: Primitive) -> dict[str, Any]:
        try:
            return callee.bound()
        except UnsupportedSyntaxError as error:
            error.at = node
            raise

    def _wants(self, value: Any) -> bool:
        return any(
            map(
                self.pusher.is_active,
                value if isinstance(value, list) else [value] if value else [],
            )
        )

    def _refuse_active_options(
        self, node: tree.Node, callee: Primitive, bound: dict[str, Any]
    ) -> None:
        for name, value in bound.items():
            if name in callee.rule.constant_only and self._wants(value):
                raise UnsupportedSyntaxError(
                    f"the argument `{name}` depends on a differentiated value",
                    at=node,
                    why=f"`{callee.rule.name}` has no derivative with respect to `{name}`",
                    instead=f"pass `stop_gradient(...)` for `{name}` if it is meant to be constant",
                )

    def _into_operand(self, value: Any, adjoint: tree.Node) -> None:
        if isinstance(value, list):
            literal = adjoint.elts if isinstance(adjoint, gast.List | gast.Tuple) else None
            if literal is None and not is_simple(adjoint):
                adjoint = self._named(tree.list_of(value), adjoint)
            for number, part in enumerate(value):
                self.down(
                    part,
                    literal[number]
                    if literal
                    else tree.subscript(tree.clone(adjoint), tree.constant(number)),
                )
        else:
            self.down(value, adjoint)

    def _local(self, text: str, value: tree.Node) -> tree.Node:
        if is_simple(value):
            return value
        name = self.pusher.names.fresh(text)
        self.pusher.temporaries.add(name)
        self.prefix.append(tree.assign(name, value))
        return tree.name(name)

    def _named(self, node: tree.Node, adjoint: tree.Node) -> tree.Node:
        """`adjoint` under a name."""
        name = self.pusher.names.fresh(adjoint_name(self.describe(node)))
        self.pusher.temporaries.add(name)
        shape = self.shape_of(adjoint)
        inner, reference = split_like(adjoint)
        self.prefix.append(tree.assign(name, inner))
        self._named_shapes[name] = self.shape_of(inner) if reference is not None else shape
        return (
            tree.name(name) if reference is None else tree.call("like", tree.name(name), reference)
        )

    _named_shapes: dict[str, Shape | None] = field(default_factory=dict)

    # --- values of the forward part ---------------------------------------------------------------------------------------
    def _placeholder(self, value: Any, kind: str = "v") -> tree.Node:
        if isinstance(value, list):
            return tree.list_of(self._placeholder(v) for v in value)
        name = f"__{kind}_{len(self._values)}"
        self._values[name] = value
        return tree.name(name)

    def finished(self, expression: tree.Node) -> tree.Node:
        """`expression` with adjoints fitted only where shapes may differ, and with values in place of placeholders."""
        fitted = Fitter(self).fit(expression)

        def replace(node: gast.Name) -> tree.Node:
            if node.id not in self._values:
                return node
            value = self._values[node.id]
            return (
                self.result()
                if node.id.startswith("__y") and value is self.root
                else self.value(value)
            )

        return _rewrite_names(fitted, replace, self._values)

    @property
    def root(self) -> tree.Node | None:
        """The whole right side, if the step binds it to one name."""
        node = self.step.node
        is_single = isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name)
        return node.value if is_single else None

    def result(self) -> tree.Node:
        """The value that the step binds."""
        if self.step.result is None:
            self.step.result = self.pusher.names.fresh(self.describe(self.step.node.value))
            self.pusher.temporaries.add(self.step.result)
        return tree.name(self.step.result)

    def value(self, node: tree.Node) -> tree.Node:
        """The value of a subexpression of the step, as the backward part reads it: a copy if cheap, else a name."""
        for name, hoisted in self.step.hoists:
            if hoisted is node:
                return tree.name(name)
        if self._is_cheap(node):
            return tree.clone(node)
        name = self.pusher.names.fresh(self.describe(node))
        self.pusher.temporaries.add(name)
        self.step.hoists.append((name, node))
        return tree.name(name)

    def _is_cheap(self, node: tree.Node) -> bool:
        if isinstance(node, gast.Name | gast.Constant):
            return True
        if is_number_expression(node):
            return True
        if isinstance(node, gast.Subscript):
            return self._is_cheap(node.value) and is_basic_index(node.slice, self.pusher.integers)
        if isinstance(node, gast.Attribute):
            return self._is_cheap(node.value)
        if isinstance(node, gast.UnaryOp):
            return isinstance(node.operand, gast.Constant)
        if isinstance(node, gast.Tuple | gast.List):
            return all(map(self._is_cheap, node.elts))
        if isinstance(node, gast.BinOp):
            return all(
                self.is_integer(n) for n in (node.left, node.right)
            ) or self._is_small_number(node)
        return isinstance(node, gast.Slice)

    def _is_small_number(self, node: tree.Node) -> bool:
        """Whether computing a number again costs no more than keeping it."""
        parts = list(tree.walk(node))
        plain = all(
            isinstance(
                n, gast.BinOp | gast.Name | gast.Constant | gast.operator | gast.expr_context
            )
            for n in parts
        )
        return plain and len(parts) < 12 and self.shape_of_value(node) == SCALAR

    def is_integer(self, node: tree.Node) -> bool:
        """Whether an expression is known to be a small integer computation."""
        if isinstance(node, gast.Name):
            return node.id in self.pusher.integers
        if isinstance(node, gast.BinOp):
            return self.is_integer(node.left) and self.is_integer(node.right)
        return isinstance(node, gast.Constant) or is_number_expression(node)

    def describe(self, node: tree.Node) -> str:
        """A name that says what an expression is: `exp_x`, `sum_exp`, `product`."""
        for name, hoisted in self.step.hoists:
            if hoisted is node:
                return name
        text = describe(node)
        target = self.step.node.targets[0] if isinstance(self.step.node, gast.Assign) else None
        if (
            "_" in text
            or isinstance(node, gast.Name)
            or not isinstance(target, gast.Name)
            or target.id == "value"
        ):
            return text
        return f"{text}_{target.id}"

    # --- shapes ---------------------------------------------------------------------------------------------------------
    def shape_of_value(self, node: tree.Node) -> Shape:
        if id(node) in self._numbers:  # it is broadcast into a single number
            return SCALAR
        return self.pusher.shapes.of(node, self.step.node)

    def shape_of(self, node: tree.Node) -> Shape | None:
        """Shape of an expression of the backward part, None if unknown."""
        if isinstance(node, gast.Name):
            return self._shape_of_name(node.id)
        if isinstance(node, gast.Constant):
            return SCALAR
        if isinstance(node, gast.BinOp) and not isinstance(node.op, gast.MatMult):
            return self._union([node.left, node.right])
        if isinstance(node, gast.Compare):
            compared = self._union([node.left, *node.comparators])
            return compared | {BOOLEAN} if compared else compared
        if isinstance(node, gast.UnaryOp):
            return self.shape_of(node.operand)
        if is_call_of(node, "like", "unbroadcast", "zeros_like"):
            return self.shape_of(node.args[-1])
        if isinstance(node, gast.Call) and self._is_elementwise(node):
            return self._union(node.args)
        if is_number_expression(node):
            return SCALAR
        if any(isinstance(n, gast.Name) and n.id.startswith(("__", "d_")) for n in tree.walk(node)):
            return None
        return self.shape_of_value(node)

    def _shape_of_name(self, text: str) -> Shape | None:
        if text in self._values:
            value = self._values[text]
            return self.shape_of_value(value) if not isinstance(value, list) else None
        if text in self._named_shapes:
            return self._named_shapes[text]
        if text == self.step.result:
            return self.shape_of_value(self.step.node.value)
        node = self.step.node
        if isinstance(node, gast.Assign):
            for target in tree.names_written(node.targets):
                if self.pusher.keys.adjoints.get(target) == text:
                    return self.pusher.shapes.of_target(target, node, node.value)
        for hoist, value in self.step.hoists:
            if hoist == text:
                return self.shape_of_value(value)
        if text.startswith("d_") or text.startswith("__"):
            return None
        return self.shape_of_value(tree.name(text))

    def _is_elementwise(self, node: gast.Call) -> bool:
        callee = self.pusher.calls.of(node)
        return isinstance(callee, Primitive) and callee.rule.elementwise

    def _union(self, nodes: list[tree.Node]) -> Shape | None:
        shapes = [self.shape_of(n) for n in nodes]
        return (
            None if any(s is None for s in shapes) else combined(s for s in shapes if s is not None)
        )

    def settle(self, fact: str, node: tree.Node) -> Any:
        """The answer to a question of a rule about an argument."""
        if fact == "is_basic":
            return is_basic_index(node, self.pusher.integers) or UNKNOWN
        if fact == "is_literal":
            return isinstance(node, gast.Constant) or (
                isinstance(node, gast.UnaryOp) and isinstance(node.operand, gast.Constant)
            )
        if self.shape_of_value(node) == SCALAR:
            return True if fact == "is_scalar" else 0
        return UNKNOWN


def _rewrite_names(
    node: tree.Node, replace: Callable[[gast.Name], tree.Node], known: Any
) -> tree.Node:
    """Placeholders inside the arguments of values are never looked into twice."""
    return tree.rewrite(node, {gast.Name: lambda n: replace(n) if n.id in known else n})


def as_argument(index: tree.Node) -> tree.Node:
    """An index as an expression: `slice(1, None)` for `1:`."""
    none = tree.constant(None)

    def call(node: gast.Slice) -> tree.Node:
        bounds = [node.lower or none, node.upper or none, node.step]
        return tree.call("slice", *(b for b in bounds if b is not None))

    return tree.rewrite(index, {gast.Slice: call})


def is_cheap_index(index: tree.Node) -> bool:
    """Whether an index may be written again: no calls but `len` in it."""
    return all(
        not isinstance(n, gast.Call) or tree.called_name(n) == "len" for n in tree.walk(index)
    )
