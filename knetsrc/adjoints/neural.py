"""Rules of the neural network operators of `knetsrc.ops`."""

import numpy as np

from knetsrc import ops
from knetsrc.adjoints.table import adjoint, away, case, nondifferentiable, real
from knetsrc.backends import keep_axes, softmax, softmax_minus_onehot

ALONG_AXES = [
    case(real(3, 4)),
    case(real(3, 4), 0),
    case(real(3, 4), axis=-1),
    case(real(2, 3, 4), axis=(0, 2)),
    case(real(5)),
    case(real(1, 4), 0),
    case(real(3, 0), 0),
]


@adjoint(
    ops.relu,
    elementwise=True,
    cases=[case(away(3, 4)), case(away()), case(away(2, 3, 2)), case(real(0, 3))],
)
def relu_adjoint(x, *, y, d_y):
    d_x = d_y * (y > 0)
    return d_x


@adjoint(
    ops.sigm,
    elementwise=True,
    cases=[case(real(3, 4)), case(real()), case(real(2, 3, 2)), case(real(0, 3))],
)
def sigm_adjoint(x, *, y, d_y):
    d_x = d_y * y * (1 - y)
    return d_x


@adjoint(ops.softmax, cases=ALONG_AXES)
def softmax_adjoint(x, axis=None, *, y, d_y):
    d_x = y * (d_y - np.sum(d_y * y, axis=axis, keepdims=True))
    return d_x


@adjoint(ops.logsoftmax, cases=ALONG_AXES)
def logsoftmax_adjoint(x, axis=None, *, y, d_y):
    d_x = d_y - np.exp(y) * np.sum(d_y, axis=axis, keepdims=True)
    return d_x


@adjoint(
    ops.logsumexp,
    cases=[
        *ALONG_AXES,
        case(real(3, 4), 1, True),
        case(real(3, 4), keepdims=True),
        case(real(2, 3, 4), (0, 2), keepdims=True),
    ],
)
def logsumexp_adjoint(x, axis=None, keepdims=False, *, y, d_y):
    finite = np.where(y == -np.inf, 0, y)  # 0 where all are -inf
    if axis is None or keepdims:
        d_x = d_y * np.exp(x - finite)
    else:
        d_x = keep_axes(d_y, x, axis) * np.exp(x - np.expand_dims(finite, axis))
    return d_x


@adjoint(
    ops.nll,
    cases=[
        case(real(3, 4), np.array([0, 2, 2, 1])),
        case(real(4, 3), np.array([0, 2, 2, 1]), axis=1),
        case(real(2, 3, 4), np.array([[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1]])),
        case(real(2, 3, 2), np.array([[0, 2], [1, 1]]), axis=-2),
        case(real(1, 4), np.array([0, 0, 0, 0])),
        case(real(5), 3),
    ],
)
def nll_adjoint(scores, labels, axis=0, *, d_y):
    d_scores = d_y / np.size(labels) * softmax_minus_onehot(scores, labels, axis)
    return d_scores


@adjoint(
    softmax_minus_onehot,
    cases=[
        case(real(3, 4), np.array([0, 2, 2, 1]), 0),
        case(real(2, 3, 4), np.array([[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1]]), -3),
    ],
)
def softmax_minus_onehot_adjoint(scores, labels, axis, *, d_y):
    p = softmax(scores, axis)
    d_scores = p * (d_y - np.sum(d_y * p, axis=axis, keepdims=True))
    return d_scores


@adjoint(ops.mat, cases=[case(real(2, 3, 4)), case(real(3, 4)), case(real(3)), case(real(0, 3, 2))])
def mat_adjoint(x, *, d_y):
    d_x = np.reshape(d_y, x.shape)
    return d_x


@adjoint(
    ops.bmm, cases=[case(real(2, 3, 4), real(2, 4, 5)), case(real(2, 1, 3, 1), real(2, 1, 1, 2))]
)
def bmm_adjoint(a, b, *, d_y):
    d_a = d_y @ np.swapaxes(b, -1, -2)
    d_b = np.swapaxes(a, -1, -2) @ d_y
    return d_a, d_b


nondifferentiable(ops.dropout_mask, ops.onehot, ops.accuracy)
