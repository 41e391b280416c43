"""Names of a generated module and of its functions."""

import numpy as np

from knetsrc import grad
from knetsrc.testing import check_grads
from knetsrc.transform.names import Names


def test_names_that_a_module_avoids_are_free_for_its_functions():
    names = Names(["g"], avoided={"g_1"})
    assert names.fresh("g") == "g_2"
    assert Names(names.taken).fresh("g") == "g_1"


def deep_0(g, h, depth):
    if depth <= 0:
        return (np.linspace(-1.0, 0.9, 6).reshape(2, 3) * h).T[depth % 2, 1]
    return np.sin(deep_0(0.5 * g, h, depth - 1)) * 0.9


def name_of_a_copy(x, z):
    x = 0.3 * np.maximum(x, deep_0(-0.31, 1.08, 2))
    power = 1.3 + x
    return np.sum(deep_0(np.sum(x), 0.3 * z, 3) * power)


def test_value_named_like_the_copy_of_the_function_that_gives_it():
    check_grads(name_of_a_copy, (np.array([0.4, 1.2]), 0.7))
    assert grad(name_of_a_copy)(np.array([0.4, 1.2]), 0.7).shape == (2,)
