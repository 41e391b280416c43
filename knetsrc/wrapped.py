"""Functions that decorators have wrapped, as they are called: with the parameters of what they wrap.

A wrapper that `functools.wraps` has made takes `*args, **kwargs`, and says what it stands for:

    def loss(*args, **kwargs): ...   ->   def loss(w, x, k): return wrapped(w, x, k=k)

for calls `loss(w, x, k=3)`. What the wrapper gets is what the call passes, neither more nor by another way.
"""

import inspect
import linecache
import types
from collections.abc import Callable, Sequence
from typing import Any

from knetsrc.callee import POSITIONAL, parameters_of

Form = tuple[int, tuple[str, ...]]
_STARS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def wrapped_parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The parameters of what a wrapper with a star parameter wraps; none for other functions."""
    is_wrapper = isinstance(function, types.FunctionType) and hasattr(function, "__wrapped__")
    if not is_wrapper or not any(p.kind in _STARS for p in parameters_of(function)):
        return ()
    try:
        return tuple(inspect.signature(function).parameters.values())
    except ValueError:
        return ()


def whole_form(parameters: Sequence[inspect.Parameter]) -> Form:
    """The call that passes all parameters, those by position that may be."""
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    return sum(p.kind in POSITIONAL for p in parameters), tuple(named)


def as_called(
    function: Callable[..., Any], parameters: Sequence[inspect.Parameter], form: Form
) -> Callable[..., Any]:
    """A function of the parameters that such a call passes, which calls the wrapper in that way."""
    count, named = form
    known = [p.name for p in parameters if p.kind in POSITIONAL]
    positional = [*known, *(f"argument_{i}" for i in range(len(known), count))][:count]
    listed = [*positional, *named]
    passed = [*positional, *(f"{name}={name}" for name in named)]
    wrapped = next(n for n in ("wrapped", "wrapped_function", "_wrapped") if n not in listed)
    name = function.__name__ if function.__name__.isidentifier() else "function"
    text = (
        f"def make({wrapped}):\n"
        f"    def {name}({', '.join(listed)}):\n"
        f"        return {wrapped}({', '.join(passed)})\n"
        f"    return {name}\n"
    )
    file = f"<{function.__module__}.{function.__qualname__}({', '.join(passed)})>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"__name__": function.__module__}
    exec(compile(text, file, "exec"), namespace)
    made: Callable[..., Any] = namespace["make"](function)
    made.__qualname__ = function.__qualname__
    made.stands_for = inspect.unwrap(function)  # type: ignore[attr-defined]
    return made


def position_in(form: Form, names: Sequence[str], position: int) -> int | None:
    """Where a call of this form passes the parameter that stands at `position` of the names; None if it does not."""
    count, named = form
    if position < count:
        return position
    return count + named.index(names[position]) if names[position] in named else None
