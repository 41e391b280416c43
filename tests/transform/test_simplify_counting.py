"""Loops that count down count up in the backward part."""

import numpy as np

from knetsrc import grad
from knetsrc.transform import tree
from knetsrc.transform.simplify.counting import count_up
from language.checking import check

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])


def rewritten(loop, before="n = len(x)"):
    (function,) = tree.parse(f"def f(x, k):\n    {before}\n    for i in {loop}:\n        g(i)")
    return tree.show(count_up(function).body[-1].iter)


def test_lengths():
    assert rewritten("reversed(range(len(x) - 1, -1, -1))") == "range(len(x))"
    assert rewritten("reversed(range(n - 2, -1, -1))") == "range(n - 1)"
    assert rewritten("reversed(range(n - 1, 0, -1))") == "range(1, n)"
    assert rewritten("reversed(range(x.shape[0], 0, -1))") == "range(1, x.shape[0] + 1)"
    assert rewritten("reversed(range(9, 3, -1))") == "range(4, 10)"
    assert rewritten("reversed(range(n - 1, len(x) - 4, -1))") == "range(len(x) - 3, n)"


def test_same_numbers():
    for n in range(5):
        for loop in ("range(n - 2, -1, -1)", "range(n - 1, 1, -1)", "range(n, 2, -1)"):
            found = eval(rewritten(f"reversed({loop})"), {"n": n})
            assert list(found) == list(reversed(eval(loop, {"n": n})))


def test_other_ranges_stay():
    for loop in (
        "reversed(range(n))",
        "reversed(range(n - 1, -1, -2))",
        "reversed(range(k - 1, -1, -1))",
        "reversed(range(n * 2, -1, -1))",
        "reversed(x)",
        "range(n - 1, -1, -1)",
    ):
        assert rewritten(loop) == loop


def test_name_that_changes():
    loop = "reversed(range(n - 1, -1, -1))"
    assert rewritten(loop, "n = len(x); n = k") == loop


def test_gradient():
    def f(c, x):
        y = np.zeros_like(x)
        for i in range(len(c) - 1, -1, -1):
            y = y * x + c[i]
        return np.sum(y)

    check(f, V, 0.3 * V[:3])
    gradient = grad(f)
    gradient(V, V)
    assert "for i in range(len(c)):" in gradient.source
