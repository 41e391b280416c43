"""UnsupportedAliasError: a write into an element of `y[chosen]`
  write_into_copy.py:15, in f
   15 |     y[chosen][0] = x[1]
      |     ^^^^^^^^^^^^
  why:      `y[chosen]` picks elements into a new array, and the write is lost
  instead:  write all at once, by one index: a[rows, columns] = ...
"""

import numpy as np


def f(x):
    y = x * 2.0
    chosen = np.array([0, 2])
    y[chosen][0] = x[1]
    return np.sum(y * x)


ARGS = (np.ones(3),)
