"""Only what depends on the asked-for argument and reaches the result is differentiated."""

import numpy as np

from knetsrc import grad
from language.checking import M, V, check


def test_gradient_of_one_argument_of_three():
    def f(x, y, z):
        return np.sum(x * y + np.exp(z) * x)

    for number in range(3):
        check(f, V, V + 1.0, V * 0.5, argnums=(number,))


def test_arguments_in_another_order():
    def f(x, y):
        return np.sum(x**2 * y)

    d_y, d_x = grad(f, argnums=(1, 0))(V, V + 1.0)
    np.testing.assert_allclose(d_y, V**2)
    np.testing.assert_allclose(d_x, 2 * V * (V + 1.0))


def test_other_arguments_may_be_anything():
    def f(x, labels, name, options):
        return np.sum(x[labels]) * len(name) * options["scale"]

    check(f, V, [0, 1], "abc", {"scale": 3, "f": np.sin}, argnums=(0,))


def test_value_that_becomes_active_in_a_later_round():
    def f(x):
        a = 1.0
        b = 2.0
        for _ in range(4):
            a = b * 0.5 + a
            b = x * a
        return a

    check(f, 0.7)


def test_chain_of_three_names_in_a_loop():
    def f(x):
        a = b = c = 0.5
        for _ in range(5):
            a = a + b
            b = b * c
            c = c + x
        return a

    check(f, 0.7)


def test_active_in_one_branch_only():
    def f(x, flag):
        y = 2.0
        if flag:
            y = x * 3.0
        return y * 5.0

    check(f, 0.7, True)
    check(f, 0.7, False)


def test_overwritten_before_it_matters():
    def f(x, y):
        z = x * y
        z = y * 2.0
        return z * y

    check(f, 0.7, 1.5)


def test_active_value_replaced_by_a_constant():
    def f(x):
        y = x * x
        for i in range(3):
            if i == 1:
                y = 3.0
            y = y * x
        return y

    check(f, 0.7)


def test_inactive_array_in_a_container_with_active_one():
    def f(x, w):
        pair = [x, w]
        s = 0.0
        for e in pair:
            s = s + np.sum(e**2)
        return s

    check(f, V, M, argnums=(0,))


def test_parameter_that_is_only_tested():
    def f(x, y):
        if y > 0:
            return x * x
        return x

    check(f, 0.7, 1.5)


def test_result_that_is_inactive_on_the_path_taken():
    def f(x):
        if x > 1:
            return 5.0
        return x * x

    check(f, 2.0)
    check(f, 0.5)


def test_loop_whose_result_is_not_used():
    def f(x):
        y = x
        for _ in range(3):
            y = y * 2.0
        return np.sum(x**2)

    check(f, V)


def test_active_value_only_printed_or_tested():
    def f(x):
        norm = np.sum(x**2)
        if norm > 100:
            raise ValueError(norm)
        return np.sum(x)

    check(f, V)


def test_argument_read_at_the_very_end():
    def f(x, y):
        s = 1.0
        for _ in range(3):
            s = s * x
        return s * y

    check(f, 0.7, 1.5)


def test_integer_leaves_stay_out_of_the_arithmetic():
    def f(p):
        return np.sum(p["w"] ** p["power"]) * p["count"]

    check(f, {"w": V, "power": 3, "count": 2, "name": "p", "none": None, "on": True})
