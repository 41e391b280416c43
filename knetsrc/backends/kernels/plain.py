"""Convolution as plain loops, for machines on which the micro-kernels cannot be compiled.

Arrays come in C-contiguous; the result is zeros that are added to. A tap of the window meets a box of the output; along the
last axis the box is a run of elements, which LLVM turns into vectors.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels.compiling import kept
from knetsrc.backends.kernels.geometry import Geometry

Array = NDArray[np.floating]
OUTPUT, IMAGE, FILTER = range(3)


@numba.njit(nogil=True)
def first(shift, step):
    """The first output position whose input position, `position * step + shift`, is not negative."""
    return max(0, -(shift // step))


@numba.njit(nogil=True)
def behind(shift, step, size, output):
    """The output position after the last one whose input position is below `size`."""
    return min(output, (size - 1 - shift) // step + 1)


@kept(numba.njit, nogil=True, fastmath={"contract"})
def sweep(x, w, y, before, stride, dilation, groups, wanted):
    """Let each tap meet its box of the output, and add what is wanted to y, to x or to w."""
    step = stride[2]
    outputs = w.shape[0] // groups
    for n in range(x.shape[0]):
        for o in range(w.shape[0]):
            for c, i, j, k in np.ndindex(w.shape[1:]):
                plane = o // outputs * w.shape[1] + c
                di = i * dilation[0] - before[0]
                dj = j * dilation[1] - before[1]
                dk = k * dilation[2] - before[2]
                low, high = first(dk, step), behind(dk, step, x.shape[4], y.shape[4])
                last_p = behind(di, stride[0], x.shape[2], y.shape[2])
                last_q = behind(dj, stride[1], x.shape[3], y.shape[3])
                weight = w[o, c, i, j, k]
                total = w.dtype.type(0)
                for p in range(first(di, stride[0]), last_p):
                    for q in range(first(dj, stride[1]), last_q):
                        source = x[n, plane, p * stride[0] + di, q * stride[1] + dj]
                        result = y[n, o, p, q]
                        if wanted == OUTPUT:
                            for r in range(low, high):
                                result[r] += weight * source[r * step + dk]
                        elif wanted == IMAGE:
                            for r in range(low, high):
                                source[r * step + dk] += weight * result[r]
                        else:
                            for r in range(low, high):
                                total += result[r] * source[r * step + dk]
                if wanted == FILTER:
                    w[o, c, i, j, k] += total


def run(operation: str, a: Array, b: Array, result: Array, geometry: Geometry, flip: bool) -> None:
    """Fill the result of an operation on two arrays."""
    volume = geometry.as_volume()
    wanted = ("forward", "adjoint_x", "adjoint_w").index(operation)
    x, w, y = ((a, b, result), (result, b, a), (a, result, b))[wanted]
    spatial = tuple(range(2, w.ndim))
    turned = np.ascontiguousarray(np.flip(w, spatial)) if flip else w
    result.fill(0)
    if wanted == FILTER:
        turned = result
    sweep(
        x.reshape(*x.shape[:2], *volume.image),
        turned.reshape(*w.shape[:2], *volume.window),
        y.reshape(*y.shape[:2], *volume.output),
        tuple(before for before, _ in volume.padding),
        volume.stride,
        volume.dilation,
        volume.groups,
        wanted,
    )
    if wanted == FILTER and flip:
        result[:] = np.flip(result, spatial).copy()
