"""Each rule of the table, spliced into the gradient of a function that makes the call."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import knetsrc.adjoints  # noqa: F401
from knetsrc import grad, vjp
from rules import build, leaves, rebuild
from transformed import Call, every_call, runs, written_module

STEP = 1e-6
_folder = tempfile.TemporaryDirectory(prefix="knetsrc_calls_")
_calls = every_call()
MODULE = written_module(_calls, Path(_folder.name))


def arguments_of(samples: tuple[Any, ...]) -> list[Any]:
    rng = np.random.default_rng(7)
    return [build(sample, rng) for sample in samples]


@np.errstate(all="ignore")
def _runnable(call: Call) -> bool:
    return all(runs(getattr(MODULE, call.name), arguments_of(samples)) for samples in call.inputs)


CALLS = [call for call in _calls if _runnable(call)]


def is_real(value: Any) -> bool:
    return isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"


def inner(a: Any, b: Any) -> float:
    pairs = zip(leaves(a), leaves(b), strict=True)
    return sum(
        float(np.sum(np.multiply(x, y)))
        for x, y in pairs
        if x is not None and y is not None and is_real(x)
    )


def random_like(value: Any, rng: np.random.Generator) -> Any:
    """Random numbers in the structure of `value`, of its dtypes; None for what is not real."""

    def made(leaf: Any) -> Any:
        if not is_real(leaf):
            return leaf
        numbers = rng.standard_normal(np.shape(leaf))
        return float(numbers) if type(leaf) is float else np.asarray(numbers, leaf.dtype)[()]

    return rebuild(value, [made(leaf) for leaf in leaves(value)])


def moved(value: Any, direction: Any, step: float) -> Any:
    both = zip(leaves(value), leaves(direction), strict=True)
    return rebuild(value, [x + step * v if is_real(x) else x for x, v in both])


def as_float32(value: Any) -> Any:
    return rebuild(
        value,
        [
            v.astype(np.float32) if isinstance(v, np.ndarray) and is_real(v) else v
            for v in leaves(value)
        ],
    )


def check_structure(gradient: Any, value: Any, what: str) -> None:
    for found, leaf in zip(leaves(gradient), leaves(value), strict=True):
        if found is None and not is_real(leaf):
            continue
        assert np.shape(found) == np.shape(leaf), (
            f"{what}: shape {np.shape(found)}, not {np.shape(leaf)}"
        )
        if type(leaf) is float:
            assert isinstance(found, float), f"{what}: {type(found)} for a float"
        elif isinstance(leaf, np.ndarray):
            assert isinstance(found, np.ndarray), f"{what}: {type(found)} for an array"
            assert found.dtype == leaf.dtype, f"{what}: {found.dtype}, not {leaf.dtype}"


def slope(function: Any, args: list[Any], directions: list[Any], cotangent: Any) -> float:
    ends = [
        inner(function(*[moved(a, v, h) for a, v in zip(args, directions, strict=True)]), cotangent)
        for h in (STEP, -STEP)
    ]
    return (ends[0] - ends[1]) / (2 * STEP)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_vjp_of_a_call(call: Call):
    function = getattr(MODULE, call.name)
    for samples in call.inputs:
        args = arguments_of(samples)
        rng = np.random.default_rng(3)
        with np.errstate(all="ignore"):
            value, pullback = vjp(function, *args)
            cotangent = random_like(value, rng)
            gradients = pullback(cotangent)
            directions = [random_like(a, rng) for a in args]
            expected = slope(function, args, directions, cotangent)
        pairs = [
            (a, g, v) for a, g, v in zip(args, gradients, directions, strict=True) if g is not None
        ]
        assert pairs, "no gradient at all"
        for arg, gradient, _ in pairs:
            check_structure(gradient, arg, f"{samples}\n{pullback.source}")
        found = sum(inner(g, v) for _, g, v in pairs)
        assert np.isclose(found, expected, rtol=2e-5, atol=2e-5), (
            f"{found} {expected} {samples}\n{pullback.source}"
        )
        check_float32(function, args)


def check_float32(function: Any, args: list[Any]) -> None:
    args = [as_float32(a) for a in args]
    if not any(isinstance(leaf, np.ndarray) for a in args for leaf in leaves(a)):
        return
    with np.errstate(all="ignore"):
        value, pullback = vjp(function, *args)
        gradients = pullback(random_like(value, np.random.default_rng(3)))
    for arg, gradient in zip(args, gradients, strict=True):
        if gradient is not None:
            check_structure(gradient, arg, f"float32\n{pullback.source}")


def first_of_each_rule() -> list[Call]:
    return list({str(call.rule): call for call in reversed(CALLS)}.values())[::-1]


@pytest.mark.parametrize("call", first_of_each_rule(), ids=str)
@pytest.mark.filterwarnings("ignore")
def test_grad_of_a_weighted_sum(call: Call):
    function = getattr(MODULE, f"{call.name}_weighted")
    for samples in call.inputs:
        args = arguments_of(samples)
        with np.errstate(all="ignore"):
            value = getattr(MODULE, call.name)(*args)
            if not is_real(value):
                continue
            rng = np.random.default_rng(3)
            weights = rng.standard_normal(np.shape(value))
            gradient = grad(function, tuple(range(len(args))))
            gradients = gradient(*args, weights)
            directions = [random_like(a, rng) for a in args]
            expected = slope(lambda *a, w=weights: function(*a, w), args, directions, 1.0)
        for arg, found in zip(args, gradients, strict=True):
            check_structure(found, arg, gradient.source)
        found = sum(inner(g, v) for g, v in zip(gradients, directions, strict=True))
        assert np.isclose(found, expected, rtol=2e-5, atol=2e-5), (
            f"{found} {expected} {samples}\n{gradient.source}"
        )
