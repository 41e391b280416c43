"""Numbers that a loop writes into an array are read there in the backward part, and not kept beside it."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check

A = np.array(
    [[2.0, 0.3, 0.1, -0.2], [0.3, 1.5, 0.2, 0.4], [0.1, 0.2, 1.8, 0.3], [0.2, -0.1, 0.4, 1.7]]
)


def solved(a, b):
    x = np.zeros(len(b))
    for i in range(len(b)):
        x[i] = (b[i] - a[i, :i] @ x[:i]) / a[i, i]
    return np.sum(x**2)


def kernel(x, s):
    k = np.zeros((len(x), len(x)))
    for i in range(len(x)):
        for j in range(len(x)):
            k[i, j] = np.exp(-((x[i] - x[j]) ** 2) / s)
    return np.sum(k @ k)


@pytest.mark.parametrize(("f", "args"), [(solved, (A, V)), (kernel, (V, 0.7))])
def test_written_once(f, args):
    check(f, *args)
    gradient = grad(f)
    gradient(*args)
    assert "quotient" not in gradient.source and "exp_saved" not in gradient.source


def test_written_again_after_the_loop():
    def f(a, b):
        x = np.zeros(len(b))
        for i in range(len(b) - 1, -1, -1):
            x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
        x[0] *= 2.0
        return np.sum(x**2)

    check(f, A, V)


def test_written_again_in_the_loop():
    def f(b):
        x = np.zeros(5)
        for i in range(4):
            x[i] = np.exp(b[i] * 0.3 + x[i])
            x[i + 1] = x[i] * 0.5
        return np.sum(x**2)

    check(f, V)


def test_written_in_each_turn_of_a_loop_around():
    def f(b):
        x = np.zeros(4)
        for _ in range(2):
            for i in range(4):
                x[i] = np.exp(b[i] * (x[i] + 1) * 0.3)
        return np.sum(x**2)

    check(f, V)


def test_written_through_another_name():
    def f(b):
        x = np.zeros(4)
        y = x[::-1]
        for i in range(4):
            x[i] = np.exp(b[i] * 0.5)
            y[0] += 0.3
        return np.sum(x**2) * np.sum(np.sin(x))

    check(f, V)


def test_place_by_an_array():
    def f(b):
        x, k = np.zeros(2), np.array([0, 1, 0, 1])
        for i in range(4):
            x[k[i]] = np.exp(b[i] * 0.5)
        return np.sum(x**2)

    check(f, V)


def test_counter_that_the_loop_binds():
    def f(b):
        x = np.zeros(4)
        for i in range(4):
            i = i // 2
            x[i] = np.exp(b[i] * 0.5) / b[i]
        return np.sum(x**2)

    check(f, V)


def test_row_of_one_number():
    def f(b):
        x = np.zeros((4, 3))
        for i in range(4):
            x[i] = np.exp(b[i] * 0.5)
        return np.sum(x**2)

    check(f, V)


def test_row_of_an_array():
    def f(m, n):
        x = np.zeros((n, 2, 3))
        for i in range(n):
            x[i] = np.exp(m * i * 0.3)
        return np.sum(x**2)

    check(f, M, 3)


def test_in_a_helper_and_with_a_break():
    def filled(b, most):
        x = np.zeros(len(b))
        for i in range(len(b)):
            x[i] = np.exp(b[i] * 0.5)
            if x[i] > most:
                break
        return x

    def f(b):
        return np.sum(filled(b, 1.5) * filled(b * 2, 9.0)) + np.sum(filled(b, 0.1) ** 2)

    check(f, V)
