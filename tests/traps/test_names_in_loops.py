"""Names overwritten, bound in one branch only, read after the loop, loops that run zero times."""
# ruff: noqa: B007, B020

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad
from language.checking import M, V, check


def test_overwritten_name_whose_old_value_is_needed():
    def f(x):
        for _ in range(3):
            y = x * x
            x = np.sin(y) * x
            y = y * x
            x = x + y
        return x

    check(f, 0.7)


def test_name_overwritten_twice_in_one_round():
    def f(x):
        y = x
        for i in range(3):
            y = y * x
            y = np.sin(y) + i
        return y * x

    check(f, 0.7)


def test_name_of_the_round_before():
    def f(xs):
        before = 1.0
        s = 0.0
        for x in xs:
            s = s + before * x
            before = x
        return s

    check(f, [0.5, 1.5, -2.0])


def test_two_rounds_before():
    def f(x):
        a, b, c = x, 2.0 * x, 3.0 * x
        for _ in range(4):
            a, b, c = b, c, a * b
        return a + b * c

    check(f, 0.7)


@pytest.mark.parametrize("flag", [True, False])
def test_name_bound_in_one_branch_only(flag):
    def f(x, flag):
        if flag:
            y = x * x
        s = x * 3.0
        if flag:
            s = s * y
        return s

    check(f, 0.7, flag)


def test_name_bound_in_one_branch_of_a_loop():
    def f(x):
        for i in range(4):
            if i == 1:
                y = x * x
            if i >= 1:
                x = x * y + 0.1
        return x

    check(f, 0.7)


def test_name_first_bound_inside_a_loop():
    def f(xs):
        for x in xs:
            y = x * x
        return y * 3.0

    check(f, [0.5, 1.5])


@pytest.mark.parametrize("n", [0, 1, 3])
def test_loop_that_may_run_zero_times(n):
    def f(x, n):
        y = x * 2.0
        for i in range(n):
            y = y * x + i
        while n > 5:
            y = y * y
        return y * x

    check(f, 0.7, n)


def test_loop_over_an_empty_list():
    def f(x, ys):
        for y in ys:
            x = x * y
        return x * x

    check(f, 0.7, [])
    check(f, 0.7, [2.0])


def test_loop_over_an_empty_array():
    def f(x, ys):
        for y in ys:
            x = x * np.sum(y)
        return x * x

    check(f, 0.7, np.zeros((0, 3)))


def test_inner_loop_that_runs_zero_times_at_first():
    def f(x):
        for i in range(3):
            for j in range(i):
                x = x * 1.5 + j
        return x

    check(f, 0.7)


def test_loop_variable_read_after_the_loop():
    def f(x):
        for i in range(4):
            x = x * 1.1
        return x * i

    check(f, 0.7)


def test_loop_variable_read_after_a_break():
    def f(x):
        for i in range(10):
            x = x * 1.7
            if x > 3.0:
                break
        return x**i

    check(f, 0.7)


def test_active_loop_variable_read_after_the_loop():
    def f(xs):
        s = 1.0
        for x in xs:
            s = s * x
        return s * x

    check(f, [0.5, 1.5, -2.0])


def test_active_loop_variable_read_after_a_break():
    def f(xs):
        for i, x in enumerate(xs):
            if x < 0:
                break
        return x * x + i * x

    check(f, [0.5, -1.5, 2.0])


def test_loop_variable_that_was_bound_before():
    def f(i, xs):
        for i in xs:
            pass
        return i * i

    check(f, 2.0, [0.5, 1.5])
    check(f, 2.0, [])


def test_loop_variable_reused_by_the_next_loop():
    def f(x):
        for i in range(3):
            x = x * (i + 1)
        for i in range(2):
            x = x * x + i
        return x * i

    check(f, 0.7)


def test_loop_variable_reused_by_an_inner_loop():
    def f(x):
        for i in range(3):
            x = x + i
            for i in range(2):
                x = x * (i + 0.5)
            x = x + i
        return x

    check(f, 0.7)


def test_index_computed_before_it_changes():
    def f(x):
        i = 0
        s = 1.0
        for _ in range(3):
            s = s * x[i] + x[i + 1]
            i = i + 1
        return s

    check(f, V)


def test_power_whose_exponent_changes():
    def f(x):
        n = 1
        s = 0.0
        for _ in range(4):
            s = s + x**n
            n = n * 2
        return s

    check(f, 0.7)


def test_constant_factor_that_changes():
    def f(x):
        k = 1.0
        for _ in range(4):
            x = x * k + 0.3
            k = k * 0.5 + 1.0
        return x

    check(f, 0.7)


def test_array_factor_that_is_replaced():
    def f(x):
        w = np.arange(4.0)
        for _ in range(3):
            x = np.sin(x * w)
            w = w[::-1] + 1.0
        return np.sum(x)

    check(f, V)


def test_container_that_is_replaced():
    def f(x, options):
        for _ in range(3):
            x = x * options["k"]
            options = {"k": options["k"] + 1}
        return x

    check(f, 0.7, {"k": 1})


def test_parameter_overwritten_after_its_use():
    def f(w, x):
        y = w @ x
        w = y * 2.0
        x = np.sum(w)
        return x * np.sum(y)

    check(f, M, V[:3])


def test_name_overwritten_with_another_shape():
    def f(m):
        y = m @ m.T
        y = np.sum(y, axis=0)
        y = y[0] * y
        return np.sum(y)

    check(f, M)


def test_name_overwritten_in_a_branch_in_a_loop():
    def f(xs):
        y = 1.0
        for x in xs:
            if x > 0:
                y = y * x
            z = y * x
            if x < 1:
                y = z + x
        return y * z

    check(f, [0.5, 1.5, -2.0, 0.7])


def test_range_whose_bound_changes_in_the_loop():
    def f(x, n):
        for i in range(n):
            n = n - 1
            x = x * 1.2 + n
        return x * n

    check(f, 0.7, 4)


def test_step_of_a_range_that_changes_after_the_loop():
    def f(x, start, step):
        for i in range(start, 9, step):
            x = x * 1.2 + i
        start, step = 5, 7
        return x * start * step

    check(f, 0.7, 1, 3)


def test_list_that_is_rebound_after_the_loop():
    def f(xs):
        s = 1.0
        for x in xs:
            s = s * x
        xs = [s, s]
        return xs[0] * xs[1]

    check(f, [0.5, 1.5])


def test_second_loop_does_not_reuse_the_saved_list():
    def f(x):
        for _ in range(2):
            x = np.sin(x) * x
        y = x
        for _ in range(3):
            x = np.cos(x) * x
        return x * y

    check(f, 0.7)


def test_same_statement_in_a_loop_of_a_loop():
    def f(x):
        for _ in range(2):
            for _ in range(2):
                x = x * x + 0.1
            x = np.sin(x)
        return x

    check(f, 0.7)


def test_loop_variable_rebound_after_a_break():
    def f(xs):
        for x in xs:
            y = np.arctan(x)
            if y > 0.5:
                break
            x = x * 3.0
        return y * x

    check(f, [0.2, 1.5, 2.0])
    check(f, [0.2, 0.1])


def test_name_that_is_bound_twice_by_one_call_is_refused():
    def pair(u, v):
        return u * v, u + v * v

    def f(x, y):
        x, x = pair(x, y)
        return x * y

    with pytest.raises(
        UnsupportedSyntaxError, match="a name that is bound twice by one assignment"
    ):
        grad(f)(0.7, 1.5)


def test_constant_returned_from_a_loop():
    def f(x, y, n):
        for i in range(n):
            y = y * x
            if i == 1:
                return 0.1
        return y

    check(f, 0.7, 1.5, 1)
    check(f, 0.7, 1.5, 3)


def test_loop_that_returns_in_its_first_round():
    def f(x, y):
        for _ in range(2):
            y = x
            return y * 2.0
        return y

    check(f, 0.7, 1.5)


def test_last_element_read_before_the_list_grows():
    def f(x, y):
        ys = [y]
        first = ys[-1]
        for _ in range(2):
            ys.append(x * first)
        return first * ys[-1] + ys[-2] * ys[0]

    check(f, 0.7, 1.5)


def test_last_element_read_between_two_appends():
    def f(x, y):
        ys = [x]
        a = ys[-1] * y
        ys.append(a * a)
        b = ys[-1] * ys[-2]
        ys.append(b)
        return sum(ys) * ys[-1]

    check(f, 0.7, 1.5)


def test_name_bound_by_an_inner_loop_that_never_runs():
    def f(x, y):
        for e in y:
            if 0.7 < x < 0.8:
                for inner in y:
                    return inner
                else:
                    x = inner
        return 0.5 * x

    check(f, 0.3, V)


@pytest.mark.parametrize("n", [0, 2])
def test_value_of_a_loop_that_never_ran_read_by_another(n):
    def f(x, n):
        y = x
        for i in range(n):
            t = np.outer(x, x + i)
        for _ in range(n):
            y = y + t[1]
        return y

    check(f, V, n)


def test_argument_that_a_loop_over_another_rebinds_without_use():
    def f(x, y):
        for count, x in enumerate(y):
            for _ in range(count):
                pass
        return np.sum(y)

    check(f, M, V)


def test_argument_rebound_by_a_loop_over_itself():
    def f(x, y):
        for _, x in enumerate(np.exp(x)):
            y = 0.5
        return y

    check(f, V, 0.2)


def test_argument_rebound_by_a_loop_in_a_branch_that_tests_it():
    def f(x, y):
        if -0.3 < x < 0.4:
            for _, x in enumerate(np.full(3, 1.17) * x):
                return np.sum(y)
        return 0.0

    check(f, 0.1, V)


def test_copy_of_an_argument_rebound_in_a_loop():
    def f(x, y):
        y = y
        for _ in x:
            y = 0.5
        return y

    check(f, M, V)


def test_last_element_read_before_two_appends():
    def f(x):
        xs = [x for _ in x]
        xs.append(np.logaddexp(xs[-1], x))
        xs.append(x)
        return np.sum(xs)

    check(f, V)


def test_last_element_read_in_a_loop_before_one_of_two_appends():
    def f(x):
        xs = [x]
        for i in range(3):
            xs.append(np.sin(xs[-1]) * xs[i - 1])
            xs.append(x * i)
        return np.sum(xs)

    check(f, V)


def test_variable_of_a_comprehension_in_the_index_of_a_write():
    def f(x):
        c = x.copy()
        for i in range(2):
            c[[i for i in range(4) if i > 1]] *= 2.0
            c[i] *= 3.0
        m = np.outer(c, x)
        m[[i for i in range(3) if i > 0], [j for j in range(3) if j < 2]] += c[0]
        m[1][[abs(v) > 1.0 for v in x]] *= x[0]
        m[min(i for i in range(4) if i > 2) :] = x
        return np.sum(m * m)

    check(f, V)


def test_variable_of_a_lambda_in_the_index_of_a_write():
    def f(x):
        c = x.copy()
        for i in range(2):
            c[sorted([2, 0, 1], key=lambda i: -i)[0]] *= x[0]
            c[max([i + 1 for i in range(2)], key=lambda j: abs(j - 1))] += x[1] * i
        return np.sum(c * c)

    check(f, V)


def test_index_of_a_write_of_which_a_part_is_not_computed():
    def f(x, n):
        c, places = x.copy(), {1: 3}
        c[0 if n == 0 else places[n]] *= x[1]
        c[1 if n == 0 else int(len(x) / n) - 1] += x[2]
        c[n or max(1, 2)] *= x[3]
        c[int(n != 0 and places[n] > 2)] = x[0] * x[1]
        return np.sum(c * c)

    check(f, V, 0)
    check(f, V, 1)
