"""`del` of names."""

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad
from language.checking import V, check


def test_deleted_name():
    def f(x):
        y = x * x
        z = y + 1.0
        del y
        return np.sum(z * z)

    check(f, V)


def test_deleted_name_is_bound_again():
    def f(x):
        y = x * x
        z = y * 2.0
        del y
        y = np.sin(z)
        return np.sum(z * y)

    check(f, V)


def test_several_names_in_a_loop():
    def f(x):
        for i in range(4):
            y, z = x * x, x * i
            if i == 2:
                del (y, z)
                continue
            x = np.sin(y + z)
            del y, z
        return x

    check(f, 0.5)


def test_name_deleted_in_the_branch_that_returns():
    def f(x):
        y = x * x
        if x > 0.0:
            z = y * 2.0
            del y
            return z
        return y * y

    check(f, 0.5)
    check(f, -0.5)


def test_name_that_may_be_read_after_its_deletion_is_refused():
    def f(x):
        y = x * x
        if x > 0.0:
            del y
        return y

    with pytest.raises(UnsupportedSyntaxError, match=r"`y` may be read after `del y`"):
        grad(f)(1.0)


def test_name_read_in_the_next_round_after_its_deletion_is_refused():
    def f(x):
        y = x * x
        for _ in range(2):
            x = x * y
            del y
        return x

    with pytest.raises(UnsupportedSyntaxError, match=r"`y` may be read after `del y`"):
        grad(f)(1.0)


def test_name_that_a_closure_reads_is_refused():
    def f(x):
        y = x * x

        def inner(z):
            return z * y  # noqa: F821

        z = inner(x)
        del y
        return z

    with pytest.raises(UnsupportedSyntaxError, match=r"`y` may be read after `del y`"):
        grad(f)(1.0)
