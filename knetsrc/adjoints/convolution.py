"""Rules of convolution and pooling, and of their adjoints, for second derivatives.

Convolution is linear in the images and in the filters. Of d_x = f(d, w), the adjoint of the images,
the adjoints are a convolution and an adjoint of the filters; the same holds for d_w. An operand
that lends only its shape has none.
"""

from typing import Any

import numpy as np

from knetsrc import ops
from knetsrc.adjoints.table import adjoint, case, distinct, real
from knetsrc.backends import (
    average_pool_adjoint_x,
    channel_sum,
    conv_adjoint_w,
    conv_adjoint_x,
    convolved,
    max_pool_adjoint_x,
    pooled,
    take_winners,
    unpool_adjoint_x,
    unpooled,
)

OPTIONS: list[dict[str, Any]] = [
    {},
    {"padding": 1},
    {"padding": ((0, 1), (2, 0)), "stride": 2},
    {"stride": (2, 1), "dilation": (1, 2)},
]
CASES = [
    *(case(real(2, 2, 5, 5), real(3, 2, 2, 3), **options) for options in OPTIONS),
    case(real(2, 4, 5), real(4, 2, 3), groups=2, padding=2),
    case(real(1, 2, 3, 4, 3), real(2, 2, 2, 3, 2), padding=1, stride=2),
    case(real(2, 3, 6), real(3, 1, 2), 1, 2, 1, 3),
    case(real(0, 2, 5), real(3, 2, 2)),
]


@adjoint(
    ops.conv,
    cases=[
        *CASES,
        case(real(2, 2, 5, 5), real(3, 2, 2, 3), 0, 2, 1, 1, real(3)),
        case(real(2, 2, 5), real(3, 2, 2), 1, 1, 1, 1, real(3, 1)),
    ],
)
def conv_adjoint(x, w, padding=0, stride=1, dilation=1, groups=1, bias=None, *, d_y):
    d_x = conv_adjoint_x(
        d_y, x, w, padding=padding, stride=stride, dilation=dilation, groups=groups
    )
    d_w = conv_adjoint_w(
        d_y, x, w, padding=padding, stride=stride, dilation=dilation, groups=groups
    )
    d_bias = channel_sum(d_y, bias)
    return d_x, d_w, d_bias


@adjoint(
    ops.conv4,
    cases=[
        *(case(real(3, 2, 2, 3), real(2, 2, 5, 5), **options) for options in OPTIONS),
        case(real(4, 2, 3), real(2, 4, 5), groups=2, mode="xcorr"),
        case(real(2, 2, 2, 3, 2), real(1, 2, 3, 4, 3), padding=1, stride=2),
        case(real(3, 2, 2), real(0, 2, 5)),
        case(real(3, 2, 2), real(2, 2, 5), 0, 1, 1, 1, "conv", real(3, 1)),
    ],
)
def conv4_adjoint(w, x, padding=0, stride=1, dilation=1, groups=1, mode="conv", bias=None, *, d_y):
    d_w = conv_adjoint_w(
        d_y, x, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    d_x = conv_adjoint_x(
        d_y, x, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    d_bias = channel_sum(d_y, bias)
    return d_w, d_x, d_bias


@adjoint(
    ops.deconv4,
    cases=[
        *(case(real(3, 2, 2, 3), real(2, 3, 3, 4), **options) for options in OPTIONS),
        case(real(4, 2, 3), real(2, 4, 5), groups=2, mode="xcorr"),
        case(real(2, 2, 2, 3, 2), real(1, 2, 2, 3, 3), padding=1, stride=2),
        case(real(3, 2, 2), real(0, 3, 5)),
    ],
)
def deconv4_adjoint(w, x, padding=0, stride=1, dilation=1, groups=1, mode="conv", *, d_y):
    d_w = conv_adjoint_w(
        x, d_y, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    d_x = convolved(
        d_y, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    return d_w, d_x


@adjoint(
    convolved,
    cases=[*CASES, case(real(2, 2, 5, 5), real(3, 2, 2, 3), mode="conv")],
)
def convolved_adjoint(x, w, padding=0, stride=1, dilation=1, groups=1, mode="xcorr", *, d_y):
    d_x = conv_adjoint_x(
        d_y, x, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    d_w = conv_adjoint_w(
        d_y, x, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    return d_x, d_w


@adjoint(
    conv_adjoint_x,
    cases=[
        case(real(2, 3, 4, 3), real(2, 2, 5, 5), real(3, 2, 2, 3)),
        case(real(2, 3, 3, 3), real(2, 2, 5, 5), real(3, 2, 2, 3), ((1, 1), (1, 1)), 2),
        case(real(2, 4, 4), real(2, 4, 5), real(4, 2, 2), groups=2, mode="conv"),
    ],
)
def conv_adjoint_x_adjoint(
    d, x, w, padding=0, stride=1, dilation=1, groups=1, mode="xcorr", *, d_y
):
    d_d = convolved(
        d_y, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    d_w = conv_adjoint_w(
        d, d_y, w, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    return d_d, d_w


@adjoint(
    conv_adjoint_w,
    cases=[
        case(real(2, 3, 4, 3), real(2, 2, 5, 5), real(3, 2, 2, 3)),
        case(real(2, 3, 3, 3), real(2, 2, 5, 5), real(3, 2, 2, 3), ((1, 1), (1, 1)), 2),
        case(real(2, 4, 4), real(2, 4, 5), real(4, 2, 2), groups=2, mode="conv"),
    ],
)
def conv_adjoint_w_adjoint(
    d, x, w, padding=0, stride=1, dilation=1, groups=1, mode="xcorr", *, d_y
):
    d_d = convolved(
        x, d_y, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    d_x = conv_adjoint_x(
        d, x, d_y, padding=padding, stride=stride, dilation=dilation, groups=groups, mode=mode
    )
    return d_d, d_x


# --- pooling ------------------------------------------------------------------------------------
MODES = ("max", "avg", "avg_exclude_pad")
POOLED = [
    *(case(distinct(2, 2, 4, 5), mode=mode) for mode in MODES),
    *(case(distinct(1, 2, 5, 6), 3, 1, 2, mode, False) for mode in MODES),
    case(distinct(2, 1, 7), (3,), ((0, 1),), stride=1),
    case(distinct(1, 1, 3, 4, 5), (1, 2, 3), (0, 1, 1), (1, 2, 2)),
    case(distinct(0, 2, 4, 4)),
]


@adjoint(ops.pool, cases=POOLED, keeping=ops.pool_with_winners)
def pool_adjoint(x, window=2, padding=0, stride=None, mode="max", ceil=True, *, kept, d_y):
    if mode == "max":
        d_x = max_pool_adjoint_x(
            d_y, kept, x, window=window, padding=padding, stride=stride, ceil=ceil
        )
    else:
        d_x = average_pool_adjoint_x(
            d_y, x, window=window, padding=padding, stride=stride, mode=mode, ceil=ceil
        )
    return d_x


@adjoint(
    ops.pool_with_winners,
    cases=[c for c in POOLED if c.kwargs.get("mode", "max") == "max" and len(c.args) < 5],
)
def pool_with_winners_adjoint(
    x, window=2, padding=0, stride=None, mode="max", ceil=True, *, y, d_y
):
    if mode == "max":
        d_x = max_pool_adjoint_x(
            d_y[0], y[1], x, window=window, padding=padding, stride=stride, ceil=ceil
        )
    else:
        d_x = average_pool_adjoint_x(
            d_y[0], x, window=window, padding=padding, stride=stride, mode=mode, ceil=ceil
        )
    return d_x


@adjoint(
    pooled, cases=[case(real(1, 2, 5, 6), 3, 1, 2, mode) for mode in ("avg", "avg_exclude_pad")]
)
def pooled_adjoint(x, window, padding, stride, mode, ceil=True, *, d_y):
    d_x = average_pool_adjoint_x(
        d_y, x, window=window, padding=padding, stride=stride, mode=mode, ceil=ceil
    )
    return d_x


WINNERS = np.array([[[[0, 3], [1, 2]]]], np.uint8)


@adjoint(
    max_pool_adjoint_x,
    cases=[
        case(real(1, 1, 2, 2), WINNERS, real(1, 1, 4, 4)),
        case(real(1, 1, 2, 2), WINNERS, real(1, 1, 3, 3), (2, 2), 0, 1),
    ],
)
def max_pool_adjoint_x_adjoint(d, winners, x, window=2, padding=0, stride=None, ceil=True, *, d_y):
    d_d = take_winners(d_y, winners, window=window, padding=padding, stride=stride, ceil=ceil)
    return d_d


@adjoint(
    take_winners,
    cases=[
        case(real(1, 1, 4, 4), WINNERS),
        case(real(1, 1, 3, 3), WINNERS, (2, 2), 0, 1),
    ],
)
def take_winners_adjoint(x, winners, window=2, padding=0, stride=None, ceil=True, *, d_y):
    d_x = max_pool_adjoint_x(
        d_y, winners, x, window=window, padding=padding, stride=stride, ceil=ceil
    )
    return d_x


@adjoint(
    average_pool_adjoint_x,
    cases=[
        case(real(1, 1, 2, 3), real(1, 1, 4, 5)),
        case(real(1, 1, 3, 3), real(1, 1, 4, 4), 3, 1, 2, "avg_exclude_pad"),
    ],
)
def average_pool_adjoint_x_adjoint(
    d, x, window=2, padding=0, stride=None, mode="avg", ceil=True, *, d_y
):
    d_d = pooled(d_y, window=window, padding=padding, stride=stride, mode=mode, ceil=ceil)
    return d_d


UNPOOLED = [
    case(real(2, 1, 2, 3)),
    case(real(1, 2, 4), 3, 1, 2),
    case(real(1, 1, 2, 1, 2), (1, 2, 2)),
]


@adjoint(ops.unpool, unpooled, cases=UNPOOLED)
def unpool_adjoint(x, window=2, padding=0, stride=None, *, d_y):
    d_x = unpool_adjoint_x(d_y, window=window, padding=padding, stride=stride)
    return d_x


@adjoint(unpool_adjoint_x, cases=[case(real(2, 1, 4, 6)), case(real(1, 2, 7), 3, 1, 2)])
def unpool_adjoint_x_adjoint(d, window=2, padding=0, stride=None, *, d_y):
    d_d = unpooled(d_y, window=window, padding=padding, stride=stride)
    return d_d
