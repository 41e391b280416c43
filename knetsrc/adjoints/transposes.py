"""Rules of the helpers in generated source, so that it can be differentiated again.

Most of these helpers are the transpose of something linear: their adjoint of `d` is that linear
thing itself. Of the operand they read no more than its shape, or where its extreme elements are: it
has no adjoint.
"""

import numpy as np

from knetsrc.adjoints.table import adjoint, away, case, nondifferentiable, real
from knetsrc.backends import (
    columns_like,
    diag_adjoint_v,
    diagonal_adjoint_a,
    diff_adjoint_a,
    divide_or_zero,
    dsplit_like,
    gather_from_ties,
    hsplit_like,
    inverse_axes,
    keep_axes,
    layout_of,
    nested_like,
    opposite_shift,
    pad_adjoint_array,
    pad_interior,
    product_of_others,
    product_of_others_adjoint_a,
    repeat_adjoint_a,
    reshape_like,
    resize_adjoint_a,
    rolled_position,
    share_among_ties,
    split_like,
    take_adjoint_a,
    take_along_axis_adjoint_arr,
    tile_adjoint_A,
    trace_adjoint_a,
    unbroadcast,
    unstack_like,
    vsplit_like,
    windows_adjoint_x,
)

TIED = np.array([[1, 3, 3], [2, 0, 1]])


@adjoint(
    share_among_ties,
    cases=[
        case(real(), TIED, 3),
        case(real(2), TIED, TIED.max(1), 1),
        case(real(1, 3), TIED, TIED.max(0, keepdims=True), 0),
    ],
)
def share_among_ties_adjoint(d, a, extreme, axis=None, *, d_y):
    d_d = unbroadcast(np.reshape(gather_from_ties(d_y, a, extreme, axis), np.shape(d)), d)
    return d_d


@adjoint(
    gather_from_ties,
    cases=[
        case(real(2, 3), TIED, 3),
        case(real(2, 3), TIED, TIED.max(1), 1),
        case(real(2, 3), TIED, TIED.max(0), -2),
    ],
)
def gather_from_ties_adjoint(d, a, extreme, axis=None, *, d_y):
    d_d = unbroadcast(share_among_ties(d_y, a, extreme, axis), d)
    return d_d


@adjoint(
    divide_or_zero,
    elementwise=True,
    cases=[
        case(real(), away()),
        case(real(3), away(3)),
        case(real(), away(3)),
        case(real(2, 3), away(3)),
    ],
)
def divide_or_zero_adjoint(a, b, *, y, d_y):
    d_a = unbroadcast(divide_or_zero(d_y, b), a)
    d_b = unbroadcast(-divide_or_zero(d_y * y, b), b)
    return d_a, d_b


@adjoint(
    product_of_others,
    cases=[
        case(real(4)),
        case(real(2, 3)),
        case(real(2, 3), 1),
        case(real(2, 3, 2), (0, 2)),
        case(np.array([0.0, 2.0, 0.0, 3.0])),
    ],
)
def product_of_others_adjoint(a, axis=None, *, d_y):
    d_a = product_of_others_adjoint_a(d_y, a, axis)
    return d_a


@adjoint(
    keep_axes,
    cases=[
        case(real(2), np.ones((2, 3)), 1),
        case(real(2, 1), np.ones((2, 3)), 1),
        case(real(), np.ones(3), None),
    ],
)
def keep_axes_adjoint(d, a, axis, *, d_y):
    d_d = reshape_like(d_y, d)
    return d_d


@adjoint(
    diff_adjoint_a,
    cases=[
        case(real(4), np.ones(5)),
        case(real(2, 2), np.ones((2, 4)), 2),
        case(real(2, 3), np.ones((3, 3)), 1, 0),
    ],
)
def diff_adjoint_a_adjoint(d, a, n=1, axis=-1, *, d_y):
    d_d = unbroadcast(np.diff(d_y, n, axis), d)
    return d_d


@adjoint(
    split_like,
    cases=[
        case(real(5), [np.ones(2), np.ones(3)]),
        case(real(2, 4), [np.ones((2, 3)), np.ones((2, 1))], 1),
    ],
)
def split_like_adjoint(d, arrays, axis=0, *, d_y):
    d_d = unbroadcast(np.concatenate(d_y, axis), d)
    return d_d


@adjoint(vsplit_like, cases=[case(real(3, 2), [np.ones(2), np.ones((2, 2))])])
def vsplit_like_adjoint(d, arrays, *, d_y):
    d_d = unbroadcast(np.vstack(d_y), d)
    return d_d


@adjoint(
    hsplit_like,
    cases=[
        case(real(3), [np.ones(2), np.ones(1)]),
        case(real(2, 3), [np.ones((2, 2)), np.ones((2, 1))]),
    ],
)
def hsplit_like_adjoint(d, arrays, *, d_y):
    d_d = unbroadcast(np.hstack(d_y), d)
    return d_d


@adjoint(dsplit_like, cases=[case(real(2, 3, 2), [np.ones((2, 3)), np.ones((2, 3, 1))])])
def dsplit_like_adjoint(d, arrays, *, d_y):
    d_d = unbroadcast(np.dstack(d_y), d)
    return d_d


@adjoint(columns_like, cases=[case(real(2, 3), [np.ones(2), np.ones((2, 2))])])
def columns_like_adjoint(d, arrays, *, d_y):
    d_d = unbroadcast(np.column_stack(d_y), d)
    return d_d


@adjoint(
    unstack_like,
    cases=[case(real(2, 3), [np.ones(3), np.ones(3)]), case(real(2, 3), np.ones((3, 2)), 1)],
)
def unstack_like_adjoint(d, arrays, axis=0, *, d_y):
    d_d = unbroadcast(np.stack(d_y, axis), d)
    return d_d


@adjoint(
    nested_like,
    cases=[
        case(real(2, 3), np.ones((2, 3))),
        case(real(2), [1.0, 2.0]),
        case(real(2, 3), [np.ones(3), np.ones(3)]),
    ],
)
def nested_like_adjoint(d, x, *, d_y):
    d_d = unbroadcast(np.array(d_y), d)
    return d_d


@adjoint(
    take_adjoint_a,
    cases=[case(real(3), np.ones(4), [0, 2, 2]), case(real(3, 2), np.ones((3, 4)), [1, 1], -1)],
)
def take_adjoint_a_adjoint(d, a, indices, axis=None, *, d_y):
    d_d = unbroadcast(np.take(d_y, indices, axis), d)
    return d_d


@adjoint(
    take_along_axis_adjoint_arr,
    cases=[case(real(2, 2), np.ones((2, 3)), np.array([[0, 0], [1, 2]]), 1)],
)
def take_along_axis_adjoint_arr_adjoint(d, arr, indices, axis=-1, *, d_y):
    d_d = unbroadcast(np.take_along_axis(d_y, indices, axis), d)
    return d_d


@adjoint(
    windows_adjoint_x,
    cases=[case(real(3, 3), np.ones(5), 3), case(real(3, 3, 2), np.ones((3, 4)), 2, 1)],
)
def windows_adjoint_x_adjoint(d, x, window_shape, axis=None, *, d_y):
    windows = np.lib.stride_tricks.sliding_window_view(d_y, window_shape, axis)
    d_d = unbroadcast(np.array(windows), d)
    return d_d


@adjoint(
    repeat_adjoint_a,
    cases=[case(real(6), np.ones(3), 2), case(real(2, 4), np.ones((2, 3)), [0, 1, 3], 1)],
)
def repeat_adjoint_a_adjoint(d, a, repeats, axis=None, *, d_y):
    d_d = unbroadcast(np.repeat(d_y, repeats, axis), d)
    return d_d


@adjoint(resize_adjoint_a, cases=[case(real(5), np.ones(2)), case(real(2, 3), np.ones((2, 2)))])
def resize_adjoint_a_adjoint(d, a, *, d_y):
    d_d = unbroadcast(np.resize(d_y, np.shape(d)), d)
    return d_d


@adjoint(
    tile_adjoint_A,
    cases=[case(real(2, 6), np.ones((2, 3)), 2), case(real(2, 3), np.ones(3), (2, 1))],
)
def tile_adjoint_A_adjoint(d, A, reps, *, d_y):
    d_d = unbroadcast(np.tile(d_y, reps), d)
    return d_d


@adjoint(
    pad_adjoint_array,
    cases=[case(real(6), np.ones(2), 2, "wrap"), case(real(5, 4), np.ones((3, 2)), 1, "edge")],
)
def pad_adjoint_array_adjoint(d, array, pad_width, mode, *, d_y):
    d_d = unbroadcast(np.pad(d_y, pad_width, mode), d)
    return d_d


@adjoint(diag_adjoint_v, cases=[case(real(3), np.ones((3, 4))), case(real(4, 4), np.ones(3), 1)])
def diag_adjoint_v_adjoint(d, v, k=0, *, d_y):
    d_d = unbroadcast(np.diag(d_y, k), d)
    return d_d


@adjoint(
    diagonal_adjoint_a,
    cases=[case(real(3), np.ones((3, 4))), case(real(3, 2), np.ones((2, 3, 4)), -1, 2, 0)],
)
def diagonal_adjoint_a_adjoint(d, a, offset=0, axis1=0, axis2=1, *, d_y):
    d_d = unbroadcast(np.diagonal(d_y, offset, axis1, axis2), d)
    return d_d


@adjoint(
    trace_adjoint_a,
    cases=[case(real(), np.ones((3, 4))), case(real(3), np.ones((2, 3, 4)), 1, 2, 0)],
)
def trace_adjoint_a_adjoint(d, a, offset=0, axis1=0, axis2=1, *, d_y):
    d_d = unbroadcast(np.trace(d_y, offset, axis1, axis2), d)
    return d_d


nondifferentiable(inverse_axes, rolled_position, opposite_shift, layout_of, pad_interior)
