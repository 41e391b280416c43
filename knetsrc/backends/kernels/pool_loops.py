"""The loops of pooling: all windows of a range of planes.

Arrays come in flat, as planes of three axes. A row of windows is cut into its two ends, where
windows stick out of the image, and the windows between, which `pool_vectors` takes several at a
time.
"""

import numpy as np
from numba import njit

from knetsrc.backends.kernels import pool_vectors
from knetsrc.backends.kernels.compiling import kept

maximum_16, maximum_8, maximum_4 = map(pool_vectors.maximum, (16, 8, 4))


@kept(njit, nogil=True)
def cut(position, stride, before, window, size):  # type: ignore[no-untyped-def]
    """Where a window starts along an axis, and which of its places lie in the image."""
    start = position * stride - before
    return start, max(0, -start), min(window, size - start)


@kept(njit, nogil=True)
def whole_windows(stride, before, window, size, output):  # type: ignore[no-untyped-def]
    """The first window that lies in the image along an axis, and the one after the last."""
    low = min(output, -(-before // stride))
    return low, max(low, min(output, (size - window + before) // stride + 1))


@kept(njit, nogil=True)
def list_places(offsets, places, box, image, window):  # type: ignore[no-untyped-def]
    """Offsets and numbers of the places of a window in the rows of `box`; returns how many."""
    count = 0
    for a in range(box[0], box[1]):
        for b in range(box[2], box[3]):
            for c in range(window[2]):
                offsets[count] = (a * image[1] + b) * image[2] + c
                places[count] = (a * window[1] + b) * window[2] + c
                count += 1
    return count


@kept(njit, nogil=True)
def all_offsets(image, window):  # type: ignore[no-untyped-def]
    """The offset of each place of a window."""
    offsets = np.empty(window[0] * window[1] * window[2], np.int64)
    places = np.empty(offsets.size, np.int64)
    list_places(offsets, places, (0, window[0], 0, window[1]), image, window)
    return offsets


# --- maxima -------------------------------------------------------------------------------------
@kept(njit, nogil=True)
def maxima(x, winners, y, first, last, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """Maxima and winners of the planes from `first` to `last`."""
    offsets = np.empty(window[0] * window[1] * window[2], np.int64)
    places = np.empty(offsets.size, winners.dtype)
    low, high = whole_windows(stride[2], before[2], window[2], image[2], output[2])
    listed, count = (-1, -1, -1, -1), 0
    for plane in range(first, last):
        for i in range(output[0]):
            top, a, a_end = cut(i, stride[0], before[0], window[0], image[0])
            for j in range(output[1]):
                left, b, b_end = cut(j, stride[1], before[1], window[1], image[1])
                rows = (a, a_end, b, b_end)
                if rows != listed:
                    listed, count = rows, list_places(offsets, places, rows, image, window)
                start = ((plane * image[0] + top) * image[1] + left) * image[2] - before[2]
                result = ((plane * output[0] + i) * output[1] + j) * output[2]
                row_of_maxima(
                    x, start, offsets, places, count, stride[2], y, winners, result, low, high
                )
                for k in range(output[2]):
                    if low <= k < high and high - low >= 4:
                        continue
                    _, c, c_end = cut(k, stride[2], before[2], window[2], image[2])
                    source = start + k * stride[2]
                    y[result + k], winners[result + k] = largest(
                        x, source, rows, c, c_end, image, window
                    )


@kept(njit, nogil=True)
def row_of_maxima(x, start, offsets, places, count, stride, y, winners, result, low, high):  # type: ignore[no-untyped-def]
    """The windows of a row from `low` to `high`, at least four of them.

    The last run goes back over windows that are done, so that it is a full one.
    """
    k = low
    if high - low >= 16:
        while k < high:
            k = min(k, high - 16)
            maximum_16(
                x, start + k * stride, offsets, places, count, stride, y, winners, result + k
            )
            k += 16
    elif high - low >= 8:
        while k < high:
            k = min(k, high - 8)
            maximum_8(x, start + k * stride, offsets, places, count, stride, y, winners, result + k)
            k += 8
    elif high - low >= 4:
        while k < high:
            k = min(k, high - 4)
            maximum_4(x, start + k * stride, offsets, places, count, stride, y, winners, result + k)
            k += 4


@kept(njit, nogil=True)
def largest(x, source, rows, c_first, c_end, image, window):  # type: ignore[no-untyped-def]
    """The maximum of the part of a window that lies in the image, and its place."""
    best = x.dtype.type(-np.inf)
    winner = (rows[0] * window[1] + rows[2]) * window[2] + c_first
    for a in range(rows[0], rows[1]):
        for b in range(rows[2], rows[3]):
            for c in range(c_first, c_end):
                value = x[source + (a * image[1] + b) * image[2] + c]
                if value > best or np.isnan(value):
                    best = value
                    winner = (a * window[1] + b) * window[2] + c
    return best, winner


@kept(njit, nogil=True)
def winners_back(d_x, winners, d_y, first, last, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """Add the adjoint of each window to that of its winner."""
    offsets = all_offsets(image, window)
    for plane in range(first, last):
        for i in range(output[0]):
            for j in range(output[1]):
                top, left = i * stride[0] - before[0], j * stride[1] - before[1]
                start = ((plane * image[0] + top) * image[1] + left) * image[2] - before[2]
                result = ((plane * output[0] + i) * output[1] + j) * output[2]
                for k in range(output[2]):
                    at = start + k * stride[2] + offsets[winners[result + k]]
                    d_x[at] += d_y[result + k]


@kept(njit, nogil=True)
def elements(x, winners, y, first, last, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """The elements that `winners` points to, of the planes from `first` to `last`."""
    offsets = all_offsets(image, window)
    for plane in range(first, last):
        for i in range(output[0]):
            for j in range(output[1]):
                top, left = i * stride[0] - before[0], j * stride[1] - before[1]
                start = ((plane * image[0] + top) * image[1] + left) * image[2] - before[2]
                result = ((plane * output[0] + i) * output[1] + j) * output[2]
                for k in range(output[2]):
                    y[result + k] = x[start + k * stride[2] + offsets[winners[result + k]]]


# --- means --------------------------------------------------------------------------------------
@kept(njit, nogil=True)
def counted(axis, position, extent, image, window, before, stride):  # type: ignore[no-untyped-def]
    """Over how many places of a window the mean goes along an axis."""
    start = position * stride[axis] - before[axis]
    end = min(start + window[axis], image[axis] + extent[3 + axis])
    return end - max(start, -extent[axis])


@kept(njit, nogil=True)
def means(x, extent, y, first, last, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """Means of the windows of the planes: rows are added up first, then columns."""
    line = np.empty(image[2], x.dtype)
    for plane in range(first, last):
        for i in range(output[0]):
            top, a, a_end = cut(i, stride[0], before[0], window[0], image[0])
            height = counted(0, i, extent, image, window, before, stride)
            for j in range(output[1]):
                left, b, b_end = cut(j, stride[1], before[1], window[1], image[1])
                size = height * counted(1, j, extent, image, window, before, stride)
                line[:] = 0
                for p in range(top + a, top + a_end):
                    for q in range(left + b, left + b_end):
                        start = ((plane * image[0] + p) * image[1] + q) * image[2]
                        for r in range(image[2]):
                            line[r] += x[start + r]
                result = ((plane * output[0] + i) * output[1] + j) * output[2]
                for k in range(output[2]):
                    start, c, c_end = cut(k, stride[2], before[2], window[2], image[2])
                    total = x.dtype.type(0)
                    for r in range(start + c, start + c_end):
                        total += line[r]
                    width = counted(2, k, extent, image, window, before, stride)
                    y[result + k] = total / x.dtype.type(size * width)


@kept(njit, nogil=True)
def means_back(d_x, extent, d_y, first, last, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """Add its part of the adjoint of each window to each place: columns first, then rows."""
    line = np.empty(image[2], d_x.dtype)
    for plane in range(first, last):
        for i in range(output[0]):
            top, a, a_end = cut(i, stride[0], before[0], window[0], image[0])
            height = counted(0, i, extent, image, window, before, stride)
            for j in range(output[1]):
                left, b, b_end = cut(j, stride[1], before[1], window[1], image[1])
                size = height * counted(1, j, extent, image, window, before, stride)
                result = ((plane * output[0] + i) * output[1] + j) * output[2]
                line[:] = 0
                for k in range(output[2]):
                    start, c, c_end = cut(k, stride[2], before[2], window[2], image[2])
                    width = counted(2, k, extent, image, window, before, stride)
                    part = d_y[result + k] / d_y.dtype.type(size * width)
                    for r in range(start + c, start + c_end):
                        line[r] += part
                for p in range(top + a, top + a_end):
                    for q in range(left + b, left + b_end):
                        start = ((plane * image[0] + p) * image[1] + q) * image[2]
                        for r in range(image[2]):
                            d_x[start + r] += line[r]
