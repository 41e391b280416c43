"""Nested functions and what they capture."""
# ruff: noqa: B023

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import KnetsrcError, UnsupportedSyntaxError
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


def scaled_by(k, kind="times"):
    if kind == "times":

        def scale(z):
            return z * k

    else:

        def scale(z):
            return z + k * k

    return scale


def compose(*functions):
    def run(x):
        for g in functions:
            x = g(x)
        return x

    return run


def twice(g):
    return lambda x: g(g(x))


def test_factory_with_a_branch():
    def f(x, kind):
        g, h = scaled_by(x, kind), scaled_by(x * 2.0, "plus")
        return np.sum(g(h(x)) * g(x))

    check(f, V, "times")
    check(f, V, "plus")


def test_factory_in_a_loop():
    def f(x, n):
        for _ in range(n):
            g = scaled_by(x * 0.5)
            x = g(x) + g(x * 2.0)
        return np.sum(x)

    check(f, V, 3)
    check(f, V, 0)


def test_closure_of_an_earlier_iteration_is_refused():
    def f(x):
        kept = scaled_by(x)
        for i in range(3):
            act = scaled_by(x * i)
            x = kept(x)
            kept = act
        return np.sum(x)

    with pytest.raises(KnetsrcError, match="not known while transforming"):
        grad(f)(V)


def test_closures_in_a_list():
    def f(ws, x):
        layers = [scaled_by(ws[0]), scaled_by(ws[1], "plus")]
        for layer in layers:
            x = layer(x)
        return np.sum(x)

    check(f, [V, V + 1.0], V)


def test_factory_of_functions():
    def f(x):
        return np.sum(compose(np.sin, scaled_by(x), twice(np.cos))(x) + twice(twice(np.sin))(x))

    check(f, V)


def test_factory_of_factories():
    def curried(a):
        def second(b):
            def third(c):
                return a * b * c

            return third

        return second

    def f(x):
        return np.sum(curried(x)(x * 2.0)(x * 3.0))

    check(f, V)


def test_function_returned_with_a_value():
    def scaling(k):
        return (lambda z: z * k), k * 2.0

    def f(x):
        scale, k = scaling(x)
        both = scaling(k)
        return np.sum(scale(x) * k + both[0](x) * both[1])

    check(f, V)


def test_factory_that_calls_itself_is_refused():
    def power(g, n):
        if n == 0:
            return g
        return twice(power(g, n - 1))

    def f(x, n):
        return np.sum(power(np.sin, n)(x))

    with pytest.raises(KnetsrcError):
        grad(f)(V, 2)


def test_function_as_the_result_is_refused():
    with pytest.raises(KnetsrcError, match="returns a function"):
        grad(scaled_by)(2.0)


def test_alias_of_an_inner_function_sees_a_later_rebinding():
    def f(x):
        k, act = 2.0, np.tanh

        def inner(z):
            return act(z * k)

        g = inner
        k, act = x, np.sin
        return np.sum(g(x))

    check(f, V)


def test_default_of_an_inner_function_is_that_of_its_definition():
    def f(x, y):
        k = x

        def inner(z, k=k):
            return z * k

        k = y
        return np.sum(inner(y) * k)

    check(f, V, V + 1.0)


def test_inner_function_calls_another_that_captures_more():
    def f(x):
        y = x * 2.0

        def first(z):
            return z * y

        def second(z):
            return first(z) + z

        return np.sum(second(x))

    check(f, V)


def test_parameter_of_an_inner_function_hides_another():
    def f(x):
        def g(z):
            return z * x

        def apply(g, z):
            return g(z)

        return np.sum(apply(np.sin, x) + apply(g, x) + g(x))

    check(f, V)


def test_inner_function_that_calls_another_with_a_variable_of_the_same_name():
    def f(x):
        a = np.exp(x)

        def scaled(e):
            return e * a

        def outer(e):
            a = e * e
            if a > 0:
                a = np.sin(e)
            return scaled(a)

        return outer(x)

    check(f, 0.3)


def test_parameter_named_like_what_another_function_captures():
    def f(x):
        def scaled(v):
            return v * x

        def layer(x):
            return np.sin(scaled(x))

        return layer(2.0 * x) * layer(x=x)

    check(f, 0.3)


def test_computed_defaults_of_inner_functions():
    def f(x):
        total = 0.0
        for i in range(3):

            def scaled(v, k=i, *, c=x[0]):
                w = v * k
                w[0] += c
                return np.sum(w**2)

            total += scaled(x) * x[i] + scaled(x, 2) + scaled(x, c=3.0)
        return total if scaled(x) > 0 else x[0]

    check(f, V)


def test_inner_function_writes_into_its_default():
    def f(x):
        y = x * 1.0

        def square(i, into=y):
            into[i] = into[i + 1] ** 2

        square(0)
        square(1)
        return np.sum(y**2)

    check(f, V)


def test_computed_default_of_a_function_that_is_handed_on_is_refused():
    def f(x):
        c = x[0] * 2.0

        def total(v, k=c):
            s = 0.0
            for i in range(3):
                s += v[i] ** 2 * k
            return s

        def twice(g, v):
            w = g(v)
            return w * g(v * 2)

        return twice(total, x)

    with pytest.raises(UnsupportedSyntaxError, match="with a computed default of `k`"):
        grad(f)(V)
