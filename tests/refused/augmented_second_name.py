"""UnsupportedAliasError: `z += 1.0` changes in place a value (ndarray) that has another name
  why:      the other name sees the change, and the derivative would be wrong without any sign
  instead:  z = z + 1.0
"""

import numpy as np


def f(x):
    y = x * 2.0
    z = y
    z += 1.0
    return np.sum(y * z)


ARGS = (np.ones(3),)
