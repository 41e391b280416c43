"""Checks gradients against central differences: for users, in tests of their own functions."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from knetsrc.api import vjp
from knetsrc.arguments import is_scalar
from knetsrc.callee import name_of, parameters_of, taken_apart
from knetsrc.errors import KnetsrcError
from knetsrc.gradient import Gradient
from knetsrc.structure import independent, is_differentiable, leaves, map_leaves

__all__ = ["check_grads"]

EVERY_ELEMENT_UP_TO = 256
DIRECTIONS = 3
EPSILON = float(np.finfo(float).eps)
STEP = EPSILON ** (1 / 3)  # where truncation and rounding of a central difference are about equal


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    argnums: int | Sequence[int] = 0,
    order: int = 1,
    modes: Sequence[str] = ("rev",),
    rtol: float = 1e-5,
    atol: float = 1e-7,
    kwargs: Mapping[str, Any] | None = None,
) -> None:
    """Compare the gradient of a function with central differences in float64.

    Each differentiated argument is moved along random directions, and where it has at most 256
    numbers, also number by number. A result that is not a single number is weighted with random
    numbers and summed.

    Parameters
    ----------
    f
        The function, or what `grad` made of it.
    args
        Its positional arguments: where it is checked. It must be smooth there.
    argnums
        Which of them to check.
    order
        1, or higher to check the derivatives of the generated gradient too; more than 2 where that is
        a single number.
    modes
        "rev", the only one so far.
    rtol, atol
        Largest difference that is accepted, relative to the central difference and absolute.
    kwargs
        Keyword arguments of `f`.

    Raises
    ------
    AssertionError
        If one disagrees; the text names the argument, the element, both numbers, and the line to
        look at.
    KnetsrcError
        If `f` cannot be differentiated.

    Examples
    --------
    >>> import numpy as np
    >>> from knetsrc.testing import check_grads
    >>> check_grads(np.tanh, [np.array([0.5, -1.0])])
    """
    if set(modes) != {"rev"} or order < 1:
        raise KnetsrcError(
            f"check_grads with order={order!r} and modes={tuple(modes)!r}",
            why="only reverse mode is there, and orders count from 1",
            instead='pass modes=("rev",) and order=1 or more',
        )
    primal = f.primal if isinstance(f, Gradient) else f
    chosen = tuple(argnums) if isinstance(argnums, Sequence) else (argnums,)
    for done in range(1, order + 1):
        if done > 2:
            _check_is_number(primal, args, kwargs or {}, order)
        if done > 1:
            primal = Gradient(primal, chosen[0] if len(chosen) == 1 else chosen)
        _check_once(primal, list(args), chosen, dict(kwargs or {}), (rtol, atol))


def _check_is_number(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], order: int
) -> None:
    if not is_scalar(function(*args, **kwargs)):
        raise KnetsrcError(
            f"check_grads with order={order} where the gradient is not a single number",
            why="its own gradient is one of a single number",
            instead="pass order=2, or check a function of one number",
        )


def _check_once(
    function: Callable[..., Any],
    args: list[Any],
    chosen: tuple[int, ...],
    kwargs: dict[str, Any],
    tolerances: tuple[float, float],
) -> None:
    for number, gradient in zip(
        chosen, _differentiated(function, args, chosen, kwargs).gradients, strict=True
    ):
        _check_form(gradient, args[number], _name(function, number))
    exact = map_leaves(_in_float64, args)
    found = _differentiated(function, exact, chosen, kwargs)
    for number, gradient in zip(chosen, found.gradients, strict=True):
        point = [leaf for _, leaf in leaves(exact[number])]
        for i, (path, slope) in enumerate(leaves(gradient)):
            if is_differentiable(point[i]):
                move = _Moved(function, exact, kwargs, number, i, found.weights)
                _Leaf(move, np.asarray(slope), path, found.source, *tolerances).check()


@dataclass(frozen=True)
class _Differentiated:
    gradients: tuple[Any, ...]
    weights: Any
    source: str


def _differentiated(
    function: Callable[..., Any], args: list[Any], chosen: tuple[int, ...], kwargs: dict[str, Any]
) -> _Differentiated:
    """The generated gradients of the result, weighted with `weights` and summed."""
    given, options = independent((args, kwargs))
    value = function(*given, **options)
    if is_scalar(value):
        gradient = Gradient(function, chosen)
        return _Differentiated(gradient(*args, **kwargs), 1.0, gradient.source)
    weights = map_leaves(_weight, value)
    _, pullback = vjp(function, *args, **kwargs)
    every = pullback(weights)
    return _Differentiated(tuple(every[number] for number in chosen), weights, pullback.source)


def _weight(leaf: Any) -> Any:
    if not is_differentiable(leaf):
        return leaf
    drawn = np.random.default_rng(len(np.shape(leaf))).uniform(0.5, 1.5, np.shape(leaf))
    return drawn.astype(leaf.dtype) if np.shape(leaf) else float(drawn)


def _in_float64(leaf: Any) -> Any:
    is_narrow = is_differentiable(leaf) and hasattr(leaf, "astype")
    return leaf.astype(np.float64) if is_narrow else leaf


def _check_form(gradient: Any, argument: Any, name: str) -> None:
    wanted, found = list(leaves(argument)), list(leaves(gradient))
    if [path for path, _ in wanted] != [path for path, _ in found]:
        raise AssertionError(
            f"the gradient of {name} has another structure than {name}: {gradient!r}"
        )
    for (path, leaf), (_, slope) in zip(wanted, found, strict=True):
        if _form(slope) != (_form(leaf) if is_differentiable(leaf) else _form(None)):
            raise AssertionError(
                f"the gradient of {name}{path} is {_form(slope)}, {name}{path} is {_form(leaf)}"
            )


def _form(leaf: Any) -> str:
    if not is_differentiable(leaf):
        return "None" if leaf is None else f"a {type(leaf).__name__}"
    return f"{np.asarray(leaf).dtype} of shape {np.shape(leaf)}"


@dataclass(frozen=True)
class _Moved:
    """The weighted result as a function of where one leaf of one argument is."""

    function: Callable[..., Any]
    args: list[Any]
    kwargs: dict[str, Any]
    number: int
    leaf: int
    weights: Any

    @property
    def point(self) -> np.ndarray:
        return np.asarray([leaf for _, leaf in leaves(self.args[self.number])][self.leaf])

    def __call__(self, step: np.ndarray) -> float:
        args, kwargs = independent((self.args, self.kwargs))
        every = [leaf for _, leaf in leaves(args[self.number])]
        moved = self.point + step
        every[self.leaf] = moved if isinstance(every[self.leaf], np.ndarray) else float(moved)
        rest = iter(every)
        args[self.number] = map_leaves(lambda _: next(rest), args[self.number])
        value = self.function(*args, **kwargs)
        pairs = zip(leaves(value), leaves(self.weights), strict=True)
        return float(
            sum(np.sum(np.asarray(v) * w) for (_, v), (_, w) in pairs if is_differentiable(v))
        )


@dataclass(frozen=True)
class _Leaf:
    """The gradient of one array or number inside an argument, to be checked."""

    move: _Moved
    gradient: np.ndarray
    path: str
    source: str
    rtol: float
    atol: float

    def check(self) -> None:
        """Raise an AssertionError where gradient and central difference disagree."""
        size = self.gradient.size
        if size <= EVERY_ELEMENT_UP_TO:
            for i in range(size):
                self._check_along((np.arange(size) == i).astype(float))
        rng = np.random.default_rng(0)
        for _ in range(DIRECTIONS if size > 1 else 0):
            direction = rng.standard_normal(size)
            self._check_along(direction / np.linalg.norm(direction))

    def _check_along(self, direction: np.ndarray) -> None:
        if not self._compared(direction)[0]:
            direction = self._narrowed(direction)
            raise AssertionError(self._message(direction))

    def _compared(self, direction: np.ndarray) -> tuple[bool, float, float]:
        """Whether both agree along `direction`; what the gradient says, what the difference."""
        direction = direction.reshape(self.gradient.shape)
        along = self.gradient * direction
        step = STEP * max(1.0, float(np.abs(self.move.point[direction != 0]).max(initial=0.0)))
        ahead, behind = self.move(step * direction), self.move(-step * direction)
        slope, expected = float(np.sum(along)), (ahead - behind) / (2 * step)
        rounding = 4 * EPSILON * max(abs(ahead), abs(behind)) / step
        allowed = (
            self.atol + rounding + self.rtol * max(abs(expected), float(np.linalg.norm(along)))
        )
        is_equal = slope == expected or (np.isnan(slope) and np.isnan(expected))
        return bool(is_equal or abs(slope - expected) <= allowed), slope, expected

    def _narrowed(self, direction: np.ndarray) -> np.ndarray:
        """The smallest part of a wrong direction that is wrong by itself, one element at best."""
        while np.count_nonzero(direction) > 1:
            at = np.flatnonzero(direction)
            halves = [
                np.where(np.isin(np.arange(direction.size), half), direction, 0.0)
                for half in np.array_split(at, 2)
            ]
            wrong = next((half for half in halves if not self._compared(half)[0]), None)
            if wrong is None:
                break
            direction = wrong
        return np.sign(direction) if np.count_nonzero(direction) == 1 else direction

    def _message(self, direction: np.ndarray) -> str:
        _, slope, expected = self._compared(direction)
        move = self.move
        at = np.flatnonzero(direction)
        index = (
            tuple(int(i) for i in np.unravel_index(at[0], self.gradient.shape))
            if len(at) == 1
            else ()
        )
        element = f"[{', '.join(map(str, index))}]" if index else ""
        along = "" if len(at) == 1 else f" along a random direction over {len(at)} elements"
        name = _name(move.function, move.number)
        return (
            f"the gradient of {_title(move.function)} with respect to {name}{self.path}{element}"
            f"{along} is {slope:.9g}, the central difference {expected:.9g}\n"
            f"{_where_to_look(self.source, name)}"
        )


def _title(function: Callable[..., Any]) -> str:
    return repr(function)[1:-1] if isinstance(function, Gradient) else name_of(function)


def _name(function: Callable[..., Any], number: int) -> str:
    callee = function._callee if isinstance(function, Gradient) else taken_apart(function)
    parameters = parameters_of(callee.function)
    position = min(number + len(callee.first), len(parameters) - 1)
    return parameters[position].name if parameters else f"argument {number}"


def _where_to_look(source: str, name: str) -> str:
    """The generated lines that make the adjoint of `name`; the last line where none does."""
    lines = source.splitlines()
    assigns = re.compile(rf"\s*d_{re.escape(name)}\b[^=]*=")
    found = [i for i, line in enumerate(lines) if assigns.match(line)] or [len(lines) - 1]
    return "\n".join(
        ["look at its generated source:", *(f"  {i + 1:4d} | {lines[i]}" for i in found)]
    )
