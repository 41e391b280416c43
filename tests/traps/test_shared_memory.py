"""Writes into memory that the backward part reads under another name: views, kept arguments, saved names."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import M, V, check


def _waves(y):
    total = 0.0
    for i in range(2):
        total += np.sum(np.sin(y * i) * y)
    return total


def _scaled(y, c):
    for _ in range(2):
        c = c * np.sum(np.tanh(y * y))
    return np.tanh(c * y)


def test_argument_that_a_helper_keeps_is_overwritten():
    def f(x):
        y = x * 1.5
        total = _waves(y)
        y[0] = 5.0
        y[1:] *= y[0]
        return total * np.sum(y * y)

    check(f, V)


def test_part_that_a_helper_keeps_is_overwritten_in_a_loop():
    def f(a, c, n):
        total = 0.0
        for _ in range(n):
            for i in range(a.shape[0]):
                total += np.sum(_scaled(a[i], c) * a[i])
                a[i] = _scaled(a[i - 1], c)
        return total + np.sum(a)

    check(f, M, 0.7, 2)


def test_reshaped_array_is_overwritten():
    def f(x):
        y = x * 1.5
        total = np.sum(np.sin(y.reshape(2, 2)) * y.reshape(2, 2)[0])
        y[0] = 5.0
        y[2] *= y[1]
        return total * np.sum(y * y)

    check(f, V)


def test_transposed_array_is_overwritten():
    def f(a):
        b = a * 1.5
        total = np.sum(np.sin(b.T) ** 2) + np.sum(np.exp(b[0].T))
        b[0] = b[1] * b[0]
        return total * np.sum(b * b)

    check(f, M)


def test_view_kept_from_an_earlier_round():
    def f(x, n):
        y = x * 1.5
        part = y[:2]
        total = 0.0
        for i in range(n):
            total += np.sum(np.sin(part) * part)
            y[i] = y[i] * y[3]
            part = y[1:3]
        return total + np.sum(y * y)

    check(f, V, 3)


def test_array_saved_by_name_and_written_by_another():
    def f(x, n):
        old = x * 1.5
        total = 0.0
        for i in range(n):
            new = old
            old = np.cos(new) * new
            new[i] = 3.0
            total += np.sum(new * old)
        return total

    check(f, V, 3)


def test_value_of_a_name_that_is_rebound_and_written():
    def f(x, n):
        y = x * 1.5
        total = 0.0
        for i in range(n):
            total += np.sum(np.sin(y))
            y[i] = total
            y = y * y
            y[0] = 0.5
        return total + np.sum(y)

    check(f, V, 3)


def test_result_that_reads_itself_is_overwritten():
    def f(x):
        y = np.exp(x)
        z = np.tanh(y * 0.1)
        y[0] = z[1]
        z[1] = y[0] * y[1]
        return np.sum(y * z)

    check(f, V)


def test_list_of_arrays_kept_by_a_helper():
    def total_of(xs):
        return np.sum(xs[0] * np.sin(xs[1]))

    def f(x):
        xs = [x * 2.0, x + 1.0]
        first = total_of(xs)
        xs[0] = xs[1] * xs[0]
        return first * total_of(xs)

    check(f, V)


def test_part_of_a_copy_that_an_array_of_indices_makes():
    def f(x, index):
        picked = x[index][0] * x[[0, 2, 2]][1:][0]
        return picked + x[x > 0][0] ** 2 + x[index][1:][0] * x[x > 0][0]

    check(f, V, np.array([1, 1, 3]))


def test_part_of_an_entry_that_is_an_array_or_not():
    def f(x, keys):
        return sum(np.sum(x[key][0] ** 2) for key in keys)

    check(f, {"a": M, "b": V}, ["a", "b", "a"])
    check(f, M, [0, 1, np.array([1, 1])])


def test_write_into_a_copy_that_an_array_of_indices_makes():
    def f(x):
        y = x * 1.0
        y[[0, 1]][0] = 5.0
        return np.sum(y * y)

    with pytest.raises(UnsupportedAliasError, match="a write into an element of"):
        grad(f)(V)


def test_key_is_restored_before_what_stood_there():
    def f(table):
        for key in table:
            table[key][0] *= table["a"][1]
        return np.sum(table["a"] ** 2) * np.sum(table["b"])

    check(f, {"a": M, "b": M * 2})


def test_mask_made_of_what_is_overwritten():
    def f(x):
        x[np.abs(x) > 0.7] = 0.5 * x[np.abs(x) > 0.7]
        x[x < 0] += x[x < 0] ** 2
        return np.sum(x * x)

    check(f, V)


def test_number_that_becomes_an_array_in_a_with():
    def f(x, y):
        with np.errstate(all="ignore"):
            y = x * y
        y[...] = np.sin(y[::-1] * y)
        return np.sum(y * y)

    check(f, V, 0.7)


def _first_set(u, c):
    u[0] = u[1] * c
    return u


def test_result_of_a_helper_that_is_its_unnamed_argument():
    def f(x):
        y = _first_set(x * 1.0, 2.0)
        z = _first_set(y * y, 3.0)
        return np.sum(y * z)

    check(f, V)


def _twice_by_name(x, row):
    d = [row, row]
    d[0][0] = x
    return d[1][0] ** 2


def _twice_by_repetition(x, row):
    d = [[0.0] * 3] * 2
    d[0][0] = x
    return d[1][0] ** 2 + row[0]


def _twice_by_append(x, row):
    d = []
    for _ in range(2):
        d.append(row)
    d[0][0] = x
    return d[1][0] ** 2


def _twice_by_entry(x, row):
    d = {"a": row, "b": row * 2.0}
    d["b"] = d["a"]
    d["a"][0] = x
    return d["b"][0] ** 2


def _updated(x, row):
    d = [row, row]
    d[0] += x
    return np.sum(d[0] * d[1])


def _updated_dict(x, row):
    d = {"a": row, "b": row}
    d["a"] += x
    return np.sum(d["a"] * d["b"])


def _updated_in_comprehension(x, row):
    d = [row for _ in range(2)]
    d[0] -= x
    return np.sum(d[0] * d[1])


def _updated_copy(x, row):
    d = list((row, row))
    d[0] += x
    return np.sum(d[0] * d[1])


def _updated_map(x, row):
    def same(k):
        return row

    d = list(map(same, range(2)))
    d[0] += x
    return np.sum(d[0] * d[1])


def _both(row):
    return [row, row]


def _updated_result(x, row):
    d = _both(row)
    d[0] += x
    return np.sum(d[0] * d[1])


def _with_first(d, x):
    d[0] += x


def _updated_by_helper(x, row):
    d = [row, row]
    _with_first(d, x)
    return np.sum(d[0] * d[1])


_TWICE = [_twice_by_name, _twice_by_repetition, _twice_by_append, _twice_by_entry]
_UPDATED = [
    _updated, _updated_dict, _updated_in_comprehension, _updated_copy, _updated_map, _updated_result, _updated_by_helper,
]  # fmt: skip


@pytest.mark.parametrize("f", _TWICE + _UPDATED)
def test_container_that_holds_one_array_twice(f):
    with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
        grad(f)(0.7, V)


def test_arrays_of_their_own_that_are_updated():
    def f(x):
        d = []
        for k in range(2):
            row = x * k
            d.append(row)
        d[0] += x
        return np.sum(d[0] * d[1])

    check(f, V)
    assert "check_distinct" not in grad(f).source


def test_rows_that_are_filled_before_they_are_appended():
    def f(x):
        rows = []
        for i in range(3):
            row = np.zeros(2)
            row[0] = x[i] * x[i + 1]
            rows.append(row)
        rows[0][1] = rows[1][0] * rows[2][0]
        return np.sum(rows[0] * rows[1]) + rows[0][1]

    check(f, V)


def _doubled(u):
    u *= 2.0


def _set_from(u, v):
    u[0] = v[1] * v[0]
    return np.sum(u * v)


def test_helper_without_result_that_multiplies_its_argument():
    def f(x):
        y = x * x
        _doubled(y)
        return np.sum(y)

    check(f, V)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: _set_from(x, x),
        lambda x: _set_from(x[1:], x[:-1]),
        lambda x: _set_from(v=x[::-1], u=x),
    ],
)
def test_helper_that_is_handed_one_array_twice_and_writes_into_it(f):
    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_sum_of_a_list_of_several_shapes():
    def f(x):
        parts = [x, np.sum(x), x * x[0]]
        parts[0] = parts[1] * parts[2][1]
        return np.sum(sum(parts))

    check(f, V)


def test_array_that_is_two_arguments_of_which_one_is_written_into():
    def f(x, y):
        x[0] = x[1] * 3.0
        return np.sum(y * x)

    check(f, V, V + 1.0)
    with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
        grad(f)(V, V[::-1])


def test_array_that_is_two_entries_of_an_argument():
    def f(xs):
        xs[0][0] = xs[0][1] * 3.0
        return np.sum(xs[1] * xs[0])

    check(f, [V, V + 1.0])
    with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
        grad(f)([V, V])


def test_argument_that_is_added_to():
    def f(x, n):
        x += x * x
        for _ in range(n):
            x *= 0.5 * x
        return np.sum(x * x)

    check(f, V, 2)
    check(f, 0.7, 2)


def test_array_multiplied_as_an_entry_of_a_list():
    def f(x):
        y = x * x
        parts = [y, 2.0]
        parts[0] *= 0.5
        return np.sum(y)

    with pytest.raises(UnsupportedAliasError, match="which `y` may see"):
        grad(f)(V)


def test_row_of_an_expression_is_overwritten():
    def f(a, z):
        b = (np.ones((2, 3)) * a)[0]
        b[0] *= np.tanh(z[0])
        return np.sum(b)

    check(f, 0.7, [1.0, 2.0], argnums=(1,))
    check(f, 0.7, [1.0, 2.0])


def test_expression_that_stands_twice_and_is_written_into_once():
    def by_view(x, mu):
        a = np.mean((x - mu) ** 2)
        b = (x - mu).reshape(-1)
        b[0] = 5.0
        return a * np.sum(b**2) * np.sum((x - mu) ** 3)

    def by_part(x, mu):
        c = np.tanh(x - mu)
        d = np.tanh(x - mu)[1:]
        d[0] *= 2.0
        return np.sum(c**2) * np.sum(d**3)

    def by_list(x, mu):
        a = np.mean((x - mu) ** 2)
        c = [x - mu]
        c[0][1] *= 2.0
        return a * np.sum(c[0]) * np.sum((x - mu) ** 3)

    for f in (by_view, by_part, by_list):
        check(f, V, 0.3)


def test_sum_of_a_list_is_new():
    def f(x):
        shares = [x, x * x, 1.0]
        total = sum(shares)
        for i in range(3):
            shares[i] /= total
        return shares[0] ** 2 * total

    check(f, 0.5)
    check(lambda x: np.sum(f(x)), V)


# --- numbers share no memory ----------------------------------------------------------------------


def test_numbers_copied_from_list_to_list():
    def f(x, n):
        a, b = [x, 2 * x], [0.0, 0.0]
        for _ in range(n):
            for k in range(2):
                b[k] = a[1 - k] * 2.0
            for k in range(2):
                a[k] = b[k]
                b[k] *= x
        return a[0] * b[1]

    check(f, 0.3, 2)


def test_numbers_of_an_argument_in_lists_of_lists():
    def f(y, t):
        n = len(y)
        table = [[None for _ in range(n)] for _ in range(n)]
        for i in range(n):
            table[i][0] = y[i]
        for j in range(1, n):
            for i in range(n - j):
                table[i][j] = (table[i + 1][j - 1] - table[i][j - 1]) / j
        return table[0][n - 1] * t * y[0]

    np.testing.assert_allclose(grad(f)([1.0, 0.3, 0.7], 0.4), [0.42, -0.4, 0.2])


def test_running_number_kept_in_a_dict_of_arrays():
    def f(x, a, n):
        out = {"mean": np.zeros(n), "var": np.zeros(n)}
        m = 0.2
        for i in range(n):
            m = a * m + x
            out["mean"][i] = m
            out["var"][i] = m * 2
        return np.sum(out["mean"] ** 2) + out["var"][0]

    check(f, 0.3, 0.4, 3)


def test_vectors_written_into_arrays_in_a_list():
    def f(x, n):
        history = [np.zeros((n, 4)), np.zeros((n, 4))]
        v = np.zeros(4)
        for i in range(n):
            v = v - 0.1 * x
            history[0][i] = x
            history[1][i] = v
            v[0] = v[1] * x[0]
        return np.sum(history[0] ** 2 * history[1])

    check(f, V, 3)


def test_arrays_copied_from_list_to_list_are_refused():
    def f(x):
        a, b = [x * 1.0, 2 * x], [0.0, 0.0]
        b[0] = a[1]
        b[0][0] = 3.0
        return np.sum(a[1] * b[0])

    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_array_without_axes_in_a_list_is_refused():
    def f(x):
        a, b = [np.zeros(()), x], [0.0, 0.0]
        b[0] = a[0]
        b[0][()] = x
        return a[0] * x

    with pytest.raises(UnsupportedAliasError):
        grad(f)(0.3)


def test_array_put_into_a_list_of_arrays_is_refused():
    def f(x):
        history = [np.zeros(4), np.zeros(4)]
        history[1] = x
        history[1][0] = 3.0
        return np.sum(history[1] * x)

    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_type_of_numpy_gives_the_array_back():
    def f(x):
        a = x * 1.0
        y = np.float64(a)
        y[0] = 5.0 * x[1]
        return np.sum(a**2)

    with pytest.raises(UnsupportedAliasError, match="which `a` may see"):
        grad(f)(V)


def test_what_a_type_of_numpy_gives_is_augmented():
    def f(x):
        a = x * 1.0
        y = np.double(a)
        y += 1.0
        return np.sum(a**2)

    with pytest.raises(UnsupportedAliasError, match=r"`y \+= 1.0` changes in place"):
        grad(f)(V)


def test_types_of_numpy_make_numbers():
    def f(x):
        total, first = np.float64(0.0), np.float64(x[0])
        for v in x:
            total += np.float64(v * first)
        first += total
        y = np.float64(x) * 2
        y[0] = first
        return np.sum(y * x)

    check(f, V)


def _by_trimming(x):
    a = x * 1.0
    y = np.trim_zeros(a)
    y[0] = 5.0 * x[1]
    return np.sum(a**2)


def _by_a_cast_that_may_copy(x):
    a = x * 1.0
    y = a.astype(a.dtype, "K", "unsafe", True, False)
    y[0] = 5.0 * x[1]
    return np.sum(a**2)


def _by_no_derivative(x):
    a = x * 1.0
    y = np.polyder(a, 0)
    y[0] = 5.0 * x[1]
    return np.sum(a**2)


@pytest.mark.parametrize("f", [_by_trimming, _by_a_cast_that_may_copy, _by_no_derivative])
def test_functions_that_may_give_their_argument_back(f):
    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_edges_of_a_histogram_are_those_that_it_was_given():
    def f(x):
        edges = np.linspace(-2.0, 3.0, 4)
        _, same = np.histogram(np.zeros(3), edges)
        same += 1.0
        return np.sum(edges * x)

    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_output_by_position_is_given_back():
    def f(x):
        b = np.zeros(4)
        y = np.exp(x, b)
        y += 1.0
        return np.sum(b**2)

    check(f, V)
