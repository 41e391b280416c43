"""What is known of the lengths of axes is what the arrays have."""

import numpy as np
import pytest

from knetsrc.given import ranks_by
from knetsrc.transform.analysis.atoms import dims_of
from knetsrc.transform.analysis.dims import (
    broadcast_dims,
    is_open,
    open_dim,
    product,
    summed_axes,
    with_equal,
)
from knetsrc.transform.analysis.shape_flow import shapes
from knetsrc.transform.preparing import Preparing
from knetsrc.transform.units import Units
from test_rules_transformed import CALLS, MODULE, arguments_of


def told_shape(function, args):
    """The shape of the result as the analysis tells it, and lengths by axis of an argument."""
    units = Units()
    main = units.with_given(units.load_main(function), ranks_by(function, args, {}))
    wrt = set(main.parameters[: len(args)])
    core, calls, _, _ = Preparing(units).prepared(main, wrt)
    found = shapes(core, calls, False, frozenset(), main.numeric_in(core), told=main.told)
    named = zip(main.parameters, args, strict=False)
    lengths = {(p, i): n for p, a in named for i, n in enumerate(getattr(a, "shape", ()))}
    return dims_of(found.of(core.body[-1].value, core.body[-1])), lengths


def agrees(dims, lengths, shape):
    """Whether a shape that was told is that of a result."""
    if len(dims) != len(shape):
        return False
    known = [
        (d if isinstance(d, int) else lengths[d], n)
        for d, n in zip(dims, shape, strict=True)
        if not is_open(d)
    ]
    return all(d == n for d, n in known)


X, Y, Z = np.ones((4, 3)), np.ones((3, 5)), np.ones(3)
INDICES = np.array([0, 2])


@pytest.mark.parametrize(
    ("function", "args", "open_axes"),
    [
        (lambda x, y: x @ y, (X, Y), 0),
        (lambda x, z: x @ z, (X, Z), 0),
        (lambda x, z: np.dot(z, x.T), (X, Z), 0),
        (lambda x, z: np.outer(x[:, 0], z), (X, Z), 0),
        (lambda x, z: x[:, None, :] * z, (X, Z), 0),
        (lambda x: x[1:] - x[:-1], (X,), 1),
        (lambda x: x[..., 0], (X,), 0),
        (lambda x: x[None, ..., 1:], (X,), 1),
        (lambda x, i: x[i], (X, INDICES), 0),
        (lambda x, i: x[:, i], (X, INDICES), 0),
        (lambda x, i: x[np.arange(len(i)), i], (X, INDICES), 0),
        (lambda x: x.reshape(len(x), -1, 3), (X,), 1),
        (lambda x: x.reshape(2, x.shape[1], 2), (X,), 0),
        (lambda x: np.reshape(x, (6, 2)), (X,), 0),
        (lambda x: x.transpose(1, 0), (X,), 0),
        (lambda x: np.transpose(x.reshape(2, 2, 3), (2, 0, 1)), (X,), 0),
        (lambda x: np.swapaxes(x, 0, -1), (X,), 0),
        (lambda x: np.expand_dims(x, -1), (X,), 0),
        (lambda x: x.sum(axis=0), (X,), 0),
        (lambda x: np.mean(x, axis=-1, keepdims=True), (X,), 0),
        (lambda x: np.max(x, axis=(0, 1), keepdims=True), (X,), 0),
        (lambda x: x.var(axis=1), (X,), 0),
        (lambda x: np.concatenate([x, x[:1]]), (X,), 1),
        (lambda x: np.concatenate([x, np.zeros((4, 2))], axis=-1), (X,), 1),
        (lambda x: np.stack([x, x, x], axis=-1), (X,), 0),
        (lambda x, y: np.einsum("ij,jk->ki", x, y), (X, Y), 0),
        (lambda x: np.array([x[0], x[1]]), (X,), 0),
        (lambda x: np.cumsum(x, axis=0), (X,), 0),
        (lambda x: np.diag(x[0]), (X,), 0),
        (lambda x: np.linalg.solve(x.T @ x + np.eye(3), x.T), (X,), 0),
        (lambda x: x.ravel(), (X,), 1),
        (lambda x: x.reshape(x.T.shape), (X,), 0),
        (lambda x: np.zeros(x.shape), (X,), 0),
        (lambda x: np.zeros((len(x), 2)) + x[:, :1], (X,), 0),
        (lambda x: np.broadcast_to(x[0], (5, 3)), (X,), 0),
    ],
)  # fmt: skip
def test_shape_of_an_expression(function, args, open_axes):
    dims, lengths = told_shape(function, args)
    assert dims is not None
    assert sum(map(is_open, dims)) == open_axes
    assert agrees(dims, lengths, np.shape(function(*args)))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[x > 0.5],
        lambda x: x[[0, 1]],
        lambda x: np.zeros(np.shape(x)),
        lambda x: x.reshape(x.shape[::-1]),
        lambda x: np.repeat(x, 2),
    ],
)
def test_shape_that_is_not_known(function):
    assert told_shape(function, (X,))[0] is None


def test_calls_of_every_rule():
    wrong = []
    for call in CALLS:
        function = getattr(MODULE, call.name)
        for samples in call.inputs[:2]:
            args = arguments_of(samples)
            dims, lengths = told_shape(function, args)
            with np.errstate(all="ignore"):
                result = function(*args)
            if dims is not None and not agrees(dims, lengths, np.shape(result)):
                wrong.append((call.text, args, dims, np.shape(result)))
    assert not wrong


def test_broadcasting():
    n, m = ("x", 0), ("y", 0)
    assert broadcast_dims((n, 1), (3,)) == (n, 3)
    assert broadcast_dims((open_dim("a"),), (n,)) == (n,)
    both = broadcast_dims((open_dim("a"),), (open_dim("b"),))
    assert both == broadcast_dims((open_dim("b"),), (open_dim("a"),))
    assert is_open(both[0])
    assert broadcast_dims((n,), (m,)) is None
    equal = {}
    assert broadcast_dims((n,), (m,), equal) == (n,)
    assert with_equal(frozenset([("dims", (m, n))]), equal) == frozenset([("dims", (n, n))])


def test_products():
    n, m, k = ("x", 0), ("y", 0), ("z", 0)
    assert product((n, m), (m, k)) == (n, k)
    assert product((m,), (m, k)) == (k,)
    assert product((n, m), (m,)) == (n,)
    assert product((m,), (m,)) == ()
    assert product((5, n, m), (m, k)) == (5, n, k)
    assert product((), (m,)) is None


def test_sums_that_undo_broadcasting():
    n, m = ("x", 0), ("y", 0)
    assert summed_axes((n, m), (m,)) == ((0,), False)
    assert summed_axes((n, m), (n, 1)) == ((1,), True)
    assert summed_axes((5, n, m), (1, m)) is None
    assert summed_axes((n, m), (open_dim("a"),)) is None
    assert summed_axes((m,), (n, m)) is None
