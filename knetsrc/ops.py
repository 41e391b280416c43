"""Operators of neural networks on plain arrays: what NumPy lacks, each with its derivative rule.

Arrays in, arrays out, in the dtype of the input; no state, no layer classes. Used like NumPy's own
functions, inside a function that is differentiated or outside of it:

    scores = w[1] @ relu(w[0] @ x + b[0]) + b[1]      # (classes, batch)
    loss = nll(scores, labels)                        # labels: (batch,) integers

The rules are in `knetsrc/adjoints/neural.py`.
"""

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from knetsrc.errors import KnetsrcError
from knetsrc.modules import array_module, on_device

__all__ = [
    "OperandError",
    "accuracy",
    "dropout",
    "dropout_mask",
    "logp",
    "logsoftmax",
    "logsumexp",
    "mat",
    "nll",
    "onehot",
    "relu",
    "sigm",
    "softmax",
]

Axis = int | tuple[int, ...] | None


class OperandError(KnetsrcError, ValueError):
    """An argument that an operator cannot work with."""


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
    return exp_x / np.sum(exp_x, axis=axis, keepdims=True)


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
    _check_labels(np.shape(scores), labels, axis)
    index = np.expand_dims(labels, axis)
    return -np.mean(np.take_along_axis(logsoftmax(scores, axis), index, axis))


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
    _check_labels(tuple(shape), labels, axis)
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
    _check_labels(np.shape(scores), labels, axis)
    return float(np.mean(np.argmax(scores, axis=axis) == labels))


def _check_labels(shape: tuple[int, ...], labels: Any, axis: int) -> None:
    """Refuse labels that do not select one element along `axis` of an array of this shape."""
    axis = normalize_axis_index(axis, len(shape))
    classes, instances = shape[axis], shape[:axis] + shape[axis + 1 :]
    kind = (labels if hasattr(labels, "dtype") else np.asarray(labels)).dtype.kind
    if kind not in "iu" or np.shape(labels) != instances:
        raise OperandError(
            f"labels of shape {np.shape(labels)} and kind {kind!r} for scores of shape {shape}",
            why=f"the classes are along axis {axis}; each instance needs the number of its class",
            instead=f"integers of shape {instances}; for one-hot, np.argmax(labels, axis={axis})",
        )
    if on_device(labels):  # to look at the numbers would be to wait for the device
        return
    if np.size(labels) and not (np.min(labels) >= 0 and np.max(labels) < classes):
        raise OperandError(
            f"labels from {np.min(labels)} to {np.max(labels)} for {classes} classes",
            why="classes are numbered from 0",
            instead=f"labels in range({classes})",
        )
