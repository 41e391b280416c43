"""Every call that the rules can be tested with, as functions in a file to be transformed."""

import builtins
import importlib.util
import math
import operator
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats

import knetsrc.backends
import knetsrc.ops
from knetsrc.adjoints.table import TABLE, Case, Rule, Sample, options_of
from knetsrc.transform.resolve import is_distribution

MODULE = "calls_of_every_rule"
HEAD = """import math
import operator
import numpy as np
import scipy.linalg
from knetsrc import backends, ops
from scipy import signal, special, stats

CONSTANTS = {}

"""
PLACES = {
    "np": np,
    "np.linalg": np.linalg,
    "math": math,
    "special": scipy.special,
    "scipy.linalg": scipy.linalg,
    "signal": scipy.signal,
    "ops": knetsrc.ops,
    "backends": knetsrc.backends,
    "operator": operator,
}
DISTRIBUTIONS = {
    getattr(distribution, method): f"stats.{name}.{method}"
    for name, distribution in vars(scipy.stats).items()
    if is_distribution(distribution)
    for method in ("logpdf", "logpmf", "cdf", "sf", "logcdf", "logsf")
    if hasattr(distribution, method)
}
INFIX = {
    operator.add: "{} + {}",
    operator.sub: "{} - {}",
    operator.mul: "{} * {}",
    operator.truediv: "{} / {}",
    operator.mod: "{} % {}",
    operator.pow: "{} ** {}",
    operator.matmul: "{} @ {}",
    operator.neg: "-{}",
    operator.pos: "+{}",
    operator.getitem: "{}[{}]",
}


@dataclass
class Call:
    """A function of the generated file, and the arguments that it is tested with."""

    rule: Rule
    text: str
    constants: list[Any]
    parameters: int
    inputs: list[tuple[Any, ...]] = field(default_factory=list)
    name: str = ""

    def __str__(self) -> str:
        return f"{self.rule}-{self.text}"


@dataclass
class _Writer:
    """The text of one call.

    Samples become parameters, what has no literal becomes a constant of the module.
    """

    samples: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def argument(self, value: Any) -> str:
        if isinstance(value, Sample):
            self.samples.append(value)
            return f"x{len(self.samples) - 1}"
        if isinstance(value, list) and _has_sample(value):
            return f"[{', '.join(map(self.argument, value))}]"
        if isinstance(value, tuple) and _has_sample(value):
            return f"({', '.join(map(self.argument, value))},)"
        if _is_literal(value):
            return repr(value).replace("inf", "np.inf")
        self.constants.append(value)
        return f"CONSTANTS[{{}}][{len(self.constants) - 1}]"

    def parameter(self, value: Any) -> str:
        self.samples.append(value)
        return f"x{len(self.samples) - 1}"

    def index(self, value: Any) -> str:
        parts = value if isinstance(value, tuple) else (value,)
        return ", ".join(map(self._part, parts)) if parts else "()"

    def _part(self, part: Any) -> str:
        if isinstance(part, slice):
            ends = ["" if v is None else str(v) for v in (part.start, part.stop, part.step)]
            return ":".join(ends if ends[2] else ends[:2])
        return "..." if part is Ellipsis else self.argument(part)


def _has_sample(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_sample, value))
    return isinstance(value, Sample)


def _is_literal(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_literal, value))
    if isinstance(value, dict):
        return all(map(_is_literal, value.values()))
    return value is None or type(value) in (int, float, bool, str)


def spelling(function: Any) -> str | None:
    """How a file with `HEAD` calls a primitive; None for an unbound method and the like."""
    name = getattr(function, "__name__", "")
    if getattr(builtins, name, None) is function:
        return name
    if function in DISTRIBUTIONS:
        return DISTRIBUTIONS[function]
    return next(
        (f"{p}.{name}" for p, m in PLACES.items() if getattr(m, name, None) is function), None
    )


def runs(function: Callable[..., Any], args: list[Any]) -> bool:
    """Whether a call can be made; namesakes of a primitive need not take all that it takes."""
    try:
        function(*args)
    except (TypeError, ValueError):
        return False
    return True


def every_call() -> list[Call]:
    """One call for each text that the cases of the table give."""
    calls: dict[tuple[str, str], Call] = {}
    for rule in TABLE:
        for form, case in _forms(rule):
            for call in _written(rule, form, case):
                key = str(rule), call.text + len(calls) * "#" if call.constants else call.text
                known = calls.setdefault(key, call)
                if known is not call:
                    known.inputs += call.inputs
    for number, call in enumerate(calls.values()):
        call.name = f"call_{number}"
    return list(calls.values())


def _forms(rule: Rule) -> Iterator[tuple[Any, Case]]:
    """Ways to call what a rule reverses.

    The first function with all cases, its namesakes, methods and attributes with some.
    """
    for case in rule.cases:
        yield rule.primitives[0], case
    for function in rule.primitives[1:]:
        if function is np.float32:  # its rounding is coarser than the step of a finite difference
            continue
        fitting = [c for c in rule.cases if not _is_scalar_function(function) or _is_of_scalars(c)]
        for case in fitting[:4]:
            yield function, case
    arrays = [c for c in rule.cases if c.args and isinstance(c.args[0], Sample) and c.args[0].shape]
    for name in rule.methods:
        for case in arrays[:8]:
            yield name, case
    for name in rule.attributes:
        for case in [c for c in arrays if len(c.args) == 1][:3]:
            yield f".{name}", case


def _is_scalar_function(function: Any) -> bool:
    return getattr(function, "__module__", "") == "math" or function in (
        float,
        np.float32,
        np.float64,
        pow,
    )


def _is_of_scalars(case: Case) -> bool:
    return all(not isinstance(a, Sample) or not a.shape for a in case.args) and not any(
        isinstance(a, np.ndarray) for a in case.args
    )


def _written(rule: Rule, form: Any, case: Case) -> Iterator[Call]:
    writer = _Writer()
    has_sample = any(map(_has_sample, [*case.args, *case.kwargs.values()]))
    if has_sample:
        args = [writer.argument(a) for a in case.args] if form is not operator.getitem else []
    elif not any(isinstance(a, float | np.ndarray) for a in case.args):
        return
    else:
        named = zip(case.args, options_of(rule.function), strict=False)
        args = [
            writer.parameter(a) if p.name in rule.operands else writer.argument(a) for a, p in named
        ]
    keywords = [f"{k}={writer.argument(v)}" for k, v in case.kwargs.items()]
    if form is operator.getitem:
        args = [writer.argument(case.args[0]), writer.index(case.args[1])]
    text = _text(rule, form, args, keywords)
    if text:
        yield Call(rule, text, writer.constants, len(writer.samples), [tuple(writer.samples)])
    if has_sample and any(isinstance(a, list | tuple) and _has_sample(a) for a in case.args):
        writer = _Writer()
        args = [writer.parameter(a) if _has_sample(a) else writer.argument(a) for a in case.args]
        keywords = [f"{k}={writer.argument(v)}" for k, v in case.kwargs.items()]
        yield Call(
            rule,
            _text(rule, form, args, keywords),
            writer.constants,
            len(writer.samples),
            [tuple(writer.samples)],
        )


def _text(rule: Rule, form: Any, args: list[str], keywords: list[str]) -> str:
    if isinstance(form, str) and form.startswith("."):
        return f"{args[0]}{form}"
    if isinstance(form, str):
        return f"{args[0]}.{form}({', '.join(args[1:] + keywords)})"
    if isinstance(form, operator.attrgetter):
        return f"{args[0]}.{rule.attributes[0]}"
    if form in INFIX:
        return INFIX[form].format(*args)
    spelled = spelling(form)
    if spelled is None and rule.methods:
        return f"{args[0]}.{rule.methods[0]}({', '.join(args[1:] + keywords)})"
    return f"{spelled}({', '.join(args + keywords)})" if spelled else ""


def written_module(calls: list[Call], folder: Path) -> Any:
    """The calls as functions of a module that is in a real file."""
    lines = [HEAD]
    for call in calls:
        names = [f"x{i}" for i in range(call.parameters)]
        text = call.text.replace("{}", repr(call.name))
        lines.append(f"\ndef {call.name}({', '.join(names)}):\n    return {text}\n")
        parameters = ", ".join([*names, "weights"])
        lines.append(
            f"\ndef {call.name}_weighted({parameters}):\n    return np.sum({text} * weights)\n"
        )
    path = folder / f"{MODULE}.py"
    path.write_text("\n".join(lines))
    spec = importlib.util.spec_from_file_location(MODULE, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)
    module.CONSTANTS.update({c.name: c.constants for c in calls})
    return module
