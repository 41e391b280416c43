"""Lists of tuples of numbers, of which a call tells the columns: indices are integers, and the rest are numbers."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.given import columns_of
from language.checking import check

U = np.array([[0.4, -0.7, 1.1], [1.6, 0.2, -0.9], [0.3, 0.5, -0.2], [-1.0, 0.8, 0.6]])
RATINGS = [(0, 1, 2.0), (3, 2, 1.0), (1, 1, 0.4), (0, 2, 0.7)]


def factorized(u, v, ratings, lam):
    loss = 0.0
    for i, j, r in ratings:
        loss += (u[i] @ v[j] - r) ** 2
    return loss + lam * (np.sum(u**2) + np.sum(v**2))


def by_index(u, v, ratings, lam):
    loss = 0.0
    for k in range(len(ratings)):
        i, j, r = ratings[k]
        loss += (u[i] @ v[j] - r) ** 2 + ratings[k][2] * lam
    return loss


def springs(pos, edges):
    e = 0.0
    for k, (i, j) in enumerate(edges):
        d = pos[i] - pos[j]
        e += (np.sqrt(d @ d) - 1.0 - 0.1 * k) ** 2
    return e


def line(w, b, data):
    s = 0.0
    for x, y in data:
        s += (w * x + b - y) ** 2
    return s / len(data)


@pytest.mark.parametrize("f", [factorized, by_index])
def test_rows_of_indices_and_numbers(f):
    check(f, U, U[::-1].copy(), RATINGS, 0.1, argnums=(0, 1))
    gradient = grad(f, argnums=(0, 1))
    gradient(U, U, RATINGS, 0.1)
    assert "`ratings` of tuples (int, int, float)" in gradient.source
    assert "add_at" not in gradient.source and "unbroadcast" not in gradient.source


def test_pairs_of_indices():
    edges = [(0, 1), (2, 3), (1, 2)]
    check(springs, U, edges)
    check(springs, U, tuple(edges))


def test_rows_of_floats():
    data = [(0.1 * k, 0.3 - 0.2 * k) for k in range(8)]
    check(line, 0.7, -0.2, data, argnums=(0, 1))
    check(line, 0.7, -0.2, data[:3], argnums=(0, 1))
    check(line, 0.7, -0.2, data)


def test_scalars_of_numpy():
    rows = list(zip(np.array([0, 3]), np.array([1, 2]), np.array([0.5, 0.7]), strict=True))
    check(factorized, U, U[::-1].copy(), rows, 0.1, argnums=(0, 1))


def test_later_call_with_other_rows():
    """The source of the first call would lose what an index reads twice."""
    gradient = grad(factorized)
    gradient(U, U, RATINGS, 0.1)
    rows = [(0, 1, 2.0), (np.array([1, 1]), 2, 0.3)]

    def plain(u, v, ratings, lam):
        (i, j, r), (k, m, s) = ratings
        return (u[i] @ v[j] - r) ** 2 + np.sum((u[k] @ v[m] - s) ** 2) + lam * np.sum(u**2)

    def pairs(u, v, ratings, lam):
        loss = lam * np.sum(u**2)
        for i, j, r in ratings:
            loss += np.sum((u[i] @ v[j] - r) ** 2)
        return loss

    first = grad(pairs)
    first(U, U, RATINGS, 0.1)
    np.testing.assert_allclose(first(U, U, rows, 0.1), grad(plain)(U, U, rows, 0.1))


def test_columns():
    assert columns_of(RATINGS) == ("integers", "integers", "floats")
    assert columns_of([(1, True), (2, False)]) == ()
    assert columns_of([(1, 2.0), (2, 3)]) == ()
    assert columns_of([(1, 2.0), (2,)]) == ()
    assert columns_of([(1, 2.0), [2, 3.0]]) == ()
    assert columns_of([()]) == () == columns_of([])
    assert columns_of([(1, np.ones(2))]) == ()


def test_rows_that_the_function_changes():
    def f(u, rows):
        rows = [(i, w * 2) for i, w in rows]
        rows.append((1, 0.5))
        return sum(u[i] @ u[i] * w for i, w in rows)

    check(f, U, [(0, 1.0), (2, 0.3)], argnums=(0,))
