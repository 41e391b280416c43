"""Rules of functions that only move or repeat elements.

Each is reversed by moving the elements back, and summing over the copies of each.
"""

import operator

import numpy as np

from knetsrc.adjoints.facts import is_scalar, rank
from knetsrc.adjoints.table import adjoint, case, real
from knetsrc.backends import (
    inverse_axes,
    layout_of,
    opposite_shift,
    pad_adjoint_array,
    pad_adjoint_constant_values,
    pad_interior,
    repeat_adjoint_a,
    reshape_like,
    resize_adjoint_a,
    rolled_position,
    tile_adjoint_A,
    unbroadcast,
    unlisted,
)


@adjoint(
    np.transpose,
    np.permute_dims,
    cases=[
        case(real(3, 4)),
        case(real(3)),
        case(real(2, 3, 4)),
        case(real(2, 3, 4), (1, 2, 0)),
        case(real(2, 3, 4), axes=(-1, 0, 1)),
        case(real(2, 3), None),
        case(real(2, 3, 0), [2, 0, 1]),
    ],
)
def transpose_adjoint(a, axes=None, *, d_y):
    if axes is None and rank(a) == 2:
        d_a = d_y.T
    elif axes is None:
        d_a = np.transpose(d_y)  # it may be a number
    else:
        d_a = np.transpose(d_y, inverse_axes(axes))
    return d_a


@adjoint(
    np.ndarray.transpose,
    methods=("transpose",),
    cases=[
        case(real(3, 4)),
        case(real(2, 3, 4)),
        case(real(2, 3, 4), None),
        case(real(2, 3, 4), 1, 2, 0),
        case(real(2, 3, 4), (2, 0, 1)),
        case(real(2, 3, 4), [-1, 0, 1]),
        case(real(3), 0),
        case(real(3), (0,)),
    ],
)
def transpose_method_adjoint(x, *axes, d_y):
    d_x = np.transpose(d_y, inverse_axes(axes))
    return d_x


@adjoint(
    operator.attrgetter("T"),
    attributes=("T",),
    cases=[case(real(3, 4)), case(real(3)), case(real(2, 3, 0))],
)
def T_adjoint(x, *, y, d_y):
    if is_scalar(y):
        d_x = d_y
    elif rank(x) == 2:
        d_x = d_y.T
    else:
        d_x = np.transpose(d_y)  # it may be a number
    return d_x


@adjoint(
    np.matrix_transpose,
    np.linalg.matrix_transpose,
    attributes=("mT",),
    cases=[case(real(3, 4)), case(real(2, 3, 4)), case(real(2, 0, 3))],
)
def matrix_transpose_adjoint(x, *, d_y):
    d_x = np.swapaxes(d_y, -1, -2)
    return d_x


@adjoint(
    np.swapaxes, methods=("swapaxes",), cases=[case(real(2, 3, 4), 0, 2), case(real(2, 3), -1, 0)]
)
def swapaxes_adjoint(a, axis1, axis2, *, d_y):
    d_a = np.swapaxes(d_y, axis1, axis2)
    return d_a


@adjoint(
    np.moveaxis,
    cases=[
        case(real(2, 3, 4), 0, -1),
        case(real(2, 3, 4), 2, 0),
        case(real(2, 3, 4), (0, 1), (-1, 0)),
        case(real(2, 3, 4), [2, 0, 1], [0, 1, 2]),
    ],
)
def moveaxis_adjoint(a, source, destination, *, d_y):
    d_a = np.moveaxis(d_y, destination, source)
    return d_a


@adjoint(
    np.rollaxis,
    cases=[
        case(real(2, 3, 4), *where)
        for where in [(2,), (-1, 1), (0, 3), (1, -1), (0, 2), (1, 0), (2, -2), (1, 1), (0, -3)]
    ],
)
def rollaxis_adjoint(a, axis, start=0, *, d_y):
    d_a = np.moveaxis(d_y, rolled_position(a, axis, start), axis)
    return d_a


@adjoint(
    np.reshape,
    cases=[
        case(real(2, 6), (3, 4)),
        case(real(2, 6), -1),
        case(real(12), shape=(2, -1, 3)),
        case(real(), (1, 1)),
        case(real(1, 1), ()),
        case(real(0, 3), (3, 0)),
        case(real(2, 6), (3, 4), order="F"),
        case(real(2, 6), (3, 4), "A"),
    ],
)
def reshape_adjoint(a, shape, order="C", *, copy=None, d_y):
    if order == "C":
        d_a = reshape_like(d_y, a)
    else:
        d_a = np.reshape(d_y, np.shape(a), layout_of(a, order))
    return d_a


@adjoint(
    np.ndarray.reshape,
    methods=("reshape",),
    cases=[
        case(real(2, 6), 3, 4),
        case(real(2, 6), (4, 3)),
        case(real(2, 6), -1),
        case(real(1), ()),
        case(real(0, 3), 3, -1),
        case(real(2, 6), 3, 4, order="F"),
        case(real(2, 6), (3, 4), order="A"),
    ],
)
def reshape_method_adjoint(x, *shape, order="C", copy=None, d_y):
    if order == "C":
        d_x = np.reshape(d_y, x.shape)
    else:
        d_x = np.reshape(d_y, x.shape, layout_of(x, order))
    return d_x


@adjoint(
    np.ravel,
    np.ndarray.flatten,
    methods=("ravel", "flatten"),
    cases=[
        case(real(2, 3)),
        case(real(2, 3), order="F"),
        case(real(2, 3), "A"),
        case(real(2, 3), "K"),
        case(real(3)),
        case(real(0, 2)),
    ],
)
def ravel_adjoint(a, order="C", *, d_y):
    if order == "C":
        d_a = np.reshape(d_y, np.shape(a))
    else:
        d_a = np.reshape(d_y, np.shape(a), layout_of(a, order))
    return d_a


@adjoint(
    np.ndarray.tolist,
    methods=("tolist",),
    cases=[case(real(3)), case(real(2, 3)), case(real(0, 2)), case(real(1))],
)
def tolist_adjoint(a, *, d_y):
    d_a = unlisted(d_y, a)
    return d_a


@adjoint(
    np.squeeze,
    methods=("squeeze",),
    cases=[
        case(real(3, 1)),
        case(real(1, 3, 1), axis=0),
        case(real(1, 3, 1), (0, -1)),
        case(real(1, 1)),
        case(real(1, 0)),
    ],
)
def squeeze_adjoint(a, axis=None, *, d_y):
    d_a = reshape_like(d_y, a)
    return d_a


@adjoint(
    np.expand_dims,
    cases=[
        case(real(3), 0),
        case(real(3, 2), -1),
        case(real(3, 2), axis=(0, 2)),
        case(real(), 0),
        case(real(0), 1),
    ],
)
def expand_dims_adjoint(a, axis, *, d_y):
    d_a = reshape_like(d_y, a)
    return d_a


@adjoint(
    np.broadcast_to,
    cases=[
        case(real(3), (2, 3)),
        case(real(3, 1), (3, 4)),
        case(real(), (2, 3)),
        case(real(1), shape=3),
        case(real(1, 3), (0, 3)),
        case(real(2, 3), (2, 3)),
    ],
)
def broadcast_to_adjoint(array, shape, *, d_y):
    d_array = unbroadcast(d_y, array)
    return d_array


@adjoint(
    np.repeat,
    methods=("repeat",),
    cases=[
        case(real(3), 2),
        case(real(2, 3), 2),
        case(real(2, 3), 2, axis=1),
        case(real(2, 3), 3, axis=-2),
        case(real(2, 3), [1, 2], axis=0),
        case(real(2, 3), [0, 2, 1], axis=-1),
        case(real(2, 3), np.array([3, 0, 1, 1, 2, 0])),
        case(real(2, 3), [2], axis=1),
        case(real(2, 3), 0, axis=0),
        case(real(2, 2, 3), (2, 0), 1),
        case(real(0, 3), 2, axis=0),
        case(real(), 3),
    ],
)
def repeat_adjoint(a, repeats, axis=None, *, d_y):
    d_a = repeat_adjoint_a(d_y, a, repeats, axis)
    return d_a


@adjoint(
    np.resize,
    cases=[
        case(real(3), 5),
        case(real(2, 3), (4,)),
        case(real(2, 3), (3, 5)),
        case(real(), 3),
        case(real(3), 0),
        case(real(0), 2),
    ],
)
def resize_adjoint(a, new_shape, *, d_y):
    d_a = resize_adjoint_a(d_y, a)
    return d_a


@adjoint(
    np.tile,
    cases=[
        case(real(3), 2),
        case(real(2, 3), 2),
        case(real(2, 3), (2, 1)),
        case(real(2, 3), (2, 3, 2)),
        case(real(2, 3, 2), (2, 3)),
        case(real(), 3),
        case(real(), (2, 3)),
        case(real(2, 3), (0, 2)),
        case(real(2, 3), np.array([1, 2])),
        case(real(0, 2), 2),
        case(real(2), ()),
    ],
)
def tile_adjoint(A, reps, *, d_y):
    d_A = tile_adjoint_A(d_y, A, reps)
    return d_A


@adjoint(
    np.roll,
    cases=[
        case(real(5), 2),
        case(real(5), -7),
        case(real(3, 4), 2),
        case(real(3, 4), 1, axis=0),
        case(real(3, 4), (1, 2), axis=(0, 1)),
        case(real(3, 4), 1, axis=(0, -1)),
        case(real(3, 4), (1, 2), axis=1),
        case(real(3, 4), np.array([1, 2]), axis=(1, 0)),
        case(real(0), 1),
    ],
)
def roll_adjoint(a, shift, axis=None, *, d_y):
    if is_scalar(shift):
        d_a = np.roll(d_y, -shift, axis)
    else:
        d_a = np.roll(d_y, opposite_shift(shift), axis)
    return d_a


@adjoint(
    np.flip,
    cases=[
        case(real(3)),
        case(real(3, 4)),
        case(real(3, 4), 0),
        case(real(3, 4), axis=(0, -1)),
        case(real(0, 2), 1),
        case(real()),
    ],
)
def flip_adjoint(m, axis=None, *, d_y):
    d_m = np.flip(d_y, axis)
    return d_m


@adjoint(np.fliplr, cases=[case(real(3, 4)), case(real(2, 3, 4))])
def fliplr_adjoint(m, *, d_y):
    d_m = np.fliplr(d_y)
    return d_m


@adjoint(np.flipud, cases=[case(real(3)), case(real(3, 4))])
def flipud_adjoint(m, *, d_y):
    d_m = np.flipud(d_y)
    return d_m


@adjoint(
    np.rot90,
    cases=[
        case(real(3, 4)),
        case(real(3, 4), 2),
        case(real(3, 4), -1),
        case(real(2, 3, 4), 3, axes=(2, 0)),
        case(real(0, 2), 5),
    ],
)
def rot90_adjoint(m, k=1, axes=(0, 1), *, d_y):
    d_m = np.rot90(d_y, -k, axes)
    return d_m


@adjoint(
    np.pad,
    cases=[
        case(real(4), 2),
        case(real(3, 4), 1),
        case(real(3, 4), (1, 2)),
        case(real(3, 4), ((0, 2), (1, 0)), constant_values=3.0),
        case(real(3, 4), ((1,), (2,))),
        case(real(0, 2), 1),
        case(real(3, 4), {-1: 2, 0: (0, 1)}),
        case(real(3), 2, constant_values=real()),
        case(real(3, 2), ((1, 2), (0, 3)), constant_values=real()),
        case(real(3, 2), ((1, 2), (0, 3)), "constant", constant_values=real(2, 2)),
        case(real(3, 2), 1, constant_values=real(2)),
    ]
    + [
        case(shape, width, mode)
        for mode in ("edge", "reflect", "symmetric", "wrap")
        for shape, width in [
            (real(4), 2),
            (real(3), 7),
            (real(3, 4), ((1, 2), (0, 3))),
            (real(2, 2, 2), 1),
            (real(1, 3), 2),
            (real(3), 0),
        ]
    ],
)
def pad_adjoint(array, pad_width, mode="constant", constant_values=0, *, d_y):
    if mode == "constant":
        d_array = d_y[pad_interior(array, pad_width)]
    else:
        d_array = pad_adjoint_array(d_y, array, pad_width, mode)
    d_constant_values = pad_adjoint_constant_values(d_y, array, pad_width, constant_values)
    return d_array, d_constant_values
