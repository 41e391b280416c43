"""Batch and layer normalization, as functions; running moments are an object of the user's."""

from typing import Any

import numpy as np

from knetsrc.backends.normalization import (
    Normalized,
    check_normalized,
    normalized,
    over_channels,
    scaled,
)
from knetsrc.errors import OperandError


class Moments:
    """Running mean and variance of a batch normalization, as Knet's `bnmoments`.

    Parameters
    ----------
    momentum
        Share of each new batch, in (0, 1].
    mean, var
        Where to start, arrays of shape ``(C,)``; by default, with the first batch, 0 and 1.

    Attributes
    ----------
    mean, var
        Arrays of shape ``(C,)``, None before the first batch.

    Notes
    -----
    They are constants of a derivative: none goes through `mean` and `var`, nor through their update.

    Examples
    --------
    >>> moments = Moments(momentum=0.5)
    >>> y = batchnorm(np.array([[1.0], [3.0]]), moments=moments)
    >>> moments.mean, moments.var
    (array([1.]), array([1.5]))
    """

    def __init__(self, momentum: float = 0.1, mean: Any = None, var: Any = None) -> None:
        if not 0 < momentum <= 1:
            raise OperandError(
                f"moments with momentum = {momentum}",
                why="it is the share of each new batch in the running moments",
                instead="a number greater than 0 and at most 1",
            )
        self.momentum = momentum
        self.mean = mean
        self.var = var

    def update(self, mean: Any, var: Any) -> None:
        """Take in the mean and the variance of a batch, arrays of shape ``(C,)``."""
        if self.mean is None:
            self.mean = np.zeros_like(mean)
        if self.var is None:
            self.var = np.ones_like(var)
        self.mean = (1 - self.momentum) * self.mean + self.momentum * mean
        self.var = (1 - self.momentum) * self.var + self.momentum * var


def batchnorm(
    x: Any,
    gain: Any = None,
    bias: Any = None,
    moments: Moments | None = None,
    training: bool = True,
    eps: float = 1e-5,
) -> Any:
    """Each channel with mean 0 and variance 1 over the batch, then scaled and shifted.

    While training, mean and variance are those of the batch, and `moments` takes them in; it is the
    object that is changed, once for each call, also when the call is differentiated. Otherwise they
    are those of `moments`.

    Parameters
    ----------
    x
        Shape ``(N, C)`` or ``(N, C, ...)``, float32 or float64.
    gain, bias
        Shape ``(C,)``, of the dtype of `x`; None for 1 and 0.
    moments
        Running moments. As in PyTorch, their variance is the unbiased one (over n - 1), that of the
        batch is over n.
    training
        Whether to use the moments of the batch.
    eps
        Added to the variance.

    Returns
    -------
    array
        Shape and dtype of `x`.

    Raises
    ------
    OperandError
        If shapes or dtypes do not go together; without training, if there are no moments yet; while
        training, if a channel has fewer than two values.

    Examples
    --------
    >>> batchnorm(np.array([[1.0], [3.0]]), eps=0.0)
    array([[-1.],
           [ 1.]])
    """
    return batchnorm_with_normalized(x, gain, bias, moments, training, eps)[0]


def batchnorm_with_normalized(
    x: Any,
    gain: Any = None,
    bias: Any = None,
    moments: Moments | None = None,
    training: bool = True,
    eps: float = 1e-5,
) -> tuple[Any, Normalized]:
    """`batchnorm`, and what its gradient keeps: normalized values and one over the deviation.

    Parameters
    ----------
    x, gain, bias, moments, training, eps
        As in `batchnorm`.

    Returns
    -------
    y, normalized
        What `batchnorm` gives, and a pair of arrays.
    """
    check_batch(x, gain, bias, moments, training)
    if training:
        axis = (0, *range(2, x.ndim))
        mean = np.mean(x, axis=axis, keepdims=True)
        var = np.var(x, axis=axis, keepdims=True)
        if moments is not None:
            count = x.size // x.shape[1]
            moments.update(np.ravel(mean), np.ravel(var) * (count / (count - 1)))
    else:
        assert moments is not None  # checked above
        mean, var = over_channels(moments.mean, x), over_channels(moments.var, x)
    x_hat, inverse_std = normalized(x, mean.astype(x.dtype), var.astype(x.dtype), eps)
    y = scaled(x_hat, over_channels(gain, x), over_channels(bias, x))
    return y, Normalized(x_hat, inverse_std)


def layernorm(
    x: Any, gain: Any = None, bias: Any = None, axis: int | tuple[int, ...] = -1, eps: float = 1e-5
) -> Any:
    """Each instance with mean 0 and variance 1 over its features, then scaled and shifted.

    Parameters
    ----------
    x
        Array of any shape, float32 or float64.
    gain, bias
        Arrays that broadcast to the shape of `x`, of its dtype; None for 1 and 0. In PyTorch they
        have the shape of the last axes; here, with features along the first axis, ``(features,
        1)``.
    axis
        The axis or axes of the features: ``-1`` for ``(batch, features)``, ``0`` for ``(features,
        batch)``. In PyTorch it is the last ones.
    eps
        Added to the variance.

    Returns
    -------
    array
        Shape and dtype of `x`.

    Raises
    ------
    OperandError
        If shapes or dtypes do not go together.

    Examples
    --------
    >>> layernorm(np.array([[1.0, 3.0], [5.0, 5.0]]), eps=1e-12)
    array([[-1.,  1.],
           [ 0.,  0.]])
    """
    return layernorm_with_normalized(x, gain, bias, axis, eps)[0]


def layernorm_with_normalized(
    x: Any, gain: Any = None, bias: Any = None, axis: int | tuple[int, ...] = -1, eps: float = 1e-5
) -> tuple[Any, Normalized]:
    """`layernorm`, and what its gradient keeps: normalized values and one over the deviation.

    Parameters
    ----------
    x, gain, bias, axis, eps
        As in `layernorm`.

    Returns
    -------
    y, normalized
        What `layernorm` gives, and a pair of arrays.
    """
    check_layer(x, gain, bias)
    mean = np.mean(x, axis=axis, keepdims=True)
    x_hat, inverse_std = normalized(x, mean, np.var(x, axis=axis, keepdims=True), eps)
    return scaled(x_hat, gain, bias), Normalized(x_hat, inverse_std)


def check_layer(x: Any, gain: Any, bias: Any) -> None:
    """Refuse operands of `layernorm` that do not go together.

    Raises
    ------
    OperandError
        With the shapes.
    """
    check_normalized("layernorm", x, 1, gain=gain, bias=bias)
    for name, value in (("gain", gain), ("bias", bias)):
        if value is not None and _broadcast(x.shape, value.shape) != x.shape:
            raise OperandError(
                f"layernorm of shape {x.shape} with {name} of shape {value.shape}",
                why=f"{name} must broadcast to the shape of x",
                instead="(features,) for axis=-1, (features, 1) for axis=0 of a matrix",
            )


def _broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def check_batch(x: Any, gain: Any, bias: Any, moments: Moments | None, training: bool) -> None:
    """Refuse operands of `batchnorm` that do not go together.

    Raises
    ------
    OperandError
        With the shapes.
    """
    check_normalized("batchnorm", x, 2, gain=gain, bias=bias)
    known = () if moments is None else (("mean", moments.mean), ("var", moments.var))
    for name, value in (("gain", gain), ("bias", bias), *known):
        if value is not None and value.shape != (x.shape[1],):
            raise OperandError(
                f"batchnorm of shape {x.shape} with {name} of shape {value.shape}",
                why=f"there is one number for each of the {x.shape[1]} channels",
                instead=f"an array of shape ({x.shape[1]},)",
            )
    if training and x.size // max(x.shape[1], 1) < 2:
        raise OperandError(
            f"batchnorm of shape {x.shape} while training",
            why="one value for each channel has no variance",
            instead="a larger batch, or training=False with moments",
        )
    if not training and (moments is None or moments.mean is None or moments.var is None):
        raise OperandError(
            f"batchnorm of shape {x.shape} with training=False and no moments",
            why="mean and variance come from the batches that were seen while training",
            instead="moments=Moments(), passed to each call while training",
        )
