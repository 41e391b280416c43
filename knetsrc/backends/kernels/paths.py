"""Which path a convolution takes: the cheapest, by an estimate of its processor cycles.

A plan is made once for a geometry and the sizes of the arrays, and holds nothing that a call changes.
"""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numba.core import event
from numpy.typing import NDArray

from knetsrc.backends.kernels import machine, tiles
from knetsrc.backends.kernels.geometry import Geometry

Array = NDArray[Any]
Run = Callable[[Array, Array, Array], None]
VARIABLE = "KNETSRC_KERNELS"
PLANS = 512
NOTICE = "knetsrc: compiling convolution kernels; they are kept for the next time\n"
PATIENCE = 1.0  # seconds


def are_plain() -> bool:
    """Whether plain loops are to be used: asked for, or all that this machine can compile."""
    return os.environ.get(VARIABLE) == "plain" or not _can_compile()


def run(operation: str, a: Array, b: Array, result: Array, geometry: Geometry, flip: bool) -> None:
    """Fill the result of `forward`, `adjoint_x` or `adjoint_w` on two arrays, all C-contiguous."""
    from knetsrc.backends.kernels import launch, plain

    if are_plain():
        plain.run(operation, a, b, result, geometry, flip)
        return
    images = result if operation == "adjoint_x" else a
    outputs = {"forward": result, "adjoint_x": a, "adjoint_w": b}[operation]
    channels = images.shape[1] // geometry.groups, outputs.shape[1] // geometry.groups
    plan = {"forward": forward, "adjoint_x": adjoint_x, "adjoint_w": adjoint_w}[operation]
    found = plan(geometry, len(a), *channels, result.dtype, launch.workers(), flip)
    found(a, b, result)


@cache
def _can_compile() -> bool:
    try:
        for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
            lanes = machine.processor().lanes(dtype)
            machine.address(tiles.product, 1, 2, lanes)
            machine.address(tiles.dot, 1, 2, lanes, masked=True)
    except RuntimeError as error:
        warnings.warn(
            f"the micro-kernels of convolution cannot be compiled here, plain loops are used: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


class Notice(event.Listener):  # type: ignore[misc]
    """Says, once in a process, that Numba is compiling, when it still is after a second."""

    said = False

    def __init__(self) -> None:
        self.start = time.monotonic()

    def on_start(self, event: event.Event) -> None:
        if not Notice.said and time.monotonic() > self.start + PATIENCE:
            Notice.said = True
            sys.stderr.write(NOTICE)

    def on_end(self, event: event.Event) -> None:
        pass


@contextmanager
def noticed() -> Iterator[None]:
    """Give notice of what is compiled meanwhile."""
    with event.install_listener("numba:run_pass", Notice()):
        yield


@lru_cache(maxsize=PLANS)
def forward(
    geometry: Geometry,
    batch: int,
    inputs: int,
    outputs: int,
    dtype: np.dtype[Any],
    workers: int,
    flip: bool,
    path: str | None = None,
) -> Run:
    """How to find outputs: `run(x, w, y)`. Inputs and outputs are channels of a group."""
    with noticed():
        from knetsrc.backends.kernels import blocks
        from knetsrc.backends.kernels import forward as correlation

        depth = inputs * geometry.taps
        problem = correlation.Problem(
            geometry.as_volume(),
            batch,
            inputs,
            outputs,
            machine.processor().lanes(dtype),
            workers,
            flip,
            blocks.Filter(group=outputs * depth, row=depth, outer=1, inner=depth, step=0),
        )
        return correlation.Forward(problem, path or problem.path()).run


@lru_cache(maxsize=PLANS)
def adjoint_x(
    geometry: Geometry,
    batch: int,
    inputs: int,
    outputs: int,
    dtype: np.dtype[Any],
    workers: int,
    flip: bool,
    path: str | None = None,
) -> Run:
    """How to find the adjoint of the images: `run(d_y, w, d_x)`."""
    with noticed():
        from knetsrc.backends.kernels import blocks, scatter
        from knetsrc.backends.kernels import forward as correlation

        lanes = machine.processor().lanes(dtype)
        volume = geometry.as_volume()
        problem = scatter.Problem(volume, batch, inputs, outputs, lanes, workers, flip)
        around = turned(volume)
        if around is not None and path != "scatter":
            taps = geometry.taps
            correlated = correlation.Problem(
                around,
                batch,
                outputs,
                inputs,
                lanes,
                workers,
                not flip,
                blocks.Filter(
                    group=outputs * inputs * taps,
                    row=taps,
                    outer=outputs,
                    inner=taps,
                    step=inputs * taps,
                ),
            )
            cheapest = path or correlated.path()
            if path or correlated.cost(cheapest) < problem.cost():
                return correlation.Forward(correlated, cheapest).run
        return scatter.Scatter(problem).run


@lru_cache(maxsize=PLANS)
def adjoint_w(
    geometry: Geometry,
    batch: int,
    inputs: int,
    outputs: int,
    dtype: np.dtype[Any],
    workers: int,
    flip: bool,
    path: str | None = None,
) -> Run:
    """How to find the adjoint of the filter: `run(x, d_y, d_w)`."""
    with noticed():
        from knetsrc.backends.kernels import channels, dots

        lanes = machine.processor().lanes(dtype)
        problem = dots.Problem(geometry.as_volume(), batch, inputs, outputs, lanes, workers, flip)
        cheapest = path or problem.path()
        if path == "channels" or (not path and channels.cost(problem) < problem.cost(cheapest)):
            return channels.Channels(problem).run
        return dots.Dots(problem, cheapest).run


def turned(volume: Geometry) -> Geometry | None:
    """The correlation of outputs that gives the adjoint of the images, if there is one."""
    padding = tuple(
        (reach - 1 - before, reach - 1 - after)
        for reach, (before, after) in zip(volume.reach, volume.padding, strict=True)
    )
    if set(volume.stride) != {1} or min(min(pair) for pair in padding) < 0:
        return None
    return replace(volume, image=volume.output, padding=padding)
