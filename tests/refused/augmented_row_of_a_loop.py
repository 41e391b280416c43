"""UnsupportedAliasError: `row -= 1.0` changes in place a value (ndarray) that has another name
  why:      the other name sees the change, and the derivative would be wrong without any sign
  instead:  row = row - 1.0
"""

import numpy as np


def f(m):
    total = 0.0
    for row in m:
        row -= 1.0
        total = total + np.sum(row)
    return total


ARGS = (np.ones((2, 3)),)
