"""A pendulum with friction, by the classical Runge-Kutta method: length and friction from its angles."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def rk4(f, y, t, h, steps):
    trajectory = np.empty((steps + 1, len(y)))
    trajectory[0] = y
    for n in range(steps):
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h / 2 * k1)
        k3 = f(t + h / 2, y + h / 2 * k2)
        k4 = f(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
        trajectory[n + 1] = y
    return trajectory


def swing(parameters, start, h, steps):
    length, friction = parameters

    def pendulum(t, y):
        angle, speed = y
        return np.array([speed, -9.81 / length * np.sin(angle) - friction * speed])

    return rk4(pendulum, start, 0.0, h, steps)


@value_and_grad
def misfit(parameters, start, h, measured):
    angles = swing(parameters, start, h, len(measured) - 1)[:, 0]
    return np.mean((angles - measured) ** 2)


def main():
    path = options(__doc__, misfit)
    start, h, steps = np.array([1.2, 0.0]), 0.05, 80
    rng = np.random.default_rng(0)
    true = np.array([1.5, 0.3])
    measured = swing(true, start, h, steps)[:, 0] + 0.02 * rng.standard_normal(steps + 1)
    guess = np.array([1.2, 0.1])
    found = minimize(misfit, guess, (start, h, measured), jac=True, method="BFGS")
    rows = {"true": true, "guess": guess, "found": found.x}
    table(f"misfit {found.fun:.2e} after {found.nfev} evaluations", rows, "length", "friction")
    times = h * np.arange(steps + 1)
    plot(path, times, "time", measured=measured, fit=swing(found.x, start, h, steps)[:, 0])


if __name__ == "__main__":
    main()
