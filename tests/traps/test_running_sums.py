"""Sums that loops gather: their adjoint is not fitted to each partial sum, and still reaches every summand in its shape."""

import tracemalloc

import numpy as np
import pytest

from knetsrc import grad, vjp
from language.checking import M, V, check


def test_sum_that_grows_from_a_number_to_a_matrix():
    def gathered(xs, m):
        total = 0.0
        for x in xs:
            total += x
            total = total - np.sum(x) * m
        return total

    check(lambda xs, m: gathered(xs, m), [0.5, V[:3] * 1.0, M], M)


def test_sum_inside_a_branch_of_nested_loops():
    def gathered(x, y):
        total, count = 0, 0
        for i in range(len(x)):
            for j in range(len(y)):
                if x[i] > y[j]:
                    total += x[i] * y
                count += 1
        return total / count

    def f(x, y):
        return np.sum(gathered(x, y) ** 2)

    check(f, V, M[0] * 1.0)


def test_sum_before_and_in_the_loop():
    def gathered(a, b):
        total = 0.0
        total = total + a
        for row in b:
            total = total + row
        return total

    check(lambda a, b: np.sum(gathered(a, b) ** 2), 0.7, M)


def test_sum_that_is_read_while_it_grows():
    def gathered(b):
        total, seen = 0.0, 0.0
        for row in b:
            total = total + row
            seen = seen + np.sum(total**2)
        return total * seen

    check(lambda b: np.sum(gathered(b)), M)


def test_sum_that_starts_again_in_each_round():
    def gathered(a, b):
        out = []
        for k in range(2):
            total = 0.0
            for row in b:
                total = total - row * a**k
            out.append(total)
        return out[0] * out[1]

    check(lambda a, b: np.sum(gathered(a, b)), 0.7, M)


def test_partial_sums_are_not_kept_for_their_shapes():
    def gathered(xs):
        total = 0.0
        for x in xs:
            total += x**2
        return total

    _, pullback = vjp(gathered, V)
    assert "total_saved" not in pullback.source
    np.testing.assert_allclose(pullback(1.0)[0], 2 * V)


def test_step_that_stays_the_same_is_not_kept_for_each_round():
    def moved(x, h):
        for _ in range(3):
            x = x + h / 2 * np.sin(x)
        return x

    source = grad(lambda x, h: np.sum(moved(x, h))).source
    assert "h / 2" in source.partition("_backward")[2]
    check(lambda x, h: np.sum(moved(x, h)), V, 0.3)


def test_step_that_changes_is_kept():
    def moved(x, h):
        for _ in range(3):
            x = x + h / 2 * np.sin(x)
            h = 0.5 * h
        return x

    check(lambda x, h: np.sum(moved(x, h)), V, 0.3)


def test_step_that_cannot_be_computed_in_no_round():
    def moved(x, n):
        for _ in range(n):
            x = x + np.sin(x) * (1 / n)
        return x

    check(lambda x, n: np.sum(moved(x, n)), V, 0)
    check(lambda x, n: np.sum(moved(x, n)), V, 2)


@pytest.mark.parametrize("scale", [0.5, np.array([0.5, -1.0, 2.0])])
def test_step_in_an_array_that_is_written_is_kept(scale):
    def moved(x, scale):
        steps = np.ones(3) * scale
        for _ in range(2):
            x = x + np.sin(x) * (steps[0] / 2) + np.cos(x) * (steps / 2)
            steps[0] = steps[0] * x[1]
        return x

    check(lambda x, s: np.sum(moved(x, s)), V[:3] * 1.0, scale)


def test_matrix_product_and_sum_of_what_is_repeated():
    def f(a, b, x):
        return np.sum(-(a * b * x) - a * (x + b)) + np.sum(-np.exp(a * b) * x)

    check(f, V[:3] * 1.0, M[:, :1] * 1.0, M)


def test_array_that_shrinks_is_kept_as_its_outline():
    def f(u, k):
        for _ in range(2):
            inner = u[1:-1] + k * u[2:]
            u = np.concatenate([u[:1], inner])
        return np.sum(u**2)

    source = grad(f, argnums=(0, 1)).source
    assert "outline(inner)" in source
    assert "outline(u)" not in source  # its values are read for the adjoint of k
    check(f, np.array([0.5, -1.2, 2.0, 0.3, 0.7]), 0.4)


def test_array_whose_values_are_read_is_no_outline():
    def f(u, k):
        for _ in range(2):
            u = np.concatenate([u[1:], k * u[:1] ** 2])
        return np.sum(u**3)

    assert "outline" not in grad(f, argnums=(0, 1)).source
    check(f, V, 0.4)


def test_shape_of_a_state_takes_no_memory():
    def moved(u, steps):
        for _ in range(steps):
            u = np.concatenate([u[1:], u[:1]])
        return np.sum(u * u)

    u = np.ones(100_000)
    gradient = grad(moved)
    gradient(u, 1)
    tracemalloc.start()
    gradient(u, 50)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * u.nbytes
