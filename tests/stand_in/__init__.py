"""A module that takes CuPy's place where there is no GPU: `import stand_in as cp`.

x = cp.asarray(np.ones(3))      # to the pretended device
np.exp(x)                       # an array of the device again
x + np.ones(3)                  # TypeError, as with CuPy
cp.asnumpy(x)                   # back to the host
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from knetsrc.modules import register
from stand_in.array import (
    API,
    PLACES,
    Record,
    checked_call,
    ndarray,
    note,
    recorded,
    unwrapped,
    wrapped,
)
from stand_in.kernels import RawKernel

__all__ = [
    "RawKernel",
    "Record",
    "array",
    "asarray",
    "asnumpy",
    "linalg",
    "ndarray",
    "recorded",
    "special",
]

float32, float64, int32, int64, bool_, uint8 = (
    np.float32, np.float64, np.int32, np.int64, np.bool_, np.uint8
)  # fmt: skip
pi, inf, nan, newaxis = np.pi, np.inf, np.nan, None


class Function:
    """A function of the module, which works on the device whatever its arguments are."""

    def __init__(self, place: str, name: str) -> None:
        self.place = place
        self.__name__ = name
        self.__module__ = "stand_in" if place == "numpy" else f"stand_in.{place.partition('.')[2]}"

    def __call__(self, *args: Any, **options: Any) -> Any:
        return wrapped(checked_call(self.place, self.__name__, args, options))

    def at(self, a: ndarray, index: Any, values: Any = None) -> None:
        """In place and once for each time that an element is listed, as a ufunc's method."""
        note("calls", f"{self.__name__}.at")
        function = getattr(PLACES[self.place], self.__name__)
        given = () if values is None else (unwrapped(values, "at"),)
        function.at(unwrapped(a, "at"), unwrapped(index, "at"), *given)

    def __repr__(self) -> str:
        return f"<function {self.__module__}.{self.__name__}>"


def asarray(a: Any, dtype: Any = None) -> ndarray:
    """An array on the device; what is on the host is copied there."""
    if isinstance(a, ndarray):
        return a if dtype is None else a.astype(dtype, copy=False)
    return array(a, dtype)


def array(obj: Any, dtype: Any = None, copy: bool = True) -> ndarray:
    """A new array on the device, of an array on either side or of nested lists."""
    if isinstance(obj, np.ndarray):
        note("uploads", "array")
        return ndarray(np.array(obj, dtype))
    return ndarray(np.array(unwrapped(obj, "array"), dtype))


asanyarray = asarray


def asnumpy(a: Any) -> np.ndarray:
    """A copy on the host."""
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


def _submodule(name: str, place: str) -> ModuleType:
    module = ModuleType(f"stand_in.{name}")
    for function in API[place]:
        setattr(module, function, Function(place, function))
    sys.modules[module.__name__] = module
    return module


linalg = _submodule("linalg", "numpy.linalg")
special = _submodule("special", "scipy.special")
_own: dict[str, Callable[..., Any]] = {
    name: Function("numpy", name) for name in API["numpy"] if name not in globals()
}
globals().update(_own)


class Generator:
    """Random numbers that are drawn on the device, where CuPy has them."""

    def __init__(self, seed: int | None = None) -> None:
        self._rng = np.random.default_rng(seed)

    def random(self, size: Any = None, dtype: Any = np.float64) -> ndarray:
        """Uniform numbers in [0, 1)."""
        return wrapped(self._rng.random(size, dtype=dtype))

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> ndarray:
        """Normal numbers of mean 0 and variance 1."""
        return wrapped(self._rng.standard_normal(size, dtype=dtype))


random = ModuleType("stand_in.random")
random.Generator = Generator  # type: ignore[attr-defined]
random.default_rng = Generator  # type: ignore[attr-defined]
sys.modules["stand_in.random"] = random

register(ndarray, sys.modules[__name__], special=special)
