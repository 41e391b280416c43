"""Rules of matrix decompositions.

Formulas, and what holds where values repeat, are in `knetsrc.backends.decompositions`. Of a
symmetric matrix one triangle only is read; the adjoint of the other one is zero.
"""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, real, spd
from knetsrc.backends import cholesky_adjoint_a, eigh_adjoint_a, qr_adjoint_a, svd_adjoint_a


@adjoint(
    np.linalg.cholesky,
    cases=[
        case(spd(3, 3)),
        case(spd(1, 1)),
        case(spd(2, 3, 3)),
        case(spd(3, 3), upper=True),
        case(spd(2, 3, 3), upper=True),
    ],
)
def cholesky_rule(a, upper=False, *, y, d_y):
    if upper:
        d_a = cholesky_adjoint_a(d_y, y, a, upper=True)
    else:
        d_a = cholesky_adjoint_a(d_y, y, a)
    return d_a


@adjoint(
    np.linalg.eigh,
    cases=[
        case(real(3, 3)),
        case(real(1, 1)),
        case(real(2, 4, 4)),
        case(real(3, 3), "U"),
        case(real(3, 3), UPLO="l"),
        case(real(0, 0)),
    ],
)
def eigh_rule(a, UPLO="L", *, y, d_y):
    d_a = eigh_adjoint_a(d_y, y, UPLO)
    return d_a


@adjoint(
    np.linalg.eigvalsh,
    cases=[case(real(3, 3)), case(real(2, 4, 4)), case(real(3, 3), UPLO="U"), case(real(1, 1))],
)
def eigvalsh_rule(a, UPLO="L", *, d_y):
    d_a = eigh_adjoint_a((d_y, None), np.linalg.eigh(a, UPLO), UPLO)
    return d_a


@adjoint(
    np.linalg.svd,
    cases=[
        case(real(3, 3)),
        case(real(4, 3), full_matrices=False),
        case(real(3, 4), full_matrices=False),
        case(real(1, 3), False),
        case(real(2, 4, 3), False),
        case(real(2, 2, 3), False),
        case(real(2, 3, 3)),
        case(real(4, 3), compute_uv=False),
        case(real(2, 3, 4), False, False),
    ],
)
def svd_rule(a, full_matrices=True, compute_uv=True, *, y, d_y):
    if compute_uv:
        d_a = svd_adjoint_a(d_y, y)
    else:
        d_a = svd_adjoint_a((None, d_y, None), np.linalg.svd(a, full_matrices=False))
    return d_a


@adjoint(
    np.linalg.svdvals,
    cases=[case(real(3, 3)), case(real(4, 3)), case(real(2, 3, 4))],
)
def svdvals_rule(x, *, d_y):
    d_x = svd_adjoint_a((None, d_y, None), np.linalg.svd(x, full_matrices=False))
    return d_x


@adjoint(
    np.linalg.qr,
    cases=[
        case(real(3, 3)),
        case(real(4, 3)),
        case(real(2, 4)),
        case(real(2, 4, 3)),
        case(real(2, 2, 3)),
        case(real(4, 3), "r"),
        case(real(2, 3), mode="r"),
        case(real(3, 3), mode="complete"),
        case(real(2, 3), mode="complete"),
    ],
)
def qr_rule(a, mode="reduced", *, y, d_y):
    d_a = qr_adjoint_a(d_y, y, a, mode)
    return d_a
