"""What has a zero derivative, or none at all: comparisons, rounding, positions, shapes, draws.

A function is listed only where this holds for every argument that it can be given: `np.linspace`
and `np.full` are not here, because their values follow their arguments.
"""

import logging
import math
import operator
import warnings

import numpy as np

from knetsrc.adjoints.table import nondifferentiable, reporting
from knetsrc.backends import stop_gradient
from knetsrc.backends.sequences import is_rounded, matrix_error, order_of, rounding_error

# Steps: flat between the jumps.
nondifferentiable(
    *(np.sign, np.floor, np.ceil, np.trunc, np.fix, np.rint, np.round, np.around, np.floor_divide),
    *(np.signbit, np.spacing, operator.floordiv),
    *(round, int, bool, operator.index, operator.truth),
    *(math.floor, math.ceil, math.trunc, math.ulp),
    methods=("round",),
)

# Comparisons and logic.
nondifferentiable(
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
    *(operator.is_, operator.is_not, operator.not_, operator.contains),
    *(operator.and_, operator.or_, operator.xor, operator.invert, operator.lshift, operator.rshift),
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift),
    *(np.isnan, np.isinf, np.isfinite, np.isneginf, np.isposinf, np.isclose, np.allclose),
    *(
        np.array_equal,
        np.array_equiv,
        np.isin,
        np.isreal,
        np.iscomplex,
        np.isrealobj,
        np.iscomplexobj,
    ),
    *(np.isscalar, np.any, np.all, np.may_share_memory, np.shares_memory),
    *(math.isnan, math.isinf, math.isfinite, math.isclose),
    *(any, all, isinstance, issubclass, callable, hasattr),
    methods=("any", "all"),
)

# Positions and counts.
nondifferentiable(
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort),
    *(np.searchsorted, np.digitize, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero),
    methods=("argmax", "argmin", "argsort", "argpartition", "nonzero", "searchsorted"),
)

nondifferentiable(order_of, is_rounded, rounding_error, matrix_error)

# Shapes, kinds and texts.
nondifferentiable(
    *(
        np.shape,
        np.ndim,
        np.size,
        np.broadcast_shapes,
        np.result_type,
        np.can_cast,
        np.finfo,
        np.iinfo,
    ),
    *(len, range, type, id, hash, str, repr, format, operator.length_hint),
    attributes=("shape", "ndim", "dtype", "size", "nbytes", "itemsize", "strides", "flags"),
)

# Reports, as functions and as methods of a logger.
reporting(
    *(print, warnings.warn, logging.debug, logging.info, logging.warning, logging.error),
    *(logging.critical, logging.exception, logging.log),
    *(logging.Logger.debug, logging.Logger.info, logging.Logger.warning, logging.Logger.error),
    *(logging.Logger.critical, logging.Logger.exception, logging.Logger.log),
)

# Integers, and arrays that take only their shape from an argument.
nondifferentiable(
    *(math.factorial, math.comb, math.perm, math.gcd, math.lcm, math.isqrt, np.gcd, np.lcm),
    *(np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity),
    *(np.tri, np.indices, np.diag_indices, np.tril_indices, np.triu_indices, np.unravel_index),
    *(np.ravel_multi_index, np.int8, np.int16, np.int32, np.int64, np.bool_),
)

# Draws that depend on shapes, bounds of integers and seeds alone.
nondifferentiable(
    *(
        np.random.rand,
        np.random.randn,
        np.random.random,
        np.random.random_sample,
        np.random.randint,
    ),
    *(np.random.standard_normal, np.random.seed, np.random.default_rng),
)

# What the user declares to be constant.
nondifferentiable(stop_gradient)
