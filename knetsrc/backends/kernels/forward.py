"""Outputs from images: each is a product of the filter with what the taps see of a frame.

*Rows*: vectors lie along the rows of the output, and are read from the frame and written to the output as they lie.
*Slabs*: for narrow rows; vectors run on over what lies between two rows of the frame, and the rows are picked from the result.
*Panel*: for narrow rows and many outputs; what each tap sees, of several images, is copied to a line of a panel.

Where there are fewer images than keep all workers busy, frames are made first and each image is divided.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels import forward_drivers, frames, launch, rows
from knetsrc.backends.kernels.blocks import Blocks, Filter, best_width, cycles, pack_filter
from knetsrc.backends.kernels.geometry import Geometry
from knetsrc.backends.kernels.layout import Layout, covering, table
from knetsrc.backends.kernels.machine import address
from knetsrc.backends.kernels.scratch import SLACK, borrowed, rounded
from knetsrc.backends.kernels.vectors import Lanes

PATHS = ("rows", "slabs", "panel")
PANEL = 256 * 1024  # bytes
PIXELS = 256  # of a panel, about
FAR = 700_000  # bytes of an image beyond which channels lie on too many pages
COLD = 4_000_000  # bytes of all images beyond which they are read from far away, best in long lines
FRAMES = 256 * 1024 * 1024  # bytes of frames that are made first


@dataclass(frozen=True)
class Problem:
    """A correlation: frames of `inputs` channels with a filter of `rows` rows, in each group."""

    geometry: Geometry
    batch: int
    inputs: int
    rows: int
    lanes: Lanes
    workers: int
    is_flipped: bool
    filter: Filter

    @property
    def items(self) -> int:
        return self.batch * self.geometry.groups

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.geometry, self.inputs)

    @property
    def pixels(self) -> int:
        return prod(self.geometry.output)

    @property
    def width(self) -> int:
        return best_width(self.rows)

    def runs(self, path: str) -> list[tuple[int, int, int]]:
        return list(self.layout.runs() if path == "rows" else self.layout.slabs(self.lanes.count))

    def can(self, path: str) -> bool:
        """Whether the vectors of a path are inside of the runs."""
        return path == "panel" or self.runs(path)[0][2] >= self.lanes.count

    @cached_property
    def images(self) -> int:
        """Images of a panel: so many that few lanes are without a pixel, and no worker without work."""
        whole = self.lanes.count * self.width
        most = min(
            PIXELS // self.pixels, self.items // self.workers // self.geometry.groups, self.batch
        )
        return min(
            range(1, max(most, 1) + 1), key=lambda n: (-(-n * self.pixels // whole) * whole / n, n)
        )

    @property
    def shares(self) -> int:
        """Parts that the lines of an image are divided into, each for a panel of its own."""
        lines = prod(self.geometry.output[:2])
        return min(lines, -(-self.pixels // PIXELS))

    @property
    def panel_vectors(self) -> int:
        """Vectors of a line of a panel, a multiple of the tile's width."""
        lines = -(-prod(self.geometry.output[:2]) // self.shares)
        pixels = self.images * lines * self.geometry.output[2]
        return -(-pixels // (self.lanes.count * self.width)) * self.width

    def cost(self, path: str) -> float:
        """Processor cycles of an item on one core, about."""
        product = self.filter.depth * cycles(self.rows, self.width)
        lines = prod(self.geometry.output[:2])
        vectors = sum(-(-run[2] // self.lanes.count) for run in self.runs(path))
        picking = self.rows * (6 * lines + self.pixels / 4)
        if path != "panel":
            image = self.layout.numbers * self.lanes.size
            is_far = image > FAR or image * self.items > COLD
            is_far &= self.geometry.taps == 1 and self.inputs >= 64
            found = product * vectors * (1.5 if is_far else 1)
            return found + picking if path == "slabs" else found
        look = self.filter.depth * lines * looking(self.geometry.output[2] / self.lanes.count)
        return product * self.panel_vectors * self.shares / self.images + look + picking / 2

    def path(self) -> str:
        return min(filter(self.can, PATHS), key=self.cost)


def looking(vectors: float) -> float:
    """Processor cycles of copying a row of so many vectors to a panel, about."""
    return 2.5 if vectors <= 1 else 4 + 2 * vectors


def loose_items(items: int, numbers: int, lanes: Lanes) -> int:
    """Items of so many numbers behind which a vector may be read without leaving the array."""
    return items - -(-lanes.count // numbers)


class Forward:
    """The plan of a problem: tables and a job to which a call adds its addresses."""

    def __init__(self, problem: Problem, path: str) -> None:
        if not problem.can(path):
            raise ValueError(f"{path}: a vector does not fit in the rows of {problem.geometry}")
        self.problem, self.path = problem, path
        self.layout, self.lanes = problem.layout, problem.lanes
        size = self.lanes.size
        self.offsets = table(self.layout.taps(flip=problem.is_flipped) * size)
        self.row = 0  # distance of two rows of the product, where that is not the output
        if path == "panel":
            self._plan_panel()
        else:
            sources, targets = covering(iter(problem.runs(path)), self.lanes.count)
            self.sources, self.targets = table(sources * size), table(targets * size)
            if path == "slabs":
                _, target, length = problem.runs(path)[-1]
                self.row = target + length
            self.vectors, self.images, self.shares, self.slice = (
                len(sources),
                1,
                1,
                problem.filter.depth,
            )
        self.blocks = Blocks(
            problem.rows,
            problem.filter.depth,
            problem.width,
            self.vectors % problem.width,
            self.lanes,
        )
        self.parts = self._parts()
        self.is_framed = not self.layout.is_image
        frame = rounded(self.layout.numbers * size + SLACK)
        self.is_prepared = (
            self.is_framed and self.parts * self.shares > 1 and problem.items * frame <= FRAMES
        )
        self.packing = problem.filter.packing(self.blocks, problem.geometry.groups)
        self.job = self._job(frame)

    def run(self, x: NDArray[Any], w: NDArray[Any], y: NDArray[Any]) -> None:
        """Write y, given arrays that are C-contiguous."""
        counters = np.zeros(24, np.int64)  # a cache line apart
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
            if self.is_prepared:
                launch.run(forward_drivers.frame_items.address, job, workers)
                job["counter"], job["x"], job["x_item"] = start + 128, frame, job["frame_bytes"]
                job["is_framed"] = 0
            by_panel = self.path == "panel"
            driver = forward_drivers.by_panel if by_panel else forward_drivers.by_rows
            launch.run(driver.address, job, workers)

    def _plan_panel(self) -> None:
        problem, lanes = self.problem, self.lanes
        self.vectors, self.images, self.shares = (
            problem.panel_vectors,
            problem.images,
            problem.shares,
        )
        self.row = (self.vectors + 1) * lanes.count
        depth = problem.filter.depth
        most = max(64, PANEL // (self.row * lanes.size))
        self.slice = -(-depth // -(-depth // most))
        self.sources = table(np.arange(self.slice) * self.row * lanes.size)
        self.targets = table(np.arange(self.vectors) * lanes.bytes)

    def _parts(self) -> int:
        """Parts of an image: so many that workers are busy to the end."""
        problem = self.problem
        bunches = -(-problem.batch // self.images) * problem.geometry.groups * self.shares
        if problem.workers == 1 or bunches >= 8 * problem.workers or bunches % problem.workers == 0:
            return 1
        most = -(-self.vectors // problem.width) if self.path == "rows" else self.blocks.count
        return min(most, -(-8 * problem.workers // bunches))

    def _job(self, frame: int) -> NDArray[Any]:
        problem, lanes, size = self.problem, self.lanes, self.lanes.size
        g, phase = problem.geometry, self.layout.phase
        self._packed = rounded(self.blocks.packed_bytes * g.groups + SLACK)
        frame_count = problem.items if self.is_prepared else problem.workers * self.images
        self._framed = frame * frame_count if self.is_framed else 0
        result = rounded(problem.rows * self.row * size + SLACK)
        panel = rounded(self.slice * self.row * size + SLACK) if self.path == "panel" else 0
        self._results = result * problem.workers if self.row else 0
        self._scratch = self._packed + self._framed + self._results + panel * problem.workers
        narrow = g.output[2] <= lanes.count
        values = {
            **frames.fields(self.layout, lanes),
            **self.blocks.fields((self.row or problem.pixels) * size),
            "groups": g.groups,
            "items": problem.items,
            "loose_items": loose_items(problem.items, problem.inputs * prod(g.image), lanes),
            "parts": self.parts,
            "depth": problem.filter.depth,
            "offsets": self.offsets.ctypes.data,
            "sources": self.sources.ctypes.data,
            "targets": self.targets.ctypes.data,
            "vectors": self.vectors,
            "x_item": problem.inputs * prod(g.image) * size,
            "y_item": problem.rows * problem.pixels * size,
            "y_row": problem.pixels * size,
            "is_framed": self.is_framed,
            "frame_bytes": frame,
            "clear": address(rows.clear, lanes),
            "copy": address(rows.copy, lanes),
            "result_bytes": result if self.row else 0,
            "slab_bytes": g.output[1] * self.layout.pitch(lanes.count) * size,
            "slab_row": self.layout.pitch(lanes.count) * size,
            "frame_slab": phase[1] * phase[2] * size,
            "output_depth": g.output[0],
            "output_height": g.output[1],
            "output_width": g.output[2],
            "row_bytes": phase[2] * size,
            "lanes": lanes.count,
            "images": self.images,
            "shares": self.shares,
            "slice": self.slice,
            "panel_bytes": panel,
            "panel_row": self.row * size,
            "gather": address(rows.gather_loosely, lanes, narrow=narrow) if panel else 0,
            "gather_exactly": address(rows.gather, lanes) if panel else 0,
        }
        return launch.filled(forward_drivers.JOB, values)
