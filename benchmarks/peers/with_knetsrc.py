"""Plain NumPy functions, differentiated by knetsrc: the models of `examples/`."""

from typing import Any

import numpy as np

from knetsrc import grad
from knetsrc.ops import conv, mat, nll, pool, relu, sigm
from peers import Model


@grad
def linear_loss(w, x, y):
    return np.sum((y - (w[0] @ x + w[1])) ** 2) / y.shape[1]


@grad
def perceptron_loss(w, x, y):
    for i in range(0, len(w), 2):
        x = w[i] @ x + w[i + 1]
        if i < len(w) - 2:
            x = relu(x)
    return nll(x, y)


@grad
def convolutional_loss(w, x, y):
    x = pool(relu(conv(x, w[0], bias=w[1])))
    x = pool(relu(conv(x, w[2], bias=w[3])))
    x = mat(x).T
    for i in range(4, len(w), 2):
        x = w[i] @ x + w[i + 1]
        if i < len(w) - 2:
            x = relu(x)
    return nll(x, y)


def lstm(w, b, hidden, cell, input):
    gates = np.concatenate([input, hidden], axis=1) @ w + b
    h = hidden.shape[1]
    forget = sigm(gates[:, :h])
    ingate = sigm(gates[:, h : 2 * h])
    outgate = sigm(gates[:, 2 * h : 3 * h])
    change = np.tanh(gates[:, 3 * h :])
    cell = cell * forget + ingate * change
    hidden = outgate * np.tanh(cell)
    return hidden, cell


@grad
def characters_loss(w, chars, targets):
    hidden = cell = np.zeros((chars.shape[1], len(w["scores"])), np.float32)
    outputs = []
    for t in range(len(chars)):
        hidden, cell = lstm(w["gates"], w["gates_bias"], hidden, cell, w["embedding"][chars[t]])
        outputs.append(hidden)
    scores = np.concatenate(outputs) @ w["scores"] + w["scores_bias"]
    return nll(scores, targets.reshape(-1), axis=1)


def trained(loss: Any) -> Any:
    """A model that goes down the gradient of `loss`."""

    def model(w: Any, data: Any, rate: float) -> Model:
        keys = list(w) if isinstance(w, dict) else range(len(w))

        def step() -> None:
            gradient = loss(w, *data)
            for key in keys:
                w[key] -= rate * gradient[key]

        return Model(step, lambda: float(loss.primal(w, *data)))

    return model


MODELS = {
    "LinReg": trained(linear_loss),
    "Softmax": trained(perceptron_loss),
    "MLP": trained(perceptron_loss),
    "LeNet": trained(convolutional_loss),
    "CIFAR": trained(convolutional_loss),
    "CharLM": trained(characters_loss),
}
