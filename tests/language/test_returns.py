"""Return anywhere: in branches, in loops, in loops of helpers, none at all, tuples."""
# ruff: noqa: B007

import numpy as np
import pytest

from language.checking import M, V, check


@pytest.mark.parametrize("x", [2.0, 0.5, -1.0])
def test_early_return(x):
    def f(x):
        if x < 0:
            return x * x
        y = np.sin(x)
        if y > 0.8:
            return y * 2.0
        return y * x

    check(f, x)


def test_return_in_a_loop():
    def f(xs):
        s = 1.0
        for x in xs:
            s = s * x
            if s > 2.0:
                return s * s
        return s + 1.0

    check(f, [1.5, 1.7, 3.0])
    check(f, [0.5, 0.7, 0.2])


def test_return_in_nested_loops():
    def f(m):
        s = 0.0
        for i in range(2):
            for j in range(3):
                s = s + m[i, j] ** 2
                if s > 2.5:
                    return s * m[i, j]
            s = s * 1.1
        return s

    check(f, M)
    check(f, M * 0.1)


def test_return_in_while_true():
    def f(x):
        while True:
            x = x * 1.5
            if x > 10:
                return x * x

    check(f, 0.9)


def test_return_in_while_in_branch():
    def f(x, flag):
        if flag:
            while x < 4:
                x = x * x + 0.5
                if x > 3:
                    return x
            x = x * 2.0
        return x * 3.0

    check(f, 0.9, True)
    check(f, 5.0, True)
    check(f, 0.9, False)


def test_return_in_a_loop_of_a_helper():
    def first_above(xs, limit):
        for x in xs:
            if x > limit:
                return x * x
        return limit

    def f(xs, limit):
        return first_above(xs, limit) * first_above(xs, 0.0)

    check(f, [0.5, 1.5, 2.5], 1.0)
    check(f, [0.5, 1.5, 2.5], 10.0)


def test_return_in_a_loop_in_a_helper_called_in_a_loop():
    def walk(x, n):
        for i in range(n):
            x = x * 1.3
            if x > 3.0:
                return x - 2.5
        return x

    def f(x):
        s = 0.0
        for n in range(4):
            x = walk(x, n)
            s = s + x * x
        return s

    check(f, 0.9)


def test_code_after_a_return():
    def f(x):
        return x * x
        return x

    check(f, 0.9)


def test_tuple_of_results():
    def f(x):
        return x * 2.0, np.sum(x**2), 3

    check(f, V)


def test_dictionary_of_results():
    def f(x):
        return {"twice": x * 2.0, "inner": [np.sum(x**2), (x, 1.0)]}

    check(f, V)


def test_result_used_twice():
    def f(x):
        y = np.sin(x)
        return y, y

    check(f, V)


def test_tuples_from_branches():
    def f(x):
        if np.sum(x) > 0:
            return x, np.sum(x)
        return x * x, 0.0

    check(f, V)
    check(f, -V)


def test_none_among_the_results():
    def f(x):
        return x * 2.0, None, "text"

    check(f, V)


def test_return_in_for_else():
    def f(xs):
        for x in xs:
            if x < 0:
                break
        else:
            return xs[0] * 2.0
        return x * x

    check(f, [0.5, 1.5])
    check(f, [0.5, -1.5])


def test_return_of_a_parameter():
    def f(x, y):
        if y > 0:
            return x
        return y

    check(f, 0.5, 1.0)
    check(f, 0.5, -1.0)


def test_return_within_with():
    def f(x):
        with np.errstate(all="ignore"):
            if x > 1:
                return x * x
        return x

    check(f, 0.5)
    check(f, 1.5)
