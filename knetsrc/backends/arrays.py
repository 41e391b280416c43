"""What generated source calls at run time to fit adjoints to the shapes and structures of the values they belong to."""

from typing import Any

import numpy as np


def unbroadcast(d: Any, x: Any) -> Any:
    """The adjoint `d` of a broadcast operand `x`, in the shape and dtype of `x`.

    Sums over the axes along which `x` was repeated, and repeats along those along which `d` is one number for many.

    Parameters
    ----------
    d
        Adjoint of the result of a broadcasting operation, an array or a number.
    x
        The operand.

    Returns
    -------
    array or number
        `d` itself where nothing has to be done.
    """
    try:
        if d.shape == x.shape and d.dtype == x.dtype:
            return d
    except AttributeError:
        if not hasattr(d, "shape") and isinstance(x, float):
            return d
    shape = np.shape(x)
    if np.shape(d) != shape:
        extra = np.ndim(d) - len(shape)
        if extra > 0:
            d = d.sum(axis=tuple(range(extra)))
        repeated = tuple(i for i, n in enumerate(np.shape(d)) if n != 1 and shape[len(shape) - np.ndim(d) + i] == 1)
        if repeated:
            d = d.sum(axis=repeated, keepdims=True)
        if np.shape(d) != shape:
            repeated = np.empty(shape, getattr(x, "dtype", float))
            repeated[...] = d
            return repeated
    dtype = getattr(x, "dtype", None)
    return d.astype(dtype) if dtype is not None and getattr(d, "dtype", None) != dtype and dtype.kind == "f" and hasattr(d, "astype") else d


def like(d: Any, x: Any) -> Any:
    """The adjoint `d`, repeated to the shape of `x`: what a reduction hands back to each element it has read."""
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        return d
    if d is not x and getattr(d, "shape", None) == x.shape and d.dtype == dtype:
        return d
    repeated = np.empty_like(x)
    repeated[...] = d
    return repeated
