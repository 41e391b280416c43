"""Convolution in one, two and three dimensions, as Knet and as PyTorch write it."""

from typing import Any

from knetsrc.backends.convolution import convolved, deconvolved, with_bias

Padding = int | tuple[int, ...] | tuple[tuple[int, int], ...]
PerAxis = int | tuple[int, ...]


def conv(
    x: Any,
    w: Any,
    padding: Padding = 0,
    stride: PerAxis = 1,
    dilation: PerAxis = 1,
    groups: int = 1,
    bias: Any = None,
) -> Any:
    """Cross-correlation of images with filters, in the argument order of PyTorch and JAX.

    ``y[n, o, i] = sum over c, k of w[o, c, k] * x[n, c, stride * i + dilation * k - padding]``, for
    one to three spatial axes. The filter is not flipped, as in `torch.nn.functional.conv2d`; Knet's
    `conv4` flips it.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)`` with one to three spatial axes, float32 or float64.
    w
        Filters, shape ``(O, C / groups, ...)``, of the dtype of `x`.
    padding
        Zeros around the images: a number, one for each spatial axis, or a pair (before, after) for
        each.
    stride
        Steps between places of the filter: a number, or one for each spatial axis.
    dilation
        Steps between the elements that a filter meets: a number, or one for each spatial axis.
    groups
        Number of groups that the channels are divided into; each has filters of its own.
    bias
        A number that is added to each of the `O` channels, of any shape and the dtype of `x`. The
        sum takes no memory and less time than one that is written out.

    Returns
    -------
    array
        Shape ``(N, O, ...)``, each spatial size ``(X + padding before and after - dilation * (W -
        1) - 1) // stride + 1``.

    Raises
    ------
    OperandError
        If shapes, dtypes or options do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1.0, 8.0).reshape(1, 1, 7)
    >>> conv(x, np.array([[[3.0, 2.0, 1.0]]]))
    array([[[10., 16., 22., 28., 34.]]])
    """
    return with_bias(convolved(x, w, padding, stride, dilation, groups), bias)


def conv4(
    w: Any,
    x: Any,
    padding: Padding = 0,
    stride: PerAxis = 1,
    dilation: PerAxis = 1,
    groups: int = 1,
    mode: str = "conv",
    bias: Any = None,
) -> Any:
    """Convolution of images with filters, in the argument order of Knet: filters first.

    The filters are flipped along their spatial axes, as mathematics defines a convolution; with
    ``mode="xcorr"`` they are not, as in PyTorch. Axes are in the opposite order of Knet's, whose
    arrays are column-major.

    Parameters
    ----------
    w
        Filters, shape ``(O, C / groups, ...)``, of the dtype of `x`.
    x
        Images, shape ``(N, C, ...)`` with one to three spatial axes, float32 or float64.
    padding, stride, dilation, groups
        As in `conv`.
    mode
        ``"conv"``, flipped filters, or ``"xcorr"``, cross-correlation.
    bias
        As in `conv`.

    Returns
    -------
    array
        Shape ``(N, O, ...)``, sizes as in `conv`.

    Raises
    ------
    OperandError
        If shapes, dtypes or options do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[[1.0, 2.0, 3.0]]])
    >>> x = np.arange(1.0, 8.0).reshape(1, 1, 7)
    >>> conv4(w, x)
    array([[[10., 16., 22., 28., 34.]]])
    >>> conv4(w, x, padding=1, stride=3)
    array([[[ 4., 22., 32.]]])
    """
    return with_bias(convolved(x, w, padding, stride, dilation, groups, mode), bias)


def deconv4(
    w: Any,
    x: Any,
    padding: Padding = 0,
    stride: PerAxis = 1,
    dilation: PerAxis = 1,
    groups: int = 1,
    mode: str = "conv",
) -> Any:
    """Transposed convolution: what `conv4` with the same filters and options does to adjoints.

    It takes images of the shape that `conv4` gives to the shape that `conv4` takes, the smallest
    such. With ``mode="xcorr"`` it is `torch.nn.functional.conv_transpose2d` with `x` and `w`
    exchanged (and no output padding).

    Parameters
    ----------
    w
        Filters, shape ``(O, C / groups, ...)``: `O` is the number of channels of `x`.
    x
        Images, shape ``(N, O, ...)``, float32 or float64.
    padding
        How much is taken away around the result; given as in `conv`.
    stride, dilation, groups, mode
        As in `conv4`.

    Returns
    -------
    array
        Shape ``(N, C, ...)``, each spatial size ``stride * (X - 1) + dilation * (W - 1) + 1 -
        padding before and after``.

    Raises
    ------
    OperandError
        If shapes, dtypes or options do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[[3.0, 2.0, 1.0]]])
    >>> deconv4(w, np.array([[[1.0, 10.0]]]), stride=3)
    array([[[ 1.,  2.,  3., 10., 20., 30.]]])
    """
    return deconvolved(x, w, padding, stride, dilation, groups, mode)
