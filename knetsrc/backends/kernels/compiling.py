"""What Numba compiles here, kept for other processes, and what its functions are given beside Python's: calls of machine code,
integers that several threads count on.
"""

from collections.abc import Callable
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

from knetsrc.cache import digest_of

INTEGER = ir.IntType(64)


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
        place, one = pointer(builder, values[0]), ir.Constant(INTEGER, 1)
        return builder.atomic_rmw("add", place, one, "monotonic")

    return types.intp(types.intp), write


@intrinsic
def read(typing: Any, word: Any) -> Any:
    """The integer at an address, after all that its writer had written before it."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load_atomic(pointer(builder, values[0]), "seq_cst", 8)

    return types.intp(types.intp), write


@intrinsic
def publish(typing: Any, word: Any, value: Any) -> Any:
    """Write the integer at an address, after all that was written before."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store_atomic(values[1], pointer(builder, values[0]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), write


@intrinsic
def add(typing: Any, word: Any, value: Any) -> Any:
    """Add to the integer at an address; what it was."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.atomic_rmw("add", pointer(builder, values[0]), values[1], "seq_cst")

    return types.intp(types.intp, types.intp), write


@intrinsic
def exchange(typing: Any, word: Any, old: Any, new: Any) -> Any:
    """Write the integer at an address if it still is the old one; whether it was."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        word, old, new = values
        found = builder.cmpxchg(pointer(builder, word), old, new, "seq_cst", "seq_cst")
        return builder.extract_value(found, 1)

    return types.boolean(types.intp, types.intp, types.intp), write


def pointer(builder: Any, address: Any) -> Any:
    """An address as a pointer to an integer."""
    return builder.inttoptr(address, INTEGER.as_pointer())


def kept(decorator: Callable[..., Any], *arguments: Any, **options: Any) -> Callable[..., Any]:
    """A decorator of Numba that keeps what it compiles for other processes, if there is a place for it."""

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return decorator(*arguments, cache=True, **options)(_stamped(function))
        except RuntimeError:  # "no locator available"
            return decorator(*arguments, **options)(function)

    return decorate


def _stamped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function with one more captured variable, that stands for all sources here.

    Numba's cache looks at the file of a function, not at those of the helpers that are compiled into it, and at what the function
    captures.
    """
    code = function.__code__
    code = code.replace(co_freevars=(*code.co_freevars, "sources"))
    captured = (*(function.__closure__ or ()), CellType(_sources()))
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
