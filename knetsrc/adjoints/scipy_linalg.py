"""Rules of `scipy.linalg`: those of `numpy.linalg` for its namesakes, and what only SciPy has."""

import scipy.linalg

from knetsrc.adjoints.linalg import det_rule, inv_adjoint, solve_adjoint
from knetsrc.adjoints.table import adjoint, case, real, spd
from knetsrc.backends import (
    cholesky_adjoint_a,
    expm_adjoint_a,
    solve_triangular_adjoint_a,
    solve_triangular_adjoint_b,
    unbroadcast,
)

adjoint(scipy.linalg.det, cases=[case(real(3, 3)), case(real(2, 3, 3))])(det_rule)
adjoint(scipy.linalg.inv, cases=[case(spd(3, 3)), case(spd(2, 3, 3))])(inv_adjoint)
adjoint(scipy.linalg.solve, cases=[case(spd(3, 3), real(3)), case(spd(3, 3), real(3, 2))])(
    solve_adjoint
)


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
