"""Functions of each element."""

from typing import Any

import numpy as np


def relu(x: Any) -> Any:
    """Rectifier, ``max(x, 0)`` element by element.

    Parameters
    ----------
    x
        Array of any shape, or a number.

    Returns
    -------
    array
        Shape and dtype of `x`. The derivative at exactly 0 is taken as 0.

    Examples
    --------
    >>> relu(np.array([-1.5, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


def sigm(x: Any) -> Any:
    """Logistic function, ``1 / (1 + exp(-x))`` element by element.

    Parameters
    ----------
    x
        Array of any shape, or a number.

    Returns
    -------
    array
        Shape and dtype of `x`, in [0, 1]; large arguments of either sign neither overflow nor warn.

    Examples
    --------
    >>> sigm(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore"):  # exp(-x) = inf gives 0, which is right
        return 1 / (1 + np.exp(-x))
