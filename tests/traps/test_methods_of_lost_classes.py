"""Methods of objects whose class is not known while the source is written: they may write into what they are handed."""

from types import SimpleNamespace

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad
from language.checking import check

X = np.array([1.3, 1.9, 0.4])


class Writer:
    def into(self, y, value):
        y[0] = value

    def hold(self, value):
        self.held = value

    def give(self):
        return self.held

    def name(self):
        return "writer"


class Box:
    def __init__(self):
        self.writer = Writer()


class Late:
    """A box whose attribute is made by another method than `__init__`."""

    def set_up(self):
        self.writer = Writer()


def _made():
    late = Late()
    late.set_up()
    return late


def by_assignment(x):
    box = Late()
    box.writer = Writer()
    y = np.zeros(3)
    box.writer.into(y, x[1] ** 2)
    return np.sum(y * y)


def by_method(x):
    box = Late()
    box.set_up()
    y = x * 1.0
    box.writer.into(y, x[1] ** 2)
    return np.sum(y * y)


def by_helper(x):
    y = x * 1.0
    _made().writer.into(y, 2.0)
    return np.sum(y * y)


def by_namespace(x):
    box = SimpleNamespace(writer=Writer())
    y = x * 1.0
    box.writer.into(y, value=x[1])
    return np.sum(y * y)


def by_name(x):
    box = _made()
    writer = box.writer
    y = x * 1.0
    writer.into(y, x[1])
    return np.sum(y * y)


def between_reads(x):
    box = _made()
    y = np.zeros(3)
    box.writer.into(y, 2.0)
    first = np.sum(y * x)
    box.writer.into(y, 3.0)
    return first + y @ x


def kept(x):
    box = _made()
    box.writer.hold(x[0])
    return box.writer.give() * x[1]


_BOX = _made()


@pytest.mark.parametrize(
    "f", [by_assignment, by_method, by_helper, by_namespace, by_name, between_reads, kept]
)
def test_method_that_may_write_is_refused(f):
    with pytest.raises(KnetsrcError, match=r"`(into|hold)` of an object of the class `Writer`"):
        grad(f)(X)


def test_method_of_a_known_class_writes():
    def f(x):
        y, box = x * 1.0, Box()
        box.writer.into(y, x[1] ** 2)
        return np.sum(y * y)

    def handed(x, box):
        y = x * 1.0
        box.writer.into(y, x[1] ** 2)
        return np.sum(y * y)

    check(f, X)
    check(lambda x: handed(x, Box()), X)
    check(lambda x: handed(x, _BOX), X)


def test_method_that_is_handed_nothing_is_called():
    def f(x):
        return len(_made().writer.name()) * np.sum(x * x)

    check(f, X)
