"""What happens to a run of neighbouring windows at once, as Numba intrinsics of LLVM vectors.

A vector holds one number for each of `lanes` neighbouring windows. The elements at one place of
these windows are `stride` apart; for a stride of two they are every other element of two loads.
Windows of 2 x 2, the most frequent ones, have intrinsics of their own, which use all elements:

    x   a b c d e f g h        window 2, stride 2, 4 lanes
        a   c   e   g          place 0
          b   d   f   h        place 1

Nothing is read or written but elements of the windows. Any CPU takes these vectors: LLVM splits
what is wider than its registers.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

I32, I64 = ir.IntType(32), ir.IntType(64)


def number(value: int) -> Any:
    """A constant 64-bit integer."""
    return ir.Constant(I64, value)


def splat(builder: Any, value: Any, lanes: int) -> Any:
    """A vector with `value` in every lane."""
    one = builder.insert_element(
        ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined), value, ir.Constant(I32, 0)
    )
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


def shuffled(builder: Any, a: Any, b: Any, lanes: list[int]) -> Any:
    """The elements `lanes` of two vectors one after the other."""
    mask = ir.Constant(ir.VectorType(I32, len(lanes)), lanes)
    return builder.shuffle_vector(a, b, mask)


def load(builder: Any, pointer: Any, lanes: int) -> Any:
    """A vector of neighbouring elements."""
    kind = ir.VectorType(pointer.type.pointee, lanes)
    loaded = builder.load(builder.bitcast(pointer, kind.as_pointer()))
    loaded.align = 1
    return loaded


def store(builder: Any, vector: Any, pointer: Any) -> None:
    """Write a vector to neighbouring elements."""
    builder.store(vector, builder.bitcast(pointer, vector.type.as_pointer())).align = 1


def even_and_odd(builder: Any, pointer: Any, lanes: int) -> tuple[Any, Any]:
    """The even and the odd elements of `2 * lanes` neighbouring ones."""
    a = load(builder, pointer, lanes)
    b = load(builder, builder.gep(pointer, [number(lanes)]), lanes)
    even = shuffled(builder, a, b, list(range(0, 2 * lanes, 2)))
    return even, shuffled(builder, a, b, list(range(1, 2 * lanes, 2)))


def store_interleaved(builder: Any, even: Any, odd: Any, pointer: Any) -> None:
    """Write two vectors to the even and the odd elements of as many neighbouring ones."""
    lanes = even.type.count
    order = [i // 2 + i % 2 * lanes for i in range(2 * lanes)]
    store(builder, shuffled(builder, even, odd, order[:lanes]), pointer)
    behind = builder.gep(pointer, [number(lanes)])
    store(builder, shuffled(builder, even, odd, order[lanes:]), behind)


def every_other(builder: Any, pointer: Any, lanes: int) -> Any:
    """Every other element; the one behind the last is not read."""
    a = load(builder, pointer, lanes)
    b = load(builder, builder.gep(pointer, [number(lanes - 1)]), lanes)
    order = [2 * i if 2 * i < lanes else 2 * i + 1 for i in range(lanes)]
    return shuffled(builder, a, b, order)


def gathered(builder: Any, pointer: Any, stride: Any, lanes: int) -> Any:
    """Elements that are `stride` apart."""
    vector: Any = ir.Constant(ir.VectorType(pointer.type.pointee, lanes), ir.Undefined)
    for lane in range(lanes):
        element = builder.load(builder.gep(pointer, [builder.mul(stride, number(lane))]))
        vector = builder.insert_element(vector, element, ir.Constant(I32, lane))
    return vector


def strided(builder: Any, pointer: Any, stride: Any, lanes: int) -> Any:
    """Elements that are `stride` apart, by the fastest way for it."""
    kind = ir.VectorType(pointer.type.pointee, lanes)
    result = cgutils.alloca_once(builder, kind)  # type: ignore[no-untyped-call]
    with builder.if_else(builder.icmp_signed("==", stride, number(1))) as (is_one, is_more):
        with is_one:
            builder.store(load(builder, pointer, lanes), result)
        with is_more, builder.if_else(builder.icmp_signed("==", stride, number(2))) as (two, other):
            with two:
                builder.store(every_other(builder, pointer, lanes), result)
            with other:
                builder.store(gathered(builder, pointer, stride, lanes), result)
    return builder.load(result)


def element(context: Any, builder: Any, kind: Any, array: Any, position: Any) -> Any:
    """The address of an element of a flat array."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [position])


def winning(builder: Any, value: Any, best: Any) -> Any:
    """Where `value` takes the place of `best`: it is greater, or NaN."""
    greater = builder.fcmp_ordered(">", value, best)
    return builder.or_(greater, builder.fcmp_unordered("uno", value, value))


def constant(vector: Any, value: float) -> Any:
    """A vector like another one, with `value` in every lane."""
    return ir.Constant(vector.type, [value] * vector.type.count)


def maximum(lanes: int) -> Any:
    """Intrinsic: the maxima of `lanes` neighbouring windows, and the places of the winners.

    `offsets` say where the elements of the first window are, counted from `start`; `places` are
    their numbers.
    """

    @intrinsic
    def of_windows(typing, x, start, offsets, places, count, stride, y, winners, first):  # type: ignore[no-untyped-def]
        i = types.intp
        signature = types.void(x, i, offsets, places, i, i, y, winners, i)

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            x, start, offsets, places, count, stride, y, winners, first = arguments
            kinds = signature.args
            window = element(context, builder, kinds[0], x, start)
            offset_of = element(context, builder, kinds[2], offsets, number(0))
            place_of = element(context, builder, kinds[3], places, number(0))
            lowest = ir.Constant(context.get_value_type(kinds[0].dtype), float("-inf"))
            # On the stack as LLVM takes it in; in registers as it puts it out.
            best = cgutils.alloca_once_value(  # type: ignore[no-untyped-call]
                builder, splat(builder, lowest, lanes)
            )
            where = cgutils.alloca_once_value(  # type: ignore[no-untyped-call]
                builder, splat(builder, builder.load(place_of), lanes)
            )
            with cgutils.for_range(builder, count) as loop:
                pointer = builder.gep(window, [builder.load(builder.gep(offset_of, [loop.index]))])
                value = strided(builder, pointer, stride, lanes)
                wins = winning(builder, value, builder.load(best))
                place = splat(builder, builder.load(builder.gep(place_of, [loop.index])), lanes)
                builder.store(builder.select(wins, value, builder.load(best)), best)
                builder.store(builder.select(wins, place, builder.load(where)), where)
            store(builder, builder.load(best), element(context, builder, kinds[6], y, first))
            places = element(context, builder, kinds[7], winners, first)
            store(builder, builder.load(where), places)
            return context.get_dummy_value()

        return signature, generate

    return of_windows


def in_vectors(builder: Any, count: Any, write: Callable[[Any, int], None]) -> None:
    """Have `write(place, lanes)` write code for `count` elements: LLVM's own loops are scalar for short rows."""
    with cgutils.for_range(builder, builder.lshr(count, number(4))) as loop:
        write(builder.shl(loop.index, number(4)), 16)
    for lanes in (8, 4, 2, 1):
        rest = builder.and_(count, number(lanes))
        with builder.if_then(builder.icmp_signed("!=", rest, number(0))):
            write(builder.and_(count, number(-2 * lanes)), lanes)


@intrinsic
def add_run(typing, to, start, of, first, count):  # type: ignore[no-untyped-def]
    """Add some elements of an array, from `first` on, to as many of another one."""
    i = types.intp
    signature = types.void(to, i, of, i, i)

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        to, start, of, first, count = arguments
        target = element(context, builder, signature.args[0], to, start)
        source = element(context, builder, signature.args[2], of, first)

        def add(place: Any, lanes: int) -> None:
            at, of = builder.gep(target, [place]), builder.gep(source, [place])
            total = builder.fadd(load(builder, at, lanes), load(builder, of, lanes))
            store(builder, total, at)

        in_vectors(builder, count, add)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def add_listed(typing, to, start, of, table, first, count):  # type: ignore[no-untyped-def]
    """Add the elements of an array that a table lists, from its entry `first` on, to as many of another one."""
    i = types.intp
    signature = types.void(to, i, of, table, i, i)

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        to, start, of, table, first, count = arguments
        target = element(context, builder, signature.args[0], to, start)
        source = element(context, builder, signature.args[2], of, number(0))
        listed = element(context, builder, signature.args[3], table, first)
        with cgutils.for_range(builder, count) as loop:
            place = builder.load(builder.gep(listed, [loop.index]))
            at = builder.gep(target, [loop.index])
            value = builder.load(builder.gep(source, [place]))
            builder.store(builder.fadd(builder.load(at), value), at)
        return context.get_dummy_value()

    return signature, generate


# --- windows of 2 x 2 -----------------------------------------------------------------------------
def quarters(
    context: Any, builder: Any, kind: Any, x: Any, start: Any, width: Any, lanes: int
) -> Any:
    """The elements at each of the four places of neighbouring windows."""
    above = element(context, builder, kind, x, start)
    below = builder.gep(above, [width])
    return [*even_and_odd(builder, above, lanes), *even_and_odd(builder, below, lanes)]


def store_quarters(
    context: Any, builder: Any, kind: Any, x: Any, start: Any, width: Any, parts: list[Any]
) -> None:
    """Write the elements at each of the four places of neighbouring windows."""
    above = element(context, builder, kind, x, start)
    store_interleaved(builder, parts[0], parts[1], above)
    store_interleaved(builder, parts[2], parts[3], builder.gep(above, [width]))


def maximum_2x2(lanes: int) -> Any:
    """Intrinsic: the maxima of `lanes` neighbouring windows in rows of `width`, and their places."""

    @intrinsic
    def of_windows(typing, x, start, width, y, winners, first):  # type: ignore[no-untyped-def]
        i = types.intp
        signature = types.void(x, i, i, y, winners, i)

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            x, start, width, y, winners, first = arguments
            kinds = signature.args
            values = quarters(context, builder, kinds[0], x, start, width, lanes)
            best = values[0]
            numbers = ir.VectorType(context.get_value_type(kinds[4].dtype), lanes)
            where = ir.Constant(numbers, [0] * lanes)
            for place, value in enumerate(values[1:], 1):
                wins = winning(builder, value, best)
                best = builder.select(wins, value, best)
                where = builder.select(wins, constant(where, place), where)
            store(builder, best, element(context, builder, kinds[3], y, first))
            store(builder, where, element(context, builder, kinds[4], winners, first))
            return context.get_dummy_value()

        return signature, generate

    return of_windows


def winners_2x2(lanes: int) -> Any:
    """Intrinsic: the adjoints of `lanes` neighbouring windows, at the places of the winners."""

    @intrinsic
    def to_winners(typing, d_y, winners, first, d_x, start, width):  # type: ignore[no-untyped-def]
        i = types.intp
        signature = types.void(d_y, winners, i, d_x, i, i)

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            d_y, winners, first, d_x, start, width = arguments
            kinds = signature.args
            adjoint = load(builder, element(context, builder, kinds[0], d_y, first), lanes)
            where = load(builder, element(context, builder, kinds[1], winners, first), lanes)
            parts = [
                builder.select(
                    builder.icmp_unsigned("==", where, constant(where, place)),
                    adjoint,
                    constant(adjoint, 0.0),
                )
                for place in range(4)
            ]
            store_quarters(context, builder, kinds[3], d_x, start, width, parts)
            return context.get_dummy_value()

        return signature, generate

    return to_winners


def mean_2x2(lanes: int) -> Any:
    """Intrinsic: the means of `lanes` neighbouring windows in rows of `width`."""

    @intrinsic
    def of_windows(typing, x, start, width, y, first):  # type: ignore[no-untyped-def]
        i = types.intp
        signature = types.void(x, i, i, y, i)

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            x, start, width, y, first = arguments
            kinds = signature.args
            a, b, c, d = quarters(context, builder, kinds[0], x, start, width, lanes)
            total = builder.fadd(builder.fadd(a, b), builder.fadd(c, d))
            means = builder.fmul(total, constant(total, 0.25))
            store(builder, means, element(context, builder, kinds[3], y, first))
            return context.get_dummy_value()

        return signature, generate

    return of_windows


def shares_2x2(lanes: int) -> Any:
    """Intrinsic: a quarter of the adjoints of `lanes` neighbouring windows, at all places."""

    @intrinsic
    def to_all(typing, d_y, first, d_x, start, width):  # type: ignore[no-untyped-def]
        i = types.intp
        signature = types.void(d_y, i, d_x, i, i)

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            d_y, first, d_x, start, width = arguments
            kinds = signature.args
            adjoint = load(builder, element(context, builder, kinds[0], d_y, first), lanes)
            part = builder.fmul(adjoint, constant(adjoint, 0.25))
            store_quarters(context, builder, kinds[2], d_x, start, width, [part] * 4)
            return context.get_dummy_value()

        return signature, generate

    return to_all
