"""Results of calls that are no new arrays: what a function captures, what an object or a global holds, what a cache keeps."""

import functools
import itertools

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, checkpoint, grad, value_and_grad
from language.checking import V, check

TABLE = np.array([1.0, 2.0, 0.5, -1.0])
TABLES = {"row": np.array([1.0, 2.0, 0.5, -1.0])}


class Holder:
    def __init__(self, u):
        self.u = u

    def __call__(self):
        return self.u

    def get(self):
        return self.u

    def table(self):
        return TABLE

    def __neg__(self):
        return self.u

    @functools.cached_property
    def zeros(self):
        return np.zeros(4)


class HoldsTable:
    def __init__(self):
        self.u = TABLE


HOLDER = Holder(TABLE)


def a_nested_function(x):
    a = x * 1.0

    def get():
        return a

    y = get()
    y += 1.0
    return np.sum(a**2)


def a_view_of_what_is_captured(x):
    a = x * 1.0

    def get():
        return a[1:]

    y = get()
    y *= a[0]
    return np.sum(a**2)


def a_lambda(x):
    a = x * 1.0
    get = lambda: a  # noqa: E731
    y = get()
    y -= 1.0
    return np.sum(a**2)


def a_lambda_without_name(x):
    a = x * 1.0
    y = (lambda: a)()
    y += 1.0
    return np.sum(a**2)


def a_function_that_calls_another(x):
    a = x * 1.0

    def get():
        return a

    def again():
        return get()

    y = again()
    y += 1.0
    return np.sum(a**2)


def a_function_that_writes_and_returns(x):
    a = x * 1.0

    def put():
        a[0] = a[1]
        return a

    y = put()
    y += 1.0
    return np.sum(a**2)


def a_default(x):
    a = x * 1.0

    def g(q=a):
        return q

    y = g()
    y += 1.0
    return np.sum(a**2)


def a_cached_function(x):
    a = x * 1.0

    @functools.cache
    def g():
        return a

    y = g()
    y += 1.0
    return np.sum(a**2) + np.sum(y)


def a_partial(x):
    a = x * 1.0
    g = functools.partial(lambda q: q, a)
    y = g()
    y += 1.0
    return np.sum(a**2)


def a_checkpoint(x):
    a = x * 1.0
    g = checkpoint(lambda: a)
    y = g()
    y += 1.0
    return np.sum(a**2)


def a_method_with_a_name(x):
    a = x * 1.0
    g = Holder(a).get
    y = g()
    y += 1.0
    return np.sum(a**2)


def functions_in_a_list(x):
    a = x * 1.0

    def get():
        return a

    fs = [get]
    y = fs[0]()
    y += 1.0
    return np.sum(a**2)


def a_call_in_a_loop(x):
    a, b = x * 1.0, x * 2.0

    def get():
        return a

    for _ in range(3):
        y = get()
        y *= b
    return np.sum(a**2)


@pytest.mark.parametrize(
    "f",
    [
        a_nested_function, a_view_of_what_is_captured, a_lambda, a_lambda_without_name, a_function_that_calls_another,
        a_function_that_writes_and_returns, a_default, a_cached_function, a_partial, a_checkpoint, functions_in_a_list,
        a_call_in_a_loop,
    ],
)  # fmt: skip
def test_array_of_another_name_changes(f):
    check(f, V)


def elements_of_a_generator(x):
    a = x * 1.0

    def gen():
        yield a

    y = list(gen())[0]  # noqa: RUF015
    y += 1.0
    return np.sum(a**2)


def a_loop_over_a_generator(x):
    a = x * 1.0

    def gen():
        yield a

    for y in gen():
        y += 1.0
    return np.sum(a**2)


def a_list_that_is_gone_through(x):
    a = x * 1.0

    def get():
        b = a
        return [b]

    for y in get():
        y += 1.0
    return np.sum(a**2)


def one_of_two_results(x):
    a = x * 1.0

    def get():
        return a, 1.0

    y, _ = get()
    y += 1.0
    return np.sum(a**2)


def an_entry_of_a_result(x):
    a = x * 1.0

    def get():
        return {"k": a}

    y = get()["k"]
    y += 1.0
    return np.sum(a**2)


def an_element_of_what_is_captured(x):
    xs = [x * 1.0, x * 2.0]

    def pick():
        return xs[0]

    y = pick()
    y *= x
    return np.sum(xs[0] ** 2)


def a_call_of_an_object(x):
    a = x * 1.0
    o = Holder(a)
    y = o()
    y += 1.0
    return np.sum(a**2)


def an_operation_of_an_object(x):
    a = x * 1.0
    o = Holder(a)
    y = -o
    y += 1.0
    return np.sum(a**2)


def what_is_accumulated(x):
    a = x * 1.0
    y = list(itertools.accumulate([a, 2 * a], lambda p, q: p))[1]
    y += 1.0
    return np.sum(a**2)


def what_is_mapped(x):
    a = x * 1.0
    y = list(map(lambda i: a, range(1)))[0]  # noqa: RUF015
    y += 1.0
    return np.sum(a**2)


@pytest.mark.parametrize(
    "f",
    [
        elements_of_a_generator, a_loop_over_a_generator, a_list_that_is_gone_through, one_of_two_results, an_entry_of_a_result,
        an_element_of_what_is_captured, a_call_of_an_object, an_operation_of_an_object,
        what_is_accumulated, what_is_mapped, a_method_with_a_name,
    ],
)  # fmt: skip
def test_array_of_another_name_is_refused(f):
    with pytest.raises(UnsupportedAliasError, match="changes in place a value"):
        grad(f)(V)


def table():
    return TABLE


def table_in_steps():
    u = TABLES["row"]
    if u[0] > 100.0:
        u = u * 2.0
    return u


def pair_with_table(n):
    u = TABLE
    return n, u


@functools.cache
def grid(n):
    return np.linspace(0.0, 1.0, n)


def grid_of_another():
    return grid(4)


def with_default(q=np.zeros(4)):  # noqa: B008
    u = q
    return u


def augmented_global(x):
    y = table()
    y += x
    return np.sum(y**2) + np.sum(TABLE)


def written_global(x):
    y = table_in_steps()
    y[0] = x[0]
    return np.sum(y * x) + np.sum(TABLES["row"])


def written_global_in_a_tuple(x):
    _, y = pair_with_table(2)
    y[0] = x[0]
    return np.sum(y * x) + np.sum(TABLE)


def written_global_of_a_nested_function(x):
    def inner():
        z = TABLE
        return z

    y = inner()
    y[0] = x[0]
    return np.sum(y * x) + np.sum(TABLE)


def augmented_global_of_a_method(x):
    y = Holder(x).table()
    y += x
    return np.sum(y**2) + np.sum(TABLE)


def augmented_global_that_a_class_holds(x):
    u = HoldsTable().u
    u += x
    return np.sum(u**2) + np.sum(TABLE)


def written_cache(x):
    y = grid(4)
    y[0] = x[0]
    return np.sum(y * x) + np.sum(grid(4))


def augmented_cache(x):
    y = grid(4)
    y += x
    return np.sum(y * x) + np.sum(grid(4))


def written_cache_of_another_function(x):
    y = grid_of_another()
    y[0] = x[0]
    return np.sum(y * x) + np.sum(grid(4))


def written_cache_of_a_nested_function(x):
    @functools.cache
    def zeros():
        return np.zeros(4)

    y = zeros()
    y[0] = x[0]
    return np.sum(zeros() * x)


def written_property_that_is_cached(x):
    o = Holder(x)
    y = o.zeros
    y[0] = x[0]
    return np.sum(o.zeros * x)


def augmented_default(x):
    y = with_default()
    y += x
    return np.sum(y**2) + np.sum(with_default())


def result_of_an_object_outside(x):
    y = HOLDER()
    y[0] = x[0]
    return np.sum(y * x) + np.sum(TABLE)


def result_of_an_argument(x, get=lambda: TABLE):
    y = get()
    y[0] = x[0]
    return np.sum(y * x) + np.sum(TABLE)


@pytest.mark.parametrize(
    "f",
    [
        augmented_global, written_global, written_global_in_a_tuple, written_global_of_a_nested_function,
        augmented_global_of_a_method, augmented_global_that_a_class_holds, written_cache, augmented_cache,
        written_cache_of_another_function, written_cache_of_a_nested_function, written_property_that_is_cached,
        augmented_default, result_of_an_object_outside,
        result_of_an_argument,
    ],
)  # fmt: skip
def test_array_that_lives_on_is_refused(f):
    before = TABLE.copy(), grid(4).copy()
    with pytest.raises(
        UnsupportedAliasError, match=r"not of this function|changes in place a value"
    ):
        grad(f)(V)
    np.testing.assert_array_equal((TABLE, grid(4)), before)


def test_message_for_a_result_that_lives_on():
    with pytest.raises(UnsupportedAliasError) as caught:
        grad(written_cache)(V)
    assert "`grid()` lives on after the call" in str(caught.value)
    assert "copy it first: y = y.copy()" in str(caught.value)


rng = np.random.default_rng(0)


def noise(n):
    z = rng.uniform(1.0, 1.0, size=n)
    return z


def zeros(n):
    u = np.zeros(n)
    return u


def written_noise(x):
    y = noise(4)
    y[0] = x[0]
    return np.sum(y * x)


def augmented_noise(x):
    y = noise(4)
    y += x
    return np.sum(y * x)


def augmented_zeros(x):
    y = zeros(4)
    y += x
    return np.sum(y * x)


def augmented_copy(x):
    a = x * 1.0

    def get():
        return a.copy()

    y = get()
    y += x
    return np.sum(y * a)


def augmented_expression(x):
    a = x * 1.0

    def get():
        b = a * 2
        b[0] = 1.0
        return b

    y = get()
    y += x
    return np.sum(y * a)


def augmented_number(x):
    n = 2

    def count():
        return n

    m = count()
    m += 1
    return np.sum(x**m)


def cached_expression(x):
    y = grid(4) * x
    y[0] = x[1]
    return np.sum(y * x)


def result_of_a_library_function(x, make=np.zeros):
    y = make(4)
    y[0] = x[0]
    return np.sum(y * x)


class Listing:
    def __call__(self, a):
        return [a]

    def listed(self, a):
        return [a]


def listed(a):
    return [a]


LISTING, BY_NAME = Listing(), {"listed": listed}


def list_of_a_partial(x):
    a, make = x * 1.0, functools.partial(listed)
    twice = make(a) * 2
    a *= 2.0
    return np.sum(twice[1] * x)


def list_of_a_method(x):
    a, maker = x * 1.0, Listing()
    twice = maker.listed(a) * 2
    a *= 2.0
    return np.sum(twice[1] * x)


def list_of_an_object_that_is_called(x):
    a, maker = x * 1.0, Listing()
    twice = maker(a) * 2
    a *= 2.0
    return np.sum(twice[1] * x)


def list_of_a_function_in_a_table(x):
    a = x * 1.0
    twice = BY_NAME["listed"](a) * 2
    a *= 2.0
    return np.sum(twice[1] * x)


def list_of_a_function_in_a_loop(x):
    s = 0.0
    for make in (listed, LISTING):
        a = x * 1.0
        twice = make(a) * 2
        a *= 2.0
        s = s + np.sum(twice[1] * x)
    return s


@pytest.mark.parametrize(
    "f",
    [
        list_of_a_partial,
        list_of_a_method,
        list_of_an_object_that_is_called,
        list_of_a_function_in_a_table,
        list_of_a_function_in_a_loop,
    ],
)
def test_repeated_list_of_a_call_holds_what_is_written_into(f):
    with pytest.raises(UnsupportedAliasError, match="changes in place a value"):
        grad(f)(V)


NEW = (
    written_noise, augmented_noise, augmented_zeros, augmented_copy, augmented_expression, augmented_number, cached_expression,
    result_of_a_library_function,
)  # fmt: skip


@pytest.mark.parametrize("f", NEW)
def test_new_array_is_written_into(f):
    check(f, V)


def test_no_check_where_a_result_is_new():
    for f in (
        augmented_noise,
        augmented_zeros,
        augmented_copy,
        augmented_expression,
        augmented_number,
    ):
        assert "check_" not in value_and_grad(f).source, f.__name__
