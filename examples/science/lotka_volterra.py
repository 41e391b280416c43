"""Hares and lynxes, 1900 to 1920: the rates of the Lotka-Volterra equations from the pelts that were traded."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad

# thousands of pelts, Hudson's Bay Company; Howard, Modeling basics, 2009
HARES = "30 47.2 70.2 77.4 36.3 20.6 18.1 21.4 22 25.4 27.1 40.3 57 76.6 52.3 19.5 11.2 7.6 14.6 16.2 24.7"
LYNXES = "4 6.1 9.8 35.2 59.4 41.7 19 13 8.3 9.1 7.4 8 12.3 19.5 45.7 51.1 29.7 15.8 9.7 10.1 8.6"
STEPS = 20  # in a year


def simulate(parameters, years):
    """Populations at the start of each year, by the midpoint rule."""
    alpha, beta, gamma, delta, u, v = parameters
    h = 1 / STEPS
    pelts = np.zeros((years, 2))
    for year in range(years):
        pelts[year, 0] = u
        pelts[year, 1] = v
        for _ in range(STEPS):
            um = u + 0.5 * h * (alpha - beta * v) * u
            vm = v + 0.5 * h * (delta * u - gamma) * v
            u += h * (alpha - beta * vm) * um
            v += h * (delta * um - gamma) * vm
    return pelts


@value_and_grad
def misfit(log_parameters, pelts):
    return np.sum((np.log(simulate(np.exp(log_parameters), len(pelts))) - np.log(pelts)) ** 2)


def main():
    path = options(__doc__, misfit)
    pelts = np.array([HARES.split(), LYNXES.split()], dtype=float).T
    guess = np.log([0.6, 0.03, 0.9, 0.03, 30.0, 5.0])
    found = minimize(misfit, guess, (pelts,), jac=True, method="BFGS")
    # the posterior means of Carpenter's case study of Stan, 2018
    rows = {"found": np.exp(found.x), "published": [0.55, 0.028, 0.80, 0.024, 33.9, 5.9]}
    names = ["alpha", "beta", "gamma", "delta", "hares", "lynxes"]
    table(f"misfit {found.fun:.3f} after {found.nfev} evaluations", rows, *names)
    hares, lynxes = simulate(np.exp(found.x), len(pelts)).T
    plot(path, np.arange(1900, 1921), "year", hares=hares, lynxes=lynxes, pelts=pelts)


if __name__ == "__main__":
    main()
