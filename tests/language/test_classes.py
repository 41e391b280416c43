"""Methods, properties and operators of user classes: inherited, of elements, of attributes, of objects made inside."""

import functools
import math
import numbers
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedSyntaxError, grad
from language.checking import V, by_grad, by_value_and_grad, by_vjp, check

WAYS = (by_grad, by_vjp, by_value_and_grad)


class Scaled:
    factor = 2.0

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, x):
        return self.transform(x) * self.factor

    def transform(self, x):
        return x * self.weight

    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def doubled(cls, x):
        return x * cls.factor


class Shifted(Scaled):
    factor = 3.0

    def transform(self, x):
        return super().transform(x) + 1.0


class Deep(Shifted):
    def transform(self, x):
        return super().transform(x) * super().square(x) + self.bias

    bias = 0.5


@dataclass
class Layer:
    w: np.ndarray
    b: float
    name: str = "l"

    def __call__(self, x):
        return np.tanh(self.w * x + self.b)

    def penalty(self, strength=0.1):
        return strength * np.sum(self.w**2)

    @property
    def norm(self):
        return np.sum(self.w**2)


@dataclass(frozen=True)
class Net:
    layers: list
    scale: float = 2.0
    extra: dict = field(default_factory=dict)

    def predict(self, x):
        for layer in self.layers:
            x = layer(x)
        return x * self.scale

    @property
    def depth(self):
        return len(self.layers)

    @functools.cached_property
    def total(self):
        return sum(layer.norm for layer in self.layers)


@dataclass
class Model:
    net: Net

    def loss(self, x):
        return np.sum(self.net.layers[0].w * x) * self.net.layers[-1].b


@dataclass(frozen=True)
class Vec:
    x: float
    y: float

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y)

    def __mul__(self, s):
        return Vec(self.x * s, self.y * s)

    def __rmul__(self, s):
        return Vec(self.x * s, self.y * s)

    def __neg__(self):
        return Vec(-self.x, -self.y)

    def __matmul__(self, o):
        return self.x * o.x + self.y * o.y

    def __getitem__(self, i):
        return self.x if i == 0 else self.y

    def __len__(self):
        return 2

    def __sub__(self, o):
        return self + (-o)

    def dot(self, o):
        return self @ o


class Ranked:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return self.value < other.value

    def __ne__(self, other):
        return bool(self.value != other.value)

    def __eq__(self, other):
        return [True, self.value * other.value]

    __hash__ = None


class Point(NamedTuple):
    x: float
    y: float

    def norm(self):
        return np.sqrt(self.x**2 + self.y**2)

    @property
    def sq(self):
        return self.x**2 + self.y**2


class Plain:
    def __init__(self, w, b=0.5):
        self.w = w
        self.b = b

    def apply(self, x):
        return self.w * x + self.b


scaled, shifted, deep = Scaled(V), Shifted(V), Deep(V)
layers = [Layer(V, 0.5), Layer(V + 1.0, 0.1)]
net = Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)])
model = Model(net)
objs = [Scaled(V), Shifted(V + 1.0)]


@functools.lru_cache
def cached(y):
    return y * y


def deco(f):
    @functools.wraps(f)
    def inner(*a, **k):
        return f(*a, **k)

    return inner


@deco
def wrapped(x):
    return np.sum(x**2)


def timed(f):
    @functools.wraps(f)
    def inner(x, n=2):
        return f(x) * n

    return inner


@timed
def wrapped2(x):
    return np.sum(x**2)


@grad
def gloss(w, x):
    return np.sum(w * x**2)


class Namespace:
    pass


ns = Namespace()
ns.loss = gloss
ns.f = lambda x: x * x


class Trainer:
    def __init__(self):
        self.net = net
        self.rate = 0.1

    def loss(self, x):
        return np.sum(self.net.predict(x)) * self.rate


trainer = Trainer()


class It:
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


it = It([1.0, 2.0])


def test_super_through_two_classes():
    def f(x):
        return np.sum(deep(x) * x)

    check(f, V)


def test_static_and_class_methods_of_a_subclass():
    def f(x):
        return np.sum(shifted.square(x) + shifted.doubled(x) * Shifted.doubled(x))

    check(f, V)


def test_class_attribute_of_an_inactive_object():
    def f(x, m):
        return np.sum(m(x) ** 2) * m.factor

    check(f, V, Shifted(V), argnums=(0,))


def test_outside_list_of_objects():
    def f(x):
        for m in layers:
            x = m(x)
        return np.sum(x)

    check(f, V)


def test_sum_over_the_attributes_of_objects():
    def f(network, x):
        return sum(layer.w.sum() for layer in network.layers) * np.sum(x)

    check(f, Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)]), V, ways=WAYS)


def test_property_of_objects_in_a_list():
    def f(network, x):
        return sum(layer.norm for layer in network.layers) * np.sum(x)

    check(f, Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)]), V, ways=WAYS)


def test_property_of_an_element():
    def f(network):
        return network.layers[0].norm * network.layers[1].norm

    check(f, Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)]))


def test_call_of_an_element():
    def f(network):
        return np.sum(network.layers[0](network.layers[1].w))

    check(f, Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)]))


def test_method_reads_an_attribute_of_an_attribute():
    def f(m, x):
        return m.loss(x)

    check(f, Model(Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)])), V)


def test_attribute_of_an_attribute():
    def f(m, x):
        return np.sum(m.net.layers[0].w * x) * m.net.scale

    check(f, Model(Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)])), V)


def test_method_of_an_attribute():
    def f(m, x):
        return np.sum(m.net.predict(x))

    check(f, Model(Net([Layer(V, 0.5), Layer(V + 1.0, 0.1)])), V)


def test_attribute_of_an_attribute_of_an_outside_object():
    def f(x):
        return np.sum(model.net.layers[0].w * x) * model.net.scale

    check(f, V)


def test_method_of_an_attribute_of_an_outside_object():
    def f(x):
        return model.loss(x) + np.sum(model.net.predict(x))

    check(f, V)


def test_property_of_an_outside_object():
    def f(x):
        return np.sum(x) * layers[0].norm * net.depth

    check(f, V)


def test_cached_property():
    def f(n, x):
        return np.sum(x) * n.total

    check(f, Net([Layer(V, 0.5)]), V)


def test_objects_added():
    def f(a, b):
        c = a + b
        return c.x * c.y

    check(f, Vec(0.5, 1.5), Vec(0.2, 0.3))


def test_operators_of_a_class():
    def f(a, b):
        c = (a + b) * 2.0
        d = -c - a
        return d @ b + d[0] * len(a)

    check(f, Vec(0.5, 1.5), Vec(0.2, 0.3), ways=WAYS)


def test_operator_of_the_right_operand():
    def f(a, s):
        c = s * a
        return c.x * c.y

    check(f, Vec(0.5, 1.5), 0.3)


def test_comparisons_of_a_class():
    def f(x):
        a, b = Ranked(x[0]), Ranked(x[1])
        total = max(a, b).value * 3.0
        if a < b:
            total += a.value
        while a != b and a < b:
            a = Ranked(a.value + 1.0)
        return total * a.value + (a == b)[1]

    check(f, np.array([0.3, 0.7]))
    check(f, np.array([0.7, 0.3]))


def test_operator_in_a_loop():
    def f(a, n):
        c = a
        for _ in range(n):
            c = c + a * 0.5
        return c.dot(a)

    check(f, Vec(0.5, 1.5), 3, ways=WAYS)


def test_operator_on_elements():
    def f(vs):
        s = vs[0] + vs[1]
        return s.x * s.y

    check(f, [Vec(0.5, 1.5), Vec(0.2, 0.3)])


def test_property_of_a_named_tuple():
    def f(p):
        return p.sq * p.x

    check(f, Point(0.5, 1.5))


def test_operator_on_objects_made_inside():
    def f(x, y):
        v = Vec(x, y)
        w = v + Vec(y, x)
        return w.x * w.y

    check(f, 0.5, 1.5)


def test_property_of_an_object_made_inside():
    def f(w, x):
        layer = Layer(w * 2.0, 0.5)
        return np.sum(layer(x)) + layer.norm

    check(f, V, V)


def test_plain_object_made_inside():
    def f(w, x):
        p = Plain(w * 2.0)
        return np.sum(p.apply(x)) * p.b

    check(f, V, V)


def test_plain_object_made_of_another():
    def f(w, x):
        p = Plain(w, b=x)
        q = Plain(p.apply(x), b=p.b * 2)
        return np.sum(q.w) * q.b

    check(f, V, 0.3, ways=WAYS)


def test_list_of_objects_made_inside():
    def f(x):
        ls = [Layer(x * i, 0.5) for i in range(3)]
        return sum(np.sum(layer(x)) for layer in ls)

    check(f, V)


def test_objects_in_a_dictionary():
    def f(d, x):
        return np.sum(d["a"](x)) * d["b"].b + d["b"].norm

    check(f, {"a": Layer(V, 0.5), "b": Layer(V + 1, 0.3)}, V, ways=WAYS)


def test_loop_over_objects_in_a_dictionary():
    def f(d, x):
        s = 0.0
        for layer in d.values():
            s = s + np.sum(layer(x))
        return s

    check(f, {"a": Layer(V, 0.5), "b": Layer(V + 1, 0.3)}, V)


def test_list_of_objects_as_argument():
    def f(ls, x):
        for layer in ls:
            x = layer(x)
        return np.sum(x)

    check(f, [Layer(V, 0.5), Layer(V + 1, 0.3)], V)


def test_cached_function_of_constants():
    def f(x):
        return np.sum(x) * cached(3.0)

    check(f, V)


def test_wrapped_function_with_a_default():
    def f(x):
        return wrapped2(x) * 2.0

    check(f, V)


def test_primal_of_a_gradient():
    def f(w, x):
        return gloss.primal(w, x) * 2.0

    check(f, V, V)


def test_primal_of_a_gradient_in_a_namespace():
    def f(w, x):
        return ns.loss.primal(w, x) * 2.0

    check(f, V, V)


def test_function_in_a_namespace():
    def f(x):
        return np.sum(ns.f(x))

    check(f, V)


def test_method_of_an_outside_object_with_objects():
    def f(x):
        return trainer.loss(x)

    check(f, V)


def test_loop_over_an_outside_object():
    def f(x):
        s = 0.0
        for v in it:
            s = s + x * v
        return s

    check(f, 0.5)


class Unit:
    scale: ClassVar[float] = 2.0


@dataclass
class Measured(Unit):
    value: float
    factor = 3.0

    def scaled(self):
        return self.value * self.factor


def test_class_attribute_of_a_differentiated_object():
    def f(m):
        return m.scaled() * m.factor * m.value

    check(f, Measured(0.7))


def test_gradient_of_a_plain_object_is_a_dict_of_its_attributes():
    gradient = grad(lambda p, x: np.sum(p.apply(x)))(Plain(V, 0.5), V)
    np.testing.assert_allclose(gradient["w"], V)
    assert gradient["b"] == 4.0


def test_name_for_objects_of_two_classes():
    def f(x, n):
        model = scaled
        for _ in range(n):
            x = model.transform(x)
            model = shifted
        return np.sum(x)

    check(f, V, 3)


class Pipe:
    def __init__(self, first, second):
        self.first = Scaled(first)
        self.second = second

    def run(self, x):
        return self.second(self.first(x))


@dataclass
class Stack:
    one: Layer
    two: Layer

    def predict(self, x):
        return self.two(self.one(x))


def square(x):
    return x * x


class Dense:
    def __init__(self, w, activation=np.tanh):
        self.w, self.activation = w, activation

    def forward(self, x):
        return self.activation(self.linear(x))

    def linear(self, x):
        return x * self.w


class Halved(Dense):
    def __init__(self, w, activation):
        super().__init__(w * 0.5, activation)
        self.out = np.sin

    def forward(self, x):
        return self.out(super().forward(x))


class Perceptron:
    def __init__(self, w):
        self.layers = [Dense(w, square), Dense(w * w, activation=square)]
        self.last = Halved(w, np.tanh)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return self.last.forward(x)


@dataclass
class Activated:
    w: Any
    activation: Any = np.tanh

    def forward(self, x):
        return self.activation(self.w * x)


class Spec(NamedTuple):
    power: int
    activation: Any
    w: Any = 2.0


class Chosen(Dense):
    def __init__(self, w, activation):
        if activation is None:
            activation = np.tanh
        super().__init__(w, activation)


class Exchanged(Dense):
    def exchange(self):
        self.activation = np.sin


class AssignedTwice(Dense):
    def __init__(self, w, activation):
        super().__init__(w, activation)
        if np.sum(w) > 0.0:
            self.activation = np.sin


class Computed(Dense):
    def __init__(self, w, activation):
        self.w = w
        self.other = activation

    @property
    def activation(self):
        return self.other


BY_NAME = {"a": Scaled(V), "b": Scaled(V + 1.0)}


def test_attribute_that_is_called():
    def f(w, x):
        return np.sum(Pipe(w, Shifted(w * w)).run(x))

    check(f, V, V + 0.5)


def test_attribute_of_an_argument_that_is_called():
    def f(stack, x):
        return np.sum(stack.predict(x) * stack.one(x))

    check(f, Stack(Layer(V, 0.5), Layer(V + 1.0, 0.1)), V)


def test_object_of_an_outside_dictionary_by_a_name_that_is_an_argument():
    def f(x, name):
        return np.sum(BY_NAME[name](x) * BY_NAME[name].transform(x))

    check(f, V, "a")
    check(f, V, "b")


def test_function_that_an_object_made_inside_holds():
    def f(w, x):
        first, second = Dense(w), Dense(w * 2.0, square)
        y = second.forward(first.forward(x)) * second.activation(w)
        return np.sum(Perceptron(w).forward(y))

    check(f, V, V + 0.5)


def test_function_that_a_dataclass_or_namedtuple_holds():
    def f(w, x):
        a, b = Activated(w), Activated(w, square)
        s = Spec(2, np.sin, w)
        return np.sum(a.forward(x) * b.forward(x) * s.activation(s.w) ** s.power) + b.w[0]

    check(f, V, V + 0.5)


def test_function_that_a_namedtuple_of_the_caller_holds():
    def f(w, spec):
        return np.sum(spec.activation(w) ** spec.power * spec.w)

    check(f, V, Spec(2, np.tanh), argnums=(0,))
    check(f, V, Spec(3, square), argnums=(0,))


def test_objects_that_hold_different_functions():
    def f(w, x):
        for layer in [Dense(w, square), Dense(w * w, np.tanh)]:
            x = layer.linear(x)
        layer = Dense(w, square)
        if x[0] > 0.0:
            layer = Dense(x, np.tanh)
        return np.sum(layer.linear(x))

    check(f, V, V + 0.5)


def of_different_functions(w):
    for layer in [Dense(w, square), Dense(w * w, np.tanh)]:
        w = layer.forward(w)
    return np.sum(w)


def of_one_or_the_other(w):
    layer = Dense(w, square)
    if w[0] > 0.0:
        layer = Dense(w, np.tanh)
    return np.sum(layer.forward(w))


def written_outside(w):
    layer = Dense(w, square)
    layer.activation = np.tanh
    return np.sum(layer.forward(w))


def written_by_a_method(w):
    layer = Exchanged(w, square)
    layer.exchange()
    return np.sum(layer.forward(w))


def exchanged(layer):
    layer.activation = np.tanh


def written_by_a_helper(w):
    layer = Dense(2.0, square)
    exchanged(layer)
    return np.sum(layer.forward(w))


def replaced(w):
    layer = replace(Activated(w, square), activation=np.tanh)
    return np.sum(layer.forward(w))


def replaced_in_a_namedtuple(w):
    spec = Spec(2, square, w)._replace(activation=np.tanh)
    return np.sum(spec.activation(w))


def chosen(w):
    return np.sum(Chosen(w, square).forward(w) + Chosen(w, None).forward(w))


def assigned_twice(w):
    return np.sum(AssignedTwice(w, square).forward(w))


def computed(w):
    return np.sum(Computed(w, square).forward(w))


@pytest.mark.parametrize(
    "f",
    [
        of_different_functions, of_one_or_the_other, written_outside, written_by_a_method, written_by_a_helper, replaced,
        replaced_in_a_namedtuple, chosen, assigned_twice, computed,
    ],
)  # fmt: skip
def test_function_of_an_object_that_is_not_known_is_refused(f):
    with pytest.raises(KnetsrcError):
        grad(f)(V)


def test_attribute_that_is_called_and_is_of_another_class_later():
    def f(x, stack):
        return np.sum(stack.predict(x))

    slope = grad(f)
    stack = Stack(Scaled(3.0), Scaled(5.0))
    np.testing.assert_allclose(slope(V, stack), 60.0 * np.ones(4))
    stack.two = Shifted(5.0)
    np.testing.assert_allclose(slope(V, stack), 90.0 * np.ones(4))


def test_object_that_is_followed_by_one_of_another_class():
    def f(x, model):
        return np.sum(model(x))

    slope = grad(f)
    np.testing.assert_allclose(slope(V, Scaled(3.0)), 6.0 * np.ones(4))
    np.testing.assert_allclose(slope(V, Shifted(3.0)), 9.0 * np.ones(4))


def test_objects_of_different_classes_in_one_list():
    def f(w, x):
        for layer in [Dense(w, square), Halved(w, np.tanh)]:
            x = layer.forward(x)
        return np.sum(x)

    check(f, V, V, argnums=(0, 1))


def test_loop_over_an_object_that_makes_its_elements():
    class Pairs:
        def __iter__(self):
            values = [1.0, 2.0]
            return iter(values)

    def f(pairs, x):
        s = 0.0
        for v in pairs:
            s = s + x * v
        return s + pairs.missing(x)

    with pytest.raises(KnetsrcError, match="a loop over an object of the class `Pairs`"):
        grad(f, argnums=1)(Pairs(), 0.5)


class Parted:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __iter__(self):
        yield self.a
        yield self.b

    def __add__(self, other):
        return Parted(self.a + other.a, self.b + other.b)


def test_object_that_is_taken_apart_by_what_it_goes_through():
    def unpacked(x):
        p, q = Parted(x, 2.0)
        return np.sum(p) * q

    def named(x):
        pair = Parted(x, 2.0)
        p, q = pair
        return np.sum(p) * q

    def argument(x, pair):
        p, q = pair
        return np.sum(p * x) * q

    def listed(x):
        values = list(Parted(x, 2.0))
        return np.sum(values[0])

    def handed(x):
        return np.dot(*Parted(x, x))

    for f in unpacked, named, listed, handed:
        with pytest.raises(KnetsrcError, match="that `__iter__` of the class Parted gives"):
            grad(f)(V)
    with pytest.raises(KnetsrcError, match="that `__iter__` of the class Parted gives"):
        grad(argument)(V, Parted(V, 2.0))


def test_sum_of_objects():
    def made(x):
        return np.sum(sum([Parted(x, 1.0), Parted(2 * x, 1.0)], start=Parted(x, 0.0)).a)

    def named(x):
        pairs = [Parted(x, 1.0), Parted(2 * x, 1.0)]
        return np.sum(sum(pairs, Parted(x, 0.0)).a)

    def added(x):
        total = Parted(x, 0.0)
        for pair in [Parted(x, 1.0), Parted(2 * x * x, 1.0)]:
            total = total + pair
        return sum(np.sum(p.a) for p in [total, total]) + np.sum(total.a)

    for f in made, named:
        with pytest.raises(KnetsrcError, match="a sum of objects"):
            grad(f)(V)
    check(added, V)


class Vector:
    def __init__(self, a):
        self.a = a

    def __add__(self, other):
        return Vector(self.a + other.a)

    def __mul__(self, factor):
        return Vector(self.a * factor)

    __rmul__ = __mul__

    def __neg__(self):
        return Vector(-self.a)

    def __matmul__(self, other):
        return np.sum(self.a * other.a)

    def __getitem__(self, i):
        return self.a[i]

    def __len__(self):
        return len(self.a)

    def __iter__(self):
        return iter(self.a)

    def __call__(self, factor):
        return self.a * factor


class Weighted(Vector):
    def __init__(self, a, weight):
        super().__init__(a)
        self.weight = weight

    def __add__(self, other):
        return Weighted(super().__add__(other).a, self.weight)

    def __call__(self, factor):
        return super().__call__(factor) * self.weight


def test_operators_of_a_plain_class_with_a_length():
    def f(x):
        v, w = Vector(x), Vector(x * x)
        u = 2.0 * (v + w) * 1.5
        s = (-u) @ w + v[1] * w[2] * len(v) + np.sum(u(3.0))
        for a in w:
            s = s + a * a
        return s

    check(f, V)


def test_super_in_operators_and_in_init():
    def f(x):
        v = Weighted(x, x * 2.0)
        w = v + v
        return np.sum(w(2.0)) * (v @ w)

    check(f, V)


@dataclass
class Motion:
    position: float
    speed: float

    @property
    def energy(self):
        return self.speed**2 / 2.0 + self.position**2

    def moved(self, step):
        return replace(self, position=self.position + step * self.speed)


def test_method_that_replaces_fields_in_a_loop():
    def f(motion):
        for _ in range(3):
            motion = motion.moved(0.1)
        return motion.energy * replace(motion, speed=3.0).energy

    check(f, Motion(1.5, 2.0))


def total_of(xs: Any) -> Any:
    total = 0.0
    for x in xs:
        total += np.sum(x**2)
    return total


def scaled_total_of(xs: Sequence, scale: numbers.Real):
    return sum(np.sum(x**3) for x in xs) * scale


def test_annotations_that_name_no_class_of_the_user():
    check(total_of, [V, 2.0 * V])
    check(lambda w: scaled_total_of([w, 2.0 * w], w[0]), V)


# --- operators that numbers with a derivative do not have -----------------------------------------
@dataclass
class Chance:
    p: float

    def __and__(self, other):
        return Chance(self.p * other.p)

    def __xor__(self, times):
        return Chance(self.p**times)

    def __rshift__(self, function):
        return Chance(function(self.p))

    def __rlshift__(self, factor):
        return Chance(factor * self.p)

    def __abs__(self):
        return self.p * 4.0

    def __round__(self, digits=0):
        return self.p * 2.0 + digits

    def __floor__(self):
        return self.p * 3.0


class Doubt(Chance):
    def __and__(self, other):
        return Doubt(self.p + other.p)


def test_operators_of_bits_of_a_class():
    def f(x):
        c = Chance(x)
        for _ in range(3):
            c = c & Chance(0.5 + x)
        both = [c, c ^ 3]
        return (both[0] & both[1]).p + (3.0 << c >> math.sin).p + operator.and_(c, c).p

    check(f, 0.3)


def test_functions_of_python_that_a_class_says_how_to_compute():
    check(lambda x: abs(Chance(x)) * x + round(Chance(x), 2) * math.floor(Chance(x)), 0.3)
    check(lambda c: abs(c) * round(c) + c.p, Chance(0.3), ways=WAYS)


def test_operator_of_bits_of_an_object_of_one_of_two_classes_is_refused():
    def f(x, is_sure):
        c = Chance(x) if is_sure else Doubt(x)
        return (c & Chance(0.5)).p

    with pytest.raises(UnsupportedSyntaxError, match="`&` of a differentiated value") as caught:
        grad(f)(0.3, True)
    assert "(c & Chance(0.5)).p" in str(caught.value)
    assert "which class it is of is not known here" in str(caught.value)


class Rules:
    @staticmethod
    def round(v):
        return v * 3.0

    @staticmethod
    def argmax(v):
        return v**2


def test_method_of_a_class_under_a_local_name_is_not_one_of_an_array():
    def rounded(x):
        rules = Rules
        return rules.round(x)

    def largest(x):
        return {"rules": Rules()}["rules"].argmax(x)

    for f, name in (rounded, "round"), (largest, "argmax"):
        with pytest.raises(KnetsrcError, match=rf"no derivative rule for `\.{name}`"):
            grad(f)(0.5)


# --- numbers that a class wraps -------------------------------------------------------------------
class Dual:
    def __init__(self, v, d=0.0):
        self.v, self.d = v, d

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.v + other.v, self.d + other.d)

    __radd__ = __add__

    def __mul__(self, other):
        if not isinstance(other, Dual):
            other = Dual(other)
        return Dual(self.v * other.v, self.v * other.d + self.d * other.v)

    __rmul__ = __mul__


def test_operator_that_wraps_the_other_operand_where_it_is_a_number():
    def f(x):
        a = Dual(x, 1.0)
        b = 2.0 * a * a + a * x + 3.0
        return b.v * b.d + (a + a).v + (1.0 + a).v * x

    check(f, 0.5)


def test_function_that_wraps_its_argument_where_it_is_a_number():
    def doubled(value):
        if not isinstance(value, Dual):
            value = Dual(value)
        return (value + value).v

    check(lambda x: doubled(x) * doubled(Dual(x * x)), 0.5)


class Base:
    def __init__(self, w):
        self.w = w


class PassingOn(Base):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.scale = 2.0


def test_an_init_that_passes_on_star_arguments_is_refused():
    with pytest.raises(KnetsrcError, match="call of `Base_init` with star arguments"):
        grad(lambda w: np.sum(PassingOn(w).w))(V)


class Lengths:
    unit = 2.0

    def __init__(self, w):
        self.w = w

    @property
    def norm(self):
        return np.sum(self.w**2)


class Doubled(Lengths):
    @property
    def norm(self):
        return super().norm * 2.0

    def in_units(self):
        return super().unit * self.norm

    def total(self):
        return super().norm + self.norm


def test_property_of_the_class_above():
    check(lambda x: Doubled(x).norm * x[0], V)
    check(lambda x: Doubled(x).total() * x[0], V)
    with pytest.raises(UnsupportedSyntaxError, match=r"`super\(\)\.unit`"):
        grad(lambda x: Doubled(x).in_units())(V)
