"""The pretended device refuses what CuPy refuses, and says where CuPy would wait."""

import copy

import numpy as np
import pytest

import stand_in as cp
from knetsrc import grad


@pytest.fixture
def x():
    return cp.asarray(np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    "mixed",
    [
        lambda x: x + np.ones(3),
        lambda x: np.ones(3) * x,
        lambda x: np.concatenate([x, np.ones((2, 3))]),
        lambda x: np.where(x > 0, x, np.zeros((2, 3))),
        lambda x: np.matmul(x, np.ones((3, 1))),
        lambda x: x.__setitem__(0, np.ones(3)),
        lambda x: np.asarray(x),
        lambda x: np.array([x[0], x[1]]),
        lambda x: np.add.at(x, 0, 1.0),
        lambda x: np.add(x, 1, out=np.zeros((2, 3))),
    ],
)
def test_host_arrays_are_refused(mixed, x):
    with pytest.raises(TypeError):
        mixed(x)


def test_what_cupy_lacks_is_refused(x):
    with pytest.raises(TypeError):
        np.insert(x, 0, 1.0)
    with pytest.raises(TypeError, match="keepdims"):
        np.count_nonzero(x, axis=0, keepdims=True)
    with pytest.raises(AttributeError):
        x.setflags(write=False)


def test_numbers_are_taken_and_results_stay_on_the_device(x):
    for y in (x + 1, np.float32(2) * x, np.sum(x), x.max(axis=0), x[0, 0], np.linalg.norm(x)):
        assert isinstance(y, cp.ndarray)
    assert x.sum().shape == () == x[1, 2].shape


def test_an_element_is_a_view(x):
    x[0, 1][...] = 7
    assert float(x[0, 1]) == 7


@pytest.mark.parametrize("read", [float, bool, int, lambda s: s.item(), lambda s: s.get()])
def test_reading_a_number_is_written_down(read, x):
    with cp.recorded() as record:
        total = x.sum()
        assert not record.waits
        read(total)
    assert record.waits
    assert record.calls == ["sum"]


def test_a_mask_has_to_be_counted(x):
    with cp.recorded() as record:
        positive = x[x > 0]
    assert record.waits == ["count"]
    assert positive.shape == (5,)


def test_copies_are_independent(x):
    other = copy.deepcopy(x)
    other += 1
    assert float(x[0, 0]) == 0


def test_a_host_array_in_the_gradient_is_found():
    def loss(w, x):
        return np.sum(w * x) + np.sum(np.zeros(3) * w)  # np.zeros is on the host

    gradient = grad(loss)
    assert isinstance(gradient(np.ones(3), np.ones(3)), np.ndarray)
    with pytest.raises(TypeError, match="Unsupported type"):
        gradient(cp.asarray(np.ones(3)), cp.asarray(np.ones(3)))
