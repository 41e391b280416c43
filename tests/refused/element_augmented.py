"""UnsupportedAliasError: a write into an element: `h[1]`
  element_augmented.py:14, in f
   14 |     h[1] += x[0]
      |     ^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, h)
"""

import numpy as np


def f(x):
    h = np.zeros(3)
    h[1] += x[0]
    return np.sum(h)


ARGS = (np.ones(3),)
