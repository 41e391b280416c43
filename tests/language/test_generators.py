"""Generator functions: gone through by loops, comprehensions and calls."""

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedSyntaxError, grad
from language.checking import V, check


def states(x, count):
    for i in range(count):
        x = np.sin(x) + i * 0.1
        yield x


def endless(x):
    """Without an end."""
    while True:
        yield x
        x = x * 0.5 + 0.1


def endless_states(x):
    while True:
        x = np.sin(x) + 0.5
        yield x


def leaves(tree):
    if isinstance(tree, list | tuple):
        for part in tree:
            yield from leaves(part)
        return
    yield tree


def positive(xs):
    for x in xs:
        if x < 0.0:
            continue
        yield x * x
    yield 2.0 * xs[0]


@pytest.mark.parametrize("count", [0, 3])
def test_loop_over_a_generator(count):
    def f(x, count):
        s = x * 1.0
        for i, h in enumerate(states(x, count)):
            s = s * 0.5 + h * h * i
        for h in states(x, count=count):
            if h < 0.3:
                continue
            s = s * h
        return s

    check(f, 0.5, count)


def test_generator_in_calls_and_comprehensions():
    def f(x):
        hs = list(states(x, 3))
        squares = [h * h for h in states(hs[1], 2)]
        return (
            sum(states(x, 2)) * hs[2] + squares[0] * squares[1] + sum(h * x for h in states(x, 2))
        )

    check(f, 0.5)


def test_generator_beside_a_list():
    def f(xs):
        return sum(a * b for a, b in zip(states(xs[0], 4), xs, strict=True))

    check(f, V)


def test_yield_from_and_recursion():
    def f(tree):
        s = 1.0
        for leaf in leaves(tree):
            s = s * 0.5 + leaf * leaf
        return s

    check(f, [1.5, [2.0, (0.5, 3.0)], []])


def test_several_yields():
    def f(xs):
        return sum(a * a for a in positive(xs))

    check(f, V)


@pytest.mark.parametrize("x", [0.5, 3.0])
def test_endless_generator_left_by_break(x):
    def f(x):
        s = 0.0
        for h in endless(x):
            if h < 0.4:
                break
            s = s + h * h
        for h in endless_states(s):
            s = s * h * 0.4
            if s < 0.7:
                return s * x
            if s > 1.0:
                continue
            s = s * 0.9
        return s

    check(f, x)


def test_finite_generator_left_by_break():
    def f(x, count):
        for h in states(x, count):
            x = x * h
            if x < 0.2:
                break
        else:
            x = x * 3.0
        return x

    check(f, 0.5, 2)
    check(f, 0.5, 9)


def test_generator_defined_inside():
    def f(x):
        def powers(n):
            y = x
            for _ in range(n):
                y = y * x
                yield y

        s = sum(powers(3))
        for p in powers(4):
            s = s + p
            if s > 5.0:
                break
        return s

    check(f, 0.5)
    check(f, 1.5)


def test_loop_that_changes_what_its_generator_captures():
    def f(x):
        k = x * 2.0

        def scaled():
            for i in range(3):
                yield k * i

        s = x
        for v in scaled():
            k = k * 0.5 + v
            s = s + k * v
        return s

    check(f, 0.5)


def test_generator_that_is_kept_and_read_once():
    def f(x):
        hs = states(x, 3)
        return sum(h * h for h in hs)

    check(f, 0.5)


def kept_twice(x):
    hs = states(x, 3)
    return sum(hs) + sum(hs)


def first(x):
    return next(states(x, 3))


def endless_list(x):
    return sum(h for h, _ in zip(endless(x), range(3), strict=False))


def early_end(xs):
    for a in positive(xs):
        if a > 1.0:
            return a
    return xs[0]


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (kept_twice, "an iterator that is kept"),
        (first, "next"),
        (endless_list, "a generator without an end"),
        (early_end, "that may end early"),
    ],
)
def test_other_uses_are_refused(f, message):
    with pytest.raises(KnetsrcError, match=message):
        grad(f)(V if f is early_end else 0.5)


def _raised(n, s):
    for i in range(n):
        s += s * 0.1
        yield i


def _raised_by_another(n, s):
    yield from _raised(n, s)


def _raised_by_a_second_name(n, s):
    for i in range(n):
        t = s
        t += 1.0
        yield i


@pytest.mark.parametrize("generator", [_raised, _raised_by_another, _raised_by_a_second_name])
def test_generator_that_hides_an_update_in_place(generator):
    def loop(v):
        a = v * 1
        for _ in generator(2, a):
            pass
        return np.sum(a * a)

    def listed(v):
        a = v * 1
        numbers = list(generator(2, a))
        return np.sum(a * a) * len(numbers)

    def unpacked(v):
        a = v * 1
        first, second = generator(2, a)
        return np.sum(a * a) + first * second

    for f in (loop, listed, unpacked):
        check(f, V)


def test_generator_that_nothing_goes_through():
    def f(v):
        a = v * 1
        _raised(5, a)
        return np.sum(a * a)

    check(f, V)

    def computed(v):
        _raised(5, v * 2)
        return np.sum(v * v)

    with pytest.raises(UnsupportedSyntaxError, match="that nothing goes through"):
        grad(computed)(V)
