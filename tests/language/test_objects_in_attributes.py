"""Objects that attributes hold, and that change: rods of an assembly, the state of an optimizer, layers that remember their input."""

import contextlib
from dataclasses import dataclass

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, grad
from language.checking import V, check

W = np.array([[0.3, -0.2, 0.5], [0.1, 0.7, -0.4], [-0.6, 0.2, 0.9], [0.4, -0.1, 0.8]])
X = np.array([[0.5, -1.0, 0.3, 0.2], [1.2, 0.4, -0.7, 0.6]])


# --- simulations -------------------------------------------------------------------------------------------------------------
@dataclass
class State:
    x: np.ndarray
    v: np.ndarray

    def kick(self, dt):
        self.v = self.v - dt * self.x

    def drift(self, dt):
        self.x = self.x + dt * self.v


class Simulation:
    def __init__(self, x, k):
        self.state = State(x, 0.5 * x)
        self.k = k

    def assigned(self, dt):
        self.state.x = self.state.x + dt * self.state.v
        self.state.v = self.state.v - dt * self.k * self.state.x

    def updated(self, dt):
        self.state.x += dt * self.state.v
        self.state.v -= dt * self.k * self.state.x

    def by_methods(self, dt):
        self.state.kick(dt * self.k)
        self.state.drift(dt)

    def by_name(self, dt):
        state = self.state
        state.x = state.x + dt * state.v
        state.kick(dt)
        state.v[0] *= self.k

    def by_own_methods(self, dt):
        for i in range(3):
            self.assigned(dt)
            if i > 0:
                self.by_methods(dt)


def assigned(x, k):
    simulation = Simulation(x, k)
    for _ in range(3):
        simulation.assigned(0.1)
    return np.sum(simulation.state.x**2) + np.sum(simulation.state.v)


def updated(x, k):
    simulation = Simulation(x * 1.0, k)
    for _ in range(3):
        simulation.updated(0.1)
        simulation.k = simulation.k * 0.9
    return np.sum(simulation.state.x**2) + np.sum(simulation.state.v) * simulation.k


def by_methods(x, k):
    simulation = Simulation(x, k)
    simulation.by_own_methods(0.1)
    return np.sum(simulation.state.x**2) + np.sum(simulation.state.v)


def by_name(x, k):
    simulation = Simulation(x, k)
    simulation.by_name(0.2)
    simulation.by_name(0.1)
    state = simulation.state
    state.x *= k
    state.drift(k)
    return np.sum(simulation.state.x**2) + np.sum(state.v * state.x)


def from_outside(x, k):
    simulation = Simulation(x * 1.0, k)
    simulation.state.x += x * k
    simulation.state.v = x
    simulation.state.kick(0.3)
    return np.sum(simulation.state.x**2) + np.sum(simulation.state.v * x)


class Rod:
    def __init__(self, u, k):
        self.u = u
        self.k = k

    def step(self, dt):
        self.u[1:-1] += dt * self.k * (self.u[2:] - 2.0 * self.u[1:-1] + self.u[:-2])


class Assembly:
    def __init__(self, u, k):
        self.a = Rod(u.copy(), k)
        self.b = Rod(2.0 * u, 0.5)
        self.end = 0.3

    def step(self, dt):
        self.a.u[0] = self.end
        self.a.step(dt)
        self.a.k = self.a.k * 0.9
        self.b.step(dt)
        middle = (self.a.u[-1] + self.b.u[0]) / 2.0
        self.a.u[-1] = middle
        self.b.u[0] = middle

    def run(self, n):
        for _ in range(n):
            self.step(0.2)
        return np.sum(self.a.u**2) + np.sum(self.b.u**3)


def rods(u, k):
    assembly = Assembly(u, k)
    return assembly.run(3)


def rods_from_outside(u, k):
    assembly = Assembly(u, k)
    assembly.a.u[0] = u[1] * k
    for i in range(2):
        assembly.b.u[i + 1] *= k
        assembly.b.step(0.1 * i)
    return np.sum(assembly.a.u**2) + assembly.b.u @ assembly.a.u


class Plant:
    def __init__(self, u):
        self.line = Assembly(u, 0.7)

    def step(self, e):
        self.line.a.u[1] = e
        self.line.b.k = self.line.b.k * e
        self.line.step(0.1)


def parts_of_parts(u, e):
    plant = Plant(u)
    plant.step(e)
    plant.line.a.k = e
    plant.step(e)
    return np.sum(plant.line.a.u**2) + np.sum(plant.line.b.u**2)


class Bench(Assembly):
    def __init__(self, u, k):
        super().__init__(u, k)
        self.c = Rod(3.0 * u, k)

    def step(self, dt):
        super().step(dt)
        self.c.step(dt)
        self.a.step(dt)


def derived_class(u, k):
    bench = Bench(u, k)
    bench.step(0.1)
    bench.b.step(k)
    return np.sum(bench.a.u**2) + np.sum(bench.b.u**3) + bench.c.u @ u


class Adam:
    def __init__(self, n):
        self.m = np.zeros(n)
        self.v = np.zeros(n)
        self.t = 0

    def step(self, g):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.99 * self.v + 0.01 * g * g
        return 0.1 * self.m / (np.sqrt(self.v) + 0.01) / self.t


class Trainer:
    def __init__(self, w):
        self.w = w
        self.optimizer = Adam(len(w))

    def fit(self, x, n):
        for _ in range(n):
            g = 2.0 * (self.w - x)
            self.w = self.w - self.optimizer.step(g)
        return self.w


def optimizer(w, x):
    trainer = Trainer(w)
    return np.sum(trainer.fit(x, 3) ** 2) + trainer.optimizer.m @ w


@pytest.mark.parametrize(
    "f",
    [
        assigned,
        updated,
        by_methods,
        by_name,
        from_outside,
        derived_class,
        rods,
        rods_from_outside,
        parts_of_parts,
    ],
)
def test_objects_that_attributes_hold(f):
    check(f, V, 0.7)


def test_state_of_an_optimizer():
    check(optimizer, V, V[::-1] * 2.0)


# --- arguments ---------------------------------------------------------------------------------------------------------------
def test_objects_that_attributes_of_arguments_hold():
    def f(e, assembly):
        assembly.a.u[0] = e
        assembly.b.k = e * assembly.b.k
        assembly.step(0.1)
        return np.sum(assembly.a.u**2) + np.sum(assembly.b.u**2)

    assembly = Assembly(V, 0.7)
    before, rod = assembly.a.u.copy(), assembly.b
    numeric = (f(0.4 + 1e-6, Assembly(V, 0.7)) - f(0.4 - 1e-6, Assembly(V, 0.7))) / 2e-6
    for _ in range(2):
        assert grad(f)(0.4, assembly) == pytest.approx(numeric)
    np.testing.assert_array_equal(assembly.a.u, before)
    assert assembly.b is rod
    assert rod.k == 0.5


# --- layers --------------------------------------------------------------------------------------------------------------------
class Linear:
    def __init__(self, w, b):
        self.w = w
        self.b = b
        self.x = None

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def __call__(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, g):
        self.dw = self.x.T @ g
        return g @ self.w.T


class Net:
    def __init__(self, w):
        self.first = Linear(w, 0.1)
        self.second = Linear(w.T, np.ones(4))

    def nested(self, x):
        return self.second.forward(np.tanh(self.first.forward(x)))

    def by_call(self, x):
        h = np.tanh(self.first(x))
        return self.second(h) + np.sum(self.first.x * self.second.x[0, 0])

    def two_at_once(self, x):
        return -self.first.forward(x) @ W.T + 2.0 * self.second.forward(x @ W)

    def gradient(self, x):
        y = self.nested(x)
        g = self.second.backward(2.0 * y)
        self.first.backward(g * (1.0 - np.tanh(self.first.x @ self.first.w + self.first.b) ** 2))
        return self.first.dw


class Model:
    def __init__(self, w):
        self.net = Net(w)

    def loss(self, x):
        return np.sum(self.net.nested(x) ** 2) + np.sum(self.net.first.x)


def nested(w, x):
    return np.sum(Net(w).nested(x) ** 2)


def by_call(w, x):
    return np.sum(Net(w).by_call(x) ** 2)


def two_at_once(w, x):
    return np.sum(Net(w).two_at_once(x) ** 2)


def by_backward(w, x):
    net = Net(w)
    return np.sum(net.gradient(x) ** 2)


@pytest.mark.parametrize("f", [nested, by_call, two_at_once, by_backward])
def test_layers_that_remember_their_input(f):
    check(f, W, X)


def test_model_that_holds_a_net():
    check(lambda w, x: Model(w).loss(x), W, X)


def test_net_that_is_an_argument():
    def f(net, x):
        return np.sum(net.nested(x) ** 2)

    net = Net(W.copy())
    d = grad(f)(net, X)
    h = np.tanh(X @ W + 0.1)
    d_y = 2.0 * (h @ W.T + 1.0)
    np.testing.assert_allclose(d["second"]["w"], h.T @ d_y)
    np.testing.assert_allclose(d["first"]["w"], X.T @ ((d_y @ W) * (1.0 - h * h)))
    assert net.first.x is None


# --- refused -------------------------------------------------------------------------------------------------------------------
class Alias(Simulation):
    def renewed_between(self):
        state = self.state
        self.state = State(state.x * 2.0, state.v)
        state.x = state.x * 3.0
        return np.sum(self.state.x)

    def second_name(self):
        state = self.state
        self.state.x = self.state.x * 2.0
        return np.sum(state.x)

    def two_attributes(self):
        self.other = self.state
        self.state.x = self.state.x * 2.0
        return np.sum(self.other.x)

    def two_arrays(self):
        self.view = self.state.x[1:]
        self.state.x[1] = 3.0
        return np.sum(self.view)

    def old_array(self):
        old = self.state.x
        self.state.x[0] = 3.0
        return np.sum(old)

    def captured(self):
        f = lambda: np.sum(self.state.x)  # noqa: E731
        self.state.x = self.state.x * 2.0
        return f()

    def swallowed(self):
        with contextlib.suppress(KeyError):
            self.state.x = self.state.x * 2.0
            self.k = {}["k"]
        return np.sum(self.state.x)

    def old_value(self):
        old = self.state.x
        self.state.x = self.state.x * 2.0
        return np.sum(old * self.state.x)


def second_name(x):
    return Alias(x * 1.0, 1.0).second_name()


def renewed_between(x):
    return Alias(x * 1.0, 1.0).renewed_between()


def two_attributes(x):
    return Alias(x * 1.0, 1.0).two_attributes()


def two_arrays(x):
    return Alias(x * 1.0, 1.0).two_arrays()


def old_array(x):
    return Alias(x * 1.0, 1.0).old_array()


def captured(x):
    return Alias(x * 1.0, 1.0).captured()


def name_of_the_caller(x):
    simulation = Simulation(x * 1.0, 1.0)
    state = simulation.state
    simulation.by_methods(0.1)
    return np.sum(state.x)


def array_of_the_caller(x):
    u = x * 1.0
    assembly = Assembly(x, 1.0)
    assembly.a.u = u
    assembly.step(0.1)
    return np.sum(u)


def state_of_two(x):
    one, two = Simulation(x, 1.0), Simulation(x, 1.0)
    two.state = one.state
    two.by_methods(0.1)
    return np.sum(one.state.x)


@pytest.mark.parametrize(
    "f",
    [
        second_name,
        renewed_between,
        two_attributes,
        two_arrays,
        old_array,
        captured,
        name_of_the_caller,
        array_of_the_caller,
        state_of_two,
    ],
)
def test_object_in_an_attribute_that_something_else_sees_is_refused(f):
    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_one_object_in_two_arguments_is_refused():
    def f(e, one, two):
        one.state.x = one.state.x * e
        return np.sum(two.state.x)

    one, two = Simulation(V, 1.0), Simulation(V, 1.0)
    two.state = one.state
    with pytest.raises(UnsupportedAliasError):
        grad(f)(0.7, one, two)


def test_array_that_two_objects_in_arguments_hold_is_refused():
    def f(e, one, two):
        one.a.u[0] = e
        return np.sum(two.a.u)

    one, two = Assembly(V, 1.0), Assembly(V, 1.0)
    two.a.u = one.a.u
    with pytest.raises(UnsupportedAliasError):
        grad(f)(0.7, one, two)


def test_write_that_a_context_may_cut_short():
    with contextlib.suppress(KnetsrcError):
        check(lambda x: Alias(x * 1.0, 1.0).swallowed(), V)


def test_value_that_an_object_in_an_attribute_held_before():
    check(lambda x: Alias(x * 1.0, 1.0).old_value(), V)
