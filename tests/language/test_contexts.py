"""Context managers of the user: generators around differentiated code, classes."""

import contextlib
import time

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


class Damped:
    def __init__(self, c):
        self.c, self.depth, self.is_open = c, 0, False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.c = self.c * 0.5

    def energy(self):
        return self.c**2

    def close(self):
        self.c = self.c * 0.25


class DampedByMethod(Damped):
    def __exit__(self, *error):
        self.damp()

    def damp(self):
        self.c = self.c * 0.5


class Grown(Damped):
    def __enter__(self):
        self.c = self.c * 2.0

    def __exit__(self, *error):
        return None


class DampedInPlace(Damped):
    def __exit__(self, *error):
        self.c *= 0.5


class Counted(Damped):
    def __enter__(self):
        self.depth += 1
        self.is_open = True

    def __exit__(self, *error):
        self.depth -= 1
        self.is_open = False


class Timed(Damped):
    def __exit__(self, *error):
        self.depth += len(error)


class Clock:
    def __init__(self):
        self.elapsed = 0.0

    def __enter__(self):
        self.start = time.perf_counter()

    def __exit__(self, *error):
        self.elapsed += time.perf_counter() - self.start


class Holder:
    def __init__(self, c):
        self.damped, self.w = Damped(c), c
        self.timed, self.clock, self.in_place = Timed(0.0), Clock(), DampedInPlace(c)

    def run_in_place(self, x):
        with self.in_place:
            s = np.sum(x**2)
        return s + np.sum(x**3)

    def run_clock(self, x):
        with self.clock:
            s = self.w * x
        return s + self.w

    def run_timed(self, x):
        with self.timed:
            s = self.w * x
        return s + self.w

    def run(self, x):
        with self.damped:
            s = self.damped.c * x
        return s + self.damped.c

    @contextlib.contextmanager
    def halved(self):
        self.w = self.w * 0.5
        yield
        self.w = self.w * 2.0

    def run_halved(self, x):
        with self.halved():
            s = self.w * x
        return s + self.w


@contextlib.contextmanager
def tripled(c):
    c *= 3.0
    yield
    c /= 2.0


def attribute_is_read_later(x):
    damped = Damped(x[0])
    with damped:
        s = damped.c * x[1]
    return s + damped.c


def method_reads_later(x):
    damped = DampedByMethod(x[0])
    with np.errstate(all="ignore"), damped:
        s = damped.energy() * x[1]
    return s + damped.energy()


def attribute_is_read_inside(x):
    grown = Grown(x[0])
    with grown:
        s = grown.c * x[1]
    return s


def read_again_in_a_loop(x):
    damped, s = Damped(x[0]), 0.0
    for _ in range(2):
        with damped:
            s += damped.c * x[1]
    return s


def array_is_written_into(x):
    c = x.copy()
    with DampedInPlace(c):
        s = c[0] * c[1]
    return s + c[0]


def array_of_a_named_object(x):
    c = x.copy()
    damped = DampedInPlace(c)
    with damped:
        s = c[0] * c[1]
    return s + c[0]


def factor_without_derivative(x):
    damped = Damped(2.0)
    with damped:
        s = damped.c * x[1]
    return s + damped.c * x[0]


def object_of_an_object(x):
    return Holder(x[0]).run(x[1])


def method_that_is_a_manager(x):
    return Holder(x[0]).run_halved(x[1])


def object_on_a_stack(x):
    damped = Damped(x[0])
    with contextlib.ExitStack() as stack:
        stack.enter_context(damped)
        s = damped.c * x[1]
    return s + damped.c


def object_that_is_closed(x):
    damped = Damped(x[0])
    with contextlib.closing(damped):
        s = damped.c * x[1]
    return s + damped.c


def manager_that_is_left(x):
    c, s = x.copy(), x[0]
    for i in range(3):
        with tripled(c):
            s = s * c[1]
            if i == 1:
                break
    return s + c[0]


@pytest.mark.parametrize(
    "program",
    [
        attribute_is_read_later,
        method_reads_later,
        attribute_is_read_inside,
        read_again_in_a_loop,
        array_is_written_into,
        array_of_a_named_object,
        factor_without_derivative,
        object_of_an_object,
        method_that_is_a_manager,
        object_on_a_stack,
        object_that_is_closed,
        manager_that_is_left,
    ],
    ids=lambda p: p.__name__,
)
def test_context_that_changes_what_is_differentiated(program):
    with pytest.raises(UnsupportedSyntaxError, match="that may change what is differentiated"):
        grad(program)(V)


def test_context_of_an_attribute_that_changes_an_argument_of_the_method():
    def f(x):
        c = x * 1.0
        return Holder(c).run_in_place(c)

    with pytest.raises(UnsupportedSyntaxError, match="that may change what is differentiated"):
        grad(f)(V)


def test_context_that_takes_the_time():
    check(lambda x: Holder(x[0]).run_clock(x[1]), V)


def test_context_that_changes_something_else():
    def f(x):
        counted, timed = Counted(x[0]), Damped(2.0)
        with counted, timed:
            s = counted.c * x[1] * (2.0 if counted.is_open else 1.0)
        print(end=str(timed.c)[:0])
        return s + counted.energy() + Holder(x[0]).run_timed(x[1])

    check(f, V)
