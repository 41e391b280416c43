"""Arguments of calls: what a rule does not know is refused, whatever way it is passed."""

import numpy as np
import pytest
from scipy import special

from knetsrc import grad, vjp
from knetsrc.errors import UnsupportedSyntaxError

X = np.array([[0.3, -0.7, 1.2], [0.5, 0.1, -0.4]])


def positional_dtype(x):
    return np.sum(np.sum(x, 0, np.float32))


def keyword_dtype(x):
    return np.sum(np.exp(x, dtype=np.float32))


def modulus(x):
    return pow(x, 2, 3)


def sort_key(x):
    return max(x[0, 0], x[0, 1], key=abs)


def reflection(x):
    return np.sum(np.pad(x, 1, "reflect", reflect_type="odd"))


def star(x):
    pair = (x, x)
    return np.sum(np.maximum(*pair))


def method_dtype(x):
    return np.sum(x.mean(0, np.float32))


def in_place(x):
    return np.sum(np.nan_to_num(x, copy=False))


REFUSED = [
    (positional_dtype, "`np.sum` with the argument `dtype`"),
    (keyword_dtype, "`np.exp` with the argument `dtype`"),
    (modulus, "`pow` with the argument `mod`"),
    (sort_key, "`max` with arguments that its derivative rule does not take"),
    (reflection, "`np.pad` with the argument `reflect_type`"),
    (star, "`np.maximum` with star arguments"),
    (method_dtype, "`.mean` with the argument `dtype`"),
    (in_place, "`np.nan_to_num` with the argument `copy`"),
]


@pytest.mark.parametrize(("function", "message"), REFUSED, ids=lambda v: getattr(v, "__name__", ""))
def test_an_argument_that_a_rule_does_not_know_is_refused(function, message):
    with pytest.raises(UnsupportedSyntaxError) as raised:
        grad(function)(X)
    assert raised.value.message == message
    assert raised.value.why and raised.value.instead
    assert f"in {function.__name__}" in str(raised.value)


def defaults(x):
    return np.sum(np.sum(x, 0, None, None, True, where=True) * np.exp(x, out=None))


def other_names(x):
    return np.sum(np.clip(x, min=-0.5, max=0.6)) + np.sum(np.std(x, 0, None, None, 1))


def layout(x):
    return np.sum(x.reshape((3, 2), order="F")[0] * np.array(x, order="F", copy=True)[0, :2])


def star_shape(x):
    shape = (3, 2)
    return np.sum(x.reshape(*shape)[0] ** 2) + np.sum(x.transpose(*(1, 0))[0] ** 3)


@pytest.mark.parametrize("function", [defaults, other_names, layout, star_shape])
def test_options_that_change_nothing_or_have_another_name_are_bound(function):
    direction = np.cos(np.arange(X.size)).reshape(X.shape)
    ends = [function(X + h * direction) for h in (1e-6, -1e-6)]
    assert np.isclose(np.sum(grad(function)(X) * direction), (ends[0] - ends[1]) / 2e-6)


CONSTANT_ONLY = [
    (lambda a, x: special.betainc(a, 2.0, x), (1.5, 0.3), "a"),
    (lambda p, x: np.linalg.norm(x, p), (3.0, X[0]), "ord"),
    (lambda h, x: np.sum(np.gradient(x, h)), (0.5, X[0]), "varargs"),
    (lambda q, x: np.quantile(x, q), (0.3, X[0]), "q"),
]


@pytest.mark.parametrize(("function", "args", "name"), CONSTANT_ONLY, ids=lambda v: str(v)[:8])
def test_a_differentiated_value_for_an_option_without_derivative_is_refused(function, args, name):
    with pytest.raises(UnsupportedSyntaxError, match=f"the argument `{name}` depends on"):
        grad(function)(*args)
    assert np.all(np.isfinite(grad(function, 1)(*args)))


def test_an_axis_may_come_from_a_differentiated_container():
    def total(model):
        return np.sum(np.sum(model[0], axis=model[1]) ** 2)

    gradient = grad(total)([X, 1])
    np.testing.assert_allclose(gradient[0], np.broadcast_to(2 * X.sum(1)[:, None], X.shape))
    assert gradient[1] is None


def test_all_operands_by_a_star():
    value, pullback = vjp(lambda *arrays: np.einsum("ij,kj->ik", *arrays), X, 2 * X)
    left, right = pullback(np.ones_like(value))
    np.testing.assert_allclose(left, np.ones((2, 2)) @ (2 * X))
    np.testing.assert_allclose(right, np.ones((2, 2)) @ X)


def test_an_argument_without_rule_is_no_matter_where_nothing_is_differentiated():
    def scaled(x, mask):
        return np.sum(x * np.prod(mask, where=mask > 0))

    np.testing.assert_array_equal(grad(scaled)(np.ones(2), 2 * np.ones(2)), [4.0, 4.0])
