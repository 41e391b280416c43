"""Everything that knetsrc raises, and how it prints.

A message says what failed, where (file and line, the source line, a caret), why, and what to write instead. A stage of the
transform knows only the node; `pipeline` adds file and line with `located`.
"""

import ast
from collections.abc import Sequence
from typing import Any, Self

Place = tuple[str, str, int, int, int, str]


class KnetsrcError(Exception):
    """Base of every error that knetsrc raises.

    Parameters
    ----------
    message
        What failed, in one line.
    at
        The syntax tree node where it failed; its line and columns are those of the user's file.
    why
        The reason.
    instead
        What to write instead.
    """

    def __init__(self, message: str, *, at: Any = None, why: str = "", instead: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.why = why
        self.instead = instead
        self.place: Place | None = None
        self.in_place: str | None = None
        self.is_guess = False

    def located(self, filename: str, function: str, lines: Sequence[str]) -> Self:
        """Add the place in the user's file; the first place given is the one that is kept.

        Parameters
        ----------
        filename
            Name of the file, as it is to be shown.
        function
            Name of the function in which it failed.
        lines
            All lines of the file.
        """
        number = getattr(self.at, "lineno", None)
        if self.place is None and number and number <= len(lines):
            text = lines[number - 1].rstrip("\n")
            start = getattr(self.at, "col_offset", 0)
            end = self.at.end_col_offset if self.at.end_lineno == number else len(text)
            self.place = (filename, function, number, start, max(end, start + 1), text)
        return self

    def __str__(self) -> str:
        parts = [self.message]
        if self.place:
            parts += shown_place(self.place)
        parts += _labelled("why:      ", self.why) + _labelled("instead:  ", self.instead)
        return "\n".join(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self.message, self.why, self.instead, self.place)


def shown_place(place: Place) -> list[str]:
    """File and line, the source line, and carets under what is meant."""
    filename, function, number, start, end, text = place
    margin = len(text) - len(text.lstrip())
    carets = " " * (start - margin) + "^" * (min(end, len(text)) - start)
    return [
        f"  {filename}:{number}, in {function}",
        f"   {number} |     {text.strip()}",
        " " * len(f"   {number} ") + f"|     {carets}",
    ]


def function_at(lines: Sequence[str], number: int) -> str:
    """The name of the innermost function that the line of this number belongs to."""
    found = [
        node
        for node in ast.walk(ast.parse("".join(lines)))
        if isinstance(node, ast.FunctionDef) and node.lineno <= number <= (node.end_lineno or 0)
    ]
    return max(found, key=lambda node: node.lineno).name if found else "<module>"


def _remade(
    kind: type[KnetsrcError], message: str, why: str, instead: str, place: Any
) -> KnetsrcError:
    error = kind(message, why=why, instead=instead)
    error.place = place
    return error


def _labelled(label: str, text: str) -> list[str]:
    if not text:
        return []
    first, *rest = text.splitlines()
    return [f"  {label}{first}", *(" " * (len(label) + 2) + line for line in rest)]


class UnsupportedSyntaxError(KnetsrcError):
    """A statement or expression that cannot be differentiated."""


class UnsupportedAliasError(KnetsrcError):
    """A write that another name may see, or that changes an array in place."""


class MissingAdjointError(KnetsrcError):
    """A call of a function that has neither a derivative rule nor source."""


class NonScalarOutputError(KnetsrcError, ValueError):
    """`grad` of a function whose result is not a single number."""


class NotDifferentiableError(KnetsrcError, TypeError):
    """A derivative with respect to something that has none: an integer array, a string, an argument that is not there."""


class SourceNotFoundError(KnetsrcError):
    """A function without source text: a builtin, or one typed at a bare prompt."""


class DefectError(KnetsrcError):
    """What must not happen: a defect of this package."""


class OperandError(KnetsrcError, ValueError):
    """An argument that an operator of `knetsrc.ops` cannot work with."""


def complex_refused(at: Any = None) -> NotDifferentiableError:
    """The error for a complex number between a real argument and a real result."""
    return NotDifferentiableError(
        "a complex number in a differentiated value",
        at=at,
        why="the derivative rules are those of real numbers",
        instead="compute with the real and the imaginary part: a*c - b*d, a*d + b*c",
    )


def vjp_refused(at: Any = None) -> UnsupportedSyntaxError:
    """The error for `vjp` in a function that is differentiated."""
    return UnsupportedSyntaxError(
        "`vjp` in a differentiated function",
        at=at,
        why="its pullback is made when the program runs, and has no source that could be differentiated",
        instead="for vjp(f, w)[1](d)[0] the gradient of a weighted sum: grad(lambda w: np.sum(f(w) * d))(w)",
    )
