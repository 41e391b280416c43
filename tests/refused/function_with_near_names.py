"""x
x
x
x
x
x
"""

import numpy as np


def f(x):
    return np.sum(np.i0(x) + np.nan_to_num(x))


ARGS = (np.ones(3),)
