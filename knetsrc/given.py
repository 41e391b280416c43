"""What a call tells of arguments that are functions, modules or objects, where their parameters tell nothing."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from knetsrc.callee import parameters_of

Given = tuple[tuple[str, str, Any], ...]
_LIBRARIES = frozenset({"builtins", "numpy", "scipy", "collections", "cupy"})


def given_by(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
    """Parameters whose arguments are functions, modules, objects of a user's class, or lists of such objects.

    Parameters
    ----------
    function
        A plain function.
    args, kwargs
        What it is called with.

    Returns
    -------
    tuple
        Name, kind ("function", "functions", "module", "class", "elements", "none" or "plain") and the
        function, module or class of each.
    """
    parameters = parameters_of(function)
    named = {p.name: value for p, value in zip(parameters, args, strict=False)} | dict(kwargs)
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    found = ((name, *_kind(value)) for name, value in (defaults | named).items())
    return tuple(found)


def _kind(value: Any) -> tuple[str, Any]:
    if isinstance(value, ModuleType):
        return "module", value
    if value is None:
        return "none", None
    if isinstance(value, list | tuple | dict) and value:
        inside = value.values() if isinstance(value, dict) else value
        if all(callable(v) and not isinstance(v, type) and not _is_object(v) for v in inside):
            return "functions", (type(value), tuple(value), tuple(inside))
    if isinstance(value, list | tuple) and value and not hasattr(value, "_fields"):
        classes = {type(v) for v in value}
        if len(classes) == 1 and _is_object(value[0]):
            return "elements", type(value[0])
        return "plain", None
    if _is_object(value):
        return "class", type(value)
    is_function = callable(value) and not isinstance(value, type)
    return ("function", value) if is_function else ("plain", None)


def _is_object(value: Any) -> bool:
    """Whether a value is an object of a class of the user."""
    kind = type(value)
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        return True
    is_library = kind.__module__.split(".")[0] in _LIBRARIES | {"knetsrc", "functools"}
    return not is_library and hasattr(value, "__dict__") and not hasattr(value, "__wrapped__")
