"""`for` over ranges, arrays, lists, tuples, zip, enumerate, reversed, views of dictionaries."""
# ruff: noqa: B905, SIM118

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check


@pytest.mark.parametrize("n", [0, 1, 4])
def test_range(n):
    def f(x, n):
        for _ in range(n):
            x = np.sin(x) * x
        return np.sum(x)

    check(f, V, n)


def test_range_with_start_and_step():
    def f(x):
        s = 1.0
        for i in range(7, 0, -2):
            s = s * x + i
        return s

    check(f, 0.8)


def test_range_over_the_length():
    def f(x):
        s = 0.0
        for i in range(len(x)):
            s = s + x[i] * x[-i]
        return s

    check(f, V)


def test_rows_of_an_array():
    def f(m):
        h = np.zeros(3)
        for row in m:
            h = np.tanh(h * 0.5 + row)
        return np.sum(h)

    check(f, M)


def test_elements_of_a_vector():
    def f(x):
        s = 1.0
        for e in x:
            s = s * (1.0 + e * e)
        return s

    check(f, V)


def test_list_of_arrays():
    def f(ws, x):
        for w in ws:
            x = np.tanh(w @ x)
        return np.sum(x)

    check(f, [M, M.T + 0.1], V[:3])


def test_tuple_written_in_place():
    def f(x, y):
        s = 0.0
        for e in (x, y, x * y):
            s = s * 0.5 + e**2
        return s

    check(f, 0.8, -1.5)


def test_zip():
    def f(xs, ys):
        s = 0.0
        for x, y in zip(xs, ys):
            s = s + x * y * s + x
        return s

    check(f, [0.5, 1.5, -2.0], [1.0, 0.3, 0.2])


def test_zip_stops_at_the_shortest():
    def f(xs, y):
        s = 0.0
        for x, e, i in zip(xs, y, range(10)):
            s = s + x * e * (i + 1)
        return s

    check(f, [0.5, 1.5, -2.0], V)
    check(f, [0.5, 1.5, -2.0], V[:2].copy())


def test_enumerate():
    def f(xs):
        s = 0.0
        for i, x in enumerate(xs):
            s = s + x**i
        return s

    check(f, [0.5, 1.5, 2.0])


def test_enumerate_with_start():
    def f(x):
        s = 0.0
        for i, e in enumerate(x, 1):
            s = s + e * i
        for i, e in enumerate(x, start=3):
            s = s + e**2 * i
        return s

    check(f, V)


def test_enumerate_of_zip():
    def f(xs, ys):
        s = 0.0
        for i, (x, y) in enumerate(zip(xs, ys)):
            s = s + i * x * y
        return s

    check(f, [0.5, 1.5, -2.0], [1.0, 0.3, 0.2])


def test_reversed():
    def f(xs):
        s = 1.0
        for x in reversed(xs):
            s = s * x + x
        return s

    check(f, [0.5, 1.5, -2.0])


def test_reversed_range():
    def f(x):
        s = 1.0
        for i in reversed(range(4)):
            s = s * x + i
        return s

    check(f, 0.8)


def test_slice_of_a_list():
    def f(ws, x):
        for w in ws[:-1]:
            x = np.tanh(x * w)
        return np.sum(x * ws[-1])

    check(f, [V, V + 1.0, V * 2.0], V)


def test_pairs_of_list_elements_by_index():
    def f(w, x):
        for i in range(0, len(w), 2):
            x = w[i] @ x + w[i + 1]
            if i < len(w) - 2:
                x = np.maximum(0.1 * x, x)
        return np.sum(x**2)

    check(f, [M, np.array([0.1, 0.2]), M.T, np.array([0.1, 0.2, 0.3])], V[:3])


def test_items_of_a_dictionary():
    def f(params):
        s = 0.0
        for name, value in params.items():
            if name != "bias":
                s = s + np.sum(value**2)
        return s

    check(f, {"w": V, "bias": V[:2], "u": M})


def test_values_of_a_dictionary():
    def f(params):
        s = 1.0
        for value in params.values():
            s = s * np.sum(value)
        return s

    check(f, {"w": V, "u": M})


def test_keys_of_a_dictionary():
    def f(params):
        s = 0.0
        for key in params:
            s = s + np.sum(params[key] ** 2)
        for key in params.keys():
            s = s * 2.0 + np.sum(params[key])
        return s

    check(f, {"w": V, "u": M})


def test_sorted_keys():
    def f(params):
        s = 1.0
        for key in sorted(params):
            s = s * np.sum(params[key]) + 1.0
        return s

    check(f, {"w": V, "b": M})


def test_list_of_pairs():
    def f(layers, x):
        for w, b in layers:
            x = np.tanh(x * w + b)
        return np.sum(x)

    check(f, [(V, V * 0.5), (V + 1.0, V * 0.1)], V)


def test_list_of_dictionaries():
    def f(layers, x):
        for layer in layers:
            x = np.tanh(x * layer["w"] + layer["b"])
        return np.sum(x)

    check(f, [{"w": V, "b": 0.5}, {"w": V + 1.0, "b": 0.3}], V)


def test_strings_as_items():
    def f(params):
        s = 0.0
        for name in ["u", "w"]:
            s = s + np.sum(params[name] ** 2)
        return s

    check(f, {"w": V, "u": M})


def test_loop_in_branch_in_loop():
    def f(x, n):
        for i in range(n):
            if i % 2:
                for j in range(i):
                    x = x * 0.9 + np.sin(x) * j
            else:
                x = x * x
        return x

    check(f, 0.7, 4)


def test_three_loops_deep():
    def f(x, y):
        for i in range(2):
            for j in range(i + 1):
                for k in range(j, 3):
                    x = x * y + k
                y = np.cos(y)
        return x

    check(f, 0.7, 0.9)


def test_recurrent_network_over_rows():
    def f(w, u, b, inputs):
        h = np.zeros(2)
        loss = 0.0
        for x in inputs:
            h = np.tanh(w @ h + u @ x + b)
            loss = loss + np.sum(h**2)
        return loss

    check(f, M[:, :2].copy(), M, V[:2], np.stack([V[:3], V[1:], V[:3] * 2.0]))


def test_two_loops_one_after_the_other():
    def f(x):
        for _ in range(3):
            x = np.sin(x)
        for _ in range(2):
            x = x * x
        return np.sum(x)

    check(f, V)


def test_bound_computed_from_data():
    def f(x, steps):
        n = int(np.max(steps))
        for i in range(n):
            x = x * 1.1 + i
        return x

    check(f, 0.5, np.array([1, 3, 2]))


def test_loop_over_a_name_rebound_in_the_body():
    def f(xs):
        s = 0.0
        for x in xs:
            xs = [s]
            s = s + x * x
        return s + xs[0]

    check(f, [0.5, 1.5])


def test_index_of_two_arrays():
    def f(a, b):
        s = 0.0
        for i in range(len(a)):
            for j in range(len(b)):
                if i != j:
                    s = s + np.exp(-((a[i] - b[j]) ** 2))
        return s

    check(f, V, V[:3] * 0.5)


def test_loop_over_columns():
    def f(m):
        s = 1.0
        for column in m.T:
            s = s * np.sum(column**2)
        return s

    check(f, M)


def test_loop_over_the_result_of_a_call():
    def f(x):
        s = 1.0
        for part in np.split(np.sin(x), 2):
            s = s * np.sum(part)
        return s

    check(f, V)


def test_loop_that_never_touches_active_values():
    def f(x):
        n = 0
        for i in range(10):
            n = n + i
        return x * n

    check(f, 0.5)


def test_loop_variable_that_the_body_rebinds():
    def f(xs):
        s = 0.0
        for x in xs:
            x = x * x
            s = s + x * x
        return s

    check(f, [0.5, 1.5])


def test_keys_of_a_dictionary_that_index_another_one():
    def f(w, scale):
        out = {k: w[k] * 2.0 for k in w}
        for k in w:
            out[k + "_twice"] = out[k] * scale[k]
        for i, name in enumerate(w):
            out[name] = out[name] * (i + 1.0)
        for name in w:
            if name.startswith("a") or name == "c":
                out[name] = out[name] ** 2
        return np.sum(out["a_twice"] * out["b_twice"]) + np.sum(out["a"]) + np.sum(out["b"])

    check(f, {"a": V, "b": V * 2.0}, {"a": 0.5, "b": 1.5})


def test_elements_that_are_indices():
    def f(w, x):
        total = 0.0
        for i in w["order"]:
            total += x[i] * w["rate"]
        return total

    gradient = grad(f)({"order": [2, 0], "rate": 0.5}, V)
    assert gradient == {"order": [None, None], "rate": V[2] + V[0]}


def test_elements_that_are_keys_and_values():
    def f(x):
        seen, total = {}, 0.0
        for v in x:
            seen[v] = 1.0
            total += v * v
        return total * len(seen)

    check(f, V)


@pytest.mark.parametrize(
    "collected",
    [
        lambda w, x: [w * r for r in x],
        lambda w, x: [w * r * k for k, r in enumerate(x)],
        lambda w, x: [w * r * q for r, q in zip(x, x[::-1], strict=True)],
        lambda w, x: [np.sin(w * r) for r in reversed(x)],
        lambda w, x: [w * r for r in list(x)],
    ],
)
def test_list_that_a_loop_over_data_fills(collected):
    def appended(w, x):
        values = []
        for r in x:
            values.append(w * r)
        return np.sum(values[0] ** 2) + np.sum(np.array(values) ** 3)

    def added(w, x):
        return sum(k * np.sum(v**2) for k, v in enumerate(collected(w, x)))

    for f in (appended, added):
        check(f, V[:3], M, argnums=(0,))
        check(f, V[:3], M)


def test_entry_of_a_row_of_data_that_the_backward_part_reads():
    def products(w, rows):
        s = 1.0
        for row in rows:
            a = row[0]
            s = s * np.exp(-a * w) + row[1]
        return s

    def unpacked(w, rows):
        s = 1.0
        for row in rows:
            a, b, _ = row
            s = s * np.exp(-a * w) + b
        return s

    def quotients(w, rows):
        s = 1.0
        for x, y in zip(rows[0], rows[1], strict=True):
            u = (x - 0.5) / w
            s = s * np.exp(-(u**2)) + y * u
        return s

    def nested(w, rows):
        s = 1.0
        for table in rows:
            row = table[0]
            a = row[1]
            s = s * np.exp(-a * w) + row[0]
        return s

    def entries(w, rows):
        s = 1.0
        for d in ({"a": 0.1, "b": 0.2}, {"a": 0.3, "b": 0.5}):
            a = d["a"]
            s = s * np.exp(-a * w) + d["b"] * rows[0][0]
        return s

    for f in (products, unpacked, quotients, entries):
        check(f, 0.3, M, argnums=(0,))
        check(f, 0.3, M)
    check(nested, 0.3, [M, M * 2], argnums=(0,))
    check(nested, 0.3, [M, M * 2])


def discounted(rates, cash, y):
    def value(y):
        return sum(c / (1 + y + r) ** (k + 1) for k, (c, r) in enumerate(zip(cash, rates)))

    for _ in range(2):
        y = y - 0.1 * value(y) / (value(y + 0.1) - value(y - 0.1))
    return y * y


def paired(w, x, t):
    total = 0.0
    for i, ((a, b), c) in enumerate(zip(zip(w, x), t)):
        total = total + np.sum(a * b) * c * (i + 1)
        a = a * total
        total = total + np.sum(a)
    return total


def test_elements_in_nested_targets_have_ranks():
    rates, cash = np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 4.0])
    check(discounted, rates, cash, 0.5)
    gradient = grad(discounted)
    gradient(rates, cash, 0.5)
    assert "unbroadcast" not in gradient.source
    for other in ([0.1, 0.2, 0.3], list(rates), [np.array(r) for r in rates]):
        np.testing.assert_allclose(gradient(other, cash, 0.5), gradient(rates, cash, 0.5))
    check(paired, rates, cash, np.array([1.0, -1.0, 0.5]))
    check(paired, np.ones((3, 2)) / 2, cash, np.array([1.0, -1.0, 0.5]))
    check(paired, [np.ones(2) / 2, 1.5, np.ones((2, 1))], cash, [1.0, -1.0, 0.5])
