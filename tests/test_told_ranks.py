"""What the first call tells of its arguments shapes the source that runs; no later call is wrong for it."""

import importlib.util

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad, value_and_grad, vjp
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


def picked(x, tags):
    score = x[0, tags[0]]
    for t in range(1, len(tags)):
        score += x[t, tags[t]] * x[t - 1, tags[-1]]
    return np.sum(score**2)


def test_elements_of_an_array_of_integers():
    x = np.arange(12.0).reshape(3, 4) / 7
    gradient = grad(picked)
    arrays = [np.array([1, 0, 1]), [3, 3, 2], (0, 1, 2)]
    for tags in [*arrays, *arrays]:
        check_grads(lambda v, tags=tags: picked(v, tags), (x,))
        np.testing.assert_allclose(gradient(x, tags), grad(lambda v, t=tags: picked(v, t))(x))
    for tags in (np.array([[0, 1], [1, 1], [2, 3]]), np.array([True, False, True])):
        with pytest.raises(KnetsrcError, match="changes in place"):  # rows, which have other names
            gradient(x, tags)
    gradient = grad(picked)
    gradient(x, arrays[0])
    assert "add_at" not in gradient.source and "check_not_array" not in gradient.source


@pytest.mark.parametrize("shape", [(3,), (1,), (3, 2), (1, 2), (2, 1)])
def test_parts_with_more_axes(shape):
    def f(x, w):
        if x.ndim == 1:
            return np.sum((x[:, None] * w) ** 2) + np.sum(x[None, :] ** 3) + np.sum(x[:, None])
        return np.sum((x[:, None, :] * w) ** 2) + np.sum(x[:, :, None] @ w[:1])

    draw = np.random.default_rng(0)
    check_grads(f, (draw.standard_normal(shape), draw.standard_normal((3, 2))[:, : shape[-1]]))


def test_axis_put_in_and_summed_away():
    def f(a, w):
        for _ in range(2):
            a = np.sum(np.sin(a[:, None] + w), axis=1) * a
        return np.sum(a)

    draw = np.random.default_rng(0)
    args = draw.standard_normal(3), draw.standard_normal((3, 3))
    check_grads(f, args, argnums=(0, 1))
    gradient = grad(f)
    gradient(*args)
    assert "[:, None] +=" not in gradient.source


def of_labels(x, y):
    return np.sum(x[np.arange(len(y)), y] ** 2)


def of_rows(x, y):
    return np.sum(x[np.arange(x.shape[0]), y] ** 2)


def of_two_counts(x, y):
    return np.sum(x[y, np.arange(len(y))] * x[np.arange(len(y)), np.arange(len(y))])


@pytest.mark.parametrize("f", [of_labels, of_rows, of_two_counts])
def test_elements_that_are_counted(f):
    draw = np.random.default_rng(0)
    gradient = grad(f)
    for rows, labels in [(3, [1, 1, 0]), (3, [2, 2, -1]), (1, [0]), (1, [2, 2, 2]), (3, [1])]:
        x, y = draw.standard_normal((rows, 3)), np.array(labels)
        if rows != 1 or len(y) == 1 or f is of_rows:
            for labels_given in (y, list(y)):
                check_grads(lambda v, y=labels_given: f(v, y), (x,))
                expected = np.zeros_like(x)
                for index in np.ndindex(x.shape):
                    up, down = x.copy(), x.copy()
                    up[index], down[index] = x[index] + 1e-6, x[index] - 1e-6
                    expected[index] = (f(up, y) - f(down, y)) / 2e-6
                np.testing.assert_allclose(gradient(x, labels_given), expected, atol=1e-6)


def test_labels_beside_a_count_are_no_sum_of_places():
    gradient = grad(of_labels)
    gradient(np.ones((3, 4)), np.array([1, 1, 2]))
    assert "add_at" not in gradient.source
    gradient = grad(lambda x, y: np.sum(x[y] ** 2))
    gradient(np.ones((3, 4)), np.array([1, 1, 2]))
    assert "add_at" in gradient.source


def carried(w, u, xs, h):
    for x in xs:
        h = np.tanh(x @ w + h @ u)
    return np.sum(h**2)


def carried_beside(w, u, xs, h):
    for x, t in zip(xs, xs[::-1], strict=True):
        h = np.tanh(x @ w + h @ u) * np.sum(t * x)
    return np.sum(h**2)


def carried_and_counted(w, u, xs, h):
    for i, x in enumerate(xs):
        h = np.tanh(x @ w + h @ u) * (i + 1)
    return np.sum(h**2)


def grown(w, u, xs, h):
    for x in xs:
        h = np.sin(h @ u) + x @ w
    return np.sum(h**3)


def of_itself(w, u, xs, h):
    for x in h:
        h = h * np.sum(x @ u) + xs[0] @ w
    return np.sum(h**2)


RECURRENCES = [carried, carried_beside, carried_and_counted, grown, of_itself]


@pytest.mark.parametrize("shape", [(2, 4), (1, 4), (4,)])
@pytest.mark.parametrize("f", RECURRENCES, ids=lambda f: f.__name__)
def test_state_that_a_loop_over_arrays_carries(f, shape):
    draw = np.random.default_rng(1)
    w, u = draw.standard_normal((3, 4)) / 2, draw.standard_normal((4, 4)) / 2
    args = (w, u, draw.standard_normal((5, 2, 3)) / 2, draw.standard_normal(shape) / 2)
    if f is not of_itself or len(shape) == 2:
        check_grads(f, args, argnums=(0, 1, 2, 3))


@pytest.mark.parametrize("f", [carried, carried_beside, carried_and_counted])
def test_elements_that_a_loop_takes_have_known_ranks(f):
    gradient = grad(f)
    gradient(np.ones((3, 4)), np.ones((4, 4)), np.ones((5, 2, 3)), np.ones((2, 4)))
    assert "matmul_adjoint" not in gradient.source
    assert "x.T @ " in gradient.source


def one_beside_the_other(xs, w):
    kept, total = xs[0], 0.0
    for x in xs:
        total = total + np.sum(np.sin(kept * x) * w)
        kept = x
    return total


def two_loops(xs, w):
    total = 0.0
    for x in xs:
        for y in xs:
            total = total + np.sum(np.sin(x * y) + w)
    return total


def with_labels(xs, w):
    h = np.zeros(w.shape)
    for x, t in zip(xs, [0, 0, -1], strict=True):
        h = np.tanh(np.sum(x * w) + h)
        h = h * x[t]
    return np.sum(h)


@pytest.mark.parametrize("lengths", [(3, 3, 3), (1, 3, 1), (3, 1, 3)])
@pytest.mark.parametrize("f", [one_beside_the_other, two_loops, with_labels])
def test_elements_of_a_list_that_differ_in_length(f, lengths):
    draw = np.random.default_rng(2)
    xs, w = [draw.standard_normal(n) for n in lengths], draw.standard_normal(3)
    check_grads(f, (xs, w), argnums=(0, 1))
    gradient = grad(f, argnums=(0, 1))
    gradient([draw.standard_normal(3) for _ in range(3)], w)  # what this call tells is used again
    for i in range(3):
        moved = [np.zeros(n) for n in lengths]
        moved[i] = draw.standard_normal(lengths[i])
        ends = [f([x + s * m for x, m in zip(xs, moved, strict=True)], w) for s in (1e-6, -1e-6)]
        np.testing.assert_allclose(
            np.sum(gradient(xs, w)[0][i] * moved[i]), (ends[0] - ends[1]) / 2e-6, atol=1e-6
        )


# --- products of one adjoint -----------------------------------------------------------------------------------------------------
def blended(x, t, image, other):
    a = x * t + image * (1 - t)
    b = other * (1 - t) + image * t
    return np.sum(a**2) + np.sum(b * x)


def test_products_of_one_adjoint_are_one_product():
    x, t = np.array([0.3, 0.4, 0.5]), np.array([0.1, 0.7, 0.2])
    image, other = np.array([3, 200, 7], np.uint8), np.array([30, 20, 70], np.uint8)
    check_grads(lambda x, t: blended(x, t, image, other), (x, t))
    gradient = grad(blended, argnums=(0, 1))
    gradient(x, t, image, other)
    assert "d_a * (x - image)" in gradient.source
    assert "(image - other)" not in gradient.source  # of unsigned integers
    check_grads(blended, (x, t, x * 3, t * 2))


def test_results_of_einsum_are_kept_as_outlines():
    def f(w, x):
        out = np.zeros((len(x) - len(w) + 1, 2))
        for i in range(len(w)):
            out += np.einsum("ab,bc->ac", x[i : i + len(out)], w[i])
        return np.sum(out**2)

    w, x = np.linspace(-1, 1, 12).reshape(2, 3, 2), np.linspace(0, 2, 15).reshape(5, 3)
    gradient = grad(f, argnums=(0, 1))
    gradient(w, x)
    assert "outline(einsum_out)" in gradient.source
    check_grads(f, (w, x))
