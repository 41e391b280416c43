"""Arrays without axes, `np.array(0.0)`: `s = s + e` makes a number of one, which is no array any more."""

import numpy as np

from knetsrc import grad
from language.checking import V, check


def _add(s, v):
    s += v


def _added(s, v):
    s += v
    return 2.0


def test_accumulator_is_written_after_it_was_added_to():
    def f(x):
        s = np.array(0.0)
        s += x[0] ** 2
        s[()] = s + x[1]
        return s * x[2]

    def parameter(s, x):
        s += x[0]
        s[()] = s * x[1]
        return s * 1.0

    def like(x):
        s = np.zeros_like(x[0])
        s += x[0] ** 2
        for i in range(2):
            s[...] = s * x[i]
            s *= x[2]
        return s

    check(f, V)
    check(parameter, np.array(1.5), V)
    check(like, V)


def test_accumulator_is_written_by_a_call_after_it_was_added_to():
    def f(x):
        s = np.zeros(())
        for v in x:
            s += v**2
            np.multiply(s, v, out=s)
        return s * x[1]

    def filled(x):
        s = np.array(0.0)
        for v in x:
            if v > 0:
                s += v**2
            else:
                s.fill(x[0] * v)
        return s * x[1]

    check(f, V)
    check(filled, V)


def test_helper_adds_to_an_accumulator():
    def f(x):
        s = np.array(0.0)
        s += x[0] ** 2
        _add(s, x[1])
        return s * x[1]

    def within_an_expression(x):
        s = np.array(0.0)
        s += x[0] ** 2
        return _added(s, x[1]) * s

    def parameter(s, x):
        s += x[0]
        _add(s, x[0])
        return s * x[1]

    check(f, V)
    check(within_an_expression, V)
    check(parameter, np.array(1.5), V)


def test_accumulator_that_is_only_added_to_is_a_number():
    def f(x):
        s = np.array(0.0)
        for v in x:
            s += v**2
        return np.exp(s)

    check(f, V)
    assert "s = s + v ** 2" in grad(f).source


def test_write_into_an_element_of_a_new_axis():
    def f(x):
        s = np.array(0.0)
        s[()] = x[0] ** 2
        s[None][0] = x[0] * x[1]
        return s * x[1]

    def updated(x):
        s = np.array(x[0] ** 2)
        t = s[..., None]
        t[0] *= x[0]
        return s * x[1]

    check(f, V)
    check(updated, V)


def test_write_through_a_view_with_an_axis():
    def f(x):
        s = np.array(x[0] ** 2)
        t = s.reshape(1)
        t[0] = x[0] * x[1]
        return s * x[1]

    def squeezed(x):
        s = np.array(x[0] ** 2)
        t = s.squeeze()
        t *= x[1]
        return s * x[1]

    check(f, V)
    check(squeezed, V)
