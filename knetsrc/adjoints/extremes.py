"""Rules of maxima, minima, the median and norms.

Elements that tie for an extreme share its adjoint in equal parts; an initial value has none of it then. In running extremes
the first of them has all of it.
"""

import builtins
from typing import Any

import numpy as np

from knetsrc.adjoints.facts import is_literal
from knetsrc.adjoints.reductions import MASK, REDUCTIONS
from knetsrc.adjoints.table import Sample, adjoint, away, case, distinct, nondifferentiable, real
from knetsrc.backends import (
    divide_or_zero,
    is_reached,
    keep_axes,
    median_adjoint_a,
    norm_adjoint_x,
    running_places,
    share_among_equal,
    share_among_ties,
    take_along_axis_adjoint_arr,
)

EXTREMES = [case(distinct(*c.args[0].shape), *c.args[1:], **c.kwargs) for c in REDUCTIONS]


@adjoint(
    np.max,
    np.amax,
    np.min,
    np.amin,
    np.nanmax,
    np.nanmin,
    methods=("max", "min"),
    cases=[
        *EXTREMES,
        case(distinct(3, 4), initial=real()),
        case(distinct(3, 4), initial=50.0),
        case(distinct(3, 4), axis=1, initial=-50.0, keepdims=True),
        case(distinct(3, 4), axis=0, initial=real(), where=MASK),
        case(distinct(3, 4), initial=-50.0, where=MASK[1]),
        case(distinct(2, 3, 4), axis=(0, 2), initial=-50.0, where=MASK),
        case(distinct(2, 3), axis=1, initial=-50.0, where=np.array([[False], [True]])),
    ],
)
def extreme_adjoint(a, axis=None, keepdims=False, initial=None, where=True, *, y, d_y):
    if is_literal(where) and where is True:
        d_a = share_among_ties(d_y, a, y, axis)
    else:
        masked = np.where(where, a, np.nan)
        d_a = np.where(where, share_among_ties(d_y, masked, y, axis), 0)
    d_initial = np.sum(np.where(is_reached(a, y, axis, where), 0, d_y))
    return d_a, d_initial


RUNNING = [
    case(distinct(5)),
    case(distinct(3, 4)),
    case(distinct(3, 4), 1),
    case(distinct(2, 3, 4), axis=-2),
    case(distinct(1)),
    case(distinct(0)),
]


@adjoint(np.maximum.accumulate, np.minimum.accumulate, cases=RUNNING)
def running_extreme_adjoint(array, axis=0, *, y, d_y):
    d_array = take_along_axis_adjoint_arr(d_y, array, running_places(y, axis), axis)
    return d_array


nondifferentiable(is_reached, running_places)


@adjoint(np.ptp, cases=EXTREMES)
def ptp_adjoint(a, axis=None, keepdims=False, *, d_y):
    d_a = share_among_ties(d_y, a, np.max(a, axis), axis) - share_among_ties(
        d_y, a, np.min(a, axis), axis
    )
    return d_a


@adjoint(np.median, cases=EXTREMES)
def median_adjoint(a, axis=None, keepdims=False, *, d_y):
    d_a = median_adjoint_a(d_y, a, axis)
    return d_a


@adjoint(
    builtins.max,
    builtins.min,
    cases=[
        case(distinct(), distinct()),
        case(real(), -5.0),
        case(real(), 5, -3),
        case([real(), 0.3, -4.0]),
        case((real(), 0.3)),
        case(distinct(4)),
        case(real(1)),
        case([real()]),
    ],
)
def builtin_extreme_adjoint(*args, y, d_y):
    d_args = share_among_equal(d_y, args, y)
    return d_args


NORMS = [
    case(away(4)),
    case(away(3, 4)),
    case(away()),
    case(away(2, 3, 4)),
    case(away(3, 4), keepdims=True),
    case(away(3, 4), axis=1),
    case(away(3, 4), None, -2, True),
    case(away(2, 3, 4), axis=(0, 2)),
    case(away(2, 3, 4), axis=(-1, 0), keepdims=True),
    case(real(0)),
    case(real(0, 3), axis=1),
]
VECTOR_OPTIONS: list[dict[str, Any]] = [{}, {"axis": 0, "keepdims": True}]
TENSOR_OPTIONS: list[dict[str, Any]] = [{"axis": 1}, {"axis": -1, "keepdims": True}]
VECTOR_NORMS = [
    case(distinct(4), ord, **options)
    for ord in (0, 1, 2, 3, 1.5, 0.5, -1, -2, np.inf, -np.inf)
    for options in VECTOR_OPTIONS
] + [
    case(distinct(2, 3, 4), ord, **options)
    for ord in (1, 2, 3, np.inf, -np.inf)
    for options in TENSOR_OPTIONS
]
MATRICES: list[tuple[Sample, dict[str, Any]]] = [
    (away(3, 4), {}),
    (away(4, 3), {"axis": (1, 0)}),
    (away(3, 3), {"keepdims": True}),
    (away(2, 3, 4), {"axis": (2, 0)}),
    (away(2, 3, 4), {"axis": (-2, -1), "keepdims": True}),
]
MATRIX_NORMS = [
    case(matrix, ord, **options)
    for ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    for matrix, options in MATRICES
]


@adjoint(np.linalg.norm, constant_only=("ord",), cases=[*NORMS, *VECTOR_NORMS, *MATRIX_NORMS])
def norm_adjoint(x, ord=None, axis=None, keepdims=False, *, y, d_y):
    if ord is None and axis is None:
        d_x = divide_or_zero(d_y, y) * x
    else:
        d_x = norm_adjoint_x(d_y, x, y, ord, axis)
    return d_x


@adjoint(
    np.linalg.vector_norm,
    cases=[
        case(real(5)),
        case(real()),
        case(real(3, 4)),
        case(real(3, 4), axis=0),
        case(real(3, 4), axis=-1, keepdims=True),
        case(real(2, 3, 4), axis=(0, 2)),
        case(real(2, 3, 4), axis=(-1, 1), keepdims=True),
        case(real(3, 4), keepdims=True),
    ],
)
def vector_norm_adjoint(x, axis=None, keepdims=False, *, y, d_y):
    if axis is None:
        d_x = divide_or_zero(d_y, y) * x
    else:
        d_x = keep_axes(divide_or_zero(d_y, y), x, axis) * x
    return d_x
