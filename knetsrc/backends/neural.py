"""What the rules of the neural network operators call beside the operators themselves."""

from typing import Any

import numpy as np

from knetsrc.modules import array_module
from knetsrc.ops.activations import sigm
from knetsrc.ops.scores import check_labels, softmax

__all__ = ["sigm", "softmax", "softmax_minus_onehot"]


def softmax_minus_onehot(scores: Any, labels: Any, axis: int) -> Any:
    """``softmax(scores, axis)`` less 1 for the right class of each instance.

    It is the derivative of the negative log likelihood with respect to the scores (Bishop, "Pattern
    Recognition and Machine Learning", equation 4.109).

    Parameters
    ----------
    scores
        Array with one number for each class along `axis`.
    labels
        Integers in ``range(classes)``, in the shape of `scores` without `axis`.
    axis
        The axis of the classes.

    Returns
    -------
    array
        Shape and dtype of `scores`.

    Raises
    ------
    OperandError
        If `labels` are no integers, of another shape, or outside ``range(classes)``.
    """
    check_labels(np.shape(scores), labels, axis)
    found = softmax(scores, axis)
    if found.ndim == 2:
        instances = array_module(found).arange(len(labels))
        found[(labels, instances) if axis in (0, -2) else (instances, labels)] -= 1
    else:
        index = np.expand_dims(labels, axis)
        right = np.take_along_axis(found, index, axis)
        np.put_along_axis(found, index, right - 1, axis)
    return found
