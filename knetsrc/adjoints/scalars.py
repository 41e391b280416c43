"""Rules of the module `math`: numbers in, a number out, no NumPy function where `math` has one."""

import math

import numpy as np

from knetsrc.adjoints.facts import is_literal
from knetsrc.adjoints.samples import scalar_pairs
from knetsrc.adjoints.table import above_one, adjoint, away, case, positive, real, unit
from knetsrc.backends import (
    as_array,
    dist_adjoint,
    fsum_adjoint,
    hypot_adjoint,
    product_adjoint,
    product_curvature,
    unbroadcast,
)


@adjoint(math.sin, elementwise=True, cases=[case(real())])
def math_sin_adjoint(x, *, d_y):
    d_x = d_y * math.cos(x)
    return d_x


@adjoint(math.cos, elementwise=True, cases=[case(real())])
def math_cos_adjoint(x, *, d_y):
    d_x = -d_y * math.sin(x)
    return d_x


@adjoint(math.asin, elementwise=True, cases=[case(unit())])
def math_asin_adjoint(x, *, d_y):
    d_x = d_y / math.sqrt(1 - x**2)
    return d_x


@adjoint(math.acos, elementwise=True, cases=[case(unit())])
def math_acos_adjoint(x, *, d_y):
    d_x = -d_y / math.sqrt(1 - x**2)
    return d_x


@adjoint(math.atan2, elementwise=True, cases=scalar_pairs(away))
def math_atan2_adjoint(a, b, *, d_y):
    squared_radius = a**2 + b**2
    d_a = d_y * b / squared_radius
    d_b = -d_y * a / squared_radius
    return d_a, d_b


@adjoint(math.sinh, elementwise=True, cases=[case(real())])
def math_sinh_adjoint(x, *, d_y):
    d_x = d_y * math.cosh(x)
    return d_x


@adjoint(math.cosh, elementwise=True, cases=[case(real())])
def math_cosh_adjoint(x, *, d_y):
    d_x = d_y * math.sinh(x)
    return d_x


@adjoint(math.asinh, elementwise=True, cases=[case(real())])
def math_asinh_adjoint(x, *, d_y):
    d_x = d_y / math.sqrt(x**2 + 1)
    return d_x


@adjoint(math.acosh, elementwise=True, cases=[case(above_one())])
def math_acosh_adjoint(x, *, d_y):
    d_x = d_y / math.sqrt((x - 1) * (x + 1))
    return d_x


@adjoint(
    math.log,
    elementwise=True,
    cases=[case(positive()), case(positive(), 3.0), *scalar_pairs(above_one)],
)
def math_log_adjoint(x, base=None, *, y, d_y):
    if is_literal(base) and base is None:
        d_x = d_y / x
        d_base = None
    else:
        d_x = d_y / (x * math.log(base))
        d_base = -d_y * y / (base * math.log(base))
    return d_x, d_base


@adjoint(
    math.pow,
    elementwise=True,
    cases=[
        *scalar_pairs(positive, real),
        case(real(), 2),
        case(away(), -3.0),
        case(real(), 0),
        case(2.5, real()),
    ],
)
def math_pow_adjoint(a, b, *, y, d_y):
    # See power_adjoint: 0 for the base where b is 0, 0 for the exponent where a is 0.
    d_a = d_y * b * math.pow(a, b - (b != 0))
    d_b = d_y * y * np.log(a + (a == 0))
    return d_a, d_b


@adjoint(math.fabs, elementwise=True, cases=[case(away())])
def math_fabs_adjoint(x, *, d_y):
    d_x = d_y * (1.0 * (x > 0) - (x < 0))  # 0 at 0
    return d_x


@adjoint(math.copysign, elementwise=True, cases=scalar_pairs(away))
def math_copysign_adjoint(a, b, *, d_y):
    d_a = d_y * (1.0 * (a > 0) - (a < 0)) * math.copysign(1.0, b)
    d_b = 0.0
    return d_a, d_b


@adjoint(math.fmod, math.remainder, elementwise=True, cases=scalar_pairs(real, away))
def math_fmod_adjoint(a, b, *, y, d_y):
    d_a = d_y
    d_b = -d_y * round((a - y) / b)
    return d_a, d_b


@adjoint(math.radians, elementwise=True, cases=[case(real())])
def math_radians_adjoint(x, *, d_y):
    d_x = math.radians(d_y)
    return d_x


@adjoint(math.degrees, elementwise=True, cases=[case(real())])
def math_degrees_adjoint(x, *, d_y):
    d_x = math.degrees(d_y)
    return d_x


@adjoint(math.erf, elementwise=True, cases=[case(real())])
def math_erf_adjoint(x, *, d_y):
    d_x = d_y * (2 / math.sqrt(math.pi)) * math.exp(-(x**2))
    return d_x


@adjoint(math.erfc, elementwise=True, cases=[case(real())])
def math_erfc_adjoint(x, *, d_y):
    d_x = -d_y * (2 / math.sqrt(math.pi)) * math.exp(-(x**2))
    return d_x


@adjoint(math.hypot, cases=[case(away()), case(away(), away()), case(away(), real(), 2.0)])
def math_hypot_adjoint(*coordinates, y, d_y):
    d_coordinates = hypot_adjoint(d_y, y, coordinates)
    return d_coordinates


@adjoint(math.dist, cases=[case([real(), real()], [real(), 1.0]), case(real(3), real(3))])
def math_dist_adjoint(p, q, *, y, d_y):
    d_p = dist_adjoint(d_y, y, p, q)
    d_q = dist_adjoint(d_y, y, q, p)
    return d_p, d_q


@adjoint(math.fsum, cases=[case([real(), real(), real()]), case([real()]), case(real(4)), case([])])
def math_fsum_adjoint(values, *, d_y):
    d_values = fsum_adjoint(d_y, values)
    return d_values


@adjoint(
    math.prod,
    cases=[
        case([real(), real(), real()]),
        case([real(), 0.0, real()]),
        case([0.0, 0.0, real()]),
        case([real(), real()], start=2.0),
        case(real(4)),
        case([]),
    ],
)
def math_prod_adjoint(values, start=1, *, d_y):
    d_values = product_adjoint(d_y * start, values)
    d_start = d_y * math.prod(values)
    return d_values, d_start


# Rules of the helpers above, so that what they are written into can be differentiated again.


@adjoint(hypot_adjoint, cases=[case(real(), positive(), [real(), real()])])
def hypot_adjoint_adjoint(cotangent, length, coordinates, *, d_y):
    d_cotangent = unbroadcast(np.dot(np.array(d_y), np.array(coordinates)) / length, cotangent)
    d_length = unbroadcast(
        -cotangent * np.dot(np.array(d_y), np.array(coordinates)) / length**2, length
    )
    d_coordinates = hypot_adjoint(cotangent, length, d_y)
    return d_cotangent, d_length, d_coordinates


@adjoint(
    dist_adjoint,
    cases=[
        case(real(), positive(), [real(), real()], [real(), 1.0]),
        case(real(), positive(), real(3), real(3)),
    ],
)
def dist_adjoint_adjoint(cotangent, distance, p, q, *, d_y):
    d_cotangent = unbroadcast(
        np.dot(as_array(d_y), as_array(p) - as_array(q)) / distance, cotangent
    )
    d_distance = unbroadcast(
        -cotangent * np.dot(as_array(d_y), as_array(p) - as_array(q)) / distance**2, distance
    )
    d_p = hypot_adjoint(cotangent, distance, d_y)
    d_q = hypot_adjoint(-cotangent, distance, d_y)
    return d_cotangent, d_distance, d_p, d_q


@adjoint(fsum_adjoint, cases=[case(real(), [real(), real()]), case(real(), real(3))])
def fsum_adjoint_adjoint(cotangent, values, *, d_y):
    d_cotangent = math.fsum(d_y)
    return d_cotangent


@adjoint(
    product_adjoint,
    cases=[
        case(real(), [real(), real(), real()]),
        case(real(), [real(), 0.0, 0.0]),
        case(real(), [real()]),
        case(real(), real(4)),
        case(real(), []),
    ],
)
def product_adjoint_adjoint(cotangent, values, *, d_y):
    d_cotangent = unbroadcast(
        np.dot(as_array(d_y), as_array(product_adjoint(1.0, values))), cotangent
    )
    d_values = product_curvature(d_y, cotangent, values)
    return d_cotangent, d_values
