"""Rules of the helpers that fit adjoints to shapes and structures, for second derivatives.

Of the value that an adjoint is fitted to they read the shape only: it has no adjoint.
"""

import numpy as np

from knetsrc.adjoints.facts import is_list
from knetsrc.adjoints.samples import each
from knetsrc.adjoints.table import adjoint, case, nondifferentiable, real
from knetsrc.backends import (
    add,
    adjoint_like,
    as_array,
    check_adjoint_of_array,
    check_not_array,
    collected,
    compress_adjoint_a,
    deep_copy,
    delete_adjoint_arr,
    each_reshaped,
    each_unbroadcast,
    finished,
    gradient_like,
    join_like,
    joined_adjoint,
    kept_entries,
    like,
    owned,
    repeated_adjoint,
    spread_entries,
    through_dtype,
    unbroadcast,
    zeros_like,
)


@adjoint(
    unbroadcast,
    cases=[
        case(real(), 1.0),
        case(real(2, 3), np.ones((2, 3))),
        case(real(2, 3), np.ones(3)),
        case(real(4, 2, 3), np.ones((2, 1))),
        case(real(2, 3), 1.0),
        case(real(1, 3), np.ones((2, 1))),
        case(real(), np.ones((2, 3))),
        case(real(0, 3), np.ones(3)),
    ],
)
def unbroadcast_adjoint(d, x, *, d_y):
    if is_list(x):
        d_d = unbroadcast(as_array(d_y), d)
    else:
        d_d = unbroadcast(d_y, d)
    return d_d


@adjoint(
    like,
    cases=[
        case(real(), np.ones((2, 3))),
        case(real(3), np.ones((2, 3))),
        case(real(2, 1), np.ones((2, 3))),
        case(real(2, 3), np.ones((2, 3))),
        case(real(), 1.0),
    ],
)
def like_adjoint(d, x, *, d_y):
    if is_list(x):
        d_d = unbroadcast(as_array(d_y), d)
    else:
        d_d = unbroadcast(d_y, d)
    return d_d


@adjoint(owned, cases=each(real))
def owned_adjoint(d, *, d_y):
    d_d = d_y
    return d_d


@adjoint(deep_copy, cases=each(real))
def deep_copy_adjoint(value, *, d_y):
    d_value = d_y
    return d_value


@adjoint(finished, cases=[case(real(), 1.0), case(real(3), np.ones(3))])
def finished_adjoint(d, x, *, d_y):
    d_d = d_y
    return d_d


@adjoint(add, cases=[case(real(), real()), case(real(2, 3), real(2, 3))])
def add_adjoint(a, b, *, d_y):
    d_a = d_y
    d_b = d_y
    return d_a, d_b


@adjoint(
    gradient_like,
    adjoint_like,
    cases=[
        case([1.0, 2.0], {0: 2.0, 1: 3.0}),
        case({"w": 1.0, "b": 0.0}, {"w": 0.5, "b": 1.5}),
    ],
)
def gradient_like_adjoint(x, entries, *, d_y):
    d_entries = d_y
    return d_entries


@adjoint(through_dtype, cases=[case(real(3), float), case(real(2, 2), "f8"), case(real(), None)])
def through_dtype_adjoint(d, dtype, *, d_y):
    d_d = through_dtype(d_y, dtype)
    return d_d


@adjoint(
    each_unbroadcast,
    cases=[case([real(2, 3), real(2, 3)], [np.ones(3), np.ones((2, 1))])],
)
def each_unbroadcast_adjoint(d, arrays, *, d_y):
    d_d = each_unbroadcast(d_y, d)
    return d_d


@adjoint(
    each_reshaped,
    cases=[case([real(1), real(1, 3)], [1.0, np.ones(3)]), case(real(1, 3), [np.ones(3)])],
)
def each_reshaped_adjoint(d, arrays, *, d_y):
    if len(arrays) == 1:
        d_d = unbroadcast(np.reshape(d_y[0], np.shape(d)), d)
    else:
        d_d = each_reshaped(d_y, d)
    return d_d


@adjoint(
    join_like,
    cases=[
        case([real(2), real(3)], np.ones(5), [2]),
        case([real(2, 2), real(2, 2)], np.ones((2, 4)), 2, 1),
    ],
)
def join_like_adjoint(d, ary, indices_or_sections, axis=0, *, d_y):
    d_d = each_unbroadcast(np.array_split(d_y, indices_or_sections, axis), d)
    return d_d


@adjoint(
    compress_adjoint_a,
    cases=[
        case(real(2), [True, False, True], np.ones(3)),
        case(real(2, 1), [0, 1], np.ones((2, 3)), 1),
    ],
)
def compress_adjoint_a_adjoint(d, condition, a, axis=None, *, d_y):
    d_d = unbroadcast(np.compress(condition, d_y, axis), d)
    return d_d


@adjoint(
    delete_adjoint_arr,
    cases=[case(real(4), np.ones(5), 1), case(real(3, 2), np.ones((3, 4)), [0, 2], 1)],
)
def delete_adjoint_arr_adjoint(d, arr, obj, axis=None, *, d_y):
    d_d = unbroadcast(np.delete(d_y, obj, axis), d)
    return d_d


@adjoint(
    joined_adjoint,
    cases=[
        case([real(), real(), real(2)], [1.0, 1.0], [np.ones(2)]),
        case(real(2, 3), np.ones(3), np.ones((2, 1))),
    ],
)
def joined_adjoint_adjoint(d, a, b, *, d_y):
    if isinstance(a, list | tuple):
        d_d = [*d_y[0], *d_y[1]]
    else:
        d_d = like(d_y[0], d) + like(d_y[1], d)
    return d_d


@adjoint(repeated_adjoint, cases=[case([real(2), real(), real(2), real()], [np.ones(2), 1.0], 2)])
def repeated_adjoint_adjoint(d, x, count, *, d_y):
    d_d = list(d_y) * count
    return d_d


@adjoint(collected, cases=[case([real(), real()], np.ones(2)), case([real(2)], [np.ones(2)])])
def collected_adjoint(d, x, *, d_y):
    d_d = list(d_y)
    return d_d


@adjoint(
    kept_entries,
    cases=[case({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 0.5, "b": 0.5}, ["b"])],
)
def kept_entries_adjoint(d, x, *later, d_y):
    d_d = spread_entries(d_y, d, *later)
    return d_d


nondifferentiable(zeros_like, check_adjoint_of_array, check_not_array)
