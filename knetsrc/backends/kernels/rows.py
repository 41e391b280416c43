"""Moving rows of numbers: what lies around the micro-kernels.

Each function moves `rows` rows of `n` numbers; steps are the distances, in bytes, of a row to the next. Vectors first, then
half a vector, a quarter and so on: nothing outside of a row is read or written, except where it says `loose`.
"""

from collections.abc import Callable
from typing import Any

from knetsrc.backends.kernels.vectors import Code, Lanes, Value, function

Move = Callable[[Code, Value, Value, Lanes], None]


def copy(lanes: Lanes) -> Any:
    """target = source. Arguments: target, source, rows, n, target step, source step."""
    return moving("copy", _copied, lanes)


def add(lanes: Lanes) -> Any:
    """target += source. Arguments: target, source, rows, n, target step, source step."""
    return moving("add", _added, lanes)


def clear(lanes: Lanes) -> Any:
    """target = 0. Arguments: target, n."""

    def zero(code: Code, target: Value, source: Value, part: Lanes) -> None:
        code.store(code.zero(part), target)

    def write(code: Code, target: Value, n: Value) -> None:
        pieces(code, zero, target, target, n, lanes)

    return function(f"clear_{lanes.suffix}", 2, write)


def split(lanes: Lanes) -> Any:
    """even, odd = source[0::2], source[1::2]. Arguments: even, odd, source, rows, n, step of both, source step.

    `n` counts the source.
    """

    def pair(code: Code, even: Value, odd: Value, source: Value) -> None:
        low = code.load(source, lanes.type)
        high = code.load(code.add(source, lanes.bytes), lanes.type)
        places = range(0, 2 * lanes.count, 2)
        code.store(code.shuffle(low, high, places), even)
        code.store(code.shuffle(low, high, [i + 1 for i in places]), odd)

    def single(code: Code, part: Value, source: Value) -> None:
        code.store(code.load(source, lanes.number), part)

    return pairing("split", pair, single, lanes)


def merge(lanes: Lanes) -> Any:
    """target[0::2], target[1::2] = even, odd. Arguments: even, odd, target, rows, n, step of both, target step.

    `n` counts the target.
    """

    def pair(code: Code, even: Value, odd: Value, target: Value) -> None:
        first, second = code.load(even, lanes.type), code.load(odd, lanes.type)
        places = [i // 2 + i % 2 * lanes.count for i in range(2 * lanes.count)]
        code.store(code.shuffle(first, second, places[: lanes.count]), target)
        behind = code.add(target, lanes.bytes)
        code.store(code.shuffle(first, second, places[lanes.count :]), behind)

    def single(code: Code, part: Value, target: Value) -> None:
        code.store(code.load(part, lanes.number), target)

    return pairing("merge", pair, single, lanes)


def spread(lanes: Lanes) -> Any:
    """target = source, one number at a time, with steps between the numbers as well.

    Arguments: target, source, rows, n, target step, source step, the same for the numbers of a row.
    """

    def write(
        code: Code, target: Value, source: Value, rows: Value, n: Value, *steps: Value
    ) -> None:
        def row(target: Value, source: Value) -> list[Value]:
            def number(to: Value, of: Value) -> list[Value]:
                code.store(code.load(of, lanes.number), to)
                return [code.add(to, steps[2]), code.add(of, steps[3])]

            code.repeat(n, [target, source], number)
            return [code.add(target, steps[0]), code.add(source, steps[1])]

        code.repeat(rows, [target, source], row)

    return function(f"spread_{lanes.suffix}", 8, write)


def strip(lanes: Lanes) -> Any:
    """target[j, i] = source[i, j] for all j and for i < rows, rows at most the lanes of a vector.

    Arguments: target, source, rows, n, target step, source step; numbers of a row of either are neighbours. Loose: whole
    vectors are written, in the order of j.
    """
    count = lanes.count

    def square(code: Code, sources: list[Value], to: Value, step: Value) -> None:
        for column in transposed(code, [code.load(of, lanes.type) for of in sources]):
            code.store(column, to)
            to = code.add(to, step)

    def write(
        code: Code, target: Value, source: Value, rows: Value, n: Value, *steps: Value
    ) -> None:
        starts = [source]
        for i in range(1, count):
            starts.append(code.add(starts[-1], code.where(code.is_less(i, rows), steps[1], 0)))

        def columns(to: Value, moved: Value) -> list[Value]:
            square(code, [code.add(start, moved) for start in starts], to, steps[0])
            return [code.add(to, code.multiply(steps[0], count)), code.add(moved, lanes.bytes)]

        def column(to: Value, moved: Value) -> list[Value]:
            def number(to: Value, of: Value) -> list[Value]:
                code.store(code.load(of, lanes.number), to)
                return [code.add(to, lanes.size), code.add(of, steps[1])]

            code.repeat(rows, [to, code.add(source, moved)], number)
            return [code.add(to, steps[0]), code.add(moved, lanes.size)]

        whole = code.shift_right(n, count.bit_length() - 1)
        to, moved = code.repeat(whole, [target, code.constant(0)], columns)
        code.repeat(code.bits(n, count - 1), [to, moved], column)

    return function(f"strip_{lanes.suffix}", 6, write)


def transposed(code: Code, rows: list[Value]) -> list[Value]:
    """The columns of a square of vectors: each round deals rows i and i + half as neighbours."""
    count = len(rows)
    places = [i // 2 + i % 2 * count for i in range(2 * count)]
    half = count // 2
    for _ in range(half.bit_length()):
        pairs = zip(rows[:half], rows[half:], strict=True)
        rows = [
            code.shuffle(u, v, part) for u, v in pairs for part in (places[:count], places[count:])
        ]
    return rows


def gather(lanes: Lanes) -> Any:
    """Copy the same rows as each tap sees them: a panel with a line for each.

    Arguments: panel, source, offsets of the taps, number of taps, rows, n, distance of two lines, step in the panel, source step.
    """

    def row(code: Code, line: Value, place: Value, n: Value) -> None:
        pieces(code, _copied, line, place, n, lanes)

    return looking("gather", row, lanes)


def gather_loosely(lanes: Lanes, *, narrow: bool) -> Any:
    """As `gather`, by whole vectors: up to a vector less one number is read and written behind each row.

    Narrow rows are no longer than a vector.
    """

    def row(code: Code, line: Value, place: Value, n: Value) -> None:
        if narrow:
            _copied(code, line, place, lanes)
        else:
            loosely(code, _copied, line, place, n, lanes)

    return looking(f"gather_{'narrow' if narrow else 'wide'}", row, lanes)


def scatter(lanes: Lanes) -> Any:
    """Add the lines of a panel to the rows that each tap sees.

    Arguments: panel, target, offsets of the taps, number of taps, rows, n, distance of two lines, step in the panel, target step.
    """

    def row(code: Code, line: Value, place: Value, n: Value) -> None:
        pieces(code, _added, place, line, n, lanes)

    return looking("scatter", row, lanes)


def looking(name: str, move: Callable[..., None], lanes: Lanes) -> Any:
    """Rows between a panel and what the taps see of an array."""

    def write(
        code: Code,
        panel: Value,
        array: Value,
        offsets: Value,
        taps: Value,
        rows: Value,
        n: Value,
        line: Value,
        *steps: Value,
    ) -> None:
        def row(at: Value, place: Value) -> list[Value]:
            move(code, at, place, n)
            return [code.add(at, steps[0]), code.add(place, steps[1])]

        def tap(panel: Value, offsets: Value) -> list[Value]:
            start = code.add(array, code.load(offsets))
            code.repeat(rows, [panel, start], row, at_least_once=True)
            return [code.add(panel, line), code.add(offsets, 8)]

        code.repeat(taps, [panel, offsets], tap)

    return function(f"{name}_{lanes.suffix}", 9, write)


def moving(name: str, move: Move, lanes: Lanes) -> Any:
    """Rows, of which `move` does a vector."""

    def write(
        code: Code, target: Value, source: Value, rows: Value, n: Value, *steps: Value
    ) -> None:
        def row(target: Value, source: Value) -> list[Value]:
            pieces(code, move, target, source, n, lanes)
            return [code.add(target, steps[0]), code.add(source, steps[1])]

        code.repeat(rows, [target, source], row)

    return function(f"{name}_{lanes.suffix}", 6, write)


def pieces(code: Code, move: Move, target: Value, source: Value, n: Value, lanes: Lanes) -> None:
    """Move exactly n numbers: vectors, then what is left by halves."""

    def vector(to: Value, of: Value) -> list[Value]:
        move(code, to, of, lanes)
        return [code.add(to, lanes.bytes), code.add(of, lanes.bytes)]

    whole = code.shift_right(n, lanes.count.bit_length() - 1)
    target, source = code.repeat(whole, [target, source], vector)
    for part in lanes.halves():
        here = target, source

        def some(here: tuple[Value, Value] = here, part: Lanes = part) -> None:
            move(code, *here, part)

        code.when(code.is_set(n, part.count), some)
        moved = code.multiply(code.bits(n, part.count), lanes.size)
        target, source = code.add(target, moved), code.add(source, moved)


def loosely(code: Code, move: Move, target: Value, source: Value, n: Value, lanes: Lanes) -> None:
    """Move at least n numbers, by whole vectors."""

    def vector(to: Value, of: Value) -> list[Value]:
        move(code, to, of, lanes)
        return [code.add(to, lanes.bytes), code.add(of, lanes.bytes)]

    vectors = code.shift_right(code.add(n, lanes.count - 1), lanes.count.bit_length() - 1)
    code.repeat(vectors, [target, source], vector, at_least_once=True)


def pairing(name: str, pair: Callable[..., None], single: Callable[..., None], lanes: Lanes) -> Any:
    """Rows between one array of n numbers and two of half as many."""
    log = lanes.count.bit_length()

    def write(
        code: Code,
        even: Value,
        odd: Value,
        joint: Value,
        rows: Value,
        n: Value,
        step: Value,
        joint_step: Value,
    ) -> None:
        whole = code.shift_right(n, log)
        left = code.bits(n, 2 * lanes.count - 1)

        def row(even: Value, odd: Value, joint: Value) -> list[Value]:
            def vectors(even: Value, odd: Value, joint: Value) -> list[Value]:
                pair(code, even, odd, joint)
                return [
                    code.add(even, lanes.bytes),
                    code.add(odd, lanes.bytes),
                    code.add(joint, 2 * lanes.bytes),
                ]

            def numbers(part: Value, other: Value, joint: Value) -> list[Value]:
                single(code, part, joint)
                return [other, code.add(part, lanes.size), code.add(joint, lanes.size)]

            behind = code.repeat(whole, [even, odd, joint], vectors)
            code.repeat(left, behind, numbers)
            return [code.add(even, step), code.add(odd, step), code.add(joint, joint_step)]

        code.repeat(rows, [even, odd, joint], row)

    return function(f"{name}_{lanes.suffix}", 7, write)


def _copied(code: Code, target: Value, source: Value, lanes: Lanes) -> None:
    code.store(code.load(source, lanes.type), target)


def _added(code: Code, target: Value, source: Value, lanes: Lanes) -> None:
    code.store(code.plus(code.load(target, lanes.type), code.load(source, lanes.type)), target)
