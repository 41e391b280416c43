"""Drivers of `dots`: tiles of the filter's adjoint, summed over images by each worker, then over workers."""

import numba

from knetsrc.backends.kernels import frames
from knetsrc.backends.kernels.compiling import call, driver, take
from knetsrc.backends.kernels.frames import transfer
from knetsrc.backends.kernels.launch import record

JOB = record(
    *frames.FIELDS,
    "counter",
    "workers",
    "batch",
    "loose_items",
    "groups",
    "images",
    "is_shared",
    "larger_count",
    "larger_rows",
    "larger_bytes",
    "larger_dot",
    "larger_tile",
    "smaller_rows",
    "smaller_bytes",
    "smaller_dot",
    "smaller_tile",
    "blocks",
    "columns",
    "tiles",
    "depth",
    "offsets",
    "looks",
    "sources",
    "targets",
    "masks",
    "last_masks",
    "vectors",
    "x",
    "x_item",
    "y",
    "y_item",
    "y_row",
    "rows",
    "w",
    "is_framed",
    "frame",
    "frame_bytes",
    "panel",
    "panel_bytes",
    "panel_row",
    "panel_image",
    "results",
    "results_row",
    "results_bytes",
    "sums",
    "sums_bytes",
    "group_bytes",
    "pixels",
    "lanes",
    "clear",
    "copy",
    "add",
    "gather",
    "gather_exactly",
    "output_depth",
    "output_height",
    "output_width",
    "row_bytes",
    "frame_slab",
)


@numba.njit(nogil=True)
def place(j, block):
    """Where the tiles of a block lie, and its first row."""
    larger = min(block, j.larger_count)
    smaller = block - larger
    row = larger * j.larger_rows + smaller * j.smaller_rows
    return larger * j.larger_bytes + smaller * j.smaller_bytes, row


@numba.njit(nogil=True)
def look(j, panel, source, item):
    """Copy what all taps see of a frame to a panel."""
    width, height = j.output_width, j.output_height
    row = width * j.size
    move = j.gather if j.is_framed or item < j.loose_items else j.gather_exactly
    for z in range(j.output_depth):
        to, of = panel + z * height * row, source + z * j.frame_slab
        call(move, (to, of, j.looks, j.depth, height, width, j.panel_row, row, j.row_bytes))


@numba.njit(nogil=True)
def prepare(j, first, images, group, frame, panel, result):
    """Frames and panels of some images of a group; the addresses of what to multiply."""
    item = first * j.groups + group
    x, y = j.x + item * j.x_item, j.y + item * j.y_item
    for i in range(images):
        source = x + i * j.groups * j.x_item
        if j.is_framed:
            transfer(j, frame + i * j.frame_bytes, source)
            source = frame + i * j.frame_bytes
        if j.panel_bytes:
            look(j, panel + i * j.panel_image, source, item + i * j.groups)
        if j.results_bytes:
            of = y + i * j.groups * j.y_item
            call(j.copy, (result + i * j.y_row, of, j.rows, j.pixels, j.results_row, j.y_row))
    if j.results_bytes:
        y = result
    return (panel if j.panel_bytes else frame if j.is_framed else x), y


@driver(JOB)
def by_dots(job, worker):
    """A worker takes its share of the images or, where these are few, of the blocks of all groups."""
    j = numba.carray(job, 1)[0]
    frame = j.frame + worker * j.frame_bytes * j.images
    panel, result = j.panel + worker * j.panel_bytes, j.results + worker * j.results_bytes
    bunches = (j.batch + j.images - 1) // j.images
    first, behind = 0, j.groups * j.blocks
    bunch, end = bunches * worker // j.workers, bunches * (worker + 1) // j.workers
    sums = j.sums + worker * j.sums_bytes
    if j.is_shared:
        first, behind = behind * worker // j.workers, behind * (worker + 1) // j.workers
        bunch, end, sums = 0, bunches, j.sums
    if j.is_framed:
        call(j.clear, (frame, j.frame_bytes * j.images // j.size))
    for block in range(first, behind):
        at, _ = place(j, block % j.blocks)
        to, _ = place(j, block % j.blocks + 1)
        call(j.clear, (sums + block // j.blocks * j.group_bytes + at, (to - at) // j.size))
    while bunch < end:
        images = min(j.images, j.batch - bunch * j.images)
        vectors, masks = j.vectors // j.images * images, j.masks
        if j.results_bytes:
            vectors = (images * j.pixels + j.lanes - 1) // j.lanes
            masks = j.masks if images == j.images else j.last_masks
        b, y = 0, 0
        group = -1
        for block in range(first, behind):
            if block // j.blocks != group:
                group = block // j.blocks
                b, y = prepare(j, bunch * j.images, images, group, frame, panel, result)
            at, row = place(j, block % j.blocks)
            dot = j.larger_dot if block % j.blocks < j.larger_count else j.smaller_dot
            c = sums + group * j.group_bytes + at
            step = j.results_row if j.results_bytes else j.y_row
            a, tables = y + row * step, (j.targets, j.sources, masks)
            call(dot, (a, step, b, j.offsets, *tables, vectors, c, j.tiles))
        bunch += 1


@driver(JOB)
def finish(job, worker):
    """Add up what the workers have found, in their order, and write the filter's adjoint."""
    j = numba.carray(job, 1)[0]
    while True:
        task = take(j.counter)
        if task >= j.groups * j.blocks:
            break
        group, block = task // j.blocks, task % j.blocks
        at, row = place(j, block)
        to, behind = place(j, block + 1)
        sums = j.sums + group * j.group_bytes + at
        for other in range(1, 1 if j.is_shared else j.workers):
            call(j.add, (sums, sums + other * j.sums_bytes, 1, (to - at) // j.size, 0, 0))
        tile = j.larger_tile if block < j.larger_count else j.smaller_tile
        whole, left = j.depth // j.columns, j.depth % j.columns
        line = j.columns * j.size
        for m in range(row, behind):
            w = j.w + (group * j.rows + m) * j.depth * j.size
            of = sums + (m - row) * line
            call(j.copy, (w, of, whole, j.columns, line, tile))
            call(j.copy, (w + whole * line, of + whole * tile, 1, left, 0, 0))
