"""Lists of single numbers that the function makes and writes into: their adjoints are lists of numbers, without helpers."""

import importlib

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import KnetsrcError, UnsupportedAliasError
from language.checking import V, check

HELPERS = ("entry_of", "put_back", "cut_out", "unbroadcast", "add_at")


def seasonal(theta, y, period):
    level, season, loss = y[0], [0.0] * period, 0.0
    for t in range(1, len(y)):
        s = season[t % period]
        new = theta[0] * (y[t] - s) + (1 - theta[0]) * level
        season[t % period] = theta[1] * (y[t] - new) + (1 - theta[1]) * s
        level = new
        loss = loss + (y[t] - level - s) ** 2
    return loss


def grown(x, n):
    values = [x, x * x]
    for k in range(n):
        values.append(values[k] * values[k + 1] - x)
        values[0] = values[0] + values[-1] * 0.1
    return values[0] * values[3]


def added(x, n):
    sums = [0.0 for _ in range(n)]
    for i in range(3 * n):
        sums[i % n] += x * sums[(i + 1) % n] + x**i / (i + 1)
    return sums[0] * sums[n - 1]


def exchanged(x, n):
    a, b = [x, 1.0, 2.0], [0.0] * 3
    for i in range(n):
        b[i % 3] = a[(i + 1) % 3] * x
        a[i % 3] = b[i % 3] + a[i % 3] * 0.5
    return a[0] * b[1] + a[2]


def of_elements(v, n):
    best = [v[0]] * n
    for i in range(1, n):
        best[i] = best[i - 1] * 0.5 + v[i]
        if best[i] < 0:
            best[i] = best[i] * v[0]
    return best[n - 1]


def overwritten(x, n):
    xs = [x] * n
    for i in range(n):
        xs[i] = 1.0
        xs[i] = xs[i] * x + xs[n - 1 - i]
    return xs[0] * xs[n - 1]


PLAIN = {
    "seasonal": (seasonal, (np.array([0.4, 0.3]), np.array([1.0, 2.0, -0.5, 0.7, 1.5]), 2)),
    "grown": (grown, (0.8, 3)),
    "added": (added, (0.7, 3)),
    "exchanged": (exchanged, (1.1, 5)),
    "of_elements": (of_elements, (V, 4)),
    "overwritten": (overwritten, (1.3, 3)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_list_of_numbers_needs_no_helpers(name):
    function, args = PLAIN[name]
    check(function, *args, argnums=(0,))
    gradient = grad(function)
    first, second = gradient(*args), gradient(*args)
    assert not [helper for helper in HELPERS if f"{helper}(" in gradient.source]
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", [n for n in PLAIN if type(PLAIN[n][1][0]) is float])
def test_second_derivative_of_a_list_of_numbers(name):
    function, (x, n) = PLAIN[name]
    gradient = grad(function)
    expected = (gradient(x + 1e-5, n) - gradient(x - 1e-5, n)) / 2e-5
    try:
        found = grad(gradient)(x, n)
    except KnetsrcError:
        return
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("name", [n for n in PLAIN if type(PLAIN[n][1][0]) is float])
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.array])
def test_list_of_numbers_of_numpy(name, kind):
    function, (x, n) = PLAIN[name]
    gradient = grad(function)
    expected = gradient(x, n)
    np.testing.assert_allclose(gradient(kind(x), n), expected, rtol=1e-4)
    np.testing.assert_allclose(gradient(x, n), expected)


def in_a_branch(x, v, n):
    xs = [0.0] * n
    for i in range(n):
        xs[i] = x * v if i == 1 else x * 2.0
        xs[i] = xs[i] * xs[i - 1] + x
    return np.sum(xs[1]) + xs[0]


def much_later(x, v, n):
    xs = [1.0] * n
    total = 0.0
    for i in range(n):
        total = total + np.sum(xs[i % 2])
        xs[i % 2] = xs[(i + 1) % 2] * x
        xs[(i + 1) % 2] = v * x
    return total


def by_a_second_name(x, v, n):
    xs = [0.0] * n
    ys = xs
    ys[1] = x * v
    xs[0] = xs[1] * x
    return np.sum(xs[0] * xs[1])


def by_a_holder(x, v, n):
    xs = [0.0] * n
    both = [xs, xs]
    both[0][1] = x * v
    return np.sum(xs[1] * x) + xs[0]


def put(xs, i, e):
    xs[i] = e


def by_a_helper(x, v, n):
    xs = [0.0] * n
    put(xs, 1, x * v)
    xs[0] = xs[1] * x
    return np.sum(xs[0] * xs[1])


def by_a_method(x, v, n):
    xs = [x] * n
    xs.extend([x * v])
    xs[0] = xs[-1] * x
    return np.sum(xs[0] * xs[1])


def by_a_slice(x, v, n):
    xs = [x] * n
    xs[1:] = [x * v, x]
    xs[0] = xs[1] * x
    return np.sum(xs[0])


def by_joining(x, v, n):
    xs = [x] * n
    xs = xs + [x * v]  # noqa: RUF005
    xs[0] = xs[-1] * x
    return np.sum(xs[0])


def by_an_inner_function(x, v, n):
    xs = [0.0] * n

    def write(i):
        xs[i] = x * v

    write(1)
    xs[0] = xs[1] * x
    return np.sum(xs[0])


def of_lists(x, v, n):
    xs = [0.0] * n
    xs[0] = [x, x * v]
    xs[1] = xs[0][1] * xs[0][0]
    return np.sum(xs[1])


def of_sums(x, v, n):
    xs = [0.0] * n
    for i in range(n):
        xs[0] += v[i] * x
        xs[1] = xs[0] * v
    return np.sum(xs[1])


def repeated_by_an_array(x, v, n):
    xs = [1.0] * np.ones((2, 1), dtype=int)
    xs[0] = x * v[0]
    return np.sum(xs * xs)


def read_by_helpers(x, v, n):
    xs = [x] * n
    for i in range(n):
        xs[i] = xs[i - 1] * v[i]
    return np.sum(np.array(xs) * v[:n]) + sum(xs) * max(xs)


def gone_through(x, v, n):
    xs = [x] * n
    total = 0.0
    for i in range(n):
        xs[i] = xs[i - 1] * v[i] + total
        for e in xs:
            total = total + e * x
    return total


OTHERS = (
    in_a_branch, much_later, by_a_second_name, by_a_helper, by_a_method, by_a_slice, by_joining,
    by_an_inner_function, of_sums,
    repeated_by_an_array, read_by_helpers, gone_through,
)  # fmt: skip


@pytest.mark.parametrize("function", OTHERS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("ask", [(0,), (0, 1)])
def test_list_into_which_something_else_is_put(function, ask):
    check(function, 1.3, V, 3, argnums=ask)


def test_list_holds_arrays_at_another_call():
    def f(x, n):
        xs = [0.0] * n
        for i in range(n):
            xs[i] = xs[i - 1] * x + x
        return np.sum(xs[n - 1])

    gradient = grad(f)
    for x in (0.5, V, np.array(0.5), np.float64(0.5), 0.5):
        np.testing.assert_allclose(gradient(x, 2), 2 * x + 1)


def test_array_without_axes_in_a_list_is_no_number():
    def f(x):
        xs = [0.0] * 2
        a = np.zeros_like(x)
        xs[0] = a
        a[()] = x * x
        xs[1] = xs[0] * x
        return xs[0] * xs[1]

    def handed(a, x):
        xs = [0.0] * 2
        xs[0] = a
        a[()] = x * x
        return xs[0] * x

    def through(x):
        return handed(np.zeros(()), x)

    for function in (f, through):
        with pytest.raises(KnetsrcError):
            grad(function)(1.5)


@pytest.mark.parametrize("function", [by_a_holder, of_lists])
def test_list_in_a_list_is_refused(function):
    with pytest.raises(KnetsrcError):
        grad(function)(1.3, V, 3)


def test_result_with_a_list_of_numbers():
    def f(x, n):
        xs = [x] * n
        for i in range(1, n):
            xs[i] = xs[i - 1] * x
        return xs

    check(f, 1.2, 3, argnums=(0,))


def bound_in_loop(x, v):
    for k in range(3):
        row = [v[k], x]
        row[0] = row[0] * row[1]
    return row[0] * row[1]


def bound_in_branch(x, v):
    t = 0.0
    for k in range(3):
        if v[k] > 0:
            row = [v[k], x]
            row[1] = row[0] * row[1]
            t = t + row[1]
    return t * row[1]


def read_in_later_turns(x, v):
    t = 0.0
    for k in range(3):
        row = [0.0] * 3
        for i in range(3):
            row[i] = v[i] * x + t
        if k == 0:
            first = row
        t = t + first[1] * row[0]
    return t


@pytest.mark.parametrize("f", [bound_in_loop, bound_in_branch, read_in_later_turns])
def test_list_that_is_not_bound_before_the_loop(f):
    check(f, 1.3, V)


COPIES = {
    "list": "list(y)",
    "tuple": "tuple(y)",
    "display": "[*y]",
    "sum": "y + [x]",
    "comprehension": "[e for e in y]",
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_copy_that_does_not_see_what_is_written_later(copy, tmp_path, monkeypatch):
    text = f"""
def f(x, v):
    y = [v[0], v[1] * x]
    for _ in range(2):
        old = {copy}
        y[0] = old[1] * x
        y[1] = old[0] * y[0]
    return y[0] * y[1] + old[0]
"""
    name = f"copied_by_{next(n for n, c in COPIES.items() if c == copy)}"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    check(importlib.import_module(name).f, 1.3, V)


def test_copies_that_are_kept():
    def f(x, v):
        y = [x, v[0]]
        hist = []
        for i in range(3):
            hist.append(list(y))
            y[0], y[1] = y[1] * v[i], y[0]
        return hist[1][0] * hist[2][1] + y[0]

    check(f, 1.3, V)


def test_copy_of_a_list_of_arrays_shares_them():
    def f(x, v):
        y = [v * x, v * 2.0]
        old = list(y)
        y[0][0] = x
        return np.sum(old[0] * old[1])

    with pytest.raises(UnsupportedAliasError, match="may see"):
        grad(f)(1.3, V)
