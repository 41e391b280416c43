"""One training step of five models of Knet's table and of a CIFAR network, beside other libraries.

A step is the gradient of the loss and the update of the parameters by gradient descent, in float32
and on the same data. All libraries start from the same parameters; that each does the same is
checked by its loss at the start and after three steps. Then their steps are measured in turn.
"""

import copy
import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from peers import Model, Peer, every_peer
from report import Row, options, show, write

from knetsrc.datasets import housing, shakespeare

PAUSE = 0.003  # seconds between two libraries, in which the threads of one come to rest
CHECKED_STEPS = 3
LIBRARIES = ("autograd", "PyTorch", "torch.compile", "JAX jit")
GOALS = {  # model: the libraries compared with, and the most time of knetsrc by that of the fastest
    "LinReg": (LIBRARIES, 0.8),
    "Softmax": (LIBRARIES, 0.8),
    "MLP": (LIBRARIES, 0.8),
    "LeNet": (("PyTorch",), 0.6),
    "CIFAR": (("PyTorch",), 0.8),
    "CharLM": (("PyTorch", "JAX jit"), 1.0),
    "CharLM, nn.LSTM": (("PyTorch",), 1.5),
}


@dataclass(frozen=True)
class Task:
    """A model with its data; `name` is that of the model of every library, `rate` is small."""

    name: str
    parameters: Any
    data: tuple[np.ndarray, ...]
    rate: float = 0.01


def weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Normal numbers with a variance of two by the number of inputs (He et al., 2015)."""
    scale = np.float32(np.sqrt(2 / np.prod(shape[1:])))
    return scale * rng.standard_normal(shape, dtype=np.float32)


def dense(rng: np.random.Generator, *sizes: int) -> list[np.ndarray]:
    """Weights and biases in turn; biases are columns."""
    w = []
    for inputs, outputs in pairwise(sizes):
        w += [weights(rng, outputs, inputs), np.zeros((outputs, 1), np.float32)]
    return w


def convolutional(
    rng: np.random.Generator, channels: Sequence[int], sizes: Sequence[int]
) -> list[np.ndarray]:
    """Filters of 5 x 5 and their biases, then those of the dense layers."""
    w = []
    for inputs, outputs in pairwise(channels):
        w += [weights(rng, outputs, inputs, 5, 5), np.zeros((1, outputs, 1, 1), np.float32)]
    return w + dense(rng, *sizes)


def images(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.random(shape, dtype=np.float32)


def characters(rng: np.random.Generator, args: Namespace) -> Task:
    text, _, vocabulary = shakespeare()
    size, (length, batch) = len(vocabulary), args.characters
    chars = text[: length * batch].reshape(batch, length).T.copy()
    targets = text[1 : length * batch + 1].reshape(batch, length).T.copy()
    w = {
        "embedding": weights(rng, size, 256),
        "gates": weights(rng, 512, 1024) / np.float32(2),
        "gates_bias": np.zeros(1024, np.float32),
        "scores": weights(rng, 256, size),
        "scores_bias": np.zeros(size, np.float32),
    }
    return Task("CharLM", w, (chars, targets))


def every_task(args: Namespace) -> list[Task]:
    """Knet's table, and the network of Flux's tutorial on CIFAR-10."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 100)
    digits = images(rng, 784, 100)
    return [
        Task("LinReg", dense(rng, 13, 1), housing()),
        Task("Softmax", dense(rng, 784, 10), (digits, labels)),
        Task("MLP", dense(rng, 784, 64, 10), (digits, labels)),
        Task(
            "LeNet",
            convolutional(rng, (1, 20, 50), (800, 500, 10)),
            (images(rng, 100, 1, 28, 28), labels),
        ),
        Task(
            "CIFAR",
            convolutional(rng, (3, 16, 8), (200, 120, 84, 10)),
            (images(rng, 100, 3, 32, 32), labels),
        ),
        characters(rng, args),
    ]


def started(task: Task, peers: Sequence[Peer]) -> tuple[dict[str, Model], list[str]]:
    """The models of a task, each after the checked steps; and what was left out, with the reason."""
    models: dict[str, Model] = {}
    left_out: list[str] = []
    expected: list[float] = []
    for peer in peers:
        for name, make in peer.models.items():
            if name.partition(",")[0] != task.name:
                continue
            title = peer.title + name.removeprefix(task.name)
            try:
                model = make(copy.deepcopy(task.parameters), task.data, task.rate)
                losses = checked_losses(model)
            except (ImportError, RuntimeError, OSError) as error:  # no compiler, no such operator
                left_out.append(f"{task.name}, {title}: {str(error).splitlines()[0]}")
                continue
            expected = expected or losses
            if not np.allclose(losses, expected, rtol=1e-4, atol=0):
                raise SystemExit(f"{task.name}: {title} has the losses {losses}, not {expected}")
            models[title] = model
    return models, left_out


def checked_losses(model: Model) -> list[float]:
    """The loss at the start and after some steps."""
    losses = [model.loss()]
    for _ in range(CHECKED_STEPS):
        model.step()
    return [*losses, model.loss()]


def measured(runs: Sequence[Callable[[], None]], budget: float) -> list[list[float]]:
    """Wall time of single runs, taken in turn: each library as often in a row as fits in 20 ms."""
    found: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + budget
    while len(found[0]) < 5 or time.perf_counter() < end:
        for run, times in zip(runs, found, strict=True):
            time.sleep(PAUSE)
            run()  # after another library has had the caches
            until = time.perf_counter() + 0.02
            while True:
                start = time.perf_counter()
                run()
                times.append(time.perf_counter() - start)
                if start >= until:
                    break
    return found


def rows_of(task: Task, models: dict[str, Model], budget: float) -> list[Row]:
    """A row for each library, with the ratio of the time of knetsrc to its own."""
    found = measured([model.step for model in models.values()], budget)
    times = {title: (min(t), statistics.median(t)) for title, t in zip(models, found, strict=True)}
    ours = times["knetsrc"]
    return [
        {
            "model": task.name,
            "library": title,
            "least, ms": 1e3 * least,
            "median, ms": 1e3 * median,
            "knetsrc / it": ours[0] / least,
            "of medians": ours[1] / median,
        }
        for title, (least, median) in times.items()
    ]


def goal_rows(rows: Sequence[Row]) -> list[Row]:
    """What knetsrc is to reach, and what it has reached, by the least times."""
    found = []
    for goal, (titles, most) in GOALS.items():
        name, _, variant = goal.partition(",")
        wanted = {title + ("," + variant if variant else "") for title in titles}
        ratios = [r["knetsrc / it"] for r in rows if r["model"] == name and r["library"] in wanted]
        if ratios:
            reached = max(ratios)
            verdict = "yes" if reached <= most else "no"
            found.append({"model": goal, "goal": most, "ratio": reached, "reached": verdict})
    return found


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="time for each model")
    parser.add_argument("--only", nargs="*", metavar="MODEL", help="names of models")
    parser.add_argument(
        "--characters", type=int, nargs=2, default=(100, 128), metavar=("STEPS", "BATCH")
    )
    args = parser.parse_args()
    peers = every_peer()
    rows: list[Row] = []
    left_out = [f"{peer.title}: {peer.missing}" for peer in peers if peer.missing]
    for task in every_task(args):
        if args.only and task.name not in args.only:
            continue
        models, without = started(task, peers)
        left_out += without
        if "knetsrc" in models:
            rows += rows_of(task, models, args.seconds * (3 if task.name == "CharLM" else 1))
    show("One training step", rows)
    if goals := goal_rows(rows):
        show("Goals", goals)
    for line in left_out:
        print(f"left out: {line}")
    write(args.json, models=rows, left_out=left_out)


if __name__ == "__main__":
    main()
