"""Random programs: no gradient is wrong, and few are refused. The fuzzer itself is tested on functions with known derivatives."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fuzz.judge import KINDS, Verdict, judged
from fuzz.oracle import curvature, slope
from fuzz.programs import LEVELS, Program, written
from fuzz.shrink import shrunk

CHUNK = 50
COUNTS = {1: 750, 2: 750, 3: 750, 4: 750}
REFUSED = {1: 3, 2: 3, 3: 4, 4: 10}  # of a chunk, at most
SIZES = (1, 1, 2, 1, 1)  # of the chunks in turn: small programs are quick
X = np.array([0.5, -1.2, 2.0])


def _chunks() -> list[tuple[int, int]]:
    return [(level, first) for level in LEVELS for first in range(0, COUNTS[level], CHUNK)]


@pytest.mark.parametrize(("level", "first"), _chunks())
def test_gradients_of_random_programs(level: int, first: int) -> None:
    size = SIZES[first // CHUNK % len(SIZES)]
    verdicts = list(judged(written(range(first, first + CHUNK), level, size)))
    failed = [each.report for each in verdicts if each.failed]
    assert not failed, "\n\n".join(failed)
    kinds = [each.kind for each in verdicts]
    assert kinds.count("refused") <= REFUSED[level]
    assert kinds.count("skipped") <= CHUNK // 5


def test_all_of_3000_programs() -> None:
    assert sum(COUNTS.values()) == 3000


@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_gives_the_same_program(level: int) -> None:
    first, again = (written(range(5), level) for _ in range(2))
    assert [str(each) for each in first] == [str(each) for each in again]
    assert len({each.source for each in first}) == 5


# --- the oracle -----------------------------------------------------------------------------------
def test_slope_of_an_analytic_function_is_exact() -> None:
    found = slope(lambda x: np.sum(np.sin(x)), [X], [np.ones(3)], "")
    assert found is not None
    assert found.value == pytest.approx(np.sum(np.cos(X)), rel=1e-14)
    assert found.error < 1e-8


def test_slope_where_no_complex_step_can_be_taken() -> None:
    found = slope(lambda x: math.exp(x), [0.3], [2.0], "")
    assert found is not None
    assert found.value == pytest.approx(2 * math.exp(0.3), abs=found.error)


def test_no_slope_at_a_kink() -> None:
    assert slope(lambda x: abs(x), [0.0], [1.0], "abs") is None
    assert slope(lambda x: max(x, 2 * x), [0.0], [1.0], "") is None
    assert slope(lambda x: abs(x), [1e-5], [1.0], "abs") is None


def test_no_slope_at_a_jump_or_where_nothing_is_returned() -> None:
    assert slope(lambda x: 1.0 if x > 0.3 else 0.0, [0.3], [1.0], "") is None
    assert slope(lambda x: x[5], [X], [np.ones(3)], "") is None
    assert slope(lambda x: math.nan, [0.3], [1.0], "") is None


def test_second_derivative() -> None:
    found = curvature(lambda x: np.sum(x**3), [X], [np.ones(3)])
    assert found is not None
    assert found.value == pytest.approx(np.sum(6 * X), abs=found.error)


# --- verdicts and shrinking -----------------------------------------------------------------------
def _program(source: str, **kinds: str) -> Program:
    return Program(seed=1, size=1, level=1, source=source, kinds=kinds)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return np.sum(x * y)", "right"),
        ("return np.sum(np.rint(x)) + [0.0][1]", "skipped"),
        ("return np.sum(stop_gradient(x) * y)", "wrong"),
        ("yield x", "skipped"),
        ("return np.sum(x) + eval('y')", "refused"),
    ],
)
def test_verdicts(body: str, kind: str) -> None:
    lines = ["from knetsrc import stop_gradient", "", "def f(x, y):", f"    {body}"]
    (verdict,) = judged([_program("\n".join(lines), x="v", y="s")])
    assert verdict.kind == kind
    assert kind in KINDS


LONG = """\
from knetsrc import stop_gradient

def helper(x):
    return np.sum(x) * 0.5

def f(x, y, z):
    t = np.sin(y)
    for i in range(3):
        if i > 0:
            t = t * 0.5 + np.sum(stop_gradient(np.tanh(x)) * z)
        t = t + helper(x)
    return t + y
"""


def test_shrinker_keeps_what_is_wrong_and_little_else() -> None:
    (verdict,) = judged([_program(LONG, x="v", y="s", z="v")])
    assert verdict.kind == "wrong"
    small = shrunk(verdict)
    assert small.kind == "wrong"
    assert "stop_gradient(x" in small.program.source
    assert len(small.program.source.splitlines()) <= 5
    assert set(small.program.kinds) == {"x"}


def test_reasons_do_not_name_names() -> None:
    verdict = Verdict(_program(LONG), "refused", "no `y` here\n  why:      `y` is 'q'")
    assert verdict.reason == "no _ here | why:      _ is _"
    again = replace(verdict, why="no `z` here\n  why:      `z` is 'r'")
    assert again.reason == verdict.reason
