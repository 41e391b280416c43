"""Adjoints of solutions of linear systems and of least squares.

Every function takes the adjoint `d` of a result. Matrices lie along the last two axes; the axes
before them count independent problems.

References
----------
.. [1] M. B. Giles, "An extended collection of matrix derivative results for forward and reverse
   mode algorithmic differentiation", Oxford University Computing Laboratory, report 08/01, 2008.
.. [2] G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
   squares problems whose variables separate", SIAM Journal on Numerical Analysis 10(2), 1973.
"""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import unbroadcast
from knetsrc.backends.decompositions import svd_adjoint_a
from knetsrc.errors import KnetsrcError
from knetsrc.modules import scipy_linalg_module


def _transposed(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def solve_adjoint_b(d: Any, a: Any, b: Any) -> Any:
    """Adjoint of the right-hand side in `np.linalg.solve(a, b)`, not yet summed to the shape of
    `b`.

    Parameters
    ----------
    d
        Adjoint of the solution.
    a
        Square matrices of shape (..., n, n).
    b
        One vector (n,), or matrices of shape (..., n, k).

    Returns
    -------
    array
        The solution of `a.T @ x = d` [1]_, in the shape of `d`.
    """
    if np.ndim(b) == 1:
        return np.linalg.solve(_transposed(a), d[..., None])[..., 0]
    return np.linalg.solve(_transposed(a), d)


def columns_product(left: Any, right: Any, b: Any) -> Any:
    """`left @ right.T` of two arrays that hold vectors the way solutions for `b` do.

    Parameters
    ----------
    left, right
        Arrays of shape (..., n) if `b` is a vector, else of shape (..., n, k).
    b
        The right-hand side of a linear system.

    Returns
    -------
    array
        Of shape (..., n, n).
    """
    if np.ndim(b) == 1:
        return left[..., :, None] * right[..., None, :]
    return left @ _transposed(right)


def columns_image(a: Any, columns: Any, b: Any) -> Any:
    """`a @ columns` of an array that holds vectors the way solutions for `b` do.

    Parameters
    ----------
    a
        Matrices of shape (..., n, n).
    columns
        Of shape (..., n) if `b` is a vector, else of shape (..., n, k).
    b
        The right-hand side of a linear system.

    Returns
    -------
    array
        In the shape of `columns`.
    """
    if np.ndim(b) == 1:
        return (a @ columns[..., None])[..., 0]
    return a @ columns


def solve_triangular_adjoint_b(
    d: Any, a: Any, b: Any, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False
) -> Any:
    """Adjoint of the right-hand side in `scipy.linalg.solve_triangular`, not yet summed to the
    shape of `b`.

    Parameters
    ----------
    d
        Adjoint of the solution.
    a
        Triangular matrices of shape (..., n, n).
    b
        One vector (n,), or matrices of shape (..., n, k).
    trans, lower, unit_diagonal
        As in `scipy.linalg.solve_triangular`.

    Returns
    -------
    array
        In the shape of `d`.
    """
    solve_triangular = scipy_linalg_module(a).solve_triangular
    flipped = int(trans in (0, "N"))
    if np.ndim(b) > 1 or np.ndim(d) == 1:
        return solve_triangular(a, d, flipped, lower, unit_diagonal)
    return solve_triangular(a, d[..., None], flipped, lower, unit_diagonal)[..., 0]


def solve_triangular_adjoint_a(
    d_b: Any,
    y: Any,
    a: Any,
    b: Any,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    """Adjoint of `a` in `y = scipy.linalg.solve_triangular(a, b)`, zero where `a` is not read.

    Parameters
    ----------
    d_b
        What `solve_triangular_adjoint_b` gives.
    y
        The solution.
    a
        Triangular matrices of shape (..., n, n).
    b
        One vector (n,), or matrices of shape (..., n, k).
    trans, lower, unit_diagonal
        As in `scipy.linalg.solve_triangular`.

    Returns
    -------
    array
        In the shape and dtype of `a`.
    """
    d_a = -columns_product(d_b, y, b) if trans in (0, "N") else -columns_product(y, d_b, b)
    d_a = np.tril(d_a, -int(unit_diagonal)) if lower else np.triu(d_a, int(unit_diagonal))
    return unbroadcast(d_a, a)


def lstsq_adjoint_a(d: tuple[Any, ...], y: tuple[Any, ...], a: Any, b: Any) -> Any:
    """Adjoint of `a` in `y = np.linalg.lstsq(a, b)`, for a matrix of full rank [2]_.

    Parameters
    ----------
    d
        Adjoints of the solution, the sums of squared residuals, the rank and the singular values;
        None where a part is not used. That of the rank is not read.
    y
        The result.
    a
        Matrix of shape (m, n).
    b
        Of shape (m,) or (m, k).

    Returns
    -------
    array
        In the shape and dtype of `a`.

    Raises
    ------
    KnetsrcError
        If the rank of `a` is less than m and n.
    """
    _check_full_rank(y, a)
    d_x, d_squares, _, d_s = d
    x, right = _columns(y[0], b), _columns(b, b)
    residual = right - a @ x
    d_a = np.zeros_like(a)
    if d_x is not None:
        inverse = np.linalg.pinv(a)
        d_x = _columns(d_x, b)
        d_right = inverse.T @ d_x
        d_a = d_a + residual @ (inverse @ d_right).T - d_right @ x.T
        d_a = d_a + inverse.T @ x @ (d_x - a.T @ d_right).T
    if d_squares is not None and np.size(d_squares):
        d_a = d_a - 2 * (residual * d_squares) @ x.T
    if d_s is not None:
        d_a = d_a + svd_adjoint_a((None, d_s, None), np.linalg.svd(a, full_matrices=False))
    return unbroadcast(d_a, a)


def lstsq_adjoint_b(d: tuple[Any, ...], y: tuple[Any, ...], a: Any, b: Any) -> Any:
    """Adjoint of `b` in `y = np.linalg.lstsq(a, b)`, for a matrix of full rank.

    Parameters
    ----------
    d
        Adjoints of the parts of the result, as in `lstsq_adjoint_a`.
    y
        The result.
    a
        Matrix of shape (m, n).
    b
        Of shape (m,) or (m, k).

    Returns
    -------
    array
        In the shape and dtype of `b`.

    Raises
    ------
    KnetsrcError
        If the rank of `a` is less than m and n.
    """
    _check_full_rank(y, a)
    d_x, d_squares, _, _ = d
    d_b = np.zeros_like(b)
    if d_x is not None:
        d_b = d_b + np.linalg.pinv(a).T @ d_x
    if d_squares is not None and np.size(d_squares):
        d_b = d_b + 2 * (b - a @ y[0]) * d_squares
    return unbroadcast(d_b, b)


def _columns(x: Any, b: Any) -> Any:
    return x[:, None] if np.ndim(b) == 1 else x


def _check_full_rank(y: tuple[Any, ...], a: Any) -> None:
    if y[2] < min(a.shape):
        raise KnetsrcError(
            f"gradient of lstsq with a matrix of shape {a.shape} and rank {int(y[2])}",
            why="at a matrix that has not full rank the solution jumps, it has no derivative",
            instead="leave out columns that depend on others, or add a penalty on the solution",
        )
