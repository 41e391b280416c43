"""Dataclasses, named tuples, models with `__call__`, methods, attributes, properties."""

import types
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import KnetsrcError, MissingAdjointError
from knetsrc.testing import check_grads
from language.checking import M, V, check


@dataclass
class Layer:
    weight: np.ndarray
    bias: float
    name: str = "layer"

    def __call__(self, x):
        return np.tanh(self.weight * x + self.bias)

    def penalty(self, strength=0.1):
        return strength * np.sum(self.weight**2)


@dataclass(frozen=True)
class Network:
    layers: list
    scale: float = 2.0
    steps: int = 2
    cache: dict = field(default_factory=dict)

    def predict(self, x):
        for layer in self.layers:
            x = layer(x)
        return x * self.scale

    @property
    def depth(self):
        return len(self.layers)


class Point(NamedTuple):
    x: float
    y: float

    def norm(self):
        return np.sqrt(self.x**2 + self.y**2)


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
    def transform(self, x):
        return super().transform(x) + 1.0


def test_dataclass_argument():
    def f(layer, x):
        return np.sum(np.tanh(layer.weight * x + layer.bias))

    check(f, Layer(V, 0.5), V)


def test_dataclass_method():
    def f(layer, x):
        return np.sum(layer(x)) + layer.penalty() + layer.penalty(0.3)

    check(f, Layer(V, 0.5), V)


def test_dataclass_of_dataclasses():
    def f(network, x):
        return np.sum(network.predict(x)) * network.depth

    check(f, Network([Layer(V, 0.5), Layer(V + 1.0, 0.1)]), V)


def test_dataclass_in_a_loop():
    def f(network, x):
        for _ in range(network.steps):
            for layer in network.layers:
                x = layer.weight * x + layer.bias * network.scale
        return np.sum(x)

    check(f, Network([Layer(V, 0.5), Layer(V + 1.0, 0.1)]), V)


def test_dataclass_built_inside():
    def f(w, x):
        layer = Layer(w * 2.0, 0.5)
        return np.sum(layer(x))

    check(f, V, V)


def test_bound_method_is_differentiated():
    check(Layer(V, 0.5).penalty, 0.3)
    network = Network([Layer(V, 0.5)])

    def f(x):
        return np.sum(network.predict(x))

    check(f, V)


def test_callable_object_is_differentiated():
    model = Scaled(V)
    check(model, V)
    np.testing.assert_allclose(grad(lambda x: np.sum(model(x)))(V), 2.0 * V)


def test_method_of_a_captured_object():
    model = Scaled(V)

    def f(x):
        return np.sum(model.transform(x) * model(x) * model.weight)

    check(f, V)


def test_inherited_method():
    model = Shifted(V)

    def f(x):
        return np.sum(model(x) * x)

    check(f, V)


def test_static_and_class_methods():
    model = Scaled(V)

    def f(x):
        return np.sum(model.square(x) + Scaled.square(x) * Scaled.doubled(x))

    check(f, V)


def test_object_as_inactive_argument():
    def f(x, model):
        return np.sum(model(x) ** 2)

    check(f, V, Scaled(3.0), argnums=(0,))
    check(f, V, Shifted(V), argnums=(0,))


def test_objects_in_a_list():
    models = [Scaled(V), Shifted(V + 1.0)]

    def f(x):
        for model in models:
            x = model(x)
        return np.sum(x)

    check(f, V)


def test_attribute_changed_between_calls():
    model = Scaled(2.0)
    slope = grad(lambda x: model(x) * x)
    assert slope(3.0) == 24.0
    model.weight = 5.0
    assert slope(3.0) == 60.0


def test_named_tuple_method():
    def f(p):
        return p.norm() * p.x

    check(f, Point(0.5, 1.5))


def test_named_tuple_built_in_a_loop():
    def f(p):
        for _ in range(3):
            p = Point(p.y * 0.9, p.x + p.y)
        return p.norm()

    check(f, Point(0.5, 1.5))


def test_decorated_method():
    class Model:
        def __init__(self, slope):
            self.slope = slope

        @grad
        def loss(self, x):
            return self.slope * x**2

    assert Model(3.0).loss(2.0) == 12.0
    assert Model(5.0).loss(2.0) == 20.0


def test_array_attributes_and_methods():
    def f(m):
        return np.sum(m.T @ m) * m.size / m.shape[0] + m.reshape(3, 2).max() + m.ndim

    check(f, M)


def test_attribute_of_an_element():
    def f(layers, x):
        return np.sum(layers[0].weight * x + layers[-1].weight) * layers[1].bias

    check(f, [Layer(V, 0.5), Layer(V + 1.0, 0.1)], V)


# --- what an object has in the place of members of its class -------------------------------------------------------------------
class Options:
    rate = 0.1
    offset = 0.5

    def __init__(self, **options):
        for name, value in options.items():
            setattr(self, name, value)

    def loss(self, x):
        return self.rate * np.sum(x**2) + self.offset

    def step(self, x):
        return x - self.rate * x


class Replaceable:
    def __init__(self, act=None):
        if act is not None:
            self.act = act

    def act(self, x):
        return np.tanh(x)

    def loss(self, x):
        return np.sum(self.act(x) ** 2)


def test_attribute_that_hides_one_of_the_class():
    options = Options(rate=5.0)
    check(options.loss, V)
    check(lambda x: options.loss(x) * options.rate, V)
    check(lambda x, o: np.sum(o.step(x) * o.offset) * o.loss(x), V, options, argnums=(0,))
    options.offset = 2.0
    gradient = grad(lambda o, x: o.loss(x))(options, V)
    np.testing.assert_allclose(gradient["rate"], np.sum(V**2))
    assert gradient["offset"] == 1.0
    assert grad(lambda o, x: o.loss(x))(Options(), V) == {}


def test_attribute_that_comes_to_hide_one_of_the_class():
    options = Options()
    bound, captured = grad(options.loss), grad(lambda x: options.loss(x))
    for rate in (0.1, 3.0):
        options.rate = rate
        np.testing.assert_allclose(bound(V), 2.0 * rate * V)
        np.testing.assert_allclose(captured(V), 2.0 * rate * V)


def test_method_that_is_replaced_in_the_object():
    model = Replaceable()
    bound, captured = grad(model.loss), grad(lambda x: model.loss(x))
    argument = grad(lambda x, m: m.loss(x))
    for act, slope in [
        (None, 2.0 * np.tanh(V) / np.cosh(V) ** 2),
        (lambda v: 3.0 * v, 18.0 * V),
        (types.MethodType(lambda self, v: 2.0 * v, model), 8.0 * V),
        (np.sin, 2.0 * np.sin(V) * np.cos(V)),
    ]:
        if act is not None:
            model.act = act
        np.testing.assert_allclose(bound(V), slope)
        np.testing.assert_allclose(captured(V), slope)
        np.testing.assert_allclose(argument(V, model), slope)


def test_object_of_another_class_in_the_same_place():
    model = Scaled(2.0)
    slope = grad(lambda x: np.sum(model.transform(x)))
    np.testing.assert_allclose(slope(V), np.full(len(V), 2.0))
    model = Replaceable(lambda x: 3.0 * x)
    with pytest.raises(MissingAdjointError):
        slope(V)
    model.transform = model.act
    np.testing.assert_allclose(slope(V), np.full(len(V), 3.0))


def test_method_of_an_object_made_inside_that_may_have_another():
    def f(x):
        return Replaceable(lambda v: 3.0 * v).loss(x)

    with pytest.raises(MissingAdjointError, match="may have replaced"):
        grad(f)(V)

    def g(x):
        model = Replaceable()
        model.act = np.sin
        return model.loss(x)

    with pytest.raises(KnetsrcError, match=r"a write to `model\.act`"):
        grad(g)(V)


@dataclass
class Stack:
    layers: list[Scaled]

    def predict(self, x):
        for layer in self.layers:
            x = layer.transform(x)
        return np.sum(x)


def test_annotated_list_of_objects_of_several_classes():
    check(Stack([Scaled(2.0), Shifted(3.0)]).predict, V)
    check(Stack([Scaled(2.0), Scaled(3.0)]).predict, V)


def test_attribute_of_the_class_has_no_gradient():
    class Half:
        share = 0.5

        def __init__(self, w):
            self.w = w

    check(lambda w, x: np.sum(Half(w).w * x), V, V)
    slope = grad(lambda m, x: np.sum(m.w * x**2) * m.share)(Half(V), V)
    np.testing.assert_allclose(slope["w"], 0.5 * V**2)
    assert slope.keys() == {"w"}


# --- functions that are attributes -----------------------------------------------------------------------------------------------
class Activated:
    square = np.square
    cube = staticmethod(lambda x: x**3)

    def __init__(self, w, act):
        self.w = w
        self.act = act
        self.table = {"sin": np.sin, "act": act}
        self.acts = [np.tanh, np.sin]

    def loss(self, x):
        return np.sum(self.act(self.w * x))

    def chained(self, x):
        act = self.act
        for each in self.acts:
            x = each(x) + _applied(act, self.w)
        return np.sum(self.square(x) * self.cube(x) * self.table["act"](x))


def _applied(function, x):
    return function(x)


@pytest.mark.parametrize("act", [np.sin, lambda x: x * x, np.tanh])
def test_function_that_is_an_attribute(act):
    model = Activated(V, act)
    check(model.loss, V)
    check(model.chained, V)
    check(lambda x: model.chained(x) * model.loss(x), V)
    slope = grad(lambda m, x: m.chained(x))(model, V)["w"]
    for i, step in enumerate(1e-6 * np.eye(len(V))):
        ahead, behind = Activated(V + step, act), Activated(V - step, act)
        np.testing.assert_allclose(
            slope[i], (ahead.chained(V) - behind.chained(V)) / 2e-6, rtol=1e-5
        )


def test_function_that_is_an_attribute_is_another_one():
    model = Activated(V, np.sin)
    bound, captured = grad(model.loss), grad(lambda x: model.loss(x))
    np.testing.assert_allclose(bound(V), V * np.cos(V * V))
    model.act = np.square
    np.testing.assert_allclose(bound(V), 2.0 * V**3)
    np.testing.assert_allclose(captured(V), 2.0 * V**3)
    model.act = np.exp
    np.testing.assert_allclose(captured(V), V * np.exp(V * V))


def test_objects_with_several_functions_in_a_list():
    def f(models, x):
        for model in models:
            x = model.act(x)
        return np.sum(x)

    check(f, [Activated(1.0, np.sin), Activated(2.0, np.sin)], V, argnums=(1,))
    with pytest.raises(MissingAdjointError):
        grad(f, 1)([Activated(1.0, np.sin), Activated(1.0, np.cos)], V)


def test_inherited_method_of_the_object_that_is_differentiated():
    check(Deeper(V).transform, V)
    check(Deeper(V), V)


class Deeper(Shifted):
    def transform(self, x):
        return np.sum(super().transform(x) * x)

    def __call__(self, x):
        return super().__call__(x) * 2.0


# --- objects of which `__init__` computes something --------------------------------------------------------------------------------
class Prepared:
    def __init__(self, w, scale=None, *, shift=0.5):
        super().__init__()
        assert len(w) > 0
        if scale is None:
            scale = np.mean(w)
        self.w, self.n = w * scale, len(w)
        parts = []
        for i in range(3):
            parts.append(w * i)
        self.parts = parts
        self.layers = [Scaled(w), Scaled(np.sin(w))]
        self.zeros = np.zeros(2)
        self.table = {"w": self.w, "shift": shift}
        self.setup(2.0)

    def setup(self, factor):
        self.total = factor * np.sum(self.w) * self.n

    def loss(self, x):
        for layer in self.layers:
            x = layer.transform(x) + self.table["shift"]
        return np.sum(x * self.w) + self.total + np.sum(self.parts[2] ** 2)


class Specialized(Prepared):
    factor = 3.0

    def __init__(self, w):
        super().__init__(np.sin(w), shift=w[0])
        self.w = self.w * self.factor

    def loss(self, x):
        return super().loss(x) * self.w[1]


class Explicit(Prepared):
    def __init__(self, w, early=False):
        super(Explicit, self).__init__(w, 2.0)  # noqa: UP008
        if early:
            return
        self.w = self.w**2


@dataclass
class Finished:
    w: np.ndarray
    b: float = 2.0

    def __post_init__(self):
        self.w = np.asarray(self.w) * self.b
        if self.b > 1.0:
            self.c = self.b**2

    def loss(self):
        return np.sum(self.w) * self.c


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, w):
        self.a = w
        self.b = w * 2.0


class AsArray:
    def __init__(self, w):
        self.w = w

    def __array__(self, dtype=None, copy=None):
        return self.w


class Squared:
    def __get__(self, owner, kind):
        return owner.w**2


class Described:
    squared = Squared()

    def __init__(self, w):
        self.w = w


def test_init_that_computes():
    check(lambda w, x: Prepared(w).loss(x), V, V * 0.5)
    check(lambda w, x: Prepared(w, 2.0, shift=w[0]).loss(x) * Prepared(w, w[1]).n, V, V * 0.5)
    check(lambda w: np.sum(Specialized(w).w ** 2) + Specialized(w).loss(w), V)


@pytest.mark.parametrize("early", [False, True])
def test_init_that_calls_super_with_arguments(early):
    check(lambda w: np.sum(Explicit(w, early).w) + Explicit(w, early).loss(w), V)


def test_post_init():
    check(lambda w: Finished(w).loss() + Finished(w, w[0] + 2.0).loss(), V)
    check(lambda w: np.sum(Finished(b=w[2] + 3.0, w=w).w), V)


def test_slots_and_array_attributes():
    def f(w):
        made = Slotted(w)
        made.a = made.b * w
        return np.sum(made.a * made.b) + AsArray(w).w[0] ** 2

    check(f, V)


MADE: list[int] = []


def test_object_that_is_made_of_constants_is_left_alone():
    class Registered:
        def __init__(self, w):
            self.w = w
            MADE.append(1)

    def f(x):
        return np.sum(Registered(np.ones(4)).w * x)

    check(f, V)


def test_object_that_is_refused():
    with pytest.raises(KnetsrcError, match="a descriptor of the class Described"):
        grad(lambda w: np.sum(Described(w).squared))(V)
    with pytest.raises(KnetsrcError, match="`setattr` in a differentiated function"):
        grad(lambda w: np.sum(Options(w=w).w))(V)


def test_named_tuple_replaced_and_as_dict():
    def f(p, w):
        for _ in range(2):
            p = p._replace(x=p.x * w, y=p.y + p.x)
        entries = p._asdict()
        return entries["x"] * p.norm() + sum(p._asdict().values())

    check(f, Point(0.5, 1.5), 0.7)


# --- methods with names of those of arrays, lists and dicts ------------------------------------------------------------------------
class Momentum:
    def __init__(self, rate):
        self.rate = rate
        self.m = 1.0

    def update(self, w, g):
        self.m = 0.9 * self.m + g
        return w - self.rate * self.m

    def pop(self, w):
        return self.update(w, w) * 2.0

    def clear(self):
        self.m = self.m * 0.5

    def get(self):
        return self.m**2

    def fill(self):
        return self.m * 3.0

    def append(self, x):
        return self.m * x

    def insert(self, x):
        return self.rate * x**2

    def mean(self, x):
        return self.rate + self.m * x

    def dot(self, x):
        return self.rate * np.sum(x)


class Nesterov(Momentum):
    def update(self, w, g):
        return super().update(w, g) * 0.9


@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_methods_of_an_object_made_inside_with_names_of_other_methods(kind):
    def f(w):
        opt = kind(0.1)
        for _ in range(3):
            w = opt.update(w, 2.0 * w)
        w = opt.pop(w) + opt.fill() + opt.append(w) + opt.insert(w)
        opt.clear()
        entries = {"w": w}
        entries.update(v=opt.get())
        return np.sum(entries["w"] * entries.get("v")) + opt.dot(w)

    check(f, V)


def test_methods_of_other_objects_with_names_of_other_methods():
    opt = Nesterov(0.3)

    def f(w, o):
        return np.sum(o.get() * o.append(w) + o.insert(w) * o.fill() + o.mean(w)) + o.dot(w)

    check(f, V, opt, argnums=(0,))
    check(lambda w: np.sum(opt.get() * opt.append(w) + opt.mean(w)) + opt.dot(w), V)
    check(opt.insert, V)
    gradient = grad(lambda o, w: np.sum(o.mean(w)) + o.get())(opt, V)
    np.testing.assert_allclose(gradient["m"], np.sum(V) + 2.0)
    assert gradient["rate"] == len(V)


class Rate:
    def __init__(self, rate):
        self.rate = rate

    def update(self, w, g):
        return w - self.rate * g

    def items(self):
        return self.rate**2

    def sort(self):
        return Rate(-self.rate)


class Holder:
    def __init__(self, opt, w):
        self.opt = opt
        self.w = w

    def step(self):
        self.w = self.opt.update(self.w, 2.0 * self.w)


def trained(opt, w):
    for _ in range(2):
        w = opt.update(w, w**2)
    return w


RATES = [Rate(0.1), Rate(0.3)]


def test_methods_of_objects_in_lists_with_names_of_other_methods():
    def f(w):
        rates = [Rate(w[0]), Rate(2.0 * w[1])]
        moments = [Momentum(0.1 * k) for k in range(2)]
        named = {"a": Rate(w[2]), "b": Rate(0.5)}
        ws = [rate.update(w, w**2) for rate in rates]
        for rate in rates:
            w = rate.sort().update(w, rate.items())
        for moment in moments:
            w = moment.update(w, 0.1 * w)
            moment.clear()
        last = moments[1].pop(w)
        w = rates[1].update(w, ws[0]) + moments[0].get() + last
        return np.sum(named["b"].update(w, ws[1]) * named["a"].items())

    check(f, V)


def test_methods_of_objects_elsewhere_with_names_of_other_methods():
    def f(w):
        holder = Holder(Rate(w[0]), w)
        holder.step()
        return np.sum(trained(Rate(0.1), holder.w) * RATES[1].items())

    check(f, V)


def test_method_with_a_name_of_others_of_an_object_of_which_nothing_is_known():
    def f(w, opts):
        return np.sum(opts["o"].update(w, w))

    class Plain:
        pass

    with pytest.raises(KnetsrcError):
        grad(f)(V, {"o": Plain()})


# --- objects inside of tuples and dicts that methods are handed -----------------------------------------------------------
class Inner:
    def __init__(self, w):
        self.w = w

    def of(self, r):
        return r * 3.0

    def of_pair(self, pair):
        return pair[0].of(pair[1]) * self.w

    def of_entry(self, entries, x):
        return entries["o"].of(x) * self.w


class ShiftedInner(Inner):
    def of(self, r):
        return r + 2.0 * self.w

    def of_entry(self, entries, x):
        return entries["o"].of(x) + self.w


@pytest.mark.parametrize("kind", [Inner, ShiftedInner])
def test_object_in_a_tuple_of_which_nothing_is_read(kind):
    check(lambda x: np.sum(Inner(x).of_pair((kind(x), x))), V)
    check(lambda x: np.sum(Inner(x).of_pair((kind(x[0]), x))), V)


def test_object_in_a_dict_of_which_only_some_classes_read():
    def f(x):
        y = x
        for o in [Inner(x), ShiftedInner(x)]:
            y = o.of_entry({"o": ShiftedInner(x)}, y)
        return np.sum(y * o.of_entry({"o": Inner(y)}, x))

    check(f, V)


@dataclass
class InnerPair:
    first: Inner
    second: np.ndarray


def test_object_in_a_dataclass_or_list_that_a_helper_takes_apart():
    def of_pair(pair, x):
        return pair.first.of(x) * pair.second

    def of_list(pair, x):
        return of_pair(InnerPair(pair[0], x), pair[1])

    def f(x):
        first, second = Inner(x), ShiftedInner(x * 2.0)
        return np.sum(of_pair(InnerPair(first, x), x) + of_list([second, x], x) * first.w)

    check(f, V)


class Dense:
    def __init__(self, w, b, act):
        self.w, self.b, self.act = w, b, act

    def __call__(self, x):
        z = self.w * x + self.b
        return np.sin(z) if self.act else z


class Twice:
    def __init__(self, w, b):
        self.w = w
        self.w = b
        self.both = self.w
        b = b * w
        self.b = b
        w = w + b
        self.sum = w


class Sized:
    def __init__(self, w, b):
        self.n = 2
        self.w = w
        if w[0] > 0:
            self.b = b
        else:
            self.b = w
        self.rest = w[1:]
        self.last = b


def of_layers(w, b):
    layers = [Dense(w, b, True), Dense(b, w, False)]
    x = w
    for layer in layers:
        x = layer(x)
    return np.sum(x**2)


def of_attributes_written_again(w, b):
    t = Twice(w, b)
    return np.sum(t.w * t.both + t.b * w + t.sum**2)


def of_attributes_in_branches(w, b):
    s = Sized(w, b)
    return np.sum(s.w * s.b * s.n) + np.sum(s.rest**2) + np.sum(s.last * w)


@pytest.mark.parametrize("f", [of_layers, of_attributes_written_again, of_attributes_in_branches])
def test_attributes_that_init_writes_one_after_the_other(f):
    for w in (np.array([0.5, -1.2]), np.array([-0.5, 1.2])):
        check_grads(f, (w, np.array([1.5, 0.3])))


def test_attributes_that_init_writes_are_written_at_once():
    slope = grad(of_layers)
    slope(np.array([0.5, -1.2]), np.array([1.5, 0.3]))
    assert "kept_attributes" not in slope.source
