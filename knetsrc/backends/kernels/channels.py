"""The adjoint of the filter where there are many channels: products over pixels, with vectors along the channels.

The image is moved to a frame in which the channels of a pixel are neighbours; stride and dilation are distances of pixels there.
The adjoint of the outputs is packed, some pixels at a time, as a filter is. Each worker sums over its images, or over all of them
where they are few, for its part of the rows.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels import channels_drivers, launch, rows
from knetsrc.backends.kernels.blocks import Blocks, best_width, cycles
from knetsrc.backends.kernels.dots import FEW, Problem
from knetsrc.backends.kernels.geometry import Geometry
from knetsrc.backends.kernels.layout import Table, table
from knetsrc.backends.kernels.machine import address
from knetsrc.backends.kernels.scratch import SLACK, borrowed, rounded

SLICE = 256  # pixels that are packed at a time
MANY = 64  # rows of a worker beside which an image is moved to a frame in no time
LARGE = 512 * 1024  # bytes of sums that are better kept once than for each worker


class Channels:
    """The plan of a problem: tables and a job to which a call adds its addresses."""

    def __init__(self, problem: Problem) -> None:
        self.problem, lanes, g = problem, problem.lanes, problem.geometry
        self.channels = padded_channels(problem)
        taps, pixels = places(g)
        if problem.is_flipped:
            taps = taps[::-1]
        vectors = np.arange(0, self.channels, lanes.count)
        sources = np.add.outer(taps * self.channels, vectors).ravel()
        self.sources = table(sources * lanes.size)
        self.targets = table(np.arange(len(sources)) * lanes.bytes)
        self.images = max(1, min(SLICE // problem.pixels, problem.batch))
        apart = np.arange(self.images) * prod(g.padded)
        self.offsets = table(np.add.outer(apart, pixels).ravel() * self.channels * lanes.size)
        count = -(-problem.pixels // SLICE)
        self.slice = self.images * -(-problem.pixels // count)
        width = best_width(problem.outputs)
        self.blocks = Blocks(problem.outputs, self.slice, width, len(sources) % width, lanes)
        self.is_shared = problem.batch % problem.workers > 0 and problem.batch < 4 * problem.workers
        if problem.outputs >= MANY * problem.workers:
            self.is_shared |= problem.outputs * problem.depth * lanes.size > LARGE
        self.job = self._job()

    def run(self, x: NDArray[Any], y: NDArray[Any], w: NDArray[Any]) -> None:
        """Write w, given arrays that are C-contiguous."""
        counters = np.zeros(1, np.int64)
        workers = self.problem.workers
        with borrowed(self._scratch) as memory:
            frame = memory + self._sums
            job = launch.fresh(
                self.job,
                counter=counters.ctypes.data,
                x=x.ctypes.data,
                y=y.ctypes.data,
                w=w.ctypes.data,
                sums=memory,
                frame=frame,
                packed=frame + self._frames,
                line=frame + self._frames + self._packed,
            )
            launch.run(channels_drivers.by_channels.address, job, workers)
            driver = channels_drivers.finish_channels.address
            launch.run(driver, job, 1 if w.size < FEW else workers)

    def _job(self) -> NDArray[Any]:
        problem, lanes, size = self.problem, self.problem.lanes, self.problem.lanes.size
        g, workers = problem.geometry, problem.workers
        row = g.taps * self.channels * size
        image = prod(g.padded) * self.channels * size
        frame = rounded(image * self.images)
        packed = rounded(self.blocks.packed_bytes + SLACK)
        line = rounded(problem.depth * size + SLACK)
        sums = rounded(g.groups * problem.outputs * row)
        self._sums = sums * (1 if self.is_shared else workers)
        self._frames, self._packed = frame * workers, packed * workers
        self._scratch = self._sums + self._frames + self._packed + line * workers
        values = {
            **self.blocks.fields(row),
            "workers": workers,
            "batch": problem.batch,
            "images": self.images,
            "image_bytes": image,
            "groups": g.groups,
            "is_shared": self.is_shared,
            "size": size,
            "lanes": lanes.count,
            "channels": problem.inputs,
            "rows": problem.outputs,
            "taps": g.taps,
            "pixels": problem.pixels,
            "slice": self.slice,
            "offsets": self.offsets.ctypes.data,
            "sources": self.sources.ctypes.data,
            "targets": self.targets.ctypes.data,
            "vectors": len(self.sources),
            "x_item": problem.inputs * prod(g.image) * size,
            "x_channel": prod(g.image) * size,
            "x_row": g.image[2] * size,
            "y_item": problem.outputs * problem.pixels * size,
            "y_row": problem.pixels * size,
            "w_row": problem.depth * size,
            "frame_bytes": frame,
            "pixel_bytes": self.channels * size,
            "packed_bytes": packed,
            "sums_bytes": sums,
            "group_bytes": problem.outputs * row,
            "line_bytes": line,
            "tap_bytes": self.channels * size,
            "image_depth": g.image[0],
            "image_height": g.image[1],
            "image_width": g.image[2],
            "padded_height": g.padded[1],
            "padded_width": g.padded[2],
            "padding_depth": g.padding[0][0],
            "padding_height": g.padding[1][0],
            "padding_width": g.padding[2][0],
            "clear": address(rows.clear, lanes),
            "copy": address(rows.copy, lanes),
            "add": address(rows.add, lanes),
            "strip": address(rows.strip, lanes),
        }
        return launch.filled(channels_drivers.JOB, values)


def padded_channels(problem: Problem) -> int:
    """Channels of a group, up to whole vectors."""
    count = problem.lanes.count
    return -(-problem.inputs // count) * count


def places(g: Geometry) -> tuple[Table, Table]:
    """Where taps and outputs lie among the pixels of the padded image."""
    taps = pixels = np.zeros((), np.int64)
    axes = zip(g.window, g.dilation, g.output, g.stride, g.padded, strict=True)
    for window, apart, output, step, size in axes:
        taps = np.add.outer(taps * size, np.arange(window) * apart)
        pixels = np.add.outer(pixels * size, np.arange(output) * step)
    return taps.ravel(), pixels.ravel()


def cost(problem: Problem) -> float:
    """Processor cycles of an image of a group on one core, about."""
    g, channels = problem.geometry, padded_channels(problem)
    product = cycles(problem.outputs, best_width(problem.outputs))
    vectors = g.taps * channels / problem.lanes.count
    turning = 1.2 * channels * prod(g.image) + 1.5 * problem.outputs * problem.pixels
    return product * vectors * problem.pixels + turning
