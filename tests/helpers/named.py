"""Functions that bind the name of the module they stand in, and those of functions that are generated; for `test_names_that_clash`."""

import numpy as np

scale = 3.0


class Params:
    def __init__(self, w, scale):
        self.w, self.scale = w, scale

    def of(named, x):  # noqa: N805
        return named.w * x * scale


def of_an_argument(named, x):
    return scale * np.sum(np.sin(named.w * x)) + named.scale


def of_a_local(x):
    named = np.sin(x)
    return scale * np.sum(named**2)


def helper(named):
    return np.tanh(named) * scale


def of_a_helper(x):
    return np.sum(helper(x) * scale)


def loop(named):
    for _ in range(2):
        named = np.sin(named) * named
    return named


def of_a_helper_that_comes_later(x):
    y = x * scale
    for _ in range(2):
        y = loop(y)
    return np.sum(y)


def of_a_method(x):
    return np.sum(Params(2.0, 7.0).of(x))


def of_a_lambda(x):
    act = lambda named: named * scale  # noqa: E731
    return np.sum(act(x) ** 2)


def of_a_comprehension(x):
    return np.sum(np.array([named * scale for named in x]) ** 2)


def of_a_closure(named):
    return lambda x: np.sum(helper(x) * named * scale)


def of_a_generated_function(x):
    loop_forward, loop_backward = x * 2.0, 3.0
    y = x
    for _ in range(2):
        y = loop(y)
    return np.sum(y * loop_forward * loop_backward)


def of_a_function_handed_over(x, act):
    given_act = 2.0 * x
    return np.sum(act(given_act) * x)
