"""Loops whose turns compute again in the backward part what it reads."""

import numpy as np

from knetsrc import grad, value_and_grad
from language.checking import V, check

ROWS = np.arange(12.0).reshape(4, 3) / 5 + np.array([[0.3], [0.1], [0.7], [0.2]])


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


def distances(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            diff = x[i] - x[j]
            total += np.sqrt(np.sum(diff**2) + 0.1)
    return total


def test_turns_that_do_not_depend_on_each_other():
    check(distances, ROWS)
    text = source(distances, ROWS)
    assert "saved" not in text and text.count("for ") - text.count("for `") == 2


def test_value_is_still_computed():
    value, gradient = value_and_grad(distances)(ROWS)
    assert value == distances(ROWS)
    np.testing.assert_allclose(gradient, grad(distances)(ROWS))


def test_what_is_carried_is_saved():
    def f(x):
        total, e = 0.0, 0.5
        for i in range(len(x)):
            e = np.sin(e * x[i])
            total += np.sum(e**2)
        return total

    check(f, ROWS)
    assert "saved" in source(f, ROWS)


def test_last_value_that_is_read_after_the_loop():
    def f(x):
        total = 0.0
        for i in range(len(x)):
            e = np.sin(x[i])
            total += np.sum(e**3)
        return total + np.sum(e)

    check(f, ROWS)


def test_what_is_read_changes_later():
    def f(x):
        y = x.copy()
        total = 0.0
        for i in range(len(y)):
            e = np.sin(y[i])
            total += np.sum(e**3)
        y[0] = 7.0 * x[1]
        return total + np.sum(y**2)

    check(f, ROWS)


def test_what_is_read_changes_in_the_loop():
    def f(x):
        y = x.copy()
        total = 0.0
        for i in range(1, len(y)):
            e = np.sin(y[i])
            total += np.sum(e**3)
            y[i - 1] = e * y[i]
        return total + np.sum(y**2)

    check(f, ROWS)


def test_name_bound_again_after_the_loop():
    def f(x, k):
        total = 0.0
        for i in range(len(x)):
            e = np.sin(k * x[i])
            total += np.sum(e**3)
        k = total * 2
        return k * np.sum(x)

    check(f, ROWS, 0.7)


def test_argument_stays_as_it_is():
    def f(x):
        total = 0.0
        for i in range(len(x)):
            e = x[i] * x[i]
            total += np.sum(e**3)
        return total

    given = ROWS.copy()
    grad(f)(given)
    np.testing.assert_array_equal(given, ROWS)
    check(lambda x: np.sum(grad(f)(x) ** 2), ROWS)


def test_random_numbers_are_drawn_once():
    def f(x):
        rng = np.random.default_rng(1)
        total = 0.0
        for i in range(len(x)):
            e = rng.standard_normal() * x[i]
            total += np.sum(e**3)
        return total

    check(f, V)
