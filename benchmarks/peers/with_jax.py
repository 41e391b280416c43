"""JAX: the whole step, gradient and update, compiled by `jax.jit`; the LSTM by `lax.scan`."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from peers import Model


def linear_loss(w, x, y):
    return jnp.sum((y - (w[0] @ x + w[1])) ** 2) / y.shape[1]


def nll(scores, y, axis):
    logs = jax.nn.log_softmax(scores, axis=axis)
    return -jnp.mean(jnp.take_along_axis(logs, jnp.expand_dims(y, axis), axis))


def perceptron(w, x):
    for i in range(0, len(w), 2):
        x = w[i] @ x + w[i + 1]
        if i < len(w) - 2:
            x = jax.nn.relu(x)
    return x


def perceptron_loss(w, x, y):
    return nll(perceptron(w, x), y, 0)


def convolution(x, w):
    return lax.conv_general_dilated(x, w, (1, 1), "VALID")


def pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def convolutional_loss(w, x, y):
    x = pool(jax.nn.relu(convolution(x, w[0]) + w[1]))
    x = pool(jax.nn.relu(convolution(x, w[2]) + w[3]))
    return nll(perceptron(w[4:], x.reshape(len(x), -1).T), y, 0)


def characters_loss(w, chars, targets):
    def lstm(state, input):
        hidden, cell = state
        gates = jnp.concatenate([input, hidden], axis=1) @ w["gates"] + w["gates_bias"]
        forget, ingate, outgate, change = jnp.split(gates, 4, axis=1)
        cell = cell * jax.nn.sigmoid(forget) + jax.nn.sigmoid(ingate) * jnp.tanh(change)
        hidden = jax.nn.sigmoid(outgate) * jnp.tanh(cell)
        return (hidden, cell), hidden

    blank = jnp.zeros((chars.shape[1], len(w["scores"])), jnp.float32)
    _, outputs = lax.scan(lstm, (blank, blank), w["embedding"][chars])
    scores = outputs.reshape(-1, outputs.shape[-1]) @ w["scores"] + w["scores_bias"]
    return nll(scores, targets.reshape(-1), 1)


def trained(loss: Any) -> Any:
    """A model that goes down the gradient of `loss`."""

    @jax.jit
    def updated(w: Any, data: Any, rate: Any) -> Any:
        gradient = jax.grad(loss)(w, *data)
        return jax.tree.map(lambda value, slope: value - rate * slope, w, gradient)

    measured = jax.jit(loss)

    def model(w: Any, data: Any, rate: float) -> Model:
        now = [jax.tree.map(jnp.asarray, w)]
        given = tuple(map(jnp.asarray, data))

        def step() -> None:
            now[0] = jax.block_until_ready(updated(now[0], given, rate))

        return Model(step, lambda: float(measured(now[0], *given)))

    return model


MODELS = {
    "LinReg": trained(linear_loss),
    "Softmax": trained(perceptron_loss),
    "MLP": trained(perceptron_loss),
    "LeNet": trained(convolutional_loss),
    "CIFAR": trained(convolutional_loss),
    "CharLM": trained(characters_loss),
}
