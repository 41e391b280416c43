"""Helpers whose backward functions add to an adjoint that they are handed: in loops over containers, and in recursion."""

from typing import NamedTuple

import numpy as np
import pytest

from knetsrc import grad
from language.checking import check

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4))
WEIGHTS = {"w": RNG.standard_normal((4, 4)) / 2, "b": RNG.standard_normal(4), "k": 0.7}
TREE = (X[0], ((X[1], X[2]), X[0]))


class Layer(NamedTuple):
    w: np.ndarray
    b: np.ndarray


def cell(p, h, x):
    fed = p["w"] @ h
    biased = fed + p["b"] * x
    z = np.tanh(biased)
    scaled = z * p["k"]
    return scaled + h


def handed_through(p, h, x):
    return cell(p, cell(p, h, x), 2 * x)


def only_sometimes(p, h, x):
    if x[0] > 0:
        h = cell(p, h, x)
    return h


def rebinding(p, h, x):
    p = {"w": 2 * p["w"], "b": p["b"], "k": p["k"]}
    return cell(p, h, x)


def renewed(p, h, x):
    h = cell(p, h, x)
    return h, {"w": p["w"] * 0.9, "b": p["b"], "k": p["k"]}


def beside(p, q, x):
    return np.tanh(p["w"] @ x) * q["b"]


def naming_only(p, h, x):
    unused = p  # noqa: F841
    for _ in range(2):
        h = np.tanh(h) * x
    return h


def of_record(layer, h):
    return np.tanh(layer.w @ h + layer.b)


def of_list(ws, h):
    for w in ws:
        h = np.tanh(w @ h)
    return h


def encode(w, b, tree):
    if not isinstance(tree, tuple):
        return tree
    left = encode(w, b, tree[0])
    right = encode(w, b, tree[1])
    return np.tanh(w @ left + b * right)


def repeated(p, h, n):
    if n == 0:
        return h
    return repeated(p, cell(p, h, h * 0.5), n - 1)


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


def by_loop(p, xs):
    h = xs[0]
    for x in xs:
        h = cell(p, h, x)
    return np.sum(h**2)


def named_only(p, xs):
    h = 0.0
    for x in xs:
        h = h + naming_only(p, p["b"], x)
    return np.sum(h)


def of_two_calls(p, xs):
    h = xs[0]
    for x in xs:
        h = cell(p, h, x) + 0.3 * cell(p, x, h)
    return np.sum(h**2)


def read_beside(p, xs):
    h = xs[0]
    for x in xs:
        h = cell(p, h, x) + p["b"]
    return np.sum(h * p["k"]) + np.sum(p["w"] ** 2)


def second_name(p, xs):
    h, q = xs[0], p
    for x in xs:
        h = cell(q, h, x)
    return np.sum(h**2) + np.sum(p["b"] ** 3)


def of_helpers(p, xs):
    h = xs[0]
    for x in xs:
        h = only_sometimes(p, handed_through(p, h, x), x) + rebinding(p, h, x)
    return np.sum(h**2)


def in_branches(p, xs):
    h = xs[0]
    for x in xs:
        if x[0] > 0:
            h = cell(p, h, x)
        else:
            h = p["b"] * h
    return np.sum(h**2)


def nested_loops(p, xs):
    h = xs[0]
    for x in xs:
        for _ in range(2):
            h = cell(p, h, x)
    return np.sum(h**2)


def carried(p, xs):
    h = xs[0]
    for x in xs:
        h, p = renewed(p, h, x)
    return np.sum(h**2)


def twice_the_same(p, xs):
    total = 0.0
    for x in xs:
        total += np.sum(beside(p, p, x))
    return total


def bound_in_the_loop(p, xs):
    h = xs[0]
    for x in xs:
        q = {"w": p["w"] * x[0], "b": p["b"], "k": p["k"]}
        for _ in range(2):
            h = cell(q, h, x)
    return np.sum(h**2)


def of_n_calls(p, xs):
    return np.sum(repeated(p, xs[0], 3) ** 2)


PROGRAMS = [
    by_loop, of_two_calls, read_beside, second_name, of_helpers, in_branches, nested_loops, carried, twice_the_same,
    bound_in_the_loop, of_n_calls, named_only,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS)
def test_programs(f):
    check(f, WEIGHTS, X)


def test_form():
    text = source(by_loop, WEIGHTS, X)
    assert "d_p, d_h = cell_backward(cell_kept, d_h, d_p)" in text
    assert "add(" not in text


def test_no_turns():
    check(by_loop, WEIGHTS, X[:1])
    found = grad(lambda p, xs: by_loop(p, xs) if len(xs) else np.sum(p["b"]))(WEIGHTS, X)
    assert found.keys() == WEIGHTS.keys()


def test_entries_that_are_one_array():
    w = WEIGHTS["w"]

    def f(p, xs):
        h = xs[0]
        for x in xs:
            h = np.tanh(mixed(p, h) + x)
        return np.sum(h)

    found = grad(f)([w, w], X)
    apart = grad(f)([w, w.copy()], X)
    for a, b in zip(found, apart, strict=True):
        np.testing.assert_allclose(a, b)
    assert found[0] is not found[1]


def mixed(p, h):
    return p[0] @ h + p[1].T @ h


def test_records_and_lists():
    def f(layer, ws, xs):
        total = 0.0
        for x in xs:
            total += np.sum(of_list(ws, of_record(layer, x)) ** 2)
        return total

    w = WEIGHTS["w"]
    check(f, Layer(w, X[0]), [w + 0.1, w.T], X)


def test_entries_without_derivative():
    def f(p, xs):
        h = xs[0]
        for x in xs:
            h = cell(p, h, x) * p["n"]
        return np.sum(h)

    found = grad(f)(WEIGHTS | {"n": 2, "name": "cell"}, X)
    expected = grad(f)(WEIGHTS | {"n": 2.0}, X)
    assert found["n"] is None and found["name"] is None
    np.testing.assert_allclose(found["w"], expected["w"])


def test_recursion():
    def f(w, b):
        return np.sum(encode(w, b, TREE) ** 2)

    check(f, WEIGHTS["w"], WEIGHTS["b"])
    text = source(f, WEIGHTS["w"], WEIGHTS["b"])
    assert text.count("def encode_backward") == 1


def test_recursion_called_twice():
    def f(w, b):
        one, other = encode(w, b, TREE), encode(w, b, TREE[1])
        return np.sum(one * other) + np.sum(w**2)

    check(f, WEIGHTS["w"], WEIGHTS["b"])


def test_recursion_in_a_branch_and_with_one_array_for_two():
    def f(w, b):
        r = encode(w, b, TREE) if w[0, 0] > -100 else b * 2
        for _ in range(2):
            r = r + encode(w, b * 0.5, TREE[1])
        return np.sum(r**2) + np.sum(encode(w, w[0], TREE[1]))

    check(f, WEIGHTS["w"], WEIGHTS["b"])


def test_second_derivative():
    def f(p, x):
        d = grad(by_loop)(p, x)
        return np.sum(d["w"] ** 2) + np.sum(d["b"] ** 3)

    check(f, WEIGHTS, X[:2])
