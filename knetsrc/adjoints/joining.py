"""Rules of functions that join or split arrays, or make an array of something else."""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, real
from knetsrc.backends import (
    block_adjoint_arrays,
    columns_like,
    dsplit_like,
    each_reshaped,
    each_unbroadcast,
    hsplit_like,
    insert_adjoint_arr,
    insert_adjoint_values,
    join_like,
    meshgrid_adjoint_xi,
    nested_like,
    reshape_like,
    split_like,
    through_dtype,
    unbroadcast,
    unstack_like,
    vsplit_like,
)


@adjoint(
    np.concatenate,
    cases=[
        case([real(2, 3), real(4, 3)]),
        case((real(2), real(3), real(0))),
        case([real(2, 3), real(2, 1)], axis=1),
        case([real(2, 3), real(2, 1)], -1),
        case([real(2, 3, 2), real(2, 1, 2), real(2, 2, 2)], axis=-2),
        case([real(2, 3), real(4), real()], axis=None),
        case(real(3, 2, 4)),
        case(real(3, 2, 4), axis=1),
        case([real(3)]),
    ],
)
def concatenate_adjoint(arrays, axis=0, *, d_y):
    d_arrays = split_like(d_y, arrays, axis)
    return d_arrays


@adjoint(
    np.stack,
    cases=[
        case([real(2, 3), real(2, 3)]),
        case((real(2, 3), real(2, 3)), axis=1),
        case([real(2, 3), real(2, 3), real(2, 3)], -1),
        case([real(), real()]),
        case([real(0), real(0)], axis=-2),
        case(real(3, 2, 4), axis=2),
    ],
)
def stack_adjoint(arrays, axis=0, *, d_y):
    d_arrays = unstack_like(d_y, arrays, axis)
    return d_arrays


JOINED = [
    case([real(3), real(3)]),
    case([real(2, 3), real(2, 3), real(2, 3)]),
    case((real(2, 3, 2), real(2, 3, 2))),
    case(real(3, 2, 4)),
    case(real(3, 2)),
    case([real(0), real(0)]),
]


@adjoint(
    np.vstack, cases=[*JOINED, case([real(3), real(2, 3), real(1, 3)]), case([real(), real()])]
)
def vstack_adjoint(tup, *, d_y):
    d_tup = vsplit_like(d_y, tup)
    return d_tup


@adjoint(np.hstack, cases=[*JOINED, case([real(2, 3), real(2, 1)]), case([real(), real(3)])])
def hstack_adjoint(tup, *, d_y):
    d_tup = hsplit_like(d_y, tup)
    return d_tup


@adjoint(
    np.dstack,
    cases=[
        *JOINED,
        case([real(2, 3), real(2, 3, 2)]),
        case([real(3), real(1, 3)]),
        case([real(), real()]),
    ],
)
def dstack_adjoint(tup, *, d_y):
    d_tup = dsplit_like(d_y, tup)
    return d_tup


@adjoint(np.column_stack, cases=[*JOINED, case([real(2), real(2, 3)]), case([real(), real()])])
def column_stack_adjoint(tup, *, d_y):
    d_tup = columns_like(d_y, tup)
    return d_tup


@adjoint(
    np.append,
    cases=[
        case(real(3), real(2)),
        case(real(3), real()),
        case(real(2, 3), real(4, 1)),
        case(real(2, 3), real(2, 1), axis=1),
        case(real(2, 3), real(1, 3), 0),
        case(real(0), real(2)),
        case(real(3), [real(), real()]),
    ],
)
def append_adjoint(arr, values, axis=None, *, d_y):
    d_arr = split_like(d_y, (arr, values), axis)[0]
    d_values = split_like(d_y, (arr, values), axis)[1]
    return d_arr, d_values


@adjoint(
    np.insert,
    cases=[
        case(real(4), 1, real()),
        case(real(4), [1, 3], real(2)),
        case(real(4), 2, real(3)),
        case(real(3, 2), 1, real(2), axis=0),
        case(real(3, 2), 1, real(3), axis=1),
        case(real(3, 2), [0, 2], real(), 1),
        case(real(3, 2), -1, real()),
    ],
)
def insert_adjoint(arr, obj, values, axis=None, *, d_y):
    d_arr = insert_adjoint_arr(d_y, arr, obj, values, axis)
    d_values = insert_adjoint_values(d_y, arr, obj, values, axis)
    return d_arr, d_values


@adjoint(
    np.block,
    cases=[
        case([real(2), real(3)]),
        case([[real(2, 2), real(2, 1)], [real(1, 3)]]),
        case([[real(2, 2), real(2, 3)], [real(1, 2), np.zeros((1, 3))]]),
        case(real(2, 3)),
    ],
)
def block_adjoint(arrays, *, d_y):
    d_arrays = block_adjoint_arrays(d_y, arrays)
    return d_arrays


SECTIONS = [case(real(6), 3), case(real(6, 4), 2), case(real(6), [2, 3]), case(real(6, 3), (1, 4))]
BACKWARDS = [case(real(6), [4, 2]), case(real(6), [-2, 9]), case(real(6, 2), np.array([2, 2]))]


@adjoint(
    np.split,
    cases=[
        *SECTIONS,
        *BACKWARDS,
        case(real(3, 4), 2, axis=1),
        case(real(3, 4), [1], -1),
        case(real(0, 2), 2),
    ],
)
def split_adjoint(ary, indices_or_sections, axis=0, *, d_y):
    d_ary = join_like(d_y, ary, indices_or_sections, axis)
    return d_ary


@adjoint(
    np.array_split, cases=[*SECTIONS, *BACKWARDS, case(real(7, 2), 3), case(real(2, 5), 3, axis=-1)]
)
def array_split_adjoint(ary, indices_or_sections, axis=0, *, d_y):
    d_ary = join_like(d_y, ary, indices_or_sections, axis)
    return d_ary


@adjoint(np.vsplit, cases=[case(real(4, 3), 2), case(real(4, 3), [1]), case(real(4, 3, 2), [3, 1])])
def vsplit_adjoint(ary, indices_or_sections, *, d_y):
    d_ary = join_like(d_y, ary, indices_or_sections, 0)
    return d_ary


@adjoint(np.hsplit, cases=[*SECTIONS[:3], case(real(3, 4), [1]), case(real(3, 4, 2), [3, 1])])
def hsplit_adjoint(ary, indices_or_sections, *, d_y):
    d_ary = join_like(d_y, ary, indices_or_sections, min(np.ndim(ary) - 1, 1))
    return d_ary


@adjoint(np.dsplit, cases=[case(real(2, 3, 4), 2), case(real(2, 3, 4), [1, 3])])
def dsplit_adjoint(ary, indices_or_sections, *, d_y):
    d_ary = join_like(d_y, ary, indices_or_sections, 2)
    return d_ary


AT_LEAST = [
    case(real()),
    case(real(3)),
    case(real(2, 3)),
    case(real(2, 3, 4)),
    case(real(0)),
    case(real(), real(2), real(2, 1)),
]


@adjoint(np.atleast_1d, np.atleast_2d, np.atleast_3d, cases=AT_LEAST)
def atleast_adjoint(*arys, d_y):
    d_arys = each_reshaped(d_y, arys)
    return d_arys


@adjoint(
    np.broadcast_arrays, cases=[case(real(3, 1), real(4)), case(real(), real(2, 3)), case(real(2))]
)
def broadcast_arrays_adjoint(*args, d_y):
    d_args = each_unbroadcast(d_y, args)
    return d_args


@adjoint(
    np.meshgrid,
    cases=[
        case(real(3), real(4)),
        case(real(3)),
        case(real(3), real(2), real(4)),
        case(real(), real(2)),
        case(real(3), real(4), indexing="ij"),
        case(real(3), real(2), real(4), indexing="ij"),
        case(real(3), indexing="ij"),
    ],
)
def meshgrid_adjoint(*xi, indexing="xy", d_y):
    d_xi = meshgrid_adjoint_xi(d_y, xi, indexing=indexing)
    return d_xi


NESTED = [
    case(real(2, 3)),
    case(real()),
    case([real(), real(), 1.0]),
    case([[real(), real()], (real(), real())]),
    case([real(3), real(3)]),
    case(([real(2), real(2)], [real(2), real(2)], real(2, 2))),
    case([]),
]


@adjoint(
    np.array,
    np.asarray,
    np.asanyarray,
    cases=[*NESTED, case(real(3), dtype=float), case([real(), real()], dtype="f8")],
)
def array_adjoint(object, dtype=None, *, copy=None, d_y):
    if dtype is None:
        d_object = nested_like(d_y, object)
    else:
        d_object = nested_like(through_dtype(d_y, dtype), object)
    return d_object


@adjoint(np.copy, cases=NESTED)
def copy_adjoint(a, order="K", *, d_y):
    d_a = nested_like(d_y, a)
    return d_a


@adjoint(
    np.ndarray.copy,
    methods=("copy",),
    cases=[case(real(2, 3)), case(real(0)), case(real(3, 2), order="F")],
)
def copy_method_adjoint(a, order="C", *, d_y):
    d_a = d_y
    return d_a


@adjoint(
    np.ascontiguousarray, np.asfortranarray, cases=[case(real(2, 3)), case(real(0)), case(real())]
)
def ascontiguousarray_adjoint(a, *, d_y):
    d_a = reshape_like(d_y, a)
    return d_a


@adjoint(
    np.full,
    cases=[
        case((2, 3), real()),
        case(4, real()),
        case((2, 3), real(3)),
        case((), real()),
        case((2, 0), real()),
    ],
)
def full_adjoint(shape, fill_value, dtype=None, *, d_y):
    if dtype is None:
        d_fill_value = unbroadcast(d_y, fill_value)
    else:
        d_fill_value = unbroadcast(through_dtype(d_y, dtype), fill_value)
    return d_fill_value


@adjoint(
    np.full_like,
    cases=[
        case(np.ones((2, 3)), real()),
        case(np.ones((2, 3)), real(3)),
        case(np.ones((2, 3)), real(2, 1)),
    ],
)
def full_like_adjoint(a, fill_value, dtype=None, *, y, d_y):
    d_fill_value = unbroadcast(through_dtype(d_y, y.dtype), fill_value)
    return d_fill_value


@adjoint(
    np.ndarray.astype,
    methods=("astype",),
    cases=[case(real(2, 3), float), case(real(0), "f8"), case(real(2), np.float64)],
)
def astype_adjoint(x, dtype, *, copy=True, d_y):
    d_x = unbroadcast(through_dtype(d_y, dtype), x)
    return d_x
