"""Gradients of lists, tuples and dicts of which a call has told every entry are written out: `[d_w, d_b]`."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from knetsrc import grad, value_and_grad, vjp
from knetsrc.testing import check_grads

W = np.array([[0.4, -0.7], [1.1, 0.3], [-0.6, 0.9]])
B = np.array([0.2, -0.5])
X = np.array([[0.5, -1.2, 2.0], [0.1, 0.8, -0.4]])
Pair = namedtuple("Pair", "w b")


def layer(p, x):
    w, b = p
    return np.sum(np.tanh(x @ w + b))


def named(p, x):
    return np.sum(np.tanh(x @ p["w"] + p["b"]) ** 2)


def curve(theta, x):
    a, b, c = theta
    return np.sum((a * x**2 + b * x + c) ** 2)


def returned(gradient):
    return gradient.source.rstrip().rsplit("\n", 1)[-1].strip()


@pytest.mark.parametrize(
    ("f", "p", "wanted"),
    [
        (layer, [W, B], "return [d_w, d_b]"),
        (layer, (W, B), "return d_w, d_b"),
        (named, {"w": W, "b": B}, 'return {"w": x.T @ d_affine, "b": d_affine.sum(axis=0)}'),
    ],
)
def test_structure_is_written_out(f, p, wanted):
    gradient = grad(f)
    found = gradient(p, X)
    assert type(found) is type(p)
    assert returned(gradient) == wanted
    check_grads(f, (p, X))


def test_numbers_give_floats():
    for theta in ([1.0, 2.0, 0.5], (1.0, 2.0, 0.5)):
        found = grad(curve)(theta, X)
        assert type(found) is type(theta)
        assert {type(d) for d in found} == {float}
        check_grads(curve, (theta, X))
    first, second, _ = grad(curve)([1.0, np.float64(2.0), 0.5], X)
    assert (type(first), type(second)) == (float, np.float64)


def test_another_structure_at_a_later_call():
    gradient = grad(layer)
    for p in ([W, B], (W, B), [W, B], Pair(W, B), [W.astype(np.float32), B.astype(np.float32)]):
        found = gradient(p, X)
        assert type(found) is type(p)
        for d, e in zip(found, p, strict=True):
            assert d.shape == e.shape
            assert d.dtype == e.dtype
        np.testing.assert_allclose(found[1], grad(layer)([W, B], X)[1], rtol=1e-5)


def test_other_keys_at_a_later_call():
    gradient = grad(named)
    gradient({"w": W, "b": B}, X)
    found = gradient({"b": B, "w": W, "c": 1.0}, X)
    assert list(found) == ["b", "w", "c"]
    assert found["c"] == 0.0
    assert gradient({"w": W, "b": B, "n": 3}, X)["n"] is None
    assert list(gradient(OrderedDict(b=B, w=W), X)) == ["b", "w"]


def test_entries_without_an_adjoint():
    def first(p, x):
        return np.sum(p[0] * x)

    found = grad(first)([B, W, 3], X[:, :2])
    np.testing.assert_array_equal(found[1], np.zeros_like(W))
    assert found[2] is None


def test_each_gradient_has_memory_of_its_own():
    def total(p, x):
        return np.sum((p[0] + p[1]) * x)

    def both(p, q, x):
        return np.sum((p[0] + q + p[1]) * x)

    first, second = grad(total)([B, B + 1], B)
    assert not np.shares_memory(first, second)
    (first, second), third = grad(both, argnums=(0, 1))((B, B + 1), B + 2, B)
    arrays = [first, second, third, B]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def test_a_container_that_is_written_into():
    def scaled(p, x):
        p[0] = p[0] * 2.0
        return np.sum(p[0] * p[1] * x)

    p = [B.copy(), B + 1]
    check_grads(scaled, (p, B + 2))
    np.testing.assert_array_equal(p[0], B)


def test_values_pullbacks_and_second_derivatives():
    p = [W, B]
    value, found = value_and_grad(layer)(p, X)
    assert value == layer(p, X)
    _, pullback = vjp(layer, p, X)
    for one, other in zip(found, pullback(1.0)[0], strict=True):
        np.testing.assert_allclose(one, other)


def test_second_derivatives():
    def slope(theta, x):
        return grad(curve)(theta, x)[1]

    x = X[0]
    expected = [2 * np.sum(x ** (3 - i)) for i in range(3)]
    np.testing.assert_allclose(grad(slope)([1.0, 2.0, 0.5], x), expected)


def test_the_docstring_says_so():
    gradient = grad(layer)
    gradient([W, B], X)
    assert "`p` a list of 2 entries of rank 1, 2" in gradient.source
