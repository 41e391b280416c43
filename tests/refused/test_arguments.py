"""Arguments that a call does not take, or that have no gradient."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from knetsrc import NonScalarOutputError, NotDifferentiableError, grad, value_and_grad, vjp


def f(x, y=2.0):
    return np.sum(x * y)


def named(x, *, k):
    return x * k


def three(x, y, z):
    return x * y * z


class Tensor:
    """An array of a library whose functions are not NumPy's."""

    dtype = "float32"

    def __array__(self, dtype=None, copy=None):
        return np.ones(3)


WHY = "only floating-point numbers and NumPy or CuPy arrays of them have a gradient"
PARTS = "pass its real and imaginary part as two arguments"
CASES = [
    (3, "the int 3", "pass the float 3.0"),
    (True, "the bool True", "pass the float 1.0"),
    (np.int64(3), "a number of dtype int64", "pass `x.astype(float)`"),
    (np.bool_(True), "a number of dtype bool", "pass `x.astype(float)`"),
    (np.array([1, 2]), "an array of dtype int64", "pass `x.astype(float)`"),
    (np.array([True]), "an array of dtype bool", "pass `x.astype(float)`"),
    (1j, "the complex 1j", PARTS),
    (np.array([1j]), "an array of dtype complex128", PARTS),
    (np.array([1.0, None]), "an array of dtype object", "pass an array of floats"),
    (np.array(["a"]), "an array of dtype <U1", "pass an array of floats"),
    (np.ones(2, [("a", float)]), "an array of dtype [('a', '<f8')]", "pass an array of floats"),
    ("abc", "a str", "pass a float or an array of floats"),
    (b"abc", "a bytes", "pass a float or an array of floats"),
    (None, "None", "pass a float or an array of floats"),
    ({1.0}, "a set", "pass a float or an array of floats"),
    (object(), "an object", "pass a float or an array of floats"),
    (f, "a function", "pass a float or an array of floats"),
    (Fraction(1, 2), "the Fraction 1/2", "pass float(x)"),
    (Decimal("0.5"), "the Decimal 0.5", "pass float(x)"),
    (datetime.date(2020, 1, 1), "a date", "pass a float or an array of floats"),
    (Tensor(), f"a {__name__.partition('.')[0]} Tensor", "pass np.asarray(x)"),
]


@pytest.mark.parametrize("make", [grad, value_and_grad])
@pytest.mark.parametrize(("x", "what", "instead"), CASES, ids=[what for _, what, _ in CASES])
def test_argument_without_gradient(make, x, what, instead):
    with pytest.raises(NotDifferentiableError) as caught:
        make(f)(x)
    error = caught.value
    assert error.message == f"a derivative with respect to `x`, which is {what}"
    assert (error.why, error.instead) == (WHY, instead)
    assert error.place[1] == "f" and error.place[5] == "def f(x, y=2.0):"


@pytest.mark.parametrize("x", [np.array([1, 2]), np.array([True]), np.int64(3)])
def test_astype_float_is_the_way_out(x):
    assert np.all(grad(f)(x.astype(float)) == 2.0)


SPECIAL = [
    (np.ma.masked_array([1.0, 2.0], [False, True]), "MaskedArray", "pass {}.filled(0.0), and the mask as an array of its own"),
    (np.asmatrix([[1.0, 2.0]]), "matrix", "pass np.asarray({})"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "instead"), SPECIAL, ids=["masked", "matrix"])
@pytest.mark.parametrize(("args", "name"), [((0,), "x"), ((1.0, 0), "y")], ids=["wrt", "constant"])
def test_array_with_operators_of_its_own(value, kind, instead, args, name):
    with pytest.raises(NotDifferentiableError) as caught:
        grad(f)(*(value if a == 0 else a for a in args))
    assert caught.value.message == f"`{name}` is a {kind}"
    assert caught.value.instead == instead.format(name)


def test_matrix_by_keyword():
    with pytest.raises(NotDifferentiableError, match="^`y` is a matrix"):
        grad(f)(1.0, y=np.asmatrix([[1.0]]))


def _name(value):
    return getattr(value, "__name__", None) or str(value)


CALLS = [
    (f, (), {}),
    (f, (1.0, 2.0, 3.0), {}),
    (f, (1.0,), {"z": 3.0}),
    (named, (1.0,), {}),
    (named, (1.0, 2.0), {}),
    (three, (1.0, 2.0), {}),
    (three, (1.0, 2.0, 3.0), {"x": 1.0}),
]


@pytest.mark.parametrize("make", [grad, value_and_grad, lambda f: lambda *a, **k: vjp(f, *a, **k)])
@pytest.mark.parametrize(("function", "args", "kwargs"), CALLS, ids=_name)
def test_wrong_call_raises_what_the_primal_raises(make, function, args, kwargs):
    with pytest.raises(TypeError) as own:
        function(*args, **kwargs)
    with pytest.raises(TypeError) as found:
        make(function)(*args, **kwargs)
    assert type(found.value) is TypeError
    assert str(found.value) == str(own.value)


def test_wrong_call_after_right_ones():
    gradient = grad(three)
    for _ in range(3):
        gradient(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'z'"):
        gradient(1.0, 2.0)


RESULTS = [
    (lambda x: np.array([x, x]), "an array of shape (2,)"),
    (lambda x: [x], "a list of length 1"),
    (lambda x: (x, x), "a tuple of length 2"),
    (lambda x: {"a": x}, "a dict of length 1"),
    (lambda x: 1j, "a complex"),
    (lambda x: None, "None"),
    (lambda x: "abc", "a str"),
    (lambda x: ..., "an ellipsis"),
    (lambda x: lambda y: x * y, "a function"),
    (lambda x: x * None if x > 2.0 else None, "None"),
]


@pytest.mark.parametrize("make", [grad, value_and_grad])
@pytest.mark.parametrize(("function", "what"), RESULTS, ids=range(len(RESULTS)))
def test_result_that_is_no_number(make, function, what):
    with pytest.raises(NonScalarOutputError) as caught:
        make(function)(1.0)
    assert caught.value.message == f"`<lambda>` returns {what}"


@pytest.mark.parametrize("value", [True, 3, np.float32(2.0), np.array(1.0)], ids=repr)
def test_result_that_is_a_number_whatever_its_type(value):
    assert grad(lambda x: value)(1.0) == 0.0
