"""Adjoints of products of arrays: what generated source calls where the ranks of the operands are
not known.

Every function takes the adjoint `d` of a product and gives that of one operand, in its shape and
dtype. With indices written out each of them is the same sum: y_o = sum a_i b_j gives d_i = sum d_o
b_j over all indices that are not in i.
"""

import math
from typing import Any

import numpy as np

from knetsrc.backends.arrays import beside, unbroadcast
from knetsrc.backends.tensordot import tensordot_adjoint_a, tensordot_adjoint_b


def matmul_adjoint_a(d: Any, a: Any, b: Any) -> Any:
    """Adjoint of `a` in `a @ b`.

    Parameters
    ----------
    d
        Adjoint of the product. Where it is larger than the product (which was repeated afterwards)
        it is summed; where it is smaller (one number for many) it is repeated.
    a, b
        The factors, of any ranks that `@` takes.

    Returns
    -------
    array
        In the shape and dtype of `a`.
    """
    try:
        if a.ndim == 2 == b.ndim == d.ndim and len(d) == len(a):
            d_a = d @ b.T
            if d_a.dtype is a.dtype:
                return d_a
        elif a.ndim == 2 and b.ndim == 1 == d.ndim and len(d) == len(a):
            d_a = d[:, None] * b
            if d_a.dtype is a.dtype:
                return d_a
        elif a.ndim == 1 == b.ndim and not d.ndim:
            d_a = d * b
            if d_a.dtype is a.dtype:
                return d_a
    except (AttributeError, ValueError):  # a number, or fewer columns than the product
        pass
    d = _fit(beside(d, a, b), _matmul_shape(a.shape, b.shape))
    if b.ndim == 1:
        d_a = np.expand_dims(d, -1) * b
    elif a.ndim == 1:
        d_a = (b @ d[..., None])[..., 0]
    elif b.ndim == 2:
        d_a = (_rows(d) @ b.T).reshape(a.shape)
    else:
        d_a = d @ b.swapaxes(-1, -2)
    return unbroadcast(d_a, a)


def matmul_adjoint_b(d: Any, a: Any, b: Any) -> Any:
    """Adjoint of `b` in `a @ b`.

    Parameters
    ----------
    d
        Adjoint of the product; larger or smaller than it as in `matmul_adjoint_a`.
    a, b
        The factors, of any ranks that `@` takes.

    Returns
    -------
    array
        In the shape and dtype of `b`.
    """
    try:
        if a.ndim == 2:  # then d_b has the shape of b only if d has that of the product
            d_b = a.T @ d
            if d_b.shape == b.shape and d_b.dtype is b.dtype:
                return d_b
        elif a.ndim == 1 == b.ndim and not d.ndim:
            d_b = d * a
            if d_b.dtype is b.dtype:
                return d_b
    except (AttributeError, ValueError):  # a number, or fewer rows than the product
        pass
    d = _fit(beside(d, a, b), _matmul_shape(a.shape, b.shape))
    if a.ndim == 1:
        d_b = d * a if b.ndim == 1 else a[:, None] * d[..., None, :]
    elif b.ndim == 1:
        d_b = d.reshape(-1) @ _rows(a)
    elif b.ndim == 2:
        d_b = _rows(a).T @ _rows(d)
    else:
        d_b = a.swapaxes(-1, -2) @ d
    return unbroadcast(d_b, b)


def _matmul_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    if len(b) <= 2:
        return (*a[:-1], *b[1:])
    batch = np.broadcast_shapes(a[:-2], b[:-2])
    return (*batch, *a[-2:-1], b[-1])


def _rows(x: Any) -> Any:
    """The vectors along the last axis as rows of one matrix: one large product, not many small."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _fit(d: Any, shape: tuple[int, ...]) -> Any:
    """Sum `d` over what was repeated from `shape`, repeat it where it is one number for many."""
    if np.shape(d) == shape:
        return d
    extra = np.ndim(d) - len(shape)
    if extra > 0:
        d = d.sum(axis=tuple(range(extra)))
    missing = len(shape) - np.ndim(d)
    repeated = tuple(i for i, n in enumerate(np.shape(d)) if n != 1 == shape[missing + i])
    if repeated:
        d = d.sum(axis=repeated, keepdims=True)
    return np.broadcast_to(d, shape)


def dot_adjoint_a(d: Any, a: Any, b: Any) -> Any:
    """Adjoint of `a` in `np.dot(a, b)`, for operands of any rank.

    Parameters
    ----------
    d
        Adjoint of the product.
    a, b
        The factors.

    Returns
    -------
    array or number
        In the shape and dtype of `a`.
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(d * b, a)
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul_adjoint_a(d, a, b)
    return tensordot_adjoint_a(d, a, b, (-1, max(-2, -b.ndim)))


def dot_adjoint_b(d: Any, a: Any, b: Any) -> Any:
    """Adjoint of `b` in `np.dot(a, b)`, for operands of any rank.

    Parameters
    ----------
    d
        Adjoint of the product.
    a, b
        The factors.

    Returns
    -------
    array or number
        In the shape and dtype of `b`.
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(d * a, b)
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul_adjoint_b(d, a, b)
    return tensordot_adjoint_b(d, a, b, (-1, max(-2, -b.ndim)))


def inner_adjoint(d: Any, x: Any, other: Any, first: bool = True) -> Any:
    """Adjoint of the operand `x` of `np.inner`.

    Parameters
    ----------
    d
        Adjoint of the product.
    x, other
        The operand asked for, and the other one.
    first
        Whether `x` is the first operand.

    Returns
    -------
    array or number
        In the shape and dtype of `x`.
    """
    if np.ndim(x) == 0 or np.ndim(other) == 0:
        return unbroadcast(d * other, x)
    if first:
        return tensordot_adjoint_a(d, x, other, (-1, -1))
    return tensordot_adjoint_b(d, other, x, (-1, -1))


def vecdot_adjoint(d: Any, x: Any, other: Any, axis: int = -1) -> Any:
    """Adjoint of the operand `x` of `np.vecdot`, which is symmetric in its operands.

    Parameters
    ----------
    d
        Adjoint of the product.
    x, other
        The operand asked for, and the other one.
    axis
        The axis that is summed over, counted in each operand by itself.

    Returns
    -------
    array
        In the shape and dtype of `x`.
    """
    product = np.expand_dims(beside(d, x), -1) * np.moveaxis(other, axis, -1)
    return np.moveaxis(unbroadcast(product, np.moveaxis(x, axis, -1)), -1, axis)


def cross_adjoint_a(
    d: Any,
    a: Any,
    b: Any,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Any:
    """Adjoint of `a` in `np.cross(a, b)`: the vector product of `b` and `d`.

    Parameters
    ----------
    d
        Adjoint of the product.
    a, b
        Vectors of two or three components.
    axisa, axisb, axisc, axis
        The axes of the components, as in `np.cross`.

    Returns
    -------
    array
        In the shape and dtype of `a`.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a_vectors, b_vectors = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if a_vectors.shape[-1] == b_vectors.shape[-1] == 2:
        d_a = np.stack([d * b_vectors[..., 1], -d * b_vectors[..., 0]], axis=-1)
    else:
        product = np.cross(_in_space(b_vectors), np.moveaxis(d, axisc, -1))
        d_a = product[..., : a_vectors.shape[-1]]
    return np.moveaxis(unbroadcast(d_a, a_vectors), -1, axisa)


def cross_adjoint_b(
    d: Any,
    a: Any,
    b: Any,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Any:
    """Adjoint of `b` in `np.cross(a, b)`, which is minus `np.cross(b, a)`.

    Parameters
    ----------
    d
        Adjoint of the product.
    a, b
        Vectors of two or three components.
    axisa, axisb, axisc, axis
        The axes of the components, as in `np.cross`.

    Returns
    -------
    array
        In the shape and dtype of `b`.
    """
    return cross_adjoint_a(-d, b, a, axisb, axisa, axisc, axis)


def _in_space(vectors: Any) -> Any:
    """Vectors of the plane as vectors of space, with a third component of zero."""
    if vectors.shape[-1] == 3:
        return vectors
    return np.concatenate([vectors, np.zeros_like(vectors[..., :1])], axis=-1)
