"""Linear algebra: repeated values, parts that are not used, singular matrices, refusals."""

import numpy as np
import pytest

from knetsrc.adjoints.decompositions import (
    cholesky_rule,
    eigh_rule,
    eigvalsh_rule,
    qr_rule,
    svd_rule,
)
from knetsrc.adjoints.linalg import det_rule, lstsq_rule, slogdet_rule
from knetsrc.errors import KnetsrcError

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(3, 3))
TWICE = np.diag([2.0, 2.0, 5.0])


def differences(f, x, step=1e-6):
    """Central differences of a scalar function, element by element."""
    d_x = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        d_x[index] = (f(up) - f(down)) / (2 * step)
    return d_x


@pytest.mark.parametrize(
    "a",
    [
        np.array([[1.0, 2], [2, 4]]),
        np.arange(1.0, 10).reshape(3, 3),
        np.zeros((1, 1)),
        np.outer([1.0, 2, 3], [1.0, 0, 2]),
        np.stack([np.eye(2), np.ones((2, 2))]),
    ],
    ids=["rank one", "singular to rounding", "zero", "rank one of three", "one of a stack"],
)
def test_determinant_of_a_singular_matrix_has_a_gradient(a):
    d_y = np.ones(a.shape[:-2]) if a.ndim > 2 else 1.0
    d_a = det_rule(a, y=np.linalg.det(a), d_y=d_y)
    expected = differences(lambda x: np.linalg.det(x).sum(), a)
    np.testing.assert_allclose(d_a, expected, atol=1e-7)


def test_slogdet_of_a_singular_matrix_has_none():
    with pytest.raises(np.linalg.LinAlgError):
        slogdet_rule(np.ones((2, 2)), d_y=(None, 1.0))


@pytest.mark.parametrize(
    ("rule", "decompose", "count"),
    [
        (lambda a, y, d: slogdet_rule(a, d_y=d), np.linalg.slogdet, 2),
        (lambda a, y, d: eigh_rule(a, y=y, d_y=d), np.linalg.eigh, 2),
        (lambda a, y, d: svd_rule(a, y=y, d_y=d), np.linalg.svd, 3),
        (lambda a, y, d: qr_rule(a, y=y, d_y=d), np.linalg.qr, 2),
    ],
    ids=["slogdet", "eigh", "svd", "qr"],
)
def test_part_without_an_adjoint_counts_as_zero(rule, decompose, count):
    y = decompose(MATRIX)
    full = [np.asarray(RNG.normal(size=np.shape(part))) for part in y]
    zeros = [np.zeros_like(part) for part in full]
    for i in range(count):
        alone = tuple(full[k] if k == i else None for k in range(count))
        padded = tuple(full[k] if k == i else zeros[k] for k in range(count))
        np.testing.assert_allclose(rule(MATRIX, y, alone), rule(MATRIX, y, padded))
    assert not np.any(rule(MATRIX, y, (None,) * count))


def test_lstsq_adjoint_of_the_solution_alone():
    a, b = RNG.normal(size=(5, 2)), RNG.normal(size=5)
    y = np.linalg.lstsq(a, b)
    d_a, d_b = lstsq_rule(a, b, y=y, d_y=(np.ones(2), None, None, None))
    expected = differences(lambda x: np.linalg.lstsq(x, b)[0].sum(), a)
    np.testing.assert_allclose(d_a, expected, atol=1e-6)
    np.testing.assert_allclose(d_b, np.linalg.pinv(a).T @ np.ones(2))


def test_lstsq_without_full_rank_is_refused():
    a, b = np.ones((4, 2)), RNG.normal(size=4)
    with pytest.raises(KnetsrcError, match="rank 1"):
        lstsq_rule(a, b, y=np.linalg.lstsq(a, b), d_y=(np.ones(2), None, None, None))


def test_vector_of_a_simple_eigenvalue_has_a_gradient_beside_repeated_ones():
    values, vectors = np.linalg.eigh(TWICE)
    d_vectors = np.zeros((3, 3))
    d_vectors[:, 2] = (MATRIX + MATRIX.T) @ vectors[:, 2]
    d_a = eigh_rule(TWICE, y=(values, vectors), d_y=(None, d_vectors))

    def loss(a):
        last = np.linalg.eigh(a)[1][:, 2]
        return last @ MATRIX @ last

    np.testing.assert_allclose(d_a, differences(loss, TWICE), atol=1e-8)


def test_symmetric_function_of_repeated_eigenvalues_has_a_gradient():
    values = np.linalg.eigvalsh(TWICE)
    expected = differences(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), TWICE)
    np.testing.assert_allclose(eigvalsh_rule(TWICE, d_y=2 * values), expected, atol=1e-8)


def test_vectors_of_a_repeated_eigenvalue_have_no_gradient():
    values, vectors = np.linalg.eigh(TWICE)
    d_vectors = np.zeros((3, 3))
    d_vectors[:, 1] = 1.0
    assert np.isnan(eigh_rule(TWICE, y=(values, vectors), d_y=(None, d_vectors))).any()


def test_matrix_rebuilt_from_eigenvectors_of_a_repeated_zero_is_not_silently_wrong():
    a = np.diag([0.0, 0.0, 1.0])
    values, vectors = np.linalg.eigh(a)
    d_vectors = (MATRIX + MATRIX.T) @ vectors * values
    d_values = np.diag(vectors.T @ MATRIX @ vectors)
    assert np.isnan(eigh_rule(a, y=(values, vectors), d_y=(d_values, d_vectors))).any()


def rebuilt_adjoints(a, d):
    """The decomposition of `a`, and the adjoints of its parts in sum(d * (u * s @ vh))."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return (u, s, vh), (d @ vh.T * s, np.diag(u.T @ d @ vh.T), (u * s).T @ d)


@pytest.mark.parametrize(
    "a",
    [MATRIX, np.diag([2.0, 1.0, 0.0]), RNG.normal(size=(4, 3)), RNG.normal(size=(2, 3))],
    ids=["square", "singular", "tall", "wide"],
)
def test_matrix_rebuilt_from_its_singular_vectors_has_the_identity_as_derivative(a):
    d = RNG.normal(size=a.shape)
    y, d_y = rebuilt_adjoints(a, d)
    np.testing.assert_allclose(svd_rule(a, full_matrices=False, y=y, d_y=d_y), d, atol=1e-10)


@pytest.mark.parametrize("a", [np.eye(3), TWICE, np.diag([1.0, 0.0, 0.0])])
def test_vectors_of_a_repeated_singular_value_have_no_gradient(a):
    y, d_y = rebuilt_adjoints(a, RNG.normal(size=a.shape))
    assert np.isnan(svd_rule(a, y=y, d_y=d_y)).any()


def test_full_svd_of_a_tall_matrix_gives_the_gradient_of_its_singular_values():
    a = RNG.normal(size=(4, 2))
    y = np.linalg.svd(a)
    thin = np.linalg.svd(a, full_matrices=False)
    d_y = (None, np.ones(2), np.ones((2, 2)))
    np.testing.assert_allclose(
        svd_rule(a, y=y, d_y=d_y), svd_rule(a, full_matrices=False, y=thin, d_y=d_y)
    )


def test_full_left_vectors_of_a_tall_matrix_are_refused():
    a = RNG.normal(size=(4, 2))
    with pytest.raises(KnetsrcError, match="full_matrices=True"):
        svd_rule(a, y=np.linalg.svd(a), d_y=(np.ones((4, 4)), None, None))


@pytest.mark.parametrize("mode", ["complete", "raw"])
def test_other_modes_of_qr_are_refused(mode):
    a = RNG.normal(size=(4, 2))
    with pytest.raises(KnetsrcError, match=f'mode="{mode}"'):
        qr_rule(a, mode, y=np.linalg.qr(a, mode), d_y=(None, None))


def test_complex_matrices_are_refused():
    a = np.array([[2.0, 1j], [-1j, 2.0]])
    y = np.linalg.cholesky(a)
    with pytest.raises(KnetsrcError, match="complex"):
        cholesky_rule(a, y=y, d_y=np.ones((2, 2)))
