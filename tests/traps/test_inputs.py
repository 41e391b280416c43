"""Integers, booleans, NaN, infinities, ties and singular points."""

import math
import re
from collections import Counter, OrderedDict

import numpy as np
import pytest

from knetsrc import NonScalarOutputError, NotDifferentiableError, grad, vjp
from language.checking import M, V, check


@pytest.mark.parametrize(
    "x", [3, True, np.array([1, 2]), np.array([True]), np.int64(3), "3", None, 1j], ids=repr
)
def test_what_has_no_gradient_is_refused(x):
    with pytest.raises(NotDifferentiableError):
        grad(lambda x: x)(x)


def test_integer_array_beside_a_float_array():
    counts = np.array([1, 2, 3, 4])
    d_x = grad(lambda x, n: np.sum(x * n))(V, counts)
    np.testing.assert_array_equal(d_x, counts)
    assert d_x.dtype == np.float64


def test_integer_array_becomes_active_by_multiplication():
    def f(x):
        n = np.arange(4)
        y = n * x
        return np.sum(y**2)

    check(f, V)


def test_integer_buffer_is_not_used_for_gradients():
    def f(x):
        s = np.zeros(4, dtype=int)
        for i in range(3):
            s = s + x * i
        return np.sum(s * s)

    check(f, V)


def test_integers_in_a_container_are_none():
    def f(p):
        s = 0.0
        for e in p:
            s = s + np.sum(e * p[0])
        return s

    found = grad(f)([2.0, 3, np.array([1, 2]), True])
    assert found == [2.0 * 2.0 + 3 + 3 + 1, None, None, None]


def test_boolean_mask_times_active_float32():
    def f(x):
        mask = x > 0
        return np.sum(x * mask)

    assert grad(f)(V.astype(np.float32)).dtype == np.float32


def test_pullback_of_an_integer_argument_is_none():
    _, pullback = vjp(lambda x, n: x * n, 2.0, 3)
    assert pullback(1.0) == (3.0, None)


def test_nan_and_infinity_pass_through():
    found = grad(lambda x: np.sum(x * x))(np.array([np.nan, np.inf, 1.0]))
    np.testing.assert_array_equal(found, [np.nan, np.inf, 2.0])


def test_where_around_a_nan():
    def f(x):
        with np.errstate(invalid="ignore"):
            return np.sum(np.where(x > 0, np.log(x), x))

    np.testing.assert_allclose(grad(f)(np.array([-1.0, 2.0])), [1.0, 0.5])


def test_product_with_zeros():
    np.testing.assert_array_equal(grad(np.prod)(np.array([0.0, 2.0, 3.0])), [6.0, 0.0, 0.0])
    np.testing.assert_array_equal(grad(np.prod)(np.array([0.0, 0.0, 3.0])), [0.0, 0.0, 0.0])


def test_zero_to_the_power_zero():
    def f(x, n):
        return np.sum(x**n)

    np.testing.assert_array_equal(grad(f)(np.array([0.0, 2.0]), 0), [0.0, 0.0])
    np.testing.assert_array_equal(grad(f)(np.array([0.0, 2.0]), 1), [1.0, 1.0])
    np.testing.assert_array_equal(grad(f)(np.array([0.0, 2.0]), 2.0), [0.0, 4.0])


def test_negative_base_of_an_integer_power():
    def f(x, n):
        return np.sum(x**n)

    np.testing.assert_allclose(grad(f)(np.array([-2.0, 3.0]), 3), [12.0, 27.0])


def test_ties_of_a_maximum_share_one_gradient():
    assert np.sum(grad(np.max)(np.array([2.0, 2.0, 1.0]))) == 1.0
    d_a, d_b = grad(lambda a, b: np.sum(np.maximum(a, b)), (0, 1))(np.ones(2), np.ones(2))
    np.testing.assert_array_equal(d_a + d_b, np.ones(2))


def test_norm_of_zero_has_a_finite_gradient():
    with np.errstate(all="ignore"):
        found = grad(np.linalg.norm)(np.zeros(3))
    np.testing.assert_array_equal(found, np.zeros(3))


def test_result_that_is_not_a_number_is_refused():
    with pytest.raises(NonScalarOutputError, match=r"\(4,\)"):
        grad(lambda x: x * 2.0)(V)


def test_array_of_one_element_is_not_a_scalar():
    with pytest.raises(NonScalarOutputError, match=r"\(1,\)"):
        grad(lambda x: x[:1])(V)


def test_broadcast_branches_of_where():
    check(lambda a, b: np.sum(np.where(M > 0, a, b) ** 2), V[:3], 2.0)
    check(lambda a, b: np.sum(np.where(M[:, :1] > 0, a, b) ** 2), M, V[:3])


def test_norm_with_axis_and_keepdims():
    check(lambda m: np.sum(np.linalg.norm(m, axis=1, keepdims=True) * m), M)


def test_diagonal_of_a_matrix_that_is_not_square():
    check(lambda m: np.sum(np.diag(m) ** 2), M)
    check(lambda v: np.sum(np.diag(v, 1) ** 2 * 3.0), V)


def test_tile_of_a_matrix_by_one_number():
    check(lambda m: np.sum(np.tile(m, 2) * np.arange(6.0)), M)


def test_shapes_that_do_not_fit_raise():
    with pytest.raises(ValueError):
        grad(lambda a, b: np.sum(a @ b))(M, M)


def test_wrong_arguments_raise_what_the_primal_raises():
    def f(x, y):
        return np.sum(x * y)

    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        grad(f)(V)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        grad(f)(V, V, z=3)


def test_absolute_value_of_an_element_by_a_function_of_math():
    check(lambda x: math.fabs(x[0]) + math.copysign(x[1], 1.0), V)
    check(lambda x: math.fabs(x) * 2.0, np.array(-0.3))


class Named(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Loose(dict):
    __getattr__ = dict.__getitem__


class Itself(dict):
    def __init__(self, **entries):
        super().__init__(entries)
        self.__dict__ = self


class Half(dict):
    def __missing__(self, key):
        return 0.5


class Doubling(dict):
    def __getitem__(self, key):
        return 2 * super().__getitem__(key)


class DoubledValues(dict):
    def values(self):
        return [2 * v for v in super().values()]


def of_attribute(p):
    return p.a**2


def of_inner_attribute(p):
    inner = p["inner"]
    return inner.a * inner.b


def of_missing(p):
    return p["a"] * p["b"]


def of_entry(p):
    return p["a"] ** 2


def of_values(p):
    return sum(p.values())


@pytest.mark.parametrize(
    ("f", "p", "what"),
    [
        (of_attribute, Named(a=1.0), "`.a` of a dict of the class Named"),
        (of_inner_attribute, {"inner": Named(a=1.0, b=2.0)}, "`.a` of a dict of the class Named"),
        (of_attribute, Itself(a=1.0), "`.a` of a dict of the class Itself"),
        (
            of_attribute,
            Loose(a=1.0),
            "a dict of the class Loose, whose `__getattr__` raises KeyError",
        ),
        (
            of_inner_attribute,
            {"inner": Loose(a=1.0, b=2.0)},
            "a dict of the class Loose, whose `__getattr__`",
        ),
        (of_missing, Half(a=1.0), "'b' of a dict of the class Half, which has no such entry"),
        (of_entry, Doubling(a=1.0), "class Doubling, which has a `__getitem__` of its own"),
        (of_values, DoubledValues(a=1.0), "which has a `values` of its own"),
    ],
    ids=range(8),
)
def test_dicts_that_compute_what_they_hold_are_refused(f, p, what):
    with pytest.raises(NotDifferentiableError, match=re.escape(what)):
        grad(f)(p)


def test_pullback_to_an_attribute_of_a_dict_is_refused():
    with pytest.raises(NotDifferentiableError, match=r"`\.a` of a dict of the class Named"):
        vjp(of_attribute, Named(a=1.0))[1](1.0)


@pytest.mark.parametrize("kind", [Named, Itself, Half, Counter, OrderedDict])
def test_entries_of_a_dict_of_another_class(kind):
    found = grad(of_entry)(kind(a=3.0, b=1.0))
    assert type(found) is kind and dict(found) == {"a": 6.0, "b": 0.0}
    assert dict(grad(of_values)(kind(a=3.0, b=1.0))) == {"a": 1.0, "b": 1.0}


def test_cotangent_in_a_counter():
    _, pullback = vjp(lambda p: p, Counter(a=3.0))
    assert dict(pullback(Counter(a=2.0))[0]) == {"a": 2.0}


def test_paths_that_cannot_be_reached_have_the_derivative_zero():
    def log_likelihood(x):  # of all ways through a chain of states, as in CTC
        log_alpha = np.full(4, -np.inf)
        log_alpha[0] = x[0]
        for _ in range(4):
            moved = log_alpha + x
            for s in range(1, 4):
                moved[s] = np.logaddexp(log_alpha[s], log_alpha[s - 1]) + x[s]
            log_alpha = moved
        return log_alpha[-1]

    check(log_likelihood, V)
    check(lambda x: np.sum(grad(log_likelihood)(x) ** 2), V)


def test_softplus_by_logaddexp_looks_for_no_infinity():
    slope = grad(lambda x: np.sum(np.logaddexp(0, x)))
    slope(V)
    assert "inf" not in slope.source


def test_softplus_by_logaddexp_is_not_computed_again():
    slope = grad(lambda x: np.sum(np.logaddexp(0, x)))
    slope(V)
    assert slope.source.count("np.logaddexp(") == 1  # in the comment
