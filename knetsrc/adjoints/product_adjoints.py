"""Rules of the adjoints of products, for second derivatives.

A product is linear in each operand, and so are its adjoints: those of d_a = f(d, b) are the product
of the adjoint of d_a with b, and the other adjoint of the product. An operand that lends only its
shape has none.
"""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, real
from knetsrc.backends import (
    cross_adjoint_a,
    cross_adjoint_b,
    dot_adjoint_a,
    dot_adjoint_b,
    einsum_adjoint,
    einsum_adjoint_operands,
    einsum_tangent,
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

MATMUL = [
    case(real(2, 4), real(2, 3), real(3, 4)),
    case(real(5, 2, 4), real(2, 3), real(5, 3, 4)),
    case(real(5, 2, 4), real(5, 2, 3), real(3, 4)),
    case(real(2), real(2, 3), real(3)),
    case(real(4), real(3), real(3, 4)),
    case(real(), real(3), real(3)),
    case(real(3, 4), real(1, 3), real(3, 4)),
    case(real(2, 1), real(2, 3), real(3, 4)),
    case(real(), real(2, 3), real(3, 4)),
]
DOT = [
    case(real(2, 4), real(2, 3), real(3, 4)),
    case(real(), real(3), real(3)),
    case(real(2, 3), real(), real(2, 3)),
    case(real(2, 5, 4), real(2, 3), real(5, 3, 4)),
]
TENSORDOT = [
    case(real(2, 5), real(2, 3, 4), real(3, 4, 5)),
    case(real(2, 5), real(2, 3, 4), real(4, 5, 3), ([1, 2], [2, 0])),
]
KRON = [
    case(real(8, 6), real(2, 3), real(4, 2)),
    case(real(6), real(2), real(3)),
    case(real(3, 4), real(2), real(3, 2)),
]
CROSS = [
    case(real(2, 3), real(2, 3), real(2, 3)),
    case(real(4, 3), real(3), real(4, 3)),
    case(real(3, 4), real(3, 4), real(4, 3), 0, 1, 0),
]


@adjoint(matmul_adjoint_a, cases=MATMUL)
def matmul_adjoint_a_adjoint(d, a, b, *, d_y):
    d_d = unbroadcast(np.matmul(d_y, b), d)
    d_b = matmul_adjoint_b(d, d_y, b)
    return d_d, d_b


@adjoint(matmul_adjoint_b, cases=MATMUL)
def matmul_adjoint_b_adjoint(d, a, b, *, d_y):
    d_d = unbroadcast(np.matmul(a, d_y), d)
    d_a = matmul_adjoint_a(d, a, d_y)
    return d_d, d_a


@adjoint(dot_adjoint_a, cases=DOT)
def dot_adjoint_a_adjoint(d, a, b, *, d_y):
    d_d = unbroadcast(np.dot(d_y, b), d)
    d_b = dot_adjoint_b(d, d_y, b)
    return d_d, d_b


@adjoint(dot_adjoint_b, cases=DOT)
def dot_adjoint_b_adjoint(d, a, b, *, d_y):
    d_d = unbroadcast(np.dot(a, d_y), d)
    d_a = dot_adjoint_a(d, a, d_y)
    return d_d, d_a


@adjoint(
    inner_adjoint,
    cases=[
        case(real(2, 4), real(2, 3), real(4, 3)),
        case(real(4, 2), real(2, 3), real(4, 3), False),
        case(real(), real(3), real(3)),
        case(real(2, 3), real(2, 3), real(), first=False),
    ],
)
def inner_adjoint_adjoint(d, x, other, first=True, *, d_y):
    if first:
        d_d = unbroadcast(np.inner(d_y, other), d)
    else:
        d_d = unbroadcast(np.inner(other, d_y), d)
    d_other = inner_adjoint(d, other, d_y, not first)
    return d_d, d_other


@adjoint(
    vecdot_adjoint,
    cases=[
        case(real(2), real(2, 3), real(2, 3)),
        case(real(4, 2), real(4, 1, 3), real(2, 3)),
        case(real(4), real(3, 4), real(3, 4), axis=0),
        case(real(), real(3), real(3)),
    ],
)
def vecdot_adjoint_adjoint(d, x, other, axis=-1, *, d_y):
    d_d = unbroadcast(np.vecdot(d_y, other, axis=axis), d)
    d_other = vecdot_adjoint(d, other, d_y, axis)
    return d_d, d_other


@adjoint(
    reshape_like,
    cases=[case(real(6), real(2, 3)), case(real(1), real()), case(real(), real(1))],
)
def reshape_like_adjoint(d, x, *, d_y):
    d_d = reshape_like(d_y, d)
    return d_d


@adjoint(tensordot_adjoint_a, cases=TENSORDOT)
def tensordot_adjoint_a_adjoint(d, a, b, axes=2, *, d_y):
    d_d = unbroadcast(np.tensordot(d_y, b, axes), d)
    d_b = tensordot_adjoint_b(d, d_y, b, axes)
    return d_d, d_b


@adjoint(tensordot_adjoint_b, cases=TENSORDOT)
def tensordot_adjoint_b_adjoint(d, a, b, axes=2, *, d_y):
    d_d = unbroadcast(np.tensordot(a, d_y, axes), d)
    d_a = tensordot_adjoint_a(d, a, d_y, axes)
    return d_d, d_a


@adjoint(kron_adjoint_a, cases=KRON)
def kron_adjoint_a_adjoint(d, a, b, *, d_y):
    d_d = unbroadcast(np.kron(d_y, b), d)
    d_b = kron_adjoint_b(d, d_y, b)
    return d_d, d_b


@adjoint(kron_adjoint_b, cases=KRON)
def kron_adjoint_b_adjoint(d, a, b, *, d_y):
    d_d = unbroadcast(np.kron(a, d_y), d)
    d_a = kron_adjoint_a(d, a, d_y)
    return d_d, d_a


@adjoint(cross_adjoint_a, cases=CROSS)
def cross_adjoint_a_adjoint(d, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None, *, d_y):
    d_d = unbroadcast(np.cross(d_y, b, axisa, axisb, axisc, axis), d)
    d_b = cross_adjoint_b(d, d_y, b, axisa, axisb, axisc, axis)
    return d_d, d_b


@adjoint(cross_adjoint_b, cases=CROSS)
def cross_adjoint_b_adjoint(d, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None, *, d_y):
    d_d = unbroadcast(np.cross(a, d_y, axisa, axisb, axisc, axis), d)
    d_a = cross_adjoint_a(d, a, d_y, axisa, axisb, axisc, axis)
    return d_d, d_a


@adjoint(
    einsum_adjoint,
    cases=[
        case("ij,jk->ik", [real(2, 3), real(3, 4)], 0, real(2, 4)),
        case("ij,jk,kl->il", (real(2, 3), real(3, 4), real(4, 2)), 1, real(2, 2)),
        case("ii", [real(3, 3)], 0, real()),
        case("...i,i", [real(2, 3), real(3)], 1, real(2)),
        case("ij,ij->j", [real(2, 3), real(1, 3)], 1, real(3)),
    ],
)
def einsum_adjoint_rule(subscripts, operands, position, d, *, d_y):
    d_operands = einsum_adjoint_operands(subscripts, operands, position, d_y, d)
    d_d = unbroadcast(einsum_tangent(subscripts, operands, position, d_y), d)
    return d_operands, d_d
