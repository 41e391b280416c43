"""Adjoints of reading elements by index, and of the functions that pick or order elements.

Throughout, `d` is the adjoint of what was read; what comes back is the adjoint of what it was read
from.
"""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import beside, like, parts_for, unbroadcast
from knetsrc.backends.structures import ABSENT, Fields, add, owned, zeros_like
from knetsrc.modules import array_module, on_device


def add_at(d_x: Any, index: Any, d: Any) -> None:
    """Add `d` to `d_x[index]` in place, as often as an element is listed in `index`.

    Parameters
    ----------
    d_x
        Adjoint of the indexed value: an array, or a list or dict of arrays, numbers, lists, dicts.
    index
        Anything that the value can be read with: a key; integers, slices, None and Ellipsis; arrays
        or lists of integers, which may repeat; boolean masks.
    d
        Adjoint of what was read, in its shape or one that broadcasts to it.

    Raises
    ------
    TypeError
        If an item of a tuple would have to be replaced.
    """
    if not _is_array(d_x):
        _add_to_items(d_x, index, d)
    elif _reads_once(index):
        d_x[index] += d
    elif on_device(d_x):
        array_module(d_x).add.at(d_x, _all_on(d_x, index), d)
    elif isinstance(index, list | np.ndarray) and d_x.ndim > 1 and d_x.flags.c_contiguous:
        _add_rows(d_x, np.asarray(index), d)
    else:
        np.add.at(d_x, index, d)


def add_within(d_x: Any, path: tuple[Any, ...], d: Any) -> None:
    """Add `d` to `d_x[i][j]...` in place, where one of the indices but the last may pick elements into a new array.

    Parameters
    ----------
    d_x
        Adjoint of the indexed value: see `add_at`.
    path
        The indices, one after the other.
    d
        Adjoint of what was read.
    """
    index, *others = path
    if not others:
        add_at(d_x, index, d)
    elif _is_array(d_x) and not _is_basic(index):
        part = np.zeros_like(d_x[index])
        add_within(part, tuple(others), d)
        add_at(d_x, index, part)
    else:
        add_within(d_x[index], tuple(others), d)


def cut_out(d_x: Any, index: Any, old: Any = None) -> Any:
    """The adjoint of what was written to `x[index]`; the adjoint at that place is zero afterwards.

    Parameters
    ----------
    d_x
        Adjoint of `x` after the write: an array, or a list or dict.
    index
        Where it was written: anything that an array or container can be indexed with.
    old
        What stood there before the write, for a list or dict; `ABSENT` for a new key of a dict.

    Returns
    -------
    array or container
        A copy. Where `index` names an element several times, the last of the values written there
        has its adjoint, the others, which were overwritten at once, have zeros.
    """
    if old is ABSENT:
        return d_x.pop(index)
    if not _is_array(d_x):
        d, d_x[index] = d_x[index], zeros_like(old)
        return d
    d = last_written(d_x, index)
    d_x[index] = 0
    return d


def last_written(d_x: Any, index: Any) -> Any:
    """The adjoint of what was written to, or added to, `x[index]`, as a copy: see `cut_out`."""
    if not _is_array(d_x):
        return owned(d_x[index])
    if _reads_once(index):
        return d_x[index].copy()
    d = d_x[index]
    order = np.arange(d.size).reshape(d.shape)
    places = np.arange(d_x.size).reshape(d_x.shape)[index].ravel()
    last = np.zeros(d_x.size, dtype=order.dtype)
    last[places] = order.ravel()
    return np.where(last[places].reshape(d.shape) == order, d, 0)


def _add_rows(d_x: Any, rows: Any, d: Any) -> None:
    """Add to rows of `d_x`, by element: for rows, `numpy.add.at` is several times slower."""
    if rows.size == 0:
        return
    if rows.dtype == np.bool_:
        d_x[rows] += d
        return
    width = d_x[0].size
    d = np.broadcast_to(d, (*rows.shape, *d_x.shape[1:]))
    elements = np.expand_dims(rows % len(d_x) * width, -1) + np.arange(width)
    np.add.at(d_x.reshape(-1), elements.reshape(-1), d.reshape(-1))


def _reads_once(index: Any) -> bool:
    """Whether no element can be read twice: basic parts and boolean masks only."""
    if type(index) is int:
        return True
    parts = index if isinstance(index, tuple) else (index,)
    return all(_is_basic_part(part) or _is_mask(part) or isinstance(part, bool) for part in parts)


def _is_basic(index: Any) -> bool:
    """Whether an array read at `index` gives a view, or a number."""
    return all(map(_is_basic_part, index if isinstance(index, tuple) else (index,)))


def _is_basic_part(part: Any) -> bool:
    """Whether one part of an index picks no elements; a tuple in a tuple does, like a list."""
    kind = type(part)
    if kind is int or kind is slice or part is None or part is Ellipsis:
        return True
    return isinstance(part, int | np.integer) and kind is not bool


def _all_on(x: Any, index: Any) -> Any:
    """An index with its lists and arrays where `x` is."""
    if isinstance(index, tuple):
        return tuple(_part_on(x, part) for part in index)
    return _part_on(x, index)


def _part_on(x: Any, part: Any) -> Any:
    return _positions(part, x) if isinstance(part, list | tuple | np.ndarray) else part


def _positions(indices: Any, x: Any) -> Any:
    """Indices, masks or lists of them as an array where `x` is."""
    if on_device(indices):
        return indices
    found = np.asarray(indices)
    found = found.astype(int) if found.size == 0 else found
    return array_module(x).asarray(found)


def _is_mask(part: Any) -> bool:
    return getattr(part, "dtype", None) == np.bool_


def _is_array(d: Any) -> bool:
    """Whether an adjoint is that of an array, and not of an object with an attribute `ndim`."""
    return hasattr(d, "ndim") and not isinstance(d, Fields)


def _add_to_items(d_x: Any, key: Any, d: Any) -> None:
    """Add to an item of a container in place; two lists give the list of sums, no longer list."""
    if isinstance(key, slice):
        places = range(*key.indices(len(d_x)))
        for position, part in zip(places, parts_for(d, d_x[key]), strict=True):
            _add_to_items(d_x, position, part)
        return
    item = d_x[key]
    if _is_array(item) and item.ndim:
        item[...] += d
    elif isinstance(item, list | Fields) and isinstance(d, list | tuple | Fields):
        for position in range(len(item)):
            _add_to_items(item, position, d[position])
    elif isinstance(item, dict) and isinstance(d, dict):
        for name, part in d.items():
            _add_to_items(item, name, part)
    else:
        d_x[key] = add(item, d)


def take_adjoint_a(d: Any, a: Any, indices: Any, axis: int | None = None) -> Any:
    """Adjoint of `numpy.take`."""
    d_a = np.zeros_like(a, order="C")  # so that reshape gives a view
    if axis is None:
        add_at(d_a.reshape(-1), _positions(indices, a), d)
    else:
        axis %= np.ndim(a)
        add_at(d_a, (*(slice(None),) * axis, _positions(indices, a)), d)
    return d_a


def take_along_axis_adjoint_arr(d: Any, arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """Adjoint of `numpy.take_along_axis`, whose `indices` may broadcast against `arr`."""
    d_arr = np.zeros_like(arr, order="C")
    if axis is None:
        array_module(arr).add.at(d_arr.reshape(-1), _positions(indices, arr), d)
        return d_arr
    index = grid_of(arr)
    index[axis] = _positions(indices, arr)
    array_module(arr).add.at(d_arr, tuple(index), d)
    return d_arr


def windows_adjoint_x(d: Any, x: Any, window_shape: Any, axis: Any = None) -> Any:
    """Adjoint of `sliding_window_view`: an element has the sum over all windows that show it."""
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    along_all = range(np.ndim(x)) if axis is None else axis
    axes = along_all if np.iterable(along_all) else (along_all,)
    d_x = np.zeros_like(x)
    counts = list(np.shape(x))
    for along, length in zip(axes, lengths, strict=True):
        counts[along] -= length - 1
    d = np.broadcast_to(d, (*counts, *lengths))
    for offsets in np.ndindex(*lengths):
        start = [0] * np.ndim(x)
        for along, offset in zip(axes, offsets, strict=True):
            start[along] += offset
        seen = tuple(slice(s, s + n) for s, n in zip(start, counts, strict=True))
        d_x[seen] += d[(..., *offsets)]
    return d_x


def grid_of(x: Any) -> list[Any]:
    """For each axis of `x` its positions, in a shape that broadcasts against those of the others."""
    rank, xp = np.ndim(x), array_module(x)
    return [xp.arange(n).reshape((-1,) + (1,) * (rank - 1 - i)) for i, n in enumerate(np.shape(x))]


def compress_adjoint_a(d: Any, condition: Any, a: Any, axis: int | None = None) -> Any:
    """Adjoint of `numpy.compress` and `numpy.extract`."""
    return take_adjoint_a(d, a, np.flatnonzero(condition), axis)


def delete_adjoint_arr(d: Any, arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Adjoint of `numpy.delete`: zero for what was deleted."""
    n = np.size(arr) if axis is None else np.shape(arr)[axis]
    return take_adjoint_a(d, arr, np.delete(array_module(obj).arange(n), obj), axis)


def sort_adjoint_a(d: Any, a: Any, y: Any, axis: int | None = -1) -> Any:
    """Adjoint of `numpy.sort` and `numpy.partition`: each value's adjoint back where it came from.

    Both `a` and the result `y` are put in order, in which equal elements keep theirs.
    """
    if axis is None:
        return np.reshape(sort_adjoint_a(d, np.ravel(a), y, 0), np.shape(a))
    if np.ndim(a) == 0:
        return d
    d_a = np.zeros_like(a)
    in_order = np.take_along_axis(like(d, y), np.argsort(y, axis=axis, kind="stable"), axis)
    np.put_along_axis(d_a, np.argsort(a, axis=axis, kind="stable"), in_order, axis)
    return d_a


def diag_adjoint_v(d: Any, v: Any, k: int = 0) -> Any:
    """Adjoint of `numpy.diag`, of a vector or of a matrix that need not be square."""
    return np.diag(d, k) if np.ndim(v) == 1 else diagonal_adjoint_a(d, v, k)


def diagonal_adjoint_a(d: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Adjoint of `numpy.diagonal`: `d`, which may broadcast, on the diagonal of zeros."""
    d_a = np.zeros_like(a)
    rows = np.moveaxis(d_a, (axis1, axis2), (-2, -1))
    positions = array_module(a).arange(np.diagonal(rows, offset, -2, -1).shape[-1])
    rows[..., positions + max(-offset, 0), positions + max(offset, 0)] = d
    return d_a


def trace_adjoint_a(d: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Adjoint of `numpy.trace`: `d` everywhere on the diagonal of zeros."""
    return diagonal_adjoint_a(np.expand_dims(beside(d, a), -1), a, offset, axis1, axis2)


def choose_adjoint_choices(d: Any, a: Any, choices: Any) -> Any:
    """Adjoint of the `choices` of `numpy.choose`.

    `d` where each was taken; an array if they are.
    """
    taken = np.asarray(a) if isinstance(a, list | tuple) else a
    parts = [unbroadcast(np.where(taken == i, d, 0), x) for i, x in enumerate(choices)]
    if not hasattr(choices, "dtype"):
        return parts
    return array_module(choices).asarray(parts, choices.dtype)


def select_adjoint_choicelist(d: Any, condlist: Any, choicelist: Any) -> list[Any]:
    """Adjoint of the `choicelist` of `numpy.select`: `d` where each came first."""
    taken, parts = np.False_, []
    for condition, x in zip(condlist, choicelist, strict=True):
        parts.append(unbroadcast(np.where(condition & ~taken, d, 0), x))
        taken = taken | condition
    return parts


def select_adjoint_default(d: Any, condlist: Any) -> Any:
    """Adjoint of the `default` of `numpy.select`: `d` where no condition holds."""
    taken = np.False_
    for condition in condlist:
        taken = taken | condition
    return np.where(taken, 0, d)


def insert_adjoint_arr(d: Any, arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Adjoint of the array that `numpy.insert` puts `values` into."""
    source = _insert_source(arr, obj, values, axis)
    d_arr = np.zeros(np.size(arr), np.result_type(d))
    np.add.at(d_arr, source[source >= 0], d[source >= 0])
    return unbroadcast(np.reshape(d_arr, np.shape(arr)), arr)


def insert_adjoint_values(d: Any, arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Adjoint of the values that `numpy.insert` inserts, which may be repeated."""
    source = _insert_source(arr, obj, values, axis)
    d_values = np.zeros(np.size(values), np.result_type(d))
    np.add.at(d_values, -1 - source[source < 0], d[source < 0])
    return unbroadcast(np.reshape(d_values, np.shape(values)), values)


def _insert_source(arr: Any, obj: Any, values: Any, axis: int | None) -> Any:
    """Where each element comes from: its number in `arr`, or -1 minus its number in `values`."""
    numbers = np.arange(np.size(arr)).reshape(np.shape(arr))
    inserted = -1 - np.arange(np.size(values)).reshape(np.shape(values))
    return np.insert(numbers, obj, inserted, axis)
