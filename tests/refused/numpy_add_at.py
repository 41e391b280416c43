"""UnsupportedAliasError: `np.add.at` changes its argument in place
  numpy_add_at.py:14, in f
   14 |     np.add.at(y, [0, 0, 2], x)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array, and would see the change
  instead:  make a new array: np.where(mask, value, x), or a permutation for a shuffle
"""

import numpy as np


def f(x):
    y = np.zeros(3)
    np.add.at(y, [0, 0, 2], x)
    return np.sum(y)


ARGS = (np.ones(3),)
