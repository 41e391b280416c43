"""Batch and layer normalization: what is kept of a call, and the adjoints.

    x_hat = (x - mean) * inverse_std        y = gain * x_hat + bias

Ioffe, Szegedy, "Batch normalization", 2015; Ba, Kiros, Hinton, "Layer normalization", 2016.
"""

from typing import Any, NamedTuple

import numpy as np

from knetsrc.errors import OperandError


class Normalized(NamedTuple):
    """What the backward part needs of a normalization.

    Attributes
    ----------
    x_hat
        Normalized values, in the shape of the input.
    inverse_std
        One over the standard deviation, with axes of length 1 where it is shared.
    """

    x_hat: Any
    inverse_std: Any


def normalized(x: Any, mean: Any, var: Any, eps: float) -> tuple[Any, Any]:
    """`x` less its mean, over its standard deviation.

    Parameters
    ----------
    x
        Array of any shape.
    mean, var
        Arrays that broadcast to the shape of `x`.
    eps
        Added to the variance.

    Returns
    -------
    x_hat, inverse_std
        In the dtype of `x`.
    """
    inverse_std = 1 / np.sqrt(var + eps)
    return (x - mean) * inverse_std, inverse_std


def scaled(x_hat: Any, gain: Any, bias: Any) -> Any:
    """`x_hat` times `gain` plus `bias`, either of which may be None."""
    y = x_hat if gain is None else x_hat * gain
    return y if bias is None else y + bias


def over_channels(gain: Any, x: Any) -> Any:
    """A number for each channel, as an array that broadcasts to the shape of `x`; None stays."""
    return None if gain is None else np.reshape(gain, (1, -1) + (1,) * (np.ndim(x) - 2))


def batchnorm_adjoint_x(
    d: Any, normalized: Normalized, gain: Any = None, training: bool = True
) -> Any:
    """Adjoint of the input of a batch normalization, of whose result `d` is the adjoint.

    Parameters
    ----------
    d
        Shape ``(N, C, ...)``.
    normalized
        What was kept of the call.
    gain
        Shape ``(C,)``, or None.
    training
        Whether mean and variance were those of the batch.

    Returns
    -------
    array
        Shape ``(N, C, ...)``.
    """
    d_x_hat = d if gain is None else d * over_channels(gain, d)
    if not training:
        return d_x_hat * normalized.inverse_std
    return _centred(d_x_hat, normalized, (0, *range(2, np.ndim(d))))


def batchnorm_adjoint_gain(d: Any, normalized: Normalized) -> Any:
    """Adjoint of the gain of a batch normalization.

    Parameters
    ----------
    d
        Adjoint of the result, shape ``(N, C, ...)``.
    normalized
        What was kept of the call.

    Returns
    -------
    array
        Shape ``(C,)``.
    """
    return channel_sum(d * normalized.x_hat)


def batchnorm_adjoint_eps(d: Any, normalized: Normalized, gain: Any = None) -> Any:
    """Adjoint of what is added to the variance in a batch normalization.

    Parameters
    ----------
    d
        Adjoint of the result, shape ``(N, C, ...)``.
    normalized
        What was kept of the call.
    gain
        Shape ``(C,)``, or None.

    Returns
    -------
    number
        Of the dtype of `d`.
    """
    return layernorm_adjoint_eps(d, normalized, over_channels(gain, d))


def channel_sum(d: Any, bias: Any = None) -> Any:
    """The sum over all axes but that of the channels.

    Parameters
    ----------
    d
        Shape ``(N, C, ...)``.
    bias
        An array of `C` numbers, or None.

    Returns
    -------
    array
        Shape ``(C,)``, or that of `bias`.
    """
    total = np.sum(d, axis=(0, *range(2, np.ndim(d))))
    return total if bias is None else np.reshape(total, bias.shape)


def layernorm_adjoint_x(d: Any, normalized: Normalized, gain: Any = None, axis: Any = -1) -> Any:
    """Adjoint of the input of a layer normalization, of whose result `d` is the adjoint.

    Parameters
    ----------
    d
        Shape of the input.
    normalized
        What was kept of the call.
    gain
        An array that broadcasts to the shape of the input, or None.
    axis
        The axes that were normalized over.

    Returns
    -------
    array
        Shape of `d`.
    """
    return _centred(d if gain is None else d * gain, normalized, axis)


def layernorm_adjoint_eps(d: Any, normalized: Normalized, gain: Any = None) -> Any:
    """Adjoint of what is added to the variance in a layer normalization.

    Parameters
    ----------
    d
        Adjoint of the result, of its shape.
    normalized
        What was kept of the call.
    gain
        An array that broadcasts to this shape, or None.

    Returns
    -------
    number
        Of the dtype of `d`.
    """
    x_hat, inverse_std = normalized
    return -0.5 * np.sum((d if gain is None else d * gain) * x_hat * inverse_std**2)


def _centred(d_x_hat: Any, normalized: Normalized, axis: Any) -> Any:
    """The adjoint through mean and variance: what changes neither of them."""
    x_hat, inverse_std = normalized
    mean = np.mean(d_x_hat, axis=axis, keepdims=True)
    slope = np.mean(d_x_hat * x_hat, axis=axis, keepdims=True)
    return (d_x_hat - mean - x_hat * slope) * inverse_std


def check_normalized(operation: str, x: Any, axes: int, **operands: Any) -> None:
    """Refuse arrays that cannot be normalized, and gains and biases of another dtype.

    Raises
    ------
    OperandError
        With shapes and dtypes.
    """
    if not hasattr(x, "dtype") or x.ndim < axes or x.dtype.kind != "f":
        shape = getattr(x, "shape", None)
        raise OperandError(
            f"{operation} of {type(x).__name__} of shape {shape}, {getattr(x, 'dtype', 'no array')}",
            why=f"it takes float arrays with at least {axes} axes",
            instead="x.astype(np.float32), x.reshape(...)",
        )
    for name, value in operands.items():
        if value is not None and getattr(value, "dtype", None) != x.dtype:
            raise OperandError(
                f"{operation} of {x.dtype} of shape {x.shape} with {name} of "
                f"{getattr(value, 'dtype', type(value).__name__)}",
                why="there is one dtype for all: a silent conversion would cost time or precision",
                instead=f"{name}.astype(x.dtype)",
            )
