"""A gradient inside a function that is differentiated: `grad(loss)(w, x)`."""

import numpy as np
import pytest

from knetsrc import grad, value_and_grad
from knetsrc.errors import MissingAdjointError
from language.checking import M, V, check

SCALE = 0.3


def loss(w, x):
    return np.mean((np.tanh(x @ w) - 0.2) ** 2)


def potential(q):
    return np.sum(q**4) + q[0] * q[1]


def lagrangian(q, v):
    return 0.5 * np.sum(v * v) - np.sum(np.cos(q)) + q[0] * v[1]


def test_step_of_descent():
    def f(w, x):
        for _ in range(3):
            w = w - 0.1 * grad(loss)(w, x)
        return loss(w, x)

    check(f, V[:3], M)


def test_hessian_vector_product():
    check(lambda q, v: np.dot(grad(potential)(q), v), V, V[::-1].copy())
    check(lambda q: grad(lambda p: np.dot(grad(potential)(p), V))(q), V)


@pytest.mark.parametrize("options", [{"argnums": 1}, {"wrt": "v"}])
def test_options(options):
    momentum = grad(lagrangian, **options)
    check(lambda q, v: momentum(q, v) @ v - lagrangian(q, v), V, V * 0.5)


def test_options_inside():
    check(lambda q, v: grad(lagrangian, 1)(q, v) @ v, V, V * 0.5)
    check(lambda q, v: grad(lagrangian, wrt="v")(q, v) @ v, V, V * 0.5)

    def f(q, v):
        d_q, d_v = grad(lagrangian, argnums=(0, 1))(q, v)
        return np.sum(d_q * d_v)

    check(f, V, V * 0.5)


def test_value_and_grad():
    def f(w, x):
        value, d_w = value_and_grad(loss)(w, x)
        return value + np.sum(d_w**2)

    check(f, V[:3], M)


def test_gradient_of_a_function_inside():
    def penalty(w, x):
        def critic(w, x):
            return np.sum(np.tanh(x @ w))

        d_x = grad(critic, 1)(w, x)
        return np.mean((np.sqrt(np.sum(d_x**2, axis=1)) - 1) ** 2)

    check(penalty, V[:3], M)


def test_residual_of_a_differential_equation():
    times = (0.1, 0.5, 0.9)

    def residual(p):
        def u(t):
            return SCALE * (p["b"] @ np.tanh(p["a"] * t + p["c"]))

        velocity = grad(u)
        acceleration = grad(velocity)
        total = 0.0
        for t in times:
            total += (acceleration(t) + velocity(t) + u(t)) ** 2
        return total

    check(residual, {"a": V, "b": V * 0.5, "c": V[::-1].copy()})


def test_rate_that_a_function_inside_captures():
    def f(rate):
        w = np.array([1.0, -0.5])

        def inner(w):
            return np.sum((w - rate) ** 2 * w)

        for _ in range(3):
            w = w - rate * grad(inner)(w)
        return np.sum(w**2)

    check(f, 0.1)


def test_function_that_is_handed_in():
    def slope(function, x):
        return grad(function)(x)

    check(lambda x: slope(lambda t: t * np.sin(t), x) * x, 0.7)


def test_choice_of_gradients():
    def f(q):
        force = grad(potential)
        if q[0] > 1.0:
            force = grad(lambda p: np.sum(p**3))
        return np.sum(force(q))

    check(f, V)
    check(f, V + 1.0)


def test_third_derivative():
    check(lambda x: grad(grad(lambda t: t**2 * np.sin(t)))(x) * x, 0.7)


def test_gradient_of_what_is_not_differentiated():
    def f(x, c):
        return np.sum(x * grad(potential)(c))

    check(f, V, V * 0.5, argnums=(0,))


def test_gradient_of_a_method_is_refused():
    class Model:
        def __init__(self, scale):
            self.scale = scale

        def energy(self, x):
            return self.scale * np.sum(np.sin(x))

    def f(x):
        return np.sum(grad(Model(2.0).energy)(x))

    with pytest.raises(MissingAdjointError, match=r"grad\(Model\(2\.0\)\.energy\)"):
        grad(f)(V)
