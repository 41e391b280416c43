"""Helpers that are handed an axis, or several, written out."""

import functools

import numpy as np
import pytest

from knetsrc import grad, value_and_grad
from language.checking import check

RNG = np.random.default_rng(0)
MATRIX, WEIGHTS = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 4))
CUBE = RNG.standard_normal((2, 3, 4))


def logsumexp(a, axis):
    m = np.max(a, axis=axis, keepdims=True)
    shifted = a - m
    terms = np.exp(shifted)
    total = np.sum(terms, axis=axis)
    return np.squeeze(m, axis=axis) + np.log(total)


def normalized(a, axis=-1, keepdims=True):
    centred = a - np.mean(a, axis, keepdims=keepdims)
    return centred / np.sqrt(np.sum(centred**2, axis=axis, keepdims=keepdims))


def moment(a, axis, power):
    if axis is None:
        return np.sum(a**power)
    return np.sum(np.sum(a**power, axis=axis))


def rebound(a, axis):
    axis = axis - 1
    b = np.cumsum(a, axis=axis)
    return np.sum(b, axis=axis)


def passed_on(a, axis):
    shifted = a - logsumexp(a, axis)
    return np.sum(shifted**2, axis=axis)


def nested(a, axes):
    s = np.sum(a, axis=axes)
    return s**2


@functools.cache
def of_cache(n, axis):
    return np.mean(np.arange(1.0, 1.0 + n)[:, None] * np.ones(4), axis=axis)


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


PROGRAMS = {
    "first": lambda x: np.sum(logsumexp(x, 0) ** 2),
    "last": lambda x: np.sum(logsumexp(x, -1) ** 2),
    "by name": lambda x: np.sum(logsumexp(axis=1, a=x) ** 2),
    "two axes": lambda x: np.sum(logsumexp(x, 0)) + np.sum(logsumexp(x, 1) ** 2),
    "default": lambda x: np.sum(normalized(x) ** 3),
    "no default": lambda x: np.sum(normalized(x, 0) ** 3) + np.sum(normalized(x, axis=1) ** 3),
    "none": lambda x: moment(x, None, 3) + moment(x, 1, 2),
    "bound anew": lambda x: np.sum(rebound(x, 1) ** 2),
    "handed on": lambda x: np.sum(passed_on(x, 0) ** 2),
    "of a cache": lambda x: np.sum(x * of_cache(3, 0)) + np.sum(x**2),
    "tuple": lambda x: np.sum(nested(x, (0, 1))),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    check(PROGRAMS[name], MATRIX)


def test_ranks_that_change():
    gradient = grad(lambda x: np.sum(logsumexp(x, -1) ** 2))
    for x in (MATRIX[0], MATRIX, CUBE, MATRIX[0], MATRIX[:1], MATRIX[:, :1]):
        expected = 2 * logsumexp(x, -1)[..., None] * np.exp(x - logsumexp(x, -1)[..., None])
        np.testing.assert_allclose(gradient(x), expected)


def test_recurrence():
    def f(e, w):
        a = e[0]
        for t in range(1, len(e)):
            a = logsumexp(a[:, None] + w, 0) + e[t]
        return logsumexp(a, 0)

    check(f, MATRIX, WEIGHTS)
    text = source(f, MATRIX, WEIGHTS)
    assert "unbroadcast" not in text and "share_among_ties" not in text
    assert text.count("def logsumexp_backward") == 1


def test_an_axis_that_is_computed_stays():
    def f(x, k):
        return np.sum(logsumexp(x, k) ** 2)

    check(f, MATRIX, 1)
    assert "axis=axis" in source(f, MATRIX, 1)


def test_value_and_second_derivative():
    def f(x):
        return np.sum(logsumexp(x, 1) ** 2)

    value, _ = value_and_grad(f)(MATRIX)
    assert value == f(MATRIX)
    check(lambda x: np.sum(grad(f)(x) ** 2), MATRIX)


def test_what_is_squeezed_is_no_mere_shift_where_it_is_read_elsewhere():
    def f(x):
        m = np.max(x, axis=1, keepdims=True)
        return np.sum(np.squeeze(m, axis=1) ** 2 + np.log(np.sum(np.exp(x - m), axis=1)))

    check(f, MATRIX)


def test_what_is_squeezed_along_another_axis():
    def f(x):
        m = np.max(x, axis=1, keepdims=True)
        s = np.log(np.sum(np.exp(x - m), axis=1, keepdims=True))
        return np.sum(np.squeeze(s + m, axis=0) ** 2)

    check(f, MATRIX[:1])
