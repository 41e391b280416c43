"""Adjoints that share memory, values and arguments that share memory, repeated indices."""

import numpy as np
import pytest

from knetsrc import NotDifferentiableError, UnsupportedAliasError, grad, vjp
from language.checking import M, V, check


def refused_or_right(f, *args):
    """Either the gradient is right and the arguments are as before, or the function is refused."""
    try:
        check(f, *args)
    except UnsupportedAliasError:
        return


def test_copy_of_an_adjoint_is_not_added_into():
    def f(x, y):
        z = x + y
        return np.sum(z * z) + np.sum(x * 3.0)

    check(f, V, V * 0.5)


def test_adjoint_of_a_copy_of_a_name():
    def f(x):
        y = x
        z = y
        return np.sum(y * z) + np.sum(x * 2.0)

    check(f, V)


def test_adjoints_of_two_results_that_are_one_array():
    def both(x):
        a = x * 2.0
        b = x * 3.0
        a[0] = b[1] * b[0]
        return a, b

    def f(x):
        a, b = both(x)
        c = a + b  # d_a and d_b are d_c
        return np.sum(c * c)

    check(f, V)


def test_adjoint_of_both_operands_of_a_sum():
    def f(a, b):
        c = a + b
        d = a - b
        e = c + d
        return np.sum(e * c + a)

    check(f, V, V * 0.5)


def test_adjoint_of_a_reshaped_array():
    def f(x):
        y = x.reshape(2, 2)
        return np.sum(y * y) + np.sum(x * x) + np.sum(x.T * 2.0)

    check(f, V)


def test_adjoint_of_a_transpose_in_a_loop():
    def f(m):
        a = m
        for _ in range(3):
            a = a.T + 1.0
            m = m + a.T if a.shape != m.shape else m + a
        return np.sum(a**2) + np.sum(m**2)

    check(f, M)


def test_cotangent_is_not_changed_by_the_pullback():
    def f(x):
        y = x
        return y + x * 2.0

    cotangent = np.ones(4)
    _, pullback = vjp(f, V)
    np.testing.assert_array_equal(pullback(cotangent)[0], np.full(4, 3.0))
    np.testing.assert_array_equal(cotangent, np.ones(4))


def test_cotangents_of_two_results_that_are_one_array():
    def f(x):
        y = x * 2.0
        return y, y

    ones = np.ones(4)
    _, pullback = vjp(f, V)
    np.testing.assert_array_equal(pullback((ones, ones))[0], np.full(4, 4.0))
    np.testing.assert_array_equal(ones, np.ones(4))


def test_adjoint_of_a_list_element_used_twice():
    def f(xs):
        a = xs[0]
        b = xs[0]
        return np.sum(a * b + a) + np.sum(xs[0] * 3.0)

    check(f, [V, M])


def test_adjoint_of_two_containers_of_one_array():
    def f(x):
        pair = (x, x)
        other = [pair[0], x]
        return np.sum(pair[0] * pair[1] * other[0] + other[1])

    check(f, V)


def test_saved_values_are_not_the_same_array_changed_later():
    def f(x):
        y = x * 1.0
        s = 0.0
        for _ in range(3):
            s = s + np.sum(y * y)
            y += x
        return s

    check(f, V)


def test_accumulator_saved_in_a_list_and_changed_later():
    def f(x):
        y = x * 1.0
        ys = []
        for _ in range(3):
            ys.append(y)
            y = y + x
        return np.sum(ys[0] * ys[1] * ys[2])

    check(f, V)


def test_accumulator_appended_and_changed_in_place():
    def f(x):
        y = x * 1.0
        ys = []
        for _ in range(3):
            ys.append(y)
            y += x
        return np.sum(ys[0] * ys[1] * ys[2])

    refused_or_right(f, V)


@pytest.mark.parametrize(
    "copy", [lambda a: a, lambda a: a[1:], lambda a: a.T, lambda a: a.reshape(-1)]
)
def test_augmented_assignment_through_a_second_name(copy):
    def f(x):
        a = x * 2.0
        b = copy(a)
        b += 1.0
        return np.sum(a * a) + np.sum(b)

    refused_or_right(f, M)


def test_augmented_assignment_of_a_view_bound_in_the_function():
    def f(x):
        a = x * 2.0
        b = a[1:]
        b *= 3.0
        return np.sum(a * a)

    refused_or_right(f, V)


def test_augmented_assignment_of_what_a_view_was_taken_of():
    def f(x):
        a = x * 2.0
        b = a.ravel()
        a *= 3.0
        return np.sum(b * b)

    refused_or_right(f, M)


def test_augmented_assignment_of_a_row_of_a_loop():
    def f(m):
        s = 0.0
        for row in m:
            row += 1.0
            s = s + np.sum(row * row)
        return s + np.sum(m)

    refused_or_right(f, M)


def test_augmented_assignment_of_an_element_of_a_list():
    def f(xs):
        for x in xs:
            x *= 2.0
        return np.sum(xs[0] * xs[1])

    refused_or_right(f, [V, V + 1.0])
    refused_or_right(f, [0.5, 1.5])


def test_augmented_assignment_of_an_argument():
    def f(x, y):
        x += y
        return np.sum(x * y)

    refused_or_right(f, V, V + 1.0)
    check(f, 0.5, 1.5)


def test_augmented_assignment_of_an_array_passed_twice():
    def f(x, y):
        x += 1.0
        return np.sum(x * y)

    a = V.copy()
    try:
        d_x, d_y = grad(f, (0, 1))(a, a)
    except UnsupportedAliasError:
        return
    np.testing.assert_array_equal(a, V)
    np.testing.assert_allclose(d_x + d_y, 2 * (V + 1.0))


def test_augmented_assignment_in_a_helper_is_seen_by_its_caller():
    def shift(y):
        y += 1.0
        return y * 2.0

    def f(x):
        y = x * 3.0
        z = shift(y)
        return np.sum(y * z)

    refused_or_right(f, V)


def test_augmented_assignment_of_a_captured_array():
    def f(x):
        a = x * 2.0

        def inner(z):
            return z * a

        a += 1.0
        return np.sum(inner(x))

    refused_or_right(f, V)


def test_augmented_assignment_of_the_result_of_a_helper_that_returns_its_argument():
    def same(y):
        return y

    def f(x):
        a = x * 2.0
        b = same(a)
        b += 1.0
        return np.sum(a * b)

    refused_or_right(f, V)


def test_augmented_assignment_of_an_array_that_may_be_a_view():
    def f(x, flag):
        a = x * 2.0
        b = a if flag else a * 3.0
        b += 1.0
        return np.sum(a * b)

    refused_or_right(f, V, True)
    refused_or_right(f, V, False)


def test_augmented_assignment_of_asarray():
    def f(x):
        y = np.asarray(x)
        y *= 2.0
        return np.sum(x * y)

    refused_or_right(f, V)


def test_augmented_assignment_of_an_attribute_value():
    def f(p):
        w = p["w"]
        w -= 1.0
        return np.sum(w * p["w"])

    refused_or_right(f, {"w": V})


def test_chain_of_targets_shares_one_array():
    def f(x):
        a = b = x * 2.0
        a += 1.0
        return np.sum(a * b)

    refused_or_right(f, V)


def test_repeated_indices_are_added_up():
    check(lambda x: np.sum(x[[0, 0]] ** 2), V)
    check(lambda x: np.sum(x[np.array([[0, 1], [0, 0]])] ** 2), V)
    check(lambda m: np.sum(m[[0, 0, 1], [2, 2, 0]] ** 2), M)


def test_repeated_indices_in_a_loop():
    def f(x, rows):
        s = 0.0
        for row in rows:
            s = s + np.prod(x[row])
        return s

    check(f, V, [[0, 0], [1, 0], [3, 3]])


def test_index_by_a_list_of_booleans():
    check(lambda x: np.sum(x[[True, False, True, False]] ** 2), V)


def test_index_by_a_tuple_in_a_name():
    def f(m, where):
        return m[where] ** 2

    check(f, M, (0, 1))
    check(f, M, ([0, 0], [1, 1]))


def test_gradient_call_leaves_a_captured_array_alone():
    w = V.copy()

    def f(x):
        y = w
        z = y + x
        z *= 2.0
        return np.sum(z * w)

    check(f, V)
    np.testing.assert_array_equal(w, V)


def test_gradients_of_one_call_survive_the_next():
    def f(x):
        return np.sum(x)

    slope = grad(f)
    first = slope(V)
    first *= 5.0
    np.testing.assert_array_equal(slope(V), np.ones(4))


def test_element_of_the_columns_that_a_list_picks():
    check(lambda x: x[:, [2]][1, 0] * x[[1, 1]][0, 1], M)


@pytest.mark.parametrize("rows", [np.array([1, 1]), np.array([True, False]), 1])
def test_element_of_the_rows_that_an_argument_picks(rows):
    def f(x, rows):
        return np.sum(x[rows][0] ** 2)

    check(f, M, rows)


@pytest.mark.parametrize("key", [0, "w"])
def test_element_of_the_entry_that_an_argument_picks(key):
    def f(parameters, key):
        return parameters[key][0] * parameters[key][1][0]

    check(f, [(0.5, V)] if key == 0 else {"w": [0.5, V]}, key)


@pytest.mark.parametrize(
    "make",
    [
        lambda x, like: np.zeros(4, int),
        lambda x, like: np.array([1, 2, 3, 4]),
        lambda x, like: np.zeros_like(like),
        lambda x, like: like.copy(),
        lambda x, like: x.astype(int),
        lambda x, like: np.full(4, 0),
    ],
    ids=["zeros", "literal", "zeros_like", "copy", "astype", "full"],
)
def test_write_into_integers_does_not_count_as_smooth(make):
    def whole(x, like):
        b = make(x, like)
        b[...] = x * x
        return np.sum(b * x)

    def part(x, like):
        b = make(x, like)
        b[1:] = x[1:] * x[1:]
        return np.sum(b * x)

    for f in (whole, part):
        with pytest.raises(NotDifferentiableError, match="into an array of int64"):
            grad(f)(V, np.arange(4))


def test_write_into_an_array_of_integers_that_was_handed_in():
    def f(x, b):
        for i in range(4):
            b[i] = x[i] * x[i]
        return np.sum(b * x)

    with pytest.raises(NotDifferentiableError, match=r"`b\[i\] = x\[i\] \* x\[i\]` writes"):
        grad(f)(V, np.arange(4))
    check(f, V, np.arange(4.0), argnums=(0,))


class _Bent:
    def __init__(self, w, history):
        self.w, self.history = w, history

    def scaled(self, by):
        return np.sin(self.w) * by


class _Straight(_Bent):
    def scaled(self, by):
        return self.w * by


def test_pullback_of_objects_that_hold_what_is_written_into():
    def f(y):
        z = sum(layer.scaled(0.5) for layer in [_Bent(y, [y]), _Straight(y, [])])
        y[1] = 1.0
        return np.sum(z)

    expected = grad(f)(V)
    _, pullback = vjp(f, V)
    for _ in range(2):
        np.testing.assert_allclose(pullback(1.0)[0], expected, rtol=1e-12)
    check(f, V)
