"""Matrices from arrays of instances, and products of many matrices."""

import math
from typing import Any

import numpy as np

from knetsrc.errors import OperandError


def mat(x: Any) -> Any:
    """`x` as a matrix: all axes but the first, the batch, flattened into one.

    Parameters
    ----------
    x
        Array of shape ``(batch, ...)``.

    Returns
    -------
    array
        Shape ``(batch, size of an instance)``; of an array with one axis, ``(batch, 1)``.

    Examples
    --------
    >>> mat(np.zeros((100, 3, 32, 32))).shape
    (100, 3072)
    """
    return np.reshape(x, (len(x), math.prod(np.shape(x)[1:])))


def bmm(a: Any, b: Any) -> Any:
    """Product of each matrix of one batch with that of another one, as `torch.bmm`.

    Parameters
    ----------
    a
        Shape ``(..., n, k)``, at least three axes.
    b
        Shape ``(..., k, m)`` with the same leading axes; use ``a @ b`` where they broadcast.

    Returns
    -------
    array
        Shape ``(..., n, m)``.

    Raises
    ------
    OperandError
        If the shapes do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> bmm(np.ones((5, 2, 3)), np.ones((5, 3, 4))).shape
    (5, 2, 4)
    """
    a_shape: tuple[int, ...] = getattr(a, "shape", ())
    b_shape: tuple[int, ...] = getattr(b, "shape", ())
    is_batch = len(a_shape) > 2 and a_shape[:-2] == b_shape[:-2]
    if not is_batch or a_shape[-1] != b_shape[-2]:
        raise OperandError(
            f"bmm of shapes {a_shape} and {b_shape}",
            why="both are batches of as many matrices, (..., n, k) and (..., k, m)",
            instead="a @ b, for matrices or for batches that broadcast",
        )
    return a @ b
