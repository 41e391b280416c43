"""What a call calls: a primitive with a rule, a primitive without derivative, a function of the user, or nobody knows what."""

import dataclasses
import math
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast
import numpy as np

from knetsrc import ops
from knetsrc.adjoints.equivalents import DIFFERENTIATED_AS
from knetsrc.adjoints.table import TABLE, Rule
from knetsrc.checkpoints import checkpoint
from knetsrc.errors import UnsupportedSyntaxError, vjp_refused
from knetsrc.modules import host_twin
from knetsrc.objects import has_own_operators
from knetsrc.transform import tree
from knetsrc.transform.analysis.containers import SEQUENCES, Kinds
from knetsrc.transform.binding import binding_of
from knetsrc.transform.classes import assigned_attributes, has_rules_only, is_library
from knetsrc.transform.records import fields_given
from knetsrc.transform.resolve import UNKNOWN, Outside, public_path
from knetsrc.transform.static import is_of_api

OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "<<": "lshift", ">>": "rshift", "|": "or_", "^": "xor", "&": "and_",
}  # fmt: skip

CONTAINER_CALLS = (list, tuple, dict, zip, enumerate, reversed)
_FIXED = (
    int, float, complex, str, bytes, types.NoneType, np.generic, np.ufunc, np.dtype, type, types.FunctionType,
    types.BuiltinFunctionType, types.MethodType,
)  # fmt: skip
CONTAINER_METHODS = frozenset({"items", "values", "pop", "copy"})


@dataclass(frozen=True)
class Primitive:
    """A call of something with a derivative rule: of `function`, an object or the name of a method, with `args`."""

    rule: Rule
    args: tuple[tree.Node, ...]
    keywords: tuple[gast.keyword, ...] = ()
    function: Any = None

    def bound(self) -> dict[str, Any]:
        """Argument nodes by the rule's parameter names; star parameters hold a list of nodes.

        Raises
        ------
        UnsupportedSyntaxError
            If the rule has no such parameter.
        """
        function = self.rule.primitives[0] if self.function is None else self.function
        return binding_of(self.rule, function).bind(
            self.args, {k.arg: k.value for k in self.keywords}
        )

    def without_derivative(self) -> tuple[str, ...]:
        """Parameters of the rule for which a differentiated value is refused.

        Of a method all but the operands: in `model.xp.sum(x)` the method may be a function of a module.
        """
        if not isinstance(self.function, str):
            return self.rule.constant_only
        return tuple(name for name in self.bound() if name not in self.rule.operands)


@dataclass(frozen=True)
class Constant:
    """A call whose result has no derivative."""


Called = tuple[gast.FunctionDef, dict[str, tree.Node]]


@dataclass(frozen=True)
class Helper:
    """A call of a function of the user: a Python function, or the name of one defined inside the function."""

    function: Any
    name: str


@dataclass(frozen=True)
class Container:
    """A call that only rearranges containers (`list`, `zip`, `d.values()`)."""

    args: tuple[tree.Node, ...]


@dataclass(frozen=True)
class Record:
    """The making of a namedtuple or a dataclass: its fields, and what they are given."""

    fields: dict[str, tree.Node]


@dataclass(frozen=True)
class Replaced:
    """`record._replace(x=e)` or `dataclasses.replace(record, x=e)`; of any object what stands for `record.x = e`."""

    record: tree.Node
    fields: dict[str, tree.Node]
    is_object: bool = False


@dataclass(frozen=True)
class Joined:
    """`a + b` where one is a list or tuple for sure; the other may be an array if not `is_sure`."""

    parts: tuple[tree.Node, tree.Node]
    is_sure: bool


@dataclass(frozen=True)
class Repeated:
    """`sequence * count`, in either order, where the sequence is a list or tuple for sure."""

    sequence: tree.Node
    count: tree.Node


@dataclass(frozen=True)
class Merged:
    """`a | b` of dicts."""

    parts: tuple[tree.Node, tree.Node]


@dataclass(frozen=True)
class Unknown:
    """A call of something that has neither rule nor source, or with arguments that its rule does not know."""

    name: str
    error: UnsupportedSyntaxError | None = None
    is_step: bool = False  # flat in what it is a method of, if that is an array
    is_there: bool = True  # in the module that is named


Callee = (
    Primitive
    | Constant
    | Helper
    | Container
    | Record
    | Replaced
    | Joined
    | Repeated
    | Merged
    | Unknown
)


@dataclass
class Calls:
    """Tells calls apart, for the functions of one generated module; with `kinds` and `shifts`, for one of them.

    `shifts` has the text of calls that the result does not depend on, see `analysis.shifts`; `called(node, helper)` tells
    the function of a helper and its arguments by parameter; `making(kind)` what makes objects of a class of the user.
    """

    outside: Outside
    local: dict[str, Any] = field(default_factory=dict)
    kinds: Kinds | None = None
    shifts: frozenset[str] = frozenset()
    called: Callable[[gast.Call, "Helper"], Called | None] = lambda node, helper: None
    making: Callable[[type], Any] = lambda kind: None

    def body_of(self, node: tree.Node) -> Called | None:
        """The function that a call of a helper calls, and its arguments by parameter; None for other expressions."""
        callee = self.of(node) if isinstance(node, gast.Call) else None
        return self.called(node, callee) if isinstance(callee, Helper) else None

    def within(self, kinds: Kinds) -> "Calls":
        """The same for a function with names of these kinds."""
        return Calls(self.outside, self.local, kinds, called=self.called, making=self.making)

    def is_shift(self, node: tree.Node) -> bool:
        """Whether the result does not depend on a call, though its value is used."""
        return bool(self.shifts) and isinstance(node, gast.Call) and tree.show(node) in self.shifts

    def kind_of(self, node: tree.Node) -> str | None:
        """The kind of an expression as far as it is known, see `Kinds`."""
        return (self.kinds or Kinds(self.outside.resolve)).of(node)

    def of(self, node: tree.Node) -> Callee | None:
        """The callee of a call, an operator or an attribute; None for other nodes."""
        if isinstance(node, gast.BinOp | gast.UnaryOp | gast.Subscript):
            own = self._of_own_operator(node)
            if own is not None or isinstance(node, gast.Subscript):
                return own
        if isinstance(node, gast.BinOp):
            inner = self._logistic_argument(node)
            if inner is not None:
                return Primitive(TABLE.by_function[ops.sigm], (inner,), function=ops.sigm)
            symbol = tree.symbol_of(node.op)
            return (
                self._of_containers(node)
                or _of_bits(symbol, node)
                or _operator(OPERATORS[symbol], node.left, node.right)
            )
        if isinstance(node, gast.UnaryOp):
            if isinstance(node.op, gast.USub | gast.UAdd):
                return _operator("neg" if isinstance(node.op, gast.USub) else "pos", node.operand)
            return _of_bits("~", node) if isinstance(node.op, gast.Invert) else Constant()
        if isinstance(node, gast.Attribute):
            return self._attribute(node)
        return self._call(node) if isinstance(node, gast.Call) else None

    def _of_own_operator(self, node: Any) -> Unknown | None:
        """An operation of an object from outside, of a class that says itself what it does."""
        if isinstance(node, gast.BinOp):
            sides = [node.left, node.right]
        else:
            sides = [node.operand if isinstance(node, gast.UnaryOp) else node.value]
        for side in sides:
            value = self.outside.resolve(side)
            if value is not UNKNOWN and has_own_operators(value):
                kind = type(value).__name__
                return Unknown(
                    kind,
                    UnsupportedSyntaxError(
                        f"an operation of `{tree.show(side)}`, an object of the class `{kind}`",
                        at=node,
                        why="its class says what it does, and another object may be bound to the name at the next call",
                        instead="pass the object as an argument",
                    ),
                )
        return None

    def operands(self, node: tree.Node) -> list[tree.Node] | None:
        """What an operation takes element by element; None for other expressions."""
        callee = self.of(node)
        if not isinstance(callee, Primitive) or not callee.rule.elementwise:
            return None
        return [n for v in callee.bound().values() for n in (v if isinstance(v, list) else [v])]

    def _of_containers(self, node: gast.BinOp) -> Callee | None:
        """What `+`, `*` and `|` do where an operand is a container, and `%` and `+` where one is a text."""
        if isinstance(node.op, gast.Mod | gast.Add) and self.kind_of(node) == "text":
            return Constant()
        if not isinstance(node.op, gast.Add | gast.Mult | gast.BitOr):
            return None
        sides = (node.left, node.right)
        found = [self.kind_of(n) for n in sides]
        if isinstance(node.op, gast.BitOr):
            is_open = all(k is None for k in found) and all(map(_is_read, sides))
            return Merged(sides) if "dict" in found or is_open else None
        if not any(k in SEQUENCES for k in found):
            return None
        if isinstance(node.op, gast.Mult):
            return Repeated(*(sides if found[0] in SEQUENCES else sides[::-1]))
        return None if "number" in found else Joined(sides, found[0] == found[1])

    def _logistic_argument(self, node: gast.BinOp) -> tree.Node | None:
        """`x` for `1 / (1 + np.exp(-x))`: the derivative by its result is cheaper, and does not overflow."""
        bottom = node.right
        if not (
            isinstance(node.op, gast.Div)
            and tree.is_number(node.left, 1)
            and isinstance(bottom, gast.BinOp)
        ):
            return None
        parts = (bottom.left, bottom.right)
        power = next((n for n in parts if isinstance(n, gast.Call) and len(n.args) == 1), None)
        is_sum = isinstance(bottom.op, gast.Add) and any(tree.is_number(n, 1) for n in parts)
        if (
            power is None
            or not is_sum
            or self.outside.resolve(power.func) not in (np.exp, math.exp)
        ):
            return None
        inner = power.args[0]
        is_negated = isinstance(inner, gast.UnaryOp) and isinstance(inner.op, gast.USub)
        return inner.operand if is_negated else None

    def is_changing(self, node: tree.Node) -> bool | None:
        """Whether an expression stands for something outside of the function that may change; None if it is of the function."""
        is_path = isinstance(node, gast.Name | gast.Attribute)
        value = self.outside.resolve(node) if is_path else UNKNOWN
        if value is UNKNOWN or isinstance(value, types.ModuleType):
            return None
        return not isinstance(value, _FIXED)

    def _attribute(self, node: gast.Attribute) -> Callee | None:
        if self.outside.resolve(node) is not UNKNOWN or node.attr in TABLE.constant_attributes:
            return Constant()
        rule = TABLE.by_attribute.get(node.attr)
        return Primitive(rule, (node.value,)) if rule else None

    def _call(self, node: gast.Call) -> Callee:
        function = node.func
        if isinstance(function, gast.Name) and function.id in self.local:
            return Helper(self.local[function.id], function.id)
        if tree.is_name(function, "with_attributes"):
            fields = {str(k.arg): k.value for k in node.keywords}
            return Replaced(node.args[0], fields, is_object=True)
        value = self.outside.resolve(function)
        if value is not UNKNOWN:
            return self._known(value, node)
        if isinstance(function, gast.Attribute):
            is_sequence = self.kind_of(function.value) in SEQUENCES
            if is_sequence and function.attr in ("count", "index"):
                return Constant()
            if self.kind_of(node) == "text":
                return Constant()
            module = self.outside.resolve(function.value)
            if isinstance(module, types.ModuleType) and not hasattr(module, function.attr):
                return Unknown(f"{module.__name__}.{function.attr}", is_there=False)
            return _method(function, node)
        return Unknown(tree.show(function))

    def _known(self, value: Any, node: gast.Call) -> Callee:
        value = host_twin(value)
        try:
            rule, is_constant = TABLE.rule_for(value), unbound(value) in TABLE.constants
        except TypeError:
            rule, is_constant = None, False
        if rule:
            return _bindable(Primitive(rule, tuple(node.args), tuple(node.keywords), value), node)
        if is_constant or value is checkpoint:
            return Constant()
        if getattr(value, "__module__", None) == "knetsrc.backends.checkpoints":
            return Unknown(value.__name__, _second_order(node))
        if value is dataclasses.replace and node.args:
            return _replaced(node.args[0], node)
        if value in CONTAINER_CALLS:
            return Container((*node.args, *(k.value for k in node.keywords)))
        record = record_of(value, node) if isinstance(value, type) else None
        if record is not None:
            return record
        if isinstance(value, type) and not is_library(value):
            making = self.making(value)
            name = value.__name__
            return Helper(making, name) if making else Unknown(name, _no_making(value, node))
        if is_of_api(value, "vjp"):
            return Unknown("vjp", vjp_refused(node))
        if isinstance(value, types.FunctionType) and not has_rules_only(value):
            return Helper(DIFFERENTIATED_AS.get(value, value), value.__name__)
        if hasattr(value, "__wrapped__") and not has_rules_only(value):
            return Helper(value, getattr(value, "__name__", "function"))
        return Unknown(public_path(value) or tree.show(node.func))


def _of_bits(symbol: str, node: tree.Node) -> Unknown | None:
    """An operation that numbers with a derivative do not have, so that it is one of an object; None for others."""
    if symbol not in ("&", "|", "^", "<<", ">>", "~"):
        return None
    return Unknown(
        symbol,
        UnsupportedSyntaxError(
            f"`{symbol}` of a differentiated value",
            at=node,
            why="only an object has such an operation, and which class it is of is not known here",
            instead="compute with the attributes of the object, or of integers outside of what is differentiated",
        ),
    )


def _second_order(node: gast.Call) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        "a gradient of the gradient of a checkpointed loop",
        at=node,
        why="the schedule that runs parts of the loop has no derivative of its own",
        instead="leave `checkpointed` out of the loop for second derivatives",
    )


def _no_making(kind: type, node: gast.Call) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        f"an object of the class `{kind.__name__}`, made of a differentiated value",
        at=node,
        why="making one does more than to run an `__init__` that is written in Python, or fields have factories",
        instead="write an `__init__` that assigns attributes, or a dataclass with all fields given",
    )


def unbound(function: Any) -> Any:
    """The function that a method calls: `Logger.info` for `log.info`."""
    return getattr(function, "__func__", function)


def is_report(function: Any) -> bool:
    """Whether a function is called for what it shows."""
    called = unbound(function)
    return any(called is f for f in TABLE.reports)


def _is_read(node: tree.Node) -> bool:
    return isinstance(node, gast.Name | gast.Attribute | gast.Subscript)


def _bindable(primitive: Primitive, node: gast.Call) -> Primitive | Unknown:
    """`primitive`, if its rule knows all arguments; else the call may only be made with constants."""
    if not node.keywords and not any(isinstance(a, gast.Starred) for a in node.args):
        if len(primitive.args) <= len(primitive.rule.operands):
            return primitive
    try:
        primitive.bound()
    except UnsupportedSyntaxError as error:
        error.at = node
        return Unknown(tree.show(node.func), error)
    return primitive


def record_of(kind: type, node: gast.Call) -> Record | None:
    """The fields that a call of a namedtuple or of a dataclass fills in; None for other classes, and for star arguments."""
    names = fields_given(kind)
    if names is None:
        return _plain_record(kind, node)
    if any(isinstance(a, gast.Starred) for a in node.args) or any(
        k.arg is None for k in node.keywords
    ):
        return None
    given = dict(zip(names, node.args, strict=False))
    return Record(given | {k.arg: k.value for k in node.keywords})


def _plain_record(kind: type, node: gast.Call) -> Record | None:
    """The attributes of an object whose `__init__` only assigns its arguments and literals to them."""
    assigned = assigned_attributes(kind)
    if assigned is None or any(isinstance(a, gast.Starred) for a in node.args):
        return None
    attributes, parameters = assigned
    given: dict[str, Any] = dict(zip(parameters, node.args, strict=False))
    given |= {k.arg: k.value for k in node.keywords}
    if len(node.args) > len(parameters) or not given.keys() <= set(parameters):
        return None
    return Record({a: given[p] for a, p in attributes.items() if p in given})


def _replaced(record: tree.Node, node: gast.Call) -> Replaced | Unknown:
    fields = {k.arg: k.value for k in node.keywords}
    return Unknown(tree.show(node.func)) if None in fields else Replaced(record, fields)


def _operator(name: str, *operands: tree.Node) -> Callee:
    import operator

    function = getattr(operator, name)
    rule = TABLE.rule_for(function)
    if rule:
        return Primitive(rule, operands, function=function)
    return Constant() if function in TABLE.constants else Unknown(f"operator.{name}")


# An array takes an axis or a number of digits in these, an object of the user what it likes.
_STEPS = frozenset(
    {"round", "any", "all", "argmax", "argmin", "argsort", "argpartition", "nonzero"}
)


def has_method(name: str) -> bool:
    """Whether arrays or containers have a method of this name that the transform knows."""
    of_arrays = name in TABLE.by_method or name in TABLE.constant_methods or name in _STEPS
    return (
        of_arrays
        or name in CONTAINER_METHODS
        or name in {"keys", "append", "_replace", "count", "index", "get"}
    )


def _method(function: gast.Attribute, node: gast.Call) -> Callee:
    rule = TABLE.by_method.get(function.attr)
    if rule:
        args = (function.value, *node.args)
        return _bindable(Primitive(rule, args, tuple(node.keywords), function.attr), node)
    if function.attr in _STEPS and not all(isinstance(a, gast.Constant) for a in node.args):
        return Unknown(f".{function.attr}", is_step=True)
    if function.attr in TABLE.constant_methods or function.attr in {"keys", "append"}:
        return Constant()
    if function.attr == "_replace":
        return _replaced(function.value, node)
    if function.attr in CONTAINER_METHODS:
        return Container((function.value, *node.args))
    return Unknown(f".{function.attr}")
