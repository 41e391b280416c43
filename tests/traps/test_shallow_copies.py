"""Copies of containers hold the same arrays and lists: `p.copy()`, `p + q`, `p * n`, `p | q`; arrays that are no copies."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import M, V, check


def _copied(p):
    q = p.copy()
    return q


def _list_by_method(p):
    q = p.copy()
    q[0][0] = 3.0
    return np.sum(p[0] ** 2)


def _sum(p):
    q = p + [1.0]  # noqa: RUF005
    q[0][0] = 3.0
    return np.sum(p[0] ** 2)


def _multiple(p):
    q = p * 2
    q[0][0] = 3.0
    return np.sum(q[1] ** 2)


def _element_changed_in_place(p):
    q = p.copy()
    q[0] *= 2.0
    return np.sum(p[0] ** 2)


def _in_a_display(p):
    both = [p.copy(), p.copy()]
    both[0][0][0] = 3.0
    return np.sum(both[1][0] ** 2)


def _appended(p):
    kept = []
    kept.append(p.copy())
    kept[0][0][0] = 3.0
    return np.sum(p[0] ** 2)


def _copied_by_a_helper(p):
    q = _copied(p)
    q[0][0] = 3.0
    return np.sum(p[0] ** 2)


def _made_here(p):
    made = {"a": p[0] * 1.0}
    more = made.copy()
    more["a"][0] = 3.0
    return np.sum(made["a"] ** 2)


@pytest.mark.parametrize(
    "f",
    [
        _list_by_method,
        _sum,
        _multiple,
        _element_changed_in_place,
        _in_a_display,
        _appended,
        _copied_by_a_helper,
        _made_here,
    ],
)
def test_array_in_a_copied_container_is_written(f):
    with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
        grad(f)([V.copy()])


def test_entries_of_a_copied_list_are_replaced():
    def f(p):
        q = p.copy()
        q[0] = p[0] ** 2
        q.append(p[0])
        return np.sum(p[0] ** 2) + np.sum(q[0] * q[1])

    check(f, [V])


def test_snapshots_of_a_state_of_which_entries_are_replaced():
    def of_dict(x, n):
        state = {"u": x * 1.0, "t": 0.0}
        kept = []
        for _ in range(n):
            kept.append(state.copy())
            state["u"] = state["u"] * 1.5
            state["t"] += 0.1
        return sum(k["u"] @ k["u"] * k["t"] for k in kept)

    def of_list(x, n):
        state = [x * 1.0, 1.0]
        kept = []
        for _ in range(n):
            kept.append(state.copy())
            state[0] = np.sin(state[0])
            state[1] *= 0.5
        return sum(k[0] @ x * k[1] for k in kept)

    check(of_dict, V, 3)
    check(of_list, V, 3)


def _entry_multiplied(x):
    state = {"u": x * 1.0}
    kept = [state.copy()]
    state["u"] *= 1.5
    return kept[0]["u"] @ x


def _entry_of_a_list_added_to(x):
    state = [x * 1.0, 2.0]
    kept = state.copy()
    state[0] += 1.5
    return kept[0] @ x


def _entry_of_the_copy_added_to(x):
    state = [x * 1.0, 2.0]
    kept = state.copy()
    kept[0] += 1.5
    return state[0] @ x


def _second_snapshot(x):
    state, kept = {"u": 0.0, "v": x * 1.0}, []
    for _ in range(3):
        kept.append(state.copy())
        state["u"] += x
    return kept[2]["u"] @ x


def _element_of_what_is_copied(x):
    a = x * 1.0
    state = [a]
    kept = state.copy()
    a[0] = x[1] ** 2
    return kept[0] @ x


@pytest.mark.parametrize(
    "f",
    [
        _entry_multiplied,
        _entry_of_a_list_added_to,
        _entry_of_the_copy_added_to,
        _second_snapshot,
        _element_of_what_is_copied,
    ],
)
def test_array_in_a_copied_state_is_changed(f):
    with pytest.raises(UnsupportedAliasError, match=r"two places|may see"):
        grad(f)(V)


def test_entry_that_is_multiplied_and_written_out():
    def f(x):
        a = x * 1.0
        p = [a, a]
        p[0] = p[0] * 2.0
        return p[0] @ x + np.sum(p[1] ** 3)

    check(f, V)


def test_entries_of_copied_dictionaries_in_a_list_are_replaced():
    def f(layers):
        mine = [layer.copy() for layer in layers]
        mine[0]["w"] = mine[1]["w"] ** 2
        return np.sum(layers[0]["w"] * mine[0]["w"])

    check(f, [{"w": V}, {"w": V + 1.0}])


def test_rows_of_a_copied_array_are_written():
    def f(a):
        y = a.copy()
        for i in range(2):
            for j in range(3):
                y[i][j] = y[i][j - 1] * a[i][j]
        y[0] += 1.0
        return np.sum(y**2)

    check(f, M)


def _by_conj(y):
    z = y.conj()
    return z


def _by_einsum(y):
    z = np.einsum("i->i", y)
    return z


def _by_diff(y):
    z = np.diff(y, 0)
    return z


@pytest.mark.parametrize("view", [_by_conj, _by_einsum, _by_diff])
def test_result_that_is_the_argument_is_written(view):
    def f(x):
        y = x * 1.0
        z = view(y)
        z[0] = y[1] ** 2
        return np.sum(y**2)

    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_diagonal_by_einsum_is_written():
    def f(a):
        y = a[:, :2] * 1.0
        d = np.einsum("ii->i", y)
        d[0] = y[1, 1] ** 2
        return np.sum(y**2)

    with pytest.raises(UnsupportedAliasError, match="which `y` may see"):
        grad(f)(M)


def test_product_by_einsum_is_written():
    def f(a):
        y = np.einsum("ij,kj->ik", a, a)
        y[0] *= y[1, 1]
        return np.sum(y**2)

    check(f, M)


def _put(table, value):
    table["kept"] = value


def test_array_that_a_helper_puts_into_a_container_is_written():
    def f(x):
        table, y = {}, x * 1.0
        _put(table, y)
        y[0] = x[1] ** 2
        return np.sum(table["kept"] ** 2)

    with pytest.raises(UnsupportedAliasError, match="which `table` may see"):
        grad(f)(V)


def test_list_that_is_repeated_and_written_within():
    def f(rows):
        more = rows * 2
        more[0][0] = rows[1][1] ** 2
        return more[2][0] * more[1][1]

    with pytest.raises(UnsupportedAliasError, match="two places"):
        grad(f)([[0.4, 1.2], [-0.7, 0.3]])


def _joined(q, n):
    r = q + n
    r += q
    return r


def test_list_that_a_helper_joins_with_itself():
    def f(xs):
        more = _joined(xs, xs)
        return more[0] * more[4] ** 2 * more[6]

    check(f, [0.4, 1.2, -0.7])


def _in_a_list(a):
    return [a]


def test_copy_of_an_array_that_a_list_of_a_function_holds():
    def lambdas(x):
        a = x.copy()
        listed = lambda a: [a]  # noqa: E731
        more = listed(a) * 2
        a *= 2
        return more[0].sum() * np.sum(x)

    def functions(x):
        a = x.copy()
        more = _in_a_list(a) * 2
        a[...] = a * 2
        return more[0].sum() * np.sum(x)

    for x in (V, np.array(0.6)):
        with pytest.raises(UnsupportedAliasError, match="changes in place"):
            grad(lambdas)(x)
        with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
            grad(functions)(x)
