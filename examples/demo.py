"""knetsrc in a minute: three models learn, one gradient is read and checked. Needs no network."""

import os
import time

# Read when NumPy is imported: on matrices as small as these, threads mostly wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("KNETSRC_OFFLINE", "1")


def title(text: str) -> None:
    print(f"\n--- {text}", flush=True)


def main() -> None:
    import charlm
    import housing
    import mnist
    import numpy as np

    from knetsrc.datasets import housing as housing_data
    from knetsrc.testing import check_grads

    start = time.perf_counter()
    title("linear regression on Boston Housing")
    housing.main(["--epochs", "20"])
    title("the gradient that it used")
    print(housing.loss.source)
    title("the same gradient against finite differences")
    x, y = housing_data(dtype=np.float64)
    check_grads(housing.loss.primal, ([np.full((1, 13), 0.1), np.zeros((1, 1))], x, y), argnums=0)
    print("they agree")
    title("a perceptron with a hidden layer on handwritten digits")
    mnist.main(["--hidden", "64", "--epochs", "10", "--batchsize", "50", "--lr", "0.2"])
    title("a small LSTM on Shakespeare")
    size = "--hidden 128 --embedding 64 --batchsize 32 --length 50 --limit 200000"
    charlm.main(f"{size} --epochs 4 --generate 300".split())
    title(f"done in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
