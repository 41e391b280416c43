"""pool and unpool: values, derivatives, ties and NaN, PyTorch, what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings

from geometries import poolings, windows
from helpers import processes
from knetsrc import grad, vjp
from knetsrc.ops import OperandError, pool, pool_with_winners, unpool

RNG = np.random.default_rng(6)
LINE = np.arange(1.0, 7.0).reshape(1, 1, 6)


def distinct(*shape):
    """Numbers that are far enough apart for central differences of a maximum."""
    size = int(np.prod(shape))
    return (RNG.permutation(size) - size / 2 + 0.25).reshape(shape) / 4


# --- values -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [2, 4, 6]),
        ({"window": 3}, [3, 6]),
        ({"padding": 1}, [1, 3, 5, 6]),
        ({"padding": 1, "mode": "avg"}, [0.5, 2.5, 4.5, 3.0]),
        ({"padding": 1, "mode": "avg_exclude_pad"}, [1.0, 2.5, 4.5, 6.0]),
        ({"window": 4}, [4, 6]),
        ({"window": 4, "ceil": False}, [4]),
        ({"window": 4, "mode": "avg"}, [2.5, 5.5]),
        ({"stride": 1}, [2, 3, 4, 5, 6]),
    ],
)
def test_values_of_knets_documentation(options, expected):
    np.testing.assert_array_equal(pool(LINE, **options).ravel(), expected)


def test_matrix_of_knets_documentation():
    """Its arrays are column-major: axes are the other way round here."""
    x = np.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(pool(x)[0, 0].T, [[6, 14], [8, 16]])


def plain_pool(x, window, padding, stride, mode, ceil):
    """Maximum or mean of each window as the definition says."""
    stride = window if stride is None else stride
    before = [(p, p) for p in padding]
    sizes = [n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True)]
    steps = [(n - k) / s for n, k, s in zip(sizes, window, stride, strict=True)]
    count = [int(np.ceil(t) if ceil else np.floor(t)) + 1 for t in steps]
    count = [
        c - ((c - 1) * s >= n - p) for c, s, n, p in zip(count, stride, sizes, padding, strict=True)
    ]
    more = [
        max(0, (c - 1) * s + k - n) for c, s, k, n in zip(count, stride, window, sizes, strict=True)
    ]
    ends = [(p, p + m) for p, m in zip(padding, more, strict=True)]

    def taken(values, fill, around):
        padded = np.pad(values, ((0, 0), (0, 0), *around), constant_values=fill)
        return windows(padded, window, stride, (1,) * len(window))

    axes = tuple(range(-len(window), 0))
    shape = tuple(slice(c) for c in count)
    if mode == "max":
        found = taken(x, -np.inf, ends).max(axis=axes)
    else:
        ones = np.ones_like(x)
        if mode == "avg":
            ones = np.pad(ones, ((0, 0), (0, 0), *before), constant_values=1.0)
            number = taken(ones, 0, [(0, m) for m in more]).sum(axis=axes)
        else:
            number = taken(ones, 0, ends).sum(axis=axes)
        found = taken(x, 0, ends).sum(axis=axes) / number
    return found[(..., *shape)]


@given(poolings())
@settings(max_examples=150, deadline=None)
def test_any_pooling_agrees_with_its_definition(drawn):
    shape, options = drawn
    x = np.random.default_rng(6).standard_normal(shape)
    expected = plain_pool(x, **options)
    np.testing.assert_allclose(pool(x, **options), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("width", [*range(2, 24), 32, 34, 37, 40, 66])
@pytest.mark.parametrize("mode", ["max", "avg"])
def test_rows_of_every_width(width, mode):
    """A row is taken 16, 8 and 4 windows at a time; each of its ends has to be right."""
    options = {"window": (2, 2), "padding": (0, 0), "stride": (2, 2), "mode": mode, "ceil": False}
    x = RNG.standard_normal((1, 2, 4, width)).astype(np.float32)
    np.testing.assert_allclose(pool(x, **options), plain_pool(x, **options), rtol=1e-6, atol=1e-7)
    weights = RNG.standard_normal(pool(x, **options).shape).astype(np.float32)
    d_x = grad(weighted)(x, weights, *options.values())
    d_y = np.repeat(np.repeat(weights, 2, axis=2), 2, axis=3)
    if mode == "max":
        y = pool(x, **options)
        d_y = d_y * (np.repeat(np.repeat(y, 2, axis=2), 2, axis=3) == x[..., : width // 2 * 2])
    np.testing.assert_allclose(d_x[..., : width // 2 * 2], d_y / (1 if mode == "max" else 4))
    np.testing.assert_array_equal(d_x[..., width // 2 * 2 :], 0)


@pytest.mark.parametrize("image", [(70, 9), (130, 5), (5, 300), (40, 41), (3, 30, 11)])
@pytest.mark.parametrize("mode", ["avg", "avg_exclude_pad"])
def test_means_of_many_rows(image, mode):
    """Some rows of windows are taken at a time; the last ones may be fewer."""
    axes = len(image)
    options = {"window": (3,) * axes, "padding": (1,) * axes, "stride": (2,) * axes}
    options |= {"mode": mode, "ceil": True}
    x = RNG.standard_normal((1, 2, *image))
    y = plain_pool(x, **options)
    np.testing.assert_allclose(pool(x, **options), y, rtol=1e-12, atol=1e-15)
    weights = RNG.standard_normal(y.shape)
    d_x = grad(weighted)(x, weights, *options.values())
    np.testing.assert_allclose(np.vdot(d_x, x), np.vdot(weights, y))  # a mean is linear
    direction = RNG.standard_normal(x.shape)
    expected = np.vdot(weights, plain_pool(direction, **options))
    np.testing.assert_allclose(np.vdot(d_x, direction), expected)


def test_winners_of_equal_elements_are_the_first_and_nan_wins():
    x = np.array([[[[1.0, 1.0], [1.0, 1.0]], [[0.0, np.nan], [5.0, np.nan]]]])
    y, winners = pool_with_winners(x)
    np.testing.assert_array_equal(y.ravel(), [1, np.nan])
    np.testing.assert_array_equal(winners.ravel(), [0, 3])
    assert winners.dtype == np.uint8
    assert pool_with_winners(x, mode="avg")[1] is None


def test_windows_of_more_elements_than_a_byte_counts():
    x = distinct(1, 2, 20, 20)
    winners = pool_with_winners(x, 20)[1]
    assert winners.dtype == np.uint32
    np.testing.assert_array_equal(winners.ravel(), x.reshape(2, 400).argmax(axis=1))


def test_all_elements_minus_infinity():
    x = np.full((1, 1, 3, 3), -np.inf)
    y, winners = pool_with_winners(x, 2, padding=1, stride=2)
    np.testing.assert_array_equal(y, -np.inf)
    np.testing.assert_array_equal(winners.ravel(), [3, 2, 1, 0])  # the first within the image


def test_images_that_are_not_contiguous_and_empty_batches():
    x = distinct(5, 6, 3, 2).T
    np.testing.assert_array_equal(pool(x), pool(np.ascontiguousarray(x)))
    for mode in ("max", "avg"):
        gradient = grad(weighted)(x[:0], pool(x[:0]), 2, 0, None, mode, True)
        assert gradient.shape == (0, 3, 6, 5)


def test_unpool_is_undone_by_pool():
    x = RNG.standard_normal((2, 3, 4, 5))
    y = unpool(x, (2, 3))
    assert y.shape == (2, 3, 8, 15)
    for mode in ("max", "avg"):
        np.testing.assert_allclose(pool(y, (2, 3), mode=mode), x)


# --- derivatives --------------------------------------------------------------------------------
def weighted(x, weights, window, padding, stride, mode, ceil):
    return np.sum(pool(x, window, padding, stride, mode, ceil) * weights)


def unpooled(x, weights, window, padding, stride):
    return np.sum(unpool(x, window, padding, stride) * weights)


def check_gradient(function, x, *rest):
    d_x = grad(function)(x, *rest)
    assert d_x.shape == x.shape
    v, step = RNG.standard_normal(x.shape), 1e-6
    expected = (function(x + step * v, *rest) - function(x - step * v, *rest)) / (2 * step)
    assert np.vdot(d_x, v) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(poolings())
@settings(max_examples=100, deadline=None)
def test_gradient_of_any_pooling(drawn):
    shape, options = drawn
    x = distinct(*shape)
    weights = RNG.standard_normal(pool(x, **options).shape)
    check_gradient(weighted, x, weights, *options.values())


@given(poolings())
@settings(max_examples=30, deadline=None)
def test_gradient_of_unpool(drawn):
    shape, options = drawn
    x = RNG.standard_normal(shape)
    where = options["window"], 0, options["stride"]
    check_gradient(unpooled, x, RNG.standard_normal(unpool(x, *where).shape), *where)


@pytest.mark.parametrize("mode", ["max", "avg", "avg_exclude_pad"])
def test_second_derivative(mode):
    def loss(x, weights):
        return np.sum(pool(x**2, 3, 1, 2, mode) ** 2 * weights)

    x = distinct(1, 2, 5, 5) + 0.1
    weights = RNG.standard_normal((1, 2, 3, 3))
    gradient = grad(loss)
    u, v, step = RNG.standard_normal(x.shape), RNG.standard_normal(x.shape), 1e-6
    found = np.vdot(vjp(gradient, x, weights)[1](u)[0], v)
    ends = [np.vdot(gradient(x + h * v, weights), u) for h in (step, -step)]
    assert found == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)


def test_gradient_reads_as_it_would_be_written():
    def loss(x, w):
        h = pool(x)
        return np.sum(h * w)

    source = grad(loss).source
    assert "winners = ops.pool_with_winners(x)" in source
    assert "max_pool_adjoint_x(" in source
    mean = grad(lambda x: np.sum(pool(x, mode="avg") ** 2)).source
    assert "winners" not in mean


def test_gradient_in_a_loop_keeps_the_winners_of_each_round():
    def loss(x):
        for _ in range(2):
            x = pool(x**2, stride=1)
        return np.sum(x)

    check_gradient(loss, distinct(1, 1, 5, 5))


# --- PyTorch ------------------------------------------------------------------------------------
@given(poolings())
@settings(max_examples=60, deadline=None)
def test_agrees_with_pytorch(drawn):
    torch = pytest.importorskip("torch")
    shape, options = drawn
    x = RNG.standard_normal(shape).astype(np.float32)
    x.flat[:: 1 + x.size // 3] = np.nan
    window, padding, stride, mode, ceil = options.values()
    name = f"{'max' if mode == 'max' else 'avg'}_pool{len(window)}d"
    more = {} if mode == "max" else {"count_include_pad": mode == "avg"}
    theirs = torch.tensor(x, requires_grad=True)
    y = getattr(torch.nn.functional, name)(theirs, window, stride, padding, ceil_mode=ceil, **more)
    np.testing.assert_allclose(pool(x, **options), y.detach().numpy(), rtol=1e-5, atol=1e-6)
    d = RNG.standard_normal(y.shape).astype(np.float32)
    (expected,) = torch.autograd.grad(y, theirs, torch.tensor(d))
    found = grad(weighted)(x, d, window, padding, stride, mode, ceil)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-5)


# --- what is refused ----------------------------------------------------------------------------
IMAGES = np.zeros((2, 3, 5, 6))


@pytest.mark.parametrize(
    ("x", "options", "said"),
    [
        (IMAGES, {"window": 7}, r"pool of images of \(5, 6\) with windows of \(7, 7\)"),
        (IMAGES, {"padding": 2}, "in the padding alone"),
        (IMAGES, {"padding": -1}, "padding = -1"),
        (IMAGES, {"window": (2, 2, 2)}, r"window = \(2, 2, 2\) for 2 spatial axes"),
        (IMAGES, {"stride": 0}, "stride = 0"),
        (IMAGES, {"mode": "mean"}, "mode = 'mean'"),
        (IMAGES[0, 0], {}, r"pool of an array of shape \(5, 6\)"),
        (IMAGES.astype(int), {}, "of dtype int64"),
    ],
)
def test_operands_that_do_not_go_together(x, options, said):
    with pytest.raises(OperandError, match=said):
        pool(x, **options)


def test_unpool_that_leaves_nothing():
    with pytest.raises(OperandError, match=r"would have the size \(0,\)"):
        unpool(np.zeros((1, 1, 1)), padding=1)


# --- processes and threads ----------------------------------------------------------------------
SEVERAL = """
import os, threading
import numpy as np
from knetsrc.ops import pool, pool_with_winners
from knetsrc.backends import max_pool_adjoint_x

x = np.random.default_rng(0).standard_normal((64, 32, 24, 24)).astype(np.float32)
expected = x.reshape(64, 32, 12, 2, 12, 2).max(axis=(3, 5))
wrong = []

def check(rounds):
    for _ in range(rounds):
        y, winners = pool_with_winners(x)
        d_x = max_pool_adjoint_x(y, winners, x)
        if not ((y == expected).all() and np.isclose(d_x.sum(), y.sum(), rtol=1e-3)):
            wrong.append(1)

check(2)
threads = [threading.Thread(target=check, args=(10,)) for _ in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
child = os.fork()
if child == 0:
    check(3)
    os._exit(len(wrong))
status = os.waitpid(child, 0)[1]
print(len(wrong), os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_several_threads_and_a_forked_process(threads, tmp_path):
    found = processes.run(SEVERAL, cwd=tmp_path, NUMBA_NUM_THREADS=threads)
    assert found.split() == ["0", "0"]
