"""Results that a derivative reads, and that are written into later through a view or a container of them."""

import numpy as np
import pytest

from language.checking import check

X = np.array([0.3, -0.7, 1.1, 0.4])


def grown(v):
    w = 2.0 * v
    y = np.exp(w)
    return y


def a_slice(x):
    y = np.tanh(x)[1:]
    y[0] *= 2.0
    return np.sum(y**3)


def another_form(x):
    y = np.exp(x).reshape(2, 2).T
    y[0] += 2.0
    return np.sum(y**3)


def what_may_be_a_copy(x):
    y = np.sqrt(x * x + 1.0).ravel()
    y[1] -= 1.0
    return np.sum(y**3)


def functions_that_give_views(x):
    a, b = np.atleast_2d(np.exp(x)), np.flip(1 / (2.0 + x))
    a[0, 1] *= 2.0
    b[0] += 1.0
    return np.sum(a**3) * np.sum(b**2)


def an_array_as_it_is(x):
    y = np.asarray(np.exp(x))
    y[0] -= 1.0
    return np.sum(y**3)


def a_list(x):
    y = [np.exp(x), 1.0]
    y[0][1] += 2.0
    return np.sum(y[0] ** 3)


def a_list_of_lists(x):
    y = [[np.exp(x)], np.tanh(x)]
    y[0][0][1] += 1.0
    y[1][1] += 1.0
    return np.sum(y[0][0] ** 3) * np.sum(y[1])


def joined_lists(x):
    y = [x * 1.0] + [np.exp(x)]  # noqa: RUF005
    y[1][1] += 1.0
    return np.sum(y[1] ** 3) * np.sum(y[0])


def a_list_that_grows(x):
    rows = []
    for i in range(3):
        rows.append(np.exp(x * i))
    rows[1][2] += 2.0
    return np.sum(rows[1] ** 3) * np.sum(rows[2])


def a_comprehension(x):
    rows = [np.exp(x * i) for i in range(3)]
    for row in rows:
        row[0] += 1.0
    return np.sum(rows[1] ** 3) * np.sum(rows[2])


def a_tuple(x):
    pair = (np.exp(x), x)
    y = pair[0]
    y[0] += 2.0
    return np.sum(y**3) * np.sum(pair[0])


def a_dictionary(x):
    y = {}
    y["k"] = np.exp(x)
    y["k"] += 1.0
    y["k"][0] += 1.0
    return np.sum(y["k"] ** 3)


def a_dictionary_written_out(x):
    y = {"a": np.exp(x), "b": np.tanh(x)}
    y["a"][1] += 2.0
    return np.sum(y["a"] ** 3) * np.sum(y["b"])


def a_loop(x):
    total = np.zeros(4)
    for i in range(2):
        a, b = np.exp(x).reshape(2, 2), (1.0 * np.exp(x)).reshape(2, 2)
        a[i] += 1.0
        b[i] += 1.0
        total = total + (a * b).reshape(4)
    return np.sum(total**2)


def functions_that_write(x):
    y = np.exp(x).reshape(2, 2)
    np.fill_diagonal(y, 0.5)
    np.add.at(y, ([1], [0]), 3.0)
    return np.sum(y**3)


def helper(x):
    y = grown(x)[1:]
    y[0] += 1.0
    z = grown(grown(x) - 1.0)
    z[1] += 1.0
    return np.sum(y**3) * np.sum(np.log(z))


@pytest.mark.parametrize(
    "f",
    [
        a_slice, another_form, what_may_be_a_copy, functions_that_give_views, an_array_as_it_is, a_list,
        a_list_of_lists, joined_lists, a_list_that_grows, a_comprehension, a_tuple, a_dictionary,
        a_dictionary_written_out, a_loop, functions_that_write, helper,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_result_that_is_written_into(f):
    check(f, X)
