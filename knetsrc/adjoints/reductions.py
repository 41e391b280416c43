"""Rules of sums, means, products and cumulative operations.

A reduction is reversed by repeating its adjoint over the reduced axes. Without `keepdims` these
have to be put back first, except where broadcasting does so by itself: all axes, or the first.
"""

import builtins

import numpy as np

from knetsrc.adjoints.facts import is_literal, rank
from knetsrc.adjoints.table import adjoint, case, nondifferentiable, positive, real
from knetsrc.backends import (
    average_adjoint_weights,
    average_weights,
    count,
    count_where,
    cumprod_adjoint_a,
    degrees_of_freedom,
    diff_adjoint_a,
    diff_adjoint_part,
    divide_or_zero,
    gradient_adjoint_f,
    keep_axes,
    like,
    nanmean_adjoint_a,
    product_of_others,
    repeats,
    reshape_like,
    sum_adjoint_iterable,
    trapezoid_adjoint_dx,
    trapezoid_adjoint_values,
    trapezoid_adjoint_x,
    unbroadcast,
)

REDUCTIONS = [
    case(real(3, 4)),
    case(real()),
    case(real(5)),
    case(real(5), axis=0),
    case(real(5), axis=-1),
    case(real(3, 4), 0),
    case(real(3, 4), axis=1),
    case(real(3, 3), axis=1),
    case(real(3, 4), axis=-2),
    case(real(3, 4), axis=0, keepdims=True),
    case(real(3, 4), axis=1, keepdims=True),
    case(real(3, 4), keepdims=True),
    case(real(2, 3, 4), axis=1),
    case(real(2, 3, 4), axis=-1),
    case(real(2, 3, 4), axis=(0, 2)),
    case(real(2, 3, 4), axis=(-1, 0)),
    case(real(2, 3, 4), axis=(1, 2), keepdims=True),
    case(real(2, 3, 4), axis=(2, 0, 1)),
    case(real(2, 2, 2), axis=0),
    case(real(1, 4), axis=0),
    case(real(3, 1), axis=1),
    case(real(3, 0), axis=0),
]
EMPTY_REDUCED = [
    case(real(0)),
    case(real(0, 3), axis=0),
    case(real(0, 3)),
    case(real(3, 0), axis=-1),
]


MASK = np.array([[True, False, True, True], [False, False, True, False], [False, True, True, True]])
MASKED = [
    case(real(3, 4), where=MASK),
    case(real(3, 4), axis=0, where=MASK),
    case(real(3, 4), axis=-1, where=MASK[:, 2:3]),
    case(real(3, 4), axis=1, where=MASK, keepdims=True),
    case(real(3, 4), axis=(0, 1), where=MASK[0]),
    case(real(2, 3, 4), axis=(0, 2), where=MASK),
    case(real(4), where=MASK[0]),
]


@adjoint(
    np.sum,
    methods=("sum",),
    cases=[
        *REDUCTIONS,
        *EMPTY_REDUCED,
        *MASKED,
        case(real(3, 4), axis=1, where=MASK[1]),
        case(real(), where=np.False_),
        case(real(3, 4), initial=real()),
        case(real(3, 4), axis=1, initial=real(), keepdims=True),
        case(real(3, 4), axis=0, initial=real(), where=MASK),
    ],
)
def sum_adjoint(a, axis=None, keepdims=False, initial=0, where=True, *, d_y):
    if not (is_literal(where) and where is True):
        d_a = np.where(where, like(keep_axes(d_y, a, axis), a), 0)
    elif axis is None or keepdims or axis == 0:
        d_a = like(d_y, a)
    else:
        d_a = like(np.expand_dims(d_y, axis), a)
    d_initial = np.sum(d_y)
    return d_a, d_initial


@adjoint(np.mean, methods=("mean",), cases=[*REDUCTIONS, *MASKED])
def mean_adjoint(a, axis=None, keepdims=False, where=True, *, d_y):
    if not (is_literal(where) and where is True):
        d_a = np.where(where, like(keep_axes(d_y, a, axis) / count_where(a, where, axis), a), 0)
    elif axis is None:
        d_a = like(d_y / np.size(a), a)
    elif keepdims or axis == 0:
        d_a = like(d_y / count(a, axis), a)
    else:
        d_a = like(np.expand_dims(d_y / count(a, axis), axis), a)
    return d_a


@adjoint(np.nansum, cases=REDUCTIONS)
def nansum_adjoint(a, axis=None, keepdims=False, *, d_y):
    if axis is None or keepdims or axis == 0:
        d_a = unbroadcast(np.where(np.isnan(a), 0, like(d_y, a)), a)
    else:
        d_a = np.where(np.isnan(a), 0, like(np.expand_dims(d_y, axis), a))
    return d_a


@adjoint(np.nanmean, cases=REDUCTIONS)
def nanmean_adjoint(a, axis=None, keepdims=False, *, d_y):
    d_a = nanmean_adjoint_a(d_y, a, axis)
    return d_a


@adjoint(
    np.prod,
    methods=("prod",),
    cases=[
        *REDUCTIONS,
        *EMPTY_REDUCED,
        *MASKED,
        case(real(3, 4), initial=real()),
        case(real(3, 4), axis=1, initial=real(), keepdims=True),
        case(real(3, 4), axis=0, initial=real(), where=MASK),
        case(real(3, 4), axis=(0, 1), initial=2.0),
    ],
)
def prod_adjoint(a, axis=None, keepdims=False, initial=1, where=True, *, d_y):
    if not (is_literal(where) and where is True):
        others = product_of_others(np.where(where, a, 1), axis)
        d_a = np.where(where, keep_axes(d_y * initial, a, axis) * others, 0)
    elif not (is_literal(initial) and initial == 1):
        d_a = keep_axes(d_y * initial, a, axis) * product_of_others(a, axis)
    elif axis is None or keepdims or axis == 0:
        d_a = d_y * product_of_others(a, axis)
    else:
        d_a = keep_axes(d_y, a, axis) * product_of_others(a, axis)
    d_initial = np.sum(d_y * np.prod(a, axis, keepdims=keepdims, where=where))
    return d_a, d_initial


SPREADS = [
    case(real(5), ddof=1),
    case(real(3, 4), axis=1, ddof=1),
    case(real(2, 3, 4), axis=(0, 2), ddof=1, keepdims=True),
    case(real(2, 3, 4), axis=-2, ddof=2),
]
OF_ONE_ELEMENT = [case(real()), case(real(1, 4), axis=0), case(real(3, 1), axis=1)]


WIDE = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
MASKED_SPREADS = [
    case(real(3, 4), where=WIDE),
    case(real(3, 4), axis=0, where=WIDE),
    case(real(3, 4), axis=-1, where=WIDE, keepdims=True),
    case(real(3, 4), axis=1, ddof=1, where=WIDE[0]),
    case(real(2, 3, 4), axis=(0, 2), ddof=1, where=WIDE),
    case(real(4), ddof=0.5, where=WIDE[0]),
]


@adjoint(np.var, methods=("var",), cases=[*REDUCTIONS, *SPREADS, *MASKED_SPREADS])
def var_adjoint(a, axis=None, ddof=0, keepdims=False, where=True, *, d_y):
    scale = 2 * d_y / degrees_of_freedom(a, axis, ddof)
    if not (is_literal(where) and where is True):
        share = keep_axes(2 * d_y, a, axis) / (count_where(a, where, axis) - ddof)
        d_a = np.where(where, share * (a - np.mean(a, axis, keepdims=True, where=where)), 0)
    elif axis is None or keepdims or axis == 0:
        d_a = scale * (a - np.mean(a, axis, keepdims=True))
    else:
        d_a = keep_axes(scale, a, axis) * (a - np.mean(a, axis, keepdims=True))
    return d_a


@adjoint(
    np.std,
    methods=("std",),
    cases=[c for c in [*REDUCTIONS, *SPREADS, *MASKED_SPREADS] if c not in OF_ONE_ELEMENT],
)
def std_adjoint(a, axis=None, ddof=0, keepdims=False, where=True, *, y, d_y):
    scale = divide_or_zero(d_y, y) / degrees_of_freedom(a, axis, ddof)
    if not (is_literal(where) and where is True):
        share = keep_axes(divide_or_zero(d_y, y), a, axis) / (count_where(a, where, axis) - ddof)
        d_a = np.where(where, share * (a - np.mean(a, axis, keepdims=True, where=where)), 0)
    elif axis is None or keepdims or axis == 0:
        d_a = scale * (a - np.mean(a, axis, keepdims=True))
    else:
        d_a = keep_axes(scale, a, axis) * (a - np.mean(a, axis, keepdims=True))
    return d_a


@adjoint(
    np.average,
    cases=[
        case(real(4)),
        case(real(3, 4), axis=1),
        case(real(4), weights=positive(4)),
        case(real(3, 4), None, positive(3, 4)),
        case(real(3, 4), axis=-1, weights=positive(4)),
        case(real(3, 4), axis=0, weights=positive(3), keepdims=True),
        case(real(2, 3, 4), axis=1, weights=positive(2, 3, 4)),
        case(real(2, 3, 4), axis=(0, 2), weights=positive(2, 4)),
        case(real(2, 3, 4), axis=(2, 0), weights=positive(4, 2)),
        case(real(2, 0), axis=0, weights=positive(2)),
    ],
)
def average_adjoint(a, axis=None, weights=None, keepdims=False, *, y, d_y):
    d_a = like(keep_axes(d_y, a, axis) * average_weights(a, weights, axis), a)
    d_weights = average_adjoint_weights(d_y, a, weights, y, axis)
    return d_a, d_weights


CUMULATIVE = [
    case(real(5)),
    case(real()),
    case(real(3, 4)),
    case(real(3, 4), 0),
    case(real(3, 4), axis=-1),
    case(real(2, 3, 4), axis=1),
    case(real(1, 4), axis=0),
    case(real(0)),
    case(real(3, 0), axis=1),
    case(real(0, 3), axis=0),
]


@adjoint(np.cumsum, methods=("cumsum",), cases=CUMULATIVE)
def cumsum_adjoint(a, axis=None, *, d_y):
    if axis is None and rank(a) == 1:
        d_a = np.cumsum(d_y[::-1])[::-1]
    elif axis is None:
        d_a = reshape_like(np.cumsum(d_y[::-1])[::-1], a)
    else:
        d_a = np.flip(np.cumsum(np.flip(d_y, axis), axis), axis)
    return d_a


@adjoint(np.cumprod, methods=("cumprod",), cases=CUMULATIVE)
def cumprod_adjoint(a, axis=None, *, d_y):
    d_a = cumprod_adjoint_a(d_y, a, axis)
    return d_a


@adjoint(
    np.diff,
    cases=[
        case(real(5)),
        case(real(5), 2),
        case(real(3, 4)),
        case(real(3, 4), axis=0),
        case(real(2, 4, 3), 3, axis=-2),
        case(real(4), 0),
        case(real(3), 5),
        case(real(0, 3)),
        case(real(1)),
        case(real(5), prepend=real()),
        case(real(5), 2, append=0.0),
        case(real(3, 4), prepend=real(3, 2), append=real()),
        case(real(3, 4), 2, 0, prepend=real(1, 4), append=real(2, 4)),
        case(real(4), 0, prepend=real(2)),
        case(real(0), prepend=real()),
    ],
)
def diff_adjoint(a, n=1, axis=-1, prepend=None, append=None, *, d_y):
    if is_literal(prepend) and prepend is None and is_literal(append) and append is None:
        d_a = diff_adjoint_a(d_y, a, n, axis)
        d_prepend = None
        d_append = None
    else:
        d_a = diff_adjoint_part(d_y, (prepend, a, append), 1, n, axis)
        d_prepend = diff_adjoint_part(d_y, (prepend, a, append), 0, n, axis)
        d_append = diff_adjoint_part(d_y, (prepend, a, append), 2, n, axis)
    return d_a, d_prepend, d_append


@adjoint(
    np.trapezoid,
    cases=[
        case(real(5), dx=1.0),
        case(real(3, 4), axis=0, dx=2.0),
        case(real(5), dx=0.5),
        case(real(5), None, positive()),
        case(real(5), real(5)),
        case(real(3, 4), real(4)),
        case(real(3, 4), real(3), axis=0),
        case(real(3, 4), real(3, 4)),
        case(real(2, 3, 4), real(2, 3, 4), axis=1),
        case(real(2, 3, 4), real(2, 3, 1), axis=1),
        case(real(2, 3, 4), real(3), axis=-2),
        case(real(2, 1, 4), real(2, 3, 4), axis=-1),
        case(real(1)),
        case(real(0, 3)),
        case(real(0)),
        case(real(0, 3), axis=0, dx=0.5),
        case(real(0), real(0)),
    ],
)
def trapezoid_adjoint(values, x=None, dx=1.0, axis=-1, *, d_y):
    d_values = trapezoid_adjoint_values(d_y, values, x, dx, axis)
    d_x = trapezoid_adjoint_x(d_y, values, x, axis)
    d_dx = unbroadcast(trapezoid_adjoint_dx(d_y, values, x, axis), dx)
    return d_values, d_x, d_dx


@adjoint(
    np.gradient,
    constant_only=("varargs",),
    cases=[
        case(real(5)),
        case(real(2)),
        case(real(3)),
        case(real(5), 0.5),
        case(real(5), np.array([0.0, 1.0, 1.5, 3.0, 3.25])),
        case(real(3, 4)),
        case(real(3, 4), 0.5),
        case(real(3, 4), 2.0, np.array([0.0, 1.0, 1.5, 3.0])),
        case(real(2, 3, 4)),
        case(real(5), axis=0),
        case(real(3, 4), 0.5, axis=1),
        case(real(3, 4), axis=-2),
        case(real(2, 3, 4), np.array([0.0, 1.0, 1.5]), axis=1),
        case(real(2, 3, 4), axis=(2, 0)),
        case(real(2, 3, 4), 0.5, 2.0, axis=(-1, 1)),
        case(real(3, 4), axis=(1,)),
    ],
)
def gradient_adjoint(f, *varargs, axis=None, d_y):
    d_f = gradient_adjoint_f(d_y, f, varargs, axis=axis)
    return d_f


@adjoint(
    builtins.sum,
    cases=[
        case([real(), real(), real()]),
        case([real(3), real(3)]),
        case([real(3), real(2, 3), real(2, 1), real()]),
        case((real(2), real(2)), real(2)),
        case(real(4)),
        case(real(3, 2)),
        case(real(3, 2), real(5, 2)),
        case(real(3, 2), real()),
        case([], real()),
    ],
)
def builtin_sum_adjoint(iterable, start=0, *, d_y):
    d_iterable = sum_adjoint_iterable(d_y, iterable)
    d_start = unbroadcast(d_y, start)
    return d_iterable, d_start


nondifferentiable(count, count_where, degrees_of_freedom, repeats)
