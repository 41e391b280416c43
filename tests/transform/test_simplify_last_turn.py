"""What only a next turn of a loop would read is not computed in the last one."""

import pytest

from knetsrc.transform.simplify import spare_last_turn
from transform.simplify_programs import EFFECTS, check


def spared(function):
    return spare_last_turn(function, EFFECTS)


LOOP = "for i in {}:\n    w[i] += d_x\n    d_x = w[i] @ d_x\nreturn w"
UNDER_TEST = "for i in {}:\n    w[i] += d_x\n    if {}:\n        d_x = w[i] @ d_x\nreturn w"


@pytest.mark.parametrize(
    ("turns", "test"),
    [
        ("reversed(range(n))", "i > 0"),
        ("reversed(range(0, len(w), 2))", "i > 0"),
        ("reversed(range(4, n))", "i > 4"),
        ("reversed(range(c, n, 3))", "i > c"),
        ("range(n - 1, -1, -1)", "i > 0"),
    ],
)
def test_last_turn_is_spared(turns, test):
    check(spared, LOOP.format(turns), UNDER_TEST.format(turns, test))


STAYS = {
    "a value read after the loop": "for i in reversed(range(n)):\n    d_x = w @ d_x\nreturn d_x",
    "a loop forwards": LOOP.format("range(n)"),
    "a range down to what is not known": LOOP.format("reversed(range(0, n, c))"),
    "a range that ends earlier": LOOP.format("range(n, 2, -1)"),
    "a cheap value": "for i in reversed(range(n)):\n    w[i] += d_x\n    d_x = d_x * 2\nreturn w",
    "a loop that is left": (
        "for i in reversed(range(n)):\n    if c:\n        break\n    d_x = w @ d_x\nreturn w"
    ),
    "a loop variable that is bound anew": (
        "for i in reversed(range(n)):\n    i = i + 1\n    d_x = w @ d_x\nreturn w"
    ),
    "a loop in a loop, whose next turn reads the value": (
        "for j in range(n):\n    for i in reversed(range(n)):\n        w[i] += d_x\n"
        "        d_x = w[i] @ d_x\nreturn w"
    ),
    "a product that is printed": (
        "for i in reversed(range(n)):\n    d_x = print(w @ d_x)\nreturn w"
    ),
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_other_loops_stay(text):
    check(spared, text, text)
