"""Memory for the time of a call: taken from what earlier calls gave back, so that it is mapped already."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 4
LARGEST = 256 * 1024 * 1024  # bytes of what is kept
SLACK = 128  # bytes behind what is needed, that whole vectors may touch
ALIGNMENT = 64
_free: deque[NDArray[Any]] = deque(maxlen=KEPT)


@contextmanager
def borrowed(byte_count: int) -> Iterator[int]:
    """The address of so many bytes, whatever they hold, which no other call has at this time."""
    try:
        memory = _free.pop()
    except IndexError:
        memory = np.empty(0, np.uint8)
    if memory.size < byte_count + ALIGNMENT:
        memory = np.empty(byte_count + ALIGNMENT, np.uint8)
    try:
        yield -(-memory.ctypes.data // ALIGNMENT) * ALIGNMENT
    finally:
        if memory.size <= LARGEST:
            _free.append(memory)


def rounded(byte_count: int) -> int:
    """So many bytes, up to a place where memory that another core writes may begin."""
    return -(-byte_count // 128) * 128
