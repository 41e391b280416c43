"""The functions that are written in LLVM, for vectors of every length that this machine can run."""

import ctypes

import numpy as np
import pytest

from knetsrc.backends.kernels import machine, rows, tiles
from knetsrc.backends.kernels.vectors import Lanes

SHAPES = [
    Lanes(count, is_double)
    for is_double in (False, True)
    for count in (2, 4, 8, 16)
    if count * (8 if is_double else 4) in (16, 32, 64)
]
rng = np.random.default_rng(0)


def dtype(lanes):
    return np.dtype("d" if lanes.is_double else "f")


def call(make, lanes, *arguments, sizes=(), **options):
    """Call a function with arrays and integers."""
    found = machine.address(make, *sizes, lanes, **options)
    numbers = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(numbers))(found)(*numbers)


def random(lanes, *shape):
    return rng.standard_normal(shape).astype(dtype(lanes))


@pytest.mark.parametrize("lanes", SHAPES, ids=str)
@pytest.mark.parametrize("size", [(1, 2), (3, 2), (6, 4), (14, 2)], ids=str)
@pytest.mark.parametrize("adds", [0, 1])
def test_product(lanes, size, adds):
    height, width, depth, blocks = *size, 5, 3
    a, b = random(lanes, blocks, depth, height), random(lanes, depth + 1, width, lanes.count)
    c = random(lanes, blocks * height, width, lanes.count)
    line = width * lanes.bytes
    order = np.array([3, 0, 4, 1, 2])
    places = np.arange(width)[::-1] * lanes.bytes
    wanted = adds * c + np.einsum("bkm,kvl->bmvl", a, b[order][:, ::-1]).reshape(c.shape)[:, ::-1]
    step = height * lanes.size
    tables = places.copy(), places.copy()
    call(
        tiles.product,
        lanes,
        *(a, step, depth * step, b, order * line, depth, *tables, c, line, blocks, adds),
        sizes=size,
    )
    np.testing.assert_allclose(c, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("lanes", SHAPES, ids=str)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (4, 6), (5, 3)], ids=str)
@pytest.mark.parametrize("masked", [False, True])
def test_dot(lanes, size, masked):
    height, width, count, blocks = *size, 4, 2
    a, b = (
        random(lanes, height, count * lanes.count),
        random(lanes, blocks * width, count * lanes.count),
    )
    masks = np.full(count, (1 << lanes.count) - 1)
    masks[-1] = 1 if masked else masks[-1]
    counts = np.ones_like(a[0])
    if masked:
        counts[-lanes.count + 1 :] = 0
        a[:, -1] = np.nan  # a lane that does not count
    slots = tiles.slots(height, width, lanes)
    c = random(lanes, blocks, slots)
    before = c.copy()
    offsets = np.arange(blocks * width) * count * lanes.bytes
    places = np.arange(count) * lanes.bytes
    call(
        tiles.dot,
        lanes,
        *(a, count * lanes.bytes, b, offsets, places, places, masks, count, c, blocks),
        sizes=size,
        masked=masked,
    )
    wanted = np.where(counts, a, 0) @ (counts * b).T
    found = (c - before)[:, : height * width].reshape(blocks, height, width)
    np.testing.assert_allclose(
        found.transpose(1, 0, 2).reshape(height, -1), wanted, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("lanes", SHAPES, ids=str)
@pytest.mark.parametrize("n", [1, 3, 16, 37])
def test_rows_are_moved_and_nothing_else(lanes, n):
    source, target = random(lanes, 3, n + 2), random(lanes, 3, n + 1)
    size = lanes.size
    for make, adds in ((rows.copy, 0), (rows.add, 1)):
        wanted = target.copy()
        wanted[:, :n] = source[:, :n] + adds * wanted[:, :n]
        call(make, lanes, target, source, 3, n, (n + 1) * size, (n + 2) * size)
        np.testing.assert_array_equal(target, wanted)
    call(rows.clear, lanes, target, n)
    assert not target.ravel()[:n].any() and target.ravel()[n:].all()


@pytest.mark.parametrize("lanes", SHAPES, ids=str)
@pytest.mark.parametrize("n", [1, 2, 31, 64, 75])
def test_split_and_merge(lanes, n):
    source = random(lanes, 2, n)
    half, size = -(-n // 2), lanes.size
    even, odd, joint = random(lanes, 2, half), random(lanes, 2, half), np.zeros_like(source)
    call(rows.split, lanes, even, odd, source, 2, n, half * size, n * size)
    np.testing.assert_array_equal(even, source[:, ::2])
    np.testing.assert_array_equal(odd[:, : n // 2], source[:, 1::2])
    call(rows.merge, lanes, even, odd, joint, 2, n, half * size, n * size)
    np.testing.assert_array_equal(joint, source)


@pytest.mark.parametrize("lanes", SHAPES, ids=str)
@pytest.mark.parametrize("n", [1, 8, 37])
def test_strip_transposes(lanes, n):
    for height in range(1, lanes.count + 1):
        source, target = random(lanes, height, n), random(lanes, n * height + lanes.count)
        call(rows.strip, lanes, target, source, height, n, height * lanes.size, n * lanes.size)
        np.testing.assert_array_equal(target[: n * height].reshape(n, height), source.T)


@pytest.mark.parametrize("name", ["haswell", "x86-64", "skylake-avx512"])
def test_other_processors_get_their_vectors(name):
    features = {
        "haswell": "+avx2,+fma,+sse2",
        "x86-64": "+sse2",
        "skylake-avx512": "+avx512f,+sse2",
    }
    processor = machine.Processor(name, features[name])
    lanes = {"haswell": 8, "x86-64": 4, "skylake-avx512": 16}[name]
    assert processor.lanes(np.dtype("f")) == Lanes(lanes)
    assert processor.lanes(np.dtype("d")) == Lanes(lanes // 2, is_double=True)
    assert processor.registers == (32 if lanes == 16 else 16)
