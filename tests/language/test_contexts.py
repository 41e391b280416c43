"""Context managers of the user: generators around differentiated code, classes."""

import contextlib

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad
from language.checking import V, check


@contextlib.contextmanager
def doubled(x, factor=2.0):
    y = x * factor
    yield y
    print(end="")


@contextlib.contextmanager
def guarded(x):
    try:
        yield np.sqrt(x)
    finally:
        print(end="")


@contextlib.contextmanager
def forgiving():
    try:
        yield
    except ValueError:
        print(end="")


class Scale:
    def __init__(self, x):
        self.x = x

    def __enter__(self):
        return self.x * 3.0

    def __exit__(self, *error):
        return None


def positive(x):
    if x < 0.0:
        raise ValueError("negative")
    return x * 1.5


def test_value_of_a_context():
    def f(x):
        with doubled(x) as y:
            z = y * x
        with doubled(z, factor=3.0) as y, guarded(y * y) as w:
            z = z + y * w
        return np.sum(z)

    check(f, V)


def test_context_in_a_loop():
    def f(x):
        for _ in range(3):
            with doubled(x) as y:
                x = np.sin(y) + x
        return x

    check(f, 0.5)


@pytest.mark.parametrize("x", [0.5, 3.0])
def test_jumps_out_of_a_context(x):
    def f(x):
        for _ in range(3):
            with guarded(x) as y:
                if y > 1.5:
                    return y * x
                x = x * 2.5
        return x * x

    check(f, x)


@pytest.mark.parametrize("x", [0.5, -0.5])
def test_context_that_catches_an_exception(x):
    def f(x):
        y = x * 2.0
        with forgiving():
            y = y * x
            y = positive(x)
        return y * x

    check(f, x)


def test_context_manager_defined_inside():
    def f(x):
        @contextlib.contextmanager
        def scaled(k):
            yield x * k

        with scaled(3.0) as y:
            z = y * x
        return z

    check(f, 1.5)


def test_nullcontext():
    def f(x):
        with contextlib.nullcontext(x * 2.0) as y:
            z = y * x
        return z

    check(f, 1.5)


def test_value_that_a_class_gives_is_refused():
    def f(x):
        with Scale(x) as y:
            z = y * x
        return z

    with pytest.raises(UnsupportedSyntaxError, match="`with` binds the differentiated value `y`"):
        grad(f)(1.0)


def test_value_without_derivative_that_a_class_gives():
    def f(x):
        with Scale(2.0) as k:
            z = k * x
        return z * x

    check(f, 1.5)


def test_jump_that_skips_the_end_of_a_manager_is_refused():
    def f(x):
        with doubled(x) as y:
            return y * x

    with pytest.raises(UnsupportedSyntaxError, match="`with` binds the differentiated value `y`"):
        grad(f)(1.0)


class Attempt:
    def __init__(self, kind=IndexError):
        self.kind = kind

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        return kind is not None and issubclass(kind, self.kind)


def element_in_an_attempt(x, i):
    s = x[0]
    with Attempt():
        s = s * x[i]
    return s * x[1]


def return_out_of_an_attempt(x, i):
    def g():
        with Attempt():
            return x[i] * x[0]
        return x[1]

    return x[0] * g()


def context_with_a_name(x, i):
    s, attempt = x[0], contextlib.suppress(IndexError)
    with attempt:
        s = s * x[i]
    return s * x[1]


@pytest.mark.parametrize(
    "program",
    [element_in_an_attempt, return_out_of_an_attempt, context_with_a_name],
    ids=lambda p: p.__name__,
)
def test_context_that_swallows_a_failure(program):
    check(program, V, 1)
    with pytest.raises(UnsupportedSyntaxError, match="`with` swallows a failure"):
        grad(program)(V, 7)


def test_failure_that_a_context_does_not_swallow():
    def f(x, i):
        s = x[0]
        with Attempt(KeyError):
            s = s * x[i]
        return s

    check(f, V, 1)
    with pytest.raises(IndexError):
        grad(f)(V, 7)


def test_context_that_is_known_to_hand_on_failures_is_written_as_it_is():
    def f(x):
        with Scale(1.0), np.errstate(all="ignore"), contextlib.nullcontext():
            s = np.sum(x * x)
        return s

    assert "check_reraises" not in grad(f).source
    check(f, V)


def test_swallowed_failure_of_a_block_that_binds_nothing():
    def f(x):
        s = x[0]
        for i in range(2):
            with Attempt(ZeroDivisionError):
                print(end=str(1 // i)[:0])
            s = s * x[i]
        return s

    check(f, V)
