"""Weather guessed from umbrellas: a hidden Markov model learns by its forward algorithm."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad


def log_likelihood(start, transition, emission, observations):
    """Forward algorithm, scaled at each step (Rabiner, Proceedings of the IEEE 77, 1989)."""
    alpha = np.zeros((len(observations), len(start)))
    scale = np.zeros(len(observations))
    alpha[0] = start * emission[:, observations[0]]
    scale[0] = alpha[0].sum()
    alpha[0] /= scale[0]
    for t in range(1, len(observations)):
        for j in range(len(start)):
            alpha[t, j] = (alpha[t - 1] @ transition[:, j]) * emission[j, observations[t]]
        scale[t] = alpha[t].sum()
        alpha[t] /= scale[t]
    return np.log(scale).sum()


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@value_and_grad
def objective(theta, observations):
    start = softmax(theta[:2])
    transition = softmax(theta[2:6].reshape(2, 2))
    emission = softmax(theta[6:].reshape(2, 2))
    return -log_likelihood(start, transition, emission, observations)


def main():
    path = options(__doc__, objective)
    rng = np.random.default_rng(3)
    state, observations = 0, []
    for _ in range(200):
        observations.append(int(rng.random() < (0.2, 0.9)[state]))
        state = int(rng.random() < (0.1, 0.8)[state])
    theta = np.array([0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.5])
    before = objective(theta, observations)[0]
    found = minimize(objective, theta, (observations,), jac=True, method="BFGS")
    transition, emission = softmax(found.x[2:].reshape(2, 2, 2))
    rows = {
        "dry days": [0.1, transition[0, 1], 0.2, emission[0, 1]],
        "wet days": [0.8, transition[1, 1], 0.9, emission[1, 1]],
    }
    title = f"-log likelihood {before:.1f}, then {found.fun:.1f}"
    table(title, rows, "wet next", "found", "umbrella", "found")
    plot(path, np.arange(200), "day", umbrella=observations)


if __name__ == "__main__":
    main()
