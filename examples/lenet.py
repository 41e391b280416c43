"""LeNet: a convolutional network that reads handwritten digits (LeCun et al., 1998).

Two layers of 20 and 50 filters 5 x 5, each with a maximum over 2 x 2, then 500 hidden units. On
MNIST it reaches a test accuracy of 0.985 in 2 epochs and 0.99 in 10.
"""

from argparse import Namespace
from collections.abc import Sequence
from math import isqrt

import numpy as np
from training import (
    Adam,
    Momentum,
    batches,
    begin,
    finish,
    moved,
    option_device,
    options,
    progress,
    report,
)

from knetsrc import grad
from knetsrc.datasets import mnist
from knetsrc.ops import accuracy, conv4, mat, nll, pool, relu


def predict(w, x):
    h = pool(relu(conv4(w["conv1"], x, bias=w["bias1"])))
    h = pool(relu(conv4(w["conv2"], h, bias=w["bias2"])))
    h = relu(w["hidden"] @ mat(h).T + w["bias3"])
    return w["output"] @ h + w["bias4"]


@grad
def loss(w, x, y):
    return nll(predict(w, x), y)


def init(size: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Parameters for images of this height and width, scaled as by Glorot and Bengio, 2010."""

    def scaled(outputs: int, inputs: int, *window: int) -> np.ndarray:
        limit = np.sqrt(6 / ((inputs + outputs) * np.prod(window)))
        return rng.uniform(-limit, limit, (outputs, inputs, *window)).astype(np.float32)

    left = -(-(-(-(size - 4) // 2) - 4) // 2)  # after two convolutions and two poolings
    return {
        "conv1": scaled(20, 1, 5, 5),
        "bias1": np.zeros((20, 1, 1), np.float32),
        "conv2": scaled(50, 20, 5, 5),
        "bias2": np.zeros((50, 1, 1), np.float32),
        "hidden": scaled(500, 50 * left**2),
        "bias3": np.zeros((500, 1), np.float32),
        "output": scaled(10, 500),
        "bias4": np.zeros((10, 1), np.float32),
    }


def images(pixels: np.ndarray) -> np.ndarray:
    """Columns of pixels as images (batch, 1, height, width); small ones are enlarged to 32 x 32."""
    size = isqrt(len(pixels))
    x = np.ascontiguousarray(pixels.T).reshape(-1, 1, size, size)
    times = 1 if size >= 28 else 32 // size
    return x.repeat(times, axis=2).repeat(times, axis=3)


def figures(part: str, w: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Loss and accuracy on a part of the data, a thousand images at a time."""
    pieces = [predict(w, x[i : i + 1000]) for i in range(0, len(x), 1000)]
    scores = np.concatenate(pieces, axis=1)
    return {f"{part}_loss": float(nll(scores, y)), f"{part}_accuracy": accuracy(scores, y)}


def train(
    w: dict[str, np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    optimizer: Adam | Momentum,
    epoch: int,
    args: Namespace,
    rng: np.random.Generator,
) -> None:
    """Update the parameters in place by one pass over the images; the rate falls to a tenth."""
    pieces = batches(len(y), args.batchsize, rng)
    for number, batch in enumerate(progress(pieces, f"epoch {epoch}")):
        done = (epoch - 1 + number / len(pieces)) / args.epochs
        optimizer.update(loss(w, x[batch], y[batch]), args.lr * (1 - 0.9 * done))


def main(argv: Sequence[str] | None = None) -> None:
    parser = option_device(options(__doc__, epochs=10, lr=0.001, batchsize=100))
    parser.add_argument(
        "--optimizer", choices=["adam", "sgd"], default="adam", help="with sgd, use --lr 0.1"
    )
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    data = mnist()
    x_train, x_test = images(data.x_train), images(data.x_test)
    w = begin(loss, init(x_train.shape[-1], rng), args)
    w, x_train, y_train, x_test, y_test = moved(
        args.device, w, x_train, data.y_train, x_test, data.y_test
    )
    optimizer = Adam(w, limit=np.inf) if args.optimizer == "adam" else Momentum(w, 0.0)

    def report_on(epoch: int) -> dict[str, float]:
        parts = figures("train", w, x_train, y_train), figures("test", w, x_test, y_test)
        return report(epoch, **parts[0], **parts[1])

    curve = [report_on(0)]
    for epoch in range(1, args.epochs + 1):
        train(w, x_train, y_train, optimizer, epoch, args, rng)
        curve.append(report_on(epoch))
    finish(w, curve, args)


if __name__ == "__main__":
    main()
