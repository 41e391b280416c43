"""`value_and_grad`: the value is that of the primal, whatever way the function takes to it."""

import numpy as np
import pytest

from knetsrc import grad, value_and_grad
from language.checking import M, V, by_value_and_grad, check


def early(x, n):
    for i in range(n):
        x = x * 1.4 + i
        if x > 5:
            return x * x
    return x + 1.0


def search(xs):
    best = xs[0]
    for x in xs:
        if x <= best:
            continue
        best = x * 1.0
        if best > 3:
            break
    else:
        best = best * 2.0
    return best


def settle(x):
    steps = 0
    while abs(x) > 0.1:
        x = x * 0.5
        steps += 1
    return x * steps


def network(ws, x):
    for w, b in ws:
        x = np.tanh(w @ x + b)
    return np.sum(x**2)


def rebinds(x, y):
    x, y = y, x * y
    x = x + y
    return x * x


def appends(x):
    ys = [x]
    for _ in range(3):
        ys.append(np.sin(ys[-1]))
    return np.sum(np.stack(ys))


def signed(x):
    total = 0.0
    for e in x:
        total += e * e if e > 0 else -e
    return total


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def passed(x):
    return x


def constant(x):
    return 3.0


CASES = [
    (early, (0.3, 2)),
    (early, (0.3, 9)),
    (search, ([0.5, 0.2, 1.5],)),
    (search, ([0.5, 3.5, 4.0],)),
    (settle, (3.0,)),
    (settle, (0.05,)),
    (network, ([(M, V[:2]), (M.T, V[:3])], V[:3])),
    (rebinds, (1.5, 0.7)),
    (appends, (V,)),
    (signed, (V,)),
    (power, (1.3, 3)),
    (passed, (1.3,)),
    (constant, (1.3,)),
]


@pytest.mark.parametrize(("f", "args"), CASES, ids=lambda part: getattr(part, "__name__", None))
def test_value_and_gradient(f, args):
    check(f, *args, ways=(by_value_and_grad,))


def test_value_is_the_very_number_of_the_primal():
    assert value_and_grad(network)([(M, V[:2])], V[:3])[0] == network([(M, V[:2])], V[:3])


def test_auxiliary_result():
    def f(x):
        y = np.sin(x)
        return np.sum(y**2), {"y": y, "name": "sine"}

    (value, aux), d_x = value_and_grad(f, has_aux=True)(V)
    assert value == f(V)[0] and aux["name"] == "sine"
    np.testing.assert_array_equal(aux["y"], np.sin(V))
    np.testing.assert_allclose(d_x, np.sin(2 * V))


def test_auxiliary_result_beside_the_gradient():
    d_x, steps = grad(lambda x: (x * x, 3), has_aux=True)(1.5)
    assert (d_x, steps) == (3.0, 3)


def test_auxiliary_result_has_no_say_in_the_gradient():
    def f(x):
        s = 0.0
        history = []
        for i in range(3):
            s = s + x**i
            history.append(s * 100.0)
        return s, history

    d_x, history = grad(f, has_aux=True)(2.0)
    assert d_x == 5.0 and history == [100.0, 300.0, 700.0]
