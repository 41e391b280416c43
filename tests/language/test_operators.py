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


def test_accumulate_without_an_equivalent_is_refused():
    with pytest.raises(KnetsrcError, match=r"no derivative rule for `\.accumulate`"):
        grad(lambda x: np.sum(np.maximum.accumulate(x)))(V)
