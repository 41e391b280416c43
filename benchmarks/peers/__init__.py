"""The same models, each as the users of one library would write it.

A module of this folder has a dict `MODELS` from the name of a model to a function that takes
parameters, data and the learning rate, and returns a `Model`. Parameters come as NumPy arrays in
the layout of `benchmarks/models.py`; what a library wants otherwise is converted there, once.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Title of the column, and the modules that must be there.
PEERS = {
    "with_knetsrc": ("knetsrc", ()),
    "by_hand": ("NumPy by hand", ()),
    "with_autograd": ("autograd", ("autograd",)),
    "with_torch": ("PyTorch", ("torch",)),
    "with_torch_compiled": ("torch.compile", ("torch",)),
    "with_jax": ("JAX jit", ("jax",)),
}


@dataclass(frozen=True)
class Model:
    """A model that is being trained.

    Attributes
    ----------
    step
        One step: gradient of the loss, update of the parameters. It returns when that is done.
    loss
        The loss at the parameters of now.
    """

    step: Callable[[], None]
    loss: Callable[[], float]


@dataclass(frozen=True)
class Peer:
    """A library: its title, and its models by name, or why it is left out."""

    title: str
    models: dict[str, Callable[[Any, Any, float], Model]]
    missing: str = ""


def every_peer() -> list[Peer]:
    """All libraries, also those that are not installed."""
    return [_peer(module, title, needs) for module, (title, needs) in PEERS.items()]


def _peer(module: str, title: str, needs: tuple[str, ...]) -> Peer:
    for name in needs:
        if importlib.util.find_spec(name) is None:
            return Peer(title, {}, f"{name} is not installed")
    return Peer(title, importlib.import_module(f"peers.{module}").MODELS)
