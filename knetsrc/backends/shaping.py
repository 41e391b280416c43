"""Adjoints of functions that move, repeat, join or split elements.

Throughout, `d` is the adjoint of the result.
"""

import operator
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from knetsrc.backends.arrays import Entries, unbroadcast
from knetsrc.backends.indexing import add_at
from knetsrc.backends.tensordot import reshape_like
from knetsrc.errors import KnetsrcError
from knetsrc.modules import array_module


def inverse_axes(axes: Any) -> Any:
    """The permutation that undoes `axes`, given as function or method `transpose` takes them."""
    while (
        isinstance(axes, Sequence)
        and len(axes) == 1
        and (axes[0] is None or isinstance(axes[0], Sequence))
    ):
        axes = axes[0]
    if axes is None or (isinstance(axes, tuple) and not axes):
        return None
    return tuple(int(i) for i in np.argsort([axis % len(axes) for axis in axes]))


def rolled_position(a: Any, axis: int, start: int = 0) -> int:
    """Where `numpy.rollaxis` has moved `axis` to."""
    axis, start = axis % np.ndim(a), start + np.ndim(a) if start < 0 else start
    return start - 1 if axis < start else start


def opposite_shift(shift: Any) -> Any:
    """What `numpy.roll` must be given to undo `shift`, a number or one for each axis."""
    return -shift if np.ndim(shift) == 0 else tuple(-places for places in shift)


def layout_of(a: Any, order: str) -> str:
    """The order, "C" or "F", in which `numpy.ravel` and `numpy.reshape` read `a`."""
    if order in ("C", "F"):
        return order
    if np.ndim(a) < 2 or a.flags.c_contiguous:
        return "C"
    if a.flags.f_contiguous:
        return "F"
    if order == "A":
        return "C"
    raise KnetsrcError(
        f"order={order!r} of an array that is not contiguous",
        why="the order in which its elements lie in memory is not known to the derivative rule",
        instead="order='C'",
    )


def through_dtype(d: Any, dtype: Any) -> Any:
    """The adjoint `d` of values converted to `dtype`: zero for a dtype of integers or booleans."""
    return d if dtype is None or np.dtype(dtype).kind in "fc" else np.zeros_like(d)


def nested_like(d: Any, x: Any) -> Any:
    """The array `d` taken apart as the nested lists `x` that an array was made from.

    Parameters
    ----------
    d
        Adjoint of `numpy.array(x)`.
    x
        An array, a number, or a list or tuple of these, nested to any depth.

    Returns
    -------
    array, number or list
        The structure of `x`, a list for each list or tuple.
    """
    if isinstance(x, list | tuple):
        return Entries([nested_like(d[i], part) for i, part in enumerate(x)])
    return unbroadcast(d, x)


def unlisted(d: Any, x: Any) -> Any:
    """The adjoint of the array `x`, of which nested lists have been made, for that of the lists."""
    return unbroadcast(array_module(x).asarray(d).reshape(np.shape(x)), x)


def each_unbroadcast(d: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    """`unbroadcast` of each adjoint for its array."""
    return [unbroadcast(part, array) for part, array in zip(d, arrays, strict=True)]


def each_reshaped(d: Any, arrays: Sequence[Any]) -> list[Any]:
    """Adjoints of `arrays` in their own shapes; of a single array, `d` is the one adjoint."""
    parts = [d] if len(arrays) == 1 else d
    return [reshape_like(part, array) for part, array in zip(parts, arrays, strict=True)]


def meshgrid_adjoint_xi(d: Sequence[Any], xi: Sequence[Any], indexing: str = "xy") -> list[Any]:
    """Adjoints of the coordinates of `numpy.meshgrid`: the first two axes have traded places, unless `indexing` is "ij"."""
    is_traded = indexing == "xy" and len(xi) > 1
    return [
        _along(part, (1 - i) if i < 2 and is_traded else i, x)
        for i, (part, x) in enumerate(zip(d, xi, strict=True))
    ]


def _along(d: Any, axis: int, x: Any) -> Any:
    return reshape_like(d.sum(axis=tuple(i for i in range(d.ndim) if i != axis)), x)


def repeat_adjoint_a(d: Any, a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Adjoint of `numpy.repeat`: the sum over the copies of each element."""
    if axis is None:
        return reshape_like(repeat_adjoint_a(d, np.ravel(a), repeats, 0), a)
    n = np.shape(a)[axis]
    if np.size(repeats) == 1:
        axis %= np.ndim(a)
        shape = np.shape(a)
        copies = int(np.reshape(repeats, ()))
        return np.sum(
            np.reshape(d, (*shape[: axis + 1], copies, *shape[axis + 1 :])), axis=axis + 1
        )
    d_a = np.zeros_like(a)
    add_at(
        np.moveaxis(d_a, axis, 0),
        np.repeat(array_module(repeats).arange(n), repeats),
        np.moveaxis(d, axis, 0),
    )
    return d_a


def resize_adjoint_a(d: Any, a: Any) -> Any:
    """Adjoint of `numpy.resize`: the sum over the copies of each element."""
    flat, size = np.ravel(d), np.size(a)
    rows = -(-flat.size // max(size, 1))
    padded = np.pad(flat, (0, rows * size - flat.size)) if size else flat[:0]
    return reshape_like(np.reshape(padded, (rows, size)).sum(axis=0), a)


def tile_adjoint_A(d: Any, A: Any, reps: Any) -> Any:
    """Adjoint of `numpy.tile`: the sum over the copies of each element."""
    reps = tuple(reps) if np.ndim(reps) else (reps,)
    shape = np.shape(A)
    ndim = max(len(reps), len(shape))
    reps = (1,) * (ndim - len(reps)) + reps
    sizes = (1,) * (ndim - len(shape)) + shape
    blocks = np.reshape(d, [n for pair in zip(reps, sizes, strict=True) for n in pair])
    return reshape_like(np.sum(blocks, axis=tuple(range(0, 2 * ndim, 2))), A)


def pad_interior(array: Any, pad_width: Any) -> tuple[slice, ...]:
    """The index of the elements of `array` in its padded version."""
    widths = _pad_pairs(array, pad_width)
    return tuple(
        slice(before, before + n) for (before, _), n in zip(widths, np.shape(array), strict=True)
    )


def pad_adjoint_array(d: Any, array: Any, pad_width: Any, mode: Any) -> Any:
    """Adjoint of `numpy.pad` in modes that copy elements: the sum over the copies of each."""
    if mode == "constant":
        return d[pad_interior(array, pad_width)]
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise KnetsrcError(
            f"numpy.pad with mode={mode!r}",
            why="its derivative rule is written for modes that copy elements, or pad with a constant",
            instead="compute what is padded with, and join it by np.concatenate",
        )
    xp = array_module(array)
    numbers = xp.arange(np.size(array)).reshape(np.shape(array))
    source = np.pad(numbers, _pad_pairs(array, pad_width), mode)
    d_array = np.zeros_like(array, order="C")  # so that reshape gives a view
    xp.add.at(d_array.reshape(-1), source.reshape(-1), np.reshape(d, -1))
    return d_array


def pad_adjoint_constant_values(d: Any, array: Any, pad_width: Any, constant_values: Any) -> Any:
    """Adjoint of the `constant_values` of `numpy.pad`: sums over what was put around `array`.

    The last axis was padded last: its values are in the corners.
    """
    xp = array_module(array)
    d_sides = xp.zeros((np.ndim(array), 2), getattr(constant_values, "dtype", d.dtype))
    interior = pad_interior(array, pad_width)
    for axis in reversed(range(np.ndim(array))):
        along = np.moveaxis(d, axis, 0)
        inside = interior[axis]
        d_sides[axis, 0] = np.sum(along[: inside.start])
        d_sides[axis, 1] = np.sum(along[inside.stop :])
        d = np.moveaxis(along[inside], 0, axis)
    return unbroadcast(d_sides, constant_values)


def _pad_pairs(array: Any, pad_width: Any) -> list[tuple[int, int]]:
    ndim = np.ndim(array)
    if isinstance(pad_width, dict):
        given = {operator.index(axis) % ndim: width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(i, 0), 2) for i in range(ndim)]
    return [(int(before), int(after)) for before, after in np.broadcast_to(pad_width, (ndim, 2))]


def split_like(d: Any, arrays: Any, axis: int | None = 0) -> Any:
    """Adjoint of `numpy.concatenate`: the pieces of `d` that the `arrays` have become.

    Parameters
    ----------
    d
        Adjoint of the joined array.
    arrays
        A list or tuple of what was joined, or an array whose first axis was.
    axis
        Axis along which they were joined; None if they were flattened first.

    Returns
    -------
    list of arrays, or array
        Each in the shape of the array that it belongs to; an array if `arrays` is one.
    """
    if axis is None:
        return _pieces(np.reshape(d, -1), arrays, [np.size(array) for array in arrays], 0)
    if type(arrays) is list and all(type(array) is np.ndarray for array in arrays):
        return _slices(d, arrays, axis)
    return _pieces(d, arrays, [np.shape(array)[axis] for array in arrays], axis)


def _slices(d: Any, arrays: list[Any], axis: int) -> list[Any]:
    """The pieces of `d` for a list of arrays; views, so that this costs no more than slices by hand."""
    before = (slice(None),) * (axis % d.ndim) if axis else ()
    pieces = []
    start = 0
    for array in arrays:
        stop = start + array.shape[axis]
        piece = d[(*before, slice(start, stop))] if before else d[start:stop]
        pieces.append(piece if piece.dtype is array.dtype else unbroadcast(piece, array))
        start = stop
    return pieces


def vsplit_like(d: Any, arrays: Any) -> Any:
    """Adjoint of `numpy.vstack`: the rows of `d` that the `arrays` have become."""
    return _pieces(d, arrays, [np.atleast_2d(array).shape[0] for array in arrays], 0)


def hsplit_like(d: Any, arrays: Any) -> Any:
    """Adjoint of `numpy.hstack`: the columns, or parts of a vector, that `arrays` have become."""
    axis = min(np.ndim(d) - 1, 1)
    return _pieces(d, arrays, [np.atleast_1d(array).shape[axis] for array in arrays], axis)


def dsplit_like(d: Any, arrays: Any) -> Any:
    """Adjoint of `numpy.dstack`: the parts along the third axis that `arrays` have become."""
    return _pieces(d, arrays, [np.atleast_3d(array).shape[2] for array in arrays], 2)


def columns_like(d: Any, arrays: Any) -> Any:
    """Adjoint of `numpy.column_stack`: the columns that `arrays` have become, one for a vector."""
    return _pieces(
        d, arrays, [1 if np.ndim(array) < 2 else np.shape(array)[1] for array in arrays], 1
    )


def _pieces(d: Any, arrays: Any, sizes: list[int], axis: int) -> Any:
    ends = np.cumsum([0, *sizes]).tolist()
    along = np.moveaxis(d, axis, 0)
    pieces = [np.moveaxis(along[start:stop], 0, axis) for start, stop in pairwise(ends)]
    fitted = [_fitted(piece, array) for piece, array in zip(pieces, arrays, strict=True)]
    if not hasattr(arrays, "dtype"):
        return fitted
    return np.reshape(array_module(arrays).asarray(fitted, arrays.dtype), arrays.shape)


def _fitted(piece: Any, x: Any) -> Any:
    return nested_like(np.reshape(piece, np.shape(x)), x)


def unstack_like(d: Any, arrays: Any, axis: int = 0) -> Any:
    """Adjoint of `numpy.stack`: the slices of `d` along `axis`; an array if `arrays` is one."""
    along = np.moveaxis(d, axis, 0)
    return (
        along
        if hasattr(arrays, "dtype")
        else [nested_like(part, x) for part, x in zip(along, arrays, strict=True)]
    )


def join_like(d: Sequence[Any], ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Adjoint of `numpy.split` and its kin: the pieces `d` put where they were read from `ary`.

    Indices that run backwards make pieces that overlap; their adjoints add up.
    """
    if np.ndim(indices_or_sections) == 0:
        return np.concatenate(d, axis)
    d_ary = np.zeros_like(ary)
    along = np.moveaxis(d_ary, axis, 0)
    starts = [0, *indices_or_sections]
    for start, stop, piece in zip(starts, [*indices_or_sections, along.shape[0]], d, strict=True):
        along[start:stop] += np.moveaxis(piece, axis, 0)
    return d_ary


def block_adjoint_arrays(d: Any, arrays: Any) -> Any:
    """Adjoint of the nested lists that `numpy.block` joins."""
    ends = np.cumsum([0, *_sizes(arrays)])
    source = np.block(_numbered(arrays, iter(ends.tolist())))
    flat = np.empty(source.size, np.result_type(d))
    flat[source] = d
    return _cut(arrays, iter(np.split(flat, ends[1:])))


def _sizes(arrays: Any) -> list[int]:
    if isinstance(arrays, list):
        return [size for part in arrays for size in _sizes(part)]
    return [np.size(arrays)]


def _numbered(arrays: Any, starts: Any) -> Any:
    if isinstance(arrays, list):
        return [_numbered(part, starts) for part in arrays]
    return next(starts) + np.arange(np.size(arrays)).reshape(np.shape(arrays))


def _cut(arrays: Any, pieces: Any) -> Any:
    if isinstance(arrays, list):
        return [_cut(part, pieces) for part in arrays]
    return reshape_like(next(pieces), arrays)
