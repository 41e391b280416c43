"""`while` loops, with `break`, `continue` and `else`."""
# ruff: noqa: B007

import numpy as np
import pytest

from language.checking import V, check


def test_while_on_a_count():
    def f(x):
        i = 0
        while i < 4:
            x = np.sin(x) + x * i
            i += 1
        return np.sum(x)

    check(f, V)


@pytest.mark.parametrize("x", [0.5, 3.0, 20.0])
def test_while_on_an_active_value(x):
    def f(x):
        while x < 10.0:
            x = x * x + x
        return x * 2.0

    check(f, x)


def test_while_true_with_break():
    def f(x):
        n = 0
        while True:
            x = x * 0.5
            n = n + 1
            if x < 0.1:
                break
        return x * n

    check(f, 3.0)


def test_while_with_break_in_the_middle():
    def f(x):
        s = 0.0
        while True:
            s = s + x
            if s > 5.0:
                break
            x = x * 1.5
        return s * x

    check(f, 1.0)


def test_while_with_continue():
    def f(x):
        i = 0
        s = 0.0
        while i < 6:
            i += 1
            if i % 2:
                continue
            s = s + x**i
        return s

    check(f, 0.9)


@pytest.mark.parametrize("limit", [2, 100])
def test_while_else(limit):
    def f(x, limit):
        i = 0
        while i < 5:
            if i == limit:
                break
            x = x * x + 0.1
            i += 1
        else:
            x = x * 3.0
        return x

    check(f, 0.6, limit)


def test_while_in_for():
    def f(x):
        s = 0.0
        for i in range(3):
            y = x
            while y < 2.0:
                y = y * 2.0 + i
            s = s + y * y
        return s

    check(f, 0.7)


def test_for_in_while():
    def f(x):
        while x < 4.0:
            for i in range(2):
                x = x + x * 0.3
        return x

    check(f, 0.7)


def test_newton_iteration():
    def f(a):
        x = a
        while abs(x * x - a) > 1e-12:
            x = 0.5 * (x + a / x)
        return x

    check(f, 2.5)


def test_while_with_compound_condition():
    def f(x, n):
        i = 0
        while i < n and x < 50.0:
            x = x * x + 1.0
            i += 1
        return x

    check(f, 0.7, 3)
    check(f, 0.7, 30)


def test_while_over_a_shrinking_list():
    def f(xs):
        s = 1.0
        while xs:
            last, xs = xs[-1], xs[:-1]
            s = s * last + last
        return s

    check(f, [0.5, 1.5, -2.0])


def test_condition_that_reads_what_the_body_changes():
    def f(x, y):
        while x < y:
            x, y = x * 2.0, y + 0.1
        return x * y

    check(f, 0.3, 2.0)
