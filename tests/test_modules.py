"""Functions of another array module, by name, as an argument, and found by an array."""

import numpy as np
import pytest

import stand_in as cp
from devices import to_device, to_host
from knetsrc import grad, stop_gradient, value_and_grad, vjp
from knetsrc.backends import as_array, beside, finished, like, unbroadcast, zeros_like
from knetsrc.errors import KnetsrcError, OperandError
from knetsrc.modules import array_module, host_twin, on_device, special_module
from knetsrc.ops import dropout, nll

W, X = np.random.default_rng(0).standard_normal((2, 3, 3))


def named(w, x):
    return cp.sum(cp.exp(w @ x) + cp.maximum(w[0], 0.5)) + cp.linalg.norm(w)


def special(w, x):
    return cp.special.gammaln(w * w + 1).sum() + cp.sum(cp.special.erf(w @ x))


def by_numpy(w, x):
    return np.sum(np.exp(w @ x) + np.maximum(w[0], 0.5)) + np.linalg.norm(w)


def helper(x, xp):
    return xp.tanh(x) * xp.mean(x)


def with_module(w, x, xp):
    return xp.sum(helper(w @ x, xp)) + xp.linalg.norm(w) + xp.sum(xp.ones(3) * w)


def with_default(w, x, xp=np):
    return xp.sum(xp.exp(w @ x))


def helper_of_array(x):
    xp = array_module(x)
    return xp.sinh(x) * xp.arange(3.0)


def found_by_array(w, x):
    xp = array_module(w)
    total = 0.0
    for _ in range(2):
        total = total + xp.sum(xp.exp(w @ x) * xp.arange(3.0))
    return total + xp.sum(helper_of_array(w))


class Settings:
    def __init__(self, xp):
        self.xp = xp


def module_in_an_object(w, settings):
    return settings.xp.sum(w)


def assert_same(found, expected):
    assert isinstance(found, cp.ndarray)
    np.testing.assert_allclose(to_host(found), expected, rtol=1e-12)


def test_function_of_the_module_has_the_rule_of_numpys():
    assert_same(grad(named)(*to_device((W, X))), grad(by_numpy)(W, X))


def test_function_of_its_special_module_has_the_rule_of_scipys():
    from scipy import special as host

    def loss(w, x):
        return host.gammaln(w * w + 1).sum() + np.sum(host.erf(w @ x))

    assert_same(grad(special)(*to_device((W, X))), grad(loss)(W, X))


@pytest.mark.parametrize("function", [with_module, with_default])
def test_module_as_an_argument(function):
    gradient = grad(function)
    on_host = gradient(W, X, np)
    assert isinstance(on_host, np.ndarray)
    assert_same(gradient(*to_device((W, X)), cp), on_host)
    np.testing.assert_array_equal(gradient(W, X, xp=np), on_host)


def test_module_by_default():
    np.testing.assert_array_equal(grad(with_default)(W, X), grad(with_default)(W, X, np))


def test_module_of_an_array():
    gradient = grad(found_by_array)
    assert_same(gradient(*to_device((W, X))), gradient(W, X))


def test_function_of_a_module_in_an_object_is_no_method_of_an_array():
    with pytest.raises(KnetsrcError, match="`sum` of a module, called with a differentiated value"):
        grad(module_in_an_object)(W, Settings(np))


def test_gradient_of_a_float_stays_on_the_device():
    def loss(scale, x):
        return np.sum(scale * x)

    with cp.recorded() as record:
        value, d_scale = value_and_grad(loss)(2.0, cp.asarray(X))
    assert not record.waits
    assert isinstance(value, cp.ndarray)
    assert d_scale.shape == ()
    assert float(d_scale) == pytest.approx(X.sum())


def test_gradient_of_an_array_without_axes():
    def loss(w, unused):
        return w * 2.0

    d_w, d_unused = grad(loss, (0, 1))(cp.asarray(1.5), cp.asarray(0.5))
    assert isinstance(d_w, cp.ndarray)
    assert isinstance(d_unused, cp.ndarray)
    assert (float(d_w), float(d_unused)) == (2.0, 0.0)


def test_dropout_draws_on_the_device():
    x = cp.asarray(X)
    y = dropout(x, 0.5, cp.random.default_rng(0))
    assert isinstance(y, cp.ndarray)
    with pytest.raises(OperandError, match="random numbers of NumPy"):
        dropout(x, 0.5, np.random.default_rng(0))


def test_labels_on_the_device_are_not_looked_at():
    labels = cp.asarray(np.array([0, 2, 1]))
    with cp.recorded() as record:
        grad(nll)(cp.asarray(W), labels)
    assert not record.waits


def test_gradients_of_a_list_share_no_memory():
    def loss(w):
        return np.sum(w[0] + w[1])

    first, second = grad(loss)(to_device([W, X]))
    first += 1
    assert_same(second, np.ones((3, 3)))


def test_cotangent_of_numpy_is_refused():
    _, pullback = vjp(np.exp, cp.asarray(W))
    with pytest.raises(KnetsrcError, match="an array of NumPy"):
        pullback(np.ones((3, 3)))


def test_modules_are_told_apart():
    x = cp.asarray(W)
    assert array_module(1.0, W, [2.0, W]) is np
    assert array_module(1.0, (2.0, [x])) is cp
    assert on_device(x) and not on_device(W)
    assert host_twin(cp.exp) is np.exp
    assert host_twin(cp.linalg.norm) is np.linalg.norm
    assert host_twin(stop_gradient) is stop_gradient
    assert special_module(x) is cp.special


def test_helpers_hand_on_arrays_of_the_device():
    x = cp.asarray(W)
    assert isinstance(like(1.0, x), cp.ndarray)
    assert isinstance(unbroadcast(np.ones((1, 1)), x), cp.ndarray)
    assert isinstance(unbroadcast(x, 2.0), cp.ndarray)
    assert isinstance(unbroadcast(x.sum(), np.float32(2)), cp.ndarray)
    assert isinstance(zeros_like(cp.asarray(1.0)), cp.ndarray)
    assert isinstance(finished(1.0, cp.asarray(2.0)), cp.ndarray)
    assert isinstance(as_array([x[0, 0], x[0, 1]]), cp.ndarray)
    assert beside(1.0, W) == 1.0
    assert beside(1.0, x).shape == ()
