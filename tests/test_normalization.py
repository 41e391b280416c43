"""batchnorm and layernorm: values, running moments, derivatives, PyTorch, what is refused."""

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad, stop_gradient, vjp
from knetsrc.ops import Moments, OperandError, batchnorm, bmm, layernorm
from language.checking import check

RNG = np.random.default_rng(7)


def random(*shape):
    return RNG.standard_normal(shape)


SHAPES = [(6, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_channel_has_mean_zero_and_variance_one(shape):
    axes = (0, *range(2, len(shape)))
    y = batchnorm(3 * random(*shape) + 2, eps=0.0)
    np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=axes), 1)


def test_gain_and_bias_belong_to_channels():
    x, gain, bias = random(4, 3, 5), random(3), random(3)
    expected = batchnorm(x) * gain[:, None] + bias[:, None]
    np.testing.assert_allclose(batchnorm(x, gain, bias), expected)


def test_moments_take_in_each_batch_once():
    x, moments = random(4, 3, 5), Moments(momentum=0.25)
    gradient = grad(normalized, argnums=(0, 1, 2))
    gradient(x, np.ones(3), np.zeros(3), random(4, 3, 5), moments, True)
    np.testing.assert_allclose(moments.mean, 0.25 * x.mean(axis=(0, 2)))
    np.testing.assert_allclose(moments.var, 0.75 + 0.25 * x.var(axis=(0, 2), ddof=1))


def test_without_training_the_moments_are_used_and_left_alone():
    moments = Moments(mean=random(3), var=np.array([0.5, 1.0, 2.0]))
    before = moments.mean, moments.var
    x = random(2, 3, 4)
    expected = (x - moments.mean[:, None]) / np.sqrt(moments.var[:, None] + 1e-5)
    np.testing.assert_allclose(batchnorm(x, moments=moments, training=False), expected)
    np.testing.assert_allclose(batchnorm(x[:1, :, :1], moments=moments, training=False),
                               expected[:1, :, :1])  # fmt: skip
    assert (moments.mean, moments.var) == before


def test_float32_is_kept():
    x, gain = random(4, 3, 5).astype(np.float32), np.ones(3, np.float32)
    moments = Moments()
    assert batchnorm(x, gain, gain, moments).dtype == np.float32
    assert batchnorm(x, gain, gain, moments, training=False).dtype == np.float32
    assert moments.mean.dtype == moments.var.dtype == np.float32
    found = grad(normalized, argnums=(0, 1, 2))(x, gain, gain, x, moments, True)
    assert [d.dtype for d in found] == [np.float32] * 3


def test_features_along_any_axis():
    x = random(4, 5)
    np.testing.assert_allclose(layernorm(x.T, axis=0).T, layernorm(x))
    whole = layernorm(random(2, 3, 4), axis=(1, 2), eps=0.0)
    np.testing.assert_allclose(whole.reshape(2, 12).mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(whole.reshape(2, 12).std(axis=1), 1)


# --- derivatives --------------------------------------------------------------------------------
def normalized(x, gain, bias, weights, moments, training):
    return np.sum(batchnorm(x, gain, bias, moments, training) ** 2 * weights)


def layered(x, gain, bias, weights, axis):
    return np.sum(layernorm(x, gain, bias, axis) ** 2 * weights)


def check_gradients(function, operands, *rest):
    gradients = grad(function, argnums=tuple(range(len(operands))))(*operands, *rest)
    step = 1e-6
    for i, (operand, found) in enumerate(zip(operands, gradients, strict=True)):
        v = random(*operand.shape)
        moved = [[*operands[:i], operand + h * v, *operands[i + 1 :]] for h in (step, -step)]
        expected = (function(*moved[0], *rest) - function(*moved[1], *rest)) / (2 * step)
        assert np.vdot(found, v) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_batchnorm(shape, training):
    moments = Moments(mean=random(3), var=np.array([0.5, 1.0, 2.0]))
    operands = random(*shape), random(3), random(3)
    check_gradients(normalized, operands, random(*shape), moments, training)


@pytest.mark.parametrize(
    ("shape", "shared", "axis"), [((4, 5), 5, -1), ((5, 4), (5, 1), 0), ((2, 3, 4), (3, 4), (1, 2))]
)
def test_gradients_of_layernorm(shape, shared, axis):
    operands = random(*shape), random(*np.atleast_1d(shared)), random(*np.atleast_1d(shared))
    check_gradients(layered, operands, random(*shape), axis)


def test_second_derivative_of_layernorm():
    def loss(x, weights):
        return np.sum(layernorm(x) ** 3 * weights)

    x, weights, u, v, step = *(random(3, 4) for _ in range(4)), 1e-6
    gradient = grad(loss)
    found = np.vdot(vjp(gradient, x, weights)[1](u)[0], v)
    ends = [np.vdot(gradient(x + h * v, weights), u) for h in (step, -step)]
    assert found == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)


def test_moments_are_updated_by_a_gradient_that_needs_no_value():
    def loss(bias, x, moments):
        return np.sum(batchnorm(x, None, bias, moments))

    x, moments = random(4, 3), Moments(momentum=1.0)
    np.testing.assert_array_equal(grad(loss)(np.zeros(3), x, moments), [4, 4, 4])
    np.testing.assert_allclose(moments.mean, x.mean(axis=0))


def test_moments_of_a_model_that_is_differentiated_are_constants():
    def loss(layer, x):
        return np.sum(batchnorm(x @ layer["w"], moments=layer["moments"]) ** 3)

    found = grad(loss)(
        {"w": random(2, 3), "moments": Moments(0.1, random(3), random(3))}, random(4, 2)
    )
    np.testing.assert_array_equal(found["moments"]["mean"], 0)
    assert np.all(found["w"] != 0)


def made_here(mean, x):
    return np.sum(batchnorm(x, moments=Moments(0.1, mean, mean**2), training=False) ** 2)


def made_by_helper(mean, x):
    def moments(mean):
        if mean.size > 3:
            return None
        return Moments(mean=mean, var=np.ones(3))

    m = moments(2 * mean)
    return np.sum(batchnorm(x, moments=m, training=False) ** 2)


class Started(Moments):
    def __init__(self, mean):
        self.mean, self.var, self.momentum = mean, np.ones(3), 0.1


def made_of_a_class_of_its_own(mean, x):
    return np.sum(batchnorm(x, moments=Started(mean), training=False) ** 2)


@pytest.mark.parametrize("f", [made_here, made_by_helper, made_of_a_class_of_its_own])
def test_moments_that_are_made_of_a_differentiated_value_are_refused(f):
    with pytest.raises(UnsupportedSyntaxError, match="made of a differentiated value") as caught:
        grad(f)(random(3), random(4, 3))
    assert "stop_gradient(mean)" in str(caught.value)


def test_moments_that_are_meant_to_be_constant():
    def loss(mean, x):
        m = Moments(0.1, stop_gradient(mean), np.ones(3))
        return np.sum(batchnorm(x, moments=m, training=False) * mean)

    mean, x = random(3), random(4, 3)
    np.testing.assert_allclose(
        grad(loss)(mean, x),
        batchnorm(x, moments=Moments(0.1, mean, np.ones(3)), training=False).sum(0),
    )


@pytest.mark.parametrize("training", [True, False])
def test_derivative_with_respect_to_what_is_added_to_the_variance(training):
    def loss(eps, gain, x, weights, moments):
        y = batchnorm(x, gain, None, moments, training, eps["batch"])
        z = batchnorm(x, None, gain, moments, training, eps=eps["batch"])
        return np.sum(
            (y + z + layernorm(y, gain, eps=eps["layer"]) + layernorm(x, eps=eps["layer"])) ** 2
            * weights
        )

    gain, x, weights = random(3), random(4, 3), random(4, 3)
    check(
        lambda eps: loss(eps, gain, x, weights, Moments(mean=np.zeros(3), var=np.ones(3))),
        {"batch": 0.3, "layer": 0.2},
    )


# --- PyTorch ------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_pytorch(shape):
    torch = pytest.importorskip("torch")
    x, gain, bias, d = (random(*s).astype(np.float32) for s in (shape, [3], [3], shape))
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, gain, bias)]
    mean, var, moments = torch.zeros(3), torch.ones(3), Moments()
    y = torch.nn.functional.batch_norm(theirs[0], mean, var, *theirs[1:], training=True)
    expected = torch.autograd.grad(y, theirs, torch.tensor(d))
    found = vjp(batchnorm_with(moments), x, gain, bias)[1](d)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=1e-5)
    moments = Moments()
    np.testing.assert_allclose(batchnorm(x, gain, bias, moments), y.detach(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(moments.var, var, rtol=1e-5)
    theirs = torch.nn.functional.layer_norm(torch.tensor(x), shape[-1:])
    np.testing.assert_allclose(layernorm(x), theirs.numpy(), rtol=1e-4, atol=1e-5)


def batchnorm_with(moments):
    def normalization(x, gain, bias):
        return batchnorm(x, gain, bias, moments)

    return normalization


# --- what is refused ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        ((random(4, 3), random(4)), {}, r"\(4, 3\) with gain of shape \(4,\)"),
        ((random(4, 3), None, random(3, 1)), {}, r"bias of shape \(3, 1\)"),
        ((random(4, 3).astype("f"), random(3)), {}, "of float32 .* gain of float64"),
        ((random(1, 3),), {}, r"shape \(1, 3\) while training"),
        ((random(4, 3),), {"training": False}, "no moments"),
        ((random(4, 3), None, None, Moments()), {"training": False}, "no moments"),
        ((np.ones((4, 3), int),), {}, "int64"),
        ((random(3),), {}, r"shape \(3,\)"),
        ((random(4, 3), None, None, Moments(mean=np.zeros(2))), {}, r"mean of shape \(2,\)"),
    ],
)
def test_operands_of_batchnorm_that_do_not_go_together(args, options, said):
    with pytest.raises(OperandError, match=said):
        batchnorm(*args, **options)


def test_operands_of_layernorm_that_do_not_go_together():
    with pytest.raises(OperandError, match=r"\(4, 3\) with gain of shape \(4,\)"):
        layernorm(random(4, 3), random(4))
    with pytest.raises(OperandError, match="momentum = 0"):
        Moments(momentum=0)


def test_batches_of_matrices():
    a, b = random(5, 2, 3), random(5, 3, 4)
    np.testing.assert_array_equal(bmm(a, b), a @ b)
    for a_shape, b_shape in (((5, 2, 3), (4, 3, 2)), ((2, 3), (3, 2)), ((5, 2, 3), (5, 2, 3))):
        with pytest.raises(OperandError, match="bmm of shapes"):
            bmm(np.ones(a_shape), np.ones(b_shape))
