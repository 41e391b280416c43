"""Methods that write to their object, where Python calls them and no call is written: `len(cell)`, `key in cell`, `if cell:`."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, UnsupportedSyntaxError, grad
from language.checking import V, check


class Growing:
    def __init__(self, x):
        self.x = x

    def tick(self):
        self.x = self.x * 3

    def __len__(self):
        self.x = self.x * 3
        return 2

    def __contains__(self, key):
        self.tick()
        return True

    def __repr__(self):
        self.x = self.x * 3
        return "o"

    def __abs__(self):
        self.x = self.x * 3
        return 1.0

    def __int__(self):
        self.x = self.x * 3
        return 1

    def __gt__(self, other):
        self.x = self.x * 3
        return True


class Truth:
    def __init__(self, x):
        self.x = x

    def __bool__(self):
        self.x = self.x * 3
        return True


class WritesElement:
    def __init__(self, x):
        self.x = x * 1.0

    def __len__(self):
        u = self.x
        u[0] = 5.0
        return 2


def a_length(x):
    o = Growing(x[0])
    n = len(o)
    return n * o.x**2


def a_length_in_a_test(x):
    o = Growing(x[0])
    if len(o) > 1:
        return 2.0 * o.x**2
    return o.x**2


def a_length_in_a_helper(x):
    def size(o):
        return len(o)

    o = Growing(x[0])
    n = size(o)
    return n * o.x**2


def a_length_in_a_loop(x):
    cells, n = [Growing(x[0]), Growing(x[1])], 0
    for o in cells:
        n += len(o)
    return n * cells[0].x ** 2


def a_length_by_an_element(x):
    o = WritesElement(x)
    n = len(o)
    return n * np.sum(o.x**2)


def a_member(x):
    o = Growing(x[0])
    found = 3 in o
    return found * o.x**2


def a_text(x):
    o = Growing(x[0])
    text = str(o)
    return len(text) * o.x**2


def a_formatted_text(x):
    o = Growing(x[0])
    text = f"{o}"
    return len(text) * o.x**2


def a_number(x):
    o = Growing(x[0])
    return int(o) * o.x**2


def a_test(x):
    o = Truth(x[0])
    factor = 1.0 if o else 2.0
    return factor * o.x**2


def a_negated_test(x):
    o = Truth(x[0])
    factor = 1.0 if not o else 2.0
    return factor * o.x**2


def a_test_of_a_loop(x):
    o, factor = Truth(x[0]), 1.0
    while o:
        factor = 2.0
        break
    return factor * o.x**2


def a_greatest(x):
    cells = [Growing(x[0]), Growing(x[1])]
    largest = max(cells)
    return largest.x * cells[0].x ** 2


@pytest.mark.parametrize(
    "f",
    [
        a_length, a_length_in_a_test, a_length_in_a_helper, a_length_in_a_loop, a_length_by_an_element, a_member, a_text,
        a_formatted_text, a_number, a_test, a_negated_test, a_test_of_a_loop, a_greatest,
    ],
)  # fmt: skip
def test_method_that_writes_where_it_is_not_called_is_refused(f):
    with pytest.raises(UnsupportedAliasError, match=r"of the class \w+ may change"):
        grad(f)(V)


def test_message():
    with pytest.raises(UnsupportedAliasError) as caught:
        grad(a_length)(V)
    assert "`len` of `o`, which `__len__` of the class Growing may change" in str(caught.value)
    assert "write a method that returns the answer and writes nothing" in str(caught.value)


def test_function_that_calls_a_method_that_writes_is_refused():
    def f(x):
        o = Growing(x[0])
        size = abs(o)
        return size * o.x**2

    with pytest.raises(UnsupportedSyntaxError, match="an operator or a property that writes"):
        grad(f)(V)


class Reading:
    def __init__(self, x):
        self.x, self.keys = x, [1, 2]

    def size(self):
        found = [k for k in self.keys if k > 0]
        found.append(3)
        return len(found)

    def __len__(self):
        return self.size()

    def __contains__(self, key):
        return key in self.keys

    def __bool__(self):
        return len(self) > 0

    def __repr__(self):
        return f"Reading({self.size()})"

    def __iadd__(self, other):
        self.x = self.x + other
        return self


def test_methods_that_only_read_are_called():
    def f(x):
        o, total = Reading(x[0]), 0.0
        factor = 2.0 if 1 in o else 1.0
        if o:
            factor = factor * len(f"{o}")
        for i in range(len(o)):
            total += factor * o.x * x[i]
        return total

    check(f, V)


class AskedFirst(Growing):
    def __bool__(self):
        return True

    def __str__(self):
        return "text"


def test_methods_that_are_not_asked_may_write():
    def f(x):
        o = AskedFirst(x[0])
        factor = len(f"{o}") if o else 1.0
        return factor * o.x**2

    check(f, V)
