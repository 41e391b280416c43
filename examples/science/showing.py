"""What these examples share: two options, a table, curves in a file."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def options(description: str | None, gradient: Any) -> Path | None:
    """Read the command line; print the gradient if asked to; where to write a figure."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--show", action="store_true", help="print the source of the gradient")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a figure to a file")
    args = parser.parse_args()
    if args.show:
        print(gradient.source)
    plot: Path | None = args.plot
    return plot


def table(title: str, rows: dict[str, Sequence[float]], *columns: str) -> None:
    """Print numbers by row and column."""
    shown = Table("", *columns)
    for name, numbers in rows.items():
        shown.add_row(name, *(f"{number:.5g}" for number in numbers))
    console = Console()
    console.print(title)
    console.print(shown)


def plot(path: Path | None, x: Any, label: str, **curves: Any) -> None:
    """Draw each curve over `x`, where a file is given."""
    if path is None:
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in curves.items():
        axes.plot(x, values, label=name)
    axes.set_xlabel(label)
    axes.legend()
    figure.savefig(path)
