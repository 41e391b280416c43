"""What is left to be checked of a call whose arguments have types that are known."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from knetsrc.arguments import signature
from knetsrc.given import (
    CONTAINERS,
    OF_NUMBERS,
    Given,
    arrays_in,
    columns_of,
    is_of_integers,
    ones_in,
)

Place = int | str


@dataclass(slots=True)
class Known:
    """What is left to be checked of a call with arguments of known types.

    Attributes
    ----------
    call
        What computes the gradient.
    is_scalar
        The result is a single number; else the signature of the call must be known to give one.
    form
        The type of the gradient, if that is all there is to its form.
    tests
        What must hold of the arguments, see `Demands`.
    is_free
        Nothing is left.
    """

    call: Callable[..., Any]
    is_scalar: bool
    form: type | None
    tests: "Demands"
    is_free: bool = field(init=False)
    _holds: Callable[[tuple[Any, ...], dict[str, Any]], bool] = field(init=False)

    def __post_init__(self) -> None:
        self.is_free = self.is_scalar and not self.tests.texts
        self._holds = self.tests.compiled()

    def admits(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], scalar_for: Container[Any]
    ) -> bool:
        """Whether the call needs no other check."""
        try:
            if not self._holds(args, kwargs):
                return False
        except (LookupError, TypeError):  # a container without such an entry
            return False
        return self.is_scalar or signature(args, kwargs) in scalar_for


class Demands:
    """Tests that the arguments of a call must pass, compiled as one expression: it is evaluated at every call of a gradient.

    Parameters
    ----------
    named
        Arguments of a call that passes: positions or names, and values.
    arrays
        Positions or names of differentiated arrays.
    given
        What the source is for.
    """

    def __init__(
        self, named: Sequence[tuple[Place, Any]], arrays: Sequence[Place], given: Given
    ) -> None:
        told = [ones for name, kind, ones in given if kind in OF_NUMBERS and name.isidentifier()]
        is_told = any(kind in OF_NUMBERS for _, kind, _ in given)
        self.texts: list[str] = []
        self._values: dict[str, Any] = {
            "array": np.ndarray,
            "first_type": first_type,
            "ones_in": ones_in,
            "is_of_integers": is_of_integers,
            "columns_of": columns_of,
        }
        self._is_for_all = any(None in ones for ones in told)
        for place, value in named:
            if isinstance(value, np.ndarray) and (is_told or place in arrays):
                self.texts += self._of_array(_at(place), value, is_told)
            elif isinstance(value, CONTAINERS):
                self.texts += self._of_container(_at(place), value, is_told)

    def compiled(self) -> Callable[[tuple[Any, ...], dict[str, Any]], bool]:
        """The function that tells whether all of them hold."""
        return eval(f"lambda args, kwargs: {' and '.join(self.texts) or True}", self._values)  # type: ignore[no-any-return]

    def _of_array(self, at: str, array: Any, is_told: bool) -> Iterator[str]:
        """Its kind; of source for certain arrays the axes too, and which of these have the length 1."""
        if is_told:
            yield f"len(s := {at}.shape) == {array.ndim}"
        if is_told and not self._is_for_all:
            has_ones = 1 in array.shape
            yield f"ones_in(s) == {ones_in(array.shape)}" if has_ones else "1 not in s"
        yield f"{at}.dtype.char == {array.dtype.char!r}"

    def _of_container(self, at: str, value: Any, is_told: bool) -> Iterator[str]:
        """What the source is for of its entries; else the type of the first, as the others are of that type as a rule."""
        if is_told and is_of_integers(value):
            yield f"is_of_integers({at})"
            return
        if is_told and (columns := columns_of(value)):
            yield f"columns_of({at}) == {columns!r}"
            return
        leaves = arrays_in("", value) if is_told and not self._is_for_all else []
        if not leaves or type(value) not in CONTAINERS:
            name = f"kind_{len(self._values)}"
            self._values[name] = first_type(value)
            yield f"first_type({at}) is {name}"
            return
        yield f"len({at}) == {len(value)}"
        for _, keys, leaf in leaves:
            entry = at + "".join(f"[{key!r}]" for key in keys)
            if isinstance(leaf, float):
                yield f"isinstance({entry}, float)"
            else:
                yield f"type(x := {entry}) is array"
                yield from self._of_array("x", leaf, is_told)


def first_type(container: Any) -> type:
    """The type of the first thing in a list, tuple or dict: what else it holds is of that type as a rule."""
    values = container.values() if isinstance(container, dict) else container
    return type(next(iter(values), None))


def _at(place: Place) -> str:
    return f"kwargs[{place!r}]" if isinstance(place, str) else f"args[{place}]"
