"""Moving and joining: memory layouts, structures, dtypes, and what is refused."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from knetsrc import KnetsrcError
from knetsrc.adjoints import TABLE, joining, shaping
from knetsrc.backends import inverse_axes, nested_like
from rules import check_rule

A = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("axes", [(0, 1, 2), (-1, 0, 1), (1, -1, -3), (2, 1, 0)])
def test_inverse_axes_undo_a_transposition(axes):
    x = np.ones((2, 3, 4))
    assert np.transpose(np.transpose(x, axes), inverse_axes(axes)).shape == x.shape


@pytest.mark.parametrize("axes", [(), (None,), None])
def test_without_axes_all_are_reversed(axes):
    assert inverse_axes(axes) is None


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
@pytest.mark.parametrize("x", [A, np.asfortranarray(A), A.T], ids=["C", "F", "transposed"])
def test_ravel_of_every_layout(x, order):
    assert_array_equal(shaping.ravel_adjoint(x, order, d_y=np.ravel(x, order)), x)


def test_ravel_in_memory_order_of_a_slice_is_refused():
    x = np.asfortranarray(A)[:, ::2][::2]
    with pytest.raises(KnetsrcError, match="order='C'"):
        shaping.ravel_adjoint(x, "K", d_y=np.ravel(x, "K"))


@pytest.mark.parametrize("order", ["F", "A"])
def test_reshape_in_fortran_order(order):
    x = np.asfortranarray(A)
    assert_array_equal(
        shaping.reshape_adjoint(x, (2, 6), order, d_y=x.reshape(2, 6, order=order)), x
    )


@pytest.mark.parametrize("mode", ["mean", "linear_ramp", "empty"])
def test_padding_that_is_not_a_copy_is_refused(mode):
    with pytest.raises(KnetsrcError, match=mode):
        shaping.pad_adjoint(np.ones(3), 1, mode, d_y=np.ones(5))


def test_repeat_with_no_copies_of_some():
    d_x = shaping.repeat_adjoint(np.ones(3), [0, 2, 1], d_y=np.array([1.0, 2.0, 4.0]))
    assert_array_equal(d_x, [0, 3, 4])


def test_pieces_of_a_concatenation_take_the_dtypes_of_the_arrays():
    arrays = [np.ones(2, np.float32), np.ones(1)]
    d_arrays = joining.concatenate_adjoint(arrays, d_y=np.ones(3))
    assert [d.dtype for d in d_arrays] == [np.float32, np.float64]


def test_concatenation_of_the_rows_of_an_array_gives_an_array():
    x = np.arange(24.0).reshape(3, 2, 4)
    d_x = joining.concatenate_adjoint(x, 1, d_y=np.concatenate(x, axis=1))
    assert isinstance(d_x, np.ndarray)
    assert_array_equal(d_x, x)


def test_stack_of_lists_of_numbers_gives_lists_of_numbers():
    d_arrays = joining.stack_adjoint(
        [[1.0, 2.0], [3.0, 4.0]], 1, d_y=np.array([[1.0, 2.0], [3.0, 4.0]])
    )
    assert d_arrays == [[1.0, 3.0], [2.0, 4.0]]


def test_array_of_nested_lists_gives_nested_lists():
    d_x = nested_like(np.arange(4.0).reshape(2, 2), [[1.0, 2.0], (3.0, 4.0)])
    assert d_x == [[0.0, 1.0], [2.0, 3.0]]


def test_overlapping_pieces_of_a_split_add_up():
    x = np.ones(6)
    pieces = [np.ones_like(part) for part in np.split(x, [4, 2])]
    assert_array_equal(joining.split_adjoint(x, [4, 2], d_y=pieces), [1, 1, 2, 2, 1, 1])


@pytest.mark.parametrize("dtype", [int, bool, "i4"])
def test_conversion_to_integers_has_zero_derivative(dtype):
    d_x = joining.astype_adjoint(np.ones(3, np.float32), dtype, d_y=np.ones(3))
    assert d_x.dtype == np.float32
    assert_array_equal(d_x, np.zeros(3))


def test_conversion_to_another_float_is_converted_back():
    assert joining.astype_adjoint(np.ones(3, np.float32), float, d_y=np.ones(3)).dtype == np.float32


def test_filling_an_array_of_integers_has_zero_derivative():
    assert joining.full_like_adjoint(np.zeros(2, int), 1.5, y=np.ones(2, int), d_y=np.ones(2)) == 0


MODULES = ("joining", "shaping")
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
