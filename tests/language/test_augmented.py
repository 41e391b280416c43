"""Augmented assignment to a name, where rebinding means the same."""
# ruff: noqa: B007

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import UnsupportedAliasError, UnsupportedSyntaxError
from language.checking import M, V, check


def test_sum_of_numbers():
    def f(xs):
        total = 0.0
        for x in xs:
            total += x**2
        return total

    check(f, [0.5, 1.5, -2.0])


def test_every_operator_on_a_number():
    def f(x, y):
        s = x
        s += y
        s *= x
        s -= y * 2.0
        s /= 3.0 + y
        s **= 2
        return s

    check(f, 1.3, 0.4)


def test_floor_division_and_modulo_of_counts():
    def f(x):
        n = 7
        n //= 2
        n %= 2
        n <<= 2
        return x * n

    check(f, 1.3)


def test_matrix_product():
    def f(a, b):
        c = a * 1.0
        c @= b
        return np.sum(c**2)

    check(f, M @ M.T, M @ M.T + 1.0)


def test_array_made_in_the_function():
    def f(x):
        y = x * 2.0
        y += x
        y *= x
        return np.sum(y)

    check(f, V)


def test_integer_accumulator_becomes_float():
    def f(x):
        s = 0
        for i in range(3):
            s += x * i
        return s**2

    check(f, 1.5)


def test_accumulator_over_arrays_starts_as_number():
    def f(x):
        s = 0
        for i in range(3):
            s += np.sin(x * i)
        return np.sum(s)

    check(f, V)


def test_accumulator_that_broadcasts_its_update():
    def f(m, v):
        s = np.zeros((2, 3)) * 1.0
        s += m
        s += v
        return np.sum(s**2)

    check(f, M, V[:3])


def test_update_in_one_branch():
    def f(x):
        s = x * 1.0
        if x > 0:
            s += x**3
        else:
            s -= x**2
        return s * x

    check(f, 0.8)
    check(f, -0.8)


def test_update_with_its_own_value():
    def f(x):
        for _ in range(3):
            x += x * x
        return x

    check(f, 0.4)


def test_nested_loops_share_one_accumulator():
    def f(m):
        s = 0.0
        for i in range(m.shape[0]):
            row = 1.0
            for j in range(m.shape[1]):
                row *= m[i, j]
            s += row
        return s

    check(f, M)


def test_list_grown_by_literal():
    def f(x):
        xs = [x]
        for i in range(3):
            xs += [xs[-1] * x]
        return sum(xs)

    check(f, 0.8)


def test_string_and_count_updates_are_no_derivative():
    def f(x):
        text = ""
        n = 0
        for i in range(4):
            text += str(i)
            n += len(text)
        return x * n

    check(f, 0.8)


def test_variable_of_a_loop_over_a_list_written_in_place():
    def f(x, y):
        s = 0.0
        for e in [x, y]:
            e += x * y
            s += e * e
        return s

    check(f, 0.7, 1.5)


def test_parameter_of_a_helper_that_was_bound_to_a_copy():
    def halved(x, times):
        x = x.copy()
        for _ in range(times):
            x *= 0.5
        return x

    def f(x):
        return np.sum(halved(x, 3) * x)

    check(f, V)


def test_parameter_of_a_helper_that_was_bound_to_a_view():
    def shifted(x):
        x = x[1:]
        x += 1.0
        return x

    def f(x):
        return np.sum(shifted(x**2) ** 2)

    check(f, V)


def moved(x, v, a):
    for _ in range(3):
        v += a * x
        x += 0.1 * v
    return x


def test_helper_that_adds_to_arrays_it_is_handed():
    def f(x, v, a):
        end = moved(x.copy(), v.copy(), a)
        return np.sum(end**2)

    check(f, V, 2 * V, 0.5)


def test_helper_that_adds_to_arrays_in_one_call_and_to_numbers_in_another():
    def f(x, v):
        return np.sum(moved(x * 1, v * 1, 0.5) ** 2)

    gradient = grad(f)
    for x in (2.0, V, 2.0, V):
        x_moved = 2 * moved(x * 1, 0 * x, 0.5) * moved(1.0, 0.0, 0.5)
        np.testing.assert_allclose(gradient(x, 0 * x), x_moved)


def test_helper_that_adds_to_an_array_and_to_a_number_in_one_call():
    def f(x):
        return np.sum(moved(x.copy(), x.copy(), 0.5)) + moved(np.sum(x), 1.0, 0.5)

    with pytest.raises(UnsupportedAliasError, match="changes in place"):
        grad(f)(V)


def test_array_that_a_helper_adds_to_is_left_alone():
    def f(x, v):
        return np.sum(moved(x, v, 0.5) ** 2)

    x = V.copy()
    grad(f)(x, 2 * V)
    np.testing.assert_array_equal(x, V)
    check(f, V, 2 * V)


def test_second_name_of_an_array():
    def f(x):
        y = x * 2.0
        z = y
        z += 1.0
        return np.sum(y * z)

    check(f, V)


def test_row_of_a_matrix_under_a_name():
    def f(x):
        a = np.outer(x, x)
        row = a[1]
        row *= 2.0
        return np.sum(a**2 * x)

    check(f, V)


def test_row_of_an_argument_under_a_name():
    def f(m):
        row = m[0]
        row += 1.0
        return np.sum(row**2 * m)

    check(f, M)
    check(lambda ms: f(ms[1]), [V, M])


def test_running_sum_that_is_written_row_by_row_is_right_before_any_call_has_told_what_it_is():
    def rows(x):
        n, m = x.shape
        out = np.zeros((n, m))
        total = np.zeros(m)
        for i in range(n):
            total += x[i]
            out[i] = total
        return np.sum(out**2)

    check(rows, M)
    gradient = grad(rows)
    assert "check_not_array" not in gradient.source
    for x in (M, M[:1], M):
        np.testing.assert_allclose(gradient(x), grad(rows)(x))


def test_copies_of_arrays():
    def by_method(w, x):
        v = w.copy()
        v -= 0.1 * x
        v *= w
        v += x
        v /= np.exp(v.mean())
        return np.sum(v**2)

    def by_function(w, x):
        v = np.copy(w)
        for _ in range(3):
            v *= x
        return np.sum(v)

    def of_parts(w, x):
        row, turned, twice = w[1:].copy(), x.T.copy(), (2 * x).copy()
        row -= row.mean()
        turned += w
        twice **= 2
        return np.sum(row**3) + np.sum(turned * twice)

    for f in (by_method, by_function, of_parts):
        check(f, V, V**2 + 0.5)


def test_copy_under_a_second_name_changes_in_place():
    def f(w):
        v = w.copy()
        u = v
        v -= w**2
        return np.sum(u * w)

    check(f, V)


def test_longer_copies_of_lists():
    def by_display(ws):
        vs = ws.copy()
        vs += [ws[0] ** 2, vs[1]]
        vs += (ws[1] * vs[-1],)
        return vs[2] * vs[-1] + len(ws) * ws[1]

    def by_list(ws, us):
        vs = ws.copy()
        vs += us
        vs *= 2
        return vs[-1] * vs[0] * vs[3]

    check(by_display, [0.3, 0.7])
    check(by_list, [0.3, 0.7], [1.5, 0.4])


def test_display_added_to_a_copy_of_an_array():
    def f(w):
        v = w.copy()
        v += [1.0, w[0], 2.0, w[1]]
        return np.sum(v**2)

    check(f, V)


def test_copy_of_a_list_of_the_function_is_a_list():
    def f(w):
        ws = [w, 2 * w]
        vs = ws.copy()
        vs += [w**2]
        return vs[-1] * len(ws)

    check(f, 0.7)


def test_list_that_is_longer_by_what_is_not_written_out():
    def f(w):
        vs = [w].copy()
        vs += w
        return vs[0]

    with pytest.raises(UnsupportedSyntaxError, match=r"`vs \+= w` on a list"):
        grad(f)(V)
