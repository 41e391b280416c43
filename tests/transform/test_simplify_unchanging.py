"""Values that are the same in each turn of a loop are not kept, and parts that are only read are not copied."""

import numpy as np

from knetsrc import grad, vjp
from language.checking import M, V, check


def source(f, *args, argnums=0):
    gradient = grad(f, argnums=argnums)
    gradient(*args)
    return gradient.source


def damped(x, k, dt, n):
    for _ in range(n):
        x = np.sin(x) * np.exp(-k * dt) + x**2 * np.sqrt(dt)
    return np.sum(x)


def test_what_no_turn_changes_is_not_kept():
    check(damped, V, 0.2, 0.1, 3, argnums=(0, 1))
    text = source(damped, V, 0.2, 0.1, 3)
    assert "x_saved.append(x)" in text and "steps_saved" not in text


def test_what_depends_on_what_no_turn_changes():
    def f(x, n):
        for _ in range(n):
            b = np.array([[1.0, -1.0], [0.5, 2.0]])
            c = b.T * 2
            x = np.tanh(c @ x) * x
        return np.sum(x)

    check(f, V[:2], 3)
    text = source(f, V[:2], 3)
    assert "append((c" not in text and "b, " not in text.split("# value")[1]


def test_without_a_turn():
    check(damped, V, 0.2, 0.1, 0, argnums=(0, 1))


def helper(x, k, n):
    for i in range(n):
        if i != 1:
            x = np.sin(x) * np.exp(-k) + x**2 * np.sqrt(k)
    return x * 2


def test_in_a_helper():
    def f(x, k, n):
        return np.sum(helper(x, k, n) * helper(x + 1, k, 0) * helper(x, k, 1))

    check(f, V, 0.3, 4)
    check(helper, V, 0.3, 4)
    check(helper, V, 0.3, 0)


def test_pullback_without_a_turn():
    value, pullback = vjp(damped, V, 0.2, 0.1, 0)
    assert value == np.sum(V)
    np.testing.assert_array_equal(pullback(1.0)[0], np.ones(4))


def test_in_nested_loops_only_if_the_outer_one_changes_nothing_of_it():
    def f(x, ks):
        for k in ks:
            for _ in range(3):
                x = np.sin(x) * np.exp(-k) + x * np.exp(-0.5)
        return np.sum(x)

    check(f, V, np.array([0.1, 0.7]))


def test_arrays_that_change_are_kept():
    def f(x, n):
        c = np.ones(4)
        for _ in range(n):
            d = np.exp(c)
            x = np.sin(x * d) * d
            c[1] += 0.3
        return np.sum(x)

    check(f, V, 3)


def test_values_that_are_drawn_are_kept():
    def f(x, n):
        rng = np.random.default_rng(7)
        for _ in range(n):
            b = rng.random()
            x = np.sin(x) * b + x**2
        return np.sum(x)

    check(f, V, 3)


def test_names_that_change_between_two_loops():
    def f(x, k):
        for _ in range(2):
            b = np.sqrt(k)
            x = np.sin(x) * b
        k = k + 1.0
        for _ in range(2):
            b = np.sqrt(k)
            x = np.cos(x) * b + b * x**2
        return np.sum(x)

    check(f, V, 0.6)


def stiffness(e, f, nodes):
    n = len(nodes)
    k = np.zeros((n, n))
    for i in range(n - 1):
        h = nodes[i + 1] - nodes[i]
        k[i : i + 2, i : i + 2] += e[i] / h * np.array([[1.0, -1.0], [-1.0, 1.0]])
    u = np.linalg.solve(k[1:, 1:], f[1:])
    return 0.5 * u @ f[1:]


def test_part_that_is_only_read_is_no_copy():
    nodes = np.array([0.0, 0.3, 0.5, 0.9])
    args = np.array([1.1, 0.7, 1.9]), V, nodes
    check(stiffness, *args)
    text = source(stiffness, *args, argnums=(0, 2))
    assert ".copy()" not in text and "unbroadcast" not in text


def test_part_that_changes_before_it_is_read_is_a_copy():
    def f(x):
        y = np.zeros((3, 4))
        y[0] = x
        y[1:] = y[:-1] * x
        y[1] += np.sin(y[0]) * y[2]
        return np.sum(y**2)

    check(f, V)


def test_part_of_what_a_branch_changes():
    def f(x, m):
        y = m * 2
        for i in range(2):
            y[i] = np.exp(y[i]) * x[0]
            if i:
                y[0] *= y[1]
        return np.sum(y**2)

    check(f, V, M)


def test_parameter_that_a_turn_binds():
    """It had one assignment, and was taken for what it is after that in the turns before as well."""

    def f(x, y, z, a):
        for x, _ in zip(z, z):  # noqa: B007, B905
            if y[0] > 0.074 or a > 0.553:
                with np.errstate(all="ignore"):
                    a = y[-1]
            else:
                if a > 0.193 and 0.768 < a < 1.568:
                    return np.sum(z) + 0.5 * y[0]
        return np.sum(y) + np.sum(x) + np.cos(a)

    check(f, V, np.array([-0.065, 0.19]), M, 0.93)
