"""Lists, tuples, dictionaries that are built, indexed, appended to and consumed."""
# ruff: noqa: RUF005

from collections import namedtuple

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad
from language.checking import M, V, check

Pair = namedtuple("Pair", ["left", "right"])


def test_append_in_a_loop_and_stack():
    def f(x):
        ys = []
        for i in range(3):
            x = np.sin(x)
            ys.append(x * i)
        return np.sum(np.stack(ys) ** 2)

    check(f, V)


def test_append_in_nested_loops_and_index():
    def f(m):
        ys = []
        for i in range(2):
            for j in range(3):
                ys.append(m[i, j] ** 2)
        return ys[0] * ys[5] + ys[-2]

    check(f, M)


def test_append_in_a_branch():
    def f(xs):
        ys = []
        for x in xs:
            if x > 0:
                ys.append(x * x)
            else:
                ys.append(-x)
                ys.append(x)
        s = 1.0
        for y in ys:
            s = s * y
        return s

    check(f, [0.5, -1.5, 2.0])


def test_append_of_the_last_element():
    def f(x):
        ys = [x]
        for _ in range(4):
            ys.append(ys[-1] * x + 1.0)
        return ys[4] * ys[2]

    check(f, 0.7)


def test_append_of_lists():
    def f(x):
        rows = []
        for i in range(2):
            row = []
            for j in range(3):
                row.append(x * (i + j))
            rows.append(row)
        return np.sum(np.array(rows) ** 2)

    check(f, 0.7)


def test_append_of_tuples():
    def f(x):
        pairs = []
        for i in range(3):
            pairs.append((x * i, np.sin(x)))
        s = 0.0
        for a, b in pairs:
            s = s + a * b
        return s

    check(f, 0.7)


def test_list_read_while_it_grows():
    def f(x):
        states = [x]
        s = 0.0
        for i in range(3):
            states.append(np.tanh(states[i] * 1.5))
            s = s + np.sum(states[i] * states[i + 1])
        return s

    check(f, V)


def test_appended_list_is_the_result():
    def f(x):
        ys = []
        for i in range(3):
            ys.append(x * i)
        return ys

    check(f, V)


def test_list_started_again():
    def f(x):
        ys = []
        ys.append(x * x)
        a = ys[0]
        ys = []
        ys.append(x * 3.0)
        return a * ys[0]

    check(f, 0.7)


def test_list_never_read():
    def f(x):
        history = []
        for _ in range(3):
            x = x * x
            history.append(x)
        return x

    check(f, 0.7)


def test_literals():
    def f(x, y):
        pair = (x * y, x)
        names = {"a": pair[0], "b": [y, pair[1]]}
        return names["a"] * names["b"][0] + names["b"][1]

    check(f, 0.7, 1.5)


def test_list_of_lists():
    def f(x):
        grid = [[x, x * x], [1.0, x**3]]
        return grid[0][1] * grid[1][1] + grid[0][0] * grid[1][0]

    check(f, 0.7)


def test_concatenated_lists():
    def f(x, ys):
        zs = [x, *ys] + [x * 2.0]
        return zs[0] * zs[1] + zs[2] * zs[-1]

    check(f, 0.7, [1.5, 2.5])


def test_concatenated_tuples():
    def f(p, q):
        a, b, c = p + q
        return a * b * c

    check(f, (0.5, 1.5), (2.0,))


def test_repeated_list():
    def f(x):
        zs = [x] * 3
        return zs[0] * zs[1] * zs[2]

    check(f, 0.7)


def test_slice_of_a_list_is_consumed():
    def f(xs):
        tail = xs[1:]
        return tail[0] * tail[1] + xs[0]

    check(f, [0.5, 1.5, 2.0])


def test_dictionary_merged():
    def f(params, x):
        more = {**params, "b": x * 2.0}
        return np.sum(more["w"] * more["b"])

    check(f, {"w": V, "b": V}, V)


def test_dictionary_of_records_that_is_filled():
    def f(x, y):
        d = {}
        d["a"] = Pair(x, y)
        d["b"] = Pair(x * y, x + y)
        return np.sum(d["a"].left * d["b"].left) + np.sum(d["a"].right * d["b"].right)

    check(f, V, V[::-1] * 0.7)


def test_dictionary_get():
    def f(params):
        return np.sum(params.get("w", 1.0) ** 2) + params.get("missing", 3.0)

    check(f, {"w": V})


def test_membership_and_length():
    def f(params):
        if "b" in params and len(params) > 1:
            return np.sum(params["w"] * params["b"])
        return np.sum(params["w"])

    check(f, {"w": V, "b": V})
    check(f, {"w": V})


def test_named_tuple_built_and_read():
    def f(x):
        p = Pair(x * x, right=np.sin(x))
        left, right = p
        return np.sum(p.left * p.right + left * right + p[0])

    check(f, V)


def test_named_tuple_argument():
    def f(p):
        return np.sum(p.left * p.right)

    check(f, Pair(V, 2.0))


def test_list_sum_min_max():
    def f(xs):
        ys = [x * x for x in xs]
        return sum(ys) * max(ys) + min(ys)

    check(f, [0.5, 1.5, -2.0])


def test_array_of_a_list():
    def f(x, y):
        return np.sum(np.array([x, y, x * y]) ** 2)

    check(f, 0.7, 1.5)


def test_array_of_nested_lists_with_constants():
    def f(t):
        rotation = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        return np.sum(rotation @ np.array([1.0, 2.0]) * np.array([0.0, t]))

    check(f, 0.7)


def test_concatenate_of_an_appended_list():
    def f(x):
        parts = []
        for i in range(1, 4):
            parts.append(x[:i] * i)
        return np.sum(np.concatenate(parts) ** 2)

    check(f, V)


def test_helper_appends_to_its_own_list():
    def trajectory(x, n):
        xs = [x]
        for _ in range(n):
            xs.append(np.sin(xs[-1]) + 0.1)
        return xs

    def f(x):
        return sum(trajectory(x, 3)) * trajectory(x, 1)[-1]

    check(f, 0.7)


def test_container_passed_through_unchanged():
    def f(p):
        q = p
        return q["a"][0] * q["a"][1]

    check(f, {"a": [0.5, 1.5], "n": 3})


def test_element_read_in_a_loop():
    def f(ws):
        s = 1.0
        for i in range(len(ws)):
            s = s * np.sum(ws[i] ** 2)
        return s

    check(f, [V, M, V[:1]])


def test_list_of_strings_and_numbers():
    def f(items):
        s = 1.0
        for item in items:
            if not isinstance(item, str):
                s = s * item
        return s

    check(f, ["a", 0.5, "b", 1.5])


def test_index_computed_from_a_list():
    def f(xs, order):
        s = 1.0
        for i in order:
            s = s * xs[i] + xs[order[0]]
        return s

    check(f, [0.5, 1.5, 2.0], [2, 0, 0])


def test_list_copied():
    def f(xs):
        ys = list(xs)
        ys.append(xs[0] * xs[1])
        return sum(ys) * ys[-1]

    check(f, [0.5, 1.5])


def test_tuple_of_an_array():
    def f(x):
        a, b, c, d = tuple(x)
        return a * b + c * d

    check(f, V)


def test_parameters_updated_functionally():
    def f(params, rate):
        new = {k: v - rate * v**2 for k, v in params.items()}
        return sum(np.sum(v) for v in new.values())

    check(f, {"w": V, "b": M}, 0.1)


def test_entry_that_is_there_where_it_is_read():
    def f(p, use_bias):
        y = p["w"] * 2.0
        if use_bias:
            y = y + p["b"]
        return np.sum(y * y)

    check(f, {"w": V}, False, argnums=(0,))
    check(f, {"w": V, "b": 1.5}, True, argnums=(0,))


WEIGHTS = [1.5, -2.0, 3.0, 0.5]


def test_lists_as_operands_of_arrays():
    def f(x):
        w = [1.0, 2.0, 3.0, 4.0]
        total = np.dot(x, w) * np.sum(x / w) + np.sum(np.multiply(w, x) ** 2) + np.dot(WEIGHTS, x)
        return total + np.sum((x * x) ** [1.0, 2.0, 3.0, 2.0]) + ([1.0, 2.0, 3.0, 4.0] @ x) ** 2

    check(f, V)


def test_lists_of_differentiated_values_as_operands_of_arrays():
    def f(x):
        w = [x[0], x[1], 2.0, x[2] ** 2]
        return np.dot(x, w) * np.sum(x / (w - 3.0 * x)) + np.linalg.norm([x[0], x[1]])

    check(f, V)


def test_extremes_of_tuples():
    def f(x):
        value, place = min((v * v, i) for i, v in enumerate(x))
        largest = max((x[0], 7), (x[2] * 2.0, 5))
        return value * (place + 1.0) + largest[0]

    check(f, np.array([0.5, -0.3, 1.2]))


def test_best_path_with_its_steps():
    def viterbi(starts, steps):
        best = [(starts[i], [i]) for i in range(len(starts))]
        for t in range(len(steps)):
            best = [
                max((score * steps[t, i, j], path + [j]) for i, (score, path) in enumerate(best))
                for j in range(len(starts))
            ]
        score, path = max(best)
        return score * (1.0 + path[0])

    check(
        viterbi,
        np.array([0.4, 0.6]),
        np.array([[[0.7, 0.2], [0.4, 0.9]], [[0.3, 0.6], [0.8, 0.1]]]),
    )


def test_integers_of_a_differentiated_dict_as_options_of_methods():
    def shaped(x, p):
        return (
            x.reshape(*p["shape"]) + x.reshape(p["shape"]) + x.reshape(p["heads"], -1, order="F").T
        )

    def f(p, x):
        h = x @ p["w"]
        q = h.reshape(len(x), p["heads"], x.shape[1] // p["heads"])
        return q.sum(axis=p["axis"]) * np.sum(shaped(x, p) * p["w"].repeat(p["heads"]).sum())

    check(f, {"w": M[:, :2], "heads": 2, "axis": 1, "shape": (3, 2)}, M.T)


def test_a_function_of_a_module_in_a_dict_is_refused():
    for f in (
        lambda w, p: np.sum(p["module"].reshape(w, (3, 2))),
        lambda w, p: np.sum(p["module"].repeat(w, 2)),
    ):
        with pytest.raises(UnsupportedSyntaxError, match="of a module, called with a diff"):
            grad(f)(M, {"module": np})
