"""Functions of the module `operator`, called and handed around; functions that Python's library makes."""

import functools
import operator

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad
from language.checking import M, V, check

second = operator.itemgetter(1)
largest = functools.partial(np.max, axis=0)


def scaled(factor, x):
    return factor * x


half = functools.partial(scaled, 0.5)


def test_arithmetic():
    def f(x):
        y = operator.sub(operator.mul(operator.add(x, 1.0), x), operator.neg(x))
        return np.sum(operator.truediv(operator.pow(x, 2), y) + operator.abs(x))

    check(f, V)


def test_matmul_and_a_comparison():
    def f(x):
        if operator.gt(x[0, 0], 0.0):
            return np.sum(operator.matmul(x, x.T))
        return np.sum(x)

    check(f, M)


def test_getitem():
    def f(xs, x):
        return operator.getitem(xs, 1) ** 2 * np.sum(operator.getitem(x, slice(1, None)) ** 2)

    check(f, [1.0, 2.0], V)


def test_operators_as_arguments():
    def f(xs):
        pair = (xs[0], xs[1])
        product = functools.reduce(operator.mul, xs) + operator.mul(*pair)
        return product * sum(map(operator.mul, xs, xs))

    check(f, [1.5, 2.0, -0.5])


def test_itemgetter():
    def f(xs):
        first = operator.itemgetter(0)
        a, b = operator.itemgetter(1, -1)(xs)
        return first(xs) * a + b**2 * second(xs)

    check(f, [1.5, 2.0, -0.5])


def test_itemgetter_as_a_key():
    def f(xs):
        pairs = [(1, xs[0]), (0, xs[1]), (2, xs[2])]
        pairs = sorted(pairs, key=operator.itemgetter(0))
        return pairs[0][1] * pairs[1][1] ** 2 + pairs[2][1] ** 3

    check(f, [1.5, 2.0, -0.5])


def test_attrgetter_and_methodcaller():
    def f(x):
        y = operator.attrgetter("T")(x) @ x
        return np.sum(y) + np.sum(operator.methodcaller("sum", axis=0)(x) ** 2)

    check(f, M)


def test_partial_of_the_module():
    def f(x):
        return np.sum(half(x) ** 2) + np.sum(largest(x) * 2.0)

    check(f, M)


def test_partial_handed_to_a_helper():
    def applied(g, x):
        return g(x) * x

    def f(x):
        return np.sum(applied(half, x) + applied(functools.partial(scaled, x[0]), x))

    check(f, V)


def test_partial_with_keywords():
    def f(x):
        return np.sum(functools.partial(scaled, x=x * 2.0)(3.0) ** 2)

    check(f, V)


# --- methods of elementwise functions -------------------------------------------------------------
def test_reductions_of_elementwise_functions():
    def f(m):
        total = np.sum(np.add.reduce(m) ** 2) + np.sum(np.multiply.reduce(m, axis=1))
        total = total + np.sum(
            np.maximum.reduce(m, 1) * np.minimum.reduce(m, axis=-1, keepdims=True)
        )
        return total + np.add.reduce(m, axis=None) * np.maximum.reduce([m[0, 0], m[1, 1] * 3.0])

    check(f, M)


def test_running_reductions_of_elementwise_functions():
    def f(m):
        return np.sum(np.add.accumulate(m) ** 2) + np.sum(np.multiply.accumulate(m, axis=1) ** 2)

    check(f, M)


def test_outer_of_elementwise_functions():
    def vectors(x, y):
        d = np.subtract.outer(x, y)
        return np.sum(d**2 * np.multiply.outer(np.exp(x), y * 2.0)) + np.sum(np.add.outer(x[0], y))

    check(vectors, V, np.array([0.3, -1.2]))

    def matrices(m, x):
        return np.sum(np.maximum.outer(m, x) ** 2) + np.sum(np.power.outer(np.exp(x), m))

    check(matrices, M, V)


def test_running_extremes():
    highest = np.maximum

    def drawdown(returns):
        wealth = np.cumprod(1 + 0.1 * returns)
        return np.max(1 - wealth / np.maximum.accumulate(wealth))

    def along_axes(m, xs):
        lows = np.empty(np.shape(m))
        np.minimum.accumulate(m, 1, out=lows)
        for k in range(2):
            m = 0.5 * m + highest.accumulate(m * (k - 2.0), axis=-1)
        return np.sum(lows * m) + np.sum(np.maximum.accumulate(xs) ** 2)

    check(drawdown, np.array([0.3, -1.2, 0.8, -2.1, -0.4, 3.0]))
    check(along_axes, M, [0.4, 0.1, 0.7])


def test_first_of_equal_running_extremes_has_the_adjoint():
    d = grad(lambda x: np.sum(np.maximum.accumulate(x) * np.arange(1.0, 5.0)))
    np.testing.assert_array_equal(d(np.array([2.0, 2.0, 1.0, 3.0])), [6.0, 0.0, 0.0, 4.0])


def test_second_derivative_of_running_extremes():
    slope = grad(lambda x: np.sum(np.maximum.accumulate(x**3) * np.minimum.accumulate(x)))
    check(lambda x: np.sum(slope(x) ** 2), np.array([0.5, -0.3, 1.2, 0.9, 1.5]))


def test_accumulate_without_a_rule_is_refused():
    with pytest.raises(KnetsrcError, match="no derivative rule for"):
        grad(lambda x: np.sum(np.logaddexp.accumulate(x)))(V)


def test_reductions_with_an_initial_value():
    def f(m, k):
        total = np.sum(m, initial=k) * m.sum(axis=1, initial=k**2).sum()
        total += np.prod(m, axis=0, initial=k).sum() + np.min(m, axis=1, initial=None).sum()
        return total + m.max(initial=k) + np.maximum.reduce(m, axis=1, initial=k).sum()

    check(f, M, 0.4)
    check(f, M, 50.0)


def test_masked_reductions_of_what_the_mask_is_made_of():
    def f(m, k):
        high = np.max(m, axis=1, where=m < 0.5, initial=k)
        return (
            np.sum(high**2)
            + np.prod(m, where=m > 0.15, initial=k)
            + m.min(where=m > 0, initial=9.0)
        )

    check(f, M, -0.3)


def test_what_ties_with_an_initial_value_has_the_whole_adjoint():
    d = grad(lambda x, k: np.max(x, initial=k), argnums=(0, 1))
    d_x, d_k = d(np.array([2.0, 1.0, 2.0]), 2.0)
    np.testing.assert_array_equal(d_x, [0.5, 0.0, 0.5])
    assert d_k == 0.0
    assert d(np.array([2.0, 1.0]), 3.0)[1] == 1.0
