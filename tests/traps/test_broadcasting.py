"""Broadcast operands, size-1 axes, zero-dimensional arrays, scalar cotangents of sums."""

import itertools

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check

COLUMN, ROW = M[:, :1].copy(), M[:1].copy()


def test_cotangent_of_a_sum_stands_for_the_whole_array():
    d_a, d_b = grad(lambda a, b: np.sum(a + b), (0, 1))(np.ones((10, 1)), np.ones((10, 100)))
    np.testing.assert_array_equal(d_a, np.full((10, 1), 100.0))
    np.testing.assert_array_equal(d_b, np.ones((10, 100)))


def test_mean_over_a_broadcast_operand():
    check(lambda a, b: np.mean(a - b), COLUMN, M)
    check(lambda a, b: np.mean(a * 2.0 - b), ROW, COLUMN)


def test_sum_of_a_broadcast_sum_through_names():
    def f(a, b):
        c = a + b
        d = c - a
        return np.sum(d) + np.sum(c)

    check(f, COLUMN, ROW)


def test_sum_of_a_column_with_a_row():
    check(lambda a, b: np.sum((a - b) ** 2), COLUMN, ROW)


def test_sum_along_an_axis_of_a_broadcast_operand():
    check(lambda a, b: np.sum(np.sum(a + b, axis=1) ** 2), COLUMN, M)
    check(lambda a, b: np.sum(np.sum(a + b, axis=0, keepdims=True) ** 2), ROW, M)


SHAPES = [(), (1,), (3,), (1, 1), (2, 1), (1, 3), (2, 3), (4, 1, 1), (1, 2, 1)]


@pytest.mark.parametrize(
    ("first", "second"), itertools.combinations_with_replacement(SHAPES, 2), ids=str
)
def test_operands_of_every_rank(first, second):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=first), rng.normal(size=second) + 3.0
    d_a, d_b = PRODUCT(a, b)
    both = np.broadcast_shapes(first, second)
    summed = np.broadcast_to(b, both), np.broadcast_to(a, both)
    np.testing.assert_allclose(d_a, _to(summed[0] + 1.0 / b, first))
    np.testing.assert_allclose(d_b, _to(summed[1] - a / b**2, second))


PRODUCT = grad(lambda a, b: np.sum(a * b + a / b), (0, 1))


def _to(array, shape):
    """The sum over everything that broadcasting from `shape` has repeated."""
    array = array.reshape((1,) * (len(shape) - array.ndim) + array.shape)
    lead = tuple(range(array.ndim - len(shape)))
    ones = tuple(i + len(lead) for i, n in enumerate(shape) if n == 1)
    return array.sum(axis=lead + ones).reshape(shape)


def test_python_float_beside_an_array():
    check(lambda x, s: np.sum(s * x + s), V, 0.7)


def test_python_float_beside_a_zero_dimensional_array():
    check(lambda x, s: x * s + s, np.array(1.5), 0.7)


def test_zero_dimensional_array_beside_a_vector():
    check(lambda x, s: np.sum(s * x + s), V, np.array(0.7))


def test_one_gradient_object_for_several_ranks():
    slope = grad(lambda a, b: np.sum(a * b), (0, 1))
    for a, b in [(V, V), (2.0, V), (V[:, None], V), (np.float64(1.0), 3.0), (M, V[:3])]:
        d_a, d_b = slope(a, b)
        assert np.shape(d_a) == np.shape(a) and np.shape(d_b) == np.shape(b)
        assert np.allclose(np.sum(d_a * a), np.sum(a * b)) and np.allclose(
            np.sum(d_b * b), np.sum(a * b)
        )


def test_accumulator_that_starts_as_a_number_and_becomes_an_array():
    def f(x, s):
        for i in range(3):
            s = s * x + i
        return np.sum(s)

    check(f, V, 0.5)


def test_accumulator_that_grows_in_rank():
    def f(a, b, m):
        s = a
        for e in (a, b, m):
            s = s * e + e
        return np.sum(s)

    check(f, 0.5, V[:3], M)


def test_branch_with_another_shape():
    def f(x, wide):
        y = np.sum(x) if not wide else x
        z = y * x[0]
        return np.sum(z * z)

    check(f, V, True)
    check(f, V, False)


def test_array_that_grows_in_a_loop():
    def f(x):
        y = x
        for _ in range(2):
            y = np.concatenate([y, np.sin(y)])
        return np.sum(y**2)

    check(f, V)


def test_array_that_shrinks_in_a_loop():
    def f(x):
        while len(x) > 1:
            x = x[1:] * x[:-1]
        return x[0]

    check(f, V)


def test_matrix_product_with_a_broadcast_batch():
    check(lambda a, b: np.sum((a @ b) ** 2), np.sin(np.arange(12.0)).reshape(2, 2, 3), M.T)


def test_bias_of_a_batch():
    check(lambda w, b, x: np.sum(np.tanh(w @ x + b)), M, V[:2, None], M.T)
    check(lambda w, b, x: np.sum(np.tanh(x @ w + b)), M, V[:3], M.T)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_matrix_product_that_is_broadcast_by_a_summand(sign):
    def f(u, w, a, sign):
        return np.sum(sign * (u @ w + a)) - np.sum(-(u @ w) - a)

    check(f, M, M[:1].T, M[1], sign, argnums=(0, 1, 2))


ONE = V[:1]


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b, c: ((a + b) * 2).sum(1),
        lambda a, b, c: ((a + b) * 2).mean(axis=-1),
        lambda a, b, c: np.average(2 * (a - b), axis=1),
        lambda a, b, c: (c * (a + b)).sum(1),
        lambda a, b, c: (c * (b[0] - a)).sum(1),
        lambda a, b, c: np.mean(c * (2 * (b[0] - a)), axis=1),
        lambda a, b, c: ((b + a) / c).sum(1, keepdims=True),
    ],
)
def test_multiple_of_a_broadcast_sum_is_summed_along_an_axis(f):
    check(lambda a, b, c: np.sum(f(a, b, c)), ONE, M, COLUMN, argnums=(0, 1, 2))
    check(lambda a, b, c: np.sum(f(a, b, c) ** 2), ONE, M, COLUMN, argnums=(0, 1, 2))


@pytest.mark.parametrize("factor", [0.5, -1.5])
def test_multiple_of_a_broadcast_sum_by_an_argument(factor):
    def f(a, b, factor):
        return np.sum(((a + b) * factor).sum(1) ** 2)

    check(f, ONE, M, factor, argnums=(0, 1, 2))


@pytest.mark.parametrize("length", [2, 3])  # 2: the slots are as many as the factors have entries
def test_product_of_two_vectors_that_is_written_into_several_slots(length):
    def by_slice(y):
        y[:2] = y @ y
        return np.sum(np.sin(y))

    def by_indices(y, z):
        y[[1, 0]] = y @ z
        return np.sum(np.sin(y))

    def added(y, z):
        y[...] += 3.0 * (z @ z)
        return np.sum(np.sin(y))

    y, z = np.array([0.5, 0.3, 0.2])[:length], np.array([0.1, 0.9, -0.3])[:length]
    check(by_slice, y)
    check(by_indices, y, z)
    check(added, y, z)


def test_choice_between_values_of_several_shapes():
    def f(x, y):
        r = np.where(x > 0.45, 0.5 * x**2, y * x)
        return np.sum(r * r)

    for x, y in [(V, V + 1.0), (V[:3], M), (M, V[:3]), (COLUMN, V[:3]), (V[:1], V)]:
        check(f, x, y)
    narrow = grad(f, (0, 1))(V.astype(np.float32), V.astype(np.float32))
    assert [d.dtype for d in narrow] == [np.float32, np.float32]
