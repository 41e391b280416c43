"""Run a function as written and as normalised, and compare all that can be seen of it."""

import ast
import contextlib
import copy
import textwrap
from typing import Any

import gast
import numpy as np

from knetsrc.backends.checks import check_not_array
from knetsrc.transform import tree
from knetsrc.transform.language import check
from knetsrc.transform.normalize import normalize

STEPS = 300


class TooLongError(Exception):
    """A program that does not end by itself."""


def function_of(text: str) -> Any:
    (function,) = tree.parse(textwrap.dedent(text))
    return function


def normalized(text: str) -> Any:
    """The normalised function, checked to be in the core language and with the input as it was."""
    function = function_of(text)
    before = gast.dump(function, include_attributes=True)
    result = normalize(function)
    assert gast.dump(function, include_attributes=True) == before
    check(result)
    return result


def run(function: Any, args: Any) -> tuple[Any, ...]:
    """What a function returns or raises, what it notes on the way, and its arguments afterwards."""
    notes: list[Any] = []

    def note(*values: Any) -> Any:
        if len(notes) > STEPS:
            raise TooLongError
        notes.append(copy.deepcopy(values))
        return values[-1]

    args = copy.deepcopy(args)
    scope: dict[str, Any] = {
        "np": np,
        "note": note,
        "contextlib": contextlib,
        "check_not_array": check_not_array,
    }
    exec(
        ast.unparse(
            ast.fix_missing_locations(gast.gast_to_ast(gast.Module([copy.deepcopy(function)], [])))
        ),
        scope,
    )
    try:
        value = scope[function.name](*args)
    except Exception as error:
        return "raised", type(error), notes
    return "returned", value, notes


def assert_same(text: str, *arguments: Any, rewriting: Any = None) -> Any:
    """Hold the normalised program, rewritten further if asked, against the one written."""
    result = normalized(text)
    if rewriting is not None:
        result = rewriting(result)
        check(result)
    for args in arguments or [()]:
        expected, found = run(function_of(text), args), run(result, args)
        try:
            np.testing.assert_equal(found, expected)
        except AssertionError as error:
            raise AssertionError(f"at {args}:\n{tree.show(result)}\n{error}") from None
    return result


def assert_becomes(text: str, wanted: str) -> None:
    """Compare the normalised text with the one wanted."""
    assert tree.show(normalized(text)) == textwrap.dedent(wanted).strip()
