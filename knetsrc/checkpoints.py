"""`checkpoint` and `checkpointed`: less memory for a gradient, which computes parts of the function again.

Both are marks for the transform. Apart from it a checkpointed function is that function, and a
checkpointed loop goes through what it was given.
"""

import types
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from knetsrc.errors import NotDifferentiableError, OperandError

Item = TypeVar("Item")
Function = TypeVar("Function", bound=Callable[..., Any])
_MARK = "__knetsrc_checkpoint__"


def checkpoint(function: Function) -> Function:
    """A function of which a gradient keeps the arguments only, and computes the rest again.

    Where a differentiated function calls it, nothing that it computes is kept for the backward
    part, which runs it once more instead: the memory of one call rather than of all, for the time
    of a second call (Griewank and Walther, "Evaluating Derivatives", chapter 12, SIAM 2008).

    Parameters
    ----------
    function
        A function written in Python, a lambda or a method. It has to give the same when it is
        called again with the same arguments.

    Returns
    -------
    function
        A copy of `function`, which does the same.

    Raises
    ------
    NotDifferentiableError
        If `function` is not a function of Python.

    Examples
    --------
    >>> import math
    >>> from knetsrc import checkpoint, grad
    >>> @checkpoint
    ... def layer(x):
    ...     y = math.sin(x)
    ...     return y * y
    >>> layer(1.0) == math.sin(1.0) ** 2
    True
    """
    if isinstance(function, types.MethodType):
        return types.MethodType(checkpoint(function.__func__), function.__self__)  # type: ignore[return-value]
    if isinstance(function, staticmethod | classmethod):
        return type(function)(checkpoint(function.__func__))  # type: ignore[return-value]
    if not isinstance(function, types.FunctionType):
        name = getattr(function, "__name__", type(function).__name__)
        raise NotDifferentiableError(
            f"`{name}` cannot be checkpointed",
            why="it is not a function written in Python, which could be computed again",
            instead=f"write a function that calls it: checkpoint(lambda x: {name}(x))",
        )
    copy = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    copy.__doc__, copy.__annotations__ = function.__doc__, function.__annotations__
    vars(copy).update(vars(function), **{_MARK: True})
    return copy  # type: ignore[return-value]


def is_checkpoint(function: Any) -> bool:
    """Whether `checkpoint` has made a function."""
    return getattr(function, _MARK, False) is True


def checkpointed(iterable: Iterable[Item], slots: int | None = None) -> Iterable[Item]:
    """What a loop goes through whose gradient keeps few of its iterations, and computes the rest again.

    In ``for i in checkpointed(range(n)):`` of a differentiated function the values that the
    iterations hand on, its state, are kept at a few places, chosen by the binomial schedule
    of Griewank and Walther ("Algorithm 799: Revolve", ACM TOMS 26, 2000). The backward part runs
    the loop again from there, piece by piece.

    Parameters
    ----------
    iterable
        A range, an array, a list or a tuple; `zip`, `enumerate` and `reversed` of such.
    slots
        How many states are kept at most; about the square root of the number of iterations if left
        out. Arrays that the loop writes into are part of its state.

    Returns
    -------
    iterable
        The same: apart from a gradient, the loop is an ordinary one.

    Raises
    ------
    OperandError
        If `slots` is not a positive integer.

    Examples
    --------
    >>> from knetsrc import checkpointed, grad
    >>> @grad
    ... def slope(x, n):
    ...     for _ in checkpointed(range(n), slots=3):
    ...         x = x * x
    ...     return x
    >>> slope(1.0, 10)
    1024.0
    """
    if slots is not None and (not hasattr(slots, "__index__") or slots < 1):
        raise OperandError(
            f"checkpointed with slots = {slots!r}",
            why="it is the number of states that are kept, at least the first one",
            instead="a positive integer, or leave it out",
        )
    return iterable
