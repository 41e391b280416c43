"""HIPS autograd, on its own NumPy; convolutional networks are left out, it has no fast one."""

from typing import Any

import autograd.numpy as np
from autograd import grad
from autograd.scipy.special import logsumexp

from peers import Model


def linear_loss(w, x, y):
    return np.sum((y - (np.dot(w[0], x) + w[1])) ** 2) / y.shape[1]


def nll(scores, y, axis):
    logs = scores - logsumexp(scores, axis=axis, keepdims=True)
    instances = np.arange(len(y))
    return -np.mean(logs[y, instances] if axis == 0 else logs[instances, y])


def perceptron_loss(w, x, y):
    for i in range(0, len(w), 2):
        x = np.dot(w[i], x) + w[i + 1]
        if i < len(w) - 2:
            x = np.maximum(x, 0)
    return nll(x, y, 0)


def sigm(x):
    return 1 / (1 + np.exp(-x))


def lstm(w, b, hidden, cell, input):
    gates = np.dot(np.concatenate([input, hidden], axis=1), w) + b
    h = hidden.shape[1]
    forget = sigm(gates[:, :h])
    ingate = sigm(gates[:, h : 2 * h])
    outgate = sigm(gates[:, 2 * h : 3 * h])
    change = np.tanh(gates[:, 3 * h :])
    cell = cell * forget + ingate * change
    return outgate * np.tanh(cell), cell


def characters_loss(w, chars, targets):
    hidden = cell = np.zeros((chars.shape[1], len(w["scores"])), np.float32)
    outputs = []
    for t in range(len(chars)):
        hidden, cell = lstm(w["gates"], w["gates_bias"], hidden, cell, w["embedding"][chars[t]])
        outputs.append(hidden)
    scores = np.dot(np.concatenate(outputs), w["scores"]) + w["scores_bias"]
    return nll(scores, targets.reshape(-1), 1)


def trained(loss: Any) -> Any:
    """A model that goes down the gradient of `loss`."""
    gradient_of = grad(loss)

    def model(w: Any, data: Any, rate: float) -> Model:
        keys = list(w) if isinstance(w, dict) else range(len(w))

        def step() -> None:
            gradient = gradient_of(w, *data)
            for key in keys:
                w[key] -= rate * gradient[key]

        return Model(step, lambda: float(loss(w, *data)))

    return model


MODELS = {
    "LinReg": trained(linear_loss),
    "Softmax": trained(perceptron_loss),
    "MLP": trained(perceptron_loss),
    "CharLM": trained(characters_loss),
}
