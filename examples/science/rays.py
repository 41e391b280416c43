"""Seismic rays through layers: velocities from the times and places at which the rays come up again."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def shoot(velocity, thickness, angle):
    """Distance and time of a ray that goes down until a layer turns it back."""
    p = np.sin(angle) / velocity[0]
    distance, time = 0.0, 0.0
    for k in range(len(velocity)):
        sine = p * velocity[k]
        if sine >= 1:
            break  # total reflection
        cosine = np.sqrt(1 - sine**2)
        distance += 2 * thickness[k] * sine / cosine
        time += 2 * thickness[k] / (velocity[k] * cosine)
    return distance, time


@value_and_grad
def misfit(velocity, thickness, angles, measured):
    error = 0.0
    for angle, (distance, time) in zip(angles, measured):
        x, t = shoot(velocity, thickness, angle)
        error += (x - distance) ** 2 + (t - time) ** 2
    return error


def main():
    path = options(__doc__, misfit)
    thickness = np.array([1.0, 1.5, 2.0])
    true = np.array([2.0, 2.8, 4.0])
    angles = np.radians([10, 15, 20, 25, 35, 40])
    measured = [shoot(true, thickness, angle) for angle in angles]
    guess = np.array([2.1, 2.7, 3.8])
    rest = (thickness, angles, measured)
    found = minimize(misfit, guess, rest, jac=True, method="BFGS")
    rows = {"true": true, "guess": guess, "found": found.x}
    title = f"misfit {found.fun:.1e} after {found.nfev} evaluations"
    table(title, rows, "first layer", "second layer", "third layer")
    times = [shoot(found.x, thickness, angle)[1] for angle in angles]
    plot(path, np.degrees(angles), "angle", time=times)


if __name__ == "__main__":
    main()
