"""Writes into arrays that a loop binds anew in each turn, after it and in later turns: what was kept of them must not see these."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import UnsupportedAliasError
from language.checking import check


def after_the_loop(x):
    total = 0.0
    for t in range(3):
        d = x * t + 1
        total = total + np.sum(d**2)
    d[0] = 5.0
    return total + np.sum(d)


def through_a_view(x):
    total = 0.0
    for t in range(3):
        d = x * t + 1
        total = total + np.sum(d**2)
    d[1:][0] = 3.0
    return total + np.sum(d)


def after_a_break(x):
    total, i = 0.0, 0
    while i < 3:
        d = x * i + 1
        total = total + np.sum(d**2)
        i += 1
        if total > 100.0:
            break
    d[:2] = total
    return total + np.sum(d**2)


def in_the_loop_around(x):
    total = 0.0
    for k in range(2):
        for t in range(3):
            d = x * t + k
            total = total + np.sum(d**2)
        d[1] = 4.0 * total
        total = total + np.sum(d**3)
    return total


def by_calls(x):
    total = 0.0
    for t in range(3):
        d = x * t + 1
        e = d * 2
        total = total + np.sum(d**2) * np.sum(e**2)
    d *= total
    e[...] = d
    np.copyto(d, 3.0)
    return total + np.sum(d) * np.sum(e)


def by_a_second_name(x):
    total = 0.0
    for t in range(3):
        d = x * t
        q = d
        total = total + np.sum(q**2)
    q[0] = 4.0
    return total + np.sum(q)


def read_by_a_closure(x):
    total = 0.0
    for t in range(3):
        d = x * t + 1

        def squares():
            return np.sum(d**2)  # noqa: B023

        total = total + squares()
    d[0] = 5.0
    return total + squares()


def in_a_branch(x):
    total = 0.0
    for t in range(3):
        if t > 0:
            d = x * (t + 1.0)
            total = total + np.sum(d**2)
    if total > 0:
        d[0] = 2.0
    return total + np.sum(d)


@pytest.mark.parametrize(
    "f",
    [
        after_the_loop, through_a_view, after_a_break, in_the_loop_around, by_calls,
        by_a_second_name, read_by_a_closure, in_a_branch,
    ],
)  # fmt: skip
def test_last_turn_is_written_into(f):
    check(f, np.array([0.3, -0.2, 0.5, 0.4]))


def of_the_turn_before(x):
    before, total = None, 0.0
    for i in range(3):
        d = x * (i + 1.0)
        if before is not None:
            total = total + np.sum(before * d)
            before[0] = total
        before = d
    return total + np.sum(before)


def of_two_turns_before(x):
    before, first = x * 1.0, x * 2.0
    total = 0.0
    for i in range(4):
        d = x * (i + 1.0)
        d[1] = d[0] ** 2
        total = total + np.sum(before * d * first)
        first[0] = total
        before, first = d, before
    return total + np.sum(before)


def by_a_helper(x):
    def put(y, e):
        y[0] = e

    before, total = x * 1.0, 0.0
    for i in range(3):
        d = x * (i + 1.0)
        d[2] = d[0] * d[1]
        total = total + np.sum(before * d)
        put(before, total)
        before = d
    return total + np.sum(before)


@pytest.mark.parametrize("f", [of_the_turn_before, of_two_turns_before, by_a_helper])
def test_arrays_of_earlier_turns_are_written_into(f):
    check(f, np.array([0.4, 0.7, 0.2]))


TABLE = np.array([0.5, 0.2, 0.9])


def of_a_global(x):
    total = 0.0
    for t in range(3):
        u = TABLE
        u[0] = x[0] * t
        total = total + np.sum(u**2 * x)
    return total


def of_an_enclosing_function(x):
    table = np.zeros(3)

    def total(y):
        found = 0.0
        for t in range(3):
            u = table
            u[0] = y[0] * t
            found = found + np.sum(u**2 * y)
        return found

    return total(x)


def test_second_name_of_what_is_not_of_the_function():
    x = np.array([0.4, 0.7, 0.2])
    with pytest.raises(UnsupportedAliasError, match="not of this function"):
        grad(of_a_global)(x)
    check(of_an_enclosing_function, x)


def filled(g, h):
    g[1] = h


class Scaled:
    def __init__(self, w):
        self.w = w

    def scaled(self, x):
        return np.sum(x * self.w) + x


def before_a_helper_writes(x):
    for _ in range(2):
        p = x * 2
        t = np.sum(np.sin(p))
    p[2] /= 1.5
    filled(p, t)
    return np.sum(p)


def before_a_helper_keeps_it(x):
    for _ in range(2):
        p = x * 2
        t = np.sum(np.sin(p))
    v = p
    v[0] = t
    e = 3.0
    for layer in [Scaled(p), Scaled(x)]:
        e = layer.scaled(e)
    return e


@pytest.mark.parametrize("f", [before_a_helper_writes, before_a_helper_keeps_it])
def test_array_of_the_last_turn_that_a_helper_is_handed(f):
    """What was kept of it in the loop was the array itself, which held what was written later."""
    check(f, np.array([0.4, -1.0, -0.9]))
