"""`check_grads`: it passes what is right, and says where what is wrong is wrong."""

from collections import namedtuple

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad
from knetsrc.testing import check_grads

Pair = namedtuple("Pair", ["a", "b"])
X = np.array([0.5, -1.0, 2.0])


def test_scalar_function_of_arrays():
    check_grads(lambda w, x: np.sum(np.tanh(w * x)), (X, X + 1), argnums=(0, 1))


def test_function_that_returns_an_array():
    check_grads(lambda x: x * x, [X])


def test_function_that_returns_a_container():
    check_grads(lambda x: {"a": x * x, "b": (2.0 * x, 3)}, [X])


def test_containers_of_arguments():
    p = {"pair": Pair(X, 2.0), "n": 3, "list": [X.astype(np.float32)]}
    check_grads(lambda p: np.sum(p["pair"].a * p["list"][0]) * p["pair"].b * p["n"], [p])


def test_keyword_arguments():
    check_grads(lambda x, power=2: np.sum(x**power), [X], kwargs={"power": 3})


def test_decorated_function():
    @grad
    def f(x):
        return np.sum(x * x)

    check_grads(f, [X])


def test_large_argument():
    check_grads(lambda x: np.sum(np.sin(x)), [np.linspace(-3, 3, 5000)])


def test_empty_argument():
    check_grads(lambda x: np.sum(x * x), [np.ones((0, 3))])


def test_second_order():
    check_grads(lambda x: x**3 * np.sin(x), [0.7], order=2)
    check_grads(lambda x, y: x**3 * np.sin(y), [0.7, 0.2], (0, 1), order=2)


def test_third_order():
    check_grads(lambda x: x**5, [0.7], order=3)
    with pytest.raises(KnetsrcError, match="order=3 where the gradient is not a single number"):
        check_grads(lambda x: np.sum(x**5), [X], order=3)


def test_arguments_are_left_alone():
    x = X.copy()
    check_grads(lambda x: np.sum(x * x), [x])
    np.testing.assert_array_equal(x, X)


def kinked(w, x):
    return np.sum(np.abs(w * x))


def test_disagreement_names_argument_element_numbers_and_line():
    args = ([1.0, 2.0, 3.0], np.array([1.0, 1e-9, 1.0]))
    with pytest.raises(AssertionError) as error:
        check_grads(kinked, args, argnums=1)
    message, heading, *lines = str(error.value).splitlines()
    assert message.startswith("the gradient of kinked with respect to x[1] is ")
    assert ", the central difference " in message
    assert heading == "look at its generated source:"
    gradient = grad(kinked, argnums=1)
    gradient(*args)
    source = gradient.source.splitlines()
    assert lines
    for line in lines:
        number, _, text = line.partition(" | ")
        assert source[int(number) - 1] == text


def test_disagreement_in_a_large_argument_is_narrowed_down_to_the_element():
    x = np.ones((50, 40))
    x[3, 7] = 1e-9
    with pytest.raises(AssertionError, match=r"with respect to w\[3, 7\] is "):
        check_grads(lambda w: np.sum(np.abs(w)), [x])


def test_path_in_a_container():
    with pytest.raises(AssertionError, match=r"with respect to p\['w'\]\[0\]\[1\] is "):
        check_grads(lambda p: np.sum(np.abs(p["w"][0])), [{"w": [np.array([1.0, 1e-9])]}])


@pytest.mark.parametrize("options", [{"modes": ("fwd",)}, {"order": 0}])
def test_what_is_not_there_is_refused(options):
    with pytest.raises(KnetsrcError, match="check_grads with order="):
        check_grads(lambda x: x * x, [1.0], **options)
