"""What only hands on an adjoint that a branch has left zero."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.transform import tree
from knetsrc.transform.simplify.sink import sink
from language.checking import check

X = np.array([[0.5, -1.2], [2.0, 0.3], [1.1, 0.9], [0.4, 0.2]])
LOOP = """\
def f(n):
    d_x = 0.0
    d_c = 0.0
    for i in reversed(range(n)):
        taken, r = saved.pop()
        if taken:
            d_r2 = 2 / r
        else:
            d_r2 = 0.0
        d_r = 2 * d_r2 * r
        d_x += d_r
        d_c -= np.sum(d_r) / r
    return d_x + d_c
"""


def rewritten(text, *adjoints):
    (function,) = tree.parse(text)
    return tree.show(sink(function, adjoints or ("d_r2", "d_r", "d_x", "d_c")))


def stays(text, *adjoints):
    (function,) = tree.parse(text)
    return sink(function, adjoints or ("d_r2", "d_r", "d_x", "d_c")) is function


def test_end_of_a_turn():
    found = rewritten(LOOP)
    assert "else" not in found
    assert "            d_x += d_r" in found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("d_x += d_r\n", "d_x += d_r + r\n"),
        ("d_x += d_r\n", "d_x *= d_r\n"),
        ("2 * d_r2 * r", "2 + d_r2 * r"),
        ("2 * d_r2 * r", "r / d_r2"),
        ("2 * d_r2 * r", "np.exp(d_r2)"),
        ("        d_x += d_r\n", "        d_x += d_r\n        s = saved.pop()\n"),
        ("d_r2 = 0.0", "d_r2 = 1.0"),
        ("            d_r2 = 0.0\n", "            d_r2 = 0.0\n            d_x += r\n"),
        ("return d_x + d_c", "return d_x + d_c + d_r"),
        ("d_r2 = 2 / r", "d_r2 = d_r2 / r"),
        ("    d_c = 0.0\n", "    d_c = d_r2 = 0.0\n"),
    ],
)
def test_what_does_more_than_to_add_zeros_stays(old, new):
    assert old in LOOP
    assert stays(LOOP.replace(old, new, 1))


def test_values_of_the_user_stay():
    assert stays(LOOP, "d_x", "d_c")


def pairs(x, cutoff):
    energy = 0.0
    for i in range(len(x)):
        for j in range(i):
            r = x[i] - x[j]
            r2 = r @ r
            if r2 > cutoff:
                continue
            s = 1 / r2
            energy = energy + s**2 - s
    return energy


def carried(x, cutoff):
    h = 0.3
    s = 0.0
    for i in range(len(x)):
        if x[i, 0] < cutoff:
            h = np.sin(h * x[i, 1])
        else:
            h = 0.0
        s = s + h * x[i, 0]
        h = h * 1.5 + x[i, 1]
    return s + h


def of_several(x, cutoff):
    s = 0.0
    for row in x:
        a = row * 2.0
        b = np.sum(a)
        if b < cutoff:
            a = a * b
        else:
            a = np.zeros(2)
            b = 0.0
        s = s + a @ row + b**2
    return s


@pytest.mark.parametrize("f", [pairs, carried, of_several])
@pytest.mark.parametrize("cutoff", [0.1, 1.0, 3.0, 100.0])
def test_programs(f, cutoff):
    check(f, X, cutoff)


def test_pairs_that_are_too_far_apart_are_passed_over():
    gradient = grad(pairs)
    gradient(X, 3.0)
    assert "else" not in gradient.source
    assert "saved" not in gradient.source  # and nothing is kept for the others
