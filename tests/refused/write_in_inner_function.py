"""UnsupportedAliasError: a write into an element: `y[i]`
  write_in_inner_function.py:16, in f
   16 |     y[i] = x
      |     ^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, y)
"""

import numpy as np


def f(x):
    y = np.zeros(3)

    def put(i):
        y[i] = x
        return y

    return np.sum(put(1))


ARGS = (1.0,)
