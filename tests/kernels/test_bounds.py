"""Nothing is read or written outside of the arrays: they end where a page begins that cannot be touched."""

import ctypes
import mmap
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import convolutions
from helpers.convolutions import assert_close
from knetsrc.backends.kernels import Geometry, paths

PAGE = mmap.PAGESIZE
PATHS = [
    (paths.forward, "panel"),
    (paths.forward, None),
    (paths.adjoint_x, "scatter"),
    (paths.adjoint_x, None),
    (paths.adjoint_w, "rows"),
    (paths.adjoint_w, "panel"),
    (paths.adjoint_w, "channels"),
]
SMALL = Geometry((2, 2), (1, 2), ((0, 0), (0, 0)), (1, 1), (1, 1), 1)  # less than a vector
geometries = convolutions.geometries(largest=12)


class Guarded:
    """Memory with a page behind it that cannot be touched."""

    def __init__(self, size):
        self.pages = -(-size // PAGE) + 1
        self.memory = mmap.mmap(-1, self.pages * PAGE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.protect(0)

    def protect(self, how):
        last = ctypes.c_void_p(self.address + (self.pages - 1) * PAGE)
        assert self.libc.mprotect(last, PAGE, how) == 0

    def array(self, shape, dtype):
        """An array that ends where the memory does."""
        numbers = int(np.prod(shape)) * np.dtype(dtype).itemsize
        start = (self.pages - 1) * PAGE - numbers
        return np.frombuffer(self.memory, dtype, int(np.prod(shape)), start).reshape(shape)


@pytest.mark.skipif(sys.platform != "linux", reason="protects pages as Linux does")
@pytest.mark.parametrize(("make", "path"), PATHS, ids=lambda v: getattr(v, "__name__", str(v)))
@example(SMALL, 3, 1, 2, "f")
@settings(max_examples=25, deadline=None)
@given(geometries, st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.sampled_from("fd"))
def test_page_behind_each_array_is_not_touched(make, path, geometry, batch, inputs, outputs, dtype):
    given = convolutions.arrays(geometry, batch, inputs, outputs, dtype)
    order = {"forward": (0, 1, 2), "adjoint_x": (2, 1, 0), "adjoint_w": (0, 2, 1)}[make.__name__]
    guards, arrays = [], []
    for source in (given[i] for i in order):
        guards.append(Guarded(source.nbytes))
        arrays.append(guards[-1].array(source.shape, dtype))
        arrays[-1][...] = source
    run = make(geometry, batch, inputs, outputs, np.dtype(dtype), 1, False, path)
    run(*arrays)
    wanted = np.empty_like(arrays[2])
    run(*(given[i] for i in order[:2]), wanted)
    assert_close(arrays[2].copy(), wanted)
