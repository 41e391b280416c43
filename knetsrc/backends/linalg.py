"""Adjoints of determinants, pseudo-inverses, powers and products of matrices.

Every function takes the adjoint `d` of a result and gives that of one operand, in its shape and
dtype. Matrices lie along the last two axes; the axes before them count independent problems.

References
----------
.. [1] M. B. Giles, "An extended collection of matrix derivative results for forward and reverse
   mode algorithmic differentiation", Oxford University Computing Laboratory, report 08/01, 2008.
.. [2] G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
   squares problems whose variables separate", SIAM Journal on Numerical Analysis 10(2), 1973.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from knetsrc.backends.arrays import beside, unbroadcast
from knetsrc.backends.tensordot import reshape_like
from knetsrc.modules import array_module, on_device, scipy_linalg_module


def _transposed(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def det_adjoint_a(d: Any, y: Any, a: Any) -> Any:
    """Adjoint of `a` in `y = np.linalg.det(a)`: `d` times the cofactors of `a` [1]_.

    Parameters
    ----------
    d
        Adjoint of the determinants.
    y
        The determinants; where one is zero the cofactors come from the singular values.
    a
        Square matrices.

    Returns
    -------
    array
        In the shape and dtype of `a`.
    """
    if not on_device(y) and np.all(y != 0):  # on a device, to look would be to wait
        return unbroadcast(np.expand_dims(d * y, (-2, -1)) * _transposed(np.linalg.inv(a)), a)
    return unbroadcast(np.expand_dims(beside(d, a), (-2, -1)) * _cofactors(a), a)


def _cofactors(a: Any) -> Any:
    """det(U V^T) U P V^T, where P holds for each singular value the product of all others."""
    u, s, vh = np.linalg.svd(a)
    others = np.where(array_module(s).eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(
        axis=-1
    )
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * ((u * others[..., None, :]) @ vh)


def slogdet_adjoint_a(d: tuple[Any, Any], a: Any) -> Any:
    """Adjoint of `a` in `np.linalg.slogdet(a)`: that of the logarithm times the inverse transpose
    [1]_.

    Parameters
    ----------
    d
        Adjoints of the sign, which is constant, and of the logarithm; None where a part is not
        used.
    a
        Square matrices.

    Returns
    -------
    array
        In the shape and dtype of `a`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular.
    """
    if d[1] is None:
        return np.zeros_like(a)
    d_logarithm = beside(d[1], a)
    return unbroadcast(np.expand_dims(d_logarithm, (-2, -1)) * _transposed(np.linalg.inv(a)), a)


def pinv_adjoint_a(d: Any, y: Any, a: Any) -> Any:
    """Adjoint of `a` in `y = np.linalg.pinv(a)`, for matrices of locally constant rank [2]_.

    Parameters
    ----------
    d
        Adjoint of the pseudo-inverses, of shape (..., n, m).
    y
        The pseudo-inverses, of shape (..., n, m).
    a
        Matrices of shape (..., m, n).

    Returns
    -------
    array
        In the shape and dtype of `a`.
    """
    d_t, y_t = _transposed(d), _transposed(y)
    below = d_t @ y @ y_t
    beside = y_t @ y @ d_t
    return unbroadcast(below - a @ (y @ below) + beside - (beside @ y) @ a - y_t @ d @ y_t, a)


def matrix_power_adjoint_a(d: Any, a: Any, n: int) -> Any:
    """Adjoint of `a` in `np.linalg.matrix_power(a, n)`, by halving `n`.

    Parameters
    ----------
    d
        Adjoint of the powers.
    a
        Square matrices.
    n
        The exponent, of either sign.

    Returns
    -------
    array
        In the shape and dtype of `a`.
    """
    if n < 0:
        inverse = np.linalg.inv(a)
        inverse_t = _transposed(inverse)
        return unbroadcast(-inverse_t @ _power_adjoint(d, inverse, -n) @ inverse_t, a)
    return np.zeros_like(a) if n == 0 else unbroadcast(_power_adjoint(d, a, n), a)


def _power_adjoint(d: Any, a: Any, n: int) -> Any:
    if n == 1:
        return d
    if n % 2:
        rest = _transposed(np.linalg.matrix_power(a, n - 1))
        return rest @ d + _power_adjoint(d @ _transposed(a), a, n - 1)
    half = _transposed(np.linalg.matrix_power(a, n // 2))
    return _power_adjoint(d @ half + half @ d, a, n // 2)


def multi_dot_adjoint(arrays: Sequence[Any], d: Any) -> list[Any]:
    """Adjoint of each factor of `np.linalg.multi_dot(arrays)`, each with its own best order of
    products.

    Parameters
    ----------
    arrays
        Matrices; the first and the last may be vectors.
    d
        Adjoint of the product.

    Returns
    -------
    list of array
        In the shapes and dtypes of `arrays`.
    """
    first, *middle, last = arrays
    factors = [np.atleast_2d(first), *middle, last if last.ndim == 2 else last[:, None]]
    d = np.reshape(d, (len(factors[0]), factors[-1].shape[1]))
    flipped = [factor.T for factor in factors]
    return [
        reshape_like(np.linalg.multi_dot([*flipped[:i][::-1], d, *flipped[i + 1 :][::-1]]), x)
        for i, x in enumerate(arrays)
    ]


def expm_adjoint_a(d: Any, a: Any) -> Any:
    """Adjoint of `a` in `scipy.linalg.expm(a)`: the Frechet derivative of expm at the transpose, in
    direction `d`.

    Parameters
    ----------
    d
        Adjoint of the exponentials.
    a
        Square matrices.

    Returns
    -------
    array
        In the shape and dtype of `a`.

    Notes
    -----
    A. H. Al-Mohy and N. J. Higham, "Computing the Frechet derivative of the matrix exponential",
    SIAM Journal on Matrix Analysis and Applications 30(4), 2009.
    """
    if on_device(a):
        return _expm_adjoint_on_device(d, a)
    from scipy.linalg import expm_frechet  # slow to import, so only where it is used

    d_a = np.empty(np.shape(a), np.result_type(a, d))
    for index in np.ndindex(np.shape(a)[:-2]):
        d_a[index] = expm_frechet(a[index].T, d[index], compute_expm=False)
    return unbroadcast(d_a, a)


def _expm_adjoint_on_device(d: Any, a: Any) -> Any:
    """The Frechet derivative is a block of the exponential of [[a.T, d], [0, a.T]]."""
    a_t, n = _transposed(a), a.shape[-1]
    blocks = np.concatenate([a_t, d], axis=-1), np.concatenate([np.zeros_like(a_t), a_t], axis=-1)
    whole = scipy_linalg_module(a).expm(np.concatenate(blocks, axis=-2))
    return unbroadcast(whole[..., :n, n:], a)
