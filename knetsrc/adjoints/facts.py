"""What a rule may ask about its operands while it is spliced.

The transform settles these questions; where it cannot, it takes the `else` of the `if` that asks,
which is right for every input. Called as ordinary functions, they answer for the values at hand.
"""

from typing import Any

import numpy as np


def rank(x: Any) -> int:
    """Number of axes of `x`."""
    return np.ndim(x)


def is_scalar(x: Any) -> bool:
    """Whether `x` is a single number."""
    return np.ndim(x) == 0


def is_basic(index: Any) -> bool:
    """Whether no element is read twice: integers, slices, None and Ellipsis only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, int | slice | np.integer)
        for part in parts
    )


def is_literal(value: Any) -> bool:
    """Whether `value` is written out at the call (a number, a string, None, a tuple of these)."""
    return isinstance(value, int | float | str | bool | tuple | None)


def is_list(value: Any) -> bool:
    """Whether `value` is a list or a tuple for sure."""
    return isinstance(value, list | tuple)


FACTS = (rank, is_scalar, is_basic, is_literal, is_list)
