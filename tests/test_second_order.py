"""Gradients of gradients: the helpers that generated source calls have rules of their own."""

import copy
import dataclasses
import math
import re
from typing import NamedTuple

import numpy as np
import pytest

from knetsrc import grad, vjp
from knetsrc.backends.undoing import check_buffer
from knetsrc.errors import UnsupportedAliasError, UnsupportedSyntaxError

X = np.array([0.3, -0.7, 1.2])
A = np.array([[0.3, 1.1, -0.2], [0.4, -0.9, 0.8], [1.3, 0.2, 0.5]])
STEP = 1e-5


def cube(x):
    return x**3


def damped(x):
    return math.sin(x) * math.exp(-x)


def ratio(x):
    return x * np.log(x) / (1 + x)


def powers(x):
    total = 0.0
    for i in range(4):
        total = total + x**i
    return total


def pieces(x):
    if x > 1:
        return x**2
    return x**3


@pytest.mark.parametrize("function", [cube, damped, ratio, powers, pieces])
@pytest.mark.parametrize("x", [0.7, 1.3])
def test_second_derivative_of_a_scalar_function(function, x):
    first = grad(function)
    expected = (first(x + STEP) - first(x - STEP)) / (2 * STEP)
    found = grad(first)(x)
    assert isinstance(found, float)
    assert found == pytest.approx(expected, rel=1e-6)


def test_third_derivative():
    assert grad(grad(grad(cube)))(1.5) == pytest.approx(6.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: math.hypot(x, x**2),
        lambda x: math.dist([x, 1.0], [2.0, x * x]),
    ],
)
def test_third_derivative_through_lists_of_numbers(function):
    second = grad(grad(function))
    expected = (second(0.5 + STEP) - second(0.5 - STEP)) / (2 * STEP)
    assert grad(second)(0.5) == pytest.approx(expected, rel=1e-6)


DECOMPOSED = {
    "slogdet": lambda x: np.linalg.slogdet(x)[1] ** 2,
    "eigh": lambda x: np.sum(np.linalg.eigh(x)[0] ** 3),
    "eigenvectors": lambda x: np.sum(np.linalg.eigh(x)[1][:, 0] ** 4),
    "svd": lambda x: np.sum(np.linalg.svd(x)[1] ** 3),
    "qr": lambda x: np.sum(np.linalg.qr(x)[1] ** 3),
    "lstsq": lambda x: np.sum(np.linalg.lstsq(x, x[:, 0] ** 2, rcond=None)[0] ** 2),
}


@pytest.mark.parametrize("name", DECOMPOSED)
def test_one_of_several_results_in_an_expression(name):
    gradient = grad(DECOMPOSED[name])
    x, direction = A + 2 * np.eye(3), np.arange(9.0).reshape(3, 3) - 3.5
    _, pullback = vjp(gradient, x)
    (found,) = pullback(direction)
    for i in np.ndindex(3, 3):
        step = np.zeros((3, 3))
        step[i] = STEP
        expected = np.sum((gradient(x + step) - gradient(x - step)) * direction) / (2 * STEP)
        np.testing.assert_allclose(found[i], expected, rtol=1e-5, atol=1e-6)


FUNCTIONS = {
    "elementwise": lambda x: np.sum(np.sin(x) * x),
    "mean": lambda x: np.mean(x**2) * np.sum(x),
    "spread": lambda x: np.var(x) + np.std(x),
    "softmax": lambda x: np.sum(np.exp(x) / np.sum(np.exp(x)) * A[0]),
    "layer": lambda x: np.sum(np.tanh(A @ x) ** 2),
    "quadratic_form": lambda x: np.sum((A * x) @ x),
    "items": lambda x: x[0] * x[1] ** 2,
    "maximum": lambda x: np.max(x) * np.sum(x**2),
    "product": lambda x: np.prod(x),
    "norm": lambda x: np.linalg.norm(x),
    "joined": lambda x: np.sum(np.concatenate([x, x**2]) ** 2),
    "broadcast": lambda x: np.sum(x.reshape(3, 1) * A * x),
    "einsum": lambda x: np.sum(np.einsum("i,ij->j", x, A) ** 3),
    "determinant": lambda x: np.linalg.det(A * x),
    "branches": lambda x: np.sum(np.where(x > 0, x**2, x**3)),
    "relu": lambda x: np.sum(np.maximum(x, 0) ** 3),
    "solve": lambda x: np.sum(np.linalg.solve(A, x**2)),
    "outer": lambda x: np.trace(np.outer(x, x) @ A),
    "columns": lambda x: np.sum(np.sum(np.outer(x, x) ** 2, axis=0) * x),
    "cumulative": lambda x: np.sum(np.cumsum(x) ** 2),
    "distance": lambda x: math.dist([x[0] ** 2, 1.0], (2.0, x[1] * x[2])),
    "hypotenuse": lambda x: math.hypot(x[0] ** 2, x[1] * x[2]) ** 2,
    "product_of_list": lambda x: math.prod([x[0] ** 2, x[1], x[2] ** 3]) ** 2,
    "select": lambda x: np.sum(np.select([x > 1, x > 0], [x**3, x], -x) * x),
    "select_squared": lambda x: np.sum(np.select([x > 0], [x**2], 0.0) ** 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_hessian_vector_product(name):
    gradient = grad(FUNCTIONS[name])
    direction = np.array([1.0, 2.0, -0.5])
    _, pullback = vjp(gradient, X)
    (found,) = pullback(direction)
    steps = STEP * np.eye(3)
    expected = [(gradient(X + h) - gradient(X - h)) @ direction / (2 * STEP) for h in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def recurrence(x):
    total = 1.0
    for i in range(3):
        total = total * x[i] + np.sum((x * x[i]) ** 3)
    return total


def data(x):
    total = 0.0
    for row, target in zip(A, X):  # noqa: B905
        total += (np.sum(x * row) - target) ** 4
    return total


def stencil(x):
    u = x * 1.0
    for _ in range(3):
        u[1:-1] = u[1:-1] + 0.1 * (u[2:] * u[:-2] - u[1:-1] ** 2)
    return np.sum(u**3)


def entries(x):
    y = np.zeros(3)
    for i in range(3):
        y[i] = np.sin(x[i]) * x[0]
    return np.sum(y**2)


WRITING = [recurrence, data, stencil, entries, lambda x: np.sum(np.outer(x, x).T[0] ** 2)]


@pytest.mark.parametrize("function", WRITING, ids=lambda f: f.__name__)
def test_gradient_that_adds_into_a_buffer(function):
    gradient, direction = grad(function), np.array([1.0, 2.0, -0.5])
    _, pullback = vjp(gradient, X)
    steps = STEP * np.eye(3)
    expected = [(gradient(X + h) - gradient(X - h)) @ direction / (2 * STEP) for h in steps]
    np.testing.assert_allclose(pullback(direction)[0], expected, rtol=1e-5, atol=1e-7)


def rows(x):
    q = 0.0
    for row in x:
        row[...] = np.tanh(row)
        q = np.sum(np.sin(row))
    return q


def test_rows_that_are_written_in_a_loop():
    gradient, x = grad(rows), A[:2]
    _, pullback = vjp(gradient, x)
    ahead, behind = (gradient(x + step) for step in (STEP, -STEP))
    (found,) = pullback(np.ones_like(x))
    np.testing.assert_allclose(found, (ahead - behind) / (2 * STEP), rtol=1e-6, atol=1e-9)


def entries_in_turn(x):
    for i in range(3):
        x[i] = x[i - 1] * np.sin(x[i])
    return x[0] * x[1] * x[2]


@pytest.mark.parametrize("kind", [np.array, list])
def test_entries_that_are_written_in_a_loop(kind):
    gradient, direction = grad(entries_in_turn), np.array([1.0, 2.0, -0.5])
    _, pullback = vjp(gradient, kind(X))
    ahead, behind = (np.array(gradient(kind(X + step * direction))) for step in (STEP, -STEP))
    (found,) = pullback(kind(direction))
    assert type(found) is type(kind(X))
    np.testing.assert_allclose(found, (ahead - behind) / (2 * STEP), rtol=1e-6, atol=1e-9)


def test_array_without_axes_that_a_view_writes_into():
    def f(x):
        x[...] = np.sin(x)
        return x * np.sum(x)

    gradient = grad(f)
    _, pullback = vjp(gradient, np.array(0.7))
    (found,) = pullback(1.0)
    ends = [gradient(np.array(0.7 + step)) for step in (STEP, -STEP)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * STEP), rtol=1e-6)


@pytest.mark.parametrize(("adjoint", "path"), [(0.5, ()), ([np.zeros(2), np.float64(0.5)], (1,))])
def test_number_in_the_place_of_a_buffer_is_refused(adjoint, path):
    with pytest.raises(UnsupportedSyntaxError, match="an array without axes") as found:
        check_buffer(adjoint, *path)
    assert "hand over an array with one element" in str(found.value)


def test_dict_that_gets_new_keys_in_a_loop():
    def f(x):
        parts = {}
        for i in range(3):
            parts[i] = np.sin(x[i])
            parts[0] = parts[0] * parts[i]
        return parts[0] * parts[1] * parts[2]

    with pytest.raises(UnsupportedSyntaxError, match="where a dict gets a new key") as found:
        vjp(grad(f), X)
    assert "make the dict with all its keys" in str(found.value)


def test_network_with_its_weights_in_containers():
    def network(weights, x):
        for layer in weights:
            x = np.tanh(layer["w"] @ x + layer["b"])
        return np.sum(x**2)

    gradient = grad(network)
    weights = [{"w": A, "b": X}, {"w": A.T, "b": X[::-1].copy()}]
    _, pullback = vjp(gradient, weights, X)
    found, _ = pullback(gradient(weights, X))
    for i in range(3):
        ends = []
        for step in (STEP, -STEP):
            moved = [{"w": w["w"].copy(), "b": w["b"].copy()} for w in weights]
            moved[0]["w"][i, 1] += step
            parts = [v for layer in gradient(moved, X) for v in layer.values()]
            ends.append(sum(np.sum(part**2) for part in parts) / 2)
        slope = (ends[0] - ends[1]) / (2 * STEP)
        np.testing.assert_allclose(found[0]["w"][i, 1], slope, rtol=1e-6)


@pytest.mark.parametrize(
    "f", [lambda xs: math.prod(xs) ** 2, lambda xs: math.dist(xs, [2.0, 0.5, 1.0]) ** 3]
)
def test_second_derivative_of_a_list_of_numbers(f):
    gradient, xs = grad(f), [0.3, 0.7, 2.0]
    _, pullback = vjp(gradient, xs)
    (found,) = pullback([1.0, 2.0, -0.5])
    expected = []
    for i in range(3):
        ahead, behind = (
            gradient([v + step * (i == j) for j, v in enumerate(xs)]) for step in (STEP, -STEP)
        )
        expected.append(np.dot(np.subtract(ahead, behind), [1.0, 2.0, -0.5]) / (2 * STEP))
    assert type(found) is list
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_closure_that_keeps_a_value_of_which_only_the_last_result_is_used():
    def f(x, z):
        q = np.cos(z)
        s = q

        def step(e):
            nonlocal s
            s = s * np.cos(e) + q
            return np.sum(s) * e

        b = step(np.sum(x))
        for _ in range(2):
            b = step(np.sum(x))
        return s + b

    gradient = grad(f)
    x, v, step = np.array([0.3, -0.4]), np.array([0.7, 0.2]), 1e-6
    _, pullback = vjp(gradient, x, 0.3)
    d_x, d_z = pullback(v)
    wanted = (gradient(x + step * v, 0.3) - gradient(x - step * v, 0.3)) / (2 * step)
    np.testing.assert_allclose(d_x, wanted, rtol=1e-6)
    slope = (gradient(x, 0.3 + step) - gradient(x, 0.3 - step)) / (2 * step)
    np.testing.assert_allclose(d_z, np.sum(slope * v), rtol=1e-6)


class Cubic:
    def energy(self, x):
        return np.sum(x**3)

    @grad
    def force(self, x):
        return self.energy(x) * 2.0


class Quartic(Cubic):
    def energy(self, x):
        return np.sum(x**4)


def energy_of(model, x):
    return model.energy(x)


def total_of(act, x):
    return np.sum(act(x) * x)


@pytest.mark.parametrize("calls", [0, 1, 2])
@pytest.mark.parametrize(
    ("function", "first", "others"),
    [(energy_of, Cubic(), [Quartic(), Cubic()]), (total_of, np.sin, [np.exp, cube])],
)
def test_gradient_of_what_is_handed_over(function, first, others, calls):
    gradient = grad(function, 1)
    for x in (X, A)[:calls]:
        gradient(first, x)
    for other in (*others, first):
        _, pullback = vjp(gradient, other, X)
        ahead, behind = (gradient(other, X + step) for step in (STEP, -STEP))
        np.testing.assert_allclose(
            pullback(np.ones(3))[1], (ahead - behind) / (2 * STEP), rtol=1e-6, atol=1e-8
        )


def test_gradient_of_a_method_for_objects_of_several_classes():
    for model, second in ((Cubic(), 12 * X), (Quartic(), 24 * X**2), (Cubic(), 12 * X)):
        _, pullback = vjp(model.force, X)
        np.testing.assert_allclose(pullback(np.ones(3))[0], second)
    assert grad(Cubic().force)(2.0) == 24.0
    assert grad(Quartic().force)(2.0) == 96.0


def check_by_differences(function, args):
    """The second derivative along a direction, with all arguments that have one, against differences of the gradient."""
    rng = np.random.default_rng(3)
    gradient = grad(function, argnums=tuple(range(len(args))))
    one, other = ([structure_of_noise(a, rng) for a in args] for _ in range(2))
    _, pullback = vjp(gradient, *copy.deepcopy(args))
    found = numbers([pullback(tuple(one))]) @ numbers(other)
    ends = [
        numbers(gradient(*(added(a, step, d) for a, d in zip(args, other, strict=True))))
        for step in (STEP, -STEP)
    ]
    expected = (ends[0] - ends[1]) @ numbers(one) / (2 * STEP)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def mapped(value, change):
    if isinstance(value, list):
        return [mapped(v, change) for v in value]
    if isinstance(value, dict):
        return {k: mapped(v, change) for k, v in value.items()}
    if isinstance(value, tuple):
        made = [mapped(v, change) for v in value]
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if dataclasses.is_dataclass(value):
        return dataclasses.replace(value, **{n: mapped(v, change) for n, v in vars(value).items()})
    return change(value)


def numbers(value):
    found = []
    mapped(value, lambda leaf: found.append(np.ravel(leaf)))
    return np.concatenate(found)


def structure_of_noise(value, rng):
    def noise(leaf):
        made = rng.normal(size=np.shape(leaf))
        return made if isinstance(leaf, np.ndarray) else float(made)

    return mapped(value, noise)


def added(value, step, direction):
    parts = []
    mapped(direction, parts.append)
    return mapped(value, lambda leaf: leaf + step * parts.pop(0))


def layers(weights, x):
    for w, b in weights[:-1]:
        x = np.tanh(x @ w + b)
    w, b = weights[-1]
    return x @ w + b


def network_of_layers(weights, x):
    return np.mean(layers(weights, x) ** 2)


def fixed_point(w, x):
    z = np.zeros(3)
    for _ in range(6):
        z = np.tanh(0.3 * w @ z + x)
    return z


def after_a_loop(w, x):
    return np.sum(fixed_point(w, x) ** 2)


def inner_loss(w, x):
    return np.mean((np.tanh(x @ w[0]) @ w[1]) ** 2)


def descent_inside(w, x):
    for _ in range(2):
        w = [p - 0.1 * d for p, d in zip(w, grad(inner_loss)(w, x), strict=True)]
    return inner_loss(w, x)


def named_loss(w, x):
    return np.mean((np.tanh(x @ w["a"]) @ w["b"]) ** 2)


def hessian(z, p):
    rows = []
    for i in range(3):
        rows.append(grad(lambda z, i=i: grad(energy)(z, p)[i])(z))
    return np.stack(rows)


def energy(z, p):
    return np.sum(np.cosh(z)) + 0.5 * z @ p @ p.T @ z


def log_determinant(z, p):
    return np.linalg.slogdet(hessian(z, p))[1]


def list_that_is_read_in_one_branch(x):
    found = []
    for i in range(2):
        found.append(0.5 * x * x[i])
        np.multiply(x, x, out=x)
    last = np.sum(found[-1]) if found else 0.3
    return np.sum(np.sin(x)) * last + last**2


FROM_LISTS = [
    (network_of_layers, [[(A, X), (A.T.copy(), X[::-1].copy())], A]),
    (after_a_loop, [A, X]),
    (descent_inside, [[A, A.T.copy()], A]),
    (log_determinant, [X, A]),
    (list_that_is_read_in_one_branch, [X]),
]


@pytest.mark.parametrize(("function", "args"), FROM_LISTS, ids=lambda f: getattr(f, "__name__", ""))
def test_gradient_that_takes_out_of_lists(function, args):
    check_by_differences(function, args)


@dataclasses.dataclass
class Affine:
    w: np.ndarray
    b: float


class AffineTuple(NamedTuple):
    w: np.ndarray
    b: float


@dataclasses.dataclass
class Nested:
    inner: Affine
    scale: float


def of_object(m, x):
    return np.mean((x @ m.w + m.b) ** 2) + 0.1 * np.sin(m.b) * np.sum(m.w**3)


def of_nested(m, x):
    return np.sum(np.sin(x @ m.inner.w) * m.scale + m.inner.b**2 * m.scale * np.sum(m.inner.w**2))


def of_objects(ms, x):
    s = 0.0
    for m in ms:
        s = s + np.sum(np.sin(x @ m.w)) * m.b + s**2 * m.b
    return s


def step_of_object(m, x):
    g = grad(of_object)(m, x)
    return of_object(Affine(m.w - 0.1 * g.w, m.b - 0.1 * g.b), x)


OF_OBJECTS = [
    (of_object, [Affine(X, 0.4), A]),
    (of_object, [AffineTuple(X, 0.4), A]),
    (of_nested, [Nested(Affine(X, 0.4), 0.7), A]),
    (of_objects, [[Affine(X, 0.4), Affine(A[0].copy(), 0.2)], A]),
    (step_of_object, [Affine(X, 0.4), A]),
]


@pytest.mark.parametrize(("function", "args"), OF_OBJECTS, ids=lambda f: getattr(f, "__name__", ""))
def test_gradient_with_respect_to_attributes(function, args):
    check_by_differences(function, args)


def test_descent_inside_by_keys_that_are_computed_is_refused():
    def loss(w, x):
        return np.mean((np.tanh(x @ w["a"]) @ w["b"]) ** 2)

    def descent(w, x):
        for _ in range(2):
            w = {k: w[k] - 0.1 * np.tanh(w[k]) for k in w}
        return loss(w, x)

    with pytest.raises(UnsupportedSyntaxError, match="at an index that is computed"):
        vjp(grad(descent), {"a": A, "b": A.T.copy()}, A)


def test_sum_at_an_index_of_what_is_cut_out_of_the_same_array():
    """`add_at(d_x, m, cut_out(d_x, m))` read `d_x[m]` before it was cut out, and counted it twice."""

    def f(x):
        mask = (x > 0.2) | (x < 0.5)
        x[mask] = x[mask]
        return np.sum(np.sin(x))

    def total(x):
        return np.sum(grad(f)(x))

    np.testing.assert_allclose(grad(total)(X), -np.sin(X))


def test_writes_through_a_transposed_array():
    """`d_x.T.T[i][-1] = 0` was taken for a write to a field of an object, and failed."""

    def f(a, s):
        for row in a.T.T:
            row[-1] = s
        return np.sum(np.sin(a) * a)

    def total(s):
        return np.sum(grad(f, argnums=(0, 1))(A, s)[1] ** 2)

    with pytest.raises(
        UnsupportedAliasError, match=re.escape("a write into an element: `a.T.T[i][-1]`")
    ):
        grad(total)(0.4)
