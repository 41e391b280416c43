"""`__init__` that only keeps what it is given makes no helper, however it is written."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import check

X = np.array([0.5, 1.2, 2.0])


class AtOnce:
    def __init__(self, w, b, power):
        self.w, self.b, self.power = w, b, power

    def of(self, x):
        return np.sum((x * self.w + self.b) ** self.power)


class Described(AtOnce):
    power: int

    def __init__(self, w, b):
        """Keep them."""
        self.w: float = w
        self.b, self.power = b, 2


class Twice(AtOnce):
    def __init__(self, w, b):
        self.w, self.b = b, b
        self.w, self.power = w, 3


class Swapped(AtOnce):
    def __init__(self, w, b):
        self.w, self.b, self.power = w, b, 2
        self.w, self.b = self.b, self.w


class Starred(AtOnce):
    def __init__(self, w, b):
        self.w, (self.b, self.power) = w, (b, 2)


def at_once(w, b, x):
    return AtOnce(w, b, 3).of(x)


def described(w, b, x):
    return Described(w, b).of(x)


def twice(w, b, x):
    return Twice(w, b).of(x)


def swapped(w, b, x):
    return Swapped(w, b).of(x)


def nested(w, b, x):
    return Starred(w, b).of(x)


def changed(w, b, x):
    layer = Described(w, b)
    layer.w, layer.b = layer.b, layer.w * b
    layer.w, layer.power = b, 3
    return layer.of(x)


@pytest.mark.parametrize("f", [at_once, described, twice, swapped, nested, changed])
def test_gradients(f):
    check(f, 1.3, 0.4, X)


@pytest.mark.parametrize("f", [at_once, described, twice])
def test_no_helper_makes_the_object(f):
    gradient = grad(f)
    gradient(1.3, 0.4, X)
    assert "with_attributes" not in gradient.source
    assert f"{f.__code__.co_names[0]}(w, b" in gradient.source
