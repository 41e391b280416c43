"""How the rows of a product are divided into tiles, and how a filter is packed for them."""

from dataclasses import dataclass
from typing import Any

import numba
from numpy.typing import NDArray

from knetsrc.backends.kernels import rows, tiles
from knetsrc.backends.kernels.compiling import call, driver, take
from knetsrc.backends.kernels.launch import filled, fresh, record, run
from knetsrc.backends.kernels.layout import parts
from knetsrc.backends.kernels.machine import address, processor
from knetsrc.backends.kernels.vectors import Lanes

FEW = 30_000  # numbers that one worker packs as fast as many

FIELDS = (
    "width",
    "larger_count",
    "larger_rows",
    "smaller_count",
    "smaller_rows",
    "larger_bytes",
    "smaller_bytes",
    "larger_tile",
    "smaller_tile",
    "larger_rest",
    "smaller_rest",
    "number_bytes",
    "a_group",
    "c_row",
    "is_filter_large",
)
LARGE_FILTER = 800_000  # bytes; beyond that a block of it is held and the pixels pass by


@dataclass(frozen=True)
class Blocks:
    """Rows as blocks of nearly equal size, and the number of vectors beside each row.

    `rest` is the number of vectors of the last tiles of a row, where `width` does not divide them.
    """

    rows: int
    depth: int
    width: int
    rest: int
    lanes: Lanes

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        return parts(self.rows, tallest(self.width))

    @property
    def count(self) -> int:
        return self.sizes[0] + self.sizes[2]

    def bytes(self, rows: int) -> int:
        """Bytes of a packed block; packing may write a vector too far."""
        return (self.depth * rows + self.lanes.count) * self.lanes.size

    @property
    def packed_bytes(self) -> int:
        """Bytes of all blocks of a group."""
        larger, tall, smaller, short = self.sizes
        return larger * self.bytes(tall) + smaller * self.bytes(short)

    def fields(self, c_row: int) -> dict[str, int]:
        """What `multiply` reads of a job; `c_row` is the distance of two rows of the result."""
        larger, tall, smaller, short = self.sizes

        def tile(rows: int, vectors: int, count: int) -> int:
            return address(tiles.product, rows, vectors, self.lanes) if vectors and count else 0

        return {
            "width": self.width,
            "larger_count": larger,
            "larger_rows": tall,
            "smaller_count": smaller,
            "smaller_rows": short,
            "larger_bytes": self.bytes(tall),
            "smaller_bytes": self.bytes(short),
            "larger_tile": tile(tall, self.width, larger),
            "smaller_tile": tile(short, self.width, smaller),
            "larger_rest": tile(tall, self.rest, larger),
            "smaller_rest": tile(short, self.rest, smaller),
            "number_bytes": self.lanes.size,
            "a_group": self.packed_bytes,
            "c_row": c_row,
            "is_filter_large": self.packed_bytes > LARGE_FILTER,
        }


def tallest(width: int) -> int:
    """Rows of the largest tile that fits the registers, with so many vectors and a factor beside it."""
    return max(1, (processor().registers - 1 - width) // width)


def cycles(rows: int, width: int) -> float:
    """Processor cycles that a product takes for each vector and each k, about.

    Two multiply-adds in a cycle, and an add takes four; loads of factors and of vectors that straddle two cache lines come at
    the price that was measured for tiles of many shapes.
    """
    larger, tall, smaller, short = parts(rows, tallest(width))
    total = 0.0
    for count, height in ((larger, tall), (smaller, short)):
        total += count * (max(height * width / 2, 4.0) + 0.12 * height + 0.7 * width + 0.5)
    return total / width


def best_width(rows: int) -> int:
    """Vectors beside each row, so that a product takes the fewest cycles."""
    most = 8 if processor().registers == 32 else 6
    return min(range(2, most + 1), key=lambda width: cycles(rows, width))


@numba.njit(nogil=True)
def first_row(j, block):
    """The first row of a block."""
    larger = min(block, j.larger_count)
    return larger * j.larger_rows + (block - larger) * j.smaller_rows


@numba.njit(nogil=True)
def multiply(j, a, offsets, depth, b, vb, c, vc, start, adds, blocks, vectors):
    """Multiply a range of blocks with a range of vectors; the vectors outside, or the blocks.

    Of the filter, `depth` numbers of each row from `start` on.
    """
    if j.is_filter_large:
        for block in range(blocks[0], blocks[1]):
            sweep(j, a, offsets, depth, b, vb, c, vc, start, adds, (block, block + 1), vectors)
    else:
        sweep(j, a, offsets, depth, b, vb, c, vc, start, adds, blocks, vectors)


@numba.njit(nogil=True)
def sweep(j, a, offsets, depth, b, vb, c, vc, start, adds, blocks, vectors):
    """For each tile's width of vectors, all blocks."""
    split = j.larger_count
    first, behind = min(blocks[0], split), min(blocks[1], split)
    first_small, behind_small = max(blocks[0], split) - split, max(blocks[1], split) - split
    larger = a + first * j.larger_bytes
    smaller = a + split * j.larger_bytes + first_small * j.smaller_bytes
    top = c + first * j.larger_rows * j.c_row
    low = c + (split * j.larger_rows + first_small * j.smaller_rows) * j.c_row
    step, small_step = j.larger_rows * j.number_bytes, j.smaller_rows * j.number_bytes
    larger += start * step
    smaller += start * small_step
    for v in range(vectors[0], vectors[1], j.width):
        is_whole = v + j.width <= vectors[1]
        of, to = vb + 8 * v, vc + 8 * v
        if behind > first:
            tile = j.larger_tile if is_whole else j.larger_rest
            n, size = behind - first, j.larger_bytes
            call(tile, (larger, step, size, b, offsets, depth, of, to, top, j.c_row, n, adds))
        if behind_small > first_small:
            tile = j.smaller_tile if is_whole else j.smaller_rest
            n, size = behind_small - first_small, j.smaller_bytes
            call(
                tile, (smaller, small_step, size, b, offsets, depth, of, to, low, j.c_row, n, adds)
            )


PACKING = record(
    *FIELDS,
    "counter",
    "groups",
    "a",
    "w",
    "parts",
    "w_group",
    "w_part",
    "w_row",
    "w_outer",
    "outer",
    "inner",
    "lanes",
    "strip",
    "copy",
)


@driver(PACKING)
def pack(job, worker):
    """Pack the filter of each part of each group: block after block, for each k the numbers of its rows.

    k runs over `outer` times `inner`; the inner ones are neighbours, or the rows are.
    """
    j = numba.carray(job, 1)[0]
    blocks = j.larger_count + j.smaller_count
    while True:
        task = take(j.counter)
        if task >= j.groups * j.parts * blocks:
            break
        part, block = task // blocks, task % blocks
        large, small = min(block, j.larger_count), max(block - j.larger_count, 0)
        height = j.larger_rows if block < j.larger_count else j.smaller_rows
        step = height * j.number_bytes
        to = j.a + part * j.a_group + large * j.larger_bytes + small * j.smaller_bytes
        row = large * j.larger_rows + small * j.smaller_rows
        of = j.w + part // j.parts * j.w_group + part % j.parts * j.w_part + row * j.w_row
        if j.w_row == j.number_bytes:
            call(j.copy, (to, of, j.outer, height, step, j.w_outer))
        else:
            for _ in range(j.outer):
                # the last strip first: it writes too far, where the others write after it
                for i in range((height - 1) // j.lanes * j.lanes, -1, -j.lanes):
                    at, some = i * j.number_bytes, min(j.lanes, height - i)
                    call(j.strip, (to + at, of + i * j.w_row, some, j.inner, step, j.w_row))
                to += j.inner * step
                of += j.w_outer


@dataclass(frozen=True)
class Filter:
    """How a filter lies in memory: distances, in numbers, of groups, of rows, of the outer k; the inner k are neighbours."""

    group: int
    row: int
    outer: int
    inner: int
    step: int

    @property
    def depth(self) -> int:
        return self.outer * self.inner

    def packing(self, blocks: Blocks, groups: int, parts: int = 1) -> NDArray[Any]:
        """The job of `pack`; each group is cut into parts, one behind the other."""
        lanes = blocks.lanes
        values = {
            **blocks.fields(0),
            "groups": groups,
            "parts": parts,
            "w_group": self.group * lanes.size,
            "w_part": blocks.rows * self.row * lanes.size,
            "w_row": self.row * lanes.size,
            "w_outer": self.step * lanes.size,
            "outer": self.outer,
            "inner": self.inner,
            "lanes": lanes.count,
            "strip": address(rows.strip, lanes),
            "copy": address(rows.copy, lanes),
        }
        return filled(PACKING, values)


def pack_filter(
    packing: NDArray[Any], w: NDArray[Any], place: int, counter: int, workers: int
) -> None:
    """Pack a filter, C-contiguous, to a place."""
    job = fresh(packing, w=w.ctypes.data, a=place, counter=counter)
    run(pack.address, job, 1 if w.size < FEW else workers)
