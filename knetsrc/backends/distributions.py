"""Adjoints of the normal distribution of several variables."""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import unbroadcast


def multivariate_normal_adjoint_x(d: Any, x: Any, mean: Any, cov: Any) -> Any:
    """Adjoint of `x` in `scipy.stats.multivariate_normal.logpdf(x, mean, cov)`.

    Parameters
    ----------
    d
        Adjoint of the log-densities.
    x
        Points along the last axis; in one dimension without that axis.
    mean
        The mean, None for 0.
    cov
        A matrix, the diagonal of one, or a number for a multiple of the identity.

    Returns
    -------
    array or number
        In the shape and dtype of `x`.
    """
    scaled = _scaled(x, mean, cov)
    return unbroadcast(np.reshape(-np.reshape(d, (-1, 1)) * scaled, np.shape(x)), x)


def multivariate_normal_adjoint_mean(d: Any, x: Any, mean: Any, cov: Any) -> Any:
    """Adjoint of `mean`; parameters as for `multivariate_normal_adjoint_x`."""
    if mean is None:
        return None
    scaled = _scaled(x, mean, cov)
    d_mean = np.sum(np.reshape(d, (-1, 1)) * scaled, axis=0)
    return unbroadcast(np.reshape(d_mean, np.shape(mean)), mean)


def multivariate_normal_adjoint_cov(d: Any, x: Any, mean: Any, cov: Any) -> Any:
    """Adjoint of `cov`, zero in the upper triangle, which is not read; parameters as for `multivariate_normal_adjoint_x`."""
    scaled = _scaled(x, mean, cov)
    weighted = np.reshape(d, (-1, 1)) * scaled
    total = np.sum(np.reshape(d, (-1, 1)) * np.ones((scaled.shape[0], 1)))
    d_matrix = (weighted.T @ scaled - total * np.linalg.inv(_matrix(mean, cov))) / 2
    if np.ndim(cov) == 2:
        d_cov = np.tril(d_matrix) + np.tril(d_matrix, -1)
    elif np.ndim(cov) == 1:
        d_cov = np.diagonal(d_matrix)
    else:
        d_cov = np.trace(d_matrix)
    return unbroadcast(d_cov, cov)


def _dimension(mean: Any, cov: Any) -> int:
    if mean is not None:
        return np.size(mean)
    return 1 if np.ndim(cov) < 2 else np.shape(cov)[0]


def _matrix(mean: Any, cov: Any) -> Any:
    if np.ndim(cov) == 2:
        return np.multiply(cov, 1.0)
    return np.multiply(cov, np.eye(_dimension(mean, cov)))  # of a vector, by columns


def _scaled(x: Any, mean: Any, cov: Any) -> Any:
    """Deviations from the mean, in rows, by the inverse of the covariance."""
    rows = np.reshape(x, (-1, _dimension(mean, cov)))
    if mean is not None:
        rows = rows - np.reshape(mean, (1, -1))
    return np.linalg.solve(_matrix(mean, cov), rows.T).T
