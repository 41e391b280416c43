"""Adjoints of elements that are elements of adjoints."""

from dataclasses import dataclass

import numpy as np

from knetsrc import grad
from language.checking import M, V, check

SQUARE = np.outer(V[:3], V[1:4])
LAYERS = [{"w": M, "b": V[:3]}, {"w": SQUARE * 0.5, "b": V[1:4]}]
PAIRS = [(M, V[:3]), (SQUARE * 0.5, V[1:4]), (SQUARE, V[:3])]


@dataclass
class Layer:
    w: np.ndarray
    b: np.ndarray


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


def network(layers, x):
    for layer in layers:
        x = np.tanh(x @ layer["w"] + layer["b"])
    return np.sum(x**2)


def test_dictionaries_in_a_list():
    x = np.ones((2, len(M)))
    check(network, LAYERS, x)
    text = source(network, LAYERS, x)
    assert "d_layer = d_layers[i]" in text
    assert "# layer = layers[i]" not in text


def test_tuples_in_a_part_of_a_list():
    def f(params, x):
        for w, b in params[:-1]:
            x = np.tanh(x @ w + b)
        w, b = params[-1]
        return np.sum((x @ w + b[0]) ** 2)

    x = np.ones((2, len(M)))
    check(f, PAIRS, x)
    check(f, tuple(PAIRS), x)
    assert "d_items = d_params[:-1]" in source(f, PAIRS, x)


def test_rows_and_their_entries():
    def rows(a):
        total = 0.0
        for i in range(len(a)):
            row = a[i]
            total += row[0] * row[1] ** 2
        return total

    def numbers(a):
        part, total = a[1:], 0.0
        for i in range(len(part)):
            total += part[i] ** 2
        return total * a[0]

    check(rows, M)
    check(rows, [V, V * 2.0])
    check(rows, [[0.5, 0.3], [0.2, 0.1]])
    check(numbers, V)
    check(numbers, [0.5, 0.3, 0.2])


def test_one_object_at_two_places():
    x = np.ones((2, 3))
    layer = {"w": SQUARE, "b": V[:3]}
    check(network, [layer, layer], x)


def test_objects():
    def f(layers, x):
        for layer in layers:
            x = np.tanh(x @ layer.w + layer.b)
        return np.sum(x)

    check(f, [Layer(M, V[:3]), Layer(SQUARE, V[1:4])], np.ones((2, len(M))))


def test_element_that_is_bound_again():
    def f(layers, x):
        for i in range(len(layers)):
            layer = layers[i]
            x = np.tanh(x @ layer["w"])
            layer = layers[-1]
            x = x * layer["b"]
        return np.sum(x)

    check(f, LAYERS, np.ones((2, len(M))))


def test_element_that_is_handed_to_a_helper():
    def affine(layer, x):
        y = x @ layer["w"]
        return np.tanh(y) + layer["b"]

    def f(layers, x):
        for layer in layers:
            x = affine(layer, x) * layer["b"]
        return np.sum(x)

    check(f, LAYERS, np.ones((2, len(M))))
