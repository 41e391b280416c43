"""How writes into entries are undone, in the form that second derivatives are taken of: dicts get no new keys."""

from typing import Any

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
