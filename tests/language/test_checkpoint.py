"""`checkpoint`: a helper that keeps its arguments only, and is computed again in the backward part."""

import tracemalloc

import numpy as np
import pytest

from knetsrc import KnetsrcError, NotDifferentiableError, checkpoint, grad
from language.checking import M, V, check


def plain_layer(u, c):
    v = np.tanh(u * c)
    w = v * np.sin(v)
    return w + u


layer = checkpoint(plain_layer)


@checkpoint
def inner(u):
    return np.exp(u * 0.1) * u


@checkpoint
def outer(u):
    v = inner(u) + u
    return inner(v) * v


def plain_outer(u):
    v = np.exp(u * 0.1) * u + u
    return np.exp(v * 0.1) * v * v


@checkpoint
def power(n, x):
    if n < 2:
        return x**n
    return power(n - 1, x) * power(n - 2, x)


@checkpoint
def halves(x):
    y = np.cos(x)
    return y[:1] * x[:1], y[1:] * 2.0


@checkpoint
def drawing(x, rng):
    return x * rng.standard_normal(x.shape)


@checkpoint
def of_a_seed(x):
    rng = np.random.default_rng(3)
    return x * rng.standard_normal(x.shape)


@checkpoint
def first_of(x, numbers):
    return x * next(numbers)


@checkpoint
def changing(x):
    x[0] = 0.5 * x[1]
    return np.sin(x)


@checkpoint
def scaled(x):
    x *= 2.0
    return x * x


class Net:
    def __init__(self, w):
        self.w = w

    @checkpoint
    def layer(self, x):
        y = np.tanh(self.w * x)
        return y * y

    @staticmethod
    @checkpoint
    def last(x):
        y = np.sin(x)
        return y * x


def refused(f, *args):
    with pytest.raises(KnetsrcError) as caught:
        grad(f)(*args)
    return str(caught.value).splitlines()


def test_checkpointed_function_is_the_function():
    assert layer(0.5, 2.0) == plain_layer(0.5, 2.0)
    assert (layer.__name__, layer.__module__) == ("plain_layer", __name__)
    assert Net(2.0).layer(0.5) == np.tanh(1.0) ** 2


def test_helper_in_a_loop():
    def f(u, c):
        for i in range(4):
            u = layer(u, c * i)
        return np.sum(u)

    check(f, V, V[::-1] * 0.5)


def test_gradient_is_that_without_checkpoints_to_the_last_bit():
    def f(u, c):
        for _ in range(5):
            u = layer(u, c)
        return np.sum(u)

    def g(u, c):
        for _ in range(5):
            u = plain_layer(u, c)
        return np.sum(u)

    for one, other in zip(grad(f, (0, 1))(V, 0.7), grad(g, (0, 1))(V, 0.7), strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_the_arguments_are_kept():
    def f(u):
        return np.sum(layer(u, 2.0) * layer(u * 3.0, 1.0))

    source = grad(f).source
    forward, _, backward = source[source.index("def f_grad") :].partition("# value =")
    assert "_forward" not in forward
    assert backward.count("plain_layer_forward") == 2


def test_inside_of_a_checkpoint():
    def f(u):
        return np.sum(outer(u) * u)

    check(f, V)


def test_that_calls_itself():
    def f(x):
        return power(5, x)

    check(f, 1.3)


def test_method_and_static_method():
    net = Net(0.7)

    def f(x):
        return np.sum(net.layer(x) * Net.last(x))

    check(f, V)


def test_object_that_is_an_argument():
    def f(w, x):
        net = Net(w)
        return np.sum(net.layer(x))

    check(f, 0.3, V)


def test_lambda_and_nested_function():
    def f(x):
        @checkpoint
        def g(z):
            y = z * x
            return y * y

        return np.sum(checkpoint(lambda t: np.sin(t) * x)(g(x)))

    check(f, V)


def test_marked_where_it_is_called():
    def f(x):
        again = checkpoint(plain_layer)
        return np.sum(again(x, 2.0) * plain_layer(x, 3.0))

    check(f, V)


def test_result_taken_apart():
    def f(x):
        a, b = halves(x)
        return np.sum(a) * np.sum(b * b)

    check(f, V)


def test_argument_that_is_bound_anew_by_the_caller():
    def f(x):
        y = layer(x, 2.0)
        x = np.cos(x)
        return np.sum(x * y)

    check(f, V)


def test_argument_that_the_caller_overwrites():
    def f(x):
        u = x * 2.0
        y = layer(u, x)
        u[0] = y[1]
        u[1:] *= 3.0
        return np.sum(u * y)

    check(f, V)


def test_argument_that_a_loop_overwrites():
    def f(x):
        u = x * 1.0
        total = 0.0
        for i in range(len(x)):
            y = layer(u, 0.5)
            u[i] = y[i] * u[0]
            total += np.sum(y)
        return total + np.sum(u)

    check(f, V)


def test_keyword_and_star_arguments():
    def f(x):
        pair = (x, 0.5)
        return np.sum(layer(c=x, u=x * x) + layer(*pair))

    check(f, V)


def test_matrix_and_container():
    @checkpoint
    def mlp(ws, x):
        for w in ws:
            x = np.tanh(w @ x)
        return x

    def f(ws, x):
        return np.sum(mlp(ws, x))

    check(f, [M[:2, :2], M[1:3, :2]], M[:2, 0])


def test_gradient_of_the_gradient():
    slope = grad(lambda x: outer(x) * layer(x, 2.0))
    other = grad(lambda x: plain_outer(x) * plain_layer(x, 2.0))
    assert grad(slope)(1.2) == pytest.approx(grad(other)(1.2), rel=1e-12)


def test_numbers_drawn_from_a_seed_are_drawn_again():
    def f(x):
        return np.sum(of_a_seed(x) * x)

    check(f, V)


def test_memory_is_that_of_the_arguments():
    @checkpoint
    def deep(x):
        for _ in range(20):
            x = np.sin(x) * x
        return x

    def f(x):
        for _ in range(10):
            x = deep(x)
        return np.sum(x)

    x = np.linspace(0.5, 1.0, 20_000)
    gradient = grad(f)
    gradient(x)
    tracemalloc.start()
    gradient(x)
    peak = tracemalloc.get_traced_memory()[1] / x.nbytes
    tracemalloc.stop()
    assert 40 < peak < 80  # 10 arguments, and what one call keeps: twice 20; all of them keep 400


def test_random_numbers_are_refused():
    lines = refused(lambda x: np.sum(drawing(x, np.random.default_rng(0))), V)
    assert lines[0] == "`rng.standard_normal` in a function that is computed again"
    assert lines[1].endswith(", in drawing")
    assert lines[-1] == "  instead:  draw the numbers outside, and pass them as an argument"


def test_what_an_iterator_gives_is_refused():
    lines = refused(lambda x: np.sum(first_of(x, iter([2.0, 3.0]))), V)
    assert lines[0] == "`next` in a function that is computed again"


def test_write_into_an_argument_is_refused():
    lines = refused(lambda x: np.sum(changing(x * 2.0)), V)
    assert lines[0] == "a checkpointed function that writes into its argument `x`"
    assert lines[-1] == "  instead:  let it copy the argument first: x = x.copy()"


def test_augmented_assignment_to_an_argument():
    def f(x):
        return np.sum(scaled(x))

    assert grad(f)(3.0) == 24.0
    assert "x *= 2.0" in "\n".join(refused(f, V))


def test_builtin_is_refused():
    with pytest.raises(NotDifferentiableError, match="`sin` cannot be checkpointed"):
        checkpoint(np.sin)


def test_other_decorators_of_nested_functions_are_refused():
    def twice(function):
        return lambda *args: 2.0 * function(*args)

    def f(x):
        @twice
        def g(z):
            return z * x

        return g(x)

    lines = refused(f, 3.0)
    assert lines[0] == "a decorator of a function defined inside a differentiated function"
