"""O-rings of the space shuttle: how likely is damage at 31 F? A posterior, its mode and its width."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import grad

# temperature at the joint (F) and whether an O-ring was damaged; Dalal et al., JASA 84, 1989
FLIGHTS = """66 0, 70 1, 69 0, 68 0, 67 0, 72 0, 73 0, 70 0, 57 1, 63 1, 70 1, 78 0, 67 0, 53 1, 67 0,
75 0, 70 0, 81 0, 76 0, 79 0, 75 1, 76 0, 58 1"""


def negative_log_posterior(theta, temperature, damaged, scale):
    """Logistic regression with normal priors of the given scale."""
    logits = theta[0] + theta[1] * temperature
    log_likelihood = np.sum(damaged * logits - np.logaddexp(0, logits))
    log_prior = -0.5 * np.sum((theta / scale) ** 2)
    return -(log_likelihood + log_prior)


slope = grad(negative_log_posterior)


def main():
    path = options(__doc__, slope)
    flights = np.array([flight.split() for flight in FLIGHTS.split(",")], dtype=float)
    rows = {}
    for name, scale in {"flat prior": 1e6, "prior": np.array([10.0, 0.2])}.items():
        rest = (*flights.T, scale)
        found = minimize(negative_log_posterior, np.zeros(2), rest, jac=slope, method="BFGS")
        at_31 = 1 / (1 + np.exp(-found.x @ [1, 31]))
        rows[name] = [*found.x, *np.sqrt(np.diag(found.hess_inv)), at_31]
    rows["published"] = [15.043, -0.2322, 7.379, 0.1082, 0.9996]
    table("damage", rows, "constant", "by degree", "+-", "+-", "damage at 31 F")
    temperature = np.linspace(30, 85, 56)
    constant, by_degree = rows["prior"][:2]
    damage = 1 / (1 + np.exp(-(constant + by_degree * temperature)))
    plot(path, temperature, "temperature (F)", damage=damage)


if __name__ == "__main__":
    main()
