"""Loops that only collect elements for the backward part."""

import numpy as np

from knetsrc import grad, value_and_grad
from language.checking import V, by_grad, check


def source(f, *args):
    gradient = grad(f)
    gradient(*args)
    return gradient.source


def test_sums_in_the_order_of_the_elements():
    def f(w, xs, ys):
        total = 0.0
        for n, (x, y) in enumerate(zip(xs, ys)):  # noqa: B905
            total += n * (w @ x - y) ** 2
        return total

    check(f, V, [V, 2 * V, V[::-1]], [0.5, 0.2, 0.1])
    text = source(f, V, [V, 2 * V], [0.5, 0.2])
    assert "for n, (x, y) in enumerate(zip(xs, ys)):" in text
    assert "saved" not in text


def test_what_is_carried_goes_from_the_last_element_to_the_first():
    def f(w, xs):
        total = 0.0
        for x in xs:
            total = total * x[0] + np.sum((w * x) ** 2)
        return total

    check(f, V, [V, 2 * V, V + 1.0])
    assert "for x in reversed(list(xs)):" in source(f, V, [V, 2 * V])


def test_what_can_be_gone_through_once():
    def f(w, xs):
        total = 0.0
        for x in xs:
            total += np.sum((w * x) ** 2)
        return total

    expected = grad(f)(V, [V, 2 * V])
    np.testing.assert_allclose(grad(f)(V, iter([V, 2 * V])), expected)
    np.testing.assert_allclose(grad(f)(V, (x for x in [V, 2 * V])), expected)


def test_elements_that_change_after_the_loop():
    def written(w, xs):
        total = 0.0
        for x in xs:
            total += np.sum((w * x) ** 2)
        xs[0][1] = 3.0
        return total + np.sum(xs[0])

    def bound(w, xs):
        total = 0.0
        for x in xs:
            total += np.sum((w * x) ** 2)
        xs = xs[1:]
        return total * np.sum(xs[0])

    def grown(w):
        xs, total = [1.0, 2.0], 0.0
        for x in xs:
            total += np.sum((w * x) ** 2)
        xs.append(3.0)
        return total * xs[-1]

    check(written, V, [V + 1.0, 2 * V], ways=(by_grad,))
    check(bound, V, [V, 2 * V])
    check(grown, V)


def test_element_that_is_read_after_the_loop():
    def f(w, xs):
        total = 0.0
        for x in xs:
            total += np.sum((w * x) ** 2)
        return total * np.sum(w * x)

    check(f, V, [V, 2 * V])


def test_value_and_gradient_go_through_lists_twice_and_iterators_once():
    def f(w, xs, ys):
        total = 0.0
        for x, y in zip(xs, ys):  # noqa: B905
            total += y * np.sum(w * x)
        return total

    both = value_and_grad(f)
    xs, ys = [V, 2 * V, V + 1.0], [0.5, 0.2, 0.1]
    expected = both(V, xs, ys)
    assert both.source.count("for x, y in zip(xs, ys):") == 2
    for x in (iter(xs), tuple(xs), np.stack(xs)):
        value, gradient = both(V, x, ys)
        np.testing.assert_allclose(value, expected[0])
        np.testing.assert_allclose(gradient, expected[1])


def test_target_that_the_loop_binds_again():
    def f(w, xs):
        total = 0.0
        for x in xs:
            total += np.sum((w * x) ** 2)
            x = x + 1.0
            total += np.sum(w * x)
        return total

    value, gradient = value_and_grad(f)(V, [V, 2 * V])
    np.testing.assert_allclose(value, f(V, [V, 2 * V]))
    np.testing.assert_allclose(gradient, grad(f)(V, [V, 2 * V]))
    check(f, V, [V, 2 * V])


def test_loop_that_ends_early():
    def f(w, xs):
        total = 0.0
        for x in xs:
            if np.sum(total) > 20.0:
                break
            total += np.sum((w * x) ** 2)
        return total

    def skipping(w, xs):
        total = 0.0
        for x in xs:
            if x[0] > 1.2:
                continue
            total += np.sum((w * x) ** 2)
        return total

    xs = [V, 2 * V, V + 1.0, 3 * V]
    for g in (f, skipping):
        both = value_and_grad(g)
        both(V, xs)
        value, gradient = both(V, xs)
        np.testing.assert_allclose(value, g(V, xs))
        np.testing.assert_allclose(gradient, grad(g)(V, xs))
        check(g, V, xs)


def test_loop_whose_elements_nothing_needs():
    def f(x, z):
        e = np.sin(z)
        for n, e in enumerate(x * 0.5):  # noqa: B007
            if n > 0:
                break
        return np.sum(x) + e * z

    check(f, V, 0.3)
    value_and_grad(f)(V, 0.3)
