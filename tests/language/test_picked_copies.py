"""Indices that pick elements into a new array, beside writes into what they pick from: `b = f[rows][:, mask]`, `f[:, (0, 2)]`."""

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


SQUARE = np.arange(1.0, 10.0).reshape(3, 3) / 5


def _beside_writes(y, z, x):
    """What is read of both after a write into each."""
    z[0] = x[1, 1] ** 3
    y[1, 1] = x[0, 0]
    return np.sum(y**2) + np.sum(z**3)


TUPLES = {
    "columns": lambda y: y[:, (0, 2)],
    "rows": lambda y: y[(0, 1), :],
    "rows_alone": lambda y: y[(0, 1),],
    "behind_an_ellipsis": lambda y: y[..., (1, 2)],
    "several": lambda y: y[((0, 1), (1, 2))],
    "of_a_transpose": lambda y: y.T[(0, 1), :],
    "of_rows": lambda y: y[:2][:, (0, 1)],
    "transposed": lambda y: y[:, (0, 1)].T,
    "with_a_slice": lambda y: y[(slice(None), (0, 1))],
    "a_list": lambda y: y[:, [0, 2]],
}


@pytest.mark.parametrize("pick", TUPLES.values(), ids=TUPLES)
def test_tuple_inside_an_index(pick):
    def f(x):
        y = x * 2.0
        z = pick(y)
        return _beside_writes(y, z, x)

    check(f, SQUARE)


def test_part_that_a_tuple_picks_is_written_into():
    def f(x):
        y = x * 2.0
        z = y[:, (0, 2)]
        z[0] = x[1, 1] ** 3
        return np.sum(y)

    check(f, SQUARE)


def test_tuple_inside_an_index_in_a_loop():
    def f(x):
        y, s = x * 2.0, 0.0
        for k in range(2):
            z = y[(k, k + 1), :]
            z[0] *= x[0]
            y[k] = z[1]
            old = y[(0, 2), :]
            y[0] = y[1] * y[2]
            s = s + np.sum(z**2) + np.sum((y[:2] - old) ** 2)
        return s + np.sum(y**3)

    check(f, SQUARE)


def _set_first(z, value):
    z[0] = value


def _doubled_sum(z):
    z *= 2.0
    return z.sum()


def test_helpers_that_write_into_what_a_tuple_picks():
    def f(x):
        y = x * 2.0
        _set_first(y[(0, 1), :], x[1, 1] ** 3)
        return np.sum(y**2) * _doubled_sum(y[:, (0, 1)])

    check(f, SQUARE)


def test_rows_of_what_a_tuple_picks():
    def f(x):
        y = x * 2.0
        kept = [y[(0, 1), :], y[True]]
        for row in y[(0, 1), :]:
            row[0] = x[1, 1] ** 2
        a, b = y[(1, 2), :]
        y[1] = x[2]
        kept[0][0] = x[0]
        return np.sum(y**2) + np.sum(a**3) + np.sum(b) + np.sum(kept[0] ** 2) + np.sum(kept[1] ** 3)

    check(f, SQUARE)


def _columns(y, t):
    return y[:, t]


def test_tuples_in_names():
    def f(x, t):
        y = x * 2.0
        own = (0, 1)
        a, b, c = y[:, own], y[:, t], _columns(y, (1, 2))
        a[0] = x[1, 1] ** 3
        b[0] = x[0, 0]
        c[0] *= 2.0
        return np.sum(y**2) * np.sum(a) * np.sum(b**3) + np.sum(c)

    check(f, SQUARE, (0, 2), argnums=(0,))


@pytest.mark.parametrize("t", [((0, 1), (1, 2)), ((0, 1),), (0, (1, 2))])
def test_tuple_in_a_name_is_the_whole_index(t):
    def f(x, t):
        y = x * 2.0
        z = y[t]
        y[0, 0] = x[1, 1] * x[0, 0]
        return np.sum(y**2) + np.sum(z**3)

    check(f, SQUARE, t, argnums=(0,))


def _yes():
    return True


BOOLS = {
    "written_out": lambda y, x: y[True],
    "beside_an_integer": lambda y, x: y[True, 0],
    "behind_a_new_axis": lambda y, x: y[None, True],
    "computed": lambda y, x: y[bool(x[0, 0] > 0)],
    "compared": lambda y, x: y[x[0, 0] > 0],
    "of_a_helper": lambda y, x: y[_yes()],
    "negated": lambda y, x: y[not len(y) - 3],
}


@pytest.mark.parametrize("pick", BOOLS.values(), ids=BOOLS)
def test_bool_as_an_index(pick):
    def f(x):
        y = x * 2.0
        z = pick(y, x)
        return _beside_writes(y, z, x)

    check(f, SQUARE)


def test_bools_in_names():
    def f(x):
        y = x * 2.0
        a, b, n = True, bool(x[0, 0] > 0), len(x)
        c = not n
        d = a and n == 3
        u, v, w = y[a], y[b, 0], y[d]
        u[0] = x[1, 1] ** 3
        v[0] = x[2]
        w[0, 0] = x[0, 1]
        y[1] = x[0] * y[2]
        none = y[c]
        y[0] = 1.0
        return np.sum(y**2) + np.sum(u**2) + np.sum(v**3) + np.sum(w) + np.sum(none) + none.size

    check(f, SQUARE)


def test_number_written_into_what_a_bool_picks():
    def f(x, flag):
        y = x * 2.0
        b = x[0, 0] > 0
        z, u = y[b], y[flag]
        z[0] = 2.0
        u[0] = 3.0
        return np.sum(y**2) + np.sum(z**3) + np.sum(u**2)

    check(f, SQUARE, True, argnums=(0,))


def test_what_a_bool_picks_first_of():
    def f(x):
        y = x * 2.0
        z = y[True][0]
        y[0, 1] = x[1, 1] ** 3
        return np.sum(z)

    check(f, SQUARE)


def test_bool_or_integer():
    def f(x, k):
        y = x * 2.0
        z = y[k]
        y[1, 1] = x[0, 0] ** 3
        return np.sum(y**2) + np.sum(z[:1] ** 3)

    g = grad(f)
    for k in (1, True, 0, False, np.True_, -2):
        assert np.allclose(g(SQUARE, k), grad(f)(SQUARE, k))
        check(f, SQUARE, k, argnums=(0,))


def test_writes_at_bools():
    def f(x):
        y = x * 2.0
        b = bool(x[0, 0] > 0)
        y[b] = x[1] ** 2
        y[b, 0] *= x[1, 1]
        y[not b] = 3.0
        y[True] *= x
        return np.sum(y**2 * x)

    check(f, SQUARE)


def test_keys_that_are_bools_or_hold_tuples():
    def f(x):
        d = {True: x * 2.0, (0, (1, 2)): x * 3.0}
        d[True][0] = x[1]
        d[0, (1, 2)][0] = x[2]
        return np.sum(d[True] ** 2) + np.sum(d[0, (1, 2)] ** 3)

    check(f, SQUARE)


def test_bool_as_the_place_in_a_list():
    def f(x):
        xs = [x * 2.0, x * 3.0]
        z = xs[True]
        z[0] = x[1]
        return np.sum(xs[1] ** 2) + np.sum(xs[0] ** 3)

    check(f, SQUARE)


def test_write_that_is_lost_as_a_tuple_picks_is_refused():
    def f(x):
        y = x * 2.0
        y[(0, 2), :][0] = x[1, 1] ** 3
        return np.sum(y)

    with pytest.raises(UnsupportedAliasError, match="the write is lost"):
        grad(f)(SQUARE)
