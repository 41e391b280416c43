"""The micro-kernels: a tile of results held in registers while a loop runs over what is summed.

Both know nothing of convolutions: where the numbers lie is said by tables of distances in bytes, so that dimensions, stride,
dilation and padding are data. `a`, `b`, `c`, tables: addresses. A tile of up to 28 vectors fits the 32 registers of AVX-512
and NEON, one of up to 12 the 16 registers of AVX2.
"""

from collections.abc import Sequence
from typing import Any

from knetsrc.backends.kernels.vectors import Code, Lanes, Value, function


def product(rows: int, vectors: int, lanes: Lanes) -> Any:
    """c[m, vc[v] + lane] (+)= sum over k of a[k, m] * b[offsets[k] + vb[v] + lane], block after block of rows.

    `step` is the distance of a[k, m] and a[k + 1, m], `block` that of two blocks of a, `row` that of two rows of c; the rows of
    a block of a are neighbours. `adds` is 1 to add to c.
    """

    def write(
        code: Code,
        a: Value,
        step: Value,
        block: Value,
        b: Value,
        offsets: Value,
        depth: Value,
        vb: Value,
        vc: Value,
        c: Value,
        row: Value,
        blocks: Value,
        adds: Value,
    ) -> None:
        sources = [code.add(b, code.load(code.add(vb, 8 * v))) for v in range(vectors)]
        targets = [code.load(code.add(vc, 8 * v)) for v in range(vectors)]
        zeros = [code.zero(lanes)] * (rows * vectors)

        def tap(a: Value, offsets: Value, *sums: Value) -> list[Value]:
            offset = code.load(offsets)
            loaded = [code.load(code.add(source, offset), lanes.type) for source in sources]
            found = []
            for m in range(rows):
                number = code.load(code.add(a, m * lanes.size), lanes.number)
                factor = code.splat(number, lanes)
                for v in range(vectors):
                    total = sums[m * vectors + v]
                    found.append(code.multiply_add(factor, loaded[v], total, lanes))
            return [code.add(a, step), code.add(offsets, 8), *found]

        def rows_of_block(a: Value, c: Value) -> list[Value]:
            places = []
            for _ in range(rows):
                places += [code.add(c, target) for target in targets]
                c = code.add(c, row)
            start = code.choose(
                code.is_set(adds, 1),
                lambda: [code.load(place, lanes.type) for place in places],
                zeros,
            )
            sums = code.repeat(depth, [a, offsets, *start], tap, at_least_once=True)[2:]
            for total, place in zip(sums, places, strict=True):
                code.store(total, place)
            return [code.add(a, block), c]

        code.repeat(blocks, [a, c], rows_of_block, at_least_once=True)

    return function(f"product_{rows}x{vectors}_{lanes.suffix}", 12, write)


def dot(rows: int, columns: int, lanes: Lanes, *, masked: bool) -> Any:
    """c[m, n] += sum over j and lanes of a[m, va[j] + lane] * b[offsets[n] + vb[j] + lane], tile after tile of columns.

    `row` is the distance of two rows of a, `count` the length of va and vb. If masked, bit i of masks[j] says whether lane i
    of vector j counts; others are not read. Each tile of c is `slots(rows, columns, lanes)` numbers, m * columns + n first.
    """

    def write(
        code: Code,
        a: Value,
        row: Value,
        b: Value,
        offsets: Value,
        va: Value,
        vb: Value,
        masks: Value,
        count: Value,
        c: Value,
        tiles: Value,
    ) -> None:
        starts = [a]
        for _ in range(rows - 1):
            starts.append(code.add(starts[-1], row))

        def tile(offsets: Value, c: Value) -> list[Value]:
            ends = [code.add(b, code.load(code.add(offsets, 8 * n))) for n in range(columns)]

            def vector(va: Value, vb: Value, masks: Value, *sums: Value) -> list[Value]:
                mask = code.mask(code.load(masks), lanes) if masked else None
                at_a, at_b = code.load(va), code.load(vb)
                found = list(sums)
                is_wide = rows <= columns
                outer, inner = (starts, ends) if is_wide else (ends, starts)
                first, second = (at_a, at_b) if is_wide else (at_b, at_a)
                held = [code.load_some(code.add(place, first), mask, lanes) for place in outer]
                for i, place in enumerate(inner):
                    loaded = code.load_some(code.add(place, second), mask, lanes)
                    for j, value in enumerate(held):
                        at = j * columns + i if is_wide else i * columns + j
                        found[at] = code.multiply_add(value, loaded, found[at], lanes)
                code.fence()
                return [code.add(va, 8), code.add(vb, 8), code.add(masks, 8), *found]

            zeros = [code.zero(lanes)] * (rows * columns)
            start = [va, vb, masks, *zeros]
            sums = code.repeat(count, start, vector, at_least_once=True)[3:]
            for i, total in enumerate(totals(code, sums, lanes)):
                place = code.add(c, i * lanes.bytes)
                code.store(code.plus(code.load(place, lanes.type), total), place)
            size = slots(rows, columns, lanes) * lanes.size
            return [code.add(offsets, 8 * columns), code.add(c, size)]

        code.repeat(tiles, [offsets, c], tile, at_least_once=True)

    kind = "masked_dot" if masked else "dot"
    return function(f"{kind}_{rows}x{columns}_{lanes.suffix}", 10, write)


def slots(rows: int, columns: int, lanes: Lanes) -> int:
    """Numbers that `dot` adds to for one tile: its results, and the rest of the last vector."""
    return -(-rows * columns // lanes.count) * lanes.count


def totals(code: Code, vectors: Sequence[Value], lanes: Lanes) -> list[Value]:
    """The sum over the lanes of each vector, in order, as lanes of as few vectors as hold them.

    All are summed together, pair by pair: neighbouring lanes of two vectors are added into one, which then has the sums of the
    first vector in front of those of the second. A vector without a partner is its own.
    """
    level = list(vectors)
    even = range(0, 2 * lanes.count, 2)
    for _ in range(lanes.count.bit_length() - 1):
        pairs = zip(level[::2], [*level[1::2], level[-1]], strict=False)
        level = [
            code.plus(code.shuffle(u, v, even), code.shuffle(u, v, [i + 1 for i in even]))
            for u, v in pairs
        ]
    return level
