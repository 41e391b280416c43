"""Break a statement that is too long for one line, in the way of black.

In come the fragments of a statement: brackets, commas and operators each on their own, names and
literals whole. Out come lines. A bracket that the statement has anyway is opened first; where
operators tie a value together it is put in parentheses and broken before the loosest operator.

>>> print("\\n".join(wrap(["y = "], ["first", " + ", "second", " * ", "third"], [], width=20)))
y = (
    first
    + second * third
)
"""

import re
from collections.abc import Iterable, Iterator, Sequence

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = set(_OPENING.values())
_COMPREHENSION, _COMMA, _TERNARY, _LOGIC, _COMPARISON = 20, 18, 16, 14, 10
_LOOSENESS = {
    " for ": _COMPREHENSION, " async for ": _COMPREHENSION, ", ": _COMMA,
    " if ": _TERNARY, " else ": _TERNARY, " or ": _LOGIC, " and ": _LOGIC,
    **dict.fromkeys([" == ", " != ", " < ", " <= ", " > ", " >= "], _COMPARISON),
    **dict.fromkeys([" in ", " not in ", " is ", " is not "], _COMPARISON),
    " | ": 9, " ^ ": 8, " & ": 7, " << ": 6, " >> ": 6, " + ": 5, " - ": 5,
    **dict.fromkeys([" * ", " / ", " // ", " % ", " @ "], 4), " ** ": 1,
}  # fmt: skip
_INDENT = "    "
_MANY = 3  # commas between names; fewer have a line each
_NAME_OR_ENTRY = re.compile(r"""(("\w+"|\d+): )?[^\W\d]\w*,""")


def wrap(
    before: Sequence[str], value: Sequence[str], after: Sequence[str], width: int
) -> list[str]:
    """The lines of the statement `before value after`, none over `width` where that can be had.

    Parameters
    ----------
    before, after
        Fragments that stand at the start and at the end (`x = ` and nothing, `if ` and `:`).
    value
        Fragments of the part that may be put in parentheses.
    width
        Greatest number of columns.

    Returns
    -------
    list of str
        Lines without indentation of their own.
    """
    whole = [*before, *value, *after]
    if _fits(whole, width):
        return ["".join(whole)]
    bracket = _bracket_to_open(before, value, after, width)
    if bracket is None and (_delimiters(value) or _fits([_INDENT, *value], width)):
        start, end = "".join([*before, "("]), "".join([")", *after])
        return [start, *_indented(_inside(value, width - 4, apart=True)), end]
    bracket = bracket or next(_brackets(value), None)
    if bracket is None:
        return ["".join(whole)]
    return _opened(whole, bracket[0] + len(before), bracket[1] + len(before), width)


def _bracket_to_open(
    before: Sequence[str], value: Sequence[str], after: Sequence[str], width: int
) -> tuple[int, int] | None:
    """The bracket of `value` to open; None if parentheses around the value read better."""
    brackets = list(_brackets(value))
    count = len(_delimiters(value))
    if count > 1 or _is_bare_tuple(value):
        return None
    if count == 0:
        fitting = [b for b in brackets if _opens_well(before, value, after, b, width)]
        return fitting[-1] if fitting else None
    at_end = [b for b in brackets if b[1] == len(value) - 1]
    at_start = [b for b in brackets if b[0] == 0]
    return next((b for b in at_end + at_start if _opens_well(before, value, after, b, width)), None)


def _opens_well(
    before: Sequence[str],
    value: Sequence[str],
    after: Sequence[str],
    bracket: tuple[int, int],
    width: int,
) -> bool:
    """Whether what stands before and after the content of the bracket fits on a line each."""
    opening, closing = bracket
    return _fits([*before, *value[: opening + 1]], width) and _fits(
        [*value[closing:], *after], width
    )


def _opened(fragments: Sequence[str], opening: int, closing: int, width: int) -> list[str]:
    """The lines of a statement or a part of one, the content of one bracket set apart."""
    content = _inside(
        fragments[opening + 1 : closing], width - 4, apart=not _is_trailer(fragments, opening)
    )
    return ["".join(fragments[: opening + 1]), *_indented(content), "".join(fragments[closing:])]


def _inside(fragments: Sequence[str], width: int, *, apart: bool = False) -> list[str]:
    """The lines of what stands within brackets; `apart`, each element of a list on its own."""
    marks = _delimiters(fragments)
    commas = bool(marks) and fragments[marks[0]] == ", "
    if _fits(fragments, width) and not (apart and commas):
        return ["".join(fragments)]
    if commas and len(marks) >= _MANY:
        parts = ["".join(part) for part in _parts(fragments, marks, commas)]
        if all(map(_NAME_OR_ENTRY.fullmatch, parts)):
            return _filled(parts, width)
    if marks:
        return [line for part in _parts(fragments, marks, commas) for line in _inside(part, width)]
    brackets = list(_brackets(fragments))
    if not brackets:
        return ["".join(fragments)]
    fitting = [b for b in brackets if _opens_well([], fragments, [], b, width)]
    return _opened(fragments, *(fitting or brackets)[-1], width)


def _filled(parts: list[str], width: int) -> list[str]:
    """Lines with as many parts on each as fit: names, and entries that are names, need not have a line each.

    >>> _filled(["one,", "two,", "three,"], 10)
    ['one, two,', 'three,']
    """
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + 1 + len(part) <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines


def _parts(fragments: Sequence[str], marks: list[int], commas: bool) -> Iterator[list[str]]:
    """The fragments cut at each mark: a comma ends each part, an operator starts one."""
    starts = [0, *(mark + commas for mark in marks)]
    ends = [*marks, len(fragments)]
    for start, end in zip(starts, ends, strict=True):
        part = list(fragments[start:end])
        if commas:
            yield part if part[-1:] == [","] else [*part, ","]
        elif part:
            yield [part[0].lstrip(), *part[1:]]


def _delimiters(fragments: Sequence[str]) -> list[int]:
    """Where the loosest commas or operators outside of every bracket stand."""
    found: list[tuple[int, int]] = []
    depth = 0
    comprehension = loop_header = False
    for index, fragment in enumerate(fragments):
        depth += (fragment in _OPENING) - (fragment in _CLOSING)
        looseness = 0 if depth else _LOOSENESS.get(fragment, 0)
        if looseness == _COMPREHENSION:
            comprehension = loop_header = True
        elif loop_header and fragment == " in " and not depth:
            loop_header, looseness = False, 0
        elif comprehension and looseness == _TERNARY:
            looseness = _COMPREHENSION
        elif loop_header:
            looseness = 0
        if looseness:
            found.append((looseness, index))
    loosest = max(found, default=(0, 0))[0]
    return [index for looseness, index in found if looseness == loosest] or _chained_calls(
        fragments
    )


def _chained_calls(fragments: Sequence[str]) -> list[int]:
    """Where the second and later methods of a chain of three or more calls start."""
    closings = [closing for _, closing in _brackets(fragments, empty=True)]
    dots = [closing + 1 for closing in closings if fragments[closing + 1 : closing + 2] == ["."]]
    return dots if len(dots) > 1 else []


def _brackets(fragments: Sequence[str], *, empty: bool = False) -> Iterator[tuple[int, int]]:
    """Where each outer bracket opens and closes; those without content only if `empty`."""
    depth = opening = 0
    for index, fragment in enumerate(fragments):
        if fragment in _OPENING:
            opening = opening if depth else index
            depth += 1
        elif fragment in _CLOSING:
            depth -= 1
            if not depth and (empty or index > opening + 1):
                yield opening, index


def _is_trailer(fragments: Sequence[str], opening: int) -> bool:
    """Whether the bracket is that of a call or of a subscript, not of a list, dict or tuple."""
    last = ("".join(fragments[:opening]) or " ")[-1]
    return last.isalnum() or last in "_)]}\"'"


def _is_bare_tuple(fragments: Sequence[str]) -> bool:
    marks = _delimiters(fragments)
    return bool(marks) and fragments[marks[0]] == ", "


def _fits(fragments: Iterable[str], width: int) -> bool:
    return sum(map(len, fragments)) <= width


def _indented(lines: Iterable[str]) -> list[str]:
    return [_INDENT + line for line in lines]
