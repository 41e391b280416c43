"""`leave_loops` and `name_late`: a loop that goes on to the `return` behind it, a second name at the end of a turn."""

import numpy as np
import pytest

from knetsrc.transform import tree
from transform.normalize_equivalence import assert_becomes, assert_same, normalized

EARLY = [
    # the same is returned in the loop and after it
    "for i in range(n):\n    x = 0.5 * (x + 2 / x)\n    if note(i) > 3: return x\nreturn x",
    # another name
    "for i in range(n):\n    y = 0.5 * (x + 2 / x)\n    if abs(y - x) < 0.01: return y\n    x = y\nreturn x",
    # in an expression, twice, and in both branches
    "for i in range(n):\n    y = note(i) * x\n    if y > 3: return (y, y + 1)\n    x = y\nreturn (x, x + 1)",
    "for i in range(n):\n    if i > 2: return x\n    elif x > 5: return x\n    x = x + note(i)\nreturn x",
    "for i in range(n):\n    y = x + i\n    if y > 3:\n        return y\n    x = y\n    if x > 2: return x\nreturn x",
    # something else is returned
    "for i in range(n):\n    x = x + i\n    if x > 3: return -x\nreturn x",
    "for i in range(n):\n    y, z = x, i\n    if i > 2: return y * z\n    x = x + z\nreturn x * x",
    # two names that change places
    "y = 0\nfor i in range(n):\n    if i > 2: return y - x\n    x, y = y + 1, x\nreturn x - y",
    # the end of the loop is not the end of the function, or not the only way out
    "for i in range(n):\n    if i > 2: return x\n    x = x + note(i)\nx = x * 2\nreturn x",
    "for i in range(n):\n    if i > 4: return x\n    if x > 3: break\n    x = x + note(i)\nelse:\n    return x\nreturn x",
    "for i in range(n):\n    for j in range(i):\n        if j > 2: return x\n        x = x + note(j)\nreturn x",
    "for i in range(n):\n    try:\n        if i > 2: return x\n        x = x + i\n    finally:\n        note(x)\nreturn x",
    # what a function inside reads must not be another's value
    "def h(): return x\nfor i in range(n):\n    y = x + i\n    if i > 2: return y\n    x = y\nreturn x",
    # endless loops
    "while True:\n    x = x + 1\n    if note(x) > n: return x, n",
    "while True:\n    x = x + 1\n    if x > n: return x\n    if x > 3: return -x",
    "while True:\n    x = x + 1\n    if x > n: break\n    if x > 3: return -x\nreturn x",
    "while True:\n    for i in range(3):\n        x = x + 1\n        if note(x) > n: return x",
    "while True:\n    x = x + 1\n    def h(): return x\n    if x > n: break\nreturn h()",
]


@pytest.mark.parametrize("body", EARLY)
def test_early_returns(body):
    text = "def f(x, n):\n    " + body.replace("\n", "\n    ")
    assert_same(text, (1.5, 0), (1.5, 1), (1.5, 4), (1.5, 9), (7.0, 4))


def test_name_that_is_returned_is_given_its_value_in_the_loop():
    assert_becomes(
        """
        def f(x, n):
            for i in range(n):
                y = g(x)
                if abs(y - x) < 1e-9:
                    return y
                x = y
            return x
        """,
        """
        def f(x, n):
            for i in range(n):
                y = g(x)
                done = abs(y - x) < 1e-09
                x = y
                if done:
                    break
            return x
        """,
    )


def test_a_name_that_is_written_into_keeps_its_own_value():
    text = """
    def f(x, n):
        for i in range(n):
            y = g(x)
            if n > 3:
                return y
            x[0] = y[1]
        return x
    """
    assert "result" in tree.names_written(normalized(text))


LATE = [
    "for i in range(3):\n    new = x * 2\n    x = new\n    x[0] = note(i)\n    x[1] += new[0]",
    "for i in range(3):\n    new = x * 2\n    x = new\n    new[0] = note(i)\n    x[1] += x[0]\nnote(new, x)",
    "for i in range(3):\n    new = x * 2\n    x = new\n    x[0] = i\n    new = x + 1\n    x[1] = 5",
    "for i in range(3):\n    new = x * 2\n    x = new\n    x[0] = i\n    if i: break\nnote(x)",
    "for i in range(3):\n    new = x * 2\n    x = new\n    for j in range(2):\n        x[0] += j\n        if j: break\nnote(x)",
    "for i in range(3):\n    new = x * 2\n    x = new\n    x[0] = i\n    x = x + 1\nnote(x, new)",
    "for i in range(3):\n    new = x * 2\n    x = new\n    x[0] = i\n    y = [x * 2 for x in range(3)]\nnote(x, y)",
    "for i in range(3):\n    new = x * 2\n    x = new\n    x[0] = i\n    del new\nnote(x)",
    "while x[0] < 9:\n    new = x + 2\n    x = new\n    x[1] = x[0] * new[1]\n    y = x\n    y[2] = 1\nnote(x, y)",
]


@pytest.mark.parametrize("body", LATE)
def test_second_names(body):
    text = "def f(x):\n    " + body.replace("\n", "\n    ") + "\n    return x"
    assert_same(text, (np.array([1.0, 2.0, 3.0]),))


def test_a_name_waits_for_the_end_of_the_turn():
    assert_becomes(
        """
        def f(u, n):
            for i in range(n):
                new = step(u)
                u = new
                u[0] = u[1]
            return u
        """,
        """
        def f(u, n):
            for i in range(n):
                new = step(u)
                new[0] = new[1]
                u = new
            return u
        """,
    )
