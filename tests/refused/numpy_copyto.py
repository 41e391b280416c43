"""UnsupportedAliasError: `np.copyto` changes its argument in place
  numpy_copyto.py:14, in f
   14 |     np.copyto(y, x)
      |     ^^^^^^^^^^^^^^^
  why:      other names may stand for the same array, and would see the change
  instead:  make a new array: np.where(mask, value, x), or a permutation for a shuffle
"""

import numpy as np


def f(x):
    y = np.empty(3)
    np.copyto(y, x)
    return np.sum(y)


ARGS = (np.ones(3),)
