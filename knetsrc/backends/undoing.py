"""What backward parts do in place, in the form that second derivatives are taken of."""

from typing import Any

import numpy as np

from knetsrc.backends.indexing import last_written
from knetsrc.backends.structures import ABSENT, owned, zeros_like
from knetsrc.errors import UnsupportedSyntaxError


def put_back_entry(x: Any, key: Any, old: Any) -> None:
    """What `put_back` does, where there was an entry before."""
    check_present(old)
    x[key] = owned(old)  # a copy: what is kept shares nothing with `x`


def cut_out_entry(d_x: Any, index: Any, old: Any = None) -> Any:
    """What `cut_out` does, where there was an entry before."""
    check_present(old)
    d = last_written(d_x, index)
    d_x[index] = 0 if old is None else zeros_like(old)
    return d


def same_buffer(d: Any, *path: Any) -> Any:
    """What `with_buffer` does, where an array stands there already."""
    check_buffer(d, *path)
    return d


def check_buffer(d: Any, *path: Any) -> None:
    """Refuse an adjoint that is a number, where an array of its own is to be put in its place.

    Parameters
    ----------
    d
        The adjoint of an array, or of a container or object that holds one.
    *path
        Indices and names of attributes, one after the other; none for `d` itself.

    Raises
    ------
    UnsupportedSyntaxError
        If there is a number.

    Examples
    --------
    >>> check_buffer([np.zeros(2), 0.0], 0)
    """
    for part in path:
        if isinstance(d, np.ndarray):  # views of an array are arrays
            return
        d = d[part]
    if isinstance(d, float | np.floating):
        raise UnsupportedSyntaxError(
            "the gradient of a gradient, where a function writes into an array without axes",
            why="the adjoint is a number until an array takes its place, which has no derivative of its own",
            instead="hand over an array with one element: np.array([0.5])",
        )


def check_present(old: Any) -> None:
    """Refuse an entry that a dict did not have before a write.

    Parameters
    ----------
    old
        What `entry_of` gave before the write.

    Raises
    ------
    UnsupportedSyntaxError
        If there was none.

    Examples
    --------
    >>> check_present(0.5)
    """
    if old is ABSENT:
        raise UnsupportedSyntaxError(
            "the gradient of a gradient, where a dict gets a new key",
            why="the backward part takes the key out again, which has no derivative of its own",
            instead="make the dict with all its keys, then write to them",
        )
