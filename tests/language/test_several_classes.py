"""Objects of several classes in one list, dict or under one name: layers, shapes, nodes of an expression."""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad, value_and_grad
from knetsrc.errors import UnsupportedAliasError, UnsupportedSyntaxError
from language.checking import V, check

W = np.array([[0.5, -0.3, 0.8], [0.1, 0.7, -0.6]])
X = np.array([[0.2, -1.0], [1.5, 0.3], [-0.4, 0.9]])


# --- layers ------------------------------------------------------------------------------------------------------------------
class Linear:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, x):
        return x @ self.w + self.b


class Tanh:
    def __call__(self, x):
        return np.tanh(x)


class Sequential:
    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Residual:
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, x):
        return x + self.inner(x)


class Doubling:
    def __call__(self, x):
        x *= 2.0
        return x


class Remembering:
    def __init__(self, w):
        self.w, self.last = w, None

    def __call__(self, x):
        self.last = x
        return x * self.w


LAYERS = [Linear(W, 0.1), Tanh(), Linear(W.T, np.array([0.3, -0.2]))]
NET = Sequential(*LAYERS)


def made_inside(w):
    net = Sequential(Linear(w, 0.1), Tanh(), Linear(w.T, 0.2))
    return np.sum(net(X) ** 2)


def nested(w):
    inner = Sequential(Linear(w, 0.1), Tanh(), Linear(w.T, 0.2))
    net = Sequential(Residual(inner), Tanh(), Residual(Tanh()))
    return np.sum(net(X) ** 2)


def list_made_inside(w):
    x = X
    for layer in [Linear(w, 0.1), Tanh(), Linear(w.T, 0.2)]:
        x = layer(x)
    return np.sum(x**2)


def captured_list(w):
    x = X * w[0, 0]
    for layer in LAYERS:
        x = layer(x)
    return np.sum(x * w[0, 1])


def captured_net(w):
    return np.sum(NET(X @ w @ w.T) ** 2)


def writes_in_place(w):
    x = w * 1.0
    for layer in [Doubling(), Tanh(), Doubling()]:
        x = layer(x)
    return np.sum(x * w)


@pytest.mark.parametrize(
    "f", [made_inside, nested, list_made_inside, captured_list, captured_net, writes_in_place]
)
def test_layers(f):
    check(f, W)


def run(layers, x):
    for layer in layers:
        x = layer(x)
    return np.sum(x**2)


def test_list_of_layers_as_the_argument():
    found = grad(run)(LAYERS, X)
    assert [sorted(d) for d in found] == [["b", "w"], [], ["b", "w"]]

    def of_parts(w, b, last_w, last_b):
        return run([Linear(w, b), Tanh(), Linear(last_w, last_b)], X)

    first, _, last = LAYERS
    wanted = grad(of_parts, argnums=(0, 1, 2, 3))(first.w, first.b, last.w, last.b)
    found = (found[0]["w"], found[0]["b"], found[2]["w"], found[2]["b"])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_other_classes_in_a_later_call():
    slope = grad(run, argnums=1)
    for layers in ([Tanh(), Residual(Tanh())], LAYERS, [Tanh()], [Residual(Tanh()), NET]):
        found = slope(layers, X)
        step = 1e-6 * np.cos(np.arange(X.size)).reshape(X.shape)
        by_steps = (run(layers, X + step) - run(layers, X - step)) / 2
        assert np.sum(found * step) == pytest.approx(by_steps, rel=1e-6)


def test_source_asks_for_the_class():
    source = value_and_grad(list_made_inside).source
    assert "check_class(layer, " in source
    assert source.count("taken = type(layer) is ") == 1
    assert "d_x = d_result * (1 - result**2)" in source


def test_method_that_changes_its_object_is_refused():
    def f(x):
        for layer in [Remembering(2.0), Tanh()]:
            x = layer(x)
        return np.sum(x)

    with pytest.raises(UnsupportedAliasError) as refused:
        grad(f)(V)
    assert refused.value.message.startswith("`__call__` of the class Remembering writes to")


def test_write_that_another_name_sees_is_refused():
    def f(x):
        y = x * 1.0
        z = y
        for layer in [Doubling(), Tanh()]:
            y = layer(y)
        return np.sum(y * z)

    with pytest.raises(KnetsrcError, match="changes in place a value"):
        grad(f)(V)


# --- shapes ------------------------------------------------------------------------------------------------------------------
class Shape:
    sides = 1.0

    def __init__(self, a):
        self.a = a

    def area(self):
        raise NotImplementedError

    def twice(self):
        return 2 * self.area()

    @property
    def girth(self):
        return self.a * 3.0

    @classmethod
    def scaled(cls, k):
        return cls.sides * k

    @staticmethod
    def bent(k):
        return k


class Circle(Shape):
    def area(self):
        return np.pi * self.a**2


class Square(Shape):
    sides = 4.0

    def area(self):
        return self.a**2

    @property
    def girth(self):
        return 4.0 * self.a

    @staticmethod
    def bent(k):
        return k * k


class Cube(Square):
    girth = 5.0

    def area(self):
        return 6.0 * super().area()


@dataclass
class Rectangle:
    a: float
    b: float

    def area(self):
        return self.a * self.b

    def twice(self, k=2.0):
        return k * self.area()

    @property
    def girth(self):
        return 2.0 * (self.a + self.b)


class Triangle(NamedTuple):
    a: float
    h: float

    def area(self):
        return 0.5 * self.a * self.h

    def twice(self):
        return 2.0 * self.area()

    @property
    def girth(self):
        return 3.0 * self.a


class Around:
    def __init__(self, shape, k):
        self.shape, self.k = shape, k

    def area(self):
        return self.k * self.shape.area()


def of_all(x):
    return [Circle(x[0]), Square(x[1]), Cube(x[2]), Rectangle(x[1], x[0]), Triangle(x[3], x[0])]


def areas(x):
    return sum(s.area() * s.a for s in of_all(x))


def inherited_method(x):
    return sum(s.twice() for s in of_all(x))


def properties(x):
    total = 0.0
    for s in of_all(x):
        total += s.girth * s.area()
    return total


def class_methods(x):
    return sum(s.scaled(x[1]) * s.bent(x[0]) for s in [Circle(x[0]), Square(x[1])])


def dict_of_shapes(x):
    shapes = {"c": Circle(x[0]), "s": Square(x[1])}
    return sum(s.area() for s in shapes.values()) * shapes["c"].area() * shapes["s"].area()


def pairs(x):
    return sum(w * s.area() for s, w in [(Circle(x[0]), x[1]), (Square(x[2]), x[0])])


def pairs_by_key(x):
    shapes = {"a": (Circle(x[0]), x[1]), "b": (Cube(x[2]), x[0])}
    total = 0.0
    for _, (s, w) in shapes.items():
        total += w * s.area()
    return total


def one_name(x):
    shape = Circle(x[0]) if x[1] > 0 else Square(x[1])
    return shape.area() * x[2]


def one_name_in_branches(x):
    if x[0] > x[1]:
        shape = Circle(x[0])
    else:
        shape = Rectangle(x[1], x[2])
    return shape.area() * shape.a


def objects_of_objects(x):
    shapes = [Around(Circle(x[0]), x[1]), Square(x[1]), Around(Cube(x[2]), 2.0)]
    return sum(s.area() for s in shapes)


def told_apart_by_the_user(x):
    total = 0.0
    for s in of_all(x):
        if isinstance(s, Rectangle):
            total += s.twice(x[0])
        else:
            total += s.twice()
    return total


def helper(shapes, weights):
    return sum(s.area() * w for s, w in zip(shapes, weights, strict=True))


def in_a_helper(x):
    return helper([Circle(x[0]), Square(x[1])], x[:2])


@pytest.mark.parametrize(
    "f",
    [
        areas,
        inherited_method,
        properties,
        class_methods,
        dict_of_shapes,
        pairs,
        pairs_by_key,
        one_name,
        one_name_in_branches,
        objects_of_objects,
        told_apart_by_the_user,
        in_a_helper,
    ],
)
def test_shapes(f):
    check(f, V)


# --- expressions -------------------------------------------------------------------------------------------------------------
class Constant:
    def __init__(self, value):
        self.value = value

    def at(self, x):
        return self.value


class Variable:
    def at(self, x):
        return x


class Sum:
    def __init__(self, left, right):
        self.left, self.right = left, right

    def at(self, x):
        return self.left.at(x) + self.right.at(x)


class Product:
    def __init__(self, left, right):
        self.left, self.right = left, right

    def at(self, x):
        return self.left.at(x) * self.right.at(x)


POLYNOMIAL = Sum(
    Product(Constant(3.0), Variable()), Product(Variable(), Sum(Variable(), Constant(1.0)))
)


def test_expression_from_outside():
    check(lambda x: np.sum(POLYNOMIAL.at(x)), V)


def test_expression_that_is_made():
    check(lambda x: np.sum(Sum(Product(Constant(x[0]), Variable()), Variable()).at(x)), V)


# --- arguments of methods ----------------------------------------------------------------------------------------------------
class Applying:
    def __init__(self, k):
        self.k = k

    def apply(self, function, x, *, power=1.0):
        return function(x) * self.k * power


class Adding:
    def __init__(self, k):
        self.k = k

    def apply(self, how, y, *, power=2.0):
        return how(y) + self.k * power


def test_functions_and_keywords_as_arguments():
    def with_keyword(x):
        y = x
        for step in [Applying(x[0]), Adding(x[1])]:
            y = step.apply(np.sin, y, power=x[2])
        return np.sum(y)

    def with_closure(x):
        y = x
        for step in [Applying(x[0]), Adding(x[1])]:
            y = step.apply(lambda v: v * x[1], y)
        return np.sum(y)

    check(with_keyword, V)
    check(with_closure, V)


class Forward:
    def __init__(self, k):
        self.k = k

    def of(self, u, v):
        return u * self.k - v**2


class Backward(Forward):
    def of(self, v, u):
        return v * self.k - u**2 * 0.5


def test_positions_and_keywords_of_parameters_in_another_order():
    def f(x):
        total = 0.0
        for each in [Forward(x[0]), Backward(x[1])]:
            total += np.sum(each.of(u=x, v=x[2])) * np.sum(each.of(x, x[2]))
        return total

    check(f, V)


def test_arguments_with_the_names_of_what_is_called():
    class Plain:
        def at(self, x, type=1.0, each=2.0):
            return x * type * each

    class Squared:
        def at(self, x, type=1.0, each=3.0):
            return x**2 * type + each

    def f(x):
        return sum(np.sum(each.at(x, type=x[0], each=x[1])) for each in [Plain(), Squared()])

    check(f, V)


# --- attributes --------------------------------------------------------------------------------------------------------------
class Given:
    scale = 3.0

    def __init__(self, area):
        self.area = area


class Computed:
    def __init__(self, r):
        self.r, self.scale = r, r + 1.0

    @property
    def area(self):
        return self.r**2


def test_property_of_one_class_is_data_of_another():
    def made(x):
        return sum(s.area * x[1] for s in [Given(x[0]), Computed(x[2])])

    def one_name(x):
        s = Given(x[0]) if x[1] > 0 else Computed(x[2])
        return s.area * x[1]

    shapes = [Given(2.0), Computed(1.5)]
    check(made, V)
    check(one_name, V)
    check(lambda x: sum(s.area * x for s in shapes), 0.7)


def test_attribute_of_one_class_is_one_of_the_objects_of_another():
    def f(x):
        shapes = [Given(x[0]), Computed(x[1])]
        return sum(shapes[i].area * shapes[i].scale for i in range(2))

    check(f, V)
    found = grad(lambda shapes: sum(s.area * s.scale for s in shapes))([Given(2.0), Computed(1.5)])
    assert found[0] == {"area": 3.0}
    np.testing.assert_allclose([found[1]["r"], found[1]["scale"]], [7.5, 2.25])


NESTED = Sequential(Tanh(), Sequential(Tanh(), Sequential(Linear(W, 0.1), Tanh())))


def test_nets_in_nets_in_nets():
    check(lambda x: np.sum(NESTED(x)), X)


# --- what is refused ---------------------------------------------------------------------------------------------------------
class Giving:
    def __init__(self, v):
        self.v = v

    def __iter__(self):
        return iter([self.v, self.v**2])


class Other:
    def __init__(self, v):
        self.v = v

    def __iter__(self):
        return iter([self.v])


def test_loop_over_objects_of_several_classes_is_refused():
    def f(x):
        total = 0.0
        for each in [Giving(x[0]), Other(x[1])]:
            for v in each:
                total += v
        return total

    with pytest.raises(UnsupportedSyntaxError, match="a loop over an object of the class"):
        grad(f)(V)


def leaky(x):
    return np.maximum(x, 0.3 * x)


MIXED = [Linear(W, 0.1), np.tanh, Linear(W.T, 0.3), leaky, Tanh()]


def test_functions_among_objects():
    check(lambda x: run(MIXED, x), X)
    check(lambda w: run([Linear(w, 0.1), np.tanh, leaky], X), W)
    slope = grad(run, argnums=1)
    for layers in (MIXED, [Tanh(), np.sin], [np.sin, np.cos], [leaky, Tanh()]):
        check(lambda x, layers=layers: run(layers, x), X)
        np.testing.assert_array_equal(slope(layers, X), grad(lambda x, n=layers: run(n, x))(X))
    assert [d if d is None else sorted(d) for d in grad(run)(MIXED, X)] == [
        ["b", "w"],
        None,
        ["b", "w"],
        None,
        [],
    ]


def test_lambda_among_objects_is_refused():
    with pytest.raises(UnsupportedSyntaxError) as refused:
        grad(run, argnums=1)([Tanh(), lambda x: x], X)
    assert (
        refused.value.message
        == "an object of the class `function`, where the derivative knows of Tanh"
    )


def test_object_with_a_function_of_its_own():
    class Plain:
        def at(self, x):
            return x

    class Other:
        def at(self, x):
            return x**2

    each = [Plain(), Other()]
    each[1].at = lambda x: x**3
    assert grad(lambda x: each[1].at(x))(2.0) == 12.0
    assert grad(lambda x: sum(e.at(x) for e in each))(2.0) == 13.0


def test_method_that_is_no_function_is_refused():
    class Plain:
        def at(self, x):
            return x

    class Other:
        at = functools.partialmethod(Plain.at)

    with pytest.raises(KnetsrcError, match="a call of `at` of an object of the class Other"):
        grad(lambda x: sum(e.at(x) for e in [Plain(), Other()]))(2.0)
