"""`with` of non-differentiable contexts, `try` around non-differentiable code."""

import contextlib

import numpy as np

from language.checking import V, check


def parsed(text):
    try:
        n = int(text)
    except ValueError:
        n = 1
    return n


def test_with_around_active_code():
    def f(x):
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.log(x * x)
            z = y * x
        return np.sum(z)

    check(f, V)


def test_with_in_a_loop():
    def f(x):
        for i in range(3):
            with np.errstate(all="ignore"):
                x = np.sin(x) * i + x
        return np.sum(x)

    check(f, V)


def test_loop_in_a_with():
    def f(x):
        with np.errstate(all="ignore"):
            for _ in range(3):
                x = np.sin(x) + x
        return np.sum(x)

    check(f, V)


def test_two_contexts_and_a_name():
    def f(x):
        with np.errstate(all="ignore"), contextlib.nullcontext(3) as n:
            y = x * n
        return np.sum(y**2)

    check(f, V)


def test_break_out_of_a_with():
    def f(x):
        for _ in range(5):
            with np.errstate(all="ignore"):
                x = x * 1.5
                if x > 2.0:
                    break
        return x * x

    check(f, 0.9)


def test_with_in_a_helper():
    def safe_log(x):
        with np.errstate(divide="ignore"):
            return np.log(np.abs(x))

    def f(x):
        return np.sum(safe_log(x) * safe_log(x + 5.0))

    check(f, V)


def test_try_around_inactive_code():
    def f(x, text):
        try:
            n = int(text)
        except ValueError:
            n = 2
        return np.sum(x**n)

    check(f, V, "3")
    check(f, V, "three")


def test_try_with_else_and_finally():
    def f(x, options):
        try:
            n = options["power"]
        except KeyError:
            n = 2
        else:
            n = n + 1
        finally:
            done = True
        return np.sum(x**n) * done

    check(f, V, {"power": 2})
    check(f, V, {})


def test_try_in_a_loop():
    def f(x, texts):
        for text in texts:
            try:
                n = int(text)
            except ValueError:
                n = 1
            x = x * n + 0.5
        return np.sum(x)

    check(f, V, ["3", "x", "2"])


def test_helper_with_a_try():
    def f(x):
        return np.sum(x ** parsed("3") + x ** parsed("y"))

    check(f, V)
