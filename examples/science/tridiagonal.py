"""A steady reaction and diffusion problem, solved by Thomas's algorithm in place: how it reacts, from what is measured."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def thomas(a, b, c, d):
    """Solve the system with the diagonals a (below), b and c (above); b and d are overwritten."""
    n = len(d)
    for i in range(1, n):
        w = a[i - 1] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    d[-1] /= b[-1]
    for i in range(n - 2, -1, -1):
        d[i] = (d[i] - c[i] * d[i + 1]) / b[i]
    return d


def concentration(rate, supply):
    """Solve -u'' + rate * u = supply on (0, 1), with u = 0 at both ends."""
    n = len(supply)
    h = 1 / (n + 1)
    off = np.full(n - 1, -1 / h**2)
    diagonal = 2 / h**2 + rate
    rhs = supply.copy()
    return thomas(off, diagonal, off, rhs)


@value_and_grad
def misfit(rate, supply, measured):
    error = concentration(rate, supply) - measured
    return np.sum(error**2) + 1e-8 * np.sum(np.diff(rate) ** 2)


def main():
    path = options(__doc__, misfit)
    x = np.linspace(0, 1, 42)[1:-1]
    true = 40 + 30 * np.sin(2 * np.pi * x)
    supply = 100 * np.ones_like(x)
    measured = concentration(true, supply)
    found = minimize(misfit, np.full_like(x, 20.0), (supply, measured), jac=True, method="BFGS")
    places = [5, 15, 25, 35]
    rows = {"true": true[places], "found": found.x[places]}
    table(f"misfit {found.fun:.2e}", rows, *(f"x = {x[i]:.2f}" for i in places))
    plot(path, x, "x", true=true, found=found.x)


if __name__ == "__main__":
    main()
