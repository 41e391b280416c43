"""Adjoints of matrix decompositions.

Every function takes the adjoint `d` of a result (for a result of several parts a tuple, with None
for a part that is not used) and gives that of the matrix. Matrices lie along the last two axes; the
axes before them count independent problems.

LAPACK reads one triangle only of a symmetric matrix, and so the adjoint is zero on the other one.
The vectors of an eigenvalue or singular value that occurs twice can be any basis of their space.
Where the loss depends on that value and on vectors, the gradient is NaN: either it does not exist,
or the adjoints do not determine it. A loss of the values alone has the gradient that belongs to the
vectors which LAPACK has chosen; it is the only one if the loss is symmetric in the equal values.

References
----------
.. [1] M. B. Giles, "An extended collection of matrix derivative results for forward and reverse
   mode algorithmic differentiation", Oxford University Computing Laboratory, report 08/01, 2008.
.. [2] S. F. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions with
   application in optimum experimental design", arXiv:1001.1654, 2010.
.. [3] J. Townsend, "Differentiating the singular value decomposition", 2016.
.. [4] D. A. O. Roberts and L. R. Roberts, "QR and LQ decomposition matrix backpropagation
   algorithms for square, wide, and deep matrices", arXiv:2009.10071, 2020.
.. [5] I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, 2016.
"""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import unbroadcast
from knetsrc.errors import KnetsrcError
from knetsrc.modules import array_module


def _transposed(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def cholesky_adjoint_a(d: Any, y: Any, a: Any, upper: bool = False) -> Any:
    """Adjoint of `a` in `y = np.linalg.cholesky(a)` [5]_.

    Parameters
    ----------
    d
        Adjoint of the factor.
    y
        The factor.
    a
        Symmetric positive definite matrices.
    upper
        Whether the factor is upper triangular, made of the upper triangle of `a`.

    Returns
    -------
    array
        In the shape and dtype of `a`, zero in the triangle that is not read.
    """
    _refuse_complex(y, "cholesky")
    if upper:
        return _transposed(cholesky_adjoint_a(_transposed(d), _transposed(y), _transposed(a)))
    y_t = _transposed(y)
    inner = np.tril(y_t @ d)
    inner = (inner + np.tril(inner, -1).swapaxes(-1, -2)) / 2
    d_a = np.linalg.solve(y_t, _transposed(np.linalg.solve(y_t, inner)))
    return unbroadcast(_on_triangle(d_a, "L"), a)


def _on_triangle(symmetric: Any, uplo: str) -> Any:
    """The adjoint on the triangle that is read: an element there stands for two of the matrix."""
    if uplo.upper() == "L":
        return np.tril(symmetric) + np.tril(symmetric, -1)
    return np.triu(symmetric) + np.triu(symmetric, 1)


def eigh_adjoint_a(d: tuple[Any, Any], y: tuple[Any, Any], uplo: str = "L") -> Any:
    """Adjoint of `a` in `y = np.linalg.eigh(a)` [1]_.

    Parameters
    ----------
    d
        Adjoints of the eigenvalues and of the eigenvectors; None where a part is not used.
    y
        Eigenvalues of shape (..., n) and eigenvectors of shape (..., n, n).
    uplo
        The triangle of `a` that was read, "L" or "U".

    Returns
    -------
    array
        Of the shape of the eigenvectors, zero in the triangle that is not read.
    """
    d_values, d_vectors = d
    values, vectors = y
    _refuse_complex(vectors, "eigh")
    inner = np.zeros_like(vectors)
    if d_values is not None:
        inner = inner + _diagonal(d_values)
    if d_vectors is not None:
        turned = _transposed(vectors) @ d_vectors
        gaps = values[..., None, :] - values[..., :, None]
        inner = inner + _divide(_skew(turned), 2 * gaps, _pairs(turned, d_values), values)
    return unbroadcast(_on_triangle(vectors @ inner @ _transposed(vectors), uplo), vectors)


def _diagonal(x: Any) -> Any:
    return x[..., None] * array_module(x).eye(x.shape[-1], dtype=x.dtype)


def _skew(x: Any) -> Any:
    return x - _transposed(x)


def _pairs(turned: Any, d_values: Any) -> Any:
    """How much the loss depends on each pair of different vectors or on their values."""
    size = abs(turned) if d_values is None else abs(turned) + abs(d_values)[..., None, :]
    return np.where(array_module(size).eye(size.shape[-1], dtype=bool), 0, size + _transposed(size))


def _divide(numerator: Any, gaps: Any, size: Any, values: Any) -> Any:
    """`numerator / gaps`; where a gap is zero to rounding: 0 if `size` is zero, else NaN.

    A gap is zero if it is small beside `values`; `size` says how much the loss depends on what the
    gap belongs to. 0 / 0 has a limit there, but the adjoints at this very point do not tell which.
    """
    largest = np.max(abs(values), axis=-1)[..., None, None] if np.size(values) else 0
    closed = abs(gaps) <= 4 * np.finfo(gaps.dtype).eps * values.shape[-1] * largest
    quotient = np.where(closed, 0, numerator) / np.where(closed, 1, gaps)
    return np.where(closed & (size != 0), np.nan, quotient)


def svd_adjoint_a(d: tuple[Any, Any, Any], y: tuple[Any, Any, Any]) -> Any:
    """Adjoint of `a` in `y = np.linalg.svd(a, full_matrices=False)` [3]_.

    Parameters
    ----------
    d
        Adjoints of U, S and Vh; None where a part is not used.
    y
        U of shape (..., m, k), S of shape (..., k) and Vh of shape (..., k, n). U and Vh may be
        square, as `full_matrices=True` gives them, if the one that has more than k vectors is not
        used.

    Returns
    -------
    array
        Of shape (..., m, n).

    Raises
    ------
    KnetsrcError
        If more than k left or right vectors are used.
    """
    d_u, d_s, d_vh = d
    u, s, vh = _reduced(d, y)
    _refuse_complex(u, "svd")
    inner = np.zeros_like(vh[..., : s.shape[-1]])
    d_a = np.zeros_like(u @ vh)
    if d_s is not None:
        inner = inner + _diagonal(d_s)
    if d_u is not None or d_vh is not None:
        inner = inner + _turning((d_u, d_s, d_vh), u, s, vh)
    if d_u is not None and u.shape[-2] > s.shape[-1]:
        leaving = d_u - u @ (_transposed(u) @ d_u)
        d_a = d_a + _divide(leaving, s[..., None, :], leaving, s) @ vh
    if d_vh is not None and vh.shape[-1] > s.shape[-1]:
        leaving = d_vh - (d_vh @ _transposed(vh)) @ vh
        d_a = d_a + u @ _divide(leaving, s[..., :, None], leaving, s)
    return unbroadcast(d_a + u @ inner @ vh, u @ vh)


def _reduced(d: tuple[Any, Any, Any], y: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """U, S and Vh with as many vectors as singular values."""
    u, s, vh = y
    count = s.shape[-1]
    if (d[0] is not None and u.shape[-1] > count) or (d[2] is not None and vh.shape[-2] > count):
        raise KnetsrcError(
            "gradient of svd with full_matrices=True of a matrix that is not square",
            why="the vectors that have no singular value can be any basis of their space",
            instead="np.linalg.svd(a, full_matrices=False)",
        )
    return u[..., :count], s, vh[..., :count, :]


def _turning(d: tuple[Any, Any, Any], u: Any, s: Any, vh: Any) -> Any:
    """What the turning of the singular vectors among themselves adds between U and Vh.

    With X, Y for the skew parts of U^T dU and V^T dV, Townsend's (X s_j + s_i Y) / (s_j^2 - s_i^2)
    is written as the half of (X + Y) / (s_j - s_i) + (X - Y) / (s_j + s_i), which stays finite
    wherever the gradient exists.
    """
    d_u, d_s, d_vh = d
    none = np.zeros_like(vh[..., : s.shape[-1]])
    by_u = none if d_u is None else _transposed(u) @ d_u
    by_v = none if d_vh is None else vh @ _transposed(d_vh)
    size = _pairs(abs(by_u) + abs(by_v), d_s)
    gaps = s[..., None, :] - s[..., :, None]
    sums = s[..., None, :] + s[..., :, None]
    together, apart = _skew(by_u + by_v), _skew(by_u - by_v)
    return (_divide(together, gaps, size, s) + _divide(apart, sums, size, s)) / 2


def qr_adjoint_a(d: Any, y: Any, a: Any, mode: str = "reduced") -> Any:
    """Adjoint of `a` in `y = np.linalg.qr(a, mode)`, for matrices of full rank [2]_, [4]_.

    Parameters
    ----------
    d
        Adjoints of Q and R, None where a part is not used; with `mode="r"` the adjoint of R alone.
    y
        The result.
    a
        Matrices of shape (..., m, n); where m < n the first m columns are independent.
    mode
        As in `np.linalg.qr`: "reduced", "r", or "complete" if m <= n.

    Returns
    -------
    array
        In the shape and dtype of `a`.

    Raises
    ------
    KnetsrcError
        In mode "raw", and in mode "complete" if m > n.
    """
    rows, columns = a.shape[-2:]
    if mode not in ("reduced", "r", "complete") or (mode == "complete" and rows > columns):
        raise KnetsrcError(
            f'gradient of qr with mode="{mode}" of a matrix of shape {a.shape}',
            why="its result is not determined by the matrix alone",
            instead="np.linalg.qr(a)",
        )
    d_q, d_r = (None, d) if mode == "r" else d
    q, r = np.linalg.qr(a) if mode == "r" else y
    _refuse_complex(q, "qr")
    d_q = np.zeros_like(q) if d_q is None else d_q
    d_r = np.zeros_like(r) if d_r is None else d_r
    if rows >= columns:
        return unbroadcast(_tall_qr(d_q, d_r, q, r), a)
    d_rest = d_r[..., rows:]  # a = [left, rest] with left = q @ r_left and rest = q @ r_rest
    d_q = d_q + a[..., rows:] @ _transposed(d_rest)
    d_left = _tall_qr(d_q, d_r[..., :rows], q, r[..., :rows])
    return unbroadcast(np.concatenate([d_left, q @ d_rest], axis=-1), a)


def _tall_qr(d_q: Any, d_r: Any, q: Any, r: Any) -> Any:
    inner = np.tril(r @ _transposed(d_r) - _transposed(d_q) @ q)
    inner = inner + np.tril(inner, -1).swapaxes(-1, -2)
    return _transposed(np.linalg.solve(r, _transposed(d_q + q @ inner)))


def _refuse_complex(x: Any, name: str) -> None:
    if x.dtype.kind == "c":
        raise KnetsrcError(
            f"gradient of {name} of a complex matrix",
            why="its derivative rule is written for real numbers",
            instead="split the real and the imaginary part",
        )
