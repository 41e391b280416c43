"""Holds every way to ask for a gradient against central differences in float64."""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from knetsrc import grad, value_and_grad, vjp

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[0.4, -0.7, 1.1], [1.6, 0.2, -0.9]])
STEP = 1e-5


def check(
    f: Callable[..., Any],
    *args: Any,
    argnums: tuple[int, ...] | None = None,
    ways: tuple[Callable[..., Any], ...] = (),
    **kwargs: Any,
) -> None:
    """Compare the gradients of `f` at `args` with central differences, for any structure of both.

    `grad` is checked where `f` returns a number, `vjp` always. The arguments must be as before
    afterwards, each gradient must have the structure, shapes and dtypes of its argument, and the
    same must hold for float32 copies of the arrays.

    Parameters
    ----------
    f
        The function.
    *args
        Where it is differentiated; `f` must be smooth there.
    argnums
        The arguments to differentiate by; all that hold a floating-point number by default.
    ways
        How they are asked for, `by_grad`, `by_vjp` or `by_value_and_grad`.
    **kwargs
        Its keyword arguments.
    """
    chosen = argnums or tuple(i for i, a in enumerate(args) if any(map(is_float, leaves(a))))
    value = f(*copy.deepcopy(args), **kwargs)
    is_number = is_float(value) and np.ndim(value) == 0
    weights = 1.0 if is_number else rebuilt(value, weight)
    expected = [differences(f, args, i, weights, kwargs) for i in chosen]
    for ask in ways or ((by_grad, by_vjp) if is_number else (by_vjp,)):
        _check_one(ask, f, args, chosen, kwargs, weights, expected, tolerance=1e-6)
        narrow = rebuilt(args, to_float32)
        if any(isinstance(leaf, np.ndarray) for leaf in leaves(args)):
            _check_one(ask, f, narrow, chosen, kwargs, weights, expected, tolerance=3e-3)


def by_grad(f: Any, args: Any, chosen: Any, kwargs: Any, weights: Any) -> tuple[Any, Any]:
    """The gradients from `grad`, which computes no more of the value than they need."""
    return None, grad(f, argnums=chosen)(*args, **kwargs)


def by_value_and_grad(f: Any, args: Any, chosen: Any, kwargs: Any, weights: Any) -> tuple[Any, Any]:
    """Value and gradients from `value_and_grad`."""
    return value_and_grad(f, argnums=chosen)(*args, **kwargs)


def by_vjp(f: Any, args: Any, chosen: Any, kwargs: Any, weights: Any) -> tuple[Any, Any]:
    """Value and gradients from `vjp`, which must be the same when they are asked for again."""
    value, pullback = vjp(f, *args, **kwargs)
    gradients, again = pullback(weights), pullback(weights)
    compare(again, gradients, tolerance=0.0, name="second pullback")
    return value, tuple(gradients[i] for i in chosen)


def _check_one(
    ask: Any,
    f: Any,
    args: Any,
    chosen: Any,
    kwargs: Any,
    weights: Any,
    expected: Any,
    *,
    tolerance: float,
) -> None:
    before = copy.deepcopy(args)
    primal = f(*copy.deepcopy(args), **kwargs)
    value, gradients = ask(f, args, chosen, kwargs, weights)
    compare(args, before, tolerance=0.0, name=f"{ask.__name__}: argument after the call")
    if ask is not by_grad:
        compare(value, primal, tolerance=max(1e-12, tolerance / 100), name=f"{ask.__name__}: value")
    for number, gradient, difference in zip(chosen, gradients, expected, strict=True):
        name = f"{ask.__name__}: gradient of argument {number}"
        same_form(gradient, args[number], name)
        compare(gradient, difference, tolerance, name)


# --- structures -----------------------------------------------------------------------------------
def parts(value: Any) -> list[Any] | None:
    """The parts of a container; None for a leaf."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return None


def leaves(value: Any) -> Iterator[Any]:
    """Every leaf, in order."""
    inside = parts(value)
    if inside is None:
        yield value
    else:
        for part in inside:
            yield from leaves(part)


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same containers around `change(leaf)` for each leaf."""
    inside = parts(value)
    if inside is None:
        return change(value)
    new = [rebuilt(part, change) for part in inside]
    if isinstance(value, dict):
        return dict(zip(value, new, strict=True))
    if isinstance(value, list):
        return new
    if isinstance(value, tuple):
        return type(value)(*new) if hasattr(value, "_fields") else tuple(new)
    made = copy.copy(value)
    for field, part in zip(dataclasses.fields(value), new, strict=True):
        object.__setattr__(made, field.name, part)
    return made


def is_float(leaf: Any) -> bool:
    """Whether a leaf is a floating-point number or an array of them."""
    return isinstance(leaf, float) or getattr(getattr(leaf, "dtype", None), "kind", "") == "f"


def to_float32(leaf: Any) -> Any:
    """A float32 copy of an array of floats, anything else as it is."""
    return leaf.astype(np.float32) if isinstance(leaf, np.ndarray) and is_float(leaf) else leaf


def weight(leaf: Any) -> Any:
    """What a leaf of the result is multiplied with before everything is summed."""
    if not is_float(leaf):
        return leaf
    drawn = np.random.default_rng(np.size(leaf)).uniform(0.5, 1.5, np.shape(leaf))
    return drawn if np.ndim(leaf) else float(drawn)


# --- central differences --------------------------------------------------------------------------
def differences(f: Any, args: Any, number: int, weights: Any, kwargs: Any) -> Any:
    """The gradient of the weighted sum of the result by one argument, number by number."""
    every = list(leaves(args[number]))
    places = iter(range(len(every)))

    def slope(leaf: Any) -> Any:
        place = next(places)
        if not is_float(leaf):
            return None
        found = np.zeros(np.shape(leaf))
        for index in np.ndindex(np.shape(leaf)):
            ahead, behind = (
                _moved(f, args, number, place, index, step, weights, kwargs)
                for step in (STEP, -STEP)
            )
            found[index] = (ahead - behind) / (2 * STEP)
        return found if np.ndim(leaf) else float(found)

    return rebuilt(args[number], slope)


def _moved(
    f: Any, args: Any, number: int, place: int, index: Any, step: float, weights: Any, kwargs: Any
) -> float:
    moved = list(copy.deepcopy(args))
    places = iter(range(len(list(leaves(moved[number])))))

    def shift(leaf: Any) -> Any:
        if next(places) != place:
            return leaf
        if not np.ndim(leaf):
            return (
                np.array(leaf + step) if isinstance(leaf, np.ndarray) else type(leaf)(leaf + step)
            )
        leaf = leaf.copy()  # another leaf may be the same array
        leaf[index] += step
        return leaf

    moved[number] = rebuilt(moved[number], shift)
    value = f(*moved, **copy.deepcopy(kwargs))
    pairs = zip(leaves(value), leaves(weights), strict=True)
    return float(sum(np.sum(leaf * w) for leaf, w in pairs if is_float(leaf)))


# --- comparison -----------------------------------------------------------------------------------
def compare(found: Any, expected: Any, tolerance: float, name: str) -> None:
    """The same structure, and the same numbers within the tolerance."""
    inside, wanted = parts(found), parts(expected)
    if wanted is None or inside is None:
        assert inside is None and wanted is None, f"{name} is {found!r}, not {expected!r}"
        _compare_leaf(found, expected, tolerance, name)
        return
    assert type(found) is type(expected), f"{name} is a {type(found)}, not a {type(expected)}"
    assert len(inside) == len(wanted), f"{name} has {len(inside)} parts, not {len(wanted)}"
    if isinstance(expected, dict):
        assert list(found) == list(expected), f"{name} has the keys {list(found)}"
    for i, (part, other) in enumerate(zip(inside, wanted, strict=True)):
        compare(part, other, tolerance, f"{name}[{i}]")


def _compare_leaf(found: Any, expected: Any, tolerance: float, name: str) -> None:
    if is_float(expected) or isinstance(expected, np.ndarray):
        scale = float(np.max(np.abs(expected), initial=1.0)) if is_float(expected) else 1.0
        np.testing.assert_allclose(
            found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=name, strict=False
        )
        assert np.shape(found) == np.shape(expected), f"{name} has shape {np.shape(found)}"
    elif hasattr(expected, "__dict__") and type(found) is type(expected):
        compare(vars(found), vars(expected), tolerance, name)
    else:
        assert found is expected or found == expected, f"{name} is {found!r}, not {expected!r}"


def same_form(gradient: Any, argument: Any, name: str) -> None:
    """Structure, kind of leaf, shape and dtype of a gradient are those of its argument."""
    inside, wanted = parts(gradient), parts(argument)
    if wanted is None:
        assert _has_form(gradient, argument), (
            f"{name} is {_form(gradient)}, the argument {_form(argument)}"
        )
        return
    assert type(gradient) is type(argument), f"{name} is a {type(gradient)}"
    for i, (part, other) in enumerate(zip(inside or [], wanted, strict=True)):
        same_form(part, other, f"{name}[{i}]")


def _has_form(gradient: Any, argument: Any) -> bool:
    if not is_float(argument):
        return gradient is None
    if isinstance(argument, float):
        return isinstance(gradient, float)
    return _form(gradient) == _form(argument)


def _form(leaf: Any) -> str:
    if isinstance(leaf, np.ndarray | np.floating):
        return f"{leaf.dtype} of shape {leaf.shape}"
    return type(leaf).__name__
