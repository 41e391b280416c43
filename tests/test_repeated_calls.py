"""What a repeated call, which checks less than the first one, must still see."""

import functools
import sys
import types

import numpy as np
import pytest

from knetsrc import NonScalarOutputError, NotDifferentiableError, grad, value_and_grad
from knetsrc.runner import Runner

X = np.array([1.0, 2.0, 3.0])


def loss(w, x):
    return np.sum(w * x)


def product(w, x):
    return w * x


def dot(w, x):
    return w @ x


def warmed(gradient, *args, **kwargs):
    """The gradient after calls with these arguments."""
    for _ in range(3):
        gradient(*args, **kwargs)
    return gradient


@pytest.fixture
def module(monkeypatch, tmp_path):
    """A module of the user's, with a function and what it calls."""
    path = tmp_path / "changing.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "def power(x):\n    return x * x\n\n\n"
        "def cube(x):\n    return x * x * x\n\n\n"
        "def loss(x, scale=1.0):\n    return np.sum(power(x)) * scale * FACTOR\n\n\n"
        "FACTOR = 1.0\n"
    )
    found = types.ModuleType("changing")
    found.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "changing", found)
    exec(compile(path.read_text(), str(path), "exec"), vars(found))
    return found


@pytest.mark.parametrize("x", [2.0, np.array([2.0])], ids=["float", "array"])
@pytest.mark.parametrize("make", [grad, lambda f: lambda x: value_and_grad(f)(x)[1]])
def test_helper_that_is_replaced(module, make, x):
    gradient = warmed(make(module.loss), x)
    assert np.all(gradient(x) == 4.0)
    module.power = module.cube
    assert np.all(gradient(x) == 12.0)


@pytest.mark.parametrize("x", [2.0, np.array([2.0])], ids=["float", "array"])
def test_global_number_that_changes(module, x):
    gradient = warmed(grad(module.loss), x)
    module.FACTOR = 10.0
    assert np.all(gradient(x) == 40.0)


@pytest.mark.parametrize("x", [2.0, np.array([2.0])], ids=["float", "array"])
def test_default_that_changes(module, x):
    gradient = warmed(grad(module.loss), x)
    module.loss.__defaults__ = (10.0,)
    assert np.all(gradient(x) == 40.0)


@pytest.mark.parametrize("x", [2.0, np.array([2.0])], ids=["float", "array"])
def test_captured_number_that_changes(x):
    scale = 1.0

    def f(x):
        return np.sum(x) * scale

    gradient = warmed(grad(f), x)
    scale = 5.0
    assert np.all(gradient(x) == 5.0)


def test_captured_function_that_changes():
    inner = np.sin

    def f(x):
        return np.sum(inner(x))

    gradient = warmed(grad(f), X)
    inner = np.exp
    np.testing.assert_allclose(gradient(X), np.exp(X))


def test_captured_name_that_is_deleted():
    scale = 1.0

    def f(x):
        return x * scale  # noqa: F821

    gradient = warmed(grad(f), 2.0)
    del scale
    with pytest.raises(NameError, match="free variable 'scale'"):
        gradient(2.0)


def test_function_as_argument_that_changes():
    def f(x, g):
        return np.sum(g(x))

    gradient = warmed(grad(f), X, np.sin)
    np.testing.assert_allclose(gradient(X, np.exp), np.exp(X))
    np.testing.assert_allclose(gradient(X, np.sin), np.cos(X))


@pytest.mark.parametrize("bad", [np.array([1, 2, 3]), np.array([True, False, True]), X * 1j])
@pytest.mark.parametrize("f", [loss, dot])
def test_array_of_another_dtype(f, bad):
    gradient = warmed(grad(f), X, X)
    with pytest.raises(NotDifferentiableError, match="`w`, which is an array of dtype"):
        gradient(bad, X)


@pytest.mark.parametrize("bad", [np.array([1, 2, 3]), np.array([True, False, True])])
def test_keyword_array_of_another_dtype(bad):
    gradient = warmed(grad(loss), x=X, w=X)
    np.testing.assert_array_equal(gradient(x=X, w=X), X)
    with pytest.raises(NotDifferentiableError, match="`w`, which is an array of dtype"):
        gradient(x=X, w=bad)


@pytest.mark.parametrize("bad", [3, True, None, "w", 1j, X.astype(int), np.int64(3)], ids=repr)
def test_argument_of_another_type(bad):
    gradient = warmed(grad(product), 2.0, 3.0)
    with pytest.raises(NotDifferentiableError):
        gradient(bad, 3.0)


def test_second_differentiated_argument_of_another_dtype():
    gradient = warmed(grad(loss, argnums=(0, 1)), X, X)
    with pytest.raises(NotDifferentiableError, match="`x`, which is an array of dtype int64"):
        gradient(X, X.astype(int))


def test_narrower_array():
    gradient = warmed(grad(loss), X, X)
    assert gradient(X.astype(np.float32), X).dtype == np.float32
    assert gradient(X.astype(np.float32), X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("make", [grad, value_and_grad])
def test_array_of_another_rank_gives_an_array(make):
    gradient = warmed(make(dot), X, X)
    with pytest.raises(NonScalarOutputError, match=r"returns an array of shape \(2,\)"):
        gradient(np.ones((2, 3)), X)


@pytest.mark.parametrize("args", [(), (X,), (X, X, X)], ids=len)
@pytest.mark.parametrize("x", [2.0, X], ids=["float", "array"])
def test_another_number_of_arguments(x, args):
    gradient = warmed(grad(loss), x, x)
    with pytest.raises(TypeError) as own:
        loss(*args)
    with pytest.raises(TypeError) as found:
        gradient(*args)
    assert str(found.value) == str(own.value)


def test_another_keyword():
    gradient = warmed(grad(loss), X, x=X)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        gradient(X, z=X)
    with pytest.raises(TypeError, match="multiple values for argument 'w'"):
        gradient(X, X, w=X)


def test_keywords_in_another_order():
    gradient = warmed(grad(loss), w=X, x=2.0 * X)
    np.testing.assert_array_equal(gradient(x=3.0 * X, w=X), 3.0 * X)


def test_shapes_that_do_not_fit():
    gradient = warmed(grad(loss), X, X)
    with pytest.raises(ValueError, match="operands could not be broadcast together"):
        gradient(X, np.ones(5))


def test_masked_array():
    gradient = warmed(grad(loss), X, X)
    with pytest.raises(NotDifferentiableError, match="`x` is a MaskedArray"):
        gradient(X, np.ma.masked_array(X, [True, False, False]))


def test_method_of_another_object():
    class Model:
        def __init__(self, scale):
            self.scale = scale

        @grad
        def loss(self, x):
            return np.sum(x) * self.scale

    one, two = Model(1.0), Model(2.0)
    for _ in range(3):
        assert one.loss(3.0) == 1.0
        assert two.loss(3.0) == 2.0
        np.testing.assert_array_equal(two.loss(X), np.full(3, 2.0))


def test_partial():
    gradient = warmed(grad(functools.partial(loss, x=X)), X)
    np.testing.assert_array_equal(gradient(2.0 * X), X)
    with pytest.raises(NotDifferentiableError):
        gradient(X.astype(int))


def test_gradient_does_not_share_memory_with_an_argument():
    gradient = warmed(grad(loss), X, X)
    x = X.copy()
    gradient(X, x)[0] = 7.0
    np.testing.assert_array_equal(x, X)


def beside_a_list(w, x, y):
    return np.sum(w[0] @ x + w[1] - y + y)


def over_lists(w, xs, ys):
    total = 0.0
    for x, y in zip(xs, ys, strict=True):
        total += np.sum((w @ x - y) ** 2)
    return total


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (beside_a_list, ([np.ones((1, 2)), np.ones((1, 1))], np.ones((2, 3)), np.ones((1, 3)))),
        (over_lists, (np.ones((1, 2)), [np.ones(2)] * 3, [np.ones(1)] * 3)),
    ],
)
def test_types_with_a_list_among_them_are_known_after_a_call(f, args, monkeypatch):
    gradient = warmed(grad(f), *args)
    monkeypatch.setattr(Runner, "ready_for", lambda *_: pytest.fail("looked at again"))
    gradient(*args)


class Doubling:
    """Multiplies as no number does."""

    def __init__(self, size):
        self.size = size

    def __mul__(self, other):
        return 2.0 * self.size * other


def first_times(ws, x):
    return np.sum(ws[0] * x)


@pytest.mark.parametrize("kind", [list, tuple])
def test_list_that_holds_objects_after_one_that_held_numbers(kind):
    gradient = warmed(grad(first_times, argnums=1), kind([3.0]), X)
    np.testing.assert_array_equal(gradient(kind([3.0]), X), [3.0, 3.0, 3.0])
    np.testing.assert_array_equal(gradient(kind([Doubling(3.0)]), X), [6.0, 6.0, 6.0])
    np.testing.assert_array_equal(gradient(kind([3.0]), X), [3.0, 3.0, 3.0])
