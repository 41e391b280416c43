"""Where the numbers of a convolution lie: tables of distances, made once for a geometry.

The image that a kernel reads is a *frame*: padded, and for a stride of s split into s phases along that axis, so that
neighbouring outputs read neighbouring numbers whatever the stride. Without padding and stride the image is its own frame.

    image, stride 2, padding 1      frame: phase 0     phase 1
        a b c d                     . b d              a c .
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels.geometry import Geometry

Table = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """The frame of some channels of a geometry of three dimensions. All distances count numbers."""

    geometry: Geometry
    channels: int

    @property
    def is_image(self) -> bool:
        """Whether the image is its own frame."""
        g = self.geometry
        return g.padded == g.image and set(g.stride) == {1}

    @cached_property
    def phase(self) -> tuple[int, ...]:
        """Shape of one phase."""
        axes = zip(self.geometry.padded, self.geometry.stride, strict=True)
        return tuple(-(-size // step) for size, step in axes)

    @property
    def plane(self) -> int:
        """Numbers of one channel."""
        return prod(self.geometry.stride) * prod(self.phase)

    @property
    def numbers(self) -> int:
        """Numbers of the frame."""
        return self.channels * self.plane

    def taps(self, *, flip: bool) -> Table:
        """Where the first output finds each tap of each channel: shape (channels * taps,)."""
        g = self.geometry
        channel = np.arange(self.channels) * self.plane
        phase: Table = np.zeros((), np.int64)
        place = phase
        for taps, apart, step, size in zip(g.window, g.dilation, g.stride, self.phase, strict=True):
            at = np.arange(taps) * apart
            phase = np.expand_dims(phase, -1) * step + at % step
            place = np.expand_dims(place, -1) * size + at // step
        place = (phase * prod(self.phase) + place).ravel()
        return np.add.outer(channel, place[::-1] if flip else place).ravel()

    def uses(self, axis: int) -> int:
        """Which phases of an axis hold taps, as bits."""
        g = self.geometry
        found = {tap * g.dilation[axis] % g.stride[axis] for tap in range(g.window[axis])}
        return sum(1 << phase for phase in found)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Outputs that are neighbours in frame and output: place in either, how many."""
        (depth, height, width), (_, rows, columns) = self.geometry.output, self.phase
        lines, length = [1, depth, height], width
        if width == columns:
            lines, length = [1, 1, depth], height * width
            if height == rows:
                lines, length = [1, 1, 1], depth * height * width
        strides = {1: rows * columns, 2: columns}
        if lines[2] == depth and lines[1] == 1:
            strides = {1: 0, 2: rows * columns}
        for i in range(lines[1]):
            for j in range(lines[2]):
                yield i * strides[1] + j * strides[2], (i * lines[2] + j) * length, length

    def slabs(self, lanes: int) -> Iterator[tuple[int, int, int]]:
        """As `runs`, with lanes that count for nothing: what lies between rows of the frame, or behind each row."""
        (depth, height, width), (_, rows, columns) = self.geometry.output, self.phase
        pitch = self.pitch(lanes)
        for i in range(depth):
            if pitch == columns:
                yield i * rows * columns, i * height * columns, (height - 1) * columns + width
            else:
                for j in range(height):
                    yield (i * rows + j) * columns, (i * height + j) * pitch, pitch

    def pitch(self, lanes: int) -> int:
        """Distance of two rows of slabs: as in the frame, or whole vectors where that makes fewer.

        Vectors of the last row reach beyond the frame; behind an image there may be nothing.
        """
        (_, height, width), columns = self.geometry.output, self.phase[2]
        whole = -(-width // lanes)
        joined = -(-((height - 1) * columns + width) // lanes)
        return columns if self.is_image or joined <= height * whole else whole * lanes


def table(distances: Table) -> Table:
    """A table that compiled code may read while other threads do, and nobody changes."""
    found = np.ascontiguousarray(distances, np.int64)
    found.flags.writeable = False
    return found


def covering(runs: Iterator[tuple[int, int, int]], lanes: int) -> tuple[Table, Table]:
    """Vectors that cover each run, the last one overlapping the one before it: places in either."""
    sources, targets = [], []
    for source, target, length in runs:
        for start in [*range(0, length - lanes, lanes), length - lanes]:
            sources.append(source + start)
            targets.append(target + start)
    return np.array(sources), np.array(targets)


def parts(count: int, most: int) -> tuple[int, int, int, int]:
    """`count` as equal parts of at most `most`: number and size of the larger, of the smaller.

    >>> parts(20, 14)
    (2, 10, 0, 9)
    >>> parts(50, 8)
    (1, 8, 6, 7)
    """
    number = -(-count // most)
    size, larger = divmod(count, number)
    return (larger, size + 1, number - larger, size) if larger else (number, size, 0, size - 1)
