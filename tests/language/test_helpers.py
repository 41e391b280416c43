"""Helper functions of the user, each a pair of its own."""

import functools

import numpy as np

from knetsrc import grad
from language.checking import M, V, check


def relu(x):
    return np.maximum(0.0, x)


def affine(w, b, x):
    return w @ x + b


def halves(x):
    n = len(x) // 2
    return x[:n], x[n:]


def total_and_count(xs):
    total = 0.0
    for x in xs:
        total = total + x
    return total, len(xs)


def log_square(x):
    y = np.log(x * x + 1.0)
    z = y * x
    return z


def settle(x):
    while np.sum(x) > 1.0:
        x = x * 0.6
    return x


def print_size(x):
    print(x.shape)


def mixed(x, labels):
    return x[labels] * len(labels)


def test_dictionary_in_a_tuple_of_results():
    def both(x):
        y = x * 2.0
        return y, {"a": y * 3.0, "b": y}

    def f(x):
        y, d = both(x)  # of d only one entry is read
        return np.sum(y * d["a"])

    check(f, V)


def test_helper_called_once():
    def f(x):
        return np.sum(log_square(x))

    check(f, V)


def test_helper_called_twice_with_different_active_arguments():
    def f(w, x):
        a = affine(w, x[:2], x)
        b = affine(M, a, x * 2.0)
        return np.sum(a * b)

    check(f, M, V[:3])


def test_helper_in_a_loop():
    def f(x):
        for _ in range(3):
            x = log_square(x)
        return np.sum(x)

    check(f, V)


def test_helper_in_a_branch_of_a_loop():
    def f(xs):
        s = 1.0
        for i, x in enumerate(xs):
            if i % 2:
                s = s * log_square(x)
            else:
                s = s + log_square(s)
        return s

    check(f, [0.5, 1.5, 2.0])


def test_helper_inside_an_expression():
    def f(x, y):
        return np.sum(log_square(x) * log_square(y) + log_square(log_square(x)))

    check(f, V, V + 1.0)


def test_helper_that_returns_a_tuple():
    def f(x):
        a, b = halves(np.sin(x))
        return np.sum(a * b)

    check(f, V)


def test_helper_whose_tuple_is_indexed():
    def f(x):
        parts = halves(np.sin(x))
        return np.sum(parts[0] * parts[1] * len(parts))

    check(f, V)


def test_helper_with_an_unused_part_of_its_result():
    def f(x):
        a, _ = halves(np.sin(x))
        return np.sum(a)

    check(f, V)


def test_helper_that_returns_active_and_inactive_values():
    def f(xs):
        total, count = total_and_count(xs)
        return total**2 / count

    check(f, [0.5, 1.5, 2.0])


def test_helper_of_a_helper():
    def outer(x):
        return log_square(x) * 2.0

    def f(x):
        return np.sum(outer(outer(x)))

    check(f, V)


def test_helper_with_a_while_loop_in_a_loop():
    def f(x):
        s = 0.0
        for i in range(3):
            x = settle(x) * (1.5 + i)
            s = s + np.sum(x**2)
        return s

    check(f, V)


def test_helper_without_a_result():
    def f(x):
        print_size(x)
        return np.sum(x**2)

    check(f, V)


def test_helper_with_inactive_argument():
    def f(x):
        return np.sum(mixed(x, [0, 2, 2]))

    check(f, V)


def test_helper_that_ignores_its_active_argument():
    def shape_of(x):
        return x.shape[0] * 1.0

    def f(x):
        return np.sum(x) * shape_of(x)

    check(f, V)


def test_helper_that_returns_its_argument():
    def same(x):
        return x

    def f(x):
        y = same(x)
        return np.sum(same(y) * y)

    check(f, V)


def test_helper_that_returns_its_argument_twice():
    def twice(x):
        return x, x

    def f(x):
        a, b = twice(x)
        return np.sum(a * b + a)

    check(f, V)


def test_helper_called_with_the_same_argument_twice():
    def product(a, b):
        return a * b

    def f(x):
        return np.sum(product(x, x))

    check(f, V)


def test_helper_that_takes_a_container():
    def dense(layer, x):
        return np.tanh(layer["w"] @ x + layer["b"])

    def f(layers, x):
        for layer in layers:
            x = dense(layer, x)
        return np.sum(x)

    check(f, [{"w": M, "b": V[:2]}, {"w": M.T, "b": V[:3]}], V[:3])


def test_helper_that_returns_a_dictionary():
    def moments(x):
        return {"mean": np.mean(x), "square": np.mean(x**2)}

    def f(x):
        m = moments(x)
        return m["square"] - m["mean"] ** 2

    check(f, V)


def test_helper_that_returns_a_list():
    def powers(x, n):
        ys = []
        for i in range(n):
            ys.append(x**i)
        return ys

    def f(x):
        s = 0.0
        for i, y in enumerate(powers(x, 4)):
            s = s + y * i
        return s

    check(f, 0.7)


def test_helper_called_for_nothing():
    def f(x):
        log_square(x)
        return np.sum(x**2)

    check(f, V)


def test_helper_with_early_return_called_in_a_comprehension():
    def leaky(x):
        if x > 0:
            return x
        return 0.1 * x

    def f(xs):
        return sum([leaky(x) ** 2 for x in xs])

    check(f, [0.5, -1.5, 2.0])


def test_multilayer_perceptron():
    def predict(ws, x):
        for i in range(0, len(ws), 2):
            x = affine(ws[i], ws[i + 1], x)
            if i < len(ws) - 2:
                x = relu(x)
        return x

    def f(ws, x, y):
        return np.mean((predict(ws, x) - y) ** 2)

    check(f, [M, V[:2, None], M.T, V[:3, None]], M.T.copy(), M.T * 0.5, argnums=(0, 1))


def test_helper_with_different_activity_at_each_call():
    def scaled(a, b):
        return a * b + b

    def f(x):
        return np.sum(scaled(x, 2.0) + scaled(3.0, x) + scaled(1.0, 2.0))

    check(f, V)


def test_conditional_call():
    def f(x, deep):
        y = log_square(x) if deep else x
        return np.sum(y * x)

    check(f, V, True)
    check(f, V, False)


def test_helper_called_in_a_condition():
    def norm(x):
        return np.sum(x * x)

    def f(x):
        if norm(x) > 1.0:
            x = x / norm(x)
        while norm(x) > 0.3:
            x = x * 0.7
        return np.sum(x * V)

    check(f, V)


def test_lstm_cell_in_a_loop():
    def cell(w, h, c, x):
        z = w @ np.concatenate([x, h])
        i, o, g = z[:2], z[2:4], z[4:]
        c = c * np.tanh(i) + np.tanh(g)
        return np.tanh(o) * np.tanh(c), c

    def f(w, inputs):
        h, c = np.zeros(2), np.zeros(2)
        loss = 0.0
        for x in inputs:
            h, c = cell(w, h, c, x)
            loss = loss + np.sum(h**2)
        return loss

    check(f, np.sin(np.arange(30.0)).reshape(6, 5), np.stack([V[:3], V[1:], M[0]]))


@functools.lru_cache
def cached_square(x):
    return x * x


def doubled(g):
    @functools.wraps(g)
    def wrapper(x):
        return 2.0 * g(x)

    return wrapper


@doubled
def wrapped_square(x):
    return x * x


def test_cached_helper():
    def f(x):
        return cached_square(x) * x

    check(f, 1.5)


def test_wrapper_of_a_helper_is_not_skipped():
    def f(x):
        return np.sum(wrapped_square(x))

    check(f, V)


def test_wrapped_function_is_differentiated():
    check(wrapped_square, 1.5)
    check(wrapped_square, V)


def test_gradient_object_as_helper():
    loss = grad(lambda x: np.sum(x**2))

    def f(x):
        return loss.primal(x) * x[0]

    check(f, V)
