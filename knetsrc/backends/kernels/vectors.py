"""LLVM code by hand: functions of integers, loops, vectors of numbers.

Every argument of a function is a 64-bit integer: an address, a distance in bytes, a count. Loops carry their values as
phi nodes, so that what is written here is what the code generator sees; there is no optimizer in between that would unroll a
loop and run out of registers.

>>> touch = function("touch", 1, lambda code, address: code.store(code.load(address), address))
>>> "load i64, ptr" in str(touch)
True
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

Value = Any
INTEGER = ir.IntType(64)
SMALL = ir.IntType(32)
POINTER = ir.PointerType()
UNALIGNED = {ir.FloatType(): 4, ir.DoubleType(): 8, INTEGER: 8}


@dataclass(frozen=True)
class Lanes:
    """A vector of so many float32 or float64."""

    count: int
    is_double: bool = False

    @property
    def number(self) -> Any:
        return ir.DoubleType() if self.is_double else ir.FloatType()

    @property
    def size(self) -> int:
        """Bytes of one number."""
        return 8 if self.is_double else 4

    @property
    def bytes(self) -> int:
        """Bytes of the vector."""
        return self.count * self.size

    @property
    def type(self) -> Any:
        return ir.VectorType(self.number, self.count)

    @property
    def mask(self) -> Any:
        return ir.VectorType(ir.IntType(1), self.count)

    @property
    def suffix(self) -> str:
        """How LLVM names its operations on such vectors."""
        return f"v{self.count}f{8 * self.size}"

    def halves(self) -> "list[Lanes]":
        """Vectors of half the lanes, a quarter ... one."""
        counts = [self.count >> shift for shift in range(1, self.count.bit_length())]
        return [Lanes(count, self.is_double) for count in counts]


class Code:
    """Appends instructions to the function that is being written."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def constant(self, number: int) -> Value:
        return ir.Constant(INTEGER, number)

    def add(self, a: Value, b: Value | int) -> Value:
        return self.builder.add(a, self._integer(b))

    def subtract(self, a: Value, b: Value | int) -> Value:
        return self.builder.sub(a, self._integer(b))

    def multiply(self, a: Value, b: Value | int) -> Value:
        return self.builder.mul(a, self._integer(b))

    def is_set(self, a: Value, bit: int) -> Value:
        return self.builder.icmp_signed("!=", self.bits(a, bit), ZERO)

    def is_less(self, a: int, b: Value) -> Value:
        return self.builder.icmp_signed("<", self.constant(a), b)

    def where(self, condition: Value, a: Value, b: int) -> Value:
        return self.builder.select(condition, a, self.constant(b))

    def bits(self, a: Value, bits: int) -> Value:
        return self.builder.and_(a, self.constant(bits))

    def shift_right(self, a: Value, bits: int) -> Value:
        return self.builder.lshr(a, self.constant(bits))

    def load(self, address: Value, type_: Any = INTEGER) -> Value:
        return self.builder.load(self._pointer(address), typ=type_, align=_alignment(type_))

    def store(self, value: Value, address: Value) -> None:
        self.builder.store(value, self._pointer(address), align=_alignment(value.type))

    def load_some(self, address: Value, mask: Value | None, lanes: Lanes) -> Value:
        """The numbers where the mask is set, zero elsewhere; what is not set is not touched."""
        if mask is None:
            return self.load(address, lanes.type)
        kind = ir.FunctionType(lanes.type, [POINTER, SMALL, lanes.mask, lanes.type])
        function = self._declared(f"llvm.masked.load.{lanes.suffix}.p0", kind)
        nothing = ir.Constant(lanes.type, None)
        alignment = ir.Constant(SMALL, lanes.size)
        return self.builder.call(function, [self._pointer(address), alignment, mask, nothing])

    def mask(self, bits: Value, lanes: Lanes) -> Value:
        """The lowest bits of an integer, one for each lane."""
        few = self.builder.trunc(bits, ir.IntType(lanes.count))
        return self.builder.bitcast(few, lanes.mask)

    def zero(self, lanes: Lanes) -> Value:
        return ir.Constant(lanes.type, None)

    def splat(self, number: Value, lanes: Lanes) -> Value:
        """A vector of one number in every lane."""
        undefined = ir.Constant(lanes.type, ir.Undefined)
        first = self.builder.insert_element(undefined, number, ir.Constant(SMALL, 0))
        return self.builder.shuffle_vector(first, undefined, indices([0] * lanes.count))

    def multiply_add(self, a: Value, b: Value, c: Value, lanes: Lanes) -> Value:
        """a * b + c, rounded once."""
        kind = ir.FunctionType(lanes.type, [lanes.type] * 3)
        return self.builder.call(self._declared(f"llvm.fma.{lanes.suffix}", kind), [a, b, c])

    def plus(self, a: Value, b: Value) -> Value:
        return self.builder.fadd(a, b)

    def shuffle(self, a: Value, b: Value, places: Sequence[int]) -> Value:
        return self.builder.shuffle_vector(a, b, indices(places))

    def when(self, condition: Value, then: Callable[[], None]) -> None:
        """Run `then` if the condition holds."""
        with self.builder.if_then(condition):
            then()

    def repeat(
        self,
        count: Value,
        carried: Sequence[Value],
        body: Callable[..., Sequence[Value]],
        *,
        at_least_once: bool = False,
    ) -> list[Value]:
        """Loop: `carried = body(*carried)`, `count` times; what is carried in the end."""
        builder, before = self.builder, self.builder.block
        loop, behind = builder.append_basic_block("loop"), builder.append_basic_block("behind")
        if at_least_once:
            builder.branch(loop)
        else:
            builder.cbranch(builder.icmp_signed(">", count, ZERO), loop, behind)
        builder.position_at_end(loop)
        left = builder.phi(INTEGER)
        left.add_incoming(count, before)
        entering = [self._phi((value, before)) for value in carried]
        leaving = list(body(*entering))
        fewer = self.subtract(left, 1)
        last = builder.block
        for phi, value in zip([left, *entering], [fewer, *leaving], strict=True):
            phi.add_incoming(value, last)
        builder.cbranch(builder.icmp_signed(">", fewer, ZERO), loop, behind)
        builder.position_at_end(behind)
        if at_least_once:
            return leaving
        pairs = zip(carried, leaving, strict=True)
        return [self._phi((start, before), (end, last)) for start, end in pairs]

    def choose(
        self, condition: Value, then: Callable[[], list[Value]], otherwise: list[Value]
    ) -> list[Value]:
        """The values of `then` if the condition holds."""
        before = self.builder.block
        with self.builder.if_then(condition):
            found = then()
            inside = self.builder.block
        pairs = zip(found, otherwise, strict=True)
        return [self._phi((value, inside), (other, before)) for value, other in pairs]

    def fence(self) -> None:
        """Keep loads of one turn of a loop from being moved into another."""
        kind = ir.FunctionType(ir.VoidType(), [])
        self.builder.asm(kind, "", "~{memory}", [], True)

    def _phi(self, *incoming: tuple[Value, Any]) -> Value:
        phi = self.builder.phi(incoming[0][0].type)
        for value, block in incoming:
            phi.add_incoming(value, block)
        return phi

    def _pointer(self, address: Value) -> Value:
        return self.builder.inttoptr(address, POINTER)

    def _integer(self, value: Value | int) -> Value:
        return self.constant(value) if isinstance(value, int) else value

    def _declared(self, name: str, kind: Any) -> Any:
        module = self.builder.module
        return module.globals.get(name) or ir.Function(module, kind, name)


ZERO = ir.Constant(INTEGER, 0)


def indices(places: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(SMALL, len(places)), list(places))


def function(name: str, arguments: int, write: Callable[..., None]) -> Any:
    """A module with one function of so many integers, its body written by `write(code, *args)`."""
    module = ir.Module(name)
    kind = ir.FunctionType(ir.VoidType(), [INTEGER] * arguments)
    made = ir.Function(module, kind, name)
    builder = ir.IRBuilder(made.append_basic_block("entry"))
    write(Code(builder), *made.args)
    builder.ret_void()
    return module


def _alignment(type_: Any) -> int:
    return UNALIGNED.get(getattr(type_, "element", type_), 1)
