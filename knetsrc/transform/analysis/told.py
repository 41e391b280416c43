"""What a call has told of the parameters of a function."""

import functools
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from knetsrc.transform.analysis.dims import Dim, Dims, open_dim


@dataclass(frozen=True)
class Told:
    """What a call has told of parameters that are numbers or arrays, and of entries of others: `w[0]['bias']`.

    Attributes
    ----------
    dims
        Paths with the lengths of their axes, see `dims`; none for a single number.
    integers
        Single integers.
    floats
        Floating-point numbers, and arrays of them.
    indices
        Arrays of integers.
    containers
        Lists, tuples and dicts of which all entries are told: name, type and keys.
    """

    dims: frozenset[tuple[str, Dims]] = frozenset()
    integers: frozenset[str] = frozenset()
    floats: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset()
    containers: frozenset[tuple[str, str, tuple[int | str, ...]]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.dims)

    @functools.cached_property
    def ranks(self) -> dict[str, int]:
        """Numbers of axes by parameter, in the order of the names."""
        return {text: len(dims) for text, dims in self.shapes.items()}

    @functools.cached_property
    def shapes(self) -> dict[str, Dims]:
        """Lengths of axes by path, in the order of these."""
        return dict(sorted(self.dims, key=lambda item: item[0]))

    @functools.cached_property
    def lists(self) -> frozenset[str]:
        """Paths of the lists and tuples that the told entries are in: `w[0]` for `w[0][2]`."""
        return frozenset(
            path[: path.rindex("[")]
            for path in self.shapes
            if path[-1] == "]" and path[-2] not in "'\""
        )

    @functools.cached_property
    def rows(self) -> dict[str, list[str]]:
        """Lists of tuples of numbers, of which only the columns are told: `{"edges": ["int", "int", "float"]}`."""
        columns = [p for p in self.shapes if re.fullmatch(r"\w+\[\*\]\[\d+\]", p)]
        found: dict[str, list[str]] = {}
        for path in sorted(columns, key=lambda p: (root_of(p), int(p[p.rindex("[") + 1 : -1]))):
            if path.replace("*", "0") not in self.shapes:
                kind = "int" if path in self.integers else "float"
                found.setdefault(root_of(path), []).append(kind)
        return found

    def is_list_of_arrays(self, path: str) -> bool:
        """Whether a path is one of a list or tuple of which each element is an array or a number."""
        halves = {f"{path}[0::2]", f"{path}[1::2]"}
        return f"{path}[*]" in self.shapes or halves <= self.shapes.keys()

    def without(self, changing: Collection[str]) -> "Told":
        """The same but for entries of what the function changes."""
        kept = (
            item for item in self.dims if root_of(item[0]) not in changing or item[0].isidentifier()
        )
        containers = (item for item in self.containers if item[0] not in changing)
        return replace(self, dims=frozenset(kept), containers=frozenset(containers))

    def without_numbers(self, changing: Collection[str]) -> "Told":
        """The same but for single numbers among these: what is changed in place is an array without axes, and shares memory."""
        kept = (item for item in self.dims if item[1] or item[0] not in changing)
        return replace(self, dims=frozenset(kept))


NOTHING = Told()


def told_by(given: Iterable[tuple[str, str, Any]], parameters: Collection[str]) -> Told:
    """What facts (path, "floats" or "integers", whether each axis has the length 1) say of parameters; None of an axis says nothing."""
    facts = [f for f in given if f[1] in ("floats", "integers") and root_of(f[0]) in parameters]
    dims = {
        text: tuple(_told_dim(text, axis, is_one) for axis, is_one in enumerate(ones))
        for text, _, ones in facts
    }
    floats = frozenset(text for text, kind, _ in facts if kind == "floats")
    numbers = frozenset(text for text in dims.keys() - floats if not dims[text])
    containers = {
        (text, *what) for text, kind, what in given if kind == "entries" and text in parameters
    }
    return Told(
        frozenset(dims.items()),
        numbers,
        floats,
        frozenset(dims.keys() - floats - numbers),
        frozenset(containers),
    )


def _told_dim(text: str, axis: int, is_one: bool | None) -> Dim:
    return open_dim(text, axis) if is_one is None else 1 if is_one else (text, axis)


def is_of_many(path: str) -> bool:
    """Whether a path stands for several elements of a list: `w[*]`, or `w[0::2]`."""
    return "[*]" in path or "::2]" in path


def root_of(path: str) -> str:
    """`w` for `w[0]['bias']`."""
    return path.partition("[")[0]
