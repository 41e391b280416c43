"""The maximum that a softmax subtracts has no adjoint, where the result does not depend on it; elsewhere it has one."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import check

RNG = np.random.default_rng(0)
MATRIX, WEIGHTS = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 4))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def of_all(x, w):
    e = np.exp(x - np.max(x))
    return np.sum(w * e / e.sum())


def of_rows(x, w):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.sum(w * e / e.sum(axis=1, keepdims=True))


def of_columns(x, w):
    e = np.exp(x - x.max(axis=0))
    return np.sum(w * (e / e.sum(axis=0)))


def of_helper(x, w):
    return np.sum(w * softmax(2 * x))


def log_softmax(x, w):
    x = x - np.max(x, axis=1, keepdims=True)
    return np.sum(w * (x - np.log(np.sum(np.exp(x), axis=1, keepdims=True))))


def logsumexp(x, w):
    m = np.max(x, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(x - m), axis=1)) + m[:, 0]) + np.sum(w * x)


def logsumexp_of_last(x, w):
    m = np.max(x, axis=-1)
    return np.sum(np.log(np.sum(w**2 * np.exp(x - m[..., None]), axis=-1)) + m)


def of_rows_with_none(x, w):
    e = np.exp(x - x.max(axis=1)[:, None])
    return np.sum(w * (e / e.sum(axis=1)[:, None]))


def in_a_loop(x, w):
    total = 0.0
    for i in range(len(x)):
        e = np.exp(x[i] - np.max(x[i]))
        total += np.sum(w[i] * e) / np.sum(e)
    return total


IDLE = [
    of_all, of_rows, of_columns, of_helper, log_softmax, logsumexp, logsumexp_of_last, of_rows_with_none,
    in_a_loop,
]  # fmt: skip


@pytest.mark.parametrize("function", IDLE, ids=lambda f: f.__name__)
def test_idle_maximum_has_no_adjoint(function):
    assert "ties" not in grad(function).source
    check(function, MATRIX, WEIGHTS)


def not_divided(x, w):
    return np.sum(w * np.exp(x - np.max(x)))


def divided_once_too_often(x, w):
    e = np.exp(x - np.max(x))
    return np.sum(w * e / e.sum() ** 2)


def divided_by_columns(x, w):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return np.sum(w * e / np.sum(e, axis=0, keepdims=True))


def divided_by_a_sum_over_more_axes(x, w):
    z = x - np.max(x, axis=0, keepdims=True)
    e = np.exp(w[:, None, :] + z)
    return np.sum(e / np.sum(e, axis=0, keepdims=True) * w)


def divided_by_rows_of_another(x, w):
    x, w = x[:, :3], w[:, :3]
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return np.sum(w * e / np.sum(e, axis=1))


def added_twice(x, w):
    m = np.max(x)
    return np.log(np.sum(np.exp(x - m))) + 2 * m


def read_after_the_loop(x, w):
    e = np.zeros(4)
    for i in range(len(x)):
        e = np.exp(x[i] - np.max(x[i]))
        w = w * np.sum(e / np.sum(e))
    return np.sum(w * e)


def read_in_the_next_iteration(x, w):
    total, e = 0.0, np.ones(4)
    for i in range(len(x)):
        total = total + np.sum(w * e)
        e = np.exp(x[i] - np.max(x[i]))
    return total


def in_the_header_of_a_loop(x, w):
    total = np.log(np.sum(np.exp(x - np.max(x, axis=0)), axis=0)) + np.max(x, axis=0)
    result = np.sum(total * w)
    for m in np.max(x, axis=0):
        result = result + m**2
    return result


def of_another_value(x, w):
    total = 0.0
    for _ in range(3):
        e = np.exp(x - np.max(x))
        x = x * w
        total = total + np.log(np.sum(e)) + np.max(x)
    return total


def with_elements_written(x, w):
    e = np.exp(x - np.max(x))
    e[0, 0] = 1.0
    return np.sum(w * e / e.sum())


REAL = [
    not_divided, divided_once_too_often, divided_by_columns, divided_by_a_sum_over_more_axes, divided_by_rows_of_another, added_twice,
    read_after_the_loop, read_in_the_next_iteration, in_the_header_of_a_loop, of_another_value, with_elements_written,
]  # fmt: skip


@pytest.mark.parametrize("function", REAL, ids=lambda f: f.__name__)
def test_maximum_that_matters_has_an_adjoint(function):
    assert "ties" in grad(function).source
    check(function, MATRIX, WEIGHTS)


def warm_softmax(x, w, t):
    e = np.exp((x - np.max(x, axis=1, keepdims=True)) / t)
    return np.sum(w * e / np.sum(e, axis=1, keepdims=True))


def warm_logsumexp(x, w, t):
    m = np.max(x, axis=0)
    return np.sum(w[0] * (t * np.log(np.sum(np.exp((x - m) / t), axis=0)) + m))


def softmin(x, w, t):
    a, b, c = x[0, 0], w[0, 0], x[1, 1]
    m = min(a, b, c)
    return m - t * np.log(np.exp((m - a) / t) + np.exp((m - b) / t) + np.exp((m - c) / t))


def by_negative(x, w, t):
    m = np.max(x)
    return -t * np.log(np.sum(w**2 * np.exp((m - x) / -t))) - m


WARM = [warm_softmax, warm_logsumexp, softmin, by_negative]


@pytest.mark.parametrize("f", WARM)
def test_temperature(f):
    check(f, MATRIX, WEIGHTS, 0.7)
    gradient = grad(f)
    gradient(MATRIX, WEIGHTS, 0.7)
    assert "ties" not in gradient.source and "share_among" not in gradient.source


def other_scale(x, w, t):
    m = np.max(x)
    return 2 * t * np.log(np.sum(np.exp((x - m) / t))) + m


def no_scale(x, w, t):
    m = np.max(x)
    return np.log(np.sum(w**2 * np.exp((x - m) / t))) + m


def scale_that_changes(x, w, t):
    m = np.max(x)
    s = np.log(np.sum(np.exp((x - m) / t)))
    t = t * 2
    return t * s + m


def scale_of_rows(x, w, t):
    m = np.max(x, axis=0)
    v = w[:, 0]
    return np.sum(np.log(np.sum(np.exp((x - m) / v[:, None]), axis=0)) + m)


def least_of_a_list(x, w, t):
    values = [x[0, 0], x[1, 1], t]
    m = min(values)
    return m + np.exp(-m) * np.sum(w)


def least_that_is_read(x, w, t):
    m = min(x[0, 0], x[1, 1])
    return m * np.exp(x[0, 0] - m)


KEPT = [other_scale, no_scale, scale_that_changes, scale_of_rows, least_of_a_list, least_that_is_read]  # fmt: skip


@pytest.mark.parametrize("f", KEPT)
def test_what_depends_on_the_maximum_with_a_temperature(f):
    check(f, MATRIX, np.abs(WEIGHTS) + 0.5, 0.7)
