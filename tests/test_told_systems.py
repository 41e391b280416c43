"""Adjoints of linear systems and determinants, where a call has told that there is one matrix."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.testing import check_grads

A = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.2], [0.5, -0.3, 3.0]])
V = np.array([0.5, -1.2, 2.0])
M = np.stack([V, 2 * V + 1], axis=1)


def solved(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2)


def summed(a, b):
    return np.sum(np.linalg.solve(a, b))


def repeated(a, b):
    return np.sum(np.sin(np.linalg.solve(a, b) + np.ones((4, 1, 1))))


def logarithm(a, b):
    return 0.5 * np.linalg.slogdet(a)[1] + np.sum(b)


def taken_apart(a, b):
    sign, logdet = np.linalg.slogdet(a)
    return sign * logdet * np.sum(b)


def spectrum(a, b):
    return np.sum(np.linalg.eigh(a)[0] ** 2) * np.sum(b)


ALL = [solved, summed, repeated, logarithm, taken_apart, spectrum]


@pytest.mark.parametrize("f", ALL)
@pytest.mark.parametrize("b", [V, M[:, :1]], ids=["vector", "column"])
def test_one_matrix(f, b):
    check_grads(f, (A, b))


@pytest.mark.parametrize("f", [solved, summed])
def test_matrix_of_right_hand_sides(f):
    check_grads(f, (A, M))
    check_grads(f, (np.stack([A, A.T]), M))


def test_stacks():
    def f(a):
        return np.sum(np.linalg.slogdet(a)[1] ** 2) + np.sum(np.linalg.slogdet(a)[-1])

    check_grads(f, (np.stack([A, A.T + 1]),))
    check_grads(f, (A,))


def test_source():
    def source(f, *args):
        gradient = grad(f, argnums=(0, 1))
        gradient(*args)
        return gradient.source

    assert "np.linalg.solve(a.T" in source(solved, A, V)
    assert "solve_adjoint_b" not in source(solved, A, V) + source(solved, A, M)
    assert "0.5 * np.linalg.inv(a).T" in source(logarithm, A, V)
    assert "solve_adjoint_b" in source(solved, np.stack([A, A]), M)


def test_float32():
    d_a, d_b = grad(solved, argnums=(0, 1))(A.astype(np.float32), V)
    assert (d_a.dtype, d_b.dtype) == (np.float32, np.float64)


def test_second_derivative():
    check_grads(lambda a: np.sum(grad(lambda a: logarithm(a, V) + solved(a, V))(a) ** 2), (A,))
