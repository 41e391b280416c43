"""The internal matrix product."""

import numpy as np
import pytest

from helpers.convolutions import assert_close
from knetsrc.backends.kernels.matmul import matmul

SHAPES = [(1, 1, 1), (7, 3, 5), (100, 500, 10), (20, 25, 576), (65, 700, 130), (300, 3000, 40)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_agrees_with_numpy(shape, dtype):
    rng = np.random.default_rng(0)
    rows, depth, columns = shape
    a = rng.standard_normal((rows, depth)).astype(dtype)
    b = rng.standard_normal((depth, columns)).astype(dtype)
    assert_close(matmul(a, b), a @ b)
    assert_close(matmul(np.asfortranarray(a), np.asfortranarray(b)), a @ b)


def test_nothing_to_add_up_gives_zeros():
    np.testing.assert_array_equal(matmul(np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))
