"""Rules of functions on grids of numbers: interpolation, spacing, convolution, quantiles."""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, distinct, real
from knetsrc.backends import (
    convolve_adjoint,
    correlate_adjoint_a,
    correlate_adjoint_v,
    interp_adjoint_fp,
    interp_adjoint_x,
    interp_adjoint_xp,
    like,
    linspace_adjoint,
    polyval_adjoint_p,
    polyval_slope,
    quantile_adjoint_a,
    unbroadcast,
)

GRID = np.array([-1.0, -0.2, 0.3, 1.5])


@adjoint(
    np.interp,
    cases=[
        case(real(5), GRID, real(4)),
        case(real(), GRID, real(4)),
        case(real(2, 3), GRID, real(4)),
        case(np.array([-0.5, 0.0, 1.0, 2.0, -3.0]), GRID, real(4)),
        case(real(3), [0.0, 1.0], [2.0, 5.0]),
        case(real(3), np.array([0.5]), real(1)),
        case(np.array([-0.5, 0.0, 1.0, 2.0, -3.0]), GRID, real(4), left=0.0),
        case(np.array([-0.5, 0.0, 1.0, 2.0, -3.0]), GRID, real(4), real(), real()),
        case(-2.0, GRID, real(4), left=real(), right=1.0),
        case(np.array([0.0, 1.0]), np.array([0.5]), real(1), real()),
    ],
)
def interp_adjoint(x, xp, fp, left=None, right=None, *, d_y):
    d_x = interp_adjoint_x(d_y, x, xp, fp)
    d_xp = interp_adjoint_xp(d_y, x, xp, fp)
    d_fp = interp_adjoint_fp(d_y, x, xp, fp, left=left, right=right)
    d_left = unbroadcast(np.where(np.less(x, xp[0]), d_y, 0), left)
    d_right = unbroadcast(np.where(np.greater(x, xp[-1]), d_y, 0), right)
    return d_x, d_xp, d_fp, d_left, d_right


@adjoint(
    np.linspace,
    cases=[
        case(real(), real(), 5),
        case(real(), real(), num=4, endpoint=False),
        case(real(3), real(), 5),
        case(real(3), real(2, 3), 4, axis=-1),
        case(real(), real(2), 3, axis=1),
        case(real(), real(), 1),
        case(real(), real(), 0),
    ],
)
def linspace_rule(start, stop, num=50, endpoint=True, axis=0, *, d_y):
    d_start = linspace_adjoint(d_y, start, num, endpoint, axis)
    d_stop = linspace_adjoint(d_y, stop, num, endpoint, axis, first=False)
    return d_start, d_stop


SIGNALS = [
    case(real(m), real(n), mode)
    for mode in ("full", "same", "valid")
    for m, n in [(5, 3), (3, 5), (4, 4), (5, 2), (2, 5), (6, 4), (1, 3)]
]


@adjoint(np.convolve, cases=[case(real(5), real(3)), *SIGNALS])
def convolve_rule(a, v, mode="full", *, d_y):
    d_a = convolve_adjoint(d_y, a, v, mode)
    d_v = convolve_adjoint(d_y, v, a, mode)
    return d_a, d_v


@adjoint(np.correlate, cases=[case(real(5), real(3)), *SIGNALS])
def correlate_rule(a, v, mode="valid", *, d_y):
    d_a = correlate_adjoint_a(d_y, a, v, mode)
    d_v = correlate_adjoint_v(d_y, a, v, mode)
    return d_a, d_v


@adjoint(
    np.quantile,
    constant_only=("q",),
    cases=[
        case(distinct(5), 0.3),
        case(distinct(3, 4), 0.25),
        case(distinct(3, 4), 0.7, axis=1),
        case(distinct(3, 4), [0.1, 0.5, 1.0], axis=0),
        case(distinct(2, 3, 4), [0.2, 0.9], (0, 2), keepdims=True),
        case(distinct(1, 4), 0.4, axis=0),
    ],
)
def quantile_rule(a, q, axis=None, keepdims=False, *, d_y):
    d_a = quantile_adjoint_a(d_y, a, q, axis)
    return d_a


@adjoint(
    np.percentile,
    constant_only=("q",),
    cases=[case(distinct(5), 30), case(distinct(3, 4), [10, 75.5], axis=1), case(distinct(4), 0)],
)
def percentile_rule(a, q, axis=None, keepdims=False, *, d_y):
    d_a = quantile_adjoint_a(d_y, a, q, axis, 100)
    return d_a


@adjoint(
    np.polyval,
    cases=[
        case(real(4), real()),
        case(real(3), real(2, 3)),
        case(real(1), real(3)),
        case([real(), 2.0, real()], real(3)),
        case((real(), real()), real()),
        case(real(0), real(2)),
        case(real(3, 4), real()),
    ],
)
def polyval_rule(p, x, *, y, d_y):
    d_p = polyval_adjoint_p(like(d_y, y), p, x)
    d_x = unbroadcast(like(d_y, y) * polyval_slope(p, x), x)
    return d_p, d_x
