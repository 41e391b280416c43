"""Rules of the functions that hand on one of several numbers: maximum, clip, where and their kin.

At a tie of two arrays each takes half. A bound that is written out at the call takes all: the
derivative of `np.maximum(x, 0)` is 0 at 0, as everyone writes relu. So does any bound of `np.clip`.
"""

import numpy as np

from knetsrc.adjoints.facts import is_literal, is_scalar
from knetsrc.adjoints.samples import each, pairs
from knetsrc.adjoints.table import adjoint, away, case, nondifferentiable, real
from knetsrc.backends import (
    choose_adjoint_choices,
    is_inside,
    is_lowered,
    is_raised,
    select_adjoint_choicelist,
    select_adjoint_default,
    unbroadcast,
)

WITH_LITERALS = [
    *pairs(real),
    case(real(3, 4), 0),
    case(real(3, 4), 0.1),
    case(0, real(3)),
    case(real(), 0),
]


@adjoint(np.maximum, elementwise=True, cases=WITH_LITERALS)
def maximum_adjoint(a, b, *, d_y):
    if is_literal(a) or is_literal(b):
        d_a = unbroadcast(d_y * (a > b), a)
        d_b = unbroadcast(d_y * (b > a), b)
    else:
        d_a = unbroadcast(np.where(a == b, 0.5 * d_y, d_y * (a > b)), a)
        d_b = unbroadcast(np.where(a == b, 0.5 * d_y, d_y * (b > a)), b)
    return d_a, d_b


@adjoint(np.minimum, elementwise=True, cases=WITH_LITERALS)
def minimum_adjoint(a, b, *, d_y):
    if is_literal(a) or is_literal(b):
        d_a = unbroadcast(d_y * (a < b), a)
        d_b = unbroadcast(d_y * (b < a), b)
    else:
        d_a = unbroadcast(np.where(a == b, 0.5 * d_y, d_y * (a < b)), a)
        d_b = unbroadcast(np.where(a == b, 0.5 * d_y, d_y * (b < a)), b)
    return d_a, d_b


@adjoint(np.fmax, np.fmin, elementwise=True, cases=WITH_LITERALS)
def fmax_adjoint(a, b, *, y, d_y):
    # Comparing with y, not a with b: beside a nan it is the number that is handed on.
    if is_literal(a) or is_literal(b):
        d_a = unbroadcast(d_y * ((a == y) & (a != b)), a)
        d_b = unbroadcast(d_y * ((b == y) & (a != b)), b)
    else:
        d_a = unbroadcast(np.where(a == b, 0.5 * d_y, d_y * (a == y)), a)
        d_b = unbroadcast(np.where(a == b, 0.5 * d_y, d_y * (b == y)), b)
    return d_a, d_b


CLIP_CASES = [
    case(real(3, 4), -0.5, 0.5),
    case(real(3, 4), 0, 1),
    case(real(3, 4), None, 0.5),
    case(real(3, 4), 0.1, None),
    case(real(3, 4), real(3, 1), real(4)),
    case(real(4), real(3, 1), 1.5),
    case(real(1, 4), 2.0, real(3, 1)),
    case(real(3, 4), np.full(4, 0.6), np.full((3, 1), 0.2)),
    case(real(0, 3), -0.5, 0.5),
]


@adjoint(
    np.clip,
    elementwise=True,
    cases=[*CLIP_CASES, case(real(), -0.5, 0.5), case(real(), real(2), 3.0)],
)
def clip_adjoint(a, a_min, a_max, *, d_y):
    if is_literal(a_min) and a_min is None and is_literal(a_max) and a_max is None:
        d_a = d_y
    elif is_literal(a_max) and a_max is None and (is_literal(a_min) or is_scalar(a_min)):
        d_a = unbroadcast(d_y * (a > a_min), a)
    elif is_literal(a_min) and a_min is None and (is_literal(a_max) or is_scalar(a_max)):
        d_a = unbroadcast(d_y * (a < a_max), a)
    elif is_literal(a_min) and is_literal(a_max):
        d_a = unbroadcast(d_y * ((a > a_min) & (a < a_max)), a)
    else:
        d_a = unbroadcast(d_y * is_inside(a, a_min, a_max), a)
    d_a_min = unbroadcast(d_y * is_raised(a, a_min, a_max), a_min)
    d_a_max = unbroadcast(d_y * is_lowered(a, a_min, a_max), a_max)
    return d_a, d_a_min, d_a_max


@adjoint(
    np.ndarray.clip,
    elementwise=True,
    methods=("clip",),
    cases=[*CLIP_CASES, case(real(3), max=0.5), case(real(3), min=real(3))],
)
def clip_method_adjoint(x, min=None, max=None, *, d_y):
    if is_literal(min) and min is None and is_literal(max) and max is None:
        d_x = d_y
    elif is_literal(max) and max is None and (is_literal(min) or is_scalar(min)):
        d_x = unbroadcast(d_y * (x > min), x)
    elif is_literal(min) and min is None and (is_literal(max) or is_scalar(max)):
        d_x = unbroadcast(d_y * (x < max), x)
    elif is_literal(min) and is_literal(max):
        d_x = unbroadcast(d_y * ((x > min) & (x < max)), x)
    else:
        d_x = unbroadcast(d_y * is_inside(x, min, max), x)
    d_min = unbroadcast(d_y * is_raised(x, min, max), min)
    d_max = unbroadcast(d_y * is_lowered(x, min, max), max)
    return d_x, d_min, d_max


MASK = np.array([[True, False, True, False], [False, False, True, True], [True, True, True, True]])


@adjoint(
    np.where,
    cases=[
        case(MASK, real(3, 4), real(3, 4)),
        case(MASK, real(4), real(3, 1)),
        case(MASK, real(), real()),
        case(MASK, real(3, 4), 0),
        case(MASK, 0.0, real(1, 4)),
        case(MASK[0], real(3, 4), real(2, 1, 1)),
        case(MASK[:, :1], real(4), real()),
        case(True, real(), real()),
        case(np.array(False), real(3), real(2, 1)),
        case(np.array([2, 0, 1]), real(3), real(3)),
        case(np.zeros((0, 3), bool), real(3), real(0, 1)),
    ],
)
def where_adjoint(condition, a, b, *, d_y):
    d_a = unbroadcast(np.where(condition, d_y, 0), a)
    d_b = unbroadcast(np.where(condition, 0, d_y), b)
    return d_a, d_b


@adjoint(
    np.choose,
    cases=[
        case(np.array([0, 1, 1]), [real(3), real(3)]),
        case(np.array([[0, 2], [1, 1]]), [real(), real(2), real(2, 1)]),
        case(np.array([1, 0, 1]), real(2, 3)),
        case(1, [real(), real()]),
    ],
)
def choose_adjoint(a, choices, *, d_y):
    d_choices = choose_adjoint_choices(d_y, a, choices)
    return d_choices


@adjoint(
    np.select,
    cases=[
        case([MASK, ~MASK], [real(3, 4), real(3, 4)]),
        case([MASK[0], MASK[1]], [real(4), real()], real()),
        case([MASK, MASK], [real(4), real(3, 1)], default=real()),
    ],
)
def select_adjoint(condlist, choicelist, default=0, *, d_y):
    d_choicelist = select_adjoint_choicelist(d_y, condlist, choicelist)
    d_default = unbroadcast(select_adjoint_default(d_y, condlist), default)
    return d_choicelist, d_default


@adjoint(np.copysign, elementwise=True, cases=pairs(away))
def copysign_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y * np.sign(a) * np.copysign(1, b), a)
    return d_a


@adjoint(
    np.heaviside,
    elementwise=True,
    cases=[*pairs(away, real), case(np.array([-1, 0, 2]), real(2, 3))],
)
def heaviside_adjoint(a, b, *, d_y):
    d_b = unbroadcast(d_y * (a == 0), b)
    return d_b


@adjoint(np.nan_to_num, elementwise=True, cases=each(real))
def nan_to_num_adjoint(x, *, d_y):
    d_x = unbroadcast(np.where(np.isfinite(x), d_y, 0), x)
    return d_x


nondifferentiable(is_inside, is_raised, is_lowered)
