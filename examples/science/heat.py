"""Heat flows through a plate: its diffusivity from a picture of the temperatures at the end."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def diffuse(u, kappa, dt, dx, steps):
    u = u.copy()
    lap = np.zeros_like(u)
    for _ in range(steps):
        lap[1:-1, 1:-1] = (
            u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1]
        ) / dx**2
        u += dt * kappa * lap
    return u


@value_and_grad
def misfit(kappa, u, measured, dt, dx, steps):
    error = diffuse(u, kappa, dt, dx, steps) - measured
    return 0.5 * np.sum(error**2)


def main():
    path = options(__doc__, misfit)
    n, steps, dt = 33, 200, 2e-4
    x = np.linspace(0, 1, n)
    start = np.exp(-60 * ((x - 0.4) ** 2 + (x[:, None] - 0.6) ** 2))
    rng = np.random.default_rng(0)
    measured = diffuse(start, 0.7, dt, x[1], steps) + 1e-3 * rng.standard_normal((n, n))

    def objective(kappa):
        value, slope = misfit(float(kappa[0]), start, measured, dt, x[1], steps)
        return value, np.array([slope])

    found = minimize(objective, [0.3], jac=True, method="L-BFGS-B", bounds=[(0.01, 1)])
    rows = {"true": [0.7], "found": found.x}
    table(f"misfit {found.fun:.2e} after {found.nfev} evaluations", rows, "diffusivity")
    fitted = diffuse(start, found.x[0], dt, x[1], steps)
    plot(path, x, "x", start=start[n // 2], measured=measured[n // 2], fitted=fitted[n // 2])


if __name__ == "__main__":
    main()
