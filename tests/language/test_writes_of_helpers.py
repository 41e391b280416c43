"""Helpers that write into their arguments, which the caller reads later: `smooth(u)`."""

import numpy as np
import pytest
from numpy import sum as total

from knetsrc import UnsupportedAliasError, UnsupportedSyntaxError, grad, value_and_grad, vjp
from language.checking import M, V, check

V6 = np.linspace(-1, 1.3, 6)


def smooth(u):
    u[1:-1] += 0.3 * u[:-2] * u[2:]


def waves(y):
    total = 0.0
    for i in range(2):
        total += np.sum(np.sin(y * i) * y)
    return total


def linear(u):
    u[1:] = u[:-1] - 0.5 * u[1:]


def test_statement_calls():
    def f(x):
        u = x * 1.0
        smooth(u)
        linear(u)
        return np.sum(u)

    check(f, V)


def test_adjoint_that_is_one_number_before_the_call():
    def f(x):
        u = x * 1.0
        linear(u)
        return np.sum(u)

    check(f, V)


def test_written_array_is_returned():
    def f(x):
        u = x * 1.0
        linear(u)
        return u

    check(f, V)


def test_array_that_other_helpers_keep():
    def f(x):
        u = x * 1.0
        s = waves(u)
        smooth(u)
        s *= waves(u)
        linear(u)
        return s + waves(u) * np.sum(np.sin(u))

    check(f, V)


def test_array_that_other_helpers_keep_in_a_loop():
    def f(x, n):
        s = 0.0
        for i in range(n):
            u = x * (i + 1.0)
            s += waves(u)
            smooth(u)
            s += waves(u)
            linear(u)
            u[0] = s
            smooth(u)
        return s + waves(u) * np.sum(np.sin(u))

    check(f, V, 3)


def test_array_carried_through_a_loop():
    def f(x, n):
        s = 0.0
        u = x * 1.0
        for i in range(n):
            smooth(u)
            if i > 0:
                linear(u)
                s += waves(u)
            u[i] *= np.cos(s)
        return s + np.sum(u * u)

    check(f, V, 3)


def relax(u, b, w):
    for i in range(1, len(u) - 1):
        u[i] = (1 - w) * u[i] + w * (u[i - 1] + u[i + 1] + b[i]) / 2
    return np.sum(u * u)


def test_gauss_seidel_in_a_helper():
    def f(u, b, w):
        r = 0.0
        for _ in range(3):
            r += relax(u, b, w)
        return r * np.sum(u)

    check(f, V6, V6[::-1] * 0.5, 0.7)


def step(u, v, dt):
    v -= dt * np.sin(u)
    u += dt * v


def step2(u, v, dt):
    v[:] -= dt * np.sin(u)
    u[:] += dt * v


def test_two_arrays_of_a_time_step():
    def f(u, v, dt):
        for _ in range(4):
            step2(u, v, dt)
        return np.sum(u * u) + np.sum(v)

    check(f, V, V * 0.5, 0.1)


def test_recursion_over_halves():
    def f(x):
        a = x * 1.0

        def rec(a):
            n = len(a)
            if n == 1:
                return
            h = n // 2
            left, right = a[:h], a[h:]
            rec(left)
            rec(right)
            t = np.cos(right) * 0.7
            right[:] = left - t
            left += t * t

        rec(a)
        return np.sum(a**3)

    check(f, np.array([1.0, 0.5, 0.3, -0.2, 0.1, 0.6, -0.4, 0.8]))


def two(a, b):
    a[0] = b[1] * a[1]
    b[2] = a[0] * b[0]


def test_both_arguments_are_written():
    def f(x, y):
        a = x * 1.0
        b = y * 1.0
        two(a, b)
        two(b, a)
        two(a[1:], b[:-1])
        return np.sum(a * b)

    check(f, V, V * 2)


def test_rows_and_columns_handed_over():
    def f(m):
        a = m * 1.0
        for row in a:
            smooth(row)
        for i in range(2):
            linear(a[i])
        smooth(a.T)
        linear(a[:, 1])
        return np.sum(a**3)

    check(f, M)


def outer(u):
    smooth(u)
    v = u[1:]
    linear(v)
    u[0] = v[1] ** 2


def test_helper_of_a_helper():
    def f(x):
        u = x * 1.0
        outer(u)
        outer(u[1:])
        return np.sum(u**3)

    check(f, V6)


def cond(u, flag):
    if flag:
        u[0] = u[1] * u[2]
    else:
        u *= 2.0
    return flag


def test_write_in_a_branch_of_a_helper():
    def f(x):
        u = x * 1.0
        cond(u, True)
        cond(u, x[0] > 10)
        k = cond(u, x[0] > 0)
        if k:
            u[1] = 3.0 * u[0]
        return np.sum(u**3)

    check(f, V)


def fill(u, v):
    for i in range(len(u)):
        u[i] = v[i] * i


def test_array_filled_by_a_helper():
    def f(x):
        u = np.zeros(4)
        fill(u, x)
        w = np.empty(4)
        fill(w, u * x)
        return np.sum(u * w)

    check(f, V)


def test_work_array():
    def f(x):
        work = np.zeros(4)
        s = 0.0
        for i in range(3):
            fill(work, np.arange(4.0) * i)
            s += np.sum(work * x * x)
            s *= 1 + np.sum(work * x)
            waves(work)
        return s

    check(f, V)


def test_work_array_that_another_helper_keeps():
    def f(x):
        def energy(w, x):
            t = 0.0
            for _ in range(2):
                t += np.sum(np.sin(w * x) * x)
            return t

        work = np.zeros(4)
        s = 0.0
        for i in range(3):
            fill(work, np.arange(4.0) * i)
            s += energy(work, x)
        return s

    check(f, V)


def upd(ws, g):
    ws[0] -= 0.1 * g[0]
    ws[1] = ws[1] * ws[0]


def test_lists_of_arrays():
    def f(ws, gs):
        upd(ws, gs)
        upd(ws, [ws[0] * 2.0])
        return np.sum(ws[0] * ws[1])

    check(f, [V * 1.0, V * 0.5], [V * 0.3, V * 2.0])


def test_entry_of_a_list():
    def f(ws, gs):
        for _ in range(2):
            upd(ws, gs)
        smooth(ws[0])
        return np.sum(ws[0] * ws[1])

    check(f, [V * 1.0, V * 0.5], [V * 0.3, V * 2.0])


def state_step(s, dt):
    s["u"] = s["u"] + dt * s["v"]
    s["v"][1:] -= dt * s["u"][:-1]


def test_state_in_a_dict():
    def f(s, dt):
        for _ in range(3):
            state_step(s, dt)
        return np.sum(s["u"] * s["v"])

    check(f, {"u": V * 1.0, "v": V * 0.5}, 0.3)


def test_argument_of_the_function_itself():
    def f(x):
        smooth(x)
        return np.sum(x**3)

    check(f, V)


def test_only_one_of_the_arguments_is_read_later():
    def f(x):
        u = x * 1.0
        v = x * 2.0
        two(u, v)
        return np.sum(u**3)

    check(f, V)


def test_array_that_is_not_read_later():
    def f(x):
        u = x * 1.0
        s = waves(u)
        smooth(u)
        return s

    check(f, V)


def test_array_that_only_a_condition_reads():
    def f(x):
        u = x * 1.0
        s = np.sum(np.sin(u))
        smooth(u)
        k = u[0] > 0
        return s if k else 2 * s

    check(f, V)


def ret_half(u):
    u[0] = u[1] * u[2]
    return u[1:]


def test_view_that_a_helper_returns():
    def f(x):
        u = x * 1.0
        h = ret_half(u)
        h[0] = h[1] * u[0]
        return np.sum(u**3)

    check(f, V)


def _set(u, i, v):
    u[i] = v
    return u


def test_argument_that_a_helper_returns():
    def f(x):
        u = x * 1.0
        w = _set(u, 1, x[0] * x[1])
        w[2] = u[1] ** 2
        _set(w, 0, u[3])
        u = _set(u, 3, w[0])
        return np.sum(u**3 * w)

    check(f, V)


def qsort(a):
    if len(a) <= 1:
        return
    p = a[len(a) - 1]
    i = 0
    for j in range(len(a) - 1):
        if a[j] < p:
            a[i], a[j] = a[j], a[i]
            i += 1
    a[i], a[len(a) - 1] = a[len(a) - 1], a[i]
    qsort(a[:i])
    qsort(a[i + 1 :])


def test_quicksort_in_place():
    def f(x):
        a = x * x
        qsort(a)
        return np.sum(a * np.arange(6.0))

    check(f, np.array([0.3, -1.0, 2.0, 0.7, -0.2, 1.1]))


def rec_self(a, n):
    if n > 0:
        a[0] = a[1] * a[2]
        rec_self(a[1:], n - 1)
    return np.sum(a**2)


def test_recursive_helper():
    def f(a, n):
        return rec_self(a, n)

    check(f, V6, 3)


def test_main_function_that_calls_itself_and_writes():
    check(rec_self, V6, 3)


def test_value_is_that_after_the_writes():
    def f(x):
        u = x * 1.0
        smooth(u)
        return np.sum(u * u), u

    (value, u), gradient = value_and_grad(f, has_aux=True)(V)
    expected = V.copy()
    smooth(expected)
    np.testing.assert_array_equal(u, expected)
    assert value == np.sum(expected**2)
    np.testing.assert_allclose(gradient, grad(lambda x: f(x)[0])(V))


def test_element_of_the_array_beside_it():
    def put(u, i, value):
        u[i] = value * u[i]

    def f(x):
        u = x * 1.0
        put(u, 0, u[3])
        put(u, 3, u[0])
        return np.sum(u**3)

    check(f, V)
    with pytest.raises(UnsupportedAliasError, match="second name to a part"):
        grad(lambda m: _first_row_times_last(m))(M)


def _scaled_rows(m, row):
    m[0] = m[1] * row


def _first_row_times_last(m):
    m = m * 1.0
    _scaled_rows(m, m[1])
    return np.sum(m)


def test_halves_of_one_array():
    def mixed(a, b):
        a[0] = a[1] * b[0]
        b[1] = a[0] * b[1]

    def f(x, k):
        a = x * 1.0
        mixed(a[:k], a[k:])
        return np.sum(a**3)

    check(f, V, 2)


def test_overlapping_arguments():
    def f(x):
        u = x * 1.0
        two(u, u[1:])
        return np.sum(u)

    with pytest.raises(UnsupportedAliasError, match="is handed the same array as another"):
        grad(f)(V)


def test_arguments_of_the_function_that_overlap():
    def f(u, v):
        two(u, v)
        return np.sum(u * v)

    check(f, V, V * 2.0)
    with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
        grad(f)(V, V)


def test_parameter_that_is_bound_anew():
    def stretched(u):
        u[0] = 2.0
        for _ in range(2):
            u = u * 1.5
            u[1] = 0.0
        return np.sum(u)

    def f(x):
        u = x * 1.0
        s = stretched(u)
        return s * np.sum(u)

    with pytest.raises(UnsupportedAliasError, match="binds that name anew"):
        grad(f)(V)


def test_array_kept_by_a_helper_and_written_later_in_each_round():
    def f(x, n):
        s = 0.0
        for i in range(n):
            u = x * (i + 1.0)
            u[0] = 1.0
            s += waves(u)
            u[1] = 2.0
            s += waves(u)
        return s

    check(f, V, 2)


def _cleared(u):
    u[0] = 0.5
    u[1:] += np.ones(u.shape[0] - 1)
    return u


def test_array_kept_by_one_helper_and_written_by_another():
    def f(x):
        s = 0.0
        for i in range(2):
            u = x * (i + 1.0)
            s += waves(u)
            u = _cleared(u)
            s += waves(u)
            u = _cleared(u)
            s += waves(u) * np.sum(u)
        return s * np.sum(u * u)

    check(f, V)


def test_loop_over_what_a_helper_has_filled():
    def f(x):
        w = np.zeros(4)
        fill(w, x)
        s = 0.0
        for v in w:
            s += np.sin(v)
        return s

    check(f, V)


def test_helper_that_writes_inside_try():
    def f(x):
        w = np.zeros(4)
        k = 1
        try:
            fill(w, x)
        except ValueError:
            k = 2
        return np.sum(w) * k

    with pytest.raises(UnsupportedSyntaxError, match="a call inside `try` that writes"):
        grad(f)(V)


def _shrunk(u, s):
    u[...] = u * np.cos(s)


def test_adjoint_of_an_element_is_added_after_the_call_has_changed_its_place():
    def f(x):
        a = x * 1.0
        _shrunk(a, a[2])
        return np.sum(a * a)

    check(f, V)


def test_cotangent_of_what_is_left_in_an_argument():
    def relax(u, k):
        u[1:-1] += k * (u[2:] - u[:-2])
        return np.sum(u**2)

    def relaxed(u, k):
        value = relax(u, k)
        return value, u

    check(relaxed, V, 0.3)
    u = V.copy()
    (value, after), pullback = vjp(relaxed, u, 0.3)
    np.testing.assert_array_equal(u, V)
    assert value == np.sum(after**2)
    only_array, only_value = pullback((0.0, 2 * after))[0], pullback((1.0, np.zeros(4)))[0]
    np.testing.assert_allclose(only_array, only_value, rtol=1e-14)


def test_argument_that_is_computed_of_what_another_one_is_a_part_of():
    def slope(state, out):
        out[0] = state[1]
        out[1] = -np.sin(state[0])

    def steps(state):
        k = np.zeros((4, 2))
        slope(state, k[0])
        slope(state + 0.05 * k[0], k[1])
        slope(state + 0.05 * k[1], k[2])
        slope(state + 0.1 * k[2], k[3])
        return np.sum((state + k[0] + 2 * k[1] + 2 * k[2] + k[3]) ** 2)

    def scaled(b, c):
        def scale(b, c):
            b[0] /= 2
            c[0] *= b[0]

        scale(b.copy(), c)
        return np.sum(c**2) + np.sum(b)

    check(steps, V[:2])
    check(scaled, V, V + 1.0)


def test_entries_of_an_argument_that_a_helper_may_write_into():
    def slope(state, out):
        out[0] = state[1]
        out[1] = -np.sin(state[0])

    def steps(state):
        k = np.zeros((3, 2))
        slope(state, k[0])
        middle = state + 0.05 * k[0]
        slope(middle, k[1])
        return np.sum((state + k[0] + 2 * k[1]) ** 2)

    check(steps, V[:2])


def moments(f):
    density = total(f, axis=0)
    velocity = np.zeros((2, 4))
    velocity /= density
    return density, velocity


def test_result_of_a_helper_that_calls_a_function_of_numpy_by_another_name():
    def f(x, velocity):
        for _ in range(2):
            density, u = moments(x)
            u[:, 0] = velocity
            x[0] = u[0] * density
        return np.sum(x**2)

    check(f, M[:, [0, 1, 2, 0]] ** 2 + 1.0, V[:2])


def doubled(g):
    g += g
    return g * 1.0


def beside_doubled(v):
    entries = [doubled(v), v * 1]
    return entries[1] * 2


def test_helper_that_adds_to_its_argument_and_whose_result_is_not_used():
    def in_a_list(v):
        entries = [doubled(v), v * 1]
        return np.sum(entries[1] * v)

    def in_a_dict(v):
        entries = {"a": doubled(v), "b": v * 1}
        return np.sum(entries["b"] * v)

    def overwritten_in_branches(v):
        a = doubled(v)
        if v[0] > 0:
            a = v * 2
        else:
            a = v * 3
        return np.sum(a * v)

    def inside_a_context(v):
        with np.errstate(all="ignore"):
            entries = [doubled(v), v * 1]
        return np.sum(entries[1] * v)

    def in_a_loop(v):
        a = v * 1.0
        for _ in range(2):
            a = doubled(v)
        for i in range(2):
            a = v * i
        return np.sum(a * v)

    def of_a_helper(v):
        return np.sum(beside_doubled(v) * v)

    for f in (
        in_a_list, in_a_dict, overwritten_in_branches, inside_a_context, in_a_loop, of_a_helper,
    ):  # fmt: skip
        check(f, V)


def _first_set(g):
    g[0] = g[1]
    return g


def _first_set_only(g):
    g[0] = g[1]


def test_part_that_a_helper_writes_into_and_returns():
    def of_row(z):
        a = z * 1.0
        p = _first_set(a[1])
        return np.sum(p**2) + np.sum(a)

    def of_entry(z):
        rows = [z[0] * 1.0, z[1] * 2.0]
        p = _first_set(rows[1])
        return np.sum(p**2) + np.sum(rows[0] * rows[1])

    for f in (of_row, of_entry):
        with pytest.raises(UnsupportedAliasError, match="writes into `g` and returns it") as caught:
            grad(f)(M)
        assert "let it return nothing, and read `" in str(caught.value)

    def as_advised(z):
        a = z * 1.0
        _first_set_only(a[1])
        p = a[1]
        return np.sum(p**2) + np.sum(a)

    check(as_advised, M)


def set_first(g, h):
    g[0] = np.sin(h)
    return g


def test_view_that_a_helper_writes_into_and_gives_back():
    """A loop kept copies of the view, and what was then restored in these was not what it is a view of."""

    def f(x, y):
        b = y[1]
        s = np.sum(np.outer(y[:, 0], x) ** 2)
        b[...] = x
        for i in range(2):
            b = set_first(b, x[i])
            s = s * np.sin(s)
        return np.sum(b) + s

    check(f, V[:3], M)
