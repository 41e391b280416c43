"""Lambdas: differentiated, called, passed, made in loops."""

import functools

import numpy as np

from language.checking import V, check


def test_lambda_is_differentiated():
    check(lambda x: np.sum(x**2), V)


def test_lambda_with_two_parameters():
    check(lambda x, y=2.0: np.sum(x * y), V)
    check(lambda x, y=2.0: np.sum(x * y), V, V * 0.5)


def test_two_lambdas_on_one_line():
    square, cube = (lambda x: x**2), (lambda x: x**3)
    check(square, 1.5)
    check(cube, 1.5)


def test_lambda_bound_to_a_name():
    def f(x):
        square = lambda z: z * z  # noqa: E731
        return square(x) + square(3.0 * x)

    check(f, 1.5)


def test_lambda_called_at_once():
    def f(x):
        return (lambda z: z * x)(x + 1.0)

    check(f, 1.5)


def test_lambda_captures_an_active_value():
    def f(x):
        y = np.sin(x)
        g = lambda z: z * y  # noqa: E731
        return np.sum(g(x) * g(y))

    check(f, V)


def test_lambda_as_argument():
    def apply(g, x):
        return g(x) * x

    def f(x):
        return apply(lambda z: z**2, x) + apply(lambda z: 3.0 * z, x)

    check(f, 1.5)


def test_lambda_that_captures_as_argument():
    def apply(g, x):
        return g(x) * x

    def f(x, y):
        return apply(lambda z: z * y, x)

    check(f, 1.5, 0.5)


def test_lambda_with_ternary():
    relu = lambda x: x if x > 0 else 0.1 * x  # noqa: E731

    def f(x):
        return relu(x) * relu(-x)

    check(f, 1.5)


def test_lambda_in_a_list():
    activations = [np.tanh, lambda x: x * x]

    def f(x):
        for g in activations:
            x = g(x)
        return np.sum(x)

    check(f, V)


def test_lambda_with_default():
    scaled = lambda x, k=3.0: x * k  # noqa: E731

    def f(x):
        return scaled(x) * scaled(x, k=x)

    check(f, 1.5)


def test_lambda_returning_a_tuple():
    def f(x):
        pair = lambda z: (z * 2.0, z * x)  # noqa: E731
        a, b = pair(x)
        return a * b

    check(f, 1.5)


def test_partial_is_differentiated():
    def scaled(k, x):
        return np.sum(k * x**2)

    check(functools.partial(scaled, 3.0), V)


def test_partial_as_helper():
    def power(n, x):
        return x**n

    cube = functools.partial(power, 3)

    def f(x):
        return np.sum(cube(x) * x)

    check(f, V)
