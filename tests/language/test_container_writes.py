"""Methods that change lists and dicts, `del`, slices of lists."""

import collections
import itertools

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, grad
from language.checking import V, check

XS = [0.5, -1.2, 2.0, 0.3]


# --- lists ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("index", [None, 0, -1, 1, -2, 3])
def test_pop(index):
    def f(xs):
        ys = [x * x for x in xs]
        y = ys.pop() if index is None else ys.pop(index)
        return np.sin(y) * ys[0] + ys[-1] * len(ys) + sum(ys) ** 2

    check(f, XS)


def test_pop_with_literals():
    def f(xs):
        ys = [x * x for x in xs]
        a = ys.pop(0) * ys.pop(-2)
        b = ys.pop(1)
        return a * b + ys[0] ** 3

    check(f, XS)


def test_pop_of_an_argument_leaves_the_caller_alone():
    def f(xs):
        last = xs.pop()
        return last * last * xs[-1] + xs.pop(0) * len(xs)

    check(f, XS)


def test_stack():
    def f(x, n):
        stack = [x, x * x]
        total = 0.0
        while stack:
            y = stack.pop()
            total = total + np.sin(y)
            if y > 0.01 and len(stack) < n:
                stack.append(y * 0.5)
                stack.append(y * y * 0.3)
        return total

    check(f, 0.7, 4)


def test_queue():
    def f(xs, n):
        queue = list(xs)
        for _ in range(n):
            a, b = queue.pop(0), queue.pop(0)
            queue.append(a * b + np.sin(a))
            queue.insert(1, a - b)
        return queue[0] * queue[1] + sum(queue)

    check(f, XS, 3)


def test_pop_of_a_list_that_the_same_expression_reads():
    def f(xs):
        ys = [x * x for x in xs]
        z = ys[-1] * ys.pop() + len(ys) * ys.pop() * len(ys)
        i = 1
        i = ys.pop(i) * 2.0
        return z + sum(ys) * i

    check(f, XS)


@pytest.mark.parametrize("index", [0, 1, -1, 4, 9, -9])
def test_insert(index):
    def f(xs, a):
        ys = [x * x for x in xs]
        ys.insert(index, a * ys[0])
        return sum(y * (i + 1) for i, y in enumerate(ys)) * ys[1]

    check(f, XS, 0.7)


def test_insert_in_a_loop():
    def f(xs):
        ys = []
        for x in xs:
            ys.insert(0, np.sin(x))
            ys.insert(len(ys) // 2, x * ys[-1])
        return sum(y * (i + 1) for i, y in enumerate(ys))

    check(f, XS)


def test_extend():
    def f(xs, v):
        ys = [xs[0]]
        ys.extend(xs)
        ys.extend([xs[1] * 2.0, xs[2] ** 2])
        ys.extend(x * x for x in xs)
        ys.extend(v)
        ys += [x * 0.5 for x in xs]
        ys.extend(ys)
        ys += ys[:2]
        return sum(y * (i + 1) for i, y in enumerate(ys))

    check(f, XS, V)


@pytest.mark.parametrize("flag", [True, False])
def test_delete_elements(flag):
    def f(xs, k):
        ys = [x * x for x in xs] + [xs[0], xs[1] * 3.0, xs[2]]
        del ys[0], ys[-1]
        del ys[k]
        if flag:
            del ys[:1]
        del ys[2:]
        return ys[0] * ys[1] + len(ys)

    check(f, XS, 1)
    check(f, XS, -2)


def test_delete_of_an_argument():
    def f(xs):
        del xs[0]
        return xs[0] * xs[1]

    check(f, XS)


def test_reverse_and_sort():
    def f(xs):
        ys = [x * x for x in xs]
        ys.reverse()
        a = ys[0] * 3.0 + ys[1]
        ys.sort()
        b = ys[0] * 5.0 - ys[2] ** 2
        ys.sort(key=lambda y: -y)
        return a * b + ys[0]

    check(f, XS)


def test_slices_of_a_list():
    def f(xs):
        ys = [x * x for x in xs]
        ys[1:2] = [ys[0] * 2.0, ys[1] * ys[0], ys[2]]
        ys[:1] = []
        ys[-1:] = xs
        ys[2:2] = [ys[-1] ** 2]
        z = sum(y * (i + 1) for i, y in enumerate(ys))
        ys[:] = [ys[0] * ys[1]]
        return z * ys[0]

    check(f, XS)


def test_clear():
    def f(xs):
        ys, total = [], 0.0
        for x in xs:
            ys.append(x * x)
            if len(ys) == 3:
                total = total + ys[0] * ys[2]
                ys.clear()
        return total + sum(ys)

    check(f, XS)


def test_list_of_arrays():
    def f(x):
        parts = [x * 2.0, np.sin(x)]
        parts.insert(1, x[:2])
        first = parts.pop(0)
        parts.extend([first * x, x])
        del parts[0]
        return np.sum(np.stack(parts) ** 2) + np.sum(first)

    check(f, V)


def test_append_to_an_argument():
    def f(x, ys):
        ys.append(x * ys[0])
        ys += [x, x * 2.0]
        return sum(y * y for y in ys)

    check(f, 0.7, XS)


def test_append_to_a_list_with_two_names():
    def f(x):
        ys = [x]
        zs = ys
        ys.append(x * 2.0)
        zs.append(x * x)
        return sum(zs) * len(ys) + ys[2]

    check(f, 0.7)


def test_list_in_a_nested_function():
    def f(xs):
        def folded(a):
            ys = [a, a * a]
            ys.insert(0, np.sin(a))
            return ys.pop() * ys[0]

        return folded(xs[0]) * folded(xs[1])

    check(f, XS)


def test_list_in_a_helper():
    check(lambda xs: _merged(xs, 3) ** 2, XS)


def _merged(xs, n):
    ys = [x * 1.0 for x in xs]
    for _ in range(n):
        ys.append(ys.pop(0) * ys.pop(0))
        if len(ys) == 1:
            break
    return sum(ys)


# --- dicts ------------------------------------------------------------------------------------------------------------------
def test_update():
    def f(x, more):
        d = {"a": x}
        d.update(b=x * 2.0, a=np.sin(d["a"]))
        d.update({"c": d["a"] * d["b"], "b": x})
        d.update(more)
        d.update(more, d=x * more["c"])
        return sum(v * (i + 1) for i, v in enumerate(d.values())) * d["a"]

    check(f, 0.7, {"c": 1.3, "e": 0.4})


def test_update_of_an_argument():
    def f(params, x):
        params.update(w=params["w"] * x)
        params["b"] = params["w"] + params.pop("b")
        return params["w"] * params["b"]

    check(f, {"w": 0.7, "b": 0.2}, 1.5)


def test_setdefault():
    def f(x, words):
        d = {"a": x}
        total = d.setdefault("b", x * 2.0) * d.setdefault("a", 5.0)
        for w in words:
            d.setdefault(w, total * 2.0)
            d[w] = d[w] + x
        return sum(d.values()) * total

    check(f, 0.7, ["a", "c", "c"])


def test_pop_and_delete_keys():
    def f(d, x):
        e = {k: v * x for k, v in d.items()}
        a = e.pop("a")
        b = e.pop("missing", x * x) * e.pop("b", 3.0)
        e["f"] = a
        del e["c"]
        return a * b + sum(e.values())

    check(f, {"a": 0.5, "b": 1.5, "c": -0.3, "d": 0.8}, 0.7)


def test_dict_is_cleared():
    def f(x):
        d = {"a": x * x}
        y = d["a"]
        d.clear()
        d["b"] = y * x
        return d["b"] * (len(d) + 1)

    check(f, 0.7)


# --- refused ----------------------------------------------------------------------------------------------------------------
def held(x):
    ys = [x, x * 2.0]
    box = [ys]
    ys.pop()
    return sum(box[0])


def named_in_a_branch(x):
    ys = [x, x * 2.0]
    zs = [x]
    if x > 0:
        zs = ys
    ys.pop()
    return sum(zs)


def handed_to_a_function(x):
    ys = [x, x * 2.0]
    zs = _kept(ys)
    ys.insert(0, x)
    return sum(zs)


def changed_under_the_loop(x):
    ys = [x, x * 2.0, x * x]
    total = 0.0
    for y in ys:
        ys.pop()
        total = total + y
    return total


def kept_iterator(x):
    ys = [x, x * 2.0]
    pairs = zip(ys, ys, strict=True)
    ys.pop()
    return sum(a * b for a, b in pairs)


def view_of_a_dict(x):
    d = {"a": x}
    values = d.values()
    d.update(b=x * 2.0)
    return sum(values)


def read_by_an_inner_function(x):
    ys = [x, x * 2.0]

    def total():
        return sum(ys)

    ys.pop()
    return total()


def _kept(ys):
    return ys


def appended(x):
    ys = [x, x * x]
    rows = []
    rows.append(ys)
    ys.pop()
    return rows[0][-1]


def appended_in_the_round_before(x):
    ys = [x, x * x, x]
    rows = []
    for _ in range(2):
        ys[:1] = []
        rows.append(ys)
    return rows[0][-1] * len(rows[0])


def held_by_a_dictionary(x):
    ys = [x, x * x]
    rows = dict(a=ys)
    del ys[1]
    return rows["a"][-1]


@pytest.mark.parametrize(
    "f",
    [
        held, named_in_a_branch, handed_to_a_function, changed_under_the_loop, kept_iterator, view_of_a_dict,
        read_by_an_inner_function, appended, appended_in_the_round_before, held_by_a_dictionary,
    ],
)  # fmt: skip
def test_list_that_something_else_holds_is_refused(f):
    with pytest.raises(KnetsrcError):
        grad(f)(0.7)


def test_list_that_is_put_into_another_when_it_is_complete():
    def f(xs):
        rows = []
        for x in xs:
            row = [x, x * x, x]
            row.pop(0)
            rows.append(row)
        return sum(r[0] * r[1] for r in rows)

    check(f, XS)


def test_argument_that_is_no_list():
    def f(xs):
        return xs.pop(0) * xs[0]

    with pytest.raises(UnsupportedAliasError, match="`xs` is changed as a list, and is a tuple"):
        grad(f)(tuple(XS))
    with pytest.raises(KnetsrcError):
        grad(f)({0: 1.0, 1: 2.0})


def test_list_that_is_two_arguments():
    def f(xs, ys):
        xs.append(xs[0] * 2.0)
        return sum(ys)

    xs = [0.5, 0.7]
    with pytest.raises(UnsupportedAliasError, match="has one array or list at two places"):
        grad(f)(xs, xs)


def test_helper_that_changes_the_list_of_its_caller():
    def shortened(ys):
        ys.pop()
        return ys

    def f(xs):
        ys = [x * x for x in xs]
        zs = shortened(ys)
        return sum(ys) * len(zs)

    with pytest.raises(UnsupportedAliasError, match="changes `ys` in place"):
        grad(f)(XS)


def test_elements_added_to_a_list_with_two_names():
    def f(x):
        xs = [x[0]]
        ys = xs
        ys += [x[1]]
        xs += [x[2], x[0] * x[1]]
        return sum(xs) * sum(ys)

    check(f, V)


def test_elements_added_in_a_loop_to_a_list_with_two_names():
    def f(x):
        xs = [x[0]]
        ys = xs
        for e in x:
            ys += [e]
            xs += [e * e]
        return sum(xs) * sum(ys)

    check(f, V)


def test_elements_added_to_a_list_that_a_container_holds():
    def f(x):
        xs = [x[0]]
        both = [xs, xs]
        xs += [x[1]]
        return sum(both[0]) * x[0]

    with pytest.raises(UnsupportedAliasError, match="on a list that a container holds"):
        grad(f)(V)


# --- copies keep their types ---------------------------------------------------------------------------------------------
Pair = collections.namedtuple("Pair", "w b")


def test_namedtuple_of_which_an_array_is_written():
    def f(pair, t):
        pair[0][0] = t * 2.0
        return np.sum(pair.w * pair.w) + np.sum(pair.b)

    pair = Pair(np.ones(2), np.full(3, 0.5))
    d_pair, d_t = grad(f, argnums=(0, 1))(pair, 3.0)
    np.testing.assert_array_equal(d_pair.w, [0.0, 2.0])
    np.testing.assert_array_equal(d_pair.b, np.ones(3))
    assert d_t == 24.0
    np.testing.assert_array_equal(pair.w, np.ones(2))


def test_tuple_of_which_an_array_is_written_stays_a_tuple():
    def f(pair, t):
        pair[0][0] = t * 2.0
        return np.sum(pair[0] ** 2) * (pair[1] if isinstance(pair, tuple) else 0.0)

    check(f, (V, 2.0), 3.0, argnums=(0, 1))


def test_dict_with_a_default_that_is_written():
    def f(p, t):
        p["a"] = t * 2.0
        return p["a"] ** 2 + p["absent"] + p["b"] * t

    p = collections.defaultdict(float, a=1.0, b=2.0)
    d_p, d_t = grad(f, argnums=(0, 1))(p, 3.0)
    assert (d_p["a"], d_p["b"], d_t) == (0.0, 3.0, 26.0)
    assert dict(p) == {"a": 1.0, "b": 2.0}


def test_namedtuple_of_an_array_that_a_loop_writes():
    def f(x, y):
        z = y
        for _ in range(2):
            x[0] -= np.tanh(z[0])
            pair = Pair(x, b=0.5 * y)
            z = pair.w
        return np.sum(x * x) + np.sum(z)

    check(f, V, V + 0.5, argnums=(0, 1))


def stacked(w, x):
    out = []
    for r in x:
        out.append(np.tanh(w * r))
    out = np.stack(out)
    return np.sum(out**3)


def stacked_in_a_loop(w, x):
    s = 0.0
    for k in range(3):
        out = []
        for r in x:
            out.append(np.tanh(w * r))
        out = np.array(out)
        s = s + np.sum(out**2) * k
        w = w * out[0]
    return s


def last_one_or_none(w, x):
    out = []
    for r in x:
        if r > 1:
            out = [r * w, w]
            continue
        out.append(r * w)
        last = out[-1]
        out = []
    else:
        out.append(last)
    if len(out) > 1:
        out = np.array(out)
    else:
        out = np.concatenate([out[0], w])
    return np.sum(out**2)


def left_early(w, x):
    with np.errstate(all="ignore"):
        out = []
        for r in x:
            out.append(r * w)
            if r > 1:
                out = np.array(out)
                return np.sum(out**2)
    out = sum(out)
    return out @ out


def of_an_argument(w, x):
    x = list(x)
    x.append(w[0])
    x = np.array(x)
    x /= 2.0
    return np.sum(x**2) * w[1]


def of_a_dictionary(w, x):
    out = {}
    out.update(a=w, b=w * x)
    out = out["a"] * out["b"]
    return np.sum(out)


def in_helpers(w, x):
    def rows(v):
        out = []
        for r in x:
            out.append(r * v)
        out = np.concatenate(out)
        return out

    return np.sum(rows(w) ** 2) + stacked(w, x)


@pytest.mark.parametrize(
    "program",
    [stacked, stacked_in_a_loop, last_one_or_none, left_early, of_an_argument, of_a_dictionary, in_helpers],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_list_and_what_is_made_of_it_under_one_name(program):
    check(program, V, V[::-1] * 0.7)


def test_names_of_lists_that_an_exception_may_leave():
    def f(x):
        out = []
        try:
            out.append(x[0] * x[1])
            if x[2] > 0:
                raise ValueError
            out = np.array(out)
        except ValueError:
            out = out * 2
        return out[0]

    with pytest.raises(UnsupportedAliasError, match=r"`out.append\(...\)` on a list"):
        grad(f)(V)


def merged_copy(p, x):
    q = p.copy()
    q.update({"b": p["a"] ** 2 * x})
    q.setdefault("c", x)
    return q["a"] * q["b"] * q["c"] * p["b"]


def copy_of_an_own_dict(p, x):
    d = {"a": p["a"], "b": x}
    q = d.copy()
    q.update(c=x * d["a"])
    x = q.pop("b")
    return q["c"] * x + len(d)


def merged_in_place(p, x):
    d = {"a": p["a"] * x}
    d |= {"b": x, "a": d["a"] * x}
    for text in ("b", "c"):
        d |= {text: d["a"] * p["b"]}
    d |= p
    return d["a"] * d["b"] * d["c"]


@pytest.mark.parametrize(
    "program", [merged_copy, copy_of_an_own_dict, merged_in_place], ids=lambda p: p.__name__
)
def test_dictionaries_that_are_copied_and_merged(program):
    check(program, {"a": 0.3, "b": 0.7}, 1.5)


def test_copies_of_lists_that_are_changed():
    def f(xs):
        ys, zs = xs.copy(), xs.copy()
        last = ys.pop()
        ys.insert(0, last * ys[0])
        del zs[0]
        return ys[0] * zs[0] * len(xs) * sum(ys)

    check(f, XS)


def test_copy_that_is_no_dictionary():
    class Box:
        def __init__(self):
            self.x = 1.0

        def copy(self):
            return self

        def update(self, x):
            self.x = x

    def f(x, box):
        other = box.copy()
        other.update(x)
        return other.x * x

    with pytest.raises(KnetsrcError):
        grad(f)(2.0, Box())


def test_list_that_is_bound_in_a_tuple_and_grows_in_a_lazy_loop():
    def f(y0, ts):
        y, out = y0, [y0]
        for t0, t1 in itertools.pairwise(ts):
            y = y + (t1 - t0) * np.sin(y)
            out.append(y)
        return np.sum(np.array(out) ** 2)

    check(f, 0.5, [0.0, 0.1, 0.3])
