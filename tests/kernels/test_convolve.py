"""The three operations against sums over sliding windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import convolutions
from helpers.convolutions import assert_close
from knetsrc.backends.kernels import Geometry, convolve, convolve_adjoint_w, convolve_adjoint_x

PLAIN = Geometry((6, 7), (3, 2), ((1, 1), (0, 1)), (1, 2), (1, 1), 1)
channels = st.integers(1, 5)


@settings(max_examples=60, deadline=None)
@given(convolutions.geometries(), st.integers(1, 3), channels, channels, st.sampled_from("fd"))
def test_agrees_with_sums_over_windows(geometry, batch, inputs, outputs, dtype):
    x, w, d_y = convolutions.arrays(geometry, batch, inputs, outputs, dtype)
    assert_close(convolve(x, w, geometry), convolutions.reference(x, w, geometry))
    d_x = convolutions.reference_adjoint_x(d_y, w, geometry)
    assert_close(convolve_adjoint_x(d_y, w, geometry), d_x)
    d_w = convolutions.reference_adjoint_w(x, d_y, geometry)
    assert_close(convolve_adjoint_w(x, d_y, geometry), d_w)


@settings(max_examples=20, deadline=None)
@given(convolutions.geometries(largest=9), channels, channels)
def test_flip_turns_the_window_around(geometry, inputs, outputs):
    x, w, d_y = convolutions.arrays(geometry, 2, inputs, outputs, "d")
    spatial = tuple(range(2, w.ndim))
    turned = np.flip(w, spatial)
    assert_close(convolve(x, w, geometry, flip=True), convolve(x, turned, geometry))
    d_x = convolve_adjoint_x(d_y, turned, geometry)
    assert_close(convolve_adjoint_x(d_y, w, geometry, flip=True), d_x)
    d_w = np.flip(convolve_adjoint_w(x, d_y, geometry), spatial)
    assert_close(convolve_adjoint_w(x, d_y, geometry, flip=True), d_w)


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_batch_of_none_gives_none(dtype):
    x, w, d_y = convolutions.arrays(PLAIN, 0, 2, 3, dtype)
    assert convolve(x, w, PLAIN).shape == d_y.shape
    assert convolve_adjoint_x(d_y, w, PLAIN).shape == x.shape
    np.testing.assert_array_equal(convolve_adjoint_w(x, d_y, PLAIN), np.zeros_like(w))


def test_arrays_need_not_be_contiguous():
    x, w, d_y = convolutions.arrays(PLAIN, 2, 3, 4, "d")
    strided = [np.asfortranarray(a) for a in (x, w, d_y)]
    assert_close(convolve(*strided[:2], PLAIN), convolve(x, w, PLAIN))
    found = convolve_adjoint_x(strided[2], strided[1], PLAIN)
    assert_close(found, convolve_adjoint_x(d_y, w, PLAIN))
    found = convolve_adjoint_w(strided[0], strided[2], PLAIN)
    assert_close(found, convolve_adjoint_w(x, d_y, PLAIN))
