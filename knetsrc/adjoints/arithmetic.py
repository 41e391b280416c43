"""Rules of the arithmetic operators and their functions."""

import math
import operator

import numpy as np

from knetsrc.adjoints.facts import is_literal
from knetsrc.adjoints.samples import each, pairs
from knetsrc.adjoints.table import adjoint, away, case, positive, real
from knetsrc.backends import unbroadcast


@adjoint(np.add, operator.add, elementwise=True, cases=pairs(real))
def add_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y, a)
    d_b = unbroadcast(d_y, b)
    return d_a, d_b


@adjoint(np.subtract, operator.sub, elementwise=True, cases=pairs(real))
def subtract_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y, a)
    d_b = unbroadcast(-d_y, b)
    return d_a, d_b


@adjoint(np.multiply, operator.mul, elementwise=True, cases=pairs(real))
def multiply_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y * b, a)
    d_b = unbroadcast(d_y * a, b)
    return d_a, d_b


@adjoint(
    np.divide, operator.truediv, elementwise=True, cases=[*pairs(real, away), case(1, away(3, 4))]
)
def divide_adjoint(a, b, *, y, d_y):
    d_a = unbroadcast(d_y / b, a)
    if is_literal(a) and a == 1:
        d_b = unbroadcast(-d_y * y**2, b)
    else:
        d_b = unbroadcast(-d_y * y / b, b)
    return d_a, d_b


@adjoint(
    np.power,
    np.float_power,
    operator.pow,
    pow,
    elementwise=True,
    cases=[
        *pairs(positive, real),
        case(real(3, 4), 2),
        case(real(3), 3.0),
        case(real(3), 1),
        case(real(3), 0),
        case(real(), 2),
        case(away(3, 4), -1),
        case(away(), -2),
        case(positive(2, 3), 0.5),
        case(real(2, 4), np.array([0, 1, 2, 3])),
        case(away(2, 3), np.array([[-1.0], [0.0]])),
        case(2.0, real(3, 4)),
        case(2, real()),
    ],
)
def power_adjoint(a, b, *, y, d_y):
    # b - (b != 0) lowers the exponent without a division by zero where both a and b are 0;
    # log(a + (a == 0)) makes the derivative 0 for 0 ** b, and leaves it nan for negative a.
    if is_literal(b) and b != 0:
        d_a = unbroadcast(d_y * b * a ** (b - 1), a)
    else:
        d_a = unbroadcast(d_y * b * a ** (b - (b != 0)), a)
    if is_literal(a) and a > 0:
        d_b = unbroadcast(d_y * y * math.log(a), b)
    else:
        d_b = unbroadcast(d_y * y * np.log(a + (a == 0)), b)
    return d_a, d_b


@adjoint(np.negative, operator.neg, elementwise=True, cases=each(real))
def negative_adjoint(x, *, d_y):
    d_x = -d_y
    return d_x


@adjoint(np.positive, operator.pos, elementwise=True, cases=each(real))
def positive_adjoint(x, *, d_y):
    d_x = d_y
    return d_x


@adjoint(np.mod, operator.mod, elementwise=True, cases=pairs(real, away))
def mod_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y, a)
    d_b = unbroadcast(-d_y * (a // b), b)
    return d_a, d_b


@adjoint(np.fmod, elementwise=True, cases=pairs(real, away))
def fmod_adjoint(a, b, *, y, d_y):
    d_a = unbroadcast(d_y, a)
    d_b = unbroadcast(-d_y * np.rint((a - y) / b), b)  # trunc(a / b) may round up to the next one
    return d_a, d_b


@adjoint(np.divmod, divmod, cases=pairs(real, away))
def divmod_adjoint(a, b, *, y, d_y):
    d_a = unbroadcast(d_y[1], a)
    d_b = unbroadcast(-d_y[1] * y[0], b)
    return d_a, d_b


@adjoint(np.absolute, np.fabs, operator.abs, abs, elementwise=True, cases=each(away))
def absolute_adjoint(x, *, d_y):
    d_x = d_y * np.sign(x)  # 0 at 0
    return d_x


@adjoint(np.square, elementwise=True, cases=each(real))
def square_adjoint(x, *, d_y):
    d_x = 2 * d_y * x
    return d_x


@adjoint(np.reciprocal, elementwise=True, cases=each(away))
def reciprocal_adjoint(x, *, y, d_y):
    d_x = -d_y * y**2
    return d_x


@adjoint(np.conjugate, elementwise=True, methods=("conj", "conjugate"), cases=each(real))
def conjugate_adjoint(x, *, d_y):
    d_x = d_y
    return d_x


@adjoint(np.real, elementwise=True, attributes=("real",), cases=each(real))
def real_adjoint(val, *, d_y):
    d_val = d_y
    return d_val


@adjoint(float, np.float64, np.float32, cases=[case(real())])
def float_adjoint(x, *, d_y):
    d_x = unbroadcast(d_y, x)
    return d_x


@adjoint(np.ndarray.item, methods=("item",), cases=[case(real(1)), case(real(1, 1))])
def item_adjoint(x, *, d_y):
    d_x = unbroadcast(d_y, x)
    return d_x


@adjoint(np.modf, math.modf, cases=each(away))
def modf_adjoint(x, *, d_y):
    d_x = d_y[0]
    return d_x


@adjoint(np.frexp, math.frexp, cases=each(away))
def frexp_adjoint(x, *, y, d_y):
    d_x = np.ldexp(d_y[0], -y[1])
    return d_x


@adjoint(
    np.ldexp,
    math.ldexp,
    cases=[case(real(3, 4), 2), case(real(4), np.array([[1], [-2]])), case(real(), 3)],
)
def ldexp_adjoint(a, exponent, *, d_y):
    d_a = unbroadcast(np.ldexp(d_y, exponent), a)
    return d_a
