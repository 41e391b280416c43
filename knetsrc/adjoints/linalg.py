"""Rules of inverses, linear systems, determinants, powers and the exponential of matrices."""

import numpy as np

from knetsrc.adjoints.facts import rank
from knetsrc.adjoints.table import adjoint, case, nondifferentiable, positive, real, spd
from knetsrc.backends import (
    columns_image,
    columns_product,
    det_adjoint_a,
    lstsq_adjoint_a,
    lstsq_adjoint_b,
    matrix_power_adjoint_a,
    multi_dot_adjoint,
    pinv_adjoint_a,
    slogdet_adjoint_a,
    solve_adjoint_b,
    unbroadcast,
)

nondifferentiable(np.linalg.matrix_rank)


@adjoint(
    np.linalg.det,
    cases=[
        case(real(3, 3)),
        case(real(1, 1)),
        case(real(2, 3, 3)),
        case(real(4, 2, 2, 2)),
        case(real(0, 3, 3)),
    ],
)
def det_rule(a, *, y, d_y):
    d_a = det_adjoint_a(d_y, y, a)
    return d_a


@adjoint(
    np.linalg.slogdet,
    cases=[case(real(3, 3)), case(real(1, 1)), case(real(2, 3, 3))],
)
def slogdet_rule(a, *, d_y):
    d_a = slogdet_adjoint_a(d_y, a)
    return d_a


@adjoint(
    np.linalg.inv,
    cases=[case(spd(3, 3)), case(real(1, 1)), case(spd(2, 3, 3)), case(real(0, 3, 3))],
)
def inv_adjoint(a, *, y, d_y):
    if rank(a) == 2:
        d_a = -y.T @ d_y @ y.T
    else:
        y_transposed = np.swapaxes(y, -1, -2)
        d_a = -y_transposed @ d_y @ y_transposed
    return d_a


@adjoint(
    np.linalg.pinv,
    cases=[
        case(real(4, 2)),
        case(real(2, 4)),
        case(spd(3, 3)),
        case(real(2, 4, 2)),
        case(real(2, 2, 3)),
    ],
)
def pinv_rule(a, *, y, d_y):
    d_a = pinv_adjoint_a(d_y, y, a)
    return d_a


@adjoint(
    np.linalg.solve,
    cases=[
        case(spd(3, 3), real(3)),
        case(spd(3, 3), real(3, 2)),
        case(spd(3, 3), real(3, 3)),
        case(spd(2, 3, 3), real(3)),
        case(spd(2, 3, 3), real(2, 3, 4)),
        case(spd(2, 3, 3), real(3, 4)),
        case(spd(3, 3), real(2, 3, 4)),
        case(spd(4, 1, 3, 3), real(2, 3, 1)),
    ],
)
def solve_adjoint(a, b, *, y, d_y):
    if rank(a) == 2 and rank(b) == 1:
        d_right = np.linalg.solve(a.T, d_y)
        d_a = -np.outer(d_right, y)
        d_b = d_right
    elif rank(a) == 2 and rank(b) == 2:
        d_right = np.linalg.solve(a.T, d_y)
        d_a = -d_right @ y.T
        d_b = d_right
    else:
        d_right = solve_adjoint_b(d_y, a, b)
        d_a = unbroadcast(-columns_product(d_right, y, b), a)
        d_b = unbroadcast(d_right, b)
    return d_a, d_b


@adjoint(
    solve_adjoint_b,
    cases=[
        case(real(3), spd(3, 3), real(3)),
        case(real(3, 2), spd(3, 3), real(3, 2)),
        case(real(2, 3), spd(2, 3, 3), real(3)),
        case(real(2, 3, 4), spd(3, 3), real(2, 3, 4)),
    ],
)
def solve_adjoint_b_adjoint(d, a, b, *, y, d_y):
    d_d = solve_adjoint_b(d_y, np.swapaxes(a, -1, -2), b)
    d_a = unbroadcast(-columns_product(y, solve_adjoint_b(d_y, np.swapaxes(a, -1, -2), b), b), a)
    return d_d, d_a


@adjoint(
    columns_product,
    cases=[case(real(2, 3), real(2, 3), real(3)), case(real(2, 3, 2), real(2, 3, 2), real(3, 2))],
)
def columns_product_adjoint(left, right, b, *, d_y):
    d_left = columns_image(d_y, right, b)
    d_right = columns_image(np.swapaxes(d_y, -1, -2), left, b)
    return d_left, d_right


@adjoint(
    np.linalg.lstsq,
    cases=[
        case(real(5, 2), real(5)),
        case(real(5, 2), real(5, 3)),
        case(real(2, 5), real(2)),
        case(real(2, 5), real(2, 3)),
        case(spd(3, 3), real(3)),
        case(real(5, 2), real(5), rcond=1e-6),
    ],
)
def lstsq_rule(a, b, rcond=None, *, y, d_y):
    d_a = lstsq_adjoint_a(d_y, y, a, b)
    d_b = lstsq_adjoint_b(d_y, y, a, b)
    return d_a, d_b


@adjoint(
    np.linalg.matrix_power,
    cases=[
        *(case(spd(3, 3), n) for n in (0, 1, 2, 3, 6, 7, -1, -2, -3)),
        case(positive(2, 3, 3), 3),
        case(spd(2, 2, 2), -2),
    ],
)
def matrix_power_rule(a, n, *, d_y):
    d_a = matrix_power_adjoint_a(d_y, a, n)
    return d_a


@adjoint(
    np.linalg.multi_dot,
    cases=[
        case([real(2, 3), real(3, 4)]),
        case([real(2, 3), real(3, 4), real(4, 5)]),
        case([real(3), real(3, 4), real(4, 2), real(2, 3)]),
        case([real(2, 3), real(3, 4), real(4)]),
        case([real(3), real(3, 4), real(4)]),
        case([real(3), real(3)]),
    ],
)
def multi_dot_rule(arrays, *, d_y):
    d_arrays = multi_dot_adjoint(arrays, d_y)
    return d_arrays
