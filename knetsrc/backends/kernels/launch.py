"""Running a driver on all cores.

A driver is a compiled function of the address of its job, a record of integers, and of the number of a worker: as many workers
as Numba has threads (`NUMBA_NUM_THREADS`), each of which does its share.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

if sys.platform == "win32":
    from knetsrc.backends.kernels import numba_threads as threads
else:
    from knetsrc.backends.kernels import threads


def workers() -> int:
    """Number of threads that the calling thread may use."""
    return int(numba.get_num_threads())


def run(driver: int, job: NDArray[Any], workers: int) -> None:
    """Run a driver, once for each worker, on a job."""
    threads.run(driver, job.ctypes.data, workers)


def record(*names: str) -> np.dtype[Any]:
    """The type of a job with these integers."""
    return np.dtype([(name, np.int64) for name in names])


def filled(kind: np.dtype[Any], values: Mapping[str, int]) -> NDArray[Any]:
    """A job with these values; others are zero until a call."""
    job = np.zeros(1, kind)
    for name, value in values.items():
        job[name] = value
    return job


def fresh(job: NDArray[Any], **addresses: int) -> NDArray[Any]:
    """A copy of a job with the addresses of one call."""
    found = job.view(np.int64).copy().view(job.dtype)  # field by field takes longer
    for name, address in addresses.items():
        found[name] = address
    return found
