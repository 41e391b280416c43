"""Convolution beside PyTorch: forward, adjoint of the images, adjoint of the filter, at the shapes of known networks."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from knetsrc.backends.kernels import Geometry, convolve, convolve_adjoint_w, convolve_adjoint_x

PAUSE = 0.003  # seconds in which the threads of the other library go to sleep
CALLS = 3  # in a row, after one that is not measured
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Shape:
    """A convolution; channels are those of all groups."""

    batch: int
    inputs: int
    outputs: int
    image: tuple[int, ...]
    window: int
    padding: int = 0
    stride: int = 1
    dilation: int = 1
    groups: int = 1

    @property
    def rank(self) -> int:
        return len(self.image)

    @property
    def geometry(self) -> Geometry:
        steps = [(step,) * self.rank for step in (self.window, self.stride, self.dilation)]
        padding = ((self.padding, self.padding),) * self.rank
        return Geometry(self.image, steps[0], padding, steps[1], steps[2], self.groups)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, w and d_y."""
        rng = np.random.default_rng(0)
        g = self.geometry
        shapes = [
            (self.batch, self.inputs, *self.image),
            (self.outputs, self.inputs // self.groups, *g.window),
            (self.batch, self.outputs, *g.output),
        ]
        x, w, d_y = (rng.standard_normal(shape, np.float32) for shape in shapes)
        return x, w, d_y


SHAPES = {
    "LeNet 1": Shape(100, 1, 20, (28, 28), 5),
    "LeNet 2": Shape(100, 20, 50, (12, 12), 5),
    "CIFAR 1": Shape(100, 3, 16, (32, 32), 5),
    "CIFAR 2": Shape(100, 16, 8, (14, 14), 5),
    "VGG block": Shape(32, 64, 64, (32, 32), 3, padding=1),
    "ResNet block": Shape(32, 128, 128, (16, 16), 3, padding=1),
    "1 x 1": Shape(32, 256, 64, (16, 16), 1),
    "stride 2": Shape(32, 64, 128, (32, 32), 3, padding=1, stride=2),
    "dilation 2": Shape(16, 64, 64, (32, 32), 3, padding=2, dilation=2),
    "4 groups": Shape(32, 128, 128, (16, 16), 3, padding=1, groups=4),
    "depthwise": Shape(32, 128, 128, (32, 32), 3, padding=1, groups=128),
    "1-D": Shape(32, 64, 64, (512,), 5, padding=2),
    "3-D": Shape(4, 32, 32, (16, 16, 16), 3, padding=1),
}
FURTHER = {
    "512 channels, 14": Shape(4, 512, 512, (14, 14), 3, padding=1),
    "512 channels, 7": Shape(8, 512, 512, (7, 7), 3, padding=1),
    "batch of one": Shape(1, 64, 64, (56, 56), 3, padding=1),
    "stem": Shape(4, 3, 64, (224, 224), 7, padding=3, stride=2),
    "28 wide": Shape(8, 128, 128, (28, 28), 3, padding=1),
}


def ours(shape: Shape) -> dict[str, Callable[[], np.ndarray]]:
    x, w, d_y = shape.arrays()
    g = shape.geometry
    return {
        "forward": partial(convolve, x, w, g),
        "images": partial(convolve_adjoint_x, d_y, w, g),
        "filter": partial(convolve_adjoint_w, x, d_y, g),
    }


def theirs(shape: Shape) -> dict[str, Callable[[], Any]]:
    """The same by PyTorch, each adjoint alone."""
    import torch
    from torch.nn import functional

    x, w, d_y = (torch.from_numpy(array) for array in shape.arrays())
    convolution = getattr(functional, f"conv{shape.rank}d")
    steps = [[step] * shape.rank for step in (shape.stride, shape.padding, shape.dilation)]

    def backward(which: int) -> Any:
        wanted = [which == 0, which == 1, False]
        nothing = [0] * shape.rank
        run = torch.ops.aten.convolution_backward
        return run(d_y, x, w, None, *steps, False, nothing, shape.groups, wanted)[which]

    return {
        "forward": partial(convolution, x, w, None, *steps, shape.groups),
        "images": partial(backward, 0),
        "filter": partial(backward, 1),
    }


def seconds(
    runs: list[Callable[[], Any]], budget: float, clock: Callable[[], float]
) -> list[list[float]]:
    """Time of calls, a few of each run in turn until the budget is spent."""
    found: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + budget
    while len(found[0]) < 2 * CALLS or time.perf_counter() < end:
        for run, times in zip(runs, found, strict=True):
            run()
            for _ in range(CALLS):
                start = clock()
                run()
                times.append(clock() - start)
            time.sleep(PAUSE)
    return found


def check(name: str, found: np.ndarray, wanted: np.ndarray) -> None:
    error = float(np.abs(found - wanted).max() / np.abs(wanted).max())
    if error > TOLERANCE:
        raise SystemExit(f"{name}: differs from PyTorch by {error:.1e}")


def compare(
    name: str, shape: Shape, budget: float, clock: Callable[[], float]
) -> list[dict[str, Any]]:
    """A row for each operation and one for all of them."""
    g = shape.geometry
    products = shape.batch * shape.outputs * shape.inputs // shape.groups * g.taps
    operations = 2 * products * int(np.prod(g.output))
    rows = []
    peers = theirs(shape)
    for operation, run in ours(shape).items():
        check(f"{name}, {operation}", run(), peers[operation]().numpy())
        our_times, their_times = seconds([run, peers[operation]], budget, clock)
        row = {"shape": name, "operation": operation}
        rows.append(row | figures(our_times, their_times, operations))
    total = {"shape": name, "operation": "all"}
    for kind in ("knetsrc ms", "median ms", "torch ms", "torch median ms"):
        total[kind] = sum(row[kind] for row in rows)
    total["ratio"] = total["knetsrc ms"] / total["torch ms"]
    total["median ratio"] = total["median ms"] / total["torch median ms"]
    total["GFLOP/s"] = 3e-6 * operations / total["knetsrc ms"]
    return [*rows, total]


def figures(our_times: list[float], their_times: list[float], operations: int) -> dict[str, float]:
    least, peer = min(our_times), min(their_times)
    medians = statistics.median(our_times), statistics.median(their_times)
    return {
        "knetsrc ms": 1e3 * least,
        "median ms": 1e3 * medians[0],
        "torch ms": 1e3 * peer,
        "torch median ms": 1e3 * medians[1],
        "ratio": least / peer,
        "median ratio": medians[0] / medians[1],
        "GFLOP/s": 1e-9 * operations / least,
    }


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ratios of forward and both adjoints together, over the shapes."""
    totals = [row for row in rows if row["operation"] == "all"]
    return [
        {
            "time": "knetsrc / PyTorch",
            "of": kind,
            "median": statistics.median(row[column] for row in totals),
            "best": min(row[column] for row in totals),
            "worst": max(row[column] for row in totals),
        }
        for kind, column in (("least times", "ratio"), ("median times", "median ratio"))
    ]


def main() -> None:
    from report import options, show, write

    parser = options(__doc__)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each operation of a shape")
    parser.add_argument(
        "--shapes", nargs="*", metavar="NAME", help="of " + ", ".join(SHAPES | FURTHER)
    )
    parser.add_argument("--further", action="store_true", help="also shapes of other networks")
    arguments = parser.parse_args()
    import numba
    import torch

    torch.set_num_threads(arguments.threads)
    numba.set_num_threads(arguments.threads)
    named = SHAPES | FURTHER
    names = arguments.shapes or (named if arguments.further else SHAPES)
    # CPU time where it is that of the calling thread: what others do on the machine counts less
    clock = time.thread_time if arguments.threads == 1 else time.perf_counter
    rows = [row for name in names for row in compare(name, named[name], arguments.seconds, clock)]
    show(f"convolution, float32, {arguments.threads} threads", rows)
    ratios = summary(rows)
    show("forward and both adjoints", ratios)
    write(arguments.json, threads=arguments.threads, convolution=rows, summary=ratios)


if __name__ == "__main__":
    main()
