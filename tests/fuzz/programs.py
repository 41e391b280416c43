"""A program: a function written from a seed, and what it is called with."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .control import Control
from .dense import Dense
from .expressions import Expressions
from .functions import CLASSES, Functions
from .writes import Writes

LEVELS: dict[int, type[Expressions]] = {1: Expressions, 2: Control, 3: Functions, 4: Writes}
PRELUDE = f"""\
import collections
import dataclasses
import functools
import itertools
import math
import operator
from typing import Any

import numpy as np


{CLASSES}"""
SHAPES = {
    "s": (),
    "o": (),
    "v": (3,),
    "w": (3,),
    "c": (2, 1),
    "r": (1, 3),
    "m": (2, 3),
    "W": (2, 3),
}
SHAPES["k"] = (2, 2, 3)
ITEMS = {"l": "s", "L": "v", "M": "m"}  # what lists hold
SIZES = (
    1,
    2,
    3,
    1,
    2,
    4,
    1,
    3,
    6,
    2,
)  # in statements: small programs find most for the time they take


@dataclass(frozen=True)
class Program:
    """A function `f` with what it calls.

    Parameters
    ----------
    seed, size, level
        What it was made from.
    source
        Its text; what `PRELUDE` defines may be used in it.
    kinds
        The kind of each argument, by name: a kind of `expressions.KINDS`; `"o"` for an array without axes; `"w"` and `"W"`
        for float32; `"l"`, `"L"`, `"M"` for lists of numbers, vectors and matrices; `"D"`, `"T"`, `"P"` for a dict, a tuple
        and a list of tuples; `"n"` for an integer.
    """

    seed: int
    size: int
    level: int
    source: str
    kinds: Mapping[str, str]

    def arguments(self) -> list[Any]:
        """Where it is differentiated. An argument depends on the seed and its name alone."""
        return [
            _argument(kind, np.random.default_rng([self.seed, *name.encode()]))
            for name, kind in self.kinds.items()
        ]

    def __str__(self) -> str:
        shown = ", ".join(map(repr, self.arguments()))
        return f"{self.source}\n\n# f({shown})"


def written(seeds: Sequence[int], level: int, size: int = 0) -> list[Program]:
    """One program for each seed.

    Parameters
    ----------
    seeds
        The same seed, level and size give the same program.
    level
        1 to 4.
    size
        About how many statements `f` has; 0 for sizes from 1 to 6 in turn.
    """
    return [_written(seed, level, size or SIZES[seed % len(SIZES)]) for seed in seeds]


def _written(seed: int, level: int, size: int) -> Program:
    draw = random.Random(f"{seed} {size}")
    writer = Dense(draw) if level == 4 and seed % 10 == 8 else LEVELS[level](draw)
    source, kinds = writer.program(size)
    return Program(seed, size, level, source, kinds)


def _argument(kind: str, drawn: np.random.Generator) -> Any:
    if kind == "n":
        return int(drawn.integers(0, 4))
    if kind in ITEMS:
        return [_argument(ITEMS[kind], drawn) for _ in range(drawn.integers(1, 4))]
    if kind == "D":
        return {"w": _argument("v", drawn), "b": _argument("s", drawn)}
    if kind == "T":
        return _argument("s", drawn), _argument("v", drawn)
    if kind == "P":
        return [(_argument("m", drawn), _argument("v", drawn)) for _ in range(2)]
    array = np.asarray(drawn.uniform(-1.3, 1.3, SHAPES[kind]))
    if kind == "s":
        return float(array)
    return array.astype(np.float32) if kind in "wW" else array
