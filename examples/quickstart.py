"""Linear regression: a plain function, its gradient, gradient descent."""

import numpy as np

from knetsrc import grad
from knetsrc.datasets import housing


@grad
def loss(w, x, y):
    pred = w[0] @ x + w[1]
    return np.sum((y - pred) ** 2) / y.shape[1]


x, y = housing()
w = [np.zeros((1, 13), x.dtype), np.zeros((1, 1), x.dtype)]
print(loss.source)
for epoch in range(1, 21):
    w = [wi - 0.1 * d_wi for wi, d_wi in zip(w, loss(w, x, y), strict=True)]
    print(epoch, loss.primal(w, x, y))
