"""Driver of `scatter`: products of a few taps at a time, added to the frame of an image. Distances are in bytes."""

import numba

from knetsrc.backends.kernels import blocks, frames
from knetsrc.backends.kernels.blocks import first_row, multiply
from knetsrc.backends.kernels.compiling import call, driver, take
from knetsrc.backends.kernels.frames import transfer
from knetsrc.backends.kernels.launch import record

JOB = record(
    *frames.FIELDS,
    *blocks.FIELDS,
    "counter",
    "batch",
    "groups",
    "parts",
    "images",
    "depth",
    "offsets",
    "columns",
    "vectors",
    "taps",
    "y",
    "y_item",
    "y_row",
    "x",
    "x_item",
    "a",
    "frame",
    "frame_bytes",
    "result",
    "result_bytes",
    "panel",
    "panel_bytes",
    "clear",
    "copy",
    "scatter",
    "lanes",
    "panel_row",
    "pixels",
    "output_depth",
    "output_height",
    "output_width",
    "row_bytes",
    "frame_slab",
)


@driver(JOB)
def by_columns(job, worker):
    """A task is a part of the channels of a group, for some images."""
    j = numba.carray(job, 1)[0]
    frame = j.frame + worker * j.frame_bytes * j.images
    result, panel = j.result + worker * j.result_bytes, j.panel + worker * j.panel_bytes
    row, slab = j.output_width * j.size, j.output_height * j.output_width * j.size
    bunches = (j.batch + j.images - 1) // j.images
    while True:
        task = take(j.counter)
        if task >= bunches * j.groups * j.parts:
            break
        part, first = task % (j.groups * j.parts), task // (j.groups * j.parts) * j.images
        images = min(j.images, j.batch - first)
        y = j.y + (first * j.groups + part // j.parts) * j.y_item
        if j.panel_bytes:
            for i in range(images):
                of = y + i * j.groups * j.y_item
                call(j.copy, (panel + i * j.y_row, of, j.depth, j.pixels, j.panel_row, j.y_row))
            y = panel
        call(j.clear, (frame, j.frame_bytes * images // j.size))
        vectors = j.vectors
        if j.panel_bytes:
            steps = (images * j.pixels + j.lanes * j.width - 1) // (j.lanes * j.width)
            vectors = steps * j.width
        for block in range(j.larger_count + j.smaller_count):
            top, end = first_row(j, block), first_row(j, block + 1)
            a, c = j.a + part * j.a_group, result - top * j.c_row
            some, every = (block, block + 1), (0, vectors)
            multiply(j, a, j.offsets, j.depth, y, j.columns, c, j.columns, 0, 0, some, every)
            for i in range(images):
                for z in range(j.output_depth):
                    to = frame + i * j.frame_bytes + z * j.frame_slab
                    of = result + i * j.y_row + z * slab
                    at = j.taps + 8 * top
                    lines, width = j.output_height, j.output_width
                    call(
                        j.scatter,
                        (of, to, at, end - top, lines, width, j.c_row, row, j.row_bytes),
                    )
        for i in range(images):
            item = (first + i) * j.groups * j.parts + part
            transfer(j, frame + i * j.frame_bytes, j.x + item * j.x_item)
