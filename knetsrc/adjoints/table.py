"""The table of derivative rules: which primitive is reversed by which rule.

A rule is an ordinary Python function. The transform copies the statements of its body into the
generated source, so what a rule says is what a user reads. See CONTRIBUTING.md for how to write
one.

    @adjoint(np.exp, cases=[case(real(3, 4)), case(real())])
    def exp_adjoint(x, *, y, d_y):
        d_x = d_y * y
        return d_x
"""

import difflib
import functools
import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from knetsrc.adjoints.own_rules import check_own_rule, is_own


@dataclass(frozen=True)
class Sample:
    """Describes an array that a case is tested with; `build` makes it."""

    kind: str
    shape: tuple[int, ...]

    def build(self, rng: np.random.Generator) -> Any:
        """A float64 array of this shape, or a Python float for the shape ()."""
        x = _KINDS[self.kind](rng, self.shape)
        return x if self.shape else float(x)


def _spd(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    x = rng.standard_normal(shape)
    return x @ np.swapaxes(x, -1, -2) + shape[-1] * np.eye(shape[-1])


def _distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    return (rng.permutation(size) - size / 2 + 0.25).reshape(shape) / 2


_KINDS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "real": lambda rng, shape: rng.standard_normal(shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2.0, shape),
    "unit": lambda rng, shape: rng.uniform(-0.9, 0.9, shape),
    "above_one": lambda rng, shape: rng.uniform(1.2, 3.0, shape),
    "away": lambda rng, shape: rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 2.0, shape),
    "distinct": _distinct,
    "spd": _spd,
}


def real(*shape: int) -> Sample:
    """Standard normal numbers."""
    return Sample("real", shape)


def positive(*shape: int) -> Sample:
    """Numbers in (0.5, 2)."""
    return Sample("positive", shape)


def unit(*shape: int) -> Sample:
    """Numbers in (-0.9, 0.9)."""
    return Sample("unit", shape)


def above_one(*shape: int) -> Sample:
    """Numbers in (1.2, 3)."""
    return Sample("above_one", shape)


def away(*shape: int) -> Sample:
    """Numbers of both signs, at least 0.3 away from zero."""
    return Sample("away", shape)


def distinct(*shape: int) -> Sample:
    """Numbers at least 0.5 apart from each other and 0.1 from zero: no ties."""
    return Sample("distinct", shape)


def spd(*shape: int) -> Sample:
    """Symmetric positive definite matrices."""
    return Sample("spd", shape)


@dataclass(frozen=True)
class Case:
    """Arguments that a rule is tested with."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __str__(self) -> str:
        parts = [_show(a) for a in self.args] + [f"{k}={_show(v)}" for k, v in self.kwargs.items()]
        return ",".join(parts) or "()"


def _show(value: Any) -> str:
    if isinstance(value, Sample):
        return "x".join(map(str, value.shape)) or "scalar"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_show, value)) + "]"
    return repr(value)[:30]


def case(*args: Any, **kwargs: Any) -> Case:
    """Arguments to test a rule with.

    Arrays are described by `real`, `positive` and their kin, also inside lists.
    """
    return Case(args, kwargs)


@dataclass(frozen=True, eq=False)
class Rule:
    """How one primitive is reversed.

    Attributes
    ----------
    function
        The rule itself.
    primitives
        The functions that it reverses; the first one is called to test it.
    methods, attributes
        Names under which arrays offer the same function (`x.sum()`, `x.T`); the array is the first
        operand.
    operands
        Parameters that the rule gives an adjoint for, in the order in which it returns them.
    elementwise
        The result has the broadcast shape of the operands.
    cases
        What it is tested with.
    constant_only
        Parameters on which the result depends smoothly, but that the rule gives no adjoint for: a
        differentiated value there is refused.
    keeping
        A function that gives the result and what the rule reads as `kept`, if it reads that.
    is_pure
        A call does nothing but return a value.
    """

    function: Callable[..., Any]
    primitives: tuple[Callable[..., Any], ...]
    methods: tuple[str, ...]
    attributes: tuple[str, ...]
    operands: tuple[str, ...]
    elementwise: bool
    cases: tuple[Case, ...]
    constant_only: tuple[str, ...] = ()
    keeping: Callable[..., Any] | None = None
    is_pure: bool = True

    @property
    def name(self) -> str:
        return self.function.__name__

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Postponed:
    """A module of rules that is imported when one of its primitives may be asked for."""

    module: str
    library: str  # once this module has been imported, its functions may be asked for
    functions: frozenset[Hashable]  # these may be asked for without it

    def has(self, function: Hashable) -> bool:
        """Whether the module may have a rule for `function`."""
        return self.library in sys.modules or function in self.functions


@dataclass
class Table:
    """Rules by primitive, by method name and by attribute name.

    Beside them what is known to have no derivative.
    """

    rules: list[Rule] = field(default_factory=list)
    by_function: dict[Hashable, Rule] = field(default_factory=dict)
    by_method: dict[str, Rule] = field(default_factory=dict)
    by_attribute: dict[str, Rule] = field(default_factory=dict)
    constants: set[Hashable] = field(default_factory=set)
    reports: set[Hashable] = field(default_factory=set)
    constant_methods: set[str] = field(default_factory=set)
    constant_attributes: set[str] = field(default_factory=set)
    postponed: list[Postponed] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def add(self, rule: Rule) -> None:
        """Enter a rule; a later rule for the same primitive replaces the earlier one."""
        self.rules.append(rule)
        self.by_function.update(dict.fromkeys(rule.primitives, rule))
        self.by_method.update(dict.fromkeys(rule.methods, rule))
        self.by_attribute.update(dict.fromkeys(rule.attributes, rule))

    def postpone(self, module: str, library: str, *functions: Hashable) -> None:
        """Have the rules of `module` enter when they may be asked for: see `Postponed`."""
        self.postponed.append(Postponed(module, library, frozenset(functions)))

    def rule_for(self, function: Hashable) -> Rule | None:
        """The rule of a primitive, None if there is none."""
        if function not in self.by_function:
            self._enter([p for p in self.postponed if p.has(function)])
        return self.by_function.get(function)

    def _enter(self, postponed: list[Postponed]) -> None:
        with self._lock:  # whoever asks meanwhile waits until all rules are there
            for late in postponed:
                theirs = dict(self.by_function)
                importlib.import_module(late.module)
                self.by_function.update(theirs)  # a rule that a user has entered before stays
                self.postponed = [p for p in self.postponed if p is not late]

    def near_names(self, name: str) -> list[str]:
        """Names of primitives that look like `name`."""
        self._enter([p for p in self.postponed if p.library in sys.modules])
        known = sorted({getattr(f, "__name__", "") for f in self.by_function})
        return difflib.get_close_matches(name, known, n=3)

    def __iter__(self) -> Iterator[Rule]:
        self._enter(self.postponed)
        return iter(self.rules)


TABLE = Table()


def adjoint(
    *primitives: Callable[..., Any],
    cases: list[Case] | None = None,
    methods: tuple[str, ...] = (),
    attributes: tuple[str, ...] = (),
    elementwise: bool = False,
    constant_only: tuple[str, ...] = (),
    keeping: Callable[..., Any] | None = None,
    is_pure: bool = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter the decorated function as the rule that reverses `primitives`.

    Parameters
    ----------
    *primitives
        Functions that compute the same thing with the same parameters. An operator is entered as
        its function of the module `operator`.
    cases
        Arguments that the test suite checks the rule with, at least one for a rule of the package.
    methods, attributes
        Names under which an array offers the function.
    elementwise
        The result has the broadcast shape of all operands, element by element.
    constant_only
        Parameters that the result depends on smoothly and that have no `d_` in the rule; in a rule
        of a user all that have none.
    keeping
        A function of the same module and parameters that gives a pair: the result, and what the
        rule reads as `kept`. The forward part calls it in place of the primitive; its name, `f_with_mask`, says
        how what is kept is called there.
    is_pure
        Whether a call does nothing but return a value.

    Notes
    -----
    The parameters of the rule are those of the primitive that it supports, by the same names; after
    `*` come `y` (the result, kept from the forward part if the body reads it), `kept` (see
    `keeping`), `d_y` (the adjoint of the result) and `d_x` (the buffer to add into, for a rule that
    updates the adjoint of its operand `x` in place). Each adjoint `d_x` is assigned by one
    statement, or by one in each branch of an `if`. A rule of a user that is written in another way
    is refused here.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        parameters = inspect.signature(function).parameters
        assigned = {name for name in function.__code__.co_varnames if name.startswith("d_")} | set(
            parameters
        )
        operands = tuple(
            name
            for name, p in parameters.items()
            if p.kind is not p.KEYWORD_ONLY and f"d_{name}" in assigned
        )
        constant = constant_only
        if is_own(function):
            check_own_rule(function, primitives, operands)
            constant = tuple(p.name for p in options_of(function) if p.name not in operands)
        TABLE.add(
            Rule(
                function,
                primitives,
                methods,
                attributes,
                operands,
                elementwise,
                tuple(cases or ()),
                constant,
                keeping,
                is_pure,
            )
        )
        runner = sys.modules.get("knetsrc.runner")
        if runner is not None and is_own(function):  # gradients may have been made without the rule
            runner.outdate_plans()
        return function

    return enter


def options_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The parameters of a rule that are those of its primitive.

    Without `y` and `kept`, and without adjoints.
    """
    return tuple(
        p
        for name, p in inspect.signature(function).parameters.items()
        if p.kind is not p.KEYWORD_ONLY or not (name in ("y", "kept") or name.startswith("d_"))
    )


@functools.cache
def list_operands(rule: Rule) -> frozenset[str]:
    """Operands that a case of a rule gives as a list or tuple: the rule takes them as such."""
    names = [p.name for p in options_of(rule.function) if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = [
        pair for c in rule.cases for pair in (*zip(names, c.args, strict=False), *c.kwargs.items())
    ]
    return frozenset(name for name, value in given if isinstance(value, list | tuple))


def nondifferentiable(
    *functions: Callable[..., Any], methods: tuple[str, ...] = (), attributes: tuple[str, ...] = ()
) -> None:
    """Enter functions, methods and attributes whose result has a zero derivative or none at all."""
    TABLE.constants.update(functions)
    TABLE.constant_methods.update(methods)
    TABLE.constant_attributes.update(attributes)


def reporting(*functions: Callable[..., Any]) -> None:
    """Enter functions that are called for what they show: they have no derivative, and no call of them is left out."""
    TABLE.constants.update(functions)
    TABLE.reports.update(functions)
