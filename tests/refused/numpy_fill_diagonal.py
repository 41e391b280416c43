"""UnsupportedAliasError: `np.fill_diagonal` changes its argument in place
  numpy_fill_diagonal.py:14, in f
   14 |     np.fill_diagonal(y, x)
      |     ^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array, and would see the change
  instead:  y = np.where(np.eye(len(y), dtype=bool), value, y)
"""

import numpy as np


def f(x):
    y = np.zeros((3, 3))
    np.fill_diagonal(y, x)
    return np.sum(y)


ARGS = (np.ones(3),)
