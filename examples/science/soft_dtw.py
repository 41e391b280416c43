"""The average of curves that are shifted in time, by soft dynamic time warping."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def soft_dtw(x, y, gamma):
    """Cuturi and Blondel, Soft-DTW, ICML 2017."""
    n, m = len(x), len(y)
    r = np.full((n + 1, m + 1), np.inf)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            paths = np.array([r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]])
            best = paths.min()
            soft = best - gamma * np.log(np.sum(np.exp(-(paths - best) / gamma)))
            r[i, j] = (x[i - 1] - y[j - 1]) ** 2 + soft
    return r[n, m]


@value_and_grad
def spread(average, curves, gamma):
    total = 0.0
    for curve in curves:
        total += soft_dtw(average, curve, gamma) / len(curves)
    return total


def main():
    path = options(__doc__, spread)
    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 16)
    peaks = rng.uniform(0.3, 0.7, 3)
    curves = [np.exp(-80 * (t - peak) ** 2) + 0.02 * rng.standard_normal(16) for peak in peaks]
    mean = np.mean(curves, axis=0)
    found = minimize(
        spread, mean, (curves, 0.1), jac=True, method="L-BFGS-B", options={"maxiter": 30}
    )
    rows = {
        "mean": [mean.max(), spread(mean, curves, 0.1)[0]],
        "warped average": [found.x.max(), found.fun],
    }
    table(f"{len(curves)} curves with a peak of height 1", rows, "height of the peak", "spread")
    plot(path, t, "time", mean=mean, average=found.x, first=curves[0], second=curves[1])


if __name__ == "__main__":
    main()
