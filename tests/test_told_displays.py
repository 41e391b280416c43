"""Arrays that are written out number by number have a shape: `np.array([[c, -s], [s, c]])`."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check


def arm(theta, lengths, target):
    t = np.eye(3)
    for k in range(len(theta)):
        c, s = np.cos(theta[k]), np.sin(theta[k])
        t = t @ np.array([[c, -s, lengths[k] * c], [s, c, lengths[k] * s], [0, 0, 1]])
    return np.sum((t[:2, 2] - target) ** 2)


def rotated(x, angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.sum((np.array([[c, -s], [s, c]]) @ x) ** 3)


def stacked(x):
    rows = np.array([[x[0], 2], [x[1] * x[2], x[3]], [1, 0]])
    return np.sum(rows[:, None] * rows)


def variance(params, r):
    omega, alpha, beta = params
    s2 = np.var(r)
    ll = 0.0
    for t in range(len(r)):
        ll += 0.5 * (np.log(s2) + r[t] ** 2 / s2)
        s2 = omega + alpha * r[t] ** 2 + beta * s2
    return ll


def sinkhorn(c, a, b, n):
    k = np.exp(-c)
    u = np.ones_like(a)
    for _ in range(n):
        v = b / (k.T @ u)
        u = a / (k @ v)
    return np.sum(u[:, None] * k * v[None, :] * c)


@pytest.mark.parametrize(
    ("f", "args", "without"),
    [
        (arm, (V, np.ones(4), np.array([0.5, 0.1])), "matmul_adjoint"),
        (rotated, (V[:2], 0.3), "nested_like"),
        (stacked, (V,), "nested_like"),
        (variance, ((0.1, 0.2, 0.6), V), "zeros_like"),
        (sinkhorn, (np.outer(V, V[:3]) ** 2, V**2, V[:3] ** 2, 4), "unbroadcast"),
    ],
)
def test_shapes_that_are_known(f, args, without):
    check(f, *args)
    gradient = grad(f)
    gradient(*args)
    assert without not in gradient.source


def test_element_of_a_display_under_one_name():
    gradient = grad(rotated, argnums=1)
    gradient(V[:2], 0.3)
    assert "d_array[0, 0] + d_array[1, 1]" in gradient.source


def test_parts_of_several_ranks():
    def f(x):
        return np.sum(np.array([x, [1.0, x[0] ** 2, x[1], 2]]) ** 2)

    check(f, V)


def test_sum_to_which_a_turn_adds_twice():
    def f(mu, alpha, times):
        ll = -mu * 5.0
        for t in times:
            ll += np.log(mu + alpha * t)
            ll -= alpha * np.exp(-t)
        return -ll

    check(f, 0.5, 0.3, np.array([0.4, 1.2]), argnums=(0, 1))
    gradient = grad(f)
    gradient(0.5, 0.3, np.array([0.4, 1.2]))
    assert "d_ll" not in gradient.source


def test_shape_of_what_no_turn_binds():
    """It was read for its shape, and had no value."""

    def f(z, n):
        for k in range(n):
            y = z[-1]
            if k == 7:
                new = np.tanh(z)
                new[0] += new[1] * y
        return np.sum(np.sin(z) * z) + np.sum(z)

    check(f, M, 2)
    check(f, M, 0)


def test_weights_of_one_term_are_one_number():
    def f(w, x, y):
        return 0.5 * w @ w + np.mean((x @ w - y) ** 2)

    check(f, V[:3], M, V[:2])
    gradient = grad(f)
    gradient(V[:3], M, V[:2])
    assert "d_w = w + " in gradient.source
