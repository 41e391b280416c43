"""Burgers' equation with a shock: the first velocities, found from the last ones."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def step(u, flux, nu, dt, dx):
    """One step of Rusanov's scheme, periodic; u is overwritten, flux is a buffer."""
    right = np.roll(u, -1)
    speed = np.maximum(np.abs(u), np.abs(right))
    flux[1:] = 0.25 * (u**2 + right**2) - 0.5 * speed * (right - u) - nu * (right - u) / dx
    flux[0] = flux[-1]
    u -= dt / dx * (flux[1:] - flux[:-1])


def burgers(u, nu, dt, dx, steps):
    u = u.copy()
    flux = np.empty(len(u) + 1)
    for _ in range(steps):
        step(u, flux, nu, dt, dx)
    return u


@value_and_grad
def misfit(start, measured, nu, dt, dx, steps):
    error = burgers(start, nu, dt, dx, steps) - measured
    return dx * np.sum(error**2)


def main():
    path = options(__doc__, misfit)
    n, nu, dt, steps = 64, 0.01, 0.004, 60
    dx = 1 / n
    x = dx * np.arange(n)
    true = 0.5 + np.sin(2 * np.pi * x)
    rest = (burgers(true, nu, dt, dx, steps), nu, dt, dx, steps)
    guess = np.full(n, 0.5)
    settings = {"method": "L-BFGS-B", "bounds": [(-2, 2)] * n, "options": {"maxiter": 100}}
    found = minimize(misfit, guess, rest, jac=True, **settings)
    rows = {
        "guess": [misfit(guess, *rest)[0], np.abs(guess - true).max()],
        "found": [found.fun, np.abs(found.x - true).max()],
    }
    title = f"{found.nfev} evaluations"
    table(title, rows, "misfit at the end", "largest error at the start")
    plot(path, x, "x", true=true, found=found.x, end=rest[0])


if __name__ == "__main__":
    main()
