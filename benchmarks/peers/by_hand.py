"""Gradients written by hand in NumPy; convolutional networks are left out, NumPy has none."""

from typing import Any

import numpy as np

from peers import Model


def linear(w: Any, data: Any, rate: float) -> Model:
    x, y = data

    def step() -> None:
        d_scores = (2 / y.shape[1]) * (w[0] @ x + w[1] - y)
        d_w = d_scores @ x.T
        d_b = d_scores.sum(axis=1, keepdims=True)
        w[0] -= rate * d_w
        w[1] -= rate * d_b

    return Model(step, lambda: float(np.sum((y - (w[0] @ x + w[1])) ** 2) / y.shape[1]))


def log_probabilities(scores: np.ndarray, axis: int) -> np.ndarray:
    shifted = scores - scores.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def layers(w: Any, x: np.ndarray) -> list[np.ndarray]:
    """The input of each layer, and the scores."""
    inputs = [x]
    for i in range(0, len(w), 2):
        scores = w[i] @ inputs[-1] + w[i + 1]
        inputs.append(np.maximum(scores, 0) if i < len(w) - 2 else scores)
    return inputs


def perceptron(w: Any, data: Any, rate: float) -> Model:
    x, y = data
    instances = np.arange(len(y))

    def step() -> None:
        inputs = layers(w, x)
        d = np.exp(log_probabilities(inputs.pop(), 0))
        d[y, instances] -= 1
        d *= 1 / len(y)
        for i in range(len(w) - 2, -1, -2):
            input = inputs.pop()
            d_w, d_b = d @ input.T, d.sum(axis=1, keepdims=True)
            if i:
                d = (w[i].T @ d) * (input > 0)
            w[i] -= rate * d_w
            w[i + 1] -= rate * d_b

    def loss() -> float:
        return -float(log_probabilities(layers(w, x)[-1], 0)[y, instances].mean())

    return Model(step, loss)


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_forward(w: Any, chars: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """All hidden states, one row for each character; and what the backward pass needs."""
    hidden = cell = np.zeros((chars.shape[1], len(w["scores"])), np.float32)
    h, outputs, kept = hidden.shape[1], [], []
    for t in range(len(chars)):
        joined = np.concatenate([w["embedding"][chars[t]], hidden], axis=1)
        gates = joined @ w["gates"] + w["gates_bias"]
        opened, change = logistic(gates[:, : 3 * h]), np.tanh(gates[:, 3 * h :])
        before = cell
        cell = cell * opened[:, :h] + opened[:, h : 2 * h] * change
        tanh_cell = np.tanh(cell)
        hidden = opened[:, 2 * h :] * tanh_cell
        outputs.append(hidden)
        kept.append((joined, before, opened, change, tanh_cell))
    return np.concatenate(outputs), kept


def lstm_backward(w: Any, d: Any, d_outputs: np.ndarray, kept: list[Any], chars: Any) -> None:
    """Add the adjoints of the gates and of the embedding to `d`."""
    d_hidden = d_cell = np.float32(0)
    e, h = w["embedding"].shape[1], d_outputs.shape[-1]
    for t in range(len(chars) - 1, -1, -1):
        joined, before, opened, change, tanh_cell = kept.pop()
        forget, ingate, outgate = opened[:, :h], opened[:, h : 2 * h], opened[:, 2 * h :]
        d_hidden = d_hidden + d_outputs[t]
        d_cell = d_cell + d_hidden * outgate * (1 - tanh_cell**2)
        d_gates = np.empty((len(joined), 4 * h), np.float32)
        d_gates[:, :h] = d_cell * before
        d_gates[:, h : 2 * h] = d_cell * change
        d_gates[:, 2 * h : 3 * h] = d_hidden * tanh_cell
        d_gates[:, : 3 * h] *= opened * (1 - opened)
        d_gates[:, 3 * h :] = d_cell * ingate * (1 - change**2)
        d_cell = d_cell * forget
        d_joined = d_gates @ w["gates"].T
        d["gates"] += joined.T @ d_gates
        d["gates_bias"] += d_gates.sum(axis=0)
        np.add.at(d["embedding"], chars[t], d_joined[:, :e])
        d_hidden = d_joined[:, e:]


def characters(w: Any, data: Any, rate: float) -> Model:
    chars, targets = data
    flat = targets.reshape(-1)
    rows = np.arange(flat.size)

    def forward() -> Any:
        outputs, kept = lstm_forward(w, chars)
        return outputs, kept, log_probabilities(outputs @ w["scores"] + w["scores_bias"], 1)

    def step() -> None:
        outputs, kept, logs = forward()
        d_scores = np.exp(logs)
        d_scores[rows, flat] -= 1
        d_scores *= 1 / flat.size
        d = {name: np.zeros_like(array) for name, array in w.items()}
        d["scores"] = outputs.T @ d_scores
        d["scores_bias"] = d_scores.sum(axis=0)
        d_outputs = (d_scores @ w["scores"].T).reshape(*chars.shape, -1)
        lstm_backward(w, d, d_outputs, kept, chars)
        for name, array in w.items():
            array -= rate * d[name]

    return Model(step, lambda: -float(forward()[2][rows, flat].mean()))


MODELS = {"LinReg": linear, "Softmax": perceptron, "MLP": perceptron, "CharLM": characters}
