"""Linear systems whose factors are kept, and convolutions and filters, as programs use them."""

import numpy as np
import pytest
import scipy.linalg
from scipy import signal
from scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve

from knetsrc import KnetsrcError, UnsupportedSyntaxError, grad
from language.checking import M, V, check

A = np.array([[2.0, 0.3, -0.1], [0.2, 1.5, 0.4], [0.1, -0.3, 1.2]])
SWAPPED = A[[2, 0, 1]]
B = V[:3]


def test_factor_that_serves_two_systems():
    def of_pair(a, b):
        factor = cho_factor(a @ a.T, lower=True)
        return np.sum(cho_solve(factor, b) * cho_solve(factor, b**2))

    def unpacked(a, b):
        c, lower = cho_factor(a @ a.T)
        return b @ cho_solve((c, lower), b) + 2 * np.sum(np.log(np.diag(c)))

    check(of_pair, A, B)
    check(unpacked, A, B)


def test_factors_with_exchanged_rows():
    def of_pair(a, b):
        factors = lu_factor(a)
        return b @ lu_solve(factors, b) + np.sum(lu_solve(factors, M.T, trans=1) ** 2)

    def unpacked(a, b):
        lu, piv = lu_factor(a)
        return np.sum(lu_solve((lu, piv), b)) * np.prod(np.diag(lu))

    check(of_pair, SWAPPED, B)
    check(unpacked, SWAPPED, B)


def test_factor_of_another_function_and_in_containers():
    def gaussian_process(a, b):
        k = a @ a.T
        lower = np.linalg.cholesky(k)
        return b @ cho_solve((lower, True), b) + 2 * np.sum(np.log(np.diag(lower)))

    def factored(k):
        return {"k": k, "factor": cho_factor(k, lower=True)}

    def from_helper(a, b):
        known = factored(a @ a.T)
        total = np.sum(np.tril(known["factor"][0]) ** 2)
        if total > 0.0:
            total = total + b @ cho_solve(known["factor"], b)
        for factor in [known["factor"], cho_factor(known["k"] * 2.0)]:
            total += np.sum(cho_solve(factor, b) ** 2)
        return total

    def whole(a):
        c, _ = cho_factor(a)
        lu, _ = lu_factor(a)
        return np.sum(c * lu * a)

    check(gaussian_process, A, B)
    check(from_helper, A, B)
    check(whole, A @ A.T)


def test_factor_in_a_loop():
    def f(a, b):
        factor = cho_factor(a @ a.T)
        for _ in range(3):
            b = b - 0.1 * cho_solve(factor, b)
        return np.sum(b**2)

    check(f, A, B)


def test_symmetric_system():
    def f(a, b, kind):
        return np.sum(scipy.linalg.solve(a @ a.T, b, assume_a=kind) ** 2)

    check(f, A, B, "pos")
    check(f, A, B, "gen")
    with pytest.raises(KnetsrcError, match="assume_a='tridiagonal'"):
        grad(lambda a: np.sum(scipy.linalg.solve(a, B, assume_a="tridiagonal")))(np.diag(B))


def test_root_that_is_not_real_is_refused():
    with pytest.raises(KnetsrcError, match="root is not real"):
        grad(lambda a: np.sum(np.real(scipy.linalg.sqrtm(a))))(-A)


def test_blurred_image():
    def f(image, kernel):
        full = signal.convolve2d(image, kernel)
        part = signal.correlate2d(image, kernel, mode="valid")
        return np.sum(full**2) + np.sum(signal.fftconvolve(image, kernel, "same") ** 3) + part.sum()

    check(f, np.outer(V, B), M[:, :2])


def test_edges_other_than_zeros_are_refused():
    with pytest.raises(UnsupportedSyntaxError, match="with the argument `boundary`"):
        grad(lambda x: np.sum(signal.convolve2d(x, M, boundary="wrap")))(A)


def test_filter_with_its_coefficients():
    def f(b, a, x):
        return np.sum(signal.lfilter(b, a, x) ** 2)

    check(f, B[:2], np.array([1.0, -0.3]), V)
    check(f, B, np.array([2.0]), V)
    with pytest.raises(UnsupportedSyntaxError, match="with the argument `zi`"):
        grad(lambda x: np.sum(signal.lfilter([0.5], [1.0, 0.3], x, zi=B[:1])[0]))(V)


def test_second_derivatives():
    def slope(g):
        return lambda x: np.sum(grad(g)(x) ** 2)

    check(slope(lambda x: np.sum(signal.convolve(x, x[:2], "same") ** 2)), V)
    check(slope(lambda x: np.sum(signal.correlate(x**2, x[:2]) ** 2)), V)
    check(slope(lambda x: np.sum(signal.lfilter(x[:2], [1.0, 0.2], x) ** 2)), V)
    check(slope(lambda a: np.sum(scipy.linalg.sqrtm(a) ** 3)), A)
    check(slope(lambda a: np.sum(scipy.linalg.solve(a @ a.T, B, assume_a="pos"))), A)
    check(slope(lambda a: B @ cho_solve(cho_factor(a @ a.T), B)), A)
    check(slope(lambda a: B @ lu_solve(lu_factor(a), B)), SWAPPED)
