"""Entries of lists and dicts that are numbers, until an array is assigned or added to them."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import check

X = np.array([1.0, 2.0])
V = np.array([0.5, 3.0])


def assigned(x, v):
    xs = [x] * 3
    xs[1] = v * xs[1]
    return np.sum(xs[1]) + xs[0]


def assigned_in_dict(x, v):
    d = {"a": x}
    d["a"] = v * d["a"]
    return np.sum(d["a"])


def assigned_after_append(x, v):
    xs = []
    xs.append(x)
    xs[0] = v * xs[0]
    return np.sum(xs[0] ** 2)


def assigned_after_extend(x, v):
    xs = [x] * 3
    xs.extend([x * v])
    xs[1] = xs[-1] * xs[1]
    return np.sum(xs[1]) + xs[0]


def assigned_in_loop(x, v):
    xs = [x, v]
    for i in range(2):
        xs[i] = xs[i] * v + np.exp(xs[i])
    return np.sum(xs[0] * xs[1])


@pytest.mark.parametrize(
    "f",
    [assigned, assigned_in_dict, assigned_after_append, assigned_after_extend, assigned_in_loop],
)
def test_entry_that_is_assigned(f):
    check(f, 1.5, V)
    check(lambda x, v: f(np.sum(x**2), v), X, V)


def added(x, v):
    y = np.sum(x**2)
    xs = [y, y]
    xs[0] += v
    return np.sum(xs[0] * xs[1])


def added_to_dict(x, v):
    d = {"a": np.sum(x**2)}
    d["a"] += v
    return np.sum(d["a"] * v)


def added_within(x, v):
    d = {"a": [np.sum(x**2), np.sum(x)]}
    d["a"][0] += v
    return np.sum(d["a"][0] * v) * d["a"][1]


def added_in_helper(x, v):
    xs = [np.sum(x**2)]
    _add(xs, v)
    return np.sum(xs[0] * v)


def _add(xs, v):
    xs[0] += v


def subtracted_in_loop(x, v):
    xs = [np.sum(x**2)]
    for _ in range(2):
        xs[0] -= v * x
    return np.sum(xs[0] * v)


def added_in_branch(x, v):
    xs = [np.sum(x**2)]
    for i in range(3):
        if i != 1:
            xs[0] += v * xs[0]
    return np.sum(xs[0] * v)


def read_between(x, v):
    xs = [np.sum(x**2)]
    xs[0] += np.sum(x)
    r = xs[0] ** 2
    xs[0] += v * x
    return np.sum(xs[0] * v) + r


def added_to_single_elements(x, v):
    y = x * v
    xs = [y[0], y[1]]
    xs[0] += y
    xs[1] -= xs[0] * y
    return np.sum(xs[0] * xs[1])


@pytest.mark.parametrize(
    "f",
    [
        added,
        added_to_dict,
        added_within,
        added_in_helper,
        subtracted_in_loop,
        added_in_branch,
        read_between,
        added_to_single_elements,
    ],
)
def test_entry_to_which_an_array_is_added(f):
    check(f, X, V)


def sums(w, x):
    acc = [np.zeros(2), np.zeros(2)]
    for i in range(len(x)):
        acc[0] += w * x[i]
        acc[1] += np.exp(w)
    return np.sum(acc[0] * acc[1])


def numbers(x):
    acc = [0.0] * 2
    for i in range(len(x)):
        acc[i % 2] += x[i] ** 2
    return acc[0] * acc[1]


def test_arrays_are_not_copied_and_numbers_need_nothing():
    check(sums, X, V)
    gradient = grad(sums)
    gradient(X, V)
    assert "copy" not in gradient.source
    check(numbers, X)
    gradient = grad(numbers)
    gradient(X)
    assert "before" not in gradient.source


# --- names that are an array first and a number later -----------------------------------------------
def number_in_a_later_loop(z):
    total = z
    for _ in range(3):
        p = np.array([0.5, 0.2, 0.1]) * z
        total = total * 0.5 + np.sum(np.sin(p) * p)
    p[0] = np.sin(z)
    for _ in range(2):
        p = total * 2.0
    return np.sum(p)


def number_in_the_loop_around(z):
    total = z
    for k in range(2):
        for i in range(2):
            p = np.array([0.5, 0.2, 0.1]) * z * (i + k)
            total = total * 0.5 + np.sum(np.sin(p) * p)
        p[0] = total
        total = total + np.sum(p**2)
        p = total * 2.0
    return np.sum(p) * total


def shorter_in_a_later_loop(z):
    total = z
    for _ in range(3):
        p = np.array([0.5, 0.2, 0.1]) * z
        total = total * 0.5 + np.sum(np.sin(p) * p)
    p[2] = np.sin(z)
    for _ in range(2):
        p = np.array([0.3, 0.6]) * total
    return np.sum(p)


@pytest.mark.parametrize(
    "f", [number_in_a_later_loop, number_in_the_loop_around, shorter_in_a_later_loop]
)
def test_array_that_becomes_a_number(f):
    check(f, 0.7)
