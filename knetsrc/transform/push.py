"""Pushes an adjoint down through an expression, by the rules of `adjoints/`, to the names that it reads.

The adjoint is an expression itself and stays one while a person would nest it; it gets a name only when it is needed twice.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.table import Rule
from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import differentiable_names
from knetsrc.transform.analysis.atoms import SCALAR, dims_of, of_dims
from knetsrc.transform.analysis.indices import (
    is_basic_index,
    is_new_axes,
    is_whole_with_axes,
)
from knetsrc.transform.analysis.shapes import Shapes
from knetsrc.transform.callee import Calls, Primitive, Record
from knetsrc.transform.fit import (
    covers,
    is_call_of,
    is_simple,
    loose,
    split_like,
    without_axes,
    without_like,
)
from knetsrc.transform.joins import Assembly, is_list
from knetsrc.transform.keys import Contribution, Keys
from knetsrc.transform.names import Names, adjoint_name
from knetsrc.transform.own_methods import OWN_DTYPE, field_of
from knetsrc.transform.refusal import called_object, refusal
from knetsrc.transform.splice import Splicer
from knetsrc.transform.steps import Step
from knetsrc.transform.updates import add_at_path
from knetsrc.transform.values import StepValues


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
    as_written: Callable[[tree.Node], str]
    numeric: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    changing: frozenset[str] = frozenset()
    sums: frozenset[str] = frozenset()

    def numeric_adjoints(self) -> set[str]:
        """Names of the adjoints of arrays and numbers."""
        return {a for key, a in self.keys.adjoints.items() if key in self.numeric}

    def push(self, node: tree.Node, adjoint: tree.Node, step: Step) -> "Pushed":
        """What `adjoint`, the adjoint of the expression `node` in `step`, contributes to the names in it."""
        pushed = Pushed(self, step)
        pushed.down(node, adjoint)
        return pushed

    def after(self, step: Step, adjoint: tree.Node, target: tree.Node, text: str) -> tree.Node:
        """The adjoint of what `text` returns, a helper or a primitive, where it reads that itself."""

        def fresh() -> str:
            name = self.names.fresh(f"{text}_result")
            self.temporaries.add(name)
            return name

        return step.after(adjoint, target, fresh)

    def is_active(self, node: tree.Node) -> bool:
        return bool(differentiable_names(node, self.calls) & self.active)


@dataclass
class Pushed:
    """Statements that name adjoints on the way, then the contributions."""

    pusher: Pusher
    step: Step
    prefix: list[tree.Node] = field(default_factory=list)
    contributions: list[Contribution] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = StepValues(self.pusher, self.step)

    # --- one expression ---------------------------------------------------------------------------------------------------
    def down(self, node: tree.Node, adjoint: tree.Node) -> None:
        """Push `adjoint` into `node`."""
        if not self.pusher.is_active(node):
            return
        key = self.pusher.keys.of(node)
        if key is not None:
            self.contributions.append(Contribution(key, adjoint))
        elif self._adds_axes_to_a_number(node):
            given = self.values.value(node.value)
            self.down(
                node.value, tree.call(self.pusher.spell("reshape_like", None), adjoint, given)
            )
        elif isinstance(node, gast.Subscript) and self.pusher.calls.of(node) is None:
            if self._is_fitted_to_new_axes(node, adjoint):
                self.down(node.value, without_axes(adjoint, node.slice))
            else:
                self._into_item(node, adjoint)
        elif not Assembly(self).into(node, adjoint):
            self._into_call(node, adjoint)

    def _adds_axes_to_a_number(self, node: tree.Node) -> bool:
        """Whether a part is `x[None]` of what may be a number, which has no parts to add to."""
        if not isinstance(node, gast.Subscript) or not is_new_axes(node.slice):
            return False
        shape = dims_of(self.pusher.shapes.of(node.value, self.step.node))
        return not shape

    def _is_fitted_to_new_axes(self, node: gast.Subscript, adjoint: tree.Node) -> bool:
        """Whether a part is an array with more axes, as `x[:, None]`, and the adjoint has its shape."""
        if not is_whole_with_axes(node.slice) or is_call_of(adjoint, "like"):
            return False
        shape = self.values.shape_of_value(node)
        return bool(dims_of(shape)) and self.values.shape_of(adjoint) == shape

    def _into_call(self, node: tree.Node, adjoint: tree.Node) -> None:
        callee = self.pusher.calls.of(node)
        if isinstance(callee, Primitive):
            self._into_primitive(node, callee, adjoint)
        elif isinstance(callee, Record):
            self._into_record(node, callee, adjoint)
        elif callee is None and isinstance(node, gast.Attribute):
            self._into_item(node, adjoint)
        elif tree.called_name(node) in self.pusher.active:
            raise called_object(node)
        else:
            raise refusal(node, callee)

    def _into_record(self, node: tree.Node, callee: Record, adjoint: tree.Node) -> None:
        if not is_simple(adjoint):
            adjoint = self.named(node, adjoint)
        for name, value in callee.fields.items():
            self.down(value, field_of(tree.clone(adjoint), name))

    def _into_item(self, node: tree.Node, adjoint: tree.Node) -> None:
        path: list[tree.Node] = []
        base = node
        while (
            isinstance(base, gast.Subscript | gast.Attribute) and self.pusher.keys.of(base) is None
        ):
            if isinstance(base, gast.Attribute) and self.pusher.calls.of(base) is not None:
                break
            if path and (self._may_copy(base) or self._adds_axes_to_a_number(base)):
                break
            path.insert(0, base)
            base = base.value
        key = self.pusher.keys.of(base)
        if key is not None:
            self.contributions.append(Contribution(key, without_like(adjoint), tuple(path)))
            return
        pair = self._pair_of(base, path, adjoint)
        if pair is not None:
            self.down(base, pair)
            return
        buffer = self.pusher.names.fresh(adjoint_name(self.values.describe(base)))
        self.pusher.temporaries.add(buffer)
        whole = self.values.value(base)
        self.prefix.append(
            tree.assign(buffer, tree.call(self.pusher.spell("zeros_like", None), whole))
        )
        self.prefix.append(
            add_at_path(self.values, tree.name(buffer), tuple(path), without_like(adjoint))
        )
        self.down(base, tree.name(buffer))

    def _pair_of(
        self, base: tree.Node, path: list[tree.Node], adjoint: tree.Node
    ) -> tree.Node | None:
        """The adjoints `(None, d)` of both parts for `np.linalg.slogdet(a)[1]`, None for what gives no pair."""
        callee = self.pusher.calls.of(base)
        is_entry = len(path) == 1 and isinstance(path[0], gast.Subscript)
        place = tree.integer_of(path[0].slice) if is_entry else None
        if not isinstance(callee, Primitive) or place not in (0, 1):
            return None
        if callee.rule.primitives[0] not in (np.linalg.slogdet, np.linalg.eigh):
            return None
        none = tree.constant(None)
        return tree.tuple_of([adjoint, none] if place == 0 else [none, adjoint])

    def _may_copy(self, node: tree.Node) -> bool:
        """Whether writing into a part may not reach the whole: a slice of a list, what an array of indices picks."""
        if not isinstance(node, gast.Subscript):
            return False
        is_of_list = tree.show(node.value) not in self.pusher.numeric
        is_basic = is_basic_index(node.slice, self.pusher.integers)
        return not is_basic or (is_of_list and isinstance(node.slice, gast.Slice))

    # --- one primitive --------------------------------------------------------------------------------------------------
    def _into_primitive(self, node: tree.Node, callee: Primitive, adjoint: tree.Node) -> None:
        bound = self._bound(node, callee)
        if callee.rule.elementwise and self.values.shape_of(adjoint) == SCALAR:
            self.values.numbers |= {id(v) for v in bound.values() if not isinstance(v, list)}
        is_repeated = False
        if operator.matmul in callee.rule.primitives and self.values.shape_of_value(node) != SCALAR:
            # one number for the whole product, or what is still to be fitted to it: the helpers need no array of it
            is_repeated = any(is_call_of(n, "like", "unbroadcast") for n in tree.walk(adjoint))
            is_direct = all(
                self.pusher.shapes.rank(a, self.step.node) is not None for a in callee.args
            )
            adjoint = adjoint if is_direct and not is_repeated else loose(adjoint)
        elif callee.rule.elementwise and len(callee.rule.operands) > 1:
            adjoint = self._unfitted(adjoint)
        wanted = {n for n in callee.rule.operands if self._wants(bound.get(n))}
        self._refuse_active_options(node, callee, bound)
        settle = self.values.settle_but_ranks if is_repeated else self.values.settle
        splicer = Splicer(self.pusher.spell, settle)
        fixed = {name: self.values.placeholder(value) for name, value in bound.items()}
        fixed["y"] = self.values.placeholder(node, "y")
        fixed["d_y"] = tree.name("__d_y")
        fixed["kept"] = tree.name("__kept")
        spliced = splicer.splice(callee.rule, {**bound, "y": node}, wanted, fixed)
        uses = sum(
            tree.is_name(n, "__d_y")
            for n in tree.walk([*spliced.adjoints.values(), *(v for _, v in spliced.locals)])
        )
        if uses > 1 and not self.values.is_simple(without_like(adjoint)):
            adjoint = self.named(node, adjoint)
        values: dict[str, tree.Node] = {"__d_y": adjoint}
        if any(tree.is_name(n, "__kept") for n in tree.walk(list(spliced.adjoints.values()))):
            values["__kept"] = self._kept(node, callee.rule)
        for text, value in spliced.locals:
            values[f"__local_{text}"] = self._local(
                text, self.values.finished(tree.substitute(value, values))
            )
        for operand in callee.rule.operands:
            if operand in spliced.adjoints:
                found = spliced.adjoints[operand]
                is_parts = is_call_of(found, "nested_like") and is_list(bound[operand])
                found = tree.substitute(found.args[0] if is_parts else found, values)
                found = self.values.finished(found)
                if is_parts:
                    Assembly(self).into_parts(node, bound[operand], found)
                else:
                    self._into_operand(bound[operand], found)

    def _kept(self, node: gast.Call, rule: Rule) -> tree.Node:
        """What a rule reads beside the result: the step calls the function that gives both."""
        assert self.step.node.value is node and rule.keeping is not None
        function = rule.keeping.__name__
        kept = self.pusher.names.fresh(function.rpartition("_with_")[2])
        self.step.shown = self.pusher.as_written(self.step.node)
        self.step.extra.append(kept)
        both = tree.call(tree.attribute(node.func.value, function), *node.args)
        both.keywords = node.keywords
        self.step.node.value = tree.at(both, node)
        target = tree.clone(self.step.node.targets[0])
        self.step.node.targets = [tree.target_of(tree.tuple_of([target, tree.name(kept)]))]
        return tree.name(kept)

    def _unfitted(self, adjoint: tree.Node) -> tree.Node:
        """The adjoint of an operation whose operands are fitted afterwards: it need not be fitted to the result as well."""
        if isinstance(adjoint, gast.UnaryOp) and isinstance(adjoint.op, gast.USub):
            return tree.negative(self._unfitted(adjoint.operand))
        if is_call_of(adjoint, "unbroadcast") and covers(self.values, *adjoint.args):
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
            is_own = isinstance(value, gast.Attribute) and value.attr == OWN_DTYPE
            if name in callee.without_derivative() and self._wants(value) and not is_own:
                raise UnsupportedSyntaxError(
                    f"the argument `{name}` depends on a differentiated value",
                    at=node,
                    why=f"its rule, `{callee.rule.name}`, has no derivative with respect to `{name}`",
                    instead=f"pass `stop_gradient(...)` for `{name}` if it is meant to be constant",
                )

    def _into_operand(self, value: Any, adjoint: tree.Node) -> None:
        if isinstance(value, list):
            literal = adjoint.elts if isinstance(adjoint, gast.List | gast.Tuple) else None
            if literal is None and not is_simple(adjoint):
                adjoint = self.named(tree.list_of(value), adjoint)
                is_named = isinstance(adjoint, gast.Name)
                if is_named and all(self.values.shape_of_value(part) == SCALAR for part in value):
                    self.values.named_shapes[adjoint.id] = of_dims((len(value),))
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
        self.values.named_shapes[name] = self.values.shape_of(value)
        return tree.name(name)

    def named(self, node: tree.Node, adjoint: tree.Node, wanted: str | None = None) -> tree.Node:
        """`adjoint`, that of the expression `node`, under a name."""
        name = self.pusher.names.fresh(wanted or adjoint_name(self.values.describe(node)))
        self.pusher.temporaries.add(name)
        shape = self.values.shape_of(adjoint)
        inner, reference = split_like(adjoint)
        if reference is not None:
            self.values.unrepeated.add(name)
        self.prefix.append(tree.assign(name, inner))
        self.values.named_shapes[name] = (
            self.values.shape_of(inner) if reference is not None else shape
        )
        return (
            tree.name(name) if reference is None else tree.call("like", tree.name(name), reference)
        )
