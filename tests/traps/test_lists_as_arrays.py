"""Lists and tuples given to functions of NumPy, which takes them as arrays."""

import numpy as np
import pytest

from knetsrc import grad, vjp
from knetsrc.errors import NotDifferentiableError
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
