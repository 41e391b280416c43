"""Drivers of `forward`: loops over images, and over parts of them, around the micro-kernels. Distances are in bytes."""

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
    "groups",
    "items",
    "loose_items",
    "parts",
    "depth",
    "offsets",
    "sources",
    "targets",
    "vectors",
    "x",
    "x_item",
    "y",
    "y_item",
    "y_row",
    "a",
    "is_framed",
    "frame",
    "frame_bytes",
    "clear",
    "copy",
    "result",
    "result_bytes",
    "slab_bytes",
    "slab_row",
    "frame_slab",
    "output_depth",
    "output_height",
    "output_width",
    "row_bytes",
    "lanes",
    "images",
    "shares",
    "slice",
    "panel",
    "panel_bytes",
    "panel_row",
    "gather",
    "gather_exactly",
)


@numba.njit(nogil=True)
def framed(j, item, frame):
    """The address of the frame of an item."""
    image = j.x + item * j.x_item
    if not j.is_framed:
        return image
    transfer(j, frame, image)
    return frame


@numba.njit(nogil=True)
def pick(j, target, result, first, behind):
    """Copy the rows of the output from slabs."""
    row = j.output_width * j.size
    for m in range(first, behind):
        for z in range(j.output_depth):
            to = target + m * j.y_row + z * j.output_height * row
            of = result + m * j.c_row + z * j.slab_bytes
            call(j.copy, (to, of, j.output_height, j.output_width, row, j.slab_row))


@numba.njit(nogil=True)
def look(j, move, panel, source, offsets, depth, lines):
    """Copy to a panel what some taps see of a frame from some lines of the output."""
    width, height = j.output_width, j.output_height
    line = lines[0]
    while line < lines[1]:
        z, y = line // height, line % height
        count = min(height - y, lines[1] - line)
        of = source + z * j.frame_slab + y * j.row_bytes
        to = panel + (line - lines[0]) * width * j.size
        call(
            move,
            (to, of, offsets, depth, count, width, j.panel_row, width * j.size, j.row_bytes),
        )
        line += count


@driver(JOB)
def frame_items(job, worker):
    """Make the frames of all items, one behind the other."""
    j = numba.carray(job, 1)[0]
    while True:
        item = take(j.counter)
        if item >= j.items:
            break
        call(j.clear, (j.frame + item * j.frame_bytes, j.frame_bytes // j.size))
        transfer(j, j.frame + item * j.frame_bytes, j.x + item * j.x_item)


@driver(JOB)
def by_rows(job, worker):
    """Rows and slabs: a task is a part of the vectors, or of the blocks, of an item."""
    j = numba.carray(job, 1)[0]
    frame = j.frame + worker * j.frame_bytes
    if j.is_framed:
        call(j.clear, (frame, j.frame_bytes // j.size))
    count = j.larger_count + j.smaller_count
    steps = (j.vectors + j.width - 1) // j.width
    while True:
        task = take(j.counter)
        if task >= j.items * j.parts:
            break
        item, part = task // j.parts, task % j.parts
        source, target = framed(j, item, frame), j.y + item * j.y_item
        a = j.a + item % j.groups * j.a_group
        if j.result_bytes:
            result = j.result + worker * j.result_bytes
            some = (count * part // j.parts, count * (part + 1) // j.parts)
            every = (0, j.vectors)
            multiply(
                j, a, j.offsets, j.depth, source, j.sources, result, j.targets, 0, 0, some, every
            )
            pick(j, target, result, first_row(j, some[0]), first_row(j, some[1]))
        else:
            first = steps * part // j.parts * j.width
            some = (first, min(j.vectors, steps * (part + 1) // j.parts * j.width))
            every = (0, count)
            multiply(
                j, a, j.offsets, j.depth, source, j.sources, target, j.targets, 0, 0, every, some
            )


@driver(JOB)
def by_panel(job, worker):
    """Panels: a task is a part of the blocks for some lines of some images of a group."""
    j = numba.carray(job, 1)[0]
    frame = j.frame + worker * j.frame_bytes * j.images
    if j.is_framed:
        call(j.clear, (frame, j.frame_bytes * j.images // j.size))
    panel, result = j.panel + worker * j.panel_bytes, j.result + worker * j.result_bytes
    count = j.larger_count + j.smaller_count
    lines = j.output_depth * j.output_height
    batch = j.items // j.groups
    bunches = (batch + j.images - 1) // j.images
    while True:
        task = take(j.counter)
        if task >= bunches * j.groups * j.shares * j.parts:
            break
        part, task = task % j.parts, task // j.parts
        share, task = task % j.shares, task // j.shares
        group, image = task % j.groups, task // j.groups * j.images
        images = min(j.images, batch - image)
        item = image * j.groups + group
        some = (lines * share // j.shares, lines * (share + 1) // j.shares)
        pixels = (some[1] - some[0]) * j.output_width
        steps = (images * pixels + j.lanes * j.width - 1) // (j.lanes * j.width)
        if j.is_framed:
            for i in range(images):
                framed(j, item + i * j.groups, frame + i * j.frame_bytes)
        some_blocks = (count * part // j.parts, count * (part + 1) // j.parts)
        a = j.a + group * j.a_group
        for k in range(0, j.depth, j.slice):
            depth = min(j.slice, j.depth - k)
            for i in range(images):
                of = item + i * j.groups
                source = frame + i * j.frame_bytes if j.is_framed else j.x + of * j.x_item
                move = j.gather if j.is_framed or of < j.loose_items else j.gather_exactly
                look(j, move, panel + i * pixels * j.size, source, j.offsets + 8 * k, depth, some)
            vectors = (0, steps * j.width)
            multiply(
                j,
                a,
                j.sources,
                depth,
                panel,
                j.targets,
                result,
                j.targets,
                k,
                k > 0,
                some_blocks,
                vectors,
            )
        first, behind = first_row(j, some_blocks[0]), first_row(j, some_blocks[1])
        place = j.y + item * j.y_item + first * j.y_row + some[0] * j.output_width * j.size
        of = result + first * j.c_row
        for i in range(images):
            to = place + i * j.groups * j.y_item
            call(j.copy, (to, of + i * pixels * j.size, behind - first, pixels, j.y_row, j.c_row))
