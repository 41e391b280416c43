"""Shapes as sets of atoms, each the shape of some value: broadcasting is their union, a single number the empty set.

That two sets are equal proves equal shapes; that they differ proves nothing. Where a call has told the lengths of axes (see `dims`),
the shape is one atom that holds them.
"""

from collections.abc import Collection, Iterable
from typing import Any

from knetsrc.transform.analysis.dims import Dims, Equal, broadcast_dims, is_open

Shape = frozenset[Any]
SCALAR: Shape = frozenset()
# An atom of what a comparison gives: its dtype is not that of what it compares.
BOOLEAN = ("boolean",)


def broadcast(shapes: Iterable[Shape], equal: Equal | None = None) -> Shape:
    """The shape of an element-by-element operation: the union, without what is known to fit inside the rest.

    `equal` takes lengths that must be equal, see `dims.broadcast_dims`.
    """
    union = frozenset[Any]().union(*shapes)
    told = sorted((a for a in union if is_kind(a, "dims")), key=repr)
    if len(told) > 1:
        union = union - frozenset(told) | _joined_dims([a[1] for a in told], equal)
    plain = frozenset(a for a in union if not is_kind(a, "part"))
    return frozenset(a for a in union if not (is_kind(a, "part") and a[1] <= plain))


def _joined_dims(told: list[Dims], equal: Equal | None) -> Shape:
    found = told[:1]
    for dims in told[1:]:
        joined = broadcast_dims(found[-1], dims, equal)
        found = [*found, dims] if joined is None else [*found[:-1], joined]
    return frozenset(("dims", dims) for dims in found)


def of_dims(dims: Dims) -> Shape:
    """The shape with these lengths of axes."""
    return frozenset([("dims", dims)]) if dims else SCALAR


def dims_of(shape: Shape | None) -> Dims | None:
    """The lengths of the axes, None if they are not known, and of what a comparison gives."""
    if not shape:
        return None if shape is None else ()
    atom = next(iter(shape))
    return atom[1] if len(shape) == 1 and is_kind(atom, "dims") else None


def combined(shapes: Iterable[Shape], equal: Equal | None = None) -> Shape:
    """As `broadcast`, for the result of arithmetic: it has the dtype of its arrays of floats, if there is one."""
    known = list(shapes)
    union = broadcast(known, equal)
    has_floats = any(s and BOOLEAN not in s for s in known)
    return union - {BOOLEAN} if has_floats else union


def is_kind(atom: Any, kind: str) -> bool:
    return isinstance(atom, tuple) and atom[0] == kind


def is_fixed(shape: Shape, written: Collection[str]) -> bool:
    """Whether a shape is the same whatever statements do that bind the names `written`."""

    def is_plain(atom: Any) -> bool:
        if is_kind(atom, "dims"):
            return all(isinstance(d, int) or (len(d) == 2 and not is_open(d)) for d in atom[1])
        if is_kind(atom, "part") or is_kind(atom, "cut") or is_kind(atom, "entry"):
            return is_fixed(atom[1], written)
        if is_kind(atom, "value"):
            return all(text not in written for text, _ in atom[2])
        return atom == BOOLEAN or (is_kind(atom, "name") and atom[1] not in written)

    return all(map(is_plain, shape))
