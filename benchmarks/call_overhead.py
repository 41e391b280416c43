"""What knetsrc costs beside the gradient itself: each call, the import, the first gradient."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

CALLS = 100  # in one measurement
PROCESSES = 9


def product(x, y):
    return x * y


def inner_product(w, x):
    return np.sum(w * x)


def linear_regression(w, x, y):
    pred = w[0] @ x + w[1]
    return np.sum((y - pred) ** 2) / y.shape[1]


def sigm(x):
    return 1 / (1 + np.exp(-x))


def lstm(w, b, hidden, cell, input):
    gates = np.concatenate([input, hidden], axis=1) @ w + b
    h = hidden.shape[1]
    forget = sigm(gates[:, :h])
    ingate = sigm(gates[:, h : 2 * h])
    outgate = sigm(gates[:, 2 * h : 3 * h])
    change = np.tanh(gates[:, 3 * h :])
    cell = cell * forget + ingate * change
    hidden = outgate * np.tanh(cell)
    return hidden, cell


def lstm_loss(w, b, xs):
    hidden = np.zeros((xs.shape[1], w.shape[1] // 4))
    cell = np.zeros_like(hidden)
    for t in range(xs.shape[0]):
        hidden, cell = lstm(w, b, hidden, cell, xs[t])
    return np.sum(hidden**2)


def lstm_arguments() -> tuple[np.ndarray, ...]:
    """Weights, bias and inputs of 4 steps: so small that nothing but calls costs time."""
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal(shape) for shape in [(5, 8), (1, 8), (4, 2, 3)])


def dumped(gradient: Any, folder: Path) -> Callable[..., Any]:
    """The generated function alone, from a module that knows nothing of the gradient object."""
    path = folder / f"{gradient.__name__}_dumped.py"
    gradient.dump(path)
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., Any] = vars(module)[f"{gradient.__name__}_grad"]
    return function


def overhead() -> list[dict[str, Any]]:
    """Time of a call of the decorated function beyond one of the generated function."""
    from report import seconds

    from knetsrc import grad

    rng = np.random.default_rng(0)
    w = [rng.standard_normal((1, 13)), np.zeros((1, 1))]
    x, y = rng.standard_normal((13, 506)), rng.standard_normal((1, 506))
    calls = {
        "two floats": (grad(product), (1.5, 2.5)),
        "two arrays": (grad(inner_product), (x[0], y[0])),
        "two arrays, both differentiated": (grad(inner_product, argnums=(0, 1)), (x[0], y[0])),
        "list of arrays (linear regression)": (grad(linear_regression), (w, x, y)),
        "three arrays (LSTM, 4 steps)": (grad(lstm_loss, argnums=(0, 1)), lstm_arguments()),
    }
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (gradient, args) in calls.items():
            direct = dumped(gradient, Path(folder))
            times = seconds(partial(gradient, *args), partial(direct, *args), number=CALLS)
            rows.append(
                {
                    "arguments": name,
                    "decorated us": times[0] * 1e6,
                    "generated us": times[1] * 1e6,
                    "overhead us": (times[0] - times[1]) * 1e6,
                }
            )
    return rows


def first_gradient() -> None:
    """Print the seconds of the first gradient of the LSTM, wall and CPU, in this process."""
    from knetsrc import grad

    args = lstm_arguments()
    wall, cpu = time.perf_counter(), time.process_time()
    grad(lstm_loss, argnums=(0, 1))(*args)
    print(time.perf_counter() - wall, time.process_time() - cpu)


IMPORT = "import time; t = time.perf_counter(), time.process_time(); import {}; \
print(time.perf_counter() - t[0], time.process_time() - t[1])"


def in_processes(name: str, command: list[str], cache: Callable[[], str]) -> dict[str, Any]:
    """Least and median of what fresh processes print; the modules they import are compiled."""
    found = []
    for _ in range(PROCESSES):
        environment = {**os.environ, "KNETSRC_CACHE": cache(), "PYTHONDONTWRITEBYTECODE": ""}
        said = subprocess.run(
            [sys.executable, *command],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found.append([float(figure) * 1e3 for figure in said.split()])
    wall, cpu = zip(*found, strict=True)
    return {
        "fresh process": name,
        "least ms": min(wall),
        "median ms": statistics.median(wall),
        "least CPU ms": min(cpu),
    }


def starts() -> list[dict[str, Any]]:
    """Times of the import and of the first gradient, in processes of their own."""
    first = [__file__, "--first-gradient"]
    with tempfile.TemporaryDirectory() as folder:

        def empty() -> str:
            return tempfile.mkdtemp(dir=folder)

        kept = empty()
        in_processes("", first, lambda: kept)
        return [
            in_processes("import numpy", ["-c", IMPORT.format("numpy")], empty),
            in_processes("import knetsrc", ["-c", IMPORT.format("knetsrc")], empty),
            in_processes("first gradient, empty cache", first, empty),
            in_processes("first gradient, warm cache", first, lambda: kept),
        ]


def main() -> None:
    if "--first-gradient" in sys.argv:
        return first_gradient()
    from report import options, show, write

    args = options(__doc__).parse_args()
    calls = overhead()
    show("one call", calls)
    processes = starts()
    show("starting", processes)
    write(args.json, calls=calls, processes=processes)


if __name__ == "__main__":
    main()
