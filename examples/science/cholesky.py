"""Gaussian process regression with a Cholesky decomposition in place: length scale and noise from data."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def cholesky(a):
    """Overwrite the lower triangle of `a` by its Cholesky factor."""
    n = len(a)
    for j in range(n):
        a[j, j] = np.sqrt(a[j, j] - a[j, :j] @ a[j, :j])
        for i in range(j + 1, n):
            a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a[j, j]
    return a


def covariance(log_theta, x):
    length, amplitude, noise = np.exp(log_theta)
    k = amplitude**2 * np.exp(-0.5 * ((x[:, None] - x) / length) ** 2)
    k[np.diag_indices(len(x))] += noise**2
    return k


def negative_log_likelihood(log_theta, x, y):
    """Rasmussen and Williams, Gaussian processes for machine learning, 2006, algorithm 2.1."""
    n = len(x)
    chol = cholesky(covariance(log_theta, x))
    z = y.copy()
    for i in range(n):
        z[i] = (z[i] - chol[i, :i] @ z[:i]) / chol[i, i]
    return 0.5 * z @ z + np.sum(np.log(np.diag(chol))) + 0.5 * n * np.log(2 * np.pi)


nll = value_and_grad(negative_log_likelihood)


def main():
    path = options(__doc__, nll)
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 10, 40))
    y = np.sin(x) + 0.1 * rng.standard_normal(40)
    found = minimize(nll, np.log([3.0, 1.0, 0.5]), (x, y), jac=True, method="BFGS")
    rows = {"start": [3.0, 1.0, 0.5], "found": np.exp(found.x)}
    title = f"-log likelihood {found.fun:.3f} after {found.nfev} evaluations"
    table(title, rows, "length", "amplitude", "noise")
    k = covariance(found.x, x)
    smooth = (k - np.exp(found.x[2]) ** 2 * np.eye(40)) @ np.linalg.solve(k, y)
    plot(path, x, "x", data=y, fit=smooth)


if __name__ == "__main__":
    main()
