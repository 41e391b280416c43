"""Time and memory of gradients of loops: twice the steps should take twice of both.

Three tables: each number of steps beside half as many; gradient beside primal, up to --max steps;
with `checkpointed` beside without. Time is CPU time; memory is the peak that tracemalloc sees
during the gradient call, measured in a run of its own.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from report import Row, megabytes, options, seconds, show, write

from knetsrc import checkpointed, grad

# In none of the loops does the gradient vanish or explode with the steps: arithmetic on numbers
# next to 0 is slower.
STEPS = (1_000, 10_000, 100_000)
UNITS = 32


def scalar_recurrence(x, steps):
    y = x
    for _ in range(steps):
        y = math.sqrt(y * y + x)
    return y


def vector_recurrence(w, h, steps):
    for _ in range(steps):
        h = np.tanh(w @ h)
    return np.sum(h)


def element_reads(x):
    total = 0.0
    for i in range(1, len(x)):
        if x[i] > 0:
            total += x[i] * x[i - 1]
        else:
            total += math.exp(x[i])
    return total


def while_loop(x, steps):
    y = x
    n = 0
    while n < steps:
        y = y + x / y
        n += 1
    return y


def append_to_list(x, steps):
    y = x
    ys = []
    for _ in range(steps):
        y = math.cos(y * x)
        ys.append(y)
    return sum(ys)


def vector_arguments(steps: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    w, _ = np.linalg.qr(rng.standard_normal((UNITS, UNITS)))
    return w, rng.standard_normal(UNITS), steps


LOOPS: dict[Callable[..., Any], Callable[[int], tuple[Any, ...]]] = {
    scalar_recurrence: lambda steps: (0.7, steps),
    vector_recurrence: vector_arguments,
    element_reads: lambda steps: (np.random.default_rng(0).standard_normal(steps),),
    while_loop: lambda steps: (2.0, steps),
    append_to_list: lambda steps: (0.7, steps),
}


def measured(primal: Callable[..., Any], arguments: Callable[[int], tuple[Any, ...]]) -> list[Row]:
    """Figures of one loop at every number of steps."""
    gradient = grad(primal)
    gradient(*arguments(2))
    rows = []
    for steps in STEPS:
        half, full = arguments(steps // 2), arguments(steps)
        times = seconds(partial(gradient, *half), partial(gradient, *full), budget=0.5)
        peaks = [megabytes(partial(gradient, *args)) for args in (half, full)]
        rows.append(
            {
                "loop": primal.__name__,
                "steps": steps,
                "ms": times[1] * 1e3,
                "us a step": times[1] / steps * 1e6,
                "time ratio": times[1] / times[0],
                "MB": peaks[1],
                "bytes a step": peaks[1] / steps * 1e6,
                "memory ratio": peaks[1] / peaks[0],
            }
        )
    return rows


# --- beside the primal ------------------------------------------------------------------------------
def stencil(u, c, steps):
    for _ in range(steps):
        u[1:-1] -= c * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


def gauss_seidel(u, h, steps):
    total = 0.0
    for _ in range(steps // 8):
        for i in range(1, 9):
            u[i] = 0.5 * (u[i - 1] + u[i + 1] + h * math.exp(u[i]))
        total += math.sqrt(u[4])
    return total + np.sum(u**2)


def smoothing(a, x):
    y = x[0]
    total = 0.0
    for i in range(1, len(x)):
        y = a * x[i] + (1.0 - a) * y
        total += (y - x[i]) ** 2
    return total


def checkpointed_recurrence(x, steps):
    y = x
    for _ in checkpointed(range(steps)):
        y = math.sqrt(y * y + x)
    return y


def checkpointed_stencil(u, c, steps):
    for _ in checkpointed(range(steps)):
        u[1:-1] -= c * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


def checkpointed_gauss_seidel(u, h, steps):
    total = 0.0
    for _ in checkpointed(range(steps // 8)):
        for i in range(1, 9):
            u[i] = 0.5 * (u[i - 1] + u[i + 1] + h * math.exp(u[i]))
        total += math.sqrt(u[4])
    return total + np.sum(u**2)


def checkpointed_smoothing(a, x):
    y = x[0]
    total = 0.0
    for i in checkpointed(range(1, len(x))):
        y = a * x[i] + (1.0 - a) * y
        total += (y - x[i]) ** 2
    return total


BESIDE: dict[Callable[..., Any], tuple[Callable[..., Any], Callable[[int], tuple[Any, ...]]]] = {
    scalar_recurrence: (checkpointed_recurrence, lambda steps: (0.7, steps)),
    stencil: (checkpointed_stencil, lambda steps: (np.linspace(0.0, 1.0, 16) ** 2, 0.01, steps)),
    gauss_seidel: (
        checkpointed_gauss_seidel,
        lambda steps: (np.linspace(0.0, 1.0, 10) ** 2, 0.01, steps),
    ),
    smoothing: (
        checkpointed_smoothing,
        lambda steps: (0.3, np.random.default_rng(0).standard_normal(steps + 1)),
    ),
}


def beside_primal(primal: Callable[..., Any], steps: Sequence[int]) -> Row:
    """Time of a gradient over that of its primal at each number of steps, and bytes a step."""
    arguments = BESIDE[primal][1]
    gradient = grad(primal)
    gradient(*arguments(16))
    row: Row = {"loop": primal.__name__}
    ratios = []
    for count in steps:
        args = arguments(count)  # the primal writes into those of its own
        runs = (partial(primal, *arguments(count)), partial(gradient, *args))
        times = seconds(*runs, least=2 if count > 10_000 else 5, budget=0.5)
        ratios.append(times[1] / times[0])
        row[f"{count:,}"] = ratios[-1]
    row["max / min"] = max(ratios) / min(ratios)
    few, many = (megabytes(partial(gradient, *arguments(n))) for n in (10_000, 100_000))
    row["bytes a step"] = (many - few) / 90_000 * 1e6
    return row


def beside_checkpointed(primal: Callable[..., Any], steps: int) -> Row:
    """Time and memory of the gradient of the same loop, checkpointed."""
    other, arguments = BESIDE[primal]
    args, gradients = arguments(steps), (grad(primal), grad(other))
    for gradient in gradients:
        gradient(*arguments(16))
    runs = [partial(gradient, *args) for gradient in gradients]
    times, peaks = seconds(*runs, least=1, budget=0.0), [megabytes(run) for run in runs]
    return {
        "loop": primal.__name__,
        "steps": f"{steps:,}",
        "s": times[0],
        "s checkpointed": times[1],
        "time ratio": times[1] / times[0],
        "MB": peaks[0],
        "MB checkpointed": peaks[1],
        "memory ratio": peaks[0] / peaks[1],
    }


def main() -> None:
    parser = options(__doc__)
    parser.add_argument(
        "--max", type=int, default=1_000_000, metavar="STEPS", help="the most steps of a loop"
    )
    args = parser.parse_args()
    rows = [row for primal, arguments in LOOPS.items() for row in measured(primal, arguments)]
    show("one gradient; ratios to half as many steps", rows)
    steps = [n for n in (*STEPS, 1_000_000) if n <= args.max]
    beside = [beside_primal(primal, steps) for primal in BESIDE]
    show("time of a gradient over that of its primal, by steps", beside)
    again = [beside_checkpointed(primal, steps[-1]) for primal in BESIDE]
    show("one gradient, without and with checkpointed", again)
    write(args.json, scaling=rows, beside_primal=beside, checkpointed=again)


if __name__ == "__main__":
    main()
