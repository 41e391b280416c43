"""Give recursive passes the stack that a long chain of operations needs."""

import sys
from collections.abc import Callable
from typing import Any

from knetsrc.errors import KnetsrcError

_DEEP = 20_000


def with_deep_stack(function: Callable[..., Any], *args: Any) -> Any:
    """`function(*args)`, called again with a higher limit of recursion if the usual one is too low.

    Raises
    ------
    KnetsrcError
        If that is not enough either.
    """
    try:
        return function(*args)
    except RecursionError:
        pass
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP))
    try:
        return function(*args)
    except RecursionError:
        raise KnetsrcError(
            "an expression is nested too deeply",
            why="it is thousands of operations deep",
            instead="split it into several assignments, or loop over a list",
        ) from None
    finally:
        sys.setrecursionlimit(limit)
