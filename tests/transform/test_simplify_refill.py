"""Places of an adjoint that are set to zero, and then added to."""

import numpy as np

from knetsrc import grad
from knetsrc.transform import tree
from knetsrc.transform.simplify.refill import refill
from language.checking import check

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


def rewritten(text, *arrays):
    (function,) = tree.parse(text)
    return tree.show(refill(function, arrays))


def same(text, *arrays):
    (function,) = tree.parse(text)
    return refill(function, arrays) is function


def relaxed(u, b, omega):
    for _ in range(2):
        for i in range(1, len(u) - 1):
            u[i] = (1 - omega) * u[i] + omega * (u[i - 1] + u[i + 1] + b[i]) * u[i]
    return np.sum(u**2)


def test_element_written_in_place():
    check(relaxed, V, 2 * V, 0.4)
    assert "d_u[i] = 0" not in source(relaxed, V, 2 * V, 0.4)


def test_rows():
    def f(u):
        for i in range(1, len(u)):
            u[i] = 2 * u[i] * u[i - 1]
        return np.sum(u**2)

    check(f, np.outer(V, V[:3]) + 0.3)


def test_table():
    def f(x):
        n = len(x)
        r = np.full((n + 1, n + 1), 1e3)
        r[0, 0] = 0.0
        for i in range(1, n + 1):
            for j in range(1, n + 1):
                r[i, j] = (x[i - 1] - x[j - 1] + 0.1 * j) ** 2 + smallest(r[i - 1, j], r[i, j - 1])
        return r[n, n]

    check(f, V)
    text = source(f, V)
    assert "check_floats" not in text and "r_saved" not in text
    assert "d_r[0, 0] = 0" not in text


def smallest(a, b):
    m = min(a, b)
    return m - np.log(np.exp(m - a) + np.exp(m - b))


def test_rows_that_a_helper_keeps_get_their_old_content_back():
    def f(x):
        r = np.zeros((4, 3))
        r[0] = x
        for i in range(1, 4):
            r[i] = mixed(r[i - 1], x)
            r[i - 1] = r[i] * 2
        return np.sum(r**2)

    check(f, V[:3])


def mixed(a, b):
    c = np.sin(a * b)
    return c * a + b


def test_first_sum_into_zeros():
    text = "def f(u):\n d = zeros_like(u)\n d[1:] += u[1:] * 2\n d[0] -= e\n return d"
    expected = (
        "def f(u):\n    d = zeros_like(u)\n    d[1:] = u[1:] * 2\n    d[0] -= e\n    return d"
    )
    assert rewritten(text, "d") == expected


def test_index_that_changes_between():
    assert same("def f(u, i):\n d = 2 * u\n d[i] = 0\n i = i + 1\n d[i] += 3\n return d", "d")


def test_index_array_that_changes_between():
    text = "def f(u, i):\n d = 2 * u\n d[i[0]] = 0\n i[0] = 1\n d[i[0]] += 3\n return d"
    assert same(text, "d")


def test_other_place():
    assert same("def f(u, i):\n d = 2 * u\n d[i] = 0\n d[i + 1] += 3\n return d", "d")


def test_read_between():
    assert same("def f(u, i):\n d = 2 * u\n d[i] = 0\n e = d[0] * 2\n d[i] += e\n return d", "d")


def test_sum_of_itself():
    assert same("def f(u, i):\n d = 2 * u\n d[i] = 0\n d[i] += d[0] * 2\n return d", "d")


def test_second_name():
    assert same(
        "def f(u, i):\n d = 2 * u\n e = d\n d[i] = 0\n e[i] = 1\n d[i] += 3\n return d", "d"
    )
    text = "def f(u, i):\n d = 2 * u\n e = d[1:]\n d[i] = 0\n e[0] = 1\n d[i] += 3\n return d"
    assert same(text, "d")


def test_memory_of_others():
    assert same("def f(d, i):\n d[i] = 0\n d[i] += 3\n return d", "d")
    assert same("def f(u, i):\n d = u[1:]\n d[i] = 0\n d[i] += 3\n return d", "d")


def test_zeros_that_are_read_at_the_end_stay():
    assert same("def f(u, i):\n d = 2 * u\n d[i] = 0\n return d", "d")


# --- what is written where it stood ------------------------------------------------------------------------------------------
def forward_sweep(d, c):
    d = d * 1.0
    for i in range(1, len(d)):
        d[i] = d[i] - c[i] * d[i - 1]
    return np.sum(d**2)


def test_update_of_an_element():
    check(forward_sweep, V, 2 * V)
    assert "] = d_new" not in source(forward_sweep, V, 2 * V)


def test_only_what_was_read_just_before_is_not_written():
    program = "def f(d_u):\n d = d_u[i]\n d_u[i] = d\n return d_u"
    assert "] = d" not in rewritten(program, "d_u")
    assert "] = d" not in rewritten(program.replace("d_u[i]\n", "d_u[i].copy()\n", 1), "d_u")
    assert same(program)  # it may be anything
    assert same(program.replace("d_u[i] = d", "d_u[j] = d"), "d_u")
    assert same(program.replace("d_u[i] = d", "d_u[i] = e"), "d_u")
    assert same(program.replace("d_u[i]\n", "d_u[i].sum()\n", 1), "d_u")
    assert same(program.replace(" d_u[i] = d", " i = i + 1\n d_u[i] = d"), "d_u")
