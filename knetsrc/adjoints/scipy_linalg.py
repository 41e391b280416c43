"""Rules of `scipy.linalg`: those of `numpy.linalg` for its namesakes, and what only SciPy has."""

import numpy as np
import scipy.linalg

from knetsrc.adjoints.linalg import det_rule, inv_adjoint
from knetsrc.adjoints.table import adjoint, case, real, spd
from knetsrc.backends import (
    assumed_adjoint,
    assumed_matrix,
    cho_factor_adjoint_a,
    cho_solve_adjoint_c,
    cholesky_adjoint_a,
    columns_product,
    expm_adjoint_a,
    factors_adjoint,
    lu_factor_adjoint_a,
    lu_solve_adjoint_lu,
    real_root,
    solve_adjoint_b,
    solve_triangular_adjoint_a,
    solve_triangular_adjoint_b,
    unbroadcast,
)

adjoint(scipy.linalg.det, cases=[case(real(3, 3)), case(real(2, 3, 3))])(det_rule)
adjoint(scipy.linalg.inv, cases=[case(spd(3, 3)), case(spd(2, 3, 3))])(inv_adjoint)


@adjoint(
    scipy.linalg.solve,
    cases=[
        case(spd(3, 3), real(3)),
        case(spd(3, 3), real(3, 2)),
        case(spd(3, 3), real(3), assume_a="pos"),
        case(spd(3, 3), real(3, 2), True, assume_a="sym"),
        case(spd(3, 3), real(3, 2), assume_a="gen"),
    ],
)
def scipy_solve_rule(a, b, lower=False, *, assume_a=None, y, d_y):
    d_right = solve_adjoint_b(d_y, assumed_matrix(a, assume_a, lower), b)
    d_a = assumed_adjoint(-columns_product(d_right, y, b), a, assume_a, lower)
    d_b = unbroadcast(d_right, b)
    return d_a, d_b


@adjoint(
    scipy.linalg.solve_triangular,
    cases=[
        case(spd(3, 3), real(3)),
        case(spd(3, 3), real(3, 2), lower=True),
        case(spd(3, 3), real(3, 2), 1),
        case(spd(3, 3), real(3), "T", True),
        case(spd(3, 3), real(3, 2), trans=2),
        case(spd(3, 3), real(3), trans="N"),
        case(spd(3, 3), real(3), unit_diagonal=True),
        case(spd(3, 3), real(3, 2), trans=1, lower=True, unit_diagonal=True),
        case(spd(2, 3, 3), real(3)),
        case(spd(2, 3, 3), real(3, 4), lower=True),
        case(spd(3, 3), real(2, 3, 4)),
    ],
)
def solve_triangular_adjoint(a, b, trans=0, lower=False, unit_diagonal=False, *, y, d_y):
    d_right = solve_triangular_adjoint_b(d_y, a, b, trans, lower, unit_diagonal)
    d_a = solve_triangular_adjoint_a(d_right, y, a, b, trans, lower, unit_diagonal)
    d_b = unbroadcast(d_right, b)
    return d_a, d_b


@adjoint(
    scipy.linalg.cholesky,
    cases=[case(spd(3, 3)), case(spd(3, 3), lower=True), case(spd(2, 3, 3))],
)
def scipy_cholesky_rule(a, lower=False, *, y, d_y):
    if lower:
        d_a = cholesky_adjoint_a(d_y, y, a)
    else:
        d_a = cholesky_adjoint_a(d_y, y, a, upper=True)
    return d_a


@adjoint(
    scipy.linalg.expm,
    cases=[case(real(3, 3)), case(real(1, 1)), case(real(2, 3, 3))],
)
def expm_rule(A, *, d_y):
    d_A = expm_adjoint_a(d_y, A)
    return d_A


@adjoint(scipy.linalg.cho_factor, cases=[case(spd(3, 3)), case(spd(3, 3), lower=True)])
def cho_factor_rule(a, lower=False, *, y, d_y):
    d_a = cho_factor_adjoint_a(d_y, y, a, lower)
    return d_a


@adjoint(
    scipy.linalg.cho_solve,
    cases=[
        case((spd(3, 3), True), real(3)),
        case((spd(3, 3), False), real(3, 2)),
    ],
)
def cho_solve_rule(c_and_lower, b, *, y, d_y):
    d_right = scipy.linalg.cho_solve(c_and_lower, d_y)
    d_c_and_lower = factors_adjoint(cho_solve_adjoint_c(d_right, y, c_and_lower, b))
    d_b = unbroadcast(d_right, b)
    return d_c_and_lower, d_b


@adjoint(factors_adjoint, cases=[case(real(3, 3))])
def factors_adjoint_adjoint(d, *, d_y):
    d_d = d_y[0]
    return d_d


@adjoint(scipy.linalg.lu_factor, cases=[case(spd(3, 3)), case(real(4, 4))])
def lu_factor_rule(a, *, y, d_y):
    d_a = lu_factor_adjoint_a(d_y, y, a)
    return d_a


PIVOTS = np.array([2, 2, 2], np.int32)


@adjoint(
    scipy.linalg.lu_solve,
    cases=[
        case((spd(3, 3), PIVOTS), real(3)),
        case((spd(3, 3), PIVOTS), real(3, 2), 1),
        case((spd(3, 3), PIVOTS), real(3, 2), trans=0),
    ],
)
def lu_solve_rule(lu_and_piv, b, trans=0, *, y, d_y):
    d_right = scipy.linalg.lu_solve(lu_and_piv, d_y, 1 if trans == 0 else 0)
    d_lu_and_piv = factors_adjoint(lu_solve_adjoint_lu(d_right, y, lu_and_piv, b, trans))
    d_b = unbroadcast(d_right, b)
    return d_lu_and_piv, d_b


@adjoint(scipy.linalg.sqrtm, cases=[case(spd(3, 3)), case(spd(1, 1))])
def sqrtm_rule(A, *, y, d_y):
    root = real_root(y).T
    d_A = unbroadcast(scipy.linalg.solve_sylvester(root, root, d_y), A)
    return d_A


@adjoint(
    scipy.linalg.solve_sylvester,
    cases=[case(spd(3, 3), spd(2, 2), real(3, 2)), case(spd(2, 2), spd(2, 2), real(2, 2))],
)
def solve_sylvester_rule(a, b, q, *, y, d_y):
    d_right = scipy.linalg.solve_sylvester(a.T, b.T, d_y)
    d_a = unbroadcast(-d_right @ y.T, a)
    d_b = unbroadcast(-y.T @ d_right, b)
    d_q = unbroadcast(d_right, q)
    return d_a, d_b, d_q
