"""What a message says to write instead can be differentiated."""

import numpy as np
import pytest

from knetsrc.testing import check_grads

ADVICE = []


def advice(*args):
    """Enter a function that follows an advice, with arguments to test it with."""
    return lambda f: ADVICE.append(pytest.param(f, args, id=f.__name__)) or f


@advice([2.0, 3.0])
def append_to_a_copy(xs):
    new = list(xs)
    new.append(xs[0] * xs[1])
    return new[0] * new[-1]


@advice(2.0)
def append_to_a_new_list(x):
    xs = [x, x * x]
    new = [2.0 * x]
    for v in xs:
        new.append(v)
    return new[0] * new[2]


@advice(2.0)
def append_one_by_one(x):
    xs = [x]
    for v in [x * x, 3.0 * x]:
        xs.append(v)
    return xs[1] * xs[2]


@advice(2.0)
def take_the_last_and_a_shorter_list(x):
    xs = [x, x * x]
    last, xs = xs[-1], xs[:-1]
    return last * xs[0]


@advice(2.0)
def reverse_by_a_slice(x):
    xs = [x, x * x]
    xs = xs[::-1]
    return xs[0] * 2.0


@advice(2.0)
def elements_that_stay(x):
    xs = [x, x * x]
    xs = [v for v in xs if v > 3.0]
    return xs[0] * x


@advice({"w": 2.0, "b": 3.0})
def new_dictionary(params):
    params = {k: v * v if k == "w" else v for k, v in params.items()}
    return params["w"] * params["b"]


@advice({"w": 2.0, "b": 3.0})
def dictionary_without_a_key(params):
    params = {k: v for k, v in params.items() if k != "b"}
    return params["w"] * 2.0


@advice(np.array([3.0, 1.0, 2.0]))
def sort_an_array(x):
    x = np.sort(x)
    return x[0] * x[2]


@advice(2.0)
def sort_a_list(x):
    xs = [x * x, x]
    xs = np.sort(np.array(xs))
    return xs[0] + 3.0 * xs[1]


@advice(np.array([3.0, 1.0, 2.0]))
def partition(x):
    x = np.partition(x, 1)
    return x[0] * x[1]


@advice(np.array([3.0, 1.0, 2.0]))
def resize(x):
    x = np.reshape(np.tile(x, 2), (2, 3))
    return np.sum(x * x)


@advice(2.0)
def fill(x):
    y = np.zeros(3)
    y = np.full_like(y, x)
    return np.sum(y * y)


@advice(np.array([3.0, 1.0, 2.0]))
def masked(x):
    y = x * x
    y = np.where(np.array([True, False, True]), 2.0 * x, y)
    return np.sum(y * x)


@advice(np.array([3.0, 1.0, 2.0]))
def shuffle(x):
    order = np.random.default_rng(0).permutation(len(x))
    x = x[order]
    return x[0] * x[1]


@advice(np.array([3.0, 1.0, 2.0]))
def rebind_the_name(x):
    y = x * 2.0
    z = y
    z = z + x
    return np.sum(y * z)


@pytest.mark.parametrize(("f", "args"), ADVICE)
def test_advice_can_be_differentiated(f, args):
    check_grads(f, args, modes=("rev",))
