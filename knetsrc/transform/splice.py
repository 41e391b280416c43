"""Copies the body of a derivative rule, with the caller's expressions for its parameters.


What comes in: a call, the adjoint of its result as an expression, the operands that want an
adjoint. What goes out: for each of these an expression, in which the values of the forward part
stand as placeholders; `reverse` decides whether a placeholder becomes a copy of the primal
expression or a name for it.
"""

import functools
import inspect
import operator
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.facts import FACTS
from knetsrc.adjoints.own_rules import is_own
from knetsrc.adjoints.table import Rule, options_of
from knetsrc.transform import tree
from knetsrc.transform.einsum import explicit_einsum
from knetsrc.transform.resolve import UNKNOWN
from knetsrc.transform.source import Source, read_source

FACT_NAMES = frozenset(f.__name__ for f in FACTS)
_FOLDED = frozenset({"inverse_axes"})  # helpers that are called while generating, on literals


@dataclass(frozen=True)
class Template:
    """The parsed body of a rule; `own` is that of a user."""

    function: gast.FunctionDef
    parameters: tuple[str, ...]
    defaults: Mapping[str, tree.Node]
    outside: Mapping[str, Any]
    updates: frozenset[str]
    own: Source | None


@functools.cache
def template_of(rule: Rule) -> Template:
    """The body of a rule as a tree, read once."""
    function = gast.parse(textwrap.dedent(inspect.getsource(rule.function))).body[0]
    own = options_of(rule.function)
    defaults = {p.name: _default(p) for p in own}
    updates = frozenset(
        n for n in inspect.signature(rule.function).parameters if n.startswith("d_") and n != "d_y"
    )
    return Template(
        function,
        tuple(p.name for p in own),
        defaults,
        rule.function.__globals__,
        updates,
        read_source(rule.function) if is_own(rule.function) else None,
    )


@functools.cache
def _defaults_of(function: Any) -> Mapping[str, Any]:
    """Defaults by parameter, in the order of these; UNKNOWN for a parameter without one."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # not a function, or a builtin that does not tell
        return {}
    return {p.name: UNKNOWN if p.default is p.empty else p.default for p in parameters}


def _default(parameter: inspect.Parameter) -> tree.Node:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return tree.tuple_of([])
    is_given = parameter.default is not parameter.empty
    return tree.parse_expression(repr(parameter.default)) if is_given else tree.constant(None)


@dataclass
class Spliced:
    """Adjoints of the operands of one call, by operand.

    `locals` are names that the body binds on the way, in order.
    """

    adjoints: dict[str, tree.Node] = field(default_factory=dict)
    locals: list[tuple[str, tree.Node]] = field(default_factory=list)
    updates: list[tree.Node] = field(default_factory=list)


@dataclass
class Splicer:
    """Copies rule bodies into one generated module.

    Attributes
    ----------
    spell
        Gives the spelling of an object of the rule's module (a function of `knetsrc.backends`,
        NumPy) in the generated module; for a name of a rule of the user it is given the source of that.
    settle
        Answers a question about facts (`rank(x) == 2`) with a value, or UNKNOWN.
    """

    spell: Callable[[str, Any], tree.Node]
    settle: Callable[[str, tree.Node], Any]

    def splice(
        self, rule: Rule, bound: Mapping[str, Any], wanted: set[str], fixed: Mapping[str, tree.Node]
    ) -> Spliced:
        """The body of `rule` for the operands `wanted`.

        `bound` gives the argument nodes, and as `y` the call itself; `fixed` what stands for each of them, for `y` and for
        `d_y` in the output.
        """
        template = template_of(rule)
        values = dict(template.defaults) | dict(fixed)
        literals = {n: bound.get(n, template.defaults.get(n)) for n in template.parameters}
        literals["y"] = bound.get("y")
        body = _Body(self, template, values, literals, wanted)
        body.run(template.function.body)
        return body.result


@dataclass
class _Body:
    splicer: Splicer
    template: Template
    values: dict[str, tree.Node]
    literals: dict[str, Any]
    wanted: set[str]
    result: Spliced = field(default_factory=Spliced)

    def run(self, body: list[tree.Node]) -> None:
        for node in body:
            if isinstance(node, gast.Assign):
                self.assign(node)
            elif isinstance(node, gast.If):
                self.branch(node)
            elif isinstance(node, gast.AugAssign) or (
                isinstance(node, gast.Expr) and isinstance(node.value, gast.Call)
            ):
                self.update(node)

    def assign(self, node: gast.Assign) -> None:
        text = node.targets[0].id
        if text.startswith("d_") and text[2:] in self.template.parameters:
            if text[2:] in self.wanted:
                self.result.adjoints[text[2:]] = self.filled(node.value)
        else:
            self.values[text] = tree.name(f"__local_{text}")
            self.result.locals.append((text, self.filled(node.value)))

    def update(self, node: tree.Node) -> None:
        self.result.updates.append(self.filled(node))

    def branch(self, node: gast.If) -> None:
        answer = self.decide(node.test)
        if answer is not UNKNOWN:
            self.run(node.body if answer else node.orelse)
        elif self.asks_facts(node.test):
            self.run(node.orelse)
        else:
            self.choose(node)

    def choose(self, node: gast.If) -> None:
        """Both branches as one conditional expression.

        The option is known only when the generated code runs.
        """
        arms = []
        for body in (node.body, node.orelse):
            arm = _Body(self.splicer, self.template, dict(self.values), self.literals, self.wanted)
            arm.run(body)
            arms.append(arm.result)
        test = self.filled(node.test)
        for text, value in arms[0].adjoints.items():
            self.result.adjoints[text] = tree.choice(
                tree.clone(test), value, arms[1].adjoints[text]
            )

    def filled(self, node: Any) -> Any:
        """`node` with the caller's expressions for parameters, spelt as in the generated module."""
        outside = self.template.outside

        def replace(n: gast.Name) -> tree.Node:
            if n.id in self.values:
                return (
                    self.values[n.id]
                    if isinstance(n.ctx, gast.Load)
                    else tree.target_of(self.values[n.id])
                )
            if self.template.own is not None and isinstance(n.ctx, gast.Load):
                return self.splicer.spell(n.id, self.template.own)
            if n.id in outside and isinstance(n.ctx, gast.Load):
                return self.splicer.spell(n.id, outside[n.id])
            return n

        explicit = tree.rewrite(self.unrolled(node), {gast.Call: self.explicit})
        explicit = tree.rewrite(explicit, {gast.Call: self.without_defaults})
        return tree.rewrite(explicit, {gast.Name: replace})

    def unrolled(self, node: Any) -> Any:
        """`[f(i) for i in range(len(operands))]` as `[f(0), f(1)]`, if their number is known."""
        if not isinstance(node, gast.ListComp):
            return node
        target, source = node.generators[0].target.id, node.generators[0].iter.args[0]
        given = self.literals.get(source.args[0].id)
        if not isinstance(given, list):
            return node
        return tree.list_of(
            tree.substitute(node.elt, {target: tree.constant(i)}) for i in range(len(given))
        )

    def explicit(self, call: gast.Call) -> tree.Node:
        """The call of a helper that has a simpler form for literal arguments, in that form."""
        if tree.called_name(call) in _FOLDED:
            return self.folded(call)
        if tree.called_name(call) != "einsum_adjoint" or not isinstance(call.args[0], gast.Name):
            return call
        subscripts = literal_value(self.literals.get(call.args[0].id))
        operands = self.values.get(call.args[1].id)
        if not isinstance(subscripts, str) or not isinstance(operands, gast.List):
            return call
        return explicit_einsum(subscripts, operands.elts, call.args[2], call.args[3]) or call

    def folded(self, call: gast.Call) -> tree.Node:
        """What the call of a helper gives, if its argument is written out where the rule is used."""
        given = self.literals.get(call.args[0].id)
        known = (
            tuple(map(literal_value, given)) if isinstance(given, list) else literal_value(given)
        )
        if known is UNKNOWN or (isinstance(known, tuple) and UNKNOWN in known):
            return call
        helper = self.template.outside[call.func.id]
        return tree.parse_expression(repr(helper(known)))

    def without_defaults(self, call: gast.Call) -> gast.Call:
        """The call of a helper or of a function of NumPy without the options that have their default value."""
        defaults = _defaults_of(self._called(call))
        call.keywords = [
            k for k in call.keywords if not self._is_default(k.value, defaults.get(k.arg, UNKNOWN))
        ]
        names = [*defaults]
        while call.args and len(call.args) <= len(names):
            if not self._is_default(call.args[-1], defaults[names[len(call.args) - 1]]):
                break
            call.args.pop()
        return call

    def _called(self, call: gast.Call) -> Any:
        """The function that is called, of the module of the rule or of NumPy; None where that is not known."""
        if isinstance(call.func, gast.Attribute) and tree.is_name(call.func.value, "np"):
            return getattr(np, call.func.attr, None)
        return self.template.outside.get(tree.called_name(call) or "")

    def _is_default(self, given: tree.Node, default: Any) -> bool:
        if isinstance(given, gast.Name):
            given = self.literals.get(given.id)
        value = UNKNOWN if isinstance(given, list) else literal_value(given)
        return value is not UNKNOWN and type(value) is type(default) and value == default

    # --- questions that are settled while transforming
    def asks_facts(self, test: tree.Node) -> bool:
        return any(tree.called_name(n) in FACT_NAMES for n in tree.walk(test))

    def decide(self, test: tree.Node) -> Any:
        """The value of a test, UNKNOWN if it depends on what is not known."""
        if isinstance(test, gast.BoolOp):
            return self._decide_boolean(test)
        if isinstance(test, gast.UnaryOp) and isinstance(test.op, gast.Not):
            value = self.decide(test.operand)
            return value if value is UNKNOWN else not value
        if isinstance(test, gast.Compare):
            return self._decide_compare(test)
        return self._value(test)

    def _decide_boolean(self, test: gast.BoolOp) -> Any:
        absorbing = isinstance(test.op, gast.Or)
        answers = [self.decide(v) for v in test.values]
        if any(a is not UNKNOWN and bool(a) is absorbing for a in answers):
            return absorbing
        return UNKNOWN if any(a is UNKNOWN for a in answers) else not absorbing

    def _decide_compare(self, test: gast.Compare) -> Any:
        left, right = self._value(test.left), self._value(test.comparators[0])
        symbol = tree.symbol_of(test.ops[0])
        if left is UNKNOWN or right is UNKNOWN:
            is_none = tree.is_constant(test.comparators[0], None) and symbol in ("is", "is not")
            if is_none and self._cannot_be_none(test.left):
                return symbol == "is not"
            return UNKNOWN
        return _COMPARISONS[symbol](left, right)

    def _cannot_be_none(self, node: tree.Node) -> bool:
        bound = self.literals.get(node.id) if isinstance(node, gast.Name) else None
        return isinstance(
            bound,
            gast.BinOp | gast.List | gast.Tuple | gast.Compare | gast.Subscript | gast.UnaryOp,
        )

    def _value(self, node: tree.Node) -> Any:
        if isinstance(node, gast.Name):
            bound = self.literals.get(node.id, node)
            return UNKNOWN if isinstance(bound, list) else literal_value(bound)
        called = tree.called_name(node)
        if called in FACT_NAMES and isinstance(node.args[0], gast.Name):
            bound = self.literals.get(node.args[0].id)
            return (
                UNKNOWN
                if bound is None or isinstance(bound, list)
                else self.splicer.settle(called, bound)
            )
        return literal_value(node)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}


def literal_value(node: tree.Node | None) -> Any:
    """The value of a literal.

    A number, a string, None, a tuple or list of these; UNKNOWN for anything else.
    """
    if isinstance(node, gast.Constant):
        return node.value
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
        value = literal_value(node.operand)
        return value if value is UNKNOWN else -value
    if isinstance(node, gast.Tuple | gast.List):
        values = [literal_value(n) for n in node.elts]
        return UNKNOWN if any(v is UNKNOWN for v in values) else type_of(node)(values)
    return UNKNOWN


def type_of(node: tree.Node) -> type:
    return tuple if isinstance(node, gast.Tuple) else list
