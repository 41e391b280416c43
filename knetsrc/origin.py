"""Where in the user's file an error of generated code comes from.

loss_grad_5f0c.py:12  ->  model.py:14, in loss
"""

import linecache
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FrameType, ModuleType, TracebackType
from typing import Any

from knetsrc.callee import shown_file
from knetsrc.errors import KnetsrcError, NotDifferentiableError, function_at, shown_place
from knetsrc.request import Generated
from knetsrc.structure import refused_cycle, refused_dict

_ORIGIN = "__knetsrc_origin__"
# What Python says where `2.0 * values`, `values**2` and `d_values[:k] += 1.0` were written for arrays.
_SAID_OF_LISTS = re.compile(
    r"can't multiply sequence|float(32|64)?' object is not iterable"
    r"|can only concatenate (list|tuple)|(list|tuple) indices must be|operand type.*'(list|tuple)'"
    r"|'(list|tuple)' object has no attribute '(shape|dtype|ndim|size|T)'"
)


@dataclass(frozen=True)
class _Line:
    """A line of the user's file in the place of a syntax tree node."""

    lineno: int
    end_lineno: int
    col_offset: int
    end_col_offset: int


def remember(module: ModuleType, generated: Generated) -> None:
    """Let a generated module know what it was generated from."""
    vars(module)[_ORIGIN] = generated


def explain(error: Exception) -> None:
    """Add to an error that came out of generated code the line of the user's file that it comes from.

    An error of this package gets its place, any other one a note.
    """
    frames = _generated_frames(error)
    if frames and not (isinstance(error, KnetsrcError) and error.place):
        _add_place(error, *frames[-1])


def as_refusal(error: Exception) -> KnetsrcError | None:
    """What to say of an error of generated code that the function itself does not raise; None for one that shows a defect."""
    if isinstance(error, ZeroDivisionError):
        refusal = NotDifferentiableError(
            "a division by zero",
            why="NumPy gives inf or nan for it in the function, but the derivative divides numbers of Python",
            instead="divide only where the divisor is not zero: `total / n if n else 0.0`",
        )
    elif isinstance(error, TypeError | AttributeError) and _SAID_OF_LISTS.search(str(error)):
        refusal = NotDifferentiableError(
            "a list or tuple that NumPy takes as an array",
            why="the derivative computes with it, and `2.0 * values` is an error for a list",
            instead="make an array of it first: np.array(values)",
        )
    else:
        return None
    return _placed(refusal, error)


def as_refused_argument(error: Exception, values: Iterable[Any]) -> KnetsrcError | None:
    """What to say of an error that one of the arguments is to blame for; None for any other.

    That is a dict of a class of the user, or what holds itself.
    """
    values = [*values]
    refusal = refused_dict(error, values) or refused_cycle(error, values)
    return None if refusal is None else _placed(refusal, error)


def _placed(refusal: KnetsrcError, error: Exception) -> KnetsrcError:
    frames = _generated_frames(error)
    if frames:
        _add_place(refusal, *frames[-1])
    return refusal


def comes_from_generated(error: Exception) -> bool:
    """Whether generated code has raised an error, and not this package."""
    return not isinstance(error, KnetsrcError) and bool(_generated_frames(error))


def _generated_frames(error: Exception) -> list[tuple[FrameType, int]]:
    return [frame for frame in _frames(error.__traceback__) if _ORIGIN in frame[0].f_globals]


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _add_place(error: Exception, frame: FrameType, number: int) -> None:
    generated: Generated = frame.f_globals[_ORIGIN]
    filename, function, first, last = generated.places.get(frame.f_code.co_name, ("", "", 0, 0))
    line = generated.lines.get(number)
    lines = linecache.getlines(filename) if filename else []
    if line is None or line > len(lines):
        return
    if not first <= line <= last:
        function = function_at(lines, line)
    text = lines[line - 1].rstrip()
    node = _Line(line, line, len(text) - len(text.lstrip()), len(text))
    located = error if isinstance(error, KnetsrcError) else KnetsrcError("")
    located.at = node
    located.located(shown_file(filename), function, lines)
    if located is not error and located.place and not hasattr(error, "__notes__"):
        error.add_note("\n".join(shown_place(located.place)))
