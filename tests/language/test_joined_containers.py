"""Containers that are joined, repeated, merged, copied, and made of other containers."""
# ruff: noqa: B905, RUF005

import dataclasses
from collections import namedtuple
from dataclasses import dataclass, replace

import numpy as np
import pytest

from knetsrc import grad
from language.checking import V, by_grad, by_value_and_grad, by_vjp, check

Pair = namedtuple("Pair", ["left", "right"])
WAYS = (by_grad, by_vjp, by_value_and_grad)


@dataclass
class Layer:
    w: np.ndarray
    b: float
    name: str = "layer"


def squares_of_joined(xs, y):
    zs = xs + [y]
    total = 0.0
    for z in zs:
        total = total + z * z
    return total


def multiples(x):
    ys = []
    for i in range(3):
        ys.append(x * i)
    return ys


def test_list_with_an_element_added():
    def f(xs, y):
        zs = xs + [y]
        return zs[0] * zs[1] * zs[2]

    check(f, [0.5, 1.5], 2.0, ways=WAYS)


def test_list_with_arrays_added():
    def f(xs, y):
        zs = xs + [y, y * 2]
        return sum(np.sum(z * z) for z in zs)

    check(f, [V, V * 2], V)


def test_tuple_joined_from_both_sides():
    def f(a, rest):
        t = (a, a * a) + rest
        return t[0] * t[1] * t[2] * t[3]

    check(f, 0.7, (2.0, 0.3))


def test_repeated_list_of_two():
    def f(x, n):
        zs = [x, x * x] * n
        return zs[0] * zs[1] * zs[2] * zs[5]

    check(f, 0.7, 3, ways=WAYS)


def test_repeated_list_in_a_loop():
    def f(x, n):
        zs = n * [x]
        s = 0.0
        for z in zs:
            s = s + z * z
        return s

    check(f, 0.7, 3)


def test_starred_list():
    def f(xs, y):
        zs = [*xs, y]
        return zs[0] * zs[1] * zs[2]

    check(f, [0.5, 1.5], 0.3)


def test_two_starred_sequences():
    def f(xs, ys):
        zs = (*xs, 2.0, *ys)
        return zs[0] * zs[1] * zs[2] * zs[3] * zs[4]

    check(f, [0.5, 1.5], (0.3, 0.9), ways=WAYS)


def test_starred_array():
    def f(x, y):
        zs = [*x, y]
        return zs[0] * zs[1] * zs[2] * zs[-1]

    check(f, V, 0.3)


def test_list_of_the_elements_of_an_array():
    def f(w):
        x = w * 2.0
        ys = list(x)
        ys.append(w[0])
        return sum(ys) * ys[1]

    check(f, V)


def test_dictionaries_joined_by_an_operator():
    def f(d, e):
        m = d | e
        return np.sum(m["w"] * m["b"] * m["c"])

    check(f, {"w": V, "b": 0.5}, {"b": 2.0, "c": V}, ways=WAYS)


def test_get_with_a_differentiated_default():
    def f(d, y):
        return d.get("w", 1.0) ** 2 * d.get("missing", y)

    check(f, {"w": 0.7}, 0.5)


def test_get_that_gives_none():
    def f(d):
        b = d.get("b")
        s = np.sum(d["w"])
        if b is not None:
            s = s * b
        return s

    check(f, {"w": V})


def test_dict_by_keywords():
    def f(x, v):
        d = dict(a=x * 2, b=v)
        return np.sum(d["a"] * d["b"])

    check(f, 0.5, V)


def test_element_of_a_slice_of_a_list():
    def f(xs):
        a = xs[::-1]
        return a[0] * a[1] + xs[1:][0] * xs[-2:][1]

    check(f, [0.5, 1.5, -2.0])


def test_named_tuple_replaced():
    def f(p, x):
        q = p._replace(right=x * p.right)
        return np.sum(q.left * q.right)

    check(f, Pair(V, 2.0), 0.3, ways=WAYS)


def test_dataclass_replaced():
    def f(p, x):
        q = replace(p, b=x * p.b)
        return np.sum(q.w * q.b)

    check(f, Layer(V, 2.0), 0.3)


def test_dataclass_replaced_by_the_module():
    def f(p, x):
        q = dataclasses.replace(p, b=x * p.b, name="m")
        return np.sum(q.w * q.b)

    check(f, Layer(V, 2.0), 0.3)


def test_list_copied_by_its_method():
    def f(xs):
        ys = xs.copy()
        ys.append(xs[0] * 2)
        return sum(ys) * ys[0]

    check(f, [0.5, 1.5])


def test_count_and_index():
    def f(xs):
        return xs[0] * xs.count(9.5) + xs[1] * ["a", 3].index(3)

    check(f, [0.5, 1.5])


def test_list_of_the_values_of_a_dictionary():
    def f(d):
        vs = list(d.values())
        return np.sum(vs[0] * vs[1])

    check(f, {"a": 0.5, "b": V})


def test_containers_compared():
    def f(a, b):
        if a == b or len(a) < 2 or a > b:
            return a[0]
        return a[0] * b[1]

    check(f, [0.5, 1.5], [1.0, 2.0])


def test_list_joined_in_a_loop():
    def f(xs, n):
        zs = []
        x = xs[0]
        for _ in range(n):
            x = np.sin(x) * xs[1]
            zs = zs + [x]
        return zs[0] * zs[1] + zs[2]

    check(f, [0.5, 1.5], 3, ways=WAYS)


def test_tuple_joined_in_a_loop():
    def f(x, n):
        h = ()
        for _ in range(n):
            x = np.sin(x)
            h = h + (x,)
        return sum(np.sum(v * i) for i, v in enumerate(h))

    check(f, V, 3)


def test_list_joined_in_branches():
    def f(xs, y):
        if y > 0:
            zs = xs + [y]
        else:
            zs = [y] + xs
        return zs[0] * zs[2]

    check(f, [0.5, -1.5], 0.7, ways=WAYS)


def test_members_without_gradient():
    def f(xs, y):
        zs = xs + [y, "b", 3]
        return zs[0] * zs[2] * zs[3]

    check(f, [0.5, "a", 1.5], 0.7)


def test_joined_list_is_the_result():
    def f(xs):
        return xs + [xs[0] * 2]

    check(f, [0.5, 1.5])


def test_joined_tuple_is_the_result():
    def f(p, v):
        return p + (v * p[0],)

    check(f, (0.5, 1.5), V)


def test_sum_of_a_starred_list():
    def f(xs):
        return sum([*xs, 2.0 * xs[0]])

    check(f, [0.5, 1.5])


def test_joined_list_is_stacked():
    def f(xs):
        return np.sum(np.stack(xs + [xs[0] * 2]) ** 2)

    check(f, [V, V + 1])


def test_list_reversed():
    def f(xs):
        ys = list(reversed(xs))
        return np.sum(ys[0] * ys[1] ** 2)

    check(f, [V, V + 1])


def test_sum_of_the_values():
    def f(d):
        e = {k: v * v for k, v in d.items()}
        return sum(e.values()) * e["a"]

    check(f, {"a": 0.5, "b": 1.5})


def test_dict_of_a_dict():
    def f(d):
        e = dict(d)
        f = dict(d, c=e["a"] * 2)
        return f["a"] * f["c"] * e["b"]

    check(f, {"a": 0.5, "b": 1.5})


def test_dict_of_pairs():
    def f(xs):
        d = dict([("a", xs[0]), ("b", xs[1])])
        return d["a"] * d["b"]

    check(f, [0.5, 1.5])


def test_lists_of_lists_joined():
    def f(x):
        a = [[x], [x * x]]
        b = a + [[x**3, x]]
        return b[0][0] * b[1][0] * b[2][0] * b[2][1]

    check(f, 0.5)


def test_largest_of_a_joined_list():
    def f(xs):
        return max(xs + [1.0]) * min([*xs, 0.7])

    check(f, [0.5, 1.5])


def test_dictionary_merged_in_a_loop():
    def f(d, e):
        for _ in range(3):
            d = {**d, "a": d["a"] * e["a"]}
        return d["a"]

    check(f, {"a": 0.5}, {"a": 0.6})


def test_helper_joins_lists():
    def f(xs, y):
        return squares_of_joined(xs, y) * y

    check(f, [0.5, 1.5], 0.7)


def test_results_of_helpers_joined():
    def f(x):
        zs = multiples(x) + multiples(x * x)
        return zs[1] * zs[4] + zs[5]

    check(f, 0.5)


def test_array_plus_a_list_of_constants():
    def f(xs):
        x = xs[0]
        return np.sum((x + [1.0, 2.0, 3.0, 4.0]) * xs[1])

    check(f, [V, 2 * V])


def test_array_plus_a_list():
    def f(x, y):
        return np.sum((x + [y, 2.0, 3.0, y]) * x)

    check(f, V, 0.5)


def test_list_of_tuples_is_consumed():
    def f(ps):
        return np.sum(sum(a * v for a, v in ps))

    check(f, [(0.5, V), (1.5, 2 * V)])


def test_containers_of_unknown_kind_are_joined():
    def f(params):
        zs = params["xs"] + [params["y"]]
        return zs[0] * zs[1] * zs[2]

    check(f, {"xs": [0.5, 1.5], "y": 2.0})


def test_list_and_tuple_by_turns():
    def f(xs):
        return sum(xs + xs)

    slope = grad(f)
    assert slope([0.5, 1.5]) == [2.0, 2.0]
    assert slope((0.5, 1.5)) == (2.0, 2.0)


def test_array_after_a_list():
    slope = grad(lambda p, q: np.sum((p + q)[0] ** 2), argnums=(0, 1))
    assert slope([0.5], [1.5]) == ([1.0], [0.0])
    for found in slope(V, V):
        np.testing.assert_allclose(found, [4.0 * V[0], 0.0, 0.0, 0.0])


def test_zipped_list():
    def f(xs, ys):
        pairs = list(zip(xs, ys))
        return pairs[0][0] * pairs[1][1] + xs[2]

    check(f, [0.5, 1.5, 2.0], [0.3, 0.7])


def test_items_and_numbered_elements_kept():
    def f(params, xs):
        items, numbered = list(params.items()), list(enumerate(xs))
        return items[0][1] * items[1][1] + numbered[1][1] ** 2 * numbered[1][0]

    check(f, {"a": 0.5, "b": 1.5}, [0.3, 0.7])


def test_entry_overwritten_by_a_later_dictionary():
    def f(x, params):
        merged = {"a": x, "b": x * x, **params}
        return merged["a"] * merged["b"]

    check(f, 0.5, {"a": 0.3})


def test_repeated_by_zero():
    def f(x):
        return sum([x] * 0) + x

    check(f, 0.5)


def test_second_derivative_through_joined_lists():
    def f(x):
        zs = [x, x * x] + [x**3]
        ws = [*zs, x] * 2
        return ws[1] * ws[6] + ws[3]

    second = grad(grad(f))
    step = 1e-5
    expected = (grad(f)(0.7 + step) - grad(f)(0.7 - step)) / (2 * step)
    assert second(0.7) == pytest.approx(expected, rel=1e-6)


def test_adjoint_of_a_joined_list_reads_as_written_by_hand():
    @grad
    def loss(xs, y):
        zs = xs + [y]
        return sum(zs[i] ** 2 for i in range(len(zs)))

    loss([0.5, 1.5], 2.0)
    assert "    # zs = xs + [y]\n    d_xs = d_zs[:-1]\n" in loss.source
    assert "d_y" not in loss.source


def test_kind_of_a_list_is_told_by_the_call():
    @grad
    def loss(xs, y):
        return sum([*xs, y])

    assert "collected(" in loss.source
    loss([0.5, 1.5], 2.0)
    assert "collected(" not in loss.source
    np.testing.assert_allclose(loss(V, 2.0), np.ones(4))


def test_list_times_an_array_is_no_repetition():
    check(lambda xs, y: np.sum(np.sin(xs * y) * y), [0.3, 0.7, 1.1], np.array([0.5, -1.2, 2.0]))
    check(lambda xs, y: np.sum(np.sin(y * xs) + xs), [0.3, 0.7, 1.1], np.array([0.5, -1.2, 2.0]))


def test_tuple_that_is_added_to_and_repeated():
    def f(x):
        t = (x[0], x[1])
        t += (x[2] ** 2,)
        t = t * 2
        return t[2] * t[3]

    check(f, V)
