"""A pulse of light and a slab of glass, by finite differences in time (FDTD): its permittivity from the echo."""

import numpy as np
from scipy.optimize import root_scalar
from showing import options, plot, table

from knetsrc import value_and_grad


def echo(permittivity, cells, steps, courant=0.5):
    """Field at a detector; Yee's scheme in one dimension, absorbing left end (Mur, 1981)."""
    ez = np.zeros(cells)
    hy = np.zeros(cells - 1)
    eps = np.ones(cells)
    eps[cells // 2 : cells // 2 + 20] = permittivity
    signal = np.zeros(steps)
    mur = (courant - 1) / (courant + 1)
    for n in range(steps):
        hy += courant * (ez[1:] - ez[:-1])
        before, beside = ez[0], ez[1]
        ez[1:-1] += courant / eps[1:-1] * (hy[1:] - hy[:-1])
        ez[0] = beside + mur * (ez[1] - before)
        ez[10] += np.exp(-(((n - 40) / 12) ** 2))
        signal[n] = ez[30]
    return signal


@value_and_grad
def misfit(permittivity, measured, cells):
    return np.sum((echo(permittivity, cells, len(measured)) - measured) ** 2)


def main():
    path = options(__doc__, misfit)
    cells, steps = 120, 360
    rng = np.random.default_rng(0)
    measured = echo(2.25, cells, steps) + 0.01 * rng.standard_normal(steps)

    def slope(permittivity):
        return misfit(permittivity, measured, cells)[1]

    found = root_scalar(slope, x0=2.0, x1=2.1, method="secant").root
    rows = {
        name: [e, *misfit(e, measured, cells)] for name, e in {"guess": 2.0, "found": found}.items()
    }
    table("true permittivity: 2.25", rows, "permittivity", "misfit", "slope")
    plot(path, np.arange(steps), "step", measured=measured, fitted=echo(found, cells, steps))


if __name__ == "__main__":
    main()
