"""What the examples share: options, devices, progress, optimizers, curves, parameters in a file."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

Parameters = TypeVar("Parameters", list[np.ndarray], dict[str, np.ndarray])
Item = TypeVar("Item")


def options(description: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """A parser of the options that every example has; `defaults` are those of this one."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data")
    parser.add_argument("--lr", type=float, metavar="RATE", help="learning rate")
    parser.add_argument("--batchsize", type=int, metavar="N", help="instances in a step")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the random numbers")
    parser.add_argument(
        "--show", action="store_true", help="print the source of the gradient first"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="write the learning curve to an image file"
    )
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="write the trained parameters to a .npz file"
    )
    parser.add_argument(
        "--load", type=Path, metavar="FILE", help="start from the parameters in a .npz file"
    )
    parser.set_defaults(seed=0, **defaults)
    return parser


def option_device(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser with an option that says where the arrays are."""
    parser.add_argument(
        "--device", choices=["cpu", "gpu"], default="cpu", help="with gpu, arrays are CuPy's"
    )
    return parser


def moved(device: str, *values: Any) -> Any:
    """Arrays, and lists and dicts of arrays, on a device; the program ends if there is none."""
    if device == "cpu":
        return values
    try:
        import cupy
    except ImportError:
        sys.exit("--device gpu needs CuPy: pip install 'knetsrc[cuda13]' or 'knetsrc[cuda12]'")
    if not cupy.cuda.is_available():
        sys.exit("--device gpu: CuPy finds no GPU")
    return tuple(_each(cupy.asarray, value) for value in values)


def _each(function: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: function(array) for name, array in value.items()}
    return [function(array) for array in value] if isinstance(value, list) else function(value)


def begin(loss: Any, parameters: Parameters, args: argparse.Namespace) -> Parameters:
    """Show the gradient if asked to; `parameters`, or those in a file if one is given."""
    if args.show:
        print(loss.source)
    return parameters if args.load is None else load(parameters, args.load)


def finish(parameters: Parameters, curve: list[dict[str, float]], args: argparse.Namespace) -> None:
    """Write the files that were asked for."""
    if args.plot is not None:
        plot(curve, args.plot)
    if args.save is not None:
        host = _each(lambda array: array.get() if hasattr(array, "get") else array, parameters)
        np.savez(args.save, **_named(host))


def batches(count: int, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The numbers below `count` in random order, cut into pieces of `size` or, at the end, less."""
    return np.split(rng.permutation(count), range(size, count, size))


def slices(text: np.ndarray, batch: int, length: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Slices of (length, batch) characters, and what follows each; a column goes on in the next."""
    steps = (len(text) - 1) // batch // length * length
    if not steps:
        sys.exit(f"{len(text)} characters are too few for {batch} parts of {length}")
    chars = text[: steps * batch].reshape(batch, steps).T
    targets = text[1 : steps * batch + 1].reshape(batch, steps).T
    return [(chars[t : t + length], targets[t : t + length]) for t in range(0, steps, length)]


def progress(items: Sequence[Item], description: str) -> Iterator[Item]:
    """The items, behind a bar on stderr that goes away at the end; no bar without a terminal."""
    console = Console(stderr=True)
    yield from track(
        items, description, console=console, transient=True, disable=not console.is_terminal
    )


def report(epoch: int, **figures: float) -> dict[str, float]:
    """Print the figures of an epoch in one line, and hand them back for the curve."""
    print(
        f"epoch {epoch:3d}",
        *(f"{name} {value:.4f}" for name, value in figures.items()),
        sep="  ",
        flush=True,
    )
    return {"epoch": epoch, **figures}


def plot(curve: list[dict[str, float]], path: Path) -> None:
    """Draw every figure over the epochs; one panel for each kind, the last word of the name."""
    from matplotlib.figure import Figure

    names = [name for name in curve[0] if name != "epoch"]
    kinds = list(dict.fromkeys(name.split("_")[-1] for name in names))
    figure = Figure(figsize=(5 * len(kinds), 4), layout="constrained")
    for kind, axes in zip(kinds, np.ravel(figure.subplots(1, len(kinds))), strict=True):
        for name in (name for name in names if name.endswith(kind)):
            axes.plot(
                [figures["epoch"] for figures in curve],
                [figures[name] for figures in curve],
                label=name,
            )
        axes.set(xlabel="epoch", ylabel=kind)
        axes.legend()
    figure.savefig(path)


def load(parameters: Parameters, path: Path) -> Parameters:
    """The arrays in a .npz file, in the structure of `parameters`, whose shapes they must have."""
    with np.load(path) as file:
        found = dict(file)
    shapes = {name: array.shape for name, array in _named(parameters).items()}
    if {name: array.shape for name, array in found.items()} != shapes:
        sys.exit(f"{path} holds the parameters of another model; this one has {shapes}")
    return found if isinstance(parameters, dict) else list(found.values())


def _named(parameters: Parameters) -> dict[str, Any]:
    return (
        parameters
        if isinstance(parameters, dict)
        else {f"w{i}": array for i, array in enumerate(parameters)}
    )


class Momentum:
    """Gradient descent with momentum (Polyak, 1964) on a list or dict of arrays; 0 for none."""

    def __init__(self, parameters: Parameters, momentum: float = 0.9) -> None:
        self.parameters = _named(parameters)
        self.momentum = momentum
        self.speeds = {name: np.zeros_like(array) for name, array in self.parameters.items()}

    def update(self, gradient: Parameters, rate: float) -> None:
        """Change the parameters in place by one step."""
        for name, d in _named(gradient).items():
            speed = self.speeds[name]
            speed *= self.momentum
            speed += d
            self.parameters[name] -= rate * speed


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015, on a dict of arrays.

    A gradient longer than `limit` is shortened to it first (Pascanu et al., "On the difficulty of
    training recurrent neural networks", 2013).
    """

    def __init__(self, parameters: dict[str, np.ndarray], limit: float = 1.0) -> None:
        self.parameters = parameters
        self.limit = limit
        self.step = 0
        self.means = {name: np.zeros_like(array) for name, array in parameters.items()}
        self.squares = {name: np.zeros_like(array) for name, array in parameters.items()}

    def update(self, gradient: dict[str, np.ndarray], rate: float) -> None:
        """Change the parameters in place by one step."""
        self.step += 1
        scale = min(1.0, self.limit / float(np.sqrt(sum(np.vdot(d, d) for d in gradient.values()))))
        for name, array in self.parameters.items():
            d = scale * gradient[name]
            mean, square = self.means[name], self.squares[name]
            mean += 0.1 * (d - mean)
            square += 0.01 * (d**2 - square)
            array -= (
                rate
                / (1 - 0.9**self.step)
                * mean
                / (np.sqrt(square / (1 - 0.99**self.step)) + 1e-8)
            )
