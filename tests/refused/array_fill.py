"""UnsupportedAliasError: `y.fill(...)` changes `y` in place
  array_fill.py:14, in f
   14 |     y.fill(x)
      |     ^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  make a new array: y = np.full_like(y, value)
"""

import numpy as np


def f(x):
    y = np.empty(3)
    y.fill(x)
    return np.sum(y)


ARGS = (1.0,)
