"""x
x
x
x
x
x
"""

import numpy as np


def f(x, y):
    return np.sum(np.roll(y, x))


ARGS = (1.0, np.ones(3))
