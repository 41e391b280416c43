"""Conditions whose operands change, jumps out of nested loops, several exits."""

import numpy as np
import pytest

from language.checking import M, V, check


def test_condition_whose_operand_is_rebound_in_the_branch():
    def f(x, n):
        if n > 2:
            n = n - 5
            x = x * x
        if n > 2:
            x = x * 7.0
        return x * n

    check(f, 0.7, 4)
    check(f, 0.7, 9)


def test_condition_whose_operand_is_rebound_after_the_branch():
    def f(x):
        flag = x > 0
        if flag:
            y = x * x
        else:
            y = -x
        flag = not flag
        if flag:
            y = y * 3.0
        return y

    check(f, 0.7)
    check(f, -0.7)


def test_condition_whose_operand_changes_in_the_loop():
    def f(x):
        for i in range(4):
            if x > 1:
                x = x * 0.4
            else:
                x = x * 3.0 + i
        return x

    check(f, 0.7)


def test_condition_on_a_list_that_grows():
    def f(x):
        ys = []
        for i in range(4):
            if len(ys) < 2:
                ys.append(x * i)
            else:
                x = x * ys[1]
        return x + ys[0]

    check(f, 0.7)


def test_condition_on_a_call_with_a_random_draw():
    def f(x):
        rng = np.random.default_rng(0)
        for _ in range(6):
            if rng.random() > 0.5:
                x = x * 1.5
            else:
                x = np.sin(x)
        return x

    check(f, 0.7)


def test_condition_on_an_element_of_a_rebound_array():
    def f(x):
        for _ in range(3):
            if x[0] > x[1]:
                x = x[::-1] * 2.0
            else:
                x = np.sin(x)
        return np.sum(x)

    check(f, V)


def test_branch_inside_a_branch_with_the_same_condition():
    def f(x):
        if x > 0:
            x = x - 1.0
            if x > 0:
                x = x * x
            x = x * 3.0
        return x * x

    check(f, 0.7)
    check(f, 1.7)


@pytest.mark.parametrize("limit", [0.1, 0.5, 1.0, 3.0, 50.0])
def test_break_of_an_inner_loop_then_continue_of_the_outer(limit):
    def f(x, limit):
        s = 0.0
        for i in range(4):
            y = x
            for j in range(4):
                y = y * 1.3 + j * 0.1
                if y > limit:
                    break
                s = s + y
            if i % 2:
                continue
            s = s * y
        return s

    check(f, 0.4, limit, argnums=(0,))


@pytest.mark.parametrize("limit", [0.5, 2.0, 5.0, 1000.0])
def test_return_out_of_three_loops(limit):
    def f(x, limit):
        n = 0
        while n < 3:
            for i in range(2):
                for j in range(2):
                    x = x * 1.2 + j
                    if x > limit:
                        return x * x * (n + i)
                x = x * 1.1
            n += 1
        return x * 0.5

    check(f, 0.4, limit, argnums=(0,))


@pytest.mark.parametrize("start", [0.2, 1.0, 2.5, 9.0])
def test_break_continue_and_else_in_one_loop(start):
    def f(x):
        for i in range(5):
            x = x * 1.3
            if i == 1:
                continue
            if x > 4.0:
                x = x * x
                break
            x = x + 0.2
        else:
            x = np.sin(x)
        return x

    check(f, start)


def test_break_before_anything_is_computed():
    def f(xs):
        s = 1.0
        for x in xs:
            if x < 0:
                break
            s = s * x
        for x in xs[::-1]:
            if x < 0:
                continue
            s = s * x
        return s * s

    check(f, [-0.5, 1.5, 2.0])
    check(f, [0.5, 1.5, -2.0])


def test_continue_of_a_while_in_a_for():
    def f(x):
        for i in range(3):
            n = 0
            while n < 4:
                n += 1
                if n == i:
                    continue
                x = x * 0.9 + n * 0.1
        return x

    check(f, 0.7)


def test_while_with_two_breaks():
    def f(x):
        n = 0
        while True:
            if n > 5:
                break
            x = x * 1.4
            if x > 2.0:
                x = x - 1.0
                break
            n += 1
        return x * n

    check(f, 0.7)
    check(f, 0.1)


def test_loop_after_a_returning_loop():
    def f(xs, ys):
        s = 1.0
        for x in xs:
            s = s * x
            if s > 2.0:
                return s
        for y in ys:
            s = s + y
            if s < 0:
                return s * s
        return s * 3.0

    check(f, [1.5, 1.6], [0.5])
    check(f, [0.5, 0.6], [0.5, -2.0])
    check(f, [0.5, 0.6], [0.5, 2.0])


def test_nothing_left_after_a_return_in_both_branches():
    def f(x):
        for i in range(3):
            if x > 1:
                return x * i
            elif x < -1:
                return x * x
            x = x * 1.8
        return x

    for start in (0.1, 0.5, 0.9, 1.5, -0.4, -0.9):
        check(f, start)


def test_short_circuit_guards_the_right_side():
    def f(x, xs):
        n = 0
        while n < len(xs) and xs[n] > 0:
            x = x * xs[n]
            n += 1
        return x * x

    check(f, 0.7, [0.5, 1.5])
    check(f, 0.7, [0.5, -1.5, 2.0])


def test_path_taken_depends_on_an_active_value_of_a_helper():
    def clipped(x, low):
        if x < low:
            return low
        return x

    def f(xs):
        s = 0.0
        for x in xs:
            y = clipped(x, s)
            if y > 1:
                s = s * 0.5
                continue
            s = s + y * y
        return s

    check(f, [0.5, 1.5, -2.0, 0.9])


def test_array_loop_with_everything():
    def f(m, v):
        h = v
        for i, row in enumerate(m):
            for j in range(len(row)):
                if row[j] < 0:
                    continue
                h = np.tanh(h * row[j] + i)
                if np.max(h) > 0.99:
                    break
            else:
                h = h * 2.0
        return np.sum(h)

    check(f, M, V)


def test_branch_that_ends_the_loop_before_the_counter_goes_on():
    def f(x):
        i = 0
        product = 1.0
        while i < 4:
            product = product * x[i] * x[i]
            if x[i] > 1.9:
                break
            i += 1
        return product

    check(f, np.array([0.5, -1.2, 2.0, 0.3]))
    check(f, np.array([2.0, -1.2, 0.5, 0.3]))


def test_branch_without_derivative_whose_test_changes():
    def f(x):
        k = 0
        total = 0.0
        for i in range(4):
            total = total + x[k] * x[i]
            if total > 0.2:
                k = (k + 1) % 4
            else:
                k = 3 - k
        return total

    check(f, np.array([0.5, -1.2, 2.0, 0.3]))


@pytest.mark.parametrize("n", [0, 2])
def test_branch_that_changes_the_constant_that_its_test_reads(n):
    def f(x, n):
        y = np.sin(x * n)
        if n > 1:
            n = 0
        return y * (n + 2) * x

    check(f, 0.3, n)


def test_loop_that_counts_down_in_a_branch():
    def f(x, n):
        y = np.sin(x)
        k = n
        while k > 0:
            y = y * k
            if n > 1:
                n = n - 1
                k = k - 1
            k = k - 1
        return y

    check(f, 0.3, 3)


@pytest.mark.parametrize("x", [0.3, 0.0])
def test_branch_that_rebinds_the_argument_that_it_tests(x):
    def f(x, y):
        if x:
            x = np.array([0.6, 0.2, 0.9])
        return 0.5 * np.sum(y)

    check(f, x, V)


def test_branch_that_lengthens_a_list_of_constants_and_changes_its_test():
    def f(x, n):
        factors = [1.0, 2.0]
        y = np.sin(x * factors[-1])
        if n > 1:
            factors.append(3.0)
            n = 0
        return y * factors[-1] * (n + 1)

    check(f, 0.3, 2)


def test_loop_that_lengthens_a_list_of_constants():
    def f(x, n):
        factors = [1.0, 2.0]
        y = np.sin(x * factors[-1])
        for _ in range(n):
            factors.append(3.0)
        return y * factors[-1]

    check(f, 0.3, 2)


def test_entry_that_only_a_condition_reads():
    def f(x):
        return np.sum(x) * (x[0] > 0.4) + (x[1] > 0.4)

    check(f, V)


def test_names_bound_in_opposite_arms_and_read_under_the_same_test():
    def f(x, flag):
        if flag:
            a = x * 2.0
        else:
            b = x * 3.0
        if flag:
            y = a * x
        else:
            y = b * x
        return np.sum(y)

    check(f, V, True)
    check(f, V, False)
