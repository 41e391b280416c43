"""What a call tells of arguments that are functions, modules, objects or containers, where their parameters tell nothing."""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from knetsrc.callee import parameters_of
from knetsrc.objects import classes_in, is_object

Given = tuple[tuple[str, str, Any], ...]
CONTAINERS = (list, tuple, dict)
OF_NUMBERS = frozenset({"floats", "integers"})


def given_by(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    asks: Sequence[str] = (),
) -> Given:
    """Parameters whose arguments are functions, modules, objects of a user's class, or lists of such objects.

    Parameters
    ----------
    function
        A plain function.
    args, kwargs
        What it is called with.
    asks
        Parameters of which lists, tuples and dicts are told as well.

    Returns
    -------
    tuple
        Path, kind ("function", "functions", "module", "class", "none" or "plain") and the function, functions,
        module or class of each.
    """
    parameters = parameters_of(function)
    named = {p.name: value for p, value in zip(parameters, args, strict=False)} | dict(kwargs)
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    values = defaults | named
    told = [fact for name, value in values.items() for fact in _told(name, value)]
    kinds = ((name, type(values[name])) for name in asks if name in values)
    return (*told, *((name, "class", kind) for name, kind in kinds if kind in CONTAINERS))


def ranks_by(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
    """What a call tells of numbers and of arrays of numbers: (name, kind, number of axes), for kinds see `OF_NUMBERS`."""
    parameters = parameters_of(function)
    named = {p.name: value for p, value in zip(parameters, args, strict=False)} | dict(kwargs)
    single = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    told = ((name, *_rank_of(named[name])) for name in single if name in named)
    return tuple((name, kind, rank) for name, kind, rank in told if kind)


def _rank_of(value: Any) -> tuple[str, int]:
    """The kind and the number of axes; no kind for arrays without axes, which may be written, and for all else."""
    if type(value) is np.ndarray and value.ndim and value.dtype.kind in "fiu":
        return ("floats" if value.dtype.kind == "f" else "integers", value.ndim)
    if isinstance(value, float | np.floating):
        return "floats", 0
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return ("integers" if is_integer else "", 0)


def _told(name: str, value: Any) -> Given:
    if isinstance(value, ModuleType):
        return ((name, "module", value),)
    if value is None:
        return ((name, "none", None),)
    if isinstance(value, CONTAINERS) and value and all(map(_is_function, _entries(value))):
        inside = tuple(_entries(value))
        return ((name, "functions", (type(value), tuple(value), inside)),)
    if _is_function(value):
        return ((name, "function", value),)
    classes = tuple((f"{name}{rest}", "class", kind) for rest, kind in classes_in(value).items())
    return classes or ((name, "plain", None),)


def _entries(value: Any) -> list[Any]:
    return list(value.values() if isinstance(value, dict) else value)


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type) and not is_object(value)
