"""What the backward part of one statement reads of the forward part: names, cheap copies, and what is known of their shapes."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.atoms import BOOLEAN, SCALAR, Shape, broadcast, combined, dims_of
from knetsrc.transform.analysis.indices import is_basic_index
from knetsrc.transform.analysis.integers import is_number_expression
from knetsrc.transform.analysis.sums import is_addition_to
from knetsrc.transform.callee import Primitive
from knetsrc.transform.describe import describe
from knetsrc.transform.fit import Fitter, is_call_of, is_choice, is_simple, is_size
from knetsrc.transform.normalize.sharing import carriers
from knetsrc.transform.resolve import UNKNOWN
from knetsrc.transform.steps import Step

if TYPE_CHECKING:
    from knetsrc.transform.push import Pusher


@dataclass
class StepValues:
    """Values that the reversal of `step` reads.

    Attributes
    ----------
    named_shapes
        Shapes of adjoints that were given a name.
    unrepeated
        Names of adjoints that have yet to be repeated to the shape of what they belong to.
    slot
        Shape of what the step writes into, and of the value that is broadcast to it.
    numbers
        Ids of expressions that are broadcast into a single number.
    fitting
        Shapes of products and of what helpers give, by their signatures, that their operands do not tell.
    """

    pusher: "Pusher"
    step: Step
    named_shapes: dict[str, Shape | None] = field(default_factory=dict)
    unrepeated: set[str] = field(default_factory=set)
    slot: tuple[Shape, Shape] | None = None
    numbers: set[int] = field(default_factory=set)
    fitting: dict[Any, Shape] = field(default_factory=dict)
    _placeholders: dict[str, tree.Node] = field(default_factory=dict)
    _templates: dict[Shape, tree.Node | None] = field(default_factory=dict)

    def placeholder(self, value: Any, kind: str = "v") -> tree.Node:
        """A name that stands for a value of the step while rules are spliced."""
        if isinstance(value, list):
            return tree.list_of(self.placeholder(v) for v in value)
        name = f"__{kind}_{len(self._placeholders)}"
        self._placeholders[name] = value
        return tree.name(name)

    def finished(self, expression: tree.Node) -> tree.Node:
        """`expression` with adjoints fitted only where shapes may differ, and with values in place of placeholders."""
        fitted = Fitter(self).fit(expression)

        def replace(node: gast.Name) -> tree.Node:
            if node.id not in self._placeholders:
                return node
            value = self._placeholders[node.id]
            return (
                self.result()
                if node.id.startswith("__y") and value is self.root
                else self.value(value)
            )

        found = _rewrite_names(fitted, replace, self._placeholders)
        if self.fitting:
            shape = self.fitting.get(tree.signature(fitted))
            if shape is not None:
                self.fitting[tree.signature(found)] = shape
        return found

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

    def value(self, node: tree.Node, wanted: str = "") -> tree.Node:
        """The value of a subexpression of the step, as the backward part reads it: a copy if cheap, else a name.

        The name says what the expression is, unless one is `wanted`.
        """
        for name, hoisted in self.step.hoists:
            if hoisted is node:
                return tree.name(name)
        if self._is_cheap(node) or carriers(node) & self.pusher.changing:
            return tree.clone(node)  # a view is taken again, of what it shows when it is restored
        if (
            isinstance(node, gast.UnaryOp)
            and isinstance(node.op, gast.USub)
            and tree.is_name(node.operand)
        ):
            return tree.clone(node)
        name = self.pusher.names.fresh(wanted or self.describe(node))
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
            return (
                is_literal(node)
                or all(self.is_integer(n) for n in (node.left, node.right))
                or self._is_small_number(node)
            )
        return isinstance(node, gast.Slice)

    def _is_small_number(self, node: tree.Node) -> bool:
        """Whether computing a number again costs no more than keeping it."""
        parts = list(tree.walk(node))
        kinds = gast.BinOp | gast.Name | gast.Constant
        is_plain = len(parts) < 6 and all(isinstance(n, kinds) for n in parts)
        return is_plain and self.shape_of_value(node) == SCALAR

    def is_simple(self, adjoint: tree.Node) -> bool:
        """Whether an adjoint may be written twice: a name, or a number multiplied by another."""
        if is_simple(adjoint):
            return True
        is_product = isinstance(adjoint, gast.BinOp) and isinstance(adjoint.op, gast.Mult)
        return (
            is_product
            and is_simple(adjoint.left)
            and is_simple(adjoint.right)
            and self.shape_of(adjoint) == SCALAR
        )

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
        if id(node) in self.numbers:  # it is broadcast into a single number
            return SCALAR
        return self.pusher.shapes.of(node, self.step.node)

    def shape_of(self, node: tree.Node) -> Shape | None:
        """Shape of an expression of the backward part, None if unknown."""
        shape = self._shape_of(node)
        return shape if shape is None else self.fitted(shape)

    def fitted(self, shape: Shape) -> Shape:
        """A shape without what is known to be broadcast to the rest of it, by a write of this step."""
        if self.slot is None or not self.slot[0] <= shape <= self.slot[0] | self.slot[1]:
            return shape
        return self.slot[0]

    def _shape_of(self, node: tree.Node) -> Shape | None:
        if self.fitting and isinstance(node, gast.BinOp | gast.Call):
            known = self.fitting.get(tree.signature(node))
            if known is not None:
                return known
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
        if is_number_expression(node) or is_size(node) or self._is_number(node):
            return SCALAR
        own = {self.step.result, *self.named_shapes, *(text for text, _ in self.step.hoists)}
        made_up = {t for t in tree.names_read(node) if t.startswith(("__", "d_")) or t in own}
        if not made_up:
            return self.shape_of_value(node)
        shapes = {text: self._shape_of_name(text) for text in made_up}
        given = {text: shape for text, shape in shapes.items() if shape is not None}
        if len(given) < len(shapes):
            return None
        found = self.pusher.shapes.of_expression(node, self.step.node, given)
        return found if dims_of(found) is not None else None

    def _is_number(self, node: tree.Node) -> bool:
        """Whether it is a sum of everything, or an element of an adjoint, by the rank of that whose adjoint it is."""
        if isinstance(node, gast.Call):
            return tree.is_path(node.func, "np.sum") and len(node.args) == 1 and not node.keywords
        if not isinstance(node, gast.Subscript) or not isinstance(node.value, gast.Name):
            return False
        adjoints = self.pusher.keys.adjoints.items()
        keys = [key for key, name in adjoints if name == node.value.id and key.isidentifier()]
        entries = [tree.subscript(tree.name(key), node.slice) for key in keys]
        return bool(entries) and all(map(self.pusher.shapes.is_number, entries))

    def has_name(self, reference: tree.Node) -> bool:
        """Whether a reference is a name, or stands for one."""
        value = self._placeholders.get(getattr(reference, "id", ""), reference)
        return value is self.root or isinstance(value, gast.Name)

    def integer_of(self, reference: tree.Node) -> int | None:
        """The integer that a reference is, or stands for, if that is written out."""
        return tree.integer_of(self._placeholders.get(getattr(reference, "id", ""), reference))

    def is_running_sum(self, reference: tree.Node) -> bool:
        """Whether `reference` stands for a sum to which the step adds, and the adjoint of which is that of the new sum."""
        value = self._placeholders.get(getattr(reference, "id", ""))
        if not isinstance(value, gast.Name) or value.id not in self.pusher.sums:
            return False
        return is_addition_to(self.step.node, value.id)

    def part_with_shape(self, reference: tree.Node, shape: Shape) -> tree.Node:
        """A part of the value that `reference` stands for with the same shape, as a placeholder.

        A name or an entry if there is one, else what the derivative of a power or of a function reads anyway.
        """
        value = self._placeholders.get(reference.id) if tree.is_name(reference) else None
        if not isinstance(value, gast.expr) or value is self.root:
            return reference
        cheap = [n for n in self._operands(value, shape) if self._is_cheap(n)]
        if cheap:
            return self.placeholder(cheap[0])
        is_linear = True
        while is_linear and (operands := self._same(value, shape)):
            is_linear = isinstance(value, gast.BinOp) and not isinstance(value.op, gast.Pow)
            value = operands[0]
        return self.placeholder((is_linear and self._sum_with_shape(value, shape)) or value)

    def _sum_with_shape(self, value: tree.Node, shape: Shape) -> tree.Node | None:
        """`y + p` for `y * np.log(p)`: where only the shape is read, the sum costs the least."""
        if shape not in self._templates:
            names = [n for n in tree.walk(value) if tree.is_name(n) and n.id in self.pusher.numeric]
            pairs = itertools.combinations(
                {n.id: n for n in names if self.shape_of_value(n)}.values(), 2
            )
            found = [pair for pair in pairs if broadcast(map(self.shape_of_value, pair)) == shape]
            self._templates[shape] = tree.binary(found[0][0], "+", found[0][1]) if found else None
        return self._templates[shape]

    def _operands(self, node: tree.Node, shape: Shape) -> list[tree.Node]:
        """All parts of an expression with its shape."""
        same = self._same(node, shape)
        return [*same, *(n for part in same for n in self._operands(part, shape))]

    def _same(self, node: tree.Node, shape: Shape) -> list[tree.Node]:
        parts = node.args if isinstance(node, gast.Call) else gast.iter_child_nodes(node)
        operands = [n for n in parts if isinstance(n, gast.expr)]
        return [n for n in operands if self.shape_of_value(n) == shape]

    def _shape_of_name(self, text: str) -> Shape | None:
        if text in self._placeholders:
            value = self._placeholders[text]
            return self.shape_of_value(value) if not isinstance(value, list) else None
        if text in self.named_shapes:
            return self.named_shapes[text]
        node = self.step.node
        if text == self.step.result:
            target = node.targets[0]
            bound = target.id if isinstance(target, gast.Name) else ""
            return self.pusher.shapes.of_target(bound, node, node.value)
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
        if is_choice(node) or is_call_of(node, "sigm") or tree.is_path(node.func, "np.sign"):
            return True
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
        if fact == "is_list":
            return self.pusher.calls.kind_of(node) in ("list", "tuple")
        if self.shape_of_value(node) == SCALAR:
            return True if fact == "is_scalar" else 0
        rank = self.pusher.shapes.rank(node, self.step.node) if fact == "rank" else None
        return UNKNOWN if rank is None else rank

    def settle_but_ranks(self, fact: str, node: tree.Node) -> Any:
        """The same, but what a call has told of ranks."""
        return UNKNOWN if fact == "rank" else self.settle(fact, node)


def is_literal(node: tree.Node) -> bool:
    """Whether an expression is arithmetic on numbers that are written out: `-5 / 72`."""
    kinds = gast.BinOp | gast.UnaryOp | gast.Constant | gast.operator | gast.unaryop
    return all(isinstance(n, kinds) for n in tree.walk(node))


def _rewrite_names(
    node: tree.Node, replace: Callable[[gast.Name], tree.Node], known: Any
) -> tree.Node:
    """Placeholders inside the arguments of values are never looked into twice."""
    return tree.rewrite(node, {gast.Name: lambda n: replace(n) if n.id in known else n})
