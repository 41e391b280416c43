"""Annotations with a class from which others are derived: objects that they hold for may do something else."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad
from knetsrc.errors import UnsupportedAliasError
from language.checking import V, check


class Shape:
    k = 1.0

    def __init__(self, a):
        self.a = a

    def area(self):
        return self.a


class Circle(Shape):
    def area(self):
        return 3 * self.a**2


class Square(Shape):
    k = 2.0

    def area(self):
        return self.a**2


class Disc(Circle):
    pass


class HasArea(Protocol):
    def area(self): ...


@dataclass
class Last:
    a: float

    def area(self):
        return self.a**3


SHAPES = [Circle(1.5), Square(2.0)]


def area(shape: Shape):
    return shape.area()


def by_protocol(shape: HasArea):
    return shape.area()


def scaled(shape: Shape):
    return shape.k * shape.a


def with_test(shape: Shape):
    return 5 * shape.a if isinstance(shape, Disc) else shape.a


def weighted(x, shape: Shape):
    return shape.area() * np.sum(x**2)


def of_last(x, last: Last):
    return last.area() * np.sum(x)


class Holder:
    shape: Shape

    def __init__(self, shape):
        self.shape = shape


def held(x, holder: Holder):
    return np.sum(x**2) * area(holder.shape)


def loss_of_list(x, shapes):
    return sum(area(s) * x for s in shapes)


def in_module(x):
    return sum(area(s) * np.sum(x) for s in SHAPES)


def made(x):
    return area(Circle(x[0])) + by_protocol(Square(x[1])) + scaled(Square(x[2]))


def test_helper_annotated_with_a_base_class():
    check(made, V)
    check(in_module, V)
    check(lambda x: with_test(Disc(x[0])) + with_test(Circle(x[1])), V)
    assert grad(loss_of_list)(1.5, SHAPES) == 3 * 1.5**2 + 4.0
    assert grad(loss_of_list)(1.5, [Shape(2.0)]) == 2.0


def test_gradient_inside_of_an_object_of_a_derived_class():
    def inside(x, shape):
        return np.sum(grad(weighted)(x, shape) ** 2)

    for shape in (Shape(2.0), Circle(1.5), Square(0.5)):
        found = grad(inside)(V, shape)
        np.testing.assert_allclose(found, 8 * shape.area() ** 2 * V)


def test_attribute_annotated_with_a_base_class():
    for shape in (Shape(2.0), Circle(1.5), Square(0.5)):
        np.testing.assert_allclose(grad(held)(V, Holder(shape)), 2 * V * shape.area())


def test_one_name_for_objects_of_two_classes():
    def by_flag(x, flag):
        shape = Circle(x[0]) if flag else Square(x[0])
        return area(shape)

    check(by_flag, V, True)
    check(by_flag, V, False)


@pytest.mark.parametrize("shape", [Shape(2.0), Circle(1.5), Disc(0.5)])
def test_source_for_all_calls_asks_the_object(shape):
    found = grad(weighted).function(V, shape)
    np.testing.assert_allclose(found, 2 * V * shape.area())


def test_source_for_all_calls_is_refused_where_it_depends_on_the_class(tmp_path):
    by_shape = grad(weighted, argnums=1)
    assert by_shape(V, Circle(1.5))["a"] == pytest.approx(9 * np.sum(V**2))
    with pytest.raises(KnetsrcError, match=r"which function `shape.area` is cannot be told"):
        grad(weighted, argnums=1).function(V, SHAPES[0])
    with pytest.raises(KnetsrcError, match="a class from which no other is derived"):
        grad(weighted, argnums=1).dump(tmp_path / "gradient.py")


def test_class_from_which_none_is_derived_is_taken_by_its_annotation(tmp_path):
    found = grad(of_last).function(V, Last(2.0))
    np.testing.assert_allclose(found, np.full_like(V, 8.0))
    text = grad(of_last).dump(tmp_path / "gradient.py").read_text()
    assert "last.a ** 3" in text or "last.a**3" in text


def test_class_that_is_derived_later():
    class Early:
        def __init__(self, a):
            self.a = a

        def area(self):
            return self.a

    def of_early(early: Early):
        return early.area() ** 2

    def total(x, items):
        return sum(of_early(item) * x for item in items)

    assert grad(total)(1.0, [Early(3.0)]) == 9.0

    class Late(Early):
        def area(self):
            return 2 * self.a

    assert grad(total)(1.0, [Early(3.0), Late(1.0)]) == 13.0
    assert grad(total)(1.0, [Late(1.0)]) == 4.0


class Doubles:
    def __init__(self, k):
        self.k = k

    def __call__(self, u):
        u *= self.k
        return u


class Chain:
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, u):
        for step in self.steps:
            u = step(u)
        return u


class Added:
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, u):
        return u + self.inner(u)


def test_method_of_objects_inside_of_others_of_their_class():
    def f(x):
        return np.sum(Chain([Added(Chain([Doubles(2.0)]))])(x * 1.0) ** 2)

    def without_write(x):
        return np.sum(Chain([Added(Chain([Added(np.sin)]))])(x) ** 2)

    with pytest.raises(UnsupportedAliasError, match="changes in place a value"):
        grad(f)(V)
    check(without_write, V)
