"""Writes of elements and slices of arrays, lists and dictionaries."""

import math

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import M, V, check

S = np.array([[4.0, 1.0, 0.5], [0.7, 5.0, 1.2], [0.3, 0.9, 6.0]])


def test_elements_of_a_new_array():
    def f(x):
        y = np.zeros(3)
        y[0] = x[0] * x[1]
        y[1] = np.sin(y[0]) + y[0] * x[2]
        y[2] = y[1] * y[0]
        return np.sum(y * y)

    check(f, V)


def test_element_that_reads_itself():
    def f(x):
        y = x * 2.0
        y[0] = np.sin(y[0]) * y[1]
        y[1] = y[1] ** 2 + y[0]
        y[0] = y[0] * y[0]
        return np.sum(np.exp(y))

    check(f, V)


def test_value_read_before_it_is_overwritten():
    def f(x):
        y = x * x
        first = np.sum(np.sin(y))
        y[1] = 3.0
        return first + np.sum(np.cos(y))

    check(f, V)


def test_recurrence_in_a_buffer():
    def f(x, n):
        y = np.zeros(n + 1)
        y[0] = x[0]
        for i in range(n):
            y[i + 1] = np.sin(y[i]) * x[1] + y[i]
        return np.sum(y * y)

    check(f, V, 5)


def test_buffer_written_again_in_an_outer_loop():
    def f(x, n):
        y = x * 1.0
        for _ in range(n):
            for i in range(1, 4):
                y[i] = np.sin(y[i - 1]) + y[i] * y[i]
        return np.sum(y)

    check(f, V, 2)


def test_stencil_in_place():
    def f(a, steps):
        b = a.copy()
        for _ in range(steps):
            b[1:-1] = (a[:-2] + a[1:-1] * a[1:-1] + a[2:]) / 3
            a[1:-1] = (b[:-2] + np.tanh(b[1:-1]) + b[2:]) / 3
        return np.sum(a**2)

    check(f, np.linspace(-1.0, 1.5, 7), 3)


def test_gauss_seidel():
    def f(u, b, steps):
        n = len(u)
        for _ in range(steps):
            for i in range(1, n - 1):
                u[i] = (u[i - 1] + u[i + 1] + b[i]) / 2
        return np.sum(u * u)

    check(f, np.linspace(0.0, 1.0, 6), np.linspace(0.3, 0.9, 6), 3)


def test_thomas_solver():
    def f(a, b, c, d):
        n = len(d)
        cp = np.zeros(n)
        dp = np.zeros(n)
        x = np.zeros(n)
        cp[0] = c[0] / b[0]
        dp[0] = d[0] / b[0]
        for i in range(1, n):
            m = b[i] - a[i] * cp[i - 1]
            cp[i] = c[i] / m
            dp[i] = (d[i] - a[i] * dp[i - 1]) / m
        x[n - 1] = dp[n - 1]
        for i in range(n - 2, -1, -1):
            x[i] = dp[i] - cp[i] * x[i + 1]
        return np.sum(x * x)

    check(f, V * 0.1, V * 0.1 + 3.0, V * 0.2, V)


def test_lu_in_place():
    def f(a):
        n = a.shape[0]
        for k in range(n):
            for i in range(k + 1, n):
                a[i, k] = a[i, k] / a[k, k]
                for j in range(k + 1, n):
                    a[i, j] -= a[i, k] * a[k, j]
        return np.sum(np.log(np.abs(np.diag(a)))) + np.sum(a * a)

    check(f, S)


def test_lu_by_rows():
    def f(a):
        n = a.shape[0]
        for k in range(n):
            a[k + 1 :, k] /= a[k, k]
            a[k + 1 :, k + 1 :] -= a[k + 1 :, k, None] * a[k, k + 1 :]
        return np.sum(np.sin(a))

    check(f, S)


def test_cholesky_by_hand():
    def f(a):
        n = len(a)
        low = np.zeros((n, n))
        for j in range(n):
            total = a[j, j]
            for k in range(j):
                total -= low[j, k] ** 2
            low[j, j] = np.sqrt(total)
            for i in range(j + 1, n):
                total = a[i, j]
                for k in range(j):
                    total -= low[i, k] * low[j, k]
                low[i, j] = total / low[j, j]
        return np.sum(low * np.cos(low))

    check(f, S @ S.T)


def test_augmented_elements():
    def f(x):
        y = np.zeros(4)
        for i in range(3):
            y[i] += x[i] * x[i + 1]
            y[i + 1] -= y[i] * y[i]
            y[i] *= x[i]
            y[i] /= 2.0 + x[i + 1] ** 2
        y[0] **= 2
        return np.sum(np.sin(y))

    check(f, V)


def test_overlapping_slices():
    def f(a):
        a[1:] += a[:-1] * 0.5
        a[:-1] = a[1:]
        a[:2] += a[1::-1]
        a[2:] -= a[:-2] * a[1:-1]
        return np.sum(a * np.arange(4.0))

    check(f, V)


def test_slice_set_to_a_broadcast_value():
    def f(x, s):
        y = np.ones((2, 3))
        y[0] = x
        y[:, 1] = s
        y[1, 1:] = s * 2.0
        y[:] += x * 0.5
        return np.sum(y * y)

    check(f, V[:3], 0.7)


def test_column_set_from_one_row():
    def f(x):
        y = np.zeros((2, 3))
        y[:, :] = x[:, None]
        return np.sum(y * np.arange(6.0).reshape(2, 3))

    check(f, V[:2])


def test_whole_array_overwritten():
    def f(x):
        y = x * 2.0
        z = np.sum(np.sin(y))
        y[:] = x * x
        y[...] = np.exp(y) * z
        return np.sum(y)

    check(f, V)


def test_masked_write():
    def f(x):
        y = x * 1.5
        y[y < 0] = 0.0
        y[x > 1] *= 3.0
        y[x > 0.4] = x[x > 0.4] ** 2
        return np.sum(y * np.arange(4.0))

    check(f, V)


def test_index_array_written_twice_keeps_the_last():
    def f(x):
        y = np.zeros(3)
        y[[0, 2, 0, 1]] = x * x
        return np.sum(y * np.arange(1.0, 4.0))

    check(f, V)


def test_index_array_added_to_counts_an_element_once():
    def f(x):
        y = np.ones(3)
        index = np.array([0, 2, 0, 1])
        y[index] += x * x
        return np.sum(y * np.arange(1.0, 4.0))

    check(f, V)


def test_rows_and_columns():
    def f(a):
        out = np.zeros_like(a)
        for i in range(a.shape[0]):
            out[i] = a[i] * a[0]
        for j in range(a.shape[1]):
            out[:, j] = np.cumsum(out[:, j]) * a[0, j]
        return np.sum(out * out)

    check(f, M)


def test_swap_of_elements():
    def f(x):
        y = x * x
        y[0], y[2] = y[2], y[0]
        t = y[1]
        y[1] = y[3]
        y[3] = t * y[0]
        return np.sum(y * np.arange(4.0))

    check(f, V)


def test_swap_of_buffers():
    def f(x, n):
        old = x * 1.0
        new = np.zeros_like(x)
        for _ in range(n):
            new[1:-1] = np.sin(old[:-2]) * old[2:]
            new[0] = old[0]
            new[-1] = old[-1] * old[0]
            old, new = new, old
        return np.sum(old * old)

    check(f, V, 3)


def test_bubble_sort():
    def f(x):
        y = x.copy()
        n = len(y)
        for i in range(n):
            for j in range(n - 1 - i):
                if y[j] > y[j + 1]:
                    y[j], y[j + 1] = y[j + 1], y[j]
        return np.sum(y * np.arange(4.0) ** 2)

    check(f, V)


def test_write_in_one_branch():
    def f(x, flag):
        y = x * x
        if flag:
            y[0] = x[1] * y[1]
        else:
            y[1] = np.sin(y[0])
        return np.sum(y * y)

    check(f, V, True)
    check(f, V, False)


def test_write_under_a_condition_that_it_changes():
    def f(x):
        y = x * 2.0
        for i in range(3):
            if y[i] > 0:
                y[i + 1] = y[i] * y[i + 1]
            else:
                y[i] = y[i] ** 2
        return np.sum(y)

    check(f, V)


def test_while_with_break():
    def f(x):
        y = np.zeros(6)
        y[0] = x
        i = 0
        while i < 5:
            y[i + 1] = y[i] * 1.5 + x
            if y[i + 1] > 9.0:
                break
            i += 1
        return np.sum(y * y)

    check(f, 0.8)
    check(f, 2.5)


def test_continue_before_a_write():
    def f(x):
        y = x * x
        for i in range(4):
            if x[i] < 0:
                continue
            y[i] = np.exp(y[i]) * x[i - 1]
        return np.sum(y)

    check(f, V)


def test_buffer_of_each_iteration():
    def f(x):
        total = 0.0
        for i in range(3):
            row = np.zeros(2)
            row[0] = x[i] * x[i + 1]
            row[1] = row[0] * x[i]
            total += np.sum(np.sin(row))
        return total

    check(f, V)


def test_list_of_numbers():
    def f(x):
        xs = [0.0] * 4
        xs[0] = x
        for i in range(3):
            xs[i + 1] = xs[i] * x + np.sin(xs[i])
        xs[1] += xs[3] * xs[0]
        return xs[1] * xs[2] + xs[3]

    check(f, 0.7)


def test_list_of_arrays():
    def f(x):
        xs = [x, x * 2.0, np.zeros(4)]
        xs[2] = xs[0] * xs[1]
        xs[0] = np.sin(xs[2])
        return np.sum(xs[0] * xs[1] + xs[2])

    check(f, V)


def test_element_of_a_list_that_changes_its_shape():
    def f(x):
        xs = [x * 2.0, 1.0]
        before = np.sum(xs[0] * xs[0])
        xs[0] = np.sum(x)
        xs[1] = x * xs[0]
        return before + np.sum(xs[1]) * xs[0]

    check(f, V)


def test_dictionary():
    def f(x, names):
        table = {}
        for i, name in enumerate(names):
            table[name] = x * (i + 1)
        table["a"] = table["a"] * table["b"]
        return table["a"] * table["b"] + table["c"]

    check(f, 0.7, ["a", "b", "c"])


def test_counts_in_a_dictionary():
    def f(x, names):
        table = {"a": 0.0, "b": 0.0}
        for name in names:
            table[name] += x * table["a"] + x
        return table["a"] * table["b"]

    check(f, 0.7, ["a", "b", "a", "b"])


def test_table_of_lists():
    def f(x, y):
        n, m = len(x), len(y)
        d = [[0.0] * (m + 1) for _ in range(n + 1)]
        for i in range(1, n + 1):
            for j in range(1, m + 1):
                cost = (x[i - 1] - y[j - 1]) ** 2
                soft = -np.log(
                    np.exp(-d[i - 1][j]) + np.exp(-d[i][j - 1]) + np.exp(-d[i - 1][j - 1])
                )
                d[i][j] = cost + soft
        return d[n][m]

    check(f, V[:3], V[1:])


def test_argument_that_is_written_is_left_alone():
    def f(w, x):
        w[0][1:] = w[0][:-1] * x[1:]
        w[1] = w[0] * 2.0
        return np.sum(w[0] * w[1])

    check(f, [V.copy(), V * 2.0], V)


def test_written_array_is_returned():
    def f(x):
        y = x * 1.0
        for i in range(1, 4):
            y[i] = np.sin(y[i - 1]) * y[i]
        return y

    check(f, V)


def test_helper_that_fills_an_array():
    def cumulated(x):
        y = np.zeros_like(x)
        y[0] = x[0]
        for i in range(1, len(x)):
            y[i] = y[i - 1] * 0.9 + x[i] * x[i]
        return y

    def f(x):
        return np.sum(cumulated(x) * cumulated(np.sin(x)))

    check(f, V)


def test_result_of_a_helper_is_overwritten():
    def exponential(x):
        return np.exp(x)

    def chosen(x, flag):
        if flag:
            x = exponential(x)
            x = x * x
        else:
            x = exponential(x)
        return x

    def f(x):
        y = chosen(x, False)
        y[0] = 5.0
        y[1] *= x[1]
        return np.sum(y * y)

    check(f, V)


def test_constant_array_that_is_overwritten():
    def f(x, n):
        w = np.ones(4)
        total = 0.0
        for i in range(n):
            total += np.sum(w * np.sin(x * w))
            w[i] = 2.0 + i
            w[1:] *= 1.5
        return total

    check(f, V, 3)


def test_integer_array_that_is_overwritten():
    def f(x, n):
        order = np.arange(4)
        total = 0.0
        for i in range(n):
            total += x[order[0]] * x[order[1]] ** 2
            order[0], order[1] = order[1], order[i]
        return total

    check(f, V, 3)


def test_index_that_changes():
    def f(x):
        y = x * 1.0
        k = 0
        for i in range(3):
            k = (k + 2 * i) % 4
            y[k] = np.sin(y[k]) * y[k - 1]
        k = 1
        return np.sum(y) * k

    check(f, V)


def test_index_that_is_computed():
    def f(x):
        y = x * x
        y[np.argmax(x)] = y[np.argmin(x)] * 2.0
        y[int(np.sum(x > 0)) - 1] += x[0]
        return np.sum(y * y)

    check(f, V)


def test_name_of_a_part_read_only_before_the_write():
    def f(x):
        y = x * x
        left = y[:-1]
        total = np.sum(np.sin(left) * left)
        y[0] = 7.0
        return total + np.sum(y * y)

    check(f, V)


def test_part_named_in_a_loop():
    def f(a):
        total = 0.0
        for i in range(2):
            row = a[i]
            total += np.sum(np.sin(row) * row)
            a[i, 0] = total
        return total + np.sum(a)

    check(f, M)


def test_two_targets():
    def f(x):
        y = np.zeros(4)
        z = np.zeros(4)
        for i in range(4):
            y[i] = z[3 - i] = x[i] * x[0]
        return np.sum(y * np.sin(z))

    check(f, V)


def test_results_of_a_helper_written_to_elements():
    def both(x):
        return np.sin(x), x * x

    def f(x):
        y = np.zeros((2, 4))
        y[0], y[1] = both(x)
        return np.sum(y[0] * y[1])

    check(f, V)


# --- refused --------------------------------------------------------------------------------------------------------------
def test_swap_of_rows_is_seen_when_it_runs():
    def f(a):
        a = a * 1.0
        t = a[0]
        a[0] = a[1]
        a[1] = t
        return np.sum(a[0] * a[1] ** 2)

    with pytest.raises(UnsupportedAliasError, match="second name to a part"):
        grad(f)(M)
    check(f, V)


def test_write_into_a_global():
    def f(x):
        M[0] = x
        return np.sum(M)

    with pytest.raises(UnsupportedAliasError, match="write into"):
        grad(f)(V[:3])


# --- writes of helpers ------------------------------------------------------------------------------------------------------
def _smoothed(u, c):
    for i in range(1, len(u)):
        u[i] = u[i] * c + np.sin(u[i - 1])
    return u


def _clear(u):
    u[0] = 0.0


def test_helper_that_writes_into_its_argument():
    def f(x, c):
        y = _smoothed(x * x, c)
        return np.sum(y * y)

    check(f, V, 0.7)


def test_helper_that_writes_in_a_loop():
    def f(x, c, n):
        total = 0.0
        u = x * 1.0
        for _ in range(n):
            total += np.sum(np.cos(u))
            u = _smoothed(u, c)
        return total + np.sum(u * u)

    check(f, V, 0.7, 3)


def test_helper_that_writes_into_an_argument_of_the_function():
    def f(x, c):
        first = np.sum(x * x)
        return first * np.sum(_smoothed(x, c))

    check(f, V, 0.7)


def test_helper_writes_into_what_is_read_later():
    def f(x, c):
        y = x * 2.0
        z = _smoothed(y, c)
        return np.sum(y * z)

    check(f, V, 0.7)


def test_helper_without_result_writes_into_what_is_read_later():
    def f(x):
        y = x * 2.0
        _clear(y)
        return np.sum(y * x)

    check(f, V)


def test_constant_written_by_a_helper_in_a_loop():
    def f(x, n):
        w = np.ones(4)
        total = 0.0
        for _ in range(n):
            total += np.sum(w * x * x)
            w = _smoothed(w, 0.5)
        return total

    check(f, V, 3)


def test_recursive_function_that_writes():
    def filled(u, i):
        if i == len(u):
            return u
        u[i] = np.sin(u[i - 1]) * u[i]
        return filled(u, i + 1)

    def f(x):
        return np.sum(filled(x * x, 1) ** 2)

    check(f, V)


def test_helper_that_writes_in_the_head_of_a_loop():
    def f(s, x):
        for part in [x, _smoothed(x, 0.5)]:
            s = s * np.sum(part)
        return s

    check(f, 0.7, V, argnums=(0,))


def test_slices_with_the_length_of_what_is_written_in_their_bounds():
    def f(x, h):
        pad = np.zeros(len(x) + 2 * h)
        pad[h : len(pad) - h] = x
        pad[len(pad) - h :] = x[-1] * pad[h]
        pad[: pad.size - len(x) - h] *= x[0]
        grid = np.ones((3, pad.shape[0]))
        grid[1:, grid.shape[1] - 2 :] = pad[-2:] * x[0]
        grid[int(grid[0, 0]), : int(grid[0, 0]) + 1] += x[1] ** 2
        return np.sum(pad**2) + np.sum(grid**3)

    check(f, V, 2)


@pytest.mark.parametrize(
    "last",
    [
        lambda u: np.size(u) - 1,
        lambda u: np.prod(u.shape) - 1,
        lambda u: math.prod(u.shape[:1]) // 2,
        lambda u: math.floor(u.size / 2),
        lambda u: np.argmax(u),
        lambda u: min(len(u), 3) - 1,
    ],
)
def test_row_whose_number_is_counted(last):
    def f(u):
        n = last(u)
        m = np.eye(4) * 4
        m[n][0] = u[0]
        return np.sum(np.linalg.solve(m, u) ** 2)

    check(f, V)


def test_best_element_so_far_with_the_indices_of_enumerate():
    def f(x, a):
        h, best = np.zeros((3, 3)), 0.0
        for i, c in enumerate(a, 1):
            for j, d in enumerate(a, start=1):
                h[i, j] = max(h[i - 1, j - 1] + x[i - 1] * d * c, h[i - 1, j] + x[j - 1], 0.0)
                best = max(best, h[i, j])
        return best

    def zipped(x, a):
        h, best = np.zeros((2, 2)), 0.0
        for i, (j, c) in zip(range(2), enumerate(a), strict=True):
            h[i, j] = x[i] * x[j] ** 2 * c
            if h[i, j] > best:
                best = h[i, j]
        return best

    check(f, np.array([1.0, 3.0]), [1.0, 2.0], argnums=(0,))
    check(zipped, np.array([1.0, 3.0]), [1.0, 2.0], argnums=(0,))
    assert "check_not_view" not in grad(f).source


def test_best_element_so_far_at_indices_that_are_written_out_or_of_iterators():
    def listed(x):
        h, best = np.zeros((2, 2)), 0.0
        for i, j in [(0, 1), (1, 0)]:
            h[i, j] = x[i] * x[j] ** 2
            best = max(best, h[i, j])
        return best

    def of_indices(x):
        h, best = np.zeros((2, 2)), 0.0
        for i, j in np.ndindex(2, 2):
            h[i, j] = x[i] * x[j] ** 2
            best = max(best, h[i, j])
        return best

    check(listed, np.array([1.0, 3.0]))
    check(of_indices, np.array([1.0, 3.0]))


def test_running_extremes_of_what_is_written():
    def f(x):
        y = x.copy()
        m, low = y[0], y[1]
        for i in range(1, len(x)):
            y[i] += m
            m = np.maximum(m, y[i])
            low = min(low, y[i], m)
        return m + low * m

    def largest(x):
        y = np.sin(x)
        m, best = max(y), -np.inf
        for i in range(len(x)):
            y[i] = y[i] * x[0] + m
            if y[i] > best:
                best = y[i]
            m = max(m, y[i])
        return best * m

    check(f, V)
    check(largest, V)


def test_running_maximum_where_no_call_has_told_what_an_element_is():
    def f(x):
        y = x.copy()
        m = y[0]
        for i in range(1, len(x)):
            y[i] += m
            m = max(m, y[i])
        return m

    source = grad(f).source
    assert 'check_not_view(m, y, "m = max(m, y[i])")' in source
    check(f, V)


def test_running_maximum_of_rows_is_refused():
    def f(x):
        y = np.outer(x, x)
        best = y[0]
        for i in range(1, 2):
            y[i] += best
            best = max(best, y[i], key=np.sum)
        y[0] = 1.0
        return best[0] * x[1]

    with pytest.raises(UnsupportedAliasError, match="which `best` may see"):
        grad(f)(V)


def test_counter_of_enumerate_that_is_bound_again_is_no_integer():
    def f(x, a):
        h = np.zeros((2, 2))
        total = 0.0
        for i, c in enumerate(a):
            rows = [i, i]
            i = rows
            h[i, 0] += x[0] * c
            total = total + h[0, 0] * x[1]
        return total

    check(f, np.array([1.0, 3.0]), [1.0, 2.0], argnums=(0,))


def test_array_is_filled_with_another_that_is_filled_afterwards():
    """The adjoint that goes from one to the other was taken for the copy of an adjoint by itself, and dropped."""

    def f(x):
        d = x * 2
        e = d * 2
        e[...] = d
        d[...] = 3.0
        return np.sum(e)

    def g(x):
        total = np.sum(x)
        d = x * 2 + 1
        e = d * 2
        d *= total
        e[...] = d
        np.copyto(d, 3.0)
        return total + np.sum(d) * np.sum(e)

    check(f, V)
    check(g, V)


def test_array_that_a_loop_binds_to_itself_is_filled_later():
    """It was kept as it is before the loop, for the loop binds it anew, and what was written into it later showed there."""

    def f(x, y, t):
        a = np.sin(x)
        c = a * t
        for _ in range(3):
            a = a
            if t > 1.5:
                break
        a[...] = y
        a[c > 0.2] = t
        return np.sum(a) + np.sum(c)

    def g(x, y, t):
        a = np.sin(x)
        c = a * t
        for k in range(2):
            if k:
                b = a
                a = b
        a[0] = y[1]
        return np.sum(a) + np.sum(c)

    check(f, V, V[::-1] * 2, 0.8)
    check(g, V, V[::-1] * 2, 0.8)


def test_number_that_a_branch_takes_for_an_array():
    """It was copied as an array, before the branch that is never taken."""

    def f(y, z):
        if z > 0.75:
            y = z
            for row in y:
                row[1] = 0.5
        return np.sum(y) * z

    assert grad(f, argnums=1)(M, 0.3) == np.sum(M)
