"""Planets by pair forces and leapfrog steps: the first speed that takes a probe to its target."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def accelerations(x, mass):
    a = np.zeros_like(x)
    for i in range(len(mass)):
        for j in range(i + 1, len(mass)):
            r = x[j] - x[i]
            r3 = (r @ r + 1e-4) ** 1.5
            a[i] += mass[j] * r / r3
            a[j] -= mass[i] * r / r3
    return a


def fly(x, v, mass, dt, steps):
    """Positions after some leapfrog steps; x and v are overwritten."""
    a = accelerations(x, mass)
    for _ in range(steps):
        v += 0.5 * dt * a
        x += dt * v
        a = accelerations(x, mass)
        v += 0.5 * dt * a
    return x


@value_and_grad
def miss(speed, x, v, mass, target, dt, steps):
    v = v.copy()
    v[-1] = speed
    end = fly(x.copy(), v, mass, dt, steps)
    return np.sum((end[-1] - target) ** 2)


def main():
    path = options(__doc__, miss)
    mass = np.array([1.0, 1e-3, 3e-4, 0.0])
    x = np.array([[0.0, 0.0], [1.0, 0.0], [-1.5, 0.0], [0.0, 0.6]])
    v = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, -0.8], [-1.2, 0.0]])
    target, dt, steps = np.array([0.5, -0.9]), 0.01, 150
    rest = (x, v, mass, target, dt, steps)
    found = minimize(miss, v[-1], rest, jac=True, method="BFGS", tol=1e-8)
    rows = {"first try": v[-1], "found": found.x}
    title = f"misses by {np.sqrt(miss(v[-1], *rest)[0]):.3f}, then by {np.sqrt(found.fun):.1e}"
    table(title, rows, "speed in x", "speed in y")
    v[-1] = found.x
    flight = np.array([fly(x.copy(), v.copy(), mass, dt, n)[-1] for n in range(0, steps, 5)])
    plot(path, flight[:, 0], "x", probe=flight[:, 1])


if __name__ == "__main__":
    main()
