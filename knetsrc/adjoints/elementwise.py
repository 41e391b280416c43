"""Rules of the exponential, logarithmic, trigonometric and hyperbolic functions of NumPy.

A rule that needs no function of arrays also serves the namesake of the module `math`; the others
have a rule of their own in `scalars`.
"""

import math

import numpy as np

from knetsrc.adjoints.facts import is_literal
from knetsrc.adjoints.samples import each, pairs
from knetsrc.adjoints.table import above_one, adjoint, away, case, positive, real, unit
from knetsrc.backends import sigm, unbroadcast


@adjoint(np.sqrt, math.sqrt, elementwise=True, cases=each(positive))
def sqrt_adjoint(x, *, y, d_y):
    d_x = d_y / (2 * y)
    return d_x


@adjoint(np.cbrt, math.cbrt, elementwise=True, cases=each(away))
def cbrt_adjoint(x, *, y, d_y):
    d_x = d_y / (3 * y**2)
    return d_x


@adjoint(np.exp, math.exp, elementwise=True, cases=each(real))
def exp_adjoint(x, *, y, d_y):
    d_x = d_y * y
    return d_x


@adjoint(np.exp2, math.exp2, elementwise=True, cases=each(real))
def exp2_adjoint(x, *, y, d_y):
    d_x = d_y * y * math.log(2)
    return d_x


@adjoint(np.expm1, math.expm1, elementwise=True, cases=each(real))
def expm1_adjoint(x, *, y, d_y):
    d_x = d_y * (y + 1)
    return d_x


@adjoint(np.log, elementwise=True, cases=each(positive))
def log_adjoint(x, *, d_y):
    d_x = d_y / x
    return d_x


@adjoint(np.log2, math.log2, elementwise=True, cases=each(positive))
def log2_adjoint(x, *, d_y):
    d_x = d_y / (x * math.log(2))
    return d_x


@adjoint(np.log10, math.log10, elementwise=True, cases=each(positive))
def log10_adjoint(x, *, d_y):
    d_x = d_y / (x * math.log(10))
    return d_x


@adjoint(np.log1p, math.log1p, elementwise=True, cases=each(positive))
def log1p_adjoint(x, *, d_y):
    d_x = d_y / (1 + x)
    return d_x


@adjoint(np.logaddexp, elementwise=True, cases=[*pairs(real), case(0, real(3)), case(real(), -1.5)])
def logaddexp_adjoint(a, b, *, y, d_y):
    if (is_literal(a) and a >= 0) or (is_literal(b) and b >= 0):
        d_a = unbroadcast(d_y * sigm(a - b), a)
        d_b = unbroadcast(d_y * sigm(b - a), b)
    else:
        finite = np.where(y == -np.inf, 0, y)  # 0 for operands that are both -inf
        d_a = unbroadcast(d_y * np.exp(a - finite), a)
        d_b = unbroadcast(d_y * np.exp(b - finite), b)
    return d_a, d_b


@adjoint(
    np.logaddexp2, elementwise=True, cases=[*pairs(real), case(0, real(3)), case(real(), -1.5)]
)
def logaddexp2_adjoint(a, b, *, y, d_y):
    if (is_literal(a) and a >= 0) or (is_literal(b) and b >= 0):
        d_a = unbroadcast(d_y * np.exp2(a - y), a)
        d_b = unbroadcast(d_y * np.exp2(b - y), b)
    else:
        finite = np.where(y == -np.inf, 0, y)  # 0 for operands that are both -inf
        d_a = unbroadcast(d_y * np.exp2(a - finite), a)
        d_b = unbroadcast(d_y * np.exp2(b - finite), b)
    return d_a, d_b


@adjoint(np.sin, elementwise=True, cases=each(real))
def sin_adjoint(x, *, d_y):
    d_x = d_y * np.cos(x)
    return d_x


@adjoint(np.cos, elementwise=True, cases=each(real))
def cos_adjoint(x, *, d_y):
    d_x = -d_y * np.sin(x)
    return d_x


@adjoint(np.tan, math.tan, elementwise=True, cases=each(unit))
def tan_adjoint(x, *, y, d_y):
    d_x = d_y * (1 + y**2)
    return d_x


@adjoint(np.arcsin, elementwise=True, cases=each(unit))
def arcsin_adjoint(x, *, d_y):
    d_x = d_y / np.sqrt(1 - x**2)
    return d_x


@adjoint(np.arccos, elementwise=True, cases=each(unit))
def arccos_adjoint(x, *, d_y):
    d_x = -d_y / np.sqrt(1 - x**2)
    return d_x


@adjoint(np.arctan, math.atan, elementwise=True, cases=each(real))
def arctan_adjoint(x, *, d_y):
    d_x = d_y / (1 + x**2)
    return d_x


@adjoint(np.arctan2, elementwise=True, cases=[*pairs(away), case(1.0, away(3))])
def arctan2_adjoint(a, b, *, d_y):
    squared_radius = a**2 + b**2
    d_a = unbroadcast(d_y * b / squared_radius, a)
    d_b = unbroadcast(-d_y * a / squared_radius, b)
    return d_a, d_b


@adjoint(np.hypot, elementwise=True, cases=[*pairs(away), case(3.0, away(3))])
def hypot_adjoint(a, b, *, y, d_y):
    d_a = unbroadcast(d_y * a / np.where(y == 0, 1, y), a)  # 0 at the origin
    d_b = unbroadcast(d_y * b / np.where(y == 0, 1, y), b)
    return d_a, d_b


@adjoint(np.sinh, elementwise=True, cases=each(real))
def sinh_adjoint(x, *, d_y):
    d_x = d_y * np.cosh(x)
    return d_x


@adjoint(np.cosh, elementwise=True, cases=each(real))
def cosh_adjoint(x, *, d_y):
    d_x = d_y * np.sinh(x)
    return d_x


@adjoint(np.tanh, math.tanh, elementwise=True, cases=each(real))
def tanh_adjoint(x, *, y, d_y):
    d_x = d_y * (1 - y**2)
    return d_x


@adjoint(np.arcsinh, elementwise=True, cases=each(real))
def arcsinh_adjoint(x, *, d_y):
    d_x = d_y / np.sqrt(x**2 + 1)
    return d_x


@adjoint(np.arccosh, elementwise=True, cases=each(above_one))
def arccosh_adjoint(x, *, d_y):
    d_x = d_y / np.sqrt((x - 1) * (x + 1))
    return d_x


@adjoint(np.arctanh, math.atanh, elementwise=True, cases=each(unit))
def arctanh_adjoint(x, *, d_y):
    d_x = d_y / (1 - x**2)
    return d_x


@adjoint(np.deg2rad, np.radians, elementwise=True, cases=each(real))
def deg2rad_adjoint(x, *, d_y):
    d_x = np.deg2rad(d_y)
    return d_x


@adjoint(np.rad2deg, np.degrees, elementwise=True, cases=each(real))
def rad2deg_adjoint(x, *, d_y):
    d_x = np.rad2deg(d_y)
    return d_x
