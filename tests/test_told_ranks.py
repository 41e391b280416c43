"""What the first call tells of its arguments shapes the source that runs; no later call is wrong for it."""

import importlib.util

import numpy as np
import pytest

from knetsrc import grad, value_and_grad, vjp
from knetsrc.testing import check_grads

V = np.array([0.5, -1.2, 2.0])
M = np.array([[0.4, -0.7, 1.1], [1.6, 0.2, -0.9]])


def ends(x, k):
    return np.sum(x[0] * x[-1] * k)


def product(a, b):
    return np.sum((a @ b) ** 2)


def scaled(x, k):
    return np.sum(x * k)


def smooth(x, k):
    return np.sum(np.sin(x @ x.T) * k)


def recurrence(x, k):
    y = 1.0
    for i in range(len(x)):
        y = y * k + x[i]
    return np.sum(y * y)


def expected(function, *args):
    generic = grad(function, argnums=tuple(range(len(args))))
    return generic.function(*args)


@pytest.mark.parametrize("function", [ends, scaled, recurrence])
@pytest.mark.parametrize(
    "calls", [[(V, 2.0), (M, 2.0), (V, V), (M, V), (V, 2.0)], [(M, V), (V, 0.5)]]
)
def test_calls_with_other_ranks(function, calls):
    gradient = grad(function, argnums=(0, 1))
    for args in [*calls, *calls]:
        found = gradient(*args)
        for d, wanted, of in zip(found, expected(function, *args), args, strict=True):
            assert np.shape(d) == np.shape(of)
            np.testing.assert_allclose(d, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "shapes",
    [((3,), (3,)), ((2, 3), (3,)), ((2,), (2, 3)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)),
     ((3,), (5, 3, 2)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4))],
)  # fmt: skip
def test_products_of_all_ranks(shapes):
    draw = np.random.default_rng(0)
    args = tuple(draw.standard_normal(shape) for shape in shapes)
    check_grads(product, args, argnums=(0, 1))


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((2, 3), (3,)), ((2,), (2, 3)), ((2, 3), (3, 4))])
def test_dot_of_all_ranks(shapes):
    draw = np.random.default_rng(0)
    args = tuple(draw.standard_normal(shape) for shape in shapes)
    check_grads(lambda a, b: np.sum(np.dot(a, b) ** 2), args, argnums=(0, 1))


def test_integer_and_then_float():
    gradient = grad(scaled)
    np.testing.assert_allclose(gradient(V, 2), 2.0 * np.ones(3))
    np.testing.assert_allclose(gradient(V, 0.5), 0.5 * np.ones(3))
    np.testing.assert_allclose(gradient(V, V), V)


def test_source_says_for_which_ranks_it_is():
    gradient = grad(ends)
    assert "of rank" not in gradient.source
    gradient(V, 2.0)
    assert "For `k` of rank 0; `x` of rank 1." in gradient.source
    assert "unbroadcast" not in gradient.source
    gradient(M, 2.0)
    assert "of rank" not in gradient.source


def test_dumped_source_is_for_all_ranks(tmp_path):
    gradient = grad(ends)
    gradient(V, 2.0)
    path = gradient.dump(tmp_path / "ends_grad.py")
    spec = importlib.util.spec_from_file_location("ends_grad", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    np.testing.assert_allclose(module.ends_grad(M, 2.0), grad(ends)(M, 2.0))


def started(x, noise, start=None):
    history = [0.0] if start is None else list(start)
    for e in noise:
        history.append(x * history[-1] + e)
    return np.sum(np.array(history) ** 2)


def test_dumped_source_is_for_all_sides_of_a_test_for_none(tmp_path):
    gradient = grad(started)
    for x, *start in ((0.5,), (np.float64(0.5), [1.0]), (0.5, [1.0, 2.0]), (0.5,)):
        gradient(x, V, *start)
        gradient(x, [0.5, 0.1], *start)
    assert gradient.dump(tmp_path / "f.py").read_text() == grad(started).source


def test_gradient_of_a_gradient_that_was_called_with_other_ranks():
    inner = value_and_grad(smooth)
    inner(V, 2.0)

    def outer(x):
        return np.sum(inner(x, 2.0)[1] ** 2)

    check_grads(outer, (M,))
    first = grad(smooth)
    first(V, 2.0)
    _, pullback = vjp(first, M, 2.0)
    _, again = vjp(grad(smooth), M, 2.0)
    np.testing.assert_allclose(pullback(M)[0], again(M)[0])


def test_array_of_integers_and_array_without_axes():
    gradient = grad(scaled)
    np.testing.assert_allclose(gradient(V, np.array([1, 2, 3])), [1.0, 2.0, 3.0])
    np.testing.assert_allclose(gradient(np.array(2.0), 3.0), 3.0)
    np.testing.assert_allclose(gradient(V, np.array(3.0)), 3.0 * np.ones(3))


def test_method_and_keyword():
    class Model:
        def __init__(self, scale):
            self.scale = scale

        @grad
        def loss(self, x, *, k=1.0):
            return np.sum(x[0] * k * self.scale)

    model = Model(2.0)
    for x in (V, M, V):
        wanted = np.zeros(x.shape)
        wanted[0] = 6.0
        np.testing.assert_allclose(
            Model.loss(model, x, k=3.0) if x is M else model.loss(x, k=3.0), wanted
        )


def test_array_of_integers_where_there_was_one_of_floats():
    def f(x, y):
        d = x * y
        return np.sum(d[0] * 0.5 + d[1])

    gradient = grad(f)
    np.testing.assert_allclose(gradient(V, V), [0.25, -1.2, 0.0])
    np.testing.assert_allclose(gradient(V, np.array([1, 2, 3])), [0.5, 2.0, 0.0])
    assert gradient(V, np.array([1, 2, 3])).dtype == np.float64


def test_keyword_that_is_no_parameter():
    def f(x, **options):
        scale = [options["scale"], 1.0]
        return np.sum(x * scale[0] * scale[1])

    np.testing.assert_allclose(grad(f)(V, scale=2.0), [2.0, 2.0, 2.0])
    np.testing.assert_allclose(grad(f)(V, scale=V), V)
