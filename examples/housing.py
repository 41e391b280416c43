"""Linear regression on Boston Housing by gradient descent, the first model of Knet's tutorial.

By default one step an epoch, on all instances; the training loss goes from about 600 to 23 in 20
epochs.
"""

from argparse import Namespace
from collections.abc import Sequence

import numpy as np
from training import batches, begin, finish, options, progress, report

from knetsrc import grad
from knetsrc.datasets import housing


def predict(w, x):
    return w[0] @ x + w[1]


@grad
def loss(w, x, y):
    return np.sum((y - predict(w, x)) ** 2) / y.shape[1]


def train(
    w: list[np.ndarray], x: np.ndarray, y: np.ndarray, args: Namespace, rng: np.random.Generator
) -> None:
    """Update the parameters in place by one pass over the instances."""
    for batch in batches(x.shape[1], args.batchsize or x.shape[1], rng):
        for wi, d_wi in zip(w, loss(w, x[:, batch], y[:, batch]), strict=True):
            wi -= args.lr * d_wi


def main(argv: Sequence[str] | None = None) -> None:
    parser = options(__doc__, epochs=20, lr=0.1, batchsize=0)
    parser.add_argument(
        "--test", type=float, default=0.0, metavar="SHARE", help="share of the instances set apart"
    )
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    x, y = housing()
    order = rng.permutation(x.shape[1])
    test, training = np.split(order, [round(args.test * len(order))])
    start = [0.1 * rng.standard_normal((1, len(x)), dtype=np.float32), np.zeros((1, 1), np.float32)]
    w = begin(loss, start, args)

    def losses() -> dict[str, float]:
        parts = (
            {"train_loss": training, "test_loss": test} if len(test) else {"train_loss": training}
        )
        return {name: float(loss.primal(w, x[:, part], y[:, part])) for name, part in parts.items()}

    curve = [report(0, **losses())]
    for epoch in progress(range(1, args.epochs + 1), "housing"):
        train(w, x[:, training], y[:, training], args, rng)
        curve.append(report(epoch, **losses()))
    finish(w, curve, args)


if __name__ == "__main__":
    main()
