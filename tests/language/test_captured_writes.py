"""Inner functions that write into captured arrays, or bind names of the function around them."""

import numpy as np

from language.checking import V, check


def test_element_of_a_captured_array():
    def f(x):
        y = x * 1.0

        def put(i, v):
            y[i] = v

        put(1, x[0] * x[2])
        put(0, y[1])
        return np.sum(y**3)

    check(f, V)


def test_captured_array_that_is_returned():
    def f(x):
        y = np.zeros(4)

        def put(i):
            y[i] = x[i] * x[0]
            return y

        return np.sum(put(1)) + np.sum(y)

    check(f, V)


def test_captured_arrays_in_a_loop():
    def f(x, n):
        u = x * 1.0
        w = np.zeros(4)

        def flux(i):
            w[i] = u[i] * u[i - 1]

        def update(dt):
            u[1:] -= dt * (w[1:] - w[:-1])

        for _ in range(n):
            for i in range(4):
                flux(i)
            update(0.1)
        return np.sum(u * u)

    check(f, V, 4)


def test_nonlocal_number():
    def f(x):
        total = 0.0

        def add(v):
            nonlocal total
            total += v

        for v in x:
            add(v * v)
        return total

    check(f, V)


def test_nonlocal_names_and_early_return():
    def f(x):
        total, count = x[0], 1

        def add(v):
            nonlocal total, count
            if v < 0:
                return v
            total = total * v + np.sin(total)
            count += 1
            return total * 2

        s = add(x[2])
        s += add(x[3])
        t = add(x[1])
        return s * total * count + t

    check(f, V)


def test_nonlocal_in_recursion():
    def f(x):
        acc = x[0]

        def go(n):
            nonlocal acc
            if n == 0:
                return acc
            acc = acc * x[n] + 1.0
            return go(n - 1)

        r = go(3)
        return r * acc

    check(f, V)


def test_nonlocal_array():
    def f(x):
        u = x * 1.0

        def step(dt):
            nonlocal u
            u = u + dt * np.sin(u)

        for _ in range(3):
            step(0.1)
        v = u
        step(0.2)
        return np.sum(u * v)

    check(f, V)


def test_nonlocal_index_of_a_captured_array():
    def f(x):
        u = x * 1.0
        k = 0

        def push(v):
            nonlocal k
            u[k] = v * u[k]
            k += 1

        for v in x:
            push(v)
        return np.sum(u) * k

    check(f, V)


def test_writing_function_that_is_handed_over():
    def f(x):
        y = x * 1.0

        def put(i, v):
            y[i] = v * y[i]

        def each(f):
            for i in range(4):
                f(i, x[i])

        each(put)
        return np.sum(y**2)

    check(f, V)


def test_function_in_a_function_in_a_function():
    def f(x):
        y = x * 1.0

        def outer(i):
            def inner(v):
                y[i] = v * y[i]

            inner(x[0])
            inner(y[i - 1])

        outer(1)
        outer(2)
        return np.sum(y**2)

    check(f, V)
