"""What the rules of the neural network operators call beside the operators themselves."""

from typing import Any

import numpy as np

from knetsrc.ops.scores import softmax

__all__ = ["onehot_like", "softmax"]


def onehot_like(scores: Any, labels: Any, axis: int) -> Any:
    """An array like `scores` with 1 for the right class of each instance and 0 elsewhere.

    Parameters
    ----------
    scores
        Array with one number for each class along `axis`.
    labels
        Integers in the shape of `scores` without `axis`.
    axis
        The axis of the classes.

    Returns
    -------
    array
        Shape and dtype of `scores`.
    """
    ones = np.zeros_like(scores)
    np.put_along_axis(ones, np.expand_dims(labels, axis), 1, axis)
    return ones
