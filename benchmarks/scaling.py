"""Time and memory of gradients of loops: twice the steps should take twice of both.

Each row is compared with a run of half as many steps. Time is CPU time; memory is the peak that
tracemalloc sees during the gradient call, measured in a run of its own.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from report import Row, megabytes, options, seconds, show, write

from knetsrc import grad

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
        times = seconds(partial(gradient, *half), partial(gradient, *full))
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


def main() -> None:
    args = options(__doc__).parse_args()
    rows = [row for primal, arguments in LOOPS.items() for row in measured(primal, arguments)]
    show("one gradient; ratios to half as many steps", rows)
    write(args.json, scaling=rows)


if __name__ == "__main__":
    main()
