"""Slices that make up an array: their adjoints are written into memory that is not set to zero first."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.ops import sigm
from language.checking import check

RNG = np.random.default_rng(2)
X, STATE = RNG.standard_normal((3, 6)), RNG.standard_normal((3, 2))


def gates(x, state):
    a = 2 * x
    h = state.shape[1]
    return np.sum(state * sigm(a[:, :h]) * a[:, h : 2 * h] + np.tanh(a[:, 2 * h :]))


def in_a_loop(x, state):
    h = len(state[0])
    for _ in range(2):
        a = 2 * x
        x = x + np.concatenate([a[:, h:] ** 2, a[:, :h] * 3], axis=1)
    return np.sum(x)


def literal_bounds(x, state):
    a = 2 * x
    return np.sum(a[:, :2] * a[:, 2:4] * a[:, 4:] * state)


def without_numpy(x, state):
    a = 2 * x
    return (a[:, :2] * a[:, 2:4] * a[:, 4:] * state).sum()


def by_rows(x, state):
    a = 2 * x.T
    h = state.shape[1]
    return np.sum(a[: 2 * h, :] ** 2) + np.sum(a[2 * h :, :] ** 3)


@pytest.mark.parametrize("function", [gates, in_a_loop, literal_bounds, without_numpy, by_rows])
def test_parts_that_make_up_the_whole(function):
    source = grad(function).source
    assert "np.empty_like(a)" in source and "d_a[" in source
    assert "zeros_like(a)" not in source.replace("np.empty_like(a)", "")
    check(function, X, STATE)
    assert np.all(np.isfinite(grad(function)(np.zeros_like(X), STATE)))


def gap(x, state):
    a = 2 * x
    h = state.shape[1]
    return np.sum(a[:, :h] ** 2) + np.sum(a[:, 2 * h :] ** 2)


def overlap(x, state):
    a = 2 * x
    h = state.shape[1]
    return np.sum(a[:, : 2 * h] ** 2) + np.sum(a[:, h:] ** 2)


def twice(x, state):
    a = 2 * x
    h = state.shape[1]
    left, right = a[:, :h] ** 2, a[:, h:] ** 2
    again = np.sin(a[:, :h])
    return np.sum(left) + np.sum(right) + np.sum(again * state)


def two_axes(x, state):
    a = 2 * x
    return np.sum(a[:2, :] ** 2) + np.sum(a[:, 2:] ** 2)


def negative_bound(x, state):
    a = 2 * x
    h = -state.shape[1]
    return np.sum(a[:, :h] ** 2) + np.sum(a[:, h : 2 * h] ** 2) + np.sum(a[:, 2 * h :] ** 2)


def bound_twice(x, state):
    h = state.shape[1]
    if h > 1:
        h = -1
    a = 2 * x
    return np.sum(a[:, :h] ** 2) + np.sum(a[:, h : 2 * h] ** 2 * 2) + np.sum(a[:, 2 * h :] ** 3)


def falling(x, state):
    a = 2 * x
    h = state.shape[1]
    return np.sum(a[:, : 2 * h] ** 2) + np.sum(a[:, 2 * h : h] ** 2) + np.sum(a[:, h:] ** 3)


@pytest.mark.parametrize(
    "function", [gap, overlap, twice, two_axes, negative_bound, bound_twice, falling]
)
def test_other_parts_are_added_to_zeros(function):
    source = grad(function).source
    assert "zeros_like(a)" in source and "empty" not in source
    check(function, X, STATE)


GATES_GRADIENT = grad(gates)


def curvature(x, state):
    return np.sum(GATES_GRADIENT(x, state) ** 2)


def test_second_derivative():
    check(curvature, X, STATE)
