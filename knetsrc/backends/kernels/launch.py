"""Running a driver on all cores.

A driver is a compiled function of the address of its job, a record of integers, and of the number of a worker. Workers are the
threads of Numba. A forked child must not use threads that its parent had started: there the workers run in turn, as they do
where there is one thread. Only the workqueue layer, which ends the process when two threads enter it, needs a lock.
"""

import os
import threading
from collections.abc import Callable, Mapping
from functools import cache, update_wrapper
from pathlib import Path
from types import CellType, FunctionType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from knetsrc.cache import digest_of

_lock = threading.Lock()
_is_forked = False


@intrinsic
def call(typing: Any, function: Any, arguments: Any) -> Any:
    """Call the machine code at an address with a tuple of integers."""
    signature = types.void(types.intp, types.UniTuple(types.intp, len(arguments)))

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address, packed = values
        numbers = cgutils.unpack_tuple(builder, packed)
        kind = ir.FunctionType(ir.VoidType(), [number.type for number in numbers])
        builder.call(builder.inttoptr(address, kind.as_pointer()), numbers)
        return context.get_dummy_value()

    return signature, write


@intrinsic
def take(typing: Any, counter: Any) -> Any:
    """Count up the integer at an address, whichever threads do so at the same time; what it was."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        integer = ir.IntType(64)
        place = builder.inttoptr(values[0], integer.as_pointer())
        return builder.atomic_rmw("add", place, ir.Constant(integer, 1), "monotonic")

    return types.intp(types.intp), write


def kept(decorator: Callable[..., Any], *arguments: Any, **options: Any) -> Callable[..., Any]:
    """A decorator of Numba that keeps what it compiles for other processes, if there is a place for it."""

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return decorator(*arguments, cache=True, **options)(_stamped(function))
        except RuntimeError:  # "no locator available"
            return decorator(*arguments, **options)(function)

    return decorate


def _stamped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that captures nothing, with a captured variable that stands for all sources here.

    Numba's cache looks at the file of a function, not at those of the helpers that are compiled into it, and at what the function
    captures.
    """
    code = function.__code__.replace(co_freevars=("sources",))
    captured = (CellType(_sources()),)
    made = FunctionType(code, function.__globals__, argdefs=function.__defaults__, closure=captured)
    return update_wrapper(made, function)


@cache
def _sources() -> str:
    """A digest of the files of this folder."""
    paths = sorted(Path(__file__).parent.glob("*.py"))
    return digest_of(*(path.read_text(encoding="utf-8") for path in paths))


def driver(job: np.dtype[Any]) -> Callable[..., Any]:
    """Compile a driver of such jobs."""
    pointer = types.CPointer(numba.from_dtype(job))
    return kept(numba.cfunc, types.void(pointer, types.intp))


@kept(numba.njit, "void(intp, intp, intp)", parallel=True, nogil=True)
def at_once(driver, job, workers):
    for worker in numba.prange(workers):
        call(driver, (job, worker))


@kept(numba.njit, "void(intp, intp, intp)", nogil=True)
def in_turn(driver, job, workers):
    for worker in range(workers):
        call(driver, (job, worker))


def workers() -> int:
    """Number of threads that the calling thread may use."""
    return int(numba.get_num_threads())


def run(driver: int, job: NDArray[Any], workers: int) -> None:
    """Run a driver, once for each worker, on a job."""
    if is_alone(workers):
        in_turn(driver, job.ctypes.data, workers)
    else:
        enter(at_once, driver, job.ctypes.data, workers)


def is_alone(workers: int) -> bool:
    """Whether the calling thread is to do all of the work."""
    return workers == 1 or _is_forked


def enter(parallel: Callable[..., None], *arguments: Any) -> None:
    """Call a parallel function of Numba."""
    if _is_safe():
        parallel(*arguments)
    else:
        with _lock:
            parallel(*arguments)


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


def _is_safe() -> bool:
    """Whether threads may enter Numba's layer at the same time; it is chosen by the first call."""
    try:
        return bool(numba.threading_layer() != "workqueue")
    except ValueError:
        return False


def _after_fork() -> None:
    global _is_forked, _lock
    _lock = threading.Lock()
    try:
        numba.threading_layer()
    except ValueError:
        return
    _is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
