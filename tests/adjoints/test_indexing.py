"""Adding at an index: repeated elements, masks, containers; sorting where elements tie."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from knetsrc.adjoints import indexing, sorting
from knetsrc.backends import add_at


def added(shape, index, d):
    d_x = np.zeros(shape)
    add_at(d_x, index, d)
    return d_x


def test_repeated_index_adds_up():
    assert_array_equal(added(3, [0, 0, -1], np.array([1.0, 2.0, 4.0])), [3, 0, 4])


def test_the_same_element_by_a_positive_and_a_negative_index_adds_up():
    assert_array_equal(added(3, np.array([0, -3]), np.ones(2)), [2, 0, 0])


def test_repeated_rows_beside_a_slice_add_up():
    assert_array_equal(added((2, 3), np.s_[[1, 1], 1:], np.ones((2, 2))), [[0, 0, 0], [0, 2, 2]])


def test_repeated_columns_behind_an_integer_add_up():
    assert_array_equal(added((2, 3), np.s_[1, [2, 2]], np.ones(2)), [[0, 0, 0], [0, 0, 2]])


def test_list_of_booleans_is_a_mask():
    assert_array_equal(added(3, [True, False, True], np.array([1.0, 2.0])), [1, 0, 2])


def test_mask_beside_repeated_integers_adds_up():
    index = (np.array([True, False, True]), [1, 1])
    assert_array_equal(added((3, 2), index, np.ones(2)), [[0, 1], [0, 0], [0, 1]])


def test_many_repeated_rows_add_up():
    rng = np.random.default_rng(0)
    index, d = rng.integers(0, 50, 1000), rng.standard_normal((1000, 8))
    expected = np.zeros((50, 8))
    for i, row in zip(index, d, strict=True):
        expected[i] += row
    np.testing.assert_allclose(added((50, 8), index, d), expected)


def test_repeated_rows_of_a_buffer_that_is_not_contiguous_add_up():
    d_x = np.zeros((3, 4))
    add_at(d_x.T, [1, 1, -1], np.ones((3, 3)))
    assert_array_equal(d_x, [[0, 2, 0, 1]] * 3)


def test_list_of_booleans_is_a_mask_of_rows():
    assert_array_equal(added((2, 3), [False, True], np.ones((1, 3))), [[0, 0, 0], [1, 1, 1]])


def test_empty_index_adds_nothing():
    assert_array_equal(added((2, 3), [], np.ones((0, 3))), np.zeros((2, 3)))


def test_table_of_indices_reads_blocks():
    index = np.array([[0, -1], [1, 1]])
    assert_array_equal(added((2, 2), index, np.ones((2, 2, 2))), [[1, 1], [3, 3]])


def test_one_number_is_added_to_all_that_was_read():
    assert_array_equal(added((2, 2), np.s_[:, [0, 0]], 1.0), [[2, 0], [2, 0]])


def test_float32_buffer_stays_float32():
    d_x = np.zeros(3, np.float32)
    add_at(d_x, [0, 0], np.ones(2))
    assert d_x.dtype == np.float32
    assert d_x[0] == 2


def test_item_of_a_list_of_lists_is_not_extended():
    d_x = [[0.0, np.zeros(2)], 0.0]
    add_at(d_x, 0, [1.0, np.ones(2)])
    assert len(d_x[0]) == 2
    assert d_x[0][0] == 1.0
    assert_array_equal(d_x[0][1], [1, 1])


def test_slice_of_a_list_is_not_extended():
    d_x = [1.0, 2.0, 3.0]
    add_at(d_x, slice(1, None), [10.0, 20.0])
    assert d_x == [1.0, 12.0, 23.0]


def test_item_of_a_dict_of_dicts():
    d_x = {"layer": {"w": np.zeros(2), "b": 0.0}}
    add_at(d_x, "layer", {"w": np.ones(2), "b": 3.0})
    assert d_x["layer"]["b"] == 3.0
    assert_array_equal(d_x["layer"]["w"], [1, 1])


def test_array_in_a_tuple_is_added_to_in_place():
    d_x = (np.zeros(2), np.zeros(1))
    add_at(d_x, 0, np.ones(2))
    assert_array_equal(d_x[0], [1, 1])


def test_number_in_a_tuple_cannot_be_replaced():
    with pytest.raises(TypeError):
        add_at((0.0, 1.0), 0, 2.0)


def test_equal_elements_keep_their_order_when_sorted():
    x = np.array([2.0, 1.0, 2.0, 1.0])
    d_x = sorting.sort_adjoint(x, y=np.sort(x), d_y=np.array([1.0, 2.0, 3.0, 4.0]))
    assert_array_equal(d_x, [3, 1, 4, 2])


def test_partition_sends_each_value_back_where_it_came_from():
    x = np.random.default_rng(0).permutation(200.0 + np.arange(200))
    y = np.partition(x, 60)
    d_x = sorting.partition_adjoint(x, 60, y=y, d_y=2 * y)
    assert_array_equal(d_x, 2 * x)


def test_sort_with_nan_is_finite_elsewhere():
    x = np.array([np.nan, 2.0, 1.0])
    d_x = sorting.sort_adjoint(x, y=np.sort(x), d_y=np.array([1.0, 2.0, 3.0]))
    assert_array_equal(d_x, [3, 2, 1])


@pytest.mark.parametrize("shape", [(2, 4), (4, 2)])
@pytest.mark.parametrize("k", [-3, -1, 0, 1, 3])
def test_diag_of_a_matrix_that_is_not_square(shape, k):
    x = np.arange(8.0).reshape(shape)
    d_x = indexing.diag_adjoint(x, k, d_y=np.diag(x, k))
    assert_array_equal(d_x, np.where(np.eye(*shape, k=k), x, 0))
