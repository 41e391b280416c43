"""Shapes of what arrays of integers pick that are computed, and of what is updated in place."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.testing import check_grads

X = np.array([0.3, 1.6, 2.2, 0.9])
Y = np.array([1.4, 0.2, 0.7, 2.5])
IMAGE = np.arange(16.0).reshape(4, 4) ** 1.5


def source(f, *args, argnums=0):
    gradient = grad(f, argnums=argnums)
    gradient(*args)
    return gradient.source


def interpolated(image, x, y):
    i = np.floor(x).astype(int)
    j = np.floor(y).astype(np.int64)
    left = image[i, j] * (1 - (y - j)) + image[i, j + 1] * (y - j)
    right = image[1 + i, j] * (1 - (y - j)) + image[i + 1, j + 1] * (y - j)
    return np.sum((left * (1 - (x - i)) + right * (x - i)) ** 2)


def test_interpolation():
    check_grads(interpolated, (IMAGE, X, Y))
    assert "unbroadcast" not in source(interpolated, IMAGE, X, Y, argnums=(0, 1, 2))


@pytest.mark.parametrize("y", [Y[:1], Y[:, None]], ids=["one", "column"])
def test_indices_that_are_broadcast(y):
    check_grads(interpolated, (IMAGE, X, y))
    check_grads(interpolated, (IMAGE, X, Y))


def test_rows_picked_twice():
    def f(w, x):
        rows = x.astype(int)
        return np.sum(w[rows] ** 2 * w[rows - 1])

    check_grads(f, (IMAGE, np.array([1.2, 1.7, 3.1])), argnums=0)


def test_mask_is_no_index():
    def f(w, x):
        kept = x.astype(bool)
        return np.sum(w[kept] ** 2) + np.sum(w[x.astype(int) > 0] ** 3)

    check_grads(f, (X, np.array([1.0, 0.0, 2.0, 0.0])), argnums=0)


def test_name_that_is_an_index_in_one_branch():
    def f(w, x, k):
        rows = x.astype(int)
        if k > 0:
            rows = rows > 1
        return np.sum(w[rows] ** 2)

    for k in (0, 1):
        check_grads(f, (X, np.array([1.2, 0.7, 3.1, 2.0]), k), argnums=0)


def filtered(w, x):
    out = np.zeros((len(x), len(x)))
    for k in range(len(w)):
        out += w[k] * np.outer(x, x)
    return np.sum(out**2)


def test_sum_in_place():
    check_grads(filtered, (X[:3], Y))
    assert "unbroadcast" not in source(filtered, X[:3], Y, argnums=(0, 1))


@pytest.mark.parametrize("e", [X, X[:1], X[0], IMAGE[:1]], ids=["all", "one", "number", "row"])
def test_what_is_added_is_repeated(e):
    def f(x, e):
        out = 2 * x
        for _ in range(2):
            out += e
            out *= e
        return np.sum(out**2 * x)

    check_grads(f, (IMAGE, e))


def test_number_that_becomes_an_array():
    def f(x):
        s = 0.0
        for i in range(2):
            s += x[i] * x
        return np.sum(s * x[0])

    check_grads(f, (X,))


def test_list_that_grows():
    def f(x):
        parts = [x[0]]
        parts += [x[1], x[0] * x[2]]
        return parts[0] * parts[1] * parts[2]

    check_grads(f, (X,))
