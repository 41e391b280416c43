"""Whole functions whose gradients read as if their shapes were known: no `like`, `unbroadcast` or value kept for its shape alone."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import NonScalarOutputError
from language.checking import M, V, check


def body(f, **options):
    """The statements of the gradient of `f`, comments and the docstring left out."""
    text = str(grad(f, **options).source).split('"""')[2]
    lines = (line[4:] for line in text.splitlines())
    return [line for line in lines if line and not line.strip().startswith("#")]


def test_mean_of_squares_needs_no_square():
    def f(x, y):
        return np.mean((x @ y - 1.0) ** 2)

    assert body(f)[:2] == [
        "difference = x @ y - 1.0",
        "d_x = matmul_adjoint_a(2 / np.size(difference) * difference, x, y)",
    ]
    check(f, M, V[:3])


def test_slices_of_one_length_have_one_shape():
    def f(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    assert body(f) == [
        "d_difference = 200 * (x[1:] - x[:-1] ** 2)",
        "d_x = zeros_like(x)",
        "d_x[1:] = d_difference",
        "d_x[:-1] += -2 * d_difference * x[:-1] - 2 * (1 - x[:-1])",
        "return d_x",
    ]
    check(f, V)
    check(f, np.hstack([M, M]).T)


def test_slices_of_other_lengths_are_summed():
    def f(x):
        return np.sum((x[1:2] - x[:-1]) ** 2) + np.sum((x[2:4] - x[:1]) ** 2)

    check(f, V)


def test_slices_of_lists_are_joined():
    def f(x):
        pairs = [x[0] * x[1], x[1], x[2]]
        return np.sum(np.array(pairs[1:] + pairs[:-1]) * x)

    check(f, V)


def test_list_that_has_grown_has_another_length():
    def f(x):
        rows = [x]
        one = np.stack(rows)
        rows.append(x**2)
        two = np.stack(rows)
        return np.sum(one * two)

    check(f, V)


def test_product_is_not_kept_for_its_shape():
    def f(w, x, y):
        r = y - x @ w
        return np.sum(r**2)

    assert body(f) == [
        "r = y - x @ w",
        "d_r = 2 * r",
        "d_w = matmul_adjoint_b(-d_r, x, w)",
        "return d_w",
    ]
    check(f, V[:3], M, np.array(0.7), argnums=(0,))
    check(f, V[:3], M, M[:, :2].T, argnums=(0,))


def test_mean_over_rows():
    def f(x):
        mu = x.mean(axis=-1, keepdims=True)
        centred = x - mu
        return np.sum(centred**3)

    assert body(f)[-2:] == ["d_x = d_centred + like(d_mu / count(x, -1), x)", "return d_x"]
    check(f, M)


def test_one_number_added_keeps_the_dtype():
    def f(x):
        return np.sum(x**3) + np.mean(x) * np.float64(2.0)

    assert grad(f)(np.float32([1, 2])).dtype == np.float32
    check(f, V)


def test_minus_in_front_of_what_is_added_to_a_part():
    def f(x):
        return np.sum((x[:-2] - 2 * x[1:-1] + x[2:]) ** 2)

    assert "d_x[1:-1] -= 2 * d_sum" in body(f)
    check(f, V)


def test_constants_of_numpy_are_numbers():
    def f(mu, log_sigma, x):
        z = (x - mu) / np.exp(log_sigma)
        return np.sum(-0.5 * z**2 - log_sigma - 0.5 * np.log(2 * np.pi))

    assert "d_z = -z" in body(f, argnums=(0, 1))
    check(f, V[:3], np.sin(V[:3]), M, argnums=(0, 1))


def test_attribute_of_a_local_name_is_no_constant():
    def f(x, numbers):
        math = numbers
        return np.sum(x * math.e) + np.sum(x + math.pi)

    class Numbers:
        e = np.array([[1.0], [2.0]])
        pi = np.array([[1.0], [2.0], [3.0]])

    np.testing.assert_allclose(grad(f)(V, Numbers), np.full(4, 6.0))


def test_sum_of_two_names_has_the_shape_of_a_longer_expression():
    def f(p, y):
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    assert "d_affine = -1 / np.size(y + p)" in body(f)
    check(f, np.array([0.2, 0.7, 0.4]), np.array([[1.0], [0.0]]), argnums=(0,))
    check(f, np.array([[0.2], [0.7]]), np.array([1.0, 0.0, 0.5]), argnums=(0,))


def test_number_summed_over_repeated_elements_is_multiplied():
    def f(mu, log_sigma, x):
        return np.sum((x - mu) ** 2 - log_sigma)

    assert "d_log_sigma = -like(repeats(" in str(grad(f, argnums=1).source)
    check(f, V, np.array(0.3), np.stack([V, 2 * V]))
    check(f, V, 0.3, np.stack([V, 2 * V]))
    check(f, V, V[:, None], np.stack([V, 2 * V])[:, None])
    check(f, V[:0], V[:0], np.ones((3, 0)), argnums=(0, 1))


def test_sum_over_an_axis_is_put_back_by_none_and_not_repeated():
    def f(w, x):
        diff = x * w
        return np.sum(np.sqrt(np.sum(diff**2, axis=1)))

    text = "\n".join(body(f))
    assert "[:, None] * diff" in text
    assert "like" not in text
    check(f, V, np.stack([V, 2 * V, V - 1]))
    check(f, np.ones((3, 1)), np.stack([V, 2 * V, V - 1]))


def test_repeated_adjoint_of_a_mask_keeps_its_dtype():
    def f(x):
        return np.sum(np.sum(np.maximum(x, 0), axis=1) ** 2)

    check(f, np.stack([V, 2 * V, V - 1]))


def test_builtin_sum_of_rows_is_no_number():
    def f(x):
        return sum(x)

    def g(x, start):
        return np.sum(sum(x, start) ** 2)

    with pytest.raises(NonScalarOutputError, match="array of shape \\(3,\\)"):
        grad(f)(M)
    check(f, V)
    check(g, M, M[0])
