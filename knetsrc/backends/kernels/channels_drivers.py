"""Drivers of `channels`: the filter's adjoint as products over pixels, summed over images and then over workers."""

import numba

from knetsrc.backends.kernels import blocks
from knetsrc.backends.kernels.blocks import first_row, multiply
from knetsrc.backends.kernels.compiling import call, driver, take
from knetsrc.backends.kernels.launch import record

JOB = record(
    *blocks.FIELDS,
    "counter",
    "workers",
    "batch",
    "images",
    "image_bytes",
    "groups",
    "is_shared",
    "size",
    "lanes",
    "channels",
    "rows",
    "taps",
    "pixels",
    "slice",
    "offsets",
    "sources",
    "targets",
    "vectors",
    "x",
    "x_item",
    "x_channel",
    "x_row",
    "y",
    "y_item",
    "y_row",
    "w",
    "w_row",
    "frame",
    "frame_bytes",
    "pixel_bytes",
    "packed",
    "packed_bytes",
    "sums",
    "sums_bytes",
    "group_bytes",
    "line",
    "line_bytes",
    "tap_bytes",
    "image_depth",
    "image_height",
    "image_width",
    "padded_height",
    "padded_width",
    "padding_depth",
    "padding_height",
    "padding_width",
    "clear",
    "copy",
    "add",
    "strip",
)


@numba.njit(nogil=True)
def turn(j, frame, image):
    """Move an image to a frame in which the channels of a pixel are neighbours."""
    for z in range(j.image_depth):
        for y in range(j.image_height):
            down = (z + j.padding_depth) * j.padded_height + y + j.padding_height
            to = frame + (down * j.padded_width + j.padding_width) * j.pixel_bytes
            of = image + (z * j.image_height + y) * j.x_row
            for channel in range(0, j.channels, j.lanes):
                place, source = to + channel * j.size, of + channel * j.x_channel
                some = min(j.lanes, j.channels - channel)
                call(j.strip, (place, source, some, j.image_width, j.pixel_bytes, j.x_channel))


@numba.njit(nogil=True)
def pack_pixels(j, packed, at, y, first, depth, some):
    """Pack, from pixel `at` on, some pixels of the outputs of some blocks: for each the numbers of the block's rows."""
    for block in range(some[0], some[1]):
        row, height = first_row(j, block), first_row(j, block + 1) - first_row(j, block)
        smaller = max(block - j.larger_count, 0)
        step = height * j.size
        to = packed + (block - smaller) * j.larger_bytes + smaller * j.smaller_bytes + at * step
        of = y + row * j.y_row + first * j.size
        # the last strip first: it writes too far, where the others write after it
        for i in range((height - 1) // j.lanes * j.lanes, -1, -j.lanes):
            n = min(j.lanes, height - i)
            call(j.strip, (to + i * j.size, of + i * j.y_row, n, depth, step, j.y_row))


@driver(JOB)
def by_channels(job, worker):
    """A worker takes its share of the images or, where these are few, of the blocks."""
    j = numba.carray(job, 1)[0]
    frame, packed = j.frame + worker * j.frame_bytes, j.packed + worker * j.packed_bytes
    sums = j.sums + worker * j.sums_bytes
    first, behind = j.batch * worker // j.workers, j.batch * (worker + 1) // j.workers
    some = (0, j.larger_count + j.smaller_count)
    if j.is_shared:
        first, behind, sums = 0, j.batch, j.sums
        some = (some[1] * worker // j.workers, some[1] * (worker + 1) // j.workers)
    if some[0] == some[1]:
        return
    top, height = first_row(j, some[0]), first_row(j, some[1]) - first_row(j, some[0])
    call(j.clear, (frame, j.frame_bytes // j.size))
    for group in range(j.groups):
        place = sums + group * j.group_bytes
        call(j.clear, (place + top * j.c_row, height * j.c_row // j.size))
        for image in range(first, behind, j.images):
            images = min(j.images, behind - image)
            for i in range(images):
                item = (image + i) * j.groups + group
                turn(j, frame + i * j.image_bytes, j.x + item * j.x_item)
            for k in range(0, images * j.pixels, j.slice):
                depth = min(j.slice, images * j.pixels - k)
                for i in range(images):
                    y = j.y + ((image + i) * j.groups + group) * j.y_item
                    pack_pixels(j, packed, i * j.pixels, y, k, min(depth, j.pixels), some)
                table, every = j.offsets + 8 * k, (0, j.vectors)
                multiply(
                    j, packed, table, depth, frame, j.sources, place, j.targets, 0, 1, some, every
                )


@driver(JOB)
def finish_channels(job, worker):
    """Add up what the workers have found, in their order, and write it with the taps as neighbours."""
    j = numba.carray(job, 1)[0]
    line = j.line + worker * j.line_bytes
    while True:
        row = take(j.counter)
        if row >= j.groups * j.rows:
            break
        of = j.sums + row // j.rows * j.group_bytes + row % j.rows * j.c_row
        for other in range(1, 1 if j.is_shared else j.workers):
            call(j.add, (of, of + other * j.sums_bytes, 1, j.c_row // j.size, 0, 0))
        for tap in range((j.taps - 1) // j.lanes * j.lanes, -1, -j.lanes):
            some, at = min(j.lanes, j.taps - tap), line + tap * j.size
            source = of + tap * j.tap_bytes
            call(j.strip, (at, source, some, j.channels, j.taps * j.size, j.tap_bytes))
        call(j.copy, (j.w + row * j.w_row, line, 1, j.channels * j.taps, 0, 0))
