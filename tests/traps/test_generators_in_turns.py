"""Generators run in turns with what goes through them: what one of the two changes, the other one reads."""

import functools

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad
from language.checking import V, check


def halved(c):
    for i in range(2):
        c *= 0.5
        yield i


def filled_twice(c):
    c[0] = c[0] * c[1]
    yield 1
    c[0] = c[0] * c[1]
    yield 2


def squares(c):
    for i in range(len(c)):
        yield c[i] ** 2


def halvings(c):
    yield from halved(c)


def forever(x):
    while True:
        x = x * 0.5
        yield x


def add_to_last(c, v):
    c[-1] += v


class Damped:
    def __init__(self, u):
        self.u, self.w = u, 1.0

    def steps(self, count):
        for k in range(count):
            self.u = self.u * 0.5
            yield k

    def elements(self):
        for e in self.u:
            yield e * e

    def fitted(self):
        for e in self.elements():
            self.w = self.w - 0.1 * e * self.w
        return self.w

    def energy(self):
        return np.sum(self.u**2)


def generator_writes(x):
    c, s = x.copy(), 0.0
    for i in halved(c):
        s += np.sum(c**2) * (i + 1)
    return s


def generator_writes_and_a_view_is_read(x):
    c, s = x.copy(), 0.0
    v = c[:2]
    for i in halved(c):
        s += np.sum(v**2) * (i + 1)
    return s


def numbered_generator_writes(x):
    c, s = x.copy(), 0.0
    for k, i in enumerate(halved(c), 2):
        s += np.sum(c**2) * (i + k)
    for k, i in enumerate(halved(c)):
        s += i + k
        if k == 0:
            break
    return s + np.sum(c**2)


def generator_writes_into_what_it_captures(x):
    def entries():
        for i in range(3):
            cache[i] = x[i] ** 2
            yield i

    cache, s = {}, 0.0
    for i in entries():
        s += sum(cache.values()) * (i + 1)
    return s


def generator_writes_to_an_object(x):
    def steps(damped):
        for k in range(2):
            damped.u = damped.u * 0.5
            yield k

    damped = Damped(x)
    s = 0.0
    for k in steps(damped):
        s += np.sum(damped.u**2) * (k + 1)
    return s


def loop_writes(x):
    c, s = x.copy(), 0.0
    for k, v in enumerate(squares(c), start=2):
        if k == 3:
            continue
        s += v * k
        c[-1] += v
    return s


def loop_writes_by_calls(x):
    def add(v):
        c[-1] += v

    c, s = x.copy(), 0.0
    for v in squares(c):
        s += v
        add_to_last(c, v)
    for v in squares(c):
        s += v
        add(v)
    return s


def loop_writes_into_a_view(x):
    c, s = x.copy(), 0.0
    d = c[:]
    for v in squares(c):
        s += v
        d[-1] += v
    return s


def numbered_generator_without_an_end(x):
    s = 0.0
    for k, v in enumerate(forever(x)):
        if k > 3:
            break
        s += np.sum(v**2) * k
    return s


@pytest.mark.parametrize(
    "program",
    [
        generator_writes,
        generator_writes_and_a_view_is_read,
        numbered_generator_writes,
        generator_writes_into_what_it_captures,
        generator_writes_to_an_object,
        loop_writes,
        loop_writes_by_calls,
        loop_writes_into_a_view,
        numbered_generator_without_an_end,
    ],
    ids=lambda p: p.__name__,
)
def test_generator_and_loop_run_in_turns(program):
    check(program, V)


def several_yields(x):
    c, s = x.copy(), 0.0
    for i in filled_twice(c):
        s += c[0] * i
    return s


def comprehension(x):
    c = x.copy()
    return sum([c[0] * i for i in filled_twice(c)])


def zipped(x):
    c, s = x.copy(), 0.0
    for v, _ in zip(x, halved(c), strict=False):
        s += v * c[0]
    return s


def zipped_and_written_by_the_loop(x):
    c, s = x.copy(), 0.0
    for u, v in zip(x, squares(c), strict=True):
        s += v
        c[-1] += u * v
    return s


def two_generators(x):
    c = x.copy()
    return sum([v * i for v, i in zip(squares(c), halved(c), strict=False)])


def mapped(x):
    c = x.copy()
    return sum(map(lambda i: i * c[0], halved(c)))


def search_that_ends_early(x):
    c = x.copy()
    return x[0] * any(i == 0 for i in halved(c)) + any(halved(c)) * c[0]


def yield_from(x):
    c, s = x.copy(), 0.0
    for i in halvings(c):
        s += c[0] * i
    return s


def kept(x):
    c = x.copy()
    values = halved(c)
    s = c[0]
    for i in values:
        s += c[0] * i
    return s


def handed_on(x):
    def through(values, c):
        s = 0.0
        for i in values(c):
            s += c[0] * i
        return s

    return through(halved, x.copy())


def of_a_lambda(x):
    c, s = x.copy(), 0.0
    made = lambda: halved(c)  # noqa: E731
    for i in made():
        s += c[0] * i
    return s


def method_that_writes(x):
    damped = Damped(x)
    s = 0.0
    for k in damped.steps(2):
        s += damped.energy() * k
    return s


def method_in_a_comprehension(x):
    damped = Damped(x)
    return sum([np.sum(damped.u**2) for _ in damped.steps(2)])


def method_that_is_left(x):
    damped = Damped(x)
    s = 0.0
    for k in damped.steps(2):
        s += x[k]
        if s > 0.0:
            break
    return s * np.sum(damped.u)


def method_that_reads(x):
    damped = Damped(x)
    s = 0.0
    for e in damped.elements():
        damped.u = damped.u * 2.0
        s += e
    return s


def method_that_is_kept(x):
    damped = Damped(x)
    values = damped.elements()
    damped.u = damped.u * 2.0
    return sum(values)


@pytest.mark.parametrize(
    "program",
    [
        several_yields,
        comprehension,
        zipped,
        zipped_and_written_by_the_loop,
        two_generators,
        mapped,
        search_that_ends_early,
        yield_from,
        kept,
        handed_on,
        of_a_lambda,
        method_that_writes,
        method_in_a_comprehension,
        method_that_is_left,
        method_that_reads,
        method_that_is_kept,
    ],
    ids=lambda p: p.__name__,
)
def test_generator_that_cannot_be_written_out(program):
    with pytest.raises(
        UnsupportedSyntaxError, match="that runs in turns with what goes through it"
    ):
        grad(program)(V)


def whole_generators(x):
    c = x.copy()
    s = sum(halved(c)) * c[0] + sum(list(halved(c))) * c[1]
    a, b = filled_twice(c)
    return s + a * b * c[0]


def loop_reads_something_else(x):
    c, s = x.copy(), 0.0
    for i in filled_twice(c):
        s += x[0] * i
    return s + c[0]


def buffer_is_filled(x):
    out, found = np.zeros(4), []
    for k, v in zip(range(4), squares(x), strict=True):
        out[k] = v
        found.append(v)
    return np.sum(out**2) + found[1]


def other_attribute_is_written(x):
    return Damped(x).fitted()


def object_is_read_afterwards(x):
    damped = Damped(x)
    s = 0.0
    for k in damped.steps(2):
        s += x[k]
    return s * np.sum(damped.u)


@pytest.mark.parametrize(
    "program",
    [
        whole_generators,
        loop_reads_something_else,
        buffer_is_filled,
        other_attribute_is_written,
        object_is_read_afterwards,
    ],
    ids=lambda p: p.__name__,
)
def test_list_of_all_values_is_the_same(program):
    check(program, V)


def scaled(x, k):
    x[0] *= k
    return k


def total(values, c):
    s = 0.0
    for v in values:
        s += v * c[0]
        c[0] *= 0.5
    return s


class Scaling:
    def halved(self, c):
        for i in range(2):
            c *= 0.5
            yield i

    def squares(self, c):
        yield from squares(c)


def nothing_goes_through_a_method(x):
    c = x.copy()
    Scaling().halved(c)
    return np.sum(c**2)


def state_of_an_object(x):
    damped = Damped(x)
    damped.steps(2)
    return damped.energy()


def in_a_list(x):
    c = x.copy()
    parts = [halved(c), c]
    return np.sum(parts[1] * c)


def in_a_list_of_a_method(x):
    c = x.copy()
    parts = [Scaling().halved(c), c]
    return np.sum(parts[1] * c)


def appended(x):
    c, kept = x.copy(), []
    kept.append(halved(c))
    return np.sum(c**2)


def in_an_attribute(x):
    c = x.copy()
    damped = Damped([halved(c), c])
    return np.sum(damped.u[1] ** 2)


def in_a_comprehension(x):
    c = x.copy()
    parts = [halved(c) for _ in range(2)]
    return np.sum(c**2) * len(parts)


def in_a_condition(x):
    c = x.copy()
    if halved(c):
        c[1] = c[0] * c[2]
    return np.sum(c**2)


def of_a_partial(x):
    c = x.copy()
    made = functools.partial(halved, c)
    made()
    return np.sum(c**2)


def of_a_partial_that_is_kept(x):
    c = x.copy()
    made = functools.partial(halved, c)
    values = made()
    return np.sum(c**2) * (values is not None)


def of_a_function_inside(x):
    def entries():
        c[0] *= 2.0
        yield 1

    c = x.copy()
    parts = [entries(), c]
    return np.sum(parts[1] ** 2)


def handed_to_a_function(x):
    c = x.copy()
    return total(Scaling().halved(c), c)


def read_after_a_write(x):
    c = x.copy()
    parts = {"squares": squares(c)}
    c[0] = c[1] * c[2]
    return sum(parts["squares"])


def numbered_and_kept(x):
    c = x.copy()
    enumerate(halved(c))
    return np.sum(c**2)


@pytest.mark.parametrize(
    "program",
    [
        nothing_goes_through_a_method,
        state_of_an_object,
        in_a_list,
        in_a_list_of_a_method,
        appended,
        in_an_attribute,
        in_a_comprehension,
        in_a_condition,
        of_a_partial,
        of_a_partial_that_is_kept,
        of_a_function_inside,
        handed_to_a_function,
        read_after_a_write,
        numbered_and_kept,
    ],
    ids=lambda p: p.__name__,
)
def test_generator_that_is_not_gone_through_where_it_is_made(program):
    with pytest.raises(UnsupportedSyntaxError, match="that nothing goes through where it is made"):
        grad(program)(V)


def test_generator_that_is_gone_through_at_once_or_reads_what_stays():
    def at_once(x):
        c, found = x.copy(), []
        found.extend(halved(c))
        first, second = halved(c)
        return np.sum(c**2) * max([*halved(c)]) * (second + first) * found[1] + np.sum(c)

    def of_a_method(x):
        c = x.copy()
        return np.sum(c**2) * sum(Scaling().halved(c)) * np.sum(c)

    def of_a_partial(x):
        c = x.copy()
        made = functools.partial(halved, c)
        return np.sum(c**2) * sum(made()) * np.sum(c)

    def reads(x):
        parts = [squares(x), x]
        return sum(parts[0]) * x[1]

    for f in (at_once, of_a_method, of_a_partial, reads):
        check(f, V)


def writing_elements(x):
    c = x.copy()
    return total((scaled(c, i + 1.0) for i in range(2)), x.copy()) * c[0]


def written_while_it_is_read(x):
    c = x.copy()
    return total((c[0] * i for i in range(3)), c)


def written_by_another_name(x):
    c = x.copy()
    d = c
    return total((c[0] * i for i in range(3)), d)


@pytest.mark.parametrize(
    "program",
    [writing_elements, written_while_it_is_read, written_by_another_name],
    ids=lambda p: p.__name__,
)
def test_generator_expression_that_a_function_goes_through_late(program):
    with pytest.raises(UnsupportedSyntaxError, match="a generator expression that is kept"):
        grad(program)(V)
    check(lambda x: total((x[0] * i for i in range(3)), x.copy()), V)
