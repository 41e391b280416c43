"""Lists inside a list or dict that grow: groups, histories, buckets."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import NotDifferentiableError, UnsupportedAliasError, UnsupportedSyntaxError
from language.checking import V, check


def groups(x):
    d = {"even": [], "odd": []}
    for i in range(len(x)):
        d["odd" if i % 2 else "even"].append(x[i] ** 2)
    return sum(d["even"]) * sum(d["odd"]) + d["odd"][-1]


def rows(x):
    d = [[] for _ in range(2)]
    for i in range(len(x)):
        d[i % 2].append(x[i] ** 2)
    return sum(d[0]) * d[1][-1]


def with_default(x):
    d = {}
    for i in range(len(x)):
        d.setdefault(i % 2, []).append(x[i] ** 2)
    total = 1.0
    for key, values in d.items():
        total = total * sum(values) * (key + 1)
    return total


def made_when_missing(x):
    d = {}
    for i, v in enumerate(x):
        if i % 2 not in d:
            d[i % 2] = []
        d[i % 2].append(v * x[0])
    return sum(np.mean(values) for values in d.values()) * len(d[0])


def history(x):
    d = {"h": [x[0]], "c": [x[1]]}
    for _ in range(3):
        d["h"].append(np.tanh(d["h"][-1] + d["c"][-1]))
        d["c"].append(d["h"][-1] * 0.5 + x[2])
    return d["h"][-1] * d["c"][1] + sum(d["c"])


def arrays(x):
    buckets = [[], [], []]
    for i in range(len(x)):
        buckets[int(abs(x[i])) % 3].append(x[i] * x)
    return sum(np.sum(np.array(b) ** 2) for b in buckets if len(b) > 0)


def tables(x):
    d = {i: [] for i in range(2)}
    for i in range(len(x)):
        for j in range(2):
            d[j].append(x[i] ** (j + 1))
    return np.prod([sum(d[j]) for j in range(2)])


def written(x):
    d = [[], []]
    d[0] = [x[0], x[1]]
    d[1] = [x[2]]
    product = 1.0
    for row in d:
        for v in row:
            product = product * v
    return product + np.mean(d[0])


def added_rows(x):
    r = [[x[0] * x[1]]]
    for i in range(1, 4):
        r.append([np.sin(x[i])])
        for j in range(1, i + 1):
            r[i].append((4**j * r[i][j - 1] - r[i - 1][j - 1]) * r[-1][0])
    return r[3][3]


def added_empty(x):
    r = []
    for i in range(3):
        r.append([])
        for v in x:
            r[-1].append(v * i)
        if i > 0:
            r[-2].append(x[0] ** 2)
    return sum(r[1]) * sum(r[2])


def added_comprehension(x):
    r = []
    for i in range(2):
        r.append([v * i for v in x])
        r[i].append(x[0])
    return sum(r[0]) * sum(r[1])


def returned(x):
    d = {"a": [], "b": []}
    for v in x:
        d["a"].append(v * x[0])
        d["b"].append(v**2)
    return d["a"], {"all": d}


def rebound(x):
    d = {"a": [], "b": []}
    for v in x:
        d["a"].append(v)
        d["b"].append(v * v)
    d = {k: np.array(v) for k, v in d.items()}
    return np.sum(d["a"] * d["b"])


@pytest.mark.parametrize(
    "f",
    [
        groups, rows, with_default, made_when_missing, history, arrays, tables, written, added_rows, added_empty,
        added_comprehension, returned, rebound,
    ],
)  # fmt: skip
def test_lists_that_grow_inside(f):
    check(f, V)


def second_name(x):
    d = {"a": []}
    row = d["a"]
    d["a"].append(x[0])
    return sum(row)


def one_list_twice(x):
    d = [[]] * 2
    d[0].append(x[0])
    return sum(d[1])


def one_list_under_two_keys(x):
    d = {"a": [], "b": []}
    d["b"] = d["a"]
    d["a"].append(x[0])
    return sum(d["b"])


def held_by_a_comprehension(x):
    d = {"a": []}
    held = [values for values in d.values()]
    d["a"].append(x[0])
    return sum(held[0])


def held_by_a_loop(x):
    d = {"a": []}
    for values in d.values():  # noqa: B007
        pass
    d["a"].append(x[0])
    return sum(values)


def in_a_function_inside(x):
    d = {"a": []}

    def put(v):
        d["a"].append(v)

    put(x[0])
    return sum(d["a"])


def added_by_a_name(x):
    row = [x[0]]
    r = []
    r.append(row)
    r[0].append(x[1])
    return sum(row)


def added_and_held(x):
    r = []
    r.append([x[0]])
    row = r[0]
    r[0].append(x[1])
    return sum(row)


def returned_before_it_grows(x):
    r = [[]]
    try:
        return r[0]
    finally:
        r[0].append(x[0])


def added_in_a_loop_over_it(x):
    r = [[x[0]]]
    for row in r:
        if len(r) < 3:
            r.append([x[1]])
        row.append(x[2])
    return sum(r[0])


@pytest.mark.parametrize(
    "f",
    [
        second_name, one_list_twice, one_list_under_two_keys, held_by_a_comprehension, held_by_a_loop,
        in_a_function_inside, added_by_a_name, added_and_held, returned_before_it_grows, added_in_a_loop_over_it,
    ],
)  # fmt: skip
def test_list_inside_that_something_else_may_see_is_refused(f):
    with pytest.raises(UnsupportedAliasError, match=r"append"):
        grad(f)(V)


def test_history_that_is_returned_beside_the_value():
    def f(x):
        history = {"loss": []}
        for _ in range(2):
            history["loss"].append(np.sum(x**2))
            x = x * 0.5
        return np.sum(x**2), history

    gradient, history = grad(f, has_aux=True)(V)
    np.testing.assert_allclose(gradient, V / 8)
    assert history == {"loss": [np.sum(V**2), np.sum(V**2) / 4]}


def test_choice_of_the_list_that_grows():
    def f(x):
        low, middle, high = [], [], []
        for v in (x, 2.0, x * x, 3 * x):
            (low if v < 0.4 else middle if v < 1.8 else high).append(v * x)
        return sum(low) * sum(middle) * sum(high)

    check(f, 0.5)


def test_inner_lists_that_are_extended_by_an_augmented_assignment():
    def f(a):
        groups = {"a": [], "b": [a[0]]}
        for i in range(4):
            groups["abab"[i]] += [a[i] ** 2, a[i]]
        groups["a"] += (a[3],)
        groups["b"] += [v * 2.0 for v in a]
        return groups["a"][0] * groups["a"][2] * groups["b"][1] + groups["a"][4] * groups["b"][-1]

    check(f, V)


def test_array_inside_a_list_is_added_to():
    def f(a):
        rows = [a[:2] * 1.0, a[2:] * 2.0]
        rows[0] += [a[1], a[2]]
        return rows[0][0] * rows[0][1] * rows[1][0]

    check(f, V)


def test_inner_list_of_an_argument_that_is_extended_is_refused():
    def longer(rows, v):
        rows[0] += [v]
        return rows[0][-1] * rows[0][0]

    def f(a):
        return longer([[a[0]], [a[1]]], a[2])

    with pytest.raises(UnsupportedSyntaxError, match="makes a list longer"):
        grad(f)(V)


def test_inner_list_that_is_repeated_is_refused():
    def f(x):
        rows = [[x[0], x[1]], [x[2]]]
        rows[0] *= 2
        return sum(rows[0]) * rows[1][0]

    with pytest.raises(
        NotDifferentiableError, match="a list or tuple that NumPy takes as an array"
    ):
        grad(f)(V)
