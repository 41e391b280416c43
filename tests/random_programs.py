"""Random programs: Python functions written from a seed, and their gradients held against differences.

`python -m tests.random_programs --count 1000 --seed 0 --jobs 2` runs many and reports what went wrong.
"""

import argparse
import collections
import copy
import importlib.util
import multiprocessing
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from knetsrc import KnetsrcError, grad, value_and_grad, vjp
from random_source import program
from random_writes import program_of_writes

STEP = 1e-5
LARGEST = 1e4
CHUNK = 50  # programs in one file
KINDS = ("right", "wrong", "crashed", "refused", "skipped")
SHAPES = {"s": (), "v": (3,), "c": (2, 1), "r": (1, 3), "m": (2, 3)}


LEVELS = {"plain": program, "writes": program_of_writes}
Chunk = tuple[range, int, str]  # seeds, the size of each program, and its level


@dataclass(frozen=True)
class Program:
    """A function `f` in a module of its own text, and what it is called with.

    Parameters
    ----------
    seed, size, level
        What it was made from.
    source
        Its text, with the functions that it calls.
    kinds
        The kind of each argument: one of `random_expressions.KINDS`, `"l"` and `"L"` for lists of numbers and of
        vectors, `"n"` for an integer.
    """

    seed: int
    size: int
    level: str
    source: str
    kinds: str

    def arguments(self) -> list[Any]:
        """Where it is differentiated."""
        drawn = np.random.default_rng(self.seed)
        return [_argument(kind, drawn) for kind in self.kinds]


@dataclass(frozen=True)
class Verdict:
    """How the gradient of one program came out.

    Parameters
    ----------
    program
        The program.
    kind
        `"right"`, `"wrong"`, `"crashed"`, `"refused"`, or `"skipped"` where differences say nothing.
    why
        What was found, or the message.
    """

    program: Program
    kind: str
    why: str = ""

    @property
    def report(self) -> str:
        """The program, its arguments, and what happened."""
        shown = ", ".join(map(repr, self.program.arguments()))
        made = f"{self.program.level} seed {self.program.seed} size {self.program.size}"
        return f"--- {made}: {self.kind}: {self.why}\n\n{self.program.source}\n\n# f({shown})\n"


def written(seeds: Sequence[int], size: int, level: str = "plain") -> list[Program]:
    """One program for each seed, of about `size` statements; the level `"writes"` adds writes in place."""
    return [Program(seed, size, level, *LEVELS[level](seed, size)) for seed in seeds]


def judged(programs: Sequence[Program]) -> Iterator[Verdict]:
    """Differentiate each program; they all stand in one file for as long as this takes."""
    with tempfile.TemporaryDirectory(prefix="random_programs_") as folder:
        module = _module([each.source for each in programs], Path(folder))
        for number, each in enumerate(programs):
            yield _judge(each, getattr(module, f"f_{number}"))
        del sys.modules[module.__name__]


# --- one program ----------------------------------------------------------------------------------
def _judge(each: Program, f: Callable[..., Any]) -> Verdict:
    args = each.arguments()
    rng = np.random.default_rng(each.seed + 1)
    active = [i for i, kind in enumerate(each.kinds) if kind != "n" and _size(args[i])]
    chosen = tuple(sorted(rng.permutation(active)[: rng.integers(1, len(active) + 1)].tolist()))
    direction = [_direction(arg, rng) if i in chosen else None for i, arg in enumerate(args)]
    with np.errstate(all="ignore"):
        slopes = _slopes(f, args, direction)
        if slopes is None:
            return Verdict(each, "skipped")
        try:
            found = _found(f, args, chosen, direction, rng.integers(3))
        except KnetsrcError as error:
            return Verdict(each, "refused", str(error))
        except WrongFormError as error:
            return Verdict(each, "wrong", str(error))
        except Exception:
            return Verdict(each, "crashed", traceback.format_exc())
    wanted, spread, scale = slopes
    if abs(found - wanted) <= 10 * spread + 1e-6 * scale:
        return Verdict(each, "right")
    return Verdict(each, "wrong", f"slope {found:.9g}, by differences {wanted:.9g}; wrt {chosen}")


class WrongFormError(AssertionError):
    """A gradient of another form than its argument, or an argument that was changed."""


def _found(f: Any, args: list[Any], chosen: tuple[int, ...], direction: Any, way: int) -> float:
    """The slope along `direction` from the gradients, asked for in one of three ways."""
    given = copy.deepcopy(args)
    if way == 0:
        gradients = grad(f, argnums=chosen)(*given)
    elif way == 1:
        value, gradients = value_and_grad(f, argnums=chosen)(*given)
        _same_value(value, f, args)
    else:
        value, pullback = vjp(f, *given)
        _same_value(value, f, args)
        gradients = tuple(pullback(1.0)[i] for i in chosen)
    if not all(np.array_equal(a, b) for a, b in zip(_flat(given), _flat(args), strict=True)):
        raise WrongFormError(f"the arguments are {given!r} after the call, not {args!r}")
    slope = 0.0
    for number, gradient in zip(chosen, gradients, strict=True):
        if list(map(np.shape, _flat(gradient))) != list(map(np.shape, _flat(args[number]))):
            raise WrongFormError(f"gradient of {args[number]!r} is {gradient!r}")
        pairs = zip(_flat(gradient), _flat(direction[number]), strict=True)
        slope += sum(float(np.sum(g * d)) for g, d in pairs)
    return slope


def _same_value(value: Any, f: Any, args: list[Any]) -> None:
    wanted = f(*copy.deepcopy(args))
    if np.shape(value) != () or abs(value - wanted) > 1e-9 * (1 + abs(wanted)):
        raise WrongFormError(f"the value is {value!r}, not {wanted!r}")


def _slopes(f: Any, args: list[Any], direction: list[Any]) -> tuple[float, float, float] | None:
    """Slope by differences, how far two steps are apart, and its scale; None where it is unclear."""
    try:
        here = f(*copy.deepcopy(args))
        steps = [_central(f, args, direction, STEP * factor) for factor in (1, 2, 4)]
    except (ArithmeticError, LookupError, NameError, ValueError, TypeError):  # not a program
        return None
    values = [here, *steps]
    if not all(np.isfinite(value) and abs(value) < LARGEST for value in values):
        return None
    spread, scale = abs(steps[1] - steps[0]) + abs(steps[2] - steps[1]), 1 + abs(here)
    return None if spread > 1e-6 * (scale + abs(steps[0])) else (steps[0], spread, scale)


def _central(f: Any, args: list[Any], direction: list[Any], step: float) -> float:
    ahead, behind = (f(*_moved(args, direction, sign * step)) for sign in (1.0, -1.0))
    return float(ahead - behind) / (2 * step)


def _moved(value: Any, direction: Any, step: float) -> Any:
    if direction is None:
        return copy.deepcopy(value)
    if isinstance(value, list):
        return [_moved(part, d, step) for part, d in zip(value, direction, strict=True)]
    return value + step * direction


# --- arguments ------------------------------------------------------------------------------------
def _argument(kind: str, drawn: np.random.Generator) -> Any:
    if kind == "n":
        return int(drawn.integers(0, 4))
    if kind in "lL":
        return [_argument("s" if kind == "l" else "v", drawn) for _ in range(drawn.integers(1, 4))]
    array = drawn.uniform(-1.3, 1.3, SHAPES[kind])
    return array if kind != "s" else float(array)


def _direction(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, list):
        return [_direction(part, rng) for part in value]
    drawn = rng.normal(size=np.shape(value))
    return drawn if np.ndim(value) else float(drawn)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]


def _size(value: Any) -> int:
    return len(_flat(value))


# --- files ----------------------------------------------------------------------------------------
def _module(sources: Sequence[str], folder: Path) -> ModuleType:
    """All programs in one file, each name that they define followed by the program's number."""
    parts = [_numbered(source, number) for number, source in enumerate(sources)]
    path = folder / f"{folder.name}.py"
    path.write_text("\n\n".join(["import math\n\nimport numpy as np", *parts]))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _numbered(source: str, number: int) -> str:
    defined = re.findall(r"^def (\w+)", source, re.MULTILINE)
    return re.sub(rf"\b({'|'.join(defined)})\b(?=\()", rf"\1_{number}", source)


# --- many at once ---------------------------------------------------------------------------------
def main() -> None:
    """Run many programs and report by outcome and reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="number of programs")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--size", type=int, default=0, help="statements of each; 0: 3 to 22")
    parser.add_argument("--level", choices=LEVELS, default="plain", help="statements in them")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    chosen = parser.parse_args()
    end = chosen.seed + chosen.count
    chunks = [
        (
            range(first, min(first + CHUNK, end)),
            chosen.size or 3 + (first // CHUNK) % 20,
            chosen.level,
        )
        for first in range(chosen.seed, end, CHUNK)
    ]
    counts: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    started = time.perf_counter()
    console = Console(stderr=True)
    for verdicts in track(
        _in_parallel(chunks, chosen.jobs), "random programs", len(chunks), console=console
    ):
        counts.update(each.kind for each in verdicts)
        reasons.update(_reason(each.why) for each in verdicts if each.kind == "refused")
        for each in verdicts:
            if each.kind in ("wrong", "crashed"):
                print(each.report, flush=True)
    print(f"seeds {chosen.seed} to {end - 1}, {time.perf_counter() - started:.0f} s")
    print(", ".join(f"{counts[kind]} {kind}" for kind in KINDS))
    for reason, times in reasons.most_common():
        print(f"{times:6} refused: {reason}")
    sys.exit(counts["wrong"] + counts["crashed"] > 0)


def _in_parallel(chunks: list[Chunk], jobs: int) -> Iterator[list[Verdict]]:
    """The verdicts of all chunks, those first that are ready first; a process ends after some, with all it has loaded."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=20) as pool:
        for done in as_completed([pool.submit(_chunk, *chunk) for chunk in chunks]):
            yield done.result()


def _chunk(seeds: range, size: int, level: str) -> list[Verdict]:
    with tempfile.TemporaryDirectory(prefix="random_programs_cache_") as folder:
        os.environ["KNETSRC_CACHE"] = folder
        return list(judged(written(seeds, size, level)))


def _reason(message: str) -> str:
    """The message without the names in it."""
    why = [line.strip() for line in message.splitlines() if line.strip().startswith("why:")]
    return re.sub(r"`[^`]*`|'[^']*'", "_", " | ".join([message.splitlines()[0], *why]))


if __name__ == "__main__":
    main()
