"""What a user calls: `grad`, `value_and_grad`, `vjp`."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from knetsrc.arguments import check_kinds, error_of_primal, formed
from knetsrc.callee import POSITIONAL, parameters_of, taken_apart
from knetsrc.gradient import Argnums, Gradient, Wrt
from knetsrc.origin import as_refusal, as_refused_argument, explain
from knetsrc.request import Request
from knetsrc.runner import Plan, Runner, retried
from knetsrc.structure import (
    fresh_lists,
    has_differentiable_leaf,
    independent_memory,
    matched,
    refused_cycle,
)

Slot = tuple[int, int | None]


@overload
def grad(
    function: Callable[..., Any], argnums: Argnums = 0, *, wrt: Wrt = None, has_aux: bool = False
) -> Gradient: ...
@overload
def grad(
    function: None = None, argnums: Argnums = 0, *, wrt: Wrt = None, has_aux: bool = False
) -> Callable[[Callable[..., Any]], Gradient]: ...
def grad(
    function: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    wrt: Wrt = None,
    has_aux: bool = False,
) -> Gradient | Callable[[Callable[..., Any]], Gradient]:
    """The gradient of a function that returns a single number.

    Parameters
    ----------
    function
        A function, lambda, closure, method or callable object. Left out, `grad` returns a
        decorator.
    argnums
        The parameter to differentiate with respect to, counted from 0; a tuple for several.
    wrt
        The same by name, or a tuple of names; takes the place of `argnums`.
    has_aux
        The function returns a pair (value, aux); the gradient is returned as (gradient, aux).

    Returns
    -------
    Gradient
        A function of the same arguments. The gradient has the structure of the argument: containers
        keep their type, arrays their shape and dtype, a float gives a float, and what has no
        derivative None. For several parameters it is a tuple of gradients, in the order asked for.

    Raises
    ------
    NotDifferentiableError
        If `function` is not one, or has no such parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from knetsrc import grad
    >>> grad(np.sum)(np.array([1.0, 2.0]))
    array([1., 1.])
    """
    if function is None:
        return functools.partial(Gradient, argnums=argnums, wrt=wrt, has_aux=has_aux)
    return Gradient(function, argnums, wrt=wrt, has_aux=has_aux)


@overload
def value_and_grad(
    function: Callable[..., Any], argnums: Argnums = 0, *, wrt: Wrt = None, has_aux: bool = False
) -> Gradient: ...
@overload
def value_and_grad(
    function: None = None, argnums: Argnums = 0, *, wrt: Wrt = None, has_aux: bool = False
) -> Callable[[Callable[..., Any]], Gradient]: ...
def value_and_grad(
    function: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    wrt: Wrt = None,
    has_aux: bool = False,
) -> Gradient | Callable[[Callable[..., Any]], Gradient]:
    """The value and the gradient of a function that returns a single number.

    Parameters are those of `grad`. With `has_aux` the result is ((value, aux), gradient).

    Returns
    -------
    Gradient
        A function of the same arguments that returns the pair (value, gradient).

    Raises
    ------
    NotDifferentiableError
        If `function` is not one, or has no such parameter.
    """
    if function is None:
        return functools.partial(
            Gradient, argnums=argnums, wrt=wrt, has_aux=has_aux, kind="value_and_grad"
        )
    return Gradient(function, argnums, wrt=wrt, has_aux=has_aux, kind="value_and_grad")


@dataclass(frozen=True, eq=False)
class Pullback:
    """Pulls a cotangent of a value back to the arguments it was computed from; made by `vjp`."""

    _plan: Plan | None
    _value: Any
    _saved: Any
    _wrt: tuple[int, ...]
    _slots: Sequence[Slot | None]
    _args: tuple[Any, ...]

    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        """One gradient for each positional argument, None for one that cannot have any.

        Parameters
        ----------
        cotangent
            One number for each number of the value, in its structure and shapes.

        Raises
        ------
        StructureError
            If it has another structure or other shapes.
        """
        cotangent = matched(cotangent, self._value)
        if self._plan is None:
            return (None,) * len(self._slots)
        # not at the top: it loads SciPy, as what was generated has done
        from knetsrc.backends.structures import opened

        copy = independent_memory if self._plan.generated.restores else fresh_lists
        try:
            gradients = self._plan.pull_back(copy(self._saved), opened(cotangent))
        except Exception as error:
            refusal = as_refused_argument(error, self._args) or as_refusal(error)
            if refusal is not None:
                raise refusal from error
            explain(error)
            raise
        found = _distributed(dict(zip(self._wrt, gradients, strict=True)), self._slots)
        triples = zip(found, self._args, self._slots, strict=True)
        return tuple(formed(d, value) if slot else None for d, value, slot in triples)

    @property
    def source(self) -> str:
        """The module that is executed, as text; empty where no argument can have a gradient."""
        return self._plan.generated.text if self._plan else ""


def vjp(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[Any, Pullback]:
    """The value of a function, and the function that pulls a cotangent back to its arguments.

    Parameters
    ----------
    function
        As of `grad`, but it may return anything: an array, or a container of arrays.
    *args
        Its positional arguments.
    **kwargs
        Its keyword arguments; they are not differentiated.

    Returns
    -------
    value
        What the function returns.
    pullback
        Takes a cotangent with the structure and shapes of the value, gives a tuple with one
        gradient for each positional argument, None for one that cannot have any. It may be called
        more than once, as long as neither the arguments nor the value have been changed in place.

    Raises
    ------
    KnetsrcError
        If the function cannot be differentiated.

    Examples
    --------
    >>> import numpy as np
    >>> from knetsrc import vjp
    >>> value, pullback = vjp(np.square, np.array([1.0, 3.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 60.]),)
    """
    inner = function if isinstance(function, Gradient) else None
    callee = inner._callee if inner else taken_apart(function)
    given = len(args)
    args, kwargs = (inner._first if inner else callee.first) + args, callee.keywords | kwargs
    if inner is not None and (other := inner.for_call(args, kwargs)) is not inner:
        inner, callee = other, other._callee
    try:
        slots = _slots(callee.function, args, kwargs)[-given:] if given else []
    except RecursionError as error:
        raise refused_cycle(error, args) or error from None
    wrt = tuple(sorted({slot[0] for slot in slots if slot}))
    check_kinds(args, kwargs, callee.function)
    if not wrt:
        value = function(*args[-given:], **kwargs) if given else function(**kwargs)
        return value, Pullback(None, value, None, wrt, slots, args)
    runner = _runner(callee.function, wrt, inner and inner._runner)

    def planned_call() -> tuple[Plan, Any, Any]:
        plan = runner.ready_for(args, kwargs)
        try:
            return plan, *plan.call(args, kwargs)
        except Exception as error:
            refusal = refused_cycle(error, (*args, *kwargs.values()))
            if refusal is not None:
                raise refusal from error
            explain(error)
            raise

    plan, value, saved = retried(planned_call, runner)
    return value, Pullback(plan, value, saved, wrt, slots, args[-given:])


@functools.lru_cache(maxsize=256)
def _runner(function: Callable[..., Any], wrt: tuple[int, ...], inner: Runner | None) -> "Runner":
    return Runner(function, Request(wrt, "vjp", single=False), inner=inner)


def _slots(
    function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> list[Slot | None]:
    """The parameter of each positional argument, and its place in a star parameter.

    None for an argument without any number that could have a gradient.
    """
    parameters = parameters_of(function)
    places = [_slot(parameters, position) for position in range(len(args))]
    if None in places:
        raise error_of_primal(TypeError("too many positional arguments"), function, args, kwargs)
    return [
        slot if has_differentiable_leaf(value) else None
        for slot, value in zip(places, args, strict=True)
    ]


def _slot(parameters: Sequence[inspect.Parameter], position: int) -> Slot | None:
    if not parameters:
        return position, None
    for i, parameter in enumerate(parameters[: position + 1]):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return i, position - i
    return (
        (position, None)
        if position < len(parameters) and parameters[position].kind in POSITIONAL
        else None
    )


def _distributed(gradients: Mapping[int, Any], slots: Sequence[Slot | None]) -> tuple[Any, ...]:
    """The gradient of each argument, from those of the parameters."""

    def pick(slot: Slot | None) -> Any:
        if slot is None:
            return None
        position, part = slot
        return gradients[position] if part is None else gradients[position][part]

    return tuple(pick(slot) for slot in slots)
