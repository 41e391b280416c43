"""Rules of the Bessel functions of `scipy.special`, for a real argument and given order; of sinc.

The recurrences are 10.6, 10.29 and 10.51 of the NIST Digital Library of Mathematical Functions, in
the form that does not divide by the argument where the function is regular at 0.
"""

import math

import numpy as np
from scipy import special

from knetsrc.adjoints.samples import each
from knetsrc.adjoints.table import adjoint, case, positive, real
from knetsrc.backends import unbroadcast

REGULAR = [*each(real), case(0.0), case(np.array([0.0, 1e-9, 7.0, -30.0]))]
SINGULAR = each(positive)
BY_ORDER = [
    case(1.5, positive(3, 4)),
    case(0, positive()),
    case(np.array([0, 1, 2]), positive(2, 1)),
    case(np.array([[0.5], [2.0]]), positive(3)),
    case(2, positive(0, 3)),
]


@adjoint(special.j0, elementwise=True, cases=REGULAR)
def j0_adjoint(x, *, d_y):
    d_x = -d_y * special.j1(x)
    return d_x


@adjoint(special.j1, elementwise=True, cases=REGULAR)
def j1_adjoint(x, *, d_y):
    d_x = d_y * (special.j0(x) - special.jv(2, x)) / 2
    return d_x


@adjoint(special.y0, elementwise=True, cases=SINGULAR)
def y0_adjoint(x, *, d_y):
    d_x = -d_y * special.y1(x)
    return d_x


@adjoint(special.y1, elementwise=True, cases=SINGULAR)
def y1_adjoint(x, *, y, d_y):
    d_x = d_y * (special.y0(x) - y / x)
    return d_x


@adjoint(np.i0, special.i0, elementwise=True, cases=each(real))
def i0_adjoint(x, *, d_y):
    d_x = d_y * special.i1(x)
    return d_x


@adjoint(special.i1, elementwise=True, cases=each(real))
def i1_adjoint(x, *, d_y):
    d_x = d_y * (special.i0(x) + special.iv(2, x)) / 2
    return d_x


@adjoint(special.i0e, elementwise=True, cases=each(real))
def i0e_adjoint(x, *, y, d_y):
    d_x = d_y * (special.i1e(x) - np.sign(x) * y)
    return d_x


@adjoint(special.i1e, elementwise=True, cases=each(real))
def i1e_adjoint(x, *, y, d_y):
    d_x = d_y * ((special.i0e(x) + special.ive(2, x)) / 2 - np.sign(x) * y)
    return d_x


@adjoint(special.k0, elementwise=True, cases=SINGULAR)
def k0_adjoint(x, *, d_y):
    d_x = -d_y * special.k1(x)
    return d_x


@adjoint(special.k1, elementwise=True, cases=SINGULAR)
def k1_adjoint(x, *, y, d_y):
    d_x = -d_y * (special.k0(x) + y / x)
    return d_x


@adjoint(special.k0e, elementwise=True, cases=SINGULAR)
def k0e_adjoint(x, *, y, d_y):
    d_x = d_y * (y - special.k1e(x))
    return d_x


@adjoint(special.k1e, elementwise=True, cases=SINGULAR)
def k1e_adjoint(x, *, y, d_y):
    d_x = d_y * (y - y / x - special.k0e(x))
    return d_x


@adjoint(special.jv, constant_only=("v",), cases=[*BY_ORDER, case(2, real(3))])
def jv_adjoint(v, x, *, d_y):
    d_x = unbroadcast(d_y * (special.jv(v - 1, x) - special.jv(v + 1, x)) / 2, x)
    return d_x


@adjoint(special.yv, constant_only=("v",), cases=BY_ORDER)
def yv_adjoint(v, x, *, d_y):
    d_x = unbroadcast(d_y * (special.yv(v - 1, x) - special.yv(v + 1, x)) / 2, x)
    return d_x


@adjoint(special.iv, constant_only=("v",), cases=[*BY_ORDER, case(2, real(3))])
def iv_adjoint(v, x, *, d_y):
    d_x = unbroadcast(d_y * (special.iv(v - 1, x) + special.iv(v + 1, x)) / 2, x)
    return d_x


@adjoint(special.ive, constant_only=("v",), cases=[*BY_ORDER, case(2, real(3))])
def ive_adjoint(v, x, *, y, d_y):
    scaled_slope = (special.ive(v - 1, x) + special.ive(v + 1, x)) / 2
    d_x = unbroadcast(d_y * (scaled_slope - np.sign(x) * y), x)
    return d_x


@adjoint(special.kv, constant_only=("v",), cases=BY_ORDER)
def kv_adjoint(v, x, *, d_y):
    d_x = unbroadcast(-d_y * (special.kv(v - 1, x) + special.kv(v + 1, x)) / 2, x)
    return d_x


@adjoint(special.kve, constant_only=("v",), cases=BY_ORDER)
def kve_adjoint(v, x, *, y, d_y):
    d_x = unbroadcast(d_y * (y - (special.kve(v - 1, x) + special.kve(v + 1, x)) / 2), x)
    return d_x


@adjoint(
    special.spherical_jn,
    cases=[
        case(n, x) for n in (0, 1, 3) for x in (real(3, 4), positive(), np.array([0.0, 1e-9, 5.0]))
    ],
)
def spherical_jn_adjoint(n, z, *, d_y):
    lower = special.spherical_jn(np.maximum(n - 1, 0), z)
    upper = special.spherical_jn(n + 1, z)
    d_z = unbroadcast(d_y * (n * lower - (n + 1) * upper) / (2 * n + 1), z)
    return d_z


@adjoint(np.sinc, cases=[*each(real), case(0.0), case(np.array([0.0, 1e-9, -1e-4, 2.0]))])
def sinc_adjoint(x, *, d_y):
    # sinc(x) is the spherical Bessel function j0(pi x), and the derivative of j0 is -j1: no 0 / 0.
    d_x = unbroadcast(-math.pi * d_y * special.spherical_jn(1, math.pi * x), x)
    return d_x
