"""`try` around differentiated values: the path that was taken, and what a failure leaves."""

import contextlib
import math

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedSyntaxError, grad
from language.checking import V, check

SPD = np.array([[2.0, 0.5], [0.5, 1.0]])
INDEFINITE = np.array([[2.0, 3.5], [3.5, 1.0]])
B = np.array([1.0, 2.0])


def positive(x):
    if x < 0.0:
        raise ValueError("negative")
    return x * 1.5


@pytest.mark.parametrize("x", [0.5, -0.5])
def test_one_statement(x):
    def f(x):
        try:
            y = math.log(x) * 2.0
        except ValueError:
            y = x * 3.0
        return y * x

    check(f, x)


@pytest.mark.parametrize("x", [0.5, -0.5])
def test_return_in_a_try_and_in_a_handler(x):
    def f(x):
        try:
            return math.log(x) * x
        except ValueError:
            return x * x

    check(f, x)


@pytest.mark.parametrize("a", [SPD, INDEFINITE], ids=["definite", "indefinite"])
def test_factorization_that_may_fail(a):
    def f(a, b):
        try:
            root = np.linalg.cholesky(a)
            y = np.linalg.solve(root, b)
        except np.linalg.LinAlgError:
            y = np.linalg.solve(a @ a.T + np.eye(2), b)
        return np.sum(y * y)

    check(f, a, B, argnums=(1,))


@pytest.mark.parametrize("x", [0.5, 2.0, -0.9])
def test_handler_sees_the_name_that_was_bound_before_the_failure(x):
    def f(x):
        for _ in range(4):
            try:
                x = x * x - 0.3
                positive(x)
            except ValueError:
                x = x * 0.5 + 1.0
        return x

    check(f, x)


@pytest.mark.parametrize("x", [0.5, -0.5])
def test_name_bound_before_the_failure_outside_of_a_loop(x):
    def f(x):
        y = 3.0
        try:
            y = x * x
            z = math.log(x)
            y = y * z
        except ValueError:
            z = y * 3.0
        return y * z

    check(f, x)


@pytest.mark.parametrize("x", [0.5, 2.0, -0.9])
def test_state_of_a_loop(x):
    def f(x):
        for i in range(4):
            try:
                x = positive(x) - 0.7 * i
            except ValueError:
                x = x * 0.5 + 1.0
        return x

    check(f, x)


@pytest.mark.parametrize("x", [0.5, 2.0, 1.1])
def test_else_and_finally_in_a_loop(x):
    def f(x):
        s = 0.0
        for i in range(5):
            try:
                y = math.log(x - i * 0.3)
                z = math.sqrt(y + 1.0)
            except ValueError:
                z = x * i
            else:
                s = s + y
            finally:
                s = s + z * x
        return s

    check(f, x)


@pytest.mark.parametrize("x", [0.5, 2.0, 0.9, 1.25])
def test_jumps(x):
    def f(x):
        s = x
        for _ in range(5):
            try:
                y = positive(s - 0.4)
                if y > 1.2:
                    continue
            except ValueError:
                return s * 3.0
            else:
                s = s * 0.9 + y
                if s > 3.0:
                    break
            s = s * s
        return s * x

    check(f, x)


@pytest.mark.parametrize("x", [0.7, 2.0, 0.2])
def test_tried_again_until_it_works(x):
    def f(x):
        count = 0
        while True:
            try:
                y = math.sqrt(x - 1.0)
                break
            except ValueError:
                x = x * 1.5
                count += 1
        return y * x * (count + 1)

    check(f, x)


@pytest.mark.parametrize("xs", [[], [0.5, 2.0, 3.0]])
def test_list_gone_through_until_its_end(xs):
    def f(x, xs):
        i = 0
        while True:
            try:
                x = x * xs[i] + 1.0
            except IndexError:
                break
            i += 1
        return x

    check(f, 0.5, xs)


@pytest.mark.parametrize("x", [0.5, 2.0])
def test_loop_that_fails_half_way(x):
    def f(x):
        try:
            s = 0.0
            for i in range(4):
                s = s + positive(x - i * 0.3) ** 2
        except ValueError as error:
            print(end=str(error)[:0])
            s = x * x * 5.0
        return s * x

    check(f, x)


@pytest.mark.parametrize("x", [0.5, 2.0])
def test_loop_that_fails_half_way_in_a_loop(x):
    def f(x):
        y = x * 1.0
        for _ in range(3):
            try:
                s = 0.0
                for i in range(4):
                    s = s + positive(y - i * 0.3) ** 2
            except ValueError:
                s = y * y
            y = y * 1.2 + s * 0.1
        return y

    check(f, x)


@pytest.mark.parametrize("options", [{"a": 2.0}, {}, {"a": None}])
def test_several_handlers(options):
    def f(x, options):
        try:
            y = options["a"] * x
        except KeyError:
            y = x * x
        except (TypeError, ValueError):
            y = x**3
        return y * x

    check(f, 0.5, options, argnums=(0,))


@pytest.mark.parametrize("x", [1.5, 0.9, 0.3])
def test_try_in_a_try(x):
    def f(x):
        y = x * x
        try:
            try:
                z = math.log(y - 1.0)
            except ValueError:
                z = math.sqrt(y - 0.5)
            w = z * 2.0
        except ValueError:
            w = y * x
        return w

    check(f, x)


def test_try_in_a_helper():
    def logarithm(x):
        try:
            return math.log(x)
        except ValueError:
            return x * x

    def f(xs):
        return sum(logarithm(x) * x for x in xs)

    check(f, [0.5, -0.5, 2.0])


def test_writes_in_a_try():
    def f(x):
        y = np.zeros(4, x.dtype)
        found = []
        for i in range(4):
            try:
                y[i] = math.log(x[i])
                found.append(math.sqrt(x[i]))
            except ValueError:
                y[i] = x[i] * x[i]
        return np.sum(y * x) * found[0] * found[-1]

    check(f, V)


@pytest.mark.parametrize("x", [5.0, 0.5, -0.5])
def test_suppressed_failures(x):
    def f(x):
        with contextlib.suppress(ValueError):
            x = math.log(x)
            x = math.log(x)
            x = x * 3.0
        return x * x

    check(f, x)


def test_finally():
    def f(x):
        for _ in range(3):
            try:
                x = x * x
            finally:
                x = np.sin(x)
        return x

    check(f, 0.5)


def test_exception_that_is_not_caught_comes_out(capsys):
    def f(x):
        try:
            y = math.log(x)
        except KeyError:
            y = x
        finally:
            print("done")
        return y * x

    with pytest.raises(ValueError, match="domain"):
        grad(f)(-1.0)
    assert capsys.readouterr().out.startswith("done")


def test_raised_anew():
    def f(x):
        try:
            y = math.log(x)
        except ValueError as error:
            raise RuntimeError("no logarithm") from error
        return y * x

    check(f, 0.5)
    with pytest.raises(RuntimeError, match="no logarithm"):
        grad(f)(-0.5)


def test_loop_that_leaves_something_half_way_is_refused():
    def f(x):
        s = 0.0
        try:
            for i in range(4):
                s = s + positive(x - i * 0.3)
        except ValueError:
            s = s * 2.0
        return s

    with pytest.raises(UnsupportedSyntaxError, match="a failure may leave `s` half-way"):
        grad(f)(1.0)


@pytest.mark.parametrize("x", [0.5, -0.5])
def test_branch_that_fails_between_two_values_of_a_name(x):
    def f(x):
        try:
            if x < 3.0:
                x = x * x - 0.3
                x = math.log(x)
        except ValueError:
            x = x * 2.0
        return x * x

    with pytest.raises(UnsupportedSyntaxError, match="a failure may leave `x` half-way"):
        grad(f)(x)


def test_helper_that_writes_half_way_is_refused():
    def fill(y, x):
        for i in range(3):
            y[i] = positive(x - i * 0.3)

    def f(x):
        y = np.zeros(3)
        try:
            fill(y, x)
        except ValueError:
            y = y * 2.0
        return np.sum(y)

    with pytest.raises(KnetsrcError, match=r"a failure may leave .* half-way|writes into `y`"):
        grad(f)(1.0)


def test_finally_that_does_nothing():
    def f(x):
        for i in range(3):
            try:
                if x[i] < 0:
                    return x[i] * x[0]
            finally:
                pass
        return x[0]

    check(f, V)
    check(f, np.abs(V))
