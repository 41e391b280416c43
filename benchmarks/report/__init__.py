"""What the benchmarks share: measuring one call, a table on the terminal, figures in a file."""

import argparse
import json
import platform
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

Row = dict[str, Any]


def seconds(
    *runs: Callable[[], Any], number: int = 1, budget: float = 1.0, least: int = 5
) -> list[float]:
    """CPU time of each run: the least of many measurements, taken in turn for `budget` seconds.

    CPU time and taken in turn, because a machine that others use as well is faster at one time than
    at another; each measurement is of `number` runs.
    """
    found: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + budget
    while len(found[0]) < least or time.perf_counter() < end:
        for run, times in zip(runs, found, strict=True):
            start = time.process_time()
            for _ in range(number):
                run()
            times.append((time.process_time() - start) / number)
    return [min(times) for times in found]


def megabytes(run: Callable[[], Any]) -> float:
    """The most memory, in 10^6 bytes, that is taken at one time during a run beyond that before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (peak - before) / 1e6


def options(description: str | None) -> argparse.ArgumentParser:
    """A parser of the option that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    return parser


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the figures as a table, floats with four digits."""
    table = Table(title=title)
    for name, value in rows[0].items():
        table.add_column(name, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=110).print(table)


def write(path: Path | None, **figures: Any) -> None:
    """Write the figures, and what they were measured on, where that was asked for."""
    if path is None:
        return
    machine = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }
    path.write_text(json.dumps({"machine": machine, **figures}, indent=2) + "\n")
