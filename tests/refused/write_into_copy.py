"""UnsupportedAliasError: a write into an element of `y[chosen]`
  write_into_copy.py:15, in f
   15 |     y[chosen][0] = x[1]
      |     ^^^^^^^^^^^^
  why:      `y[chosen]` may be a copy, which nobody sees, or a part of `y`
  instead:  write by one index: y[i, j] = ..., or bind an integer index by a range
"""

import numpy as np


def f(x):
    y = x * 2.0
    chosen = np.array([0, 2])
    y[chosen][0] = x[1]
    return np.sum(y * x)


ARGS = (np.ones(3),)
