"""conv, conv4 and deconv4: values, derivatives of both orders, PyTorch, what is refused."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geometries import convolutions, plain_convolution
from knetsrc import grad, vjp
from knetsrc.ops import OperandError, conv, conv4, deconv4

RNG = np.random.default_rng(5)
LINE = np.arange(1.0, 8.0).reshape(1, 1, 7)
FILTER = np.array([[[1.0, 2.0, 3.0]]])


def random(*shape):
    return RNG.standard_normal(shape)


# --- values -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [10, 16, 22, 28, 34]),
        ({"padding": 1}, [4, 10, 16, 22, 28, 34, 32]),
        ({"padding": 1, "stride": 3}, [4, 22, 32]),
        ({"mode": "xcorr"}, [14, 20, 26, 32, 38]),
        ({"padding": ((1, 0),)}, [4, 10, 16, 22, 28, 34]),
        ({"dilation": 2}, [14, 20, 26]),
    ],
)
def test_values_of_knets_documentation(options, expected):
    np.testing.assert_array_equal(conv4(FILTER, LINE, **options).ravel(), expected)


def test_matrix_of_knets_documentation():
    """Its arrays are column-major: axes are the other way round here."""
    w = np.array([[1.0, 3.0], [2.0, 4.0]]).T.reshape(1, 1, 2, 2)
    x = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    np.testing.assert_array_equal(conv4(w, x)[0, 0].T, [[23, 53], [33, 63]])


def test_correlation_of_the_whole_input_is_a_matrix_product():
    x, w = random(5, 1, 3, 4), random(6, 1, 3, 4)
    np.testing.assert_allclose(conv(x, w).reshape(5, 6), x.reshape(5, 12) @ w.reshape(6, 12).T)


@given(convolutions())
@settings(max_examples=100, deadline=None)
def test_any_convolution_agrees_with_its_definition(drawn):
    x_shape, w_shape, options = drawn
    x, w = random(*x_shape), random(*w_shape)
    expected = plain_convolution(x, w, **options)
    np.testing.assert_allclose(conv(x, w, **options), expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(conv4(w, x, mode="xcorr", **options), conv(x, w, **options))
    flipped = np.flip(w, range(2, w.ndim))
    np.testing.assert_allclose(conv4(flipped, x, **options), conv(x, w, **options))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    x, w = random(2, 3, 5, 5).astype(dtype), random(4, 3, 2, 2).astype(dtype)
    assert conv(x, w).dtype == dtype
    gradients = grad(loss, argnums=(0, 1))(w, x, dtype(1), 0, 1, 1, 1, "conv")
    assert [d.dtype for d in gradients] == [dtype, dtype]


def test_arrays_that_are_not_contiguous():
    x, w = random(5, 6, 3, 2).T, random(2, 3, 3, 4)[..., ::-1]
    expected = conv(np.ascontiguousarray(x), np.ascontiguousarray(w))
    np.testing.assert_allclose(conv(x, w), expected)
    c = random(2, 4, 2, 2).T
    found = vjp(convolution_with(), x, w)[1](c)
    contiguous = vjp(convolution_with(), x.copy(), w.copy())[1](c.copy())
    for d, plain in zip(found, contiguous, strict=True):
        np.testing.assert_allclose(d, plain)


@pytest.mark.parametrize("shape", [(4,), (4, 1, 1), (1, 4, 1, 1)])
def test_bias_is_a_number_for_each_channel(shape):
    x, w, b = random(2, 3, 5, 5), random(4, 3, 2, 2), random(*shape)
    whole = b.reshape(1, 4, 1, 1)
    np.testing.assert_array_equal(conv(x, w, bias=b), conv(x, w) + whole)
    np.testing.assert_array_equal(conv4(w, x, stride=2, bias=b), conv4(w, x, stride=2) + whole)
    d_b = grad(lambda b, x: np.sum(conv(x, w, bias=b) ** 2 + conv4(w, x, bias=b)))(b, x)
    assert d_b.shape == shape
    expected = np.sum(2 * conv(x, w, bias=b) + 1, axis=(0, 2, 3))
    np.testing.assert_allclose(d_b, expected.reshape(shape))


def test_batch_of_size_zero():
    x, w = random(0, 3, 5, 5), random(4, 3, 2, 2)
    assert conv(x, w).shape == (0, 4, 4, 4)
    assert deconv4(w, random(0, 4, 5, 5)).shape == (0, 3, 6, 6)
    d_w, d_x = grad(loss, argnums=(0, 1))(w, x, 1.0, 0, 1, 1, 1, "conv")
    np.testing.assert_array_equal(d_w, np.zeros_like(w))
    assert d_x.shape == x.shape


# --- derivatives --------------------------------------------------------------------------------
def loss(w, x, c, padding, stride, dilation, groups, mode):
    return np.sum(conv4(w, x, padding, stride, dilation, groups, mode) ** 2 * c)


def transposed(w, x, c, padding, stride, dilation, groups, mode):
    return np.sum(deconv4(w, x, padding, stride, dilation, groups, mode) ** 2 * c)


def check_gradient(function, w, x, *rest):
    """The gradient along random directions against central differences."""
    d_w, d_x = grad(function, argnums=(0, 1))(w, x, *rest)
    assert d_w.shape == w.shape
    assert d_x.shape == x.shape
    v, u, step = random(*w.shape), random(*x.shape), 1e-5
    for a, b, found in ((v, 0, np.vdot(d_w, v)), (0, u, np.vdot(d_x, u))):
        ends = [function(w + h * a, x + h * b, *rest) for h in (step, -step)]
        expected = (ends[0] - ends[1]) / (2 * step)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(convolutions(), st.sampled_from(["conv", "xcorr"]))
@settings(max_examples=60, deadline=None)
def test_gradient_of_any_convolution(drawn, mode):
    x, w, options = drawn
    check_gradient(loss, random(*w), random(*x), 0.5, *options.values(), mode)


@given(convolutions(), st.sampled_from(["conv", "xcorr"]))
@settings(max_examples=60, deadline=None)
def test_gradient_of_any_transposed_convolution(drawn, mode):
    x, w, options = drawn
    images = conv(np.zeros(x), np.zeros(w), **options)
    assume_something_is_left(images.shape, w, options)
    check_gradient(transposed, random(*w), random(*images.shape), 0.5, *options.values(), mode)


def assume_something_is_left(x, w, options):
    """The padding of a convolution whose last steps go unused may be larger than what comes back."""
    steps = zip(
        x[2:], w[2:], options["stride"], options["dilation"], options["padding"], strict=True
    )
    assume(all((n - 1) * s + d * (k - 1) + 1 > sum(both) for n, k, s, d, both in steps))


@given(convolutions(), st.sampled_from(["conv", "xcorr"]))
@settings(max_examples=30, deadline=None)
def test_transposed_convolution_is_the_adjoint_of_the_images(drawn, mode):
    x_shape, w_shape, options = drawn
    w = random(*w_shape)
    y = random(*conv(np.zeros(x_shape), w, **options).shape)
    assume_something_is_left(y.shape, w_shape, options)
    x = random(*deconv4(w, y, mode=mode, **options).shape)
    left = np.vdot(conv4(w, x, mode=mode, **options), y)
    assert left == pytest.approx(np.vdot(x, deconv4(w, y, mode=mode, **options)))


@pytest.mark.parametrize("function", [loss, transposed])
@pytest.mark.parametrize("wrt", [0, 1])
def test_second_derivatives(function, wrt):
    w, x = random(2, 2, 2, 3), random(2, 2, 4, 4)
    rest = (0.3, ((1, 0), (0, 1)), 2, 1, 1, "conv")
    gradient = grad(function, argnums=wrt)
    u, v = random(*w.shape), random(*x.shape)
    direction = (u, v)[wrt]
    d_w, d_x = vjp(gradient, w, x, *rest)[1](direction)[:2]
    step = 1e-5
    for found, move in ((np.vdot(d_w, u), (u, 0)), (np.vdot(d_x, v), (0, v))):
        ends = [gradient(w + h * move[0], x + h * move[1], *rest) for h in (step, -step)]
        expected = np.vdot(ends[0] - ends[1], direction) / (2 * step)
        assert found == pytest.approx(expected, rel=1e-6)


def test_gradient_is_written_with_the_options_that_were_given():
    def padded(w, x):
        return np.sum(conv4(w, x, padding=1))

    source = grad(padded).source
    assert 'x, w, padding=1, mode="conv")' in source
    assert "dilation" not in source


# --- PyTorch ------------------------------------------------------------------------------------
@given(convolutions())
@settings(max_examples=40, deadline=None)
def test_agrees_with_pytorch(drawn):
    torch = pytest.importorskip("torch")
    x_shape, w_shape, options = drawn
    axes = len(x_shape) - 2
    options["padding"] = tuple(max(both) for both in options["padding"])
    symmetric = tuple((p, p) for p in options["padding"])
    x, w = random(*x_shape).astype(np.float32), random(*w_shape).astype(np.float32)
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, w)]
    forward = getattr(torch.nn.functional, f"conv{axes}d")
    y = forward(theirs[0], theirs[1], None, *(options[n] for n in ("stride", "padding")),
                options["dilation"], options["groups"])  # fmt: skip
    close(conv(x, w, **options), y)
    d = random(*y.shape).astype(np.float32)
    expected = torch.autograd.grad(y, theirs, torch.tensor(d))
    for found, value in zip(vjp(convolution_with(**options), x, w)[1](d), expected, strict=True):
        close(found, value)
    assume_something_is_left(d.shape, w_shape, options | {"padding": symmetric})
    backward = getattr(torch.nn.functional, f"conv_transpose{axes}d")
    back = backward(torch.tensor(d), theirs[1], None, options["stride"], options["padding"], 0,
                    options["groups"], options["dilation"])  # fmt: skip
    close(deconv4(w, d, mode="xcorr", **options), back)


def convolution_with(padding=0, stride=1, dilation=1, groups=1):
    def convolution(x, w):
        return conv(x, w, padding, stride, dilation, groups)

    return convolution


def close(found, expected):
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-5, atol=1e-5)


# --- what is refused ----------------------------------------------------------------------------
IMAGES, FILTERS = np.zeros((2, 3, 5, 5)), np.zeros((4, 3, 3, 3))


@pytest.mark.parametrize(
    ("x", "w", "options", "said"),
    [
        (
            IMAGES,
            np.zeros((4, 2, 3, 3)),
            {},
            r"\(2, 3, 5, 5\) with filters of shape \(4, 2, 3, 3\)",
        ),
        (IMAGES, FILTERS, {"groups": 2}, "in 2 groups"),
        (IMAGES, np.zeros((4, 3, 6, 3)), {}, r"window of \(6, 3\) does not fit .* \(5, 5\)"),
        (IMAGES, FILTERS, {"dilation": 3}, r"window of \(7, 7\) does not fit"),
        (IMAGES, FILTERS.astype("f"), {}, r"float64 images \(2, 3, 5, 5\) with float32 filters"),
        (IMAGES, FILTERS, {"padding": -1}, "padding = -1 for 2 spatial axes"),
        (IMAGES, FILTERS, {"padding": (1, 2, 3)}, r"padding = \(1, 2, 3\) for 2 spatial axes"),
        (IMAGES, FILTERS, {"stride": 0}, "stride = 0"),
        (IMAGES, FILTERS, {"dilation": 1.5}, "dilation = 1.5"),
        (IMAGES, FILTERS[0], {}, r"filters that are an array of shape \(3, 3, 3\)"),
        (IMAGES[0, 0], FILTERS, {}, r"an array of shape \(5, 5\)"),
        (IMAGES.astype(int), FILTERS.astype(int), {}, "of dtype int64"),
        ([1.0, 2.0], FILTERS, {}, "of a list"),
        (IMAGES, FILTERS, {"bias": np.zeros(3)}, r"bias that is an array of shape \(3,\)"),
        (IMAGES, FILTERS, {"bias": np.zeros(4, "f")}, r"float64 images .* bias"),
        (IMAGES, FILTERS, {"bias": [0.0] * 4}, "bias that is a list"),
    ],
)
def test_operands_that_do_not_go_together(x, w, options, said):
    with pytest.raises(OperandError, match=said):
        conv(x, w, **options)


def test_unknown_mode():
    with pytest.raises(OperandError, match="mode = 'full'"):
        conv4(FILTERS, IMAGES, mode="full")


def test_transposed_convolution_of_the_wrong_number_of_channels():
    with pytest.raises(OperandError, match="3 channels and 4 filters"):
        deconv4(FILTERS, IMAGES)


def test_transposed_convolution_that_leaves_nothing():
    with pytest.raises(OperandError, match=r"would have the size \(-1, -1\)"):
        deconv4(FILTERS, np.zeros((2, 4, 1, 1)), padding=2)
