"""UnsupportedAliasError: a write into an element: `TABLE[0]`
  element_of_a_global.py:16, in f
   16 |     TABLE[0] = x
      |     ^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, TABLE)
"""

import numpy as np

TABLE = np.zeros(3)


def f(x):
    # it outlives the call
    TABLE[0] = x
    return np.sum(TABLE)


ARGS = (1.0,)
