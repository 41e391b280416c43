"""Programs that are refused: what the message says, and at which piece of the source."""

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad

A = np.ones((3, 2))
V = np.array([1.0, 2.0, 3.0])
CASES = []


def refused(message, caret, *args):
    """Enter a function that is refused with this message, the caret under `caret`."""
    return lambda f: CASES.append(pytest.param(f, args, message, caret, id=f.__name__)) or f


@refused("gradient of svd with full_matrices=True of a matrix that is not square", "u, _, _ = np.linalg.svd(a)", A)
def whole_svd(a):
    u, _, _ = np.linalg.svd(a)
    return np.sum(u)


@refused('gradient of qr with mode="complete" of a matrix of shape (3, 2)', 'q, _ = np.linalg.qr(a, mode="complete")', A)
def complete_qr(a):
    q, _ = np.linalg.qr(a, mode="complete")
    return np.sum(q)


@refused("a complex number in a differentiated value", "q, _ = np.linalg.qr(a * 1j)", np.eye(2))
def complex_qr(a):
    q, _ = np.linalg.qr(a * 1j)
    return np.sum(np.abs(q))


@refused("gradient of lstsq with a matrix of shape (3, 2) and rank 1", "x = np.linalg.lstsq(a, V, rcond=None)[0]", A)
def deficient_lstsq(a):
    x = np.linalg.lstsq(a, V, rcond=None)[0]
    return np.sum(x)


@refused("a sum over the keys of a dict", "return sum(d) * 1.0", {1.0: 2.0})
def sum_of_keys(d):
    return sum(d) * 1.0


@refused("numpy.pad with mode='maximum'", 'y = np.pad(x, 2, mode="maximum")', V)
def pad_by_maximum(x):
    y = np.pad(x, 2, mode="maximum")
    return np.sum(y)


@refused("order='K' of an array that is not contiguous", 'y = np.ravel(x[:, ::2], order="K")', np.ones((2, 4)))
def memory_order(x):
    y = np.ravel(x[:, ::2], order="K")
    return np.sum(y * y)


@refused("the argument `subscripts` depends on a differentiated value", "np.einsum(a, [0, 1], [1, 0])", A)
def einsum_with_lists(a):
    return np.sum(np.einsum(a, [0, 1], [1, 0]))


@refused("`g` stands for more than one thing", "def g(y):", 1.0)
def function_defined_twice(x):
    if x > 0.0:
        def g(y):
            return y * 2.0
    else:
        def g(y):
            return y * 3.0 if y < 4.0 else g(y - 4.0)
    return g(x)


@refused(
    "`+` or `*` on a list in a differentiated value",
    'ys = params["a"] + params["b"]',
    {"a": [1.0], "b": [2.0]},
)
def joined_lists(params):
    ys = params["a"] + params["b"]
    return ys[0] * ys[1]


@refused("a parameter named `len`", "len", 2.0)
def parameter_of_a_needed_name(len):  # noqa: A002
    return len * 2.0


@refused("`np.median` with the argument `overwrite_input`", "np.median(x, overwrite_input=True)", V)
def unknown_option(x):
    return np.median(x, overwrite_input=True)


@refused("a loop over `iter(x)`", "iter(x)", V)
def loop_over_an_iterator(x):
    total = 0.0
    for v in iter(x):
        total = total + v
    return total


@refused("`{x, 2 * x}` in a differentiated value", "{x, 2 * x}", 1.0)
def elements_of_a_set(x):
    values = {x, 2 * x}
    return sum(values)


@refused("no derivative rule for `getattr`", 'getattr(x, "T")', V)
def getattr_of_an_array(x):
    return np.sum(getattr(x, "T"))  # noqa: B009


@pytest.mark.parametrize(("f", "args", "message", "caret"), CASES)
def test_message_and_place(f, args, message, caret):
    with pytest.raises(KnetsrcError) as caught:
        grad(f)(*args)
    error = caught.value
    assert error.message == message
    assert error.why and error.instead
    _, function, number, start, end, text = error.place
    assert function == f.__name__
    assert text[start:end].strip().startswith(caret[: end - start])
    assert f.__code__.co_firstlineno < number < f.__code__.co_firstlineno + 10


def test_static_method_object_names_the_order_of_decorators():
    with pytest.raises(KnetsrcError) as caught:
        grad(staticmethod(whole_svd))
    assert caught.value.message == "a `staticmethod` object cannot be differentiated"
    assert caught.value.instead == "write @staticmethod above @grad"


def test_dump_of_what_cannot_be_imported(tmp_path):
    scale = [2.0]

    def outer():
        def f(x):
            return helper(x) * x

        def helper(x):
            return x * scale[0]

        return f

    with pytest.raises(KnetsrcError) as caught:
        grad(outer()).dump(tmp_path / "f_grad.py")
    assert caught.value.message.endswith("cannot be written to a file")
    assert caught.value.why and caught.value.instead


def test_name_that_is_bound_twice():
    def pair(x):
        return x * x, 3.0 * x, x

    def f(x):
        a, b, a = pair(x)
        return a * b

    with pytest.raises(KnetsrcError, match="a name that is bound twice by one assignment"):
        grad(f)(2.0)


def test_underscore_may_be_bound_twice():
    def triple(x):
        y = x * x
        return y, 3.0 * x, y * x

    def f(x):
        _, y, _ = triple(x)
        return y * x

    assert grad(f)(2.0) == 12.0
    singular = grad(lambda a: np.sum(np.linalg.svd(a)[1]))
    assert singular(np.eye(2)).shape == (2, 2)
