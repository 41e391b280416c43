"""The neural network operators: values, extreme inputs, dtypes, errors, derivatives."""

import subprocess
import sys

import numpy as np
import pytest

from knetsrc import ops
from knetsrc.adjoints.table import TABLE
from knetsrc.errors import KnetsrcError
from knetsrc.ops import OperandError
from rules import call_rule

EXTREME = np.array([[-1e4, 0.0, 1e4], [1e4, 1e4, -700.0]])
RNG = np.random.default_rng(1)


def adjoint_at(function, x, y=None, **options):
    """The adjoint of `x` for a cotangent of ones, from the rule of the table."""
    y = function(x, **options) if y is None else y
    [adjoint] = call_rule(
        TABLE.by_function[function], {"x": x, **options}, y, np.ones_like(y)
    ).values()
    return adjoint


@pytest.fixture(autouse=True)
def _no_warnings():
    with np.errstate(all="raise", under="ignore"):
        yield


def test_sigm_is_accurate_on_both_sides():
    x = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    np.testing.assert_allclose(ops.sigm(x), [0, np.exp(-40), 0.5, 1, 1], rtol=1e-15)
    np.testing.assert_array_equal(adjoint_at(ops.sigm, x)[[0, 4]], 0)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1)])
def test_softmax_sums_to_one_and_logsoftmax_is_its_logarithm(axis):
    x = RNG.standard_normal((3, 4))
    expected = np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)
    np.testing.assert_allclose(ops.softmax(x, axis), expected)
    np.testing.assert_allclose(ops.logsoftmax(x, axis), np.log(expected))
    np.testing.assert_allclose(ops.logsumexp(x, axis), np.log(np.sum(np.exp(x), axis=axis)))


@pytest.mark.parametrize("function", [ops.softmax, ops.logsoftmax, ops.logsumexp])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_extreme_scores_neither_overflow_nor_give_nan(function, axis):
    assert np.all(np.isfinite(function(EXTREME, axis)))
    assert np.all(np.isfinite(adjoint_at(function, EXTREME, axis=axis)))


def test_logsumexp_of_infinities():
    x = np.array([[-np.inf, -np.inf, np.inf], [-np.inf, 1.0, 2.0]])
    np.testing.assert_array_equal(ops.logsumexp(x, axis=0), [-np.inf, 1, np.inf])


def test_masked_scores_get_probability_and_adjoint_zero():
    x = np.array([0.0, -np.inf, 1.0])
    assert ops.softmax(x)[1] == 0
    assert adjoint_at(ops.logsumexp, x)[1] == 0
    np.testing.assert_array_equal(adjoint_at(ops.softmax, x), 0)


def test_relu_has_derivative_zero_at_zero():
    np.testing.assert_array_equal(adjoint_at(ops.relu, np.array([-1.0, 0.0, 2.0])), [0, 0, 1])


def test_nan_goes_through():
    for function in (ops.relu, ops.sigm, ops.softmax, ops.logsoftmax, ops.logsumexp):
        with np.errstate(all="ignore"):
            assert np.all(np.isnan(function(np.array([np.nan]))))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (4,), (3, 4)], ids=str)
def test_dtype_is_kept(dtype, shape):
    x = dtype(1.5) if shape == () else RNG.standard_normal(shape).astype(dtype)
    for function in (ops.relu, ops.sigm, ops.softmax, ops.logsoftmax, ops.logsumexp):
        assert function(x).dtype == dtype, function
        assert np.asarray(adjoint_at(function, x)).dtype == dtype, function
    assert ops.dropout(x, 0.5, np.random.default_rng(0)).dtype == dtype


def test_nll_is_the_mean_of_what_the_right_classes_have():
    scores, labels = RNG.standard_normal((3, 4)).astype(np.float32), np.array([0, 2, 2, 1])
    probabilities = ops.softmax(scores, axis=0)
    value = ops.nll(scores, labels)
    np.testing.assert_allclose(value, -np.mean(np.log(probabilities[labels, range(4)])), rtol=1e-6)
    assert value.dtype == np.float32
    assert ops.nll(scores.T, labels, axis=1) == value
    assert ops.nll(scores, list(labels)) == value
    assert ops.nll(scores, labels.astype(np.uint8), axis=-2) == value


def test_nll_of_hopeless_scores_is_their_distance():
    assert ops.nll(np.array([[1e4], [0.0]]), np.array([1])) == 1e4


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 3, 0], "labels from 0 to 3 for 3 classes"),
        ([0, 1, -1, 0], "labels from -1 to 1 for 3 classes"),
        ([0.0, 1.0, 0.0, 0.0], "kind 'f'"),
        ([True, False, True, False], "kind 'b'"),
        ([0, 1], r"labels of shape \(2,\)"),
        (np.eye(3, 4, dtype=int), r"integers of shape \(4,\); for one-hot, np.argmax"),
    ],
    ids=str,
)
def test_labels_that_select_no_class_are_refused(labels, message):
    for function in (ops.nll, ops.accuracy):
        with pytest.raises(OperandError, match=message):
            function(np.zeros((3, 4)), np.array(labels))


def test_axis_out_of_range_is_refused():
    with pytest.raises(np.exceptions.AxisError):
        ops.nll(np.zeros((3, 4)), np.array([0, 0, 0]), axis=2)


def test_dropout_keeps_the_mean_and_scales_what_is_left():
    y = ops.dropout(np.full((100, 200), 3.0), 0.25, np.random.default_rng(0))
    assert set(np.unique(y)) == {0.0, 4.0}
    assert abs(np.mean(y) - 3) < 0.05


def test_dropout_draws_anew_at_each_call_and_the_same_for_a_seed():
    x, rng = np.ones(100), np.random.default_rng(0)
    first, second = ops.dropout(x, 0.5, rng), ops.dropout(x, 0.5, rng)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, ops.dropout(x, 0.5, np.random.default_rng(0)))


def test_dropout_of_nothing_and_of_a_number():
    np.testing.assert_array_equal(ops.dropout(EXTREME, 0, np.random.default_rng(0)), EXTREME)
    assert ops.dropout(2.0, 0.5, np.random.default_rng(0)) in (0.0, 4.0)


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
def test_dropout_of_everything_is_refused(p):
    with pytest.raises(OperandError, match="at least 0 and less than 1"):
        ops.dropout(np.ones(3), p, np.random.default_rng(0))


def test_mat_keeps_the_batch_even_an_empty_one():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(ops.mat(x), x.reshape(2, 12))
    assert ops.mat(np.zeros((0, 3, 4))).shape == (0, 12)
    assert ops.mat(np.zeros(5)).shape == (5, 1)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_onehot_is_undone_by_argmax(axis):
    labels = RNG.integers(4, size=(2, 3))
    made = ops.onehot(labels, 4, axis=axis, dtype=np.float64)
    assert made.dtype == np.float64
    np.testing.assert_array_equal(np.argmax(made, axis=axis), labels)
    np.testing.assert_array_equal(np.sum(made, axis=axis), 1)


def test_onehot_of_a_single_label_and_of_one_too_large():
    np.testing.assert_array_equal(ops.onehot(1, 3), [0, 1, 0])
    with pytest.raises(KnetsrcError, match="3 classes"):
        ops.onehot(np.array([3]), 3)


def test_logp_is_logsoftmax():
    assert ops.logp is ops.logsoftmax


def test_ops_import_nothing_large():
    program = (
        "import sys, knetsrc.ops; print({'numba', 'sklearn', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def scores_loss(w, x, labels):
    return (
        ops.nll(w @ ops.sigm(x), labels)
        + np.sum(ops.relu(w) ** 2)
        + ops.logsumexp(ops.logsoftmax(w, axis=1))
    )


def test_gradient_of_a_loss_agrees_with_finite_differences():
    from knetsrc.testing import check_grads

    check_grads(
        scores_loss,
        (RNG.standard_normal((3, 5)), RNG.standard_normal((5, 4)), np.array([0, 2, 2, 1])),
        argnums=(0, 1),
    )


def test_gradient_of_dropout_is_its_own_mask():
    from knetsrc import grad

    x = np.array([0.0, 1.0, 2.0, 0.0, -1.0, 3.0])
    gradient = grad(lambda x, rng: np.sum(ops.dropout(x, 0.5, rng)))(x, np.random.default_rng(3))
    np.testing.assert_array_equal(gradient, ops.dropout_mask(x, 0.5, np.random.default_rng(3)))


def test_second_derivatives_go_through_the_rules():
    from knetsrc import grad, vjp

    x = RNG.standard_normal(4)
    probabilities = ops.softmax(x)
    expected = np.diag(probabilities) - np.outer(probabilities, probabilities)
    for f in (lambda x: ops.nll(x, 2), lambda x: ops.logsumexp(x)):
        pullback = vjp(grad(f), x)[1]
        found = np.array([pullback(e)[0] for e in np.eye(4)])
        np.testing.assert_allclose(found, expected, atol=1e-12)
