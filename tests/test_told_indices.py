"""Shapes of what arrays of integers pick that are computed, and of what is updated in place."""

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad
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


def scored(w, tokens):
    h = 0.1 * w[0]
    loss = 0.0
    for t in tokens[1:]:
        h = np.tanh(h + w[:, t])
        loss = loss + h[t] ** 2
    return loss + h[tokens[0]]


def same_as_generic(gradient, *args):
    assert np.allclose(gradient(*args), gradient.function(*args), rtol=1e-12, atol=0)


def test_list_of_integers():
    check_grads(scored, (IMAGE, [1, 3, 0, 3]), argnums=0)
    assert "d_w[:, t] += " in source(scored, IMAGE, [1, 3, 0, 3])


@pytest.mark.parametrize(
    "later",
    [[2], (0, 1, 1), np.array([1, 2]), [np.int64(1), 2, np.int64(2)], list(range(4)) * 9],
    ids=["short", "tuple", "array", "numpy", "long"],
)
def test_other_lists_later(later):
    gradient = grad(scored)
    gradient(IMAGE, [1, 3, 0])
    for _ in range(2):
        same_as_generic(gradient, IMAGE, later)
        same_as_generic(gradient, IMAGE, [1, 3, 0])


def test_arrays_of_indices_later():
    def f(w, rows):
        s = 0.0
        for r in rows:
            s = s + np.sum(w[r] ** 2)
        return s

    gradient = grad(f)
    for rows in ([0, 1, 1], [[0, 1, 1], [2, 2]], [np.array([1, 1])], [slice(0, 2), 1]):
        for _ in range(2):
            same_as_generic(gradient, IMAGE, rows)


def test_numbers_later():
    def f(x, powers):
        s = 0.0
        for p in powers:
            s = s + np.sum(x**p)
        return s

    gradient = grad(f)
    for powers in ([2, 3], [0.5, 2], [X, 2], []):
        for _ in range(2):
            same_as_generic(gradient, X, powers)


def test_list_that_the_function_changes():
    def f(w, tokens):
        tokens = list(tokens)
        tokens[0] = np.array([1, 1])
        return np.sum(w[tokens[0]] ** 2) + w[tokens[1], 0]

    check_grads(f, (IMAGE, [1, 3, 0]), argnums=0)


def test_list_that_is_written_into():
    def f(w, tokens):
        rows = tokens
        rows[0] = np.array([1, 1])
        s = 0.0
        for t in tokens:
            s = s + np.sum(w[t] ** 2)
        return s

    gradient = grad(f)
    try:
        found = gradient(IMAGE, [0, 3])
    except KnetsrcError:
        return
    assert np.allclose(found, 2 * IMAGE * np.array([[0.0], [2.0], [0.0], [1.0]]))


def test_reversed_and_cut():
    def f(w, tokens):
        s = 0.0
        for t, r in zip(reversed(tokens), tokens[1:], strict=False):
            s = s * 0.5 + w[t, r] ** 2
        return s

    check_grads(f, (IMAGE, [1, 3, 0, 3]), argnums=0)


def test_in_a_helper():
    def f(w, tokens):
        return scored(w, tokens) + scored(2 * w, tokens[1:])

    check_grads(f, (IMAGE, [1, 3, 0, 3]), argnums=0)
    gradient = grad(f)
    gradient(IMAGE, [1, 3, 0])
    same_as_generic(gradient, IMAGE, [1, 2, 2, 3, 0])
