"""A list that grows while something else holds it: refused, or the derivative of what was appended would be lost."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import V, check


def same(x):
    return x


def beside(xs, y):
    for _ in range(2):
        y = y * 2
    return [xs, y]


def last_of(xs):
    for _ in range(1):
        y = xs[-1]
    return y


def total(xs):
    s = 0.0
    for x in xs:
        s = s + x * x
    return s


class Box:
    def __init__(self, xs):
        self.xs = xs


def handed_through_a_function(x):
    xs = [x[0]]
    ys = same(xs)
    xs.append(x[1])
    return sum(ys) * x[0]


def put_into_a_list_by_a_function(x):
    xs = [x[0]]
    pair = beside(xs, x[2])
    xs.append(x[1])
    return sum(pair[0]) * pair[1]


def put_into_an_object(x):
    xs = [x[0]]
    box = Box(xs)
    xs.append(x[1])
    return sum(box.xs) * x[0]


def returned_by_a_nested_function(x):
    def g():
        return xs

    xs = [x[0]]
    ys = g()
    xs.append(x[1])
    return sum(ys) * x[0]


def default_of_a_nested_function(x):
    xs = [x[0]]

    def g(ys=xs):
        return sum(ys)

    xs.append(x[1])
    return g() * x[0]


def element_of_a_display(x):
    xs = [x[0]]
    ys = (xs, 1.0)[0]
    xs.append(x[1])
    return sum(ys) * x[0]


def value_of_a_call_of_dict(x):
    xs = [x[0]]
    d = dict(xs=xs)
    xs.append(x[1])
    return sum(d["xs"]) * x[0]


def arm_of_a_choice(x):
    xs = [x[0]]
    ys = xs if x[0] > 0 else [x[2]]
    ys.append(x[1])
    return sum(xs) * sum(ys)


def longer_one_of_two(x):
    xs = [x[0]]
    ys = max([xs, [x[1]]], key=len)
    xs.append(x[1])
    return sum(ys) * x[0]


def elements_of_a_comprehension(x):
    xs = [x[0]]
    ys = [xs for _ in range(2)]
    xs.append(x[1])
    return sum(ys[0]) * x[0]


def name_that_is_not_read_later(x):
    xs = [x[0]]
    ys = same(xs)
    s = sum(ys)
    xs.append(x[1])
    return s * sum(xs)


def list_that_a_loop_goes_through(x):
    xs, s = [x[0]], 0.0
    for ys in [xs]:
        xs.append(x[1])
        s = sum(ys)
    return s * x[0]


PROGRAMS = [
    handed_through_a_function,
    put_into_a_list_by_a_function,
    put_into_an_object,
    returned_by_a_nested_function,
    default_of_a_nested_function,
    element_of_a_display,
    value_of_a_call_of_dict,
    arm_of_a_choice,
    longer_one_of_two,
    elements_of_a_comprehension,
    list_that_a_loop_goes_through,
    name_that_is_not_read_later,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_what_holds_the_list_grows_with_it(program):
    with pytest.raises(UnsupportedAliasError, match="on a list that something else may hold"):
        grad(program)(V)


def test_functions_that_only_read_the_list():
    def f(x):
        xs, s = [x[0]], 1.0
        for e in x:
            s = s * total(xs) + last_of(xs)
            xs.append(s * e)
            first, *others = xs
            s = s + first * sum(others) * np.sum(np.array(xs))
        return s * xs[-1]

    check(f, V * 0.3)


def test_list_that_is_new_after_it_was_put_away():
    def f(x):
        xs, rows = [x[0]], []
        for e in x:
            rows.append(xs)
            xs = []
            xs.append(e)
            xs.append(e * rows[0][0])
        return sum(sum(row) * row[-1] for row in rows) * xs[0]

    check(f, V)
