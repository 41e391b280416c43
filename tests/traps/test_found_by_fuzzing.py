"""What random programs (`python -m tests.fuzz`) have found, each as its shortest program."""

import numpy as np

from language.checking import V, check


def test_shift_of_a_roll_that_is_an_argument():
    check(lambda x, n: np.sum(np.roll(x, n) * x[0]), V, 2)
    check(lambda x, n: np.sum(np.roll(x, n, 0) * x[0]), V, (1,))
