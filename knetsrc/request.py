"""What is asked of the pipeline, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes
    ----------
    wrt
        Positions of the differentiated parameters in the signature, in the order asked for.
    kind
        "grad", "value_and_grad" or "vjp".
    single
        A bare gradient rather than a tuple of them.
    has_aux
        The function returns its value and something else that is handed through.
    given
        Parameters of which a call has told the function or the class, as `given.given_by` finds them.
    """

    wrt: tuple[int, ...]
    kind: str
    single: bool = True
    has_aux: bool = False
    given: tuple[tuple[str, str, Any], ...] = ()


@dataclass(frozen=True)
class Generated:
    """A generated module, and what is known about it.

    Attributes
    ----------
    text
        The whole module.
    name, backward
        Names of its entry, and of the backward function for "vjp".
    captured
        Variables of enclosing functions, which the entry takes by keyword.
    injected
        Objects that the module's namespace must hold before it is executed.
    scalar_result
        The result is known to be a single number.
    restores
        The backward function writes into arrays that the forward one has kept.
    asks
        Parameters of which a call should tell whether they are lists, tuples or dicts.
    lines
        The line of the user's file for lines of the text.
    places
        For each generated function the user's file and function that it was generated from, with the first and the
        last line of that.
    key_parts
        What else shaped the text, for a digest where the bindings have none.
    """

    text: str
    name: str
    backward: str | None = None
    captured: tuple[str, ...] = ()
    injected: Mapping[str, Any] = field(default_factory=dict)
    scalar_result: bool = False
    restores: bool = False
    asks: tuple[str, ...] = ()
    lines: Mapping[int, int] = field(default_factory=dict)
    places: Mapping[str, tuple[str, str, int, int]] = field(default_factory=dict)
    key_parts: tuple[str, ...] = ()
