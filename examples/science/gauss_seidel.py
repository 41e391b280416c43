"""Poisson's equation by Gauss-Seidel sweeps: where to put charge so that a sensor reads a potential."""

import numpy as np
from showing import options, plot, table

from knetsrc import grad


def potential(f, sweeps):
    """Solve -laplace(u) = f on the unit square, u = 0 at its border."""
    n = f.shape[0]
    h2 = 1 / (n - 1) ** 2
    u = np.zeros_like(f)
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                u[i, j] = 0.25 * (
                    u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + h2 * f[i, j]
                )
    return u


@grad
def misfit(f, target, sensors, sweeps):
    u = potential(f, sweeps)
    error = 0.0
    for (i, j), wanted in zip(sensors, target):
        error += (u[i, j] - wanted) ** 2
    return error


def main():
    path = options(__doc__, misfit)
    n, sweeps = 12, 60
    f = np.zeros((n, n))
    sensors, target = [(3, 3), (8, 8), (3, 8)], [0.2, -0.1, 0.05]
    for _ in range(12):
        slope = misfit(f, target, sensors, sweeps)
        # the reading is linear in the charge, so the misfit is a parabola along the slope
        change = potential(slope, sweeps)
        curvature = sum(change[place] ** 2 for place in sensors)
        f -= np.sum(slope**2) / (2 * curvature) * slope
    u = potential(f, sweeps)
    rows = {f"sensor {place}": [u[place], wanted] for place, wanted in zip(sensors, target)}
    table("potential", rows, "found", "wanted")
    plot(path, np.arange(n), "row", left=u[:, 3], right=u[:, 8])


if __name__ == "__main__":
    main()
