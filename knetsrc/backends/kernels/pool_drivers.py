"""Drivers of pooling: a worker takes its share of the planes. The loops take arrays, jobs hold addresses."""

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from knetsrc.backends.kernels import pool_2x2, pool_loops
from knetsrc.backends.kernels.compiling import driver
from knetsrc.backends.kernels.launch import record

AXES = ("image", "window", "before", "stride", "output")
SIZES = tuple(f"{name}_{axis}" for name in AXES for axis in range(3))
EXTENT = tuple(f"extent_{i}" for i in range(6))
JOB = record(
    "workers", "planes", "is_forward", "x", "x_size", "y", "y_size", "winners", *SIZES, *EXTENT
)


@intrinsic
def pointer(typing: Any, address: Any, dtype: Any) -> Any:
    """An address as a pointer to numbers."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

    return types.CPointer(dtype.dtype)(types.intp, dtype), write


@numba.njit(nogil=True)
def share(j, worker):
    """The planes of a worker: the first, and the one behind the last."""
    return j.planes * worker // j.workers, j.planes * (worker + 1) // j.workers


@numba.njit(nogil=True)
def sizes(j):
    """Image, window, padding, stride and output along three axes."""
    return (
        (j.image_0, j.image_1, j.image_2),
        (j.window_0, j.window_1, j.window_2),
        (j.before_0, j.before_1, j.before_2),
        (j.stride_0, j.stride_1, j.stride_2),
        (j.output_0, j.output_1, j.output_2),
    )


@numba.njit(nogil=True)
def extent(j):
    """How far around the image elements of a window count."""
    return j.extent_0, j.extent_1, j.extent_2, j.extent_3, j.extent_4, j.extent_5


@cache
def maxima(dtype: str, places: str, is_2x2: bool) -> int:
    """The driver of maxima and of their adjoints, for numbers and places of these types."""
    number, place = np.dtype(dtype).type, np.dtype(places).type

    @driver(JOB)
    def work(job, worker):
        j = numba.carray(job, 1)[0]
        x = numba.carray(pointer(j.x, number), (j.x_size,))
        y = numba.carray(pointer(j.y, number), (j.y_size,))
        winners = numba.carray(pointer(j.winners, place), (j.y_size,))
        first, last = share(j, worker)
        if is_2x2:
            if j.is_forward:
                pool_2x2.maxima(x, winners, y, first, last, j.image_1, j.image_2)
            else:
                pool_2x2.winners_back(x, winners, y, first, last, j.image_1, j.image_2)
        elif j.is_forward:
            pool_loops.maxima(x, winners, y, first, last, *sizes(j))
        else:
            pool_loops.winners_back(x, winners, y, first, last, *sizes(j))

    return int(work.address)


@cache
def means(dtype: str, is_2x2: bool) -> int:
    """The driver of means and of their adjoints, for numbers of this type."""
    number = np.dtype(dtype).type

    @driver(JOB)
    def work(job, worker):
        j = numba.carray(job, 1)[0]
        x = numba.carray(pointer(j.x, number), (j.x_size,))
        y = numba.carray(pointer(j.y, number), (j.y_size,))
        first, last = share(j, worker)
        if is_2x2:
            if j.is_forward:
                pool_2x2.means(x, y, first, last, j.image_1, j.image_2)
            else:
                pool_2x2.means_back(x, y, first, last, j.image_1, j.image_2)
        elif j.is_forward:
            pool_loops.means(x, extent(j), y, first, last, *sizes(j))
        else:
            pool_loops.means_back(x, extent(j), y, first, last, *sizes(j))

    return int(work.address)
