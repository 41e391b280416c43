"""The training step of every example with its arrays on a pretended device, beside that on the host."""

import importlib
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

import stand_in
from devices import to_device, to_host
from knetsrc.structure import leaves
from stand_in.kernels import compiler

needs_compiler = pytest.mark.skipif(compiler is None, reason="no C++ compiler runs the kernels")
EXAMPLES = Path(__file__).parent.parent / "examples"
RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def housing(example):
    return [normal(1, 13), normal(1, 1)], (normal(13, 20), normal(1, 20))


def mnist(*hidden):
    def arguments(example):
        w = example.init([12, *hidden, 5], np.random.default_rng(1))
        return w, (normal(12, 7), RNG.integers(0, 5, 7))

    return arguments


def charlm(example):
    args = Namespace(embedding=4, hidden=6)
    chars, targets = RNG.integers(0, 9, (2, 5, 3))
    w = example.init(9, args, np.random.default_rng(1))
    return w, (example.blank(args, 3), chars, targets)


def lenet(example):
    w = example.init(20, np.random.default_rng(1))
    return w, (normal(3, 1, 20, 20), RNG.integers(0, 10, 3))


def cifar(example):
    return example.init(np.random.default_rng(1)), (normal(2, 3, 32, 32), RNG.integers(0, 10, 2))


STEPS = [
    pytest.param("housing", housing, id="housing"),
    pytest.param("mnist", mnist(), id="softmax"),
    pytest.param("mnist", mnist(8), id="mlp"),
    pytest.param("mnist", mnist(8, 6), id="mlp2"),
    pytest.param("charlm", charlm, id="charlm"),
    pytest.param("lenet", lenet, id="lenet", marks=needs_compiler),
    pytest.param("cifar", cifar, id="cifar", marks=needs_compiler),
]


@pytest.fixture
def example(request, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module(request.param)
    for name in ("training", request.param):
        sys.modules.pop(name, None)


def step(loss, w, rest):
    """One step of gradient descent in place; the value and the gradient that it was made with."""
    value, gradient = loss.value_and_grad(w, *rest)
    keys = w if isinstance(w, dict) else range(len(w))
    for key in keys:
        w[key] -= 0.1 * gradient[key]
    return value, gradient


@pytest.mark.parametrize(("example", "arguments"), STEPS, indirect=["example"])
def test_training_step_on_device(example, arguments):
    w, rest = arguments(example)
    device_w, device_rest = to_device((w, rest))
    step(example.loss, *to_device((w, rest)))  # sizes of windows go to the device once
    with stand_in.recorded() as record:
        value, gradient = step(example.loss, device_w, device_rest)
    expected_value, expected = step(example.loss, w, rest)
    assert not record.waits
    assert not record.uploads
    for (path, found), (_, number) in zip(
        leaves([value, gradient, device_w]), leaves([expected_value, expected, w]), strict=True
    ):
        assert isinstance(found, stand_in.ndarray), path
        assert found.dtype == np.asarray(number).dtype, path
        limit = 1e-5 * np.abs(number).max()
        np.testing.assert_allclose(to_host(found), number, rtol=1e-5, atol=limit, err_msg=path)
