"""The derivative of a function along a direction, found by calling it: central differences, and a complex step.

Nothing of knetsrc is used here. Where the function has a kink, where a value on the way overflows, or where differences are
too far apart to say anything, there is no answer.
"""

import copy
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

STEP = 1e-5
LARGEST = 1e4
NOT_ANALYTIC = re.compile(r"\b(abs|norm|var|std|vdot|hypot|float)\b")
# what a program may raise that is not one: names unbound, shapes that do not fit
NO_PROGRAM = (ArithmeticError, LookupError, NameError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True)
class Slope:
    """A derivative.

    Parameters
    ----------
    value
        The derivative along the direction.
    error
        How far it may be off.
    """

    value: float
    error: float


def slope(
    f: Callable[..., Any], args: list[Any], direction: list[Any], source: str
) -> Slope | None:
    """The derivative of `f` at `args` along `direction`; None where it is unclear.

    Parameters
    ----------
    f
        The function.
    args
        Its arguments, in float64.
    direction
        For each argument the same structure of numbers, or None for one that stays.
    source
        The text of `f`, which says whether a complex step can be taken.
    """
    try:
        # 0 * inf has no answer in floating point
        with np.errstate(over="raise"), _without_rounded_spreads():
            here = f(*copy.deepcopy(args))
        ends = [_ends(f, args, direction, STEP * factor) for factor in (1, 2, 4)]
    except NO_PROGRAM:
        return None
    every = [here, *(value for pair in ends for value in pair)]
    if not all(map(_is_moderate, every)):
        return None
    steps = [(a - b) / (2 * STEP * n) for (a, b), n in zip(ends, (1, 2, 4), strict=True)]
    bends = [abs(a - 2 * here + b) / (STEP * n) for (a, b), n in zip(ends, (1, 2, 4), strict=True)]
    spread, scale = abs(steps[1] - steps[0]) + abs(steps[2] - steps[1]), 1 + abs(here)
    if max(map(abs, steps)) > LARGEST or spread > 1e-6 * (scale + abs(steps[0])):
        return None
    if (
        bends[0] > 1e-4 * scale and bends[0] > 0.75 * bends[1]
    ):  # a kink bends as much at half the step
        return None
    found = Slope(float(steps[0]), float(10 * spread + 1e-6 * scale))
    exact = None if NOT_ANALYTIC.search(source) else _complex_step(f, args, direction)
    if exact is None or abs(exact - found.value) > found.error:
        return found
    return Slope(exact, float(1e-9 * (scale + abs(exact))))


@contextmanager
def _without_rounded_spreads() -> Iterator[None]:
    """No answer where a standard deviation is nothing but the rounding of the mean: its derivative is 0 / 0."""
    plain = np.std

    def std(a: Any, *args: Any, **options: Any) -> Any:
        spread = plain(a, *args, **options)
        if np.any(spread < 1e-12 * np.max(np.abs(a), initial=0.0)):
            raise FloatingPointError("all entries are the same")
        return spread

    np.std = std
    try:
        yield
    finally:
        np.std = plain


def _is_moderate(value: Any) -> bool:
    number = isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")
    return number and np.ndim(value) == 0 and bool(abs(value) < LARGEST)


def curvature(f: Callable[..., Any], args: list[Any], direction: list[Any]) -> Slope | None:
    """The second derivative of `f` along `direction`; None where it is unclear."""
    here, found = f(*copy.deepcopy(args)), []
    for step in (5e-4, 1e-3, 2e-3):
        try:
            ahead, behind = _ends(f, args, direction, step)
        except NO_PROGRAM:
            return None
        found.append((ahead - 2 * here + behind) / step**2)
    better = [(4 * a - b) / 3 for a, b in pairwise(found)]
    scale = 1 + abs(here)
    if abs(better[0] - better[1]) > 1e-4 * (scale + abs(better[0])):
        return None
    return Slope(better[0], 10 * abs(better[0] - better[1]) + 1e-5 * (scale + abs(better[0])))


def _ends(f: Any, args: list[Any], direction: list[Any], step: float) -> tuple[float, float]:
    ahead, behind = (f(*moved(args, direction, sign * step)) for sign in (1.0, -1.0))
    return ahead, behind


def _complex_step(f: Any, args: list[Any], direction: list[Any]) -> float | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            value = f(*moved(args, direction, 1e-30j))
    except (*NO_PROGRAM, np.exceptions.ComplexWarning):
        return None
    exact = float(np.imag(value)) * 1e30
    return exact if np.isfinite(exact) else None


# --- structures -----------------------------------------------------------------------------------
def moved(value: Any, direction: Any, step: complex) -> Any:
    """A copy, `step` times the direction further."""
    if direction is None:
        return copy.deepcopy(value)
    if isinstance(value, dict):
        return {key: moved(part, direction[key], step) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(moved(p, d, step) for p, d in zip(value, direction, strict=True))
    further = value + step * direction
    return np.asarray(further) if isinstance(value, np.ndarray) else further


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same containers around `change(leaf)` for each leaf."""
    if isinstance(value, dict):
        return {key: rebuilt(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(rebuilt(part, change) for part in value)
    return change(value)


def leaves(value: Any) -> list[Any]:
    """The leaves of nested containers, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def wide(leaf: Any) -> Any:
    """The same in float64."""
    return leaf.astype(np.float64) if isinstance(leaf, np.ndarray) else leaf
