"""A neural ordinary differential equation by hand: a small network learns the motion of a spiral."""

from dataclasses import dataclass

import numpy as np
from showing import options, plot, table

from knetsrc import value_and_grad


@dataclass
class Field:
    """A velocity for each place: one hidden layer."""

    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray

    def __call__(self, y):
        return self.w2 @ np.tanh(self.w1 @ y**3 + self.b1)


def integrate(field, y, dt, steps):
    path = [y]
    for _ in range(steps):
        middle = y + 0.5 * dt * field(y)
        y = y + dt * field(middle)
        path.append(y)
    return np.stack(path)


@value_and_grad
def loss(field: Field, measured, dt):
    return np.mean((integrate(field, measured[0], dt, len(measured) - 1) - measured) ** 2)


def main():
    path = options(__doc__, loss)
    dt, steps = 0.05, 40
    spiral = np.array([[-0.1, 2.0], [-2.0, -0.1]])  # Chen et al., Neural ODEs, NeurIPS 2018
    measured = integrate(lambda y: spiral @ y**3, np.array([1.2, 0.0]), dt, steps)
    first, last = np.random.default_rng(0).standard_normal((2, 16, 2))
    field, rows = Field(0.5 * first, np.zeros(16), 0.1 * last.T), {}
    moments = {name: [0.0, 0.0] for name in vars(field)}
    for step in range(1, 301):  # Adam
        value, slope = loss(field, measured, dt)
        rows |= {f"step {step}": [value]} if step % 60 == 1 else {}
        for name, (m, v) in moments.items():
            d = getattr(slope, name)
            moments[name] = m, v = 0.9 * m + 0.1 * d, 0.99 * v + 0.01 * d**2
            m, v = m / (1 - 0.9**step), v / (1 - 0.99**step)
            setattr(field, name, getattr(field, name) - 0.02 * m / (np.sqrt(v) + 1e-8))
    rows["end"] = [loss(field, measured, dt)[0]]
    table("", rows, "loss")
    fitted = integrate(field, measured[0], dt, steps)
    plot(path, measured[:, 0], "x", measured=measured[:, 1], fitted=fitted[:, 1])


if __name__ == "__main__":
    main()
