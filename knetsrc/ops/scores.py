"""From scores of classes to probabilities, losses and accuracy."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from knetsrc.errors import OperandError
from knetsrc.modules import array_module, on_device

Axis = int | tuple[int, ...] | None


def softmax(x: Any, axis: Axis = None) -> Any:
    """Exponentials of `x`, scaled to sum to one along `axis`.

    ``exp(x) / sum(exp(x))``, computed after subtracting the maximum, which does not change the
    value (Goodfellow, Bengio, Courville, "Deep Learning", section 4.1).

    Parameters
    ----------
    x
        Array of any shape.
    axis
        Axis or axes to normalize over; None for all of them.

    Returns
    -------
    array
        Shape and dtype of `x`.

    Examples
    --------
    >>> softmax(np.array([[0.0, 1000.0], [0.0, 1000.0]]), axis=0)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    exp_x = np.exp(x - np.max(x, axis=axis, keepdims=True))
    exp_x /= np.sum(exp_x, axis=axis, keepdims=True)
    return exp_x


def logsoftmax(x: Any, axis: Axis = None) -> Any:
    """Logarithm of `softmax`: log probabilities from scores.

    ``x - log(sum(exp(x)))``, safe for large scores of either sign. `logp` is the same function
    under Knet's name.

    Parameters
    ----------
    x
        Array of any shape: unnormalized log probabilities.
    axis
        Axis or axes to normalize over; None for all of them.

    Returns
    -------
    array
        Shape and dtype of `x`.

    Examples
    --------
    >>> logsoftmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


logp = logsoftmax


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` along `axis`, without overflow.

    Parameters
    ----------
    x
        Array of any shape.
    axis
        Axis or axes to sum over; None for all of them.
    keepdims
        Keep the axes summed over, with length 1.

    Returns
    -------
    array
        `x` without `axis`, in the dtype of `x`; ``-inf`` where all elements are ``-inf``.

    Examples
    --------
    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 4)  # 1000 + log(2)
    1000.6931
    """
    largest = np.max(x, axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):  # log(0) = -inf is right
        total = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis=axis)[()]


def nll(scores: Any, labels: Any, axis: int = 0) -> Any:
    """Mean negative log likelihood of the right classes: the loss of a classifier.

    ``-mean(logsoftmax(scores, axis)[label of each instance])``, as Knet's `nll`.

    Parameters
    ----------
    scores
        Unnormalized log probabilities, one for each class along `axis`: by default ``(classes,
        batch)``, an instance a column, as in Knet; ``(batch, classes)`` with ``axis=1``. Any
        further axes are instances too.
    labels
        Integers in ``range(classes)``, in the shape of `scores` without `axis`.
    axis
        The axis of the classes.

    Returns
    -------
    number
        A scalar in the dtype of `scores`.

    Raises
    ------
    OperandError
        If `labels` are no integers, of another shape, or outside ``range(classes)``.

    Examples
    --------
    >>> scores = np.array([[4.0, 0.0], [0.0, 4.0], [0.0, 0.0]])  # 3 classes, 2 instances
    >>> round(float(nll(scores, np.array([0, 1]))), 4)
    0.036
    """
    check_labels(np.shape(scores), labels, axis)
    index = np.expand_dims(labels, axis)
    return -np.mean(np.take_along_axis(logsoftmax(scores, axis), index, axis))


def onehot(labels: Any, classes: int, axis: int = 0, dtype: Any = np.float32) -> Any:
    """Labels as columns with a single 1.

    Parameters
    ----------
    labels
        Integers in ``range(classes)``, of any shape.
    classes
        Number of classes.
    axis
        Where the result has the axis of the classes.
    dtype
        The dtype of the result; float32 leaves that of any float array alone that it is combined
        with.

    Returns
    -------
    array
        The shape of `labels` with an axis of length `classes` put in: ``(classes, batch)`` by
        default.

    Raises
    ------
    OperandError
        If `labels` are no integers or outside ``range(classes)``.

    Examples
    --------
    >>> onehot(np.array([2, 0]), 3)
    array([[0., 1.],
           [0., 0.],
           [1., 0.]], dtype=float32)
    """
    shape = list(np.shape(labels))
    shape.insert(normalize_axis_index(axis, len(shape) + 1), classes)
    check_labels(tuple(shape), labels, axis)
    ones = array_module(labels).zeros(shape, dtype)
    np.put_along_axis(ones, np.expand_dims(labels, axis), 1, axis)
    return ones


def accuracy(scores: Any, labels: Any, axis: int = 0) -> float:
    """Share of the instances whose class with the highest score is the right one.

    Parameters
    ----------
    scores
        One score for each class along `axis`: ``(classes, batch)`` by default.
    labels
        Integers in ``range(classes)``, in the shape of `scores` without `axis`.
    axis
        The axis of the classes.

    Returns
    -------
    float
        In [0, 1]; of equal scores, the first counts.

    Raises
    ------
    OperandError
        If `labels` are no integers, of another shape, or outside ``range(classes)``.

    Examples
    --------
    >>> accuracy(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0, 0]))
    0.5
    """
    check_labels(np.shape(scores), labels, axis)
    return float(np.mean(np.argmax(scores, axis=axis) == labels))


def check_labels(shape: tuple[int, ...], labels: Any, axis: int) -> None:
    """Refuse labels that do not select one element along `axis` of an array of this shape.

    Raises
    ------
    OperandError
        If they are no integers, of another shape, or outside ``range(classes)``.
    """
    axis = normalize_axis_index(axis, len(shape))
    classes, instances = shape[axis], shape[:axis] + shape[axis + 1 :]
    values = labels if hasattr(labels, "dtype") else np.asarray(labels)
    if values.dtype.kind not in "iu" or values.shape != instances:
        raise OperandError(
            f"labels of shape {values.shape} and kind {values.dtype.kind!r} for scores of shape {shape}",
            why=f"the classes are along axis {axis}; each instance needs the number of its class",
            instead=f"integers of shape {instances}; for one-hot, np.argmax(labels, axis={axis})",
        )
    if on_device(values):  # to look at the numbers would be to wait for the device
        return
    # As unsigned integers negative ones are the largest: one pass for both ends.
    if values.size and values.view(f"u{values.itemsize}").max() >= classes:
        raise OperandError(
            f"labels from {values.min()} to {values.max()} for {classes} classes",
            why="classes are numbered from 0",
            instead=f"labels in range({classes})",
        )
