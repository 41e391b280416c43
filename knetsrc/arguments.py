"""What is checked of a call: that arguments can have a gradient, that the result is one number."""

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from knetsrc.callee import POSITIONAL, name_of, parameters_of, placed
from knetsrc.errors import NonScalarOutputError, NotDifferentiableError
from knetsrc.structure import is_container

Checked = tuple[int, str, Any]
MISSING = object()
NO_GRADIENT = (int, str, bytes, complex, type(None))


def checked_parameters(function: Callable[..., Any], wrt: Sequence[int]) -> tuple[Checked, ...]:
    """Position, name and default of each parameter whose argument is to be checked."""
    parameters = parameters_of(function)
    if not parameters:
        return tuple((position, f"argument {position}", MISSING) for position in wrt)
    found = []
    for position in wrt:
        parameter = parameters[position]
        default = MISSING if parameter.default is parameter.empty else parameter.default
        if parameter.kind in POSITIONAL:
            found.append((position, parameter.name, default))
        elif parameter.kind is parameter.KEYWORD_ONLY:
            found.append((sys.maxsize, parameter.name, default))
    return tuple(found)


def check_differentiable(
    checked: Sequence[Checked],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    function: Callable[..., Any],
) -> None:
    """Refuse arguments that cannot have a gradient; containers pass, whatever their leaves.

    Raises
    ------
    NotDifferentiableError
        For an integer, a bool, a string, None, a complex number, or an array of such.
    """
    given = len(args)
    for position, name, default in checked:
        value = args[position] if position < given else kwargs.get(name, default)
        if type(value) is np.ndarray:
            if value.dtype.kind != "f":
                raise _refused(value, name, function)
        elif type(value) is not float and _has_no_gradient(value):
            raise _refused(value, name, function)


def _has_no_gradient(value: Any) -> bool:
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return kind != "f" if kind is not None else isinstance(value, NO_GRADIENT)


def _refused(value: Any, name: str, function: Callable[..., Any]) -> NotDifferentiableError:
    what, instead = _what(value, name)
    error = NotDifferentiableError(
        f"a derivative with respect to `{name}`, which is {what}",
        why="only floating-point numbers and arrays of them have a gradient",
        instead=instead,
    )
    return placed(error, function, name)


def _what(value: Any, name: str) -> tuple[str, str]:
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        kind = "an array" if np.ndim(value) else "a number"
        as_float = (
            f"pass `{name}.astype(float)`"
            if dtype.kind in "iub"
            else "pass real and imaginary parts"
        )
        return (
            f"{kind} of dtype {dtype}",
            as_float if dtype.kind in "iubc" else "pass an array of floats",
        )
    if isinstance(value, int):
        return f"the {type(value).__name__} {value!r}", f"pass the float {float(value)!r}"
    if value is None:
        return "None", "pass a float or an array of floats"
    return f"a {type(value).__name__}", "pass a float or an array of floats"


def signature(args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """What the shape of a result depends on as a rule: types, and shapes also inside lists."""
    found = tuple([_form(value) for value in args])
    return (*found, *((name, _form(value)) for name, value in kwargs.items())) if kwargs else found


def _form(value: Any) -> Any:
    if type(value) is np.ndarray:
        return value.shape
    if isinstance(value, list | tuple):
        return (type(value), *[_form(part) for part in value[:16]], len(value))
    return (type(value), getattr(value, "shape", None))


def is_scalar(value: Any) -> bool:
    """Whether `value` is a single real number."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return (
        kind in "fiub" and value.ndim == 0 if kind is not None else isinstance(value, float | int)
    )


def check_scalar(result: Any, function: Callable[..., Any], *, has_aux: bool) -> None:
    """Refuse a result that is not a single number; with `has_aux`, a pair that begins with one.

    Raises
    ------
    NonScalarOutputError
        With the shape of the result.
    """
    if has_aux and not (isinstance(result, tuple) and len(result) == 2):
        raise placed(_not_a_pair(result), function)
    value = result[0] if has_aux else result
    if not is_scalar(value):
        error = NonScalarOutputError(
            f"`{name_of(function)}` returns {_form_in_words(value)}",
            why="grad needs a scalar result: a single real number",
            instead="reduce the result to one number, or use vjp",
        )
        raise placed(error, function)


def _not_a_pair(result: Any) -> NonScalarOutputError:
    return NonScalarOutputError(
        f"with has_aux=True the result is {_form_in_words(result)}",
        why="the function must return a tuple of two: the value to differentiate, and the rest",
        instead="return (value, aux), or leave out has_aux",
    )


def _form_in_words(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return f"an array of shape {value.shape}" if value.shape else f"a number of dtype {dtype}"
    if value is None:
        return "None"
    return (
        f"a {type(value).__name__} of length {len(value)}"
        if is_container(value) and hasattr(value, "__len__")
        else (f"a {type(value).__name__}")
    )


def error_of_primal(
    error: TypeError, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> TypeError:
    """What the primal raises for arguments that don't fit; `error` itself where they do."""
    try:
        inspect.signature(function, follow_wrapped=False).bind(*args, **kwargs)
    except ValueError:
        return error
    except TypeError:
        try:
            function(*args, **kwargs)
        except TypeError as own:
            return own.with_traceback(None)
    return error
