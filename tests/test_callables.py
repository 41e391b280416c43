"""Everything that can be called: its gradient, or an error that says why there is none."""

import functools
import linecache
import math
import operator
import types

import numpy as np
import pytest

from knetsrc import (
    KnetsrcError,
    MissingAdjointError,
    NonScalarOutputError,
    NotDifferentiableError,
    SourceNotFoundError,
    UnsupportedSyntaxError,
    grad,
    value_and_grad,
)

X = np.array([1.0, 2.0])


def power(x, y, n=2):
    return np.sum(x * y) ** n


class Model:
    slope = 3.0

    def __call__(self, x):
        return self.slope * x * x

    def cubed(self, x):
        return self.slope * x**3

    @classmethod
    def of_class(cls, x):
        return cls.slope * x

    @staticmethod
    def static(x):
        return x * x


class Slotted:
    __slots__ = ("slope",)

    def __init__(self):
        self.slope = 2.0

    def __call__(self, x):
        return self.slope * x


def tripled(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x) * 3.0

    return wrapper


def forwarding(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@tripled
@tripled
def decorated(x):
    return x * x


@forwarding
def forwarded(x):
    return x * x


@functools.cache
def cached(x):
    return x * x


async def coroutine(x):
    return x


async def asynchronous_generator(x):
    yield x


def generator(x):
    yield x


def nothing():
    return 1.0


def scaled_by(a):
    return lambda x: a * x * x


SQUARE, CUBE = (lambda x: x * x), (lambda x: x * x * x)
SAME, AGAIN = (lambda x: x * x), (lambda x: x * x)
BY_DEFAULT = [lambda x, i=i: x * i for i in range(3)]
LATE = [lambda x: x * i for i in range(1, 4)]  # noqa: B023
SEVERAL_LINES = [
    lambda x:
        x *
        x,
]  # fmt: skip
MODEL = Model()
REBUILT = types.FunctionType(power.__code__, {"np": np}, "rebuilt", (3,))

GRADIENTS = {
    "partial, by position": (functools.partial(power, 2.0), (3.0,), 24.0),
    "partial, by keyword": (functools.partial(power, n=3), (2.0, 3.0), 324.0),
    "partial of a partial": (functools.partial(functools.partial(power, 2.0), n=3), (3.0,), 216.0),
    "partial of a method": (functools.partial(MODEL.cubed), (2.0,), 36.0),
    "partial of a NumPy function": (functools.partial(np.mean, axis=None), (X,), [0.5, 0.5]),
    "partial of a ufunc": (functools.partial(np.multiply, 2.0), (3.0,), 2.0),
    "bound method": (MODEL.cubed, (2.0,), 36.0),
    "callable object": (MODEL, (2.0,), 12.0),
    "callable object with slots": (Slotted(), (2.0,), 2.0),
    "class method": (Model.of_class, (2.0,), 3.0),
    "class method of an object": (MODEL.of_class, (2.0,), 3.0),
    "static method": (Model.static, (2.0,), 4.0),
    "method type": (types.MethodType(power, 2.0), (3.0,), 24.0),
    "first lambda of a line": (SQUARE, (2.0,), 4.0),
    "second lambda of a line": (CUBE, (2.0,), 12.0),
    "lambda beside the same": (AGAIN, (3.0,), 6.0),
    "lambda with a default": (BY_DEFAULT[2], (2.0,), 2.0),
    "lambda with a variable of a comprehension": (LATE[0], (2.0,), 3.0),
    "lambda of several lines": (SEVERAL_LINES[0], (2.0,), 4.0),
    "lambda made by a function": (scaled_by(3.0), (2.0,), 12.0),
    "lambda made by a lambda": ((lambda a: lambda x: a * x)(3.0), (2.0,), 3.0),
    "decorated": (decorated, (2.0,), 36.0),
    "cached": (cached, (3.0,), 6.0),
    "function made of code": (REBUILT, (2.0, 3.0), 324.0),
    "gradient": (grad(CUBE), (2.0,), 12.0),
    "builtin": (pow, (2.0, 3.0), 12.0),
    "builtin class": (float, (2.0,), 1.0),
    "function of math": (math.sin, (0.0,), 1.0),
    "function of operator": (operator.mul, (2.0, 3.0), 3.0),
    "ufunc": (np.exp, (0.0,), 1.0),
    "NumPy function": (np.sum, (X,), [1.0, 1.0]),
}


@pytest.mark.parametrize(("function", "args", "expected"), GRADIENTS.values(), ids=GRADIENTS)
def test_gradient(function, args, expected):
    gradient = grad(function)
    for _ in range(2):
        np.testing.assert_allclose(gradient(*args), expected)


def test_nested_functions_of_one_name():
    def outer(scale):
        def f(x):
            return scale * x

        return f

    one, two = grad(outer(1.0)), grad(outer(2.0))
    assert (one(3.0), two(3.0), one(3.0)) == (1.0, 2.0, 1.0)


# --- where there is no file -------------------------------------------------------------------------
def in_a_cell(text, filename="<ipython-input-7-0123456789ab>"):
    """The functions of a notebook cell: their source is in `linecache` alone."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    scope = {"__name__": "__main__"}
    exec(compile(text, filename, "exec"), scope)
    return scope


@pytest.mark.parametrize("filename", ["<ipython-input-8-0123>", "/tmp/ipykernel_1/2345.py"])
def test_function_of_a_notebook(filename):
    cell = in_a_cell("def f(x):\n    return g(x) * x\n\ndef g(x):\n    return x * x\n", filename)
    assert grad(cell["f"])(2.0) == 12.0


def test_notebook_cell_that_was_run_again():
    old = in_a_cell("def f(x):\n    return x * x\n")["f"]
    new = in_a_cell("def f(x):\n    return x * x * x\n")["f"]
    assert grad(new)(2.0) == 12.0
    with pytest.raises(SourceNotFoundError, match="the source of `f` has changed"):
        grad(old)(2.0)


BARE = {"exec": "def f(x):\n    return x * x", "eval": "f = eval('lambda x: x * x')"}


@pytest.mark.parametrize("text", BARE.values(), ids=BARE)
def test_function_without_text(text):
    scope = {}
    exec(text, scope)
    with pytest.raises(SourceNotFoundError, match="typed at a bare prompt or made by exec"):
        grad(scope["f"])(2.0)


# --- functions that decorators have wrapped ---------------------------------------------------------
def gathered(*args):
    return args[0] ** 2


def by_form(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        if "k" in kwargs:
            return 2.0 * function(*args, **kwargs)
        return (3.0 if len(args) > 1 else 1.0) * function(*args, **kwargs)

    return wrapper


def quiet(function):
    @functools.wraps(function)
    def wrapper(*a, **k):
        with np.errstate(all="ignore"):
            result = function(*a, **k)
        return result

    return wrapper


@quiet
@forwarding
def wrapped_product(x, y):
    return np.sum(x**2 * np.exp(y))


@by_form
def told_apart(x, b=2.0, *, k=3.0):
    return np.sum(x**2) * b * k


class Decorated:
    slope = 3.0

    @quiet
    def loss(self, x, y):
        return self.slope * np.sum(x * y**2)

    @grad
    @quiet
    def gradient(self, x, y):
        return self.slope * np.sum(x**2 * y)


def test_argnums_count_the_parameters_of_the_wrapped_function():
    y = np.array([0.3, -0.5])
    by_x, by_y = grad(wrapped_product, argnums=(0, 1))(X, y)
    np.testing.assert_allclose(by_x, 2 * X * np.exp(y))
    np.testing.assert_allclose(by_y, X**2 * np.exp(y))
    np.testing.assert_allclose(grad(wrapped_product, argnums=1)(X, y=y), by_y)
    np.testing.assert_allclose(grad(wrapped_product, wrt="y")(y=y, x=X), by_y)
    value, (d,) = value_and_grad(wrapped_product, argnums=(1,))(X, y)
    assert value == wrapped_product(X, y)
    np.testing.assert_allclose(d, by_y)


def test_only_what_is_asked_for_of_a_wrapped_function_is_computed():
    gradient = grad(wrapped_product, argnums=1)
    gradient(X, X)
    assert "d_a_1" in gradient.source
    assert "d_a_0" not in gradient.source


def test_wrapper_sees_arguments_as_the_call_passes_them():
    gradient = grad(told_apart)
    for args, kwargs in [((X,), {}), ((X, 1.0), {}), ((X,), {"k": 1.0}), ((), {"b": 1.0, "x": X})]:
        factor = told_apart(*args, **kwargs) / np.sum(X**2)
        np.testing.assert_allclose(gradient(*args, **kwargs), 2 * factor * X)


def test_default_of_a_wrapped_function_that_the_call_does_not_pass():
    assert grad(told_apart, argnums=1)(X, 1.0) == pytest.approx(9.0 * np.sum(X**2))
    with pytest.raises(NotDifferentiableError, match="`k`, which the call does not pass"):
        grad(told_apart, wrt="k")(X)


def test_integer_argument_of_a_wrapped_function():
    with pytest.raises(NotDifferentiableError, match="`x`, which is the int 3") as caught:
        grad(told_apart)(3)
    assert "def told_apart(x, b=2.0, *, k=3.0)" in str(caught.value)


def test_wrapped_methods_and_partials():
    model, y = Decorated(), np.array([0.3, -0.5])
    np.testing.assert_allclose(grad(model.loss, argnums=1)(X, y), 6 * X * y)
    np.testing.assert_allclose(model.gradient(X, y), 6 * X * y)
    np.testing.assert_allclose(model.gradient(X, y=y), 6 * X * y)
    part = functools.partial(wrapped_product, y=y)
    np.testing.assert_allclose(grad(part)(X), 2 * X * np.exp(y))


# --- errors -----------------------------------------------------------------------------------------
NO_FUNCTION = "cannot be differentiated"
ERRORS = {
    "number": (3, (1.0,), NotDifferentiableError, f"3 {NO_FUNCTION}"),
    "text": ("f", (1.0,), NotDifferentiableError, f"'f' {NO_FUNCTION}"),
    "class": (Model, (), SourceNotFoundError, "no source for `Model`"),
    "coroutine": (coroutine, (1.0,), UnsupportedSyntaxError, "`async` in a differentiated function"),
    "asynchronous generator": (
        asynchronous_generator, (1.0,), UnsupportedSyntaxError, "`async` in a differentiated function",
    ),
    "generator": (generator, (1.0,), UnsupportedSyntaxError, "`yield` in a differentiated function"),
    "no parameters": (nothing, (), NotDifferentiableError, "argnums=0 is not a parameter of `nothing`"),
    "star parameter": (
        gathered, (1.0,), NotDifferentiableError,
        "argnums=0 is not a parameter of its own: it is part of `args`",
    ),
    "star parameter of a builtin": (
        max, (1.0, 2.0), NotDifferentiableError, "`max` has no parameter 0 of its own"
    ),
    "constant builtin": (round, (1.0,), MissingAdjointError, "`round` has no derivative"),
    "constant ufunc": (np.floor, (1.0,), MissingAdjointError, "`floor` has no derivative"),
    "builtin": (sorted, ([1.0],), MissingAdjointError, "no derivative rule for `sorted`"),
    "builtin method": ("a".upper, (1.0,), MissingAdjointError, "no derivative rule for `.upper`"),
    "ufunc method": (np.add.reduce, (X,), MissingAdjointError, "no derivative rule for `.reduce`"),
    "NumPy function": (
        np.apply_along_axis, (X,), MissingAdjointError, "no derivative rule for `np.apply_along_axis`"
    ),
    "tuple": (divmod, (3.0, 2.0), NonScalarOutputError, "`divmod` returns a tuple of length 2"),
    "value_and_grad": (
        value_and_grad(SQUARE), (1.0,), NonScalarOutputError,
        "`<lambda>` returns a tuple of length 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("function", "args", "kind", "message"), ERRORS.values(), ids=ERRORS)
def test_error(function, args, kind, message):
    with pytest.raises(kind) as caught:
        grad(function)(*args)
    assert caught.value.message == message
    assert caught.value.why and caught.value.instead


def test_star_parameter_is_named_by_a_lambda():
    with pytest.raises(KnetsrcError) as caught:
        grad(gathered)
    assert caught.value.instead.startswith("name it: grad(lambda x: gathered(x))")


@pytest.mark.parametrize(
    ("function", "args"),
    [(np.exp, (1.0, 2.0)), (np.linalg.det, (X, X)), (math.sin, ()), (pow, (1.0,))],
)
def test_wrong_call_of_a_builtin_raises_its_own_error(function, args):
    with pytest.raises(TypeError) as own:
        function(*args)
    with pytest.raises(TypeError) as found:
        grad(function)(*args)
    assert str(found.value) == str(own.value)


def test_inner_gradient_of_a_closure_is_refused():
    inner = grad(scaled_by(2.0))
    with pytest.raises(
        SourceNotFoundError, match="it is the gradient of a method, or of a function"
    ):
        grad(lambda x: inner(x) * x)(1.0)


def test_inner_gradient():
    inner = grad(CUBE)
    assert grad(lambda x: inner(x) * x)(2.0) == 36.0
