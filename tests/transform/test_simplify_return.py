"""Branches that have nothing more to do return at once."""

import numpy as np

from knetsrc.transform.simplify.early_return import return_early
from language.checking import V, by_grad
from language.checking import check as check_gradient
from transform.simplify_programs import check


def unchanged(text):
    check(return_early, text, text)


def test_rest_is_no_longer_in_the_else():
    check(
        return_early,
        "t = y = None\nif n == 0:\n    w = 1.0\nelse:\n    t, y = fresh(x)\n    w = t * y\nreturn w, (t, y)",
        "if n == 0:\n    return 1.0, (None, None)\nt, y = fresh(x)\nw = t * y\nreturn w, (t, y)",
    )


def test_chain_of_branches():
    check(
        return_early,
        "if n == 0:\n    w = x\nelif n == 1:\n    w = fresh(y)\nelse:\n    w = x * y\n    c = 2 * w\nreturn w, c",
        "if n == 0:\n    return x, c\nif n == 1:\n    return fresh(y), c\nw = x * y\nc = 2 * w\nreturn w, c",
    )


def test_names_that_stay_unbound_in_the_rest():
    check(
        return_early,
        "t = y = None\nif n == 0:\n    w = 1.0\nelse:\n    t = x\n    w = t\n    if c:\n        y = t\nreturn w, y",
        "y = None\nif n == 0:\n    return 1.0, None\nt = x\nw = t\nif c:\n    y = t\nreturn w, y",
    )


def test_branches_that_do_more():
    unchanged("if n == 0:\n    w = fresh(x)\n    c = fresh(y)\nelse:\n    c = w\nreturn w, c")
    unchanged("if n == 0:\n    w = x\n    c = w * 2\nelse:\n    c = w\nreturn w, c")
    unchanged("if n == 0:\n    w = fresh(x)\nelse:\n    w = y\nreturn [w, w]")
    unchanged("if n == 0:\n    x[0] = 1.0\nelse:\n    x = y\nreturn x")
    unchanged("if n == 0:\n    x = 1.0\nreturn x")


def test_long_result_is_not_written_twice():
    unchanged("if n == 0:\n    w = x * y\nelse:\n    w = x\nreturn w, (x, y, c)")


def test_recursion_through_branches():
    def power(x, n):
        if n == 0:
            return 1.0
        half = power(x, n // 2)
        return half * half * x if n % 2 else half * half

    def walk(tree, w):
        if tree is None:
            return 0.0
        left, right, value = tree
        if value > 2:
            return np.tanh(w[0] * value)
        return np.tanh(w[0] * walk(left, w) + w[1] * walk(right, w) + w[2] * value)

    def loss(w, tree):
        return walk(tree, w) ** 2 + power(w[0], 5)

    tree = ((None, None, 1.0), (None, ((None, None, 3.0), None, 0.5), 2.0), 0.3)
    check_gradient(loss, V, tree, argnums=(0,), ways=(by_grad,))
