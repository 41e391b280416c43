"""Classes of which objects are not made of what the call gives, and operations that call methods of an object."""

from collections import namedtuple
from dataclasses import InitVar, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, grad
from language.checking import V, check


@dataclass
class Cell:
    w: Any
    b: float = 0.5

    def __getitem__(self, i):
        return self.w[i] * 2.0

    def __setitem__(self, i, v):
        self.w[i] = v

    def __invert__(self):
        return Cell(1.0 / self.w)

    def __abs__(self):
        return np.sum(np.abs(self.w))

    def __array__(self, dtype=None, copy=None):
        return self.w * 3.0


class Doubled(Cell):
    def __init__(self, x):
        super().__init__(x * 2.0, 1.0)


class Plain(Cell):
    def __init__(self, b, w):
        self.w = w
        self.b = b


@dataclass(init=False)
class Crossed:
    a: float
    b: float

    def __init__(self, b, a):
        self.a = a
        self.b = b


@dataclass
class Setting:
    a: float

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value * 2.0)


class Celsius:
    def __init__(self, degrees):
        self.degrees = degrees

    @property
    def degrees(self):
        return self.kept + 1.0

    @degrees.setter
    def degrees(self, value):
        self.kept = value * 2.0


class Scaled(namedtuple("Scaled", "a b")):
    __slots__ = ()

    def __new__(cls, a, b):
        return super().__new__(cls, a * 2.0, b)


class Meta(type):
    def __call__(cls, a):
        return super().__call__(a * 2.0)


class Made(metaclass=Meta):
    def __init__(self, a):
        self.a = a


@dataclass
class Initial:
    a: float
    v: InitVar[float] = 2.0


@dataclass
class WithConstant:
    a: float
    v: ClassVar[float] = 2.0
    b: float = 1.0


class Guessing:
    def __init__(self, w):
        self.w = w

    def __getattr__(self, name):
        return self.w * 2.0


class Point(NamedTuple):
    a: float
    b: float = 3.0

    @property
    def twice(self):
        return self.a * 2.0


def _subclass_with_its_own_init(x):
    made = Doubled(x)
    return np.sum(made.w**2) * made.b


def _dataclass_that_sets_otherwise(x):
    return Setting(x[0]).a ** 2


def _property_that_sets(x):
    return Celsius(x[0]).degrees ** 2


def _namedtuple_with_its_own_new(x):
    made = Scaled(x[0], x[1])
    return made.a**2 * made.b


def _metaclass(x):
    return Made(x[0]).a ** 2


def _argument_of_post_init(x):
    made = Initial(x[0], x[1])
    return made.a**2 * made.v


def _attribute_of_getattr(x):
    return np.sum(Guessing(x).other ** 2)


def _array_of_an_object(x):
    return np.sum(np.asarray(Cell(x * 1.0)) ** 2)


@pytest.mark.parametrize(
    "f",
    [
        _subclass_with_its_own_init,
        _dataclass_that_sets_otherwise,
        _property_that_sets,
        _namedtuple_with_its_own_new,
        _metaclass,
        _argument_of_post_init,
        _attribute_of_getattr,
        _array_of_an_object,
    ],
)
def test_object_that_holds_something_else_is_refused(f):
    with pytest.raises(
        KnetsrcError, match=r"no derivative rule for|of the (data)?class|of a Celsius"
    ):
        grad(f)(V)


def test_absolute_value_as_the_class_computes_it():
    check(lambda x: abs(Cell(x * 1.0)) ** 2, V)


def test_subclass_of_a_dataclass_with_another_order():
    def f(x):
        made = Plain(x[0], x)
        return np.sum(made.w**2) * made.b

    check(f, V)


def test_dataclass_with_an_init_of_another_order():
    def f(x):
        made = Crossed(x[0], x[1])
        return made.a**2 + made.b

    check(f, V)


def test_variable_of_a_dataclass():
    def f(x):
        made = WithConstant(x[0], x[1])
        return made.a**2 * made.v * made.b

    check(f, V)


def test_namedtuple_with_a_property_and_a_default():
    def f(x):
        return Point(x[0]).twice ** 2 * Point(x[1], x[2]).b

    check(f, V)


def test_slice_and_inversion_of_an_object():
    def f(x):
        cell = Cell(x + 2.0)
        return np.sum(cell[1:] ** 2) * cell[0] + np.sum((~cell).w**2)

    check(f, V)


def test_write_by_setitem_of_an_object_is_refused():
    def f(x):
        w = x * 1.0
        cell = Cell(w)
        cell[0] = x[1] ** 2
        return np.sum(w**2)

    with pytest.raises(UnsupportedAliasError, match=r"by `__setitem__` of the class Cell"):
        grad(f)(V)


def test_annotation_that_is_no_class_of_what_is_given():
    class Shape:
        """Stands for arrays in annotations."""

    def half(x: Shape, y: Any):
        z = np.sin(x) * 0.5
        return np.sum(z * abs(y))

    def f(x):
        return half(x, x) ** 2

    check(f, V)


@dataclass
class Raised:
    s: Any
    n: float = 2.0

    def __post_init__(self):
        self.s += 1.0


def test_post_init_that_adds_to_what_a_field_is_given():
    def own(v):
        raised = Raised(v * 1)
        return np.sum(raised.s * v) * raised.n

    def seen(v):
        a = v * 1
        raised = Raised(a)
        return np.sum(a * a) * raised.n

    check(own, V)
    with pytest.raises(UnsupportedAliasError, match="changes in place"):
        grad(seen)(V)
