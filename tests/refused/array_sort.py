"""UnsupportedAliasError: `y.sort(...)` changes `y` in place
  array_sort.py:14, in f
   14 |     y.sort()
      |     ^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  y = np.sort(y), or np.sort(np.array(y)) for a list
"""

import numpy as np


def f(x):
    y = x * 2.0
    y.sort()
    return y[0]


ARGS = (np.ones(3),)
