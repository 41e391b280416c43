"""Lengths of axes, as far as they are known without the arrays.

A length is a number that is written out; an axis of an argument of which a call has told that it is not 1, such as `("x", 0)`; or
open, `("?", ...)`: it may be 1. Equal forms are equal lengths.
"""

from collections.abc import Iterable, Iterator
from typing import Any

Dim = int | tuple[Any, ...]
Dims = tuple[Dim, ...]
Equal = dict[Dim, Dim]

_OPEN = "?"
_EITHER = "one of"


def open_dim(*of: Any) -> Dim:
    """A length that may be 1, and is fixed by `of`."""
    return (_OPEN, *of)


def is_open(dim: Dim) -> bool:
    """Whether a length may be 1, or anything else."""
    return isinstance(dim, tuple) and dim[0] == _OPEN


def broadcast_dims(a: Dims, b: Dims, equal: Equal | None = None) -> Dims | None:
    """The shape of `a + b`, None if it is not known.

    Parameters
    ----------
    a, b
        Shapes of the operands.
    equal
        Takes lengths that must be equal, as neither is 1; without it, such a shape is not known.

    >>> broadcast_dims((("x", 0), 1), (3,)), broadcast_dims((3,), (("x", 0),))
    ((('x', 0), 3), None)
    """
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    found = [_joined(x, y, equal) for x, y in pairs]
    known = tuple(dim for dim in found if dim is not None)
    return known if len(known) == rank else None


def _joined(a: Dim, b: Dim, equal: Equal | None) -> Dim | None:
    if a == b or b == 1:
        return a
    if a == 1 or (is_open(a) and not is_open(b)):
        return b
    if is_open(b):
        return _one_of(a, b) if is_open(a) else a
    return note_equal(a, b, equal)


def _one_of(*dims: Any) -> Dim:
    """Of open lengths the one that is not 1."""
    parts = {part for dim in dims for part in (dim[2:] if dim[1] == _EITHER else [dim])}
    return open_dim(_EITHER, *sorted(parts, key=repr))


def note_equal(a: Dim, b: Dim, equal: Equal | None) -> Dim | None:
    """One of two lengths that the operation demands to be equal; None if they cannot be taken for equal."""
    if a == b:
        return a
    if equal is None or is_open(a) or is_open(b) or (isinstance(a, int) and isinstance(b, int)):
        return None
    first, second = (
        (a, b) if isinstance(a, int) else (b, a) if isinstance(b, int) else sorted((a, b), key=repr)
    )
    equal[second] = first
    return first


def with_equal(value: Any, equal: Equal) -> Any:
    """The same shape with one length for all that are equal."""
    if isinstance(value, frozenset):
        return frozenset(with_equal(v, equal) for v in value)
    if not isinstance(value, tuple):
        return value
    if value in equal:
        return with_equal(equal[value], equal)
    return tuple(with_equal(v, equal) for v in value)


def cut(dim: Dim, less: int) -> Dim:
    """The length of a slice that leaves out `less` elements."""
    if less == 0:
        return dim
    return max(dim - less, 0) if isinstance(dim, int) else open_dim("cut", dim, less)


def reduced(dims: Dims, axes: Iterable[int] | None, keeps: bool) -> Dims | None:
    """The shape of a sum along some axes, or along all."""
    chosen = set(range(len(dims))) if axes is None else {_axis(a, len(dims)) for a in axes}
    if not chosen <= set(range(len(dims))):
        return None
    kept = ((i, 1 if i in chosen else dim) for i, dim in enumerate(dims))
    return tuple(dim for i, dim in kept if keeps or i not in chosen)


def permuted(dims: Dims, axes: Iterable[int]) -> Dims | None:
    """The shape of a transposed array."""
    order = [_axis(a, len(dims)) for a in axes]
    return tuple(dims[a] for a in order) if sorted(order) == list(range(len(dims))) else None


def inserted(dims: Dims, axis: int, dim: Dim) -> Dims | None:
    """The shape with an axis more, which is then axis `axis`."""
    place = _axis(axis, len(dims) + 1)
    return (*dims[:place], dim, *dims[place:]) if 0 <= place <= len(dims) else None


def product(a: Dims, b: Dims, equal: Equal | None = None) -> Dims | None:
    """The shape of `a @ b`."""
    if not a or not b:
        return None
    note_equal(a[-1], b[-2 if len(b) > 1 else 0], equal)
    if len(a) == 1 or len(b) == 1:
        return (*a[:-1], *b[:-2], *b[-1:]) if len(b) > 1 else a[:-1]
    batch = broadcast_dims(a[:-2], b[:-2], equal)
    return None if batch is None else (*batch, a[-2], b[-1])


def summed_axes(dims: Dims, whole: Dims) -> tuple[tuple[int, ...], bool] | None:
    """The axes along which an array of shape `dims` is summed to get one of shape `whole`, and whether they stay as axes of length 1.

    None if it is not known, or if this takes more than one sum.

    >>> summed_axes((("x", 0), 3), (3,)), summed_axes((("x", 0), 3), (1, 3))
    (((0,), False), ((0,), True))
    """
    leading = len(dims) - len(whole)
    if leading < 0:
        return None
    pairs = list(zip(dims[leading:], whole, strict=True))
    if any(dim != other and other != 1 for dim, other in pairs):
        return None
    kept = tuple(i for i, (dim, other) in enumerate(pairs) if dim != other)
    if leading and kept:
        return None
    return (kept, True) if kept else (tuple(range(leading)), False)


def without_names(shapes: Iterable[tuple[str, Dims]]) -> Iterator[tuple[str, Dims]]:
    """The same shapes with numbered lengths: what a helper is told by one call and by another that is like it."""
    numbers: dict[Dim, Dim] = {1: 1}
    for text, dims in shapes:
        for dim in dims:
            number = len(numbers)
            numbers.setdefault(dim, open_dim(number) if is_open(dim) else ("#", number))
        yield text, tuple(numbers[dim] for dim in dims)


def _axis(axis: int, rank: int) -> int:
    return axis + rank if axis < 0 else axis
