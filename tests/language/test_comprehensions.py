"""List, dict and generator comprehensions, nested and filtered."""
# ruff: noqa: B007, B905

import numpy as np

from language.checking import M, V, check


def test_list_comprehension():
    def f(xs):
        ys = [x * x for x in xs]
        return ys[0] * ys[1] + ys[2]

    check(f, [0.5, 1.5, -2.0])


def test_list_comprehension_into_stack():
    def f(w, xs):
        return np.sum(np.stack([np.tanh(w * x) for x in xs], axis=1) ** 2)

    check(f, V, [V + 1.0, V * 2.0])


def test_condition_in_a_comprehension():
    def f(xs):
        return sum([x * x for x in xs if x > 0]) * xs[0]

    check(f, [0.5, 1.5, -2.0])


def test_generator_sum():
    def f(xs):
        return sum(x**2 for x in xs)

    check(f, [0.5, 1.5, -2.0])


def test_generator_sum_of_arrays_with_start():
    def f(ws, x):
        return np.sum(sum((w * x for w in ws), 1.0) ** 2)

    check(f, [V, V + 1.0], V)


def test_two_generators():
    def f(xs, ys):
        return sum(x * y for x in xs for y in ys if x != y)

    check(f, [0.5, 1.5], [2.0, -0.3])


def test_nested_comprehension():
    def f(m):
        rows = [[m[i, j] ** 2 for j in range(3)] for i in range(2)]
        return rows[0][1] * rows[1][2] + sum(sum(row) for row in rows)

    check(f, M)


def test_nested_comprehension_into_array():
    def f(x):
        a = np.array([[x[i] * x[j] for j in range(4)] for i in range(4)])
        return np.sum(a**2)

    check(f, V)


def test_comprehension_variable_shadows_a_name():
    def f(x, xs):
        ys = [x * 2.0 for x in xs]
        return x * ys[0] + ys[1]

    check(f, 0.5, [1.5, 2.0])


def test_comprehension_over_zip_and_enumerate():
    def f(ws, bs):
        ys = [w * b * i for i, (w, b) in enumerate(zip(ws, bs), 1)]
        return sum(ys)

    check(f, [0.5, 1.5], [2.0, -0.3])


def test_dictionary_comprehension():
    def f(params):
        scaled = {k: v * 2.0 for k, v in params.items()}
        return np.sum(scaled["w"] ** 2) + np.sum(scaled["b"])

    check(f, {"w": V, "b": M})


def test_dictionary_comprehension_with_a_condition():
    def f(params):
        kept = {k: v for k, v in params.items() if k != "bias"}
        return sum(np.sum(v**2) for v in kept.values())

    check(f, {"w": V, "bias": M})


def test_set_comprehension_of_integers():
    def f(x, labels):
        n = len({label for label in labels})
        return np.sum(x) * n

    check(f, V, [1, 2, 2])


def test_generator_in_max():
    def f(xs):
        return max(x * x for x in xs)

    check(f, [0.5, 1.5, -2.0])


def test_generator_in_any_and_all():
    def f(xs):
        if any(x < 0 for x in xs) and not all(x < 0 for x in xs):
            return xs[0] * xs[1]
        return xs[0]

    check(f, [0.5, -1.5])


def test_generator_into_tuple():
    def f(xs):
        a, b = tuple(np.sin(x) for x in xs)
        return a * b

    check(f, [0.5, -1.5])


def test_comprehension_reads_a_closure():
    scale = 3.0

    def f(xs):
        return sum([scale * x * x for x in xs])

    check(f, [0.5, -1.5])


def test_comprehension_in_a_loop():
    def f(x, n):
        for i in range(n):
            x = sum([x * j for j in range(1, 3)]) * 0.4
        return x

    check(f, 0.7, 3)


def test_comprehension_calls_a_helper():
    def layer(w, x):
        return np.tanh(w * x)

    def f(ws, x):
        return np.sum(np.concatenate([layer(w, x) for w in ws]))

    check(f, [V, V + 1.0], V)


def test_empty_comprehension():
    def f(x):
        ys = [x * i for i in range(0)]
        return sum(ys) + x

    check(f, 0.5)


def test_generator_that_is_unpacked():
    def f(x):
        a, b = (np.sin(x[i]) for i in range(2))
        first, *rest = (v * v for v in x if v > 0.0)
        return a * b + first + sum(rest)

    check(f, np.array([0.5, 0.3, 0.2]))
