"""Reductions where the table test cannot look: ties, NaN, zeros, kinks, nothing at all."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from knetsrc import KnetsrcError
from knetsrc.adjoints import TABLE, extremes, reductions
from rules import check_rule

TIED = np.array([[3.0, 1.0, 3.0], [2.0, 5.0, 5.0]])


def test_tied_maxima_share_equally():
    y = np.max(TIED, axis=1)
    d_x, _ = extremes.extreme_adjoint(TIED, 1, y=y, d_y=np.array([1.0, 4.0]))
    assert_array_equal(d_x, [[0.5, 0, 0.5], [0, 2, 2]])


def test_tied_minima_share_equally_over_the_whole_array():
    x = np.array([2.0, 2.0, 7.0, 2.0])
    assert_allclose(extremes.extreme_adjoint(x, y=2.0, d_y=3.0)[0], [1, 1, 0, 1])


def test_maximum_of_nan_is_passed_to_the_nan():
    x = np.array([[1.0, np.nan], [4.0, 2.0]])
    d_x, _ = extremes.extreme_adjoint(x, 1, y=np.max(x, axis=1), d_y=np.array([1.0, 1.0]))
    assert_array_equal(d_x, [[0, 1], [1, 0]])


def test_nanmax_ignores_nan():
    x = np.array([1.0, np.nan, 3.0])
    assert_array_equal(extremes.extreme_adjoint(x, y=np.nanmax(x), d_y=2.0)[0], [0, 0, 2])


def test_ptp_of_equal_elements_is_flat():
    assert_array_equal(extremes.ptp_adjoint(np.ones(3), d_y=1.0), np.zeros(3))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([1.0, 2.0, 2.0, 9.0, 0.0], [0, 0.5, 0.5, 0, 0]),
        ([1.0, 2.0, 2.0, 9.0], [0, 0.5, 0.5, 0]),
        ([1.0, 2.0, 2.0, 2.0, 0.0, 9.0], [0, 1 / 3, 1 / 3, 1 / 3, 0, 0]),
        ([4.0, 1.0], [0.5, 0.5]),
        ([1.0, np.nan, 3.0], [0, 1, 0]),
    ],
)
def test_median_shares_among_equal_middle_elements(x, expected):
    assert_allclose(extremes.median_adjoint(np.array(x), d_y=1.0), expected)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 0.0, 3.0], [0, 6, 0]),
        ([0.0, 0.0, 3.0], [0, 0, 0]),
        ([0.0], [1]),
        ([], []),
    ],
)
def test_prod_divides_by_no_zero(x, expected):
    assert_array_equal(reductions.prod_adjoint(np.array(x), d_y=1.0)[0], expected)


def test_prod_along_an_axis_with_zeros():
    x = np.array([[2.0, 0.0], [3.0, 5.0]])
    d_x, _ = reductions.prod_adjoint(x, 1, d_y=np.array([1.0, 10.0]))
    assert_array_equal(d_x, [[0, 2], [50, 30]])


def test_cumprod_divides_by_no_zero():
    x = np.array([2.0, 0.0, 3.0, 0.0])
    # y = (a, ab, abc, abcd)
    assert_array_equal(reductions.cumprod_adjoint(x, d_y=np.ones(4)), [1, 2 + 6, 0, 0])


def test_cumprod_with_and_without_a_zero_agree_at_the_limit():
    rng = np.random.default_rng(0)
    x, d_y = rng.standard_normal((2, 3, 4))
    x[1, 2] = 0
    near = x + 1e-9 * (x == 0)
    d_x = reductions.cumprod_adjoint(x, 1, d_y=d_y)
    assert_allclose(d_x, reductions.cumprod_adjoint(near, 1, d_y=d_y), atol=1e-7)


def test_std_of_equal_elements_has_zero_derivative():
    x = np.array([[2.0, 2.0], [1.0, 3.0]])
    d_x = reductions.std_adjoint(x, 1, y=np.std(x, axis=1), d_y=np.ones(2))
    assert_array_equal(d_x, [[0, 0], [-0.5, 0.5]])
    assert_array_equal(reductions.std_adjoint(np.ones(3), y=0.0, d_y=1.0), np.zeros(3))


def test_var_without_degrees_of_freedom_is_nan_as_its_value_is():
    assert np.isnan(reductions.var_adjoint(np.array([2.0]), None, 1, d_y=1.0)).all()


@pytest.mark.parametrize("keepdims", [False, True])
def test_nansum_and_nanmean_pass_nothing_to_nan(keepdims):
    x = np.array([[1.0, np.nan], [3.0, 4.0]])
    d_y = np.ones((2, 1)) if keepdims else np.ones(2)
    assert_array_equal(reductions.nansum_adjoint(x, 1, keepdims, d_y=d_y), [[1, 0], [1, 1]])
    assert_array_equal(reductions.nanmean_adjoint(x, 1, keepdims, d_y=d_y), [[1, 0], [0.5, 0.5]])


NORMS = [None, 1, 2, 3, 0.5, np.inf, -np.inf, 0]


@pytest.mark.parametrize("ord", NORMS)
def test_norm_of_zeros_has_zero_derivative(ord):
    x = np.zeros(3)
    assert_array_equal(extremes.norm_adjoint(x, ord, y=0.0, d_y=1.0), x)


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_matrix_norm_of_zeros_has_zero_derivative(ord):
    x = np.zeros((2, 3))
    assert_array_equal(extremes.norm_adjoint(x, ord, y=0.0, d_y=1.0), x)


def test_norm_of_one_zero_row_leaves_the_others_alone():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    d_x = extremes.norm_adjoint(x, None, 1, y=np.array([5.0, 0.0]), d_y=np.ones(2))
    assert_allclose(d_x, [[0.6, 0.8], [0, 0]])


def test_nuclear_norm_of_a_matrix_of_rank_one():
    x = np.outer([1.0, 2.0], [2.0, 1.0, 2.0])
    d_x = extremes.norm_adjoint(x, "nuc", y=np.linalg.norm(x, "nuc"), d_y=1.0)
    assert_allclose(d_x, x / np.linalg.norm(x))


@pytest.mark.parametrize("ord", [1.5, 3])
def test_norm_of_a_vector_with_a_zero(ord):
    x = np.array([0.0, 2.0])
    assert_allclose(extremes.norm_adjoint(x, ord, y=2.0, d_y=1.0), [0, 1], atol=1e-15)


def test_builtin_max_of_equal_numbers_shares_equally():
    assert extremes.builtin_extreme_adjoint(2.0, 1.0, 2.0, y=2.0, d_y=1.0) == [0.5, 0.0, 0.5]


def test_builtin_max_of_one_list_gives_one_list():
    assert extremes.builtin_extreme_adjoint([1.0, 4.0], y=4.0, d_y=3.0) == [[0.0, 3.0]]


def test_builtin_sum_of_a_dict_is_refused():
    with pytest.raises(KnetsrcError, match="keys of a dict"):
        reductions.builtin_sum_adjoint({1.0: 2}, d_y=1.0)


@pytest.mark.parametrize("axis", [None, -1])
def test_adjoint_of_float32_stays_float32_beside_a_python_float(axis):
    x = np.array([1.0, 4.0, 2.0], np.float32)
    assert reductions.prod_adjoint(x, axis, d_y=1.0)[0].dtype == np.float32
    for rule in (reductions.var_adjoint, extremes.median_adjoint):
        assert rule(x, axis, d_y=1.0).dtype == np.float32
    for ord in NORMS:
        y = np.linalg.norm(x, ord, axis)
        assert extremes.norm_adjoint(x, ord, axis, y=y, d_y=1.0).dtype == np.float32


MODULES = ("reductions", "extremes")
FURTHER = [
    pytest.param(rule, primitive, id=f"{rule}-{primitive.__name__}")
    for rule in TABLE
    if rule.function.__module__.removeprefix("knetsrc.adjoints.") in MODULES
    for primitive in rule.primitives[1:]
]


@pytest.mark.parametrize(("rule", "primitive"), FURTHER)
def test_every_primitive_of_a_rule_agrees_with_central_differences(rule, primitive):
    with np.errstate(all="ignore"):
        for case in rule.cases:
            check_rule(dataclasses.replace(rule, primitives=(primitive,)), case)
