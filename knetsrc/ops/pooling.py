"""Pooling: one number for each window of an image, and back."""

from typing import Any

from knetsrc.backends.pooling import max_pooled, pooled, unpooled
from knetsrc.ops.convolution import Padding, PerAxis


def pool(
    x: Any,
    window: PerAxis = 2,
    padding: Padding = 0,
    stride: PerAxis | None = None,
    mode: str = "max",
    ceil: bool = True,
) -> Any:
    """The maximum or the mean of each window of an image.

    Sizes are rounded up by default, as in Knet, where PyTorch rounds down: a last window that
    sticks out of the image takes what is there. With ``ceil=False`` sizes and values are those of
    `torch.nn.functional.max_pool2d` and `avg_pool2d`.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)`` with one to three spatial axes, float32 or float64.
    window
        Size of a window: a number, or one for each spatial axis.
    padding
        What is put around the images, less than a window: a number, one for each spatial axis, or a
        pair (before, after) for each. A maximum leaves it out.
    stride
        Steps between windows; by default they touch.
    mode
        ``"max"``; ``"avg"``, the mean with the padding as zeros; ``"avg_exclude_pad"``, the mean
        of what lies in the image. What sticks out of the padding is left out in any case.
    ceil
        Whether a size that is no whole number is rounded up or down.

    Returns
    -------
    array
        Shape ``(N, C, ...)``, each spatial size ``ceil((X + padding before and after - window) /
        stride) + 1``, less one if the last window would lie in the padding alone. A NaN in a window
        makes its maximum NaN; of equal elements the first has the derivative.

    Raises
    ------
    OperandError
        If shapes or options do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1.0, 7.0).reshape(1, 1, 6)
    >>> pool(x)
    array([[[2., 4., 6.]]])
    >>> pool(x, padding=1, mode="avg")
    array([[[0.5, 2.5, 4.5, 3. ]]])
    >>> pool(x, window=4), pool(x, window=4, ceil=False)
    (array([[[4., 6.]]]), array([[[4.]]]))
    """
    return pooled(x, window, padding, stride, mode, ceil)


def pool_with_winners(
    x: Any,
    window: PerAxis = 2,
    padding: Padding = 0,
    stride: PerAxis | None = None,
    mode: str = "max",
    ceil: bool = True,
) -> tuple[Any, Any]:
    """`pool`, and the place of each maximum in its window: what the gradient of `pool` keeps.

    Parameters
    ----------
    x, window, padding, stride, mode, ceil
        As in `pool`.

    Returns
    -------
    y, winners
        What `pool` gives; places in row-major order, in bytes where these suffice, and None for a
        mean.

    Examples
    --------
    >>> import numpy as np
    >>> pool_with_winners(np.array([[[1.0, 2.0, 4.0, 3.0]]]))
    (array([[[2., 4.]]]), array([[[1, 0]]], dtype=uint8))
    """
    if mode == "max":
        return max_pooled(x, window, padding, stride, ceil)
    return pooled(x, window, padding, stride, mode, ceil), None


def unpool(
    x: Any,
    window: PerAxis = 2,
    padding: Padding = 0,
    stride: PerAxis | None = None,
) -> Any:
    """The reverse of `pool`: each number in every place of its window.

    Of windows that touch, ``pool(unpool(x))`` is `x` again, in any mode; where windows overlap, the
    numbers add up.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)`` with one to three spatial axes, float32 or float64.
    window, padding, stride
        As in `pool`; padding is taken away from the result.

    Returns
    -------
    array
        Shape ``(N, C, ...)``, each spatial size ``(X - 1) * stride + window - padding before and
        after``.

    Raises
    ------
    OperandError
        If shapes or options do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> unpool(np.array([[[1.0, 2.0]]]))
    array([[[1., 1., 2., 2.]]])
    """
    return unpooled(x, window, padding, stride)
