"""The adjoint of the images, for every geometry: the products of each tap with all outputs, added to where the tap looked.

The products of one block of taps are made at a time and added to a frame while they are in the cache; then the frame is moved to
the image. For outputs of few pixels those of several images are copied to a panel first.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels import frames, launch, rows, scatter_drivers
from knetsrc.backends.kernels.blocks import Blocks, Filter, best_width, cycles, pack_filter
from knetsrc.backends.kernels.geometry import Geometry
from knetsrc.backends.kernels.layout import Layout, covering, table
from knetsrc.backends.kernels.machine import address
from knetsrc.backends.kernels.scratch import SLACK, borrowed, rounded
from knetsrc.backends.kernels.vectors import Lanes

PIXELS = 256  # of a panel


@dataclass(frozen=True)
class Problem:
    """The adjoint of images with `inputs` channels, of outputs with `outputs` channels, in each group."""

    geometry: Geometry
    batch: int
    inputs: int
    outputs: int
    lanes: Lanes
    workers: int
    is_flipped: bool

    @property
    def pixels(self) -> int:
        return prod(self.geometry.output)

    @cached_property
    def images(self) -> int:
        """Images of a panel; one where its outputs are read as they lie."""
        most = min(self.batch, max(1, PIXELS // self.pixels))
        return min(range(1, most + 1), key=lambda n: (self.vectors(n) / n, n))

    @property
    def has_panel(self) -> bool:
        return self.images > 1 or self.pixels < self.lanes.count

    @cached_property
    def width(self) -> int:
        return best_width(self.inputs * self.geometry.taps)

    def vectors(self, images: int) -> int:
        """Vectors of the pixels of so many images, a multiple of the tile's width if there are many."""
        found = -(-images * self.pixels // self.lanes.count)
        return found if images == 1 else -(-found // self.width) * self.width

    @cached_property
    def parts(self) -> int:
        """Parts of the channels of a group: so many that no worker is without work."""
        bunches = -(-self.batch // self.images) * self.geometry.groups
        if self.workers == 1 or bunches >= 4 * self.workers or bunches % self.workers == 0:
            return 1
        divisors = [n for n in range(1, self.inputs + 1) if self.inputs % n == 0]
        return next((n for n in divisors if n * bunches >= 4 * self.workers), divisors[-1])

    @property
    def filter(self) -> Filter:
        taps = self.inputs * self.geometry.taps
        return Filter(group=self.outputs * taps, row=1, outer=self.outputs, inner=1, step=taps)

    def cost(self) -> float:
        """Processor cycles of an image of a group on one core, about."""
        taps, lines = self.inputs * self.geometry.taps, prod(self.geometry.output[:2])
        vectors = self.vectors(self.images) / self.images
        product = (self.outputs * cycles(taps, self.width) + 1.5 * taps) * vectors
        adding = taps * lines * (6 + 4 * self.geometry.output[2] / self.lanes.count)
        frame = Layout(self.geometry, self.inputs).numbers
        return product + adding + frame / 4


class Scatter:
    """The plan of a problem: tables and a job to which a call adds its addresses."""

    def __init__(self, problem: Problem) -> None:
        self.problem, lanes = problem, problem.lanes
        self.layout = Layout(problem.geometry, problem.inputs // problem.parts)
        self.vectors = problem.vectors(problem.images)
        if problem.has_panel:
            self.vectors = -(-self.vectors // problem.width) * problem.width
            columns = np.arange(self.vectors) * lanes.count
            self.row = self.vectors * lanes.count
        else:
            columns, _ = covering(iter([(0, 0, problem.pixels)]), lanes.count)
            self.row = problem.pixels
        taps = self.layout.channels * problem.geometry.taps
        self.columns = table(columns * lanes.size)
        self.offsets = table(np.arange(problem.outputs) * self.row * lanes.size)
        self.taps = table(self.layout.taps(flip=problem.is_flipped) * lanes.size)
        width = problem.width
        self.blocks = Blocks(taps, problem.outputs, width, self.vectors % width, lanes)
        self.packing = problem.filter.packing(self.blocks, problem.geometry.groups, problem.parts)
        self.job = self._job()

    def run(self, y: NDArray[Any], w: NDArray[Any], x: NDArray[Any]) -> None:
        """Write x, given arrays that are C-contiguous."""
        counters = np.zeros(16, np.int64)  # a cache line apart
        start, workers = counters.ctypes.data, self.problem.workers
        with borrowed(self._scratch) as memory:
            pack_filter(self.packing, w, memory, start, workers)
            frame = memory + self._packed
            job = launch.fresh(
                self.job,
                counter=start + 64,
                x=x.ctypes.data,
                y=y.ctypes.data,
                a=memory,
                frame=frame,
                result=frame + self._framed,
                panel=frame + self._framed + self._results,
            )
            launch.run(scatter_drivers.by_columns.address, job, workers)

    def _job(self) -> NDArray[Any]:
        problem, lanes, size = self.problem, self.problem.lanes, self.problem.lanes.size
        g, phase = problem.geometry, self.layout.phase
        frame = rounded(self.layout.numbers * size)
        result = rounded(max(self.blocks.sizes[1], 1) * self.row * size)
        panel = rounded(problem.outputs * self.row * size) if problem.has_panel else 0
        self._packed = rounded(self.blocks.packed_bytes * g.groups * problem.parts + SLACK)
        self._framed = frame * problem.images * problem.workers
        self._results = result * problem.workers
        self._scratch = self._packed + self._framed + self._results + panel * problem.workers
        values = {
            **frames.fields(self.layout, lanes, outward=True),
            **self.blocks.fields(self.row * size),
            "batch": problem.batch,
            "groups": g.groups,
            "parts": problem.parts,
            "images": problem.images,
            "depth": problem.outputs,
            "offsets": self.offsets.ctypes.data,
            "columns": self.columns.ctypes.data,
            "vectors": self.vectors,
            "taps": self.taps.ctypes.data,
            "y_item": problem.outputs * problem.pixels * size,
            "y_row": problem.pixels * size,
            "x_item": self.layout.channels * prod(g.image) * size,
            "frame_bytes": frame,
            "result_bytes": result,
            "panel_bytes": panel,
            "panel_row": self.row * size,
            "clear": address(rows.clear, lanes),
            "copy": address(rows.copy, lanes),
            "scatter": address(rows.scatter, lanes),
            "lanes": lanes.count,
            "pixels": problem.pixels,
            "output_depth": g.output[0],
            "output_height": g.output[1],
            "output_width": g.output[2],
            "row_bytes": phase[2] * size,
            "frame_slab": phase[1] * phase[2] * size,
        }
        return launch.filled(scatter_drivers.JOB, values)
