"""A gradient inside a function that is differentiated: `grad(loss)(w, x)`."""

import functools
from dataclasses import dataclass

import numpy as np
import pytest

from knetsrc import grad, value_and_grad, vjp
from knetsrc.errors import MissingAdjointError, UnsupportedSyntaxError
from language.checking import M, V, by_grad, check

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


def test_gradient_that_the_function_of_another_captures():
    def f(x, v):
        force = grad(potential)
        return np.sum(grad(lambda q: np.sum(force(q) * v))(x) ** 2)

    check(f, V, V[::-1].copy())


def test_gradients_that_capture_gradients():
    def f(x):
        first = grad(lambda q: np.sum(x * q**3))
        second = grad(lambda q: np.sum(first(q) * V))
        return np.sum(second(x) ** 2) + np.sum(first(x))

    found = grad(f)(V)  # in plain Python there is no gradient of `first`
    np.testing.assert_allclose(found, 72 * x_cubed_by_six(V) + 9 * V**2)


def x_cubed_by_six(x):
    return 2 * x**3 * V**2


def applied(function, scale):
    def slope(x):
        return np.sum(grad(lambda q: function(scale * np.sin(q)))(x) ** 2)

    return slope


@pytest.mark.parametrize(
    "function", [potential, np.sum, lambda q: np.sum(q**3), applied(potential, 0.5)]
)
def test_functions_of_a_function_around_it(function):
    check(applied(function, 0.7), V)


def with_default(x, function=potential):
    return np.sum(grad(lambda q: function(np.sin(q)))(x) ** 2)


def test_function_that_is_a_default_or_an_argument():
    check(with_default, V)
    check(lambda x: with_default(x, np.sum), V)
    gradient = grad(with_default)
    first = gradient(V)
    assert not np.allclose(gradient(V, loss_of_sines), first)
    np.testing.assert_array_equal(gradient(V), first)


def loss_of_sines(q):
    return np.sum(np.sin(q) ** 2)


def test_functions_that_are_known_where_the_gradient_is_made():
    table = {"first": potential, "second": loss_of_sines}

    def f(x):
        chosen = potential if x[0] > 0 else loss_of_sines
        if x[1] > 0:
            force = grad(potential)
        else:
            force = grad(loss_of_sines)
        weighted = functools.partial(np.dot, x)

        def both(q):
            return chosen(q) + np.sum(force(q) * x) + weighted(q**2) + table["second"](q)

        return np.sum(grad(both)(x) ** 2)

    check(f, V)
    check(f, -V)


def test_products_with_a_hessian_by_a_helper():
    def product(function, x, v):
        force = grad(function)
        return grad(lambda q: np.sum(force(q) * v))(x)

    check(lambda x, v: np.sum(product(potential, x, v) ** 2), V, V[::-1].copy())


def test_function_that_changes_after_the_gradient_was_made_is_refused():
    def rebound(x):
        force = grad(potential)
        product = grad(lambda q: np.sum(force(q) * V))
        force = grad(loss_of_sines)
        return np.sum(product(x) * force(x))

    def in_a_loop(x):
        products = []
        for function in (potential, loss_of_sines):
            products.append(grad(lambda q: function(q) * 2))  # noqa: B023
        return np.sum(products[0](x) * products[1](x))

    for f in (rebound, in_a_loop):
        with pytest.raises(
            UnsupportedSyntaxError, match="may stand for one function or for another"
        ):
            grad(f)(V)


class Net:
    def __init__(self, w):
        self.w, self.act = w, np.tanh
        self.shape = 3.0

    def hidden(self, x):
        return self.act(self.w @ x)

    def energy(self, x):
        return np.sum(self.hidden(x) ** 2)

    def penalty(self, x):
        return np.sum(grad(lambda q: self.energy(q))(x) ** 2)

    def scaled(self, x):
        return np.sum(grad(lambda q: np.sum(q**3) * self.shape)(x) ** 2)


@dataclass
class Well:
    depth: np.ndarray

    def energy(self, x):
        return np.sum(self.depth * np.cos(x))


def penalty(model, x):
    def critic(q):
        return model.energy(q) + np.sum(q**3)

    return np.sum(grad(critic)(x) ** 2)


def test_methods_of_what_a_function_captures():
    check(Net(M).penalty, V[:3])
    check(lambda x: penalty(Net(np.outer(x, x)), x), V[:3])
    check(penalty, Well(V), V[::-1].copy())
    found = grad(penalty)(Net(M), V[:3])
    np.testing.assert_allclose(found["w"], grad(lambda w: penalty(Net(w), V[:3]))(M))


def test_attribute_named_like_one_of_arrays_is_refused():
    with pytest.raises(UnsupportedSyntaxError, match="defined inside of the differentiated one"):
        grad(Net(M).scaled)(V)


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


def pulled_back(w):
    y, pull = vjp(np.sin, w)
    return np.sum(y) + np.sum(pull(np.ones(4))[0])


def pulled_back_through_a_function_inside(w, x):
    def predicted(w):
        return np.tanh(x @ w)

    y, pull = vjp(predicted, w)
    return np.sum(pull(y**2)[0] * w)


def pulled_back_by_a_helper(w):
    def slope(f, w):
        return vjp(f, w)[1](np.ones(4))[0]

    return np.sum(slope(np.sin, w * 2.0))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (pulled_back, (V,)), (pulled_back_through_a_function_inside, (V[:3], M)), (pulled_back_by_a_helper, (V,)),
    ],
)  # fmt: skip
def test_vjp_inside_is_refused(f, args):
    f(*args)
    with pytest.raises(
        UnsupportedSyntaxError, match="`vjp` in a differentiated function"
    ) as caught:
        grad(f)(*args)
    assert "grad(lambda w: np.sum(f(w) * d))(w)" in str(caught.value)


def test_vjp_of_what_is_not_differentiated():
    def f(x, c):
        return np.sum(x * vjp(np.sin, c)[1](np.ones(4))[0])

    check(f, V, V * 0.5, argnums=(0,), ways=(by_grad,))


def test_pullback_written_as_the_gradient_of_a_weighted_sum():
    def f(w, x):
        def predicted(w):
            return np.tanh(x @ w)

        y = predicted(w)
        return np.sum(grad(lambda w, d: np.sum(predicted(w) * d))(w, y**2) * w)

    check(f, V[:3], M)


# --- defaults that are computed where a function is defined ---------------------------------------
def scale_as_default(x):
    k = x[0]

    def scaled(q, k=k):
        return np.sum(q**3) * k

    slope = grad(scaled)
    k = 5.0
    return np.sum(slope(x) ** 2) * k


def function_as_default(x):
    return np.sum(grad(lambda q, f=potential, *, power=2: f(q) ** power)(x) ** 2)


def defaults_of_a_loop(x):
    total, slopes = 0.0, []
    for k in (x[0], x[1]):
        total = total + np.sum(grad(lambda q, k=k: np.sum(q**3) * k)(x) ** 2)
    for f in (potential, loss_of_sines):
        slopes.append(grad(lambda q, f=f: f(q) * 2.0))
    return np.sum(slopes[0](x) * slopes[1](x)) + total


@pytest.mark.parametrize("f", [scale_as_default, function_as_default, defaults_of_a_loop])
def test_defaults_of_functions_inside(f):
    check(f, V)


def test_default_before_another_parameter_is_refused():
    def f(x):
        def scaled(q, k=x[0], m=2.0):
            return np.sum(q**3) * k * m

        return np.sum(grad(scaled)(x) ** 2)

    with pytest.raises(UnsupportedSyntaxError, match="defined inside of the differentiated one"):
        grad(f)(V)


# --- gradients that add at an index ---------------------------------------------------------------
FLAT = np.array([0.1, 0.27, -0.43, 0.6, 0.77, -0.93])
ROWS = np.array([0, 0, 2])


def packed_layer(x):
    w, b = x[:4].reshape(2, 2), x[4:]
    return np.sum(np.tanh(w @ b) ** 2)


def packed_network(x):
    def unpacked(x):
        return x[:4].reshape(2, 2), x[4:]

    w, z = unpacked(x)
    for _ in range(2):
        z = np.tanh(w @ z)
    return np.sum(z**2)


def recurrence_of_slices(x):
    h = g = np.zeros(2)
    for _ in range(2):
        g = g * x[:2] + x[2:4]
        h = np.tanh(g) * h + g
    return np.sum(h**2)


def reversed_and_cut(x):
    p, q = x[::-1], x[1:-1]
    return np.sum(p[:4] * q**2)


def slices_in_containers(x):
    p = {"a": x[:2], "b": x[2:]}
    z = 1.0
    for w in [x[:2], x[2:4], x[4:]]:
        z = z * np.sum(w**2) + w[0]
    return np.sum(np.outer(p["a"], p["b"]) ** 3) * z


def rows_of_a_table(x):
    table = x.reshape(3, 2)
    return np.sum(np.tanh(table[ROWS]) ** 2 * table[:, ROWS % 2][0, 0])


def masks_and_lists(x):
    return np.sum(x[x > 0.2] ** 3) * x[0] + np.sum(x[[0, 0, 1]] ** 3)


def windows_in_a_loop(x):
    h = np.zeros(2)
    for i in range(3):
        h = np.tanh(h * x[i] + x[np.array([i, i + 1])] + x[i : i + 2])
    return np.sum(h**2)


@pytest.mark.parametrize(
    "f",
    [
        packed_layer, packed_network, recurrence_of_slices, reversed_and_cut, slices_in_containers, rows_of_a_table,
        masks_and_lists, windows_in_a_loop,
    ],
)  # fmt: skip
def test_second_derivatives_of_parts_of_an_array(f):
    check(lambda x: np.sum(grad(f)(x) ** 2), FLAT, ways=(by_grad,))


def later_ones(xs):
    total = 0.0
    for x in xs[1:]:
        total = total + np.sum(x**3)
    return total


def test_second_derivative_of_a_slice_of_a_list_is_refused():
    with pytest.raises(UnsupportedSyntaxError, match="a list or dict is read at an index"):
        grad(lambda xs: np.sum(grad(later_ones)(xs)[1] ** 2))([V, V[:2]])


def twice_the_later_ones(xs):
    total = 0.0
    for x in xs[1:]:
        total = total + 2.0 * np.sum(x)
    return total


def test_gradient_of_a_slice_of_a_list_that_is_constant():
    check(lambda xs: np.sum(grad(twice_the_later_ones)(xs)[1] * xs[1] ** 2), [V, V[:2]])


# --- gradients of functions that make gradients themselves ----------------------------------------------------------------
def through_a_captured_variable(x):
    def f(q):
        return np.sum(q**3 * x)

    def g(q):
        return np.sum(grad(f)(q) * x)

    return np.sum(grad(g)(x))


def through_three(x):
    def f(w):
        return np.sum(w**4 * x)

    def g(w):
        return np.sum(grad(f)(w) * x)

    def h(w):
        return np.sum(grad(g)(w) * x)

    return np.sum(grad(h)(x) ** 2)


def through_a_variable_that_changes(x):
    c = x[0] * 2.0

    def f(w):
        return np.sum(w**3) * c

    def g(w):
        value, d = value_and_grad(f)(w)
        return np.sum(d * x) + value

    c = c * x[1]
    return np.sum(grad(g)(x) ** 2)


@dataclass
class Cubic:
    scale: np.ndarray

    def of(self, q):
        return q**3 * self.scale


def through_a_method(x):
    cubic = Cubic(x)

    def f(w):
        return np.sum(cubic.of(w))

    def g(w):
        return np.sum(grad(f)(w) * x)

    return np.sum(grad(g)(x) ** 2)


@pytest.mark.parametrize(
    ("f", "plain"),
    [
        (through_a_captured_variable, lambda x: np.sum(6.0 * x**3)),
        (through_three, lambda x: np.sum(576.0 * x**8)),
        (through_a_variable_that_changes, lambda x: np.sum((18.0 * x[0] * x[1] * x**2) ** 2)),
        (through_a_method, lambda x: np.sum(36.0 * x**6)),
    ],
)
def test_gradients_of_gradients_of_functions_inside(f, plain):
    value, d = value_and_grad(f)(V)
    check(plain, V)
    expected, d_expected = value_and_grad(plain)(V)
    np.testing.assert_allclose(value, expected)
    np.testing.assert_allclose(d, d_expected)


def test_gradients_of_gradients_with_a_default():
    def f(x):
        c = x[0]

        def cubic(w, k=c):
            return np.sum(w**3) * k

        def g(w):
            return np.sum(grad(cubic)(w) * x)

        return np.sum(grad(g)(x) ** 2)

    check(f, V, ways=(by_grad,))
