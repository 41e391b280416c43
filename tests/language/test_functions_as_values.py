"""Functions passed, stored, chosen and called."""
# ruff: noqa: B905

import numpy as np
import pytest

from knetsrc.errors import KnetsrcError
from language.checking import V, check


def relu(x):
    return np.maximum(x, 0.0)


def square(x):
    return x * x


def apply_twice(g, x):
    return g(g(x))


def compose(f, g):
    return lambda x: f(g(x))


ACTIVATIONS = {"relu": relu, "tanh": np.tanh}


def test_function_as_argument_of_a_helper():
    def f(x):
        return np.sum(apply_twice(np.tanh, x) * apply_twice(square, x))

    check(f, V)


def test_function_as_argument_of_the_function():
    def f(x, g):
        return np.sum(g(x) * x)

    check(f, V, np.sin)
    check(f, V, square)


def test_same_gradient_object_with_other_functions():
    def f(x, g):
        return np.sum(g(x))

    check(f, V, np.cos)
    check(f, V, square)
    check(f, V, np.sin)


def test_function_as_default_argument():
    def f(x, activation=np.tanh):
        return np.sum(activation(x))

    check(f, V)
    check(f, V, np.sin)


def test_function_bound_to_a_local_name():
    def f(x):
        g = np.tanh
        h = square
        return np.sum(g(x) * h(x))

    check(f, V)


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_function_chosen_by_a_branch():
    def f(x, smooth):
        if smooth:
            g = np.tanh
        else:
            g = relu
        return np.sum(g(x) * x)

    check(f, V, True)
    check(f, V, False)


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_function_chosen_by_a_ternary():
    def f(x, smooth):
        g = square if smooth else np.sin
        return np.sum(g(x) * x)

    check(f, V, True)
    check(f, V, False)


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_functions_in_a_tuple():
    def f(x):
        for g in (np.sin, square, np.tanh):
            x = g(x) + x
        return np.sum(x)

    check(f, V)


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_functions_in_a_captured_dictionary():
    def f(x, name):
        return np.sum(ACTIVATIONS[name](x) * x)

    check(f, V, "tanh")
    check(f, V, "relu")


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_functions_zipped_with_weights():
    def f(ws, x):
        for w, g in zip(ws, [np.tanh, square]):
            x = g(w * x)
        return np.sum(x)

    check(f, [V, V + 1.0], V)


def test_composition():
    both = compose(np.sin, square)

    def f(x):
        return np.sum(both(x))

    check(f, V)


@pytest.mark.xfail(strict=True, reason="known gap: see the assertion")
def test_map_with_a_helper():
    def f(xs):
        return sum(map(square, xs))

    check(f, [0.5, 1.5])


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_reduce_with_a_helper():
    from functools import reduce

    def f(xs):
        return reduce(lambda a, b: a * b + 1.0, xs)

    check(f, [0.5, 1.5, 2.0])


def test_fixed_point_of_a_function_argument():
    def iterate(g, x, n):
        for _ in range(n):
            x = g(x)
        return x

    def f(x, y):
        return iterate(lambda z: np.cos(z) * y, x, 4)

    check(f, 0.5, 0.9)


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_function_returned_by_a_helper():
    def pick(name):
        if name == "square":
            return square
        return np.tanh

    def f(x):
        return np.sum(pick("square")(x) * pick("tanh")(x))

    check(f, V)


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_callable_test():
    def f(x, g):
        y = g(x) if callable(g) else x * g
        return np.sum(y)

    check(f, V, np.sin)
    check(f, V, 3.0, argnums=(0,))
