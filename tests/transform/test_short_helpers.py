"""Helpers of a few statements, written out where they are called."""

import numpy as np
import pytest

from knetsrc import grad, value_and_grad
from language.checking import check

X = np.array([[0.3, -0.7, 1.2], [0.8, 0.1, -0.4]])
W = np.array([[0.5, -0.2], [0.1, 0.9], [-0.6, 0.4]])
SCALE = 1.5


def softmax(s):
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def shifted(x, by=0.5):
    x = x + by
    return x * x


def scaled(x):
    e = x * SCALE
    return np.sin(e) + e


def same(x):
    return x


def filled(x):
    y = np.zeros_like(x)
    y[...] = x * x
    return y


def in_place(x):
    y = x * 2.0
    y += x
    return y


def of_scaled(x):
    e = scaled(x) * 2.0
    return e + scaled(x * e)


def pair(x):
    e = np.exp(x)
    return e, e * x


def long(x):
    a = np.sin(x)
    b = np.cos(a)
    c = a * b
    d = c + a
    return d * b


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


def names_that_clash(x, w):
    e = x @ w
    s = softmax(e)
    return np.sum(s * e**2)


def result_of_its_own_argument(x, w):
    x = softmax(x @ w)
    return np.sum(x * np.arange(2.0))


def in_an_expression(x, w):
    return -np.mean(np.log(softmax(x @ w)[:, 0])) + np.sum(x)


def in_a_loop(x, w):
    h = x
    for _ in range(3):
        h = softmax(h @ w) @ w.T
    return np.sum(h**2)


def in_branches(x, w):
    if np.sum(x) > 0 and np.sum(softmax(x @ w)[0]) > 0:
        y = scaled(x)
    else:
        y = scaled(x * 2.0) if np.sum(w) > 0 else x
    return np.sum(y**2)


def parameter_bound_anew(x, w):
    return np.sum(shifted(x @ w, 0.25)) + np.sum(x)


def global_under_a_local_name(x, w):
    SCALE = 3.0  # noqa: N806
    return np.sum(scaled(x @ w) * SCALE)


def one_inside_the_other(x, w):
    return np.sum(of_scaled(x @ w))


def that_gives_its_argument(x, w):
    y = same(x)
    y = y * 2.0
    y[0] = same(y[1])
    return np.sum(y @ w * x[0, 0])


def that_writes(x, w):
    y = filled(x @ w)
    y[0] += 1.0
    return np.sum(y**2)


def that_changes_what_it_made(x, w):
    y = in_place(x)
    return np.sum(y @ w * x[0, 0])


def with_captured_values(x, w):
    k = np.sum(w)

    def weighted(v):
        e = v * k
        return np.sin(e) * e

    return np.sum(weighted(x))


def two_results(x, w):
    a, b = pair(x @ w)
    return np.sum(a * b)


def tripled(x):
    x[0] = x[0] * 3.0
    return 1.0


def before_what_writes(x, w):
    y = x @ w
    return y[0, 0] * 10.0 + np.sum(tripled(y)) + np.sum(softmax(y) ** 2)


def around_what_writes(x, w):
    y = x @ w
    found = [np.sum(softmax(y) ** 2), y[0, 0], tripled(y), np.sum(softmax(y) ** 3)]
    return found[0] + found[1] * found[2] + found[3] * y[0, 0]


PROGRAMS = [
    names_that_clash, result_of_its_own_argument, in_an_expression, in_a_loop, in_branches, parameter_bound_anew,
    global_under_a_local_name, one_inside_the_other, that_gives_its_argument, that_writes, that_changes_what_it_made,
    with_captured_values, two_results, before_what_writes, around_what_writes,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    check(f, X, W)
    value, _ = value_and_grad(f)(X, W)
    assert value == f(X, W)


@pytest.mark.parametrize("f", [names_that_clash, in_a_loop, one_inside_the_other])
def test_no_pair_is_made(f):
    assert "_backward" not in source(f, X, W)


def test_longer_helpers_and_those_that_are_called_often_are_pairs():
    assert "def long_backward" in source(lambda x: np.sum(long(x)), X)

    def often(x):
        return np.sum(softmax(x) * softmax(x * 2.0) * softmax(x * 3.0))

    check(often, X)
    assert "def softmax_backward" in source(often, X)


def test_a_call_that_nothing_depends_on_stays():
    def f(x, w):
        return np.sum(x @ softmax(w))

    check(f, X, W)
    assert "softmax(w)" in source(f, X, W)


def test_second_derivative():
    check(lambda x, w: np.sum(grad(names_that_clash)(x, w) ** 2), X, W)
