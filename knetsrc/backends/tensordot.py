"""Adjoints of tensordot and of kron, and of operands that were flattened.

Every function takes the adjoint `d` of a product and gives that of one operand, in its shape and
dtype.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from knetsrc.backends.arrays import beside, unbroadcast


def reshape_like(d: Any, x: Any) -> Any:
    """The elements of `d` in the shape and dtype of `x`: for an operand that was flattened.

    Parameters
    ----------
    d
        As many numbers as `x` has.
    x
        The operand.

    Returns
    -------
    array or number
        `d` itself where nothing has to be done.
    """
    return unbroadcast(
        d if np.shape(d) == np.shape(x) else np.reshape(beside(d, x), np.shape(x)), x
    )


def tensordot_adjoint_a(d: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """Adjoint of `a` in `np.tensordot(a, b, axes)`.

    Parameters
    ----------
    d
        Adjoint of the product.
    a, b
        The factors.
    axes
        As in `np.tensordot`: how many axes, or a pair of the axes of `a` and of `b`.

    Returns
    -------
    array
        In the shape and dtype of `a`.
    """
    a_axes, b_axes = _contracted(axes, np.ndim(a), np.ndim(b))
    a_free, b_free = _others(a_axes, np.ndim(a)), _others(b_axes, np.ndim(b))
    d_a = np.tensordot(beside(d, b), b, (range(len(a_free), np.ndim(d)), b_free))
    target = a_free + [a_axes[b_axes.index(axis)] for axis in sorted(b_axes)]
    return unbroadcast(d_a.transpose(_inverse(target)), a)


def tensordot_adjoint_b(d: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """Adjoint of `b` in `np.tensordot(a, b, axes)`.

    Parameters
    ----------
    d
        Adjoint of the product.
    a, b
        The factors.
    axes
        As in `np.tensordot`: how many axes, or a pair of the axes of `a` and of `b`.

    Returns
    -------
    array
        In the shape and dtype of `b`.
    """
    a_axes, b_axes = _contracted(axes, np.ndim(a), np.ndim(b))
    a_free, b_free = _others(a_axes, np.ndim(a)), _others(b_axes, np.ndim(b))
    d_b = np.tensordot(a, beside(d, a), (a_free, range(len(a_free))))
    target = [b_axes[a_axes.index(axis)] for axis in sorted(a_axes)] + b_free
    return unbroadcast(d_b.transpose(_inverse(target)), b)


def _contracted(axes: Any, a_rank: int, b_rank: int) -> tuple[list[int], list[int]]:
    if not isinstance(axes, Sequence):
        return list(range(a_rank - axes, a_rank)), list(range(axes))
    a_axes, b_axes = ([part] if np.ndim(part) == 0 else list(part) for part in axes)
    return [axis % a_rank for axis in a_axes], [axis % b_rank for axis in b_axes]


def _others(axes: list[int], rank: int) -> list[int]:
    return [axis for axis in range(rank) if axis not in axes]


def _inverse(permutation: list[int]) -> list[int]:
    return sorted(range(len(permutation)), key=permutation.__getitem__)


def kron_adjoint_a(d: Any, a: Any, b: Any) -> Any:
    """Adjoint of `a` in `np.kron(a, b)`.

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
    if np.ndim(b) == 0:
        return reshape_like(d * b, a)
    blocks, _, b_shape = _kron_blocks(d, a, b)
    b_axes = range(1, blocks.ndim, 2)
    d_a = np.tensordot(blocks, np.reshape(b, b_shape), (b_axes, range(len(b_shape))))
    return reshape_like(d_a, a)


def kron_adjoint_b(d: Any, a: Any, b: Any) -> Any:
    """Adjoint of `b` in `np.kron(a, b)`.

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
    if np.ndim(a) == 0:
        return reshape_like(d * a, b)
    blocks, a_shape, _ = _kron_blocks(d, a, b)
    a_axes = range(0, blocks.ndim, 2)
    d_b = np.tensordot(blocks, np.reshape(a, a_shape), (a_axes, range(len(a_shape))))
    return reshape_like(d_b, b)


def _kron_blocks(d: Any, a: Any, b: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """`d` with each axis split into that of `a` and that of `b`; both shapes padded to one rank."""
    rank = max(np.ndim(a), np.ndim(b))
    a_shape = (1,) * (rank - np.ndim(a)) + np.shape(a)
    b_shape = (1,) * (rank - np.ndim(b)) + np.shape(b)
    blocks = np.reshape(d, [n for pair in zip(a_shape, b_shape, strict=True) for n in pair])
    return blocks, a_shape, b_shape
