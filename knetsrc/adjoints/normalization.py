"""Rules of batch and layer normalization. Running moments are no differentiated values."""

from knetsrc import ops
from knetsrc.adjoints.table import adjoint, case, nondifferentiable, real
from knetsrc.backends import (
    batchnorm_adjoint_eps,
    batchnorm_adjoint_gain,
    batchnorm_adjoint_x,
    channel_sum,
    layernorm_adjoint_eps,
    layernorm_adjoint_x,
    unbroadcast,
)
from knetsrc.ops.normalization import check_batch, check_layer


@adjoint(
    ops.batchnorm,
    keeping=ops.batchnorm_with_normalized,
    is_pure=False,
    cases=[
        case(real(5, 2), eps=0.2),
        case(real(3, 2, 4), real(2), real(2), eps=1e-3),
        case(real(2, 2, 3, 2), real(2), eps=0.1),
    ],
)
def batchnorm_adjoint(x, gain=None, bias=None, moments=None, training=True, eps=1e-5, *, kept, d_y):
    d_x = batchnorm_adjoint_x(d_y, kept, gain=gain, training=training)
    d_gain = batchnorm_adjoint_gain(d_y, kept)
    d_bias = channel_sum(d_y)
    d_eps = batchnorm_adjoint_eps(d_y, kept, gain=gain)
    return d_x, d_gain, d_bias, d_eps


@adjoint(
    ops.layernorm,
    keeping=ops.layernorm_with_normalized,
    cases=[
        case(real(3, 4), eps=0.2),
        case(real(4, 3), real(4, 1), real(4, 1), 0, 1e-3),
        case(real(2, 3, 4), real(3, 4), real(4), axis=(1, 2), eps=1e-3),
        case(real(2, 3, 4), None, real(4), eps=0.1),
    ],
)
def layernorm_adjoint(x, gain=None, bias=None, axis=-1, eps=1e-5, *, kept, d_y):
    d_x = layernorm_adjoint_x(d_y, kept, gain=gain, axis=axis)
    d_gain = unbroadcast(d_y * kept.x_hat, gain)
    d_bias = unbroadcast(d_y, bias)
    d_eps = layernorm_adjoint_eps(d_y, kept, gain=gain)
    return d_x, d_gain, d_bias, d_eps


nondifferentiable(check_batch, check_layer)
