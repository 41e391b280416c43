"""UnsupportedAliasError: `np.copyto` changes its argument in place
  numpy_copyto.py:14, in f
   14 |     np.copyto(y, x)
      |     ^^^^^^^^^^^^^^^
  why:      other names may stand for the same array, and would see the change
  instead:  y = np.broadcast_to(value, y.shape), or y = np.where(mask, value, y)
"""

import numpy as np


def f(x):
    y = np.empty(3)
    np.copyto(y, x)
    return np.sum(y)


ARGS = (np.ones(3),)
