"""A character model of Shakespeare: one LSTM layer, below 1.6 nats a character after 10 epochs.

Trained with Adam on slices from many parts of the text at once; each slice starts from the state
that the one before left. Ends with a text that the model makes up.
"""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np
from training import Adam, begin, finish, options, progress, report, slices

from knetsrc import grad
from knetsrc.datasets import shakespeare
from knetsrc.ops import nll, sigm, softmax


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


def predict(w, state, chars):
    hidden, cell = state
    outputs = []
    for t in range(len(chars)):
        hidden, cell = lstm(w["gates"], w["gates_bias"], hidden, cell, w["embedding"][chars[t]])
        outputs.append(hidden)
    return np.concatenate(outputs) @ w["scores"] + w["scores_bias"], (hidden, cell)


@grad(has_aux=True)
def loss(w, state, chars, targets):
    scores, state = predict(w, state, chars)
    return nll(scores, targets.reshape(-1), axis=1), state


def init(characters: int, args: Namespace, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Parameters with a variance of 1 / inputs; the forget gates start open (Gers et al., 2000)."""

    def weights(inputs: int, outputs: int) -> np.ndarray:
        scale = np.float32(1 / np.sqrt(inputs))
        return scale * rng.standard_normal((inputs, outputs), dtype=np.float32)

    return {
        "embedding": weights(characters, args.embedding),
        "gates": weights(args.embedding + args.hidden, 4 * args.hidden),
        "gates_bias": np.repeat(np.array([1, 0, 0, 0], np.float32), args.hidden),
        "scores": weights(args.hidden, characters),
        "scores_bias": np.zeros(characters, np.float32),
    }


def blank(args: Namespace, batch: int) -> Any:
    """The state before the first character."""
    return np.zeros((batch, args.hidden), np.float32), np.zeros((batch, args.hidden), np.float32)


def evaluate(w: Any, args: Namespace, parts: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean loss over slices in nats a character."""
    state, total = blank(args, args.batchsize), 0.0
    for chars, targets in parts:
        value, state = loss.primal(w, state, chars, targets)
        total += float(value)
    return total / len(parts)


def generate(w: Any, args: Namespace, vocabulary: str, rng: np.random.Generator) -> str:
    """Characters drawn one after the other from the model, after a newline."""
    state, text = blank(args, 1), [vocabulary.index("\n")]
    for _ in range(args.generate):
        scores, state = predict(w, state, np.array([text[-1:]]))
        text.append(int(rng.choice(len(vocabulary), p=softmax(scores[0].astype(float)))))
    return "".join(vocabulary[i] for i in text[1:])


def main(argv: Sequence[str] | None = None) -> None:
    parser = options(__doc__, epochs=15, lr=0.01, batchsize=128)
    for name, default, meaning in [
        ("--hidden", 256, "units of the LSTM"),
        ("--embedding", 256, "numbers that stand for a character"),
        ("--length", 100, "characters that the gradient goes back"),
        ("--limit", None, "use the first N characters of each part only"),
        ("--generate", 500, "characters to make up at the end"),
    ]:
        parser.add_argument(name, type=int, default=default, metavar="N", help=meaning)
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    train, valid, vocabulary = shakespeare()
    train_slices = slices(train[: args.limit], args.batchsize, args.length)
    valid_slices = slices(valid[: args.limit], args.batchsize, args.length)
    w = begin(loss, init(len(vocabulary), args, rng), args)
    adam, curve, steps = Adam(w), [], args.epochs * len(train_slices)
    for epoch in range(1, args.epochs + 1):
        state, total = blank(args, args.batchsize), 0.0
        for chars, targets in progress(train_slices, f"epoch {epoch}"):
            (value, state), d_w = loss.value_and_grad(w, state, chars, targets)
            adam.update(d_w, args.lr * (1 - 0.9 * adam.step / steps))
            total += float(value)
        train_loss, valid_loss = total / len(train_slices), evaluate(w, args, valid_slices)
        curve.append(report(epoch, train_loss=train_loss, valid_loss=valid_loss))
    finish(w, curve, args)
    print(generate(w, args, vocabulary, rng))


if __name__ == "__main__":
    main()
