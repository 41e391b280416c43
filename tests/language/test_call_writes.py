"""Calls that write into an array: `out=`, `np.copyto`, `np.put`, `.fill()`, `.sort()`, `np.add.at` and the like."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check

W = np.array([1.1, 0.8, -0.7, 1.6])
S = np.array([[4.0, 1.0, 0.5], [0.7, 5.0, 1.2], [0.3, 0.9, 6.0]])


# --- out= -----------------------------------------------------------------------------------------------------------------
def test_out_of_a_function_of_two():
    def f(x, y):
        t = np.empty(4)
        np.multiply(x, y, out=t)
        s = np.sum(t * t)
        np.add(t, x, out=t)
        return s * np.sum(np.sin(t))

    check(f, V, W + 2.0)


def test_out_of_a_function_of_one_is_its_argument():
    def f(x):
        y = x * 0.5
        np.exp(y, out=y)
        z = np.sum(y * y)
        np.sqrt(y, y)
        return z * np.sum(y)

    check(f, V)


def test_out_by_position():
    def f(x, y):
        t = np.zeros(4)
        np.subtract(x, y, t)
        return np.sum(t * t * x)

    check(f, V, W)


def test_out_in_a_tuple():
    def f(x):
        t = np.zeros(4)
        np.negative(x, out=(t,))
        return np.sum(t**3)

    check(f, V)


def test_out_none_is_no_out():
    def f(x):
        return np.sum(np.exp(x, out=None) * x)

    check(f, V)


def test_result_of_a_call_with_out():
    def f(x, y):
        t = np.zeros(4)
        s = np.sum(np.multiply(x, y, out=t) ** 2)
        x = np.exp(x, out=x)
        return s + np.sum(np.add(t, x, out=t) * x)

    check(f, V, W)


def test_call_with_out_among_operands():
    def f(x):
        t = x * 1.0
        return np.sum(np.sin(t[0]) + np.exp(t) * np.multiply(t, t, out=t)[::-1] + t[2:3])

    check(f, V)


def test_out_of_an_argument_leaves_the_caller_alone():
    def f(x, y):
        np.multiply(x, y, out=x)
        np.tanh(x, out=x)
        return np.sum(x * y)

    check(f, V.copy(), W.copy())


def test_out_is_a_slice_and_a_row():
    def f(x, a):
        a = a * 1.0
        np.multiply(x, a[0], out=a[1])
        np.add(a[:, 1:], x[1:], out=a[:, :-1])
        np.sin(a[1, ...], out=a[1, ...])
        return np.sum(a * a)

    check(f, V[:3], M)


def test_out_is_an_array_of_a_list():
    def f(x):
        ts = [np.zeros(4), x * 2.0]
        for i in range(2):
            np.multiply(x, ts[1], out=ts[i])
        return np.sum(ts[0] * ts[1])

    check(f, V)


def test_out_that_is_larger_than_the_operands():
    def f(x, s):
        t = np.ones((3, 4))
        np.add(x, s, out=t)
        np.exp(x[0], out=t[1])
        np.multiply(t, x[:, None][:3], out=t)
        return np.sum(t * np.arange(12.0).reshape(3, 4))

    check(f, V, 0.7)


def test_out_of_overlapping_slices():
    def f(x):
        y = x * x
        np.add(y[1:], y[:-1], out=y[1:])
        np.multiply(y[:-1], y[1:], out=y[1:])
        np.subtract(y, y[::-1], out=y)
        return np.sum(y * np.arange(4.0))

    check(f, V)


def test_out_in_a_loop():
    def f(x, dt, n):
        v = np.zeros_like(x)
        force = np.empty_like(x)
        for _ in range(n):
            np.sin(x, out=force)
            np.multiply(force, -dt, out=force)
            np.add(v, force, out=v)
            x = x + dt * v
        return np.sum(x * x) + np.sum(v * force)

    check(f, V, 0.1, 4)


def test_out_in_one_branch_and_in_a_condition():
    def f(x, flag):
        t = x * 2.0
        if flag and np.sum(np.multiply(t, t, out=t)) > 0:
            np.add(t, 1.0, out=t)
        else:
            np.cos(t, out=t)
        return np.sum(t * x)

    check(f, V, True)
    check(f, V, False)


def test_out_of_products_and_reductions():
    def f(a, x):
        t, row, n = np.zeros_like(x), np.zeros_like(x), np.zeros((), x.dtype)
        np.dot(a, x, out=t)
        np.matmul(a, t, out=t)
        a.sum(axis=0, out=row)
        np.max(a * a, axis=1, out=row[::-1])
        np.sum(row, out=n)
        np.clip(t, 1.0, 50.0, out=t)
        np.cumsum(t * row, out=t)
        return np.sum(t) * n

    check(f, S, V[:3])


def test_out_of_functions_that_do_not_expect_overlap():
    def f(x):
        y = x * x
        np.concatenate([y[1:], y[:1]], out=y)
        np.take(y, [2, 0, 0, 1], out=y)
        return np.sum(y * np.arange(4.0))

    def without_out(x):
        y = (x * x)[[1, 2, 3, 0]][[2, 0, 0, 1]]
        return np.sum(y * np.arange(4.0))

    np.testing.assert_allclose(grad(f)(V), grad(without_out)(V))


def test_where_of_a_division_by_zero():
    def f(x, y):
        q = np.divide(x, y, out=np.zeros_like(x), where=y != 0)
        np.log(y, out=q, where=y > 0.4)
        return np.sum(q * q * x)

    check(f, V, np.array([0.5, 0.0, 2.0, -0.3]), argnums=(0,))
    slope = grad(f, argnums=1)(V, np.array([0.5, 0.0, 2.0, -0.3]))
    assert np.all(np.isfinite(slope)) and slope[1] == 0.0


def test_where_that_is_broadcast():
    def f(a, s):
        t = a * 2.0
        np.multiply(a[:, :1], s, out=t, where=np.array([True, False, True]))
        np.add(1.0, a, out=t, where=a > 1.0)
        return np.sum(t * t)

    check(f, M, 0.7)


def test_out_reads_as_the_user_wrote_it():
    def f(x, y):
        t = np.zeros(4)
        np.multiply(x, y, out=t)
        np.add(t, x, out=t)
        return np.sum(t * t)

    source = grad(f).source
    assert "    np.multiply(x, y, out=t)\n    np.add(t, x, out=t)\n" in source
    assert "before" not in source  # both are linear in what they write over


def test_out_of_integers_is_refused_as_numpy_does():
    def f(x):
        t = np.zeros(4, int)
        np.multiply(x, 2.0, out=t)
        return np.sum(t * x)

    with pytest.raises(TypeError, match="Cannot cast"):
        f(V)
    with pytest.raises(TypeError, match="Cannot cast"):
        grad(f)(V)


def test_out_of_less_precision():
    def f(x):
        t = np.zeros(4, np.float32)
        np.multiply(x, x, out=t)
        return np.sum(t * x)

    np.testing.assert_allclose(grad(f)(V), 3 * V**2, rtol=1e-6)


# --- functions that write into their first argument -----------------------------------------------------------------------------
def test_copyto():
    def f(x, y):
        t = np.zeros((2, 4))
        np.copyto(t, x)
        np.copyto(t[1], y)
        np.copyto(dst=y, src=t[0] * t[1])
        return np.sum(t * t) * np.sum(y)

    check(f, V, W)


def test_copyto_where():
    def f(x, y):
        np.copyto(x, y, where=x > 0)
        np.copyto(x, 0.5, where=[True, False, False, False])
        return np.sum(x * x * y)

    check(f, V, W)


def test_copyto_in_an_expression_gives_none():
    def f(x):
        t = np.zeros(4)
        if np.copyto(t, x * x) is None:
            t = t * 2.0
        return np.sum(t)

    check(f, V)


def test_copyto_refuses_integers_as_numpy_does():
    def f(x):
        t = np.zeros(4, int)
        np.copyto(t, x)
        return np.sum(t * x)

    with pytest.raises(TypeError, match="Cannot cast"):
        grad(f)(V)


def test_fill():
    def f(x, s):
        t = x * 2.0
        z = np.sum(t * t)
        t.fill(s)
        t[2:].fill(x[0])
        return z + np.sum(t * t * x)

    check(f, V, 0.7)


@pytest.mark.parametrize("indices", [2, [0, 5, 2], [[0, -1], [3, 3]], np.array([4, 4, 1])], ids=str)
def test_put_of_flat_indices(indices):
    def f(a, v):
        a = a * a
        z = np.sum(np.sin(a))
        np.put(a, indices, v[: np.size(indices)])
        return z * np.sum(a * np.arange(6.0).reshape(2, 3))

    check(f, M, V)


def test_put_of_too_few_values_repeats_them():
    def f(a, v):
        a.put([0, 1, 2, 3, 4], v[:2] * a.size)
        np.put(a, [0, 5], 3.0)
        return np.sum(a * np.arange(6.0).reshape(2, 3) * v[0])

    check(f, M, V)


@pytest.mark.parametrize("mask", [V > 0, [1, 0, 1, 1], [True, False, False, True]], ids=str)
def test_place_and_putmask(mask):
    def f(x, v):
        y, z = x * x, x * 2.0
        np.place(y, mask, v[:2])
        np.putmask(z, mask, v * v)
        np.putmask(z, y > 0.9, 0.25)
        np.place(y, z > 0.6, [v[0], x[1]])
        return np.sum(y * z * np.arange(4.0))

    check(f, V, W * 0.5)


@pytest.mark.parametrize("shape", [(3, 3), (3, 2), (2, 3), (2, 2, 2)], ids=str)
def test_fill_diagonal(shape):
    def f(a, v):
        a = a * a
        np.fill_diagonal(a, v[: min(a.shape)])
        z = np.sum(np.cos(a))
        np.fill_diagonal(a, v[0])
        return z * np.sum(a)

    check(f, np.linspace(-1.0, 1.5, int(np.prod(shape))).reshape(shape), V)


def test_sort():
    def f(x, a):
        y = x * x
        y.sort()
        z = np.sum(y * np.arange(4.0))
        a = a * 1.0
        a.sort(axis=0)
        b = np.copy(a)
        b.sort()
        return z * np.sum(a * b * np.arange(6.0).reshape(2, 3))

    check(f, V, M)


def test_call_in_a_nested_function_without_derivative():
    def f(x):
        def counted(z):
            u = z * 1.0
            np.add.at(u, [0, 0], 1.0)
            return u

        return np.sum(x) * np.sum(counted(np.zeros(3)))

    check(f, V)


def test_sort_of_an_argument_and_of_a_copy():
    def f(x):
        y = x.copy()
        y.sort()
        z = np.sum((x - 0.5) * y)
        x.sort()
        return z * np.sum(x * np.arange(4.0))

    check(f, V)


# --- np.add.at --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "index", [[0, 2, 0, 1], np.array([1, 1, 1, 1]), slice(None), V > -9.0], ids=str
)
def test_addition_at_an_element_that_is_listed_twice(index):
    def f(x, v):
        y = x * x
        np.add.at(y, index, v * v)
        z = np.sum(np.sin(y))
        np.subtract.at(y, index, 2.0 * v)
        return z * np.sum(y * np.arange(1.0, 5.0))

    check(f, V, W)


def test_addition_at_rows_and_columns():
    def f(a, v):
        t = np.zeros((3, 3))
        np.add.at(t, (np.array([0, 1, 1, 0]), [2, 0, 0, 2]), v)
        np.add.at(t, ([0, 0], slice(1, 3)), a[:, :2])
        np.add.at(t, 1, 0.5 * v[0])
        return np.sum(t * t)

    check(f, M, V)


def test_addition_at_of_what_it_adds_to():
    def f(x):
        y = x * 1.0
        np.add.at(y, [0, 0, 1], y[1:] * y[0])
        return np.sum(y * y)

    check(f, V)


def test_histogram_in_a_loop():
    def f(x, bins, n):
        h = np.zeros(3)
        for i in range(n):
            np.add.at(h, bins[i:], x[i:] * h[1])
            np.add.at(h, bins, x * x)
        return np.sum(h * h)

    check(f, V, np.array([0, 2, 0, 1]), 3)


def test_name_of_a_list_and_an_array_is_not_sorted():
    def f(xs):
        xs.sort()
        return xs[0]

    with pytest.raises(Exception, match="changes `xs` in place"):
        grad(f)(V)


def test_number_that_is_copied_into_an_array():
    """It was written as `np.sum(z, out=x)`, which NumPy refuses."""

    def f(x, z):
        np.copyto(x, np.sum(z * 2))
        y = np.zeros((2, 4))
        np.copyto(y, np.cumsum(z))
        return np.sum(np.sin(x)) + np.sum(y**2)

    check(f, V, V[::-1] * 0.5)
