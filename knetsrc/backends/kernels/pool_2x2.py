"""Pooling of windows of 2 x 2 that touch and lie in the image: planes of `height` and `width`.

A row of windows is taken 16, 8 or 4 at a time; the last run goes back over windows that are done,
so that it is a full one. Fewer than four are taken one by one.
"""

import numpy as np
from numba import njit

from knetsrc.backends.kernels import pool_vectors
from knetsrc.backends.kernels.compiling import kept

maximum_16, maximum_8, maximum_4 = map(pool_vectors.maximum_2x2, (16, 8, 4))
winners_16, winners_8, winners_4 = map(pool_vectors.winners_2x2, (16, 8, 4))
mean_16, mean_8, mean_4 = map(pool_vectors.mean_2x2, (16, 8, 4))
shares_16, shares_8, shares_4 = map(pool_vectors.shares_2x2, (16, 8, 4))


@kept(njit, nogil=True)
def maxima(x, winners, y, first, last, height, width):  # type: ignore[no-untyped-def]
    """Maxima and winners of the planes from `first` to `last`."""
    columns = width // 2
    result = first * (height // 2) * columns
    for plane in range(first, last):
        for i in range(height // 2):
            start, k = (plane * height + 2 * i) * width, 0
            if columns >= 16:
                while k < columns:
                    k = min(k, columns - 16)
                    maximum_16(x, start + 2 * k, width, y, winners, result + k)
                    k += 16
            elif columns >= 8:
                while k < columns:
                    k = min(k, columns - 8)
                    maximum_8(x, start + 2 * k, width, y, winners, result + k)
                    k += 8
            elif columns >= 4:
                while k < columns:
                    k = min(k, columns - 4)
                    maximum_4(x, start + 2 * k, width, y, winners, result + k)
                    k += 4
            while k < columns:
                best, winner = x[start + 2 * k], 0
                for place in range(1, 4):
                    value = x[start + 2 * k + place // 2 * width + place % 2]
                    if value > best or np.isnan(value):
                        best, winner = value, place
                y[result + k], winners[result + k] = best, winner
                k += 1
            result += columns


@kept(njit, nogil=True)
def winners_back(d_x, winners, d_y, first, last, height, width):  # type: ignore[no-untyped-def]
    """The adjoint of each window where its winner is, zero at its other places."""
    columns = width // 2
    result = first * (height // 2) * columns
    for plane in range(first, last):
        for i in range(height // 2):
            start, k = (plane * height + 2 * i) * width, 0
            if columns >= 16:
                while k < columns:
                    k = min(k, columns - 16)
                    winners_16(d_y, winners, result + k, d_x, start + 2 * k, width)
                    k += 16
            elif columns >= 8:
                while k < columns:
                    k = min(k, columns - 8)
                    winners_8(d_y, winners, result + k, d_x, start + 2 * k, width)
                    k += 8
            elif columns >= 4:
                while k < columns:
                    k = min(k, columns - 4)
                    winners_4(d_y, winners, result + k, d_x, start + 2 * k, width)
                    k += 4
            while k < columns:
                for place in range(4):
                    part = d_y[result + k] if winners[result + k] == place else d_y.dtype.type(0)
                    d_x[start + 2 * k + place // 2 * width + place % 2] = part
                k += 1
            result += columns


@kept(njit, nogil=True)
def means(x, y, first, last, height, width):  # type: ignore[no-untyped-def]
    """Means of the windows of the planes from `first` to `last`."""
    columns = width // 2
    result = first * (height // 2) * columns
    for plane in range(first, last):
        for i in range(height // 2):
            start, k = (plane * height + 2 * i) * width, 0
            if columns >= 16:
                while k < columns:
                    k = min(k, columns - 16)
                    mean_16(x, start + 2 * k, width, y, result + k)
                    k += 16
            elif columns >= 8:
                while k < columns:
                    k = min(k, columns - 8)
                    mean_8(x, start + 2 * k, width, y, result + k)
                    k += 8
            elif columns >= 4:
                while k < columns:
                    k = min(k, columns - 4)
                    mean_4(x, start + 2 * k, width, y, result + k)
                    k += 4
            while k < columns:
                at = start + 2 * k
                above, below = x[at] + x[at + 1], x[at + width] + x[at + width + 1]
                y[result + k] = (above + below) * x.dtype.type(0.25)
                k += 1
            result += columns


@kept(njit, nogil=True)
def means_back(d_x, d_y, first, last, height, width):  # type: ignore[no-untyped-def]
    """A quarter of the adjoint of each window at each of its places."""
    columns = width // 2
    result = first * (height // 2) * columns
    for plane in range(first, last):
        for i in range(height // 2):
            start, k = (plane * height + 2 * i) * width, 0
            if columns >= 16:
                while k < columns:
                    k = min(k, columns - 16)
                    shares_16(d_y, result + k, d_x, start + 2 * k, width)
                    k += 16
            elif columns >= 8:
                while k < columns:
                    k = min(k, columns - 8)
                    shares_8(d_y, result + k, d_x, start + 2 * k, width)
                    k += 8
            elif columns >= 4:
                while k < columns:
                    k = min(k, columns - 4)
                    shares_4(d_y, result + k, d_x, start + 2 * k, width)
                    k += 4
            while k < columns:
                for place in range(4):
                    part = d_y[result + k] * d_y.dtype.type(0.25)
                    d_x[start + 2 * k + place // 2 * width + place % 2] = part
                k += 1
            result += columns
