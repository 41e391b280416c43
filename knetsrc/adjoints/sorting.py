"""Rules of functions that put elements in order. Equal elements keep theirs."""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, distinct
from knetsrc.backends import sort_adjoint_a


@adjoint(
    np.sort,
    cases=[
        case(distinct(5)),
        case(distinct(3, 4)),
        case(distinct(3, 4), axis=0),
        case(distinct(2, 3, 4), -2),
        case(distinct(3, 4), axis=None),
        case(distinct(5), kind="stable"),
        case(distinct(0)),
    ],
)
def sort_adjoint(a, axis=-1, kind=None, *, y, d_y):
    d_a = sort_adjoint_a(d_y, a, y, axis)
    return d_a


@adjoint(
    np.partition,
    cases=[
        case(distinct(9), 4),
        case(distinct(3, 4), 1, axis=0),
        case(distinct(3, 4), (0, 2), -1),
        case(distinct(3, 4), 5, None),
    ],
)
def partition_adjoint(a, kth, axis=-1, *, y, d_y):
    d_a = sort_adjoint_a(d_y, a, y, axis)
    return d_a
