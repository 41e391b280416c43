"""Runs many random programs and reports by outcome and reason: `python -m tests.fuzz --level 4 --count 10000 --seed 7`."""

import argparse
import collections
import multiprocessing
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import track

from .judge import KINDS, Chunk, Verdict, judged_alone
from .programs import LEVELS
from .shrink import shrunk

CHUNK = 50  # programs in one file


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--level", type=int, choices=LEVELS, default=4)
    parser.add_argument("--count", type=int, default=1000, help="number of programs")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--size", type=int, default=0, help="statements of each; 0: 1 to 6 in turn")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument(
        "--keep", action="store_true", help="report failures as they are, not shrunk"
    )
    parser.add_argument("--refusals", type=int, default=0, help="refused programs to show")
    chosen = parser.parse_args()
    end = chosen.seed + chosen.count
    chunks = [
        (range(first, min(first + CHUNK, end)), chosen.level, chosen.size)
        for first in range(chosen.seed, end, CHUNK)
    ]
    counts: collections.Counter[str] = collections.Counter()
    refused: collections.Counter[str] = collections.Counter()
    failed: collections.Counter[str] = collections.Counter()
    started = time.perf_counter()
    for verdicts in track(
        _in_parallel(chunks, chosen.jobs), "programs", len(chunks), console=Console(stderr=True)
    ):
        for each in verdicts:
            counts[each.kind] += 1
            if each.kind == "refused":
                refused[each.reason] += 1
                if refused[each.reason] <= chosen.refusals:
                    print(each.report, flush=True)
            if each.failed:
                failed[each.reason] += 1
                few = failed[each.reason] <= 3  # more of the same take long to shrink
                print((shrunk(each) if few and not chosen.keep else each).report, flush=True)
    took = time.perf_counter() - started
    print(f"level {chosen.level}, seeds {chosen.seed} to {end - 1}, {took:.0f} s")
    print(", ".join(f"{counts[kind]} {kind}" for kind in KINDS))
    for reason, times in failed.most_common():
        print(f"{times:6} failed: {reason}")
    for reason, times in refused.most_common():
        print(f"{times:6} refused: {reason}")
    sys.exit(counts["wrong"] + counts["crashed"] > 0)


def _in_parallel(chunks: list[Chunk], jobs: int) -> Iterator[list[Verdict]]:
    """The verdicts of all chunks, those first that are ready first; a process ends after some, with all it has loaded."""
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=20) as pool:
        yield from pool.imap_unordered(judged_alone, chunks)


if __name__ == "__main__":
    main()
