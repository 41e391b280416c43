"""Handwritten digits: softmax regression, or a multilayer perceptron with --hidden 64.

On MNIST, softmax regression reaches a test accuracy of about 0.92 in 10 epochs, a hidden layer of
64 about 0.975.
"""

from argparse import Namespace
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from training import batches, begin, finish, options, progress, report

from knetsrc import grad
from knetsrc.datasets import mnist
from knetsrc.ops import accuracy, nll, relu


def predict(w, x):
    for i in range(0, len(w), 2):
        x = w[i] @ x + w[i + 1]
        if i < len(w) - 2:
            x = relu(x)
    return x


@grad
def loss(w, x, y):
    return nll(predict(w, x), y)


def init(sizes: list[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Weights and biases in turn; the scale keeps the variance through relu (He et al., 2015)."""
    w = []
    for inputs, outputs in pairwise(sizes):
        w.append(
            np.float32(np.sqrt(2 / inputs))
            * rng.standard_normal((outputs, inputs), dtype=np.float32)
        )
        w.append(np.zeros((outputs, 1), np.float32))
    return w


def train(
    w: list[np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    epoch: int,
    args: Namespace,
    rng: np.random.Generator,
) -> None:
    """Update the parameters in place by one pass over the instances."""
    for batch in progress(batches(len(y), args.batchsize, rng), f"epoch {epoch}"):
        for wi, d_wi in zip(w, loss(w, x[:, batch], y[batch]), strict=True):
            wi -= args.lr * d_wi


def main(argv: Sequence[str] | None = None) -> None:
    parser = options(__doc__, epochs=10, lr=0.5, batchsize=100)
    parser.add_argument(
        "--hidden",
        type=int,
        nargs="*",
        default=[],
        metavar="SIZE",
        help="size of each hidden layer",
    )
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    x_train, y_train, x_test, y_test = mnist()
    w = begin(loss, init([len(x_train), *args.hidden, 10], rng), args)

    def figures() -> dict[str, float]:
        train_scores, test_scores = predict(w, x_train), predict(w, x_test)
        return {
            "train_loss": float(nll(train_scores, y_train)),
            "train_accuracy": accuracy(train_scores, y_train),
            "test_loss": float(nll(test_scores, y_test)),
            "test_accuracy": accuracy(test_scores, y_test),
        }

    curve = [report(0, **figures())]
    for epoch in range(1, args.epochs + 1):
        train(w, x_train, y_train, epoch, args, rng)
        curve.append(report(epoch, **figures()))
    finish(w, curve, args)


if __name__ == "__main__":
    main()
