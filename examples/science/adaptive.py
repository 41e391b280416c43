"""Van der Pol's oscillator with steps that adapt: a step is tried, and rejected where its error is too large."""

import numpy as np
from showing import options, plot, table

from knetsrc import value_and_grad


def derivative(y, mu):
    return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])


def integrate(y, mu, end, tolerance):
    """Bogacki and Shampine's pair of orders 3 and 2, Applied Mathematics Letters 2, 1989."""
    t, h = 0.0, 0.1
    k1 = derivative(y, mu)
    while t < end:
        h = min(h, end - t)
        k2 = derivative(y + 0.5 * h * k1, mu)
        k3 = derivative(y + 0.75 * h * k2, mu)
        y_new = y + h * (2 / 9 * k1 + 1 / 3 * k2 + 4 / 9 * k3)
        k4 = derivative(y_new, mu)
        error = np.linalg.norm(h * (-5 / 72 * k1 + 1 / 12 * k2 + 1 / 9 * k3 - 1 / 8 * k4))
        if error > tolerance:
            h *= max(0.2, 0.9 * (tolerance / error) ** (1 / 3))
            continue
        t += h
        y, k1 = y_new, k4
        h *= min(5.0, 0.9 * (tolerance / error) ** (1 / 3))
    return y


@value_and_grad(argnums=(0, 1))
def position(y, mu, end, tolerance=1e-6):
    return integrate(y, mu, end, tolerance)[0]


def main():
    path = options(__doc__, position)
    y, mu, end = np.array([2.0, 0.0]), 1.5, 8.0
    value, (d_y, d_mu) = position(y, mu, end)
    rows = {
        "position": [value],
        "its change with the start": [d_y[0]],
        "its change with the first speed": [d_y[1]],
        "its change with mu": [d_mu],
    }
    table(f"after {end} units of time", rows, "value")
    times = np.linspace(0.5, end, 16)
    slopes = [position(y, mu, float(t))[1][1] for t in times]
    plot(path, times, "time", slope=slopes)


if __name__ == "__main__":
    main()
