"""What the user took apart by one assignment is taken apart by one."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import check

V = np.array([0.5, -1.2, 2.0])
M = np.outer(V, V[:2]) + 0.3


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


def affine(params, x):
    w, b = params
    return np.sum((w * x + b) ** 2)


def test_parameters():
    check(affine, [V, 0.4], V)
    assert "    w, b = params\n" in source(affine, [V, 0.4], V)


def test_rows_of_an_array():
    check(affine, np.stack([V, 2 * V]), V)


def test_another_number_of_entries_is_an_error():
    with pytest.raises(ValueError, match="unpack"):
        grad(affine)([V, 0.4, 1.0], V)


def test_shape():
    def f(x):
        n, _, k = x.shape
        return np.sum(x.reshape(n, -1) ** 2) / k

    def g(x):
        _n, _m, k = x.shape
        return np.sum(x**2) / k

    check(f, np.stack([M, 2 * M]))
    assert "n, _, k = x.shape" not in source(g, np.stack([M, M]))


def test_underscore_that_is_read():
    def f(params, x):
        _ = x[0]
        w, b, _unused = params
        return np.sum(w * b * _)

    check(f, [V, 0.4, 1.0], V)


def test_pairs_in_a_loop():
    def f(layers, x):
        for w, b in layers:
            x = np.tanh(w @ x + b)
        return np.sum(x)

    layers = [(np.outer(V, V), V), (np.outer(V, V) + 1, 2 * V)]
    check(f, layers, V)
    assert "        w, b = layers[i]\n" in source(f, layers, V)


def test_swapped():
    def f(pair):
        a, b = pair
        a, b = b, a * b
        return a**2 * b

    check(f, [0.7, 1.3])


def test_name_that_is_taken_apart_into_itself():
    def f(p):
        p, q = p
        return p * q**2

    check(f, [0.7, 1.3])


def test_second_derivative():
    def f(params):
        w, b = params
        return np.sum(w**3 * b**2)

    check(lambda params: np.sum(grad(f)(params)[0] ** 2), [V, 2 * V])
