"""An American put option on a binomial tree that is folded up in place: its price and its Greeks."""

import numpy as np
from showing import options, plot, table

from knetsrc import value_and_grad


def american_put(spot, sigma, rate, strike, maturity, steps):
    """Cox, Ross and Rubinstein, Journal of Financial Economics 7, 1979."""
    dt = maturity / steps
    up = np.exp(sigma * np.sqrt(dt))
    discount = np.exp(-rate * dt)
    p = (np.exp(rate * dt) - 1 / up) / (up - 1 / up)
    prices = spot * up ** np.arange(-steps, steps + 1, 2)
    values = np.maximum(strike - prices, 0)
    for n in range(steps, 0, -1):
        values[:n] = discount * (p * values[1 : n + 1] + (1 - p) * values[:n])
        prices[:n] *= up
        np.maximum(values[:n], strike - prices[:n], out=values[:n])
    return values[0]


greeks = value_and_grad(american_put, argnums=(0, 1, 2))


def main():
    path = options(__doc__, greeks)
    rows = {}
    for steps in (5, 50, 500):  # Hull's example: 4.49 with 5 steps, 4.28 with 500
        price, (delta, vega, rho) = greeks(50.0, 0.4, 0.1, 50.0, 5 / 12, steps)
        rows[f"{steps} steps"] = [price, delta, vega, rho]
    table("an American put", rows, "price", "delta", "vega", "rho")
    spots = np.linspace(35.0, 65.0, 31)
    deltas = [greeks(float(s), 0.4, 0.1, 50.0, 5 / 12, 100)[1][0] for s in spots]
    plot(path, spots, "spot", delta=deltas)


if __name__ == "__main__":
    main()
