"""Between an image and its frame (`layout`): padded and split into phases, or back."""

from typing import Any

import numba

from knetsrc.backends.kernels import rows
from knetsrc.backends.kernels.compiling import call
from knetsrc.backends.kernels.layout import Layout
from knetsrc.backends.kernels.machine import address
from knetsrc.backends.kernels.vectors import Lanes

AXES = ("depth", "height", "width")
FIELDS = (
    "size",
    "channels",
    "plane_bytes",
    "move_rows",
    "move_pairs",
    "move_columns",
    "is_outward",
    *(
        f"{name}_{axis}"
        for name in ("image", "phase", "padding", "stride", "used")
        for axis in AXES
    ),
)


def fields(layout: Layout, lanes: Lanes, *, outward: bool = False) -> dict[str, int]:
    """What `transfer` reads of a job; outward is from the frame to the image."""
    g = layout.geometry
    found = {
        "size": lanes.size,
        "channels": layout.channels,
        "plane_bytes": layout.plane * lanes.size,
        "move_rows": address(rows.copy, lanes),
        "move_pairs": address(rows.merge if outward else rows.split, lanes)
        if g.stride[2] == 2
        else 0,
        "move_columns": address(rows.spread, lanes) if g.stride[2] > 2 else 0,
        "is_outward": outward,
    }
    for i, axis in enumerate(AXES):
        found[f"image_{axis}"] = g.image[i]
        found[f"phase_{axis}"] = layout.phase[i]
        found[f"padding_{axis}"] = g.padding[i][0]
        found[f"stride_{axis}"] = g.stride[i]
        found[f"used_{axis}"] = (1 << g.stride[i]) - 1 if outward else layout.uses(i)
    return found


@numba.njit(nogil=True)
def transfer(j: Any, frame: int, image: int) -> None:
    """Move what an image holds of one item, all its channels, to its frame or from it."""
    row = j.image_width * j.size
    part = j.phase_depth * j.phase_height * j.phase_width * j.size
    for channel in range(j.channels):
        for z in range(j.image_depth):
            deep = z + j.padding_depth
            for phase in range(j.stride_height):
                y = (phase - j.padding_height) % j.stride_height
                count = (j.image_height - y + j.stride_height - 1) // j.stride_height
                is_used = j.used_depth >> deep % j.stride_depth & j.used_height >> phase & 1
                if count <= 0 or not is_used:
                    continue
                down = (y + j.padding_height) // j.stride_height
                line = (deep // j.stride_depth * j.phase_height + down) * j.phase_width * j.size
                corner = deep % j.stride_depth * j.stride_height + phase
                to = frame + channel * j.plane_bytes + corner * j.stride_width * part + line
                of = image + ((channel * j.image_depth + z) * j.image_height + y) * row
                columns(j, to, of, count, row * j.stride_height, part)


@numba.njit(nogil=True)
def columns(j: Any, frame: int, image: int, count: int, step: int, part: int) -> None:
    """Move `count` rows, from the first column on, to each of the phases along the last axis."""
    pitch, pad, stride = j.phase_width * j.size, j.padding_width, j.stride_width
    if stride == 1:
        place = frame + pad * j.size
        if j.is_outward:
            call(j.move_rows, (image, place, count, j.image_width, step, pitch))
        else:
            call(j.move_rows, (place, image, count, j.image_width, pitch, step))
    elif stride == 2:
        even = frame + pad % 2 * part + pad // 2 * j.size
        odd = frame + (pad + 1) % 2 * part + (pad + 1) // 2 * j.size
        call(j.move_pairs, (even, odd, image, count, j.image_width, pitch, step))
    else:
        for phase in range(stride):
            x = (phase - pad) % stride
            n = (j.image_width - x + stride - 1) // stride
            place = frame + phase * part + (x + pad) // stride * j.size
            first, apart = image + x * j.size, stride * j.size
            if n <= 0:
                continue
            if j.is_outward:
                call(j.move_columns, (first, place, count, n, step, pitch, apart, j.size))
            else:
                call(j.move_columns, (place, first, count, n, pitch, step, j.size, apart))
