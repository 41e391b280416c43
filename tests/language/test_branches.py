"""`if`, `elif`, `else`, ternaries, boolean operators, chained comparison."""

import numpy as np
import pytest

from language.checking import V, check


@pytest.mark.parametrize("x", [1.5, -0.5, -3.0])
def test_if_elif_else(x):
    def f(x):
        if x > 0:
            y = x**2
        elif x > -1:
            y = np.sin(x)
        else:
            y = x * 3.0
        return y * x

    check(f, x)


@pytest.mark.parametrize("x", [1.5, -0.5])
def test_if_without_else(x):
    def f(x):
        y = x
        if x > 0:
            y = y * x
        return y

    check(f, x)


def test_branch_on_a_flag():
    def f(x, flag):
        if flag:
            x = x * 2.0
        return np.sum(x**2)

    check(f, V, True)
    check(f, V, False)


def test_branch_on_a_string():
    def f(x, kind):
        if kind == "square":
            return np.sum(x**2)
        elif kind in ("cube", "third"):
            return np.sum(x**3)
        raise ValueError(kind)

    check(f, V, "square")
    check(f, V, "third")


def test_branch_on_none():
    def f(x, y):
        if y is None:
            return np.sum(x**2)
        return np.sum(x * y)

    check(f, V, None)
    check(f, V, V + 1.0)


@pytest.mark.parametrize("x", [0.3, 0.7, 3.0])
def test_nested_branches(x):
    def f(x):
        y = 1.0
        if x < 2:
            if x < 0.5:
                y = x
            else:
                y = x * x
            y = y * 2.0
        else:
            x = x / 3.0
        return y * x

    check(f, x)


def test_branch_rebinds_what_it_tests():
    def f(x):
        if x > 1:
            x = x - 5.0
        if x > 1:
            x = x * 100.0
        return x * x

    check(f, 2.0)
    check(f, 7.0)
    check(f, 0.5)


def test_ternary():
    def f(x):
        return x**2 if x > 0 else -x

    check(f, 2.0)
    check(f, -2.0)


def test_nested_ternary_inside_an_expression():
    def f(x):
        return 3.0 * (x if x > 1 else x**2 if x > 0 else x**3) + x

    check(f, 2.0)
    check(f, 0.5)
    check(f, -2.0)


def test_ternary_as_argument_evaluates_one_arm():
    def f(x):
        return np.sum(np.exp(np.log(x) if x[0] > 0 else -x))

    check(f, np.array([0.5, 2.0]))
    check(f, np.array([-0.5, -2.0]))


def test_ternary_in_a_loop():
    def f(xs):
        s = 0.0
        for x in xs:
            s = s + (x if x > 0 else 0.1 * x) * x
        return s

    check(f, [0.5, -1.5, 2.0])


def test_chained_comparison():
    def f(x):
        if 0 < x < 1 <= 2:
            return x * 5.0
        return x * x

    check(f, 0.5)
    check(f, 1.5)


def test_and_or_not_in_a_condition():
    def f(x, y):
        if (x > 0 and not y > 0) or x > 10:
            return x * y
        return x + y

    check(f, 1.0, -1.0)
    check(f, 1.0, 1.0)


def test_and_does_not_evaluate_its_right_side():
    def f(x, xs):
        if xs and xs[0] > 0:
            x = x * xs[0]
        return x * x

    check(f, 1.5, [])
    check(f, 1.5, [2.0])


def test_or_as_default_value():
    def f(x, y):
        z = y or x
        return z * x

    check(f, 1.5, 0.5)
    check(f, 1.5, None, argnums=(0,))


def test_and_as_value():
    def f(x, y):
        z = x and x * y
        return z * y

    check(f, 1.5, 0.5)


def test_is_instance():
    def f(x):
        if isinstance(x, tuple):
            return x[0] * x[1]
        return x * 2.0

    check(f, (1.5, 2.0))
    check(f, 1.5)


def test_list_bound_in_branches():
    def f(x, deep):
        if deep:
            layers = [x, x * 2.0, x**2]
        else:
            layers = [x]
        s = 0.0
        for layer in layers:
            s = s + np.sum(layer)
        return s * len(layers)

    check(f, V, True)
    check(f, V, False)


def test_branch_that_leaves_a_name_untouched():
    def f(x, y, n):
        z = x * y
        for i in range(n):
            if i % 2 == 0:
                z = z * x
            elif i == 3:
                pass
            else:
                y = y + z
        return z + y

    check(f, 0.8, 0.5, 5)


def test_branch_on_shape():
    def f(x):
        if x.ndim == 1:
            x = x[:, None]
        if x.shape[0] > 2 and len(x) < 10:
            return np.sum(x**2)
        return np.sum(x)

    check(f, V)
    check(f, V[:2].copy())


def test_branch_of_different_types():
    def f(x, n):
        if n > 2:
            y = 0
        else:
            y = x * n
        return np.sum(x * y + x)

    check(f, V, 1)
    check(f, V, 3)


def test_branches_that_both_raise_or_return():
    def f(x):
        if np.any(np.isnan(x)):
            raise ValueError("not a number")
        elif len(x) == 0:
            return 0.0
        else:
            return np.sum(x * x)

    check(f, V)
