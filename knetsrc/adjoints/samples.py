"""Cases that many rules share: each rank, broadcasting both ways, size-1 axes, no elements."""

from collections.abc import Callable

from knetsrc.adjoints.table import Case, Sample, case

Kind = Callable[..., Sample]


def each(kind: Kind) -> list[Case]:
    """Cases of one operand."""
    return [case(kind(*shape)) for shape in [(), (4,), (3, 4), (2, 1, 3), (0, 3)]]


def pairs(first: Kind, second: Kind | None = None) -> list[Case]:
    """Cases of two operands that are broadcast against each other."""
    second = second or first
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((), ()),
        ((), (2, 3)),
        ((2, 3), ()),
        ((3, 4), (3, 4)),
        ((3, 4), (3, 1)),
        ((1, 4), (3, 1)),
        ((4,), (3, 4)),
        ((2, 3, 1), (4,)),
        ((0, 3), (3,)),
    ]
    return [case(first(*a), second(*b)) for a, b in shapes]


def scalar_pairs(first: Kind, second: Kind | None = None) -> list[Case]:
    """A case of two Python floats."""
    return [case(first(), (second or first)())]
