"""Which kernels work on an array: the one place where kinds of arrays are told apart.

A kind of array has a module with `convolve`, `convolve_adjoint_x`, `convolve_adjoint_w`, and one
with `max_pool`, `max_pool_adjoint`, `take_winners`, `average_pool`, `average_pool_adjoint`. They
are imported when they are first asked for: those of NumPy arrays need Numba, which is slow to
import.
"""

import importlib
from typing import Any

import numpy as np

from knetsrc.errors import OperandError
from knetsrc.modules import on_device

KERNELS = {
    "numpy": ("knetsrc.backends.kernels", "knetsrc.backends.kernels.pooling"),
    "cupy": ("knetsrc.backends.gpu", "knetsrc.backends.gpu.pooling"),
}


def convolution_kernels(x: Any) -> Any:
    """The module that convolves arrays of the kind of `x`."""
    return importlib.import_module(KERNELS[_kind(x)][0])


def pooling_kernels(x: Any) -> Any:
    """The module that pools arrays of the kind of `x`."""
    return importlib.import_module(KERNELS[_kind(x)][1])


def _kind(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return "numpy"
    if on_device(x):
        return "cupy"
    raise OperandError(
        f"convolution or pooling of an array of type {type(x).__module__}.{type(x).__name__}",
        why=f"there are kernels for arrays of {', '.join(KERNELS)} only",
        instead="np.asarray(x)",
    )
