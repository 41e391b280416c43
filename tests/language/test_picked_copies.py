"""Indices in names that pick elements into a new array, beside writes into what they pick from: `b = f[rows][:, mask]`."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import check

X = np.arange(6.0).reshape(2, 3) + 0.3
MASK = np.array([True, False, True])
ROWS = [[1, 0], np.array([1, 0])]


def _bounced(x, rows, solid):
    f = x * 2.0
    bounce = f[rows][:, solid]
    f += 1.0
    f[:, solid] = bounce
    return np.sum(f**2)


@pytest.mark.parametrize("rows", ROWS)
def test_rows_by_a_list_and_columns_by_a_mask(rows):
    check(_bounced, X, rows, MASK, argnums=(0,))


def test_columns_by_a_mask():
    def f(x, solid):
        y = x * 2.0
        b = y[:, solid]
        y[0, 0] = x[1, 1]
        return np.sum(y**2) + np.sum(b**3)

    check(f, X, MASK, argnums=(0,))


def test_indices_that_are_computed():
    def f(x):
        y = x * 2.0
        order, rows = np.argsort(x[0]), [1 - i for i in range(2)]
        inside = np.where(x[0] > 1)[0]
        b, c, d = y[:, order], y[rows], y[:, inside]
        y[:, inside] = d * x[0, 1]
        y[0] = y[0] * b[1] + c[0]
        return np.sum(y**2) * np.sum(d)

    check(f, X)


@pytest.mark.parametrize("rows", ROWS)
def test_what_is_picked_is_written_into(rows):
    def f(x, rows):
        y = x * 2.0
        b = y[rows]
        b[0] = x[1]
        c = y[rows][:, 1:]
        c += 1.0
        return np.sum(y**2) * np.sum(b**3) + np.sum(c**3)

    check(f, X, rows, argnums=(0,))


def test_in_a_loop_and_through_a_transpose():
    def f(x, rows, solid):
        y = x * 2.0
        for _ in range(2):
            b = y.T[solid].T
            y = np.roll(y, 1, axis=1) * x
            y[rows] *= 2.0
            y[:, solid] = b[::-1]
        return np.sum(y**2)

    check(f, X, [1], MASK, argnums=(0,))


def test_views_and_copies_in_turn():
    def f(x, index):
        y = x * 2.0
        b = y[:, index]
        y[0, 0] = x[1, 1] * x[0, 0]
        return np.sum(y**2) + np.sum(b**3)

    g = grad(f)
    for index in (slice(0, 2), [0, 1], np.array([1, 0]), slice(1, None), MASK, slice(0, 1)):
        assert np.allclose(g(X, index), grad(f)(X, index))
        check(f, X, index, argnums=(0,))


def test_write_that_is_lost_is_refused():
    def f(x, rows):
        y = x * 2.0
        y[rows][0] = x[1]
        return np.sum(y**2)

    with pytest.raises(UnsupportedAliasError, match="the write is lost"):
        grad(f)(X, [1, 0])
