"""Arrays that a loop fills: what is kept of them, and that nothing is lost where a read comes before the write."""

import re

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import M, V, check

SAVES_Y = re.compile(r"append\(y\[|append\(\(.*y\[|\by_before")


def recurrence(x, n):
    y = np.zeros(n + 1)
    y[0] = x[0]
    for i in range(n):
        y[i + 1] = np.sin(y[i]) * x[1] + y[i]
    return np.sum(y * y)


def second_order(x, n):
    y = np.empty(n + 2)
    y[0], y[1] = x[0], x[1]
    for i in range(2, n + 2):
        y[i] = np.sin(y[i - 1]) * y[i - 2] + x[2]
    return np.sum(y * y)


def downward(x, n):
    y = np.zeros(n + 1)
    y[n] = x[0]
    for i in range(n - 1, -1, -1):
        y[i] = np.cos(y[i + 1]) * x[1] + y[i + 1] ** 2 * 0.1
    return np.sum(y * y)


def table(x, n):
    y = np.ones((n + 1, n + 1))
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            y[i, j] = np.tanh(y[i - 1, j] * x[0] + y[i, j - 1] * y[i - 1, j - 1]) + x[1]
        x = x * 1.1 + np.sum(y[i, :]) * 0.01
    return np.sum(y * y)


def rows(x, n):
    y = np.empty((n + 1, 4))
    y[0] = x
    for t in range(n):
        y[t + 1] = y[t] + 0.1 * np.sin(y[t, ::-1] * y[t])
    return np.sum(y**2)


def buffer_of_each_round(x, n):
    total = 0.0
    for k in range(2):
        y = np.zeros(n + 1)
        y[0] = x[k] + total
        for i in range(n):
            y[i + 1] = np.sin(y[i]) + y[i] ** 2 * x[2]
        total = total + np.sum(y * y)
    return total


def substituted_forward(x, n):
    y = np.zeros(n)
    for i in range(n):
        y[i] = np.cos(x[0] * y[:i] @ y[:i]) + x[1]
    return np.sum(y * y)


def substituted_backward(x, n):
    y = np.zeros(n)
    for i in range(n - 1, -1, -1):
        y[i] = np.cos(x[0] * y[i + 1 :] @ y[i + 1 :]) + x[1]
    return np.sum(y * y)


def table_of_sums(x, n):
    y = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            y[i, j] = np.sin(np.sum(y[:i, j] ** 2) + np.sum(y[i, :j] ** 2)) + x[i % 3]
    return np.sum(y * y)


@pytest.mark.parametrize(
    "f",
    [
        recurrence, second_order, downward, table, rows, buffer_of_each_round, substituted_forward,
        substituted_backward, table_of_sums,
    ],
)  # fmt: skip
def test_buffer_that_is_filled_saves_nothing(f):
    check(f, V * 0.3, 5)
    assert not SAVES_Y.search(grad(f).source)


def read_before_it_is_written(x, n):
    y = x * 0.7
    for i in range(3):
        y[i] = np.sin(y[i + 1]) * y[i] + x[0]
    return np.sum(y * y)


def read_from_the_end(x, n):
    y = x * 0.7
    for i in range(4):
        y[i] = np.sin(y[i - 1]) + x[i]  # y[-1] is the last one, which is written later
    return np.sum(y * y)


def read_far_from_the_end(x, n):
    y = x * 0.7
    for i in range(4):
        y[i] = np.sin(y[i - 2]) * 0.5 + x[i]
    return np.sum(y * y)


def written_twice(x, n):
    y = x * 0.7
    for _ in range(n):
        for i in range(1, 4):
            y[i] = np.sin(y[i - 1]) + x[i]
    return np.sum(y * y)


def read_before_the_loop(x, n):
    y = x * 0.7
    total = np.sum(np.sin(y))
    for i in range(1, 4):
        y[i] = y[i - 1] * x[i]
    return np.sum(y * y) + total


def read_in_the_same_round_before(x, n):
    y, total = x * 0.7, 0.0
    for i in range(4):
        total = total + np.sin(y[i])
        y[i] = x[i] * total
    return np.sum(y * y) + total


def read_by_an_unknown_index(x, n):
    y = x * 0.7
    for i in range(4):
        y[i] = np.sin(y[(i + n) % 4]) + x[i]
    return np.sum(y * y)


def written_at_an_unknown_index(x, n):
    y = x * 0.7
    for i in range(4):
        y[i * n % 3] = np.sin(y[i - 1]) + x[i]
    return np.sum(y * y)


def other_loop_of_the_same_round(x, n):
    y = np.ones((4, 4)) * x
    for i in range(1, 4):
        for j in range(4):
            x = x + np.sin(y[i, j]) * 0.1
        for j in range(4):
            y[i, j] = np.sin(y[i - 1, j]) * x[j]
    return np.sum(y * y)


def lower_left_first(x, n):
    y = np.ones((4, 4)) * x
    for i in range(2, -1, -1):
        for j in range(1, 4):
            y[i, j] = np.sin(y[i, j - 1]) * y[i + 1, j] * np.cos(y[i, j - 1] + y[i - 1, j])
    return np.sum(y * y)


def with_a_second_name(x, n):
    y = x * 0.7
    for i in range(3):
        row = y[i : i + 2]
        x = x + np.sum(np.sin(row))
        y[i] = x[i]
    return np.sum(y * y)


def summed_with_its_own(x, n):
    y = x * 0.7
    for i in range(3):
        y[i] = np.sin(np.sum(y[: i + 1] ** 2))
    return np.sum(y * y)


def summed_ahead(x, n):
    y = x * 0.7
    for i in range(3):
        y[i] = np.sin(np.sum(y[i + 1 :] ** 2))
    return np.sum(y * y)


def summed_behind_downwards(x, n):
    y = x * 0.7
    for i in range(2, -1, -1):
        y[i] = np.sin(np.sum(y[:i] ** 2)) + x[0]
    return np.sum(y * y)


def summed_to_the_end(x, n):
    y = x * 0.7
    for i in range(3):
        y[i] = np.sin(np.sum(y[: i - 1] ** 2))  # `y[:-1]` at first
    return np.sum(y * y)


def summed_from_the_end(x, n):
    y = x * 0.7
    for i in range(2, -1, -1):
        y[i] = np.sin(np.sum(y[i - 1 :] ** 2))
    return np.sum(y * y)


def summed_backwards(x, n):
    y = x * 0.7
    for i in range(3):
        y[i] = np.sin(np.sum(y[:i:-1] ** 2))
    return np.sum(y * y)


@pytest.mark.parametrize(
    "f",
    [
        summed_with_its_own, summed_ahead, summed_behind_downwards, summed_to_the_end, summed_from_the_end,
        summed_backwards, read_before_it_is_written, read_from_the_end, read_far_from_the_end, written_twice, read_before_the_loop,
        read_in_the_same_round_before, read_by_an_unknown_index, written_at_an_unknown_index,
        other_loop_of_the_same_round, lower_left_first, with_a_second_name,
    ],
)  # fmt: skip
def test_what_was_read_before_it_is_overwritten_comes_back(f):
    check(f, V, 2)
    assert SAVES_Y.search(grad(f).source) or f is with_a_second_name


def test_two_arrays_that_swap_are_not_copied_for_their_shape():
    def f(u, c, n):
        old, new = u.copy(), u.copy()
        for _ in range(n):
            later = np.zeros_like(new)
            later[1:-1] = 2.0 * new[1:-1] - old[1:-1] + c * (new[2:] - 2.0 * new[1:-1] + new[:-2])
            old, new = new, later
        return np.sum(new * new)

    check(f, V, 0.3, 3)
    assert "owned(old)" not in grad(f).source


def test_copy_in_a_loop_is_not_kept_for_its_shape():
    def f(u, c, n):
        for _ in range(n):
            before = u.copy()
            u[1:-1] = before[1:-1] + c * (before[2:] - 2.0 * before[1:-1] + before[:-2])
        return np.sum(u * u)

    check(f, V, 0.3, 3)
    assert "d_before = zeros_like(u)" in grad(f).source
    assert "saved" not in grad(f).source


def test_copy_of_what_changes_its_shape_has_its_own():
    def f(u, n):
        total = 0.0
        for _ in range(n):
            before = u.copy()
            u = before[:-1] * before[0]
            total = total + np.sum(np.sin(u))
        return total

    check(f, V, 2)
    check(f, M, 1)


# --- second names of one array -------------------------------------------------------------------------------------------------
def back_substitution(c, d):
    for i in range(1, len(d)):
        d[i] = d[i] - c[i] * d[i - 1]
    u = d
    for i in range(len(d) - 2, -1, -1):
        u[i] = u[i] - c[i] * u[i + 1] ** 2
    return np.sum(u**2)


def both_written(c, d):
    x = d
    s = 0.0
    for i in range(1, len(d)):
        s = s + np.sum(d) * c[i]
        x[i] = np.sin(x[i - 1]) * d[i] + x[0]
        d[0] = d[0] * x[i]
    return s + np.sum(x * c)


def bound_again(c, d):
    x = d
    x[0] = x[1] * c[0]
    s = np.sum(d**2)
    d = c * x
    x[1] = x[0] * c[2]
    return s * np.sum(x) + np.sum(d * x)


def bound_in_a_loop(c, d):
    s = 0.0
    for i in range(3):
        y = d * c[i]
        x = y
        x[0] = y[1] ** 2
        s = s + np.sum(y * x)
        y[1] = x[0] * s
        s = s * np.sum(x)
    return s


def bound_in_a_branch(c, d):
    x = c * 1.0
    if d[0] < 100.0:
        x = d
    x[0] = x[1] * d[0]
    return np.sum(d**2 * c) + np.sum(x)


def of_a_helper(c, d):
    def sweep(y):
        z = y
        for i in range(1, len(y)):
            z[i] = z[i] * y[i - 1] * c[i]
        return np.sum(y**2)

    return sweep(d * 2.0) * np.sum(d)


@pytest.mark.parametrize(
    "f",
    [back_substitution, both_written, bound_again, bound_in_a_loop, bound_in_a_branch, of_a_helper],
)
def test_second_names(f):
    try:
        check(f, np.array([0.3, -0.2, 0.5, 0.4]), np.array([0.9, 1.1, -0.7, 0.6]))
    except UnsupportedAliasError:
        assert f not in (back_substitution, both_written)


def test_second_name_saves_what_is_written_only():
    gradient = grad(back_substitution, argnums=(0, 1))
    gradient(np.ones(4), np.ones(4))
    assert ".append(d.copy())" not in gradient.source
    assert ".append(u.copy())" not in gradient.source
