"""Numba's threads, where there are no POSIX ones.

The workqueue layer ends the process when two threads enter it, so there is a lock.
"""

import threading

from numba import njit, prange

from knetsrc.backends.kernels.compiling import call, kept

_lock = threading.Lock()


@kept(njit, "void(intp, intp, intp)", parallel=True, nogil=True)
def at_once(driver, job, shares):
    for share in prange(shares):
        call(driver, (job, share))


def run(driver: int, job: int, shares: int) -> None:
    """Have all shares of a job done."""
    with _lock:
        at_once(driver, job, shares)
