"""Threads that help with a job, and never keep it waiting.

A job has a number of shares. The thread that comes with it takes shares itself, from the first on, and so do the helpers that
are awake; who takes a share does all of it. The job ends when all shares are done. A helper that the operating system has not let
run yet, because other programs or the threads of another library have the processor, has taken none and is not waited for.
Helpers look out for the next job for a moment, then they sleep.

The ticket says in one integer which job it is, how many shares there are and which one is next. A share is taken by exchanging
the ticket for the next one: who has read an old ticket, or the driver of an old job, takes nothing.
"""

import ctypes
import os
import platform
import signal
import threading
from typing import Any

from llvmlite import ir
from numba import cfunc, njit, types
from numba.core import cgutils
from numba.core.types import ExternalFunction
from numba.extending import intrinsic

from knetsrc.backends.kernels.compiling import add, call, exchange, kept, publish, read

LOOKS = 1000  # of a helper that waits for a job, before it sleeps: about 50 microseconds
BITS = 16  # of a ticket, for each of two numbers of shares
NUMBERS = (1 << BITS) - 1
LINE = 128  # bytes between two words that different threads write
TICKET, DRIVER, JOB, DONE, ASLEEP, MUTEX, CONDITION, END = (LINE * i for i in range(8))
HAS_PAUSE = platform.machine() in ("x86_64", "AMD64")

lock = ExternalFunction("pthread_mutex_lock", types.int32(types.intp))
unlock = ExternalFunction("pthread_mutex_unlock", types.int32(types.intp))
sleep = ExternalFunction("pthread_cond_wait", types.int32(types.intp, types.intp))
wake = ExternalFunction("pthread_cond_broadcast", types.int32(types.intp))
give_way = ExternalFunction("sched_yield", types.int32())


@intrinsic
def pause(typing: Any) -> Any:
    """Tell the processor that this is a loop that waits."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if HAS_PAUSE:
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), write


@njit(nogil=True)
def has_shares(ticket):
    """Whether there is a share to take."""
    return ticket & NUMBERS < ticket >> BITS & NUMBERS


@njit(nogil=True)
def do_shares(pool):
    """Take shares and do them, as long as there are any; how many."""
    count = 0
    ticket = read(pool + TICKET)
    while has_shares(ticket):
        driver, job = read(pool + DRIVER), read(pool + JOB)
        if exchange(pool + TICKET, ticket, ticket + 1):
            call(driver, (job, ticket & NUMBERS))
            count += 1
        ticket = read(pool + TICKET)
    return count


@kept(njit, "void(intp, intp, intp, intp)", nogil=True)
def lead(pool, driver, job, shares):
    """Have all shares of a job done."""
    publish(pool + DRIVER, driver)
    publish(pool + JOB, job)
    publish(pool + DONE, 0)
    number = (read(pool + TICKET) >> 2 * BITS) + 1 & NUMBERS
    publish(pool + TICKET, (number << 2 * BITS) + (shares << BITS))
    if read(pool + ASLEEP):
        lock(pool + MUTEX)
        wake(pool + CONDITION)
        unlock(pool + MUTEX)
    of_others = shares - do_shares(pool)
    looks = 0
    while read(pool + DONE) < of_others:
        if looks < LOOKS:
            looks += 1
            pause()
        else:
            give_way()


@kept(cfunc, "intp(intp)")
def assist(pool):
    """What a helper does, for ever."""
    looks = 0
    while True:
        done = do_shares(pool)
        if done:
            add(pool + DONE, done)
            looks = 0
        elif looks < LOOKS:
            looks += 1
            pause()
        else:
            lock(pool + MUTEX)
            add(pool + ASLEEP, 1)
            while not has_shares(read(pool + TICKET)):
                sleep(pool + CONDITION, pool + MUTEX)
            add(pool + ASLEEP, -1)
            unlock(pool + MUTEX)
            looks = 0
    return 0


@kept(njit, "void(intp, intp, intp)", nogil=True)
def in_turn(driver, job, shares):
    """Do all shares of a job."""
    for share in range(shares):
        call(driver, (job, share))


class Helpers:
    """Threads of this process. Their memory is never given back: they outlive the interpreter."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self.count = 0
        self.libc = ctypes.CDLL(None)
        self.libc.calloc.restype = ctypes.c_void_p
        memory = self.libc.calloc(END + LINE, 1)
        self.pool = -(-memory // LINE) * LINE
        self.libc.pthread_mutex_init(ctypes.c_void_p(self.pool + MUTEX), None)
        self.libc.pthread_cond_init(ctypes.c_void_p(self.pool + CONDITION), None)

    def start(self, count: int) -> None:
        """Have so many, as far as the system allows; signals go to other threads."""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        thread, pool = ctypes.c_void_p(), ctypes.c_void_p(self.pool)
        code = ctypes.c_void_p(assist.address)
        while self.count < count:
            if self.libc.pthread_create(ctypes.byref(thread), None, code, pool):
                break
            self.count += 1
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


_helpers: Helpers | None = None


def run(driver: int, job: int, shares: int) -> None:
    """Have all shares of a job done, with helpers where no other thread has them now."""
    global _helpers
    helpers = _helpers = _helpers or Helpers()
    if shares == 1 or not helpers.busy.acquire(blocking=False):
        in_turn(driver, job, shares)
        return
    try:
        if helpers.count < shares - 1:
            helpers.start(shares - 1)
        lead(helpers.pool, driver, job, shares)
    finally:
        helpers.busy.release()


def _after_fork() -> None:
    """A child has none of the threads of its parent."""
    global _helpers
    _helpers = None


os.register_at_fork(after_in_child=_after_fork)
