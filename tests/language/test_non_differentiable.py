"""Values without derivative: shapes, counts, comparisons, rounding, random draws, stop_gradient."""

import math

import numpy as np

from knetsrc import grad, stop_gradient
from language.checking import M, V, check


def test_shapes_and_lengths():
    def f(m):
        rows, columns = m.shape
        return np.sum(m) / rows * columns + m.ndim * len(m) * m.size

    check(f, M)


def test_floor_of_an_active_value():
    def f(x):
        return x * np.floor(x) + math.floor(x) * x

    check(f, 2.3)


def test_integer_of_an_active_value():
    def f(x):
        n = int(x * 3.0)
        return x * n + round(x)

    check(f, 1.3)


def test_comparison_as_a_mask():
    def f(x):
        mask = x > 0
        return np.sum(mask * x**2) + np.sum(x * (x < 1.0))

    check(f, V)


def test_argmax_and_sign():
    def f(x):
        return x[np.argmax(x)] * np.sum(np.sign(x) * x)

    check(f, V)


def test_zeros_like_and_ones():
    def f(x):
        return np.sum((np.zeros_like(x) + np.ones(4) * x) ** 2 + np.arange(4) * x)

    check(f, V)


def test_random_draw_from_a_seed():
    def f(x):
        rng = np.random.default_rng(3)
        noise = rng.normal(size=x.shape)
        mask = rng.random(4) > 0.5
        return np.sum((x + noise) ** 2 * mask)

    check(f, V)


def test_seed_that_is_set_inside():
    def f(x):
        np.random.seed(3)
        return np.sum((x + np.random.randn(4)) ** 2)

    check(f, V)


def test_draws_in_one_expression_keep_their_order():
    def f(x, y):
        rng = np.random.default_rng(1)

        def drawn():
            return rng.uniform()

        return x * rng.normal() + y * rng.normal() + drawn() * x + drawn() * y

    check(f, 0.7, 1.1, argnums=(1,))
    check(f, 0.7, 1.1, argnums=(0,))


def test_random_generator_as_argument_draws_once():
    def f(x, rng):
        noise = rng.normal(size=4)
        return np.sum(x**2 * noise)

    drawn = np.random.default_rng(0).normal(size=4)
    slope = grad(f)
    slope(V, np.random.default_rng(1))
    np.testing.assert_allclose(slope(V, np.random.default_rng(0)), 2 * V * drawn)


def test_stop_gradient():
    def f(x):
        return np.sum(x * stop_gradient(x))

    np.testing.assert_allclose(grad(f)(V), V)


def test_stop_gradient_of_a_helper_result():
    def square(x):
        return x * x

    def f(x):
        target = stop_gradient(square(x))
        return np.sum((x - target) ** 2)

    np.testing.assert_allclose(grad(f)(V), 2 * (V - V**2))


def test_stop_gradient_in_a_loop():
    def f(x):
        y = x
        for _ in range(3):
            y = stop_gradient(y) * x
        return y

    np.testing.assert_allclose(grad(f)(2.0), 8.0)


def test_string_work():
    def f(x, name):
        parts = name.split("_")
        return np.sum(x) * len(parts) * int(parts[-1])

    check(f, V, "layer_of_3")


def test_dtype_and_astype_of_indices():
    def f(x, labels):
        picked = labels.astype(int)
        return np.sum(x[picked]) * (x.dtype.itemsize > 1)

    check(f, V, np.array([0, 0, 3]))


def test_integer_arithmetic():
    def f(x):
        n = 3
        m = n // 2 + n % 2 - (n << 1)
        return x * m + x**n

    check(f, 1.3)


def test_constant_function_of_inactive_arguments():
    def f(x, y):
        return np.sum(np.floor(y)) * np.sum(x)

    check(f, V, M, argnums=(0,))


def test_gradient_of_what_does_not_depend_on_it():
    def f(x, y):
        return np.sum(y**2)

    check(f, V, M)


def test_result_through_comparison_only():
    def f(x):
        return 2.0 if x > 1 else 3.0

    check(f, 1.5)


def test_math_functions():
    def f(x):
        return math.sin(x) * math.exp(-x) + math.sqrt(x) ** math.pi + math.hypot(x, 2.0)

    check(f, 1.3)


def test_isnan_guard():
    def f(x):
        if math.isnan(x) or np.isinf(x):
            return 0.0
        return x * x

    check(f, 1.3)


def test_counting_with_numpy():
    def f(x, labels):
        correct = np.sum(labels == np.array([1, 0, 1]))
        return np.sum(x) * correct

    check(f, V, np.array([1, 1, 1]))
