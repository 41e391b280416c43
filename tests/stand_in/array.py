"""An array that behaves like CuPy's and computes on the host: what it refuses, CuPy refuses.

It never mixes with NumPy arrays, is never converted to one in silence, offers the functions and
parameters that CuPy offers (`cupy_api.json`) and writes down where CuPy would wait for the device.
"""

import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special
from numpy.lib.mixins import NDArrayOperatorsMixin

API = json.loads(Path(__file__).with_name("cupy_api.json").read_text())
PLACES = {"numpy": np, "numpy.linalg": np.linalg, "scipy.special": scipy.special}
PLAIN = (int, float, complex, bool, str, slice, type(None), type(Ellipsis), np.generic, np.dtype)
ON_THE_HOST = frozenset({"ndim", "shape", "size", "result_type", "can_cast", "may_share_memory"})
WAITS = frozenset(
    {"nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "delete", "array_equal"}
)


@dataclass
class Record:
    """What has been done while it was written.

    Attributes
    ----------
    calls
        Names of the functions that were called on arrays of the device.
    waits
        What CuPy would have waited for the device for: a number read, a mask of unknown count.
    uploads
        Names of functions that took data of the host to the device.
    """

    calls: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)


_records: list[Record] = []


@contextmanager
def recorded() -> Iterator[Record]:
    """The record of what is done inside the `with`."""
    record = Record()
    _records.append(record)
    try:
        yield record
    finally:
        _records.remove(record)


def note(kind: str, what: str) -> None:
    """Add to all records that are being written."""
    for record in _records:
        getattr(record, kind).append(what)


class ndarray(NDArrayOperatorsMixin):  # noqa: N801
    """An array of the pretended device; made by `stand_in.array` and its kin."""

    __slots__ = ("_host",)

    def __init__(self, host: np.ndarray) -> None:
        self._host = host

    # --- what NumPy asks of it --------------------------------------------------------------------
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct "
            "a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        place = next((p for p in PLACES if ufunc.__name__ in API[p]), None)
        if method != "__call__" or place is None:
            return NotImplemented
        return called(ufunc, ufunc.__name__, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        place, name = function.__module__, function.__name__
        if name not in API.get(place, ()):
            return NotImplemented
        return checked_call(place, name, args, options)

    # --- reading ------------------------------------------------------------------------------------
    def __getitem__(self, index: Any) -> Any:
        index = _index(index)
        found = self._host[index]
        if isinstance(found, np.generic):  # a view without axes, not a number
            parts = index if isinstance(index, tuple) else (index,)
            found = np.asarray(self._host[(*parts, ...)])
        return ndarray(found)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._host[_index(index)] = unwrapped(value, "__setitem__")

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator["ndarray"]:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name not in API["ndarray"]:
            raise AttributeError(f"'ndarray' object has no attribute {name!r}")

        def method(*args: Any, **options: Any) -> Any:
            _check_parameters("ndarray", name, args, options)
            if name in ("item", "tolist", "tobytes", "dump", "dumps"):
                note("waits", name)
                return getattr(self._host, name)(*args, **options)
            host = unwrapped(options, name)
            result = getattr(self._host, name)(*unwrapped(args, name), **host)
            note("calls", name)
            return _finished(name, result, options)

        return method

    def __repr__(self) -> str:
        return f"stand_in.{self._host!r}"

    def get(self) -> np.ndarray:
        """A copy on the host."""
        note("waits", "get")
        return self._host.copy()

    def __copy__(self) -> "ndarray":
        return ndarray(self._host.copy())

    def __deepcopy__(self, memo: Any) -> "ndarray":
        return ndarray(self._host.copy())

    def __reduce__(self) -> Any:
        return ndarray, (self._host,)

    # --- shapes and numbers ---------------------------------------------------------------------------
    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: ndarray(self._host.T))
    mT = property(lambda self: ndarray(self._host.mT))  # noqa: N815
    real = property(lambda self: ndarray(self._host.real))
    imag = property(lambda self: ndarray(self._host.imag))

    @property
    def base(self) -> Any:
        return None if self._host.base is None else ndarray(self._host.base)

    def __bool__(self) -> bool:
        return bool(self._read("bool"))

    def __float__(self) -> float:
        return float(self._read("float"))

    def __int__(self) -> int:
        return int(self._read("int"))

    def __index__(self) -> int:
        return self._read("index").__index__()

    def __complex__(self) -> complex:
        return complex(self._read("complex"))

    def _read(self, what: str) -> np.ndarray:
        note("waits", what)
        return self._host


def unwrapped(value: Any, name: str) -> Any:
    """`value` with host arrays in place of the device's, also inside lists, for `name` to work on.

    Raises
    ------
    TypeError
        If a NumPy array is among them, as CuPy raises it.
    """
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)} in a call of {name}")
    if isinstance(value, dict):
        return {key: unwrapped(part, name) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(unwrapped(part, name) for part in value)
    if isinstance(value, PLAIN) or callable(value) or isinstance(value, range):
        return value
    raise TypeError(f"Unsupported type {type(value)} in a call of {name}")


def wrapped(result: Any) -> Any:
    """Arrays and NumPy's numbers as arrays of the device; CuPy has no numbers of its own."""
    if isinstance(result, np.ndarray | np.generic):
        return ndarray(np.asarray(result))
    if isinstance(result, list | tuple) and not isinstance(result, np.dtype):
        made = [wrapped(part) for part in result]
        if hasattr(result, "_fields"):
            return type(result)(*made)
        return tuple(made) if isinstance(result, tuple) else made
    return result


def called(function: Callable[..., Any], name: str, args: Any, options: Any) -> Any:
    """What a function of the host returns for arrays of the device, as arrays of the device."""
    note("calls", name)
    if name in WAITS:
        note("waits", "count")
    host_options = unwrapped(options, name)
    return _finished(name, function(*unwrapped(args, name), **host_options), options)


def checked_call(place: str, name: str, args: Any, options: Any) -> Any:
    """The same for a function of CuPy, with its parameters."""
    _check_parameters(place, name, args, options)
    return called(getattr(PLACES[place], name), name, args, options)


def _finished(name: str, result: Any, options: Any) -> Any:
    out = options.get("out")
    if out is not None:
        return out[0] if isinstance(out, tuple) else out
    return result if name in ON_THE_HOST else wrapped(result)


def _check_parameters(place: str, name: str, args: Any, options: Any) -> None:
    signature = _signature(place, name)
    if signature is None:
        return
    try:
        signature.bind(*args, **options)
    except TypeError as error:
        raise TypeError(f"{name} of CuPy {API['version']}: {error}") from None


@cache
def _signature(place: str, name: str) -> inspect.Signature | None:
    text = API[place][name]
    return None if text is None else inspect.signature(eval(f"lambda {text}: None"))


def _index(index: Any) -> Any:
    """An index for the host array; lists go to the device, a mask has to be counted there."""
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if isinstance(part, list | np.ndarray):
            note("uploads", "index")
        elif isinstance(part, ndarray) and part.dtype == bool and part.ndim:
            note("waits", "count")
    host = tuple(part._host if isinstance(part, ndarray) else part for part in parts)
    return host if isinstance(index, tuple) else host[0]
