"""What an expression reads before it calls a function that writes is what was there before the call, as in Python."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from knetsrc.testing import check_grads
from language.checking import check

A = np.array([0.7, -1.3, 2.1])


def scaled(b, x):
    b[0] = b[0] * x
    return b[0]


def counted(n):
    n[0] += 1
    return n[0]


def factor_read_before_the_call(a):
    b = a.copy()
    return b[0] * scaled(b, a[1]) + b[0]


def reduction_read_before_the_call(a):
    b = a.copy()
    return np.sum(b) * scaled(b, a[1]) + b[0]


def array_read_as_a_whole(a):
    b = a.copy()
    y = b - scaled(b, a[1])
    return np.sum(y * y)


def elements_of_a_display(a):
    b = a.copy()
    entries = {"x": b[0], "y": scaled(b, a[1]), "z": [b[0], scaled(b, a[2]), b[0]]}
    return entries["x"] * entries["y"] + entries["z"][0] * entries["z"][2]


def arguments_of_a_call(a):
    def joined(x, y, z):
        return x + 2 * y + 3 * z * x

    b = a.copy()
    return joined(b[0], scaled(b, a[1]), b[0])


def operands_of_a_comparison(a):
    b = a.copy()
    s = a[2] if b[0] > scaled(b, a[1]) else a[0]
    while b[0] < scaled(b, a[1]):
        s = s * b[0]
    return s


def sum_to_which_is_added(a):
    b = a.copy()
    b[0] += scaled(b, a[1])
    b[1] -= scaled(b, a[1]) * b[0]
    return np.prod(b)


def sum_that_a_nested_function_writes(a):
    def g():
        b[0] = 7.0
        return a[1]

    b = a.copy()
    b[0] += g()
    return np.prod(b)


def value_read_before_the_index_is_called(a):
    def g():
        b[0] = b[0] * a[1]
        return 0

    b = a.copy()
    b[g()] = a[2] * b[0]
    return np.sum(b * b)


def parts_of_an_index(a):
    n = np.zeros(1, int)
    m = np.outer(a, a)
    m[n[0], counted(n)] = a[0]
    return np.sum(m * m)


def view_read_before_a_call_with_out(a):
    b = a * a[0]
    v = b[:2]
    y = v.sum() * (v + 1) * np.add(b, a, out=b)[:2]
    return y.sum() + b[0]


def arm_of_a_choice(a):
    b = a.copy()
    y = b[0] * (scaled(b, a[1]) if a[0] > 0 else 1.0)
    return y * b[0]


def name_bound_in_the_expression(a):
    b = a.copy()
    x = b[0] + (y := scaled(b, a[1]))
    return x * y


def elements_of_a_comprehension(a):
    b = a.copy()
    return b[0] + sum([b[0] * scaled(b, x) for x in a]) * b[0]


def counter_in_an_index(a):
    n = np.zeros(1, int)
    s = a[counted(n)] * a[counted(n)] * n[0]
    return s * a[0] ** n[0]


def counter_in_a_head(a):
    n, s = np.ones(1), a[0]
    while counted(n) < 5:
        s = s * n[0] * a[1]
    if counted(n) > 3 and s < 100:
        s = s * n[0]
    for i in range(int(counted(n)) - 5):
        s = s * a[i] + n[0]
    return s


PROGRAMS = [
    reduction_read_before_the_call,
    array_read_as_a_whole,
    value_read_before_the_index_is_called,
    parts_of_an_index,
    view_read_before_a_call_with_out,
    counter_in_an_index,
    counter_in_a_head,
]

REFUSED = [
    factor_read_before_the_call,
    elements_of_a_display,
    arguments_of_a_call,
    operands_of_a_comparison,
    sum_to_which_is_added,
    sum_that_a_nested_function_writes,
    arm_of_a_choice,
    name_bound_in_the_expression,
    elements_of_a_comprehension,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_read_comes_before_the_write(program):
    check_grads(program, (A,))
    assert np.isclose(grad(program).value_and_grad(A)[0], program(A))


@pytest.mark.parametrize("program", REFUSED, ids=lambda p: p.__name__)
def test_element_that_may_be_a_view_of_what_a_call_writes(program):
    with pytest.raises(UnsupportedAliasError, match="a call that writes into"):
        grad(program)(A[:, None])


@pytest.mark.parametrize(
    "program", [p for p in REFUSED if p is not elements_of_a_display], ids=lambda p: p.__name__
)
def test_element_that_is_a_number_for_sure(program):
    check_grads(program, (A,))
    assert np.isclose(grad(program).value_and_grad(A)[0], program(A))


def set_first(c):
    c[0] = c[1] ** 2
    return c[0]


def choice_after_the_call(a):
    c = a.copy()
    return set_first(c) * (c[0] if c[1] < 99 else 0.0)


def head_of_a_choice_after_the_call(a):
    c = a.copy()
    return set_first(c) * (a[2] if c[0] > 1 else a[0] * 5)


def comprehension_after_the_call(a):
    c = a.copy()
    return set_first(c) + sum([v**2 for v in c]) + sorted(v**3 for v in c)[0]


def search_after_the_call(a):
    c = a.copy()
    return set_first(c) * (1 + any(v > 1.5 for v in c[:2]))


def values_of_a_dict_after_the_call(a):
    cache = {}

    def square(i):
        cache[i] = a[i] ** 2
        return cache[i]

    return square(0) + sum(v**2 for v in cache.values())


def dict_that_is_no_longer_empty(a):
    cache = {}

    def square(i):
        cache[i] = a[i] ** 2
        return cache[i]

    return square(0) * (a[1] if cache else 5.0)


def view_read_after_the_call(a):
    c = a.copy()
    v = c[:2]
    return set_first(c) * (v[0] if c[1] < 99 else 0.0)


def view_read_after_a_call_with_out(a):
    c = a.copy()
    v = c[:2]
    return np.multiply(c, c, out=c)[0] * sum([u for u in v])


def names_bound_after_the_call(a):
    c = a.copy()
    return set_first(c) * (w := c[0]) * w * (lambda u=c[0]: u)()


def booleans_after_the_call(a):
    c = a.copy()
    return set_first(c) * ((c[0] > 99 and 1.0) or c[0])


def arguments_after_the_call(a):
    def joined(x, y, z):
        return x * y + z * y

    c = a.copy()
    s = joined(c[1], set_first(c), c[0] if c[1] < 9 else 2.0)
    entries = [c[0], set_first(c), c[0] if c[1] < 9 else 2.0]
    return s + entries[0] * entries[1] * entries[2]


def sum_written_in_a_loop(a):
    c, s = a.copy(), 0.0
    for _ in range(3):
        s += set_first(c) * (c[0] if c[1] < 99 else 0.0)
        c[1] *= 0.5
    return s


class Scale:
    def __init__(self, x):
        self.x = x

    def grown(self, y):
        self.x = self.x * y
        return self.x


def object_that_a_nested_function_captures(a):
    def g(y):
        return scale.grown(y)

    scale = Scale(a[0])
    return g(a[1]) * scale.x


def object_handed_to_a_nested_function(a):
    def g(scale, y):
        return scale.grown(y)

    scale = Scale(a[0])
    return g(scale, a[1]) * scale.x


def object_of_a_lambda(a):
    scale = Scale(a[0])
    g = lambda y: scale.grown(y)  # noqa: E731
    return g(a[1]) * g(a[2])


class Filled:
    """Making one writes into its argument."""

    def __init__(self, c):
        c[0] = c[1] ** 2
        self.x = c[0] * 2


def object_made_before_the_choice(a):
    c = a.copy()
    return Filled(c).x * (c[0] if c[1] < 99 else 0.0)


def method_called_before_the_choice(a):
    scale = Scale(a[0])
    return scale.grown(a[1]) * (scale.x if a[2] < 99 else 0.0)


@pytest.mark.parametrize(
    "program",
    [
        choice_after_the_call,
        head_of_a_choice_after_the_call,
        comprehension_after_the_call,
        search_after_the_call,
        values_of_a_dict_after_the_call,
        dict_that_is_no_longer_empty,
        view_read_after_the_call,
        view_read_after_a_call_with_out,
        names_bound_after_the_call,
        booleans_after_the_call,
        arguments_after_the_call,
        sum_written_in_a_loop,
        object_made_before_the_choice,
        method_called_before_the_choice,
    ],
    ids=lambda p: p.__name__,
)
def test_read_comes_after_the_write(program):
    check_grads(program, (A,))
    assert np.isclose(grad(program).value_and_grad(A)[0], program(A))


@pytest.mark.parametrize(
    "program",
    [
        object_that_a_nested_function_captures,
        object_handed_to_a_nested_function,
        object_of_a_lambda,
    ],
    ids=lambda p: p.__name__,
)
def test_object_that_a_nested_function_changes(program):
    with pytest.raises(UnsupportedAliasError, match="writes to an attribute of `scale`"):
        grad(program)(A)


def first(a, b):
    return a


def swapped(a, b):
    return b - a


def constant(a):
    return 2.0


def doubled(g):
    g += g


def doubled_copy(g):
    g += g
    return g * 1.0


def write_of_an_argument_that_is_dropped(z):
    inner = lambda e, o: z  # noqa: E731
    return inner(doubled(z), 0.5) * z


def write_of_a_result_that_is_dropped(z):
    return first(z * 2, doubled_copy(z)) * z


def write_by_keyword(z):
    return first(b=doubled_copy(z), a=z * 1) * z


def write_for_a_constant(z):
    r = 1.0
    if constant(doubled_copy(z)) > 1:
        r = r * z
    return constant(doubled_copy(z)) * r * z


def write_before_what_is_read(z):
    return swapped(doubled_copy(z), z * 2) * swapped(z * 2, doubled_copy(z)) * z


def elements_taken_in_order(z):
    it = iter([1.0, 2.0, 4.0])
    return swapped(next(it), next(it)) * z * next(it)


def element_taken_and_dropped(z):
    it = iter([1.0, 2.0])
    return first(z, next(it)) * next(it)


def numbers_drawn_in_order(z):
    rng = np.random.default_rng(0)
    return swapped(rng.normal(), rng.normal()) * z


def numbers_drawn_and_dropped(z):
    np.random.seed(0)
    w = z * constant(np.random.normal())
    return first(w, np.random.normal()) * np.random.normal()


@pytest.mark.parametrize(
    "program",
    [
        write_of_an_argument_that_is_dropped, write_of_a_result_that_is_dropped, write_by_keyword, write_for_a_constant,
        write_before_what_is_read, elements_taken_in_order, element_taken_and_dropped, numbers_drawn_in_order,
        numbers_drawn_and_dropped,
    ],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_arguments_of_small_functions_are_computed_once_and_in_order(program):
    check(program, np.array(-0.55))


def test_small_functions_of_what_only_computes_are_written_out():
    def halved(a):
        return a / 2

    def f(x):
        return np.sum(swapped(halved(x), np.exp(x)))

    assert "swapped" not in grad(f).source
    check(f, A)


class Counter:
    def __init__(self):
        self.n = -1

    def next(self):
        self.n += 1
        return self.n


def index_on_both_sides(a):
    b, n = a.copy(), [-1]
    b[counted(n)] = a[counted(n)]
    return np.sum(b * a)


def indices_of_a_pair(a):
    n = [0]
    x, y = a[counted(n)], a[counted(n)]
    return x * y


def start_of_a_slice(a):
    n = [0]
    y = a[counted(n) :]
    return np.sum(y * y) * a[counted(n)]


def start_of_a_slice_that_is_written_into(a):
    n, z = [0], a.copy()
    y = z[counted(n) :]
    y[0] = a[0] * a[1]
    y[1] = y[0] * a[2]
    return np.sum(z * z) * n[0]


def rows_and_columns(a):
    n, m = [-1], np.outer(a, a + 1.0)
    row, column = m[counted(n)], m[:, counted(n)]
    return np.sum(row * column)


def entries_of_a_list_and_a_dict(a):
    n, parts = [-1], [a[:1], a[1:2], a[2:]]
    p, q = parts[counted(n)], parts[counted(n)]
    table, n = {0: a[:1], 1: a[2:]}, [-1]
    r, s = table[counted(n)], table[counted(n)]
    return np.sum(p * p * q) + np.sum(r * s * s)


def index_of_a_method(a):
    c, b = Counter(), a.copy()
    b[c.next()] = a[c.next()]
    x, y = a[c.next()], b[0]
    return x * y


@pytest.mark.parametrize(
    "program",
    [
        index_on_both_sides,
        indices_of_a_pair,
        start_of_a_slice,
        start_of_a_slice_that_is_written_into,
        rows_and_columns,
        entries_of_a_list_and_a_dict,
        index_of_a_method,
    ],
    ids=lambda p: p.__name__,
)
def test_call_in_an_index_is_made_once(program):
    check(program, A)
