"""Dropout, with a mask that is a value of its own."""

from typing import Any

import numpy as np

from knetsrc.errors import OperandError
from knetsrc.modules import array_module, on_device


def dropout(x: Any, p: float, rng: np.random.Generator) -> Any:
    """Elements of `x` set to zero with probability `p`, the others scaled by ``1 / (1 - p)``.

    For training only: leave the call out, or pass ``p=0``, when the model is used. The scaling
    keeps the expected value (Srivastava et al., "Dropout: a simple way to prevent neural networks
    from overfitting", JMLR 15, 2014).

    Parameters
    ----------
    x
        Array of any shape.
    p
        Probability that an element is dropped, in [0, 1).
    rng
        Source of the random numbers; each call draws new ones. For an array on a GPU that of its
        module, `cupy.random.default_rng(seed)`.

    Returns
    -------
    array
        Shape and dtype of `x`.

    Raises
    ------
    OperandError
        If `p` is not in [0, 1).

    Examples
    --------
    >>> dropout(np.ones(8), 0.5, np.random.default_rng(0))
    array([2., 2., 2., 0., 0., 0., 0., 0.])
    """
    return x * dropout_mask(x, p, rng)


def dropout_mask(x: Any, p: float, rng: np.random.Generator) -> Any:
    """What `dropout` multiplies `x` by: 0 with probability `p`, else ``1 / (1 - p)``.

    Parameters
    ----------
    x
        Array whose shape and dtype the mask takes.
    p
        Probability of a 0, in [0, 1).
    rng
        Source of the random numbers.

    Returns
    -------
    array
        A constant: no derivative goes through it.

    Raises
    ------
    OperandError
        If `p` is not in [0, 1).

    Examples
    --------
    >>> dropout_mask(np.ones((2, 2)), 0.0, np.random.default_rng(0))
    array([[1., 1.],
           [1., 1.]])
    """
    if not 0 <= p < 1:
        raise OperandError(
            f"dropout with p = {p}",
            why="an element is dropped with probability p; what is left is scaled by 1 / (1 - p)",
            instead="a number of at least 0 and less than 1",
        )
    drawn = rng.random(np.shape(x), dtype=np.float32)
    if on_device(x) and not on_device(drawn):
        raise OperandError(
            f"dropout of an array of {array_module(x).__name__} with random numbers of NumPy",
            why="they would have to be copied to the device at each call",
            instead=f"{array_module(x).__name__}.random.default_rng(seed)",
        )
    kept = drawn >= p if on_device(drawn) else np.asarray(drawn >= p)
    return kept.astype(getattr(x, "dtype", float)) / (1 - p)
