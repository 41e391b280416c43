"""Lists and tuples given to functions of NumPy, which takes them as arrays."""

import inspect
import math
from typing import Any, NamedTuple

import numpy as np
import pytest

from knetsrc import grad, vjp
from knetsrc.adjoints.table import TABLE
from knetsrc.errors import NotDifferentiableError
from knetsrc.transform.analysis import kinds
from language.checking import M, V, check

NUMBERS = [0.5, -1.2, 2.0]


def test_multiple_of_a_list_is_not_the_list_repeated():
    assert grad(lambda w: np.sum(np.square(w)))(NUMBERS) == [1.0, -2.4, 4.0]
    assert grad(lambda w: np.sum(np.square(w)))((0.5, 2.0)) == (1.0, 4.0)


@pytest.mark.parametrize(
    "f",
    [
        np.square, np.exp, np.negative, np.std, np.var, np.max, np.median, np.prod, np.linalg.norm, np.diff, np.sort, np.diag,
        np.mean, np.sum, np.cumsum,
    ],
)  # fmt: skip
def test_function_of_a_list_that_a_comprehension_makes(f):
    def by_comprehension(x):
        values = [x[i] ** 3 for i in range(3)]
        return np.sum(f(values) ** 2)

    check(by_comprehension, V)
    check(lambda x: np.sum(f([x[0], 2.0, x[1] * x[2]]) ** 2), V)
    check(lambda xs: np.sum(f(xs) ** 2), NUMBERS)


def test_lists_as_both_operands():
    check(lambda a, b: np.sum(np.multiply([a, b], [b, 2.0])), 0.5, 1.5)
    check(lambda a, b: np.sum(np.arctan2([a, b], [b, 2.0])), 0.5, 1.5)
    check(lambda a, b: np.sum(np.maximum([a, b], 1.1)), 0.5, 1.5)
    check(lambda xs, y: np.sum(np.maximum(xs, y)), NUMBERS, V[1:])


def test_products_with_lists():
    check(lambda x: np.sum((x @ [1.0, 2.0, -1.0]) ** 2), M)
    check(lambda x: np.sum(np.dot([1.0, 2.0], x) ** 2), M)
    check(lambda a, x: np.sum(np.matmul([[a, 1.0], [2.0, a * a]], x) ** 2), 0.5, M)
    check(lambda a, x: np.linalg.solve([[a, 1.0], [2.0, 5.0]], x)[0], 1.5, V[:2])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.mean(x) * np.mean(x),
        lambda x: np.mean(x) * np.max(x),
        lambda x: np.var(x) * np.linalg.norm(x),
        lambda x: np.sum(np.asarray(x) ** 2) * np.mean(x),
        lambda x: sum(x) * np.mean(x) * max(x),
    ],
)
def test_list_that_is_read_twice_has_one_adjoint_for_each_entry(f):
    check(f, NUMBERS)
    check(lambda d: f(d["a"]) * f(d["b"]), {"a": NUMBERS, "b": NUMBERS[::-1]})
    gradient = grad(f)
    gradient(np.array(NUMBERS))
    assert type(gradient(NUMBERS)) is list
    assert gradient(NUMBERS) == pytest.approx(list(gradient(np.array(NUMBERS))))
    assert type(gradient(tuple(NUMBERS))) is tuple


@pytest.mark.parametrize(
    "f",
    [
        lambda p: math.dist(p, [0.0, 0.0, 0.0]) + math.dist(p, [1.0, 1.0, 0.5]) ** 2,
        lambda p: math.dist(p, [p[0], 1.0, 0.5]) * math.prod(p) * math.fsum(p),
        lambda p: math.hypot(*p) + math.hypot(*p) ** 2,
        lambda p: np.choose(1, p) ** 2 + np.choose(0, p) ** 3,
        lambda p: sum(math.dist(p, [i, 1.0, 0.0]) * math.prod(p) for i in range(3)),
    ],
)
def test_sequence_of_numbers_that_is_read_twice(f):
    check(f, NUMBERS)
    check(f, tuple(NUMBERS))
    check(f, V[:3])


def test_choices_that_are_selected_from_twice():
    def selected(x):
        choices = [x**2, x]
        first = np.sum(np.select([x > 1.5, x > 0], choices) ** 2)
        return first + np.sum(np.select([x < 0.4, x > 0], choices, -x) ** 3)

    check(selected, V)
    check(lambda xs: np.sum(np.einsum("i,i", *xs)) * np.einsum("i,i->", *xs), [V, V**2])


def test_every_rule_of_lists_is_known_to_take_them():
    def listed(rule):
        parameters = inspect.signature(rule.function).parameters.values()
        names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        for case in rule.cases:
            given = [*zip(names, case.args, strict=False), *case.kwargs.items()]
            yield from (n for n, v in given if n in rule.operands and isinstance(v, list | tuple))

    taking = {r.primitives[0].__name__ for r in TABLE if r.primitives and any(listed(r))}
    # NumPy makes an array of these, see `listed`
    assert taking - kinds.TAKES_LISTS - kinds.OF_STRUCTURES == {"interp", "as_array"}


def test_list_of_which_nothing_is_known_is_refused_where_the_derivative_computes_with_it():
    def f(d):
        total = 0.0
        for row in d["rows"]:
            total += np.linalg.norm(row)
        return total

    with pytest.raises(
        NotDifferentiableError, match="a list or tuple that NumPy takes as an array"
    ) as caught:
        grad(f)({"rows": [NUMBERS, NUMBERS]})
    assert "np.linalg.norm(row)" in str(caught.value)
    assert "np.array(values)" in str(caught.value)
    _, pullback = vjp(f, {"rows": [NUMBERS, NUMBERS]})
    with pytest.raises(NotDifferentiableError, match=r"np\.array"):
        pullback(1.0)


def test_name_that_turns_from_an_array_into_a_tuple_is_refused_where_its_adjoint_is_for_an_array():
    def slices(x):
        for row in [(0.4, 0.3), (0.1, -0.5)]:
            x = row
        return np.sum(x[:1]) + 0.0 * np.sum(x[1:])

    def powers(x):
        found = []
        for row in [(0.4, 0.3, -0.2), (0.1, -0.5, 0.6)]:
            found.append(np.arctan(x))
            x = np.max(np.ones((2, 3)) * x, axis=0) if row[0] < 0.3 else row
        return np.sum(x) + np.sum(np.array(found) ** 2)

    def sums(x):
        total = 0.0
        for row in [(0.4, 0.3, -0.2), (0.1, -0.5, 0.6)]:
            first, _, _ = row
            row += np.tanh(x)
            total += np.sum(row**2) * first
        return total

    check(slices, V[:3])
    check(sums, V[:3])
    with pytest.raises(NotDifferentiableError, match="a list or tuple that NumPy takes as"):
        grad(powers)(V[:3])


ROWS = [V[:2], V[1:3], V[2:]]


class Simplex:
    def __init__(self, points):
        self.points = points


@pytest.mark.parametrize(
    ("f", "axis", "keepdims"),
    [
        (np.mean, 0, False), (np.sum, 0, True), (np.average, 0, False), (np.sum, 1, False), (np.mean, -2, False),
        (np.mean, 1, True), (np.sum, None, False), (np.average, None, False),
    ],
)  # fmt: skip
def test_reduction_of_a_list_that_is_not_a_name(f, axis, keepdims):
    def weighted(reduced):
        reduced = np.asarray(reduced)
        weights = np.arange(1.0, 1.0 + reduced.size).reshape(reduced.shape)
        return np.sum(reduced**2 * weights)

    def slices(s):
        return weighted(f(s[:-1], axis=axis, keepdims=keepdims))

    def slices_of_a_comprehension(s):
        return weighted(f([row * 2 for row in s][1:], axis=axis, keepdims=keepdims))

    def entries(p):
        return weighted(f(p["a"]["b"], axis=axis, keepdims=keepdims))

    def attributes(s):
        return weighted(f(Simplex(s).points, axis=axis, keepdims=keepdims))

    def groups(parts):
        total = 0.0
        for k in range(len(parts)):
            total += weighted(f(parts[k], axis=axis, keepdims=keepdims))
        return total

    check(slices, ROWS)
    check(slices, tuple(ROWS))
    check(slices_of_a_comprehension, ROWS)
    check(entries, {"a": {"b": ROWS}})
    check(entries, {"a": {"b": Pair(*ROWS[:2])}})
    check(attributes, ROWS)
    check(groups, [ROWS[:2], ROWS])


class Pair(NamedTuple):
    first: Any
    second: Any


def test_slice_of_a_list_of_numbers_or_of_lists():
    check(lambda y: (np.mean(y[1:]) - np.sum(y[:1])) ** 2, NUMBERS)
    check(lambda y: np.sum(np.mean(y[1:], axis=1) ** 2), [[1.0, 0.3], [0.7, 0.2], [0.4, 0.9]])


def test_mean_of_what_a_list_that_grows_ends_with():
    def after_burn_in(x):
        states = []
        for _ in range(4):
            x = np.sin(x) * 1.3
            states.append(x)
        return np.sum(np.mean(states[2:], axis=0) ** 2)

    check(after_burn_in, V[:2])
    check(after_burn_in, V)


def test_list_that_is_an_operand_of_an_array_more_than_once():
    check(lambda a, x: np.sum(x / a) + np.sum(np.exp(x / a)), [0.7, 0.8, 1.3, 2.0], V)
    check(lambda a, x: np.sum(x**a) * np.mean(a), [0.7, 0.8], np.array([0.5, 1.5]))
    check(lambda a, b: math.dist(a, b) + math.dist(b, [0.0, 0.0]), [0.7, 1.1], [0.3, 0.4])

    def in_a_loop(a, x):
        total = 0.0
        for k in range(3):
            total += np.sum((x - a) ** 2) + k * np.mean(a)
        return total

    check(in_a_loop, [0.7, 0.8, 1.3, 2.0], V)
    check(in_a_loop, (0.7, 0.8, 1.3, 2.0), V)


def test_arguments_of_a_call_in_a_list():
    def f(x, y):
        p = [x, y]
        return math.hypot(*p) + math.prod(p)

    check(f, 0.7, 1.1)


def test_extreme_of_products_whose_factors_the_backward_part_orders_otherwise():
    f = grad(lambda x, y: max(x * y * 3, -1.0), argnums=(0, 1))
    for x in np.random.default_rng(0).uniform(0.1, 2.0, 50).tolist():
        assert f(x, 1.1) == pytest.approx((3.3, 3 * x))
