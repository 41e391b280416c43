"""Objects of the module whose classes say what an operator or an index means, and calls of what a call gives."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from knetsrc import grad
from knetsrc.errors import MissingAdjointError, UnsupportedSyntaxError
from language.checking import M, V, check


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __add__(self, x):
        return self.factor * x

    def __rmul__(self, x):
        return x**2

    def __getitem__(self, x):
        return x**3

    def __neg__(self):
        return 5.0


SCALE = Scale(3.0)
MASKED = np.ma.masked_array(V, [True, False, False, True])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: SCALE + x[0],
        lambda x: x[0] * SCALE,
        lambda x: SCALE[x[0]],
        lambda x: np.sum(MASKED * x),
        lambda x: np.sum(np.mgrid[0 : x[0] : 3j]),
    ],
)
def test_operation_of_an_object_of_the_module_is_refused(f):
    with pytest.raises(
        UnsupportedSyntaxError, match=r"an operation of `.*`, an object of the class"
    ):
        grad(f)(V)


def test_the_same_as_an_argument_is_followed():
    check(lambda x, scale: scale + x * 2.0, 0.7, Scale(3.0), argnums=(0,))


def test_objects_that_join_what_they_are_indexed_with():
    check(lambda x: np.sum(np.r_[0.5, x, x[0], x * x] ** 2), V)
    check(lambda x, a: np.sum(np.c_[np.ones(len(x)), x, a] ** 3), V[:2], M)
    check(lambda x: np.sum(np.c_[x, x**2] @ np.array([2.0, 1.0])), V)
    check(lambda a: np.sum(np.c_[a[None], a[None] ** 2] ** 2), M)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: Polynomial(x)(0.3),
        lambda x: np.poly1d(x)(0.3),
        lambda x: [Polynomial(x)][0](0.3),
        lambda x: {"mean": x.mean}["mean"](),
    ],
)
def test_call_of_what_a_differentiated_value_went_into_is_refused(f):
    with pytest.raises(MissingAdjointError, match="no derivative rule"):
        grad(f)(V)
