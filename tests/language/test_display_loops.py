"""Loops over arrays that are written out, `for z in (u, v):`, of which the body writes into what it is given."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import check

X = np.array([0.9, 3.0, 4.0, 2.0])


def _edge(z):
    z[0] = z[-2] ** 2


def test_borders_of_two_arrays_with_views_of_their_interior():
    def f(x):
        a, b = x.copy(), x * 2.0
        u, v = a[1:-1], b[1:-1]
        for _ in range(2):
            u += 0.1 * u * v
            v -= 0.1 * u * v
            for z in (a, b):
                z[0] = z[-2]
                z[-1] = z[1]
        return a @ b

    check(f, X)


def test_in_place_operations_and_helpers_that_write():
    def f(x):
        a, b = x.copy(), x * 2.0
        for _ in range(2):
            a[1:] *= b[:-1]
            for z in [a, b]:
                z[0] = z[-2]
                z *= 0.3
            for z in (a, b):
                _edge(z)
        return a @ b

    check(f, X)


def test_pairs_zipped_and_counted():
    def f(x):
        a, b = x.copy(), x * 2.0
        for z, c in ((a, 2.0), (b, x[1])):
            z[0] = c * z[-2]
        for z, c in zip((a[1:], b[1:]), (x[2], 3.0), strict=False):
            z[0] = c * z[-1]
        for k, z in enumerate((a, b)):
            z[-1] = z[k] ** 2
        return a @ b

    check(f, X)


def test_loop_inside_with_jumps_of_its_own():
    def f(x):
        a, b, s = x.copy(), x * 2.0, 0.0
        for z in (a, b):
            for j in range(2):
                if z[j] > 2.5:
                    continue
                z[j] = z[-1] * z[j]
            s += z[0]
        return s * np.sum(z)

    check(f, X)


def test_rows_of_one_array():
    def f(x):
        m = np.outer(x, x[:2]).T
        for row in (m[0], m[1]):
            row[0] = row[-2] * 3.0
        return np.sum(m**2)

    check(f, X)


def test_loop_that_only_reads_stays():
    def f(x):
        s = 0.0
        for v in (x[0], x[1], x[2]):
            s += v**2
        return s

    check(f, X)
    assert "for " in grad(f).source


def test_array_that_is_bound_again_in_the_loop():
    def f(x):
        a, b, s = x.copy(), x * 2.0, 0.0
        for z in (a, b):
            s = s + np.sum(a * z)
            a = z * 3.0
        return s + np.sum(a)

    check(f, X)


# --- values that are made of what is written out, and taken apart ---------------------------------------------------------------
def tridiagonal(a, b, c, d):
    """The algorithm of Thomas as it stands in many programs."""
    n = len(d)
    ac, bc, cc, dc = map(np.array, (a, b, c, d))
    for i in range(1, n):
        m = ac[i - 1] / bc[i - 1]
        bc[i] = bc[i] - m * cc[i - 1]
        dc[i] = dc[i] - m * dc[i - 1]
    x = bc
    x[-1] = dc[-1] / bc[-1]
    for i in range(n - 2, -1, -1):
        x[i] = (dc[i] - cc[i] * x[i + 1]) / bc[i]
    return np.sum(x**2)


def test_arrays_made_by_map():
    check(tridiagonal, X[1:] / 9, X + 2.0, X[:-1] / 7, X)
    gradient = grad(tridiagonal)
    gradient(X[1:], X + 2.0, X[:-1], X)
    assert "map" not in gradient.source
    assert "unbroadcast" not in gradient.source
    assert "deep_copy" not in gradient.source


def test_arrays_made_by_comprehensions():
    def f(x, y):
        u, v = [z.copy() for z in (x, y)]
        p, q = (np.sin(z) * z for z in [u, v])
        u[0] = v[1] * p[2]
        return u @ v + p @ q

    check(f, X, 2 * X)


def test_elements_are_taken_before_the_first_call():
    def f(x):
        d = [x * 1.0, x * 2.0]

        def taken(y):
            d[1] = y * 3.0
            return y * y

        u, v = map(taken, (d[0], d[1]))
        return u @ v + np.sum(d[1])

    with pytest.raises(UnsupportedAliasError, match="writes into its argument"):
        grad(f)(X)


def test_names_of_the_function_that_is_mapped_are_bound_after_all_calls():
    def f(x):
        g = np.sin
        g, y = map(g, (x, 2 * x[0] * x))
        return g @ y

    check(f, X)
