"""The verdict on a program: its gradients, asked for in one of several ways, beside what the oracle says."""

import copy
import importlib.util
import os
import re
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from knetsrc import KnetsrcError, grad, value_and_grad, vjp

from . import oracle
from .oracle import leaves
from .programs import PRELUDE, Program, written

KINDS = ("right", "wrong", "crashed", "refused", "skipped")
SECOND_ORDER = 0.02  # of all programs
LONGEST = 60.0  # seconds of the processor for the gradients of one program
Chunk = tuple[range, int, int]  # seeds, level, and the size of each program


@dataclass(frozen=True)
class Verdict:
    """How the gradient of one program came out.

    Parameters
    ----------
    program
        The program.
    kind
        `"right"`, `"wrong"`, `"crashed"` by an exception that is no `KnetsrcError`, `"refused"`, or `"skipped"` where the
        oracle has no answer.
    why
        What was found, or the message.
    """

    program: Program
    kind: str
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether it shows a defect."""
        return self.kind in ("wrong", "crashed")

    @property
    def reason(self) -> str:
        """The message without the names and numbers in it: what is the same for programs that fail alike."""
        if self.kind == "refused" or "  why:" in self.why:
            lines = self.why.splitlines()
            why = [line.strip() for line in lines if line.strip().startswith("why:")]
            return re.sub(r"`[^`]*`|'[^']*'", "_", " | ".join([lines[0], *why]))
        line = self.why.strip().splitlines()[-1] if self.why else ""
        return re.sub(r"'[^']*'|\"[^\"]*\"|-?\d+(\.\d+)?(e-?\d+)?", "_", line.split(":")[0])

    @property
    def report(self) -> str:
        """The program, its arguments, and what happened."""
        of = self.program
        made = f"level {of.level} seed {of.seed} size {of.size}"
        return f"--- {made}: {self.kind}: {self.why}\n\n{of}\n"


def judged(programs: Sequence[Program]) -> Iterator[Verdict]:
    """Differentiate each program; they all stand in one file for as long as this takes."""
    with tempfile.TemporaryDirectory(prefix="random_programs_") as folder:
        module = _module([each.source for each in programs], Path(folder))
        for number, each in enumerate(programs):
            yield _judge(each, getattr(module, f"f_{number}"))
        del sys.modules[module.__name__]


def judged_alone(chunk: Chunk) -> list[Verdict]:
    """The verdicts on one program for each seed, with a cache folder for this time only."""
    seeds, level, size = chunk
    with tempfile.TemporaryDirectory(prefix="random_programs_cache_") as folder:
        os.environ["KNETSRC_CACHE"] = folder
        return list(judged(written(seeds, level, size)))


# --- one program ----------------------------------------------------------------------------------
class _WrongError(AssertionError):
    """What is wrong with a gradient."""


class _TooLate(BaseException):
    """The time is over; no `except Exception` of a program stops this."""


@dataclass(frozen=True)
class _Question:
    """What is asked about a function: `chosen` are the arguments to differentiate by."""

    f: Callable[..., Any]
    args: list[Any]
    chosen: tuple[int, ...]
    direction: list[Any]

    @property
    def is_narrow(self) -> bool:
        """Whether float32 takes part."""
        return any(getattr(leaf, "dtype", None) == np.float32 for leaf in leaves(self.args))


def _judge(each: Program, f: Callable[..., Any]) -> Verdict:
    question = _question(each, f)
    wide = oracle.rebuilt(question.args, oracle.wide)
    with np.errstate(all="ignore"):
        try:
            with _limited(LONGEST / 10):
                found = oracle.slope(f, wide, question.direction, each.source)
                if found is None or not _is_near(question, wide):
                    return Verdict(each, "skipped")
        except (*oracle.NO_PROGRAM, _TooLate):  # not in float32; a loop without end
            return Verdict(each, "skipped")
        try:
            with _limited(LONGEST):
                _compare(question, found, each.seed)
                _compare_second(question, each.seed)
        except KnetsrcError as error:
            kind = "wrong" if "the generated source is wrong" in str(error) else "refused"
            return Verdict(each, kind, str(error))
        except _WrongError as error:
            return Verdict(each, "wrong", str(error))
        except (Exception, _TooLate):
            return Verdict(each, "crashed", traceback.format_exc())
    return Verdict(each, "right")


def _question(each: Program, f: Callable[..., Any]) -> _Question:
    """Which arguments are differentiated is drawn for each by its name, so that it stays when another one goes."""
    args, chosen, directions = each.arguments(), [], []
    for place, (name, kind) in enumerate(each.kinds.items()):
        drawn = np.random.default_rng([each.seed, *name.encode(), 1])
        asked = kind != "n" and bool(drawn.random() < 0.7 or name == "x")
        directions.append(oracle.rebuilt(args[place], _direction(drawn)) if asked else None)
        chosen += [place] if asked else []
    if not chosen:
        place = next(i for i, kind in enumerate(each.kinds.values()) if kind != "n")
        chosen, drawn = [place], np.random.default_rng(each.seed)
        directions[place] = oracle.rebuilt(args[place], _direction(drawn))
    return _Question(f, args, tuple(chosen), directions)


def _direction(drawn: np.random.Generator) -> Callable[[Any], Any]:
    def along(leaf: Any) -> Any:
        made = drawn.normal(size=np.shape(leaf))
        return made if np.ndim(leaf) else float(made)

    return along


def _is_near(question: _Question, wide: list[Any]) -> bool:
    """Whether float32 arguments give about what float64 does: the same branches are taken."""
    if not question.is_narrow:
        return True
    ours, theirs = question.f(*copy.deepcopy(question.args)), question.f(*wide)
    return bool(abs(ours - theirs) < 1e-4 * (1 + abs(theirs)))


def _compare(question: _Question, wanted: oracle.Slope, seed: int) -> None:
    value, gradients = _asked(question, seed % 3)
    if value is not None:
        _same_value(value, question)
    for place, gradient in zip(question.chosen, gradients, strict=True):
        _same_form(gradient, question.args[place])
    found, size = _along(gradients, question)
    allowed = wanted.error + (2e-4 * (1 + size) if question.is_narrow else 1e-12 * size)
    if not abs(found - wanted.value) <= allowed:
        raise _WrongError(
            f"slope: {found:.9g}, by differences {wanted.value:.9g}; {question.chosen}"
        )


def _asked(question: _Question, way: int) -> tuple[Any, Any]:
    """Value and gradients, asked for in one of three ways; the arguments must be as before."""
    given, f, chosen = copy.deepcopy(question.args), question.f, question.chosen
    value = None
    if way == 0:
        gradients = grad(f, argnums=chosen)(*given)
    elif way == 1:
        value, gradients = value_and_grad(f, argnums=chosen)(*given)
    else:
        value, pullback = vjp(f, *given)
        every = pullback(1.0)
        gradients = tuple(every[i] for i in chosen)
    same = zip(leaves(given), leaves(question.args), strict=False)
    if len(leaves(given)) != len(leaves(question.args)) or not all(
        np.array_equal(a, b) for a, b in same
    ):
        raise _WrongError(f"arguments: {given!r} after the call, not {question.args!r}")
    return value, gradients


def _compare_second(question: _Question, seed: int) -> None:
    """The second derivative along the direction, for a few of the programs."""
    if np.random.default_rng([seed, 2]).random() > SECOND_ORDER or question.is_narrow:
        return
    wanted = oracle.curvature(question.f, question.args, question.direction)
    if wanted is None:
        return
    _, pullback = vjp(grad(question.f, argnums=question.chosen), *copy.deepcopy(question.args))
    every = pullback(tuple(question.direction[i] for i in question.chosen))
    found, size = _along([every[i] for i in question.chosen], question)
    if not abs(found - wanted.value) <= wanted.error + 1e-7 * size:
        raise _WrongError(f"second derivative: {found:.9g}, by differences {wanted.value:.9g}")


def _along(gradients: Any, question: _Question) -> tuple[float, float]:
    """The derivative along the direction, and the sum of its terms without their signs."""
    terms = [
        np.asarray(g, dtype=np.float64) * d
        for place, gradient in zip(question.chosen, gradients, strict=True)
        for g, d in zip(leaves(gradient), leaves(question.direction[place]), strict=True)
    ]
    return sum(float(np.sum(t)) for t in terms), sum(float(np.sum(np.abs(t))) for t in terms)


def _same_value(value: Any, question: _Question) -> None:
    wanted = question.f(*copy.deepcopy(question.args))
    allowed = 1e-4 if question.is_narrow else 1e-9
    if np.shape(value) != () or not abs(value - wanted) <= allowed * (1 + abs(wanted)):
        raise _WrongError(f"value: {value!r}, not {wanted!r}")


def _same_form(gradient: Any, argument: Any) -> None:
    """Structure, shapes and dtypes of a gradient are those of its argument."""
    if isinstance(argument, dict | list | tuple):
        same = type(gradient) is type(argument) and len(gradient) == len(argument)
        if not same or (isinstance(argument, dict) and list(gradient) != list(argument)):
            raise _WrongError(f"form: the gradient of {argument!r} is {gradient!r}")
        parts = zip(gradient, argument, strict=True)
        if isinstance(argument, dict):
            parts = ((gradient[key], argument[key]) for key in argument)
        for part, of in parts:
            _same_form(part, of)
    elif _form(gradient) != _form(argument):
        raise _WrongError(f"form: the gradient of {argument!r} is {gradient!r}")


def _form(leaf: Any) -> str:
    if isinstance(leaf, np.ndarray | np.floating):
        return f"{leaf.dtype} of shape {leaf.shape}" if isinstance(leaf, np.ndarray) else "float"
    return type(leaf).__name__


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Ends a program that takes longer, where signals can be used."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "SIGVTALRM"
    ):
        yield
        return

    def late(*_: Any) -> None:
        raise _TooLate(f"took more than {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


# --- files ----------------------------------------------------------------------------------------
def _module(sources: Sequence[str], folder: Path) -> ModuleType:
    """All programs in one file, each name that they define followed by the program's number."""
    parts = [_numbered(source, number) for number, source in enumerate(sources)]
    path = folder / f"{folder.name}.py"
    path.write_text("\n\n".join([PRELUDE, *parts]))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _numbered(source: str, number: int) -> str:
    defined = re.findall(r"^def (\w+)", source, re.MULTILINE)
    return re.sub(rf"\b({'|'.join(defined)})\b(?=\()", rf"\1_{number}", source)
