"""The loops of pooling: all windows of a range of planes.

Arrays come in flat, as planes of three axes. A row of windows is cut into its two ends, where
windows stick out of the image, and the windows between, which `pool_vectors` takes several at a
time.
"""

import numpy as np
from numba import njit

from knetsrc.backends.kernels import pool_vectors
from knetsrc.backends.kernels.compiling import kept

TOGETHER = 128  # windows of which the means are found at a time, where rows are short
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
def row_bounds(extent, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """For each row of windows: the rows of the image that it sees, along two axes, and over how many of them it counts."""
    found = np.empty((output[0] * output[1], 5), np.int64)
    for i in range(output[0]):
        top, a, a_end = cut(i, stride[0], before[0], window[0], image[0])
        height = counted(0, i, extent, image, window, before, stride)
        for j in range(output[1]):
            left, b, b_end = cut(j, stride[1], before[1], window[1], image[1])
            row = found[i * output[1] + j]
            row[0], row[1], row[2], row[3] = top + a, top + a_end, left + b, left + b_end
            row[4] = height * counted(1, j, extent, image, window, before, stride)
    return found


@kept(njit, nogil=True)
def widths(extent, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """Over how many places of each window of a row the mean goes."""
    found = np.empty(output[2], np.int64)
    for k in range(output[2]):
        found[k] = counted(2, k, extent, image, window, before, stride)
    return found


@kept(njit, nogil=True)
def seen(lines, window, before, stride, size, output):  # type: ignore[no-untyped-def]
    """For each place of a window: the element of the image there, for the windows of some rows.

    Behind each row of the image there is a zero, for the places that lie outside.
    """
    table = np.empty((window, lines * output), np.int32)
    for c in range(window):
        for line in range(lines):
            for k in range(output):
                at = k * stride - before + c
                inside = 0 <= at < size
                table[c, line * output + k] = line * (size + 1) + (at if inside else size)
    return table


@kept(njit, nogil=True)
def covering(lines, window, before, stride, size, output):  # type: ignore[no-untyped-def]
    """The windows that see each element of some rows of the image, as many as see any.

    Behind each row of windows there is a zero, for the elements that fewer windows see.
    """
    most = (window - 1) // stride + 1
    table = np.empty((most, lines * size), np.int32)
    for i in range(most):
        for line in range(lines):
            for at in range(size):
                k = min((at + before) // stride, output - 1) - i
                sees = k >= 0 and at + before - k * stride < window
                table[i, line * size + at] = line * (output + 1) + (k if sees else output)
    return table


@kept(njit, nogil=True)
def means(x, extent, y, first, last, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """Means of the windows of the planes: rows are added up first, then columns, some rows of windows at a time."""
    rows, columns, width = output[0] * output[1], output[2], image[2]
    lines = max(1, min(rows, TOGETHER // columns))
    table = seen(lines, window[2], before[2], stride[2], width, columns)
    bounds = row_bounds(extent, image, window, before, stride, output)
    across = widths(extent, image, window, before, stride, output)
    sums = np.zeros(lines * (width + 1), x.dtype)
    for plane in range(first, last):
        for start in range(0, rows, lines):
            count = min(lines, rows - start)
            sums[:] = 0
            for line in range(count):
                bound = bounds[start + line]
                for row in range(bound[0], bound[1]):
                    for column in range(bound[2], bound[3]):
                        at = ((plane * image[0] + row) * image[1] + column) * width
                        pool_vectors.add_run(sums, line * (width + 1), x, at, width)
            result = (plane * rows + start) * columns
            y[result : result + count * columns] = 0
            for c in range(window[2]):
                pool_vectors.add_listed(y, result, sums, table, c * table.shape[1], count * columns)
            for line in range(count):
                size = bounds[start + line, 4]
                for k in range(columns):
                    y[result + line * columns + k] /= x.dtype.type(size * across[k])


@kept(njit, nogil=True)
def means_back(d_x, extent, d_y, first, last, image, window, before, stride, output):  # type: ignore[no-untyped-def]
    """Add its part of the adjoint of each window to each place: columns first, then rows."""
    rows, columns, width = output[0] * output[1], output[2], image[2]
    lines = max(1, min(rows, TOGETHER // columns))
    table = covering(lines, window[2], before[2], stride[2], width, columns)
    bounds = row_bounds(extent, image, window, before, stride, output)
    across = widths(extent, image, window, before, stride, output)
    parts = np.zeros(lines * (columns + 1), d_x.dtype)
    sums = np.empty(lines * width, d_x.dtype)
    for plane in range(first, last):
        for start in range(0, rows, lines):
            count = min(lines, rows - start)
            result = (plane * rows + start) * columns
            for line in range(count):
                size = bounds[start + line, 4]
                for k in range(columns):
                    part = d_y[result + line * columns + k] / d_y.dtype.type(size * across[k])
                    parts[line * (columns + 1) + k] = part
            sums[:] = 0
            for i in range(table.shape[0]):
                pool_vectors.add_listed(sums, 0, parts, table, i * table.shape[1], count * width)
            for line in range(count):
                bound = bounds[start + line]
                for row in range(bound[0], bound[1]):
                    for column in range(bound[2], bound[3]):
                        at = ((plane * image[0] + row) * image[1] + column) * width
                        pool_vectors.add_run(d_x, at, sums, line * width, width)
