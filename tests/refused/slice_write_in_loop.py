"""UnsupportedAliasError: a write into an element: `x[:, i]`
  slice_write_in_loop.py:15, in f
   15 |     x[:, i] = x[:, i - 1] * 2.0
      |     ^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, x)
"""

import numpy as np


def f(x):
    for i in range(3):
        if i > 0:
            x[:, i] = x[:, i - 1] * 2.0
    return np.sum(x)


ARGS = (np.ones((2, 3)),)
