"""`break` and `continue` in `for` loops, loop `else`, all of them nested."""
# ruff: noqa: B007

import numpy as np
import pytest

from language.checking import M, V, check


def test_break():
    def f(xs):
        s = 0.0
        for x in xs:
            if x < 0:
                break
            s = s + x * x
        return s

    check(f, [0.5, 1.5, -2.0, 3.0])
    check(f, [0.5, 1.5])


def test_continue():
    def f(xs):
        s = 0.0
        for x in xs:
            if x < 0:
                continue
            s = s * x + x
        return s

    check(f, [0.5, 1.5, -2.0, 3.0])


def test_break_and_continue_in_one_loop():
    def f(x):
        for i in range(10):
            if i % 3 == 1:
                continue
            if x > 20:
                break
            x = x * x + i
        return x

    check(f, 0.9)


def test_code_after_break():
    def f(xs):
        s = 0.0
        p = 1.0
        for x in xs:
            s = s + x
            if s > 1.0:
                p = p * s
                break
            p = p * x
        return s * p

    check(f, [0.5, 0.4, 0.3, 0.2])


def test_break_of_the_inner_loop_only():
    def f(m):
        s = 0.0
        for row in m:
            p = 1.0
            for e in row:
                if e < 0:
                    break
                p = p * e
            s = s + p
        return s

    check(f, M)


def test_continue_of_the_inner_loop_only():
    def f(m):
        s = 0.0
        for i in range(2):
            for j in range(3):
                if m[i, j] < 0:
                    continue
                s = s * 0.5 + m[i, j] ** 2
            s = s * s
        return s

    check(f, M)


def test_break_of_both_loops():
    def f(m):
        s = 1.0
        for row in m:
            done = False
            for e in row:
                s = s * e
                if s > 0.5:
                    done = True
                    break
            if done:
                break
        return s * s

    check(f, M)
    check(f, M * 2.0)


@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_for_else(limit):
    def f(xs, limit):
        s = 0.0
        for x in xs:
            s = s + x * x
            if s > limit:
                break
        else:
            s = s * 10.0
        return s

    check(f, [0.5, 1.5, 2.0], limit, argnums=(0,))


def test_for_else_with_continue_and_nested_loop():
    def f(x):
        for i in range(3):
            for j in range(3):
                if j == i:
                    continue
                if j > 1 and i > 1:
                    break
                x = x * 1.1 + j
            else:
                x = x * x
        return x

    check(f, 0.2)


def test_continue_inside_nested_branches():
    def f(xs):
        s = 1.0
        for i, x in enumerate(xs):
            if i > 0:
                if x > 0:
                    s = s * x
                    continue
                s = s - 1.0
            s = s + x * x
        return s

    check(f, [0.5, 1.5, -2.0, 0.7])


def test_break_in_an_else_branch():
    def f(x):
        for i in range(10):
            if x < 3:
                x = x * 1.7
            else:
                x = x * x
                break
        return x

    check(f, 0.9)


def test_break_at_the_first_round():
    def f(x):
        for i in range(10):
            break
        return x * x

    check(f, 0.9)


def test_unconditional_break_at_the_end():
    def f(x):
        for i in range(1, 10):
            x = x * i
            break
        return x * x

    check(f, 0.9)


def test_break_with_arrays():
    def f(x):
        for _ in range(20):
            x = x * 0.7 + np.sin(x)
            if np.max(x) < 1.8:
                break
        return np.sum(x)

    check(f, V)


def test_break_in_while_in_for_in_while():
    def f(x):
        n = 0
        while n < 2:
            for i in range(4):
                while True:
                    x = x * 1.1
                    if x > i:
                        break
                if i == 2:
                    break
            n += 1
        return x

    check(f, 0.3)


def test_search_for_the_largest():
    def f(xs):
        best = xs[0]
        for x in xs:
            if x <= best:
                continue
            best = x
        return best * best

    check(f, [0.5, 1.5, -2.0, 0.7])
