"""CUDA kernels on the host: the source is compiled as C++ and its threads run one after the other.

Enough for kernels whose threads share nothing. Without a C++ compiler, `compiler` is None.
"""

import ctypes
import hashlib
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from stand_in.array import ndarray, note

compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
HEAD = """
#include <cmath>
#define __global__
#define __device__ static
struct Index { unsigned x, y, z; };
static Index blockIdx, threadIdx, blockDim;
static long long max(long long a, long long b) { return a > b ? a : b; }
static long long min(long long a, long long b) { return a < b ? a : b; }
"""
RUN = """
extern "C" void run_{name}(unsigned blocks, unsigned threads, {parameters}) {{
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++)
            {name}({arguments});
}}
"""
_folder = tempfile.TemporaryDirectory(prefix="knetsrc_kernels_")


class RawKernel:
    """As `cupy.RawKernel`: called with the numbers of blocks and threads, and the arguments."""

    def __init__(self, code: str, name: str) -> None:
        self.code = code
        self.name = name

    def __call__(self, grid: tuple[int], block: tuple[int], args: tuple[Any, ...]) -> None:
        note("calls", self.name)
        run = getattr(_compiled(self.code), f"run_{self.name}")
        run(grid[0], block[0], *map(_argument, args))


def _argument(value: Any) -> Any:
    if isinstance(value, ndarray):
        assert value.flags.c_contiguous, "a kernel takes the memory as it is"
        return ctypes.c_void_p(value._host.ctypes.data)
    assert isinstance(value, int), f"{type(value)} in the arguments of a kernel"
    return ctypes.c_longlong(value)


@cache
def _compiled(code: str) -> Any:
    """A library with a function `run_NAME` for each kernel in the source."""
    assert compiler is not None
    runs = []
    for name, listed in re.findall(r'extern "C" __global__ void (\w+)\((.*?)\) {', code, re.S):
        parameters = " ".join(listed.split())
        arguments = ", ".join(re.findall(r"(\w+)(?:,|$)", parameters))
        runs.append(RUN.format(parameters=parameters, name=name, arguments=arguments))
    path = Path(_folder.name) / hashlib.sha256(code.encode()).hexdigest()
    source, library = path.with_suffix(".cpp"), path.with_suffix(".so")
    source.write_text(HEAD + code + "".join(runs))
    options = ["-O2", "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-unused-function"]
    subprocess.run([compiler, *options, "-o", library, source], check=True)
    return ctypes.CDLL(str(library))
