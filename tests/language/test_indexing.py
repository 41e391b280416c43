"""Reading arrays by index: integers, slices, steps, ellipsis, new axes, arrays, masks."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check

CUBE = np.sin(np.arange(24.0)).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        (0, 1),
        (0, 1, -2),
        np.s_[1:],
        np.s_[:, 1],
        np.s_[:, ::2],
        np.s_[:, ::-1, 1:3],
        np.s_[..., 0],
        np.s_[0, ...],
        np.s_[:, None, 1],
        np.s_[None],
        np.s_[1:1],
        np.s_[[1, 0, 1]],
        np.s_[[0, 1], [2, 0]],
        np.s_[:, [0, 0, 2]],
        np.s_[np.array([[0, 1], [1, 1]])],
        np.s_[..., [3, 3]],
        CUBE > 0,
        np.array([True, False]),
        np.s_[:, [True, False, True]],
        np.s_[0, [0, 0], 1:3],
    ],
    ids=str,
)
def test_index_given_as_argument(index):
    def f(x, index):
        return x[index] ** 2

    check(f, CUBE, index, argnums=(0,))


def test_literal_indices():
    def f(x):
        return x[0, 1:, ::2] * x[1, :-1, 1::2] + x[..., -1, :1] + x[:, None, 0, 0]

    check(f, CUBE)


def test_element_by_element():
    def f(m):
        s = 0.0
        for i in range(m.shape[0]):
            for j in range(m.shape[1]):
                s = s + m[i, j] * m[i][j] * (i + j)
        return s

    check(f, M)


def test_window():
    def f(x):
        s = 0.0
        for i in range(len(x) - 1):
            window = x[i : i + 2]
            s = s + np.prod(window)
        return s

    check(f, V)


def test_embedding_lookup_with_repeated_tokens():
    def f(table, tokens):
        h = 0.0
        for t in tokens:
            h = h + np.tanh(table[t]) * 0.5
        return np.sum(h)

    check(f, M, [0, 1, 1, 0])


def test_rows_and_columns_by_arrays():
    def f(logits, labels):
        return -np.mean(logits[np.arange(len(labels)), labels])

    check(f, M, np.array([2, 0]))


def test_mask_computed_from_the_array():
    def f(x):
        return np.sum(x[x > 0] ** 2)

    check(f, V)


def test_index_of_an_index():
    def f(x):
        return np.sum(x[1:][::2][0] * x[:2])

    check(f, V)


def test_index_of_an_expression():
    def f(x):
        return np.sin(x)[1] * (x * 2.0)[2:][0]

    check(f, V)


def test_negative_index_in_a_loop():
    def f(x):
        s = 1.0
        for i in range(1, len(x) + 1):
            s = s * x[-i] + 1.0
        return s

    check(f, V)


def test_index_that_changes_in_the_loop():
    def f(x):
        i = 0
        s = 1.0
        while i < len(x):
            s = s * x[i] + x[0]
            i = i + 1 if i else i + 2
        return s

    check(f, V)


def test_index_found_by_argmax():
    def f(x):
        best = np.argmax(x)
        return x[best] * x[0]

    check(f, V)


def test_slice_object():
    def f(x):
        part = slice(1, 3)
        return np.sum(x[part] ** 2)

    check(f, V)


def test_shift_by_slices():
    def f(u):
        for _ in range(3):
            u = u[1:] * 0.5 + u[:-1] ** 2
        return u[0]

    check(f, V)


def test_index_zero_dimensional():
    def f(x):
        return x[()] * 2.0

    check(f, np.array(1.5))


def test_empty_fancy_index():
    def f(x):
        return np.sum(x[[]]) + np.sum(x)

    check(f, V)


def test_array_method_chain():
    def f(m):
        return m.T.reshape(-1)[2:].reshape(2, 2).sum(axis=0)[1] * m.ravel()[0]

    check(f, M)


def test_take_and_index_agree():
    def f(m):
        return np.sum(np.take(m, [0, 0, 2], axis=1) * m[:, [0, 0, 2]])

    check(f, M)


def test_number_with_a_new_axis():
    check(lambda x: x[0][None][0] ** 2 * x[1], V)
    check(lambda x: np.sum(x.mean()[None, None][0] * x), V)
    check(lambda x: np.sum(x.sum()[None] * x), V)
    check(lambda x: x[0][()] ** 2, V)
    check(lambda x: np.sum((x - x.mean()[..., None]) ** 2), V)
    check(lambda x: np.sum(np.concatenate([v[None] for v in x]) ** 2), V)
    check(lambda x: x[None][0] * x.reshape(-1)[0], np.array(0.4))


@pytest.mark.parametrize("x", [V, V[:, None] * [1.0, 2.0]])
def test_element_by_an_index_with_an_ellipsis_is_a_view(x):
    def scaled(x):
        u = x * 2
        u[..., -1] /= u[..., 0]
        u[..., 0] **= 2
        return np.sum(u**2)

    def product_before_a_write(x):
        u = x.copy()
        c = u[..., 0] * u[..., 1]
        u[..., 0] = np.exp(u[..., 1])
        return np.sum(c * u[..., 0])

    def recurrence(x):
        u = x.copy()
        for t in range(1, len(x)):
            u[t, ...] = u[t - 1, ...] * np.sin(u[t, ...])
        return np.sum(u**2)

    for f in (scaled, product_before_a_write, recurrence):
        check(f, x)


def test_calls_beside_slices_in_one_index():
    def f(x):
        part = x[np.argmax(x[:, 0]), 1:] ** 2
        rows = x[np.arange(2), 1:] * x[2:, np.arange(2)]
        ends = x[min(1, len(x)) :, int(np.argmin(x[0])) : x.shape[1]]
        return np.sum(part * rows) + np.sum(ends**3)

    check(f, np.concatenate([M, M[::-1] ** 2]))


def test_tuple_inside_an_index_reads_an_element_twice():
    def f(x):
        return np.sum(x[:, (0, 0, 2)] ** 2) + np.sum(x[(1, 1), :] ** 3) + np.sum(x[0, (1, 1)])

    check(f, np.arange(1.0, 10.0).reshape(3, 3))


def test_tuple_inside_an_index_writes_an_element_twice():
    def f(x):
        y = x * 2.0
        y[(2, 2, 0),] += x[0]
        y[:, (0, 0, 2)] *= x
        y[(0, 0, 1), :] = y * x[0, 0]
        return np.sum(y**2)

    check(f, np.arange(1.0, 10.0).reshape(3, 3) / 5)


def _flip(mask):
    mask[0] = not mask[0]
    mask[1] = True


def mask_is_written(a):
    mask = a > 0
    x = a[mask]
    mask[0] = not mask[0]
    y = a[mask]
    return np.sum(x**2) * np.sum(y)


def mask_is_written_by_another_name(a):
    mask = a > 0
    other = mask
    x = a[mask]
    other[0] = False
    y = a[mask]
    return np.sum(x**2) * np.sum(y)


def mask_is_written_by_a_helper(a):
    mask = a > 0
    x = a[mask]
    _flip(mask)
    y = a[mask]
    return np.sum(x**2) * np.sum(y)


def mask_is_written_in_a_loop(a):
    mask = np.ones(4, dtype=bool)
    s = 0.0
    for i in range(3):
        x = a[mask]
        mask[i] = False
        y = a[mask]
        s += np.sum(x**2) * np.sum(y)
    return s


def bounds_are_written(a):
    ends, counts = np.array([0, 2]), np.array([1, 2, 1, 1])
    x, u = a[ends[0] :], np.repeat(a, counts)
    ends[0], counts[0] = 2, 3
    y, v = a[ends[0] :], np.repeat(a, counts)
    return np.sum(x**2) * np.sum(y) + np.sum(u**2) * np.sum(v)


def compared_values_are_written(a):
    b = a * 1.0
    x = b[b > 0.4]
    b[0], b[1] = -a[1], a[2] * a[0]
    y = b[b > 0.4]
    return np.sum(x**2) * np.sum(y)


@pytest.mark.parametrize(
    "program",
    [
        mask_is_written,
        mask_is_written_by_another_name,
        mask_is_written_by_a_helper,
        mask_is_written_in_a_loop,
        bounds_are_written,
        compared_values_are_written,
    ],
    ids=lambda p: p.__name__,
)
def test_index_of_which_the_elements_change_gives_another_shape(program):
    check(program, V)


def test_index_that_is_a_slice_of_an_array():
    def f(x, order):
        total = 0.0
        for i in range(len(order)):
            total += x[order[i]] * np.log(np.sum(np.exp(x[order[i:]])))
        return total

    order = np.array([2, 0, 3, 1])
    check(f, V, order, argnums=(0,))
    gradient = grad(f)
    gradient(V, order)
    assert "add_at(d_x, order[i:], " in gradient.source
