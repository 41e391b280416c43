"""Names bound again: each value that a block binds on the way has a name of its own."""

import numpy as np

from language.checking import M, V, check
from transform.test_simplify_shapes import body


def lists_of(f):
    return [line for line in body(f) if line.strip().endswith("_saved = []")]


def filtered(trans, emit, obs):
    alpha = emit[:, obs[0]]
    c = alpha.sum()
    alpha = alpha / c
    ll = np.log(c)
    for o in obs[1:]:
        alpha = (alpha @ trans) * emit[:, o]
        c = alpha.sum()
        alpha = alpha / c
        ll += np.log(c)
    return ll


def test_values_of_a_round_are_kept_together():
    assert lists_of(filtered) == ["steps_saved = []"]
    check(filtered, np.abs(M[:, :2]), np.abs(M), [0, 1, 1, 0, 1], argnums=(0, 1))


def test_value_of_the_last_round_is_read_after_the_loop():
    def f(x):
        c = np.sin(x)
        for i in range(3):
            c = x * i
            x = x * np.cos(c)
        return x * c

    check(f, 0.7)


def test_value_from_before_the_loop_is_read_where_it_did_not_run():
    def f(x, n):
        c = np.sin(x)
        for i in range(n):
            c = x * (i + 1)
            x = x * np.cos(c)
        return x * c

    check(f, 0.7, 0, argnums=(0,))
    check(f, 0.7, 2, argnums=(0,))


def test_break_between_two_values():
    def f(x):
        for i in range(5):
            x = x * x
            if i > 2:
                break
            x = np.sin(x) + x
        return x

    check(f, 0.4)


def test_name_bound_in_a_branch_of_the_round():
    def f(x):
        for i in range(4):
            y = x * x
            if i % 2:
                y = np.cos(y)
            y = y * x
            x = np.sin(y) + x
        return x

    check(f, 0.9)


def test_two_values_in_a_branch():
    def f(x):
        y = x * x
        if y > 0.1:
            y = y * x
            y = np.sin(y)
        return y * x

    check(f, 0.9)


def test_array_written_into_between_two_values():
    def f(x):
        total = 0.0
        for i in range(3):
            b = x * x
            b[i] = b[i] * x[0]
            b = b * x
            total += np.sum(b * b)
        return total

    check(f, V)


def test_loop_in_a_loop_that_binds_the_same_name():
    def f(x):
        y = x
        for _ in range(2):
            y = y * x
            z = y
            for _ in range(2):
                z = np.sin(z) * y
                z = z * x
            y = z + y
        z = np.cos(x)
        return y * z

    check(f, 0.8)


def test_counter_of_a_while_loop_is_bound_twice():
    def f(x):
        n = 0
        while n < 4:
            n = n + 2
            x = x * np.sin(x + n)
            n = n - 1
        return x

    check(f, 0.8)
