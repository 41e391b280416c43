"""Pooling on a GPU by kernels of its own, in `pooling.cu`: one launch each, no atomic addition.

The interface is that of `knetsrc.backends.kernels.pooling`; arrays come in checked. The kernels are
compiled for a dtype when they are first asked for; CuPy keeps them in its cache on disk.
"""

import functools
from pathlib import Path
from typing import Any

from knetsrc.modules import array_module

THREADS = 256  # in a block
SOURCE = Path(__file__).with_name("pooling.cu")
TYPES = {"float32": "float", "float64": "double", "uint8": "unsigned char", "uint32": "unsigned"}


def max_pool(x: Any, windows: Any) -> tuple[Any, Any]:
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
    xp = array_module(x)
    y = xp.empty((*x.shape[:2], *windows.output), x.dtype)
    winners = xp.empty(y.shape, windows.index_type)
    _launch("max_pool", windows, (xp.ascontiguousarray(x), y, winners), y)
    return y, winners


def max_pool_adjoint(d_y: Any, winners: Any, windows: Any) -> Any:
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
    xp = array_module(d_y)
    d_x = xp.empty((*d_y.shape[:2], *windows.image), d_y.dtype)
    arrays = xp.ascontiguousarray(d_y), xp.ascontiguousarray(winners), d_x
    _launch("max_pool_adjoint", windows, arrays, d_x)
    return d_x


def take_winners(x: Any, winners: Any, windows: Any) -> Any:
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
    xp = array_module(x)
    y = xp.empty(winners.shape, x.dtype)
    arrays = xp.ascontiguousarray(x), xp.ascontiguousarray(winners), y
    _launch("take_winners", windows, arrays, y)
    return y


def average_pool(x: Any, windows: Any, counts_padding: bool) -> Any:
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
    xp = array_module(x)
    y = xp.empty((*x.shape[:2], *windows.output), x.dtype)
    _launch("average_pool", windows, (xp.ascontiguousarray(x), y), y, counts_padding)
    return y


def average_pool_adjoint(d_y: Any, windows: Any, counts_padding: bool) -> Any:
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
    xp = array_module(d_y)
    d_x = xp.empty((*d_y.shape[:2], *windows.image), d_y.dtype)
    arrays = xp.ascontiguousarray(d_y), d_x
    _launch("average_pool_adjoint", windows, arrays, d_x, counts_padding)
    return d_x


def _launch(
    name: str, windows: Any, arrays: tuple[Any, ...], result: Any, counts_padding: bool = False
) -> None:
    """Run a kernel with a thread for each element of `result`."""
    if not result.size:
        return
    xp = array_module(result)
    winner = next((a.dtype.name for a in arrays if a.dtype.kind == "u"), windows.index_type)
    kernel = _kernel(xp, name, result.dtype.name if result.dtype.kind == "f" else "", winner)
    blocks = (result.size + THREADS - 1) // THREADS
    kernel((blocks,), (THREADS,), (*arrays, result.size, _sizes(xp, windows, counts_padding)))


@functools.cache
def _kernel(xp: Any, name: str, number: str, winner: str) -> Any:
    types = f"typedef {TYPES[number]} T;\ntypedef {TYPES[winner]} W;\n"
    return xp.RawKernel(types + SOURCE.read_text(encoding="utf-8"), name)


@functools.lru_cache(maxsize=256)
def _sizes(xp: Any, windows: Any, counts_padding: bool) -> Any:
    """The sizes along three axes, on the device: made once for each kind of pooling."""
    none = (0,) * len(windows.image)
    counted = (windows.before, windows.after) if counts_padding else (none, none)
    parts = (
        _volume(windows.image),
        _volume(windows.window),
        _volume(windows.before, 0),
        _volume(windows.stride),
        _volume(windows.output),
        *(_volume(part, 0) for part in counted),
    )
    return xp.asarray([size for part in parts for size in part], "int64")


def _volume(sizes: tuple[int, ...], leading: int = 1) -> tuple[int, ...]:
    return (leading,) * (3 - len(sizes)) + tuple(sizes)
