"""Rules of the products: matrix, inner, outer and vector products, and einsum.

With d for the adjoint of the product, d_a of `a @ b` is `d @ b.T`; all others are this sum over
other axes. Where the ranks are not known, a function of `knetsrc.backends` looks at them.
"""

import operator

import numpy as np

from knetsrc.adjoints.facts import is_scalar, rank
from knetsrc.adjoints.table import adjoint, case, real
from knetsrc.backends import (
    cross_adjoint_a,
    cross_adjoint_b,
    dot_adjoint_a,
    dot_adjoint_b,
    einsum_adjoint,
    inner_adjoint,
    kron_adjoint_a,
    kron_adjoint_b,
    matmul_adjoint_a,
    matmul_adjoint_b,
    reshape_like,
    tensordot_adjoint_a,
    tensordot_adjoint_b,
    unbroadcast,
    vecdot_adjoint,
)

MATRICES_AND_VECTORS = [
    case(real(2, 3), real(3, 4)),
    case(real(1, 3), real(3, 1)),
    case(real(2, 3), real(3)),
    case(real(3), real(3, 4)),
    case(real(3), real(3)),
    case(real(0, 3), real(3, 2)),
    case(real(2, 0), real(0, 3)),
    case(real(2, 0), real(0)),
]


@adjoint(
    np.matmul,
    operator.matmul,
    np.linalg.matmul,
    cases=[
        *MATRICES_AND_VECTORS,
        case(real(5, 2, 3), real(5, 3, 4)),
        case(real(5, 2, 3), real(3, 4)),
        case(real(2, 3), real(5, 3, 4)),
        case(real(6, 1, 2, 3), real(5, 3, 4)),
        case(real(1, 2, 3), real(5, 3, 4)),
        case(real(1, 3, 3), real(3, 3)),
        case(real(3, 3), real(3, 3, 3)),
        case(real(3), real(5, 3, 2)),
        case(real(5, 2, 3), real(3)),
        case(real(4, 5, 2, 3), real(3)),
        case(real(0, 2, 3), real(3, 4)),
        case(real(5, 2, 0), real(0, 4)),
    ],
)
def matmul_adjoint(a, b, *, y, d_y):
    if rank(a) == 1 and rank(b) == 1:
        d_a = d_y * b
        d_b = d_y * a
    elif is_scalar(y):  # two vectors
        d_a = unbroadcast(d_y * b, a)
        d_b = unbroadcast(d_y * a, b)
    elif rank(a) == 2 and rank(b) == 2:
        d_a = d_y @ b.T
        d_b = a.T @ d_y
    elif rank(a) == 2 and rank(b) == 1:
        d_a = np.outer(d_y, b)
        d_b = d_y @ a
    elif rank(a) == 1 and rank(b) == 2:
        d_a = b @ d_y
        d_b = np.outer(a, d_y)
    else:
        d_a = matmul_adjoint_a(d_y, a, b)
        d_b = matmul_adjoint_b(d_y, a, b)
    return d_a, d_b


@adjoint(
    np.dot,
    methods=("dot",),
    cases=[
        *MATRICES_AND_VECTORS,
        case(real(), real()),
        case(real(), real(2, 3)),
        case(real(2, 3), real()),
        case(real(5, 2, 3), real(3)),
        case(real(3), real(5, 3, 2)),
        case(real(5, 2, 3), real(3, 4)),
        case(real(2, 3), real(5, 3, 4)),
        case(real(5, 2, 3), real(4, 3, 2)),
    ],
)
def dot_adjoint(a, b, *, y, d_y):
    if rank(a) == 1 and rank(b) == 1:
        d_a = d_y * b
        d_b = d_y * a
    elif is_scalar(y):
        d_a = unbroadcast(d_y * b, a)
        d_b = unbroadcast(d_y * a, b)
    elif rank(a) == 2 and rank(b) == 2:
        d_a = d_y @ b.T
        d_b = a.T @ d_y
    elif rank(a) == 2 and rank(b) == 1:
        d_a = np.outer(d_y, b)
        d_b = d_y @ a
    elif rank(a) == 1 and rank(b) == 2:
        d_a = b @ d_y
        d_b = np.outer(a, d_y)
    else:
        d_a = dot_adjoint_a(d_y, a, b)
        d_b = dot_adjoint_b(d_y, a, b)
    return d_a, d_b


@adjoint(
    np.inner,
    cases=[
        case(real(3), real(3)),
        case(real(2, 3), real(4, 3)),
        case(real(2, 3), real(3)),
        case(real(3), real(5, 2, 3)),
        case(real(4, 2, 3), real(5, 3)),
        case(real(), real(2, 3)),
        case(real(2), real()),
        case(real(), real()),
        case(real(0, 3), real(2, 3)),
    ],
)
def inner_rule(a, b, *, d_y):
    if rank(a) == 2 and rank(b) == 2:
        d_a = d_y @ b
        d_b = d_y.T @ a
    else:
        d_a = inner_adjoint(d_y, a, b)
        d_b = inner_adjoint(d_y, b, a, first=False)
    return d_a, d_b


@adjoint(
    np.vdot,
    cases=[
        case(real(3), real(3)),
        case(real(2, 3), real(3, 2)),
        case(real(), real()),
        case(real(0), real(0)),
    ],
)
def vdot_adjoint(a, b, *, d_y):
    if rank(a) == 1 and rank(b) == 1:
        d_a = d_y * b
        d_b = d_y * a
    else:
        d_a = reshape_like(d_y * b, a)
        d_b = reshape_like(d_y * a, b)
    return d_a, d_b


@adjoint(
    np.outer,
    np.linalg.outer,
    cases=[
        case(real(2), real(3)),
        case(real(2, 2), real(3, 1)),
        case(real(), real(3)),
        case(real(2), real()),
        case(real(0), real(3)),
    ],
)
def outer_adjoint(a, b, *, d_y):
    if rank(a) == 1 and rank(b) == 1:
        d_a = d_y @ b
        d_b = a @ d_y
    else:
        d_a = reshape_like(d_y @ np.ravel(b), a)
        d_b = reshape_like(np.ravel(a) @ d_y, b)
    return d_a, d_b


@adjoint(
    np.tensordot,
    np.linalg.tensordot,
    cases=[
        case(real(2, 3, 4), real(3, 4, 5)),
        case(real(2, 3), real(3, 4), 1),
        case(real(2, 3), real(4), axes=0),
        case(real(2, 3), real(2, 3)),
        case(real(2, 3, 4), real(4, 5, 3), axes=([1, 2], [2, 0])),
        case(real(2, 3, 4), real(4, 3, 5), axes=((2, 1), (0, 1))),
        case(real(2, 3, 4), real(5, 3), axes=(1, -1)),
        case(real(2, 3, 4), real(4, 2, 3), axes=([0, 1, 2], [1, 2, 0])),
        case(real(), real(2), axes=0),
        case(real(0, 3), real(3, 4), axes=1),
    ],
)
def tensordot_adjoint(a, b, axes=2, *, d_y):
    d_a = tensordot_adjoint_a(d_y, a, b, axes)
    d_b = tensordot_adjoint_b(d_y, a, b, axes)
    return d_a, d_b


@adjoint(
    np.einsum,
    constant_only=("subscripts",),  # an array there comes with lists of indices
    cases=[
        case("ij,jk->ik", real(2, 3), real(3, 4)),
        case("ij,jk", real(2, 3), real(3, 4)),
        case("ba,b", real(2, 3), real(2)),
        case("i,i", real(3), real(3)),
        case("i,j->ij", real(2), real(3)),
        case("ij->", real(2, 3)),
        case("ij->ji", real(2, 3)),
        case("ij->i", real(2, 3)),
        case("ii", real(3, 3)),
        case("ii->i", real(3, 3)),
        case("iij->ij", real(3, 3, 2)),
        case("iji,j->i", real(3, 2, 3), real(2)),
        case("iii->", real(3, 3, 3)),
        case("ij,k->k", real(2, 3), real(4)),
        case("ij,kl->", real(2, 3), real(4, 2)),
        case("ij,jk,kl->il", real(2, 3), real(3, 4), real(4, 2)),
        case("i,i,i->i", real(3), real(3), real(3)),
        case("bij,bjk->bik", real(5, 2, 3), real(5, 3, 4)),
        case("...ij,...jk->...ik", real(5, 2, 3), real(5, 3, 4)),
        case("...ij,jk->...ik", real(6, 5, 2, 3), real(3, 4)),
        case("...ij,...jk", real(5, 1, 2, 3), real(4, 3, 2)),
        case("...,...", real(2, 3), real(3)),
        case("...,...->...", real(2, 1), real(3)),
        case("i...,i->...", real(2, 3), real(2)),
        case("...i,...i", real(2, 3), real(1, 3)),
        case("...ii->...", real(2, 3, 3)),
        case("...,", real(2, 3), real()),
        case(",->", real(), real()),
        case(" i j , j -> i ", real(2, 3), real(3)),
        case("ij,ij->ij", real(2, 3), real(1, 3)),
        case("ij,ij->j", real(2, 3), real(1, 3)),
        case("ij,ij->", real(2, 3), real(1, 1)),
        case("ij,ij,j->i", real(2, 1), real(1, 3), real(1)),
        case("ii,i->i", real(1, 1), real(3)),
        case("i,ij->j", real(0), real(0, 3)),
        case("ij,jk->ik", real(30, 40), real(40, 20)),
        case("ij,jk,kl->il", real(7, 20), real(20, 1), real(8, 20)),
    ],
)
def einsum_rule(subscripts, *operands, d_y):
    d_operands = [einsum_adjoint(subscripts, operands, i, d_y) for i in range(len(operands))]
    return d_operands


@adjoint(
    np.kron,
    cases=[
        case(real(2, 3), real(4, 2)),
        case(real(2), real(3)),
        case(real(2), real(3, 2)),
        case(real(2, 3, 2), real(2, 2)),
        case(real(), real(2, 3)),
        case(real(2), real()),
        case(real(0, 2), real(2, 2)),
    ],
)
def kron_adjoint(a, b, *, d_y):
    d_a = kron_adjoint_a(d_y, a, b)
    d_b = kron_adjoint_b(d_y, a, b)
    return d_a, d_b


@adjoint(
    np.cross,
    np.linalg.cross,
    cases=[
        case(real(3), real(3)),
        case(real(2, 3), real(2, 3)),
        case(real(3), real(4, 3)),
        case(real(1, 3), real(4, 3)),
        case(real(5, 1, 3), real(4, 3)),
        case(real(3, 4), real(3, 4), axis=0),
        case(real(3, 4), real(4, 3), 0, 1, 0),
        case(real(2, 3, 4), real(4, 3), axisa=1, axisc=0, axisb=-1),
        case(real(0, 3), real(3)),
    ],
)
def cross_adjoint(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None, *, d_y):
    if axis is None and axisa == -1 and axisb == -1 and axisc == -1:
        d_a = cross_adjoint_a(d_y, a, b)
        d_b = cross_adjoint_b(d_y, a, b)
    else:
        d_a = cross_adjoint_a(d_y, a, b, axisa, axisb, axisc, axis)
        d_b = cross_adjoint_b(d_y, a, b, axisa, axisb, axisc, axis)
    return d_a, d_b


@adjoint(
    np.vecdot,
    np.linalg.vecdot,
    cases=[
        case(real(3), real(3)),
        case(real(2, 3), real(2, 3)),
        case(real(4, 1, 3), real(2, 3)),
        case(real(3), real(2, 3)),
        case(real(3, 4), real(3, 4), axis=0),
        case(real(2, 3, 4), real(2, 3, 1), axis=-2),
        case(real(2, 0), real(2, 0)),
    ],
)
def vecdot_rule(a, b, axis=-1, *, d_y):
    d_a = vecdot_adjoint(d_y, a, b, axis)
    d_b = vecdot_adjoint(d_y, b, a, axis)
    return d_a, d_b


if hasattr(np, "matvec"):  # from NumPy 2.2 on

    @adjoint(
        np.matvec,
        cases=[
            case(real(2, 3), real(3)),
            case(real(5, 2, 3), real(3)),
            case(real(2, 3), real(5, 3)),
        ],
    )
    def matvec_adjoint(a, b, *, d_y):
        d_a = unbroadcast(d_y[..., None] * b[..., None, :], a)
        d_b = unbroadcast(np.vecmat(d_y, a), b)
        return d_a, d_b

    @adjoint(
        np.vecmat,
        cases=[
            case(real(3), real(3, 2)),
            case(real(5, 3), real(3, 2)),
            case(real(3), real(5, 3, 2)),
        ],
    )
    def vecmat_adjoint(a, b, *, d_y):
        d_a = unbroadcast(np.matvec(b, d_y), a)
        d_b = unbroadcast(a[..., None] * d_y[..., None, :], b)
        return d_a, d_b
