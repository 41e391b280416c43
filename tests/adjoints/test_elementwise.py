"""Rules of elementwise functions at kinks, ties and points where a formula would be nan."""

import dataclasses
import math
import operator

import numpy as np
import pytest
from scipy import special

from knetsrc import ops, vjp
from knetsrc.adjoints import TABLE
from rules import call_rule, check_rule

MODULES = ("arithmetic", "bessel", "choosing", "elementwise", "scalars", "special")
OWN = [r for r in TABLE if r.function.__module__.removeprefix("knetsrc.adjoints.") in MODULES]
FURTHER = [
    pytest.param(rule, primitive, id=f"{rule}-{primitive.__name__}")
    for rule in OWN
    for primitive in rule.primitives[1:]
    if primitive is not np.float32  # too coarse for differences
]


def has_axes(argument):
    return bool(getattr(argument, "shape", ()))


def adjoints(primitive, *args, d_y=1.0):
    """The adjoint of the operand, or of each operand in a list, without a warning."""
    rule = TABLE.by_function[primitive]
    with np.errstate(all="ignore"):
        y = primitive(*args)
        names = list(rule.function.__code__.co_varnames[: len(args)])
        arguments = dict(zip(names, args, strict=True))
        found = call_rule(
            rule, arguments, y, np.broadcast_to(d_y, np.shape(y)) if np.shape(y) else d_y
        )
    values = list(found.values())
    return values[0] if len(values) == 1 else values


@pytest.mark.parametrize(("rule", "primitive"), FURTHER)
def test_every_primitive_of_a_rule_has_that_derivative(rule, primitive):
    same = dataclasses.replace(rule, primitives=(primitive,))
    scalar_only = getattr(primitive, "__module__", None) == "math"
    cases = [c for c in rule.cases if not (scalar_only and any(map(has_axes, c.args)))]
    assert cases
    for case in cases:
        with np.errstate(all="ignore"):
            check_rule(same, case)


# --- powers


def test_zero_to_the_zero_has_derivative_zero_in_the_base():
    for b in (0, 0.0, np.zeros(2), np.array([0, 0])):
        np.testing.assert_array_equal(adjoints(np.power, np.zeros(2), b)[0], [0, 0])
    assert adjoints(operator.pow, 0.0, 0)[0] == 0


def test_first_power_of_zero_has_derivative_one():
    for b in (1, 1.0, np.ones(2), np.array([1, 1])):
        np.testing.assert_array_equal(adjoints(np.power, np.zeros(2), b)[0], [1, 1])
    assert adjoints(math.pow, 0.0, 1.0)[0] == 1


def test_zeroth_power_of_infinity_has_derivative_zero():
    assert adjoints(np.power, np.array([np.inf]), np.zeros(1))[0] == [0]


def test_negative_base_with_integer_exponents():
    d_a, d_b = adjoints(np.power, np.array([-2.0, -2.0]), np.array([2.0, 3.0]))
    np.testing.assert_allclose(d_a, [-4, 12])
    assert np.isnan(d_b).all()  # no real derivative


def test_power_of_zero_is_flat_in_the_exponent():
    np.testing.assert_array_equal(adjoints(np.power, np.zeros(2), np.array([1.5, 0.0]))[1], [0, 0])
    assert adjoints(math.pow, 0.0, 2.0)[1] == 0


def test_exponent_of_a_literal_base_keeps_float32():
    d_b = adjoints(np.power, 2.0, np.ones(3, np.float32), d_y=np.float32(1))[1]
    assert d_b.dtype == np.float32
    np.testing.assert_allclose(d_b, 2 * math.log(2), rtol=1e-6)


# --- kinks


@pytest.mark.parametrize("function", [np.absolute, np.fabs, abs, math.fabs])
def test_absolute_value_has_derivative_zero_at_zero(function):
    assert adjoints(function, 0.0) == 0


def test_square_root_has_infinite_slope_at_zero():
    assert adjoints(np.sqrt, np.zeros(1)) == [np.inf]


@pytest.mark.parametrize("function", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_tie_of_two_arrays_is_shared(function):
    d_a, d_b = adjoints(function, np.ones(2), np.ones((1, 2)), d_y=3.0)
    np.testing.assert_array_equal(d_a, [1.5, 1.5])
    np.testing.assert_array_equal(d_b, [[1.5, 1.5]])


@pytest.mark.parametrize("function", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_tie_with_a_literal_has_derivative_zero(function):
    np.testing.assert_array_equal(adjoints(function, np.zeros(2), 0)[0], [0, 0])
    np.testing.assert_array_equal(adjoints(function, 0.0, np.zeros(2))[1], [0, 0])


@pytest.mark.parametrize("function", [np.fmax, np.fmin])
@pytest.mark.parametrize("literal", [1.0, np.ones(1)], ids=["literal", "array"])
def test_fmax_hands_on_the_number_beside_nan(function, literal):
    d_a, d_b = adjoints(function, np.array([np.nan]), literal)
    assert (np.sum(d_a), np.sum(d_b)) == (0, 1)
    assert adjoints(function, np.ones(1), np.array([np.nan]))[0] == [1]


def test_infinite_cotangent_does_not_reach_the_branch_not_taken():
    d_a, d_b = adjoints(np.where, np.array([True, False]), np.ones(2), np.ones(2), d_y=np.inf)
    np.testing.assert_array_equal(d_a, [np.inf, 0])
    np.testing.assert_array_equal(d_b, [0, np.inf])


# --- clip


def test_clip_is_flat_at_its_bounds():
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    for low, high in [(0, 1), (np.zeros(5), np.ones(5)), (np.float32(0), np.array(1.0))]:
        d_x, d_low, d_high = adjoints(np.clip, x, low, high)
        np.testing.assert_array_equal(d_x, [0, 0, 1, 0, 0])
        assert (np.sum(d_low), np.sum(d_high)) == (2, 2)


@pytest.mark.parametrize("function", [np.clip, np.ndarray.clip])
def test_clip_with_a_bound_known_to_be_missing_only_at_run_time(function):
    rule = TABLE.by_function[function].function
    names = rule.__code__.co_varnames[:3]
    x = np.array([-1.0, 0.5, 2.0])
    for low, high, expected in [
        (np.zeros(3), None, [0, 1, 1]),
        (None, np.ones(3), [1, 1, 0]),
    ]:
        arguments = dict(zip(names, (x, low, high), strict=True))
        np.testing.assert_array_equal(rule(**arguments, d_y=np.ones(3))[0], expected)


def test_clip_with_crossed_bounds_hands_on_the_upper_one():
    d_x, d_low, d_high = adjoints(
        np.clip, np.array([0.0, 1.5, 3.0]), np.array([2.0]), np.array([1.0])
    )
    np.testing.assert_array_equal(d_x, [0, 0, 0])
    assert (d_low, d_high) == ([0], [3])


def test_clip_of_nan_has_derivative_zero():
    assert adjoints(np.clip, np.array([np.nan]), 0, 1)[0] == [0]
    assert adjoints(np.clip, np.array([np.nan]), np.zeros(1), np.ones(1))[0] == [0]


# --- where and nan


def test_where_gives_the_branch_not_taken_zero():
    x = np.array([0.0, 4.0])
    d_taken, d_other = adjoints(np.where, x > 0, x, np.zeros(2), d_y=2.0)
    np.testing.assert_array_equal(d_taken, [0, 2])
    np.testing.assert_array_equal(d_other, [2, 0])


@pytest.mark.parametrize(("a", "b"), [((10, 1), (10, 3)), ((3,), (10, 1)), ((), (1, 3))])
def test_where_sums_over_what_the_condition_repeats(a, b):
    condition = np.ones((10, 3), bool)
    condition[0] = False
    d_a, d_b = adjoints(np.where, condition, np.ones(a), np.ones(b))
    assert (np.shape(d_a), np.shape(d_b)) == (a, b)
    assert (np.sum(d_a), np.sum(d_b)) == (27, 3)


def test_nan_to_num_is_flat_where_it_replaces():
    d_x = adjoints(np.nan_to_num, np.array([np.nan, 1.0, np.inf, -np.inf]))
    np.testing.assert_array_equal(d_x, [0, 1, 0, 0])


def test_heaviside_hands_on_its_value_at_zero():
    d_value = adjoints(np.heaviside, np.array([-1.0, 0.0, 1.0]), np.full(3, 0.5))
    np.testing.assert_array_equal(d_value, [0, 1, 0])


# --- points where a quotient is 0 / 0


def test_lengths_have_derivative_zero_at_the_origin():
    assert adjoints(np.hypot, 0.0, 0.0) == [0, 0]
    rule = TABLE.by_function[math.hypot].function
    assert rule(0.0, 0.0, 0.0, y=0.0, d_y=1.0) == [0, 0, 0]
    assert adjoints(math.dist, [1.0, 2.0], [1.0, 2.0]) == [[0, 0], [0, 0]]


def test_sinc_near_zero():
    x = np.array([0.0, 1e-9, -1e-5, 1e-3])
    np.testing.assert_allclose(adjoints(np.sinc, x), -(np.pi**2) * x / 3, rtol=1e-5)
    assert adjoints(np.sinc, x.astype(np.float32)).dtype == np.float32


def test_xlogy_at_zero():
    d_a, d_b = adjoints(special.xlogy, np.zeros(2), np.array([0.0, 2.0]))
    np.testing.assert_array_equal(d_a, [-np.inf, math.log(2)])
    np.testing.assert_array_equal(d_b, [0, 0])


def test_xlog1py_at_zero():
    assert adjoints(special.xlog1py, np.zeros(1), np.array([-1.0]))[1] == [0]


def test_relative_entropy_of_an_impossible_event():
    assert adjoints(special.rel_entr, np.zeros(1), np.zeros(1))[1] == [0]
    assert adjoints(special.kl_div, np.zeros(1), np.zeros(1))[1] == [1]


def test_incomplete_gamma_at_zero():
    assert adjoints(special.gammainc, 1.0, np.zeros(1)) == [1]


def test_product_with_zeros():
    d_values, _ = TABLE.by_function[math.prod].function([2.0, 0.0, 5.0], d_y=1.0)
    assert d_values == [0, 10, 0]


# --- large arguments


def test_saturated_functions_have_derivatives_without_nan():
    x = np.array([-800.0, 800.0])
    for function in (np.tanh, special.expit, special.log_expit, special.erf, special.ndtr):
        assert np.isfinite(adjoints(function, x)).all(), function


def test_log_softmax_and_logsumexp_do_not_overflow():
    x = np.array([1000.0, 0.0])
    np.testing.assert_allclose(adjoints(special.logsumexp, x)[0], [1, 0], atol=1e-12)
    np.testing.assert_allclose(adjoints(special.log_softmax, x), [-1, 1], atol=1e-12)


@pytest.mark.parametrize("function", [np.logaddexp, np.logaddexp2])
def test_what_is_minus_infinity_adds_nothing_to_a_logarithm_of_sums(function):
    none, some = np.array([-np.inf, -np.inf, 1.0]), np.array([-np.inf, 2.0, -np.inf])
    d_a, d_b = adjoints(function, none, some)
    np.testing.assert_array_equal(d_a, [0, 0, 1])
    np.testing.assert_array_equal(d_b, [0, 1, 0])
    np.testing.assert_array_equal(adjoints(function, none, -np.inf)[0], [0, 0, 1])
    assert adjoints(function, none.astype(np.float32), np.float32(-np.inf))[0].dtype == np.float32


def test_logarithm_of_one_plus_an_exponential_neither_overflows_nor_loses_digits():
    with np.errstate(all="raise", under="ignore"):
        slope = adjoints(np.logaddexp, 0, np.array([-800.0, -40.0, 800.0]))[1]
    np.testing.assert_allclose(slope, [0, np.exp(-40.0), 1], rtol=1e-14)
    np.testing.assert_array_equal(adjoints(np.logaddexp, np.array([np.inf, -np.inf]), 0)[0], [1, 0])


ROWS = {
    "scipy": lambda x: special.logsumexp(x, axis=1),
    "weighted": lambda x: special.logsumexp(x, axis=1, b=np.ones((2, 3))),
    "keepdims": lambda x: special.logsumexp(x, axis=1, keepdims=True)[:, 0],
    "own": lambda x: ops.logsumexp(x, axis=1),
    "own keepdims": lambda x: ops.logsumexp(x, 1, keepdims=True)[:, 0],
}


@pytest.mark.parametrize("function", ROWS.values(), ids=ROWS)
def test_logsumexp_of_rows_that_are_all_minus_infinity(function):
    x = np.array([[-np.inf] * 3, [0.0, -np.inf, 0.0]])
    with np.errstate(divide="ignore"):
        pullback = vjp(function, x)[1]
    np.testing.assert_allclose(pullback(np.ones(2))[0], [[0, 0, 0], [0.5, 0, 0.5]])


def test_quotient_of_mod_is_exact_beside_an_integer():
    d_b = adjoints(np.fmod, np.nextafter(3.0, 0), 1.0)[1]
    assert d_b == -2
    assert adjoints(math.fmod, math.nextafter(3.0, 0), 1.0)[1] == -2


# --- what is entered


@pytest.mark.parametrize(
    "function", [np.sign, np.floor, round, operator.lt, np.argmax, np.zeros_like, math.floor, len]
)
def test_steps_and_positions_are_constants(function):
    assert function in TABLE.constants


@pytest.mark.parametrize("function", [np.linspace, np.full, np.arange, np.random.normal, np.unique])
def test_what_follows_its_arguments_is_no_constant(function):
    assert function not in TABLE.constants


def test_nothing_is_both_a_rule_and_a_constant():
    assert not TABLE.constants & set(TABLE.by_function)
    assert not TABLE.constant_methods & set(TABLE.by_method)
    assert not TABLE.constant_attributes & set(TABLE.by_attribute)


def test_math_functions_are_entered():
    values = {"e", "inf", "nan", "pi", "tau"}
    missing = {
        name
        for name, function in vars(math).items()
        if not name.startswith("_")
        and name not in values
        and function not in TABLE.by_function
        and function not in TABLE.constants
    }
    assert missing <= {"nextafter", "sumprod", "fma"}
