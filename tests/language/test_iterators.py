"""Iterators of `itertools` and of NumPy, in loops and as arguments; iterators that are kept."""
# ruff: noqa: B905

import functools
import itertools

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, UnsupportedSyntaxError, grad
from language.checking import M, V, check

LIST = [1.5, 2.0, -0.5]


# --- loops ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("xs", [LIST, V], ids=["list", "array"])
def test_combinations(xs):
    def f(xs):
        s = 0.0
        for a, b in itertools.combinations(xs, 2):
            s = s * 0.5 + a * b * b
        return s

    check(f, xs)


def test_permutations_with_replacement_and_one_target():
    def f(xs):
        s = 0.0
        for pair in itertools.permutations(xs, 2):
            s = s * 0.5 + pair[0] * pair[1] ** 2
        for a, b in itertools.combinations_with_replacement(xs, 2):
            s = s * 0.5 + a * b * b
        return s

    check(f, LIST)


def test_combinations_of_a_size_that_is_not_written_out():
    def f(xs):
        s = 0.0
        for size in range(1, 4):
            for chosen in itertools.combinations(xs, size):
                s = s * 0.5 + np.prod(np.array(chosen))
        return s

    check(f, LIST)


def test_permutations_of_all_elements():
    def f(xs):
        s = 0.0
        for a, b, c in itertools.permutations(xs):
            s = s * 0.5 + a * b**2 * c**3
        return s

    check(f, LIST)


def test_product_with_a_range_and_an_early_end():
    def f(xs):
        s = 0.0
        for i, a in itertools.product(range(3), xs):
            if i == 2 and a < 1.0:
                break
            s = s * 0.5 + i * a * a
        return s

    check(f, LIST)


def test_product_of_one_pool_with_itself():
    def f(xs):
        s = 0.0
        for a, b in itertools.product(xs, repeat=2):
            s = s * 0.5 + a * b * b
        return s

    check(f, V)


def test_product_of_a_list_of_pools():
    def f(pools):
        s = 0.0
        for n, (a, b) in enumerate(itertools.product(*pools)):
            s = s * 0.5 + n * a * b * b
        return s

    check(f, [LIST, [2.0, 3.0]])


def test_combinations_of_the_values_of_a_dictionary():
    def f(d):
        return sum(a * b * b for a, b in itertools.combinations(d.values(), 2))

    check(f, {"a": 1.5, "b": 2.0, "c": -0.5})


def test_pairwise_and_chain():
    def f(xs):
        return sum(a * b * b for a, b in itertools.pairwise(itertools.chain(xs, xs[:1])))

    check(f, V)
    check(f, LIST)


def test_chain_of_arrays_and_of_a_list_of_lists():
    def f(xs, rows):
        s = 0.0
        for a in itertools.chain(xs, xs * 2.0, [1.0]):
            s = s * 0.5 + a * a
        for a in itertools.chain.from_iterable(rows):
            s = s * 0.5 + a * a
        return s

    check(f, V, [[1.0], [], [2.0, 3.0]])


@pytest.mark.parametrize("bounds", [(2,), (9,), (1, 3), (3, 1), (0, None, 2), (1, 9, 2)])
def test_islice(bounds):
    def f(xs, n):
        s = 0.0
        for a in itertools.islice(xs, *n):
            s = s * 0.5 + a * a
        return s

    check(f, V, bounds)


def test_islice_with_bounds_that_are_written_out():
    def f(xs, n):
        s = 0.0
        for k, a in enumerate(itertools.islice(xs, n)):
            s = s * 0.5 + k * a * a
        for a in itertools.islice(xs, 1, n):
            s = s * 0.5 + a * a
        for a in itertools.islice(xs, 1, None, 2):
            s = s * 0.5 + a * a
        return s

    for n in (0, 1, 3, 9):
        check(f, V, n)


def test_count_and_repeat_beside_a_list():
    def f(xs):
        s = 0.0
        for k, a, b in zip(itertools.count(1, 2), xs, itertools.repeat(xs[0] * 2.0), strict=False):
            s = s * 0.5 + a**k * b
        return s

    check(f, LIST)


def test_repeat_alone():
    def f(x):
        s = 0.0
        for a in itertools.repeat(x * x, 3):
            s = s * a + a
        for a in itertools.repeat(x):
            s = s * a
            if abs(s) < 1e-3:
                break
        return s * x

    check(f, 0.5)


def test_count_left_by_break():
    def f(x):
        for i in itertools.count():
            x = np.sin(x) + i * 0.1
            if i > 3:
                break
        return x

    check(f, 0.5)


def test_zip_longest_and_compress():
    def f(xs):
        s = 0.0
        for a, b in itertools.zip_longest(xs, xs[1:], fillvalue=2.0):
            s = s * 0.5 + a * b * b
        for a in itertools.compress(xs, [1, 0, 1]):
            s = s * 0.5 + a * a
        return s

    check(f, LIST)


def test_names_of_the_loop_that_are_bound_again():
    def f(xs):
        s = 0.0
        for a, b in itertools.combinations(xs, 2):
            a = a * b
            s = s * 0.5 + a * a
        return s

    check(f, LIST)


# --- NumPy ----------------------------------------------------------------------------------------
def test_ndenumerate():
    def f(x):
        s = 0.0
        for (i, j), value in np.ndenumerate(x * 2.0):
            s = s * 0.5 + value * value * (i + j)
        for index, value in np.ndenumerate(x):
            s = s * 0.5 + value * x[index]
        for _, value in np.ndenumerate(x.T):
            s = s * 0.5 + value * value
        return s

    check(f, M)


def test_ndenumerate_and_a_write():
    def f(x):
        y = np.zeros((2, 3), x.dtype)
        for index, value in np.ndenumerate(x):
            y[index] = value * value * index[1]
        return np.sum(y * x)

    check(f, M)


def test_ndindex():
    def f(x):
        s = 0.0
        for i, j in np.ndindex(x.shape):
            s = s * 0.5 + x[i, j] ** 2
        for index in np.ndindex(*x.shape):
            s = s * 0.5 + x[index] ** 2
        return s

    check(f, M)


def test_nditer_goes_through_memory():
    def f(x):
        s = 0.0
        for value in np.nditer(x.T):
            s = s * 0.5 + value * value
        for value in np.nditer(x.T.copy()):
            s = s * 0.5 + value * value
        return s

    check(f, M)


def test_flat():
    def f(x):
        s = 0.0
        for value in x.T.flat:
            s = s * 0.5 + value * value
        return s

    check(f, M)


def test_zip_that_is_strict():
    def f(xs, ys):
        return sum(a * b for a, b in zip(xs, ys, strict=True))

    check(f, V, V * 2.0)
    with pytest.raises(ValueError, match="zip"):
        grad(f)(V, V[1:])


# --- arguments ------------------------------------------------------------------------------------
def test_accumulate():
    def f(xs):
        total = sum(a * a for a in itertools.accumulate(xs))
        for a in itertools.accumulate(xs, lambda a, b: a * b + 1.0, initial=2.0):
            total = total * 0.5 + a * a
        return total

    check(f, LIST)


def test_starmap_and_takewhile_and_their_kin():
    def times(a, b):
        return a * b * b

    def f(xs):
        total = sum(itertools.starmap(times, zip(xs, xs * 2.0, strict=True)))
        total += sum(itertools.takewhile(lambda a: a > 0.0, xs)) * xs[0]
        total += sum(itertools.dropwhile(lambda a: a > 0.0, xs)) * xs[1]
        return total + sum(itertools.filterfalse(lambda a: a > 0.0, xs)) ** 2

    check(f, V)


def test_list_of_pairs():
    def f(xs):
        pairs = list(itertools.product(xs, xs))
        return pairs[1][0] * pairs[1][1] + pairs[0][0] * sum(itertools.islice(xs, 2))

    check(f, LIST)


def test_reduce_over_a_zip():
    def f(xs):
        pairs = zip(xs, xs * 2.0, strict=True)
        return functools.reduce(lambda s, pair: s * pair[0] + pair[1], pairs, 1.0)

    check(f, V)


# --- kept -----------------------------------------------------------------------------------------
def test_iterator_that_is_named_and_read_once():
    def f(xs):
        pairs = itertools.combinations(xs, 2)
        both = zip(xs, xs, strict=True)
        squares = sum(a * b for a, b in both)
        return squares + sum(a * b * b for a, b in pairs)

    check(f, LIST)


def test_iterator_without_derivative_is_gone_through_once():
    def f(x):
        steps = zip([1, 2], [3, 4], strict=True)
        for a, b in steps:
            x = x * a + b
        for a, b in steps:
            x = x * a * b
        return x

    check(f, 0.5)


def twice(xs):
    pairs = zip(xs, xs)
    s = sum(a * b for a, b in pairs)
    return s + sum(a * b for a, b in pairs)


def in_a_loop(xs):
    values, s = map(np.sin, xs), 0.0
    for _ in range(2):
        s = s + sum(values)
    return s


def over_changed(xs):
    ys = [x * 2.0 for x in xs]
    pairs = zip(xs, ys)
    ys = xs
    return sum(a * b for a, b in pairs) + ys[0]


@pytest.mark.parametrize("f", [twice, in_a_loop, over_changed])
def test_iterator_that_is_kept_is_refused(f):
    with pytest.raises(UnsupportedSyntaxError, match="an iterator that is kept"):
        grad(f)(V)


def test_iterator_handed_to_a_function_is_refused():
    def total(pairs):
        s = 0.0
        for a, b in pairs:
            s = s + a * b
        return s

    def f(xs):
        return total(zip(xs, xs, strict=True))

    with pytest.raises(UnsupportedSyntaxError, match="an iterator that is handed to a function"):
        grad(f)(V)


def cycled(xs):
    return sum(a * b for a, b in zip(itertools.cycle(xs), range(9), strict=False))


def several(xs):
    s = 0.0
    for a, b in np.nditer([xs, xs * 2.0]):
        s = s + a * b
    return s


@pytest.mark.parametrize("f", [cycled, several])
def test_other_iterators_are_refused(f):
    with pytest.raises(KnetsrcError, match=r"itertools\.cycle|np\.nditer"):
        grad(f)(V)


# --- columns and conversions ----------------------------------------------------------------------
def test_columns_of_rows():
    def product(x):
        a, b = [[x[0], x[1]], [x[2], 2.0]], [[1.0, x[1], x[0]], [x[2], 3.0, x[2]]]
        c = [[sum(u * v for u, v in zip(row, col)) for col in zip(*b)] for row in a]
        rows = list(zip(*c))
        return c[0][0] * c[1][1] - c[0][1] * c[1][0] ** 2 + rows[2][0] * rows[1][1]

    check(product, V[:3])
    check(product, LIST)

    def unpacked(x):
        xs, ys = zip(*[(v, v * v) for v in x])
        return sum(xs) * sum(ys) * ys[0]

    check(unpacked, V)

    def in_a_loop(m):
        total = 0.0
        for column in zip(*m):
            total = total * 0.5 + column[0] * column[1] ** 2
        return total

    check(in_a_loop, M)
    check(in_a_loop, [[1.0, 2.0, 3.0], [0.5, -0.7]])  # as long as the shortest


def test_columns_as_lists():
    def f(points):
        xs, ys = map(list, zip(*points))
        return np.sum(np.array(xs) ** 2) * ys[0] + ys[1]

    check(f, [(0.5, 1.0), (0.7, -0.3)])


@pytest.mark.parametrize("kind", [tuple, list])
def test_entries_converted_by_map(kind):
    def lists(x):
        a, b = map(list, [x, (x[1], x[0])])
        return a[0] * b[0] ** 2

    def tuples(x):
        rows = list(map(tuple, [[x[0], x[1]], x]))
        return rows[0][0] * rows[1][1] ** 2

    def floats(x):
        return sum(map(float, [x[0] ** 2, x[1], 3]))

    for f in lists, tuples, floats:
        check(f, kind([0.5, 1.2]))


def test_values_of_a_dict_reduced():
    def f(p):
        total = functools.reduce(lambda a, b: a * b, p.values())
        return total + functools.reduce(lambda a, b: a * b + a, p.values(), p["a"])

    check(f, {"a": 0.5, "b": 1.5, "c": -0.3})


# --- views of dicts ---
PARAMETERS = {"w": M, "b": M[0] - 0.3}


def affine(x, w, b):
    return w @ x + np.sum(b)


def product_of(x, *factors):
    for factor in factors:
        x = x * factor
    return x


def norms(values, scale=1.0):
    total = scale * sum(np.sum(v**2) for v in values)
    for v in values:
        total = total + np.sum(v) * scale
    return total


def named(items):
    total = 0.0
    for i, (key, value) in enumerate(items):
        if key != "w":
            total = total + i * np.sum(value**3)
    for _, value in items:
        total = total + np.sum(value)
    return total


def put(d, x):
    d["b"] = x
    return 0.0


def test_views_of_dicts_handed_to_helpers():
    def f(p, x):
        y = affine(x, *p.values()) * norms(p.values(), scale=x[0]) + named(p.items())
        return np.sum(y) + np.sum(product_of(x, *reversed([p["b"], p["w"][0]])))

    check(f, PARAMETERS, M[1])


def test_a_view_of_a_dict_in_a_variable():
    def f(p):
        values, total, out = p.values(), np.zeros(2), []
        for v in values:
            out.append(np.sum(v))
        total[0] = sum(np.sum(v**2) for v in values)
        return total @ total + out[0] * out[1]

    check(f, PARAMETERS)


def test_a_view_of_a_dict_that_changes_before_it_is_gone_through_is_refused():
    def by_key(p, x):
        q = dict(p)
        values = q.values()
        q["b"] = x
        return sum(np.sum(v**2) for v in values)

    def by_helper(p, x):
        q = dict(p)
        values = q.values()
        return put(q, x) + sum(np.sum(v**2) for v in values)

    for f in (by_key, by_helper):
        with pytest.raises(UnsupportedAliasError, match="may change before it is gone through"):
            grad(f)(PARAMETERS, V)
