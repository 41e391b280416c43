"""LU decomposition in place: which resistor of a network moves a voltage most?"""

import numpy as np
from showing import options, plot, table

from knetsrc import grad


def lu(a):
    """Doolittle's decomposition: L without its diagonal of ones and U, in one matrix."""
    a = a.copy()
    n = len(a)
    for k in range(n - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return a


def solve(a, b):
    a = lu(a)
    x = b.copy()
    n = len(b)
    for i in range(1, n):
        x[i] -= a[i, :i] @ x[:i]
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x


@grad
def voltage(resistance, wires, current, node):
    """Voltage at a node against ground, the last node."""
    n = len(current)
    g = np.zeros((n + 1, n + 1))
    for (i, j), r in zip(wires, resistance):
        g[i, i] += 1 / r
        g[j, j] += 1 / r
        g[i, j] -= 1 / r
        g[j, i] -= 1 / r
    return solve(g[:n, :n], current)[node]


def main():
    path = options(__doc__, voltage)
    wires = [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (3, 4), (2, 4)]
    resistance = np.array([1.0, 2.0, 1.0, 4.0, 2.0, 1.0, 5.0])
    current = np.array([1.0, 0.0, 0.0, 0.0])
    slope = voltage(resistance, wires, current, 1)
    rows = {f"{i} - {j}": [r, s] for (i, j), r, s in zip(wires, resistance, slope)}
    table("a bridge of resistors", rows, "resistance", "change of the voltage")
    plot(path, np.arange(len(wires)), "resistor", sensitivity=slope)


if __name__ == "__main__":
    main()
