"""Failures inside `try` decide which way is differentiated: none is lost, and a refusal is not taken for one."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import KnetsrcError, UnsupportedAliasError
from knetsrc.testing import check_grads

A = np.array([1.0, 2.0, 3.0])


def element_read_for_its_failure_alone(a, i):
    s = a * a
    try:
        [1.0][i]
        s = s * a
    except IndexError:
        pass
    return np.sum(s * a)


def key_read_in_a_try_with_else(a, i):
    s = a * a
    try:
        {0: 1}[i]
        s = s * a
    except KeyError:
        s = 4 * a
    else:
        s = s * a
    return np.sum(s * a)


def test_that_decides_nothing(a, i):
    try:
        if [1.0][i]:
            pass
        s = 1.5 * a[0] * a[0]
    except IndexError:
        s = a * a
    return np.sum(s * a)


def comprehension_that_nobody_reads(a, i):
    s = a * a
    try:
        [[1.0][i] for _ in range(2)]
        s = s * a
    except IndexError:
        pass
    return np.sum(s * a)


def square_if_there(x, i):
    [1.0][i]
    return x * x


def small_helper(a, i):
    s = a * a
    try:
        s = square_if_there(s, i)
    except IndexError:
        s = s + 1.0
    return np.sum(s * a)


def sum_while_there(x, i):
    for k in range(2):
        [1.0, 2.0][i + k]
        x = x * (k + 1.0)
    return x


def helper_with_a_loop(a, i):
    s = a * a
    try:
        s = sum_while_there(s, i)
    except IndexError:
        s = 3 * s
    return np.sum(s * a)


def one_helper_calls_the_other(a, i):
    def inner(x):
        return sum_while_there(x, i) * x

    s = a * a
    try:
        s = inner(s)
    except IndexError:
        s = 3 * s
    return np.sum(s * a)


def same_helper_outside_and_inside(a, i):
    s = sum_while_there(a, 0)
    try:
        s = sum_while_there(s, i)
    except IndexError:
        s = 3 * s
    return np.sum(s * a)


PROGRAMS = [
    element_read_for_its_failure_alone,
    key_read_in_a_try_with_else,
    test_that_decides_nothing,
    comprehension_that_nobody_reads,
    small_helper,
    helper_with_a_loop,
    one_helper_calls_the_other,
    same_helper_outside_and_inside,
]
test_that_decides_nothing.__test__ = False


@pytest.mark.parametrize("i", [0, 7])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_what_fails_in_the_primal_fails_in_the_gradient(program, i):
    check_grads(program, (A, i))


def test_value_before_and_after_a_failure_has_two_shapes():
    def f(a, i):
        try:
            s = 1.5 * a[i] * a[0]
        except IndexError:
            s = a * a
        return np.sum(s) + np.sum(s * a)

    check_grads(f, (A, 0))
    check_grads(f, (A, 7))


def test_parameter_bound_to_a_number_in_a_try():
    def f(x):
        try:
            x = 2.0
        except ValueError:
            x = 3.0
        return x + 1.0

    assert np.array_equal(grad(f)(A), np.zeros(3))


@pytest.mark.parametrize("kind", ["Exception", "BaseException", "(ValueError, Exception)"])
def test_refusal_is_no_failure_of_the_primal(kind, tmp_path):
    text = (
        "def f(a, b, i):\n    r = b\n    if i:\n        r = a\n    try:\n        r += 1.0\n"
        f"        z = 2.0\n    except {kind}:\n        z = 3.0\n    return (a * b * z).sum()\n"
    )
    path = tmp_path / "f.py"
    path.write_text(text)
    scope = {}
    exec(compile(text, str(path), "exec"), scope)
    with pytest.raises(UnsupportedAliasError, match="another name"):
        grad(scope["f"])(A, A + 1, 1)


def test_refusal_in_a_helper_is_no_failure_of_the_primal():
    def grown(x, y, i):
        r = y
        if i:
            r = x
        r += 1.0
        return np.sum(x * y)

    def f(a, b, i):
        try:
            z = grown(a, b, i) * np.sum(a)
        except Exception:
            z = 3.0
        return z

    with pytest.raises(KnetsrcError):
        grad(f)(A, A + 1, 1)
