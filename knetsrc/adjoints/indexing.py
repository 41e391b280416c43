"""Rules of indexing and of functions that pick elements.

The adjoint of what was read is added where it was read from.
"""

import operator

import numpy as np

from knetsrc.adjoints.facts import is_basic
from knetsrc.adjoints.table import adjoint, case, nondifferentiable, real
from knetsrc.backends import (
    add_at,
    compress_adjoint_a,
    delete_adjoint_arr,
    diag_adjoint_v,
    diagonal_adjoint_a,
    take_adjoint_a,
    take_along_axis_adjoint_arr,
    trace_adjoint_a,
    unbroadcast,
    windows_adjoint_x,
)

MASK = np.array([[True, False, True], [False, False, True]])


@adjoint(
    operator.getitem,
    cases=[
        case(real(5), 2),
        case(real(5), -1),
        case(real(5), np.int64(1)),
        case(real(5, 4), np.s_[1:, ::2]),
        case(real(5, 4), np.s_[::-2, 3]),
        case(real(5, 4), 3),
        case(real(5, 4), np.s_[..., None, 0]),
        case(real(5, 4), np.s_[2, 3]),
        case(real(5, 4), ()),
        case(real(4), np.s_[4:]),
        case(real(0, 3), np.s_[:, 1]),
        case(real(4), [0, 2, 2]),
        case(real(4), np.array([3, -1, 0])),
        case(real(4, 3), np.array([[1, 1], [2, 0]])),
        case(real(4, 3), ([1, 1, 1], [0, 2, 0])),
        case(real(4, 3), np.s_[[0, 0], 1:]),
        case(real(4, 3), np.s_[:, [2, 2]]),
        case(real(4, 3, 2), np.s_[[0, 0], :, [1, 1]]),
        case(real(4, 3), ((0, 0), slice(1, None))),
        case(real(4, 3), (slice(None), (2, 2))),
        case(real(4, 3), ((1, 1, 1), (0, 2, 0))),
        case(real(4, 3), np.s_[None, [1, 1], ..., 2]),
        case(real(4, 3), np.ix_([0, 2], [1, 1])),
        case(real(2, 3), MASK),
        case(real(2, 3), [True, False]),
        case(real(2, 3), np.s_[:, [True, False, True]]),
        case(real(2, 3), (np.array([True, True]), [2, 2])),
        case(real(2, 3), True),
        case(real(2, 3), (True, 0)),
        case(real(3), np.array([], int)),
        case(real(3), []),
    ],
)
def getitem_adjoint(x, index, *, d_x, d_y):
    if is_basic(index):
        d_x[index] += d_y
    else:
        add_at(d_x, index, d_y)  # an element may be read twice
    return d_x


@adjoint(
    np.take,
    methods=("take",),
    cases=[
        case(real(4), [0, 2, 2]),
        case(real(4), 1),
        case(real(3, 4), [0, 5, 5, -1]),
        case(real(3, 4), [1, 1], axis=0),
        case(real(3, 4), np.array([[1, 3], [1, -4]]), axis=-1),
        case(real(2, 3, 4), 2, 1),
        case(real(3, 0), [1, 1], axis=0),
        case(real(3), np.array([], int)),
    ],
)
def take_adjoint(a, indices, axis=None, *, d_y):
    d_a = take_adjoint_a(d_y, a, indices, axis)
    return d_a


@adjoint(
    np.take_along_axis,
    cases=[
        case(real(3, 4), np.array([[0, 0], [1, 3], [2, 2]]), 1),
        case(real(3, 4), np.array([[0, 2, 2, -1]]), axis=0),
        case(real(3, 1), np.array([[0, 2], [2, 2]]), axis=0),
        case(real(3, 4), np.array([[1]]), axis=-1),
        case(real(3, 4), np.array([5, 5, 0]), axis=None),
        case(real(2, 3, 2), np.zeros((2, 4, 2), int), axis=-2),
        case(real(2, 0), np.zeros((2, 0), int), axis=1),
    ],
)
def take_along_axis_adjoint(arr, indices, axis=-1, *, d_y):
    d_arr = take_along_axis_adjoint_arr(d_y, arr, indices, axis)
    return d_arr


@adjoint(
    np.lib.stride_tricks.sliding_window_view,
    cases=[
        case(real(5), 3),
        case(real(5), (2,), axis=0),
        case(real(3, 4), (2, 3)),
        case(real(3, 4), 2, 1),
        case(real(3, 4), 4, axis=-1),
        case(real(2, 3, 4), (2, 2), axis=(2, 0)),
        case(real(5), (2, 3), axis=(0, 0)),
    ],
)
def sliding_window_view_adjoint(x, window_shape, axis=None, *, d_y):
    d_x = windows_adjoint_x(d_y, x, window_shape, axis)
    return d_x


@adjoint(
    np.compress,
    cases=[
        case([True, False, True], real(3)),
        case([0, 1], real(3, 4), axis=0),
        case([True, False, True], real(3, 4), axis=-1),
        case([False, True, True], real(2, 3)),
        case([False], real(3)),
    ],
)
def compress_adjoint(condition, a, axis=None, *, d_y):
    d_a = compress_adjoint_a(d_y, condition, a, axis)
    return d_a


@adjoint(
    np.ndarray.compress,
    methods=("compress",),
    cases=[case(real(3), [True, False, True]), case(real(3, 4), [0, 1], axis=0)],
)
def compress_method_adjoint(x, condition, axis=None, *, d_y):
    d_x = compress_adjoint_a(d_y, condition, x, axis)
    return d_x


@adjoint(
    np.extract, cases=[case(MASK, real(2, 3)), case([True, False], real(2)), case([0, 0], real(2))]
)
def extract_adjoint(condition, arr, *, d_y):
    d_arr = compress_adjoint_a(d_y, condition, arr)
    return d_arr


@adjoint(
    np.delete,
    cases=[
        case(real(5), 1),
        case(real(5), [0, -1, 0]),
        case(real(3, 4), np.s_[1:3], axis=1),
        case(real(3, 4), [True, False, True], 0),
        case(real(3, 4), 5),
        case(real(3, 4), [], axis=-1),
    ],
)
def delete_adjoint(arr, obj, axis=None, *, d_y):
    d_arr = delete_adjoint_arr(d_y, arr, obj, axis)
    return d_arr


DIAGONALS = [
    case(real(3, 4)),
    case(real(4, 3)),
    case(real(3, 3), 1),
    case(real(4, 3), -2),
    case(real(3, 4), 2),
    case(real(3, 4), 7),
]
OF_THREE_AXES = [
    case(real(2, 3, 4)),
    case(real(2, 3, 4), 1, axis1=2, axis2=0),
    case(real(2, 3, 4), offset=-1, axis1=-2, axis2=-1),
    case(real(2, 0, 4), 0, 1, 2),
]


@adjoint(
    np.diag,
    cases=[*DIAGONALS, case(real(3)), case(real(3), 2), case(real(2), -1), case(real(0, 3))],
)
def diag_adjoint(v, k=0, *, d_y):
    d_v = diag_adjoint_v(d_y, v, k)
    return d_v


@adjoint(np.diagonal, methods=("diagonal",), cases=[*DIAGONALS, *OF_THREE_AXES])
def diagonal_adjoint(a, offset=0, axis1=0, axis2=1, *, d_y):
    d_a = diagonal_adjoint_a(d_y, a, offset, axis1, axis2)
    return d_a


@adjoint(np.trace, methods=("trace",), cases=[*DIAGONALS, *OF_THREE_AXES])
def trace_adjoint(a, offset=0, axis1=0, axis2=1, *, d_y):
    d_a = trace_adjoint_a(d_y, a, offset, axis1, axis2)
    return d_a


@adjoint(
    np.linalg.diagonal, cases=[case(real(3, 4)), case(real(2, 3, 4), offset=1), case(real(2, 2, 3))]
)
def linalg_diagonal_adjoint(x, *, offset=0, d_y):
    d_x = diagonal_adjoint_a(d_y, x, offset, -2, -1)
    return d_x


@adjoint(
    np.linalg.trace, cases=[case(real(3, 4)), case(real(2, 3, 4), offset=1), case(real(2, 2, 3))]
)
def linalg_trace_adjoint(x, *, offset=0, d_y):
    d_x = trace_adjoint_a(d_y, x, offset, -2, -1)
    return d_x


@adjoint(
    np.bincount,
    cases=[
        case(np.array([0, 2, 2, 0]), real(4)),
        case([1, 0, 1], weights=real(3), minlength=5),
        case(np.array([], int), real(0)),
    ],
)
def bincount_adjoint(x, weights=None, minlength=0, *, d_y):
    d_weights = unbroadcast(np.take(d_y, x), weights)
    return d_weights


TRIANGLES = [
    case(real(3, 4)),
    case(real(4, 3), 1),
    case(real(2, 3, 3), k=-1),
    case(real(3)),
    case(real(0, 2)),
]


@adjoint(np.triu, cases=TRIANGLES)
def triu_adjoint(m, k=0, *, d_y):
    d_m = unbroadcast(np.triu(d_y, k), m)
    return d_m


@adjoint(np.tril, cases=TRIANGLES)
def tril_adjoint(m, k=0, *, d_y):
    d_m = unbroadcast(np.tril(d_y, k), m)
    return d_m


nondifferentiable(np.ix_, np.triu_indices_from, np.tril_indices_from, np.diag_indices_from)
