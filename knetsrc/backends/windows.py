"""Options of operators that slide a window over an image, checked and spelt out for each spatial axis.

padding 1, (1, 2) or ((0, 1), (2, 2))   ->   a pair for each axis: what goes before, what after
stride 2 or (2, 1)                      ->   a number for each axis
"""

import operator
from typing import Any

from knetsrc.errors import OperandError

FLOATS = ("float32", "float64")


def per_axis(name: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """An option as a whole number of at least `least` for each of `axes` spatial axes.

    Raises
    ------
    OperandError
        If it is something else.
    """
    values = [value] * axes if not isinstance(value, list | tuple) else list(value)
    numbers = tuple(map(_whole, values))
    if len(numbers) != axes or any(n is None or n < least for n in numbers):
        raise OperandError(
            f"{name} = {value} for {_axes(axes)}",
            why=f"{name} is a whole number of at least {least}",
            instead=f"one number, or a tuple of {axes}, one for each spatial axis",
        )
    return tuple(n for n in numbers if n is not None)


def pairs(padding: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """Padding as a pair for each spatial axis: what goes before and what goes after.

    Raises
    ------
    OperandError
        If it is negative, or no number, numbers or pairs of numbers.
    """
    values = [padding] * axes if not isinstance(padding, list | tuple) else list(padding)
    both = [v if isinstance(v, list | tuple) else (v, v) for v in values]
    numbers = [tuple(map(_whole, pair)) for pair in both]
    is_right = len(both) == axes and all(len(pair) == 2 for pair in numbers)
    if not is_right or any(n is None or n < 0 for pair in numbers for n in pair):
        raise OperandError(
            f"padding = {padding} for {_axes(axes)}",
            why="padding is a number of zeros, which cannot be negative",
            instead=f"one number, or a tuple of {axes} numbers or of {axes} pairs (before, after)",
        )
    return tuple((before or 0, after or 0) for before, after in numbers)


def check_images(operation: str, x: Any) -> None:
    """Refuse what is no float array with a batch, channels and one to three spatial axes.

    Raises
    ------
    OperandError
        With the shape or the type.
    """
    if not hasattr(x, "dtype") or not 3 <= x.ndim <= 5:
        raise OperandError(
            f"{operation} of {described(x)}",
            why="the axes are those of the batch and of the channels, then one to three of space",
            instead="an array of shape (batch, channels, ...), such as x.reshape(n, 1, 28, 28)",
        )
    check_float(operation, x)


def check_float(operation: str, x: Any) -> None:
    """Refuse an array that is not float32 or float64.

    Raises
    ------
    OperandError
        With the shape and the dtype.
    """
    if x.dtype.name not in FLOATS:
        raise OperandError(
            f"{operation} of {described(x)} of dtype {x.dtype}",
            why="images are float32 or float64",
            instead="x.astype(np.float32)",
        )


def described(x: Any) -> str:
    """An operand in an error message."""
    return f"an array of shape {x.shape}" if hasattr(x, "shape") else f"a {type(x).__name__}"


def hashable(value: Any) -> Any:
    """Lists as tuples, so that an option can be part of a key."""
    return tuple(map(hashable, value)) if isinstance(value, list | tuple) else value


def _whole(value: Any) -> int | None:
    try:
        return operator.index(value)
    except TypeError:
        return None


def _axes(axes: int) -> str:
    return f"{axes} spatial ax{'is' if axes == 1 else 'es'}"
