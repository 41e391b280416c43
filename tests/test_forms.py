"""A gradient has the form of its argument: a float for a float, an array for an array, of its shape and dtype."""

from collections import namedtuple

import numpy as np
import pytest

from knetsrc import grad, value_and_grad, vjp

Pair = namedtuple("Pair", "a b")
WHOLE = np.array([1.5, 0.5])
KINDS = {
    "float": 1.5,
    **{f"np.{t.__name__}": t(1.5) for t in (np.float64, np.float32, np.float16)},
    **{f"0-d {t}": np.array(1.5, t) for t in ("float64", "float32")},
    **{f"1-d {t}": WHOLE.astype(t) for t in ("float64", "float32", "float16")},
    **{f"1 by 1 {t}": np.array([[1.5]], t) for t in ("float64", "float32")},
}


def halved(x):
    y = x * 0.5
    return y * y


def looped(x):
    y = x
    for i in range(3):
        y = y * 0.5 + i * x
    return np.sum(y)


def loop_that_does_not_run(x):
    s = 0.0
    for _ in range(0):
        s = s + np.sum(x)
    return s


def while_loop(x):
    y = np.sum(x)
    while y < 10.0:
        y = y * 2.0
    return y


def branch_not_taken(x):
    y = 0.0
    if np.sum(x) > 100.0:
        y = np.sum(x)
    return y


def unread(x):
    y = x
    return 2.0 + 0 * len(str(type(y)))


FUNCTIONS = {
    "constant": lambda x: 3.0,
    "constant array": lambda x: np.sum(np.ones(3)),
    "unread": unread,
    "sum": lambda x: np.sum(x),
    "square": lambda x: np.sum(x * x),
    "power": lambda x: np.sum(x**2),
    "real power": lambda x: np.sum(x**1.5),
    "quotient": lambda x: np.sum(1 / x),
    "scaled": lambda x: np.sum(2.0 * x + 1),
    "exp": lambda x: np.sum(np.exp(x)),
    "tanh": lambda x: np.sum(np.tanh(x)),
    "logistic": lambda x: np.sum(1 / (1 + np.exp(-x))),
    "abs": lambda x: np.sum(np.abs(x)),
    "maximum": lambda x: np.sum(np.maximum(x, 1.0)),
    "where": lambda x: np.sum(np.where(x > 1.0, x, x * x)),
    "float64 operand": lambda x: np.sum(x * np.ones(2)),
    "float32 operand": lambda x: np.sum(x * np.ones(2, np.float32)),
    "mean": lambda x: np.mean(x * x),
    "std": lambda x: np.std(x * np.array([1.0, 2.0])),
    "prod": lambda x: np.prod(x),
    "max": lambda x: np.max(x),
    "clip": lambda x: np.sum(np.clip(x, 0.0, 1.0)),
    "cumsum": lambda x: np.sum(np.cumsum(x) * 2.0),
    "outer": lambda x: np.sum(np.outer(x, x)),
    "norm": lambda x: np.linalg.norm(np.reshape(x, (-1,))),
    "sort": lambda x: np.sum(np.sort(np.reshape(x, (-1,))) * 2.0),
    "concatenate": lambda x: np.sum(np.concatenate([np.reshape(x, (-1,)), np.ones(2)]) ** 2),
    "to float32": lambda x: np.sum(np.asarray(x).astype(np.float32)),
    "to float64": lambda x: np.sum(np.asarray(x).astype(np.float64)),
    "helper": lambda x: np.sum(halved(x)),
    "loop": looped,
    "loop that does not run": loop_that_does_not_run,
    "while": while_loop,
    "branch not taken": branch_not_taken,
}
CONTAINERS = {
    "list": lambda x: [x, x],
    "tuple": lambda x: (x, x),
    "dict": lambda x: {"a": x, "b": x},
    "namedtuple": lambda x: Pair(x, x),
    "nested": lambda x: {"a": [x, (x, 3)], "n": None},
}
READERS = {
    "list": lambda f: lambda c: f(c[0]),
    "tuple": lambda f: lambda c: f(c[1]),
    "dict": lambda f: lambda c: f(c["a"]),
    "namedtuple": lambda f: lambda c: f(c.b),
    "nested": lambda f: lambda c: f(c["a"][1][0]),
}


def form(value):
    """All that must agree between an argument and its gradient."""
    if isinstance(value, dict):
        return {key: form(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [form(part) for part in value]
    if isinstance(value, int) or value is None:
        return None
    return type(value), getattr(value, "dtype", None), np.shape(value)


def by_vjp(function):
    def gradient(x):
        value, pullback = vjp(function, x)
        return pullback(value)[0]

    return gradient


WAYS = {
    "grad": grad,
    "tuple": lambda f: lambda x: grad(f, argnums=(0,))(x)[0],
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "has_aux": lambda f: lambda x: grad(lambda x: (f(x), "aux"), has_aux=True)(x)[0],
    "vjp": by_vjp,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_has_the_form_of_the_argument(name, way):
    gradient = WAYS[way](FUNCTIONS[name])
    for kind, x in KINDS.items():
        for _ in range(2):  # the second call checks less
            assert form(gradient(x)) == form(x), kind


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", ["constant", "square", "float64 operand", "mean", "loop", "while"])
def test_gradient_has_the_form_of_the_container(name, container):
    gradient = grad(READERS[container](FUNCTIONS[name]))
    for kind, x in KINDS.items():
        wrapped = CONTAINERS[container](x)
        for _ in range(2):
            assert form(gradient(wrapped)) == form(wrapped), kind


def test_several_arguments_have_forms_of_their_own():
    gradient = grad(lambda x, y, z: np.sum(x * y) * z, argnums=(0, 2, 1))
    args = (np.float32(2.0), np.array(3.0), 1.5)
    for _ in range(2):
        assert form(gradient(*args)) == form((args[0], args[2], args[1]))


def test_argument_by_keyword_or_default_has_its_form():
    def f(x, y=2.0):
        return np.sum(x * y)

    assert form(grad(f, wrt="y")(np.ones(3, np.float32))) == form(2.0)
    assert form(grad(f, wrt="y")(np.ones(3), y=np.float32(1.0))) == form(np.float32(1.0))
    assert form(grad(f, wrt="y")(np.ones(3), y=np.array(1.0))) == form(np.array(1.0))


def test_star_argument_keeps_its_form():
    def f(*xs):
        return np.sum(xs[0]) * xs[1]

    gradients = vjp(f, np.array(2.0), np.float32(3.0))[1](np.float64(1.0))
    assert form(gradients) == form((np.array(2.0), np.float32(3.0)))
