"""Writes that do not look like writes: `out` by position, methods under other names, functions that are known to write."""

import bisect
import heapq
import operator

import numpy as np
import pytest

from knetsrc import (
    MissingAdjointError,
    UnsupportedAliasError,
    UnsupportedSyntaxError,
    grad,
    value_and_grad,
)
from language.checking import M, V, by_grad, check


def test_arrays_that_are_made_for_out():
    def f(a):
        total = np.sum(a, 0, None, np.zeros(3))[1] ** 2
        products = np.outer(a[0], a[1], np.zeros((3, 3)))
        return (
            total + np.sum(products**2) + np.sum(np.stack([a[0], a[1]], 0, np.zeros((2, 3))) ** 3)
        )

    check(f, M, ways=(by_grad,))


def test_out_of_a_sum_by_position():
    def f(a):
        z = np.zeros(3)
        w = np.sum(a, 0, None, z)
        w[0] = a[0, 1] ** 2
        return np.sum(z**2)

    check(f, M)


def test_out_of_clip_by_position_is_its_operand():
    def f(x):
        y = x * 2.0
        np.clip(y, -1.0, 1.5, y)
        return np.sum(y**2)

    check(f, V)


def test_out_of_methods_by_position():
    def f(x):
        y, z = x**2, np.zeros(4)
        y.cumsum(0, None, z)
        return np.sum(z**2)

    check(f, V)


def test_out_of_a_method_of_an_argument_is_refused():
    def f(a):
        z = np.zeros(3)
        a.sum(0, None, z)
        return np.sum(z**2)

    with pytest.raises(UnsupportedAliasError, match=r"a call of `a.sum`, which may write"):
        grad(f)(M)


def test_options_after_out_are_refused():
    def f(a):
        z = np.zeros((1, 3))
        np.sum(a, 0, None, z, True)
        return np.sum(z**2)

    with pytest.raises(UnsupportedAliasError, match="and options after it"):
        grad(f)(M)


def _push(heap, value):
    heapq.heappush(heap, value)


def _by_heap(x):
    heap = []
    for i in range(4):
        heapq.heappush(heap, x[i] ** 2)
    return heap[0]


def _by_heap_in_a_helper(x):
    heap = []
    for i in range(4):
        _push(heap, x[i] ** 2)
    return heap[0]


def _by_bisection(x):
    ordered = []
    for i in range(4):
        bisect.insort(ordered, x[i] ** 2)
    return ordered[0]


def _by_setitem(x):
    y = x * 1.0
    y.__setitem__(0, x[1] ** 2)
    return np.sum(y)


def _by_operator(x):
    y = x * 1.0
    operator.setitem(y, 0, x[1] ** 2)
    return np.sum(y)


def _by_operator_in_place(x):
    y = x * 1.0
    operator.imul(y, x)
    return np.sum(y)


def _by_a_lambda(x):
    y = x * 1.0
    put = lambda i, v: y.__setitem__(i, v)  # noqa: E731
    put(0, x[1] ** 2)
    return np.sum(y)


def _by_a_kept_method(x):
    out = []
    add = out.append
    for i in range(4):
        add(x[i] ** 2)
    return out[0] * out[1]


def _by_a_kept_method_of_an_array(x):
    y = x * 1.0
    fill = y.fill
    fill(x[0])
    return np.sum(y)


def _by_getattr(x):
    out = [x[0]]
    getattr(out, "append")(x[1] ** 2)  # noqa: B009
    return out[0] * out[1]


def _by_map(x):
    out = []
    list(map(out.append, x))
    return out[0] * out[1]


def _by_a_method_of_the_class(x):
    y = x * 1.0
    np.ndarray.sort(y)
    return np.sum(y * np.arange(4.0))


def _by_star_arguments(x):
    y = x * 2.0
    arguments = (y, y)
    np.exp(*arguments)
    return np.sum(y)


def _by_two_outs(x):
    y, z = np.zeros(4), np.zeros(4)
    np.modf(x, y, z)
    return np.sum(y * x)


def _by_reduce(a):
    z = np.zeros(4)
    np.add.accumulate(a, 0, None, z)
    return np.sum(z**2)


@pytest.mark.parametrize("f", [f for name, f in sorted(globals().items()) if name[:4] == "_by_"])
def test_write_that_does_not_show_is_refused(f):
    with pytest.raises(UnsupportedAliasError, match="which may write"):
        grad(f)(V)


def test_heap_of_what_is_not_differentiated():
    def f(x):
        heap = []
        for i in (2, 0, 1):
            heapq.heappush(heap, i)
        return x[heap[0]] ** 2 + x[heap[1]]

    check(f, V)


def test_list_of_taken_choices():
    def f(x):
        return np.sum(np.choose([0, 1, 0, 1], [x, x**2]) ** 2)

    check(f, V, ways=(by_grad,))


def test_value_is_that_of_the_primal_where_out_is_an_operand():
    def f(x):
        y = x * 1.0
        np.multiply(y, 3.0, y)
        return np.sum(y * x)

    value, gradient = value_and_grad(f)(V)
    assert value == f(V)
    np.testing.assert_allclose(gradient, 6 * V)


def test_keys_that_are_differentiated_numbers():
    def shown(x):
        table = {float(x[0]): 1.0}
        return sum(k * v for k, v in table.items()) + x[1]

    def written(x):
        table = {}
        for v in x:
            table[np.sqrt(v)] = 1.0
        return sum(table.keys())

    for f in (shown, written):
        with pytest.raises(UnsupportedSyntaxError, match="a differentiated number, as a key"):
            grad(f)(np.array([0.5, 0.3]))


def test_keys_of_a_differentiated_dictionary():
    def f(w):
        squares = {name: np.sum(value**2) for name, value in w.items()}
        for name in w:
            squares[name + "_twice"] = 2.0 * squares[name]
        return squares["a"] * squares["b_twice"]

    check(f, {"a": V, "b": V * 2.0})


class Box:
    def __init__(self, u):
        self.u = u

    def array(self):
        return self.u

    def emptied(self):
        self.array().fill(0.0)


def out_of_an_element(x):
    boxes = [Box(x.copy())]
    np.multiply(x, 2.0, out=boxes[0].u)
    return boxes[0].u @ x


def copied_to_a_second_name(x):
    box = Box(x.copy())
    same = box
    np.copyto(same.u, 2.0 * x)
    return box.u @ x


def copied_to_a_transposed_attribute(x):
    boxes = [Box(np.outer(x, x))]
    np.copyto(boxes[0].u.T, x)
    return np.sum(boxes[0].u ** 2)


def filled_where_it_is_given(x):
    box = Box(x.copy())
    box.array().fill(x[0])
    return box.u @ x


def filled_by_a_method(x):
    box = Box(x.copy())
    box.emptied()
    return box.u @ x


def added_at_elements(x):
    boxes = [Box(x.copy())]
    np.add.at(boxes[0].u, [0, 0], x[1])
    return boxes[0].u @ x


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (out_of_an_element, r"`np\.multiply` writes into `boxes\[0\]\.u`"),
        (copied_to_a_second_name, r"`np\.copyto` writes into `same\.u`"),
        (copied_to_a_transposed_attribute, r"`np\.copyto` writes into `boxes\[0\]\.u\.T`"),
        (filled_where_it_is_given, r"`box\.array\(\)\.fill` writes into `box\.array\(\)`"),
        (filled_by_a_method, r"`self\.array\(\)\.fill` writes into `self\.array\(\)`"),
        (added_at_elements, r"`np\.add\.at` writes into `boxes\[0\]\.u`"),
    ],
)
def test_call_that_writes_into_what_has_no_name(f, what):
    with pytest.raises(UnsupportedAliasError, match=what):
        grad(f)(V)


def _doubled(a):
    a[:] = a * 2


def _scaled(a, k=3.0):
    a *= k


def _squared_first(a):
    a[1] = a[0] ** 2


def _with_entry(d, key, value):
    d[key] = value


def _calling(f):
    def inner(*a):
        return f(*a)

    return inner


def handed_on_by_star(x):
    def call(f, *a):
        f(*a)

    y = x.copy()
    call(_doubled, y)
    call(call, _doubled, y)
    return np.sum(y**2)


def wrapped_where_it_is_called(x):
    y = x.copy()
    _calling(_doubled)(y)
    return np.sum(y**2)


def handed_on_by_double_star(x):
    def call(f, **k):
        f(k["a"])
        _squared_first(**k)

    y = x.copy()
    call(_doubled, a=y)
    return np.sum(y**2)


def handed_on_by_both(x):
    def call(f, *a, **k):
        return f(*a, **k)

    y = x.copy()
    call(_scaled, y, k=x[1])
    call(_scaled, y)
    return np.sum(y**2)


def handed_on_twice(x):
    y = x.copy()

    def outer(*a):
        def inner(*b):
            _doubled(*b)

        inner(*a)

    outer(y)
    return np.sum(y**2)


def entry_by_star(x):
    def call(f, *a):
        f(*a)

    d = {"a": x[0]}
    call(_with_entry, d, "b", x[2] ** 2)
    return d["a"] * d["b"]


def several_functions(x):
    def composed(*functions):
        def run(*a):
            for f in functions:
                f(*a)

        return run

    y = x.copy()
    composed(_doubled, _scaled)(y)
    return np.sum(y**2)


def calls_itself(x):
    def call(f, *a, n=1):
        if n > 0:
            f(*a)
            call(f, *a, n=n - 1)

    y = x.copy()
    call(_doubled, y, n=2)
    return np.sum(y**2)


@pytest.mark.parametrize(
    "f",
    [
        handed_on_by_star,
        wrapped_where_it_is_called,
        handed_on_by_double_star,
        handed_on_by_both,
        handed_on_twice,
        entry_by_star,
        several_functions,
        calls_itself,
    ],
)
def test_write_by_a_nested_function_with_star_parameters(f):
    check(f, V)


def test_write_into_elements_of_a_star_parameter_is_refused():
    def f(x):
        def each(f, *xs):
            for v in xs:
                f(v)

        y, z = x.copy(), x * 3
        each(_doubled, y, z)
        return np.sum(y * z)

    with pytest.raises(UnsupportedAliasError, match="a call that writes into `y`"):
        grad(f)(V)


def _added(a, b):
    a += b


def _multiplied(a, b):
    a *= b


def _under_a_second_name(y, b):
    z = y
    z += b


def _into_a_row(y, b):
    row = y[0]
    row += b


def _by_a_helper(y, b):
    _under_a_second_name(y, b)


def _in_a_branch(y, b):
    if y[0] > 0:
        _added(y, b)


def _in_a_test(y, b):
    if _added(y, b) is None:
        pass


def _in_the_test_of_a_loop(y, b):
    n = 0
    while n < 2 and _added(y, b) is None:
        n += 1


def _with_its_result(y, b):
    return _added(y, b)


def _for_each(y, *bs):
    for b in bs:
        _multiplied(y, b)


def _by_star(*a):
    _multiplied(*a)


def _by_double_star(**a):
    _multiplied(**a)


def _by_a_function_inside(y, b):
    def inner(z):
        z *= b

    inner(y)


def _even(y, b, n=4):
    if n:
        _odd(y, b, n - 1)


def _odd(y, b, n):
    if n:
        y *= b
        _even(y, b, n - 1)


@pytest.mark.parametrize(
    "update",
    [
        _under_a_second_name,
        _by_a_helper,
        _in_a_branch,
        _in_a_test,
        _in_the_test_of_a_loop,
        _with_its_result,
        _for_each,
        _by_star,
        _by_a_function_inside,
        _even,
        lambda y, b: _by_double_star(a=y, b=b),
        lambda y, b: _into_a_row(y[None], b),
    ],
)
def test_update_in_place_by_what_a_helper_calls(update):
    def f(x):
        y = x * x
        update(y, x)
        if update(y, x) is None:
            y = y * 2
        return np.sum(y**2)

    def of_a_constant(x):
        weights = np.ones(4)
        y = weights * x * x
        update(weights, 2.0)
        return np.sum(y * weights)

    check(f, V)
    check(of_a_constant, V)


def test_update_in_place_of_an_element_by_a_helper_is_refused():
    def f(x):
        y = x.copy()
        both = (y, x[0])
        _by_star_of(both)
        return np.sum(y**2)

    with pytest.raises(UnsupportedAliasError, match=r"`a \*= b` changes in place"):
        grad(f)(V)


def _by_star_of(pair):
    _multiplied(pair[0], pair[1])


def _calling_an_entry(**k):
    return k["f"](k["a"])


def _without_its_value(f, a):
    _ = f(a)
    return 0.0


def test_call_of_a_function_in_a_dictionary_that_is_handed_on_is_refused():
    def f(x):
        y = x.copy()
        rest = {"a": y}
        _calling_an_entry(f=_doubled, **rest)
        return np.sum(y**2)

    with pytest.raises(MissingAdjointError, match="which may write"):
        grad(f)(V)


def test_write_by_a_function_of_which_the_value_is_not_used():
    def f(x):
        y = x.copy()
        first = (_doubled, y)
        _without_its_value(*first)
        for pair in [(_doubled, y), (_scaled, y)]:
            _without_its_value(*pair)
        return np.sum(y**2)

    check(f, V)
