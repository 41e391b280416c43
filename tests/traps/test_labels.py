"""A label that is no class is refused by the gradient too, which does not compute the loss."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.ops import OperandError, nll


def loss(scores, labels):
    return nll(scores, labels)


@pytest.mark.parametrize("wrong", [-1, 3])
@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8])
def test_label_out_of_range(wrong, dtype):
    labels = np.array([0, 1, wrong]).astype(dtype)
    with pytest.raises(OperandError, match="for 3 classes"):
        loss(np.zeros((3, 3)), labels)
    with pytest.raises(OperandError, match="for 3 classes"):
        grad(loss)(np.zeros((3, 3)), labels)
