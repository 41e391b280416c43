"""What is checked of a call: that arguments can have a gradient, that the result is one number."""

import numbers
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from knetsrc.callee import POSITIONAL, name_of, parameters_of, placed
from knetsrc.errors import DefectError, NonScalarOutputError, NotDifferentiableError
from knetsrc.modules import array_module, on_device
from knetsrc.structure import is_container

Checked = tuple[int, str, Any]
MISSING = object()
_INSTEAD = {
    type(None): "end the function, on each of its ways, with `return` and the value",
    complex: "return its real part, or the square of its absolute value",
    str: "return the number, and print the text outside",
}
_PARTS = "pass its real and imaginary part as two arguments"
_OWN_OPERATORS = {
    "MaskedArray": "pass {0}.filled(0.0), and the mask as an array of its own",
    "matrix": "pass np.asarray({0})",
}


def checked_parameters(function: Callable[..., Any], wrt: Sequence[int]) -> tuple[Checked, ...]:
    """Position, name and default of each differentiated parameter; nothing is checked of a star parameter."""
    parameters = parameters_of(function)
    if not parameters:
        return tuple((position, f"argument {position}", MISSING) for position in wrt)
    found: list[Checked] = []
    for position in wrt:
        parameter = parameters[position]
        default = MISSING if parameter.default is parameter.empty else parameter.default
        is_star = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        is_positional = parameter.kind in POSITIONAL
        name = "" if is_star else parameter.name
        found.append((position if is_positional else sys.maxsize, name, default))
    return tuple(found)


def differentiated(
    checked: Sequence[Checked], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[Any]:
    """The argument of each differentiated parameter; MISSING where there is none."""
    given = len(args)
    return [args[p] if p < given else kwargs.get(name, default) for p, name, default in checked]


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
    values = differentiated(checked, args, kwargs)
    for (_, name, _), value in zip(checked, values, strict=True):
        if type(value) is np.ndarray:
            if value.dtype.kind != "f":
                raise _refused(value, name, function)
        elif type(value) is not float and value is not MISSING and _has_no_gradient(value):
            raise _refused(value, name, function)


def check_kinds(args: Sequence[Any], kwargs: dict[str, Any], function: Callable[..., Any]) -> None:
    """Refuse arrays for which operators mean something else than for arrays, differentiated or not.

    Raises
    ------
    NotDifferentiableError
        For a masked array or a matrix.
    """
    for i, value in enumerate((*args, *kwargs.values())):
        if type(value) is np.ndarray or not isinstance(value, np.ndarray):
            continue
        kinds = {kind.__name__ for kind in type(value).__mro__} & _OWN_OPERATORS.keys()
        if kinds:
            name = [*_names_of(args, function), *kwargs][i]
            error = NotDifferentiableError(
                f"`{name}` is a {type(value).__name__}",
                why="its operators are not those of an array, which the derivative rules are written for",
                instead=_OWN_OPERATORS[kinds.pop()].format(name),
            )
            raise placed(error, function, name)


def _names_of(args: Sequence[Any], function: Callable[..., Any]) -> list[str]:
    """The name of the parameter for each positional argument, as far as it has one of its own."""
    names = [p.name for p in parameters_of(function) if p.kind in POSITIONAL]
    return [*names, *(f"argument {i}" for i in range(len(names), len(args)))][: len(args)]


def _has_no_gradient(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array_function__"):
        return getattr(getattr(value, "dtype", None), "kind", None) != "f"
    if hasattr(value, "dtype"):  # of a library whose functions are not NumPy's
        return True
    return not (isinstance(value, float) or is_container(value) or _is_object(value))


def _is_object(value: Any) -> bool:
    """Whether a value is an object of a user's class, of which the attributes are differentiated."""
    return hasattr(value, "__dict__") and type(value).__module__ != "builtins"


def _refused(value: Any, name: str, function: Callable[..., Any]) -> NotDifferentiableError:
    what, instead = _what(value, name)
    error = NotDifferentiableError(
        f"a derivative with respect to `{name}`, which is {what}",
        why="only floating-point numbers and NumPy or CuPy arrays of them have a gradient",
        instead=instead,
    )
    return placed(error, function, name)


def _what(value: Any, name: str) -> tuple[str, str]:
    kind = type(value)
    if isinstance(value, np.ndarray | np.generic):
        what = f"{'an array' if np.ndim(value) else 'a number'} of dtype {value.dtype}"
        if value.dtype.kind in "iub":
            return what, f"pass `{name}.astype(float)`"
        return what, _PARTS if value.dtype.kind == "c" else "pass an array of floats"
    if value is None:
        return "None", "pass a float or an array of floats"
    if isinstance(value, int):
        return f"the {kind.__name__} {value!r}", f"pass the float {float(value)!r}"
    if isinstance(value, complex):
        return f"the complex {value!r}", _PARTS
    if isinstance(value, numbers.Number):
        return f"the {kind.__name__} {value}", f"pass float({name})"
    if hasattr(value, "__array__"):
        return f"a {kind.__module__.partition('.')[0]} {kind.__name__}", f"pass np.asarray({name})"
    return _kind_in_words(value), "pass a float or an array of floats"


def _kind_in_words(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def signature(args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """What the shape of a result depends on as a rule: types, and shapes also inside lists."""
    found = tuple(
        [
            v.shape if type(v) is np.ndarray else float if type(v) is float else _form(v)
            for v in args
        ]
    )
    return (*found, *((name, _form(value)) for name, value in kwargs.items())) if kwargs else found


def _form(value: Any, depth: int = 3) -> Any:
    if type(value) is np.ndarray:
        return value.shape
    if isinstance(value, list | tuple):
        parts = [_form(part, depth - 1) for part in value[:16]] if depth else ()
        return (type(value), *parts, len(value))
    return (type(value), getattr(value, "shape", None))


def formed(gradient: Any, value: Any) -> Any:
    """The gradient with respect to `value` in its form: a float for a float, for an array an array of its dtype."""
    kind = type(value)
    if kind is np.ndarray:
        if (
            type(gradient) is not kind
            or gradient.dtype is not value.dtype
            or gradient.shape != value.shape
        ):
            return _formed_array(gradient, value)
        return gradient
    if kind is type(gradient):
        return _formed_entries(gradient, value) if kind in (list, dict, tuple) else gradient
    if kind in (list, tuple) and isinstance(gradient, list):  # of entries that add up
        return kind(formed(part, entry) for part, entry in zip(gradient, value, strict=True))
    if kind is float and type(gradient) is np.float64:
        return float(gradient)
    if on_device(gradient):  # to make it a number would be to wait for the device
        return gradient
    if kind is float:
        return float(gradient)
    if on_device(value):
        return array_module(value).full(value.shape, gradient, value.dtype)
    return value.dtype.type(gradient) if isinstance(value, np.generic) else gradient


def _formed_entries(gradient: Any, value: Any) -> Any:
    """The gradient of a container with a float for each float, and each array in the dtype of that of the container."""
    keys = value if type(value) is dict else range(len(value))
    changed = {}
    for key in keys:
        entry, old = value[key], gradient[key]
        if type(entry) is np.ndarray is type(old):
            if old.dtype is not entry.dtype and old.dtype.kind == "f":
                changed[key] = _formed_array(old, entry)
        elif isinstance(entry, float) and type(old) is not type(entry):
            changed[key] = formed(old, entry)
        elif type(entry) in (list, dict, tuple) and type(entry) is type(old):
            new = _formed_entries(old, entry)
            if new is not old:
                changed[key] = new
    if not changed:
        return gradient
    if type(gradient) is tuple:
        return tuple(changed.get(i, d) for i, d in enumerate(gradient))
    for key, new in changed.items():
        gradient[key] = new
    return gradient


def _formed_array(gradient: Any, value: np.ndarray) -> np.ndarray:
    if np.shape(gradient) != value.shape:
        raise DefectError(
            f"a gradient of shape {np.shape(gradient)} for an array of shape {value.shape}",
            why="the generated source is wrong for these arguments",
            instead="report it, with the function and the shapes",
        )
    return np.asarray(gradient, value.dtype)


def is_scalar(value: Any) -> bool:
    """Whether `value` is a single real number."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return (
        kind in "fiub" and value.ndim == 0 if kind is not None else isinstance(value, float | int)
    )


def refused_result(
    result: Any, function: Callable[..., Any], *, has_aux: bool
) -> NonScalarOutputError | None:
    """The error for a result that is not a single number; with `has_aux`, for one that is not a pair that begins with one."""
    if has_aux and not (isinstance(result, tuple) and len(result) == 2):
        return placed(_not_a_pair(result), function)
    value = result[0] if has_aux else result
    if is_scalar(value):
        return None
    error = NonScalarOutputError(
        f"`{name_of(function)}` returns {_form_in_words(value)}",
        why="grad needs a scalar result: a single real number",
        instead=_INSTEAD.get(type(value), "reduce the result to one number, or use vjp"),
    )
    return placed(error, function)


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
        else _kind_in_words(value)
    )


def error_of_primal(
    error: TypeError, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> Exception:
    """What the primal raises for arguments that don't fit its parameters; `error` itself where it raises nothing."""
    try:
        function(*args, **kwargs)
    except Exception as own:
        return own.with_traceback(None)
    return error
