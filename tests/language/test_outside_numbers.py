"""Numbers of modules, classes and functions around, in lists and dicts that are written into."""

import math
from math import inf

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import V, check

LARGE = 1e3
PAIR = (0.5, 1.5)
START = [1.0, 2.0, 3.0]
NESTED = [[1.0], [2.0]]
W = np.ones(3)
NUMBER = np.float64(2.5)


class Setting:
    scale = 7.0
    weights = np.ones(3)


def test_lists_of_infinity():
    def f(x):
        dist = [math.inf] * 3
        dist[0] = x[0]
        dist[1] = min(dist[1], dist[0] + x[1])
        return dist[0] * dist[1]

    def imported(x):
        dist = [[inf] * 2, [np.inf, math.pi]]
        dist[0][0] = x[0]
        dist[1][0] = dist[0][0] + x[1]
        return dist[0][0] * dist[1][0] * dist[1][1]

    check(f, V)
    check(imported, V)


def test_shortest_way_by_name():
    def f(x):
        dist = {k: math.inf for k in "abc"}
        dist["a"] = x[0]
        for u, v, w in [("a", "b", x[1] ** 2), ("b", "c", x[2])]:
            if dist[u] + w < dist[v]:
                dist[v] = dist[u] + w
        return dist["c"]

    def of_keys(x):
        dist = dict.fromkeys("ab", LARGE)
        dist["a"] = x[0]
        dist["b"] = min(dist["b"], dist["a"] * x[1])
        return dist["b"]

    check(f, V)
    check(of_keys, V)


def test_numbers_of_modules_classes_and_functions_around():
    k = 3.0

    def f(x):
        d = {"a": LARGE, "b": -LARGE, "c": NUMBER, "d": k, "e": Setting.scale}
        d["a"] = x[0]
        d["b"] = d["a"] * x[1] * d["c"]
        return d["a"] * d["b"] + d["d"] * x[2] + d["e"]

    def smallest(x):
        dist, best = [0.0] * len(x), LARGE
        for i in range(len(x)):
            dist[i] = x[i] ** 2
            best = min(best, dist[i])
        return best

    check(f, V)
    check(smallest, V)


def test_copies_of_containers_of_numbers():
    def f(x):
        a, b, c = list(PAIR), list(START), [*START, 1.0]
        a[0], b[1], c[2] = x[0], x[1], x[2]
        return a[0] * a[1] + b[1] * b[2] + c[2] ** 2 * c[3]

    check(f, V)
    assert START == [1.0, 2.0, 3.0]


def test_elements_of_an_array_in_a_list_beside_a_list_that_is_written():
    def f(x):
        dist = [9.0] * 3
        dist[0] = x[0]
        items = [x[0], x[1]]
        for i, w in enumerate(items):
            dist[i + 1] = dist[i] + w
        return dist[2] ** 2

    check(f, V)


def _into_list(x):
    d = START
    d[0] = x[0]
    return d[0] * d[1]


def _into_array(x):
    d = W
    d[0] = x[0]
    return d[0] * d[1]


def _into_attribute(x):
    d = Setting.weights
    d[0] = x[0]
    return d[0] * d[1]


def _into_inner_list(x):
    d = list(NESTED)
    d[0][0] = x[0]
    return d[0][0] * x[0]


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (_into_list, r"copy it first: d = .*START\.copy\(\)"),
        (_into_array, r"copy it first: d = .*W\.copy\(\)"),
        (_into_attribute, r"copy it first: d = .*Setting\.weights\.copy\(\)"),
        (_into_inner_list, "let `d` hold copies"),
    ],
)
def test_what_lives_on_is_refused_by_its_name(f, message):
    with pytest.raises(UnsupportedAliasError, match=message):
        grad(f)(V)
