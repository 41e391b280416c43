"""Rules of statistics of many variables."""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, real
from knetsrc.backends import corrcoef_adjoint, cov_adjoint

SAMPLES = [
    case(real(3, 5)),
    case(real(5)),
    case(real(5), real(5)),
    case(real(2, 5), real(5)),
    case(real(2, 5), real(3, 5)),
    case(real(5, 3), rowvar=False),
    case(real(5, 2), real(5, 3), False),
]


@adjoint(
    np.cov,
    cases=[
        *SAMPLES,
        case(real(3, 5), bias=True),
        case(real(3, 5), ddof=0),
        case(real(5), real(5), True, False, 2),
    ],
)
def cov_rule(m, other=None, rowvar=True, bias=False, ddof=None, *, d_y):
    d_m = cov_adjoint(d_y, m, other, False, rowvar, ddof, bias)
    d_other = cov_adjoint(d_y, m, other, True, rowvar, ddof, bias)
    return d_m, d_other


@adjoint(np.corrcoef, cases=SAMPLES)
def corrcoef_rule(x, other=None, rowvar=True, *, d_y):
    d_x = corrcoef_adjoint(d_y, x, other, False, rowvar)
    d_other = corrcoef_adjoint(d_y, x, other, True, rowvar)
    return d_x, d_other
