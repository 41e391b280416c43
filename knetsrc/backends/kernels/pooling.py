"""Pooling on the CPU: maxima with their places, means, and what adjoints of both become.

The arrays that come in are checked already (`knetsrc.backends.pooling`), the results are new. The
loops are in `pool_loops`, those for windows of 2 x 2 in `pool_2x2`.
"""

import itertools
import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knetsrc.backends.kernels import launch, pool_drivers, pool_loops

Array = NDArray[Any]
LEAST = 1 << 15  # elements of the images that are worth another thread


def max_pool(x: Array, windows: Any) -> tuple[Array, Array]:
    """The maximum of each window, and the place of the winner in it.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.

    Returns
    -------
    y, winners
        Shape ``(N, C, ...)``; the places are unsigned integers, in row-major order.
    """
    y = np.empty((*x.shape[:2], *windows.output), x.dtype)
    winners = np.empty(y.shape, windows.index_type)
    driver = pool_drivers.maxima(x.dtype.name, winners.dtype.name, is_2x2(windows))
    run(driver, np.ascontiguousarray(x), y, windows, winners=winners.ctypes.data, is_forward=1)
    return y, winners


def max_pool_adjoint(d_y: Array, winners: Array, windows: Any) -> Array:
    """What the images of `max_pool` get: the adjoint of each window, where its winner is.

    Parameters
    ----------
    d_y, winners
        Shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.

    Returns
    -------
    d_x
        Shape ``(N, C, ...)``.
    """
    d_x = image_of(d_y, windows)
    winners = np.ascontiguousarray(winners)
    driver = pool_drivers.maxima(d_y.dtype.name, winners.dtype.name, is_2x2(windows))
    run(driver, d_x, np.ascontiguousarray(d_y), windows, winners=winners.ctypes.data)
    return d_x


def take_winners(x: Array, winners: Array, windows: Any) -> Array:
    """The elements of `x` that `winners` points to in their windows.

    Parameters
    ----------
    x, winners
        Shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.

    Returns
    -------
    y
        The shape of `winners`.
    """
    y = np.empty(winners.shape, x.dtype)
    planes = math.prod(x.shape[:2])
    arrays = flat(x), flat(winners), y.reshape(-1)
    pool_loops.elements(*arrays, 0, planes, *volumes(windows))
    return y


def average_pool(x: Array, windows: Any, counts_padding: bool) -> Array:
    """The mean of each window.

    Parameters
    ----------
    x
        Images, shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.
    counts_padding
        Whether padding counts as zeros, or not at all.

    Returns
    -------
    y
        Shape ``(N, C, ...)``.
    """
    y = np.empty((*x.shape[:2], *windows.output), x.dtype)
    driver = pool_drivers.means(x.dtype.name, is_2x2(windows))
    counted = extent(windows, counts_padding)
    run(driver, np.ascontiguousarray(x), y, windows, **counted, is_forward=1)
    return y


def average_pool_adjoint(d_y: Array, windows: Any, counts_padding: bool) -> Array:
    """What the images of `average_pool` get: an equal part of the adjoint of each window.

    Parameters
    ----------
    d_y
        Shape ``(N, C, ...)``.
    windows
        A `knetsrc.backends.pooling.Windows`.
    counts_padding
        As in `average_pool`.

    Returns
    -------
    d_x
        Shape ``(N, C, ...)``.
    """
    d_x = image_of(d_y, windows)
    driver = pool_drivers.means(d_y.dtype.name, is_2x2(windows))
    run(driver, d_x, np.ascontiguousarray(d_y), windows, **extent(windows, counts_padding))
    return d_x


def flat(x: Array) -> Array:
    """The elements in row-major order."""
    return np.ascontiguousarray(x).reshape(-1)


def is_2x2(windows: Any) -> bool:
    """Whether windows are 2 x 2, touch, and lie in the image."""
    whole = all(2 * n <= size for n, size in zip(windows.output, windows.image, strict=True))
    return whole and windows.window == windows.stride == (2, 2) and windows.before == (0, 0)


def image_of(y: Array, windows: Any) -> Array:
    """Where the adjoint of the images goes: zeros, unless each element is written for sure."""
    shape = (*y.shape[:2], *windows.image)
    written = is_2x2(windows) and not any(size % 2 for size in windows.image)
    return np.empty(shape, y.dtype) if written else np.zeros(shape, y.dtype)


def extent(windows: Any, counts_padding: bool) -> dict[str, int]:
    """How far in front of and behind the image elements of a window count."""
    none = (0,) * len(windows.image)
    before, after = (windows.before, windows.after) if counts_padding else (none, none)
    found = volume(before, 0) + volume(after, 0)
    return dict(zip(pool_drivers.EXTENT, found, strict=True))


def volume(sizes: tuple[int, ...], leading: int = 1) -> tuple[int, ...]:
    """Sizes along three axes."""
    return (leading,) * (3 - len(sizes)) + sizes


def volumes(windows: Any) -> tuple[tuple[int, ...], ...]:
    """Image, window, padding, stride and output along three axes."""
    return (
        volume(windows.image),
        volume(windows.window),
        volume(windows.before, 0),
        volume(windows.stride),
        volume(windows.output),
    )


@lru_cache(maxsize=512)
def job_of(windows: Any) -> NDArray[Any]:
    """The job with these windows; a call adds its arrays."""
    values = itertools.chain.from_iterable(volumes(windows))
    return launch.filled(pool_drivers.JOB, dict(zip(pool_drivers.SIZES, values, strict=True)))


def run(driver: int, x: Array, y: Array, windows: Any, **more: int) -> None:
    """Have all planes of images `x` and of what becomes of them worked on, by several threads where there is enough to do."""
    planes = math.prod(x.shape[:2])
    workers = min(launch.workers(), planes, 1 + x.size // LEAST)
    job = launch.fresh(
        job_of(windows),
        workers=workers,
        planes=planes,
        x=x.ctypes.data,
        x_size=x.size,
        y=y.ctypes.data,
        y_size=y.size,
        **more,
    )
    launch.run(driver, job, workers)
