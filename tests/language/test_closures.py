"""Nested functions and what they capture."""
# ruff: noqa: B023

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import KnetsrcError
from language.checking import M, V, check

SCALE = 3.0


def test_captured_number():
    power = 3

    def f(x):
        return np.sum(x**power)

    check(f, V)


def test_captured_array():
    def f(x):
        return np.sum(M @ x)

    check(f, V[:3])


def test_inner_function_captures_an_active_value():
    def f(x):
        y = x * 2.0

        def inner(z):
            return z * y

        return np.sum(inner(x) + inner(y))

    check(f, V)


def test_inner_function_in_a_loop_sees_the_current_value():
    def f(x):
        s = 0.0
        for i in range(3):

            def inner(z):
                return z * x + i

            x = inner(x)
            s = s + inner(1.0)
        return s

    check(f, 0.7)


def test_inner_function_sees_a_later_rebinding():
    def f(x):
        y = x

        def inner(z):
            return z * y

        y = x * x
        return inner(x)

    check(f, 1.5)


def test_inner_function_of_an_inner_function():
    def f(x):
        def outer(a):
            def inner(b):
                return a * b * x

            return inner(a) + inner(2.0)

        return outer(x * 3.0)

    check(f, 1.5)


def test_helper_that_captures_parameters_of_a_factory():
    def scaled_by(k):
        def times(x):
            return x * k

        return times

    twice, thrice = scaled_by(2.0), scaled_by(3.0)

    def f(x):
        return np.sum(twice(x) * thrice(x))

    check(f, V)


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_factory_called_inside():
    def scaled_by(k):
        def times(x):
            return x * k

        return times

    def f(x):
        return np.sum(scaled_by(x)(x) * 2.0)

    check(f, V)


def test_inner_function_with_default():
    def f(x):
        def inner(z, k=2.0):
            return z * k * x

        return inner(x) + inner(x, 3.0) + inner(z=x, k=x)

    check(f, 1.5)


def test_inner_function_shares_a_name_with_the_outer_one():
    def f(x):
        y = x * 3.0

        def inner(x):
            y = x * x
            return y

        return inner(y) * y + x

    check(f, 1.5)


def test_inner_function_without_a_call():
    def f(x):
        def inner(z):
            return z * x

        return x * x

    check(f, 1.5)


def test_inner_function_with_a_loop_and_an_early_return():
    def f(xs):
        def first_negative(limit):
            for x in xs:
                if x < limit:
                    return x * x
            return limit

        return first_negative(0.0) + first_negative(-10.0) * xs[0]

    check(f, [0.5, -1.5, 2.0])


@pytest.mark.xfail(raises=KnetsrcError, strict=True, reason="refused so far")
def test_closure_built_in_a_branch():
    def f(x, deep):
        if deep:

            def step(z):
                return z * z

        else:

            def step(z):
                return z * 3.0

        return step(x) * x

    check(f, 1.5, True)
    check(f, 1.5, False)


def test_captured_container():
    config = {"scale": 2.0, "steps": 3}

    def f(x):
        for _ in range(config["steps"]):
            x = x * config["scale"] + 1.0
        return x

    check(f, 0.5)


def test_captured_list_of_arrays():
    layers = [V, V + 1.0]

    def f(x):
        for w in layers:
            x = np.tanh(w * x)
        return np.sum(x)

    check(f, V)


def test_global_number():
    def f(x):
        return np.sum(x * SCALE)

    check(f, V)


def test_closures_with_the_same_source_and_different_values():
    def scaled_by(k):
        return grad(lambda x: x * x * k)

    assert scaled_by(2.0)(3.0) == 12.0
    assert scaled_by(5.0)(3.0) == 30.0


def test_helpers_with_the_same_name():
    def factory(k):
        if k == 2:

            def helper(x):
                return x**2
        else:

            def helper(x):
                return x**3

        return helper

    square, cube = factory(2), factory(3)

    def f(x):
        return square(x) * cube(x)

    check(f, 1.5)
