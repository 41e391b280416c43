"""Operators of neural networks on plain arrays: what NumPy lacks, each with its derivative rule.

Arrays in, arrays out, in the dtype of the input; no state, no layer classes. Used like NumPy's own
functions, inside a function that is differentiated or outside of it:

    scores = w[1] @ relu(w[0] @ x + b[0]) + b[1]      # (classes, batch)
    loss = nll(scores, labels)                        # labels: (batch,) integers

Images have the batch first, then channels, then one, two or three spatial axes:

    h = pool(relu(conv4(w[0], x) + b[0]))             # x: (batch, channels, height, width)
    scores = w[1] @ mat(h).T + b[1]                   # mat: (batch, features)

The rules are in `knetsrc/adjoints/neural.py`, `convolution.py` and `normalization.py`.
"""

from knetsrc.errors import OperandError
from knetsrc.ops.activations import relu, sigm
from knetsrc.ops.convolution import conv, conv4, deconv4
from knetsrc.ops.dropout import dropout, dropout_mask
from knetsrc.ops.normalization import (
    Moments,
    batchnorm,
    batchnorm_with_normalized,
    layernorm,
    layernorm_with_normalized,
)
from knetsrc.ops.pooling import pool, pool_with_winners, unpool
from knetsrc.ops.products import bmm, mat
from knetsrc.ops.scores import accuracy, logp, logsoftmax, logsumexp, nll, onehot, softmax

__all__ = [
    "Moments",
    "OperandError",
    "accuracy",
    "batchnorm",
    "batchnorm_with_normalized",
    "bmm",
    "conv",
    "conv4",
    "deconv4",
    "dropout",
    "dropout_mask",
    "layernorm",
    "layernorm_with_normalized",
    "logp",
    "logsoftmax",
    "logsumexp",
    "mat",
    "nll",
    "onehot",
    "pool",
    "pool_with_winners",
    "relu",
    "sigm",
    "softmax",
    "unpool",
]
