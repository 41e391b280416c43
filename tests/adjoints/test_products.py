"""Products: what the table of cases cannot show."""

import numpy as np
import pytest

from knetsrc.adjoints.products import einsum_rule
from knetsrc.backends import einsum_adjoint, matmul_adjoint_a, matmul_adjoint_b
from knetsrc.errors import KnetsrcError
from language.checking import check

RNG = np.random.default_rng(0)
RANKS = [
    ((1, 3), (3, 5)),
    ((2, 3), (3, 1)),
    ((1, 3), (3,)),
    ((3,), (3, 1)),
    ((1, 2, 3), (3, 4)),
    ((2, 3), (1, 3, 4)),
    ((3,), (1, 3, 4)),
    ((2, 1, 3), (3,)),
]


@pytest.mark.parametrize(("a_shape", "b_shape"), RANKS)
def test_adjoint_of_a_product_that_was_repeated_afterwards_is_summed(a_shape, b_shape):
    a, b = RNG.normal(size=a_shape), RNG.normal(size=b_shape)
    product = a @ b
    d = RNG.normal(size=(4, *(n if n > 1 else 6 for n in product.shape)))
    axes = (0, *(i + 1 for i, n in enumerate(product.shape) if n == 1))
    summed = d.sum(axis=axes, keepdims=True)[0]
    np.testing.assert_allclose(matmul_adjoint_a(d, a, b), matmul_adjoint_a(summed, a, b))
    np.testing.assert_allclose(matmul_adjoint_b(d, a, b), matmul_adjoint_b(summed, a, b))


@pytest.mark.parametrize(("a_shape", "b_shape"), [*RANKS, ((2, 3), (3, 5)), ((5, 2, 3), (5, 3, 4))])
@pytest.mark.parametrize("d", [2.0, np.float64(2), np.array(2.0), np.array([[2.0]])])
def test_one_number_stands_for_the_adjoint_of_the_whole_product(a_shape, b_shape, d):
    a, b = RNG.normal(size=a_shape), RNG.normal(size=b_shape)
    full = np.full((a @ b).shape, 2.0)
    if np.ndim(d) <= full.ndim:
        np.testing.assert_allclose(matmul_adjoint_a(d, a, b), matmul_adjoint_a(full, a, b))
        np.testing.assert_allclose(matmul_adjoint_b(d, a, b), matmul_adjoint_b(full, a, b))


def test_bias_that_repeats_the_row_of_a_product():
    a, b, d = RNG.normal(size=(1, 13)), RNG.normal(size=(13, 506)), RNG.normal(size=(3, 506))
    np.testing.assert_allclose(matmul_adjoint_a(d, a, b), d.sum(axis=0, keepdims=True) @ b.T)
    np.testing.assert_allclose(matmul_adjoint_b(d, a, b), a.T @ d.sum(axis=0, keepdims=True))


def test_column_that_stands_for_a_matrix_is_repeated():
    a, b, d = RNG.normal(size=(3, 2)), RNG.normal(size=(2, 5)), RNG.normal(size=(3, 1))
    full = np.repeat(d, 5, axis=1)
    np.testing.assert_allclose(matmul_adjoint_a(d, a, b), full @ b.T)
    np.testing.assert_allclose(matmul_adjoint_b(d, a, b), a.T @ full)


def test_row_that_stands_for_a_matrix_is_repeated():
    a, b, d = RNG.normal(size=(3, 2)), RNG.normal(size=(2, 5)), RNG.normal(size=(1, 5))
    full = np.repeat(d, 3, axis=0)
    np.testing.assert_allclose(matmul_adjoint_a(d, a, b), full @ b.T)
    np.testing.assert_allclose(matmul_adjoint_b(d, a, b), a.T @ full)


def test_shapes_that_cannot_be_multiplied_are_an_error():
    with pytest.raises(ValueError):
        matmul_adjoint_a(np.ones((2, 7)), np.ones((2, 3)), np.ones((3, 4)))


@pytest.mark.parametrize(
    ("a_shape", "b_shape"), [((2, 3), (3, 4)), ((3,), (3,)), ((5, 2, 3), (3,))]
)
def test_float32_operand_has_a_float32_adjoint_beside_float64(a_shape, b_shape):
    a, b = RNG.normal(size=a_shape).astype(np.float32), RNG.normal(size=b_shape)
    d = np.ones((a @ b).shape) if len(a_shape + b_shape) > 2 else np.float64(1)
    assert matmul_adjoint_a(d, a, b).dtype == np.float32
    assert matmul_adjoint_b(d, a, b).dtype == np.float64


def test_second_factor_in_float32_has_a_float32_adjoint_beside_float64():
    a, b, d = np.ones((2, 3)), np.ones((3, 4), np.float32), np.ones((2, 4))
    assert matmul_adjoint_b(d, a, b).dtype == np.float32


def test_einsum_of_a_large_product_agrees_with_matmul():
    a, b, d = RNG.normal(size=(60, 70)), RNG.normal(size=(70, 80)), RNG.normal(size=(60, 80))
    d_a, d_b = einsum_rule("ij,jk->ik", a, b, d_y=d)
    np.testing.assert_allclose(d_a, d @ b.T)
    np.testing.assert_allclose(d_b, a.T @ d)


def test_einsum_takes_one_number_for_a_scalar_result():
    a = np.ones((2, 2), np.float32)
    d_a = einsum_adjoint("ii", [a], 0, np.float64(3))
    np.testing.assert_array_equal(d_a, 3 * np.eye(2))
    assert d_a.dtype == np.float32


def test_einsum_with_lists_of_indices_is_refused():
    with pytest.raises(KnetsrcError, match="einsum with lists of indices"):
        einsum_adjoint(np.ones((2, 2)), [[0, 1], [0]], 0, np.ones(2))


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) >= "2.5.0",
    reason="NumPy 2.5 has no vector product in the plane",
)
@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
@pytest.mark.parametrize(
    ("a", "b", "axis"),
    [
        ((2,), (2,), -1),
        ((4, 2), (2,), -1),
        ((2, 4), (2, 4), 0),
        ((4, 2), (4, 3), -1),
        ((3,), (4, 2), -1),
    ],
)
def test_vector_product_in_the_plane(a, b, axis):
    rng = np.random.default_rng(0)
    check(
        lambda a, b: np.sum(np.cross(a, b, axis=axis) ** 2),
        rng.standard_normal(a),
        rng.standard_normal(b),
    )
