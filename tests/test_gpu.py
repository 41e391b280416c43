"""Convolution and pooling for a GPU: on a pretended device beside the CPU's, and on a real one.

The kernels of `pooling.cu` run on the pretended device as C++ (`stand_in.kernels`).
"""

import importlib.util
import math

import numpy as np
import pytest

import stand_in
from devices import to_device, to_host
from knetsrc.backends import gpu, kernels
from knetsrc.backends.convolution import geometry_of
from knetsrc.backends.gpu import pooling
from knetsrc.backends.kernels import pooling as pooling_of_the_cpu
from knetsrc.backends.pooling import windows_of
from stand_in.kernels import compiler


def cupy_has_a_device():
    if importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    return cupy.cuda.is_available()


def on_cupy():
    return importlib.import_module("cupy") if cupy_has_a_device() else None


needs_compiler = pytest.mark.skipif(compiler is None, reason="no C++ compiler runs the kernels")
DEVICES = [
    pytest.param(lambda: stand_in, id="stand_in"),
    pytest.param(
        on_cupy,
        id="cupy",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not cupy_has_a_device(), reason="no CuPy with a CUDA device here"),
        ],
    ),
]
RNG = np.random.default_rng(0)
CONVOLUTIONS = [
    ((2, 3, 7), (4, 3, 3), {}),
    ((2, 4, 9), (6, 2, 3), {"padding": 2, "stride": 3, "groups": 2}),
    ((2, 3, 8, 7), (5, 3, 3, 2), {"padding": ((1, 0), (2, 1)), "stride": (2, 1)}),
    ((1, 2, 9, 9), (4, 2, 3, 3), {"padding": 2, "dilation": (2, 3)}),
    ((3, 4, 6, 6), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    ((2, 6, 5, 5), (9, 2, 1, 1), {"groups": 3}),
    ((2, 2, 5, 4, 6), (3, 2, 2, 3, 2), {"padding": 1, "stride": (1, 2, 2)}),
]
POOLS = [
    ((2, 3, 7), 2, {}),
    ((2, 3, 7), 3, {"padding": 1, "stride": 2}),
    ((2, 3, 8, 7), 2, {}),
    ((2, 3, 8, 7), (3, 2), {"padding": (1, 0), "stride": (2, 1), "ceil": False}),
    ((1, 2, 9, 9), 4, {"padding": 2, "stride": 3}),
    ((2, 2, 5, 4, 6), 2, {"padding": 1}),
    ((1, 1, 20, 20), 17, {"stride": 1}),
]


@pytest.fixture(params=DEVICES)
def device(request):
    return request.param()


def taken(device, *arrays):
    return to_device(arrays) if device is stand_in else tuple(map(device.asarray, arrays))


def back(device, array):
    return to_host(array) if device is stand_in else device.asnumpy(array)


@pytest.mark.parametrize("most", [1 << 28, 1])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("image", "filters", "options"), CONVOLUTIONS)
def test_convolution(device, image, filters, options, dtype, flip, most, monkeypatch):
    monkeypatch.setattr(gpu, "MOST_BYTES", most)
    names = ("padding", "stride", "dilation", "groups")
    given = [options.get(name, int(name != "padding")) for name in names]
    geometry = geometry_of(image, filters, *given)
    x, w = (RNG.standard_normal(shape).astype(dtype) for shape in (image, filters))
    y = kernels.convolve(x, w, geometry, flip=flip)
    d_y = RNG.standard_normal(y.shape).astype(dtype)
    expected = (
        y,
        kernels.convolve_adjoint_x(d_y, w, geometry, flip=flip),
        kernels.convolve_adjoint_w(x, d_y, geometry, flip=flip),
    )
    x, w, d_y = taken(device, x, w, d_y)
    found = (
        gpu.convolve(x, w, geometry, flip=flip),
        gpu.convolve_adjoint_x(d_y, w, geometry, flip=flip),
        gpu.convolve_adjoint_w(x, d_y, geometry, flip=flip),
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert type(ours) is type(x)
        assert ours.dtype == dtype
        scale = np.abs(theirs).max()
        limit = 1e-5 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(back(device, ours), theirs, atol=limit * scale)


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("image", "window", "options"), POOLS)
def test_max_pooling(device, image, window, options, dtype):
    windows = windows_of(np.zeros(image), window, **with_defaults(options))
    x = RNG.integers(-3, 3, image).astype(dtype)
    x.reshape(-1)[:: 1 + math.prod(image) // 7] = np.nan
    y, winners = pooling_of_the_cpu.max_pool(x, windows)
    d_y = RNG.standard_normal(y.shape).astype(dtype)
    other = RNG.standard_normal(image).astype(dtype)
    expected = (
        y,
        winners,
        pooling_of_the_cpu.max_pool_adjoint(d_y, winners, windows),
        pooling_of_the_cpu.take_winners(other, winners, windows),
    )
    x, d_y, other = taken(device, x, d_y, other)
    y, winners = pooling.max_pool(x, windows)
    found = (
        y,
        winners,
        pooling.max_pool_adjoint(d_y, winners, windows),
        pooling.take_winners(other, winners, windows),
    )
    compare(device, found, expected)


@needs_compiler
@pytest.mark.parametrize("counts_padding", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("image", "window", "options"), POOLS)
def test_average_pooling(device, image, window, options, dtype, counts_padding):
    windows = windows_of(np.zeros(image), window, **with_defaults(options))
    x = RNG.standard_normal(image).astype(dtype)
    y = pooling_of_the_cpu.average_pool(x, windows, counts_padding)
    d_y = RNG.standard_normal(y.shape).astype(dtype)
    expected = y, pooling_of_the_cpu.average_pool_adjoint(d_y, windows, counts_padding)
    x, d_y = taken(device, x, d_y)
    found = (
        pooling.average_pool(x, windows, counts_padding),
        pooling.average_pool_adjoint(d_y, windows, counts_padding),
    )
    compare(device, found, expected)


def with_defaults(options):
    return {"padding": 0, "stride": None, "ceil": True} | options


def compare(device, found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        limit = 1e-5 if theirs.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(back(device, ours), theirs, rtol=limit, atol=limit)


@needs_compiler
def test_pooling_launches_one_kernel():
    x = stand_in.asarray(RNG.standard_normal((2, 3, 8, 8)))
    windows = windows_of(x, 2, 0, None, True)
    pooling.max_pool(x, windows)  # the sizes are taken to the device at the first call
    with stand_in.recorded() as record:
        pooling.max_pool(x, windows)
    assert record.calls.count("max_pool") == 1
    assert not record.waits and not record.uploads


@pytest.mark.parametrize(("batch", "parts"), [(1, 1), (2, 1), (3, 2), (5, 3)])
def test_batch_is_worked_off_in_parts(batch, parts, monkeypatch):
    monkeypatch.setattr(gpu, "MOST_BYTES", 2 * 8 * 9 * 16)  # two images
    x, w = stand_in.asarray(np.ones((batch, 1, 6, 6))), stand_in.asarray(np.ones((1, 1, 3, 3)))
    with stand_in.recorded() as record:
        gpu.convolve(x, w, geometry_of(x.shape, w.shape, 0, 1, 1, 1))
    assert record.calls.count("matmul") == parts
