"""The adjoint of the filter: for each output channel and each tap, the inner product of what both see.

*Rows*: vectors lie along the rows of the output, in the adjoint of the output and in the frame as they are.
*Panel*: for narrow rows; what each tap sees is copied to a line of a panel. Where an image has few pixels, those of several images are
neighbours there, and so are the adjoints of their outputs.

Each worker sums over its images, or over all of them where they are few, for its part of the filter.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels import dots_drivers, frames, launch, rows, tiles
from knetsrc.backends.kernels.forward import looking, loose_items
from knetsrc.backends.kernels.geometry import Geometry
from knetsrc.backends.kernels.layout import Layout, Table, parts, table
from knetsrc.backends.kernels.machine import address, processor
from knetsrc.backends.kernels.scratch import SLACK, borrowed, rounded
from knetsrc.backends.kernels.vectors import Lanes

PATHS = ("rows", "panel")
POINTERS = 10  # of a tile; more do not fit the registers for integers
VECTORS = 32  # of an inner product, at least, where the batch has them
CACHE = 1_500_000  # bytes of a panel beyond which it is read slowly
FEW = 20_000  # numbers that one worker adds up as fast as many
WASTE = 1.2  # lanes used may be fewer by this factor before pixels of images are made neighbours


@dataclass(frozen=True)
class Problem:
    """The adjoint of a filter, of frames of `inputs` channels and outputs of `outputs` channels, in each group."""

    geometry: Geometry
    batch: int
    inputs: int
    outputs: int
    lanes: Lanes
    workers: int
    is_flipped: bool

    @property
    def depth(self) -> int:
        return self.inputs * self.geometry.taps

    @property
    def pixels(self) -> int:
        return prod(self.geometry.output)

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.geometry, self.inputs)

    @cached_property
    def tile(self) -> tuple[int, int]:
        """Rows and columns of a tile that take the fewest cycles for all of the filter."""
        registers = processor().registers

        def cycles(tile: tuple[int, int]) -> float:
            height, width = tile
            count = -(-self.outputs // height) * -(-self.depth // width)
            return count * (max(height * width / 2, 0.75 * (height + width), 4.0) + 1)

        fitting = [
            (m, n)
            for m in range(1, 6)
            for n in range(1, 17)
            if m * n + min(m, n) + 1 < registers and m + n <= POINTERS
        ]
        return min(fitting, key=cycles)

    def vectors(self, path: str) -> int:
        """Vectors of an image."""
        runs = self.layout.runs() if path == "rows" else [(0, 0, self.pixels)]
        return sum(-(-length // self.lanes.count) for _, _, length in runs)

    @cached_property
    def is_joint(self) -> bool:
        """Whether the pixels of images are made neighbours, for the sake of full vectors."""
        return self.vectors("panel") * self.lanes.count > WASTE * self.pixels

    def images(self, path: str) -> int:
        """Images that are taken together: so many that vectors are many and full, and no worker is without work."""
        wanted = -(-VECTORS // self.vectors(path))
        if path == "panel" and self.is_joint:
            wanted = -(-VECTORS * self.lanes.count // self.pixels)
        return max(1, min(wanted, self.batch // self.workers))

    def cost(self, path: str) -> float:
        """Processor cycles of an image of a group on one core, about."""
        height, width = self.tile
        count = -(-self.outputs // height) * -(-self.depth // width)
        product = count * (0.9 * height * width + 1)
        if path == "rows":
            return product * self.vectors(path)
        lines = prod(self.geometry.output[:2])
        look = self.depth * lines * looking(self.geometry.output[2] / self.lanes.count)
        vectors = self.pixels / self.lanes.count if self.is_joint else self.vectors(path)
        panel = self.depth * self.images(path) * self.pixels * self.lanes.size
        return product * vectors * (1.5 if panel > CACHE else 1) + look

    def path(self) -> str:
        return min(PATHS, key=self.cost)


class Dots:
    """The plan of a problem: tables and a job to which a call adds its addresses."""

    def __init__(self, problem: Problem, path: str) -> None:
        self.problem, self.path = problem, path
        self.layout, self.images = problem.layout, problem.images(path)
        self.is_joint = path == "panel" and problem.is_joint
        lanes = problem.lanes
        self.frame = rounded(self.layout.numbers * lanes.size + SLACK)
        line = self.images * problem.pixels if self.is_joint else problem.pixels
        line = -(-line // lanes.count) * lanes.count
        self.line = line if self.is_joint else line * self.images
        self._plan_vectors()
        height, width = problem.tile
        looks = self.layout.taps(flip=problem.is_flipped)
        seen = np.arange(problem.depth) * (self.line + lanes.count) if path == "panel" else looks
        missing = -len(seen) % width
        self.tile_count = (len(seen) + missing) // width
        self.looks = table(looks * lanes.size)
        self.offsets = table(np.append(seen, np.repeat(seen[-1:], missing)) * lanes.size)
        self.sizes = parts(problem.outputs, height)
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
                panel=frame + self._framed,
                results=frame + self._framed + self._panels,
            )
            launch.run(dots_drivers.by_dots.address, job, workers)
            launch.run(dots_drivers.finish.address, job, 1 if w.size < FEW else workers)

    def _plan_vectors(self) -> None:
        """Places of vectors in what is seen and in the adjoint of the output, and which lanes count."""
        problem, lanes = self.problem, self.problem.lanes
        size, count = lanes.size, lanes.count
        images = np.arange(self.images)[:, None]
        apart = problem.geometry.groups * problem.outputs * problem.pixels
        if self.path == "rows":
            sources, targets, lengths = pieces(list(self.layout.runs()), count)
            frame = self.frame // size
            if self.layout.is_image:
                frame = problem.geometry.groups * self.layout.numbers
            sources, targets = images * frame + sources, images * apart + targets
            lengths = np.tile(lengths, self.images)
        elif self.is_joint:
            sources, targets, lengths = pieces([(0, 0, self.images * problem.pixels)], count)
        else:
            sources, targets, lengths = pieces([(0, 0, problem.pixels)], count)
            line = self.line // self.images
            sources, targets = images * line + sources, images * apart + targets
            lengths = np.tile(lengths, self.images)
        self.sources, self.targets = table(sources.ravel() * size), table(targets.ravel() * size)
        self.masks = masks(lengths)
        last = problem.batch % self.images or self.images
        self.last_masks = masks(pieces([(0, 0, last * problem.pixels)], count)[2])
        self.is_masked = bool(np.any(lengths < count)) or last * problem.pixels % count > 0

    def _job(self) -> NDArray[Any]:
        problem, lanes, size = self.problem, self.problem.lanes, self.problem.lanes.size
        g, phase, workers = problem.geometry, self.layout.phase, problem.workers
        larger, tall, smaller, short = self.sizes
        width = problem.tile[1]
        tall_tile, short_tile = (tiles.slots(m, width, lanes) * size for m in (tall, short))
        is_panel, is_framed = self.path == "panel", not self.layout.is_image
        group = (larger * tall_tile + smaller * short_tile) * self.tile_count
        sums = rounded(group * g.groups)
        bunches = -(-problem.batch // self.images)
        is_shared = bunches < workers
        panel = rounded(problem.depth * (self.line + lanes.count) * size + SLACK) if is_panel else 0
        results = rounded(problem.outputs * self.line * size) if self.is_joint else 0
        self._sums = sums * (1 if is_shared else workers)
        self._framed = self.frame * self.images * workers if is_framed else 0
        self._panels = panel * workers
        self._scratch = self._sums + self._framed + self._panels + results * workers

        def dot(height: int, count: int) -> int:
            if not count:
                return 0
            return address(tiles.dot, height, width, lanes, masked=self.is_masked)

        pitch = self.line if self.is_joint else self.line // self.images
        narrow = g.output[2] <= lanes.count
        values = {
            **frames.fields(self.layout, lanes),
            "workers": workers,
            "batch": problem.batch,
            "loose_items": loose_items(
                problem.batch * g.groups, problem.inputs * prod(g.image), lanes
            ),
            "groups": g.groups,
            "images": self.images,
            "is_shared": is_shared,
            "larger_count": larger,
            "larger_rows": tall,
            "larger_bytes": tall_tile * self.tile_count,
            "larger_dot": dot(tall, larger),
            "larger_tile": tall_tile,
            "smaller_rows": short,
            "smaller_bytes": short_tile * self.tile_count,
            "smaller_dot": dot(short, smaller),
            "smaller_tile": short_tile,
            "blocks": larger + smaller,
            "columns": width,
            "tiles": self.tile_count,
            "depth": problem.depth,
            "offsets": self.offsets.ctypes.data,
            "looks": self.looks.ctypes.data,
            "sources": self.sources.ctypes.data,
            "targets": self.targets.ctypes.data,
            "masks": self.masks.ctypes.data,
            "last_masks": self.last_masks.ctypes.data,
            "vectors": len(self.masks),
            "x_item": problem.inputs * prod(g.image) * size,
            "y_item": problem.outputs * problem.pixels * size,
            "y_row": problem.pixels * size,
            "rows": problem.outputs,
            "is_framed": is_framed,
            "frame_bytes": self.frame,
            "panel_bytes": panel,
            "panel_row": (self.line + lanes.count) * size,
            "panel_image": (problem.pixels if self.is_joint else pitch) * size,
            "results_bytes": results,
            "results_row": self.line * size,
            "sums_bytes": sums,
            "group_bytes": group,
            "pixels": problem.pixels,
            "lanes": lanes.count,
            "clear": address(rows.clear, lanes),
            "copy": address(rows.copy, lanes),
            "add": address(rows.add, lanes),
            "gather": address(rows.gather_loosely, lanes, narrow=narrow) if panel else 0,
            "gather_exactly": address(rows.gather, lanes) if panel else 0,
            "output_depth": g.output[0],
            "output_height": g.output[1],
            "output_width": g.output[2],
            "row_bytes": phase[2] * size,
            "frame_slab": phase[1] * phase[2] * size,
        }
        return launch.filled(dots_drivers.JOB, values)


def pieces(runs: list[tuple[int, int, int]], lanes: int) -> tuple[Table, Table, Table]:
    """Vectors of each run, none overlapping: places in either, and how many lanes count."""
    found = [
        (source + start, target + start, min(lanes, length - start))
        for source, target, length in runs
        for start in range(0, length, lanes)
    ]
    sources, targets, lengths = np.array(found).T
    return sources, targets, lengths


def masks(lengths: Table) -> Table:
    """The first so many lanes as bits."""
    return table((np.int64(1) << lengths) - 1)
