"""`relu(pool(x))` for `pool(relu(x))`: the same values and derivatives, a quarter of the work."""

import numpy as np
import pytest

from knetsrc import grad, value_and_grad
from knetsrc.ops import pool, relu

# Maxima that are positive, negative, zero, and equal to their neighbours.
IMAGE = np.array(
    [[1.0, 2.0, -1.0, -2.0], [3.0, -4.0, -3.0, -1.0], [0.0, -1.0, 5.0, 5.0], [-2.0, 0.0, 5.0, 1.0]]
).reshape(1, 1, 4, 4)


def rectified_first(x):
    return np.sum(pool(relu(3 * x)) ** 2)


def in_two_statements(x):
    rectified = relu(3 * x)
    return np.sum(pool(rectified) ** 2)


def by_keyword(x):
    return np.sum(pool(relu(3 * x), window=3, padding=1, stride=2, mode="max") ** 2)


def by_keyword_in_two_statements(x):
    rectified = relu(3 * x)
    return np.sum(pool(rectified, window=3, padding=1, stride=2) ** 2)


def means(x):
    return np.sum(pool(relu(3 * x), mode="avg") ** 2)


def any_mode(x, mode):
    return np.sum(pool(relu(3 * x), mode=mode) ** 2)


@pytest.mark.parametrize(
    ("exchanged", "plain"),
    [(rectified_first, in_two_statements), (by_keyword, by_keyword_in_two_statements)],
)
def test_values_and_derivatives_are_the_same(exchanged, plain):
    assert "relu(pool" in grad(exchanged).source.replace("_value", "").replace("ops.", "")
    for x in (IMAGE, -IMAGE, IMAGE[..., ::-1].copy()):
        value, d_x = value_and_grad(exchanged)(x)
        expected, d_x_plain = value_and_grad(plain)(x)
        assert value == expected
        np.testing.assert_array_equal(d_x, d_x_plain)


def test_nan_stays():
    x = IMAGE.copy()
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(value_and_grad(rectified_first)(x)[0])


def test_means_are_taken_as_they_stand():
    assert "relu(3 * x)" in grad(means).source
    mode_given = grad(any_mode)
    assert "relu(3 * x)" in mode_given.source
    for mode in ("max", "avg"):
        expected = grad(rectified_first if mode == "max" else means)(IMAGE)
        np.testing.assert_array_equal(mode_given(IMAGE, mode), expected)
