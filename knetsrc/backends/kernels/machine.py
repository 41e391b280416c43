"""What the processor can do, and machine code for it, kept in the cache folder.

The code of a function is stored under a digest of its LLVM text, the processor and the version of llvmlite: a change of any
of them is another file.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from knetsrc import cache as files
from knetsrc.backends.kernels.vectors import Lanes

_lock = threading.RLock()
_engines: list[Any] = []  # they own the code


@dataclass(frozen=True)
class Processor:
    """A kind of processor, as LLVM names it."""

    name: str
    features: str

    @property
    def vector_bytes(self) -> int:
        """Size of its vectors."""
        has = set(self.features.split(","))
        return 64 if "+avx512f" in has else 32 if {"+avx2", "+fma"} <= has else 16

    @property
    def registers(self) -> int:
        """Number of its vectors."""
        return 16 if "+sse2" in self.features and self.vector_bytes < 64 else 32

    def lanes(self, dtype: Any) -> Lanes:
        """Vectors of float32 or float64."""
        return Lanes(self.vector_bytes // dtype.itemsize, dtype.itemsize == 8)


@cache
def processor() -> Processor:
    """The one that this process runs on."""
    with _lock:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        return Processor(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


@cache
def address(make: Callable[..., Any], *arguments: Any, **options: Any) -> int:
    """The address of the machine code of the function that `make(*arguments)` writes."""
    with _lock:
        module = make(*arguments, **options)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(processor()))
        engine.add_object_file(llvm.ObjectFileRef.from_data(object_code(module, processor())))
        engine.finalize_object()
        _engines.append(engine)
        return int(engine.get_function_address(module.name))


def object_code(module: Any, processor: Processor) -> bytes:
    """The object file of a module, from the cache if it is there."""
    text = str(module)
    digest = files.digest_of(text, processor.name, processor.features, llvmlite.__version__)
    name = files.stem(module.name, digest)
    found = files.find_code(name)
    if found is None:
        found = compiled(text, processor)
        files.store_code(name, found)
    return found


def compiled(text: str, processor: Processor) -> bytes:
    """The object file of LLVM text."""
    module = llvm.parse_assembly(text)
    module.verify()
    return bytes(_target(processor).emit_object(module))


def _target(processor: Processor) -> Any:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=processor.name, features=processor.features, opt=3, codemodel="jitdefault"
    )
