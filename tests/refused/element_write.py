"""UnsupportedAliasError: a write into an element: `y[0]`
  element_write.py:14, in f
   14 |     y[0] = x * 2.0
      |     ^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, y)
"""

import numpy as np


def f(x):
    y = np.zeros(3)
    y[0] = x * 2.0
    return y[0]


ARGS = (1.0,)
