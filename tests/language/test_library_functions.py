"""Functions of Python and NumPy that sort, or that call a function for each element."""

import numpy as np
import pytest

from knetsrc import NotDifferentiableError, grad
from language.checking import M, V, check


def bent(t):
    return t * t if t > 0.0 else -t


vectorized = np.vectorize(bent)


@np.vectorize
def scaled(t, a):
    return t * t * a if t > 0.0 else -t * a


def test_sorted_by_the_values_themselves():
    def f(xs):
        up, down = sorted(xs), sorted([x * x for x in xs], reverse=True)
        return up[0] * 2.0 + up[1] ** 2 + down[0] * down[2] + up[2] ** 3

    check(f, [1.5, 2.0, -0.5])
    check(f, V)


def test_sorted_by_a_key_in_reverse():
    def f(xs):
        ys = sorted(xs, key=lambda x: x * x, reverse=True)
        return ys[0] * 2.0 + ys[1] ** 2 + ys[2] ** 3

    check(f, [1.5, 2.0, -0.5])


def test_sorted_pairs_in_a_loop():
    def f(xs):
        s = 0.0
        for a, b in sorted([(x, x * i) for i, x in enumerate(xs)]):
            s = s * 0.5 + a * b
        return s

    check(f, [1.5, 2.0, -0.5])


def test_vectorize():
    def f(x, a):
        g = np.vectorize(lambda t: t**3 if t > 0.0 else t * a)
        return np.sum(g(x) * x) + np.sum(vectorized(x)) + g(a)

    check(f, M, 1.5)


def test_vectorize_with_two_arguments():
    def f(x, a):
        return np.sum(scaled(x, a) * x) + np.sum(scaled(x[0], x) * a)

    check(f, M, 1.5)


def test_vectorize_of_a_function_that_gives_an_integer_first_is_refused():
    def f(x):
        return np.sum(np.vectorize(lambda t: t if t > 1.0 else 0)(x))

    with pytest.raises(NotDifferentiableError, match="gives an integer first"):
        grad(f)(V)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_apply_along_axis(axis):
    def normalized(row):
        return row / np.sum(row * row)

    def f(x):
        y = np.apply_along_axis(normalized, axis, x)
        return np.sum(y * x * x) + np.sum(np.apply_along_axis(np.linalg.norm, axis, x) ** 3)

    check(f, M)


def test_apply_along_the_middle_axis():
    def f(x):
        y = np.apply_along_axis(lambda row: row[:2] * np.sum(row), 1, np.reshape(x, (1, 3, 2)))
        return np.sum(y**2 * np.arange(4.0).reshape(1, 2, 2))

    check(f, M)


def test_apply_along_axis_of_a_function_that_gives_a_matrix_is_refused():
    def f(x):
        return np.sum(np.apply_along_axis(lambda row: np.outer(row, row), 1, x))

    with pytest.raises(NotDifferentiableError, match="gives a matrix"):
        grad(f)(M)


def test_sums_and_means_of_some_elements():
    def f(x, mask):
        return np.sum(np.sum(x**2, axis=1, where=mask) * x.mean(axis=1, where=mask))

    check(f, M, M > 0)
    check(lambda x: np.sum(x**3, where=x > 0), V)
    check(lambda x: x.sum(where=[True, False, True, True]) ** 2, V)


def test_softmax_of_some_elements():
    def f(x):
        e = np.exp(x - np.max(x))
        return np.sum((e / np.sum(e, where=x > 0)) ** 2)

    check(f, V)


def test_options_of_functions_on_grids():
    def mesh(x, y):
        a, b = np.meshgrid(x, y, indexing="ij")
        return np.sum(np.sin(a) * b**2)

    check(mesh, V, V[:3])
    check(lambda x: np.sum(np.gradient(x, 0.5, axis=1) ** 2), M)
    check(
        lambda x, fp, low: np.sum(np.interp(x, [0.0, 1.0, 1.5], fp, left=low, right=0.0) ** 2),
        V, V[:3], 0.4,
    )  # fmt: skip


def test_differences_with_values_put_before_and_after():
    check(lambda x, first: np.sum(np.diff(x, prepend=first) ** 2), V, 0.3)
    check(lambda x: np.sum(np.diff(x, append=x[:2]) ** 3), V)
    check(lambda x: np.sum(np.diff(x, axis=0, prepend=0.0, append=x[:1]) ** 2), M)


def test_polynomial_with_its_coefficients_in_an_array_or_a_list():
    check(lambda p, x: np.sum(np.polyval(p, x) ** 2), V, M)
    check(lambda p, x: np.polyval(p, x) * np.polyval(p, x + 1), [0.3, 1.0, 2.0], 0.7)


def test_norms_of_vectors():
    def f(x):
        return np.sum(np.linalg.vector_norm(x, axis=1) ** 3) * np.linalg.vector_norm(x, ord=2)

    check(f, M)


def test_list_of_the_numbers_of_an_array():
    def loop(x):
        total = 0.0
        for v in x.tolist():
            total += v * v
        return total

    def grown(x):
        values = x.tolist()
        values.append(values[0] * 2)
        values[1] = values[1] ** 2
        return sum(values) * len(values) + np.mean(values) ** 2

    def rows(m):
        values = m.tolist()
        return values[0][1] * sum(values[1]) + values[0][0] ** 2

    check(loop, V)
    check(grown, V)
    check(rows, M)
    check(lambda x: sum(v**3 for v in np.exp(x).tolist()), V)


def test_sorted_by_the_entries_of_a_container():
    def ranks(x):
        order = sorted(range(len(x)), key=x.__getitem__)
        return sum(x[i] * rank for rank, i in enumerate(order)) + max(order, key=x.__getitem__)

    check(ranks, [1.5, 2.0, -0.5])
    check(ranks, V)

    def best(scores):
        first, second = sorted(scores, key=scores.get, reverse=True)[:2]
        return scores[first] ** 2 * scores[second] + scores[min(scores, key=scores.get)]

    check(best, {"a": 1.5, "b": 2.0, "c": -0.5})
