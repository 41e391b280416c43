"""Adjoints of `scipy.linalg`: factors that are kept for several systems, systems with a structure, roots of matrices."""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import Entries, unbroadcast
from knetsrc.backends.decompositions import cholesky_adjoint_a
from knetsrc.backends.systems import columns_product
from knetsrc.errors import KnetsrcError

_BY_TRIANGLE = ("pos", "sym", "her", "positive definite", "symmetric", "hermitian")


def _triangle(x: Any, lower: bool, k: int = 0) -> Any:
    return np.tril(x, -k) if lower else np.triu(x, k)


def assumed_matrix(a: Any, assume_a: str | None, lower: bool) -> Any:
    """The matrix that `scipy.linalg.solve(a, b, lower, assume_a=assume_a)` solves with.

    Raises
    ------
    KnetsrcError
        For a structure other than general or symmetric.
    """
    if assume_a is None or assume_a in ("gen", "general"):
        return a
    if assume_a in _BY_TRIANGLE:
        return _triangle(a, lower) + np.swapaxes(_triangle(a, lower, 1), -1, -2)
    raise KnetsrcError(
        f"gradient of scipy.linalg.solve with assume_a={assume_a!r}",
        why="which elements of the matrix are read is not known for this structure",
        instead='leave assume_a out, or use "gen", "sym" or "pos"',
    )


def assumed_adjoint(d: Any, a: Any, assume_a: str | None, lower: bool) -> Any:
    """Adjoint of `a`, from that of `assumed_matrix(a, assume_a, lower)`: zero in the triangle that is not read."""
    if assume_a in _BY_TRIANGLE:
        d = _triangle(d, lower) + _triangle(np.swapaxes(d, -1, -2), lower, 1)
    return unbroadcast(d, a)


def factors_adjoint(d: Any) -> Any:
    """The adjoint of factors, an array of adjoint `d` and a flag or a list of exchanges, which have none."""
    return Entries([d, 0.0])


def cho_factor_adjoint_a(d: Any, y: Any, a: Any, lower: bool) -> Any:
    """Adjoint of `a` in `y = scipy.linalg.cho_factor(a, lower)`; the triangle that is no factor holds what `a` does."""
    if d is None or d[0] is None:
        return np.zeros_like(a)
    factor = _triangle(y[0], lower)
    d_a = cholesky_adjoint_a(_triangle(d[0], lower), factor, a, not lower)
    return d_a + unbroadcast(_triangle(d[0], not lower, 1), a)


def cho_solve_adjoint_c(d_b: Any, y: Any, factor: Any, b: Any) -> Any:
    """Adjoint of the array in `y = scipy.linalg.cho_solve(factor, b)`.

    Parameters
    ----------
    d_b
        Adjoint of `b`.
    y
        The solution.
    factor
        What `scipy.linalg.cho_factor` gives.
    b
        One vector or a matrix.

    Returns
    -------
    array
        In the shape and dtype of the array.
    """
    c, lower = factor
    d_a = columns_product(d_b, y, b)
    d_a = -(d_a + np.swapaxes(d_a, -1, -2))
    kept = _triangle(c, lower)
    d_c = d_a @ kept if lower else kept @ d_a
    return unbroadcast(_triangle(d_c, lower), c)


def _lower_upper(lu: Any) -> tuple[Any, Any]:
    return np.tril(lu, -1) + np.eye(np.shape(lu)[0]), np.triu(lu)


def _order(piv: Any) -> Any:
    """The rows of the matrix in the order of the factors, of the exchanges that LAPACK makes."""
    order = np.arange(len(piv))
    for i in range(len(piv)):
        order[i], order[piv[i]] = order[piv[i]], order[i]
    return order


def lu_factor_adjoint_a(d: Any, y: Any, a: Any) -> Any:
    """Adjoint of the square matrix `a` in `y = scipy.linalg.lu_factor(a)`."""
    if d is None or d[0] is None:
        return np.zeros_like(a)
    left, right = _lower_upper(y[0])
    inner = np.tril(left.T @ np.tril(d[0], -1), -1) + np.triu(np.triu(d[0]) @ right.T)
    d_ordered = np.linalg.solve(left.T, np.linalg.solve(right, inner.T).T)
    return unbroadcast(d_ordered[np.argsort(_order(y[1]))], a)


def lu_solve_adjoint_lu(d_b: Any, y: Any, factors: Any, b: Any, trans: int) -> Any:
    """Adjoint of the array of factors in `y = scipy.linalg.lu_solve(factors, b, trans)`."""
    left, right = _lower_upper(factors[0])
    d_a = -columns_product(d_b, y, b) if trans == 0 else -columns_product(y, d_b, b)
    d_ordered = d_a[_order(factors[1])]
    d_lu = np.tril(d_ordered @ right.T, -1) + np.triu(left.T @ d_ordered)
    return unbroadcast(d_lu, factors[0])


def real_root(y: Any) -> Any:
    """The result of `scipy.linalg.sqrtm`, which is not always real.

    Raises
    ------
    KnetsrcError
        If it is not.
    """
    if np.iscomplexobj(y):
        raise KnetsrcError(
            "gradient of sqrtm of a matrix whose root is not real",
            why="complex numbers have no derivative here",
            instead="a matrix without negative eigenvalues",
        )
    return y
