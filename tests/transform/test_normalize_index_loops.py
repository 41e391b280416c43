"""`index_loops`: what a loop over elements reads, a loop over indices or keys reads too."""

import gast
import numpy as np
import pytest

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.normalize.index_loops import index_loops
from transform.normalize_equivalence import assert_same, normalized

A, B, C = [1, 2, 3, 4], np.arange(6.0).reshape(3, 2), {"x": 1, "y": 2, 7: 3}
LOOPS = [
    "for row in b: note(row)",
    "for row in b:\n    for x in row:\n        for y in a: note(x, y)",
    "for x, y in zip(a, b): note(x, y)",
    "for x, y in zip(a, a, strict=True): note(x, y)",
    "for pair in zip(a, b): note(pair)",
    "for _, (x, y) in zip(a, b): note(x, y)",
    "for n, x in enumerate(a): note(n, x)",
    "for n, x in enumerate(a, 3): note(n, x)",
    "for n, x in enumerate(a, start=len(a)): note(n, x)",
    "for n, x in enumerate(a, n + 1): n_1 = note(n, x)",
    "for n, (x, (y, z)) in enumerate(zip(a, b)): note(n, x, y, z)",
    "for (n, x), (m, y) in zip(enumerate(a), enumerate(b, 1)): note(n, x, m, y)",
    "for pair in enumerate(a): note(pair)",
    "for x in reversed(a): note(x)",
    "for x in reversed(list(zip(a, b))): note(x)",
    "for n, x in enumerate(reversed(a)): note(n, x)",
    "for x, y in zip(reversed(a), a): note(x, y)",
    "for x in a[1:]: note(x)",
    "for x in a[::-1]:\n    for y in b[1:]: note(x, y)",
    "for x in b.T: note(x)",
    "for x in np.split(b, 3): note(x)",
    "for x in list(a): note(x)",
    "for x in tuple(a)[1:]: note(x)",
    "for x in [a, b]: note(x)",
    "for x in note(a): note(x)",
    "for x in note(c): note(x)",
    "for x in b * 2: note(x)",
    "for a in a: note(a)",
    "for x in a:\n    note(x)\n    a = [9, 9]",
    "for x, y in zip(a, b):\n    b = note(x, y)",
    "for x in b[n]:\n    n = n + note(x)",
    "for n, x in zip(range(3), a): note(n, x)",
    "for n, x in zip(range(1, 9, 2), a): note(n, x)",
    "for k, v in c.items(): note(k, v)",
    "for item in c.items(): note(item)",
    "for v in c.values(): note(v)",
    "for k in c.keys(): note(k, c[k])",
    "for k in c: note(k, c[k])",
    "for k in list(c): note(k, c[k])",
    "for k in sorted(c, key=str): note(k, c[k])",
    "for _, v in c.items(): note(v)",
    "for n, (k, v) in enumerate(c.items()): note(n, k, v)",
    "for v, x in zip(c.values(), a): note(v, x)",
    "for k, x in zip(c, a): note(c[k], x)",
    "for n, k in enumerate(c.keys()): note(n, c[k])",
    "for k, v in list(c.items()):\n    c = {**c, 'z': note(k, v)}",
    "for x in sorted(a, key=lambda x: -x): note(x)",
    "for x in sorted(d.keys()): note(d[x])",
    "for k, v in sorted(d.items()): note(k, v)",
    "for n in range(len(a)): note(a[n])",
    "for n in reversed(range(len(a))): note(a[n])",
    "for x in a:\n    if x == 2: continue\n    if x == 4: break\n    note(x)",
    "for x in a:\n    if x == 3: return x",
    "for x in []: note(x)",
    "xs = []\nfor x in a:\n    xs.append(x)\nfor x in list(xs):\n    xs.append(note(x))",
    "s = note([x * y for x, y in zip(a, a)], sum(x for x in a if x > 1))",
    "i = note(1)\nfor x in a: note(i, x)",
]


def program(body):
    lines = body.replace("\n", "\n    ")
    return f"def f(a, b, c, n, d={{'q': 1, 'p': 2}}):\n    {lines}\n    return n"


def indexed(function):
    before = gast.dump(function, include_attributes=True)
    result = index_loops(function, lambda node: True)
    assert gast.dump(function, include_attributes=True) == before
    for node in tree.walk(result):
        if isinstance(node, gast.For):
            assert tree.show(node.iter).startswith(
                ("range(", "c", "list(c", "sorted(", "entries", "reversed(range")
            )
    return result


@pytest.mark.parametrize("body", LOOPS)
def test_same(body):
    assert_same(program(body), (A, B, C, 2), (A[:1], B[:1], {}, 0), rewriting=indexed)


def body_of(body):
    return tree.show(indexed(normalized(program(body))).body[:-1])


def test_nested_loops_have_indices_of_their_own():
    assert body_of("for row in b:\n    for x in row: note(x)") == (
        "for i in range(len(b)):\n"
        "    row = b[i]\n"
        "    for j in range(len(row)):\n"
        "        x = row[j]\n"
        "        note(x)"
    )


def test_index_is_named_after_the_element_where_the_user_has_the_letter():
    assert body_of("for row in b: note(row, i)") == (
        "for row_index in range(len(b)):\n    row = b[row_index]\n    note(row, i)"
    )


def test_enumerate_keeps_its_counter():
    assert body_of("for t, x in enumerate(a): note(t, x)") == (
        "for t in range(len(a)):\n    x = a[t]\n    note(t, x)"
    )


def test_strict_zip_of_unequal_lengths_raises():
    loop = "for x, y in zip(a, b, strict=True): n = x"
    assert_same(program(loop), (A, B, C, 2), rewriting=indexed)


def test_inactive_loops_stay():
    function = normalized(program("for x, y in zip(a, b): note(x)"))
    assert tree.show(index_loops(function, lambda node: False)) == tree.show(function)


@pytest.mark.parametrize(
    ("loop", "name", "why", "instead"),
    [
        (
            "for x in map(abs, a): note(x)",
            "map(abs, a)",
            "its elements are made while the loop runs",
            "loop over a list or over indices",
        ),
        (
            "for xs in zip(a, *b): note(xs)",
            "zip(a, *b)",
            "it cannot be seen how many sequences it goes through",
            "index the sequences",
        ),
        (
            "xs = [1]\nfor n, x in enumerate(xs):\n    if n < 3:\n        xs.append(x)",
            "xs",
            "the list grows while the loop goes through it",
            "loop over list(xs)",
        ),
    ],
)
def test_refused(loop, name, why, instead):
    with pytest.raises(UnsupportedSyntaxError) as caught:
        indexed(normalized(program(loop)))
    assert str(caught.value) == f"a loop over `{name}`\n  why:      {why}\n  instead:  {instead}"
