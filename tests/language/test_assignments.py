"""Assignment: several targets, unpacking, starred and annotated targets, walrus, rebinding."""
# ruff: noqa: F841

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check


def test_chain_of_names():
    def f(x):
        a = x * 2.0
        b = a + x
        c = b * a
        return np.sum(c)

    check(f, V)


def test_two_targets_of_one_assignment():
    def f(x):
        a = b = np.sin(x)
        return np.sum(a * b + b)

    check(f, V)


def test_swap():
    def f(x, y):
        x, y = y, x * y
        x, y = y, x
        return np.sum(x / (2.0 + y**2))

    check(f, V, V[::-1].copy())


def test_rotation_of_three_names():
    def f(a, b, c):
        for _ in range(4):
            a, b, c = b * 1.1, c + a, a * b
        return a + 2.0 * b + 3.0 * c

    check(f, 0.3, -0.8, 1.2)


def test_index_of_a_nested_target_is_read():
    def f(x):
        i, y = 1, x * 1.0
        (y[i], i), c = (x[0] * x[2], 0), 3.0
        (y[i + 1], *rest), i = x * 2.0, 3
        return np.sum(y * y) * y[i] * c * rest[0]

    check(f, V)


def test_nested_unpacking():
    def f(p):
        (a, b), c = p
        return np.sum(a * b) + c**2

    check(f, ((V, V**2), 0.7))


def test_unpacking_an_array_by_rows():
    def f(m):
        first, second = m
        return np.sum(first * second**2)

    check(f, M)


def test_starred_target_takes_the_rest():
    def f(xs):
        first, *rest = xs
        total = first
        for x in rest:
            total = total * x
        return total

    check(f, [1.5, 0.4, -2.0])


def test_starred_target_in_the_middle():
    def f(xs):
        first, *middle, last = xs
        return first * last + sum(middle) ** 2

    check(f, [1.5, 0.4, -2.0, 3.0])


def test_starred_target_that_takes_nothing():
    def f(xs):
        a, *rest, b = xs
        return a * b + len(rest)

    check(f, (1.5, 0.4))


def test_annotated_assignment():
    def f(x):
        y: np.ndarray = x**2
        z: float
        z = np.sum(y)
        return z * 3.0

    check(f, V)


def test_walrus_in_an_expression():
    def f(x):
        return np.sum((y := np.exp(x)) * x + y)

    check(f, V)


def test_walrus_in_a_condition():
    def f(x):
        if (s := np.sum(x)) > 0:
            return s * np.sum(x**2)
        return s

    check(f, V)
    check(f, -V)


def test_walrus_in_a_while_test():
    def f(x):
        while (y := x * x) < 10.0:
            x = x + y
        return x + y

    check(f, 0.9)


def test_walrus_in_a_comprehension_leaks_its_last_value():
    def f(xs):
        ys = [(last := x * x) + 1.0 for x in xs]
        return sum(ys) * last

    check(f, [0.5, -1.5, 2.0])


def test_rebinding_a_parameter():
    def f(x, y):
        x = x * y
        x = np.tanh(x)
        y = x + y
        x = x * y
        return np.sum(x)

    check(f, V, V * 0.5 + 1.0)


def test_name_that_changes_its_type():
    def f(x):
        y = [x, x * 2.0]
        y = y[0] * y[1]
        y = (y, 3.0)
        return np.sum(y[0]) * y[1]

    check(f, V)


def test_name_that_looks_generated():
    def f(x):
        d_x = x * 2.0
        x_1 = d_x + x
        total = np.sum(x_1 * d_x)
        return total

    check(f, V)


def test_unused_assignment_costs_nothing():
    def f(x):
        unused = np.linalg.inv(np.zeros((0, 0)))
        return np.sum(x**3)

    check(f, V)


def test_constant_result():
    def f(x):
        return 3.0

    check(f, V)


def test_identity():
    def f(x):
        return x

    check(f, 2.0)
    check(f, V)


def test_result_that_is_a_name_bound_twice():
    def f(x):
        y = x
        z = y
        return z

    check(f, V)


# --- adjoints that read what a tuple has been bound to ------------------------------------------
SQUARE = np.array([[0.3, 1.1], [0.4, -0.8]])


def entry_of_eigenvalues(x):
    w, v = np.linalg.eigh(x + x.T)
    return np.sum(v[:, 0] ** 4) + w[0] ** 3


def entry_of_singular_values(x):
    u, s, _ = np.linalg.svd(x)
    return s[0] ** 2 + s[1] * np.sum(u[:, 0] ** 4)


def row_of_a_factor(x):
    q, r = np.linalg.qr(x)
    return np.sum(r[0] ** 3) + np.sum(q[1] ** 3)


def entry_of_a_name_that_was_bound_before(x):
    w = x[0]
    y = w[0] * 3.0
    w, v = np.linalg.eigh(x + x.T)
    y = y * w[0] ** 2 + v[0][1] ** 4
    w, v = np.linalg.eigh(x @ x.T)
    return y * w[0] + v[0][0] ** 4


def entries_in_a_loop(x):
    w, total = np.zeros(3), 0.0
    for i in range(2):
        w, v = np.linalg.eigh(x + (i + 1) * x.T)
        total = total + w[0] ** 2 * v[0][0]
    return total + w[1]


TAKEN_APART = [
    entry_of_eigenvalues, entry_of_singular_values, row_of_a_factor, entry_of_a_name_that_was_bound_before,
    entries_in_a_loop,
]  # fmt: skip


@pytest.mark.parametrize("f", TAKEN_APART)
def test_entries_of_what_a_tuple_is_bound_to(f):
    check(f, SQUARE)


@pytest.mark.parametrize("f", TAKEN_APART[:4])
def test_second_derivatives_by_entries_of_what_a_tuple_is_bound_to(f):
    x, step = SQUARE, 1e-6
    found = grad(lambda x: np.sum(grad(f)(x) ** 2))(x)
    for index in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[index] = step
        ends = [np.sum(grad(f)(moved) ** 2) for moved in (x + e, x - e)]
        assert found[index] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-5)
